"""From one vector a token to one vector a text."""

import torch
from torch import Tensor

POOLINGS = ("mean", "cls", "last")


def pool(states: Tensor, mask: Tensor, how: str) -> Tensor:
    """Pool ``states`` ``(batch, tokens, dim)`` over the tokens that ``mask`` ``(batch, tokens)`` marks.

    ``mean``: their average; ``cls``: the first of them; ``last``: the last of them. Padding may be on either
    side. Returns ``(batch, dim)`` float32. A model's own ``pooler_output`` is never used: many checkpoints
    leave that layer untrained.
    """
    states = states.float()
    if how == "mean":
        weight = mask.unsqueeze(-1).to(states.dtype)
        return (states * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1.0)
    if how == "cls":
        position = mask.argmax(dim=1)
    elif how == "last":
        position = mask.shape[1] - 1 - mask.flip(1).argmax(dim=1)
    else:
        raise ValueError(f"pooling is {how!r}; use {', '.join(POOLINGS)}")
    return states[torch.arange(len(states), device=states.device), position]
