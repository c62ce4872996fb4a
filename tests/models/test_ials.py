"""iALS against a loop over rows, its objective, and the least squares of a person's own history."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from kgrec.config import Config
from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.fitted import Places
from kgrec.fitting import fit
from kgrec.load_run import load_scorer
from kgrec.models import row_least_squares
from kgrec.models.base import VectorScorer
from kgrec.models.config import IALSConfig
from kgrec.models.ials import IALSModel, fit_ials
from kgrec.models.row_least_squares import Penalties, SparseRows, solve_all
from kgrec.prepare import prepare
from kgrec.run import Run

N_USERS, N_ITEMS, DIM = 25, 18, 6


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "weighted"])
def train(request: pytest.FixtureRequest) -> UserItems:
    """Rows of uneven length; the last user has nothing and nobody has the last item."""
    rng = np.random.default_rng(2)
    values = rng.uniform(0.5, 3, 160).astype(np.float32) if request.param else None
    users = (rng.random(160) ** 2 * (N_USERS - 1)).astype(np.int64)
    return UserItems.from_pairs(users, rng.integers(N_ITEMS - 1, size=160), (N_USERS, N_ITEMS), values)


def objective(x: np.ndarray, users: Tensor, items: Tensor, config: IALSConfig) -> float:
    """Every cell by itself, in float64."""
    z, y = users.double().numpy(), items.double().numpy()
    total = 0.0
    for u in range(len(z)):
        for i in range(len(y)):
            score = z[u] @ y[i]
            total += x[u, i] * (score - 1) ** 2 + config.w0 * score**2
    for vectors, matrix in ((z, x), (y, x.T)):
        for vector, row in zip(vectors, matrix, strict=True):
            frequency = (row > 0).sum() + config.w0 * len(row)
            total += config.l2 * frequency**config.nu * vector @ vector
    return float(total)


def loop_solve(x: np.ndarray, vectors: np.ndarray, config: IALSConfig) -> np.ndarray:
    """Weighted ridge regression of one row at a time, all cells written out."""
    found = []
    for row in x:
        ridge = config.l2 * ((row > 0).sum() + config.w0 * len(row)) ** config.nu
        system = vectors.T @ np.diag(row + config.w0) @ vectors + ridge * np.eye(vectors.shape[1])
        found.append(np.linalg.solve(system, vectors.T @ row))
    return np.array(found)


@pytest.mark.parametrize("nu", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("entries", [1, 400, 2**21])
def test_rows_equal_one_ridge_regression_each(
    train: UserItems, nu: float, entries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_least_squares, "CPU_ENTRIES", entries)
    config = IALSConfig(w0=0.3, l2=0.2, nu=nu)
    vectors = torch.randn(N_ITEMS, DIM, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x = train.matrix(np.float64).toarray()
    found = solve_all(SparseRows(train.matrix()), vectors, Penalties(config.w0, config.l2, nu))
    assert np.allclose(found.numpy(), loop_solve(x, vectors.numpy(), config), atol=1e-9)
    assert not found[-1].any()


def test_without_any_interaction_every_vector_is_zero() -> None:
    empty = UserItems.from_pairs(np.empty(0, np.int64), np.empty(0, np.int64), (3, 4))
    model = fit_ials(empty, IALSConfig(dim=2))
    assert not model.user_vectors.any()
    assert not model.item_vectors.any()


def test_every_sweep_lowers_the_objective(train: UserItems) -> None:
    x = train.matrix(np.float64).toarray()
    values = []
    for sweeps in (1, 2, 4, 12):
        config = IALSConfig(dim=DIM, sweeps=sweeps, w0=0.2, l2=0.1, nu=0.7)
        torch.manual_seed(1)
        model = fit_ials(train, config)
        values.append(objective(x, model.user_vectors, model.item_vectors, config))
    assert all(later < earlier for earlier, later in pairwise(values))


def test_in_the_end_both_sides_are_at_their_minimum(train: UserItems) -> None:
    config = IALSConfig(dim=DIM, sweeps=800, w0=0.2, l2=0.3)
    torch.manual_seed(0)
    model = fit_ials(train, config)
    x = train.matrix(np.float64).toarray()
    users, items = model.user_vectors.double().numpy(), model.item_vectors.double().numpy()
    assert np.allclose(users, loop_solve(x, items, config), atol=1e-5)
    assert np.allclose(items, loop_solve(x.T, users, config), atol=1e-3)
    assert np.abs(users).max() > 0.1


def test_the_same_seed_gives_the_same_vectors(train: UserItems) -> None:
    def users(seed: int) -> Tensor:
        torch.manual_seed(seed)
        return fit_ials(train, IALSConfig(dim=DIM, sweeps=2)).user_vectors

    assert torch.equal(users(3), users(3))
    assert not torch.allclose(users(3), users(4))


def test_the_seed_of_a_job_reaches_it(composed: Callable[..., Config], tmp_path: Path, cache: Path) -> None:
    def users(seed: int) -> Tensor:
        config = composed("model=ials", "model.sweeps=1", f"seed={seed}")
        places = Places(tmp_path, cache, torch.device("cpu"))
        return fit(config, prepare(config), places).tensors["user_vectors"]

    assert torch.equal(users(3), users(3))
    assert not torch.allclose(users(3), users(4))


def test_a_history_gets_the_vector_that_training_gives(train: UserItems) -> None:
    model = fit_ials(train, IALSConfig(dim=DIM, sweeps=3, w0=0.2, l2=0.1))
    assert isinstance(model, VectorScorer)
    for user in range(N_USERS - 1):
        own = slice(train.indptr[user], train.indptr[user + 1])
        weights = None if train.weights is None else torch.from_numpy(train.weights[own])
        if len(train.of(user)):
            vector = model.vector_from_history(torch.from_numpy(train.of(user)), weights)
            assert torch.allclose(vector, model.user_vectors[user], atol=1e-6)


def test_nobody_in_particular_is_the_mean_user(train: UserItems) -> None:
    model = fit_ials(train, IALSConfig(dim=DIM, sweeps=1))
    mean = model.item_vectors @ model.user_vectors.mean(0)
    assert torch.equal(model.scores_from_history(torch.empty(0, dtype=torch.int64)), mean)
    assert torch.equal(model.scores_from_history(torch.tensor([1, 2]), torch.zeros(2)), mean)


def test_what_is_saved_folds_in_as_before(train: UserItems) -> None:
    model = fit_ials(train, IALSConfig(dim=DIM, w0=0.3, l2=0.07, nu=0.6))
    again = IALSModel.from_tensors(model.tensors())
    assert again.penalties == Penalties(0.3, 0.07, 0.6)
    history = torch.tensor([0, 5])
    assert torch.equal(again.scores_from_history(history), model.scores_from_history(history))


def test_a_run_serves_what_was_fitted_and_has_vectors_for_an_index(trained: Callable[[str], Run]) -> None:
    run = trained("ials")
    assert run.has("vectors.safetensors")
    scorer = load_scorer(run)
    assert isinstance(scorer, IALSModel)
    assert torch.equal(scorer.item_vectors, run.read_tensors("vectors.safetensors")["item_vectors"])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_finds_the_same(train: UserItems) -> None:
    scores = []
    for device in ("cpu", "cuda"):
        torch.manual_seed(0)
        model = fit_ials(train, IALSConfig(dim=DIM, sweeps=3, l2=0.1), device)
        assert model.item_vectors.device.type == device
        scores.append(model.scores(torch.arange(N_USERS)).cpu())
    assert torch.allclose(*scores, atol=1e-3)


@pytest.mark.parametrize(
    ("key", "config"),
    [
        ("dim", IALSConfig(dim=0)),
        ("sweeps", IALSConfig(sweeps=0)),
        ("w0", IALSConfig(w0=0.0)),
        ("l2", IALSConfig(l2=0.0)),
        ("nu", IALSConfig(nu=-0.1)),
        ("init_std", IALSConfig(init_std=0.0)),
    ],
)
def test_a_value_out_of_range_is_refused(key: str, config: IALSConfig, train: UserItems) -> None:
    with pytest.raises(ConfigError, match=rf"model\.{key} (is )?[-'0]"):
        fit_ials(train, config)
