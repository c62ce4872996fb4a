"""Late fusion against a plain sum, and what it refuses."""

from collections.abc import Callable

import pytest
import torch

from kgrec.models.base import FittedScorer
from kgrec.models.config import model_of
from kgrec.models.late_fusion import LateFusion

Fitted = Callable[[str], FittedScorer]


def test_scores_are_the_weighted_sum(fitted: Fitted) -> None:
    members = {"lightgcn": fitted("lightgcn"), "ease": fitted("ease"), "popularity": fitted("popularity")}
    weights = {"lightgcn": 2.0, "ease": 0.5, "popularity": -0.01}
    fusion, users = LateFusion(members, weights), torch.tensor([3, 0])
    expected = sum(weights[name] * members[name].scores(users) for name in members)
    assert torch.allclose(fusion.scores(users), expected, atol=1e-5)
    history = torch.tensor([1, 5])
    expected = sum(weights[name] * members[name].scores_from_history(history) for name in members)
    assert torch.allclose(fusion.scores_from_history(history), expected, atol=1e-5)


def test_the_order_of_members_changes_no_bit(fitted: Fitted) -> None:
    members = {"lightgcn": fitted("lightgcn"), "ease": fitted("ease"), "bpr": fitted("bpr")}
    weights = {"bpr": 0.3, "ease": 0.7, "lightgcn": 0.11}
    users = torch.arange(10)
    backwards = dict(reversed(members.items()))
    assert torch.equal(
        LateFusion(members, weights).scores(users), LateFusion(backwards, weights).scores(users)
    )


def test_two_members_of_one_model_are_restored(fitted: Fitted) -> None:
    fusion = LateFusion(
        {"ease": fitted("ease"), "ease-again": fitted("ease")}, {"ease": 1.0, "ease-again": 3.0}
    )
    restored = LateFusion.from_tensors(fusion.tensors())
    assert restored.weights == fusion.weights
    users = torch.arange(4)
    assert torch.equal(restored.scores(users), fusion.scores(users))
    assert model_of("ease-again") == "ease"


def test_a_missing_weight_and_other_items_are_refused(fitted: Fitted) -> None:
    with pytest.raises(ValueError, match=r"\['ease'\], the weights \['bpr'\]"):
        LateFusion({"ease": fitted("ease")}, {"bpr": 1.0})
    small = type(fitted("bpr"))(torch.zeros(60, 2), torch.zeros(3, 2))
    with pytest.raises(ValueError, match=r"\(60, 3\), \(60, 40\)"):
        LateFusion({"ease": fitted("ease"), "bpr": small}, {"ease": 1.0, "bpr": 1.0})
