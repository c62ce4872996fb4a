"""What reaches a live model: events of people, and items that came or changed."""

import math
import time
from dataclasses import dataclass, field

from kgrec.errors import DataError

LARGEST_WEIGHT = 1e6
"""Of an event; sums of larger ones leave what a model can count with."""
LONGEST_ID = 512
"""Characters of an id; what is longer is no id but a mistake."""


@dataclass(frozen=True)
class Event:
    """A person did something with an item. Raises DataError where a field cannot be what it says."""

    id: str
    """Chosen by whoever sends it; the same id twice is one event."""
    user: str
    item: str
    kind: str = "click"
    weight: float = 1.0
    """How much this one counts beside others of its kind, from 0 to a million."""
    timestamp: float = field(default_factory=time.time)
    """Seconds since 1970, UTC."""

    def __post_init__(self) -> None:
        for name in ("id", "user", "item", "kind"):
            _check_id(f"event {name}", getattr(self, name))
        if not 0 <= self.weight <= LARGEST_WEIGHT:
            raise DataError(f"event weight is {self.weight}; use a number from 0 to {LARGEST_WEIGHT:g}")
        if not math.isfinite(self.timestamp):
            raise DataError(f"event timestamp is {self.timestamp}; use seconds since 1970")


@dataclass(frozen=True)
class ItemRecord:
    """An item as it is from now on; what an earlier record of the same id said is forgotten."""

    id: str
    title: str
    description: str | None = None
    facts: tuple[tuple[str, str], ...] = ()
    """(relation, entity id): what is known of it."""

    def __post_init__(self) -> None:
        _check_id("item id", self.id)
        for name, text in (("title", self.title), ("description", self.description or "")):
            _check_text(f"item {name}", text)
        for relation, entity in self.facts:
            _check_id("relation", relation)
            _check_id("entity id", entity)


def _check_id(name: str, value: object) -> None:
    if not isinstance(value, str) or not value:
        raise DataError(f"{name} is {value!r}; use a string that is not empty")
    if len(value) > LONGEST_ID:
        raise DataError(f"{name} has {len(value)} characters; {LONGEST_ID} are allowed")
    _check_text(name, value)


def _check_text(name: str, value: str) -> None:
    """Text that every database can hold."""
    if "\0" in value:
        raise DataError(f"{name} holds a zero character, which databases refuse; leave it out")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise DataError(f"{name} holds half a character (a lone surrogate) at {error.start}") from error
