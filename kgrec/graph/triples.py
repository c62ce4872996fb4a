"""Known facts as tensors: batches of them, and corrupted ones that are not known."""

from dataclasses import dataclass

import torch
from torch import Tensor

from kgrec.data.dataset import Dataset

ROUNDS = 4
"""How often a corrupted end that makes a known fact is drawn again; what is left is masked."""
CORRUPTS = ("relation", "any")


@dataclass(frozen=True)
class KnowledgeTriples:
    """Facts in rows: ends are items ``[0, I)`` or ``I`` + entity, relations are gate rows of the
    propagation."""

    heads: Tensor
    relations: Tensor
    tails: Tensor
    """``(n,)`` int64 each."""
    keys: Tensor
    """``(n,)`` the sorted keys of all facts."""
    by_relation: Tensor
    """``(n,)`` tails, grouped by relation: what a corrupted tail is drawn from."""
    starts: Tensor
    """``(n_relations + 1,)`` where each relation's group begins."""
    n_nodes: int

    @classmethod
    def from_dataset(cls, dataset: Dataset, relation_names: list[str]) -> "KnowledgeTriples | None":
        """All triples of a data set, or None where it has none; ``relation_names`` are the propagation's."""
        rows = torch.from_numpy(dataset.knowledge_rows())
        if len(rows) == 0:
            return None
        gate = torch.tensor([relation_names.index(name) for name in dataset.relations.ids])
        n_nodes = len(dataset.items) + len(dataset.entities)
        return cls.from_rows(rows[:, 0], gate[rows[:, 1]], rows[:, 2], (len(relation_names), n_nodes))

    @classmethod
    def from_rows(
        cls, heads: Tensor, relations: Tensor, tails: Tensor, sizes: tuple[int, int]
    ) -> "KnowledgeTriples":
        """``sizes`` is (number of relations, number of items and entities)."""
        n_relations, n_nodes = sizes
        keys = ((heads * n_relations + relations) * n_nodes + tails).sort().values
        order = relations.argsort(stable=True)
        starts = torch.zeros(n_relations + 1, dtype=torch.int64)
        starts[1:] = torch.bincount(relations, minlength=n_relations).cumsum(0)
        return cls(heads, relations, tails, keys, tails[order], starts, n_nodes)

    def to(self, device: torch.device) -> "KnowledgeTriples":
        """The same facts on ``device``."""
        tensors = (self.heads, self.relations, self.tails, self.keys, self.by_relation, self.starts)
        heads, relations, tails, keys, by_relation, starts = (tensor.to(device) for tensor in tensors)
        return KnowledgeTriples(heads, relations, tails, keys, by_relation, starts, self.n_nodes)

    def __len__(self) -> int:
        return len(self.heads)

    def known(self, heads: Tensor, relations: Tensor, tails: Tensor) -> Tensor:
        """Whether triples ``(n,)`` are facts."""
        n_relations = len(self.starts) - 1
        keys = (heads * n_relations + relations) * self.n_nodes + tails
        place = torch.searchsorted(self.keys, keys).clamp(max=len(self.keys) - 1)
        return self.keys[place] == keys

    def sample(
        self, size: int, generator: torch.Generator, corrupt: str = "relation"
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """(head, relation, tail, corrupted tail, usable), each ``(size,)``.

        The corrupted tail is one that the relation has elsewhere, so that it is of the right type; with
        ``corrupt=any`` it is any of the ``n_nodes`` with equal chance.
        """
        device = self.heads.device
        chosen = torch.randint(len(self), (size,), generator=generator, device=device)
        heads, relations = self.heads[chosen], self.relations[chosen]
        corrupted = self._corrupted(relations, generator, corrupt)
        bad = self.known(heads, relations, corrupted)
        for _ in range(ROUNDS - 1):
            corrupted = torch.where(bad, self._corrupted(relations, generator, corrupt), corrupted)
            bad = self.known(heads, relations, corrupted)
        return heads, relations, self.tails[chosen], corrupted, ~bad

    def _corrupted(self, relations: Tensor, generator: torch.Generator, corrupt: str) -> Tensor:
        if corrupt == "relation":
            return self._tails_of(relations, generator)
        return torch.randint(self.n_nodes, relations.shape, generator=generator, device=relations.device)

    def _tails_of(self, relations: Tensor, generator: torch.Generator) -> Tensor:
        first, last = self.starts[relations], self.starts[relations + 1]
        share = torch.rand(len(relations), generator=generator, device=relations.device, dtype=torch.float64)
        return self.by_relation[first + (share * (last - first)).long().clamp(max=len(self) - 1)]
