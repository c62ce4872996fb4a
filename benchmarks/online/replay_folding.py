"""Models that predict the next invoice: with yesterday's histories, with today's, with today's weights."""

from dataclasses import dataclass, field

import numpy as np
import torch
from replay_shop import Shop
from replay_systems import System, habits, only_known, popular

from kgrec.data.user_items import UserItems
from kgrec.models.base import Scorer
from kgrec.models.config import EASEConfig
from kgrec.models.ease import fit_ease


@dataclass
class Static:
    """A model whose histories are those of the cut; whoever came later gets what is popular."""

    name: str
    scorer: Scorer
    sold: np.ndarray
    rows: np.ndarray
    """``(n_customers,)`` int64: the scorer's user row of every customer, -1 for who bought nothing before."""

    def scores(self, customer: int, shop: Shop) -> np.ndarray:
        """By the customer's row."""
        row = int(self.rows[customer])
        if row < 0:
            return popular(self.sold)
        return only_known(self.scorer.scores(torch.tensor([row]))[0].numpy(), self.sold)

    def new_day(self, shop: Shop) -> None:
        """Nothing changes."""


@dataclass
class FoldIn:
    """Frozen weights, live histories: ``scores_from_history`` of kgrec's scorers.

    ``ordered`` gives the scorer the customer's events oldest first (SASRec), otherwise distinct items.
    """

    name: str
    scorer: Scorer
    sold: np.ndarray
    ordered: bool = False

    def scores(self, customer: int, shop: Shop) -> np.ndarray:
        """From all that was bought until now; with no history what is popular."""
        if not shop.bought[customer]:
            return popular(self.sold)
        rows = shop.events[customer] if self.ordered else sorted(shop.bought[customer])
        return only_known(self.scorer.scores_from_history(torch.tensor(rows)).numpy(), self.sold)

    def new_day(self, shop: Shop) -> None:
        """The weights stay."""


@dataclass
class Refreshed:
    """Fold-in whose weights are fitted anew before the first invoice of every day."""

    name: str
    inner: FoldIn
    config: EASEConfig
    refreshes: int = field(default=0)

    def scores(self, customer: int, shop: Shop) -> np.ndarray:
        """As fold-in does, with yesterday's weights."""
        return self.inner.scores(customer, shop)

    def new_day(self, shop: Shop) -> None:
        """Fit EASE on every purchase until now."""
        self.inner = FoldIn(self.inner.name, fit_ease(shop.pairs(), self.config), shop.sold.copy())
        self.refreshes += 1


@dataclass
class WithHabits:
    """A system's standardised scores plus ``weight`` times log(1 + own invoices with the item).

    ``inner`` takes part in the replay itself, before this: its day has begun.
    """

    name: str
    inner: System
    weight: float

    def scores(self, customer: int, shop: Shop) -> np.ndarray:
        """``z(s) + weight log(1 + n)``."""
        scores = self.inner.scores(customer, shop).astype(np.float64)
        finite = np.isfinite(scores)
        spread = scores[finite].std() or 1.0
        scores[finite] = (scores[finite] - scores[finite].mean()) / spread
        return scores + self.weight * np.log1p(habits(customer, shop))

    def new_day(self, shop: Shop) -> None:
        """Nothing of its own is refreshed."""


def rows_of(pairs: UserItems) -> np.ndarray:
    """``(n_customers,)`` the customer's row where anything is known of them, else -1."""
    return np.where(pairs.counts() > 0, np.arange(pairs.n_users), -1)
