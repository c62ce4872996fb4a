"""Ranking against a loop over every user and item."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kgrec.data.user_items import UserItems
from kgrec.evaluation.ranking import TIED_ROWS, rank, tie_order, top_items
from kgrec.models.vectors import VectorModel


class TableScorer:
    """Scores from a dense ``(n_users, n_items)`` tensor."""

    def __init__(self, table: torch.Tensor) -> None:
        self.table = table
        self.n_users, self.n_items = table.shape

    def scores(self, users: torch.Tensor) -> torch.Tensor:
        return self.table[users].clone()

    def scores_from_history(self, items: torch.Tensor, weights: torch.Tensor | None = None) -> torch.Tensor:
        return torch.zeros(self.n_items)


def looped(table: torch.Tensor, seen: UserItems | None, k: int, seed: int) -> list[list[int]]:
    """Best first; equal scores by the place of the item in the seeded order."""
    place = tie_order(table.shape[1], seed).tolist()
    answer = []
    for user, row in enumerate(table.tolist()):
        known = set() if seen is None else set(seen.of(user).tolist())
        ranked = sorted((-score, place[item], item) for item, score in enumerate(row) if item not in known)
        items = [item for _, _, item in ranked[:k]]
        answer.append(items + [-1] * (k - len(items)))
    return answer


@given(st.integers(1, 6), st.integers(1, 12), st.integers(1, 14), st.integers(1, 4), st.integers(0, 2**20))
def test_ranking_equals_the_loop_with_many_ties(
    n_users: int, n_items: int, k: int, levels: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    table = torch.from_numpy(rng.integers(0, levels, (n_users, n_items)).astype(np.float32))
    had = rng.random((n_users, n_items)) < 0.3
    users, items = np.nonzero(had)
    seen = UserItems.from_pairs(users, items, (n_users, n_items))
    found = rank(TableScorer(table), np.arange(n_users), seen, k, 2, seed)
    assert found.items.tolist() == looped(table, seen, k, seed)
    assert found.items.shape == found.scores.shape == (n_users, k)
    valid = found.items >= 0
    assert torch.equal(found.scores[valid], table.gather(1, found.items.clamp(min=0))[valid])
    assert torch.isinf(found.scores[~valid]).all()


def test_the_batch_size_changes_nothing() -> None:
    model = VectorModel(torch.randn(50, 4), torch.randn(30, 4))
    one, all_at_once = (rank(model, np.arange(50), None, 5, size, 0) for size in (1, 50))
    assert torch.equal(one.items, all_at_once.items)


def test_users_are_ranked_in_the_order_given() -> None:
    table = torch.eye(3)
    assert rank(TableScorer(table), np.array([2, 0]), None, 1, 8, 0).items.tolist() == [[2], [0]]


def test_no_users_give_an_empty_ranking() -> None:
    found = rank(TableScorer(torch.eye(3)), np.empty(0, np.int64), None, 2, 8, 0)
    assert found.items.shape == (0, 2)


def test_another_seed_breaks_ties_another_way() -> None:
    table = torch.zeros(1, 50)
    first, second = (top_items(table, 10, seed)[0].tolist() for seed in (0, 1))
    assert first != second
    assert first == top_items(table, 10, 0)[0].tolist()


def test_nan_is_refused_by_user() -> None:
    table = torch.zeros(4, 5)
    table[2, 3] = torch.nan
    with pytest.raises(ValueError, match="user row 2"):
        rank(TableScorer(table), np.arange(4), None, 2, 8, 0)


def test_equal_scores_do_not_favour_early_rows() -> None:
    """A constant scorer shows every item as often as any other, over seeds."""
    shown = torch.zeros(20)
    for seed in range(400):
        shown[top_items(torch.zeros(1, 20), 5, seed)[0][0]] += 1
    assert shown.min() > 60
    assert shown.max() < 140


def test_minus_infinity_is_never_returned() -> None:
    table = torch.tensor([[1.0, -torch.inf, 0.5, -torch.inf]])
    found = rank(TableScorer(table), np.arange(1), None, 3, 8, 0)
    assert found.items.tolist() == [[0, 2, -1]]


def test_seen_items_never_appear_however_high_their_score() -> None:
    rng = np.random.default_rng(2)
    had = rng.random((40, 60)) < 0.4
    users, items = np.nonzero(had)
    seen = UserItems.from_pairs(users, items, (40, 60))
    table = torch.rand(40, 60) + 100 * torch.from_numpy(had)
    found = rank(TableScorer(table), np.arange(40), seen, 60, 16, 0).items.numpy()
    for user, row in enumerate(found):
        assert set(row[row >= 0]) == set(np.flatnonzero(~had[user]))


def test_ties_beyond_one_chunk_are_broken_alike() -> None:
    table = torch.zeros(2 * TIED_ROWS + 3, 30)
    found = rank(TableScorer(table), np.arange(len(table)), None, 4, len(table), 7)
    assert found.items.unique(dim=0).tolist() == [tie_order(30, 7).argsort()[:4].tolist()]
