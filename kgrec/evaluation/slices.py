"""The same metrics on parts of the users and of the items: who and what a model serves well."""

import numpy as np
import torch
from torch import Tensor

from kgrec.data.user_items import UserItems
from kgrec.evaluation.config import EvaluationConfig
from kgrec.evaluation.hits import accuracy, hit_matrix


def slice_metrics(
    items: Tensor, users: np.ndarray, truth: UserItems, train: UserItems, config: EvaluationConfig
) -> dict[str, float]:
    """``recall@10/users:q1`` ... and ``recall@10/items:cold`` ..., for rankings ``items`` ``(n, depth)`` of
    ``users``.

    Users by quartiles of their train interactions (q1 the least active). Items by popularity: ``head`` are
    the most popular that together have 80% of the train interactions, ``tail`` the rest, ``cold`` those
    without any. For an item slice the truth is restricted to the slice, the ranking is still over all
    candidates.
    """
    hits = hit_matrix(items.cpu(), users, truth)
    n_truth = torch.from_numpy(truth.counts()[users])
    values: dict[str, float] = {}
    per_user = accuracy(hits, n_truth, config)
    for name, chosen in user_slices(train.counts()[users]).items():
        if chosen.any():
            values |= {
                f"{m}/users:{name}": float(v[torch.from_numpy(chosen)].mean()) for m, v in per_user.items()
            }
    for name, chosen in item_slices(train).items():
        part = restricted(truth, chosen)
        some = part.counts()[users] > 0
        values[f"pairs/items:{name}"] = float(len(part))
        if some.any():
            of_slice = hit_matrix(items.cpu()[torch.from_numpy(some)], users[some], part)
            sized = accuracy(of_slice, torch.from_numpy(part.counts()[users[some]]), config)
            values |= {f"{m}/items:{name}": float(v.mean()) for m, v in sized.items()}
    return values


def user_slices(activity: np.ndarray) -> dict[str, np.ndarray]:
    """Quartiles of activity as masks ``(n,)``; equal counts stay together."""
    bounds = np.quantile(activity, [0.25, 0.5, 0.75])
    quartile = np.searchsorted(bounds, activity, side="left")
    return {f"q{place + 1}": quartile == place for place in range(4)}


def item_slices(train: UserItems) -> dict[str, np.ndarray]:
    """head, tail and cold as masks ``(n_items,)``; equal counts stay together."""
    counts = np.bincount(train.items, minlength=train.n_items)
    values, place, sizes = np.unique(counts, return_inverse=True, return_counts=True)
    # Interactions of the items that are more popular than those of each count.
    above = counts.sum() - np.cumsum(values * sizes)
    head = (above < 0.8 * counts.sum())[place] & (counts > 0)
    return {"head": head, "tail": ~head & (counts > 0), "cold": counts == 0}


def restricted(truth: UserItems, chosen: np.ndarray) -> UserItems:
    """The pairs of ``truth`` whose item is chosen."""
    kept = chosen[truth.items]
    return UserItems.from_pairs(truth.user_of_pair()[kept], truth.items[kept], (truth.n_users, truth.n_items))
