"""Events into the log and into memory, which hold the same people at any time."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence

from kgrec.errors import DataError, EventLogError
from kgrec.online.event_log import EventLog
from kgrec.online.events import Event
from kgrec.online.histories import Histories


class Recorder:
    """What is in the log is in ``histories``, and what is erased is in neither: one change at a time."""

    def __init__(self, event_log: EventLog, kinds: Mapping[str, float]) -> None:
        """``kinds``: what an event of each kind counts."""
        self.histories = Histories(kinds)
        self._kinds, self._log = kinds, event_log
        self._turn = threading.Lock()
        self._folded = 0
        self._behind = False

    def read_all(self) -> None:
        """Take in what the log has."""
        with self._turn:
            self._fold(self._log.all_after(0))

    def record(self, events: Sequence[Event]) -> int:
        """Write events to the log, then count them; how many were new.

        Raises:
            DataError: an event is of a kind that does not count anywhere.
            EventLogError: nothing was written; send the events again.
        """
        for event in events:
            if event.kind not in self._kinds:
                kinds = ", ".join(self._kinds)
                raise DataError(f"event {event.id!r} is of the kind {event.kind!r}; use one of {kinds}")
        with self._turn:
            try:
                new = self._log.append_new(events)
            except EventLogError:
                # A connection that broke may have committed: sent again, the events would not be new.
                self._behind = True
                raise
            self._fold(self._log.all_after(self._folded) if self._behind else new)
            self._behind = False
        return len(new)

    def forget(self, user: str) -> int:
        """Drop a person; how many events there were."""
        with self._turn:
            gone = self._log.forget(user)
            self.histories.forget(user)
        return gone

    def _fold(self, events: Iterable[tuple[int, Event]]) -> None:
        """Take in events of the log, in its order."""

        def noted() -> Iterator[tuple[int, Event]]:
            for position, event in events:
                self._folded = max(self._folded, position)
                yield position, event

        self.histories.add(noted())
