"""Wide batches of interactions, the same for the same (seed, epoch) wherever training was resumed."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from kgrec.errors import TrainingError


@dataclass(frozen=True)
class Batch:
    """One step's interactions."""

    users: Tensor
    """``(batch,)`` int64 user rows."""
    items: Tensor
    """``(batch,)`` int64 item rows."""
    weights: Tensor
    """``(batch,)`` float32, w_ui."""
    generator: torch.Generator
    """Draws this step's negatives; lives on the batch's device."""
    queries: Tensor | None = None
    """``(batch,)`` int64 query rows, -1 where nothing was typed; None = the data has no queries."""


class InteractionBatches:
    """Random batches of all train interactions, each once an epoch.

    ``by`` interaction: every one by chance. ``by`` user: people by chance, all of one's interactions together
    (one person may be cut in two at the end of a batch). Then a batch has as many people fewer as they have
    interactions, and a softmax, whose denominator is made once a person, can afford as many negatives more.

    Order and negatives come from (seed, epoch) alone, never from the global generator: an epoch that starts
    from a checkpoint draws what it would have drawn without the interruption.
    """

    def __init__(
        self,
        users: np.ndarray,
        items: np.ndarray,
        weights: np.ndarray | None,
        batch_size: int,
        seed: int,
        device: torch.device,
        by: str = "interaction",
        queries: np.ndarray | None = None,
    ) -> None:
        if len(users) == 0:
            raise TrainingError("there are no train interactions; look at data.filters and data.split")
        self.users = torch.as_tensor(users, device=device)
        self.items = torch.as_tensor(items, device=device)
        ones = torch.ones(len(users), device=device)
        self.weights = ones if weights is None else torch.as_tensor(weights, device=device)
        self.queries = None if queries is None else torch.as_tensor(queries, device=device)
        self.batch_size, self.seed, self.device = batch_size, seed, device
        self.n_users = int(self.users.max()) + 1 if by == "user" else 0

    def __len__(self) -> int:
        """Steps an epoch."""
        return -(-len(self.users) // self.batch_size)

    def generator(self, epoch: int, purpose: int = 0) -> torch.Generator:
        """A generator of (seed, epoch) alone; ``purpose`` keeps what else an epoch draws apart from it."""
        key = [self.seed, epoch] if purpose == 0 else [self.seed, epoch, purpose]
        generator = torch.Generator(device=self.device)
        generator.manual_seed(int(np.random.SeedSequence(key).generate_state(1)[0]))
        return generator

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """The batches of one epoch."""
        generator = self.generator(epoch)
        for rows in self._order(generator).split(self.batch_size):
            queries = None if self.queries is None else self.queries[rows]
            yield Batch(self.users[rows], self.items[rows], self.weights[rows], generator, queries)

    def _order(self, generator: torch.Generator) -> Tensor:
        if self.n_users == 0:
            return torch.randperm(len(self.users), generator=generator, device=self.device)
        place = torch.randperm(self.n_users, generator=generator, device=self.device)
        return place[self.users].argsort(stable=True)
