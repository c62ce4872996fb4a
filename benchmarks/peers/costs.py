"""What the results of one side's jobs say: quality, seconds an epoch, seconds to its best epoch, memory."""

from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

Result = dict[str, Any]
"""What ours.py, run_recbole.py and run_implicit.py write."""


@dataclass(frozen=True)
class Cost:
    """One side of one model."""

    model: str
    side: str
    test: dict[str, float]
    """Metrics of the best epoch of the best recipe."""
    valid: float
    """The metric that chose them."""
    epoch_seconds: float | None
    """Of training alone, with the same loss, batch and lengths; None where there is no epoch."""
    best_seconds: float
    """Of training alone, until the best epoch of the best recipe."""
    best_seconds_with_validation: float
    best_epoch: int
    peak_gib: float
    """Of the whole process of the same-loss jobs."""
    recipe: Any
    """The best one."""


def cost(model: str, side: str, same: list[Result], best: list[Result], metric: str) -> Cost:
    """Sum up a side: ``same`` holds its rounds, ``best`` its candidates, the best on valid counts."""
    chosen = max(best, key=lambda result: best_point(result, metric)["valid"][metric])
    point = best_point(chosen, metric)
    return Cost(
        model,
        side,
        chosen["test"],
        point["valid"][metric],
        epoch_seconds(same or [chosen]),
        point["seconds"],
        point["seconds_with_validation"],
        point["epoch"],
        max(result["peak_mb"] for result in same or best) / 1024,
        chosen["settings"]["config"],
    )


def best_point(result: Result, metric: str) -> dict[str, Any]:
    """The point of the curve that is best on valid, the earliest where equal."""
    points: list[dict[str, Any]] = [point for point in result["points"] if "valid" in point]
    return max(points, key=lambda point: (point["valid"][metric], -point["epoch"]))


def epoch_seconds(results: list[Result]) -> float | None:
    """Median over all epochs of all rounds but the first of each, which warms up; None below two epochs."""
    spans = []
    for result in results:
        points = result["points"]
        for before, after in pairwise(points):
            spans.append((after["seconds"] - before["seconds"]) / (after["epoch"] - before["epoch"]))
    return median(spans) if spans else None


def first_reached(result: Result, metric: str, goal: float) -> float | None:
    """Seconds of training until valid was ``goal`` or better; None where it never was."""
    reached = [p["seconds"] for p in result["points"] if p.get("valid", {}).get(metric, -1.0) >= goal]
    return min(reached, default=None)


def soonest(results: list[Result], metric: str, goal: float) -> float | None:
    """The same over all candidates of a side."""
    seconds = [first_reached(result, metric, goal) for result in results]
    return min((each for each in seconds if each is not None), default=None)
