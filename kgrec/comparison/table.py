"""The figures of every row: means over repetitions, with their standard deviation."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, stdev

from kgrec.comparison.differences import Group
from kgrec.errors import RunError


@dataclass(frozen=True)
class Value:
    """A mean over ``n`` repetitions; ``sd`` (of the sample, n - 1) is None for one alone."""

    mean: float
    sd: float | None
    n: int

    def __str__(self) -> str:
        return f"{self.mean:.4f}" if self.sd is None else f"{self.mean:.4f} ± {self.sd:.4f}"


def summary(values: Sequence[float]) -> Value | None:
    """Mean and deviation; None of nothing."""
    if not values:
        return None
    return Value(mean(values), stdev(values) if len(values) > 1 else None, len(values))


def metric_value(group: Group, metric: str, part: str | None = None) -> Value | None:
    """A metric over the group's repetitions that have it, on its own part unless one is named."""
    parts = [record.metrics.get(part or group.part, {}) for record in group.records]
    return summary([float(values[metric]) for values in parts if metric in values])


def timing_value(group: Group, name: str) -> Value | None:
    """A timing over the repetitions that have it."""
    return summary([float(record.timing[name]) for record in group.records if name in record.timing])


def check_metrics(groups: Sequence[Group], metrics: Sequence[str]) -> None:
    """Refuse a metric that no run has.

    Raises:
        RunError: it names the first run's metrics; a run without values is named by itself.
    """
    for metric in metrics:
        if all(metric_value(group, metric) is None for group in groups):
            first = groups[0].records[0]
            known = [name for name in first.metrics.get(first.part, {}) if "/" not in name]
            have = f"{first.name} has {', '.join(known)}" if known else f"{first.name} has no values at all"
            raise RunError(f"no run has {metric}; {have}")


def best_first(groups: Sequence[Group], metric: str) -> list[Group]:
    """By the mean of ``metric``, high to low; rows judged on test before rows judged on valid only."""

    def quality(group: Group) -> tuple[bool, float]:
        value = metric_value(group, metric)
        return group.part == "test", value.mean if value else float("-inf")

    return sorted(groups, key=quality, reverse=True)
