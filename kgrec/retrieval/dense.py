"""Items by meaning: the query's vector X beside the items' vectors Y."""

import numpy as np
import torch
from torch import Tensor

from kgrec.query.understanding import Query
from kgrec.retrieval.base import NOTHING, Candidates, best_among
from kgrec.retrieval.query_mean import QueryMean
from kgrec.retrieval.vector_index import IndexConfig, VectorIndex

LOOKED_AT = 20_000
"""Items that a filter leaves are scored one by one up to this many: some milliseconds."""


class DenseRetriever:
    """``s(q, i) = x_q . y_i`` by text vectors; an item without text is never found.

    With a mean of queries m, ``x_q`` is the direction of ``x_q - m`` and ``y_i`` that of ``y_i`` less the
    mean of all items, of each encoder apart where several stand side by side; see `query_mean`.
    """

    name = "dense"

    def __init__(
        self, vectors: Tensor, index: VectorIndex, rows: np.ndarray, centre: QueryMean | None = None
    ) -> None:
        """``vectors`` ``(n_items, dim)``, centred already; ``index`` holds those of ``rows``
        ``(n_indexed,)``, ascending."""
        self.vectors, self.index, self.rows, self.centre = vectors, index, rows, centre

    @classmethod
    def build(cls, vectors: Tensor, config: IndexConfig, centre: QueryMean | None = None) -> "DenseRetriever":
        """Index ``vectors`` ``(n_items, dim)``; a row of zeros is an item without text. ``centre``: None =
        vectors and queries as they are."""
        vectors = vectors.detach().cpu().float()
        has_text = vectors.abs().amax(1).gt(0)
        rows = has_text.nonzero().flatten()
        if centre is not None and len(rows):
            vectors = centre.directions(vectors - vectors[rows].mean(0)) * has_text.unsqueeze(1)
        indexed = VectorIndex.build(vectors[rows].numpy(), config)
        return cls(vectors, indexed, rows.numpy(), centre)

    def retrieve(
        self,
        query: Query,
        vector: Tensor | None,
        user: int | None,
        k: int,
        allowed: np.ndarray | None = None,
    ) -> Candidates:
        """The nearest items; nothing without a vector."""
        if vector is None or len(self.rows) == 0 or k < 1:
            return NOTHING
        mask = None if allowed is None else allowed[self.rows]
        if mask is not None and self.index.config.kind != "exact" and mask.sum() <= LOOKED_AT:
            return self._best_of(vector, self.rows[mask], k)
        depth = min(k, len(self.rows))
        scores, found = self.index.search(self._centred(vector).numpy()[None], depth, mask)
        kept = found[0] >= 0
        return Candidates(self.rows[found[0][kept]].astype(np.int64), scores[0][kept])

    def _best_of(self, vector: Tensor, items: np.ndarray, k: int) -> Candidates:
        """The best of some items: an index that looks at a part of the vectors misses the few allowed."""
        return best_among(items.astype(np.int64), self.score(vector, items), k)

    def score(self, vector: Tensor, items: np.ndarray) -> np.ndarray:
        """``x . y_i`` of some items, ``(n,)`` float32, from the vectors themselves whatever the index."""
        return (self.vectors[torch.from_numpy(items)] @ self._centred(vector)).numpy()

    def _centred(self, vector: Tensor) -> Tensor:
        vector = vector.cpu()
        if self.centre is None:
            return vector
        return self.centre.directions((vector - self.centre.mean).unsqueeze(0))[0]
