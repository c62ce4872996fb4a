"""Accuracy of a ranking, per user: pure functions of hits and of how many items a good ranking holds.

All take ``hits`` ``(n, depth)`` bool (whether the item at each place is in the truth), ``n_truth`` ``(n,)``
(at least 1) and ``k`` <= depth, and return ``(n,)`` float64.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Metric = Callable[[Tensor, Tensor, int], Tensor]


def recall(hits: Tensor, n_truth: Tensor, k: int) -> Tensor:
    """``hits in the first k / |truth|``."""
    return hits[:, :k].sum(1).double() / n_truth


def precision(hits: Tensor, n_truth: Tensor, k: int) -> Tensor:
    """``hits in the first k / k``."""
    return hits[:, :k].sum(1).double() / k


def f1(hits: Tensor, n_truth: Tensor, k: int) -> Tensor:
    """Harmonic mean of precision and recall: ``2 hits / (k + |truth|)``."""
    return 2 * hits[:, :k].sum(1).double() / (k + n_truth)


def hit(hits: Tensor, n_truth: Tensor, k: int) -> Tensor:
    """1 where any of the first k is a hit."""
    return hits[:, :k].any(1).double()


def mrr(hits: Tensor, n_truth: Tensor, k: int) -> Tensor:
    """``1 / place of the first hit``, 0 without one in the first k."""
    first = hits[:, :k].int().argmax(1)
    return hits[:, :k].any(1).double() / (first + 1)


def ndcg(hits: Tensor, n_truth: Tensor, k: int) -> Tensor:
    """``sum_hits 1 / log2(place + 1)`` over the same sum of the best possible ranking, min(|truth|, k) hits
    first.

    Järvelin and Kekäläinen 2002, https://doi.org/10.1145/582415.582418.
    """
    discount = 1.0 / torch.log2(torch.arange(2, k + 2, dtype=torch.float64, device=hits.device))
    ideal = discount.cumsum(0)[n_truth.clamp(max=k) - 1]
    return (hits[:, :k] * discount).sum(1) / ideal


def average_precision(hits: Tensor, n_truth: Tensor, k: int) -> Tensor:
    """``sum over hits in the first k of precision at that place / min(|truth|, k)``.

    TREC's AP divides by |truth| instead.
    """
    found = hits[:, :k].double()
    places = torch.arange(1, k + 1, dtype=torch.float64, device=hits.device)
    return (found.cumsum(1) / places * found).sum(1) / n_truth.clamp(max=k)


METRICS: dict[str, Metric] = {
    "recall": recall,
    "precision": precision,
    "f1": f1,
    "ndcg": ndcg,
    "mrr": mrr,
    "hit": hit,
    "map": average_precision,
}
