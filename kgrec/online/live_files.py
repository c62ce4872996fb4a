"""Where the live model keeps its generations: a folder a refresh, and which of them answers."""

import fcntl
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from kgrec.errors import ConfigError
from kgrec.run import Run

FILE = "live.json"
ERASURES = "erasures.json"


@dataclass(frozen=True)
class Place:
    """A generation on disk."""

    number: int
    path: Path
    position: int


class LiveFiles:
    """The folder ``live`` of a run: ``live.json`` and a run directory each for the last two generations.

    ``live.json`` is written beside and renamed, so that whoever reads it after a crash finds one generation
    or the other.
    """

    def __init__(self, folder: Path, start: Path, log: int) -> None:
        """``start``: the run that generation 0 is; ``log``: identity of the log they learn from."""
        self.folder, self.start, self.log = folder, start, log
        self._held: int | None = None

    def read(self) -> list[Place]:
        """The live generation, then the one before it, if there is one.

        Raises:
            ConfigError: they were trained on another log, whose positions say nothing about this one.
        """
        state = Run(self.folder)
        if not state.has(FILE):
            return [Place(0, self.start, 0)]
        kept = state.read_json(FILE)
        if kept.get("log") != self.log:
            raise ConfigError(
                f"{self.folder} holds generations that were trained on another log; open that log, or move "
                "the folder away to begin with the run itself"
            )
        return [Place(number, self.path(number), position) for number, position in kept["generations"]]

    def hold(self) -> None:
        """Keep other processes out until `release`, and remove what a refresh left that was cut off.

        Raises:
            ConfigError: another process has this run open, or see `read`.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._held = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            # Of the system: it ends with the process, however that ends.
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.release()
            raise ConfigError(
                f"{self.folder.parent} is open in another process, and generations have one writer; end that "
                "process, or give this one a copy of the run"
            ) from error
        try:
            self.clean()
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Let others in."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def path(self, number: int) -> Path:
        """The run directory of a generation."""
        return self.folder / f"{number:04d}" if number else self.start

    def next_number(self) -> int:
        """A number that no generation has had, those included that were gone back from."""
        numbers = [int(path.name) for path in self.folder.glob("[0-9]*") if path.is_dir()]
        return max([self._highest(), *(place.number for place in self.read()), *numbers]) + 1

    def write(self, generations: list[tuple[int, int]]) -> None:
        """Say which generations there are, (number, position) each, live one first."""
        highest = max([self._highest(), *(number for number, _ in generations)])
        state = {"log": self.log, "generations": [list(g) for g in generations], "highest": highest}
        Run(self.folder).write_json(FILE, state)

    def clean(self, under_way: Path | None = None) -> None:
        """Remove all that `read` does not name, but for the folder that a refresh is writing."""
        self._remove_all_but({*(place.path for place in self.read()), under_way})

    def erasures_applied(self) -> int:
        """How many erasures of the log these generations, and the run itself, are known to be without."""
        state = Run(self.folder)
        kept = state.read_json(ERASURES) if state.has(ERASURES) else {}
        return int(kept["made"]) if kept.get("log") == self.log else 0

    def set_erasures_applied(self, made: int) -> None:
        """Keep it: beside the run, for another run on the same log holds people of its own."""
        Run(self.folder).write_json(ERASURES, {"log": self.log, "made": made})

    def _highest(self) -> int:
        state = Run(self.folder)
        return int(state.read_json(FILE).get("highest", 0)) if state.has(FILE) else 0

    def _remove_all_but(self, kept: set[Path | None]) -> None:
        for path in self.folder.glob("[0-9]*"):
            if path.is_dir() and path not in kept:
                shutil.rmtree(path, ignore_errors=True)
