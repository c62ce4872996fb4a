"""Queries behind interactions: from their own column or from the catalogue, kept with a split's parts."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from kgrec.data.config import DataConfig, SplitConfig
from kgrec.data.dataset import Dataset, build_dataset
from kgrec.data.knowledge import with_knowledge
from kgrec.data.queries import words_once
from kgrec.data.splits import make_split
from kgrec.data.tables import Tables
from kgrec.errors import ConfigError

PAIRS = [(f"u{user}", f"i{item}") for user in range(6) for item in range(9) if (user + item) % 3]


def tables(queries: list[str | None] | None = None) -> Tables:
    interactions = pl.DataFrame(PAIRS, schema=["user", "item"], orient="row")
    if queries is not None:
        interactions = interactions.with_columns(query=pl.Series(queries, dtype=pl.String))
    items = [f"i{item}" for item in range(9)]
    catalogue = pl.DataFrame(
        {
            "item": items,
            "title": items,
            "category": ["Shop / Shoes / Shop", "Shop / Bed", None, "", "Shop / Shoes", *[None] * 4],
        }
    )
    facts = [(item, "category", "x") for item in items] + [("i0", "brand", "b"), ("i1", "brand", "b")]
    return Tables(
        interactions, pl.DataFrame(facts, schema=["head", "relation", "tail"], orient="row"), catalogue
    )


def built(config: DataConfig, queries: list[str | None] | None = None) -> Dataset:
    return build_dataset(tables(queries), config)


def test_a_path_of_categories_becomes_its_words() -> None:
    assert words_once("Shop / Shoes & Boots / shoes") == "shop shoes boots"
    dataset = built(DataConfig(name="d", queries="category", hidden_relations=["category"]))
    assert set(dataset.queries.ids) == {"shop shoes", "shop bed"}
    rows = dataset.query_rows()
    assert rows is not None
    for item, row in zip(dataset.interactions["item"], rows, strict=True):
        expected = {"i0": "shop shoes", "i1": "shop bed", "i4": "shop shoes"}.get(item)
        assert (dataset.queries.ids[row] if row >= 0 else None) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [([["Shop", "Shoes", None]] * 9, ["shop shoes"]), ([2024] * 9, ["2024"]), ([True] * 9, ["true"])],
)
def test_a_column_of_lists_or_numbers_becomes_words(values: list[object], expected: list[str]) -> None:
    given = tables()
    assert given.catalogue is not None
    catalogue = given.catalogue.with_columns(category=pl.Series(values))
    dataset = build_dataset(replace(given, catalogue=catalogue), DataConfig(name="d", queries="category"))
    assert dataset.queries.ids == expected


def test_what_decides_relevance_is_nowhere_to_be_seen() -> None:
    dataset = built(DataConfig(name="d", queries="category", hidden_relations=["category"]))
    assert dataset.relations.ids == ["brand"]
    assert "category" not in dataset.catalogue.columns
    assert "x" not in dataset.entities
    assert "category" in built(DataConfig(name="d")).catalogue.columns


def test_logged_queries_stay_with_their_interactions() -> None:
    logged = [None if n % 4 == 0 else f"  words   {n % 3} " for n in range(len(PAIRS))]
    dataset = built(DataConfig(name="d", queries="query"), logged)
    assert set(dataset.queries.ids) == {"words 0", "words 1", "words 2"}
    expected = {pair: None if n % 4 == 0 else f"words {n % 3}" for n, pair in enumerate(PAIRS)}
    split = make_split(dataset, SplitConfig(ratios=[0.6, 0.2, 0.2]))
    seen = 0
    for part in (split.train, split.valid, split.test, split.with_valid()):
        assert part.queries is not None
        for user, item, query in zip(part.users, part.items, part.queries, strict=True):
            text = dataset.queries.ids[query] if query >= 0 else None
            assert text == expected[dataset.users.ids[user], dataset.items.ids[item]]
            seen += 1
    assert seen == 2 * len(PAIRS) - len(split.test)
    assert with_knowledge(dataset, "none", 0).queries.ids == dataset.queries.ids


def test_without_the_key_queries_are_left_aside() -> None:
    dataset = built(DataConfig(name="d"), ["q"] * len(PAIRS))
    assert len(dataset.queries) == 0
    assert dataset.query_rows() is None
    assert dataset.fingerprint == built(DataConfig(name="d")).fingerprint
    assert make_split(dataset, SplitConfig(ratios=[0.6, 0.2, 0.2])).train.queries is None


def test_queries_are_part_of_the_fingerprint() -> None:
    rows = [built(DataConfig(name="d", queries="query"), [text] * len(PAIRS)).fingerprint for text in "ab"]
    assert rows[0] != rows[1]
    assert np.isin(rows, [built(DataConfig(name="d")).fingerprint]).sum() == 0


@pytest.mark.parametrize("source", ["query", "colour", "item"])
def test_a_source_that_is_not_there_is_refused(source: str) -> None:
    with pytest.raises(ConfigError, match=r"data\.queries is"):
        built(DataConfig(name="d", queries=source))
