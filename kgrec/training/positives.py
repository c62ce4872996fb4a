"""Which items a person has, on the training device: membership, histories, negatives."""

import torch
from torch import Tensor

from kgrec.data.user_items import UserItems
from kgrec.graph.rows import among, entries

ROUNDS = 3
"""How often a negative that the user has is drawn again; what is left is to be masked."""
TABLE_BYTES = 2**26
"""Up to here a table of all pairs is kept, a byte each: a look-up in it takes a tenth of a search's time."""


class Positives:
    """The train interactions as sorted keys and as CSR, so that a whole batch is looked up at once."""

    def __init__(self, train: UserItems, device: torch.device, cold_negatives: bool = True) -> None:
        """``cold_negatives``: whether items without an interaction may be negatives."""
        self.n_items = train.n_items
        self.indptr = torch.as_tensor(train.indptr, device=device)
        self.items = torch.as_tensor(train.items, device=device)
        weights = torch.ones(len(train)) if train.weights is None else torch.as_tensor(train.weights)
        self.weights = weights.to(device)
        users = torch.as_tensor(train.user_of_pair(), device=device)
        self.keys = users * self.n_items + self.items
        self.table = self._table(train.n_users) if train.n_users * self.n_items <= TABLE_BYTES else None
        self.frequency = torch.bincount(self.items, minlength=self.n_items).float()
        every = torch.ones(self.n_items, dtype=torch.bool, device=device)
        self.candidates = (every if cold_negatives else self.frequency > 0).nonzero().squeeze(1)
        """``(n,)`` ascending item rows that may be negatives."""
        self.place = torch.full((self.n_items,), -1, device=device)
        """``(n_items,)`` where an item stands among the candidates; -1 where it does not."""
        self.place[self.candidates] = torch.arange(len(self.candidates), device=device)

    def contains(self, users: Tensor, items: Tensor) -> Tensor:
        """Whether users have items; shapes broadcast."""
        keys = users * self.n_items + items
        return among(self.keys, keys) if self.table is None else self.table[keys]

    def weight(self, users: Tensor, items: Tensor) -> Tensor:
        """Weight of pairs that stand in train, ``(batch,)``: of one that is there twice, the larger."""
        return self.weights[torch.searchsorted(self.keys, users * self.n_items + items)]

    def count(self, users: Tensor) -> Tensor:
        """Distinct items of users, ``(batch,)``."""
        return self.indptr[users + 1] - self.indptr[users]

    def of(self, users: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """All pairs of a batch of users: (row in the batch, ascending; item; weight), each ``(m,)``."""
        row, place = entries(self.indptr, users)
        return row, self.items[place], self.weights[place]

    def within(self, users: Tensor, items: Tensor) -> tuple[Tensor, Tensor]:
        """The pairs of users with some items: (row in ``users``, ascending; row in ``items``), ``(m,)`` each.

        ``items`` ``(n,)`` must be distinct. Memory: 24 bytes an interaction of the users.
        """
        row, item, _ = self.of(users)
        position = torch.full((self.n_items,), -1, device=items.device)
        position[items] = torch.arange(len(items), device=items.device)
        column = position[item]
        there = column >= 0
        return row[there], column[there]

    def negatives(self, users: Tensor, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Uniform items ``(batch, n)`` that the users do not have, and which of them they have after all.

        A hit is drawn again, at most ``ROUNDS`` times; only people who have nearly every item keep some.
        """
        shape = (len(users), n)
        drawn = self._draw(shape, generator)
        hit = self.contains(users.unsqueeze(1), drawn)
        for _ in range(ROUNDS):
            again = self._draw(shape, generator)
            drawn = torch.where(hit, again, drawn)
            hit = self.contains(users.unsqueeze(1), drawn)
        return drawn, hit

    def _table(self, n_users: int) -> Tensor:
        """``(n_users * n_items,)`` bool: whether the pair of that key is there."""
        table = torch.zeros(n_users * self.n_items, dtype=torch.bool, device=self.keys.device)
        table[self.keys] = True
        return table

    def _draw(self, shape: tuple[int, int], generator: torch.Generator) -> Tensor:
        device = self.candidates.device
        drawn = torch.randint(len(self.candidates), shape, generator=generator, device=device)
        return self.candidates[drawn]
