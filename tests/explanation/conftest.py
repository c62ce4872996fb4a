"""A shop small enough to see every path: four items, two brands, one part of another."""

import polars as pl
import pytest

from kgrec.data.config import DataConfig
from kgrec.data.dataset import Dataset, build_dataset
from kgrec.data.tables import Tables
from kgrec.data.user_items import UserItems
from kgrec.retrieval.fact_table import FactTable

PAST = [("ann", "shoe"), ("ann", "sock"), ("bob", "shoe"), ("bob", "pan"), ("cat", "pan"), ("cat", "lid")]
FACTS = [
    ("shoe", "brand", "Air"),
    ("sock", "brand", "Air"),
    ("pan", "brand", "Iron"),
    ("lid", "maker", "Iron"),
    ("lid", "part_of", "pan"),
]


@pytest.fixture(scope="session")
def small() -> Dataset:
    users, items = zip(*PAST, strict=True)
    tables = Tables(
        pl.DataFrame({"user": users, "item": items}),
        pl.DataFrame(FACTS, schema=["head", "relation", "tail"], orient="row"),
        pl.DataFrame({"item": ["shoe", "sock", "pan", "lid"], "title": ["Shoe", "Sock", "Pan", "Lid"]}),
        pl.DataFrame({"entity": ["Air"], "label": ["Air Inc."]}),
    )
    return build_dataset(tables, DataConfig(name="small"))


@pytest.fixture(scope="session")
def small_facts(small: Dataset) -> FactTable:
    return FactTable.from_dataset(small)


@pytest.fixture(scope="session")
def small_seen(small: Dataset) -> UserItems:
    shape = (len(small.users), len(small.items))
    return UserItems.from_pairs(*small.interaction_rows(), shape)


@pytest.fixture(scope="session")
def rows(small: Dataset) -> dict[str, int]:
    """The node of every name."""
    nodes = {name: row for row, name in enumerate(small.items.ids)}
    return nodes | {name: len(small.items) + row for row, name in enumerate(small.entities.ids)}
