"""Refuse configurations of training and of the objective that nothing could be trained with."""

from kgrec.errors import ConfigError
from kgrec.training.config import ObjectiveConfig, TrainingConfig

PREFERENCES = ("softmax", "sampled_softmax", "shared_softmax", "bpr", "bce", "squared", "none", "own")
SCORERS = ("distmult", "transe")
ROWS = ("first", "final")
BATCHES = ("interaction", "user")
SCHEDULES = ("constant", "cosine", "linear")
OPTIMIZERS = ("adamw", "adam")


def check_objective(config: ObjectiveConfig) -> None:
    """Names that exist, weights of 0 or more, numbers that a loss can use.

    Raises:
        ConfigError: naming the key, its value, and what is allowed.
    """
    preference, knowledge = config.preference, config.knowledge
    _one_of("objective.preference.loss", preference.loss, PREFERENCES)
    _one_of("objective.knowledge.scorer", knowledge.scorer, SCORERS)
    _one_of("objective.l2.rows", config.l2.rows, ROWS)
    _at_least("objective.preference.weight", preference.weight, 0)
    _at_least("objective.preference.negatives", preference.negatives, 1)
    _at_least("objective.preference.unobserved_weight", preference.unobserved_weight, 0)
    _above_zero("objective.preference.temperature", preference.temperature)
    if not preference.cold_negatives and (preference.loss == "squared" or knowledge.anchored > 0):
        raise ConfigError(
            "objective.preference.cold_negatives is false, but the squared loss and the anchored term read "
            "every item; use another loss and objective.knowledge.anchored=0, or cold_negatives=true"
        )
    _at_least("objective.knowledge.triple", knowledge.triple, 0)
    _at_least("objective.knowledge.anchored", knowledge.anchored, 0)
    _at_least("objective.knowledge.triple_batch", knowledge.triple_batch, 1)
    _at_least("objective.text.weight", config.text.weight, 0)
    _above_zero("objective.text.temperature", config.text.temperature)
    _at_least("objective.search.preference", config.search.preference, 0)
    _at_least("objective.search.anchored", config.search.anchored, 0)
    _at_least("objective.search.text", config.search.text, 0)
    _above_zero("objective.search.temperature", config.search.temperature)
    _at_least("objective.l2.weight", config.l2.weight, 0)


def check_training(config: TrainingConfig) -> None:
    """The same for the trainer.

    Raises:
        ConfigError: naming the key, its value, and what is allowed.
    """
    _one_of("training.schedule", config.schedule, SCHEDULES)
    _one_of("training.optimizer", config.optimizer, OPTIMIZERS)
    _one_of("training.batch_by", config.batch_by, BATCHES)
    _at_least("training.epochs", config.epochs, 1)
    _at_least("training.batch_size", config.batch_size, 1)
    _above_zero("training.lr", config.lr)
    _at_least("training.weight_decay", config.weight_decay, 0)
    _at_least("training.warmup_epochs", config.warmup_epochs, 0)
    _at_least("training.clip_norm", config.clip_norm, 0)
    _at_least("training.patience", config.patience, 0)
    _at_least("training.evaluate_every", config.evaluate_every, 1)
    _at_least("training.max_seconds", config.max_seconds, 0)


def _one_of(key: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ConfigError(f"{key} is {value!r}; use {', '.join(allowed[:-1])} or {allowed[-1]}")


# Written so that nan, which compares false with everything, is refused too.
def _at_least(key: str, value: float, least: float) -> None:
    if not value >= least:
        raise ConfigError(f"{key} is {value}; use {least} or more")


def _above_zero(key: str, value: float) -> None:
    if not value > 0:
        raise ConfigError(f"{key} is {value}; use a number above 0")
