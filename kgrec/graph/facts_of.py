"""The facts that start at each node, and samples of a fixed size from the facts of many nodes at once."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from kgrec.graph.hetero import INTERACTS, reverse_name
from kgrec.graph.triples import KnowledgeTriples


@dataclass(frozen=True)
class FactsOf:
    """Facts grouped by head: those of node v are ``starts[v]`` to ``starts[v + 1]``.

    Nodes are items and entities, ``[0, I + E)``. A node without any fact has one that leads back to itself
    under the relation of interactions, which no other fact bears: no node is ever without neighbours, and
    a model keeps working where there is no knowledge.
    """

    heads: Tensor
    relations: Tensor
    tails: Tensor
    """``(facts,)`` int64 each, heads ascending, facts of one head in random order."""
    starts: Tensor
    """``(nodes + 1,)`` int64."""

    @classmethod
    def build(
        cls, triples: KnowledgeTriples | None, n_nodes: int, relations: list[str], reverses: bool
    ) -> "FactsOf":
        """Index ``triples`` whose relations are rows of ``relations`` (the propagation's, reverses included).

        ``reverses``: facts are walked against their direction as well, under the reverse's own row. The
        order of each head's facts is drawn from torch's global generator.
        """
        ends = _walks(triples, relations, reverses)
        alone = torch.bincount(ends[0], minlength=n_nodes).eq(0).nonzero().flatten()
        itself = torch.full_like(alone, relations.index(INTERACTS))
        heads, relation, tails = (
            torch.cat([end, added]) for end, added in zip(ends, (alone, itself, alone), strict=True)
        )
        shuffled = torch.randperm(len(heads))
        order = shuffled[heads[shuffled].argsort(stable=True)]
        starts = F.pad(torch.bincount(heads, minlength=n_nodes).cumsum(0), (1, 0))
        return cls(heads[order], relation[order], tails[order], starts)

    def sample(self, nodes: Tensor, bounds: Tensor, size: int, weights: Tensor | None = None) -> Tensor:
        """``size`` facts for each group of nodes, drawn from all facts that start at the group's nodes.

        ``nodes`` ``(m,)``, group g being ``bounds[g]`` to ``bounds[g + 1]`` -> fact numbers ``(groups,
        size)``, -1 for a group without nodes. A fact's share is its node's weight (``(m,)``, above 0; without
        weights, all are alike).

        Systematic sampling: ``size`` places at equal distances on the line of the group's facts. The facts
        of a hub need not be listed for it, every node gets its share, no fact comes twice before all have
        come once (without weights), and the facts of one node are equally likely, because they lie in random
        order. The same nodes get the same sample. Memory: a few ``(groups, size)`` and ``(m,)`` numbers.
        """
        if len(nodes) == 0:
            return torch.full((len(bounds) - 1, size), -1, device=nodes.device)
        degree = self.starts[nodes + 1] - self.starts[nodes]
        weight = torch.ones_like(degree, dtype=torch.float64) if weights is None else weights.double()
        line = F.pad((degree * weight).cumsum(0), (1, 0))
        first, last = line[bounds[:-1]].unsqueeze(1), line[bounds[1:]].unsqueeze(1)
        middles = torch.arange(size, device=nodes.device, dtype=torch.float64) + 0.5
        place = first + middles * ((last - first) / size)
        node = (torch.searchsorted(line, place, right=True) - 1).clamp(max=len(nodes) - 1)
        # Rounding may carry the last place of a node one past its facts.
        step = ((place - line[node]) / weight[node]).long().clamp(min=0).minimum(degree[node] - 1)
        return torch.where(last > first, self.starts[nodes[node]] + step, -1)


def _walks(triples: KnowledgeTriples | None, relations: list[str], reverses: bool) -> tuple[Tensor, ...]:
    """(head, relation, tail) of every step that a walk may take."""
    if triples is None:
        return tuple(torch.empty(3, 0, dtype=torch.int64))
    forward = (triples.heads, triples.relations, triples.tails)
    if not reverses:
        return forward
    against = torch.arange(len(relations))
    for row in triples.relations.unique().tolist():
        against[row] = relations.index(reverse_name(relations[row]))
    backward = (triples.tails, against[triples.relations], triples.heads)
    return tuple(torch.cat(pair) for pair in zip(forward, backward, strict=True))
