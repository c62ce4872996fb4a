"""A small random data set with knowledge between items, entities and both."""

import numpy as np
import polars as pl
import pytest

from kgrec.data.config import DataConfig, SplitConfig
from kgrec.data.dataset import Dataset, build_dataset
from kgrec.data.splits import Split, make_split
from kgrec.data.tables import Tables


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    rng = np.random.default_rng(11)
    pairs = sorted({(f"u{rng.integers(12)}", f"i{rng.integers(15)}") for _ in range(110)})
    ends = [f"i{i}" for i in range(15)] + [f"e{i}" for i in range(8)]
    facts = set()
    for _ in range(60):
        head, tail = rng.choice(ends, 2, replace=False)
        facts.add((str(head), f"r{rng.integers(3)}", str(tail)))
    tables = Tables(
        pl.DataFrame(pairs, schema=["user", "item"], orient="row"),
        pl.DataFrame(sorted(facts), schema=["head", "relation", "tail"], orient="row"),
    )
    return build_dataset(tables, DataConfig(name="random"))


@pytest.fixture(scope="module")
def split(dataset: Dataset) -> Split:
    return make_split(dataset, SplitConfig(ratios=[0.6, 0.2, 0.2]))
