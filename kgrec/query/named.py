"""The things of a data set that have a name a person may type."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from kgrec.data.dataset import Dataset
from kgrec.data.vocabulary import Vocabulary
from kgrec.features.templates import entity_texts
from kgrec.query.hidden import visible_catalogue, visible_triples

# An id such as iphone6 or 5s: letters and digits that somebody typed as a name. m.0bln8 and 4711 are none.
_CODE = re.compile(r"(?=.*[a-z])(?=.*\d)[a-z0-9][a-z0-9 -]*", re.IGNORECASE)
_MACHINE_ID = re.compile(r"/?[mg][./][0-9a-z_]+|[QP]\d+|[0-9a-f-]{24,}|B0[0-9A-Z]{8}")
# "MUJI制造商" is typed as MUJI.
_SUFFIX = re.compile(r"(?<=\w)\s*(?:制造商|旗舰店|官方旗舰店|专卖店)$")


@dataclass(frozen=True)
class Named:
    """An entity or item with the names it goes by."""

    id: str
    label: str
    relations: tuple[str, ...]
    """Relations in which it is a tail, most frequent first."""
    facts: int
    """How many visible facts name it, at least 1."""
    is_item: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The label and, where it ends in a word for a shop or maker, what stands before that."""
        short = _SUFFIX.sub("", self.label)
        return (self.label,) if short == self.label else (self.label, short)


def entity_names(dataset: Dataset, ids: Sequence[str]) -> list[str]:
    """What to call each entity: its label, else its id where that is readable, else ``""``."""
    texts = entity_texts(ids, dataset.entity_labels)
    return [text or (name if _is_code(name) else "") for name, text in zip(ids, texts, strict=True)]


def named_nodes(dataset: Dataset, hidden_relations: Sequence[str] = ()) -> list[Named]:
    """Entities that visible facts join to an item, then items that have a title."""
    triples = visible_triples(dataset, hidden_relations)
    tail_of = _relations_by_tail(triples)
    facts = _counts(triples)
    ids = joined_to_items(triples, dataset.items)
    entities = [
        Named(name, label, tail_of.get(name, ()), facts[name])
        for name, label in zip(ids, entity_names(dataset, ids), strict=True)
        if label
    ]
    titles = visible_catalogue(dataset, hidden_relations).select("item", "title").drop_nulls().iter_rows()
    items = [Named(name, title, tail_of.get(name, ()), facts.get(name, 1), True) for name, title in titles]
    return entities + items


def joined_to_items(triples: pl.DataFrame, items: Vocabulary) -> list[str]:
    """Entities in whose connected component there is an item, in alphabetical order.

    Directions do not count. With a relation hidden, a hierarchy above it hangs in the air and is left out.
    """
    ends = Vocabulary(pl.concat([triples["head"], triples["tail"]]).unique().sort().to_list(), "end")
    if len(ends) == 0:
        return []
    rows, columns = ends.encode(triples["head"]), ends.encode(triples["tail"])
    edges = coo_matrix((np.ones(len(rows), np.int8), (rows, columns)), (len(ends), len(ends)))
    _, component = connected_components(edges, directed=False)
    is_item = items.encode(pl.Series(ends.ids)) >= 0
    reached = np.isin(component, component[is_item]) & ~is_item
    return [ends.ids[row] for row in np.flatnonzero(reached)]


def _relations_by_tail(triples: pl.DataFrame) -> dict[str, tuple[str, ...]]:
    counted = triples.group_by("tail", "relation").len().sort(["len", "relation"], descending=[True, False])
    grouped = counted.group_by("tail", maintain_order=True).agg("relation")
    return {tail: tuple(relations) for tail, relations in grouped.iter_rows()}


def _counts(triples: pl.DataFrame) -> dict[str, int]:
    ends = pl.concat([triples["head"].rename("end"), triples["tail"].rename("end")])
    return dict(ends.value_counts(name="n").iter_rows())


def _is_code(name: str) -> bool:
    return _CODE.fullmatch(name) is not None and _MACHINE_ID.fullmatch(name) is None
