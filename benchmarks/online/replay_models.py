"""Networks on the past of a replay, by kgrec's own configuration and fit."""

import tempfile
from pathlib import Path

import polars as pl
import torch
from hydra import compose, initialize_config_dir
from replay_invoices import Stream

from kgrec.config import Config, register_schemas, typed_config
from kgrec.data.config import DataConfig
from kgrec.data.dataset import Dataset, build_dataset
from kgrec.data.locate import cache_folder
from kgrec.data.splits import make_split
from kgrec.data.tables import Tables
from kgrec.fitted import Fitted, Places
from kgrec.fitting import fit
from kgrec.prepare import Prepared
from kgrec.run_names import register_resolvers

CONF = Path(__file__).resolve().parent.parent.parent / "conf"


def job(*overrides: str) -> Config:
    """kgrec's configuration with ``overrides``."""
    register_schemas()
    register_resolvers()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return typed_config(compose("config", overrides=["data=online-retail", *overrides]))


def fit_network(past: Stream, *overrides: str) -> tuple[Fitted, Prepared]:
    """Train on nine tenths of the past's pairs by time, choose the epoch on the last tenth (items new to
    their buyer), then train on all of it for as many epochs."""
    config = job("data.split.ratios=[0.9,0.1,0.0]", "training.refit=true", *overrides)
    dataset = dataset_of(past)
    prepared = Prepared(dataset, make_split(dataset, config.data.split), 0.0)
    with tempfile.TemporaryDirectory() as folder:
        places = Places(Path(folder), cache_folder(), torch.device("cpu"))
        return fit(config, prepared, places), prepared


def dataset_of(past: Stream) -> Dataset:
    """The past as kgrec's data set, repeats kept, with all items of the stream in the stream's rows.

    Rows of items depend on ids alone, and an item that nobody has bought yet teaches nothing.
    """
    sales = pl.DataFrame(
        {
            "user": [past.customers.ids[invoice.customer] for invoice in past.invoices],
            "item": [[past.items.ids[item] for item in invoice.items] for invoice in past.invoices],
            "timestamp": [invoice.time for invoice in past.invoices],
        }
    ).explode("item")
    catalogue = pl.DataFrame({"item": past.items.ids, "title": past.titles})
    config = DataConfig(name="online-retail", duplicates="keep", catalogue_items=True)
    dataset = build_dataset(Tables(sales, catalogue=catalogue), config)
    assert dataset.items.ids == past.items.ids
    return dataset
