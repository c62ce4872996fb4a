import polars as pl
import pytest

from kgrec.data.sources.tables import NO_INTERACTIONS
from kgrec.data.tables import Tables
from kgrec.errors import DataError
from kgrec.extraction.columns import candidate_columns, extended, facts_of_columns, shared_endings

CATALOGUE = pl.DataFrame(
    {
        "item": ["a", "b", "c", "d"],
        "title": ["Kids - DVD", "Case - Pro - Black", "Heat - dvd", "DVD"],
        "brand": ["Acme", "ACME", "Acme", None],
        "colours": ["red/blue", "red", None, "red"],
        "price": ["1", "1", "1", "1"],
        "story": ["a very long text about one single thing only"] * 4,
        "code": ["x1", "x2", "x3", "x4"],
    }
)


def test_candidates_are_short_shared_words() -> None:
    assert candidate_columns(CATALOGUE, per_value=1.5) == ["brand", "colours"]


def test_columns_become_relations() -> None:
    facts = facts_of_columns(CATALOGUE, {"brand": "made_by", "colours": "colour"}, {"colours": "/"})
    assert facts.rows() == [
        ("a", "made_by", "made_by:acme", "Acme"),
        ("b", "made_by", "made_by:acme", "Acme"),
        ("c", "made_by", "made_by:acme", "Acme"),
        ("a", "colour", "colour:red", "red"),
        ("a", "colour", "colour:blue", "blue"),
        ("b", "colour", "colour:red", "red"),
        ("d", "colour", "colour:red", "red"),
    ]
    assert facts_of_columns(CATALOGUE, ["brand"])["relation"].unique().to_list() == ["brand"]
    with pytest.raises(DataError, match="no column 'size'"):
        facts_of_columns(CATALOGUE, ["size"])


def test_endings_that_several_titles_share() -> None:
    facts = shared_endings(CATALOGUE, "format", at_least=2)
    assert facts.rows() == [("a", "format", "format:dvd", "DVD"), ("c", "format", "format:dvd", "DVD")]


def test_a_graph_is_extended_without_repetitions() -> None:
    known = pl.DataFrame({"head": ["a"], "relation": ["brand"], "tail": ["brand:acme"]})
    labels = pl.DataFrame({"entity": ["brand:acme"], "label": ["The Acme"]})
    facts = facts_of_columns(CATALOGUE, ["brand"])
    more = extended(Tables(NO_INTERACTIONS, known, CATALOGUE, labels), facts)
    assert more.triples is not None and more.triples.height == 3
    assert more.entity_labels is not None and more.entity_labels.rows() == [("brand:acme", "The Acme")]
    bare = extended(Tables(NO_INTERACTIONS), facts)
    assert bare.triples is not None and bare.triples.height == 3
    assert bare.entity_labels is not None and bare.entity_labels.rows() == [("brand:acme", "Acme")]
