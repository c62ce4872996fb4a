"""Paths by rows, before they are scored and told."""

from dataclasses import dataclass

DIRECT, SHARED, OTHER_PERSON = "direct", "shared", "other person"


@dataclass(frozen=True)
class Trail:
    """``person -> past -> (via) -> item``: nodes by row, items ``[0, I)`` then entities ``[I, I + E)``."""

    kind: str
    """``direct``: a fact between past and item; ``shared``: a node that both have a fact with;
    ``other person``: somebody who had both."""
    past: int
    item: int
    via: int
    """The shared node's row, or the other person's user row; -1 for a direct fact."""
    relations: tuple[int, ...]
    """Relation rows of the facts, from past to item; empty where another person connects."""
    weight: float
    """Rarity of what connects, in (0, 1]: how the credit of a past item is shared among its trails."""

    @property
    def facts(self) -> tuple[tuple[int, int, int], ...]:
        """(node, relation, node) of each fact, in the trail's direction and not in the fact's own."""
        if self.kind == DIRECT:
            return ((self.past, self.relations[0], self.item),)
        if self.kind == SHARED:
            return ((self.past, self.relations[0], self.via), (self.via, self.relations[1], self.item))
        return ()
