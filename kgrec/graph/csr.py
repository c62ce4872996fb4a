"""Sparse CSR operators with int32 indices: the only kernel that multiplies by an adjacency."""

from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from kgrec.graph.rows import entries

INT32_MAX = 2**31 - 1


class CSROperator:
    """A constant sparse matrix ``A`` that multiplies dense matrices and knows its transpose.

    ``A @ x`` costs one CSR product forward and one (by the transpose) backward, and holds no (edges, dim)
    tensor. Indices are int32: on two CPU cores this halves the time of int64. A symmetric matrix is its own
    transpose, so it is stored once.
    """

    def __init__(self, matrix: Tensor, transposed: Tensor | None = None) -> None:
        """``matrix`` ``(rows, columns)`` and ``transposed`` are sparse CSR; None means that A is
        symmetric."""
        self._matrix = matrix
        self._transposed = matrix if transposed is None else transposed

    @classmethod
    def from_edges(
        cls, rows: Tensor, columns: Tensor, values: Tensor, shape: tuple[int, int], symmetric: bool = False
    ) -> "CSROperator":
        """Sum the entries ``(rows[e], columns[e], values[e])``; ``symmetric`` is the caller's promise."""
        coo = (values.numpy(), (rows.numpy(), columns.numpy()))
        matrix = sp.csr_matrix(coo, shape=shape, dtype=np.float32)
        transposed = None if symmetric else csr_tensor(matrix.T.tocsr())
        return cls(csr_tensor(matrix), transposed)

    @property
    def shape(self) -> tuple[int, int]:
        """``(rows, columns)``."""
        return self._matrix.shape[0], self._matrix.shape[1]

    @property
    def n_entries(self) -> int:
        """Number of stored entries."""
        return int(self._matrix.values().numel())

    @property
    def matrix(self) -> Tensor:
        """The sparse CSR tensor ``(rows, columns)``."""
        return self._matrix

    @property
    def transposed(self) -> Tensor:
        """The sparse CSR tensor ``(columns, rows)``."""
        return self._transposed

    def transpose(self) -> "CSROperator":
        """``A^T``, of the same tensors."""
        return CSROperator(self._transposed, self._matrix)

    def to(self, device: torch.device | str) -> "CSROperator":
        """The same operator with its tensors on ``device``."""
        matrix = self._matrix.to(device)
        transposed = None if self._transposed is self._matrix else self._transposed.to(device)
        return CSROperator(matrix, transposed)

    def with_values(self, values: Tensor) -> "CSROperator":
        """The same entries with other ``values`` ``(n_entries,)``, ordered like ``matrix.values()``: by row,
        then by column.

        For values that change while the pattern stays, such as attention: ask the same operator each time.
        The index tensors are shared; the first call sorts the entries once, every call copies ``values`` into
        the order of the transpose. A symmetric pattern need not keep symmetric values.
        """
        transposed = _refilled(self._transposed, values[self._transpose_order])
        return CSROperator(_refilled(self._matrix, values), transposed)

    def rows(self, chosen: Tensor) -> "CSROperator":
        """Some rows of the matrix, ``chosen`` ``(n,)``: ``(n, columns)``. Cost: a sort of their entries."""
        columns, values = self._matrix.col_indices(), self._matrix.values()
        row, place = entries(self._matrix.crow_indices().long(), chosen)
        columns, values = columns[place], values[place]
        shape = len(chosen), self.shape[1]
        order = columns.argsort(stable=True)
        turned = _from_sorted(columns[order], row[order], values[order], (shape[1], shape[0]))
        return CSROperator(_from_sorted(row, columns, values, shape), turned)

    @cached_property
    def _transpose_order(self) -> Tensor:
        """``(n_entries,)`` where each entry of the transpose stands in the matrix."""
        # Stable, so that the entries of a column stay in the order of their rows, as the transpose has them.
        return self._matrix.col_indices().argsort(stable=True)

    def __matmul__(self, x: Tensor) -> Tensor:
        """``(columns, dim)`` -> ``(rows, dim)``, differentiable in ``x``."""
        result: Tensor = _Multiply.apply(x, self)
        return result


class _Multiply(torch.autograd.Function):
    """y = A x; dx = A^T dy. torch's own backward would build a gradient for A as well."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, operator: CSROperator) -> Tensor:
        ctx.operator = operator
        return product(operator.matrix, x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return product(ctx.operator.transposed, grads[0]), None


def product(matrix: Tensor, dense: Tensor) -> Tensor:
    """CSR ``(rows, columns)`` times dense ``(columns, dim)``, outside autograd.

    On a CPU by torch's own kernel: on an AMD processor it took 68 ms where the vendor library behind ``@``
    took 105 (2.76 million entries, 64 dims, two threads), with the same bits as result. It has no CUDA form.
    """
    if dense.device.type == "cpu" and matrix.values().numel() > 0:
        return torch.sparse.mm(matrix, dense.contiguous(), "sum")
    return matrix @ dense.contiguous()


def _from_sorted(rows: Tensor, columns: Tensor, values: Tensor, shape: tuple[int, int]) -> Tensor:
    """CSR ``shape`` with int32 indices of entries whose rows ascend."""
    starts = torch.zeros(shape[0] + 1, dtype=torch.int32, device=rows.device)
    torch.cumsum(torch.bincount(rows, minlength=shape[0]), 0, dtype=torch.int32, out=starts[1:])
    return torch.sparse_csr_tensor(starts, columns.int(), values, size=shape)


def _refilled(matrix: Tensor, values: Tensor) -> Tensor:
    """CSR with the index tensors of ``matrix`` and other values."""
    return torch.sparse_csr_tensor(matrix.crow_indices(), matrix.col_indices(), values, size=matrix.shape)


def csr_tensor(matrix: sp.csr_matrix) -> Tensor:
    """A sparse matrix as torch CSR on the CPU, float32 with int32 indices, each row's columns ascending.

    Raises:
        ValueError: the matrix has more entries than int32 can count.
    """
    matrix.sum_duplicates()
    if matrix.nnz > INT32_MAX:
        raise ValueError(f"{matrix.nnz:,} entries do not fit int32 indices; at most {INT32_MAX:,} do")
    return torch.sparse_csr_tensor(
        torch.from_numpy(matrix.indptr.astype(np.int32)),
        torch.from_numpy(matrix.indices.astype(np.int32)),
        torch.from_numpy(matrix.data.astype(np.float32)),
        size=matrix.shape,
    )
