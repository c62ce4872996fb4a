"""The denominator of a softmax over scores, without keeping more of the scores than memory allows."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

CHUNK_BYTES = 2 * 2**20
"""Scores worked on at once: few enough to stay in a processor's cache between the passes over them."""
CUDA_CHUNK_BYTES = 256 * 2**20
"""The same on a GPU, where a small chunk would cost more in launches than it saves in traffic."""
KEPT_BYTES = 512 * 2**20
"""Scores kept for the backward pass; where there are more, they are computed a second time."""

Pairs = tuple[Tensor, Tensor]


def score_logsumexp(
    rows: Tensor,
    columns: Tensor,
    temperature: float,
    bias: Tensor | None = None,
    hidden: Pairs | None = None,
) -> Tensor:
    """``log sum_j exp(x_i . y_j / tau + b_j)`` for each i: ``(n,)``; -inf where nothing is left to sum.

    ``rows`` ``(n, dim)``, ``columns`` ``(m, dim)``, ``bias`` ``(m,)``; ``hidden``: (row ascending, column)
    pairs that are left out of the sums. Differentiable once in ``rows`` and ``columns``. Cost: two products
    ``(n, dim) x (dim, m)`` more than one, for the gradients; memory: ``4 n m`` bytes up to ``KEPT_BYTES``,
    beyond that one chunk, at the price of a fourth product.
    """
    result: Tensor = _ScoreLogSumExp.apply(rows, columns, temperature, bias, hidden)
    return result


class _ScoreLogSumExp(torch.autograd.Function):
    """Keeps exp(score - maximum) alone, where autograd would keep three matrices of that size."""

    @staticmethod
    def forward(
        ctx: Any, rows: Tensor, columns: Tensor, temperature: float, bias: Tensor | None, hidden: Pairs | None
    ) -> Tensor:
        ctx.temperature, ctx.bias, ctx.hidden = temperature, bias, hidden
        keep = rows.element_size() * len(rows) * len(columns) <= KEPT_BYTES
        ctx.kept = [] if keep else None
        tops, totals = rows.new_empty(len(rows)), rows.new_empty(len(rows))
        for chunk in _chunks(rows, columns):
            shares = _scores(ctx, rows, columns, chunk)
            # A row of -inf has no maximum to subtract; 0 leaves its sum at 0 instead of nan.
            tops[chunk] = shares.amax(1).clamp(min=torch.finfo(rows.dtype).min)
            totals[chunk] = shares.sub_(tops[chunk].unsqueeze(1)).exp_().sum(1)
            if keep:
                ctx.kept.append(shares)
        ctx.save_for_backward(rows, columns, tops, totals)
        return tops + totals.log()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        rows, columns, tops, totals = ctx.saved_tensors
        # The scale goes onto the small factors, so that the shares are read by the two products only.
        scale = torch.where(totals > 0, grad / (totals * ctx.temperature), 0.0).unsqueeze(1)
        of_rows, of_columns = torch.empty_like(rows), torch.zeros_like(columns)
        scaled = rows * scale
        for place, chunk in enumerate(_chunks(rows, columns)):
            if ctx.kept is None:
                shares = _scores(ctx, rows, columns, chunk).sub_(tops[chunk].unsqueeze(1)).exp_()
            else:
                shares = ctx.kept[place]
            of_rows[chunk] = (shares @ columns).mul_(scale[chunk])
            of_columns.addmm_(shares.T, scaled[chunk])
        return of_rows, of_columns, None, None, None


def _chunks(rows: Tensor, columns: Tensor) -> Iterator[slice]:
    limit = CHUNK_BYTES if rows.device.type == "cpu" else CUDA_CHUNK_BYTES
    size = max(1, limit // (rows.element_size() * max(1, len(columns))))
    return (slice(first, min(first + size, len(rows))) for first in range(0, len(rows), size))


def _scores(ctx: Any, rows: Tensor, columns: Tensor, chunk: slice) -> Tensor:
    """``x_i . y_j / tau + b_j`` of a chunk of rows, -inf where hidden."""
    scores = (rows[chunk] / ctx.temperature) @ columns.T
    if ctx.bias is not None:
        scores += ctx.bias
    if ctx.hidden is not None:
        row, column = ctx.hidden
        if len(scores) < len(rows):
            ends = torch.tensor([chunk.start, chunk.stop], dtype=row.dtype, device=row.device)
            first, last = torch.searchsorted(row, ends).tolist()
            row, column = row[first:last] - chunk.start, column[first:last]
        scores[row, column] = -torch.inf
    return scores
