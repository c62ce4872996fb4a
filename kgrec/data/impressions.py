"""Search logs: what was shown for a query at which place, and what was clicked."""

from pathlib import Path

import polars as pl

from kgrec.data.columns import Table
from kgrec.data.reading import read_table
from kgrec.errors import DataError

IMPRESSION = {
    "session": pl.String,
    "query": pl.String,
    "item": pl.String,
    "rank": pl.Int64,
    "clicked": pl.Boolean,
}
"""Columns of the table; a result page is one (session, query), ``rank`` counts from 0."""
_CLICKED = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}


def read_impressions(path: Path, columns: dict[str, str] | None = None) -> pl.DataFrame:
    """Read a table of impressions; ``columns`` names those that the file calls otherwise.

    Raises:
        DataError: a column is missing, a rank is no whole number from 0, or a click is neither true nor
        false.
    """
    return impressions_of(read_table(path), columns or {})


def impressions_of(table: Table, columns: dict[str, str]) -> pl.DataFrame:
    """session, query, item, rank, clicked of a table as read, and user and timestamp if it has them."""
    chosen = {name: columns.get(name, name) for name in (*IMPRESSION, "user", "timestamp")}
    for name in IMPRESSION:
        table.require(chosen[name], f"Say which column is the {name}.")
    found = {name: table.ids(chosen[name]) for name in ("session", "query", "item")}
    found["rank"] = _ranks(table, chosen["rank"])
    found["clicked"] = _clicks(table, chosen["clicked"])
    if chosen["user"] in table.frame.columns:
        found["user"] = table.ids(chosen["user"])
    if chosen["timestamp"] in table.frame.columns:
        found["timestamp"] = table.times(chosen["timestamp"])
    return pl.DataFrame(found)


def _ranks(table: Table, column: str) -> pl.Series:
    numbers = table.numbers(column)
    bad = (numbers < 0) | (numbers != numbers.floor())
    row = bad.arg_max()
    if row is not None and bad[row]:
        raise table.error(
            row, column, table.frame[column][row], "is no place on a page; write 0 for the first"
        )
    return numbers.cast(pl.Int64)


def _clicks(table: Table, column: str) -> pl.Series:
    written = table.frame[column].cast(pl.String).str.to_lowercase()
    clicks = written.replace_strict(_CLICKED, default=None, return_dtype=pl.Boolean)
    row = clicks.is_null().arg_max()
    if row is not None and clicks[row] is None:
        raise table.error(row, column, table.frame[column][row], "is no click; write true or false")
    return clicks


def checked_impressions(frame: pl.DataFrame) -> pl.DataFrame:
    """The same table, for frames made in memory.

    Raises:
        DataError: a column is missing, of another type, or has a null; names the column.
    """
    for name, kind in IMPRESSION.items():
        if name not in frame.columns:
            raise DataError(f"impressions: column {name!r} is missing; they have {', '.join(frame.columns)}")
        fits = frame[name].dtype.is_integer() if kind == pl.Int64 else frame[name].dtype == kind
        if not fits or frame[name].has_nulls():
            raise DataError(
                f"impressions: column {name!r} holds {frame[name].dtype}"
                f"{' with nulls' if frame[name].has_nulls() else ''}; it has to be {kind} throughout"
            )
    return frame
