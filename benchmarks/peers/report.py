"""The side-by-side table, its CSV and its picture."""

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from costs import Cost, Result, best_point, soonest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from kgrec.comparison.curves import Curve
from kgrec.comparison.figures import COLOURS, draw_curves
from kgrec.files import atomic_path
from kgrec.text_tables import markdown_table

HEAD = (
    "", "side", "recall@10", "ndcg@10", "s / epoch, same loss", "times kgrec's", "s to best", "times kgrec's",
    "s to best, validation included", "best epoch", "kgrec as good after s", "peak GiB",
)  # fmt: skip


@dataclass
class Comparison:
    """Everything that was measured of one data set."""

    metric: str
    costs: list[Cost] = field(default_factory=list)
    best: dict[tuple[str, str], list[Result]] = field(default_factory=dict)
    """Candidates' results by (model, side)."""
    errors: dict[tuple[str, str], str] = field(default_factory=dict)
    """Why a side of a model did not run."""


def table(comparison: Comparison, published: dict[str, Any]) -> str:
    """A row a side of each model, kgrec's first; a side that did not run has its published cost, if any."""
    rows: list[tuple[str, ...]] = []
    for model in dict.fromkeys(cost.model for cost in comparison.costs):
        sides = {cost.side: cost for cost in comparison.costs if cost.model == model}
        for cost in sides.values():
            rows.append(_row(cost, sides.get("kgrec"), comparison))
        for (other, side), error in comparison.errors.items():
            if other == model:
                rows.append(_missing_row(model, side, error, published.get(side, {})))
    return markdown_table(HEAD, rows)


def _row(cost: Cost, ours: Cost | None, comparison: Comparison) -> tuple[str, ...]:
    quality = (f"{cost.test['recall@10']:.4f}", f"{cost.test['ndcg@10']:.4f}")
    if cost.epoch_seconds is None:
        # Nothing is learned, so only the quality is worth a look.
        return (cost.model, cost.side, *quality, *[""] * 7, f"{cost.peak_gib:.2f}")
    times, sooner, reached = "", "", ""
    if ours is not None and cost.side != "kgrec":
        times = _ratio(cost.epoch_seconds, ours.epoch_seconds)
        sooner = _ratio(cost.best_seconds, ours.best_seconds)
        first = soonest(comparison.best[cost.model, "kgrec"], comparison.metric, cost.valid)
        reached = "never" if first is None else _seconds(first)
    return (
        cost.model,
        cost.side,
        *quality,
        _seconds(cost.epoch_seconds),
        times,
        _seconds(cost.best_seconds),
        sooner,
        _seconds(cost.best_seconds_with_validation),
        str(cost.best_epoch),
        reached,
        f"{cost.peak_gib:.2f}",
    )


def _missing_row(model: str, side: str, error: str, published: dict[str, Any]) -> tuple[str, ...]:
    seconds = published.get("seconds_per_epoch", {}).get(model)
    told = f"; *published* s / epoch ({published['source']})" if seconds is not None else ""
    cells = ["", "", "" if seconds is None else f"*{seconds:g}*", *[""] * (len(HEAD) - 5)]
    return (model, f"{side}: does not run here ({error}){told}", *cells)


def _seconds(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def _ratio(theirs: float, ours: float | None) -> str:
    if not ours:
        return ""
    return f"{theirs / ours:.1f}" if theirs >= ours else f"{theirs / ours:.2g}"


def write_csv(comparison: Comparison, path: Path) -> None:
    """The same as plain numbers, with the recipe that was best."""
    with atomic_path(path) as part, part.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["model", "side", "recall@10", "ndcg@10", "mrr@10", f"valid {comparison.metric}", "epoch_seconds",
             "best_seconds", "best_seconds_with_validation", "best_epoch", "peak_gib", "recipe"]
        )  # fmt: skip
        for cost in comparison.costs:
            metrics = [cost.test[name] for name in ("recall@10", "ndcg@10", "mrr@10")]
            seconds = [cost.epoch_seconds, cost.best_seconds, cost.best_seconds_with_validation]
            last = [cost.best_epoch, cost.peak_gib, cost.recipe]
            writer.writerow([cost.model, cost.side, *metrics, cost.valid, *seconds, *last])


def write_picture(comparison: Comparison, title: str, path: Path) -> None:
    """Valid against seconds of training: a colour a model, a stroke a side."""
    curves = _curves(comparison)
    if not curves:
        return
    figure = Figure(figsize=(7.2, 4.8), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xscale("log")
    draw_curves(axes, curves, [curve.seconds for curve in curves])
    axes.set(xlabel="seconds of training", ylabel=f"valid {comparison.metric}", title=title)
    with atomic_path(path) as part:
        figure.savefig(part, format="png", dpi=150)


def _curves(comparison: Comparison) -> list[Curve]:
    """Of each side the best candidate, where it has more than one point."""
    models = list(dict.fromkeys(cost.model for cost in comparison.costs))
    sides = list(dict.fromkeys(cost.side for cost in comparison.costs))
    curves = []
    for cost in comparison.costs:
        results = comparison.best[cost.model, cost.side]
        result = max(
            results, key=lambda each: best_point(each, comparison.metric)["valid"][comparison.metric]
        )
        points = [point for point in result["points"] if "valid" in point]
        if len(points) > 1:
            # The figure gives row r the colour r mod 7 and the stroke r div 7.
            row = models.index(cost.model) % len(COLOURS) + len(COLOURS) * sides.index(cost.side)
            epochs, seconds = [p["epoch"] for p in points], [p["seconds"] for p in points]
            values = [p["valid"][comparison.metric] for p in points]
            curves.append(Curve(row, f"{cost.model}, {cost.side}", cost.model, epochs, seconds, values))
    return curves
