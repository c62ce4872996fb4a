"""Where the live model keeps its generations: a folder a refresh, and which of them answers."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from kgrec.errors import ConfigError
from kgrec.run import Run

FILE = "live.json"


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

    def read(self) -> list[Place]:
        """The live generation, then the one before it, if there is one.

        Raises:
            ConfigError: they were trained on another log, whose positions say nothing about this one.
        """
        state = Run(self.folder)
        if not state.has(FILE):
            return [Place(0, self.start, 0)]
        kept = state.read_json(FILE)
        if kept["log"] != self.log:
            raise ConfigError(
                f"{self.folder} holds generations that were trained on another log; open that log, or move "
                "the folder away to begin with the run itself"
            )
        return [Place(number, self.path(number), position) for number, position in kept["generations"]]

    def path(self, number: int) -> Path:
        """The run directory of a generation."""
        return self.folder / f"{number:04d}" if number else self.start

    def next_number(self) -> int:
        """A number that no generation has had; names that a crash left behind count."""
        numbers = [int(path.name) for path in self.folder.glob("[0-9]*") if path.is_dir()]
        return max([place.number for place in self.read()] + numbers) + 1

    def write(self, generations: list[tuple[int, int]]) -> None:
        """Say which generations there are, (number, position) each, live one first; others are removed."""
        Run(self.folder).write_json(FILE, {"log": self.log, "generations": [list(g) for g in generations]})
        kept = {self.path(number) for number, _ in generations}
        for path in self.folder.glob("[0-9]*"):
            if path.is_dir() and path not in kept:
                shutil.rmtree(path, ignore_errors=True)
