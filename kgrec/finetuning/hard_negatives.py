"""Negatives that the encoder itself takes for answers."""

import numpy as np
import torch
from torch import Tensor

from kgrec.features.text import Encoder
from kgrec.finetuning.pair_rows import PairRows

_AT_ONCE = 512
NONE = -1


def mine(encoder: Encoder, rows: PairRows, candidates: np.ndarray, pool: int, margin: float) -> np.ndarray:
    """``(queries, pool)`` text rows near each query, best first, ``NONE`` where there are too few.

    ``candidates`` are the text rows to look among. A query's own items stay out, and so does what scores
    above ``margin`` times its worst positive: unlabelled, but likely right (positive-aware mining, Moreira
    et al. 2024, https://arxiv.org/abs/2407.15831). Cost: every query, candidate and positive is encoded
    once.
    """
    x = encoder.encode(rows.queries, "query")
    y = encoder.encode([rows.texts[row] for row in candidates], "passage")
    limits = margin * _worst_positive(encoder, rows, x)
    # A product of cosines below zero times a margin would let in what scores above the positive.
    limits = torch.minimum(limits, limits / margin**2)
    found = np.full((len(rows.queries), pool), NONE, dtype=np.int64)
    k = min(pool, len(candidates))
    for start in range(0, len(rows.queries), _AT_ONCE):
        query = np.arange(start, min(start + _AT_ONCE, len(rows.queries)))
        scores = x[query] @ y.T
        own = torch.from_numpy(rows.positive(query[:, None], candidates[None, :])).to(scores.device)
        scores[own | (scores > limits[query].unsqueeze(1))] = -torch.inf
        top = scores.topk(k, dim=1)
        picked = candidates[top.indices.cpu().numpy()]
        found[query, :k] = np.where(torch.isfinite(top.values).cpu().numpy(), picked, NONE)
    return found


def _worst_positive(encoder: Encoder, rows: PairRows, x: Tensor) -> Tensor:
    """``(queries,)``: the lowest score among each query's own items."""
    needed = np.unique(rows.text)
    own = encoder.encode([rows.texts[row] for row in needed], "passage")
    query = torch.from_numpy(rows.query).to(x.device)
    place = torch.from_numpy(np.searchsorted(needed, rows.text)).to(x.device)
    scores = (x[query] * own[place]).sum(1)
    worst = torch.full((len(rows.queries),), torch.inf, device=x.device)
    return worst.scatter_reduce(0, query, scores, "amin")


def draw(mined: np.ndarray, query: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Up to ``count`` distinct mined text rows of each query of a batch, all in one array."""
    drawn = []
    for row in query:
        found = mined[row][mined[row] != NONE]
        drawn.append(rng.permutation(found)[:count])
    return np.concatenate(drawn) if drawn else np.zeros(0, np.int64)
