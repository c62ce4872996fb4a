"""Several lists into one: by ranks alone, or by scores brought to one scale."""

from collections.abc import Mapping

import numpy as np

from kgrec.errors import ConfigError
from kgrec.retrieval.base import NOTHING, Candidates, best_among

SCALES = ("minmax", "z")


def reciprocal_rank(
    lists: Mapping[str, Candidates], k: float = 60.0, weights: Mapping[str, float] | None = None
) -> Candidates:
    """``s(i) = sum_l w_l / (k + rank_l(i))``, ranks as `ranks` has them; a list without i adds nothing.

    Reciprocal rank fusion, Cormack et al., SIGIR 2009, https://doi.org/10.1145/1571941.1572114. Every item of
    every list is in the answer. Lists without a weight count once.
    """
    items, places = _union(lists)
    totals = np.zeros(len(items))
    for name, found in lists.items():
        weight = 1.0 if weights is None else weights.get(name, 1.0)
        totals[places[name]] += weight / (k + ranks(found))
    return best_among(items, totals, len(items)) if len(items) else NOTHING


def ranks(found: Candidates) -> np.ndarray:
    """``(n,)`` int64 rank of each candidate, from 1; equal scores share their first rank.

    A brand has dozens of items that knowledge alone cannot tell apart: numbering them 1 to 50 would put an
    order into the fused list that nobody has an opinion on.
    """
    return np.searchsorted(-found.scores, -found.scores, side="left") + 1


def convex(
    lists: Mapping[str, Candidates], weights: Mapping[str, float] | None = None, scale: str = "minmax"
) -> Candidates:
    """``s(i) = sum_l w_l f_l(s_l(i)) / sum_l w_l``: scores on one scale per query and list, then averaged.

    ``minmax``: f maps a list's scores onto [0, 1]; ``z``: to mean 0 and standard deviation 1. An item that a
    list lacks gets the list's lowest value there. A list with one score throughout says that all of its items
    are as good: 1 by minmax, 0 by z. Lists without a weight count once; the weights that are there are
    scaled to sum 1. Bruch et al., TOIS 2023, https://arxiv.org/abs/2210.11934.

    Raises:
        ConfigError: there is no such scale.
    """
    if scale not in SCALES:
        raise ConfigError(f"scale is {scale!r}; use one of {', '.join(SCALES)}")
    items, places = _union(lists)
    totals, sum_of_weights = np.zeros(len(items)), 0.0
    for name, found in lists.items():
        weight = 1.0 if weights is None else weights.get(name, 1.0)
        if len(found) == 0 or weight == 0:
            continue
        scaled = _minmax(found.scores) if scale == "minmax" else _z(found.scores)
        missing = 0.0 if scale == "minmax" else float(scaled.min())
        values = np.full(len(items), missing)
        values[places[name]] = scaled
        totals += weight * values
        sum_of_weights += weight
    totals /= sum_of_weights or 1.0
    return best_among(items, totals, len(items)) if len(items) else NOTHING


def _union(lists: Mapping[str, Candidates]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """All items ascending, and for each list the places of its items among them."""
    if not lists:
        return np.empty(0, np.int64), {}
    items = np.unique(np.concatenate([found.items for found in lists.values()]))
    return items, {name: np.searchsorted(items, found.items) for name, found in lists.items()}


def _minmax(scores: np.ndarray) -> np.ndarray:
    low, high = float(scores.min()), float(scores.max())
    if high <= low:
        return np.ones(len(scores))
    return (scores.astype(np.float64) - low) / (high - low)


def _z(scores: np.ndarray) -> np.ndarray:
    values = scores.astype(np.float64)
    spread = values.std()
    # Rounding leaves a spread of 1e-9 where all scores are one; dividing by it would make noise of them.
    if spread <= 1e-9 * max(1.0, float(np.abs(values).max())):
        return np.zeros(len(values))
    return (values - values.mean()) / spread
