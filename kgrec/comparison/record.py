"""One run as the comparison sees it, wherever it was read from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kgrec.run import Run


@dataclass(frozen=True)
class RunRecord:
    """Settings, final metrics, timing and history of one finished run."""

    name: str
    """A run directory, or ``entity/project/id`` in W&B."""
    config: Mapping[str, Any]
    """The resolved configuration, flat: ``{"model.dim": 64}``."""
    metrics: Mapping[str, Mapping[str, float]]
    """``valid`` and ``test``; a part that was not evaluated is empty."""
    timing: Mapping[str, float] = field(default_factory=dict)
    """By the names of metrics.json; empty where the source has none."""
    history: list[dict[str, float]] = field(default_factory=list)
    """A record an epoch; empty for models without epochs."""
    split: str | None = None
    """Hashes of the train, valid and test parts in one word; None where the source has none."""
    tables: Run | None = None
    """Where the values per user can be read; None in W&B, which never gets them."""
    written: tuple[int, str] = (0, "")
    """Sorts by age."""

    @property
    def part(self) -> str:
        """The part that the run is judged on: test where it was evaluated, else valid."""
        return "test" if self.metrics.get("test") else "valid"

    @property
    def kind(self) -> tuple[str, str, str]:
        """Data, model and knowledge: what a report shows one newest row of."""
        return str(self.config.get("data.name")), self.model, str(self.config.get("kg"))

    @property
    def model(self) -> str:
        """The model's name."""
        return str(self.config.get("model.name"))
