"""The errors kgrec raises on purpose: each says what is wrong, where, and the way out."""


class KgrecError(Exception):
    """Base of every error that kgrec raises on purpose."""


class DataError(KgrecError):
    """Input data cannot be used as it is; the message names file, line, column and value."""


class UnknownIdError(DataError, KeyError):
    """An external id that the vocabulary does not hold."""

    def __str__(self) -> str:
        # KeyError would print the message in quotes.
        return Exception.__str__(self)


class ConfigError(KgrecError):
    """A configuration key or value that no part of kgrec accepts; raised before any work."""


class FeatureError(KgrecError):
    """Text or knowledge-graph features cannot be made or do not fit the graph."""


class TrainingError(KgrecError):
    """Training cannot go on; the message names epoch, step and loss term."""


class RunError(KgrecError):
    """A run directory is missing, incomplete, or of another shape than expected."""


class EventLogError(KgrecError):
    """The log of events cannot be opened, written or read; what it had not acknowledged did not happen."""
