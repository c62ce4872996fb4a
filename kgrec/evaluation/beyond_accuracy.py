"""What accuracy does not tell: how much of the catalogue is shown, how evenly, how new, how varied."""

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from kgrec.data.user_items import UserItems


def beyond_accuracy(items: Tensor, train: UserItems, ks: Sequence[int]) -> dict[str, float]:
    """All values below at every k, for rankings ``items`` ``(n, depth)``."""
    popularity = torch.from_numpy(np.bincount(train.items, minlength=train.n_items))
    items = items.cpu()
    values = {}
    for k in (k for k in ks if k <= items.shape[1]):
        values[f"coverage@{k}"] = coverage(items[:, :k], train.n_items)
        values[f"gini@{k}"] = gini(items[:, :k], train.n_items)
        values[f"novelty@{k}"] = novelty(items[:, :k], popularity)
        values[f"diversity@{k}"] = diversity(items[:, :k], train)
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


LISTS = 2_000
"""Lists that diversity is measured on at most: pairs of long columns are dear, and a mean needs no more."""


def diversity(items: Tensor, train: UserItems, chunk: int = 64) -> float:
    """``1 - mean cosine`` over the pairs of each list, mean over lists of two items or more (LISTS at most).

    Ziegler et al. 2005, https://doi.org/10.1145/1060745.1060754. An item's vector is who had it in train,
    the same for every model that is compared; an item that nobody had is like no other. By ``|sum v|^2 =
    sum_ij v_i . v_j``, so no (n, k, k) tensor. Memory: up to 12 bytes for each of ``chunk`` lists and each
    user who had an item of it, which for lists of the most popular items is nearly ``chunk`` x users.
    """
    if len(items) > LISTS:
        chosen = np.sort(np.random.default_rng(0).choice(len(items), LISTS, replace=False))
        items = items[torch.from_numpy(chosen).to(items.device)]
    unit = _unit_rows(train)
    total, lists = 0.0, 0
    for part in items.cpu().split(chunk):
        row, place = (part >= 0).nonzero(as_tuple=True)
        chosen = part[row, place].numpy()
        shown = sp.csr_matrix((np.ones(len(chosen)), (row.numpy(), chosen)), shape=(len(part), train.n_items))
        sums = shown @ unit
        # Unit vectors: the sum of squares of a list is the number of its items that anybody had.
        own = np.asarray(shown @ np.asarray(unit.multiply(unit).sum(1))).ravel()
        count = np.asarray(shown.sum(1)).ravel()
        pairs = (np.asarray(sums.multiply(sums).sum(1)).ravel() - own) / np.maximum(count * (count - 1), 1)
        total += float((1 - pairs)[count > 1].sum())
        lists += int((count > 1).sum())
    return total / max(lists, 1)


def _unit_rows(train: UserItems) -> sp.csr_matrix:
    """``(n_items, n_users)``: who had each item, scaled to unit length."""
    columns = train.matrix(np.float64).T.tocsr()
    lengths = np.sqrt(np.asarray(columns.multiply(columns).sum(1)).ravel())
    return sp.diags(1 / np.maximum(lengths, 1e-12)) @ columns
