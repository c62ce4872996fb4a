import pytest
import torch

from kgrec.training.config import TrainingConfig
from kgrec.training.schedule import build_scheduler, factor


def test_warm_up_rises_linearly_and_never_starts_at_zero() -> None:
    assert [factor(step, 3, 10, "constant") for step in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]


def test_linear_by_hand() -> None:
    assert [factor(step, 0, 4, "linear") for step in range(6)] == [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    assert factor(4, 2, 6, "linear") == 0.5


def test_cosine_by_hand() -> None:
    values = [factor(step, 0, 4, "cosine") for step in (0, 1, 2, 3, 4)]
    assert values == pytest.approx([1.0, 0.8535534, 0.5, 0.1464466, 0.0])


def test_warm_up_longer_than_training() -> None:
    assert factor(9, 20, 10, "cosine") == pytest.approx(10 / 21)
    assert factor(25, 20, 10, "cosine") == 0.0


def test_scheduler_counts_steps_of_all_epochs() -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=2.0)
    config = TrainingConfig(epochs=2, schedule="linear", warmup_epochs=0.4)
    scheduler = build_scheduler(optimizer, config, steps_an_epoch=5)
    rates = []
    for _ in range(10):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    assert rates == pytest.approx(
        [2 / 3, 4 / 3, 2.0, 2 * 7 / 8, 2 * 6 / 8, 2 * 5 / 8, 1.0, 2 * 3 / 8, 2 * 2 / 8, 2 / 8]
    )
