"""Views of the user-item graph that lack some interactions, normalised as if there had never been more."""

import torch
from torch import Tensor
from torch.nn import functional as F

from kgrec.graph.csr import CSROperator
from kgrec.graph.hetero import INTERACTS
from kgrec.graph.propagation import Propagation


class InteractionViews:
    """Makes ``D^-1/2 A D^-1/2`` ``(U + I, U + I)`` of any subset of the interactions.

    The full symmetric matrix is sorted once, and each of its entries knows its interaction. A view then is
    its kept entries in the same order: one pass over the entries on their own device, no sorting, and its
    products cost what it kept. Degrees are those of the view, as in Wu et al. 2021 (SGL),
    https://arxiv.org/abs/2010.10783; a node that lost all its interactions has an empty row.

    Memory: 24 bytes an entry, two entries an interaction.
    """

    def __init__(self, row: Tensor, column: Tensor, interaction: Tensor, n_nodes: int, items: Tensor) -> None:
        """``row``, ``column`` and ``interaction`` ``(entries,)`` int64 by ascending (row, column); ``items``
        ``(interactions,)`` int64."""
        self.row, self.column, self.interaction = row, column, interaction
        self.n_nodes = n_nodes
        self.items = items
        """The item row of each interaction, in the order of ``kept``."""

    @classmethod
    def from_propagation(cls, propagation: Propagation) -> "InteractionViews":
        """Of all train interactions, each of weight 1."""
        users, items, _, _ = propagation.edges({INTERACTS}, weighted=False)
        n_nodes = propagation.n_users + propagation.n_items
        row, column = torch.cat([users, items]), torch.cat([items, users])
        order = (row * n_nodes + column).argsort()
        interaction = torch.arange(len(users)).repeat(2)[order]
        return cls(row[order], column[order], interaction, n_nodes, items - propagation.n_users)

    def __len__(self) -> int:
        """Number of interactions."""
        return len(self.items)

    def to(self, device: torch.device | str) -> "InteractionViews":
        """The same with its tensors on ``device``."""
        moved = (part.to(device) for part in (self.row, self.column, self.interaction))
        row, column, interaction = moved
        return InteractionViews(row, column, interaction, self.n_nodes, self.items.to(device))

    def random(self, dropout: float, generator: torch.Generator) -> CSROperator:
        """A view that leaves each interaction out with probability ``dropout``, independently."""
        return self.drawn(torch.full((len(self),), 1 - dropout, device=self.items.device), generator)

    def drawn(self, probability: Tensor, generator: torch.Generator) -> CSROperator:
        """A view that keeps each interaction with its ``probability`` ``(interactions,)``."""
        # In [0, 1): a probability of 1 keeps for certain, one of 0 never.
        chance = torch.rand(len(self), generator=generator, device=generator.device)
        return self.operator(chance.to(probability.device) < probability)

    def operator(self, kept: Tensor) -> CSROperator:
        """The view of the interactions where ``kept`` ``(interactions,)`` bool is true."""
        entry = kept[self.interaction]
        row, column = self.row[entry], self.column[entry]
        degree = torch.bincount(row, minlength=self.n_nodes)
        scale = degree.clamp(min=1).to(torch.get_default_dtype()).rsqrt()
        starts = F.pad(degree.cumsum(0), (1, 0)).int()
        values = scale[row] * scale[column]
        matrix = torch.sparse_csr_tensor(starts, column.int(), values, size=(self.n_nodes, self.n_nodes))
        return CSROperator(matrix)
