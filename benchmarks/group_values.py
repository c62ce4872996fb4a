"""Each user's metric on a group of items, from the saved lists of a run alone: no raw data, no model."""

import numpy as np
import polars as pl
import torch

from kgrec.config import config_from_yaml
from kgrec.data.user_items import UserItems
from kgrec.evaluation.hits import hit_matrix
from kgrec.evaluation.metrics import METRICS
from kgrec.evaluation.slices import item_slices, restricted
from kgrec.load_run import load_pairs, load_vocabularies
from kgrec.run import Run

SLICES = {"rare": "tail", "cold": "cold"}
"""Names of groups, and the evaluator's slice that each of them is."""
TOLERANCE = 1e-3
"""A batch of other users rounds scores differently: a list may, rarely, differ from the evaluated one."""


def group_values(run: Run, metric: str, groups: list[str]) -> pl.DataFrame:
    """``user``, ``group``, ``value``: ``metric`` of every user whose test items include some of the group.

    ``all`` is every item. ``rare`` and ``cold`` are the evaluator's tail (the least popular items, together a
    fifth of the interactions) and items without any, counted on what the final model learned from: train,
    after a refit also valid. The truth is restricted to the group, the ranking is over all candidates. A
    group that no test item is in has no rows.

    Raises:
        ValueError: the saved lists are too short for the metric, or do not give the run's own test value.
    """
    name, k = metric.split("@")
    config = config_from_yaml(run.read_text("config.yaml"))
    if int(k) > config.evaluation.top_k:
        raise ValueError(f"{metric} needs lists of {k}, {run.path} saved {config.evaluation.top_k} items")
    truth = load_pairs(run, ("test",))
    learned = load_pairs(run, ("train", "valid") if config.training.refit else ("train",))
    lists = saved_lists(run, int(k))
    frames = []
    for group, chosen in group_masks(learned, groups).items():
        part = restricted(truth, chosen)
        users = np.flatnonzero(part.counts() > 0)
        hits = hit_matrix(torch.from_numpy(lists[users]), users, part)
        values = METRICS[name](hits, torch.from_numpy(part.counts()[users]), int(k)).numpy()
        if group == "all":
            _check(run, metric, float(values.mean()))
        ids = pl.Series("user", load_vocabularies(run)[0].ids, dtype=pl.String).gather(users)
        frames.append(pl.DataFrame({"user": ids, "value": values}).with_columns(group=pl.lit(group)))
    return pl.concat(frames).select("user", "group", "value")


def group_masks(learned: UserItems, groups: list[str]) -> dict[str, np.ndarray]:
    """Which items are in each group, ``(n_items,)`` bool."""
    unknown = [group for group in groups if group not in ("all", *SLICES)]
    if unknown:
        raise ValueError(f"there is no group {unknown[0]!r}; use all, {', '.join(SLICES)}")
    slices = item_slices(learned)
    everything = np.ones(learned.n_items, bool)
    return {group: everything if group == "all" else slices[SLICES[group]] for group in groups}


def saved_lists(run: Run, k: int) -> np.ndarray:
    """``(n_users, k)`` item rows of top_k.parquet, best first; -1 where a list is shorter."""
    users, items = load_vocabularies(run)
    frame = run.read_table("top_k.parquet").filter(pl.col("rank") <= k)
    lists = np.full((len(users), k), -1, np.int64)
    lists[users.encode(frame["user"]), frame["rank"].to_numpy() - 1] = items.encode(frame["item"])
    return lists


def _check(run: Run, metric: str, mean: float) -> None:
    evaluated = run.read_json("metrics.json")["test"].get(metric)
    if evaluated is not None and abs(evaluated - mean) > TOLERANCE:
        raise ValueError(
            f"{run.path}: {metric} is {mean:.4f} by top_k.parquet and {evaluated:.4f} by metrics.json; "
            "train the run again"
        )
