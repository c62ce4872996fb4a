"""Items like those of a person's past, by text and facts: a Scorer for a catalogue without interactions."""

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor
from torch.nn import functional as F

from kgrec.retrieval.fact_table import FactTable


class ContentScorer:
    """``s(i) = p . y_i``, p the direction of ``sum_j w_j y_j`` over a history.

    ``y_i`` is an item's text vector, less the mean of all (encoders put every text into one corner of the
    space), beside its entities weighted by idf; each half has unit length, or is zero where an item has no
    text or no facts. There are no known users: people come with their history.
    """

    def __init__(self, text: Tensor | None, facts: sp.csr_matrix) -> None:
        """``text`` ``(n_items, dim)`` of unit rows or zeros, ``facts`` ``(n_items, n_entities)`` likewise."""
        self.text, self.facts = text, facts
        self.n_users, self.n_items = 0, facts.shape[0]

    @classmethod
    def build(cls, vectors: Tensor | None, facts: FactTable) -> "ContentScorer":
        """From text vectors ``(n_items, dim)``, zero where an item has none, and the facts of a data set."""
        text = None
        if vectors is not None:
            has_text = vectors.abs().amax(1, keepdim=True) > 0
            mean = vectors.sum(0) / has_text.sum().clamp(min=1)
            text = F.normalize(vectors - mean, dim=1) * has_text
        return cls(text, _entity_rows(facts))

    def scores(self, users: Tensor) -> Tensor:
        """``(0, n_items)``: there are no users to ask for."""
        if len(users):
            raise IndexError("a content scorer knows no users; use scores_from_history")
        return torch.zeros(0, self.n_items)

    def scores_from_history(self, items: Tensor, weights: Tensor | None = None) -> Tensor:
        """``(m,)`` item rows and weights -> ``(n_items,)``; zeros for an empty history."""
        return self.scores_of(np.arange(self.n_items), items, weights)

    def scores_of(self, items: np.ndarray, past: Tensor, weights: Tensor | None = None) -> Tensor:
        """The same for some ``items`` ``(n,)`` alone -> ``(n,)``: a search orders hundreds, not all."""
        weight = torch.ones(len(past)) if weights is None else weights.float()
        profile = np.asarray(self.facts[past.numpy()].T @ weight.numpy().astype(np.float64)).ravel()
        profile /= max(float(np.linalg.norm(profile)), 1e-12)
        scores = torch.from_numpy((self.facts[items] @ profile).astype(np.float32))
        if self.text is not None:
            scores += self.text[torch.from_numpy(items)] @ F.normalize(weight @ self.text[past], dim=0)
        return scores

    def likeness(self, items: np.ndarray, past: np.ndarray) -> np.ndarray:
        """``y_i . y_j`` of items and past items, ``(n, m)`` float64 in [-2, 2]."""
        shared = np.asarray((self.facts[items] @ self.facts[past].T).todense(), np.float64)
        if self.text is None:
            return shared
        return shared + (self.text[torch.from_numpy(items)] @ self.text[torch.from_numpy(past)].T).numpy()


def _entity_rows(facts: FactTable) -> sp.csr_matrix:
    """``(n_items, n_entities)`` idf of each item's entities, rows of unit length."""
    items = np.arange(facts.n_items)
    place, _, others = facts.of(items)
    kept = others >= facts.n_items
    columns = others[kept] - facts.n_items
    shape = (facts.n_items, facts.n_nodes - facts.n_items)
    matrix = sp.csr_matrix((facts.idf[others[kept]], (place[kept], columns)), shape)
    norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(1)).ravel())
    return sp.csr_matrix(sp.diags(1.0 / np.maximum(norms, 1e-12)) @ matrix)
