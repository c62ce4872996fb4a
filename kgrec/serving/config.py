"""Settings of the service, typed: an unknown key or a wrong type is an error before anything starts."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from kgrec.errors import ConfigError

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass
class ServingConfig:
    """How the service listens and what it allows."""

    host: str = "127.0.0.1"
    """Address to listen at; any but a loopback address needs keys of your own."""
    port: int = 8000
    """0 = any free port; the address is printed once the service is ready."""
    request_seconds: float = 10.0
    """After this a request is answered with 503; its work in a thread ends by itself."""
    workers: int = 2
    """Threads for what takes long: searches, explanations, exports."""
    waiting: int = 64
    """Long calls that may wait for a thread; one more is answered with 503 at once."""
    max_body_bytes: int = 1 << 20
    """A larger body is answered with 413."""
    rate_per_second: float = 500.0
    """Requests a key may make in the long run; 0 = no limit."""
    burst: int = 1000
    """Requests a key may make at once after a pause."""
    suggestions: bool = True
    """Whether /suggest has an index of titles and names; costs memory on large catalogues."""
    warm_up: bool = True
    """Build the search indexes in the background at start; otherwise the first search waits for them."""
    shutdown_seconds: int = 10
    """How long requests under way may take to end when the service is told to stop."""

    def __post_init__(self) -> None:
        """Raises ConfigError where a value makes no sense."""
        positive = ("request_seconds", "workers", "waiting", "max_body_bytes", "burst", "shutdown_seconds")
        for name in positive:
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise ConfigError(f"serving: {name} is {getattr(self, name)!r}; it has to be above 0")
        if not (math.isfinite(self.rate_per_second) and self.rate_per_second >= 0):
            raise ConfigError(f"serving: rate_per_second is {self.rate_per_second!r}; 0 means no limit")
        if not 0 <= self.port < 1 << 16:
            raise ConfigError(f"serving: port is {self.port}; it has to be from 0 to 65535")

    @property
    def loopback(self) -> bool:
        """Whether only programs of this machine can reach the service."""
        return self.host in LOOPBACK


def load_serving_config(file: Path | None = None, **options: Any) -> ServingConfig:
    """The settings of a YAML file, then those options that are not None.

    Raises:
        ConfigError: the file cannot be read, or a key or a value is not what the schema accepts.
    """
    given = {} if file is None else read_mapping(file)
    chosen = {name: value for name, value in options.items() if value is not None}
    try:
        merged = OmegaConf.merge(OmegaConf.structured(ServingConfig), given, chosen)
        return cast(ServingConfig, OmegaConf.to_object(merged))
    except OmegaConfBaseException as error:
        where = "the settings of the service" if file is None else str(file)
        known = ", ".join(asdict(ServingConfig()))
        raise ConfigError(f"{where}: {str(error).splitlines()[0]}; the keys are {known}") from error


def read_mapping(file: Path) -> dict[str, Any]:
    """A YAML file of keys and values.

    Raises:
        ConfigError: it cannot be read or is something else.
    """
    try:
        value = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"{file} cannot be read as YAML: {reason}") from error
    if value is not None and not (isinstance(value, dict) and all(isinstance(key, str) for key in value)):
        raise ConfigError(f"{file} holds no keys and values, but {type(value).__name__}")
    return value or {}
