"""Statistics, counted by hand."""

import json

import polars as pl

from kgrec.data.config import DataConfig, FilterConfig
from kgrec.data.dataset import build_dataset
from kgrec.data.tables import Tables


def test_every_number() -> None:
    interactions = pl.DataFrame(
        {
            "user": ["u", "u", "u", "v", "w"],
            "item": ["a", "a", "b", "a", "b"],
            "rating": [5.0, 4.0, 5.0, 3.0, 1.0],
        }
    )
    facts = [
        ("a", "genre", "x"),
        ("a", "genre", "x"),
        ("x", "part", "y"),
        ("y", "part", "y"),
        ("x", "is", "a"),
    ]
    triples = pl.DataFrame(facts, schema=["head", "relation", "tail"], orient="row")
    catalogue = pl.DataFrame({"item": ["a", "c"], "title": ["A", None]})
    config = DataConfig(catalogue_items=True, duplicates="keep", filters=FilterConfig(min_rating=2.0))
    numbers = build_dataset(Tables(interactions, triples, catalogue), config).statistics()
    assert numbers == {
        "users": 2,
        "items": 3,
        "entities": 2,
        "relations": 2,
        "interactions": 4,
        "pairs": 3,
        "triples": 2,
        "density": 0.5,
        "items_without_interactions": 1,
        "items_without_facts": 2,
        "items_without_title": 2,
        "dropped_by_overlap": 0,
        "dropped_duplicates": 0,
        "dropped_by_rating": 1,
        "dropped_by_core": 0,
        "dropped_users": 1,
        "dropped_items": 0,
        "dropped_duplicate_triples": 1,
        "dropped_self_loops": 1,
        "dropped_inverse_triples": 1,
        "inverse_relations": 1,
    }
    assert json.loads(json.dumps(numbers)) == numbers
