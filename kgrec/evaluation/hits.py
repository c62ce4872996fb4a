"""From rankings and truth to hits, and from hits to every metric."""

import numpy as np
import torch
from torch import Tensor

from kgrec.data.user_items import UserItems
from kgrec.evaluation.config import EvaluationConfig
from kgrec.evaluation.metrics import METRICS


def accuracy(hits: Tensor, n_truth: Tensor, config: EvaluationConfig) -> dict[str, Tensor]:
    """Every metric at every k, ``(n,)`` each."""
    ks = [k for k in config.ks if k <= hits.shape[1]]
    return {f"{name}@{k}": METRICS[name](hits, n_truth, k) for name in config.metrics for k in ks}


def hit_matrix(items: Tensor, users: np.ndarray, truth: UserItems) -> Tensor:
    """``(n, k)`` bool: whether each ranked item ``(n, k)`` is in its user's truth; -1 never is."""
    keys = truth.user_of_pair() * truth.n_items + truth.items
    ranked = users[:, None] * truth.n_items + items.numpy()
    place = np.searchsorted(keys, ranked).clip(max=max(len(keys) - 1, 0))
    found = (keys[place] == ranked) if len(keys) else np.zeros(ranked.shape, bool)
    return torch.from_numpy(found & (items.numpy() >= 0))
