"""Cold start: who and what is held out, what is told, what is to be found, and the scorers in between."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from kgrec.data.config import DataConfig, SplitConfig
from kgrec.data.dataset import build_dataset
from kgrec.data.sequences import Sequences
from kgrec.data.splits import make_split
from kgrec.data.tables import Tables
from kgrec.data.user_items import UserItems
from kgrec.models.config import EASEConfig
from kgrec.models.ease import fit_ease
from kgrec.models.popularity import Popularity
from kgrec.prepare import Prepared

ONLINE = Path(__file__).resolve().parent.parent / "benchmarks" / "online"


@pytest.fixture(scope="module")
def load() -> Iterator[Any]:
    """Import a module of benchmarks/online by name, and leave no trace of it."""
    before = set(sys.modules)
    sys.path.insert(0, str(ONLINE))
    yield __import__
    sys.path.remove(str(ONLINE))
    for name in set(sys.modules) - before:
        if str(ONLINE) in str(getattr(sys.modules[name], "__file__", None)):
            del sys.modules[name]


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    """Sixty people with 12 of 20 items each in an order of time, and ten with three."""
    rng = np.random.default_rng(0)
    rows = []
    for user in range(70):
        count = 12 if user < 60 else 3
        chosen = rng.permutation(20)[:count]
        rows += [(f"u{user}", f"i{item}", float(time)) for time, item in enumerate(chosen)]
    frame = pl.DataFrame(rows, schema=["user", "item", "timestamp"], orient="row")
    dataset = build_dataset(Tables(frame), DataConfig(name="people"))
    return Prepared(dataset, make_split(dataset, SplitConfig()), 0.0)


@pytest.fixture(scope="module")
def train() -> UserItems:
    rng = np.random.default_rng(1)
    return UserItems.from_pairs(rng.integers(0, 9, 40), rng.integers(0, 6, 40), (9, 6))


def test_people_are_held_out_wholly(load: Any, prepared: Prepared) -> None:
    without, people = load("cold_users").without_people(prepared)
    split, held = without.split, np.flatnonzero(np.diff(people.indptr))
    assert 4 <= len(held) <= 24  # a fifth of sixty
    assert not np.isin(split.train.users, held).any() and not np.isin(split.valid.users, held).any()
    everything = len(split.train) + len(split.valid) + len(split.test)
    assert everything == prepared.dataset.interactions.height
    counts = np.bincount(split.test.users, minlength=70)
    assert set(counts[held]) == {12}
    share = len(split.valid) / (len(split.train) + len(split.valid))
    assert 0.05 < share < 0.16
    user = int(held[0])
    own = prepared.dataset.interactions.filter(pl.col("user") == prepared.dataset.users.ids[user])
    by_time = own.sort("timestamp")["item"].to_list()
    assert [prepared.dataset.items.ids[item] for item in people.of_user(user)] == by_time


def test_the_truth_is_the_same_however_much_is_told(load: Any) -> None:
    people = Sequences(np.array([0, 7, 7]), np.array([4, 0, 3, 5, 9, 1, 2]))
    found = [load("cold_users").histories_of(people, known, 10) for known in (0, 1, 3, 5)]
    assert [told[0].tolist() for told, _, _ in found] == [[], [4], [4, 0, 3], [4, 0, 3, 5, 9]]
    for told, truth, first in found:
        assert truth.of(0).tolist() == [1, 2]
        assert first.of(0).tolist() == [0, 3, 4, 5, 9]
        assert len(told[1]) == len(truth.of(1)) == 0


def test_strangers_are_scored_by_their_history_or_the_fallback(load: Any, train: UserItems) -> None:
    ease, popular = fit_ease(train, EASEConfig(l2=1.0)), Popularity.fit(train)
    histories = [np.array([2, 4]), np.array([], np.int64)]
    strangers = load("cold_scorers").HistoryUsers(ease, histories, popular)
    scores = strangers.scores(torch.tensor([1, 0]))
    torch.testing.assert_close(scores[1], ease.scores_from_history(torch.tensor([2, 4])))
    torch.testing.assert_close(scores[0], popular.scores_from_history(torch.tensor([], dtype=torch.int64)))
    assert not load("cold_scorers").HistoryUsers(ease, histories).scores(torch.tensor([1])).any()


def test_rows_in_another_order_score_the_same(load: Any, train: UserItems) -> None:
    order = np.array([3, 5, 0, 1, 4, 2])
    place = np.argsort(order)
    inside = UserItems.from_pairs(train.user_of_pair(), place[train.items], (9, 6))
    outside = fit_ease(train, EASEConfig(l2=1.0))
    reordered = load("cold_scorers").Reordered(fit_ease(inside, EASEConfig(l2=1.0)), order)
    users, history = torch.arange(9), torch.tensor([0, 5])
    torch.testing.assert_close(reordered.scores(users), outside.scores(users))
    torch.testing.assert_close(reordered.scores_from_history(history), outside.scores_from_history(history))


def test_chance_is_the_same_for_the_same_person(load: Any) -> None:
    chance = load("cold_scorers").ByChance(5, 40)
    scores = chance.scores(torch.tensor([3, 1, 3]))
    assert torch.equal(scores[0], scores[2]) and not torch.equal(scores[0], scores[1])
    assert scores.shape == (3, 40)


def test_held_out_items_are_ranked_among_themselves(load: Any) -> None:
    cold_items = load("cold_items")
    rows = [(f"u{user}", f"{'ab'[user % 2]}{item}") for user in range(40) for item in range(16)]
    facts = [(f"{letter}{item}", "kind", letter) for letter in "ab" for item in range(16)]
    tables = Tables(
        pl.DataFrame(rows, schema=["user", "item"], orient="row"),
        pl.DataFrame(facts, schema=["head", "relation", "tail"], orient="row"),
    )
    dataset = build_dataset(tables, DataConfig(name="twins"))
    split = make_split(dataset, SplitConfig(method="cold_items", ratios=[0.5, 0.25, 0.25]))
    prepared = Prepared(dataset, split, 0.0)
    train = prepared.index(split.train)
    held = cold_items._items_of(prepared, "test")
    assert held.sum() == 8 and not held[split.train.items].any()
    known = np.flatnonzero(np.bincount(split.train.items, minlength=32))
    pairs = cold_items._rows_of(train, known)
    assert (pairs.matrix().toarray() == train.matrix().toarray()[:, known]).all()
    others = cold_items.held_out_only(prepared).known_before("test")
    assert others.n_users == len(dataset.users)
    for user in (0, 39):
        assert np.array_equal(others.of(user), np.flatnonzero(~held))
    chance = load("cold_scorers").ByChance(train.n_users, train.n_items)
    row = cold_items._row(prepared, "by chance", "none", chance)
    assert row.values["among held-out items"] == 1.0  # twenty places, eight items
    table = load("cold_table").table([row, row])
    assert "| by chance | none | **1.0000** |" in table
