"""The systems of a replay before its first invoice: every model fitted on the first part."""

import time
from dataclasses import dataclass

import numpy as np
from replay_choices import PATIENCE, SASREC, Choices
from replay_folding import FoldIn, Refreshed, Static, WithHabits, rows_of
from replay_invoices import Stream
from replay_models import fit_network
from replay_shop import Shop
from replay_systems import BuyAgain, Popularity, System

from kgrec.models.ease import fit_ease

BEST_SASREC = "lr 0.003, dropout 0.5"
"""Of the candidates, by valid ndcg@10 (--tune-sasrec)."""


@dataclass(frozen=True)
class Start:
    """What the replay begins with."""

    systems: list[System]
    shop: Shop
    seconds: dict[str, float]
    """What fitting each took."""
    on_top: dict[str, str]
    """A system that lives on another one, and which: the other's cost is its own as well."""


def begin(first: Stream, choices: Choices) -> Start:
    """Fit every model on the first part."""
    shop = Shop.after(first)
    pairs, sold = shop.pairs(), shop.sold.copy()
    seconds: dict[str, float] = {}
    started = time.perf_counter()
    ease = fit_ease(pairs, choices.ease)
    seconds |= dict.fromkeys(("static", "fold-in", "fold-in + refresh"), time.perf_counter() - started)
    started = time.perf_counter()
    sasrec, _ = fit_network(first, "model=sasrec", *PATIENCE, *SASREC[BEST_SASREC])
    seconds["SASRec"] = time.perf_counter() - started
    started = time.perf_counter()
    flagship, prepared = fit_network(first, "model=kgrec")
    seconds |= dict.fromkeys(("kgrec static", "kgrec fold-in"), time.perf_counter() - started)
    refreshed = Refreshed("fold-in + refresh", FoldIn("", ease, sold), choices.ease)
    systems: list[System] = [
        Popularity("popular", sold),
        Popularity(f"popular, {choices.weeks:g} weeks", sold, choices.weeks),
        BuyAgain(),
        Static("static", ease, sold, rows_of(pairs)),
        FoldIn("SASRec", sasrec.final, sold, ordered=True),
        FoldIn("fold-in", ease, sold),
        refreshed,
        WithHabits("fold-in + refresh + habits", refreshed, choices.habit),
        Static("kgrec static", flagship.final, sold, _rows(first, prepared.dataset.users.ids)),
        FoldIn("kgrec fold-in", flagship.final, sold),
    ]
    return Start(systems, shop, seconds, {"fold-in + refresh + habits": "fold-in + refresh"})


def _rows(first: Stream, users: list[str]) -> np.ndarray:
    """``(n_customers,)`` the model's row of every customer of the stream, -1 for those it has not seen."""
    place = {user: row for row, user in enumerate(users)}
    return np.array([place.get(customer, -1) for customer in first.customers.ids])
