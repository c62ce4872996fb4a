"""kg = full, none, shuffled, full+behaviour."""

from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgrec.data.config import DataConfig
from kgrec.data.dataset import Dataset, build_dataset
from kgrec.data.knowledge import shuffle_tails, with_knowledge
from kgrec.data.tables import Tables
from kgrec.errors import ConfigError

ITEMS = [f"i{n}" for n in range(12)]
FACTS = (
    [(item, "brand", f"b{n % 4}") for n, item in enumerate(ITEMS)]
    + [(item, "genre", f"g{n % 3}") for n, item in enumerate(ITEMS)]
    + [(item, "also_buy", ITEMS[(n + 1) % 12]) for n, item in enumerate(ITEMS)]
    + [("b0", "made_in", "here"), ("i0", "also_buy", "unsold")]
)


def frame(facts: list[tuple[str, str, str]]) -> pl.DataFrame:
    return pl.DataFrame(facts, schema=dict.fromkeys(["head", "relation", "tail"], pl.String), orient="row")


def dataset(facts: list[tuple[str, str, str]] = FACTS) -> Dataset:
    interactions = pl.DataFrame({"user": ["u"] * len(ITEMS), "item": ITEMS})
    labels = pl.DataFrame({"entity": ["b0", "unsold"], "label": ["Bee", "Unsold"]})
    config = DataConfig(name="tiny", behaviour_relations=["also_buy"])
    return build_dataset(Tables(interactions, frame(facts), None, labels), config)


def test_full_leaves_behaviour_out_and_with_it_entities_that_only_behaviour_names() -> None:
    full = with_knowledge(dataset(), "full", 0)
    assert sorted(full.relations.ids) == ["brand", "genre", "made_in"]
    assert "unsold" in dataset().entities and "unsold" not in full.entities
    assert full.entity_labels == {"b0": "Bee"}
    assert full.statistics()["dropped_behaviour_triples"] == 13
    assert full.knowledge_rows().min() >= 0


def test_full_and_behaviour_is_everything() -> None:
    everything = with_knowledge(dataset(), "full+behaviour", 0)
    assert sorted(everything.triples.rows()) == sorted(FACTS)


def test_none_takes_everything_of_the_graph_but_no_item() -> None:
    none = with_knowledge(dataset(), "none", 0)
    assert (none.triples.height, len(none.entities), len(none.relations), none.entity_labels) == (0, 0, 0, {})
    assert none.items.ids == dataset().items.ids
    assert none.interactions.equals(dataset().interactions)


def test_every_mode_has_a_fingerprint_of_its_own() -> None:
    modes = ["full", "none", "shuffled", "full+behaviour"]
    prints = [with_knowledge(dataset(), mode, 0).fingerprint for mode in modes]
    assert len({*prints, with_knowledge(dataset(), "shuffled", 1).fingerprint}) == 5


def test_shuffled_has_no_behaviour_and_few_true_facts() -> None:
    shuffled = with_knowledge(dataset(), "shuffled", 0)
    assert "also_buy" not in shuffled.relations
    true = set(shuffled.triples.rows()) & set(FACTS)
    # By chance a fact stays with probability 1/4 (brand), 1/3 (genre), 1 (the only made_in).
    assert 1 <= len(true) < 16
    assert shuffled.triples.height == 25


@pytest.mark.parametrize("seed", range(3))
def test_the_shuffle_depends_on_seed_and_facts_not_on_row_order(seed: int) -> None:
    shuffled = with_knowledge(dataset(), "shuffled", seed)
    other = with_knowledge(dataset(FACTS[::-1]), "shuffled", seed)
    assert shuffled.triples.equals(other.triples)
    assert not shuffled.triples.equals(with_knowledge(dataset(), "shuffled", seed + 1).triples)


NODES = st.sampled_from("abcdef")


@settings(deadline=None)
@given(st.sets(st.tuples(NODES, st.sampled_from("rs"), NODES), max_size=25), st.integers(0, 9))
def test_a_shuffle_keeps_degrees_and_makes_no_loop_and_no_repetition(
    facts: set[tuple[str, str, str]], seed: int
) -> None:
    before = [fact for fact in facts if fact[0] != fact[2]]
    after = shuffle_tails(frame(before), seed).rows()
    assert len(set(after)) == len(after)
    assert all(head != tail for head, _, tail in after)
    for end in (0, 2):
        had = Counter((fact[1], fact[end]) for fact in before)
        has = Counter((fact[1], fact[end]) for fact in after)
        assert has <= had
        assert had.total() - has.total() == len(before) - len(after)


def test_degrees_are_kept_in_full_where_the_relation_leaves_room() -> None:
    before = frame([(f"h{n}", "r", f"t{n % 7}") for n in range(100)])
    after = shuffle_tails(before, 3)
    assert Counter(after["tail"]) == Counter(before["tail"])
    assert Counter(after["head"]) == Counter(before["head"])
    assert len(set(after.rows()) & set(before.rows())) < 40


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ConfigError, match="kg is 'half'; use one of full, none, shuffled"):
        with_knowledge(dataset(), "half", 0)
