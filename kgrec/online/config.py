"""Settings of the live model: what events count, what is kept at hand, when a refresh may take over."""

from dataclasses import dataclass, field

from kgrec.errors import ConfigError


@dataclass
class OnlineConfig:
    """How a live model learns between and during refreshes."""

    kinds: dict[str, float] = field(
        default_factory=lambda: {
            "view": 1.0,
            "click": 1.0,
            "cart": 2.0,
            "purchase": 4.0,
            "like": 4.0,
            "dislike": 0.0,
        }
    )
    """Kinds of events and what each counts in a history, times the event's own weight; other kinds are
    refused. A weight of 0 says nothing about taste, but the item counts as seen."""
    neighbours: int = 20
    """Known items that a new item's scores are the mean of: the nearest by text and facts."""
    refresh_epochs: int = 3
    """Epochs that a network is trained from the live weights at a refresh."""
    gate_events: int = 500
    """The latest events of the log, at most, that a refreshed model is judged by and not trained on."""
    gate_share: float = 0.2
    """And at most this share of the events since the live model was trained."""
    gate_k: int = 20
    """Depth of the recall that decides."""
    gate_tolerance: float = 0.02
    """How far below the live model's recall a refreshed model may fall and still take over."""

    def __post_init__(self) -> None:
        """Raises ConfigError where a value is out of range, naming the key."""
        for kind, weight in self.kinds.items():
            if not 0 <= weight < float("inf"):
                raise ConfigError(f"online.kinds.{kind} is {weight}; use 0 or a positive number")
        for key in ("neighbours", "refresh_epochs", "gate_events", "gate_k"):
            if getattr(self, key) < 1:
                raise ConfigError(f"online.{key} is {getattr(self, key)}; use a whole number from 1")
        if not 0 < self.gate_share < 1:
            raise ConfigError(f"online.gate_share is {self.gate_share}; use a share between 0 and 1")
        if not 0 <= self.gate_tolerance <= 1:
            raise ConfigError(f"online.gate_tolerance is {self.gate_tolerance}; use a share from 0 to 1")
