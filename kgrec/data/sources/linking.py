"""Items and entities share the ends of triples: who is who, and names that cannot be mistaken."""

import logging

import polars as pl

log = logging.getLogger(__name__)

PREFIX = "entity:"


def item_of_entity(links: pl.DataFrame, known_items: pl.Series) -> pl.DataFrame:
    """Which entity is which item: ``links`` (item, entity) with every entity once.

    A link to an item that neither interactions nor catalogue know leaves the entity what it is. Two entities
    linked to one item both become that item; of two items linked to one entity the smaller id (as text) wins.
    """
    distinct = links.select("item", "entity").unique()
    known = distinct.filter(pl.col("item").is_in(known_items.implode()))
    if known.height < distinct.height:
        log.warning("%d links name an item that nothing else knows; left out", distinct.height - known.height)
    chosen = known.sort("item").unique("entity", keep="first", maintain_order=True)
    if chosen.height < known.height:
        log.warning("%d links give an entity a second item; left out", known.height - chosen.height)
    merged = chosen.height - chosen["item"].n_unique()
    if merged:
        log.warning("%d entities become an item that another entity is linked to as well", merged)
    return chosen


def linked(triples: pl.DataFrame, links: pl.DataFrame, items: pl.Series) -> pl.DataFrame:
    """Triples whose linked ends carry the item's id and whose other ends never look like an item."""
    ends = pl.concat([triples["head"], triples["tail"]]).unique()
    free = ends.filter(~ends.is_in(links["entity"].implode()))
    old = pl.concat([links["entity"], free])
    new = pl.concat([links["item"], unlike_items(free, items)])
    names = pl.col("head", "tail").replace_strict(old, new, return_dtype=pl.String)
    return triples.with_columns(names)


def unlike_items(entities: pl.Series, items: pl.Series) -> pl.Series:
    """Names of entities that are no items.

    Where one of them equals the id of an item, all get the prefix ``entity:``, so that the name of an entity
    does not hang on which other entities there are.
    """
    clashes = int(entities.is_in(items.implode()).sum())
    if not clashes:
        return entities
    log.info("%d entity ids are also item ids: entities without a link are named %s<id>", clashes, PREFIX)
    return PREFIX + entities
