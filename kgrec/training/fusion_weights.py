"""Weights of a late fusion, fitted on valid: one number a member, by search on the metric itself."""

import logging
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from kgrec.models.base import FittedScorer, Scorer
from kgrec.models.late_fusion import LateFusion
from kgrec.progress import progress

log = logging.getLogger(__name__)

STEPS = (4.0, 2.0, 1.0, 0.5, 0.25)
"""Doublings of a weight that are tried, from coarse to fine: from sixteen times to a fifth more."""
SCORES_AT_ONCE = 2**27
"""Scores held a member: half a GiB."""


class CachedScores:
    """The scores of a few users, computed once: what a search over weights asks for again and again."""

    def __init__(self, scorer: FittedScorer, users: Tensor, batch_size: int) -> None:
        """Memory: ``4 len(users) n_items`` bytes."""
        self.n_users, self.n_items = scorer.n_users, scorer.n_items
        self.row = torch.full((scorer.n_users,), -1)
        self.row[users] = torch.arange(len(users))
        self.table = torch.cat([scorer.scores(batch) for batch in users.split(batch_size)])

    def scores(self, users: Tensor) -> Tensor:
        """``(batch,)`` user rows, each among the cached ones -> ``(batch, n_items)``."""
        return self.table[self.row[users].to(self.table.device)]

    def scores_from_history(self, items: Tensor, weights: Tensor | None = None) -> Tensor:
        """There is nothing but the cached users."""
        raise NotImplementedError("cached scores know no histories")

    def tensors(self) -> dict[str, Tensor]:
        """There is nothing to save."""
        raise NotImplementedError("cached scores are not saved")

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor]) -> "CachedScores":
        """There is nothing to restore."""
        raise NotImplementedError("cached scores are not saved")


def fit_weights(
    members: Mapping[str, FittedScorer], users: Tensor, evaluate: Callable[[Scorer], float], batch_size: int
) -> dict[str, float]:
    """The weights whose fusion is best by ``evaluate``, which looks at ``users`` ``(n,)`` alone.

    Starts from equal spreads, ``w_m = 1 / std(s_m)``, and multiplies one weight at a time by powers of two,
    in steps that halve, for as long as that helps. The first label's weight stays: only ratios matter.
    Memory: ``4 n n_items`` bytes a member; time: about twenty evaluations for every member but one.
    """
    cached = {name: CachedScores(members[name], users, batch_size) for name in sorted(members)}
    weights = {name: 1.0 / float(scores.table.std().clamp(min=1e-12)) for name, scores in cached.items()}

    def value(candidate: dict[str, float]) -> float:
        return evaluate(LateFusion(cached, candidate))

    best = value(weights)
    for step in progress(STEPS, desc="fusion weights", unit="step"):
        for name in list(weights)[1:]:
            for factor in (2.0**step, 2.0**-step):
                while (found := value(weights | {name: weights[name] * factor})) > best:
                    best, weights = found, weights | {name: weights[name] * factor}
    log.info("fusion weights %s: %.4f on valid", {name: f"{w:.4g}" for name, w in weights.items()}, best)
    return weights


def sample_users(users: Tensor, n_items: int, most: int, seed: int) -> Tensor:
    """At most ``most`` of ``users`` ``(n,)``, by chance; fewer where their scores would not fit."""
    n = min(len(users), most, max(1, SCORES_AT_ONCE // n_items))
    order = torch.randperm(len(users), generator=torch.Generator().manual_seed(seed))
    return users[order[:n].sort().values]
