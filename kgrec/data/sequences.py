"""What each person had, in the order in which they had it."""

import logging
from dataclasses import dataclass

import numpy as np

from kgrec.data.dataset import Dataset
from kgrec.data.splits import Part
from kgrec.data.user_items import UserItems
from kgrec.data.vocabulary import stable_hash

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sequences:
    """Item rows of every user, oldest first, repeats included: ``items[indptr[u]:indptr[u + 1]]``."""

    indptr: np.ndarray
    """``(n_users + 1,)`` int64."""
    items: np.ndarray
    """``(n_events,)`` int64 item rows."""

    @classmethod
    def of(cls, dataset: Dataset, part: Part) -> "Sequences":
        """The events of ``part`` by their timestamps.

        Equal times (a basket) stand by a hash of user and item: in one order for all people, what comes next
        could be learned from that order alone. Without timestamps the place in the data set decides, and a
        warning says so. A part has the earliest events of each of its pairs (a split leaves out later ones),
        so that counts are enough to find them again.
        """
        users, items = dataset.interaction_rows()
        if "timestamp" in dataset.interactions.columns:
            times = dataset.interactions["timestamp"].to_numpy()
        else:
            log.warning("%s has no timestamps: the order of its rows is taken for people's", dataset.name)
            times = np.arange(len(users), dtype=np.float64)
        n_items = len(dataset.items)
        keys = users * n_items + items
        held = _counts_of(keys, part.users * n_items + part.items)
        kept = _nth_of_its_pair(keys, times) < held
        order = np.lexsort((_basket_place(dataset, users, items), times))
        order = order[kept[order]]
        return cls.ordered(users[order], items[order], times[order], len(dataset.users))

    @classmethod
    def ordered(cls, users: np.ndarray, items: np.ndarray, times: np.ndarray, n_users: int) -> "Sequences":
        """From events ``(n,)`` in any order; equal times keep the order given."""
        order = np.lexsort((times, users))
        indptr = np.concatenate([[0], np.cumsum(np.bincount(users, minlength=n_users))])
        return cls(indptr.astype(np.int64), items[order].astype(np.int64))

    @classmethod
    def unordered(cls, train: UserItems) -> "Sequences":
        """Where nobody knows the order: by item row."""
        return cls(train.indptr, train.items)

    @property
    def n_users(self) -> int:
        """Number of users, those without events included."""
        return len(self.indptr) - 1

    def of_user(self, user: int) -> np.ndarray:
        """Item rows of one user, oldest first."""
        return self.items[self.indptr[user] : self.indptr[user + 1]]

    def windows(self, length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Every sequence cut from its end into windows of ``length``, the oldest padded on the left.

        Returns items ``(n, length)``, the item that comes next ``(n, length)`` and the user ``(n,)``, newest
        window of a user first; -1 stands for no item: padding, and what follows the newest.
        """
        counts = np.diff(self.indptr)
        per_user = -(-counts // length)
        user = np.repeat(np.arange(self.n_users), per_user)
        nth = np.arange(len(user)) - np.repeat(np.cumsum(per_user) - per_user, per_user)
        last = self.indptr[user + 1] - nth * length
        at = last[:, None] - length + np.arange(length)
        inside = at >= self.indptr[user][:, None]
        padded = np.append(self.items, -1)
        follows = inside & (at + 1 < self.indptr[user + 1][:, None])
        return padded[np.where(inside, at, -1)], padded[np.where(follows, at + 1, -1)], user


def _basket_place(dataset: Dataset, users: np.ndarray, items: np.ndarray) -> np.ndarray:
    """``(n,)`` uint64: a place among events of one time, by the ids alone."""
    mixed = stable_hash(dataset.users.ids)[users] * np.uint64(0x9E3779B97F4A7C15)
    mixed = mixed + stable_hash(dataset.items.ids)[items]
    return (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)


def _counts_of(keys: np.ndarray, others: np.ndarray) -> np.ndarray:
    """``(n,)``: how often each of ``keys`` stands among ``others``."""
    distinct, place = np.unique(keys, return_inverse=True)
    return np.bincount(np.searchsorted(distinct, others), minlength=len(distinct))[place]


def _nth_of_its_pair(keys: np.ndarray, times: np.ndarray) -> np.ndarray:
    """``(n,)``: how many events of the same key come before each."""
    order = np.lexsort((times, keys))
    ordered = keys[order]
    first = np.flatnonzero(np.diff(ordered, prepend=-1))
    nth = np.empty(len(keys), np.int64)
    nth[order] = np.arange(len(keys)) - np.repeat(first, np.diff(np.append(first, len(keys))))
    return nth
