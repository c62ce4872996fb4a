"""Items by meaning: the query's vector X beside the items' vectors Y."""

import numpy as np
import torch
from torch import Tensor

from kgrec.query.understanding import Query
from kgrec.retrieval.base import NOTHING, Candidates
from kgrec.retrieval.vector_index import IndexConfig, VectorIndex


class DenseRetriever:
    """``s(q, i) = x_q . y_i`` by text vectors; an item without text is never found."""

    name = "dense"

    def __init__(self, vectors: Tensor, index: VectorIndex, rows: np.ndarray) -> None:
        """``vectors`` ``(n_items, dim)``; ``index`` holds those of ``rows`` ``(n_indexed,)``, ascending."""
        self.vectors, self.index, self.rows = vectors, index, rows

    @classmethod
    def build(cls, vectors: Tensor, config: IndexConfig) -> "DenseRetriever":
        """Index ``vectors`` ``(n_items, dim)``; a row of zeros is an item without text."""
        vectors = vectors.detach().cpu().float()
        rows = vectors.abs().amax(1).gt(0).nonzero().flatten().numpy()
        return cls(vectors, VectorIndex.build(vectors.numpy()[rows], config), rows)

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
        depth = min(k, len(self.rows))
        scores, found = self.index.search(vector.cpu().numpy()[None], depth, mask)
        kept = found[0] >= 0
        return Candidates(self.rows[found[0][kept]].astype(np.int64), scores[0][kept])

    def score(self, vector: Tensor, items: np.ndarray) -> np.ndarray:
        """``x . y_i`` of some items, ``(n,)`` float32, from the vectors themselves whatever the index."""
        return (self.vectors[torch.from_numpy(items)] @ vector.cpu()).numpy()
