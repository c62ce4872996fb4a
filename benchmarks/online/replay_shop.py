"""What a shop knows at a moment of the replay: who bought what until now, and nothing after."""

from collections import Counter
from collections.abc import Iterable

import numpy as np
from replay_invoices import Invoice, Stream

from kgrec.data.user_items import UserItems


class Shop:
    """Purchases so far; grows by whole invoices, always after they were predicted."""

    def __init__(self, n_customers: int, n_items: int) -> None:
        self.n_customers, self.n_items = n_customers, n_items
        self.sold = np.zeros(n_items, np.int64)
        """``(n_items,)`` invoices with the item."""
        self.bought: list[Counter[int]] = [Counter() for _ in range(n_customers)]
        """Of every customer, invoices by item row."""
        self.events: list[list[int]] = [[] for _ in range(n_customers)]
        """Of every customer, item rows oldest first, repeats included."""
        self.log: list[Invoice] = []

    @classmethod
    def after(cls, past: Stream) -> "Shop":
        """A shop that has seen ``past``."""
        shop = cls(len(past.customers), len(past.items))
        shop.add(past.invoices)
        return shop

    def add(self, invoices: Iterable[Invoice]) -> None:
        """Book ``invoices``, in the order of time."""
        for invoice in invoices:
            self.log.append(invoice)
            self.sold[invoice.items] += 1
            self.bought[invoice.customer].update(invoice.items.tolist())
            self.events[invoice.customer] += invoice.items.tolist()

    def known(self, customer: int) -> np.ndarray:
        """``(m,)`` distinct items that the customer has bought, ascending."""
        return np.array(sorted(self.bought[customer]), np.int64)

    def pairs(self) -> UserItems:
        """Who has bought what, as a model is fitted on."""
        customers = np.array([invoice.customer for invoice in self.log for _ in invoice.items], np.int64)
        items = np.concatenate([np.empty(0, np.int64), *(invoice.items for invoice in self.log)])
        return UserItems.from_pairs(customers, items, (self.n_customers, self.n_items))

    def sold_since(self, time: float) -> np.ndarray:
        """``(n_items,)`` invoices with the item from ``time`` on."""
        recent = np.zeros(self.n_items, np.int64)
        for invoice in reversed(self.log):
            if invoice.time < time:
                break
            recent[invoice.items] += 1
        return recent
