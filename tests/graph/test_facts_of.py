"""The facts of each node, and samples of them: worked by hand and counted."""

from collections import Counter

import pytest
import torch

from kgrec.graph.facts_of import FactsOf
from kgrec.graph.triples import KnowledgeTriples

RELATIONS = ["brand", "interacts", "maker", "rev_brand", "rev_interacts", "rev_maker"]
# Items 0 to 2, entities 3 to 5; node 2 and node 5 are in no fact.
FACTS = [(0, 0, 3), (0, 2, 4), (1, 0, 3)]


def triples() -> KnowledgeTriples:
    heads, relations, tails = torch.tensor(FACTS).T.contiguous()
    return KnowledgeTriples.from_rows(heads, relations, tails, (len(RELATIONS), 6))


def listed(facts: FactsOf) -> list[tuple[int, int, int]]:
    return sorted(zip(facts.heads.tolist(), facts.relations.tolist(), facts.tails.tolist(), strict=True))


@pytest.mark.parametrize("reverses", [False, True])
def test_every_node_has_its_facts_or_itself(reverses: bool) -> None:
    facts = FactsOf.build(triples(), 6, RELATIONS, reverses)
    backward = [(3, 3, 0), (4, 5, 0), (3, 3, 1)] if reverses else [(3, 1, 3), (4, 1, 4)]
    assert listed(facts) == sorted([*FACTS, *backward, (2, 1, 2), (5, 1, 5)])
    for node in range(6):
        own = facts.heads[facts.starts[node] : facts.starts[node + 1]]
        assert len(own) > 0
        assert (own == node).all()


def test_without_knowledge_every_node_is_its_own_neighbour() -> None:
    facts = FactsOf.build(None, 4, RELATIONS, reverses=True)
    assert listed(facts) == [(node, 1, node) for node in range(4)]


def star(n_facts: int, n_nodes: int = 100) -> FactsOf:
    """Node 0 leads to nodes 1 to ``n_facts``."""
    heads, relations = torch.zeros(n_facts, dtype=torch.int64), torch.zeros(n_facts, dtype=torch.int64)
    known = KnowledgeTriples.from_rows(
        heads, relations, torch.arange(1, n_facts + 1), (len(RELATIONS), n_nodes)
    )
    return FactsOf.build(known, n_nodes, RELATIONS, reverses=False)


@pytest.mark.parametrize("n_facts", [1, 3, 8, 9, 63])
def test_no_fact_comes_twice_before_all_have_come_once(n_facts: int) -> None:
    sampled = star(n_facts).sample(torch.tensor([0]), torch.tensor([0, 1]), 8)[0]
    counts = Counter(sampled.tolist())
    assert len(counts) == min(n_facts, 8)
    assert max(counts.values()) - min(counts.values()) <= 1


def test_the_facts_of_a_hub_are_equally_likely() -> None:
    torch.manual_seed(0)
    hits = torch.zeros(13)
    for _ in range(400):
        facts = star(12)
        hits[facts.tails[facts.sample(torch.tensor([0]), torch.tensor([0, 1]), 3)]] += 1
    # Binomial with mean 100 and standard deviation 8.7.
    assert (hits[1:] - 100).abs().max() < 35


def test_groups_keep_to_themselves_and_weights_are_shares() -> None:
    facts = FactsOf.build(triples(), 6, RELATIONS, reverses=False)
    nodes, bounds = torch.tensor([0, 1, 2, 1]), torch.tensor([0, 2, 2, 4])
    sampled = facts.sample(nodes, bounds, 6)
    heads = facts.heads[sampled]
    # Two facts of node 0 and one of node 1; nobody; one each of nodes 2 and 1.
    assert Counter(heads[0].tolist()) == {0: 4, 1: 2}
    assert sampled[1].tolist() == [-1] * 6
    assert Counter(heads[2].tolist()) == {2: 3, 1: 3}
    weighted = facts.sample(nodes, bounds, 6, torch.tensor([1.0, 1.0, 5.0, 1.0]))
    assert Counter(facts.heads[weighted[2]].tolist()) == {2: 5, 1: 1}
    assert torch.equal(weighted[0], sampled[0])


def test_no_nodes_at_all_are_answered() -> None:
    facts = FactsOf.build(triples(), 6, RELATIONS, reverses=False)
    nobody = facts.sample(torch.empty(0, dtype=torch.int64), torch.tensor([0, 0]), 3)
    assert nobody.tolist() == [[-1, -1, -1]]
