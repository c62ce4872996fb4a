"""Who asks: a known user, somebody with a history at hand, or a stranger."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kgrec.data.user_items import UserItems
from kgrec.data.vocabulary import Vocabulary
from kgrec.errors import ConfigError

log = logging.getLogger(__name__)

History = Sequence[str] | Mapping[str, float]


@dataclass(frozen=True)
class Person:
    """Whom an answer is for."""

    user: int | None
    """Row of a known user."""
    past: np.ndarray
    """``(m,)`` int64 distinct item rows of the past, of a known user or as given."""
    weights: np.ndarray
    """``(m,)`` float32."""

    @property
    def known(self) -> bool:
        """Whether there is anything to be personal about."""
        return self.user is not None or len(self.past) > 0


STRANGER = Person(None, np.empty(0, np.int64), np.empty(0, np.float32))


class People:
    """External ids of people and items to a `Person`."""

    def __init__(self, users: Vocabulary, items: Vocabulary, seen: UserItems) -> None:
        self.users, self.items, self.seen = users, items, seen

    def person(self, user: str | None, history: History | None) -> Person:
        """Who that is; an unknown user is a stranger, unknown items are left out, both with a warning.

        Raises:
            ConfigError: a user and a history were given.
        """
        if user is not None and history is not None:
            raise ConfigError("give either a user or a history, not both: a known user has a history")
        if user is not None:
            if user not in self.users:
                log.warning("user %r is unknown: the answer is the same as for anybody", user)
                return STRANGER
            row = self.users.row(user)
            past = self.seen.of(row)
            return Person(row, past, np.ones(len(past), np.float32))
        if not history:
            return STRANGER
        given = history if isinstance(history, Mapping) else dict.fromkeys(history, 1.0)
        known = {item: weight for item, weight in given.items() if item in self.items}
        if len(known) < len(given):
            unknown = [repr(item) for item in given if item not in known]
            log.warning("left out of the history, unknown: %s", ", ".join(unknown[:5]))
        return Person(None, self.items.rows(list(known)), np.array(list(known.values()), np.float32))
