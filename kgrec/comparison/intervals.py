"""Differences with their intervals, one above the other: which of them leave zero out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from kgrec.comparison.figures import COLOURS
from kgrec.files import atomic_path

ROW_INCHES = 0.24
PANEL_INCHES = 0.9
"""Height of a row, and of what a panel needs beside its rows."""


@dataclass(frozen=True)
class Interval:
    """One difference."""

    label: str
    value: float
    low: float
    high: float


def write_intervals(panels: Mapping[str, Sequence[Interval]], axis: str, path: Path) -> None:
    """A panel a title, a row an interval, on one axis named ``axis``; as the PNG ``path``."""
    heights = [len(rows) * ROW_INCHES + PANEL_INCHES for rows in panels.values()]
    figure = Figure(figsize=(6.4, sum(heights)), layout="constrained")
    FigureCanvasAgg(figure)
    columns = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=heights)
    for axes, (title, rows) in zip(columns[:, 0], panels.items(), strict=True):
        draw_intervals(axes, rows)
        axes.set_title(title, loc="left", fontsize=10)
    columns[-1, 0].set_xlabel(axis)
    with atomic_path(path) as part:
        figure.savefig(part, format="png", dpi=150)


def draw_intervals(axes: Axes, rows: Sequence[Interval]) -> None:
    """A dot and a line a row, the first on top; filled where the interval leaves zero out."""
    axes.axvline(0.0, color="#888888", linewidth=0.8)
    for place, row in enumerate(rows):
        sure = row.low > 0 or row.high < 0
        axes.plot([row.low, row.high], [place, place], color=COLOURS[0], linewidth=1.4)
        face = COLOURS[0] if sure else "white"
        axes.plot(row.value, place, "o", color=COLOURS[0], markerfacecolor=face, markersize=6)
    axes.set_yticks(range(len(rows)), [row.label for row in rows], fontsize=9)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.grid(axis="x", alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
