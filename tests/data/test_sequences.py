"""People's events in order, by hand and by properties."""

import logging

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgrec.data.config import DataConfig, SplitConfig
from kgrec.data.dataset import Dataset, build_dataset
from kgrec.data.sequences import Sequences
from kgrec.data.splits import Part, make_split
from kgrec.data.tables import Tables
from kgrec.data.user_items import UserItems

EVENTS = [
    ("a", "x", 5.0),
    ("a", "y", 1.0),
    ("b", "x", 2.0),
    ("a", "x", 3.0),
    ("a", "z", 4.0),
    ("a", "y", 9.0),
]


def stream(events: list[tuple[str, str, float]]) -> Dataset:
    frame = pl.DataFrame(events, schema=["user", "item", "timestamp"], orient="row")
    return build_dataset(Tables(frame), DataConfig(name="stream", duplicates="keep"))


def named(dataset: Dataset, sequences: Sequences, user: str) -> list[str]:
    row = dataset.users.ids.index(user)
    return [dataset.items.ids[item] for item in sequences.of_user(row)]


def test_events_stand_by_time_with_their_repeats() -> None:
    dataset = stream(EVENTS)
    users, items = dataset.interaction_rows()
    sequences = Sequences.of(dataset, Part(users, items))
    assert named(dataset, sequences, "a") == ["y", "x", "z", "x", "y"]
    assert named(dataset, sequences, "b") == ["x"]


def test_a_part_has_its_own_events_alone() -> None:
    dataset = stream([*EVENTS, *(("b", f"i{n}", 20.0 + n) for n in range(4))])
    split = make_split(dataset, SplitConfig(method="temporal", ratios=[0.5, 0.25, 0.25]))
    # Pairs by their first event: a-y, b-x, a-x, a-z are train, the two next are valid, the last are test.
    sequences = Sequences.of(dataset, split.train)
    assert named(dataset, sequences, "a") == ["y", "x", "z", "x", "y"]
    assert named(dataset, sequences, "b") == ["x"]
    assert named(dataset, Sequences.of(dataset, split.test), "b") == ["i2", "i3"]


def test_events_that_a_split_left_out_are_left_out() -> None:
    dataset = stream([("a", "x", 1.0), ("a", "y", 2.0), ("a", "z", 3.0), ("a", "w", 4.0), ("a", "x", 5.0)])
    split = make_split(dataset, SplitConfig(method="temporal_user", ratios=[0.5, 0.25, 0.25]))
    assert named(dataset, Sequences.of(dataset, split.train), "a") == ["x", "y"]


def test_without_times_rows_decide_and_a_warning_says_so(caplog: pytest.LogCaptureFixture) -> None:
    frame = pl.DataFrame({"user": ["a", "a"], "item": ["x", "y"]})
    dataset = build_dataset(Tables(frame), DataConfig(name="plain"))
    users, items = dataset.interaction_rows()
    with caplog.at_level(logging.WARNING):
        sequences = Sequences.of(dataset, Part(users, items))
    assert sequences.of_user(0).tolist() == items.tolist()
    assert "plain has no timestamps" in caplog.text


def test_baskets_stand_in_another_order_for_every_person() -> None:
    """In the order of item rows, ``the next item has a larger row`` would be there to learn."""
    events = [(f"u{user}", f"i{item}", 1.0) for user in range(30) for item in range(8)]
    dataset = stream(events)
    sequences = Sequences.of(dataset, Part(*dataset.interaction_rows()))
    orders = np.stack([sequences.of_user(user) for user in range(30)])
    assert (np.sort(orders) == np.arange(8)).all()
    rises = (np.diff(orders) > 0).mean()
    assert 0.35 < rises < 0.65  # 210 steps, chance 1/2
    again = stream(list(reversed(events)))
    assert (Sequences.of(again, Part(*again.interaction_rows())).items == sequences.items).all()


def test_an_empty_part_has_empty_sequences() -> None:
    dataset, nobody = stream(EVENTS), np.empty(0, np.int64)
    sequences = Sequences.of(dataset, Part(nobody, nobody))
    assert sequences.n_users == 2
    assert len(sequences.items) == 0
    items, following, owner = sequences.windows(3)
    assert items.shape == following.shape == (0, 3)
    assert len(owner) == 0


def test_windows_are_cut_from_the_end() -> None:
    sequences = Sequences(np.array([0, 5, 5, 6]), np.array([10, 11, 12, 13, 14, 20]))
    items, following, owner = sequences.windows(2)
    assert items.tolist() == [[13, 14], [11, 12], [-1, 10], [-1, 20]]
    assert following.tolist() == [[14, -1], [12, 13], [-1, 11], [-1, -1]]
    assert owner.tolist() == [0, 0, 0, 2]


@given(st.lists(st.integers(0, 9), max_size=4), st.integers(1, 4))
def test_every_event_is_in_one_window_and_all_but_the_first_follow(counts: list[int], length: int) -> None:
    indptr = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).astype(np.int64)
    sequences = Sequences(indptr, np.arange(indptr[-1]))
    items, following, owner = sequences.windows(length)
    assert sorted(items[items >= 0]) == list(range(indptr[-1]))
    firsts = {int(start) for start, count in zip(indptr, counts, strict=False) if count}
    assert sorted(following[following >= 0]) == sorted(set(range(indptr[-1])) - firsts)
    followed = following >= 0
    assert (following[followed] == items[followed] + 1).all()
    assert (np.diff(owner) >= 0).all()


def test_an_unknown_order_is_that_of_rows() -> None:
    train = UserItems.from_pairs(np.array([1, 0, 1]), np.array([4, 2, 3]), (2, 5))
    assert Sequences.unordered(train).of_user(1).tolist() == [3, 4]
