"""Interaction weights, worked by hand."""

import numpy as np
import polars as pl
import pytest

from kgrec.data.config import WeightConfig
from kgrec.data.weights import interaction_weights
from kgrec.errors import ConfigError, DataError

DAY = 86_400.0
FRAME = pl.DataFrame(
    {
        "user": ["u", "u", "v", "v"],
        "item": ["a", "b", "a", "c"],
        "event": ["view", "purchase", "view", "purchase"],
        "rating": [2.0, 4.0, 1.0, 5.0],
        "timestamp": [0.0, 10 * DAY, 20 * DAY, 40 * DAY],
    }
)
TRAIN = np.array([True, True, True, False])


def weights(**config: object) -> list[float]:
    values = interaction_weights(FRAME, TRAIN, WeightConfig(**config))  # type: ignore[arg-type]
    assert values is not None and values.dtype == np.float32
    return values.tolist()


def test_nothing_configured_means_no_weights() -> None:
    assert interaction_weights(FRAME, TRAIN, WeightConfig()) is None


def test_event_weights() -> None:
    assert weights(event={"view": 1.0, "purchase": 4.0}) == [1, 4, 1, 4]


def test_ratings_are_shares_of_the_largest_train_rating() -> None:
    # The test rating of 5 is above every train rating: it weighs one, and makes no train weight smaller.
    assert weights(rating="linear") == [0.5, 1, 0.25, 1]


def test_age_counts_from_the_newest_train_interaction() -> None:
    assert weights(half_life_days=10.0) == [0.25, 0.5, 1, 1]


def test_weights_multiply() -> None:
    config = {"event": {"view": 1.0, "purchase": 4.0}, "rating": "linear", "half_life_days": 10.0}
    assert weights(**config) == [0.5 * 0.25, 4 * 0.5, 0.25, 4]


def test_very_old_interactions_keep_a_positive_weight() -> None:
    assert min(weights(half_life_days=0.01)) == pytest.approx(1e-6)


def test_an_event_without_a_weight_is_named_with_the_known_ones() -> None:
    with pytest.raises(DataError, match=r"event 'purchase' has no weight.*cart, view"):
        weights(event={"view": 1.0, "cart": 2.0})


@pytest.mark.parametrize(
    ("column", "config"),
    [
        ("event", {"event": {"view": 1.0}}),
        ("rating", {"rating": "linear"}),
        ("timestamp", {"half_life_days": 1.0}),
    ],
)
def test_a_missing_column_is_named(column: str, config: dict) -> None:
    with pytest.raises(DataError, match=f"there is no column '{column}'"):
        interaction_weights(FRAME.drop(column), TRAIN, WeightConfig(**config))


def test_a_rating_of_zero_cannot_be_a_weight() -> None:
    with pytest.raises(DataError, match="rating 0 cannot be a weight"):
        interaction_weights(FRAME.with_columns(rating=pl.lit(0.0)), TRAIN, WeightConfig(rating="linear"))


@pytest.mark.parametrize(
    "config",
    [
        {"rating": "square"},
        {"event": {"view": 0.0}},
        {"event": {"view": float("nan")}},
        {"half_life_days": -1.0},
    ],
)
def test_values_that_do_not_exist_are_refused(config: dict) -> None:
    with pytest.raises(ConfigError, match=r"data\.weights\."):
        interaction_weights(FRAME, TRAIN, WeightConfig(**config))
