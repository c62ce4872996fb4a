"""Cosines of neighbourhoods against sets."""

import math

import pytest
import torch
from torch_geometric.data import HeteroData

from kgrec.graph import INTERACTS, Propagation, reverse_name
from kgrec.models.common_neighbours import CommonNeighbours

# Global rows: users 0 1 2, items 3 4 5 6, entities 7 8. User 2 and item 6 have nobody.
EDGES = {
    ("user", INTERACTS, "item"): [(0, 0), (0, 1), (1, 1), (1, 2)],
    ("item", "like", "item"): [(0, 1)],
    ("item", "made_by", "entity"): [(0, 0), (1, 0), (2, 1)],
    ("item", "sold_by", "entity"): [(1, 0)],
}


@pytest.fixture
def propagation() -> Propagation:
    graph = HeteroData()
    graph["user"].num_nodes, graph["item"].num_nodes, graph["entity"].num_nodes = 3, 4, 2
    for (head, relation, tail), pairs in EDGES.items():
        index = torch.tensor(pairs).T
        graph[head, relation, tail].edge_index = index
        graph[tail, reverse_name(relation), head].edge_index = index.flip(0)
    return Propagation(graph)


def test_equals_the_sets(propagation: Propagation) -> None:
    everyone: dict[int, set[int]] = {n: set() for n in range(7)}
    shift = {"user": 0, "item": 3, "entity": 7}
    for (head, _, tail), pairs in EDGES.items():
        for a, b in pairs:
            a, b = a + shift[head], b + shift[tail]
            for node, other in ((a, b), (b, a)):
                if node < 7:
                    everyone[node].add(other)
    assert len(everyone[4]) == 4  # two users, one item, and one entity although two relations lead to it
    near = {node: {other for other in others if other < 7} for node, others in everyone.items()}
    left, right = torch.tensor([0, 3, 6, 4, 4]), torch.tensor([1, 4, 2, 5, 0, 3, 3])
    expected = torch.zeros(5, 7)
    for i, a in enumerate(left.tolist()):
        for j, b in enumerate(right.tolist()):
            shared = len(near[a] & near[b]) + (b in near[a])
            if shared:
                expected[i, j] = shared / math.sqrt(len(everyone[a]) * len(everyone[b]))
    common = CommonNeighbours.from_propagation(propagation)
    assert torch.allclose(common.similarity(left, right), expected)
    assert torch.equal(common.to("cpu").similarity(left, right), common.similarity(left, right))


def test_nobody_is_alike_without_neighbours(propagation: Propagation) -> None:
    common = CommonNeighbours.from_propagation(propagation)
    alone = torch.tensor([2, 6])
    assert torch.equal(common.similarity(alone, alone), torch.zeros(2, 2))
    assert torch.equal(common.scale[alone], torch.zeros(2))
