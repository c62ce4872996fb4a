"""What a replay has to choose, chosen on its first part alone: the last fifth of it is predicted."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
from replay_folding import FoldIn, WithHabits
from replay_invoices import Stream
from replay_loop import replay
from replay_models import fit_network
from replay_shop import Shop
from replay_systems import Popularity, System

from kgrec.models.config import EASEConfig
from kgrec.models.ease import fit_ease

PENALTIES = (50.0, 100.0, 200.0, 400.0, 800.0)
WEEKS = (1.0, 2.0, 4.0, 8.0)
HABITS = (1.0, 2.0, 4.0, 8.0, 16.0)
MEGABYTES = 1000.0
"""All weights of EASE are kept."""
SASREC: dict[str, tuple[str, ...]] = {
    "as it comes": (),
    "lr 0.003": ("training.lr=0.003",),
    "lr 0.003, dropout 0.5": ("training.lr=0.003", "model.dropout=0.5"),
    "lr 0.003, dropout 0.5, 100 items": ("training.lr=0.003", "model.dropout=0.5", "model.max_length=100"),
}
"""Candidates of ``tried_sasrec``."""


@dataclass(frozen=True)
class Choices:
    """The values that did best on the first part."""

    ease: EASEConfig
    weeks: float
    """Of recent popularity."""
    habit: float
    """Weight of one's own habits beside a model."""
    tried: pl.DataFrame
    """system, new, repeat, all: recall@20 of everything tried."""


def choose(first: Stream) -> Choices:
    """EASE's penalty and the weeks of popularity by recall of new items, the weight of habits by all."""
    past, rest = first.cut(0.8)
    shop = Shop.after(past)
    pairs, sold = shop.pairs(), shop.sold.copy()
    ease = {f"EASE, l2 {l2:g}": EASEConfig(l2=l2, max_megabytes=MEGABYTES) for l2 in PENALTIES}
    folded = [FoldIn(name, fit_ease(pairs, config), sold) for name, config in ease.items()]
    recent = {f"popular, {weeks:g} weeks": weeks for weeks in WEEKS}
    popular = [Popularity(name, sold, weeks) for name, weeks in recent.items()]
    tried = _tried(rest, shop, [*folded, *popular])
    best = _best(tried, [system.name for system in folded], "new")
    inner = next(system for system in folded if system.name == best)
    weights = {f"{best} + habits x {weight:g}": weight for weight in HABITS}
    fused = [WithHabits(name, inner, weight) for name, weight in weights.items()]
    tried = pl.concat([tried, _tried(rest, Shop.after(past), fused)])
    weeks = recent[_best(tried, list(recent), "new")]
    return Choices(ease[best], weeks, weights[_best(tried, list(weights), "all")], tried)


def tried_sasrec(first: Stream) -> pl.DataFrame:
    """Every candidate of SASREC on the first four fifths of the first part: valid ndcg@10 and recall@20 at
    the best epoch, which are of items new to their buyer."""
    past, _ = first.cut(0.8)
    rows = []
    for name, overrides in SASREC.items():
        fitted, _ = fit_network(past, "model=sasrec", *PATIENCE, *overrides, "training.refit=false")
        best = fitted.training.history[fitted.training.best_epoch - 1]
        values = {metric: best[f"valid/{metric}"] for metric in ("ndcg@10", "recall@20")}
        rows.append({"candidate": name, "epoch": fitted.training.best_epoch} | values)
    return pl.DataFrame(rows)


PATIENCE = ("training.epochs=40", "training.patience=4")
"""How long SASRec may train: an epoch takes ten seconds."""


def _tried(rest: Stream, shop: Shop, systems: Sequence[System]) -> pl.DataFrame:
    judged = replay(rest, shop, systems).judged.filter(pl.col("bought") > 0)
    means = judged.group_by("system", "task").agg(pl.col("recall").mean())
    return means.pivot("task", index="system", values="recall").select("system", "new", "repeat", "all")


def _best(tried: pl.DataFrame, names: list[str], task: str) -> str:
    """The best of ``names``; of equals the first named."""
    values = dict(tried.select("system", task).iter_rows())
    return max(names, key=lambda name: values[name])
