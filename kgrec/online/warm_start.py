"""A grown network that starts from the weights of a smaller one."""

import logging
from collections.abc import Mapping

import torch
from torch import Tensor

from kgrec.data.dataset import Dataset
from kgrec.models.network import Network

log = logging.getLogger(__name__)


def sizes(dataset: Dataset) -> tuple[int, int, int]:
    """Users, items, entities."""
    return len(dataset.users), len(dataset.items), len(dataset.entities)


def warm_start(
    network: Network, weights: Mapping[str, Tensor], old: tuple[int, int, int], new: tuple[int, int, int]
) -> list[str]:
    """Copy what the old network learnt; rows of new users, items and entities stay as they were drawn.

    A parameter is a table of users, items, entities or of several of them in this order, which its length
    tells; of any other shape it is copied where the shapes agree. Returns the names of those that do not.
    """
    state = network.state_dict()
    left = [name for name in state if name not in weights]
    for name, tensor in weights.items():
        if name not in state:
            continue
        rows = _rows(len(tensor), len(state[name]), old, new) if tensor.ndim else None
        if tensor.shape == state[name].shape and (old == new or rows is None):
            state[name] = tensor.to(state[name])
        elif rows is not None and tensor.shape[1:] == state[name].shape[1:]:
            state[name] = state[name].clone()
            state[name][rows] = tensor.to(state[name])
        else:
            left.append(name)
    network.load_state_dict(state)
    if left:
        log.info("drawn anew: %s", ", ".join(left))
    return left


def _rows(length: int, grown: int, old: tuple[int, int, int], new: tuple[int, int, int]) -> Tensor | None:
    """Where each old row stands in the new table; None where the lengths are of no such table."""
    for first, last in ((0, 1), (1, 2), (2, 3), (0, 2), (1, 3), (0, 3)):
        if sum(old[first:last]) == length and sum(new[first:last]) == grown:
            parts, start = [], 0
            for before, after in zip(old[first:last], new[first:last], strict=True):
                parts.append(torch.arange(start, start + before))
                start += after
            return torch.cat(parts)
    return None
