"""A whole comparison: rows, differences, tests and curves, computed once and shown in several forms."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from kgrec.comparison.collect import Collected
from kgrec.comparison.curves import Curve, TimePoint, learning_curves, time_points
from kgrec.comparison.differences import Group, differing_keys, group_runs, newest_groups, relabelled
from kgrec.comparison.pairs import Pair, compare_with
from kgrec.comparison.table import best_first, check_metrics, metric_value
from kgrec.errors import RunError

CHOSEN = (
    "the baseline is the best row by the very values that are tested, which flatters it; "
    "a claim names its row beforehand: --baseline"
)


@dataclass(frozen=True)
class Report:
    """What ``compare`` found; ``metrics[0]`` sorts the rows and is drawn."""

    metrics: list[str]
    groups: list[Group]
    baseline: Group
    differences: dict[str, list[str]]
    pairs: list[Pair]
    curves: list[Curve]
    points: list[TimePoint]
    notes: list[str] = field(default_factory=list)


def compare(
    found: Collected, metrics: Sequence[str], baseline: str | None = None, every: bool = False
) -> Report:
    """Compare runs: one row a setting, repetitions over seeds averaged, best first.

    ``baseline`` is a run directory of a row or a row's label, by default the best row. Without ``every``,
    only the newest row of each data, model and knowledge is kept, and those whose runs were named one by one.

    Raises:
        RunError: no run has one of the metrics, or ``baseline`` is none of the rows.
    """
    groups, repeated = group_runs(found.records)
    # The baseline is asked for by name, so it is never left out as an older row.
    named = found.named | ({baseline.rstrip("/")} if baseline else set())
    kept = groups if every else relabelled(newest_groups(groups, named))
    check_metrics(kept, metrics)
    rows = best_first(kept, metrics[0])
    against = find_row(rows, baseline) if baseline else rows[0]
    return Report(
        metrics=list(metrics),
        groups=rows,
        baseline=against,
        differences=differing_keys(rows),
        pairs=[pair for metric in metrics for pair in compare_with(against, rows, metric)],
        curves=learning_curves(rows, metrics[0]),
        points=time_points(rows, metrics[0]),
        notes=([] if baseline else [CHOSEN])
        + _notes(found, rows, len(repeated), len(groups) - len(kept), metrics),
    )


def find_row(groups: Sequence[Group], name: str) -> Group:
    """The row that is called ``name`` or holds the run of that name.

    Raises:
        RunError: there is none; the message lists the rows.
    """
    wanted = name.rstrip("/")
    for group in groups:
        if wanted == group.label or any(wanted == record.name.rstrip("/") for record in group.records):
            return group
    labels = ", ".join(repr(group.label) for group in groups)
    raise RunError(f"baseline {name} is none of the rows; give a run directory among them or one of {labels}")


def _notes(
    found: Collected, groups: list[Group], repeated: int, older: int, metrics: Sequence[str]
) -> list[str]:
    notes = [f"unfinished, left out: {name} (no metrics.json)" for name in found.unfinished]
    if repeated:
        notes.append(f"{repeated} older run(s) with the settings and seeds of a newer one were left out")
    if older:
        notes.append(f"{older} older setting(s) of a model shown here were left out; --all shows them")
    parts = {group.part for group in groups}
    if len(parts) > 1:
        alone = ", ".join(group.label for group in groups if group.part == "valid")
        notes.append(f"on valid only, not comparable with test: {alone}")
    for group in groups:
        for metric in metrics:
            value = metric_value(group, metric)
            have = value.n if value else 0
            if have < len(group.records):
                notes.append(f"{group.label}: {len(group.records) - have} run(s) without {metric}")
    return notes
