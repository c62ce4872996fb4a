"""A scorer that adds up item-item weights over a history: what ItemKNN and EASE become once they are fitted."""

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from kgrec.data.user_items import UserItems
from kgrec.graph.csr import csr_tensor

PARTS = ("indptr", "indices", "values")


class ItemItemModel:
    """``s(u, i) = sum_{j in history(u)} w_uj W_ji`` with sparse ``W`` ``(n_items, n_items)``.

    An empty history scores 0 for every item. Memory: ``W`` and the histories, both sparse; a call holds the
    batch's scores twice, sparse and dense.
    """

    def __init__(self, weights: Tensor, history: Tensor) -> None:
        """``weights`` ``(n_items, n_items)``, ``history`` ``(n_users, n_items)``: sparse CSR, float32, int32."""
        self.weights, self.history = weights, history
        self.n_users, self.n_items = history.shape

    @classmethod
    def from_rows(cls, rows: Sequence[sp.csr_matrix], train: UserItems) -> "ItemItemModel":
        """``rows``, stacked, is ``W' (n_items, n_items)``: row i holds what the score of item i is made of."""
        weights = sp.vstack(rows).T.tocsr()
        return cls(csr_tensor(weights), csr_tensor(train.matrix()))

    def scores(self, users: Tensor) -> Tensor:
        """``(batch,)`` user rows -> ``(batch, n_items)``."""
        return _product(_chosen_rows(self.history, users), self.weights)

    def scores_from_history(self, items: Tensor, weights: Tensor | None = None) -> Tensor:
        """``(m,)`` item rows and weights -> ``(n_items,)``; an item named twice counts twice."""
        device = self.weights.device
        values = torch.ones(len(items)) if weights is None else weights.float()
        order = items.argsort()
        history = torch.sparse_csr_tensor(
            torch.tensor([0, len(items)], dtype=torch.int32, device=device),
            items[order].to(device, torch.int32),
            values.to(items.device)[order].to(device),
            size=(1, self.n_items),
        )
        return _product(history, self.weights)[0]

    def tensors(self) -> dict[str, Tensor]:
        """Both matrices as CSR."""
        return _csr_parts("weights", self.weights) | _csr_parts("history", self.history)

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor]) -> "ItemItemModel":
        """Rebuild from ``tensors()``."""
        n_items = len(tensors["weights_indptr"]) - 1
        return cls(_from_parts("weights", tensors, n_items), _from_parts("history", tensors, n_items))


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


def _product(left: Tensor, right: Tensor) -> Tensor:
    # The product of two sparse matrices costs the terms of the sum; a dense factor would cost n_items times as much.
    return (left @ right).to_dense()


def _chosen_rows(matrix: Tensor, rows: Tensor) -> Tensor:
    """The given rows of a CSR matrix, in the order given, as CSR."""
    rows = rows.to(matrix.device)
    starts, stops = matrix.crow_indices()[rows], matrix.crow_indices()[rows + 1]
    indptr = torch.zeros(len(rows) + 1, dtype=torch.int32, device=matrix.device)
    indptr[1:] = (stops - starts).cumsum(0)
    row_of_entry = torch.repeat_interleave(stops - starts)
    place = torch.arange(len(row_of_entry), device=matrix.device) + (starts - indptr[:-1])[row_of_entry]
    size = (len(rows), matrix.shape[1])
    return torch.sparse_csr_tensor(indptr, matrix.col_indices()[place], matrix.values()[place], size=size)


def _csr_parts(name: str, matrix: Tensor) -> dict[str, Tensor]:
    parts = (matrix.crow_indices(), matrix.col_indices(), matrix.values())
    return {f"{name}_{part}": tensor for part, tensor in zip(PARTS, parts, strict=True)}


def _from_parts(name: str, tensors: dict[str, Tensor], n_columns: int) -> Tensor:
    indptr, indices, values = (tensors[f"{name}_{part}"] for part in PARTS)
    return torch.sparse_csr_tensor(indptr, indices, values, size=(len(indptr) - 1, n_columns))
