"""Items on a path from a person through the knowledge graph: user, train item, entity, item."""

from dataclasses import dataclass

import torch
from torch import Tensor

from kgrec.graph.rows import among
from kgrec.graph.triples import KnowledgeTriples
from kgrec.training.positives import Positives

ROUNDS = 4
"""How often an unfit negative is drawn again; what is left is masked."""


@dataclass(frozen=True)
class Anchors:
    """Both directions between items and what they share facts with (nodes), as CSR."""

    item_indptr: Tensor
    item_nodes: Tensor
    """Nodes that an item stands in a fact with."""
    node_indptr: Tensor
    node_items: Tensor
    """Items that a node stands in a fact with."""
    keys: Tensor
    """Sorted ``node * n_items + item`` of all such pairs."""

    @classmethod
    def from_triples(cls, triples: KnowledgeTriples, n_items: int) -> "Anchors":
        """Facts are walked in both directions; two facts between the same ends count once."""
        own = torch.cat([triples.heads, triples.tails])
        other = torch.cat([triples.tails, triples.heads])
        of_item = own < n_items
        keys = (other[of_item] * n_items + own[of_item]).unique()
        node, item = keys // n_items, keys % n_items
        return cls(*_csr(item, node, n_items), *_csr(node, item, triples.n_nodes), keys)

    def to(self, device: torch.device) -> "Anchors":
        """The same on ``device``."""
        tensors = (self.item_indptr, self.item_nodes, self.node_indptr, self.node_items, self.keys)
        return Anchors(*(tensor.to(device) for tensor in tensors))

    @property
    def n_items(self) -> int:
        """Number of items, those without facts included."""
        return len(self.item_indptr) - 1

    def reachable(self, items: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """For each train item ``(batch,)``: a random node of it, another item of that node, whether there are
        both (else the entries mean nothing)."""
        node, some = _draw(self.item_indptr, self.item_nodes, items, generator)
        reached, more = _draw(self.node_indptr, self.node_items, node, generator)
        return node, reached, some & more & (reached != items)

    def negatives(
        self, users: Tensor, nodes: Tensor, positives: Positives, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """A uniform item ``(batch,)`` that neither the node knows nor the user has, and whether it is one."""
        shape, device = (len(users),), users.device
        drawn = torch.randint(self.n_items, shape, generator=generator, device=device)
        unfit = self._unfit(users, nodes, positives, drawn)
        for _ in range(ROUNDS - 1):
            again = torch.randint(self.n_items, shape, generator=generator, device=device)
            drawn = torch.where(unfit, again, drawn)
            unfit = self._unfit(users, nodes, positives, drawn)
        return drawn, ~unfit

    def _unfit(self, users: Tensor, nodes: Tensor, positives: Positives, items: Tensor) -> Tensor:
        linked = among(self.keys, nodes * self.n_items + items)
        return linked | positives.contains(users, items)


def _csr(row: Tensor, column: Tensor, n_rows: int) -> tuple[Tensor, Tensor]:
    order = row.argsort(stable=True)
    indptr = torch.zeros(n_rows + 1, dtype=torch.int64)
    indptr[1:] = torch.bincount(row, minlength=n_rows).cumsum(0)
    return indptr, column[order]


def _draw(indptr: Tensor, columns: Tensor, rows: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """One random entry of each row, and whether the row has any (else the entry means nothing)."""
    first, count = indptr[rows], indptr[rows + 1] - indptr[rows]
    share = torch.rand(len(rows), generator=generator, device=rows.device, dtype=torch.float64)
    if len(columns) == 0:
        return torch.zeros_like(rows), count > 0
    place = first + (share * count).long()
    return columns[place.clamp(max=len(columns) - 1)], count > 0
