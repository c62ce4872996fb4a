"""The prequential loop: predict a whole invoice, judge, then book it."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
import polars as pl
import torch
from replay_invoices import Invoice, Stream
from replay_shop import Shop
from replay_systems import System

from kgrec.evaluation.metrics import ndcg, recall
from kgrec.evaluation.ranking import top_items

K = 20
TASKS = ("new", "repeat", "all")


@dataclass
class Cost:
    """Seconds of one system."""

    scoring: list[float] = field(default_factory=list)
    """An invoice each."""
    refreshing: list[float] = field(default_factory=list)
    """A day each."""


@dataclass
class Replay:
    """What a replay found."""

    judged: pl.DataFrame
    """invoice, customer, time, known (at the cut), bought (distinct items before), system, task, recall,
    ndcg; a task without truth on an invoice has no row."""
    costs: dict[str, Cost]


def replay(later: Stream, shop: Shop, systems: Sequence[System]) -> Replay:
    """Every system on every invoice of ``later``; ``shop`` has seen what was before, and grows.

    Invoices of one time are predicted before any of them is booked. Tasks: ``new``, items that this customer
    has never bought, ranked among such; ``repeat``, items bought before, ranked among those; ``all``, the
    whole invoice, ranked among all items. What has been bought is known live to every system alike: only
    scores differ.
    """
    known = np.array([bool(own) for own in shop.bought])
    costs = {system.name: Cost() for system in systems}
    rows: list[dict[str, object]] = []
    day = -1
    for _, group in groupby(later.invoices, key=lambda invoice: invoice.time):
        invoices = list(group)
        if invoices[0].day != day:
            day = invoices[0].day
            _begin_day(systems, shop, costs)
        for invoice in invoices:
            for system in systems:
                started = time.perf_counter()
                scores = system.scores(invoice.customer, shop)
                costs[system.name].scoring.append(time.perf_counter() - started)
                shared = _description(invoice, shop, bool(known[invoice.customer]))
                rows += [shared | {"system": system.name} | row for row in judge(invoice, shop, scores)]
        shop.add(invoices)
    return Replay(pl.DataFrame(rows, infer_schema_length=None), costs)


def judge(invoice: Invoice, shop: Shop, scores: np.ndarray) -> Iterator[dict[str, object]]:
    """recall@20 and ndcg@20 of each task that has a truth on this invoice."""
    had = np.zeros(shop.n_items, bool)
    had[list(shop.bought[invoice.customer])] = True
    inside = np.zeros(shop.n_items, bool)
    inside[invoice.items] = True
    allowed = {"new": ~had, "repeat": had, "all": np.ones_like(had)}
    tasks = [task for task in TASKS if (inside & allowed[task]).any()]
    masked = np.stack([np.where(allowed[task], scores, -np.inf) for task in tasks]).astype(np.float32)
    found = top_items(torch.from_numpy(masked), K, 0)[0].numpy()
    truth = np.stack([inside & allowed[task] for task in tasks])
    hits = torch.from_numpy(np.take_along_axis(truth, found.clip(min=0), axis=1) & (found >= 0))
    n_truth = torch.from_numpy(truth.sum(1))
    values = zip(tasks, recall(hits, n_truth, K).tolist(), ndcg(hits, n_truth, K).tolist(), strict=True)
    for task, found_share, gain in values:
        yield {"task": task, "recall": found_share, "ndcg": gain}


def _begin_day(systems: Sequence[System], shop: Shop, costs: dict[str, Cost]) -> None:
    for system in systems:
        started = time.perf_counter()
        system.new_day(shop)
        costs[system.name].refreshing.append(time.perf_counter() - started)


def _description(invoice: Invoice, shop: Shop, known: bool) -> dict[str, object]:
    return {
        "invoice": invoice.number,
        "customer": invoice.customer,
        "time": invoice.time,
        "known": known,
        "bought": len(shop.bought[invoice.customer]),
    }
