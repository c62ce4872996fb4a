"""Online Retail II: a year of invoices of a British shop for gifts, with descriptions and times.

https://doi.org/10.24432/C5CG6D (Chen, UCI Machine Learning Repository 2012). ``files``: ``invoices``, one row
a line of an invoice: Invoice, StockCode, Description, Quantity, InvoiceDate, Customer ID.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from kgrec.data.columns import Table
from kgrec.data.config import DataConfig
from kgrec.data.locate import path_of
from kgrec.data.reading import read_table
from kgrec.data.tables import Tables
from kgrec.errors import DataError

log = logging.getLogger(__name__)

COLUMNS = ("Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Customer ID")
NO_PRODUCT = r"(?i)^(POST|DOT|M|C2|C3|D|S|B|ADJUST\d*|BANK CHARGES|AMAZONFEE|CRUK|TEST\d*|GIFT|gift_\d+_\d+)$"
"""Stock codes of postage, carriage, manual corrections, discounts, samples, debts, fees, tests, vouchers."""


@dataclass(frozen=True)
class Purchases:
    """Lines of invoices in which a known customer bought a product, and what was left out."""

    lines: pl.DataFrame
    """invoice, user, item, timestamp (Unix seconds), quantity; in the order of the file."""
    catalogue: pl.DataFrame
    """item, title: of every product bought, the description that most of its lines bear."""
    dropped: dict[str, int]
    """Rows left out by the first reason that holds: cancellations, adjustments, negative quantities, no
    customer, no product."""


def read_online_retail(config: DataConfig, folder: Path) -> Tables:
    """The interactions with their times, every purchase one, and the catalogue; there is no knowledge.

    Raises:
        DataError: the file is not named, or is not one of these invoices.
    """
    unknown = [role for role in config.files if role != "invoices"]
    if unknown:
        raise DataError(f"{config.name}: data.files has {unknown[0]!r}; it knows invoices")
    path = path_of(folder, config, "invoices")
    if path is None:
        raise DataError(f"{config.name}: data.files.invoices is missing; name the file of the invoices")
    purchases = read_purchases(path)
    return Tables(purchases.lines.select("user", "item", "timestamp"), catalogue=purchases.catalogue)


def read_purchases(path: Path) -> Purchases:
    """What known customers bought, by invoice; times are read as UTC, for the file names no zone.

    Raises:
        DataError: a column is missing, or a time or a number cannot be read.
    """
    table = read_table(path)
    for column in COLUMNS:
        table.require(column, "These are not the invoices of Online Retail II.")
    frame = pl.DataFrame(
        {
            "invoice": table.texts("Invoice").fill_null(""),
            "user": _customers(table),
            "item": table.ids("StockCode").str.strip_chars(),
            "timestamp": table.times("InvoiceDate"),
            "quantity": table.numbers("Quantity"),
            "title": table.texts("Description").str.replace_all(r"\s+", " ").str.strip_chars(),
        }
    )
    lines, dropped = _purchases(frame)
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in dropped.items())
    log.info("%s: %d of %d rows are purchases; left out: %s", path, lines.height, frame.height, reasons)
    return Purchases(lines.drop("title"), _catalogue(lines), dropped)


def _customers(table: Table) -> pl.Series:
    """Customer numbers as whole numbers: the file has them as 13085.0, for where one is missing."""
    column = table.frame["Customer ID"]
    numbers = column.cast(pl.Float64, strict=False).cast(pl.Int64, strict=False)
    written = column.cast(pl.String).str.strip_chars().fill_null("") != ""
    wrong = (written & numbers.is_null()).arg_true()
    if len(wrong):
        row = int(wrong[0])
        raise table.error(row, "Customer ID", column[row], "is no customer's number; correct or empty it")
    return numbers.cast(pl.String)


def _purchases(frame: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """Rows that no reason leaves out; each of the others counts under its first reason."""
    reasons = {
        "cancellations": pl.col("invoice").str.starts_with("C"),
        "adjustments": ~pl.col("invoice").str.contains(r"^\d+$"),
        "negative quantities": pl.col("quantity") <= 0,
        "no customer": pl.col("user").is_null(),
        "no product": pl.col("item").str.contains(NO_PRODUCT),
    }
    dropped = {}
    for reason, holds in reasons.items():
        kept = frame.filter(~holds)
        dropped[reason] = frame.height - kept.height
        frame = kept
    return frame, dropped


def _catalogue(lines: pl.DataFrame) -> pl.DataFrame:
    """The most common description of every product; of equally common ones the first by the alphabet."""
    counted = lines.group_by("item", "title").agg(pl.len()).filter(pl.col("title").is_not_null())
    best = counted.sort(["len", "title"], descending=[True, False]).unique(
        "item", keep="first", maintain_order=True
    )
    items = lines.select("item").unique(maintain_order=True)
    return items.join(best.select("item", "title"), on="item", how="left", maintain_order="left")
