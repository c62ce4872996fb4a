"""Is the difference between two rows more than chance? Paired over users who stood in the same split."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from kgrec.comparison.differences import Group
from kgrec.comparison.record import RunRecord
from kgrec.errors import RunError
from kgrec.evaluation.significance import PairedTest, holm, paired_test


@dataclass(frozen=True)
class Pair:
    """The baseline against one other row, on one metric."""

    metric: str
    baseline: str
    other: str
    test: PairedTest | None = None
    """Other minus baseline; None where ``why_not`` says what keeps them apart."""
    p_holm: float | None = None
    users: int = 0
    splits: int = 0
    """How many splits both rows stood in."""
    why_not: str = ""
    left_out: int = 0
    """Splits that only one of them stood in; their runs take no part."""


def compare_with(baseline: Group, groups: Sequence[Group], metric: str) -> list[Pair]:
    """Every other row against ``baseline``; p corrected by Holm over the rows that could be tested."""
    pairs = [compare_pair(baseline, other, metric) for other in groups if other is not baseline]
    corrected = iter(holm([pair.test.p for pair in pairs if pair.test]))
    return [replace(pair, p_holm=next(corrected)) if pair.test else pair for pair in pairs]


def compare_pair(baseline: Group, other: Group, metric: str) -> Pair:
    """One pair: each user's mean over the splits that both rows stood in."""
    reason = obstacle(baseline, other)
    if reason:
        return Pair(metric, baseline.label, other.label, why_not=reason)
    ours, theirs = _by_split(baseline), _by_split(other)
    shared = sorted(set(ours) & set(theirs))
    first = user_means({split: theirs[split] for split in shared}, metric)
    second = user_means({split: ours[split] for split in shared}, metric)
    if first.is_empty() or second.is_empty():
        reason = f"no values per user of {metric}; per_user.parquet has the rankings' metrics alone"
        return Pair(metric, baseline.label, other.label, why_not=reason)
    try:
        test = paired_test(first, second)
    except ValueError as error:
        return Pair(metric, baseline.label, other.label, why_not=str(error))
    left_out = len(set(ours) ^ set(theirs))
    return Pair(metric, baseline.label, other.label, test, None, first.height, len(shared), left_out=left_out)


def obstacle(baseline: Group, other: Group) -> str:
    """Why two rows cannot be paired, or an empty text."""
    for group in (baseline, other):
        for record in group.records:
            if record.tables is None:
                return f"{record.name} has no values per user (they never reach W&B); compare run directories"
            if not record.tables.has("per_user.parquet"):
                return f"{record.name} has no per_user.parquet; evaluate it: scripts/evaluate.py run=..."
            if record.split is None:
                return f"{record.name} has no split.json: nothing says that its split is the other's"
    if baseline.part != other.part:
        return f"{baseline.label} was judged on {baseline.part}, {other.label} on {other.part}"
    for group in (baseline, other):
        parts = {record.part for record in group.records}
        if len(parts) > 1:
            return f"the runs of {group.label} were judged on test and valid; evaluate all or none on test"
    ours, theirs = _by_split(baseline), _by_split(other)
    if not set(ours) & set(theirs):
        first, second = min(ours), min(theirs)
        return (
            f"the splits differ ({_differing_part(first, second)}): "
            f"{ours[first][0].name} and {theirs[second][0].name}, split.json"
        )
    return ""


def user_means(by_split: dict[str, list[RunRecord]], metric: str) -> pl.DataFrame:
    """``user``, ``value``: first over the runs of a split, then over the splits, so that each counts once."""
    name, _, k = metric.partition("@")
    frames = []
    for split, records in by_split.items():
        for record in records:
            values = _per_user(record).filter((pl.col("metric") == name) & (pl.col("k").cast(pl.String) == k))
            frames.append(values.select("user", "value").with_columns(split=pl.lit(split)))
    of_splits = pl.concat(frames).group_by("user", "split").agg(pl.col("value").mean())
    return of_splits.group_by("user").agg(pl.col("value").mean()).sort("user")


def _per_user(record: RunRecord) -> pl.DataFrame:
    assert record.tables is not None
    frame = record.tables.read_table("per_user.parquet")
    missing = {"user", "metric", "k", "value"} - set(frame.columns)
    if missing:
        path = record.tables.path / "per_user.parquet"
        raise RunError(f"{path} has no column {min(missing)}; evaluate it again: scripts/evaluate.py")
    return frame


def _by_split(group: Group) -> dict[str, list[RunRecord]]:
    splits: dict[str, list[RunRecord]] = {}
    for record in group.records:
        splits.setdefault(record.split or "", []).append(record)
    return splits


def _differing_part(first: str, second: str) -> str:
    """The first part whose hashes differ, with their starts."""
    for part, one, other in zip(("train", "valid", "test"), first.split("-"), second.split("-"), strict=True):
        if one != other:
            return f"{part} {one[:8]} and {other[:8]}"
    return "no part"
