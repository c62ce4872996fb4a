"""The edges that attention weighs, grouped by relation, and the sparse pattern that the weights fill."""

from collections.abc import Iterator

import torch
from torch import Tensor

from kgrec.graph.csr import CSROperator
from kgrec.graph.propagation import Propagation
from kgrec.graph.triples import KnowledgeTriples

CHUNK_EDGES = 2**16
"""Edges worked on at once: 16 MiB a float32 tensor of 64 dims, instead of one of (edges, dim)."""


class AttentiveEdges:
    """Every edge of the unified graph, interactions and reverses included, as facts ``(h, r, t)``.

    ``h`` hears ``t``; as every relation has its reverse, each node hears all of its neighbours. Edges between
    the same two nodes under several relations are weighed apart and share one entry of the pattern.
    """

    def __init__(self, facts: KnowledgeTriples, entry: Tensor, pattern: CSROperator) -> None:
        """``facts`` grouped by relation, ends in global rows; ``entry`` ``(edges,)`` each edge's place among
        the values of ``pattern`` ``(nodes, nodes)``."""
        self.facts, self.entry, self.pattern = facts, entry, pattern
        self.starts: list[int] = facts.starts.tolist()

    @classmethod
    def from_propagation(cls, propagation: Propagation) -> "AttentiveEdges":
        """All edges of the graph."""
        head, tail, relation, _ = propagation.edges(set(propagation.relations), weighted=False)
        order = relation.argsort(stable=True)
        head, tail, relation = head[order], tail[order], relation[order]
        n_nodes = propagation.n_nodes
        sizes = (len(propagation.relations), n_nodes)
        facts = KnowledgeTriples.from_rows(head, relation, tail, sizes)
        # The pattern's entries are ordered by (row, column): the order of the distinct keys.
        _, entry = torch.unique(head * n_nodes + tail, return_inverse=True)
        shape = (n_nodes, n_nodes)
        pattern = CSROperator.from_edges(head, tail, torch.ones(len(head)), shape, symmetric=True)
        return cls(facts, entry, pattern)

    def to(self, device: torch.device) -> "AttentiveEdges":
        """The same edges on ``device``."""
        return AttentiveEdges(self.facts.to(device), self.entry.to(device), self.pattern.to(device))

    def chunks(self, size: int = CHUNK_EDGES) -> Iterator[tuple[int, slice]]:
        """(relation, edges) of at most ``size`` edges each; together all edges."""
        for relation, first in enumerate(self.starts[:-1]):
            last = self.starts[relation + 1]
            for begin in range(first, last, size):
                yield relation, slice(begin, min(begin + size, last))

    def softmax(self, logits: Tensor) -> Tensor:
        """``exp(s_e) / sum exp(s_e')`` over the edges e' of the same head: values of the pattern.

        ``logits`` ``(edges,)`` -> ``(entries,)``; the edges that share an entry are added up.
        """
        head = self.facts.heads
        tops = logits.new_zeros(self.facts.n_nodes).scatter_reduce_(
            0, head, logits, reduce="amax", include_self=False
        )
        shares = (logits - tops[head]).exp()
        totals = torch.zeros_like(tops).index_add_(0, head, shares)
        values = logits.new_zeros(self.pattern.n_entries)
        return values.index_add_(0, self.entry, shares / totals[head])
