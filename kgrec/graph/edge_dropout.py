"""Operators whose entries are dropped at random: KGIN's node dropout, without a new sparse matrix a step."""

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from kgrec.graph.csr import CSROperator


class EdgeDropout:
    """``A`` with each entry kept with probability ``1 - rate`` and divided by it, else 0.

    The places of the entries stay what they are: a draw costs ``entries`` random numbers and a look-up, and
    no matrix is sorted anew. Dropped entries are multiplied all the same.
    """

    def __init__(self, operator: CSROperator, order: Tensor | None = None) -> None:
        """``order`` ``(entries,)``: where each entry of the transposed matrix lies in the matrix; made from
        ``operator``, on the CPU, where it is None."""
        self.operator = operator
        self.order = _transposed_order(operator) if order is None else order

    def to(self, device: torch.device | str) -> "EdgeDropout":
        """The same operator with its tensors on ``device``."""
        return EdgeDropout(self.operator.to(device), self.order.to(device))

    def draw(self, rate: float) -> CSROperator:
        """A fresh draw from torch's global generator, as in ``nn.Dropout``; ``A`` itself for a rate of 0."""
        if rate == 0:
            return self.operator
        values = self.operator.matrix.values()
        kept = torch.nn.functional.dropout(values, rate)
        transposed = _with_values(self.operator.transposed, kept[self.order])
        return CSROperator(_with_values(self.operator.matrix, kept), transposed)


def _with_values(matrix: Tensor, values: Tensor) -> Tensor:
    return torch.sparse_csr_tensor(matrix.crow_indices(), matrix.col_indices(), values, size=matrix.shape)


def _transposed_order(operator: CSROperator) -> Tensor:
    matrix = operator.matrix
    # Counted from 1, because a matrix that is sparse to SciPy has no entry where 0 is.
    numbers = np.arange(1, operator.n_entries + 1, dtype=np.int64)
    coordinates = (numbers, matrix.col_indices().numpy(), matrix.crow_indices().numpy())
    transposed = sp.csr_matrix(coordinates, shape=operator.shape).T.tocsr()
    transposed.sort_indices()
    return torch.from_numpy(transposed.data - 1)
