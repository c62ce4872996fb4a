"""The table of a benchmark: means over repetitions, and the flagship tested against every other row."""

import csv
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from kept_rows import kept_records
from row_tests import Rows, row_tests, untested, user_means

from kgrec.comparison.curves import TimePoint
from kgrec.comparison.figures import write_points
from kgrec.evaluation.significance import bootstrap_interval
from kgrec.run import Run
from kgrec.text_tables import markdown_table


def write_results(spec: dict[str, Any], runs: Rows, path: Path) -> str:
    """Write ``path.md``, ``path.csv`` and ``path.png`` (quality against time); returns the Markdown.

    A row without runs keeps what an earlier ``path.csv`` has of it; one that has neither is left out.
    """
    records = all_records(spec, runs, path.with_suffix(".csv"))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(name for each in records for name in each)))
        writer.writeheader()
        writer.writerows(records)
    metric = spec["metrics"][0]
    points = [
        TimePoint(place, each["row"], "test", each[metric], each["train_seconds"])
        for place, each in enumerate(records)
    ]
    write_points(points, f"test {metric}", path.with_suffix(".png"))
    tests = row_tests(spec, runs, path.with_suffix(".md"))
    parts = [spec["note"].strip(), results_markdown(spec, records), tests, untested(spec, records, tests)]
    parts.append(provenance(records, path.name))
    text = "\n\n".join(part for part in parts if part) + "\n"
    path.with_suffix(".md").write_text(text)
    return text


def all_records(spec: dict[str, Any], runs: Rows, path: Path) -> list[dict[str, Any]]:
    """The table's rows in order, from their runs or as an earlier CSV has them."""
    kept = kept_records(path, columns(spec))
    rows = [row for row in spec["rows"] if row in runs or row in kept]
    return [record(spec, row, runs[row]) if row in runs else kept[row] for row in rows]


def columns(spec: dict[str, Any]) -> list[str]:
    """The numbers that every row has."""
    of_metrics = [column for name in spec["metrics"] for column in (name, f"{name} sd")]
    return ["repetitions", *of_metrics, *costs(spec)]


def costs(spec: dict[str, Any]) -> list[str]:
    """What a run took, as its metrics name it."""
    timings = ["train_seconds", "refit_seconds", "epochs"]
    return timings + (["peak_memory_mb"] if spec.get("peak_memory", True) else [])


def record(spec: dict[str, Any], row: str, runs: list[Run]) -> dict[str, Any]:
    """Means and deviations over the repetitions of one row, and a bootstrap interval over people of the first
    metric."""
    metrics = [run.read_json("metrics.json") for run in runs]
    values: dict[str, Any] = {"row": row, "repetitions": len(runs)}
    for name in spec["metrics"]:
        of_runs = [float(each["test"][name]) for each in metrics]
        values[name] = mean(of_runs)
        values[f"{name} sd"] = stdev(of_runs) if len(of_runs) > 1 else 0.0
    people = user_means(runs, spec["metrics"][0])["value"].to_numpy()
    values["low"], values["high"] = bootstrap_interval(people, 2_000, 0)
    for name in costs(spec):
        values[name] = mean(float(each["timing"][name]) for each in metrics)
    made = [run.read_json("environment.json") for run in runs]
    values["commit"] = " ".join(sorted({str(each["commit"])[:7] for each in made}))
    values["machine"] = "; ".join(sorted({machine(each) for each in made}))
    return values


def machine(environment: dict[str, Any]) -> str:
    """Where a run was made."""
    device = environment["device_name"] or environment["device"]
    return f"{environment['platform']}, {device}, {environment['threads']} threads"


def results_markdown(spec: dict[str, Any], records: list[dict[str, Any]]) -> str:
    """Ours, under each row what was published of the same model; then what else was published."""
    names, left = spec["metrics"], dict(spec.get("published", {}))
    interval = [f"95% of {names[0]}"] if any("low" in each for each in records) else []
    cost = ["train s", "epochs", "peak GiB"][: 3 if "peak_memory_mb" in records[0] else 2]
    heads = [names[0], *interval, *names[1:], *cost]
    rows = []
    for each in records:
        rows.append(shown(each, names, heads))
        if each["row"] in left:
            rows.append(published(each["row"], left.pop(each["row"]), heads))
    rows += [published(label, entry, heads) for label, entry in left.items()]
    return markdown_table(("", *heads), rows)


def shown(each: dict[str, Any], names: list[str], heads: list[str]) -> tuple[str, ...]:
    """One row of ours."""
    cells = {name: f"{each[name]:.4f} ± {each[f'{name} sd']:.4f}" for name in names}
    cells["train s"] = f"{each['train_seconds'] + each['refit_seconds']:.1f}"
    cells["epochs"] = f"{each['epochs']:.0f}"
    if "peak_memory_mb" in each:
        cells["peak GiB"] = f"{each['peak_memory_mb'] / 1024:.1f}"
    if "low" in each:
        cells[f"95% of {names[0]}"] = f"[{each['low']:.4f}, {each['high']:.4f}]"
    return (each["row"], *[cells.get(head, "") for head in heads])


def published(label: str, entry: dict[str, Any], heads: list[str]) -> tuple[str, ...]:
    """A published value with its source; what was not published stays empty, and so does its cost."""
    values = entry["values"]
    cells = [f"{values[head]:.4f}" if head in values else "" for head in heads]
    return (f"*published:* {label}, {entry['source']}", *cells)


def provenance(records: list[dict[str, Any]], name: str) -> str:
    """The command, and on which commits and machines the rows were made, as far as they tell."""
    commits = sorted({commit for each in records for commit in each["commit"].split()})
    machines = sorted({each["machine"] for each in records if each["machine"]})
    told = [f"`python benchmarks/reproduce.py --table {name}`"]
    told += [f"commit {', '.join(commits)}"] if commits else []
    return "; ".join([*told, *machines]) + "."
