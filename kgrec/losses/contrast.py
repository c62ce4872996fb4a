"""Contrast between two views of the same nodes: InfoNCE with the other nodes as negatives."""

from torch import Tensor
from torch.nn import functional as F

from kgrec.losses.logsumexp import score_logsumexp


def info_nce(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """``-log exp(cos(a_b, c_b) / tau) / sum_j exp(cos(a_b, c_j) / tau)`` for each node b: ``(batch,)``.

    van den Oord et al. 2018, https://arxiv.org/abs/1807.03748; between two views of a graph: Wu et al. 2021
    (SGL), https://arxiv.org/abs/2010.10783. ``first`` and ``second`` ``(batch, dim)`` are two views of the
    same nodes in the same order; the node itself is in the sum. Give each node once (``Tensor.unique`` of a
    batch's rows): a node that came twice would be its own negative. One direction; add ``info_nce(second,
    first)`` for both. Memory: see ``score_logsumexp``.
    """
    a, c = F.normalize(first, dim=1), F.normalize(second, dim=1)
    return score_logsumexp(a, c, temperature) - (a * c).sum(1) / temperature
