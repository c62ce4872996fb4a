"""The picture of a replay: weekly recall by task, and what each system costs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from replay_loop import TASKS
from replay_report import TITLES

from kgrec.comparison.figures import COLOURS


def draw(weeks: pl.DataFrame, means: pl.DataFrame, seconds: Mapping[str, float], path: Path) -> None:
    """``weeks`` as ``weekly`` makes them, ``means`` (system, task, recall), ``seconds`` of each system."""
    figure = Figure(figsize=(14, 9), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(2, 2).flatten()
    looks = looks_of(list(seconds))
    for axes, task in zip(panels, TASKS, strict=False):
        _lines(axes, weeks.filter(pl.col("task") == task), looks)
        axes.set(title=f"recall@20 of {TITLES[task]}, weekly", ylabel="recall@20", ylim=(0, None))
        axes.tick_params(axis="x", rotation=30)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    _costs(panels[3], means.filter(pl.col("task") == "new"), seconds, looks)
    figure.savefig(path, dpi=110)


def looks_of(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Colour and stroke of every system; what is made of another one has its colour, but another stroke."""
    made_of = {name: (name.removeprefix("kgrec ").removesuffix(" + habits")) for name in names}
    plain = [name for name in names if made_of[name] not in names or made_of[name] == name]
    colours = {name: COLOURS[n % len(COLOURS)] for n, name in enumerate(plain)}
    return {
        name: (colours[name], "-")
        if name in colours
        else (colours[made_of[name]], ":" if name.endswith("habits") else "--")
        for name in names
    }


def _lines(axes: Axes, weeks: pl.DataFrame, looks: Mapping[str, tuple[str, str]]) -> None:
    for name, (colour, stroke) in looks.items():
        own = weeks.filter(pl.col("system") == name).sort("week")
        axes.plot(
            own["week"].to_list(), own["recall"].to_list(), color=colour, linestyle=stroke, label=name, lw=1.6
        )
    axes.grid(alpha=0.3)


def _costs(
    axes: Axes, means: pl.DataFrame, seconds: Mapping[str, float], looks: Mapping[str, tuple[str, str]]
) -> None:
    recall = dict(means.select("system", "recall").iter_rows())
    for name, spent in seconds.items():
        colour, stroke = looks[name]
        axes.scatter(spent, recall[name], color=colour, marker="o" if stroke == "-" else "^", s=45)
        below = stroke != "-"
        axes.annotate(
            name,
            (spent, recall[name]),
            xytext=(5, -11 if below else 4),
            textcoords="offset points",
            fontsize=8,
        )
    axes.set(
        xscale="log",
        xlabel="seconds of the whole replay: fitting, refreshing, scoring",
        ylabel="recall@20",
        title="recall@20 of new items and its cost",
    )
    axes.margins(x=0.25, y=0.1)
    axes.grid(alpha=0.3)
