"""The evaluator: users without truth, chance, relabelling, slices, agreement of its two entrances."""

import numpy as np
import polars as pl
import pytest
import torch

from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.evaluation.config import EvaluationConfig
from kgrec.evaluation.evaluator import Evaluator
from kgrec.models.vectors import VectorModel

CONFIG = EvaluationConfig(ks=[2, 10], bootstrap=200)


def pairs(table: np.ndarray) -> UserItems:
    users, items = np.nonzero(table)
    return UserItems.from_pairs(users, items, (len(table), table.shape[1]))


@pytest.fixture
def world() -> tuple[VectorModel, UserItems, UserItems]:
    rng = np.random.default_rng(5)
    part = rng.choice(3, (60, 80), p=[0.85, 0.1, 0.05])
    part[7, part[7] == 2] = 0
    model = VectorModel(torch.randn(60, 8), torch.randn(80, 8))
    return model, pairs(part == 2), pairs(part == 1)


def test_the_light_entrance_agrees_with_the_full_one(world: tuple[VectorModel, UserItems, UserItems]) -> None:
    model, truth, train = world
    evaluator = Evaluator(truth, train, train, CONFIG)
    full = evaluator.evaluate(model)
    light = evaluator.metrics(model)
    assert {name: full.metrics[name] for name in light} == light
    assert set(light) == {f"{m}@{k}" for m in CONFIG.metrics for k in (2, 10)}


def test_users_without_truth_are_counted_and_left_out(
    world: tuple[VectorModel, UserItems, UserItems],
) -> None:
    model, truth, train = world
    found = Evaluator(truth, train, train, CONFIG).evaluate(model)
    without = int((truth.counts() == 0).sum())
    assert without >= 1
    assert (found.n_users, found.n_left_out) == (60 - without, without)
    assert 7 not in found.per_user["user"].to_list()
    recall = found.per_user.filter((pl.col("metric") == "recall") & (pl.col("k") == 10))
    assert recall.height == found.n_users
    assert recall["value"].mean() == pytest.approx(found.metrics["recall@10"])
    low, high = found.intervals["recall@10"]
    assert low < found.metrics["recall@10"] < high


def test_a_constant_scorer_does_no_better_than_chance() -> None:
    n_users, n_items, k = 400, 200, 10
    rng = np.random.default_rng(0)
    truth = np.zeros((n_users, n_items), bool)
    # The truth is what stands at the end of the file, as in data sets whose row numbers leak.
    for user in range(n_users):
        truth[user, 100 + rng.choice(100, 4, replace=False)] = True
    train = pairs(np.zeros((n_users, n_items), bool))
    constant = VectorModel(torch.ones(n_users, 1), torch.ones(n_items, 1))
    values = [
        Evaluator(pairs(truth), train, train, EvaluationConfig(ks=[k], tie_seed=seed)).metrics(constant)[
            "recall@10"
        ]
        for seed in range(20)
    ]
    assert np.mean(values) == pytest.approx(k / n_items, abs=0.01)


def test_relabelling_items_changes_nothing(world: tuple[VectorModel, UserItems, UserItems]) -> None:
    model, truth, train = world
    order = np.random.default_rng(1).permutation(80)

    def moved(index: UserItems) -> UserItems:
        return UserItems.from_pairs(index.user_of_pair(), order[index.items], (60, 80))

    vectors = torch.empty_like(model.item_vectors)
    vectors[torch.from_numpy(order)] = model.item_vectors
    other = Evaluator(moved(truth), moved(train), moved(train), CONFIG).evaluate(
        VectorModel(model.user_vectors, vectors)
    )
    before = Evaluator(truth, train, train, CONFIG).evaluate(model)
    assert other.metrics == pytest.approx(before.metrics, abs=1e-9)


def test_another_shape_or_metric_is_refused(world: tuple[VectorModel, UserItems, UserItems]) -> None:
    _, truth, train = world
    with pytest.raises(ValueError, match="the scorer knows 60 users and 81 items"):
        Evaluator(truth, train, train, CONFIG).metrics(VectorModel(torch.randn(60, 2), torch.randn(81, 2)))
    with pytest.raises(ConfigError, match="'reccall'"):
        Evaluator(truth, train, train, EvaluationConfig(metrics=["reccall"]))
    with pytest.raises(ConfigError, match=r"evaluation\.ks is"):
        Evaluator(truth, train, train, EvaluationConfig(ks=[0]))
    with pytest.raises(ConfigError, match=r"evaluation\.metrics is empty"):
        Evaluator(truth, train, train, EvaluationConfig(metrics=[]))
    with pytest.raises(ConfigError, match="only 80 items"):
        Evaluator(truth, train, train, EvaluationConfig(ks=[100, 81]))
    with pytest.raises(ValueError, match="no truth"):
        Evaluator(pairs(np.zeros((60, 80), bool)), train, train, CONFIG)


def test_cutoffs_beyond_the_catalogue_are_left_out() -> None:
    truth, train = pairs(np.eye(3, dtype=bool)), pairs(np.zeros((3, 3), bool))
    model = VectorModel(torch.eye(3), torch.eye(3))
    found = Evaluator(truth, train, train, EvaluationConfig(ks=[1, 50])).metrics(model)
    assert found["recall@1"] == 1.0
    assert "recall@50" not in found


def test_what_is_switched_off_is_not_measured(world: tuple[VectorModel, UserItems, UserItems]) -> None:
    model, truth, train = world
    bare = EvaluationConfig(metrics=["recall"], ks=[2], beyond_accuracy=False, slices=False, bootstrap=0)
    found = Evaluator(truth, train, train, bare).evaluate(model)
    assert set(found.metrics) == {"recall@2", "users", "users_without_truth"}
    assert found.intervals == {}
    full = Evaluator(truth, train, train, CONFIG).evaluate(model)
    assert {"coverage@2", "recall@10/users:q1", "recall@10/items:tail"} <= set(full.metrics)


def test_known_items_do_not_crowd_out_the_truth() -> None:
    """The scorer likes the known item best; the truth comes next and so is first."""
    train, truth = pairs(np.array([[1, 0, 0], [0, 1, 0]])), pairs(np.array([[0, 1, 0], [1, 0, 0]]))
    model = VectorModel(torch.eye(2), torch.tensor([[3.0, 2.0], [2.0, 3.0], [1.0, 1.0]]))
    config = EvaluationConfig(metrics=["recall"], ks=[1])
    assert Evaluator(truth, train, train, config).metrics(model) == {"recall@1": 1.0}
    nothing = pairs(np.zeros((2, 3)))
    assert Evaluator(truth, nothing, train, config).metrics(model) == {"recall@1": 0.0}
