"""Early stopping: remember the best epoch and say when to give up."""

from dataclasses import asdict, dataclass


@dataclass
class EarlyStopping:
    """Higher is better; ``patience`` evaluations without a new best end training (0 = never)."""

    patience: int
    best: float = float("-inf")
    best_epoch: int = 0
    waited: int = 0

    def update(self, value: float, epoch: int) -> bool:
        """Take one evaluation; True where it is the best so far."""
        if value > self.best:
            self.best, self.best_epoch, self.waited = value, epoch, 0
            return True
        self.waited += 1
        return False

    @property
    def exhausted(self) -> bool:
        """Whether patience has run out."""
        return 0 < self.patience <= self.waited

    def state(self) -> dict[str, float]:
        """What a checkpoint keeps."""
        return asdict(self)

    def load(self, state: dict[str, float]) -> None:
        """Go on from ``state()``; patience stays as configured now."""
        self.best = float(state["best"])
        self.best_epoch = int(state["best_epoch"])
        self.waited = int(state["waited"])
