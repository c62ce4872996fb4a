"""Judge a scorer against held-out interactions by ranking all items."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl
import torch
from torch import Tensor

from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.evaluation.beyond_accuracy import beyond_accuracy
from kgrec.evaluation.config import EvaluationConfig
from kgrec.evaluation.ctr import ctr_metrics
from kgrec.evaluation.hits import accuracy, hit_matrix
from kgrec.evaluation.metrics import METRICS
from kgrec.evaluation.ranking import Ranking, rank
from kgrec.evaluation.significance import bootstrap_interval
from kgrec.evaluation.slices import slice_metrics
from kgrec.models.base import Scorer


@dataclass(frozen=True)
class Evaluation:
    """What a scorer is worth."""

    metrics: dict[str, float]
    """``recall@10`` and so on: means over users; also beyond-accuracy values, slices and
    sampled click-through values."""
    per_user: pl.DataFrame
    """``user`` (row), ``metric``, ``k``, ``value``."""
    n_users: int
    """Users with a truth."""
    n_left_out: int
    """Users without one: counted, not averaged."""
    intervals: dict[str, list[float]] = field(default_factory=dict)
    """95% bootstrap intervals of the accuracy metrics over users."""


class Evaluator:
    """Ranks every item but the known ones for every user who has a truth."""

    def __init__(
        self,
        truth: UserItems,
        known: UserItems,
        train: UserItems,
        config: EvaluationConfig,
    ) -> None:
        """``truth`` is what a good ranking holds, ``known`` what may not be ranked, ``train`` what was
        learned from."""
        unknown = [name for name in config.metrics if name not in METRICS]
        if unknown:
            raise ConfigError(f"evaluation.metrics holds {unknown[0]!r}; use {', '.join(METRICS)}")
        if not config.metrics:
            raise ConfigError(f"evaluation.metrics is empty; use {', '.join(METRICS)}")
        if not config.ks or min(config.ks) < 1:
            raise ConfigError(f"evaluation.ks is {config.ks}; give cut-offs of at least 1")
        if min(config.ks) > truth.n_items:
            raise ConfigError(
                f"evaluation.ks is {config.ks}, but there are only {truth.n_items} items; give a smaller one"
            )
        if len(truth) == 0:
            raise ValueError("there is no truth to judge by; leave this part out")
        self.truth, self.known, self.train, self.config = truth, known, train, config
        self.users = np.flatnonzero(truth.counts() > 0)

    def metrics(self, scorer: Scorer) -> dict[str, float]:
        """Means of the accuracy metrics only: what validation after each epoch needs."""
        _, values = self._accuracy(scorer)
        return {name: float(value.mean()) for name, value in values.items()}

    def evaluate(self, scorer: Scorer) -> Evaluation:
        """Everything that the configuration asks for."""
        ranking, values = self._accuracy(scorer)
        metrics = {name: float(value.mean()) for name, value in values.items()}
        if self.config.beyond_accuracy:
            metrics |= beyond_accuracy(ranking.items, self.train, self.config.ks)
        if self.config.slices:
            metrics |= slice_metrics(ranking.items, self.users, self.truth, self.train, self.config)
        if self.config.ctr:
            metrics |= ctr_metrics(scorer, self.truth, self.known, self.config.batch_size)
        intervals = {
            name: bootstrap_interval(value.numpy(), self.config.bootstrap, seed=0)
            for name, value in values.items()
            if self.config.bootstrap
        }
        left_out = self.truth.n_users - len(self.users)
        metrics |= {"users": float(len(self.users)), "users_without_truth": float(left_out)}
        return Evaluation(metrics, self._per_user(values), len(self.users), left_out, intervals)

    def _accuracy(self, scorer: Scorer) -> tuple[Ranking, Mapping[str, Tensor]]:
        if scorer.n_items != self.truth.n_items or scorer.n_users != self.truth.n_users:
            raise ValueError(
                f"the scorer knows {scorer.n_users:,} users and {scorer.n_items:,} items, "
                f"the truth {self.truth.n_users:,} and {self.truth.n_items:,}"
            )
        deepest = min(max(self.config.ks), scorer.n_items)
        config = self.config
        ranking = rank(scorer, self.users, self.known, deepest, config.batch_size, config.tie_seed)
        hits = hit_matrix(ranking.items.cpu(), self.users, self.truth)
        n_truth = torch.from_numpy(self.truth.counts()[self.users])
        return ranking, accuracy(hits, n_truth, config)

    def _per_user(self, values: Mapping[str, Tensor]) -> pl.DataFrame:
        frames = []
        for name, value in values.items():
            metric, k = name.split("@")
            frame = pl.DataFrame({"user": self.users, "value": value.numpy()})
            frames.append(
                frame.select("user", pl.lit(metric).alias("metric"), pl.lit(int(k)).alias("k"), "value")
            )
        return pl.concat(frames)
