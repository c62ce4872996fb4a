"""How far a score falls when edges go: the question, and the answer that every Scorer can give."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch

from kgrec.explanation.trails import Trail
from kgrec.models.base import Scorer
from kgrec.models.vectors import VectorModel
from kgrec.retrieval.people import Person


class Removal(Protocol):
    """Scores an item for a person, with and without the edges of trails."""

    def drops(self, person: Person, item: int, trails: Sequence[Trail]) -> np.ndarray:
        """``(n,)`` float64: score with all edges, less the score without those of each trail."""
        ...


class HistoryRemoval:
    """The interaction really goes; its effect is shared out over what connects the past item.

    ``drop(trail) = (s(history) - s(history without past)) w_trail / sum_t w_t``, the sum over the trails of
    the same past item, w the rarity (idf) of the shared node: a saved vector does not know which facts made
    it. Both scores are ``scores_from_history``, also for known users, whose own vectors cannot forget.
    """

    def __init__(self, scorer: Scorer) -> None:
        self.scorer = scorer

    def drops(self, person: Person, item: int, trails: Sequence[Trail]) -> np.ndarray:
        """One score a past item, and each trail's share of its fall."""
        full = self.score(person.past, person.weights, item)
        falls, totals = {}, dict.fromkeys((trail.past for trail in trails), 0.0)
        for trail in trails:
            totals[trail.past] += trail.weight
        for past in totals:
            kept = person.past != past
            falls[past] = full - self.score(person.past[kept], person.weights[kept], item)
        return np.array([falls[t.past] * t.weight / totals[t.past] for t in trails], np.float64)

    @torch.no_grad()
    def score(self, past: np.ndarray, weights: np.ndarray, item: int) -> float:
        """The score of ``item`` for a history, ``(m,)`` rows and weights."""
        rows, values = torch.from_numpy(past), torch.from_numpy(weights)
        if isinstance(self.scorer, VectorModel):
            # One inner product instead of one an item of the catalogue.
            vector = self.scorer.vector_from_history(rows, values)
            return float(vector @ self.scorer.item_vectors[item])
        return float(self.scorer.scores_from_history(rows, values)[item])
