"""The report's tables as titles, headers and rows of text: Markdown and HTML show the same ones."""

from collections.abc import Callable
from dataclasses import dataclass

from kgrec.comparison.curves import sparkline
from kgrec.comparison.differences import ABSENT
from kgrec.comparison.pairs import Pair
from kgrec.comparison.report import Report
from kgrec.comparison.table import Value, metric_value, timing_value


@dataclass(frozen=True)
class Table:
    """One table under one title; ``note`` says how to read it."""

    title: str
    header: list[str]
    rows: list[list[str]]
    note: str = ""


def report_tables(report: Report) -> list[Table]:
    """Every table that has rows."""
    make: list[Callable[[Report], Table]] = [results, differences, significance, curves, times]
    return [table for table in (each(report) for each in make) if table.rows]


def results(report: Report) -> Table:
    """A line a row: its part, its metrics, what it cost."""
    rows = []
    for group in report.groups:
        values = [_shown(metric_value(group, metric)) for metric in report.metrics]
        seconds = timing_value(group, "train_seconds")
        cost = f"{seconds.mean:.1f}" if seconds else ABSENT
        rows.append([group.label, group.part, str(len(group.records)), *values, cost])
    note = "Mean ± standard deviation over runs that differ in seeds alone." if _repeated(report) else ""
    return Table("Results", ["run", "part", "runs", *report.metrics, "train s"], rows, note)


def differences(report: Report) -> Table:
    """A line a key whose value is not the same everywhere."""
    rows = [[key, *values] for key, values in report.differences.items()]
    return Table("What differs", ["key", *(group.label for group in report.groups)], rows)


def significance(report: Report) -> Table:
    """A line a pair and metric: other minus baseline."""
    rows = [[pair.other, pair.metric, *_verdict(pair)] for pair in report.pairs]
    note = (
        f"Difference to {report.baseline.label}, paired by user (each user's mean over the splits that both "
        "rows stood in); bootstrap interval; p of a sign-flip test, by Holm over the rows of a metric."
    )
    return Table(
        f"Against {report.baseline.label}",
        ["run", "metric", "difference", "95% interval", "p", "p (Holm)", "users", "splits"],
        rows,
        note,
    )


def curves(report: Report) -> Table:
    """A line a run with epochs: how its valid metric grew."""
    rows = []
    for curve in report.curves:
        best = curve.best
        found = [str(curve.epochs[best]), f"{curve.values[best]:.4f}"]
        rows.append([curve.label, sparkline(curve.values), str(curve.epochs[-1]), *found, _name(curve.run)])
    header = ["run", "curve", "epochs", "best epoch", f"best valid {report.metrics[0]}", "name"]
    return Table("Learning curves", header, rows, f"valid {report.metrics[0]} against epoch, own scale each.")


def times(report: Report) -> Table:
    """A line a row: seconds to quality on valid, then the final metric and all training seconds."""
    rows = []
    for point in report.points:
        own = [curve for curve in report.curves if curve.row == point.row]
        to_best = _mean([curve.seconds[curve.best] for curve in own])
        to_nearly = _mean([curve.seconds[curve.nearly] for curve in own])
        final = f"{point.value:.4f} ({point.part})"
        rows.append([point.label, to_nearly, to_best, final, f"{point.train_seconds:.1f}"])
    header = ["run", "s to 99% of best", "s to best valid", report.metrics[0], "train s"]
    return Table("Quality against time", header, rows, "Seconds from the start of training; models without "
                 "epochs have the last two columns only.")  # fmt: skip


def _verdict(pair: Pair) -> list[str]:
    if pair.test is None or pair.p_holm is None:
        return [f"not paired: {pair.why_not}", *[ABSENT] * 5]
    test = pair.test
    interval = f"[{test.low:+.4f}, {test.high:+.4f}]"
    splits = f"{pair.splits}" + (f" ({pair.left_out} in one only)" if pair.left_out else "")
    p_values = [f"{test.p:.4f}", f"{pair.p_holm:.4f}"]
    return [f"{test.difference:+.4f}", interval, *p_values, f"{pair.users:,}", splits]


def _shown(value: Value | None) -> str:
    return str(value) if value else ABSENT


def _mean(values: list[float]) -> str:
    return f"{sum(values) / len(values):.1f}" if values else ABSENT


def _repeated(report: Report) -> bool:
    return any(len(group.records) > 1 for group in report.groups)


def _name(run: str) -> str:
    """The last two folders: what tells runs apart and still fits."""
    return "/".join(run.rstrip("/").split("/")[-2:])
