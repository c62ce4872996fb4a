"""The generation that answers and the one before it, in memory and on disk."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kgrec.errors import ConfigError
from kgrec.load_run import load_vocabularies
from kgrec.online.erasing import erase_from_run
from kgrec.online.events import ItemRecord
from kgrec.online.generation import Generation, Trained
from kgrec.online.live_files import LiveFiles
from kgrec.run import Run


class Generations:
    """A change is one assignment: a reader takes ``live`` once, and never waits for a writer.

    One change at a time: whoever decides by what answers now holds ``changing`` from there to the change.
    """

    def __init__(self, loaded: Sequence[Generation], files: LiveFiles) -> None:
        """``loaded``: the live one, then the one before it, if there is one."""
        self.files = files
        self.changing = threading.RLock()
        self._live = loaded[0]
        self._previous = loaded[1] if len(loaded) > 1 else None
        self._erased: set[str] = set()
        self._under_way: Path | None = None

    @classmethod
    def load(
        cls, files: LiveFiles, records: Sequence[ItemRecord], neighbours: int, device: str
    ) -> "Generations":
        """Those that ``files`` names, with the items that came since."""
        loaded = [
            Generation(Trained.load(place.path, place.number, place.position, device), records, neighbours)
            for place in files.read()
        ]
        return cls(loaded, files)

    @property
    def live(self) -> Generation:
        """The one that answers."""
        return self._live

    @property
    def can_roll_back(self) -> bool:
        """Whether there is one before it."""
        return self._previous is not None

    def replace_live(self, changed: Generation) -> None:
        """Let the same training answer with other items; the caller holds ``changing``."""
        self._live = changed

    def begin_refresh(self) -> Generation:
        """The generation that a refresh starts from; who is erased from now on is kept for `take_over`."""
        with self.changing:
            self._erased.clear()
            return self._live

    @contextmanager
    def reserved(self) -> Iterator[tuple[int, Path]]:
        """Number and folder of a new generation; whatever changes meanwhile leaves the folder alone.

        Unless `take_over` has made it answer, it is gone afterwards.
        """
        with self.changing:
            number = self.files.next_number()
            self._under_way = folder = self.files.path(number)
        try:
            yield number, folder
        finally:
            with self.changing:
                self._under_way = None
                self.files.clean()

    def take_over(self, fresh: Generation) -> None:
        """Make ``fresh`` answer, without those who were erased and with the items that came meanwhile."""
        if self._live.searchable:
            fresh.warm_up()
        with self.changing:
            for user in self._erased:
                fresh = without(fresh, user)
            if self._live.records != fresh.records:
                fresh = fresh.with_records(self._live.records)
            old = self._live
            self.files.write([(g.number, g.trained.position) for g in (fresh, old)])
            self._live, self._previous = fresh, old
            self.files.clean()

    def roll_back(self, records: Callable[[], Sequence[ItemRecord]]) -> int:
        """Go back to the generation before this one, with the items of ``records()``; its number.

        Raises:
            ConfigError: there is none.
        """
        with self.changing:
            if self._previous is None:
                raise ConfigError("there is no earlier generation to go back to")
            back = self._previous.with_records(records())
            self.files.write([(back.number, back.trained.position)])
            self._live, self._previous = back, None
            # Now alone: until here somebody might have read what is not loaded yet.
            self.files.clean(self._under_way)
        return back.number

    def forget(self, user: str) -> None:
        """Take a person out of every generation that is kept, and out of the run they began with."""
        with self.changing:
            self._erased.add(user)
            self._live = without(self._live, user)
            if self._previous is not None:
                self._previous = without(self._previous, user)
            # The run that everything began with may be no generation any more.
            erase_from_run(Run(self.files.start), user)

    def people(self) -> set[str]:
        """Everybody whom a generation, or the run that they began with, was trained on."""
        people = set(load_vocabularies(Run(self.files.start))[0].ids)
        for generation in (self._live, self._previous):
            people |= set() if generation is None else set(generation.dataset.users.ids)
        return people


def without(generation: Generation, user: str) -> Generation:
    """The same generation, read again from its directory after the person was taken out of it."""
    trained = generation.trained
    if not erase_from_run(trained.run, user):
        return generation
    again = Trained.load(trained.run.path, trained.number, trained.position, trained.device)
    fresh = Generation(again, generation.records, generation.neighbours)
    if generation.searchable:
        fresh.warm_up()
    return fresh
