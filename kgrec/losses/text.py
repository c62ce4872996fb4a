"""Text similarity: a person's or a query's text near the right items, in-batch softmax with temperature."""

import torch
from torch import Tensor
from torch.nn import functional as F


def text_loss(text: Tensor, items: Tensor, temperature: float, masked: Tensor) -> Tensor:
    """``-log exp(cos(x, y_i) / tau) / sum_j exp(cos(x, y_j) / tau)`` over the batch's items.

    van den Oord et al. 2018 (InfoNCE), https://arxiv.org/abs/1807.03748. ``text`` ``(batch, dim)``;
    ``items`` ``(batch, dim)``, row b the target of text b; ``masked`` ``(batch, batch)`` bool leaves out
    duplicates and other positives (its diagonal is ignored). -> ``(batch,)``. Memory: ``12 batch^2`` bytes.
    """
    logits = F.normalize(text, dim=1) @ F.normalize(items, dim=1).T / temperature
    own = torch.eye(len(logits), dtype=torch.bool, device=logits.device)
    logits = logits.masked_fill(masked & ~own, -torch.inf)
    return F.cross_entropy(logits, torch.arange(len(logits), device=logits.device), reduction="none")
