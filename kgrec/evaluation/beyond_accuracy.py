"""What accuracy does not tell: how much of the catalogue is shown, how evenly, how new, how varied."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from kgrec.data.user_items import UserItems


def beyond_accuracy(
    items: Tensor, train: UserItems, ks: Sequence[int], item_vectors: Tensor | None = None
) -> dict[str, float]:
    """All values below at every k, for rankings ``items`` ``(n, depth)``."""
    popularity = torch.from_numpy(np.bincount(train.items, minlength=train.n_items))
    items = items.cpu()
    values = {}
    for k in (k for k in ks if k <= items.shape[1]):
        values[f"coverage@{k}"] = coverage(items[:, :k], train.n_items)
        values[f"gini@{k}"] = gini(items[:, :k], train.n_items)
        values[f"novelty@{k}"] = novelty(items[:, :k], popularity)
        if item_vectors is not None:
            values[f"diversity@{k}"] = diversity(items[:, :k], item_vectors)
    return values


def coverage(items: Tensor, n_items: int) -> float:
    """Share of all items that anybody is shown."""
    return float(len(items[items >= 0].unique()) / n_items)


def gini(items: Tensor, n_items: int) -> float:
    """Inequality of how often items are shown: 0 = all alike, 1 = always the same few.

    ``sum_i (2 i - n - 1) c_i / (n sum c)`` over the counts in ascending order.
    """
    counts = torch.bincount(items[items >= 0], minlength=n_items).double().sort().values
    place = torch.arange(1, n_items + 1, dtype=torch.float64)
    return float(((2 * place - n_items - 1) * counts).sum() / (n_items * counts.sum().clamp(min=1)))


def novelty(items: Tensor, popularity: Tensor) -> float:
    """Mean self-information ``-log2 p(i)``, p the share of train interactions.

    Items without any are counted as if they had one. Vargas and Castells 2011,
    https://doi.org/10.1145/2043932.2043955.
    """
    share = popularity.clamp(min=1).double() / popularity.sum().clamp(min=1)
    return float(-torch.log2(share)[items[items >= 0]].mean())


def diversity(items: Tensor, item_vectors: Tensor, chunk: int = 4096) -> float:
    """``1 - mean cosine`` over the pairs of each list (Ziegler et al. 2005), mean over users with two items or more.

    By ``|sum v|^2 = sum_ij v_i . v_j``, so no (n, k, k) tensor.
    """
    unit = F.normalize(item_vectors.cpu(), dim=1)
    total, lists = 0.0, 0
    for part in items.split(chunk):
        valid = part >= 0
        vectors = unit[part.clamp(min=0)] * valid.unsqueeze(2)
        count = valid.sum(1)
        own = vectors.square().sum((1, 2))
        pairs = (vectors.sum(1).square().sum(1) - own) / (count * (count - 1)).clamp(min=1)
        total += float((1 - pairs)[count > 1].sum())
        lists += int((count > 1).sum())
    return total / max(lists, 1)
