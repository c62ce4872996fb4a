"""A scorer whose people are sums over their histories: the same for those of training and those of today."""

import torch
from torch import Tensor

from kgrec.models.network import final_vectors
from kgrec.models.vectors import VectorModel


class HistoryModel(VectorModel):
    """``s(u, i) = z_u . y_i`` with ``z_u`` the direction of ``sum_j w_uj h_j`` over the history.

    Whoever comes after training is scored exactly as if they had been in it, but for what training would
    have learned from them.
    """

    def __init__(
        self, user_vectors: Tensor, item_vectors: Tensor, history_vectors: Tensor, scoring: str
    ) -> None:
        """``history_vectors`` ``(n_items, dim)``: what an item adds to a person."""
        super().__init__(user_vectors, item_vectors)
        self.history_vectors, self.scoring = history_vectors, scoring

    def vector_from_history(self, items: Tensor, weights: Tensor | None = None) -> Tensor:
        """The vector ``(dim,)`` of a person with this history, ``items`` and ``weights`` ``(m,)``."""
        if len(items) == 0:
            return self.user_vectors.mean(0)
        rows = self.history_vectors[items.to(self.history_vectors.device)]
        total = rows.sum(0) if weights is None else weights.to(rows) @ rows
        return final_vectors(total.unsqueeze(0), self.scoring).squeeze(0)

    def tensors(self) -> dict[str, Tensor]:
        """The three tables, and how they score."""
        cosine = torch.tensor(self.scoring == "cosine")
        return super().tensors() | {"history_vectors": self.history_vectors, "cosine": cosine}

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor]) -> "HistoryModel":
        """Rebuild from ``tensors()``."""
        scoring = "cosine" if bool(tensors["cosine"]) else "dot"
        # Copies: a tensor inside a file starts anywhere, and sums depend on how memory is aligned.
        users, items, history = (tensors[f"{name}_vectors"].clone() for name in ("user", "item", "history"))
        return cls(users, items, history, scoring)
