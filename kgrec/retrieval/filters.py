"""What an answer has to be: attributes with values, and a range of prices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from kgrec.errors import DataError
from kgrec.retrieval.attributes import ItemAttributes


@dataclass(frozen=True)
class Filters:
    """Conditions that all have to hold; of several values of one attribute any will do."""

    attributes: Mapping[str, Sequence[str] | str] = field(default_factory=dict)
    """Relation or column -> values, or one value."""
    price: tuple[float | None, float | None] | None = None
    """Least and largest price, both included; None = no bound. An item without a price is left out."""

    def __bool__(self) -> bool:
        """Whether there is any condition."""
        return bool(self.attributes) or (self.price is not None and self.price != (None, None))

    def mask(self, attributes: ItemAttributes) -> np.ndarray:
        """``(n_items,)`` bool: items that fulfil all conditions.

        Raises:
            DataError: there is no such attribute, no price, or the range of prices is empty.
        """
        kept = np.ones(attributes.n_items, bool)
        for name, values in self.attributes.items():
            # A string is a sequence of letters too, and none of them is meant.
            kept &= attributes.mask(name, [values] if isinstance(values, str) else values)
        return kept & self._affordable(attributes) if self.price else kept

    def _affordable(self, attributes: ItemAttributes) -> np.ndarray:
        least, largest = self.price or (None, None)
        if least is None and largest is None:
            return np.ones(attributes.n_items, bool)
        if attributes.prices is None:
            raise DataError("there are no prices to filter by: the catalogue has no column 'price'")
        low, high = -np.inf if least is None else least, np.inf if largest is None else largest
        if not low <= high:
            raise DataError(f"the range of prices {low:g} to {high:g} is empty; write the lower one first")
        # A price that is not a number compares false on both sides.
        return (attributes.prices >= low) & (attributes.prices <= high)
