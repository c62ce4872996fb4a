"""The text term of a batch: a person's other items' texts against the next item."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.look_up import look_up
from kgrec.losses.preference import weighted_mean
from kgrec.losses.text import text_loss
from kgrec.models.network import Network, NodeVectors
from kgrec.training.batches import Batch
from kgrec.training.config import TextTermConfig
from kgrec.training.positives import Positives

PIECE = 65_536
"""Interactions summed at once when the term is built."""


@dataclass(frozen=True)
class TextTerm:
    """x is the direction of the sum of a user's train items' texts minus the target's, projected.

    The sums over all train items are made once, so that leaving one out is one subtraction, not a pass over
    the history. Interactions of people without another text are left out of the mean.
    """

    config: TextTermConfig
    item_text: Tensor
    """``(n_items, d_text)``; zero rows where an item has no text."""
    user_sums: Tensor
    """``(n_users, d_text)``, over the train items."""
    user_counts: Tensor
    """``(n_users,)`` float, train items that have text."""

    @classmethod
    def build(cls, config: TextTermConfig, train: UserItems, item_text: Tensor) -> "TextTerm":
        """``item_text`` ``(n_items, d_text)`` lives on the training device already."""
        users = torch.as_tensor(train.user_of_pair(), device=item_text.device)
        items = torch.as_tensor(train.items, device=item_text.device)
        sums = item_text.new_zeros(train.n_users, item_text.shape[1])
        counts = item_text.new_zeros(train.n_users)
        has_text = (item_text != 0).any(1).to(item_text)
        # In pieces, because (interactions, d_text) would be gigabytes on a large shop.
        for piece_users, piece_items in zip(users.split(PIECE), items.split(PIECE), strict=True):
            sums.index_add_(0, piece_users, item_text[piece_items])
            counts.index_add_(0, piece_users, has_text[piece_items])
        return cls(config, item_text, sums, counts)

    def __call__(self, network: Network, vectors: NodeVectors, batch: Batch, positives: Positives) -> Tensor:
        """``sum_b w_b l_b / sum_b w_b``, without the term's own weight."""
        target_text = self.item_text[batch.items]
        rest = self.user_sums[batch.users] - target_text
        projected = network.project_text(F.normalize(rest, dim=1))
        if projected is None:
            raise ConfigError(
                "objective.text.weight is set, but the model projects no text; use model=kgrec with "
                "features.text.enabled=true and features.fusion.text=true"
            )
        left = self.user_counts[batch.users] - (target_text != 0).any(1).to(self.user_counts)
        items, target = batch.items.unique(return_inverse=True)
        known = positives.within(batch.users, items)
        losses = text_loss(projected, look_up(vectors.items, items), target, self.config.temperature, known)
        return weighted_mean(losses, batch.weights * (left > 0))
