"""What requests and answers hold, with the examples that the OpenAPI document shows."""

import math
import time
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from kgrec.online.events import LONGEST_ID, Event, ItemRecord

MOST = 100
"""Items in one answer, at most."""
MOST_EVENTS = 1000
LONGEST_TEXT = 20_000
CLOCKS = 86_400.0
"""Seconds by which a sender's clock may be ahead."""


def _storable(text: str) -> str:
    """Text that every database can hold."""
    if "\0" in text:
        raise ValueError("holds a zero character; leave it out")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("holds half a character (a lone surrogate)") from error
    return text


Text = Annotated[str, Field(max_length=LONGEST_TEXT), AfterValidator(_storable)]
Id = Annotated[str, Field(min_length=1, max_length=LONGEST_ID), AfterValidator(_storable)]
K = Annotated[int, Field(ge=1, le=MOST)]
Weight = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]


def _past(seconds: float) -> float:
    """A time that has been, give or take the clocks: one to come would outlive the erasure of its person."""
    if seconds > time.time() + CLOCKS:
        raise ValueError("lies more than a day ahead; send seconds since 1970, UTC")
    return seconds


Time = Annotated[float, Field(ge=0, allow_inf_nan=False), AfterValidator(_past)]


class Strict(BaseModel):
    """No key that nobody reads: a typing error should not be silence."""

    model_config = ConfigDict(extra="forbid")


class EventIn(Strict):
    """One thing that a person did."""

    id: Id = Field(examples=["3f2a9c"], description="Chosen by the sender; the same id twice is one event.")
    user: Id = Field(examples=["196"])
    item: Id = Field(examples=["50"])
    kind: Id = Field("click", examples=["purchase"])
    weight: Weight = 1.0
    timestamp: Time | None = Field(None, description="Seconds since 1970, UTC; now, where left out.")

    def event(self) -> Event:
        """As the log takes it."""
        timestamp = time.time() if self.timestamp is None else self.timestamp
        return Event(self.id, self.user, self.item, self.kind, self.weight, timestamp)


class EventsIn(Strict):
    """Events, written together or not at all."""

    events: list[EventIn] = Field(min_length=1, max_length=MOST_EVENTS)


class Recorded(BaseModel):
    """How many of the events were new."""

    recorded: int = Field(examples=[1])


class HistoryIn(Strict):
    """A person who is not known to the service."""

    history: dict[Id, Weight] | list[Id] = Field(examples=[["50", "181"]], max_length=1000)
    k: K = 10

    def weights(self) -> dict[str, float]:
        """Items and what each counts."""
        return self.history if isinstance(self.history, dict) else dict.fromkeys(self.history, 1.0)


class ItemIn(Strict):
    """An item by its text and facts; an earlier record of the same id is forgotten."""

    id: Id = Field(examples=["shoe-1"])
    title: Annotated[Text, Field(min_length=1)] = Field(examples=["跑步鞋 Air 42"])
    description: Text | None = None
    facts: list[tuple[Id, Id]] = Field(
        default_factory=list, max_length=200, examples=[[["brand", "NIKE"]]], description="(relation, entity)"
    )

    def record(self) -> ItemRecord:
        """As the live model takes it."""
        return ItemRecord(self.id, self.title, self.description, tuple(self.facts))


class ItemOut(BaseModel):
    """One item of a list."""

    item: str
    title: str | None
    score: float = Field(description="Comparable within one answer alone.")


class Items(BaseModel):
    """A list, best first, and which training it came from."""

    items: list[ItemOut]
    generation: int


class FoundItem(ItemOut):
    """One item that a search found."""

    reasons: list[str] = Field(description="Why it stands there, in words.")
    highlights: list[tuple[int, int]] = Field(description="Places [start, end) of the title.")
    parts: dict[str, dict[str, float]] = Field(description="Rank and score of each retriever that found it.")


class FacetValue(BaseModel):
    """How many of the first hits have this value."""

    value: str
    label: str
    count: int


class SearchOut(BaseModel):
    """What was understood of the query, what was found, and how the finds divide."""

    query: dict[str, Any]
    items: list[FoundItem]
    facets: dict[str, list[FacetValue]]


class Suggestion(BaseModel):
    """A text that somebody may be typing."""

    text: str
    kind: str = Field(examples=["title"], description="title or entity")


class Suggestions(BaseModel):
    """Best first."""

    suggestions: list[Suggestion]


class NodeOut(BaseModel):
    """A node of a path."""

    kind: str
    id: str
    label: str


class EdgeOut(BaseModel):
    """An edge of a path; head and tail are places among its nodes."""

    head: int
    tail: int
    relation: str
    label: str


class PathOut(BaseModel):
    """One reason."""

    nodes: list[NodeOut]
    edges: list[EdgeOut]
    score_drop: float
    words: str


class Paths(BaseModel):
    """Reasons, best first."""

    paths: list[PathOut]


class ItemDetails(BaseModel):
    """What is known of an item."""

    id: str
    title: str
    description: str | None
    facts: list[tuple[str, str, str]] = Field(description="(relation, entity, what people call the entity)")


class ItemPut(BaseModel):
    """Whether nobody knew the item before."""

    new: bool


class Erased(BaseModel):
    """How many events there were."""

    erased: int


class Health(BaseModel):
    """Whether the service answers."""

    status: str = Field(examples=["ok"])
    generation: int
    search_ready: bool


def finite(value: float) -> float:
    """A score that JSON can hold: infinities become the largest numbers, what is no number becomes 0."""
    if math.isfinite(value):
        return value
    return 0.0 if math.isnan(value) else math.copysign(1.7e308, value)
