"""Sparse item-item scores against dense products."""

import os
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given
from hypothesis import strategies as st

from kgrec.data.user_items import UserItems
from kgrec.models.item_item import ItemItemModel, keep_largest

STATM = Path("/proc/self/statm")


def model_and_oracle(n_users: int, n_items: int, seed: int) -> tuple[ItemItemModel, np.ndarray, np.ndarray]:
    """A model with random weights and histories, some of them empty, and both matrices dense."""
    rng = np.random.default_rng(seed)
    n = rng.integers(0, 2 * n_users + 1)
    values = rng.uniform(0.5, 2, n).astype(np.float32)
    train = UserItems.from_pairs(
        rng.integers(n_users, size=n), rng.integers(n_items, size=n), (n_users, n_items), values
    )
    by_item = rng.normal(size=(n_items, n_items)).astype(np.float32)
    by_item[rng.random(by_item.shape) < 0.6] = 0
    model = ItemItemModel.from_rows([sp.csr_matrix(by_item)], train)
    return model, train.matrix().toarray(), by_item.T


@given(n_users=st.integers(1, 8), n_items=st.integers(1, 9), seed=st.integers(0, 10_000))
def test_scores_are_the_product_of_history_and_weights(n_users: int, n_items: int, seed: int) -> None:
    model, history, weights = model_and_oracle(n_users, n_items, seed)
    users = np.random.default_rng(seed).integers(n_users, size=5)
    scores = model.scores(torch.from_numpy(users))
    assert np.allclose(scores.numpy(), (history @ weights)[users], atol=1e-5)


def test_a_history_is_weighted_and_need_not_be_sorted() -> None:
    model, _, weights = model_and_oracle(4, 6, 1)
    scores = model.scores_from_history(torch.tensor([5, 0]), torch.tensor([2.0, 0.5]))
    assert np.allclose(scores.numpy(), 2.0 * weights[5] + 0.5 * weights[0], atol=1e-6)


def test_an_item_named_twice_counts_twice() -> None:
    model, _, weights = model_and_oracle(4, 6, 2)
    assert np.allclose(model.scores_from_history(torch.tensor([3, 3])).numpy(), 2 * weights[3], atol=1e-6)


def test_integer_weights_are_taken() -> None:
    model, _, weights = model_and_oracle(4, 6, 2)
    scores = model.scores_from_history(torch.tensor([3]), torch.tensor([2]))
    assert np.allclose(scores.numpy(), 2 * weights[3], atol=1e-6)


def test_an_empty_history_scores_zero() -> None:
    model, _, _ = model_and_oracle(4, 6, 3)
    assert torch.equal(model.scores_from_history(torch.empty(0, dtype=torch.int64)), torch.zeros(6))


def test_a_user_without_items_scores_zero() -> None:
    train = UserItems.from_pairs(np.array([1]), np.array([0]), (3, 2))
    model = ItemItemModel.from_rows([sp.csr_matrix(np.ones((2, 2), np.float32))], train)
    assert model.scores(torch.tensor([0, 1, 2])).tolist() == [[0, 0], [1, 1], [0, 0]]


def test_tensors_hold_sparse_matrices_with_int32_indices() -> None:
    tensors = model_and_oracle(4, 6, 4)[0].tensors()
    names = {f"{name}_{part}" for name in ("weights", "history") for part in ("indptr", "indices", "data")}
    assert tensors.keys() == names
    assert all(t.dtype == (torch.float32 if n.endswith("data") else torch.int32) for n, t in tensors.items())


def test_the_largest_of_each_row_are_kept_by_size() -> None:
    rows = torch.tensor([[0.1, -3.0, 2.0, 0.0], [0.0, 0.0, 0.5, 0.0]])
    assert keep_largest(rows, 2).toarray().tolist() == [[0, -3, 2, 0], [0, 0, 0.5, 0]]
    assert keep_largest(rows, 2).nnz == 3


@pytest.mark.parametrize("kept", [4, 5])
def test_all_are_kept_where_all_fit(kept: int) -> None:
    rows = torch.tensor([[0.1, -3.0, 2.0, 0.0]])
    assert np.array_equal(keep_largest(rows, kept).toarray(), rows.numpy())


@pytest.mark.skipif(not STATM.exists(), reason="needs Linux to read the memory in use")
def test_scoring_again_and_again_takes_no_more_memory() -> None:
    """A sparse product that keeps its results would have taken 150 MB here."""
    rng = np.random.default_rng(0)
    train = UserItems.from_pairs(rng.integers(100, size=900), rng.integers(1000, size=900), (100, 1000))
    rows = sp.random(1000, 1000, density=0.3, format="csr", dtype=np.float32, random_state=0)
    model = ItemItemModel.from_rows([rows], train)
    users = torch.arange(100)
    model.scores(users)
    before = pages_in_use()
    for _ in range(200):
        model.scores(users)
    assert (pages_in_use() - before) * os.sysconf("SC_PAGE_SIZE") < 30e6


def pages_in_use() -> int:
    return int(STATM.read_text().split()[1])
