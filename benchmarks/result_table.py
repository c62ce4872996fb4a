"""The table of a benchmark: means over repetitions, and the flagship tested against every other row."""

import csv
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import polars as pl

from kgrec.comparison.curves import TimePoint
from kgrec.comparison.figures import write_points
from kgrec.evaluation.significance import holm, paired_test
from kgrec.run import Run
from kgrec.text_tables import markdown_table

Rows = dict[str, list[Run]]


def write_results(spec: dict[str, Any], runs: Rows, path: Path) -> str:
    """Write ``path.md``, ``path.csv`` and ``path.png`` (quality against time); returns the Markdown."""
    records = [record(spec, row, runs[row]) for row in spec["rows"]]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(records[0]))
        writer.writeheader()
        writer.writerows(records)
    metric = spec["metrics"][0]
    points = [
        TimePoint(place, each["row"], "test", each[metric], each["train_seconds"])
        for place, each in enumerate(records)
    ]
    write_points(points, f"test {metric}", path.with_suffix(".png"))
    parts = [spec["note"].strip(), results_markdown(spec, records), comparison_markdown(spec, runs)]
    text = "\n\n".join(parts) + "\n"
    path.with_suffix(".md").write_text(text)
    return text


def record(spec: dict[str, Any], row: str, runs: list[Run]) -> dict[str, Any]:
    """Means and deviations over the repetitions of one row."""
    metrics = [run.read_json("metrics.json") for run in runs]
    values: dict[str, Any] = {"row": row, "repetitions": len(runs)}
    for name in spec["metrics"]:
        of_runs = [float(each["test"][name]) for each in metrics]
        values[name] = mean(of_runs)
        values[f"{name} sd"] = stdev(of_runs) if len(of_runs) > 1 else 0.0
    timings = ["train_seconds", "refit_seconds", "epochs"]
    for name in timings + (["peak_memory_mb"] if spec.get("peak_memory", True) else []):
        values[name] = mean(float(each["timing"][name]) for each in metrics)
    return values


def results_markdown(spec: dict[str, Any], records: list[dict[str, Any]]) -> str:
    """Ours, under each row what was published of the same model; then what else was published."""
    names, left = spec["metrics"], dict(spec.get("published", {}))
    heads = ["train s", "epochs", "peak GiB"][: 3 if "peak_memory_mb" in records[0] else 2]
    rows: list[tuple[str, ...]] = []
    for each in records:
        values = [f"{each[name]:.4f} ± {each[f'{name} sd']:.4f}" for name in names]
        cost = [f"{each['train_seconds'] + each['refit_seconds']:.1f}", f"{each['epochs']:.0f}"]
        cost += [f"{each['peak_memory_mb'] / 1024:.1f}"] if len(heads) == 3 else []
        rows.append((each["row"], *values, *cost))
        if each["row"] in left:
            rows.append(published_row(each["row"], left.pop(each["row"]), names, len(cost)))
    rows += [published_row(label, entry, names, len(heads)) for label, entry in left.items()]
    return markdown_table(("", *names, *heads), rows)


def published_row(label: str, entry: dict[str, Any], names: list[str], costs: int) -> tuple[str, ...]:
    """A published value with its source; what was not published stays empty, and so does its cost."""
    values = [f"{entry['values'][name]:.4f}" if name in entry["values"] else "" for name in names]
    return (f"*published:* {label}, {entry['source']}", *values, *[""] * costs)


def comparison_markdown(spec: dict[str, Any], runs: Rows) -> str:
    """The flagship minus every other row, unit = user averaged over repetitions, p corrected by Holm."""
    flagship = spec["flagship"]
    others = [row for row in spec["rows"] if row != flagship]
    lines = []
    for metric in spec["compare"]:
        ours = user_means(runs[flagship], metric)
        tests = {row: paired_test(*aligned(ours, user_means(runs[row], metric))) for row in others}
        corrected = dict(zip(others, holm([test.p for test in tests.values()]), strict=True))
        for row, test in tests.items():
            interval = f"[{test.low:+.4f}, {test.high:+.4f}]"
            lines.append(
                (f"{flagship} - {row}", metric, f"{test.difference:+.4f}", interval, f"{corrected[row]:.4f}")
            )
    return markdown_table(("difference", "metric", "mean", "95% interval", "p (Holm)"), lines)


def user_means(runs: list[Run], metric: str) -> pl.DataFrame:
    """Each user's mean over the repetitions in which the user has a truth: ``user``, ``value``."""
    name, k = metric.split("@")
    frames = [run.read_table("per_user.parquet") for run in runs]
    wanted = pl.concat(frames).filter((pl.col("metric") == name) & (pl.col("k") == int(k)))
    return wanted.group_by("user").agg(pl.col("value").mean()).sort("user")


def aligned(first: pl.DataFrame, second: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both by the same users; a user missing on one side would be an error of the splits."""
    if first["user"].to_list() != second["user"].to_list():
        raise ValueError("the rows were judged on different users: their splits differ")
    return first, second
