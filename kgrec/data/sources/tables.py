"""Plain tables: CSV, TSV, JSON lines or Parquet with columns of any name.

``files`` names them: ``interactions`` (or ``train``, ``valid``, ``test``), and where there are any
``triples``, ``catalogue``, ``links`` (which entity is which item), ``entity_labels``, ``relation_labels``.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl

from kgrec.data.columns import Table
from kgrec.data.config import DataConfig
from kgrec.data.locate import path_of
from kgrec.data.reading import read_table
from kgrec.data.sources.linking import item_of_entity, linked
from kgrec.data.tables import PARTS, Tables
from kgrec.errors import DataError

log = logging.getLogger(__name__)

NO_INTERACTIONS = pl.DataFrame(schema={"user": pl.String, "item": pl.String})
_ROLES = ("interactions", *PARTS, "triples", "catalogue", "links", "entity_labels", "relation_labels")
_OPTIONAL = ("rating", "event", "timestamp", "part", "query")
_IN_SEVERAL_FILES = ("item", "entity", "relation", "label")


def read_tables(config: DataConfig, folder: Path) -> Tables:
    """Read the tables that ``config.files`` names; without interactions that table is empty."""
    unknown = [role for role in config.files if role not in _ROLES]
    if unknown:
        raise DataError(f"{config.name}: data.files has {unknown[0]!r}; it knows {', '.join(_ROLES)}")
    return assemble(config, folder, lambda path: read_table(path, config.separator or None))


def assemble(config: DataConfig, folder: Path, read: Callable[[Path], Table]) -> Tables:
    """Tables from the files of ``config``, each read by ``read``; linked entities become their items."""

    def frame_of(role: str, names: tuple[str, ...]) -> pl.DataFrame | None:
        path = path_of(folder, config, role)
        return None if path is None else id_columns(read(path), role, names, config.columns)

    parts = {role: path for role in ("interactions", *PARTS) if (path := path_of(folder, config, role))}
    interactions = [interactions_of(read(path), role, config.columns) for role, path in parts.items()]
    catalogue_path = path_of(folder, config, "catalogue")
    catalogue = None if catalogue_path is None else catalogue_of(read(catalogue_path), config.columns)
    tables = Tables(
        interactions=pl.concat(interactions, how="diagonal") if interactions else NO_INTERACTIONS,
        triples=frame_of("triples", ("head", "relation", "tail")),
        catalogue=catalogue,
        entity_labels=frame_of("entity_labels", ("entity", "label")),
        relation_labels=frame_of("relation_labels", ("relation", "label")),
    )
    links = frame_of("links", ("item", "entity"))
    return tables if links is None else _with_links(tables, links)


def interactions_of(table: Table, role: str, columns: dict[str, str]) -> pl.DataFrame:
    """user, item and what else the table has of rating, event, timestamp, part; ``role`` may be the part."""
    read = {"rating": table.numbers, "timestamp": table.times, "event": table.ids, "part": table.ids}
    read["query"] = table.texts
    user, item = (column_of(table, role, name, columns) for name in ("user", "item"))
    if user == item:
        raise DataError(
            f"{table.path}: column {user!r} is configured as user and as item; correct data.columns"
        )
    found = {"user": table.ids(user), "item": table.ids(item)}
    for name in _OPTIONAL:
        column = _given(table, role, name, columns)
        if column is not None:
            found[name] = read[name](column)
    if role in PARTS:
        found["part"] = pl.Series([role]).new_from_index(0, table.frame.height)
    return pl.DataFrame(found)


def catalogue_of(table: Table, columns: dict[str, str]) -> pl.DataFrame:
    """item, title and every other column as text; a second row of an item has to say the same."""
    item = column_of(table, "catalogue", "item", columns)
    named = {name: _given(table, "catalogue", name, columns) for name in ("title", "description")}
    if named["title"] is None:
        log.warning("%s: no column 'title': items have no names; set data.columns.title", table.path)
    found = {"item": table.ids(item)}
    for name, column in named.items():
        if column is not None:
            found[name] = table.texts(column)
    # A column called title that is not the one chosen as title gives way to it.
    rest = [name for name in table.frame.columns if name not in (item, *named.values(), *found)]
    frame = pl.DataFrame(found | {name: table.texts(name) for name in rest})
    if "title" not in frame.columns:
        frame = frame.with_columns(pl.lit(None, pl.String).alias("title"))
    _refuse_second_description(table, item, frame)
    return frame.unique("item", maintain_order=True).select("item", "title", pl.exclude("item", "title"))


def _refuse_second_description(table: Table, column: str, frame: pl.DataFrame) -> None:
    new = frame.select(pl.struct(pl.all()).is_first_distinct()).to_series()
    rows = (new & ~frame["item"].is_first_distinct()).arg_true()
    if len(rows):
        row = int(rows[0])
        raise table.error(
            row, column, frame["item"][row], "stands above with other texts; keep one row an item"
        )


def id_columns(table: Table, role: str, names: tuple[str, ...], columns: dict[str, str]) -> pl.DataFrame:
    """The columns ``names`` of a table, each as ids."""
    return pl.DataFrame({name: table.ids(column_of(table, role, name, columns)) for name in names})


def column_of(table: Table, role: str, name: str, columns: dict[str, str]) -> str:
    """The column that ``name`` stands for, as configured or by its own name; refuses a table without it."""
    found = _given(table, role, name, columns)
    if found is None:
        table.require(name, f"Say which column is the {name}: data.columns.{name}=<its name>.")
    return found or name


def _given(table: Table, role: str, name: str, columns: dict[str, str]) -> str | None:
    """The column configured for this file or for all, else ``name`` or ``name_id``; None if none is there.

    A configured column that is not there is refused, unless another file may be meant: items, for example,
    stand in several.
    """
    configured = [choice for choice in (columns.get(f"{role}.{name}"), columns.get(name)) if choice]
    for choice in [*configured, name, f"{name}_id"]:
        if choice in table.frame.columns:
            return choice
        if choice in configured and name not in _IN_SEVERAL_FILES:
            table.require(choice, f"Correct data.columns.{name}, or leave it out.")
    return None


def _with_links(tables: Tables, links: pl.DataFrame) -> Tables:
    if tables.triples is None:
        return tables
    known = [frame["item"] for frame in (tables.interactions, tables.catalogue) if frame is not None]
    items = pl.concat(known).unique()
    return replace(tables, triples=linked(tables.triples, item_of_entity(links, items), items))
