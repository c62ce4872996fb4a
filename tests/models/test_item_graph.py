"""The graph of similar items against loops over pairs, and as a part that is saved."""

import math

import pytest
import torch
from torch import Tensor

from kgrec.errors import ConfigError
from kgrec.models import item_graph
from kgrec.models.item_graph import ItemGraph


def looped(vectors: Tensor, k: int) -> Tensor:
    """``D^-1/2 S D^-1/2`` a pair at a time."""
    n_items = len(vectors)
    similar = [[0.0] * n_items for _ in range(n_items)]
    for i in range(n_items):
        lengths = [math.sqrt(float(v @ v)) for v in vectors]
        cosines = [float(vectors[i] @ vectors[j]) / (lengths[i] * lengths[j]) for j in range(n_items)]
        for j in sorted(range(n_items), key=lambda j: -cosines[j])[:k]:
            similar[i][j] = max(cosines[j], 0.0)
    degree = [sum(row) for row in similar]
    return torch.tensor(
        [[similar[i][j] / math.sqrt(degree[i] * degree[j]) for j in range(n_items)] for i in range(n_items)]
    )


@pytest.mark.parametrize("k", [1, 4, 9])
@pytest.mark.parametrize("chunk_bytes", [1, 200, 2**20])
def test_it_equals_the_loop_over_pairs(k: int, chunk_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(item_graph, "CHUNK_BYTES", chunk_bytes)
    vectors = torch.randn(13, 3, generator=torch.Generator().manual_seed(0))
    graph = ItemGraph(13, k)
    graph.refresh(vectors)
    expected, operator = looped(vectors, k), graph.operator()
    assert operator.n_entries == 13 * k
    assert torch.allclose(operator.matrix.to_dense(), expected, atol=1e-6)
    assert torch.allclose(operator.transposed.to_dense(), expected.T, atol=1e-6)


def test_its_gradient_is_that_of_the_dense_product() -> None:
    vectors = torch.randn(12, 3, generator=torch.Generator().manual_seed(1))
    graph = ItemGraph(12, 3)
    graph.refresh(vectors)
    x = torch.randn(12, 2, requires_grad=True)
    direction = torch.randn(12, 2)
    ((graph.operator() @ x) * direction).sum().backward()
    assert x.grad is not None
    assert torch.allclose(x.grad, looped(vectors, 3).T @ direction, atol=1e-6)


def test_no_more_neighbours_than_items() -> None:
    graph = ItemGraph(4, 10)
    graph.refresh(torch.randn(4, 3))
    assert graph.operator().n_entries == 16


def test_until_it_is_refreshed_every_item_is_like_itself() -> None:
    assert torch.equal(ItemGraph(5, 3).operator().matrix.to_dense(), torch.eye(5))


def test_a_vector_of_zeros_is_like_nobody() -> None:
    graph = ItemGraph(3, 2)
    graph.refresh(torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 0.0]]))
    dense = graph.operator().matrix.to_dense()
    assert torch.isfinite(dense).all()
    assert dense[0].tolist() == [0, 0, 0]
    assert torch.allclose(dense[1:, 1:], torch.full((2, 2), 0.5))


def test_it_is_saved_and_loaded() -> None:
    graph, fresh = ItemGraph(9, 3), ItemGraph(9, 3)
    graph.refresh(torch.randn(9, 4))
    fresh.load_state_dict(graph.state_dict())
    assert torch.equal(fresh.operator().matrix.to_dense(), graph.operator().matrix.to_dense())
    assert not torch.equal(fresh.operator().matrix.to_dense(), torch.eye(9))


def test_no_neighbours_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"model\.neighbours is 0; use at least 1"):
        ItemGraph(3, 0)
