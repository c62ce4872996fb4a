"""Edges that attention weighs: their pattern, their chunks and the softmax over a neighbourhood."""

import math

import pytest
import torch
from torch_geometric.data import HeteroData

from kgrec.graph import Propagation
from kgrec.graph.attention import AttentiveEdges


@pytest.fixture
def edges() -> AttentiveEdges:
    """Two users, two items, one entity; item 0 and the entity are tied by two relations."""
    graph = HeteroData()
    for name, count in [("user", 2), ("item", 2), ("entity", 1)]:
        graph[name].num_nodes = count
    for head, name, tail, pairs in [
        ("user", "interacts", "item", [[0, 1, 1], [0, 0, 1]]),
        ("item", "by", "entity", [[0], [0]]),
        ("item", "about", "entity", [[0], [0]]),
    ]:
        index = torch.tensor(pairs)
        graph[head, name, tail].edge_index = index
        graph[tail, f"rev_{name}", head].edge_index = index.flip(0)
    return AttentiveEdges.from_propagation(Propagation(graph))


def test_softmax_is_over_all_edges_of_a_head_and_adds_up_double_ones(edges: AttentiveEdges) -> None:
    facts = edges.facts
    logits = torch.randn(len(facts), generator=torch.Generator().manual_seed(0)) * 3
    dense = edges.pattern.with_values(edges.softmax(logits)).matrix.to_dense()
    heads, tails = facts.heads.tolist(), facts.tails.tolist()
    expected = torch.zeros(5, 5)
    for head, tail, logit in zip(heads, tails, logits.tolist(), strict=True):
        total = sum(math.exp(logits[e]) for e in range(len(facts)) if heads[e] == head)
        expected[head, tail] += math.exp(logit) / total
    assert torch.allclose(dense, expected, atol=1e-6)
    assert len(facts) == 10
    assert edges.pattern.n_entries == 8
    assert torch.allclose(dense.sum(1), torch.ones(5))


def test_large_logits_stay_finite(edges: AttentiveEdges) -> None:
    values = edges.softmax(torch.full((len(edges.facts),), 1000.0))
    assert torch.equal(values, edges.softmax(torch.full((len(edges.facts),), -1000.0)))
    assert torch.isfinite(values).all()


@pytest.mark.parametrize("size", [1, 2, 100])
def test_chunks_are_of_one_relation_and_cover_every_edge_once(edges: AttentiveEdges, size: int) -> None:
    seen = []
    for relation, chunk in edges.chunks(size):
        assert 0 < chunk.stop - chunk.start <= size
        assert (edges.facts.relations[chunk] == relation).all()
        seen += range(chunk.start, chunk.stop)
    assert seen == list(range(len(edges.facts)))
