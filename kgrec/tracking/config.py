"""Typed configuration of experiment tracking."""

from dataclasses import dataclass, field

from kgrec.errors import ConfigError

MODES = ("offline", "online", "disabled")


@dataclass
class TrackingConfig:
    """What is mirrored in Weights & Biases, and where to."""

    mode: str = "offline"
    """offline (files under the run directory, nothing leaves the machine), online or disabled."""
    project: str = "kgrec"
    """W&B project."""
    entity: str | None = None
    """W&B user or team; None = the account's default."""
    group: str | None = None
    """Group of the run; None = the sweep's name where there is a sweep."""
    tags: list[str] = field(default_factory=list)
    """Labels of the run."""
    log_data: bool = False
    """Upload catalogue, triples, seen and top_k as an artifact; most licences forbid redistribution."""
    init_timeout: float = 60.0
    """Seconds to wait for the tracker's start before the job goes on without it."""
    finish_timeout: float = 600.0
    """Seconds to wait at the end for uploads; what is left stays on disk for ``wandb sync``."""

    def check(self) -> None:
        """Refuse values that types cannot refuse.

        Raises:
            ConfigError: an unknown mode, no project, or a timeout that is not positive.
        """
        if self.mode not in MODES:
            raise ConfigError(f"tracking.mode is {self.mode!r}; use one of {', '.join(MODES)}")
        if not self.project:
            raise ConfigError("tracking.project is empty; name a W&B project, for example kgrec")
        for key in ("init_timeout", "finish_timeout"):
            if not getattr(self, key) > 0:
                raise ConfigError(f"tracking.{key} is {getattr(self, key)}; it must be above 0 seconds")
