import polars as pl
import torch

from kgrec.data.config import DataConfig
from kgrec.data.dataset import build_dataset
from kgrec.data.tables import Tables
from kgrec.graph.triples import KnowledgeTriples


def test_known_is_the_set_of_facts(facts: KnowledgeTriples) -> None:
    real = set(zip(facts.heads.tolist(), facts.relations.tolist(), facts.tails.tolist(), strict=True))
    heads, relations, tails = torch.cartesian_prod(torch.arange(19), torch.arange(2), torch.arange(19)).T
    known = facts.known(heads, relations, tails)
    found = {
        (int(h), int(r), int(t))
        for h, r, t, k in zip(heads, relations, tails, known.tolist(), strict=True)
        if k
    }
    assert found == real


def test_samples_are_facts_and_corrupted_ones_are_typed_and_unknown(facts: KnowledgeTriples) -> None:
    head, relation, tail, corrupted, usable = facts.sample(2000, torch.Generator().manual_seed(0))
    assert facts.known(head, relation, tail).all()
    assert not facts.known(head, relation, corrupted)[usable].any()
    of_relation = {r: set(facts.tails[facts.relations == r].tolist()) for r in (0, 1)}
    for r in (0, 1):
        assert set(corrupted[relation == r].tolist()) == of_relation[r]
    assert usable.float().mean() > 0.9
    assert len(set(zip(head.tolist(), relation.tolist(), strict=True))) == 17  # every fact is drawn


def test_any_node_corrupts_and_none_makes_a_fact(facts: KnowledgeTriples) -> None:
    generator = torch.Generator().manual_seed(0)
    head, relation, tail, corrupted, usable = facts.sample(20_000, generator, "any")
    assert facts.known(head, relation, tail).all()
    assert not facts.known(head, relation, corrupted)[usable].any()
    assert usable.float().mean() > 0.99
    # A node is drawn as often as any other for those heads and relations that do not have it as a tail.
    chosen = (head == head[0]) & (relation == relation[0])
    counts = torch.bincount(corrupted[chosen], minlength=facts.n_nodes)
    known = facts.known(
        head[0].expand(facts.n_nodes), relation[0].expand(facts.n_nodes), torch.arange(facts.n_nodes)
    )
    assert known.any()
    assert (counts[known] <= 2).all()
    mean = counts[~known].float().mean()
    assert mean > 40
    assert ((counts[~known] - mean).abs() < 5 * mean.sqrt()).all()


def test_a_relation_with_one_tail_has_nothing_usable() -> None:
    facts = KnowledgeTriples.from_rows(
        torch.tensor([0, 1]), torch.zeros(2, dtype=torch.int64), torch.tensor([2, 2]), (1, 3)
    )
    *_, corrupted, usable = facts.sample(50, torch.Generator())
    assert set(corrupted.tolist()) == {2}
    assert not usable.any()


def test_draws_come_from_the_given_generator_alone(facts: KnowledgeTriples) -> None:
    before = torch.get_rng_state()
    first = facts.sample(30, torch.Generator().manual_seed(4))
    assert torch.equal(before, torch.get_rng_state())
    again = facts.sample(30, torch.Generator().manual_seed(4))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))


def test_from_dataset_names_relations_by_the_propagations_rows() -> None:
    interactions = pl.DataFrame({"user": ["u", "u"], "item": ["a", "b"]})
    rows = [("a", "brand", "x"), ("b", "brand", "y"), ("a", "like", "b")]
    triples = pl.DataFrame(rows, schema=["head", "relation", "tail"], orient="row")
    dataset = build_dataset(Tables(interactions, triples), DataConfig(name="tiny"))
    names = ["interacts", "like", "brand"]
    facts = KnowledgeTriples.from_dataset(dataset, names)
    assert facts is not None
    ids = [*dataset.items.ids, *dataset.entities.ids]
    found = {
        (ids[h], names[r], ids[t])
        for h, r, t in zip(facts.heads.tolist(), facts.relations.tolist(), facts.tails.tolist(), strict=True)
    }
    assert found == set(rows)
    assert len(facts) == 3


def test_a_dataset_without_knowledge_has_no_triples() -> None:
    interactions = pl.DataFrame({"user": ["u", "u"], "item": ["a", "b"]})
    dataset = build_dataset(Tables(interactions, None), DataConfig(name="tiny"))
    assert KnowledgeTriples.from_dataset(dataset, ["interacts"]) is None
