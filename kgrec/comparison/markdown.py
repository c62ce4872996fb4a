"""A report as Markdown, and as JSON objects."""

from collections.abc import Iterator
from typing import Any

from kgrec.comparison.report import Report
from kgrec.comparison.table import metric_value, timing_value
from kgrec.comparison.tables import Table, report_tables

PICTURES = {"curves.png": "Learning curves", "time.png": "Quality against time"}


def markdown(report: Report, pictures: tuple[str, ...] = ()) -> str:
    """Every table under its heading, the pictures' files, and what was left out."""
    parts = ["# Comparison"]
    for table in report_tables(report):
        parts += [f"## {table.title}", *([table.note] if table.note else []), markdown_rows(table)]
    parts += [f"![{PICTURES[name]}]({name})" for name in pictures]
    if report.notes:
        parts += ["## Notes", "\n".join(f"- {note}" for note in report.notes)]
    return "\n\n".join(parts) + "\n"


def markdown_rows(table: Table) -> str:
    """A table whose columns also line up in a terminal; a ``|`` in a value is no column."""
    cells = [
        [cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in [table.header, *table.rows]
    ]
    widths = [max(3, *(len(row[column]) for row in cells)) for column in range(len(table.header))]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in cells]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(lines)


def json_objects(report: Report) -> Iterator[dict[str, Any]]:
    """Objects of ``kind`` row, pair, curve, note: the same figures, unrounded."""
    for place, group in enumerate(report.groups):
        values = {metric: metric_value(group, metric) for metric in report.metrics}
        seconds = timing_value(group, "train_seconds")
        yield {
            "kind": "row",
            "run": group.label,
            "part": group.part,
            "baseline": group is report.baseline,
            "directories": [record.name for record in group.records],
            "metrics": {metric: vars(value) if value else None for metric, value in values.items()},
            "train_seconds": seconds.mean if seconds else None,
            "differs": {key: found[place] for key, found in report.differences.items()},
        }
    for pair in report.pairs:
        yield {"kind": "pair"} | vars(pair) | {"test": vars(pair.test) if pair.test else None}
    for curve in report.curves:
        yield {"kind": "curve", "metric": f"valid/{report.metrics[0]}"} | vars(curve)
    for note in report.notes:
        yield {"kind": "note", "text": note}
