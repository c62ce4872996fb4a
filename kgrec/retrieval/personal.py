"""Items by who asks: any Scorer's opinion of this person, popularity for a stranger."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from kgrec.models.base import Scorer, VectorScorer
from kgrec.query.understanding import Query
from kgrec.retrieval.base import NOTHING, Candidates, best_among, best_of
from kgrec.retrieval.content import ContentScorer
from kgrec.retrieval.people import STRANGER, Person


class PersonalRetriever:
    """Scores of a Scorer for a person; the query changes nothing.

    A stranger gets popularity where that is known, else nothing. A scorer without known users
    (`ContentScorer`) is asked by history alone.
    """

    name = "personal"

    def __init__(self, scorer: Scorer, popularity: np.ndarray | None, content: ContentScorer) -> None:
        """``popularity`` ``(n_items,)``, None where nobody has had anything; ``content`` explains where the
        scorer has no item vectors of its own."""
        self.scorer, self.popularity, self.content = scorer, popularity, content

    def retrieve(
        self,
        query: Query,
        vector: Tensor | None,
        user: int | None,
        k: int,
        allowed: np.ndarray | None = None,
    ) -> Candidates:
        """The best items for a known user, the most popular ones for a stranger."""
        person = STRANGER if user is None else Person(user, STRANGER.past, STRANGER.weights)
        return self.best(person, k, allowed)

    def best(self, person: Person, k: int, allowed: np.ndarray | None = None) -> Candidates:
        """The best items for anybody."""
        scores = self.scores(person) if person.known else self.popularity
        return NOTHING if scores is None else best_of(scores, k, allowed=allowed)

    def among(self, person: Person, items: np.ndarray) -> Candidates:
        """Some items in this person's order; nothing for a stranger.

        An item of the past scores at most what the best other one does: its likeness to itself is no wish,
        and would make all differences between the others look small.
        """
        if not person.known or len(items) == 0:
            return NOTHING
        scores = self._scores_of(person, items)
        had = np.isin(items, person.past)
        if had.any() and not had.all():
            scores[had] = np.minimum(scores[had], scores[~had].max())
        return best_among(items, scores, len(items))

    @torch.no_grad()
    def scores(self, person: Person) -> np.ndarray:
        """``(n_items,)`` float32 for a known person."""
        if self._by_row(person):
            scores = self.scorer.scores(torch.tensor([person.user]))[0]
        else:
            scores = self.scorer.scores_from_history(
                torch.from_numpy(person.past), torch.from_numpy(person.weights)
            )
        return scores.float().cpu().numpy()

    def _by_row(self, person: Person) -> bool:
        """Whether the scorer knows this user; else the past speaks for the person."""
        return person.user is not None and self.scorer.n_users > 0

    def _scores_of(self, person: Person, items: np.ndarray) -> np.ndarray:
        """``(n,)`` of some items; only content has a way that is shorter than to score all."""
        if isinstance(self.scorer, ContentScorer):
            past, weights = torch.from_numpy(person.past), torch.from_numpy(person.weights)
            return self.scorer.scores_of(items, past, weights).numpy()
        return self.scores(person)[items]

    @torch.no_grad()
    def likeness(self, items: np.ndarray, past: np.ndarray) -> np.ndarray:
        """How near items are to past ones, ``(n, m)``: by the model's vectors (cosine), else by content."""
        if not isinstance(self.scorer, VectorScorer):
            return self.content.likeness(items, past)
        vectors = self.scorer.item_vectors
        one, other = (F.normalize(vectors[torch.from_numpy(rows)].float(), dim=1) for rows in (items, past))
        return (one @ other.T).cpu().numpy()
