"""Operators whose entries are dropped at random: KGIN's node dropout, without a new sparse matrix a step."""

import torch

from kgrec.graph.csr import CSROperator


class EdgeDropout:
    """``A`` with each entry kept with probability ``1 - rate`` and divided by it, else 0.

    The places of the entries stay what they are: a draw costs ``entries`` random numbers and a look-up, and
    no matrix is sorted anew. Dropped entries are multiplied all the same.
    """

    def __init__(self, operator: CSROperator) -> None:
        self.operator = operator

    def to(self, device: torch.device | str) -> "EdgeDropout":
        """The same operator with its tensors on ``device``."""
        return EdgeDropout(self.operator.to(device))

    def rows(self, chosen: torch.Tensor) -> "EdgeDropout":
        """Some rows of the operator, ``chosen`` ``(n,)``: ``(n, columns)``. Cost: a sort of their entries."""
        return EdgeDropout(self.operator.rows(chosen))

    def draw(self, rate: float) -> CSROperator:
        """A fresh draw from torch's global generator, as in ``nn.Dropout``; ``A`` itself for a rate of 0."""
        if rate == 0:
            return self.operator
        values = self.operator.matrix.values()
        return self.operator.with_values(torch.nn.functional.dropout(values, rate))
