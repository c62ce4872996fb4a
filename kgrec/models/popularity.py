"""The same for everybody: items by how many people have them."""

import numpy as np
import torch
from torch import Tensor

from kgrec.data.user_items import UserItems


class Popularity:
    """``s(u, i) = number of train interactions of i``; a history changes nothing."""

    def __init__(self, counts: Tensor, n_users: int) -> None:
        """``counts`` ``(n_items,)`` float32."""
        self.counts, self.n_users, self.n_items = counts, n_users, len(counts)

    @classmethod
    def fit(cls, train: UserItems) -> "Popularity":
        """Count, or sum the weights where interactions have some."""
        counts = np.asarray(train.matrix().sum(0), np.float32).ravel()
        return cls(torch.from_numpy(counts), train.n_users)

    def scores(self, users: Tensor) -> Tensor:
        """``(batch,)`` -> ``(batch, n_items)``."""
        return self.counts.repeat(len(users), 1)

    def scores_from_history(self, items: Tensor, weights: Tensor | None = None) -> Tensor:
        """``(n_items,)``, whatever the history."""
        return self.counts.clone()

    def tensors(self) -> dict[str, Tensor]:
        """The counts and the number of users."""
        return {"counts": self.counts, "n_users": torch.tensor(self.n_users)}

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor]) -> "Popularity":
        """Rebuild from ``tensors()``."""
        return cls(tensors["counts"], int(tensors["n_users"]))
