"""Slices restrict users or truth, never the candidates."""

import numpy as np
import pytest
import torch

from kgrec.data.user_items import UserItems
from kgrec.evaluation.config import EvaluationConfig
from kgrec.evaluation.slices import item_slices, restricted, slice_metrics, user_slices


def test_quartiles_split_by_activity_and_keep_equals_together() -> None:
    slices = user_slices(np.array([1, 2, 3, 4, 5, 6, 7, 8]))
    assert [int(mask.sum()) for mask in slices.values()] == [2, 2, 2, 2]
    # A user on the bound between two quartiles (2, 3 and 4 here) is in the lower one.
    on_bounds = user_slices(np.array([1, 2, 3, 4, 5]))
    assert [np.flatnonzero(mask).tolist() for mask in on_bounds.values()] == [[0, 1], [2], [3], [4]]
    equal = user_slices(np.array([3, 3, 3, 3]))
    assert sorted(int(mask.sum()) for mask in equal.values()) == [0, 0, 0, 4]


def test_head_holds_four_fifths_of_the_interactions_and_cold_none() -> None:
    items = np.repeat([0, 1, 2], [8, 1, 1])
    train = UserItems.from_pairs(np.arange(10), items, (10, 4))
    slices = item_slices(train)
    assert slices["head"].tolist() == [True, False, False, False]
    assert slices["tail"].tolist() == [False, True, True, False]
    assert slices["cold"].tolist() == [False, False, False, True]


def test_items_of_equal_counts_share_a_slice_whatever_their_rows() -> None:
    train = UserItems.from_pairs(np.arange(10), np.arange(10), (10, 10))
    assert item_slices(train)["head"].all()


def test_a_cold_slice_counts_cold_truth_only() -> None:
    train = UserItems.from_pairs(np.array([0, 1]), np.array([0, 0]), (2, 4))
    truth = UserItems.from_pairs(np.array([0, 0, 1]), np.array([1, 3, 1]), (2, 4))
    cold = restricted(truth, item_slices(train)["cold"])
    assert cold.items.tolist() == truth.items.tolist()
    ranking = torch.tensor([[3, 2], [1, 2]])
    found = slice_metrics(
        ranking, np.array([0, 1]), truth, train, EvaluationConfig(metrics=["recall"], ks=[1, 2])
    )
    assert found["recall@1/items:cold"] == pytest.approx((0.5 + 1.0) / 2)
    assert found["pairs/items:cold"] == 3
    assert found["pairs/items:head"] == 0
    assert "recall@1/items:head" not in found


def test_user_slices_average_their_own_users_and_sum_to_the_whole() -> None:
    rng = np.random.default_rng(8)
    had = rng.random((40, 30)) < rng.random((40, 1))
    wanted = ~had & (rng.random((40, 30)) < 0.3)
    wanted[:, 0] |= ~wanted.any(1)
    (u, i), (v, j) = np.nonzero(had), np.nonzero(wanted)
    train, truth = UserItems.from_pairs(u, i, (40, 30)), UserItems.from_pairs(v, j, (40, 30))
    items = torch.from_numpy(np.argsort(rng.random((40, 30)), axis=1)[:, :5])
    config = EvaluationConfig(metrics=["recall"], ks=[5])
    found = slice_metrics(items, np.arange(40), truth, train, config)
    recalls = np.array([np.isin(items[u].numpy(), truth.of(u)).sum() / len(truth.of(u)) for u in range(40)])
    sizes = {name: int(mask.sum()) for name, mask in user_slices(train.counts()).items()}
    assert sum(sizes.values()) == 40
    total = sum(found[f"recall@5/users:{name}"] * size for name, size in sizes.items() if size)
    assert total / 40 == pytest.approx(recalls.mean())
    q1 = user_slices(train.counts())["q1"]
    assert found["recall@5/users:q1"] == pytest.approx(recalls[q1].mean())


def test_every_truth_pair_is_in_one_item_slice() -> None:
    rng = np.random.default_rng(9)
    train = UserItems.from_pairs(rng.integers(0, 20, 60), rng.integers(0, 12, 60), (20, 15))
    truth = UserItems.from_pairs(rng.integers(0, 20, 40), rng.integers(0, 15, 40), (20, 15))
    parts = [restricted(truth, chosen) for chosen in item_slices(train).values()]
    assert sum(len(part) for part in parts) == len(truth)
    assert (np.stack(list(item_slices(train).values())).sum(0) == 1).all()
