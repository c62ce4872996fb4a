"""Learning to rank: which retriever to believe, fitted on judged queries."""

import itertools
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np

from kgrec.errors import ConfigError, DataError
from kgrec.files import atomic_path
from kgrec.retrieval.rank_features import FEATURES

HIGHEST = 30
"""Where LightGBM's own table of gains, 2^grade - 1, ends."""
log = logging.getLogger(__name__)


@dataclass
class RankerConfig:
    """LightGBM's settings; small trees, because train queries are few."""

    trees: int = 200
    """At most; with valid queries, as many as they like best."""
    leaves: int = 15
    """Leaves a tree."""
    lr: float = 0.05
    """Shrinkage."""
    min_leaf: int = 20
    """Pairs of query and item that a leaf needs."""
    ndcg_at: int = 10
    """Depth of the NDCG that is optimised and watched."""
    patience: int = 20
    """Trees without a better valid NDCG before the end."""
    seed: int = 0
    """Of all that is random."""


@dataclass(frozen=True)
class RankingData:
    """Candidates of several queries, one query after the other."""

    features: np.ndarray
    """``(n, len(FEATURES))`` float32; NaN where a retriever had not found the item."""
    grades: np.ndarray
    """``(n,)`` whole numbers from 0."""
    sizes: np.ndarray
    """``(queries,)`` candidates of each query; they sum to n."""

    def __post_init__(self) -> None:
        if self.features.shape != (len(self.grades), len(FEATURES)) or self.sizes.sum() != len(self.grades):
            raise ValueError(
                f"features {self.features.shape}, {len(self.grades)} grades and sizes that sum to "
                f"{self.sizes.sum()} do not fit; features are (n, {len(FEATURES)})"
            )


class LearnedRanker:
    """LambdaMART over `FEATURES` (Burges, MSR-TR-2010-82; LightGBM's lambdarank)."""

    def __init__(self, booster: lgb.Booster, settings: Mapping[str, str] | None = None) -> None:
        """``settings``: those of the search whose features it was fitted on; see `feature_settings`."""
        self.booster, self.settings = booster, dict(settings or {})

    @classmethod
    def fit(
        cls, train: RankingData, config: RankerConfig, valid: RankingData | None = None
    ) -> "LearnedRanker":
        """Fit on train queries; with ``valid`` ones, stop where their NDCG does.

        Raises:
            ConfigError: no train query has candidates of different grades, so there is nothing to learn; or
                a grade is too high.
        """
        if not _teaches(train):
            raise ConfigError("no train query has found items of different grades: nothing to learn from")
        settings = {
            "objective": "lambdarank",
            "metric": "ndcg",
            "eval_at": [config.ndcg_at],
            "lambdarank_truncation_level": config.ndcg_at + 5,
            "num_leaves": config.leaves,
            "learning_rate": config.lr,
            "min_data_in_leaf": config.min_leaf,
            "label_gain": [2**grade - 1 for grade in range(_highest_grade(train, valid) + 1)],
            "seed": config.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "verbosity": -1,
        }
        data = _lgb_data(train)
        watched: list[lgb.Dataset] = []
        stop: list[Callable[..., Any]] = []
        if valid is not None and _teaches(valid):
            watched = [data.create_valid(valid.features, valid.grades, group=valid.sizes)]
            stop = [lgb.early_stopping(config.patience, verbose=False)]
        booster = lgb.train(settings, data, config.trees, valid_sets=watched, callbacks=stop)
        log.info("learned ranker: %d trees from %d queries", booster.current_iteration(), len(train.sizes))
        return cls(booster)

    def scores(self, features: np.ndarray) -> np.ndarray:
        """``(n, len(FEATURES))`` -> ``(n,)`` float32, comparable within one query alone."""
        if len(features) == 0:
            return np.empty(0, np.float32)
        best = self.booster.best_iteration
        raw = self.booster.predict(features, num_iteration=best if best > 0 else None, num_threads=1)
        return np.asarray(raw, np.float32)

    def importance(self) -> dict[str, float]:
        """Share of the trees' gain that each feature brought."""
        gain = self.booster.feature_importance("gain").astype(float)
        return dict(zip(FEATURES, (gain / max(gain.sum(), 1e-12)).tolist(), strict=True))

    def save(self, path: Path) -> None:
        """Write LightGBM's own text format (no pickle, nothing that could run), and beside it, with ``.json``
        after its name, the settings."""
        best = self.booster.best_iteration
        with atomic_path(path) as part:
            part.write_text(
                self.booster.model_to_string(num_iteration=best if best > 0 else None), encoding="utf-8"
            )
        with atomic_path(_settings_path(path)) as part:
            part.write_text(json.dumps(self.settings, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path, settings: Mapping[str, str] | None = None) -> "LearnedRanker":
        """Read what `save` wrote.

        Raises:
            DataError: it is missing, knows other features, or was fitted under other ``settings`` than these
                (None = whatever they were).
        """
        try:
            booster = lgb.Booster(model_str=path.read_text(encoding="utf-8"))
            fitted = dict(json.loads(_settings_path(path).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, lgb.basic.LightGBMError) as error:
            raise DataError(f"{path}: no learned ranker ({error}); fit it again") from error
        _refuse_other_features(booster.feature_name(), path)
        names = sorted({*fitted, *(settings or {})})
        if settings is not None and (other := [n for n in names if fitted.get(n) != settings.get(n)]):
            raise DataError(
                f"{path}: this ranker was fitted on a search with other {', '.join(other)}; fit it again"
            )
        return cls(booster, fitted)


def _settings_path(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _lgb_data(data: RankingData) -> lgb.Dataset:
    return lgb.Dataset(
        data.features, data.grades, group=data.sizes, feature_name=list(FEATURES), params={"verbosity": -1}
    )


def _teaches(data: RankingData) -> bool:
    """Whether any query has items of different grades."""
    starts = np.concatenate([[0], np.cumsum(data.sizes)])
    return any(len(np.unique(data.grades[a:b])) > 1 for a, b in itertools.pairwise(starts))


def _highest_grade(train: RankingData, valid: RankingData | None) -> int:
    highest = max(int(data.grades.max(initial=0)) for data in (train, valid) if data is not None)
    if highest > HIGHEST:
        raise ConfigError(
            f"a grade is {highest}; the gain of a grade is a power of 2, so that {HIGHEST} is the highest: "
            "bring the grades to a few levels"
        )
    return highest


def _refuse_other_features(names: Sequence[str], path: Path) -> None:
    if tuple(names) != FEATURES:
        raise DataError(
            f"{path}: this ranker was fitted on {', '.join(names)}; this version of kgrec has "
            f"{', '.join(FEATURES)}: fit it again"
        )
