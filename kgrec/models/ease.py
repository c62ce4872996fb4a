"""EASE: a linear item-item model in closed form, also with facts of the knowledge graph as extra rows."""

import logging
import math

import numpy as np
import scipy.sparse as sp
import torch
from scipy.linalg.lapack import spotri
from torch import Tensor

from kgrec.data.dataset import Dataset
from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.models.config import EASEConfig
from kgrec.models.gram import gram_blocks
from kgrec.models.item_item import ItemItemModel, keep_largest

log = logging.getLogger(__name__)

BYTES_A_WEIGHT = 8
"""float32 and an int32 index."""

CHUNK = 256
"""Items whose weights are chosen at once."""


def fit_ease(train: UserItems, config: EASEConfig, facts: sp.csr_matrix | None = None) -> ItemItemModel:
    """``B = I - P diag(1 / diag P)`` with ``P = (X'X + lambda I)^-1``: least squares with a zero diagonal.

    Steck 2019, Embarrassingly Shallow Autoencoders for Sparse Data, https://arxiv.org/abs/1905.03375.
    ``facts`` ``(n_items, n_facts)`` become extra rows of X, ``X' = [X; sqrt(w) F']`` with w
    ``feature_weight``: the collective variant of Jeunen et al. 2020, Closed-Form Models for Collaborative
    Filtering with Side-Information, https://doi.org/10.1145/3383313.3418480.

    What is scored is what is saved: of each item's weights the largest within ``max_megabytes``, all of them
    where they fit; a warning says when they do not. Memory: one dense matrix, ``4 n_items^2`` bytes (3.6 GB
    for 30,040 items), inverted in place; time: ``n_items^3`` multiplications.

    Raises:
        ConfigError: a value of ``config`` is out of range.
    """
    _check(config)
    rows = train.matrix()
    if facts is not None and config.feature_weight > 0:
        rows = sp.vstack([rows, np.float32(config.feature_weight**0.5) * facts.T]).tocsr()
    weights = _transposed_weights(_gram(rows), config.l2)
    kept = _kept_per_item(config.max_megabytes, train.n_items)
    return ItemItemModel.from_rows([keep_largest(chunk, kept) for chunk in weights.split(CHUNK)], train)


def fact_matrix(dataset: Dataset) -> sp.csr_matrix:
    """``(n_items, n_facts)``: 1 where an item stands in a fact (relation, direction, other end)."""
    triples, n_items = dataset.knowledge_rows(), len(dataset.items)
    sides = []
    for own, other in ((0, 2), (2, 0)):
        rows = triples[triples[:, own] < n_items]
        direction = np.full(len(rows), own)
        sides.append(np.stack([rows[:, own], rows[:, 1], direction, rows[:, other]], axis=1))
    item_and_fact = np.concatenate(sides)
    facts, column = np.unique(item_and_fact[:, 1:], axis=0, return_inverse=True)
    places = (item_and_fact[:, 0], column.ravel())
    matrix = sp.csr_matrix((np.ones(len(item_and_fact), np.float32), places), shape=(n_items, len(facts)))
    matrix.data[:] = 1.0
    return matrix


def _check(config: EASEConfig) -> None:
    if config.l2 <= 0:
        raise ConfigError(f"model.l2 is {config.l2}; EASE needs a ridge penalty above 0")
    if config.feature_weight < 0:
        raise ConfigError(f"model.feature_weight is {config.feature_weight}; use 0 to leave the facts out")
    if config.max_megabytes <= 0:
        raise ConfigError(f"model.max_megabytes is {config.max_megabytes}; it must be above 0")


def _kept_per_item(max_megabytes: float, n_items: int) -> int:
    """Weights of one item that fit; at a small ``l2`` the dropped ones are large enough to change ranks."""
    kept = max(1, int(max_megabytes * 2**20 / BYTES_A_WEIGHT / n_items))
    if kept < n_items:
        exact = math.ceil(n_items**2 * BYTES_A_WEIGHT / 2**20)
        log.warning(
            "model.max_megabytes is %g: EASE keeps the %d largest of each item's %d weights; %d keeps all",
            max_megabytes,
            kept,
            n_items,
            exact,
        )
    return kept


def _gram(rows: sp.csr_matrix) -> Tensor:
    """Dense ``X'X`` ``(n_items, n_items)`` float32, filled block by block."""
    gram = torch.empty(rows.shape[1], rows.shape[1])
    for block in gram_blocks(rows):
        gram[block.start : block.stop] = torch.from_numpy(block.matrix.toarray())
    return gram


def _mirror(upper: Tensor) -> None:
    """Copy the upper triangle of a square matrix to the lower one, in place and a block of rows at a time."""
    for start in range(0, len(upper), CHUNK):
        stop = min(start + CHUNK, len(upper))
        upper[stop:, start:stop] = upper[start:stop, stop:].T
        corner = upper[start:stop, start:stop].triu()
        upper[start:stop, start:stop] = corner + corner.triu(1).T


def _transposed_weights(gram: Tensor, l2: float) -> Tensor:
    """``B'`` from ``X'X``, in the memory of ``gram``: row i holds what the score of item i is made of."""
    gram.diagonal().add_(l2)
    # LAPACK counts columns first: it works in place on the transposed view of this symmetric matrix.
    factor = gram.T
    torch.linalg.cholesky(factor, out=factor)
    # SciPy's, because torch.cholesky_inverse took six times as long on two cores (41 s for 5,000 items).
    _, failed = spotri(factor.numpy(), lower=1, overwrite_c=1)
    if failed:
        raise ConfigError(f"model.l2 is {l2}: X'X + lambda I is singular in float32; use a larger penalty")
    _mirror(gram)
    gram.div_(-gram.diagonal().clone().unsqueeze(1))
    return gram.fill_diagonal_(0.0)
