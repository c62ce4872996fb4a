"""What a training was."""

from dataclasses import dataclass, field


@dataclass
class TrainingResult:
    """What a training was: its epochs, and the one that was kept."""

    history: list[dict[str, float]] = field(default_factory=list)
    """One record an epoch: loss terms, learning rate, valid metrics where evaluated, seconds so far."""
    best_epoch: int = 0
    epochs: int = 0
    seconds: float = 0.0
