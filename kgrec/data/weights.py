"""How much each interaction counts: w_ui = event weight * rating weight * 0.5 ** (age / half-life)."""

import math

import numpy as np
import polars as pl

from kgrec.data.config import WeightConfig
from kgrec.errors import ConfigError, DataError

SECONDS_A_DAY = 86_400.0
# A weight of zero would make a node without degree; ages beyond twenty half-lives count the same.
SMALLEST = 1e-6


def interaction_weights(
    interactions: pl.DataFrame, is_train: np.ndarray, config: WeightConfig
) -> np.ndarray | None:
    """Weights of all interactions, ``(n,)`` float32; None where nothing is configured (all are one).

    ``is_train`` ``(n,)`` bool: the largest rating and the newest moment are those of train, so that no weight
    tells about test.

    Raises:
        DataError: an event has no weight, a needed column is missing, or a rating is not positive.
        ConfigError: a weight or the half-life is no positive number, or ``rating`` is unknown.
    """
    _check(config)
    factors = []
    if config.event:
        factors.append(_event_weights(interactions, config.event))
    if config.rating == "linear":
        factors.append(_rating_weights(interactions, is_train))
    if config.half_life_days > 0:
        factors.append(_age_weights(interactions, is_train, config.half_life_days))
    if not factors:
        return None
    weights: np.ndarray = np.maximum(np.prod(factors, axis=0), SMALLEST).astype(np.float32)
    return weights


def _event_weights(interactions: pl.DataFrame, weights: dict[str, float]) -> np.ndarray:
    events = _column(interactions, "event", "data.weights.event")
    unknown = events.filter(~events.is_in(list(weights)))
    if len(unknown):
        raise DataError(
            f"interactions: event {unknown.min()!r} has no weight; data.weights.event knows "
            f"{', '.join(sorted(weights))}: add it, or drop such rows"
        )
    return events.replace_strict(weights, return_dtype=pl.Float64).to_numpy()


def _rating_weights(interactions: pl.DataFrame, is_train: np.ndarray) -> np.ndarray:
    ratings = _column(interactions, "rating", "data.weights.rating").to_numpy()
    if ratings.min() <= 0:
        raise DataError(
            f"interactions: rating {ratings.min():g} cannot be a weight; data.weights.rating=linear needs "
            "positive ratings: set data.filters.min_rating or data.weights.rating=none"
        )
    # A test rating above every train rating must not weigh more than one.
    return np.minimum(ratings / ratings[is_train].max(), 1.0)


def _age_weights(interactions: pl.DataFrame, is_train: np.ndarray, half_life_days: float) -> np.ndarray:
    moments = _column(interactions, "timestamp", "data.weights.half_life_days").to_numpy()
    age = np.maximum(moments[is_train].max() - moments, 0.0) / SECONDS_A_DAY
    return np.exp2(-age / half_life_days)


def _column(interactions: pl.DataFrame, name: str, key: str) -> pl.Series:
    if name not in interactions.columns:
        raise DataError(f"interactions: {key} is set, but there is no column {name!r}; unset the key")
    return interactions[name]


def _check(config: WeightConfig) -> None:
    if config.rating not in ("none", "linear"):
        raise ConfigError(f"data.weights.rating is {config.rating!r}; use none or linear")
    for event, weight in config.event.items():
        if not (math.isfinite(weight) and weight > 0):
            raise ConfigError(f"data.weights.event.{event} is {weight}; use a positive number")
    if not (math.isfinite(config.half_life_days) and config.half_life_days >= 0):
        raise ConfigError(f"data.weights.half_life_days is {config.half_life_days}; use 0 (off) or more")
