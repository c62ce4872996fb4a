"""The sparse kernel against dense matrices, forward and backward."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kgrec.graph import CSROperator

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")),
]


def random_operator(rows: int, columns: int, n: int, seed: int) -> tuple[CSROperator, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    row = torch.randint(rows, (n,), generator=generator)
    column = torch.randint(columns, (n,), generator=generator)
    values = torch.randn(n, generator=generator)
    dense = torch.zeros(rows, columns).index_put_((row, column), values, accumulate=True)
    return CSROperator.from_edges(row, column, values, (rows, columns)), dense


@pytest.mark.parametrize("device", DEVICES)
@given(rows=st.integers(1, 9), columns=st.integers(1, 9), n=st.integers(0, 40), seed=st.integers(0, 999))
def test_product_and_gradient_equal_the_dense_ones(
    device: str, rows: int, columns: int, n: int, seed: int
) -> None:
    operator, dense = random_operator(rows, columns, n, seed)
    operator, dense = operator.to(device), dense.to(device)
    generator = torch.Generator().manual_seed(seed)
    x, y = (torch.randn(columns, 3, generator=generator).to(device) for _ in range(2))
    x.requires_grad_()
    other = x.detach().clone().requires_grad_()
    out, expected = operator @ x, dense @ other
    assert torch.allclose(out, expected, atol=1e-5)
    weight = torch.randn(rows, 3, generator=torch.Generator().manual_seed(seed + 1)).to(device)
    (ours,) = torch.autograd.grad((out * weight).sum(), x)
    (theirs,) = torch.autograd.grad((expected * weight).sum(), other)
    assert torch.allclose(ours, theirs, atol=1e-5)
    assert torch.allclose(operator @ y, dense @ y, atol=1e-5)


def test_indices_are_int32() -> None:
    operator, _ = random_operator(5, 4, 10, 0)
    for matrix in (operator.matrix, operator.transposed):
        assert matrix.crow_indices().dtype == matrix.col_indices().dtype == torch.int32


def test_a_symmetric_operator_is_stored_once() -> None:
    row, column = torch.tensor([0, 1]), torch.tensor([1, 0])
    operator = CSROperator.from_edges(row, column, torch.ones(2), (2, 2), symmetric=True)
    assert operator.transposed is operator.matrix
    moved = operator.to("cpu")
    assert moved.transposed is moved.matrix


def test_no_edges_give_zeros() -> None:
    empty = torch.empty(0, dtype=torch.int64)
    operator = CSROperator.from_edges(empty, empty, torch.empty(0), (3, 2))
    assert torch.equal(operator @ torch.ones(2, 4), torch.zeros(3, 4))
    assert operator.shape == (3, 2)
    assert operator.n_entries == 0


@pytest.mark.parametrize("device", DEVICES)
@given(n=st.integers(0, 40), seed=st.integers(0, 999))
def test_other_values_on_the_same_entries(device: str, n: int, seed: int) -> None:
    operator, _ = random_operator(6, 5, n, seed)
    operator = operator.to(device)
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(operator.n_entries, generator=generator)
    refilled = operator.with_values(values.to(device))
    dense = torch.zeros(6, 5)
    crow, columns = operator.matrix.crow_indices().cpu(), operator.matrix.col_indices().cpu()
    for row in range(6):
        for entry in range(int(crow[row]), int(crow[row + 1])):
            dense[row, columns[entry]] = values[entry]
    x = torch.randn(5, 3, generator=generator).to(device).requires_grad_()
    weight = torch.randn(6, 3, generator=generator)
    out = refilled @ x
    assert torch.allclose(out.cpu(), dense @ x.detach().cpu(), atol=1e-5)
    (grad,) = torch.autograd.grad((out * weight.to(device)).sum(), x)
    assert torch.allclose(grad.cpu(), dense.T @ weight, atol=1e-5)


def test_a_symmetric_pattern_takes_values_that_are_not() -> None:
    row, column = torch.tensor([0, 1, 1, 2]), torch.tensor([1, 0, 2, 1])
    pattern = CSROperator.from_edges(row, column, torch.ones(4), (3, 3), symmetric=True)
    operator = pattern.with_values(torch.tensor([1.0, 2.0, 3.0, 4.0]))
    dense = torch.tensor([[0.0, 1.0, 0.0], [2.0, 0.0, 3.0], [0.0, 4.0, 0.0]])
    assert torch.equal(operator @ torch.eye(3), dense)
    assert torch.equal(operator.transposed.to_dense(), dense.T)


def test_other_values_share_the_index_tensors() -> None:
    operator, _ = random_operator(5, 4, 10, 0)
    refilled = operator.with_values(torch.ones(operator.n_entries))
    for ours, theirs in [(refilled.matrix, operator.matrix), (refilled.transposed, operator.transposed)]:
        assert ours.col_indices().data_ptr() == theirs.col_indices().data_ptr()


@given(
    rows=st.integers(1, 9),
    columns=st.integers(1, 9),
    n=st.integers(0, 40),
    chosen=st.lists(st.integers(0, 8), max_size=12),
)
def test_some_rows_equal_those_of_the_dense_matrix(
    rows: int, columns: int, n: int, chosen: list[int]
) -> None:
    operator, dense = random_operator(rows, columns, n, 3)
    picked = torch.tensor([row % rows for row in chosen], dtype=torch.int64)
    some = operator.rows(picked)
    assert some.shape == (len(picked), columns)
    torch.testing.assert_close(some.matrix.to_dense(), dense[picked])
    torch.testing.assert_close(some.transposed.to_dense(), dense[picked].T)
    assert some.matrix.col_indices().dtype == some.transposed.crow_indices().dtype == torch.int32


def test_the_transpose_shares_its_tensors() -> None:
    operator, dense = random_operator(5, 4, 10, 0)
    turned = operator.transpose()
    assert turned.shape == (4, 5)
    assert turned.matrix is operator.transposed
    torch.testing.assert_close(turned @ torch.eye(5), dense.T)
