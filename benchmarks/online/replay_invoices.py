"""The invoices of Online Retail II in the order of time, and where they are cut."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from kgrec.data.sources.online_retail import Purchases, read_purchases
from kgrec.data.vocabulary import Vocabulary


@dataclass(frozen=True)
class Invoice:
    """What one customer bought at once."""

    number: str
    customer: int
    """Row of the customer."""
    time: float
    """Unix seconds of its first line."""
    items: np.ndarray
    """``(n,)`` int64, distinct item rows in the order of the file."""

    @property
    def day(self) -> int:
        """Days since 1970."""
        return int(self.time // 86_400)


@dataclass(frozen=True)
class Stream:
    """Invoices by time, those of one time by number."""

    invoices: tuple[Invoice, ...]
    customers: Vocabulary
    items: Vocabulary
    titles: tuple[str | None, ...]
    """Of every item row."""
    dropped: dict[str, int]
    """Lines of the file that are no purchase of a known customer, by reason."""
    lines: int
    """Lines that are."""

    def cut(self, share: float) -> tuple["Stream", "Stream"]:
        """The first ``share`` of the invoices and the rest; invoices of one time stay together, in the
        rest."""
        place = int(len(self.invoices) * share)
        while place > 0 and self.invoices[place - 1].time == self.invoices[place].time:
            place -= 1
        return self._of(self.invoices[:place]), self._of(self.invoices[place:])

    def _of(self, invoices: tuple[Invoice, ...]) -> "Stream":
        return Stream(invoices, self.customers, self.items, self.titles, {}, 0)


def read_stream(path: Path) -> Stream:
    """Every invoice of the file; what the reader leaves out is counted in ``dropped``."""
    return stream_of(read_purchases(path))


def stream_of(purchases: Purchases) -> Stream:
    """Lines gathered by invoice; an item on two lines of one invoice counts once."""
    lines = purchases.lines
    customers = Vocabulary.from_ids(lines["user"].unique(), "user")
    items = Vocabulary.from_ids(lines["item"].unique(), "item")
    rows = lines.with_columns(
        customer=pl.Series(customers.encode(lines["user"])), row=pl.Series(items.encode(lines["item"]))
    )
    gathered = (
        rows.group_by("invoice", "customer", maintain_order=True)
        .agg(pl.col("timestamp").min(), pl.col("row").unique(maintain_order=True))
        .sort("timestamp", "invoice")
    )
    invoices = tuple(
        Invoice(number, customer, time, np.array(row, np.int64))
        for number, customer, time, row in gathered.iter_rows()
    )
    named = dict(purchases.catalogue.select("item", "title").iter_rows())
    titles = tuple(named[item] for item in items.ids)
    return Stream(invoices, customers, items, titles, purchases.dropped, lines.height)


def described(stream: Stream) -> str:
    """Counts of what is replayed and of what is not, in a sentence."""
    left_out = ", ".join(f"{count:,} {reason}" for reason, count in stream.dropped.items())
    return (
        f"{stream.lines:,} lines of {len(stream.invoices):,} invoices, {len(stream.customers):,} customers, "
        f"{len(stream.items):,} products; lines left out: {left_out}"
    )
