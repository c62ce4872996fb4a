"""From tables to a data set: rows, namespaces, independence of row order, and every refusal."""

import numpy as np
import polars as pl
import pytest

from kgrec.data.config import DataConfig
from kgrec.data.dataset import Dataset, build_dataset
from kgrec.data.tables import Tables
from kgrec.errors import DataError

INTERACTIONS = pl.DataFrame(
    {
        "user": ["007", "7", "007", "a"],
        "item": ["a", "a", "b", "b"],
        "rating": [3.0, 4.0, 5.0, 1.0],
        "timestamp": [1.0, 2.0, 3.0, 4.0],
    }
)
TRIPLES = pl.DataFrame(
    {
        "head": ["a", "b", "x", "a"],
        "relation": ["genre", "genre", "part_of", "next"],
        "tail": ["x", "x", "y", "b"],
    }
)
CATALOGUE = pl.DataFrame({"item": ["c", "b"], "title": ["See", "Bee"], "year": [1999, 2001]})
LABELS = pl.DataFrame({"entity": ["x", "a", "nowhere"], "label": ["Ex", "Ay", "No"]})
RELATION_LABELS = pl.DataFrame({"relation": ["genre", "unused"], "label": ["has genre", "?"]})
TABLES = Tables(INTERACTIONS, TRIPLES, CATALOGUE, LABELS, RELATION_LABELS)


def build(tables: Tables = TABLES, **config: object) -> Dataset:
    return build_dataset(tables, DataConfig(name="tiny", **config))  # type: ignore[arg-type]


def test_ids_in_the_items_vocabulary_are_items_everything_else_is_an_entity() -> None:
    dataset = build()
    assert sorted(dataset.users.ids) == ["007", "7", "a"]
    assert sorted(dataset.items.ids) == ["a", "b"]
    assert sorted(dataset.entities.ids) == ["x", "y"]
    assert sorted(dataset.relations.ids) == ["genre", "next", "part_of"]


def test_rows_lead_back_to_the_tables() -> None:
    dataset = build()
    users, items = dataset.interaction_rows()
    pairs = [(dataset.users.ids[u], dataset.items.ids[i]) for u, i in zip(users, items, strict=True)]
    assert sorted(pairs) == sorted(INTERACTIONS.select("user", "item").rows())
    nodes = dataset.items.ids + dataset.entities.ids
    facts = [(nodes[h], dataset.relations.ids[r], nodes[t]) for h, r, t in dataset.knowledge_rows()]
    assert sorted(facts) == sorted(TRIPLES.rows())
    assert dataset.knowledge_rows().dtype == np.int64


def test_the_catalogue_has_one_row_an_item_in_row_order() -> None:
    dataset = build()
    assert dataset.catalogue["item"].to_list() == dataset.items.ids
    assert dict(dataset.catalogue.select("item", "title").rows()) == {"a": None, "b": "Bee"}
    assert dataset.catalogue.filter(item="b")["year"].to_list() == [2001]


def test_items_that_only_the_catalogue_names_join_on_demand() -> None:
    assert "c" not in build().items
    dataset = build(catalogue_items=True)
    assert sorted(dataset.items.ids) == ["a", "b", "c"]
    assert dataset.catalogue["item"].to_list() == dataset.items.ids


@pytest.mark.parametrize(("catalogue_items", "kind"), [(False, "entities"), (True, "items")])
def test_a_catalogue_item_without_interactions_in_a_triple(catalogue_items: bool, kind: str) -> None:
    triples = pl.concat([TRIPLES, pl.DataFrame({"head": ["c"], "relation": ["genre"], "tail": ["x"]})])
    dataset = build(Tables(INTERACTIONS, triples, CATALOGUE), catalogue_items=catalogue_items)
    assert "c" in getattr(dataset, kind)


def test_labels_of_known_ids_stay() -> None:
    dataset = build()
    assert dataset.entity_labels == {"x": "Ex", "a": "Ay"}
    assert dataset.relation_labels == {"genre": "has genre"}


