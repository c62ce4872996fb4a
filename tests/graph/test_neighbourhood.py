"""Softmax and weighted sums over neighbours against loops, and their gradients."""

import pytest
import torch
from torch import Tensor

import kgrec.graph.neighbourhood
from kgrec.graph.neighbourhood import Neighbourhood

TARGET = torch.tensor([0, 0, 0, 2, 2, 3])  # nothing speaks to 1
SOURCE = torch.tensor([4, 1, 1, 0, 4, 2])  # one neighbour twice, and 3 never


@pytest.fixture
def edges() -> Neighbourhood:
    return Neighbourhood(TARGET, SOURCE, (4, 5))


def looped_softmax(logits: Tensor, kept: Tensor) -> Tensor:
    result = torch.zeros_like(logits)
    for node in range(4):
        own = [e for e in range(len(TARGET)) if TARGET[e] == node and kept[e]]
        if own:
            result[own] = torch.softmax(logits[own], 0)
    return result


@pytest.mark.parametrize(
    "kept", [[1, 1, 1, 1, 1, 1], [1, 0, 1, 0, 0, 1], [0, 0, 0, 0, 0, 0]], ids=["all", "some", "none"]
)
def test_softmax_equals_the_loop(kept: list[int], edges: Neighbourhood) -> None:
    # Large logits: without the maximum subtracted their exponentials are infinite.
    logits = 200 * torch.randn(6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    mask = torch.tensor(kept, dtype=torch.bool)
    torch.testing.assert_close(edges.softmax(logits, mask), looped_softmax(logits, mask))
    if all(kept):
        assert torch.equal(edges.softmax(logits), edges.softmax(logits, mask))


@pytest.mark.parametrize("chunk", [4, 2**16])
def test_the_weighted_sum_and_both_gradients(
    chunk: int, edges: Neighbourhood, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kgrec.graph.neighbourhood, "CHUNK_EDGES", chunk)
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(6, dtype=torch.float64, generator=generator).requires_grad_()
    x = torch.randn(5, 3, dtype=torch.float64, generator=generator).requires_grad_()
    expected = torch.zeros(4, 3, dtype=torch.float64)
    for e in range(6):
        expected[TARGET[e]] += logits[e].detach() * x[SOURCE[e]].detach()
    torch.testing.assert_close(edges.weighted_sum(logits, x), expected)
    assert torch.autograd.gradcheck(edges.weighted_sum, (logits, x))
    kept = torch.tensor([True, False, True, True, True, False])
    assert torch.autograd.gradcheck(
        lambda logits, x: edges.weighted_sum(edges.softmax(logits, kept), x), (logits, x)
    )
