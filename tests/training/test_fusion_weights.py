"""The search over weights: what it finds, what it looks at."""

import pytest
import torch
from torch import Tensor

from kgrec.models.base import Scorer
from kgrec.models.vectors import VectorModel
from kgrec.training.fusion_weights import CachedScores, fit_weights, sample_users


def model(scores: Tensor) -> VectorModel:
    """Scores exactly this table ``(n_users, n_items)``."""
    return VectorModel(scores, torch.eye(scores.shape[1]))


@pytest.fixture
def tables() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(3)
    return torch.randn(8, 6, generator=generator), 5 * torch.randn(8, 6, generator=generator)


@pytest.mark.parametrize("wanted", [0.02, 0.7, 40.0])
def test_a_planted_ratio_is_found(tables: tuple[Tensor, Tensor], wanted: float) -> None:
    first, second = tables
    target = first + wanted * second

    def closeness(scorer: Scorer) -> float:
        scores = scorer.scores(torch.arange(8))
        return float(torch.corrcoef(torch.stack([scores.flatten(), target.flatten()]))[0, 1])

    members = {"bpr": model(first), "ease": model(second)}
    weights = fit_weights(members, torch.arange(8), closeness, batch_size=3)
    assert weights["ease"] / weights["bpr"] == pytest.approx(wanted, rel=0.2)


def test_only_the_sampled_users_are_scored(tables: tuple[Tensor, Tensor]) -> None:
    users = torch.tensor([1, 4, 6])
    cached = CachedScores(model(tables[0]), users, batch_size=2)
    assert torch.equal(cached.table, tables[0][users])
    assert torch.equal(cached.scores(torch.tensor([6, 1])), tables[0][[6, 1]])


def test_the_sample_is_seeded_distinct_and_bounded() -> None:
    users = torch.arange(0, 200, 2)
    sample = sample_users(users, n_items=10, most=30, seed=1)
    assert torch.equal(sample, sample_users(users, n_items=10, most=30, seed=1))
    assert not torch.equal(sample, sample_users(users, n_items=10, most=30, seed=2))
    assert len(set(sample.tolist()) & set(users.tolist())) == 30
    assert len(sample_users(users, n_items=10, most=500, seed=1)) == 100
    assert len(sample_users(users, n_items=2**25, most=500, seed=1)) == 4
