"""Paired tests of a table: the flagship against every other row whose runs are here."""

from pathlib import Path
from typing import Any

import polars as pl

from kgrec.evaluation.significance import holm, paired_test
from kgrec.run import Run
from kgrec.text_tables import markdown_table

Rows = dict[str, list[Run]]
HEAD = ("difference", "metric", "mean", "95% interval", "p (Holm)")


def row_tests(spec: dict[str, Any], runs: Rows, earlier: Path) -> str:
    """A table of tests; without the flagship's runs the one that the Markdown ``earlier`` has, or nothing."""
    if spec["flagship"] not in runs:
        return kept_tests(earlier)
    return comparison_markdown(spec, runs) if len(runs) > 1 else ""


def comparison_markdown(spec: dict[str, Any], runs: Rows) -> str:
    """The flagship minus every other row, unit = user averaged over repetitions, p corrected by Holm."""
    flagship = spec["flagship"]
    others = [row for row in spec["rows"] if row in runs and row != flagship]
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
    return markdown_table(HEAD, lines)


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


def kept_tests(path: Path) -> str:
    """The table of paired tests that an earlier Markdown has, or nothing."""
    head = f"| {HEAD[0]} |"
    text = path.read_text() if path.is_file() else ""
    lines = text[text.index(head) :].splitlines() if head in text else []
    return "\n".join(line for line in lines if line.startswith("|"))


def untested(spec: dict[str, Any], records: list[dict[str, Any]], tests: str) -> str:
    """Says which rows no test compares, because their runs and the flagship's were never on one machine."""
    flagship = spec["flagship"]
    others = [each["row"] for each in records if each["row"] != flagship]
    missing = [row for row in others if f"| {flagship} - {row} |" not in tests]
    return (
        f"Not tested against {flagship}, for want of runs to pair: {', '.join(missing)}." if missing else ""
    )
