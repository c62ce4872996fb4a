"""Which items a person has, on the training device: membership, histories, negatives."""

import torch
from torch import Tensor

from kgrec.data.user_items import UserItems


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
        if len(self.keys) == 0:
            return torch.zeros(
                torch.broadcast_shapes(users.shape, items.shape), dtype=torch.bool, device=users.device
            )
        keys = users * self.n_items + items
        place = torch.searchsorted(self.keys, keys).clamp(max=len(self.keys) - 1)
        return self.keys[place] == keys

    def of(self, users: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """All pairs of a batch of users: (row in the batch, item, weight), each ``(m,)``."""
        starts = self.indptr[users]
        counts = self.indptr[users + 1] - starts
        row = torch.repeat_interleave(torch.arange(len(users), device=users.device), counts)
        offset = torch.arange(len(row), device=users.device) - (counts.cumsum(0) - counts)[row]
        place = starts[row] + offset
        return row, self.items[place], self.weights[place]

    def negatives(self, users: Tensor, n: int, generator: torch.Generator, rounds: int = 3) -> Tensor:
        """``(batch, n)`` uniform items that the users do not have; a hit is drawn again, at most ``rounds``
        times."""
        shape, device = (len(users), n), users.device
        drawn = torch.randint(self.n_items, shape, generator=generator, device=device)
        for _ in range(rounds):
            again = torch.randint(self.n_items, shape, generator=generator, device=device)
            drawn = torch.where(self.contains(users.unsqueeze(1), drawn), again, drawn)
        return drawn
