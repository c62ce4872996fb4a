"""How like every item is to one of them, by whatever a model knows."""

from torch import Tensor
from torch.nn import functional as F

from kgrec.models.base import Scorer, VectorScorer


def item_likeness(scorer: Scorer, row: Tensor) -> Tensor:
    """``(1,)`` item row -> ``(n_items,)``: cosine of vectors, else the scores of a one-item history."""
    if isinstance(scorer, VectorScorer):
        unit = F.normalize(scorer.item_vectors, dim=1)
        return unit @ unit[row[0]]
    return scorer.scores_from_history(row)
