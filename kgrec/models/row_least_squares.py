"""Half a sweep of alternating least squares: every row of a sparse matrix solved in dense batches."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

ENTRIES = 2**24
"""Numbers that a batch may hold: its padded vectors and its systems, 64 MB of float32."""

CPU_ENTRIES = 2**21
"""The same on a CPU, where what leaves its cache made lastfm's sweeps take 1.8 times as long."""


@dataclass(frozen=True)
class Penalties:
    """Weight of the cells without an interaction, and the ridge with its scaling (see fit_ials)."""

    w0: float
    l2: float
    nu: float

    def gram(self, vectors: Tensor) -> Tensor:
        """``w0 V'V`` ``(dim, dim)``: what all cells add to every system."""
        return self.w0 * (vectors.T @ vectors)

    def ridge(self, counts: Tensor, n_columns: int) -> Tensor:
        """``l2 (count + w0 n_columns)^nu`` ``(batch,)`` for rows with ``counts`` interactions."""
        return self.l2 * (counts + self.w0 * n_columns) ** self.nu


class SparseRows:
    """A CSR matrix on a device, with its rows grouped by length so that padding wastes little."""

    def __init__(self, matrix: sp.csr_matrix, device: torch.device | str = "cpu") -> None:
        """``matrix`` ``(n_rows, n_columns)`` of non-negative weights."""
        self.n_rows, self.n_columns = matrix.shape
        parts = (matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), matrix.data)
        self._starts, self._columns, self._weights = (torch.from_numpy(part).to(device) for part in parts)
        lengths = np.diff(matrix.indptr)
        order = np.argsort(-lengths, kind="stable")
        self._order, self._lengths = torch.from_numpy(order).to(device), lengths[order].tolist()

    def batches(self, dim: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Rows ``(batch,)`` and their padded columns and weights ``(batch, length)``; a pad weighs 0."""
        first, entries = 0, CPU_ENTRIES if self._order.device.type == "cpu" else ENTRIES
        while first < self.n_rows:
            length = max(1, self._lengths[first])
            rows = self._order[first : first + max(1, entries // (2 * dim * (length + dim)))]
            starts, stops = self._starts[rows].unsqueeze(1), self._starts[rows + 1].unsqueeze(1)
            places = starts + torch.arange(length, device=rows.device)
            inside = places < stops
            places = torch.where(inside, places, 0)
            if len(self._columns):
                yield rows, self._columns[places], self._weights[places] * inside
            else:
                yield rows, places, inside.float()
            first += len(rows)


def solve_all(matrix: SparseRows, vectors: Tensor, penalties: Penalties) -> Tensor:
    """The best vector of each row ``(n_rows, dim)``, given those of the columns ``(n_columns, dim)``."""
    found = vectors.new_empty(matrix.n_rows, vectors.shape[1])
    gram = penalties.gram(vectors)
    for rows, columns, weights in matrix.batches(vectors.shape[1]):
        ridge = penalties.ridge((weights > 0).sum(1), matrix.n_columns)
        found[rows] = solve(vectors[columns], weights, gram, ridge)
    return found


def solve(vectors: Tensor, weights: Tensor, gram: Tensor, ridge: Tensor) -> Tensor:
    """``(sum_j w_j v_j v_j' + gram + ridge I)^-1 sum_j w_j v_j`` ``(batch, dim)``.

    ``vectors`` ``(batch, length, dim)``, ``weights`` ``(batch, length)``, ``gram`` ``(dim, dim)``, ``ridge``
    ``(batch,)``. Cost: ``dim^2 (length + dim / 3)`` multiplications a row.
    """
    weighted = vectors * weights.unsqueeze(2)
    systems = torch.baddbmm(gram, weighted.transpose(1, 2), vectors)
    systems.diagonal(dim1=1, dim2=2).add_(ridge.unsqueeze(1))
    return torch.cholesky_solve(weighted.sum(1).unsqueeze(2), torch.linalg.cholesky(systems)).squeeze(2)
