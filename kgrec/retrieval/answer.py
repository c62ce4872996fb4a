"""What a search answers: items, each with the reasons for its place."""

from dataclasses import dataclass, field
from typing import Any

from kgrec.query.understanding import Query
from kgrec.retrieval.graph import Fact


@dataclass(frozen=True)
class Part:
    """What one retriever said of an item."""

    rank: int
    """From 1; items with equal scores share their first rank."""
    score: float
    """On the retriever's own scale."""


@dataclass(frozen=True)
class PastItem:
    """An item of the person's past that a hit is like."""

    item: str
    title: str | None
    likeness: float
    """By the model's item vectors (cosine), or by text and facts."""


@dataclass(frozen=True)
class SearchHit:
    """One item of an answer."""

    item: str
    title: str | None
    """None where the catalogue has no title."""
    score: float
    """What the list is ordered by; comparable within one answer alone."""
    parts: dict[str, Part] = field(default_factory=dict)
    """By retriever: lexical, dense, graph, personal, popularity; only those that found the item."""
    facts: list[Fact] = field(default_factory=list)
    """(relation, label) of the item's facts that the query names."""
    shared: list[Fact] = field(default_factory=list)
    """(relation, label) of facts shared with the first hits by words and meaning, rarest first."""
    history: list[PastItem] = field(default_factory=list)
    """What the person had that is most like it."""
    highlights: list[tuple[int, int]] = field(default_factory=list)
    """Places ``[start, end)`` in the title that match the query's words."""

    def record(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "item": self.item,
            "title": self.title,
            "score": self.score,
            "parts": {name: {"rank": part.rank, "score": part.score} for name, part in self.parts.items()},
            "facts": [list(fact) for fact in self.facts],
            "shared": [list(fact) for fact in self.shared],
            "history": [vars(past) for past in self.history],
            "highlights": [list(place) for place in self.highlights],
        }


@dataclass(frozen=True)
class SearchAnswer:
    """All that a search found."""

    query: Query
    """The query as it was understood: corrections, entities, language."""
    hits: list[SearchHit]
    facets: dict[str, list[tuple[str, int]]]
    """Relation or column -> (value, count) among the first hits; empty unless asked for."""
