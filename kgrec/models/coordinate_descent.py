"""Many small elastic nets at once, a coordinate at a time."""

import torch
from torch import Tensor


def coordinate_descent(
    systems: Tensor, targets: Tensor, first: Tensor, l1: float, nonnegative: bool, sweeps: int
) -> Tensor:
    """``min_w w'Aw / 2 - b'w + l1 |w|_1`` of every system, where asked under ``w >= 0``.

    ``systems`` ``(n, m, m)`` are symmetric and positive definite, ``targets`` b and ``first``, where the
    descent starts, are ``(n, m)``, as is the answer. A step sets one weight to its best value given the
    others, ``w_k = soft(b_k - sum_{j != k} A_kj w_j, l1) / A_kk``: Friedman et al. 2007, Pathwise Coordinate
    Optimization, https://doi.org/10.1214/07-AOAS131. The objective never rises; ``sweeps`` steps over all
    weights cost ``sweeps n m^2`` multiplications.
    """
    weights = first.clamp(min=0.0) if nonnegative else first.clone()
    products = torch.bmm(systems, weights.unsqueeze(2)).squeeze(2)
    lowest = 0.0 if nonnegative else -torch.inf
    for _ in range(sweeps):
        for k in range(weights.shape[1]):
            curvature = systems[:, k, k]
            rest = targets[:, k] - products[:, k] + curvature * weights[:, k]
            shrunk = torch.sign(rest) * (rest.abs() - l1).clamp(min=0.0)
            step = (shrunk / curvature).clamp(min=lowest) - weights[:, k]
            weights[:, k] += step
            products += systems[:, k] * step.unsqueeze(1)
    return weights
