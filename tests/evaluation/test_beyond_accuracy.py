"""Coverage, Gini, novelty and diversity worked by hand and by loops."""

import itertools
import math

import numpy as np
import pytest
import torch

from kgrec.data.user_items import UserItems
from kgrec.evaluation.beyond_accuracy import LISTS, beyond_accuracy, coverage, diversity, gini, novelty


def test_coverage_ignores_padding() -> None:
    assert coverage(torch.tensor([[0, 1], [1, -1]]), 4) == 0.5


def test_gini_is_zero_where_all_are_shown_alike_and_high_where_one_is() -> None:
    assert gini(torch.tensor([[0, 1], [2, 3]]), 4) == pytest.approx(0.0)
    assert gini(torch.tensor([[0], [0], [0]]), 4) == pytest.approx(0.75)
    # Counts 1 and 3 over two items: sum |a - b| / (2 n^2 mean) = (2 + 2) / (2 * 4 * 2).
    assert gini(torch.tensor([[0, 1], [1, 1]]), 2) == pytest.approx(0.25)


def test_novelty_by_hand() -> None:
    popularity = torch.tensor([2, 1, 1, 0])
    assert novelty(torch.tensor([[0, 1]]), popularity) == pytest.approx((1 + 2) / 2)
    assert novelty(torch.tensor([[3, -1]]), popularity) == pytest.approx(math.log2(4))


def test_diversity_equals_the_loop_over_pairs() -> None:
    rng = np.random.default_rng(1)
    had = rng.random((15, 20)) < 0.3
    had[:, 4] = False
    users, rows = np.nonzero(had)
    train = UserItems.from_pairs(users, rows, (15, 20))
    items = torch.stack([torch.randperm(20)[:5] for _ in range(7)])
    items[0, 3:], items[1, 0] = -1, 4
    items[1, 1:][items[1, 1:] == 4] = -1
    unit = had.T / np.maximum(np.linalg.norm(had.T, axis=1, keepdims=True), 1e-12)
    loops = []
    for row in items.tolist():
        chosen = [item for item in row if item >= 0]
        cosines = [float(unit[a] @ unit[b]) for a, b in itertools.combinations(chosen, 2)]
        loops.append(1 - float(np.mean(cosines)))
    assert diversity(items, train, chunk=3) == pytest.approx(float(np.mean(loops)))


def test_all_values_come_at_every_k() -> None:
    train = UserItems.from_pairs(np.array([0, 0, 1]), np.array([0, 1, 1]), (2, 5))
    found = beyond_accuracy(torch.tensor([[2, 3], [0, 4]]), train, [1, 2, 9])
    assert {name.split("@")[1] for name in found} == {"1", "2"}
    assert {name.split("@")[0] for name in found} == {"coverage", "gini", "novelty", "diversity"}


def test_chunks_and_padded_lists_change_no_diversity() -> None:
    train = UserItems.from_pairs(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 2]), (3, 4))
    items = torch.tensor([[0, 1, -1], [0, 2, 3], [1, -1, -1]])
    # Cosine of items 0 and 1 is 1 / sqrt 2; 0, 2 and 3 share nobody; one item alone makes no pair.
    expected = ((1 - 1 / math.sqrt(2)) + 1) / 2
    assert diversity(items, train, chunk=1) == pytest.approx(expected)
    assert diversity(items, train) == pytest.approx(expected)
    assert diversity(items[2:], train) == 0.0


def test_diversity_of_many_lists_is_estimated_on_the_same_sample() -> None:
    rng = np.random.default_rng(4)
    train = UserItems.from_pairs(rng.integers(0, 30, 200), rng.integers(0, 20, 200), (30, 20))
    items = torch.from_numpy(np.argsort(rng.random((LISTS + 500, 20)), axis=1)[:, :4])
    estimate = diversity(items, train)
    assert estimate == diversity(items, train)
    everything = [diversity(part, train) * len(part) for part in items.split(LISTS)]
    assert estimate == pytest.approx(sum(everything) / len(items), abs=0.01)
