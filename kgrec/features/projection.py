"""Principal components as a linear map: where a learned projection may start."""

import torch
from torch import Tensor

_ROWS_AT_ONCE = 65_536


def principal_map(x: Tensor, dim: int, std: float) -> tuple[Tensor, Tensor]:
    """Weight ``(dim, d)`` and bias ``(dim,)`` that map rows of ``x`` ``(n, d)`` to principal components.

    ``W x + b = s V^T (x - mean)`` with V the eigenvectors of the covariance by falling eigenvalue and s such
    that the mapped rows have the standard deviation ``std`` over all their numbers. Deterministic: the sign
    of a component is that which makes its largest weight positive. Components beyond the rank of ``x`` are
    zero. Computed in float64, a slice of rows at a time: d^2 numbers and one slice are held.
    """
    if len(x) == 0:
        return x.new_zeros(dim, x.shape[1]), x.new_zeros(dim)
    mean = x.mean(dim=0, dtype=torch.float64)
    covariance = torch.zeros(x.shape[1], x.shape[1], dtype=torch.float64, device=x.device)
    for rows in x.split(_ROWS_AT_ONCE):
        centred = rows.double() - mean
        covariance += centred.T @ centred
    values, vectors = torch.linalg.eigh(covariance / len(x))
    values, vectors = values.flip(0)[:dim].clamp(min=0.0), vectors.flip(1)[:, :dim]
    real = values > 1e-10 * values.sum()
    largest = vectors.gather(0, vectors.abs().argmax(dim=0, keepdim=True))
    kept = vectors * largest.sign() * real
    variance = (values * real).sum() / dim
    scale = std / variance.sqrt() if variance > 0 else torch.zeros((), dtype=torch.float64, device=x.device)
    weight = torch.zeros(dim, x.shape[1], dtype=torch.float64, device=x.device)
    weight[: kept.shape[1]] = scale * kept.T
    return weight.float(), (-(weight @ mean)).float()
