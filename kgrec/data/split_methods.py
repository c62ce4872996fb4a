"""Ways to assign interactions to parts; each gives ``(n,)`` int8: 0 train, 1 valid, 2 test, -1 left out.

All work on distinct (user, item) pairs, so that no pair stands in two parts, and draw over pairs in the order
of the vocabularies' rows, so that the order of a file changes nothing.
"""

from dataclasses import dataclass

import numpy as np

from kgrec.data.config import SplitConfig
from kgrec.data.dataset import Dataset
from kgrec.data.tables import PARTS
from kgrec.data.vocabulary import stable_hash
from kgrec.errors import ConfigError, DataError

TRAIN, VALID, TEST, LEFT_OUT = 0, 1, 2, -1


@dataclass(frozen=True)
class Pairs:
    """Distinct pairs, ascending by (user row, item row), and the events that each of them stands for."""

    users: np.ndarray
    """``(n_pairs,)`` int64."""
    items: np.ndarray
    """``(n_pairs,)`` int64."""
    event_pair: np.ndarray
    """``(n_events,)`` the pair of each event."""
    event_time: np.ndarray | None
    """``(n_events,)`` Unix seconds, where known."""
    ids: tuple[list[str], list[str]]
    """External ids of users and of items."""

    @classmethod
    def of(cls, dataset: Dataset) -> "Pairs":
        """The pairs of a data set's interactions."""
        users, items = dataset.interaction_rows()
        keys, event_pair = np.unique(users * len(dataset.items) + items, return_inverse=True)
        frame = dataset.interactions
        time = frame["timestamp"].to_numpy() if "timestamp" in frame.columns else None
        ids = (dataset.users.ids, dataset.items.ids)
        return cls(keys // len(dataset.items), keys % len(dataset.items), event_pair, time, ids)

    def first_time(self) -> np.ndarray:
        """``(n_pairs,)`` time of each pair's first event; raises DataError where times are unknown."""
        if self.event_time is None:
            raise DataError(
                "interactions: a split by time needs the column 'timestamp'; name it in data.columns, or "
                "choose data.split.method=random"
            )
        first = np.full(len(self.users), np.inf)
        np.minimum.at(first, self.event_pair, self.event_time)
        return first

    def tie_break(self) -> np.ndarray:
        """``(n_pairs,)`` uint64, a stable hash of the two ids: settles the order of equal times."""
        users, items = stable_hash(self.ids[0]), stable_hash(self.ids[1])
        mixed = users[self.users] * np.uint64(0x9E3779B97F4A7C15) + items[self.items]
        return (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)


def ranks(groups: np.ndarray, *keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Position of each element within its group, by ``keys`` (the first leads), and the size of its group."""
    order = np.lexsort((*reversed(keys), groups))
    sizes = np.bincount(groups)
    starts = np.cumsum(sizes) - sizes
    rank = np.empty(len(groups), np.int64)
    rank[order] = np.arange(len(groups)) - starts[groups[order]]
    return rank, sizes[groups]


def by_ratios(rank: np.ndarray, size: np.ndarray, ratios: list[float]) -> np.ndarray:
    """Parts by rank: of n, ``int(ratio * n)`` are valid and test, train takes the rest (RecBole's rule).

    RecBole 1.2, ``recbole/data/dataset/dataset.py``, https://github.com/RUCAIBox/RecBole.
    """
    _, n_valid, n_test = ((share * size).astype(np.int64) for share in normalised(ratios))
    n_train = size - n_valid - n_test
    return np.where(rank < n_train, TRAIN, np.where(rank < n_train + n_valid, VALID, TEST)).astype(np.int8)


def normalised(ratios: list[float]) -> list[float]:
    """Three shares that sum to one; raises ConfigError for anything that cannot be such."""
    proper = len(ratios) == 3 and all(np.isfinite(share) and share >= 0 for share in ratios) and ratios[0] > 0
    if not proper:
        raise ConfigError(
            f"data.split.ratios is {ratios}; use three shares such as [0.8, 0.1, 0.1], train above 0"
        )
    return [share / sum(ratios) for share in ratios]


def random(pairs: Pairs, config: SplitConfig) -> np.ndarray:
    """Per user a random share of the pairs."""
    keys = np.random.default_rng(config.seed).random(len(pairs.users))
    return by_ratios(*ranks(pairs.users, keys), config.ratios)[pairs.event_pair]


def temporal(pairs: Pairs, config: SplitConfig) -> np.ndarray:
    """The earliest pairs of all users are train, the latest test: one moment parts them for everybody."""
    everyone = np.zeros(len(pairs.users), np.int64)
    parts = by_ratios(*ranks(everyone, pairs.first_time(), pairs.tie_break()), config.ratios)
    return without_later_events(pairs, everyone, parts)


def temporal_user(pairs: Pairs, config: SplitConfig) -> np.ndarray:
    """Per user the earliest pairs are train, the latest test."""
    parts = by_ratios(*ranks(pairs.users, pairs.first_time(), pairs.tie_break()), config.ratios)
    return without_later_events(pairs, pairs.users, parts)


def leave_one_out(pairs: Pairs, config: SplitConfig) -> np.ndarray:
    """Per user the last pair is test, the one before valid; users with fewer than three are all train.

    Last by time, where there are no times a random one.
    """
    if pairs.event_time is None:
        rank, size = ranks(pairs.users, np.random.default_rng(config.seed).random(len(pairs.users)))
    else:
        rank, size = ranks(pairs.users, pairs.first_time(), pairs.tie_break())
    from_end = np.where(size < 3, size, size - 1 - rank)
    parts = np.choose(np.minimum(from_end, 2), [TEST, VALID, TRAIN]).astype(np.int8)
    parts[size < 3] = TRAIN
    if pairs.event_time is None:
        return parts[pairs.event_pair]
    return without_later_events(pairs, pairs.users, parts)


def cold_items(pairs: Pairs, config: SplitConfig) -> np.ndarray:
    """Random items go to valid and test with all their interactions: train has never seen them."""
    present = np.unique(pairs.items)
    _, valid, test = normalised(config.ratios)
    n_valid, n_test = (max(int(share * len(present)), int(share > 0)) for share in (valid, test))
    shuffled = np.random.default_rng(config.seed).permutation(present)
    part_of_item = np.zeros(len(pairs.ids[1]), np.int8)
    part_of_item[shuffled[:n_test]] = TEST
    part_of_item[shuffled[n_test : n_test + n_valid]] = VALID
    return part_of_item[pairs.items][pairs.event_pair]


def given(pairs: Pairs, config: SplitConfig, column: np.ndarray) -> np.ndarray:
    """The data's own parts; without a valid part a random share of each user's train pairs becomes valid.

    Of n train pairs ``share * n`` become valid, rounded up or down at random so that the share is right on
    average also for users with few pairs, and never all of them.
    """
    if not 0 <= config.valid_share < 1:
        raise ConfigError(f"data.split.valid_share is {config.valid_share}; use a share from 0 up to below 1")
    parts = np.zeros(len(pairs.users), np.int8)
    for code, name in enumerate(PARTS):
        parts[pairs.event_pair[column == name]] = code
    if not (parts == VALID).any():
        train = np.flatnonzero(parts == TRAIN)
        rng = np.random.default_rng(config.seed)
        rank, size = ranks(pairs.users[train], rng.random(len(train)))
        rounding = rng.random(len(pairs.ids[0]))[pairs.users[train]]
        n_valid = np.minimum(np.floor(config.valid_share * size + rounding).astype(np.int64), size - 1)
        parts[train[rank < n_valid]] = VALID
    return parts[pairs.event_pair]


def without_later_events(pairs: Pairs, groups: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Parts of events; an event later than its group's first event of a later part is left out.

    Where events repeat, a train pair may come again after the test began: train must not see that.
    """
    assert pairs.event_time is not None
    of_event, group = parts[pairs.event_pair], groups[pairs.event_pair]
    begins = np.full((int(groups.max()) + 1, 3), np.inf)
    np.minimum.at(begins, (group, of_event), pairs.event_time)
    later = np.stack([np.minimum(begins[:, VALID], begins[:, TEST]), begins[:, TEST]], axis=1)
    late = (of_event != TEST) & (pairs.event_time > later[group, np.minimum(of_event, VALID)])
    return np.where(late, LEFT_OUT, of_event).astype(np.int8)
