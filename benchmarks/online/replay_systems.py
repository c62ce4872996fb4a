"""What predicts the next invoice without learning: popularity and the customer's own habits."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from replay_shop import Shop

WEEK = 7 * 86_400.0


class System(Protocol):
    """Predicts from the shop as it is before the invoice."""

    name: str

    def scores(self, customer: int, shop: Shop) -> np.ndarray:
        """``(n_items,)``, higher is more likely; -inf for what the system cannot recommend."""
        ...

    def new_day(self, shop: Shop) -> None:
        """Called before the first invoice of a day: what is refreshed daily is refreshed now."""
        ...


@dataclass
class Popularity:
    """Items by the number of invoices, until the cut or in the last ``weeks`` before today."""

    name: str
    sold: np.ndarray
    """``(n_items,)`` as of the cut."""
    weeks: float = 0.0
    """0 = frozen at the cut."""

    def scores(self, customer: int, shop: Shop) -> np.ndarray:
        """The same for everybody."""
        return popular(self.sold)

    def new_day(self, shop: Shop) -> None:
        """Count the last weeks anew."""
        if self.weeks > 0:
            self.sold = shop.sold_since(shop.log[-1].time - self.weeks * WEEK)


@dataclass
class BuyAgain:
    """The customer's own most frequent items, of equally frequent ones the more popular."""

    name: str = "buy again"

    def scores(self, customer: int, shop: Shop) -> np.ndarray:
        """Own invoices with the item; popularity decides the rest."""
        return habits(customer, shop) + shop.sold / (shop.sold.max() + 1.0) * 0.5

    def new_day(self, shop: Shop) -> None:
        """Always live."""


def popular(sold: np.ndarray) -> np.ndarray:
    """Scores by popularity; what was never sold cannot be recommended."""
    return np.where(sold > 0, sold, -np.inf)


def only_known(scores: np.ndarray, sold: np.ndarray) -> np.ndarray:
    """``scores`` without what the model was never trained on."""
    return np.where(sold > 0, scores, -np.inf)


def habits(customer: int, shop: Shop) -> np.ndarray:
    """``(n_items,)`` the customer's invoices with the item."""
    own = shop.bought[customer]
    counts = np.zeros(shop.n_items)
    counts[list(own.keys())] = list(own.values())
    return counts
