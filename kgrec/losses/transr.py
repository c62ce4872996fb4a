"""Squared translation distances of facts: TransE in one space, TransR in a space of each relation."""

import torch
from torch import Tensor
from torch.nn import functional as F

from kgrec.look_up import look_up


def transe_distance(head: Tensor, translation: Tensor, tail: Tensor) -> Tensor:
    """``|h + r - t|^2``, all ``(batch, dim)`` -> ``(batch,)``; lower = more plausible.

    Bordes et al. 2013, Translating Embeddings for Modeling Multi-relational Data, with the squared distance
    (its ``d`` may be either norm or its square).
    """
    return (head + translation - tail).square().sum(1)


def transr_distance(
    head: Tensor, relation: Tensor, tail: Tensor, relation_vectors: Tensor, projections: Tensor
) -> Tensor:
    """``|h W_r + r - t W_r|^2``: ``(batch,)``; lower = more plausible.

    Lin et al. 2015, Learning Entity and Relation Embeddings for Knowledge Graph Completion,
    https://doi.org/10.1609/aaai.v29i1.9491. ``head`` and ``tail`` ``(batch, dim)``, ``relation`` ``(batch,)``
    int64, ``relation_vectors`` ``(R, d_r)``, ``projections`` ``(R, dim, d_r)``. The projection is linear, so
    ``h - t`` is projected once, where the definition projects twice. Cost: see ``project_by_relation``.
    """
    projected = project_by_relation(head - tail, relation, projections)
    return (projected + look_up(relation_vectors, relation)).square().sum(1)


def transr_score(
    head: Tensor, relation: Tensor, tail: Tensor, relation_vectors: Tensor, projections: Tensor
) -> Tensor:
    """``-|h W_r + r - t W_r|^2``: ``(batch,)``, higher = more plausible; shapes of ``transr_distance``."""
    return -transr_distance(head, relation, tail, relation_vectors, projections)


def unit_transr_score(
    head: Tensor, relation: Tensor, tail: Tensor, relation_vectors: Tensor, projections: Tensor
) -> Tensor:
    """``-|n(h W_r) + n(r) - n(t W_r)|^2`` with ``n(x) = x / |x|``; shapes of ``transr_distance``, but
    both ends are projected apart.

    TransR's constraints hold the lengths to at most 1; RecBole's CKE makes them 1.
    """
    ends = project_by_relation(torch.cat([head, tail]), relation.repeat(2), projections)
    start, end = F.normalize(ends, dim=1).chunk(2)
    return -transe_distance(start, look_up(F.normalize(relation_vectors, dim=1), relation), end)


def project_by_relation(rows: Tensor, relation: Tensor, projections: Tensor) -> Tensor:
    """``x_b W_{r_b}`` for each row b: ``(batch, d_r)``.

    ``rows`` ``(batch, dim)``, ``relation`` ``(batch,)`` int64, ``projections`` ``(R, dim, d_r)``. One product
    a relation, over the rows sorted by relation: ``O(batch (dim + d_r))`` memory, where a matrix gathered for
    each row would take ``O(batch dim d_r)``. On a GPU the group sizes are read once a call.
    """
    order = relation.argsort()
    groups = look_up(rows, order).split(torch.bincount(relation, minlength=len(projections)).tolist())
    # unbind, because the gradient of each projections[r] would be a whole (R, dim, d_r) of zeros but for one.
    matrices = projections.unbind(0)
    projected = torch.cat([group @ matrix for group, matrix in zip(groups, matrices, strict=True)])
    return torch.empty_like(projected).index_copy(0, order, projected)
