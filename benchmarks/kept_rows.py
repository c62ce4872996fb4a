"""What an earlier call wrote of a table: a row whose runs are not on this machine keeps its numbers."""

import csv
from pathlib import Path
from typing import Any

TEXTS = ("row", "commit", "machine")
"""Columns of a table's CSV that are no numbers."""


def kept_records(path: Path, names: list[str]) -> dict[str, dict[str, Any]]:
    """The rows of an earlier CSV by label; one that lacks any of the columns ``names`` is not kept.

    Nothing tells whether a row was made by today's configuration: one that has changed is to be run anew.
    """
    if not path.is_file():
        return {}
    with path.open(newline="") as file:
        rows = [typed(row) for row in csv.DictReader(file)]
    return {row["row"]: row for row in rows if set(names) <= row.keys()}


def typed(row: dict[str, str]) -> dict[str, Any]:
    """A row of a CSV with its numbers as numbers; what an older CSV did not know of a row stays unknown."""
    values = {name: value if name in TEXTS else number(value) for name, value in row.items() if value != ""}
    for name in ("commit", "machine"):
        values.setdefault(name, "")
    return values


def number(text: str) -> float | int:
    """A count stays a count, so that a row which is kept is written as it was."""
    return int(text) if text.isdigit() else float(text)
