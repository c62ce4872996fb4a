"""KGAT's format, which KGIN and others took over: numbers everywhere, and lists that say what they stand for.

``train.txt``, ``test.txt``, maybe ``valid.txt``: a user's number, then the numbers of the items.
``kg_final.txt``: head, relation, tail. An entity whose number is that of an item is that item.
``item_list.txt``, ``entity_list.txt``, ``relation_list.txt``, ``user_list.txt`` give the original ids
(``org_id remap_id``); where one is missing the number itself is the id.
Source: Wang et al., KGAT: Knowledge Graph Attention Network for Recommendation, KDD 2019, arXiv:1905.07854.
"""

from pathlib import Path

import polars as pl

from kgrec.data.config import DataConfig
from kgrec.data.locate import path_of
from kgrec.data.sources.kgat_files import (
    IdList,
    Numbers,
    ids_of,
    named,
    read_id_list,
    read_pairs,
    read_triples,
)
from kgrec.data.sources.labels import relation_labels, resource_labels
from kgrec.data.sources.linking import unlike_items
from kgrec.data.tables import PARTS, Tables
from kgrec.errors import DataError

_LISTS = {
    "users": "user_list.txt",
    "items": "item_list.txt",
    "entities": "entity_list.txt",
    "relations": "relation_list.txt",
}
_FILES = {part: f"{part}.txt" for part in PARTS} | {"triples": "kg_final.txt"} | _LISTS


def read_kgat(config: DataConfig, folder: Path) -> Tables:
    """Read a folder in KGAT's format; the parts are kept: ``split.method=given`` is the published split.

    Raises:
        DataError: a token is no number, a triple has not three, or a number is missing in its list; names
            file and line.
    """
    unknown = [role for role in config.files if role not in _FILES]
    if unknown:
        raise DataError(f"{config.name}: data.files has {unknown[0]!r}; it knows {', '.join(_FILES)}")
    paths = {role: path for role, name in _FILES.items() if (path := path_of(folder, config, role, name))}
    lists = {role: read_id_list(paths[role]) for role in _LISTS if role in paths}
    pairs = {part: read_pairs(paths[part]) for part in PARTS if part in paths}
    if not pairs:
        raise DataError(f"{folder}: there is neither train.txt nor test.txt; name them in data.files")
    interactions = [_interactions(part, numbers, lists) for part, numbers in pairs.items()]
    triples, entity_labels = None, None
    if "triples" in paths:
        bought = pl.concat([numbers.frame["item"] for numbers in pairs.values()])
        triples, entity_labels = _knowledge(read_triples(paths["triples"]), bought, lists)
    return Tables(
        interactions=pl.concat(interactions),
        triples=triples,
        catalogue=_catalogue(lists.get("items")),
        entity_labels=entity_labels,
        relation_labels=_relation_labels(lists.get("relations")),
    )


def _interactions(part: str, numbers: Numbers, lists: dict[str, IdList]) -> pl.DataFrame:
    columns = {
        "user": ids_of(numbers, "user", lists.get("users")),
        "item": ids_of(numbers, "item", lists.get("items")),
    }
    return pl.DataFrame(columns).with_columns(part=pl.lit(part))


def _knowledge(
    numbers: Numbers, bought: pl.Series, lists: dict[str, IdList]
) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """Triples, and labels of the entities where their ids are addresses that can be read.

    ``bought``: numbers of the items in the interactions. Without a list of the items every number up to the
    largest of them is an item; only numbers that occur are ever named, for a broken file may hold a huge one.
    """
    items, entities = lists.get("items"), lists.get("entities")
    n_items = len(items.ids) if items is not None else int(bought.to_numpy().max(initial=-1)) + 1
    for column in ("head", "tail"):
        ids_of(numbers, column, entities)
    ends = pl.concat([numbers.frame["head"], numbers.frame["tail"]]).unique().sort()
    known, free = ends.filter(ends < n_items), ends.filter(ends >= n_items)
    known_ids = named(known, items)
    free_ids = named(free, entities)
    item_ids = items.ids if items is not None else pl.concat([bought, known]).unique().cast(pl.String)
    names = unlike_items(free_ids, item_ids)
    old, new = pl.concat([known, free]), pl.concat([known_ids, names])
    ends_named = numbers.frame.select(pl.col("head", "tail").replace_strict(old, new, return_dtype=pl.String))
    relation = ids_of(numbers, "relation", lists.get("relations"))
    triples = ends_named.select("head", pl.lit(relation).alias("relation"), "tail")
    labels = pl.DataFrame({"entity": names, "label": resource_labels(free_ids)}).drop_nulls()
    return triples, None if labels.is_empty() else labels


def _catalogue(items: IdList | None) -> pl.DataFrame | None:
    """Titles of the items where item_list.txt has a column of names (an entity's id is no name)."""
    if items is None or items.names is None or not items.third.endswith("name"):
        return None
    titles = resource_labels(items.names)
    return pl.DataFrame({"item": items.ids, "title": titles.fill_null(items.names)})


def _relation_labels(relations: IdList | None) -> pl.DataFrame | None:
    if relations is None:
        return None
    labels = pl.DataFrame({"relation": relations.ids, "label": relation_labels(relations.ids)}).drop_nulls()
    return None if labels.is_empty() else labels
