"""Which items a person has, on the training device: membership, histories, negatives."""

import torch
from torch import Tensor

from kgrec.data.user_items import UserItems
from kgrec.graph.rows import among, entries

ROUNDS = 3
"""How often a negative that the user has is drawn again; what is left is to be masked."""


class Positives:
    """The train interactions as sorted keys and as CSR, so that a whole batch is looked up at once."""

    def __init__(self, train: UserItems, device: torch.device) -> None:
        self.n_items = train.n_items
        self.indptr = torch.as_tensor(train.indptr, device=device)
        self.items = torch.as_tensor(train.items, device=device)
        weights = torch.ones(len(train)) if train.weights is None else torch.as_tensor(train.weights)
        self.weights = weights.to(device)
        users = torch.as_tensor(train.user_of_pair(), device=device)
        self.keys = users * self.n_items + self.items
        self.frequency = torch.bincount(self.items, minlength=self.n_items).float()

    def contains(self, users: Tensor, items: Tensor) -> Tensor:
        """Whether users have items; shapes broadcast."""
        return among(self.keys, users * self.n_items + items)

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
        shape, device = (len(users), n), users.device
        drawn = torch.randint(self.n_items, shape, generator=generator, device=device)
        hit = self.contains(users.unsqueeze(1), drawn)
        for _ in range(ROUNDS):
            again = torch.randint(self.n_items, shape, generator=generator, device=device)
            drawn = torch.where(hit, again, drawn)
            hit = self.contains(users.unsqueeze(1), drawn)
        return drawn, hit
