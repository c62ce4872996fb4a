"""A replay as Markdown, CSV and a picture."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from replay_loop import TASKS, Cost, Replay

from kgrec.evaluation.significance import PairedTest, paired_test

TITLES = {"new": "items new to the customer", "repeat": "items bought before", "all": "whole invoices"}


def with_history(judged: pl.DataFrame) -> pl.DataFrame:
    """Invoices of customers who had bought before."""
    return judged.filter(pl.col("bought") > 0)


def main_table(found: Replay, fit_seconds: Mapping[str, float]) -> str:
    """recall@20 and ndcg@20 by task, and what each system costs; customers with a history."""
    head = " | ".join(f"{task} recall@20 | {task} ndcg@20" for task in TASKS)
    lines = [f"| | {head} | fit s | refresh s | ms an invoice |", "|---" * 10 + "|"]
    means = with_history(found.judged).group_by("system", "task").agg(pl.col("recall", "ndcg").mean())
    values = {(system, task): row for system, task, *row in means.iter_rows()}
    for system, cost in found.costs.items():
        cells = [f"{value:.4f}" for task in TASKS for value in values[system, task]]
        cells += [f"{fit_seconds.get(system, 0.0):.1f}", _refreshing(cost), f"{_milliseconds(cost):.2f}"]
        lines.append(f"| {system} | {' | '.join(cells)} |")
    return "\n".join(lines)


def known_table(judged: pl.DataFrame, systems: Sequence[str]) -> str:
    """recall@20 of new items for customers of before and after the cut, and for first invoices."""
    new = judged.filter(pl.col("task") == "new")
    groups = {
        "had bought before the cut": new.filter(pl.col("known")),
        "came after it, has a history": new.filter(~pl.col("known") & (pl.col("bought") > 0)),
        "first invoice": new.filter(pl.col("bought") == 0),
    }
    heads = [f"{name} ({frame['invoice'].n_unique():,})" for name, frame in groups.items()]
    lines = [f"| new recall@20 | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for system in systems:
        own = [frame.filter(pl.col("system") == system)["recall"] for frame in groups.values()]
        lines.append(f"| {system} | {' | '.join(f'{values.to_numpy().mean():.4f}' for values in own)} |")
    return "\n".join(lines)


def tests_table(judged: pl.DataFrame, pairs: Sequence[tuple[str, str]]) -> str:
    """Paired differences over customers with a history, each the mean of their invoices.

    The first pair also over those alone who had bought before the cut, whom the models of then know.
    """
    lines = ["| recall@20 | new | repeat | all |", "|---|---|---|---|"]
    lines += [test_line(judged, pair) for pair in pairs]
    lines.insert(3, test_line(judged.filter(pl.col("known")), pairs[0], ", had bought before the cut"))
    return "\n".join(lines)


def test_line(judged: pl.DataFrame, pair: tuple[str, str], whose: str = "") -> str:
    """One pair on every task."""
    tests = [test_of(judged, *pair, task) for task in TASKS]
    cells = [f"{t.difference:+.4f} [{t.low:+.4f}, {t.high:+.4f}], p {t.p:.4f}" for t in tests]
    return f"| {pair[0]} minus {pair[1]}{whose} | {' | '.join(cells)} |"


def test_of(judged: pl.DataFrame, first: str, second: str, task: str) -> PairedTest:
    """``first`` minus ``second``: a customer is one sample, for invoices of one are alike."""
    return paired_test(customer_means(judged, first, task), customer_means(judged, second, task))


def customer_means(judged: pl.DataFrame, system: str, task: str) -> pl.DataFrame:
    """``user`` and ``value``: mean recall@20 over the customer's invoices."""
    chosen = with_history(judged).filter((pl.col("system") == system) & (pl.col("task") == task))
    return chosen.group_by(user="customer").agg(value=pl.col("recall").mean())


def weekly(judged: pl.DataFrame) -> pl.DataFrame:
    """week (its Monday), task, system, invoices, recall, ndcg: means of customers with a history."""
    day = pl.from_epoch(pl.col("time").cast(pl.Int64)).dt.truncate("1w").dt.date()
    grouped = with_history(judged).with_columns(week=day).group_by("week", "task", "system")
    means = grouped.agg(invoices=pl.len(), recall=pl.col("recall").mean(), ndcg=pl.col("ndcg").mean())
    return means.sort("task", "system", "week").with_columns(pl.col("recall", "ndcg").round(5))


def span(judged: pl.DataFrame) -> str:
    """First and last day."""
    first, last = (datetime.fromtimestamp(float(t), UTC) for t in judged["time"].sort().gather([0, -1]))
    return f"{first:%Y-%m-%d} to {last:%Y-%m-%d} ({(last - first) // timedelta(days=7)} weeks)"


def write(folder: Path, text: str, weeks: pl.DataFrame) -> None:
    """``replay-online-retail.md`` and ``.csv``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "replay-online-retail.md").write_text(text + "\n", encoding="utf-8")
    weeks.write_csv(folder / "replay-online-retail.csv")


def total_seconds(cost: Cost, fit: float) -> float:
    """Fitting, refreshing and scoring of the whole replay."""
    return fit + sum(cost.refreshing) + sum(cost.scoring)


def _milliseconds(cost: Cost) -> float:
    return 1e3 * float(np.mean(cost.scoring))


def _refreshing(cost: Cost) -> str:
    seconds = sum(cost.refreshing)
    return f"{seconds:.0f} ({seconds / len(cost.refreshing):.1f} a day)" if seconds > 1 else "0"
