"""The steps that move an encoder's weights; contrastive and masked training share them."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from kgrec.finetuning.adapters import Weights
from kgrec.finetuning.config import StepsConfig
from kgrec.progress import progress
from kgrec.training.finite import check_finite
from kgrec.training.schedule import factor

B = TypeVar("B")
_FINE = 10_000


@dataclass(frozen=True)
class History:
    """What a training did."""

    losses: list[float]
    """One a step."""
    seconds: float
    parameters: int
    """Numbers that were trained."""

    @property
    def steps_per_second(self) -> float:
        """Steps a second, everything between two steps included."""
        return len(self.losses) / max(self.seconds, 1e-9)


def optimise(
    weights: Weights,
    config: StepsConfig,
    steps: int,
    batches: Iterable[B],
    loss_of: Callable[[B], Tensor],
) -> History:
    """AdamW over ``batches``, of which there are ``steps`` at most; stops at ``max_seconds``.

    Where time is what ends the training, the learning rate follows the time that is left instead of the
    steps, so that it still comes down: such a training gives other weights on a faster machine.

    Raises:
        TrainingError: the loss or its gradient is no finite number.
    """
    optimizer = torch.optim.AdamW(weights.parameters, lr=config.lr, weight_decay=config.weight_decay)
    losses: list[float] = []
    started = time.perf_counter()
    for step, batch in enumerate(progress(batches, desc="fine-tuning", total=steps, unit="step")):
        done = max(step / max(1, steps), _share_of_time(started, config.max_seconds))
        if done >= 1.0:
            break
        rate = config.lr * factor(round(done * _FINE), round(config.warmup * _FINE), _FINE, config.schedule)
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss = loss_of(batch)
        penalty = weights.penalty()
        optimizer.zero_grad()
        (loss if penalty is None else loss + penalty).backward()
        norm = torch.nn.utils.clip_grad_norm_(weights.parameters, config.clip_norm or torch.inf)
        check_finite({"fine-tuning": loss.detach()}, norm, 1, step)
        optimizer.step()
        weights.after_step(step + 1)
        losses.append(float(loss.detach()))
    count = sum(weight.numel() for weight in weights.parameters)
    return History(losses, time.perf_counter() - started, count)


def _share_of_time(started: float, limit: float) -> float:
    return (time.perf_counter() - started) / limit if limit > 0 else 0.0
