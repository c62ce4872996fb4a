"""Weighted sums over each node's neighbours, with a gradient for the weights: what attention needs."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from kgrec.graph.csr import product

CHUNK_EDGES = 2**16
"""Edges whose two end vectors are held at once while the gradient of their weights is made."""


class Neighbourhood:
    """Edges ``source -> target`` sorted by target, and the order that sorts them by source.

    ``weights`` of edges ``(edges,)`` are in the order of ``target`` and ``source``.
    """

    def __init__(self, target: Tensor, source: Tensor, shape: tuple[int, int]) -> None:
        """``target`` ascending and ``source``, ``(edges,)`` int64; ``shape``: (targets, sources)."""
        self.target, self.source, self.shape = target, source, shape
        self.by_source = source.argsort(stable=True)
        self._starts = _starts(target, shape[0])
        self._starts_by_source = _starts(source, shape[1])

    def to(self, device: torch.device | str) -> "Neighbourhood":
        """The same edges on ``device``."""
        return Neighbourhood(self.target.to(device), self.source.to(device), self.shape)

    def __len__(self) -> int:
        """Number of edges."""
        return len(self.target)

    def softmax(self, logits: Tensor, kept: Tensor | None = None) -> Tensor:
        """``exp(l_e) / sum_e' exp(l_e')`` over the edges of each target, ``(edges,)``.

        Edges where ``kept`` ``(edges,)`` bool is false get 0; a target that keeps none has all zeros.
        """
        if kept is not None:
            logits = logits.masked_fill(~kept, -torch.inf)
        finite = torch.finfo(logits.dtype)
        top = logits.new_full((self.shape[0],), finite.min)
        top.scatter_reduce_(0, self.target, logits.detach(), "amax")
        shares = (logits - top[self.target]).exp()
        total = shares.new_zeros(self.shape[0]).index_add(0, self.target, shares)
        return shares / total.clamp(min=finite.tiny)[self.target]

    def weighted_sum(self, weights: Tensor, x: Tensor) -> Tensor:
        """``y_t = sum_e w_e x_source(e)``: ``weights`` ``(edges,)``, ``x`` ``(sources, dim)`` -> ``(targets,
        dim)``, differentiable once in both. One sparse product forward, one and a pass over the edges back;
        no (edges, dim) tensor outlives its chunk."""
        result: Tensor = _WeightedSum.apply(weights, x, self)
        return result

    def matrix(self, weights: Tensor) -> Tensor:
        """Sparse CSR ``(targets, sources)``."""
        return torch.sparse_csr_tensor(self._starts, self.source.int(), weights, size=self.shape)

    def transposed(self, weights: Tensor) -> Tensor:
        """Sparse CSR ``(sources, targets)``."""
        columns, values = self.target[self.by_source].int(), weights[self.by_source]
        return torch.sparse_csr_tensor(self._starts_by_source, columns, values, size=self.shape[::-1])


class _WeightedSum(torch.autograd.Function):
    """y = W x with W sparse; torch's own backward would make a dense gradient of W."""

    @staticmethod
    def forward(ctx: Any, weights: Tensor, x: Tensor, edges: Neighbourhood) -> Tensor:
        ctx.save_for_backward(weights, x)
        ctx.edges = edges
        return product(edges.matrix(weights), x)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:
        weights, x = ctx.saved_tensors
        edges: Neighbourhood = ctx.edges
        of_weights = torch.empty_like(weights)
        for first in range(0, len(edges), CHUNK_EDGES):
            chunk = slice(first, first + CHUNK_EDGES)
            ends = grad[edges.target[chunk]], x[edges.source[chunk]]
            torch.sum(ends[0] * ends[1], 1, out=of_weights[chunk])
        return of_weights, product(edges.transposed(weights), grad), None


def _starts(rows: Tensor, n_rows: int) -> Tensor:
    return F.pad(torch.bincount(rows, minlength=n_rows).cumsum(0), (1, 0)).int()
