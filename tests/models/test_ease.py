"""EASE against float64 oracles; what is dropped to fit; the knowledge graph's facts as rows."""

import logging

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
import torch

from kgrec.data.config import DataConfig
from kgrec.data.dataset import Dataset, build_dataset
from kgrec.data.knowledge import with_knowledge
from kgrec.data.tables import Tables
from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.models.config import EASEConfig
from kgrec.models.ease import _gram, _transposed_weights, fact_matrix, fit_ease

N_USERS, N_ITEMS = 30, 12


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "weighted"])
def train(request: pytest.FixtureRequest) -> UserItems:
    rng = np.random.default_rng(5)
    values = rng.uniform(0.5, 3, 150).astype(np.float32) if request.param else None
    pairs = rng.integers(N_USERS, size=150), rng.integers(N_ITEMS, size=150)
    return UserItems.from_pairs(*pairs, (N_USERS, N_ITEMS), values)


def closed_form(x: np.ndarray, l2: float) -> np.ndarray:
    inverse = np.linalg.inv(x.T @ x + l2 * np.eye(x.shape[1]))
    b = -inverse / np.diag(inverse)
    np.fill_diagonal(b, 0.0)
    return b


def ridge_by_item(x: np.ndarray, l2: float) -> np.ndarray:
    """The same by its definition: each column regressed on all others."""
    n = x.shape[1]
    b = np.zeros((n, n))
    for item in range(n):
        others = np.delete(np.arange(n), item)
        a = x[:, others]
        b[others, item] = np.linalg.solve(a.T @ a + l2 * np.eye(n - 1), a.T @ x[:, item])
    return b


@pytest.mark.parametrize("l2", [0.5, 10.0, 400.0])
def test_equals_the_closed_form_and_one_ridge_regression_an_item(train: UserItems, l2: float) -> None:
    x = train.matrix(np.float64).toarray()
    weights = fit_ease(train, EASEConfig(l2=l2)).weights.toarray()
    assert np.allclose(weights, closed_form(x, l2), atol=1e-4)
    assert np.allclose(weights, ridge_by_item(x, l2), atol=1e-4)
    assert not np.diag(weights).any()


def test_facts_are_extra_rows(train: UserItems) -> None:
    facts = sp.csr_matrix((np.random.default_rng(1).random((N_ITEMS, 5)) < 0.4).astype(np.float32))
    config = EASEConfig(l2=5.0, feature_weight=2.5)
    x = np.vstack([train.matrix(np.float64).toarray(), np.sqrt(2.5) * facts.toarray().T])
    model = fit_ease(train, config, facts)
    assert np.allclose(model.weights.toarray(), ridge_by_item(x, 5.0), atol=1e-4)
    # They teach the weights; a user's history stays what it was.
    assert np.array_equal(model.history.toarray(), train.matrix().toarray())
    without = fit_ease(train, EASEConfig(l2=5.0, feature_weight=0.0), facts)
    assert np.array_equal(without.weights.toarray(), fit_ease(train, EASEConfig(l2=5.0)).weights.toarray())


def test_the_inversion_stays_in_the_memory_of_the_gram_matrix(train: UserItems) -> None:
    gram = _gram(train.matrix())
    weights = _transposed_weights(gram, 10.0)
    assert weights.data_ptr() == gram.data_ptr()
    assert weights.is_contiguous()


def test_the_largest_weights_of_each_item_are_kept_to_fit(train: UserItems) -> None:
    budget = 8 * N_ITEMS * 3 + 8  # bytes: three weights an item
    config = EASEConfig(l2=5.0, max_megabytes=budget / 2**20)
    full = torch.from_numpy(fit_ease(train, EASEConfig(l2=5.0)).weights.toarray())
    model = fit_ease(train, config)
    weights = torch.from_numpy(model.weights.toarray())
    assert ((weights != 0).sum(0) == 3).all()
    assert torch.allclose(weights.abs().sort(0, descending=True).values[:3], full.abs().topk(3, dim=0).values)
    tensors = model.tensors()
    assert tensors["weights_indices"].nbytes + tensors["weights_data"].nbytes <= budget
    # What is scored is what is saved.
    history = torch.from_numpy(model.history.toarray())
    assert torch.allclose(model.scores(torch.arange(N_USERS)), history @ weights, atol=1e-5)


