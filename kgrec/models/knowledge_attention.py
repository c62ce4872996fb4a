"""What an item hears of its facts: relation-aware attention over its neighbours in the knowledge graph."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kgrec.graph.hetero import reverse_name
from kgrec.graph.neighbourhood import Neighbourhood
from kgrec.models.parts import NetworkParts

SLOPE = 0.2
"""Of the leaky rectifier, as in graph attention networks, https://arxiv.org/abs/1710.10903."""


class KnowledgeAttention(nn.Module):
    """``x_i + sum_e a_e x_e``, ``a = softmax_e LeakyReLU(r_e . W [x_e ; x_i])`` over item i's facts e.

    Yang et al. 2022 (KGCL), https://arxiv.org/abs/2205.00976. A fact speaks to its item under its own
    relation where the item is its head, under the reverse where the item is its tail. All facts of an item
    are read; the authors' code reads a fixed number of them.

    ``r . W [x_e ; x_i]`` is a sum of a (relation, neighbour) and a (relation, item) part, each read off one
    ``(nodes, relations)`` table: no tensor of ``(edges, dim)``. Memory: ``4 (2 I + E) R`` bytes a pass.
    """

    def __init__(self, parts: NetworkParts, dim: int) -> None:
        super().__init__()
        propagation = parts.propagation
        self.n_items, self.n_nodes = propagation.n_items, propagation.n_items + propagation.n_entities
        target, source, relation = _facts_of_items(parts)
        order = target.argsort(stable=True)
        self.edges = Neighbourhood(target[order], source[order], (self.n_items, self.n_nodes))
        used, column = relation[order].unique(return_inverse=True)
        # The tables have a column for each relation that an item has, not for each of the graph.
        self.register_buffer("used", used, persistent=False)
        self.register_buffer("column", column, persistent=False)
        self.of_neighbour = nn.Parameter(torch.empty(dim, dim))
        self.of_item = nn.Parameter(torch.empty(dim, dim))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Xavier-uniform halves of ``W``."""
        for half in (self.of_neighbour, self.of_item):
            nn.init.xavier_uniform_(half)

    def forward(self, nodes: Tensor, relations: Tensor, kept: Tensor | None = None) -> Tensor:
        """Items' vectors ``(n_items, dim)``.

        ``nodes`` ``(n_items + n_entities, dim)``, ``relations`` ``(n_relations, dim)``; facts where ``kept``
        ``(facts,)`` bool is false are left out.
        """
        items = nodes[: self.n_items]
        if len(self.edges) == 0:
            return items
        weights = self.edges.softmax(self.logits(nodes, relations), kept)
        return items + self.edges.weighted_sum(weights, nodes)

    def logits(self, nodes: Tensor, relations: Tensor) -> Tensor:
        """``LeakyReLU(r_e . W [x_e ; x_i])``, ``(facts,)``."""
        chosen, column = relations[self.get_buffer("used")], self.get_buffer("column")
        of_neighbour = nodes @ (chosen @ self.of_neighbour).T
        of_item = nodes[: self.n_items] @ (chosen @ self.of_item).T
        both = of_neighbour[self.edges.source, column] + of_item[self.edges.target, column]
        return F.leaky_relu(both, SLOPE)

    def draw(self, dropout: float, generator: torch.Generator) -> Tensor:
        """Which facts a view keeps, each with probability ``1 - dropout``: ``(facts,)`` bool."""
        chance = torch.rand(len(self.edges), generator=generator, device=generator.device)
        return (chance >= dropout).to(self.edges.target.device)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "KnowledgeAttention":
        super()._apply(fn, recurse)
        self.edges = self.edges.to(self.of_item.device)
        return self


def _facts_of_items(parts: NetworkParts) -> tuple[Tensor, Tensor, Tensor]:
    """(item, neighbour, relation) of each fact with an item at either end, ``(facts,)`` int64 each."""
    if parts.triples is None:
        nothing = torch.empty(0, dtype=torch.int64)
        return nothing, nothing, nothing
    n_items, names = parts.propagation.n_items, parts.propagation.relations
    heads, relations, tails = parts.triples.heads, parts.triples.relations, parts.triples.tails
    backward = torch.tensor([names.index(reverse_name(n)) if reverse_name(n) in names else -1 for n in names])
    by_head, by_tail = heads < n_items, tails < n_items
    target = torch.cat([heads[by_head], tails[by_tail]])
    source = torch.cat([tails[by_head], heads[by_tail]])
    return target, source, torch.cat([relations[by_head], backward[relations[by_tail]]])
