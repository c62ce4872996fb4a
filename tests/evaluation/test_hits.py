"""Hits against set membership."""

import numpy as np
import torch

from kgrec.data.user_items import UserItems
from kgrec.evaluation.config import EvaluationConfig
from kgrec.evaluation.hits import accuracy, hit_matrix


def index(table: np.ndarray) -> UserItems:
    users, items = np.nonzero(table)
    return UserItems.from_pairs(users, items, (len(table), table.shape[1]))


def test_hits_equal_set_membership() -> None:
    rng = np.random.default_rng(5)
    truth = index(rng.random((60, 80)) < 0.1)
    users = np.array([3, 0, 59])
    items = torch.from_numpy(rng.integers(-1, 80, (3, 40)))
    expected = [
        [i >= 0 and i in set(truth.of(u).tolist()) for i in row]
        for u, row in zip(users, items.tolist(), strict=True)
    ]
    assert any(map(any, expected))
    assert hit_matrix(items, users, truth).tolist() == expected


def test_padding_is_not_the_last_item_of_the_user_before() -> None:
    """A -1 of user 1 has the key of user 0's last item."""
    truth = index(np.array([[0, 0, 1], [1, 0, 0]]))
    assert hit_matrix(torch.tensor([[-1, 0]]), np.array([1]), truth).tolist() == [[False, True]]


def test_without_truth_nothing_is_hit() -> None:
    nothing = index(np.zeros((2, 3)))
    assert not hit_matrix(torch.tensor([[0, 1], [2, -1]]), np.array([0, 1]), nothing).any()


def test_accuracy_leaves_out_cutoffs_deeper_than_the_ranking() -> None:
    hits, n_truth = torch.tensor([[True, False]]), torch.tensor([1])
    found = accuracy(hits, n_truth, EvaluationConfig(metrics=["recall", "mrr"], ks=[1, 2, 3]))
    assert list(found) == ["recall@1", "recall@2", "mrr@1", "mrr@2"]
