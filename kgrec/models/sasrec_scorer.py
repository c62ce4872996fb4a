"""What serves a trained SASRec: the states of known people, and the encoder for any history of today."""

import torch
from torch import Tensor

from kgrec.models.sequence_encoder import SequenceEncoder
from kgrec.models.vectors import VectorModel


class SASRecScorer(VectorModel):
    """``s(u, i) = F_u . M_i`` with ``F_u`` the newest state of the person's sequence.

    The order of a history counts: oldest first, newest last. Its weights do not, for a sequence has none,
    but that an item of weight 0 or less is left out. An empty history is the average of the known people.
    Cost of a history: one pass of the encoder over at most ``max_length`` items.
    """

    def __init__(self, user_vectors: Tensor, encoder: SequenceEncoder) -> None:
        """``user_vectors`` ``(n_users, dim)``: the newest states."""
        super().__init__(user_vectors, encoder.item.detach())
        self.encoder = encoder.eval().requires_grad_(False)

    @torch.no_grad()
    def vector_from_history(self, items: Tensor, weights: Tensor | None = None) -> Tensor:
        """The state ``(dim,)`` after ``items`` ``(m,)``, newest last."""
        kept = items if weights is None else items[weights.to(items.device) > 0]
        if len(kept) == 0:
            return self.user_vectors.mean(0)
        return self.encoder.last(kept.to(self.user_vectors.device))

    def tensors(self) -> dict[str, Tensor]:
        """The states, the encoder's parameters, and the number of heads."""
        encoder = {f"encoder_{name}": value.detach() for name, value in self.encoder.named_parameters()}
        heads = torch.tensor(self.encoder.heads)
        return {"user_vectors": self.user_vectors, "heads": heads} | encoder

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor]) -> "SASRecScorer":
        """Rebuild from ``tensors()``."""
        item, position = tensors["encoder_item"], tensors["encoder_position"]
        sizes = (len(tensors["encoder_square"]), *position.shape)
        encoder = SequenceEncoder(len(item), sizes, int(tensors["heads"])).to(item.device)
        with torch.no_grad():
            for name, value in encoder.named_parameters():
                value.copy_(tensors[f"encoder_{name}"])
        # A copy: a tensor inside a file starts anywhere, and sums depend on how memory is aligned.
        return cls(tensors["user_vectors"].clone(), encoder)
