"""How much a few vectors say the same: KGIN keeps its intents apart with it."""

import torch
from torch import Tensor
from torch.nn import functional as F

MEASURES = ("distance", "mutual", "cosine")
EPSILON = 1e-8
"""Keeps the gradient of a square root finite at 0."""


def independence_loss(vectors: Tensor, measure: str, temperature: float = 0.2) -> Tensor:
    """Dependence of the rows of ``vectors`` ``(n, dim)``; a scalar, 0 for fewer than two rows.

    Wang et al. 2021, https://arxiv.org/abs/2102.07057. ``distance``: the sum of the distance correlations of
    all pairs (Szekely et al. 2007, https://arxiv.org/abs/0803.4101), the dims being the observations.
    ``mutual``: ``sum_p -log exp(cos(p, p) / tau) / sum_q exp(cos(p, q) / tau)``. ``cosine``: the sum of the
    squared cosines of all pairs. Memory: ``4 n dim^2`` bytes for ``distance``.

    Raises:
        ValueError: there is no such measure.
    """
    if measure not in MEASURES:
        raise ValueError(f"the measure of independence is {measure!r}; use {', '.join(MEASURES)}")
    if len(vectors) < 2:
        return vectors.new_zeros(())
    if measure == "distance":
        return _pairs(_distance_correlations(vectors))
    unit = F.normalize(vectors, dim=1)
    cosines = unit @ unit.T
    if measure == "cosine":
        return _pairs(cosines.square())
    return F.cross_entropy(
        cosines / temperature, torch.arange(len(unit), device=unit.device), reduction="sum"
    )


def _pairs(table: Tensor) -> Tensor:
    """Sum over each pair of rows once."""
    return table.triu(diagonal=1).sum()


def _distance_correlations(vectors: Tensor) -> Tensor:
    """``dCor(p, q) = dCov(p, q) / sqrt(dCov(p, p) dCov(q, q))`` for all pairs, ``(n, n)``."""
    distance = (vectors.unsqueeze(2) - vectors.unsqueeze(1)).abs()
    rows, columns = distance.mean(1, keepdim=True), distance.mean(2, keepdim=True)
    centred = distance - rows - columns + distance.mean((1, 2), keepdim=True)
    squares = torch.einsum("pij,qij->pq", centred, centred) / vectors.shape[1] ** 2
    covariance = (squares.clamp(min=0) + EPSILON).sqrt()
    own = covariance.diagonal()
    return covariance / (own.unsqueeze(0) * own.unsqueeze(1) + EPSILON).sqrt()