def test_dropped_weights_are_told_with_the_way_out(
    train: UserItems, caplog: pytest.LogCaptureFixture
) -> None:
    pruned = EASEConfig(max_megabytes=(8 * N_ITEMS * 3 + 8) / 2**20)
    with caplog.at_level(logging.WARNING, logger="kgrec.models.ease"):
        fit_ease(train, pruned)
    assert "keeps the 3 largest of each item's 12 weights; 1 keeps all" in caplog.text
    caplog.clear()
    # The size that the warning names is enough, and then nothing is said.
    with caplog.at_level(logging.WARNING, logger="kgrec.models.ease"):
        fit_ease(train, EASEConfig(max_megabytes=1.0))
    assert not caplog.records


@pytest.mark.parametrize(
    ("key", "config"),
    [
        ("l2", EASEConfig(l2=0.0)),
        ("feature_weight", EASEConfig(feature_weight=-1.0)),
        ("max_megabytes", EASEConfig(max_megabytes=0.0)),
    ],
)
def test_a_value_out_of_range_is_refused(key: str, config: EASEConfig, train: UserItems) -> None:
    with pytest.raises(ConfigError, match=f"model.{key} is"):
        fit_ease(train, config)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    interactions = pl.DataFrame({"user": ["a", "a", "b"], "item": ["x", "y", "z"]})
    facts = [
        ("x", "brand", "B"),
        ("y", "brand", "B"),
        ("z", "brand", "C"),
        ("x", "goes_with", "z"),
        ("B", "in", "D"),
    ]
    return build_dataset(
        Tables(interactions, pl.DataFrame(facts, schema=["head", "relation", "tail"], orient="row")),
        DataConfig(name="three"),
    )


def test_a_fact_is_relation_direction_and_other_end(dataset: Dataset) -> None:
    facts = fact_matrix(dataset).toarray()
    by_item = {item: set(np.flatnonzero(facts[row])) for row, item in enumerate(dataset.items.ids)}
    # brand B, brand C, goes_with z, is gone with by x; the brand's own country is no fact of an item.
    assert facts.shape == (3, 4)
    assert len(by_item["x"]) == len(by_item["z"]) == 2
    assert by_item["x"] & by_item["y"] == by_item["y"]
    assert not by_item["x"] & by_item["z"]
    assert set(facts.ravel()) == {0.0, 1.0}


def test_without_knowledge_there_are_no_facts(dataset: Dataset) -> None:
    none = with_knowledge(dataset, "none", 0)
    assert fact_matrix(none).shape == (3, 0)
    train = UserItems.from_pairs(*dataset.interaction_rows(), (2, 3))
    with_facts = fit_ease(train, EASEConfig(l2=1.0, feature_weight=3.0), fact_matrix(none))
    assert np.array_equal(with_facts.weights.toarray(), fit_ease(train, EASEConfig(l2=1.0)).weights.toarray())


def test_facts_reach_an_item_that_nobody_has(dataset: Dataset) -> None:
    row = dataset.items.row
    pairs = np.array([0, 0, 1]), np.array([row("x"), row("z"), row("x")])
    train = UserItems.from_pairs(*pairs, (2, 3))
    history = torch.tensor([row("x")])
    without = fit_ease(train, EASEConfig(l2=1.0)).scores_from_history(history)
    assert without[row("y")] == 0
    facts = fit_ease(train, EASEConfig(l2=1.0, feature_weight=1.0), fact_matrix(dataset))
    assert facts.scores_from_history(history)[row("y")] > 0.1
