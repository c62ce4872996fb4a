"""A scorer that adds up item-item weights over a history: what ItemKNN and EASE become once they are fitted."""

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from kgrec.data.user_items import UserItems


class ItemItemModel:
    """``s(u, i) = sum_{j in history(u)} w_uj W_ji`` with sparse ``W`` ``(n_items, n_items)``.

    An empty history scores 0 for every item. Memory: ``W`` and the histories, both sparse.
    """

    def __init__(self, weights: sp.csr_matrix, history: sp.csr_matrix) -> None:
        """``weights`` ``(n_items, n_items)``, ``history`` ``(n_users, n_items)``, both float32."""
        self.weights, self.history = weights, history
        self.n_users, self.n_items = history.shape

    @classmethod
    def from_dense(cls, weights: np.ndarray, train: UserItems, max_megabytes: float) -> "ItemItemModel":
        """Keep the largest weights of each item (by size) so that the sparse form takes ``max_megabytes``."""
        return cls(sparsest(weights, max_megabytes), train.matrix())

    def scores(self, users: Tensor) -> Tensor:
        """``(batch,)`` user rows -> ``(batch, n_items)``."""
        product = self.history[users.cpu().numpy()] @ self.weights
        return torch.from_numpy(product.toarray())

    def scores_from_history(self, items: Tensor, weights: Tensor | None = None) -> Tensor:
        """``(m,)`` item rows and weights -> ``(n_items,)``."""
        values = np.ones(len(items), np.float32) if weights is None else weights.cpu().numpy().astype(np.float32)
        places = (np.zeros(len(items), np.int64), items.cpu().numpy())
        row = sp.csr_matrix((values, places), shape=(1, self.n_items))
        return torch.from_numpy((row @ self.weights).toarray()[0])

    def tensors(self) -> dict[str, Tensor]:
        """Both matrices as CSR."""
        return _csr_tensors("weights", self.weights) | _csr_tensors("history", self.history)

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor]) -> "ItemItemModel":
        """Rebuild from ``tensors()``."""
        n_items = len(tensors["weights_indptr"]) - 1
        return cls(_csr_matrix("weights", tensors, n_items), _csr_matrix("history", tensors, n_items))


def sparsest(weights: np.ndarray, max_megabytes: float) -> sp.csr_matrix:
    """Dense ``(n, n)`` to CSR, with the largest ``|w|`` of each column so that it fits (8 bytes a weight).

    Columns, because a column holds what one item's score is made of: every item keeps equally many terms.
    """
    n = len(weights)
    kept = min(n, max(1, int(max_megabytes * 2**20 / 8 / n)))
    if kept >= n:
        return sp.csr_matrix(weights.astype(np.float32))
    rows = np.argpartition(-np.abs(weights), kept - 1, axis=0)[:kept]
    values = np.take_along_axis(weights, rows, axis=0).astype(np.float32)
    columns = np.broadcast_to(np.arange(n), rows.shape)
    return sp.csr_matrix((values.ravel(), (rows.ravel(), columns.ravel())), shape=(n, n))


def _csr_tensors(name: str, matrix: sp.csr_matrix) -> dict[str, Tensor]:
    return {
        f"{name}_indptr": torch.from_numpy(matrix.indptr.astype(np.int64)),
        f"{name}_indices": torch.from_numpy(matrix.indices.astype(np.int32)),
        f"{name}_data": torch.from_numpy(matrix.data.astype(np.float32)),
    }


def _csr_matrix(name: str, tensors: dict[str, Tensor], n_columns: int) -> sp.csr_matrix:
    parts = tuple(tensors[f"{name}_{part}"].cpu().numpy() for part in ("data", "indices", "indptr"))
    return sp.csr_matrix(parts, shape=(len(parts[2]) - 1, n_columns))
