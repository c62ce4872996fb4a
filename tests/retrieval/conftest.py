"""A small shop with words, facts and text vectors that a person can check by eye."""

import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
import torch
from torch import Tensor

from kgrec.data.config import DataConfig
from kgrec.data.dataset import Dataset, build_dataset
from kgrec.data.tables import Tables
from kgrec.features.cache import RowCache
from kgrec.features.text import TextEmbedder
from kgrec.retrieval.config import SearchConfig
from kgrec.retrieval.engine import SearchEngine
from kgrec.retrieval.search_dataset import catalogue_dataset

TITLES = {
    "s1": "red running shoe",
    "s2": "blue running shoe",
    "s3": "Nike 运动鞋",
    "b1": "wool blanket",
    "b2": "cotton blanket",
    "b3": "羊毛被",
    "p1": "frying pan",
    "p2": "cast iron pan",
}
FACTS = [
    *((item, "category", "footwear") for item in ("s1", "s2", "s3")),
    *((item, "category", "bedding") for item in ("b1", "b2", "b3")),
    *((item, "category", "cookware") for item in ("p1", "p2")),
    ("s1", "brand", "Acme"),
    ("b1", "brand", "Acme"),
    ("s3", "brand", "Nike"),
    ("bedding", "part_of", "home"),
    ("cookware", "part_of", "home"),
]
PRICES = {"s1": 50.0, "s2": 40.0, "s3": 90.0, "b1": 30.0, "b2": 20.0, "b3": 80.0, "p1": 25.0, "p2": None}
# What each word means: shoes, bedding, pans.
MEANING = {
    **dict.fromkeys(("shoe", "sneakers", "运动鞋", "running"), 0),
    **dict.fromkeys(("blanket", "duvet", "羊毛被", "warm"), 1),
    **dict.fromkeys(("pan", "skillet", "frying"), 2),
}


class MeaningEncoder:
    """An encoder that knows what a few words mean, synonyms included; any other word means all equally."""

    fingerprint = json.dumps(sorted(MEANING))

    def prefix(self, kind: str) -> str:
        return ""

    def encode(self, texts: Sequence[str], kind: str = "passage") -> Tensor:
        rows = []
        for text in texts:
            row = torch.full((4,), 0.05)
            for word, place in MEANING.items():
                row[place] += float(word in text)
            rows.append(row)
        return torch.nn.functional.normalize(torch.stack(rows), dim=1) if rows else torch.zeros(0, 4)


def tables(interactions: list[tuple[str, str]]) -> Tables:
    catalogue = {"item": list(TITLES), "title": list(TITLES.values()), "price": list(PRICES.values())}
    return Tables(
        pl.DataFrame(interactions, {"user": pl.String, "item": pl.String}, orient="row"),
        pl.DataFrame(FACTS, ["head", "relation", "tail"], orient="row"),
        pl.DataFrame(catalogue),
    )


@pytest.fixture(scope="session")
def goods() -> Dataset:
    """The catalogue alone."""
    return catalogue_dataset(tables([]), DataConfig(name="goods", catalogue_items=True))


@pytest.fixture(scope="session")
def visited_goods() -> Dataset:
    """The same with three people; most have the cotton blanket."""
    pairs = [("u1", "s1"), ("u1", "b2"), ("u2", "b2"), ("u2", "p1"), ("u3", "b2"), ("u3", "b3")]
    return build_dataset(tables(pairs), DataConfig(name="goods", catalogue_items=True))


@pytest.fixture(scope="session")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> TextEmbedder:
    return TextEmbedder([MeaningEncoder()], RowCache(tmp_path_factory.mktemp("text") / "text.sqlite"))


@pytest.fixture(scope="session")
def engine(goods: Dataset, embedder: TextEmbedder) -> SearchEngine:
    """Search over the catalogue alone."""
    return SearchEngine.from_dataset(goods, "{title}", embedder, SearchConfig())


@pytest.fixture(scope="session")
def popular_engine(visited_goods: Dataset, embedder: TextEmbedder) -> SearchEngine:
    """Search where items are more or less popular."""
    return SearchEngine.from_dataset(visited_goods, "{title}", embedder, SearchConfig())


@pytest.fixture(scope="session")
def wordless_engine(goods: Dataset) -> SearchEngine:
    """Search without an encoder."""
    return SearchEngine.from_dataset(goods, "{title}")


@pytest.fixture(scope="session")
def conf() -> Path:
    return Path(__file__).resolve().parent.parent.parent / "conf"
