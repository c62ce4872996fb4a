import math

import pytest

from kgrec.errors import ConfigError
from kgrec.training.checks import check_objective, check_training
from kgrec.training.config import ObjectiveConfig, TrainingConfig

OBJECTIVE = [
    ("preference.loss", "hinge"),
    ("preference.weight", -1.0),
    ("preference.temperature", 0.0),
    ("preference.negatives", 0),
    ("preference.unobserved_weight", -0.1),
    ("knowledge.scorer", "rotate"),
    ("knowledge.triple", math.nan),
    ("knowledge.anchored", -1.0),
    ("knowledge.triple_batch", 0),
    ("text.weight", -1.0),
    ("text.temperature", -0.1),
    ("l2.weight", -1.0),
    ("l2.rows", "last"),
]
TRAINING = [
    ("schedule", "step"),
    ("optimizer", "sgd"),
    ("batch_by", "item"),
    ("epochs", 0),
    ("batch_size", 0),
    ("lr", 0.0),
    ("lr", math.nan),
    ("weight_decay", -1.0),
    ("warmup_epochs", -1.0),
    ("clip_norm", -1.0),
    ("patience", -1),
    ("evaluate_every", 0),
    ("max_seconds", -1.0),
]


def test_the_defaults_are_fine() -> None:
    check_objective(ObjectiveConfig())
    check_training(TrainingConfig())


@pytest.mark.parametrize(("key", "value"), OBJECTIVE)
def test_objective_names_key_and_value(key: str, value: object) -> None:
    config = ObjectiveConfig()
    section, name = key.split(".")
    setattr(getattr(config, section), name, value)
    with pytest.raises(ConfigError) as error:
        check_objective(config)
    assert f"objective.{key} is {value!r}" in str(error.value)


@pytest.mark.parametrize(("key", "value"), TRAINING)
def test_training_names_key_and_value(key: str, value: object) -> None:
    config = TrainingConfig()
    setattr(config, key, value)
    with pytest.raises(ConfigError) as error:
        check_training(config)
    assert f"training.{key} is {value!r}" in str(error.value)


@pytest.mark.parametrize("key", ["squared", "anchored"])
def test_terms_that_read_every_item_spare_no_cold_ones(key: str) -> None:
    config = ObjectiveConfig()
    config.preference.cold_negatives = False
    check_objective(config)
    if key == "squared":
        config.preference.loss = "squared"
    else:
        config.knowledge.anchored = 0.1
    with pytest.raises(ConfigError, match="cold_negatives"):
        check_objective(config)
