"""Pairwise knowledge-graph losses: known facts above corrupted ones."""

from torch import Tensor
from torch.nn import functional as F


def triple_score(head: Tensor, relation: Tensor, tail: Tensor, scorer: str) -> Tensor:
    """Plausibility of triples, higher = more plausible; all ``(n, dim)`` -> ``(n,)``.

    ``distmult``: ``sum h * r * t`` (Yang et al. 2015, https://arxiv.org/abs/1412.6575). ``transe``: ``-|h +
    r - t|_2`` (Bordes et al. 2013, Translating Embeddings for Modeling Multi-relational Data).
    """
    if scorer == "distmult":
        return (head * relation * tail).sum(1)
    if scorer == "transe":
        # The small constant keeps the gradient finite where h + r = t exactly.
        return -((head + relation - tail).square().sum(1) + 1e-12).sqrt()
    raise ValueError(f"the triple scorer is {scorer!r}; use distmult or transe")


def pairwise_loss(positive: Tensor, negative: Tensor) -> Tensor:
    """``softplus(s_neg - s_pos)``, ``(n,)`` each: ``triple`` and ``anchored`` terms alike."""
    return F.softplus(negative - positive)
