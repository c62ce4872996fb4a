"""Whether a refreshed model may take over: judged on the latest events, which it was not trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kgrec.online.config import OnlineConfig
from kgrec.online.events import Event
from kgrec.online.generation import Generation
from kgrec.online.histories import Histories

Log = Sequence[tuple[int, Event]]


@dataclass(frozen=True)
class Window:
    """The log, cut where the gate begins."""

    before: Log
    latest: Log

    @property
    def position(self) -> int:
        """Of the last event before the gate; 0 where there is none."""
        return self.before[-1][0] if self.before else 0


def window(log: Log, trained: int, config: OnlineConfig) -> Window | None:
    """The latest events as a gate: at most ``gate_events`` and ``gate_share`` of those after ``trained``.

    None where one part would be empty: a model needs something to learn from and something to be judged by.
    """
    news = sum(position > trained for position, _ in log)
    size = min(config.gate_events, int(news * config.gate_share))
    if news < 2:
        return None
    cut = len(log) - max(1, size)
    return Window(log[:cut], log[cut:])


class QualityGate:
    """Recall of what people did last, among what they had not had before.

    ``recall@k = mean over people of |best k and done| / |done|``, each model with its own memory of the
    person and all events before the gate folded in, which is how it would have answered.
    """

    def __init__(self, window: Window, config: OnlineConfig) -> None:
        self.config = config
        self.histories = Histories(config.kinds)
        self.histories.add(window.before)
        self.done: dict[str, set[str]] = {}
        for _, event in window.latest:
            if config.kinds.get(event.kind, 0.0) * event.weight > 0:
                self.done.setdefault(event.user, set()).add(event.item)

    def recall(self, generation: Generation) -> tuple[float, int]:
        """The mean, and over how many people; NaN over nobody."""
        values = []
        for user, done in self.done.items():
            person = generation.person(user, generation.news(user, self.histories))
            ids = generation.dataset.items.ids
            new = done - {ids[row] for row in person.past.tolist()}
            # What neither model has is left to both: an item without a record is in no catalogue.
            if new := new & generation.titles.keys():
                best = {hit.item for hit in generation.best(person, self.config.gate_k)}
                values.append(len(best & new) / len(new))
        return (float(np.mean(values)), len(values)) if values else (float("nan"), 0)

    def passes(self, live: float, refreshed: float) -> bool:
        """Whether the refreshed model is about as good; NaN passes nothing."""
        return refreshed >= live - self.config.gate_tolerance
