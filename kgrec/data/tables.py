"""What a source reads: plain tables of external ids, and the checks that every table has to pass."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from kgrec.errors import DataError

PARTS = ("train", "valid", "test")
EVENT_COLUMNS = {
    "rating": pl.Float64,
    "event": pl.String,
    "timestamp": pl.Float64,
    "part": pl.String,
    "query": pl.String,
}


@dataclass(frozen=True)
class Tables:
    """Tables of one data set; ids are always strings. Users and items live in separate namespaces."""

    interactions: pl.DataFrame
    """user, item and where known rating (float), event (string), timestamp (Unix seconds, float), part
    (train, valid or test), query (what was typed; null = nothing)."""
    triples: pl.DataFrame | None = None
    """head, relation, tail; an end that is an item bears the item's id."""
    catalogue: pl.DataFrame | None = None
    """item, title and any other columns; one row an item."""
    entity_labels: pl.DataFrame | None = None
    """entity, label: readable names."""
    relation_labels: pl.DataFrame | None = None
    """relation, label: readable names."""


def checked(tables: Tables) -> Tables:
    """The same tables, numbers as floats; for frames made in memory, which no reader has checked.

    Raises:
        DataError: a column is missing, unknown or of the wrong type, or a value is null, empty or NaN; names
            table, column, row (counted from 1) and the way out.
    """
    if tables.interactions.is_empty():
        raise DataError("interactions is empty: a recommender needs at least one (user, item) row")
    catalogue = tables.catalogue
    if catalogue is not None:
        _require(catalogue, "catalogue", ["item", "title"])
        _check_ids(catalogue, "catalogue", ["item"])
    return Tables(
        _checked_interactions(tables.interactions),
        _checked_strings(tables.triples, "triples", ["head", "relation", "tail"]),
        catalogue,
        _checked_strings(tables.entity_labels, "entity_labels", ["entity", "label"]),
        _checked_strings(tables.relation_labels, "relation_labels", ["relation", "label"]),
    )


def _checked_interactions(frame: pl.DataFrame) -> pl.DataFrame:
    name = "interactions"
    _require(frame, name, ["user", "item"])
    unknown = [column for column in frame.columns if column not in ("user", "item", *EVENT_COLUMNS)]
    if unknown:
        known = ", ".join(("user", "item", *EVENT_COLUMNS))
        raise DataError(f"{name}: unknown column {unknown[0]!r}; known are {known}: rename or drop it")
    _check_ids(frame, name, ["user", "item", *(c for c in ("event", "part") if c in frame.columns)])
    for column in ("rating", "timestamp"):
        if column in frame.columns:
            frame = frame.with_columns(_finite_numbers(frame, name, column))
    if "part" in frame.columns:
        _refuse_first(frame, name, "part", ~frame["part"].is_in(PARTS), f"use one of {', '.join(PARTS)}")
    return frame


def _checked_strings(frame: pl.DataFrame | None, name: str, columns: list[str]) -> pl.DataFrame | None:
    if frame is None:
        return None
    _require(frame, name, columns)
    _check_ids(frame, name, columns)
    return frame.select(columns)


def _require(frame: pl.DataFrame, name: str, columns: Sequence[str]) -> None:
    for column in columns:
        if column not in frame.columns:
            found = ", ".join(frame.columns) or "no columns"
            raise DataError(f"{name}: column {column!r} is missing; found {found}")


def _check_ids(frame: pl.DataFrame, name: str, columns: Sequence[str]) -> None:
    for column in columns:
        values = frame[column]
        if values.dtype != pl.String:
            raise DataError(
                f"{name}: column {column!r} holds {values.dtype}; ids and names are strings: cast it"
            )
        _refuse_first(frame, name, column, values.is_null() | (values == ""), "fill it or drop the row")


def _finite_numbers(frame: pl.DataFrame, name: str, column: str) -> pl.Series:
    values = frame[column]
    if not values.dtype.is_numeric():
        raise DataError(f"{name}: column {column!r} holds {values.dtype}; it has to be a number")
    numbers = values.cast(pl.Float64)
    _refuse_first(frame, name, column, ~numbers.is_finite().fill_null(False), "fill it or drop the row")
    return numbers


def _refuse_first(frame: pl.DataFrame, name: str, column: str, bad: pl.Series, way_out: str) -> None:
    """Raise for the first row where ``bad`` is true."""
    row = bad.fill_null(True).arg_max() if bad.fill_null(True).any() else None
    if row is not None:
        raise DataError(f"{name}: column {column!r}, row {row + 1}: {frame[column][row]!r}; {way_out}")
