"""CTR metrics against scikit-learn and loops, and the random pairs that they rest on."""

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

from kgrec.data.user_items import UserItems
from kgrec.evaluation import ctr
from kgrec.evaluation.config import EvaluationConfig
from kgrec.evaluation.ctr import auc, ctr_metrics, f1, pair_scores, sampled_negatives
from kgrec.evaluation.evaluator import Evaluator
from kgrec.models.vectors import VectorModel

NAMES = {"auc/sampled1", "accuracy/sampled1", "f1/sampled1"}


def pairs(table: np.ndarray) -> UserItems:
    users, items = np.nonzero(table)
    return UserItems.from_pairs(users, items, (len(table), table.shape[1]))


@pytest.fixture
def parts() -> tuple[UserItems, UserItems]:
    """Truth and known; user 7 has no truth."""
    part = np.random.default_rng(5).choice(3, (50, 40), p=[0.8, 0.15, 0.05])
    part[7, part[7] == 2] = 0
    return pairs(part == 2), pairs(part == 1)


@pytest.fixture
def model() -> VectorModel:
    generator = torch.Generator().manual_seed(1)
    vectors = [torch.randn(n, 6, generator=generator) for n in (50, 40)]
    return VectorModel(*vectors)


def test_auc_equals_the_loop_over_pairs_and_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    # Few values, so that many are tied.
    scores, labels = generator.integers(0, 6, 80).astype(np.float32), generator.random(80) < 0.3
    order = [
        float(positive > negative) + 0.5 * float(positive == negative)
        for positive in scores[labels]
        for negative in scores[~labels]
    ]
    assert auc(scores, labels) == pytest.approx(np.mean(order))
    assert auc(scores, labels) == pytest.approx(roc_auc_score(labels, scores))


def test_auc_of_a_perfect_a_reversed_and_a_constant_score() -> None:
    labels = np.array([True, False, True, False])
    assert auc(labels.astype(float), labels) == 1.0
    assert auc(-labels.astype(float), labels) == 0.0
    assert auc(np.zeros(4), labels) == 0.5


def test_f1_equals_scikit_learn() -> None:
    generator = np.random.default_rng(2)
    clicked, labels = generator.random(60) < 0.6, generator.random(60) < 0.4
    assert f1(clicked, labels) == pytest.approx(f1_score(labels, clicked))
    assert f1(np.zeros(3, bool), np.ones(3, bool)) == 0.0
    assert f1(np.zeros(3, bool), np.zeros(3, bool)) == 0.0


@pytest.mark.parametrize("batch_size", [1, 7, 1000])
def test_metrics_equal_scikit_learn_on_the_sampled_pairs(
    batch_size: int, parts: tuple[UserItems, UserItems], model: VectorModel
) -> None:
    truth, known = parts
    table = model.scores(torch.arange(50)).numpy()
    scores, labels = [], []
    for label, side in ((1, truth), (0, sampled_negatives(truth, known))):
        for user in range(50):
            for item in side.of(user):
                scores.append(float(table[user, item]))
                labels.append(label)
    probability = 1 / (1 + np.exp(-np.array(scores)))
    clicked = probability >= 0.5
    assert ctr_metrics(model, truth, known, batch_size) == pytest.approx(
        {
            "auc/sampled1": roc_auc_score(labels, scores),
            "accuracy/sampled1": accuracy_score(labels, clicked),
            "f1/sampled1": f1_score(labels, clicked),
        },
        abs=1e-6,
    )


def test_negatives_are_as_many_distinct_items_never_had(parts: tuple[UserItems, UserItems]) -> None:
    truth, known = parts
    drawn = sampled_negatives(truth, known)
    assert np.array_equal(drawn.counts(), truth.counts())
    for user in range(50):
        had = set(truth.of(user)) | set(known.of(user))
        assert not had & set(drawn.of(user).tolist())


def test_negatives_are_uniform_over_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    truth, known = pairs(np.array([[1, 0, 0, 0, 0, 1, 0]])), pairs(np.array([[0, 0, 1, 1, 0, 0, 0]]))
    counts = np.zeros(7)
    for seed in range(3000):
        monkeypatch.setattr(ctr, "SEED", seed)
        counts[sampled_negatives(truth, known).of(0)] += 1
    assert counts[[0, 2, 3, 5]].tolist() == [0, 0, 0, 0]
    # Two of three each time: 2,000 draws an item, standard deviation 26.
    assert np.abs(counts[[1, 4, 6]] - 2000).max() < 130


def test_negatives_are_fixed_for_a_split(
    parts: tuple[UserItems, UserItems], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = sampled_negatives(*parts)
    np.random.default_rng().random(3)
    assert np.array_equal(sampled_negatives(*parts).items, first.items)
    monkeypatch.setattr(ctr, "SEED", 1)
    assert not np.array_equal(sampled_negatives(*parts).items, first.items)


def test_a_user_with_few_items_left_gets_those() -> None:
    truth = pairs(np.array([[1, 1, 1, 0], [1, 1, 1, 1], [1, 0, 0, 0]]))
    drawn = sampled_negatives(truth, pairs(np.zeros((3, 4))))
    assert drawn.of(0).tolist() == [3]
    assert drawn.of(1).tolist() == []
    assert len(drawn.of(2)) == 1


def test_scores_of_pairs_are_in_their_order(parts: tuple[UserItems, UserItems], model: VectorModel) -> None:
    truth, _ = parts
    users, items = truth.user_of_pair(), truth.items
    expected = (model.user_vectors[users] * model.item_vectors[items]).sum(1).numpy()
    assert np.allclose(pair_scores(model, truth, 9), expected, atol=1e-5)


def test_nothing_to_tell_apart_is_refused(model: VectorModel) -> None:
    nothing, everything = pairs(np.zeros((50, 40))), pairs(np.ones((50, 40)))
    with pytest.raises(ValueError, match="0 positive and 0 negative pairs"):
        ctr_metrics(model, nothing, everything, 8)
    with pytest.raises(ValueError, match="2,000 positive and 0 negative pairs"):
        ctr_metrics(model, everything, nothing, 8)


def test_the_evaluator_measures_it_where_it_is_switched_on(
    parts: tuple[UserItems, UserItems], model: VectorModel
) -> None:
    truth, known = parts
    found = {
        on: Evaluator(truth, known, known, EvaluationConfig(ks=[2], bootstrap=0, ctr=on)).evaluate(model)
        for on in (False, True)
    }
    assert found[True].metrics.keys() - found[False].metrics.keys() == NAMES
    expected = ctr_metrics(model, truth, known, 1024)
    assert {name: found[True].metrics[name] for name in NAMES} == expected
    assert not EvaluationConfig().ctr
