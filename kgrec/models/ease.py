"""EASE: a linear item-item model in closed form, also with facts of the knowledge graph as extra rows."""

import numpy as np
import scipy.sparse as sp
import torch

from kgrec.data.dataset import Dataset
from kgrec.data.user_items import UserItems
from kgrec.models.config import EASEConfig
from kgrec.models.item_item import ItemItemModel


def fit_ease(train: UserItems, config: EASEConfig, facts: sp.csr_matrix | None = None) -> ItemItemModel:
    """``B = I - P diag(1 / diag P)`` with ``P = (X'X + lambda I)^-1``: least squares with a zero diagonal.

    Steck 2019, Embarrassingly Shallow Autoencoders for Sparse Data, https://arxiv.org/abs/1905.03375. ``facts``
    ``(n_items, n_facts)`` become extra rows of X, ``X' = [X; sqrt(w) F']`` with w ``feature_weight``: Jeunen et al.
    2020, Closed-Form Models for Collaborative Filtering with Side-Information,
    https://doi.org/10.1145/3383313.3418480.

    Memory: two dense matrices, ``8 n_items^2`` bytes (7.2 GB for 30,040 items). What is scored is what is saved: the
    largest weights of each item within ``max_megabytes``.
    """
    matrix = train.matrix()
    gram = (matrix.T @ matrix).astype(np.float32)
    if facts is not None and config.feature_weight > 0:
        gram = gram + (config.feature_weight * (facts @ facts.T)).astype(np.float32)
    dense = torch.from_numpy(gram.toarray())
    dense.diagonal().add_(config.l2)
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(dense, out=dense))
    del dense
    inverse.div_(-inverse.diagonal().clone())
    inverse.fill_diagonal_(0.0)
    return ItemItemModel.from_dense(inverse.numpy(), train, config.max_megabytes)


def fact_matrix(dataset: Dataset) -> sp.csr_matrix:
    """``(n_items, n_facts)``: 1 where an item stands in a fact, a fact being (relation, direction, other end)."""
    triples, n_items = dataset.knowledge_rows(), len(dataset.items)
    sides = []
    for own, other in ((0, 2), (2, 0)):
        rows = triples[triples[:, own] < n_items]
        keys = np.stack([rows[:, 1] * 2 + own // 2, rows[:, other]], axis=1)
        sides.append(np.concatenate([rows[:, [own]], keys], axis=1))
    both = np.concatenate(sides)
    _, column = np.unique(both[:, 1:], axis=0, return_inverse=True)
    shape = (n_items, int(column.max()) + 1 if len(column) else 0)
    matrix = sp.csr_matrix((np.ones(len(both), np.float32), (both[:, 0], column.ravel())), shape=shape)
    matrix.data[:] = 1.0
    return matrix
