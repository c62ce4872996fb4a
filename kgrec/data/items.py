"""Which things are items, and what the catalogue says about each of them."""

import logging
from collections.abc import Iterable

import polars as pl

from kgrec.data.tables import Tables
from kgrec.data.vocabulary import Vocabulary
from kgrec.errors import DataError

log = logging.getLogger(__name__)


def item_ids(tables: Tables, interactions: pl.DataFrame, catalogue_items: bool) -> Iterable[str]:
    """Items of the cleaned interactions, with ``catalogue_items`` also all of the catalogue.

    Raises:
        DataError: the catalogue knows every user and no item: the columns are swapped.
    """
    ids = interactions["item"].unique()
    if tables.catalogue is None:
        return ids
    known = tables.catalogue["item"].unique()
    _refuse_swapped(tables.interactions, known)
    if catalogue_items:
        return pl.concat([ids, known]).unique()
    if not ids.is_in(known.implode()).any():
        log.warning("the catalogue names none of the %d items: are their ids of the same kind?", len(ids))
    return ids


def align_catalogue(catalogue: pl.DataFrame | None, items: Vocabulary) -> pl.DataFrame:
    """Exactly one row an item, in row order: item, title (null where unknown), other columns.

    Raises:
        DataError: the catalogue describes an item in two ways.
    """
    rows = pl.DataFrame({"item": items.ids}, schema={"item": pl.String})
    if catalogue is None:
        return rows.with_columns(title=pl.lit(None, pl.String))
    catalogue = catalogue.unique(maintain_order=True)
    twice = catalogue.filter(catalogue["item"].is_duplicated())
    if not twice.is_empty():
        raise DataError(
            f"catalogue: item {twice['item'][0]!r} is described in two ways, with the titles "
            f"{twice.filter(pl.col('item') == twice['item'][0])['title'].to_list()}: keep one row an item"
        )
    others = [column for column in catalogue.columns if column not in ("item", "title")]
    joined = rows.join(catalogue, on="item", how="left", maintain_order="left")
    return joined.select("item", "title", *others)


def readable(labels: pl.DataFrame | None, column: str) -> dict[str, str]:
    """Id -> label; where an id has several, the first in alphabetical order."""
    if labels is None:
        return {}
    return dict(labels.group_by(column).agg(pl.col("label").min()).sort(column).iter_rows())


def _refuse_swapped(interactions: pl.DataFrame, known: pl.Series) -> None:
    catalogue = known.implode()
    users, items = interactions["user"].unique(), interactions["item"].unique()
    if users.is_in(catalogue).all() and not items.is_in(catalogue).any():
        raise DataError(
            "interactions: user and item columns look swapped: the catalogue names every id of the user "
            f"column (such as {users.min()!r}) and none of the item column (such as {items.min()!r}); "
            "set data.columns to exchange them"
        )
