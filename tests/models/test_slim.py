"""SLIM against EASE, one ridge regression an item, and the conditions of the elastic net's minimum."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.models.config import EASEConfig, SLIMConfig
from kgrec.models.ease import fit_ease
from kgrec.models.slim import fit_slim, nearest_items

N_USERS, N_ITEMS = 40, 14


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "weighted"])
def train(request: pytest.FixtureRequest) -> UserItems:
    rng = np.random.default_rng(5)
    values = rng.uniform(0.5, 3, 190).astype(np.float32) if request.param else None
    pairs = rng.integers(N_USERS, size=190), rng.integers(N_ITEMS - 1, size=190)
    return UserItems.from_pairs(*pairs, (N_USERS, N_ITEMS), values)


def dense(train: UserItems, config: SLIMConfig) -> np.ndarray:
    weights: np.ndarray = fit_slim(train, config).weights.toarray()
    return weights


def neighbours_of(x: np.ndarray, item: int, count: int, similarity: str) -> np.ndarray:
    """By a full sort of one column of the dense Gram matrix."""
    together = x.T @ x[:, item]
    if similarity == "cosine":
        together = together / np.maximum(np.linalg.norm(x, axis=0), 1e-12)
    together[item] = -np.inf
    return np.sort(np.argsort(-together)[:count])


@pytest.mark.parametrize("l2", [0.5, 20.0])
@pytest.mark.parametrize("neighbours", [N_ITEMS - 1, 500])
def test_with_all_items_as_neighbours_it_is_ease(train: UserItems, l2: float, neighbours: int) -> None:
    weights = dense(train, SLIMConfig(neighbours=neighbours, l2=l2))
    assert np.allclose(weights, fit_ease(train, EASEConfig(l2=l2)).weights.toarray(), atol=1e-5)
    assert not np.diag(weights).any()


@pytest.mark.parametrize("similarity", ["count", "cosine"])
def test_each_item_is_a_ridge_regression_on_its_neighbours(train: UserItems, similarity: str) -> None:
    x = train.matrix(np.float64).toarray()
    # Counts of people tie; a little noise in the weights makes the neighbours unique.
    x *= 1 + 0.01 * np.random.default_rng(1).random(x.shape)
    rows, items = np.nonzero(x)
    noisy = UserItems.from_pairs(rows, items, x.shape, x[rows, items].astype(np.float32))
    weights = dense(noisy, SLIMConfig(neighbours=4, l2=3.0, similarity=similarity))
    for item in range(N_ITEMS - 1):
        near = neighbours_of(x, item, 4, similarity)
        a = x[:, near]
        expected = np.zeros(N_ITEMS)
        expected[near] = np.linalg.solve(a.T @ a + 3.0 * np.eye(4), a.T @ x[:, item])
        assert np.allclose(weights[:, item], expected, atol=1e-4)
    assert not weights[:, -1].any()  # nobody has it


def test_neighbours_are_distinct_and_never_the_item_itself(train: UserItems) -> None:
    near = nearest_items(train.matrix(), 6, "count").numpy()
    assert near.shape == (N_ITEMS, 6)
    assert (np.diff(near, axis=1) > 0).all()
    assert not (near == np.arange(N_ITEMS)[:, None]).any()


def test_the_two_similarities_choose_differently() -> None:
    # Item 1 shares two of its six people with item 0, item 2 the only one it has: cosines of
    # 2 / sqrt(3 * 6) = .47 and 1 / sqrt(3 * 1) = .58.
    rows, items = [0, 1, 2, 0, 1, 3, 4, 5, 6, 2], [0, 0, 0, 1, 1, 1, 1, 1, 1, 2]
    matrix = sp.csr_matrix((np.ones(10, np.float32), (rows, items)), shape=(7, 3))
    assert nearest_items(matrix, 1, "count")[0].tolist() == [1]
    assert nearest_items(matrix, 1, "cosine")[0].tolist() == [2]


def test_passes_and_blocks_change_nothing(train: UserItems, monkeypatch: pytest.MonkeyPatch) -> None:
    config = SLIMConfig(neighbours=5, l2=2.0)
    expected = dense(train, config)
    # Two systems of 5 x 5 at once, and co-occurrences in blocks of three items.
    monkeypatch.setattr("kgrec.models.gram.gram_blocks.__defaults__", (3 * N_ITEMS,))
    assert np.allclose(dense(train, replace(config, max_megabytes=200 / 2**20)), expected, atol=1e-6)


@pytest.mark.parametrize(("l1", "nonnegative"), [(0.3, False), (0.0, True), (2.0, True)])
def test_the_elastic_net_is_at_its_minimum(train: UserItems, l1: float, nonnegative: bool) -> None:
    l2, x = 1.5, train.matrix(np.float64).toarray()
    config = SLIMConfig(neighbours=500, l2=l2, l1=l1, nonnegative=nonnegative, sweeps=200)
    weights = dense(train, config)
    # Gradient of the smooth part: for a minimum it is -l1 sign(w), and within l1 of 0 where w is 0.
    gradient = x.T @ (x @ weights - x) + l2 * weights
    off = ~np.eye(N_ITEMS, dtype=bool)
    used, unused = off & (weights != 0), off & (weights == 0)
    assert used.any()
    assert unused[:, :-1].any()
    assert np.allclose(gradient[used], -l1 * np.sign(weights[used]), atol=1e-3)
    assert (gradient[unused] >= -l1 - 1e-3).all()
    if nonnegative:
        assert (weights >= 0).all()
    else:
        assert (weights < 0).any()
        assert (gradient[unused] <= l1 + 1e-3).all()


def test_more_sweeps_only_lower_the_objective(train: UserItems) -> None:
    x = train.matrix(np.float64).toarray()

    def objective(sweeps: int) -> float:
        w = dense(train, SLIMConfig(neighbours=500, l2=1.0, l1=1.0, nonnegative=True, sweeps=sweeps))
        return float(((x - x @ w) ** 2).sum() / 2 + (w**2).sum() / 2 + w.sum())

    found = [objective(sweeps) for sweeps in (1, 2, 8)]
    assert found[0] > found[1] > found[2]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_finds_the_same(train: UserItems) -> None:
    config = SLIMConfig(neighbours=5, l2=2.0, l1=0.1)
    on_gpu = fit_slim(train, config, "cuda").weights.toarray()
    assert np.allclose(on_gpu, dense(train, config), atol=1e-4)


@pytest.mark.parametrize(
    ("key", "config"),
    [
        ("neighbours", SLIMConfig(neighbours=0)),
        ("sweeps", SLIMConfig(sweeps=0)),
        ("l2", SLIMConfig(l2=0.0)),
        ("l1", SLIMConfig(l1=-1.0)),
        ("max_megabytes", SLIMConfig(max_megabytes=0.0)),
        ("similarity", SLIMConfig(similarity="jaccard")),
    ],
)
def test_a_value_out_of_range_is_refused(key: str, config: SLIMConfig, train: UserItems) -> None:
    with pytest.raises(ConfigError, match=rf"model\.{key} (is )?[-'0]"):
        fit_slim(train, config)