@pytest.mark.parametrize("seed", range(5))
def test_nothing_depends_on_the_order_of_rows(seed: int) -> None:
    def shuffled(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.sample(fraction=1.0, shuffle=True, seed=seed)

    parts = (INTERACTIONS, TRIPLES, CATALOGUE, LABELS, RELATION_LABELS)
    one, other = build(), build(Tables(*(shuffled(part) for part in parts)))
    assert one.fingerprint == other.fingerprint
    assert one.interactions.equals(other.interactions)
    assert one.triples.equals(other.triples)
    assert one.catalogue.equals(other.catalogue)
    for kind in ("users", "items", "entities", "relations"):
        assert getattr(one, kind).ids == getattr(other, kind).ids


@pytest.mark.parametrize(
    "tables",
    [
        Tables(INTERACTIONS[:3], TRIPLES, CATALOGUE, LABELS, RELATION_LABELS),
        Tables(INTERACTIONS, TRIPLES[1:], CATALOGUE, LABELS, RELATION_LABELS),
        Tables(INTERACTIONS, TRIPLES, CATALOGUE.with_columns(title=pl.lit("?")), LABELS, RELATION_LABELS),
        Tables(INTERACTIONS, TRIPLES, CATALOGUE, None, RELATION_LABELS),
        Tables(INTERACTIONS.with_columns(rating=pl.lit(1.0)), TRIPLES, CATALOGUE, LABELS, RELATION_LABELS),
    ],
    ids=["interactions", "triples", "catalogue", "labels", "ratings"],
)
def test_any_other_content_has_another_fingerprint(tables: Tables) -> None:
    assert build(tables).fingerprint != build().fingerprint


def test_interactions_alone_are_enough() -> None:
    dataset = build(Tables(INTERACTIONS.select("user", "item"), None, None, None, None))
    assert (len(dataset.entities), dataset.knowledge_rows().shape) == (0, (0, 3))
    assert dataset.catalogue.columns == ["item", "title"]


def test_whole_number_ratings_and_times_are_taken() -> None:
    whole = INTERACTIONS.with_columns(pl.col("rating", "timestamp").cast(pl.Int32))
    assert (
        build(Tables(whole, TRIPLES, CATALOGUE, LABELS, RELATION_LABELS)).fingerprint == build().fingerprint
    )


def test_swapped_columns_are_recognised() -> None:
    swapped = INTERACTIONS[:3].rename({"user": "item", "item": "user"})
    catalogue = pl.DataFrame({"item": ["a", "b", "c"], "title": ["A", "B", "C"]})
    with pytest.raises(DataError, match="user and item columns look swapped"):
        build(Tables(swapped, TRIPLES, catalogue))
    build(Tables(INTERACTIONS, TRIPLES, catalogue))


def test_a_catalogue_of_other_ids_is_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    build(Tables(INTERACTIONS, None, pl.DataFrame({"item": ["z"], "title": ["Zed"]})))
    assert "the catalogue names none of the 2 items" in caplog.text


def test_without_times_rows_are_put_in_the_order_of_the_vocabularies() -> None:
    pairs = INTERACTIONS.select("user", "item")
    one, other = build(Tables(pairs)), build(Tables(pairs[::-1]))
    assert one.interactions.equals(other.interactions)
    users, items = one.interaction_rows()
    assert (np.diff(users * len(one.items) + items) > 0).all()


def replaced(column: str, value: object, row: int = 1) -> pl.DataFrame:
    values = INTERACTIONS[column].to_list()
    values[row] = value
    return INTERACTIONS.with_columns(pl.Series(column, values, dtype=INTERACTIONS.schema[column]))


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        (Tables(INTERACTIONS.head(0)), "interactions is empty"),
        (Tables(INTERACTIONS.drop("item")), "interactions: column 'item' is missing; found user, rating"),
        (Tables(INTERACTIONS.with_columns(ratng=1)), "interactions: unknown column 'ratng'"),
        (
            Tables(INTERACTIONS.with_columns(user=pl.lit(1))),
            "column 'user' holds Int32; ids and names are strings",
        ),
        (Tables(replaced("user", None)), "column 'user', row 2: None"),
        (Tables(replaced("item", "", 3)), "column 'item', row 4: ''"),
        (Tables(replaced("rating", float("nan"))), "column 'rating', row 2: nan"),
        (Tables(replaced("rating", None)), "column 'rating', row 2: None"),
        (Tables(replaced("timestamp", float("inf"))), "column 'timestamp', row 2: inf"),
        (Tables(INTERACTIONS.with_columns(rating=pl.lit("good"))), "column 'rating' holds String"),
        (
            Tables(INTERACTIONS.with_columns(part=pl.lit("dev"))),
            "column 'part', row 1: 'dev'; use one of train",
        ),
        (Tables(INTERACTIONS, TRIPLES.drop("tail")), "triples: column 'tail' is missing"),
        (Tables(INTERACTIONS, TRIPLES.with_columns(tail=pl.lit(""))), "triples: column 'tail', row 1: ''"),
        (Tables(INTERACTIONS, None, CATALOGUE.drop("title")), "catalogue: column 'title' is missing"),
        (
            Tables(INTERACTIONS, None, pl.concat([CATALOGUE, CATALOGUE.with_columns(title=pl.lit("Other"))])),
            r"catalogue: item 'c' is described in two ways, with the titles \['See', 'Other'\]",
        ),
    ],
)
def test_bad_tables_are_refused_with_table_column_and_row(tables: Tables, words: str) -> None:
    with pytest.raises(DataError, match=words):
        build(tables)


def test_a_catalogue_row_that_occurs_twice_is_one_row() -> None:
    dataset = build(Tables(INTERACTIONS, None, pl.concat([CATALOGUE, CATALOGUE])))
    assert dataset.catalogue.height == len(dataset.items)
