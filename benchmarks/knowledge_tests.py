"""What a source of knowledge is worth: the variant with it minus the variant without it, user by user."""

from typing import Any

import polars as pl
from group_values import group_values
from knowledge_jobs import Declaration

from kgrec.evaluation.significance import paired_test
from kgrec.run import Run

SCHEMA: dict[str, Any] = {
    "model": pl.String,
    "contrast": pl.String,
    "group": pl.String,
    "users": pl.Int64,
    "with": pl.Float64,
    "without": pl.Float64,
    "difference": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "p": pl.Float64,
    "declared": pl.Boolean,
    "p_holm": pl.Float64,
}
"""Columns of a result; ``p_holm`` is empty until the whole family was tested, and where exploratory."""


def compare_contrasts(declared: Declaration, runs: dict[str, dict[str, list[Run]]]) -> pl.DataFrame:
    """One row a model, contrast and group, for ``runs`` by model and variant.

    Raises:
        ValueError: a declared test has no users or no runs, or the users of two variants differ.
    """
    rows = []
    for model, variants in runs.items():
        values = {name: user_values(of, declared.metric, declared.groups) for name, of in variants.items()}
        for contrast, (name_with, name_without) in declared.contrasts.items():
            if name_with in values and name_without in values:
                rows += [
                    {"model": model, "contrast": contrast, "group": group}
                    | tested(values[name_with], values[name_without], group)
                    | {"declared": model == declared.flagship and (contrast, group) in declared.tests}
                    for group in declared.groups
                    if group in values[name_with]["group"]
                ]
    found = pl.DataFrame(rows, schema=SCHEMA)
    if declared.flagship in runs:
        done = found.filter("declared").select("contrast", "group").rows()
        missing = set(declared.tests) - set(done)
        if missing:
            raise ValueError(f"declared, but there are no users or no runs to test it on: {min(missing)}")
    return found


def user_values(runs: list[Run], metric: str, groups: list[str]) -> pl.DataFrame:
    """``user``, ``group``, ``value``: each user's mean over a variant's runs, seeds and shuffles alike."""
    frames = [group_values(run, metric, groups) for run in runs]
    return pl.concat(frames).group_by("user", "group").agg(pl.col("value").mean()).sort("user", "group")


def tested(first: pl.DataFrame, second: pl.DataFrame, group: str) -> dict[str, Any]:
    """``first`` minus ``second`` on one group, paired over users."""
    one, other = (side.filter(pl.col("group") == group).select("user", "value") for side in (first, second))
    test = paired_test(one, other)
    return {
        "users": one.height,
        "with": one["value"].mean(),
        "without": other["value"].mean(),
        "difference": test.difference,
        "low": test.low,
        "high": test.high,
        "p": test.p,
    }
