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
