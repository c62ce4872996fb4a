"""Triples: repetitions, self-loops, facts stated in both directions, names that are taken."""

import logging

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgrec.data.config import DataConfig
from kgrec.data.facts import clean_triples, inverse_relations
from kgrec.data.vocabulary import Vocabulary
from kgrec.errors import ConfigError, DataError

Fact = tuple[str, str, str]
ITEMS = Vocabulary(["i", "j"], "item")


def frame(facts: list[Fact]) -> pl.DataFrame:
    return pl.DataFrame(facts, schema=dict.fromkeys(["head", "relation", "tail"], pl.String), orient="row")


def test_repetitions_and_self_loops_are_dropped_and_counted() -> None:
    facts = [("i", "genre", "x"), ("i", "genre", "x"), ("j", "genre", "j"), ("x", "part of", "y")]
    kept, _, counts = clean_triples(frame(facts), ITEMS, DataConfig())
    assert sorted(kept.rows()) == [("i", "genre", "x"), ("x", "part of", "y")]
    assert (counts["dropped_duplicate_triples"], counts["dropped_self_loops"]) == (1, 1)


BOTH_WAYS = [
    ("i", "made_by", "p"),
    ("j", "made_by", "p"),
    ("p", "a_makes", "i"),
    ("p", "a_makes", "j"),
    ("i", "genre", "g"),
]


def test_of_two_directions_the_one_that_starts_at_items_stays(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "kgrec"):
        kept, _, counts = clean_triples(frame(BOTH_WAYS), ITEMS, DataConfig())
    assert sorted(kept["relation"].unique()) == ["genre", "made_by"]
    assert (counts["dropped_inverse_triples"], counts["inverse_relations"]) == (2, 1)
    assert "'a_makes' is dropped: it holds the facts of 'made_by' backwards" in caplog.text


def test_both_directions_can_be_kept() -> None:
    kept, _, counts = clean_triples(frame(BOTH_WAYS), ITEMS, DataConfig(inverse_relations="keep"))
    assert (kept.height, counts["inverse_relations"], counts["dropped_inverse_triples"]) == (5, 1, 0)


@pytest.mark.parametrize(
    "facts",
    [
        [("i", "r", "x"), ("j", "r", "x"), ("x", "s", "i")],
        [("i", "r", "x"), ("x", "s", "i"), ("y", "s", "j")],
        [("i", "r", "j"), ("j", "r", "i")],
        [("i", "r", "x"), ("i", "s", "x")],
    ],
    ids=["part of it", "more than it", "symmetric", "same direction"],
)
def test_only_exact_reversals_of_another_relation_count(facts: list[Fact]) -> None:
    assert inverse_relations(frame(facts), ITEMS) == {}


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("rst"), st.sampled_from("abcd")), max_size=12)
)
def test_every_found_inverse_is_one_and_none_is_left(facts: list[Fact]) -> None:
    proper = frame(sorted({fact for fact in facts if fact[0] != fact[2]}))
    found = inverse_relations(proper, ITEMS)
    sets = {name: {(h, t) for h, r, t in proper.rows() if r == name} for name in proper["relation"].unique()}
    for name, stays in found.items():
        assert sets[name] == {(tail, head) for head, tail in sets[stays]}
        assert stays not in found
    left = [name for name in sets if name not in found]
    for name in left:
        for other in left:
            assert name == other or sets[name] != {(tail, head) for head, tail in sets[other]}


@pytest.mark.parametrize("order", [1, -1])
def test_behaviour_backwards_is_behaviour(order: int) -> None:
    # Where also_bought would be dropped as the inverse of an innocent name, the innocent name is behaviour.
    facts = [("i", "seen", "x"), ("x", "also_bought", "i"), ("i", "genre", "g")][::order]
    _, behaviour, _ = clean_triples(frame(facts), ITEMS, DataConfig(behaviour_relations=["also_bought"]))
    assert behaviour == ("also_bought", "seen")


def test_a_behaviour_relation_that_is_in_no_triple_is_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    _, behaviour, _ = clean_triples(frame(BOTH_WAYS), ITEMS, DataConfig(behaviour_relations=["also_by"]))
    assert behaviour == ("also_by",)
    assert "['also_by'] are in no triple" in caplog.text


@pytest.mark.parametrize("name", ["interacts", "rev_genre", "rev_"])
def test_names_of_the_graph_are_refused(name: str) -> None:
    with pytest.raises(DataError, match=f"relation '{name}' is a name that the graph keeps"):
        clean_triples(frame([("i", name, "x")]), ITEMS, DataConfig())


def test_an_unknown_way_with_inverses_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"data\.inverse_relations is 'merge'"):
        clean_triples(frame(BOTH_WAYS), ITEMS, DataConfig(inverse_relations="merge"))
