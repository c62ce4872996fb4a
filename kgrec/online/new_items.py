"""Scores of items that a model was never trained on: the mean of those that are most like them."""

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from kgrec.models.base import Scorer
from kgrec.models.vectors import VectorModel
from kgrec.retrieval.content import ContentScorer


def nearest_known(content: ContentScorer, new: np.ndarray, n_known: int, neighbours: int) -> sp.csr_matrix:
    """``A`` ``(n_new, n_known)``, rows that sum to one: each new item's nearest known ones by text and facts.

    The weights are the likeness of content, as far as it is positive. An item that is like nothing (no text,
    no fact that is shared) is the mean of all. Memory: ``8 n_new n_known`` bytes.
    """
    like = np.maximum(content.likeness(new, np.arange(n_known)), 0.0)
    if neighbours < n_known:
        least = np.partition(like, n_known - neighbours, axis=1)[:, n_known - neighbours, None]
        like[like < least] = 0.0
    like[like.sum(1) == 0] = 1.0
    return sp.csr_matrix(like / like.sum(1, keepdims=True)).astype(np.float32)


def with_new_items(scorer: Scorer, nearest: sp.csr_matrix) -> Scorer:
    """The scorer of the known items, then of the new ones: ``s(u, new) = sum_i A_i s(u, i)``."""
    if nearest.shape[0] == 0:
        return scorer
    if type(scorer) is VectorModel:
        known = scorer.item_vectors
        mixed = torch.from_numpy(nearest @ known.cpu().numpy()).to(known)
        return VectorModel(scorer.user_vectors, torch.cat([known, mixed]), scorer.query_vectors)
    return NewItemScorer(scorer, nearest)


class NewItemScorer:
    """A scorer of any kind and the items beside it; a new item in a history counts as its neighbours do."""

    def __init__(self, known: Scorer, nearest: sp.csr_matrix) -> None:
        """``nearest`` ``(n_new, n_known)``."""
        self.known, self.nearest = known, nearest
        self.n_users, self.n_items = known.n_users, known.n_items + nearest.shape[0]

    def scores(self, users: Tensor) -> Tensor:
        """``(batch,)`` user rows -> ``(batch, n_items)``."""
        return self._all(self.known.scores(users))

    def scores_from_history(self, items: Tensor, weights: Tensor | None = None) -> Tensor:
        """``(m,)`` item rows and weights -> ``(n_items,)``."""
        values = np.ones(len(items), np.float32) if weights is None else weights.float().cpu().numpy()
        total = np.zeros(self.known.n_items, np.float32)
        rows = items.cpu().numpy()
        new = rows >= self.known.n_items
        np.add.at(total, rows[~new], values[~new])
        total += self.nearest[rows[new] - self.known.n_items].T @ values[new]
        had = np.unique(np.concatenate([rows[~new], np.flatnonzero(total)]))
        scores = self.known.scores_from_history(torch.from_numpy(had), torch.from_numpy(total[had]))
        return self._all(scores.unsqueeze(0))[0]

    def _all(self, scores: Tensor) -> Tensor:
        mixed = torch.from_numpy((self.nearest @ scores.cpu().numpy().T).T.copy())
        return torch.cat([scores, mixed.to(scores)], dim=1)
