"""Neighbourhoods by hand and against a dense oracle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.models.config import ItemKNNConfig
from kgrec.models.item_knn import fit_item_knn


def dense_weights(train: UserItems, neighbours: int, shrinkage: float) -> np.ndarray:
    config = ItemKNNConfig(neighbours=neighbours, shrinkage=shrinkage)
    weights: np.ndarray = fit_item_knn(train, config).weights.toarray()
    return weights


def test_worked_by_hand() -> None:
    # Users: {0, 1}, {0, 1}, {0, 2}. Norms: sqrt 3, sqrt 2, 1.
    train = UserItems.from_pairs(np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 0, 1, 0, 2]), (3, 3))
    weights = dense_weights(train, 2, 1.0)
    near, far = 2 / (6**0.5 + 1), 1 / (3**0.5 + 1)
    both = np.array([[0, near, far], [near, 0, 0], [far, 0, 0]])
    assert np.allclose(weights, both, atol=1e-6)
    # One neighbour of item 0 is left: item 1. Items 1 and 2 keep their only one, item 0.
    one = np.array([[0, near, far], [near, 0, 0], [0, 0, 0]])
    assert np.allclose(dense_weights(train, 1, 1.0), one, atol=1e-6)


@given(
    seed=st.integers(0, 10_000),
    neighbours=st.integers(1, 12),
    shrinkage=st.floats(0, 20),
    weighted=st.booleans(),
)
def test_equals_the_dense_oracle(seed: int, neighbours: int, shrinkage: float, weighted: bool) -> None:
    rng = np.random.default_rng(seed)
    values = rng.uniform(0.5, 3, 60).astype(np.float32) if weighted else None
    train = UserItems.from_pairs(rng.integers(15, size=60), rng.integers(10, size=60), (15, 10), values)
    x = train.matrix(np.float64).toarray()
    norm = np.linalg.norm(x, axis=0)
    denominator = np.outer(norm, norm) + shrinkage
    full = np.divide(x.T @ x, denominator, out=np.zeros((10, 10)), where=denominator > 0)
    np.fill_diagonal(full, 0.0)
    weights = dense_weights(train, neighbours, shrinkage)
    for item in range(10):
        kept = weights[:, item]
        assert np.allclose(
            np.sort(kept)[::-1][:neighbours], np.sort(full[:, item])[::-1][:neighbours], atol=1e-5
        )
        stored = kept != 0
        assert stored.sum() <= neighbours
        assert np.allclose(kept[stored], full[stored, item], atol=1e-5)


@pytest.mark.parametrize("config", [ItemKNNConfig(neighbours=0), ItemKNNConfig(shrinkage=-1.0)])
def test_a_value_out_of_range_is_refused(config: ItemKNNConfig, train: UserItems) -> None:
    with pytest.raises(ConfigError, match=r"model\.neighbours is .*, model\.shrinkage"):
        fit_item_knn(train, config)
