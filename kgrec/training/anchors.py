"""Items on a path from a person through the knowledge graph: user, train item, entity, item."""

from dataclasses import dataclass

import torch
from torch import Tensor

from kgrec.training.triples import KnowledgeTriples


@dataclass(frozen=True)
class Anchors:
    """Both directions between items and what they share facts with, as CSR."""

    item_indptr: Tensor
    item_nodes: Tensor
    """Nodes that an item stands in a fact with."""
    node_indptr: Tensor
    node_items: Tensor
    """Items that a node stands in a fact with."""

    @classmethod
    def from_triples(cls, triples: KnowledgeTriples, n_items: int) -> "Anchors":
        """Facts are walked in both directions."""
        own = torch.cat([triples.heads, triples.tails])
        other = torch.cat([triples.tails, triples.heads])
        of_item = own < n_items
        item, node = own[of_item], other[of_item]
        return cls(*_csr(item, node, n_items), *_csr(node, item, triples.n_nodes))

    def to(self, device: torch.device) -> "Anchors":
        """The same on ``device``."""
        tensors = (self.item_indptr, self.item_nodes, self.node_indptr, self.node_items)
        return Anchors(*(tensor.to(device) for tensor in tensors))

    def reachable(self, items: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """For each train item ``(batch,)`` one item that shares a random node with it, and whether there is
        one."""
        node, some = _draw(self.item_indptr, self.item_nodes, items, generator)
        reached, _ = _draw(self.node_indptr, self.node_items, node, generator)
        return torch.where(some, reached, items), some & (reached != items)


def _csr(row: Tensor, column: Tensor, n_rows: int) -> tuple[Tensor, Tensor]:
    order = row.argsort(stable=True)
    indptr = torch.zeros(n_rows + 1, dtype=torch.int64)
    indptr[1:] = torch.bincount(row, minlength=n_rows).cumsum(0)
    return indptr, column[order]


def _draw(indptr: Tensor, columns: Tensor, rows: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """One random entry of each row, and whether the row has any (else the entry means nothing)."""
    first, count = indptr[rows], indptr[rows + 1] - indptr[rows]
    share = torch.rand(len(rows), generator=generator, device=rows.device, dtype=torch.float64)
    place = first + (share * count).long()
    return columns[place.clamp(max=len(columns) - 1)], count > 0
