"""Learning-rate schedules, stepped once an optimiser step."""

import math

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from kgrec.training.config import TrainingConfig


def factor(step: int, warmup: int, total: int, schedule: str) -> float:
    """Share of the full learning rate at ``step`` (0-based), linear rise over ``warmup`` steps first."""
    if step < warmup:
        return (step + 1) / (warmup + 1)
    if schedule == "constant":
        return 1.0
    done = min(1.0, (step - warmup) / max(1, total - warmup))
    return 1.0 - done if schedule == "linear" else 0.5 * (1.0 + math.cos(math.pi * done))


def build_scheduler(optimizer: Optimizer, config: TrainingConfig, steps_an_epoch: int) -> LambdaLR:
    """The schedule of ``config`` over ``epochs * steps_an_epoch`` steps."""
    total = config.epochs * steps_an_epoch
    warmup = round(config.warmup_epochs * steps_an_epoch)
    return LambdaLR(optimizer, lambda step: factor(step, warmup, total, config.schedule))
