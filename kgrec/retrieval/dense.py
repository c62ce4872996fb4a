"""Items by meaning: the query's vector X beside the items' vectors Y."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from kgrec.query.understanding import Query
from kgrec.retrieval.base import NOTHING, Candidates
from kgrec.retrieval.vector_index import IndexConfig, VectorIndex


class DenseRetriever:
    """``s(q, i) = x_q . y_i`` by text vectors; an item without text is never found.

    With a mean of queries m, ``x_q`` is the direction of ``x_q - m`` and ``y_i`` that of ``y_i`` less the
    mean of all items; see `query_mean`.
    """

    name = "dense"

    def __init__(
        self, vectors: Tensor, index: VectorIndex, rows: np.ndarray, query_mean: Tensor | None = None
    ) -> None:
        """``vectors`` ``(n_items, dim)``, centred already; ``index`` holds those of ``rows``
        ``(n_indexed,)``, ascending."""
        self.vectors, self.index, self.rows, self.query_mean = vectors, index, rows, query_mean

    @classmethod
    def build(
        cls, vectors: Tensor, config: IndexConfig, query_mean: Tensor | None = None
    ) -> "DenseRetriever":
        """Index ``vectors`` ``(n_items, dim)``; a row of zeros is an item without text. ``query_mean``
        ``(dim,)``: None = vectors and queries as they are."""
        vectors = vectors.detach().cpu().float()
        has_text = vectors.abs().amax(1).gt(0)
        rows = has_text.nonzero().flatten()
        if query_mean is not None and len(rows):
            centred = F.normalize(vectors - vectors[rows].mean(0), dim=1)
            vectors = centred * has_text.unsqueeze(1)
        indexed = VectorIndex.build(vectors[rows].numpy(), config)
        return cls(vectors, indexed, rows.numpy(), query_mean)

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
        scores, found = self.index.search(self._centred(vector).numpy()[None], depth, mask)
        kept = found[0] >= 0
        return Candidates(self.rows[found[0][kept]].astype(np.int64), scores[0][kept])

    def score(self, vector: Tensor, items: np.ndarray) -> np.ndarray:
        """``x . y_i`` of some items, ``(n,)`` float32, from the vectors themselves whatever the index."""
        return (self.vectors[torch.from_numpy(items)] @ self._centred(vector)).numpy()

    def _centred(self, vector: Tensor) -> Tensor:
        vector = vector.cpu()
        return vector if self.query_mean is None else F.normalize(vector - self.query_mean, dim=0)
