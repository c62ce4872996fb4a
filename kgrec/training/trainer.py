"""One trainer for all gradient models."""

import logging
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from kgrec.errors import RunError, TrainingError
from kgrec.models.base import Scorer
from kgrec.models.network import Network
from kgrec.progress import progress
from kgrec.training.batches import Batch, InteractionBatches
from kgrec.training.checkpoint import CheckpointStore
from kgrec.training.checks import check_training
from kgrec.training.config import TrainingConfig
from kgrec.training.finite import check_finite
from kgrec.training.memory import freed_memory_kept
from kgrec.training.objective import Objective
from kgrec.training.result import TrainingResult
from kgrec.training.rng import generator_state, restore_generators
from kgrec.training.schedule import build_scheduler
from kgrec.training.stopping import EarlyStopping

log = logging.getLogger(__name__)

Evaluate = Callable[[Scorer], dict[str, float]]
OnEpoch = Callable[[dict[str, float]], None]


class Trainer:
    """Trains a network on batches against an objective, keeps the epoch that is best on valid.

    A step is: zero the gradients, one full-graph forward, the sum of the weighted terms, backward, clip,
    step the optimiser, step the schedule. Nothing else touches the parameters.
    """

    def __init__(
        self,
        network: Network,
        objective: Objective,
        batches: InteractionBatches,
        config: TrainingConfig,
        checkpoints: CheckpointStore | None = None,
    ) -> None:
        check_training(config)
        self.network, self.objective, self.batches, self.config = network, objective, batches, config
        self.checkpoints = checkpoints
        self.parameters = [p for p in network.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
        self.optimizer = optimizer(
            self.parameters, lr=config.lr, weight_decay=config.weight_decay, fused=True
        )
        self.scheduler = build_scheduler(self.optimizer, config, len(batches))
        self.stopping = EarlyStopping(config.patience)
        self.best_state: dict[str, Tensor] | None = None
        self.result = TrainingResult()

    def fit(
        self, evaluate: Evaluate | None, on_epoch: OnEpoch | None = None, stop_after: int | None = None
    ) -> TrainingResult:
        """Train until the epochs, the patience or the seconds run out; leave the best weights in the network.

        ``evaluate`` gives valid metrics (None: train all epochs and keep the last, as a refit does);
        ``on_epoch`` is told each epoch's record. ``stop_after`` ends training earlier than
        ``config.epochs``, while the learning rate follows the schedule of all of them.

        Raises:
            TrainingError: a loss term or the gradient norm is not finite.
        """
        self._resume()
        last = self.config.epochs if stop_after is None else min(stop_after, self.config.epochs)
        epochs = range(self.result.epochs + 1, last + 1)
        with freed_memory_kept():
            for epoch in progress(epochs, desc="training", unit="epoch"):
                if self.stopping.exhausted or self._out_of_time():
                    break
                self._epoch(epoch, evaluate, on_epoch)
        if self.best_state is not None:
            self.network.load_state_dict(self.best_state)
        # 0 where nothing was evaluated: then the last epoch is the one that is kept.
        self.result.best_epoch = self.stopping.best_epoch or self.result.epochs
        return self.result

    def _epoch(self, epoch: int, evaluate: Evaluate | None, on_epoch: OnEpoch | None) -> None:
        started = time.perf_counter()
        record: dict[str, float] = {"epoch": epoch, "lr": self.optimizer.param_groups[0]["lr"]}
        record |= self._train_epoch(epoch)
        if evaluate is not None and epoch % self.config.evaluate_every == 0:
            record |= self._validate(evaluate, epoch)
        self.result.seconds += time.perf_counter() - started
        record["seconds"] = self.result.seconds
        self.result.epochs = epoch
        self.result.history.append(record)
        monitor = f"valid/{self.config.monitor}"
        shown = [name for name in record if name.startswith("loss/") or name in (monitor, "seconds")]
        log.info("epoch %d: %s", epoch, ", ".join(f"{name} {record[name]:.4g}" for name in shown))
        self._save(epoch)
        if on_epoch is not None:
            on_epoch(record)

    def _train_epoch(self, epoch: int) -> dict[str, float]:
        """All steps of one epoch; the mean of each term."""
        self.network.train()
        self.network.begin_epoch(self.batches.generator(epoch, purpose=1))
        sums: dict[str, Tensor] = {}
        for step, batch in enumerate(self.batches.epoch(epoch), start=1):
            for name, value in self.step(batch, epoch, step).items():
                sums[name] = sums.get(name, torch.zeros_like(value)) + value
        return {f"loss/{name}": float(value) / len(self.batches) for name, value in sums.items()}

    def step(self, batch: Batch, epoch: int = 0, step: int = 0) -> dict[str, Tensor]:
        """One optimiser step; returns the weighted terms, detached."""
        self.optimizer.zero_grad(set_to_none=True)
        terms = self.objective(self.network, batch)
        torch.stack(list(terms.values())).sum().backward()
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        norm = nn.utils.get_total_norm(gradients)
        check_finite(terms, norm, epoch, step)
        if self.config.clip_norm > 0:
            nn.utils.clip_grads_with_norm_(self.parameters, self.config.clip_norm, norm)
        self.optimizer.step()
        self.scheduler.step()
        return {name: value.detach() for name, value in terms.items()}

    def _validate(self, evaluate: Evaluate, epoch: int) -> dict[str, float]:
        # Plain floats, because checkpoints are read back without code and NumPy's numbers would need some.
        metrics = {name: float(value) for name, value in evaluate(self.network.scorer()).items()}
        if self.config.monitor not in metrics:
            raise TrainingError(
                f"training.monitor is {self.config.monitor!r}; evaluation gives {', '.join(sorted(metrics))}"
            )
        if self.stopping.update(metrics[self.config.monitor], epoch):
            state = self.network.state_dict()
            self.best_state = {name: value.detach().clone() for name, value in state.items()}
        return {f"valid/{name}": value for name, value in metrics.items()}

    def _out_of_time(self) -> bool:
        return 0 < self.config.max_seconds <= self.result.seconds

    def _save(self, epoch: int) -> None:
        if self.checkpoints is None:
            return
        state: dict[str, Any] = {
            "epoch": epoch,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "stopping": self.stopping.state(),
            "best_state": self.best_state,
            "history": self.result.history,
            "seconds": self.result.seconds,
            "rng": generator_state(self.batches.device),
        }
        self.checkpoints.save(state)

    def _resume(self) -> None:
        state = self.checkpoints.load(self.batches.device) if self.checkpoints else None
        if state is None:
            return
        try:
            self.network.load_state_dict(state["network"])
            self.optimizer.load_state_dict(state["optimizer"])
        except (RuntimeError, ValueError) as error:
            assert self.checkpoints is not None
            raise RunError(
                f"{self.checkpoints.path}: the checkpoint is of another network ({error}); "
                "resume with its configuration, or delete it to train from the start"
            ) from error
        self.scheduler.load_state_dict(state["scheduler"])
        self.stopping.load(state["stopping"])
        self.best_state = state["best_state"]
        self.result = TrainingResult(state["history"], 0, state["epoch"], state["seconds"])
        restore_generators(state["rng"], self.batches.device)
