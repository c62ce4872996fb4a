"""Dropped entries: the same in both directions, unbiased, and none without a rate."""

import pytest
import torch

from kgrec.graph import CSROperator
from kgrec.graph.edge_dropout import EdgeDropout


@pytest.fixture
def operator() -> CSROperator:
    chosen = torch.randperm(9 * 6, generator=torch.Generator().manual_seed(1))[:25]
    values = torch.rand(25, generator=torch.Generator().manual_seed(2)) + 0.5
    return CSROperator.from_edges(chosen // 6, chosen % 6, values, (9, 6))


def test_matrix_and_transpose_lose_the_same_entries(operator: CSROperator) -> None:
    torch.manual_seed(0)
    drawn = EdgeDropout(operator).draw(0.4)
    dense, whole = drawn.matrix.to_dense(), operator.matrix.to_dense()
    assert torch.equal(drawn.transposed.to_dense(), dense.T)
    kept = dense != 0
    assert 0 < kept.sum() < 25
    assert torch.allclose(dense[kept], whole[kept] / 0.6)


def test_the_backward_pass_uses_the_draw(operator: CSROperator) -> None:
    drawn = EdgeDropout(operator).draw(0.4)
    x, direction = torch.randn(6, 3, requires_grad=True), torch.randn(9, 3)
    (grad,) = torch.autograd.grad(((drawn @ x) * direction).sum(), x)
    assert torch.allclose(grad, drawn.matrix.to_dense().T @ direction, atol=1e-6)


def test_the_mean_of_many_draws_is_the_operator(operator: CSROperator) -> None:
    torch.manual_seed(0)
    dropout = EdgeDropout(operator)
    mean = torch.stack([dropout.draw(0.5).matrix.to_dense() for _ in range(2000)]).mean(0)
    assert torch.allclose(mean, operator.matrix.to_dense(), atol=0.15)


def test_the_same_seed_draws_the_same_and_a_rate_of_zero_nothing(operator: CSROperator) -> None:
    dropout = EdgeDropout(operator)
    draws = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        draws.append(dropout.draw(0.5).matrix.to_dense())
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    assert dropout.draw(0.0) is operator


def test_moving_to_a_device_keeps_the_draw(operator: CSROperator) -> None:
    draws = []
    for dropout in (EdgeDropout(operator), EdgeDropout(operator).to("cpu")):
        torch.manual_seed(5)
        draws.append(dropout.draw(0.5).transposed.to_dense())
    assert torch.equal(*draws)
