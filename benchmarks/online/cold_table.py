"""Rows of the cold-start tables."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One model that knows one side of things."""

    model: str
    side: str
    """text, facts, both or none."""
    chosen: str
    """What was chosen on valid."""
    values: dict[str, float]
    """recall@20 by column."""


def table(rows: Sequence[Row]) -> str:
    """Markdown, the best of each column in bold."""
    columns = list(rows[0].values)
    best = {column: max(row.values[column] for row in rows) for column in columns}
    lines = [f"| | knows of items | {' | '.join(columns)} | chosen on valid |"]
    lines.append("|---" * (len(columns) + 3) + "|")
    for row in rows:
        cells = [
            f"**{value:.4f}**" if value == best[column] else f"{value:.4f}"
            for column, value in row.values.items()
        ]
        lines.append(f"| {row.model} | {row.side} | {' | '.join(cells)} | {row.chosen} |")
    return "\n".join(lines)
