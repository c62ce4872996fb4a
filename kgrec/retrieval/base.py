"""What every retriever is: a query goes in, some items and their scores come out."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from torch import Tensor

from kgrec.query.understanding import Query


@dataclass(frozen=True)
class Candidates:
    """Some items of one query, best first; no item twice. Only a retriever knows what its scores mean."""

    items: np.ndarray
    """``(n,)`` int64 item rows."""
    scores: np.ndarray
    """``(n,)`` float32, descending."""

    def __len__(self) -> int:
        return len(self.items)


NOTHING = Candidates(np.empty(0, np.int64), np.empty(0, np.float32))


@runtime_checkable
class Retriever(Protocol):
    """One way to answer a query."""

    name: str
    """Its name in the parts of a hit: lexical, dense, graph, personal."""

    def retrieve(
        self,
        query: Query,
        vector: Tensor | None,
        user: int | None,
        k: int,
        allowed: np.ndarray | None = None,
    ) -> Candidates:
        """At most ``k`` items.

        ``vector`` ``(dim,)`` is the query's text vector (None without an encoder or without words), ``user``
        a user row (None for a stranger), ``allowed`` ``(n_items,)`` bool what filters leave (None = all). A
        retriever that has nothing to say returns `NOTHING`.
        """
        ...


def best_of(
    scores: np.ndarray, k: int, above: float = -np.inf, allowed: np.ndarray | None = None
) -> Candidates:
    """The best ``k`` of ``scores`` ``(n_items,)`` above ``above``; of equal scores the lower row comes first.

    Cost: a pass over the scores, a partition of those above and a sort of those that are kept.
    """
    kept = np.flatnonzero(scores > above if allowed is None else (scores > above) & allowed)
    if 0 < k < len(kept):
        values = scores[kept]
        # Ties at the cut are all kept here, so that the rows decide among them and not the partition.
        kept = kept[values >= np.partition(values, len(values) - k)[len(values) - k]]
    return best_among(kept, scores[kept], k)


def best_among(items: np.ndarray, scores: np.ndarray, k: int) -> Candidates:
    """The best ``k`` of some items with their scores, as `best_of` orders them."""
    order = np.lexsort((items, -scores))[:k]
    return Candidates(items[order].astype(np.int64), scores[order].astype(np.float32))
