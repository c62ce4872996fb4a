import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from kgrec.losses import logsumexp
from kgrec.losses.logsumexp import Pairs, score_logsumexp


def plain(
    rows: Tensor, columns: Tensor, temperature: float, bias: Tensor | None = None, hidden: Pairs | None = None
) -> Tensor:
    scores = rows @ columns.T / temperature
    if bias is not None:
        scores = scores + bias
    if hidden is not None:
        scores = scores.index_put(hidden, scores.new_tensor(-torch.inf))
    return torch.logsumexp(scores, 1)


def drawn(n: int, m: int, dim: int = 3) -> tuple[Tensor, Tensor, Tensor, Pairs]:
    generator = torch.Generator().manual_seed(n * 100 + m)
    rows = torch.randn(n, dim, generator=generator, dtype=torch.float64, requires_grad=True)
    columns = torch.randn(m, dim, generator=generator, dtype=torch.float64, requires_grad=True)
    bias = torch.randn(m, generator=generator, dtype=torch.float64)
    hide = torch.rand(n, m, generator=generator) < 0.3
    hide[:, 0] = False
    row, column = hide.nonzero(as_tuple=True)
    return rows, columns, bias, (row, column)


def test_by_hand() -> None:
    rows, columns = torch.tensor([[1.0, 0.0]]), torch.tensor([[2.0, 5.0], [0.0, 7.0]])
    bias = torch.tensor([0.0, math.log(3.0)])
    value = score_logsumexp(rows, columns, 2.0, bias)
    assert value.item() == pytest.approx(math.log(math.e + 3.0))


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(1, 7),
    m=st.integers(1, 6),
    chunk=st.sampled_from([1, 100, 10**6]),
    kept=st.sampled_from([0, 10**6]),
    with_bias=st.booleans(),
    with_hidden=st.booleans(),
)
def test_equals_autograd_of_the_plain_formula_however_it_is_cut(
    n: int, m: int, chunk: int, kept: int, with_bias: bool, with_hidden: bool
) -> None:
    rows, columns, bias, hidden = drawn(n, m)
    extra = (bias if with_bias else None, hidden if with_hidden else None)
    upstream = torch.linspace(-1, 2, n, dtype=torch.float64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logsumexp, "CHUNK_BYTES", chunk)
        patch.setattr(logsumexp, "KEPT_BYTES", kept)
        value = score_logsumexp(rows, columns, 0.3, *extra)
        gradients = torch.autograd.grad(value, (rows, columns), upstream)
    expected = plain(rows, columns, 0.3, *extra)
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(gradients, torch.autograd.grad(expected, (rows, columns), upstream))


def test_a_row_with_everything_hidden_is_minus_infinity_and_sends_no_gradient() -> None:
    rows = torch.ones(2, 2, requires_grad=True)
    columns = torch.ones(3, 2, requires_grad=True)
    hidden = (torch.tensor([0, 0, 0]), torch.tensor([0, 1, 2]))
    value = score_logsumexp(rows, columns, 1.0, hidden=hidden)
    assert value[0] == -torch.inf
    assert value[1].item() == pytest.approx(2 + math.log(3))
    of_rows, of_columns = torch.autograd.grad(value, (rows, columns), torch.ones(2))
    assert of_rows.tolist() == [[0.0, 0.0], [1.0, 1.0]]
    torch.testing.assert_close(of_columns, torch.full((3, 2), 1 / 3))


def test_scores_that_would_overflow_do_not() -> None:
    value = score_logsumexp(torch.tensor([[1000.0]]), torch.tensor([[1.0], [-1.0]]), 1.0)
    assert value.item() == 1000.0


def test_a_score_that_is_not_a_number_is_not_hidden() -> None:
    value = score_logsumexp(torch.tensor([[torch.nan], [1.0]]), torch.tensor([[1.0]]), 1.0)
    assert value.isnan().tolist() == [True, False]


class LargestTensor(TorchDispatchMode):
    """Remembers the elements of the largest tensor that any operation gave."""

    elements = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor):
            self.elements = max(self.elements, result.numel())
        return result


def test_beyond_the_bound_no_tensor_is_larger_than_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logsumexp, "CHUNK_BYTES", 4 * 5000)
    monkeypatch.setattr(logsumexp, "KEPT_BYTES", 4 * 200 * 1000 - 1)
    rows, columns = torch.randn(200, 4, requires_grad=True), torch.randn(1000, 4, requires_grad=True)
    with LargestTensor() as largest:
        score_logsumexp(rows, columns, 1.0).sum().backward()
    assert 0 < largest.elements <= 5000
