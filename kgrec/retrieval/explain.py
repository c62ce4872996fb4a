"""Why each item of an answer stands where it does."""

from collections.abc import Mapping

import numpy as np

from kgrec.query.understanding import Query
from kgrec.retrieval.answer import Part, PastItem, SearchHit
from kgrec.retrieval.base import Candidates
from kgrec.retrieval.config import SearchConfig
from kgrec.retrieval.fusion import ranks, reciprocal_rank
from kgrec.retrieval.highlight import highlight
from kgrec.retrieval.people import Person
from kgrec.retrieval.pieces import SearchPieces


class Explainer:
    """Turns rows into hits with titles, parts, facts and past items; works on the shown hits alone."""

    def __init__(self, pieces: SearchPieces, config: SearchConfig) -> None:
        self.pieces, self.config = pieces, config

    def hits(
        self, query: Query, person: Person, lists: Mapping[str, Candidates], fused: Candidates, k: int
    ) -> list[SearchHit]:
        """The first ``k`` of ``fused``, explained."""
        rows = fused.items[:k]
        parts = {name: _parts(found, rows) for name, found in lists.items()}
        first = {name: lists[name] for name in ("lexical", "dense") if name in lists}
        first_hits = reciprocal_rank(first, self.config.rrf_k)
        past = self._past(person, rows)
        hits = []
        for place, (row, score) in enumerate(zip(rows.tolist(), fused.scores[:k].tolist(), strict=True)):
            title = self.pieces.documents.titles[row]
            own = {name: found[row] for name, found in parts.items() if row in found}
            facts = self.pieces.graph.matched(row, query)
            shared = self.pieces.graph.shared(row, first_hits) if "graph" in own else []
            hits.append(
                SearchHit(
                    self.pieces.items.ids[row],
                    title or None,
                    score,
                    own,
                    facts,
                    [fact for fact in shared if fact not in facts],
                    past[place],
                    highlight(title, query, self.pieces.understanding.analyser),
                )
            )
        return hits

    def _past(self, person: Person, rows: np.ndarray) -> list[list[PastItem]]:
        """For each row the past items nearest to it; an item is no reason for itself."""
        if len(person.past) == 0 or len(rows) == 0:
            return [[] for _ in rows]
        likeness = self.pieces.personal.likeness(rows, person.past)
        likeness = np.where(rows[:, None] == person.past[None], -np.inf, likeness)
        nearest = np.argsort(-likeness, axis=1, kind="stable")[:, : self.config.shown_past]
        return [
            [self._past_item(person.past[j], likeness[i, j]) for j in nearest[i] if likeness[i, j] > 0]
            for i in range(len(rows))
        ]

    def _past_item(self, row: int, likeness: float) -> PastItem:
        title = self.pieces.documents.titles[row]
        return PastItem(self.pieces.items.ids[row], title or None, float(likeness))


def _parts(found: Candidates, rows: np.ndarray) -> dict[int, Part]:
    """Rank and score of those of ``rows`` that a list holds."""
    places = np.flatnonzero(np.isin(found.items, rows))
    rank = ranks(found)
    return {int(found.items[p]): Part(int(rank[p]), float(found.scores[p])) for p in places}
