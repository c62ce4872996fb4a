"""SLIM: each item regressed on its neighbours alone, so that nothing grows with the catalogue squared."""

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.models.config_linear import SLIMConfig
from kgrec.models.coordinate_descent import coordinate_descent
from kgrec.models.gram import gram_blocks
from kgrec.models.item_item import ItemItemModel

SIMILARITIES = ("count", "cosine")


def fit_slim(train: UserItems, config: SLIMConfig, device: torch.device | str = "cpu") -> ItemItemModel:
    """``min_w |x_i - X_N w|^2 / 2 + l2 |w|^2 / 2 + l1 |w|_1`` for every item i and its neighbours N.

    x_i is the column of item i in the (weighted) train matrix; N are the ``neighbours`` items nearest to it,
    itself excluded. Nearest by cosine found more of valid than nearest by count on ml-100k (recall@10 .239
    against .227) and Alibaba-iFashion (recall@20 .115 against .113). Ning and Karypis 2011, SLIM: Sparse
    Linear Methods for Top-N Recommender Systems, https://doi.org/10.1109/ICDM.2011.134 (there as fsSLIM, with
    ``nonnegative`` and ``l1``). Without either it is a ridge regression with a solution in closed form; the
    sparse approximation of EASE in Steck 2019, Markov Random Fields for Collaborative Filtering,
    https://arxiv.org/abs/1910.09645, solves such systems too. With all other items as neighbours it is EASE.

    With m neighbours it costs ``n_items m^3 / 3`` multiplications, and one pass over the co-occurrences to
    find neighbours and ``4 n_items m^2 / max_megabytes`` more to gather systems. Memory: ``max_megabytes`` of
    systems and as much again to solve them, one block of co-occurrences (see kgrec.models.gram), and the
    weights. With all items it is ``n_items / 3`` times the work of EASE, so use that where its matrix fits.

    Raises:
        ConfigError: a value of ``config`` is out of range.
    """
    _check(config)
    matrix = train.matrix()
    neighbours = nearest_items(matrix, min(config.neighbours, train.n_items - 1), config.similarity)
    system_bytes = 4 * max(1, neighbours.shape[1]) ** 2
    height = max(1, int(config.max_megabytes * 2**20 / system_bytes))
    rows, start = [], 0
    for chunk in neighbours.split(height):
        systems, targets = _systems(matrix, chunk, start)
        weights = _solve(systems.to(device), targets.to(device), config)
        rows.append(_sparse_rows(chunk, weights.cpu(), train.n_items))
        start += len(chunk)
    return ItemItemModel.from_rows(rows, train)


def nearest_items(matrix: sp.csr_matrix, count: int, similarity: str) -> Tensor:
    """``(n_items, count)`` int64: the items most similar to each, never itself, in ascending order.

    An item with fewer co-occurring items than ``count`` gets others, which its regression may use or not.
    """
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(0))).ravel().clip(min=1e-12)
    nearest = []
    for block in gram_blocks(matrix):
        scores = torch.from_numpy(block.matrix.toarray())
        if similarity == "cosine":
            scores /= torch.from_numpy(lengths)
        scores.diagonal(block.start).fill_(-torch.inf)
        nearest.append(scores.topk(count, dim=1).indices.sort(dim=1).values)
    return torch.cat(nearest)


def _check(config: SLIMConfig) -> None:
    if config.neighbours < 1 or config.sweeps < 1:
        raise ConfigError(
            f"model.neighbours is {config.neighbours}, model.sweeps {config.sweeps}; both must be at least 1"
        )
    if config.l2 <= 0 or config.l1 < 0:
        raise ConfigError(
            f"model.l2 is {config.l2}, model.l1 {config.l1}; they must be above 0 and at least 0"
        )
    if config.max_megabytes <= 0:
        raise ConfigError(f"model.max_megabytes is {config.max_megabytes}; it must be above 0")
    if config.similarity not in SIMILARITIES:
        raise ConfigError(f"model.similarity is {config.similarity!r}; use {' or '.join(SIMILARITIES)}")


def _systems(matrix: sp.csr_matrix, neighbours: Tensor, start: int) -> tuple[Tensor, Tensor]:
    """``X_N' X_N`` ``(n, m, m)`` and ``X_N' x_i`` ``(n, m)`` of the n items from row ``start`` on.

    One pass over the co-occurrences: each block's rows go to every system that has them.
    """
    n, m = neighbours.shape
    systems, targets = torch.empty(n, m, m), torch.empty(n, m)
    wanted, order = neighbours.flatten().sort()
    for block in gram_blocks(matrix):
        dense = torch.from_numpy(block.matrix.toarray())
        first, last = torch.searchsorted(wanted, torch.tensor([block.start, block.stop])).tolist()
        for places in order[first:last].split(2**14):
            item, place = places // m, places % m
            row = neighbours[item, place] - block.start
            systems[item, place] = dense[row.unsqueeze(1), neighbours[item]]
            targets[item, place] = dense[row, item + start]
    return systems, targets


def _solve(systems: Tensor, targets: Tensor, config: SLIMConfig) -> Tensor:
    """Weights ``(n, m)``; ``systems`` are changed in place."""
    systems.diagonal(dim1=1, dim2=2).add_(config.l2)
    factors = torch.linalg.cholesky(systems)
    weights = torch.cholesky_solve(targets.unsqueeze(2), factors).squeeze(2)
    if config.l1 == 0 and not config.nonnegative:
        return weights
    return coordinate_descent(systems, targets, weights, config.l1, config.nonnegative, config.sweeps)


def _sparse_rows(columns: Tensor, weights: Tensor, n_items: int) -> sp.csr_matrix:
    """Row i of ``(n, n_items)`` holds ``weights[i]`` in ``columns[i]``, both ``(n, m)``."""
    n, m = columns.shape
    parts = (weights.numpy().ravel(), columns.numpy().ravel(), np.arange(n + 1) * m)
    matrix = sp.csr_matrix(parts, shape=(n, n_items))
    matrix.eliminate_zeros()
    return matrix
