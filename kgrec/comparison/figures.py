"""The two pictures of a report: colours that colour-blind people tell apart, names beside the lines."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from kgrec.comparison.curves import Curve, TimePoint
from kgrec.comparison.labels import spread
from kgrec.comparison.report import Report
from kgrec.files import atomic_path

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9")
"""Okabe and Ito, https://jfly.uni-koeln.de/color/, without the yellow that white paper swallows."""
STROKES = ("-", "--", ":", "-.")
SHAPES = ("o", "s", "^", "D")
"""The next stroke and shape once all colours are used: with the colour they tell 28 rows apart."""
WIDE = 50.0
"""Seconds that span more than this factor are drawn on a logarithmic axis."""
COLUMN = 1.03
"""Where the names begin, in widths of the axes."""


def write_figures(report: Report, folder: Path) -> tuple[str, ...]:
    """``curves.png`` (where a run has epochs) and ``time.png`` into ``folder``; returns their names."""
    names = []
    metric = report.metrics[0]
    if report.curves:
        figure, (axes,) = _figure(1)
        draw_curves(axes, report.curves, [curve.epochs for curve in report.curves])
        axes.set(xlabel="epoch", ylabel=f"valid {metric}", title="Learning curves")
        names.append(_save(figure, folder / "curves.png"))
    if report.points:
        figure, panels = _figure(2 if report.curves else 1)
        if report.curves:
            draw_curves(panels[0], report.curves, [curve.seconds for curve in report.curves])
            panels[0].set(
                xlabel="seconds of training", ylabel=f"valid {metric}", title="Valid while training"
            )
        draw_points(panels[-1], report.points)
        part = " / ".join(sorted({point.part for point in report.points}))
        panels[-1].set(xlabel="train_seconds (s)", ylabel=f"{part} {metric}", title="Final quality and cost")
        names.append(_save(figure, folder / "time.png"))
    return tuple(names)


def write_points(points: Sequence[TimePoint], metric: str, path: Path) -> None:
    """Final quality and cost alone, as ``path``."""
    figure, (axes,) = _figure(1)
    draw_points(axes, points)
    axes.set(xlabel="train_seconds (s)", ylabel=metric, title="Final quality and cost")
    _save(figure, path)


def draw_curves(axes: Axes, curves: Sequence[Curve], places: Sequence[Sequence[float]]) -> None:
    """A line a run, repetitions of one row alike; each row's name is tied to the end of its first line."""
    ends: dict[int, tuple[float, float, str]] = {}
    for curve, at in zip(curves, places, strict=True):
        width = 0.6 if curve.row in ends else 1.6
        axes.plot(at, curve.values, color=colour(curve.row), linestyle=stroke(curve.row), linewidth=width)
        ends.setdefault(curve.row, (at[-1], curve.values[-1], curve.label))
    for row, (x, y, _) in ends.items():
        axes.plot(x, y, "o", color=colour(row), markersize=5)
    _name(axes, ends)


def draw_points(axes: Axes, points: Sequence[TimePoint]) -> None:
    """A dot a row (another shape once all colours are used), its name beside the axes."""
    for point in points:
        shape = SHAPES[point.row // len(COLOURS) % len(SHAPES)]
        axes.plot(point.train_seconds, point.value, shape, color=colour(point.row), markersize=7)
    seconds = [point.train_seconds for point in points]
    if min(seconds) > 0 and max(seconds) / min(seconds) > WIDE:
        axes.set_xscale("log")
    _name(axes, {point.row: (point.train_seconds, point.value, point.label) for point in points})


def colour(row: int) -> str:
    """The row's colour, the same in every picture."""
    return COLOURS[row % len(COLOURS)]


def stroke(row: int) -> str:
    """The row's stroke."""
    return STROKES[row // len(COLOURS) % len(STROKES)]


def _name(axes: Axes, ends: dict[int, tuple[float, float, str]]) -> None:
    """Names in a column on the right: dark text for contrast, and a leader in the row's colour."""
    axes.set(xlim=axes.get_xlim(), ylim=axes.get_ylim())
    into = axes.transData + axes.transAxes.inverted()
    anchors = [tuple(into.transform((x, y))) for x, y, _ in ends.values()]
    heights = spread([y for _, y in anchors])
    for (row, (_, _, label)), anchor, height in zip(ends.items(), anchors, heights, strict=True):
        leader = {"arrowstyle": "-", "color": colour(row), "linewidth": 0.8, "alpha": 0.6, "relpos": (0, 0.5)}
        axes.annotate(
            label, xy=anchor, xytext=(COLUMN, height), xycoords="axes fraction", textcoords="axes fraction",
            va="center", fontsize=9, color="#222222", arrowprops=leader,
        )  # fmt: skip


def _figure(panels: int) -> tuple[Figure, list[Axes]]:
    """Panels one below the other: a phone is narrow. No pyplot, which would keep figures for ever."""
    figure = Figure(figsize=(6.4, 4.2 * panels), layout="constrained")
    FigureCanvasAgg(figure)
    axes = [figure.add_subplot(panels, 1, place + 1) for place in range(panels)]
    for each in axes:
        each.grid(alpha=0.25)
        each.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _save(figure: Figure, path: Path) -> str:
    with atomic_path(path) as part:
        figure.savefig(part, format="png", dpi=150)
    return path.name
