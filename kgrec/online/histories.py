"""What people did since the log began, at hand for the next answer."""

import threading
from collections.abc import Collection, Iterable, Mapping

from kgrec.online.events import Event


class Histories:
    """Weights of each person's items, by external ids; safe among threads.

    Of several events with one item the largest weight counts and the latest position. Memory: one entry for
    each pair of a person and an item that the log has.
    """

    def __init__(self, kinds: Mapping[str, float]) -> None:
        """``kinds``: what an event of each kind counts, times its own weight."""
        self._kinds = kinds
        self._people: dict[str, dict[str, tuple[float, int]]] = {}
        self._turn = threading.Lock()

    def add(self, events: Iterable[tuple[int, Event]]) -> None:
        """Take in events and their positions in the log; kinds that are no longer known count nothing."""
        with self._turn:
            for position, event in events:
                items = self._people.setdefault(event.user, {})
                weight, last = items.get(event.item, (0.0, 0))
                counted = self._kinds.get(event.kind, 0.0) * event.weight
                items[event.item] = (max(weight, counted), max(last, position))

    def of(self, user: str, after: int = 0, trained: Collection[str] | None = None) -> dict[str, float]:
        """Weights of a person's items with an event after that position; empty where there is none.

        With ``trained``, the items that a training up to there holds of the person, those that it left out
        are here, too, however old: dislikes, and items that nobody had told of.
        """
        with self._turn:
            items = self._people.get(user, {})
            return {
                item: weight
                for item, (weight, last) in items.items()
                if last > after or (trained is not None and item not in trained)
            }

    def forget(self, user: str) -> None:
        """Drop a person."""
        with self._turn:
            self._people.pop(user, None)

    def __len__(self) -> int:
        with self._turn:
            return len(self._people)
