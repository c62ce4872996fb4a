"""What an explanation is made of: paths from a person over past items to the item explained."""

from dataclasses import dataclass

INTERACTED = "interacted"
"""The relation of an edge between a person and an item."""


@dataclass(frozen=True)
class Node:
    """A person, an item or an entity on a path."""

    kind: str
    """user, item or entity."""
    id: str
    """External id; ``""`` for another person, who is never named."""
    label: str
    """Title or name, else the id."""


@dataclass(frozen=True)
class Edge:
    """A fact or an interaction between two nodes of a path."""

    head: int
    tail: int
    """Places in ``Path.nodes``; the direction is that of the fact and may run against the path."""
    relation: str
    """A relation of the data, or ``interacted``."""
    label: str
    """The relation as people read it."""


@dataclass(frozen=True)
class Path:
    """One reason, from the person to the item explained."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    score_drop: float
    """How much the item's score falls when the path's edges are removed."""
    words: str
    """One sentence, in the language asked for."""
