"""A scorer that adds up item-item weights over a history: what ItemKNN and EASE become once fitted."""

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from kgrec.data.user_items import UserItems

PARTS = {"indptr": np.int32, "indices": np.int32, "data": np.float32}
"""What a CSR matrix is saved as."""


class ItemItemModel:
    """``s(u, i) = sum_{j in history(u)} w_uj W_ji`` with sparse ``W`` ``(n_items, n_items)``.

    An empty history scores 0 for every item. Memory: ``W`` and the histories, both sparse; a call holds the
    batch's scores twice, sparse and dense.

    The products are scipy's, on the CPU: torch's product of two sparse CSR matrices keeps the memory of every
    result (torch 2.13 with MKL: 9 GB after ranking 114,737 people). Scores then move to ``device``.
    """

    def __init__(
        self, weights: sp.csr_matrix, history: sp.csr_matrix, device: torch.device | str = "cpu"
    ) -> None:
        """``weights`` ``(n_items, n_items)`` and ``history`` ``(n_users, n_items)``, both float32."""
        self.weights, self.history, self.device = weights, history, torch.device(device)
        self.n_users, self.n_items = history.shape

    @classmethod
    def from_rows(cls, rows: Sequence[sp.csr_matrix], train: UserItems) -> "ItemItemModel":
        """``rows``, stacked, are ``W'``: row i holds what the score of item i is made of."""
        return cls(sp.vstack(rows).T.tocsr(), train.matrix())

    def scores(self, users: Tensor) -> Tensor:
        """``(batch,)`` user rows -> ``(batch, n_items)``."""
        return self._product(self.history[users.cpu().numpy()])

    def scores_from_history(self, items: Tensor, weights: Tensor | None = None) -> Tensor:
        """``(m,)`` item rows and weights -> ``(n_items,)``; an item named twice counts twice."""
        values = np.ones(len(items), np.float32) if weights is None else weights.float().cpu().numpy()
        places = (np.zeros(len(items), np.int64), items.cpu().numpy())
        return self._product(sp.csr_matrix((values, places), shape=(1, self.n_items)))[0]

    def tensors(self) -> dict[str, Tensor]:
        """Both matrices as CSR."""
        matrices = {"weights": self.weights, "history": self.history}
        return {
            f"{name}_{part}": torch.from_numpy(getattr(matrix, part).astype(dtype))
            for name, matrix in matrices.items()
            for part, dtype in PARTS.items()
        }

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor]) -> "ItemItemModel":
        """Rebuild from ``tensors()``; scores will be where these tensors are."""
        n_items = len(tensors["weights_indptr"]) - 1
        weights, history = (_csr_matrix(name, tensors, n_items) for name in ("weights", "history"))
        return cls(weights, history, tensors["weights_data"].device)

    def _product(self, history: sp.csr_matrix) -> Tensor:
        # A product of two sparse matrices costs the terms of the sum; a dense factor would cost every weight.
        return torch.from_numpy((history @ self.weights).toarray()).to(self.device)


def keep_largest(rows: Tensor, kept: int) -> sp.csr_matrix:
    """Dense ``(n, m)`` to CSR with the ``kept`` largest ``|w|`` of each row; zeros are never stored."""
    if kept >= rows.shape[1]:
        return sp.csr_matrix(rows.numpy())
    columns = rows.abs().topk(kept, dim=1).indices
    values = rows.gather(1, columns).numpy().ravel()
    indptr = np.arange(len(rows) + 1) * kept
    matrix = sp.csr_matrix((values, columns.numpy().ravel(), indptr), shape=tuple(rows.shape))
    matrix.eliminate_zeros()
    return matrix


def _csr_matrix(name: str, tensors: dict[str, Tensor], n_columns: int) -> sp.csr_matrix:
    indptr, indices, data = (tensors[f"{name}_{part}"].cpu().numpy() for part in PARTS)
    return sp.csr_matrix((data, indices, indptr), shape=(len(indptr) - 1, n_columns))
