"""How the valid metric grew: over epochs, and over seconds."""

from collections.abc import Sequence
from dataclasses import dataclass

from kgrec.comparison.differences import Group
from kgrec.comparison.table import metric_value, timing_value

NEARLY = 0.99
"""The share of a run's best value that counts as nearly there."""
BARS = "▁▂▃▄▅▆▇█"
SPARKS = 16
"""Characters of a sparkline."""


@dataclass(frozen=True)
class Curve:
    """One run's valid metric wherever it was measured; ``row`` is the group's place in the report."""

    row: int
    label: str
    run: str
    epochs: list[int]
    seconds: list[float]
    """Since training began, validation included."""
    values: list[float]

    @property
    def best(self) -> int:
        """The place of the best value, the earliest where equal."""
        return max(range(len(self.values)), key=lambda place: (self.values[place], -place))

    @property
    def nearly(self) -> int:
        """The first place within 1% of the best value."""
        goal = self.values[self.best]
        # A negative best times .99 would lie above it.
        return next(i for i, value in enumerate(self.values) if value >= min(goal, NEARLY * goal))


@dataclass(frozen=True)
class TimePoint:
    """One row's final quality and what it cost; means over repetitions."""

    row: int
    label: str
    part: str
    value: float
    train_seconds: float


def learning_curves(groups: Sequence[Group], metric: str) -> list[Curve]:
    """One curve a run that has epochs and measured ``metric`` on valid; closed forms have none."""
    name = f"valid/{metric}"
    curves = []
    for row, group in enumerate(groups):
        for record in group.records:
            points = [line for line in record.history if name in line and {"epoch", "seconds"} <= set(line)]
            if points:
                epochs = [int(line["epoch"]) for line in points]
                seconds = [float(line["seconds"]) for line in points]
                values = [float(line[name]) for line in points]
                curves.append(Curve(row, group.label, record.name, epochs, seconds, values))
    return curves


def time_points(groups: Sequence[Group], metric: str) -> list[TimePoint]:
    """A point a row that has both the metric and its training seconds."""
    points = []
    for row, group in enumerate(groups):
        value, seconds = metric_value(group, metric), timing_value(group, "train_seconds")
        if value and seconds:
            points.append(TimePoint(row, group.label, group.part, value.mean, seconds.mean))
    return points


def sparkline(values: Sequence[float], width: int = SPARKS) -> str:
    """A curve in one line of text, from its own lowest to its own highest value."""
    step = max(1.0, len(values) / width)
    kept = [values[int(place * step)] for place in range(min(width, len(values)))]
    low, span = min(kept), max(kept) - min(kept)
    return "".join(BARS[int((value - low) / span * (len(BARS) - 1)) if span else 0] for value in kept)
