"""Which items each user has: a CSR index over rows, the form that masking, histories and truth share."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp


@dataclass(frozen=True)
class UserItems:
    """Distinct item rows of every user, ascending: ``items[indptr[u]:indptr[u + 1]]``."""

    indptr: np.ndarray
    """``(n_users + 1,)`` int64."""
    items: np.ndarray
    """``(n_pairs,)`` int64 item rows."""
    weights: np.ndarray | None
    """``(n_pairs,)`` float32, the largest where a pair occurs more than once; None = all one."""
    n_items: int

    @classmethod
    def from_pairs(
        cls,
        users: np.ndarray,
        items: np.ndarray,
        shape: tuple[int, int],
        weights: np.ndarray | None = None,
    ) -> "UserItems":
        """Index pairs ``(n,)`` of user and item rows; ``shape`` is ``(n_users, n_items)``."""
        n_users, n_items = shape
        keys, inverse = np.unique(np.asarray(users, np.int64) * n_items + items, return_inverse=True)
        indptr = np.zeros(n_users + 1, np.int64)
        np.cumsum(np.bincount(keys // n_items, minlength=n_users), out=indptr[1:])
        largest = None
        if weights is not None:
            largest = np.full(len(keys), -np.inf, np.float32)
            np.maximum.at(largest, inverse, weights)
        return cls(indptr, keys % n_items, largest, n_items)

    @property
    def n_users(self) -> int:
        """Number of users, those without items included."""
        return len(self.indptr) - 1

    def __len__(self) -> int:
        """Number of distinct pairs."""
        return len(self.items)

    def of(self, user: int) -> np.ndarray:
        """Item rows of one user."""
        return self.items[self.indptr[user] : self.indptr[user + 1]]

    def only(self, users: np.ndarray) -> "UserItems":
        """The same index with the items of ``users`` alone; the other rows are empty."""
        kept = np.zeros(self.n_users, bool)
        kept[users] = True
        pairs = np.repeat(kept, self.counts())
        indptr = np.concatenate([[0], np.cumsum(np.where(kept, self.counts(), 0))])
        weights = None if self.weights is None else self.weights[pairs]
        return UserItems(indptr, self.items[pairs], weights, self.n_items)

    def counts(self) -> np.ndarray:
        """``(n_users,)`` items a user."""
        return np.diff(self.indptr)

    def user_of_pair(self) -> np.ndarray:
        """``(n_pairs,)`` user row of every pair."""
        return np.repeat(np.arange(self.n_users), self.counts())

    def pairs_of(self, users: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pairs of a batch of users: positions in ``users`` and item rows, both ``(m,)``; no loop."""
        starts, counts = self.indptr[users], self.indptr[users + 1] - self.indptr[users]
        position = np.repeat(np.arange(len(users)), counts)
        offset = np.arange(len(position)) - np.repeat(np.cumsum(counts) - counts, counts)
        return position, self.items[np.repeat(starts, counts) + offset]

    def matrix(self, dtype: type = np.float32) -> sp.csr_matrix:
        """The ``(n_users, n_items)`` matrix of weights."""
        data: np.ndarray = (
            np.ones(len(self.items), dtype) if self.weights is None else self.weights.astype(dtype)
        )
        return sp.csr_matrix((data, self.items, self.indptr), shape=(self.n_users, self.n_items))
