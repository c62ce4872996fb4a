"""Scorers that stand between kgrec's and its evaluator: other rows, people by histories, chance."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from kgrec.models.base import Scorer


@dataclass
class HistoryUsers:
    """Everybody as a stranger: ``scores_from_history`` of what they are known to have had."""

    scorer: Scorer
    histories: list[np.ndarray]
    """Of every user, item rows oldest first."""
    fallback: Scorer | None = None
    """Answers where nothing is known, for a scorer that has nothing to say then."""

    def __post_init__(self) -> None:
        self.n_users, self.n_items = len(self.histories), self.scorer.n_items

    def scores(self, users: Tensor) -> Tensor:
        """``(batch,)`` user rows -> ``(batch, n_items)``."""
        rows = [self.scores_from_history(torch.from_numpy(self.histories[user])) for user in users.tolist()]
        return torch.stack(rows) if rows else torch.empty(0, self.n_items)

    def scores_from_history(self, items: Tensor, weights: Tensor | None = None) -> Tensor:
        """As the scorer's own, or the fallback's."""
        if len(items) == 0 and self.fallback is not None:
            return self.fallback.scores_from_history(items, weights)
        return self.scorer.scores_from_history(items, weights)


@dataclass
class Reordered:
    """A scorer whose item row n is row ``order[n]`` outside."""

    scorer: Scorer
    order: np.ndarray
    """``(n_items,)`` a permutation."""

    def __post_init__(self) -> None:
        self.n_users, self.n_items = self.scorer.n_users, self.scorer.n_items
        place = np.empty_like(self.order)
        place[self.order] = np.arange(len(self.order))
        self.place = torch.from_numpy(place)

    def scores(self, users: Tensor) -> Tensor:
        """Columns in the order of outside."""
        return self.scorer.scores(users)[:, self.place]

    def scores_from_history(self, items: Tensor, weights: Tensor | None = None) -> Tensor:
        """Rows of outside -> scores in their order."""
        return self.scorer.scores_from_history(self.place[items], weights)[self.place]


@dataclass
class ByChance:
    """The floor: every score is drawn from (seed, user)."""

    n_users: int
    n_items: int
    seed: int = 0

    def scores(self, users: Tensor) -> Tensor:
        """Uniform in [0, 1)."""
        draws = [np.random.default_rng([self.seed, user]).random(self.n_items) for user in users.tolist()]
        return torch.from_numpy(np.array(draws, np.float32).reshape(-1, self.n_items))

    def scores_from_history(self, items: Tensor, weights: Tensor | None = None) -> Tensor:
        """The same for every history."""
        return self.scores(torch.zeros(1, dtype=torch.int64))[0]
