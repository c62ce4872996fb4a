"""A data set: clean tables, their vocabularies, and a fingerprint of their content."""

import logging
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from kgrec.data.cleaning import clean_interactions
from kgrec.data.config import DataConfig
from kgrec.data.facts import FACT, clean_triples
from kgrec.data.fingerprint import fingerprint
from kgrec.data.items import align_catalogue, item_ids, readable
from kgrec.data.queries import QUERY, with_queries
from kgrec.data.statistics import statistics
from kgrec.data.tables import Tables, checked
from kgrec.data.vocabulary import Vocabulary

log = logging.getLogger(__name__)

NO_TRIPLES = pl.DataFrame(schema=dict.fromkeys(FACT, pl.String))


@dataclass(frozen=True)
class Dataset:
    """Tables of external ids and the rows of those ids; rows of tables stand in an order of their own.

    An id of ``items`` is an item wherever a triple names it; every other end of a triple is an entity. Users
    are a namespace of their own: a user's id may equal an item's.
    """

    name: str
    users: Vocabulary
    items: Vocabulary
    entities: Vocabulary
    relations: Vocabulary
    interactions: pl.DataFrame
    """user, item and where known rating, event, timestamp, part, query."""
    triples: pl.DataFrame
    """head, relation, tail."""
    catalogue: pl.DataFrame
    """One row an item, in row order: item, title (null where unknown), other columns."""
    entity_labels: dict[str, str]
    relation_labels: dict[str, str]
    fingerprint: str
    """SHA-256 of the content, independent of row order."""
    behaviour: tuple[str, ...] = ()
    """Relations that are behaviour in disguise; see kgrec.data.knowledge."""
    dropped: dict[str, int] = field(default_factory=dict)
    """How much cleaning removed, by reason."""
    queries: Vocabulary = field(default_factory=lambda: Vocabulary([], "query"))
    """What was typed before interactions: distinct texts; empty where ``interactions`` has no ``query``."""

    def interaction_rows(self) -> tuple[np.ndarray, np.ndarray]:
        """User rows and item rows of the interactions, both ``(n,)`` int64."""
        return self.users.encode(self.interactions["user"]), self.items.encode(self.interactions["item"])

    def query_rows(self) -> np.ndarray | None:
        """Query row of every interaction, ``(n,)`` int64, -1 where nothing was typed; or None: no queries."""
        if len(self.queries) == 0:
            return None
        return self.queries.encode(self.interactions[QUERY])

    def knowledge_rows(self) -> np.ndarray:
        """``(n, 3)`` int64: head, relation, tail; an end is an item row in [0, I) or I + entity row."""
        columns = [self._ends(self.triples["head"]), self.relations.encode(self.triples["relation"])]
        return np.stack([*columns, self._ends(self.triples["tail"])], axis=1)

    def statistics(self) -> dict[str, float | int | str]:
        """Counts, density and what cleaning removed, as plain numbers."""
        return statistics(self)

    def _ends(self, ends: pl.Series) -> np.ndarray:
        items, entities = self.items.encode(ends), self.entities.encode(ends)
        return np.where(items >= 0, items, len(self.items) + entities)


def build_dataset(tables: Tables, config: DataConfig) -> Dataset:
    """Check, clean and index the tables of a source.

    Order: checks; duplicates; rating filter; k-core; vocabularies; triples. Users with nothing left vanish.
    With ``catalogue_items`` every item of the catalogue is an item, also one that a filter had dropped.
    Without, a catalogue item that nobody has is no item, and where a triple names it, it is an entity.

    Raises:
        DataError: a table cannot be used as it is; the message names table, column and row.
        ConfigError: a key of ``config`` has a value that does not exist.
    """
    tables = checked(tables)
    interactions, dropped = clean_interactions(tables.interactions, config)
    users = Vocabulary.from_ids(interactions["user"].unique(), "user")
    items = Vocabulary.from_ids(item_ids(tables, interactions, config.catalogue_items), "item")
    triples, behaviour = NO_TRIPLES, tuple(sorted(config.behaviour_relations))
    if tables.triples is not None:
        visible = tables.triples.filter(~pl.col("relation").is_in(config.hidden_relations))
        triples, behaviour, dropped_triples = clean_triples(visible, items, config)
        dropped |= dropped_triples
    catalogue = align_catalogue(tables.catalogue, items)
    interactions = with_queries(interactions, catalogue, config.queries)
    dataset = Dataset(
        config.name,
        users,
        items,
        Vocabulary([], "entity"),
        Vocabulary([], "relation"),
        _in_row_order(interactions, users, items),
        NO_TRIPLES,
        catalogue.drop(set(config.hidden_relations) - {"item", "title"}, strict=False),
        readable(tables.entity_labels, "entity"),
        readable(tables.relation_labels, "relation"),
        "",
        behaviour,
        dropped,
        _queries(interactions),
    )
    return with_triples(dataset, triples, {})


def _queries(interactions: pl.DataFrame) -> Vocabulary:
    if QUERY not in interactions.columns:
        return Vocabulary([], "query")
    return Vocabulary.from_ids(interactions[QUERY].drop_nulls().unique(), "query")


def _in_row_order(interactions: pl.DataFrame, users: Vocabulary, items: Vocabulary) -> pl.DataFrame:
    """Sorted by user row and item row: whatever comes later draws the same for every order of the file."""
    rows = {"#user": users.encode(interactions["user"]), "#item": items.encode(interactions["item"])}
    others = [column for column in interactions.columns if column not in ("user", "item")]
    return interactions.with_columns(**rows).sort(*rows, *others).drop(*rows)


def with_triples(dataset: Dataset, triples: pl.DataFrame, dropped: dict[str, int]) -> Dataset:
    """The same data set with other triples; entities, relations, labels and fingerprint follow from them.

    ``dropped`` joins the counts of what was removed.
    """
    ends = pl.concat([triples["head"], triples["tail"]]).unique()
    entities = Vocabulary.from_ids(ends.filter(dataset.items.encode(ends) < 0), "entity")
    relations = Vocabulary.from_ids(triples["relation"].unique(), "relation")
    triples = triples.select(FACT).sort("relation", "head", "tail")
    labels = {k: v for k, v in dataset.entity_labels.items() if k in entities or k in dataset.items}
    relation_labels = {k: v for k, v in dataset.relation_labels.items() if k in relations}
    content = {
        "interactions": dataset.interactions,
        "triples": triples,
        "catalogue": dataset.catalogue,
        "entity_labels": pl.DataFrame(list(labels.items()), schema=["id", "label"], orient="row"),
        "relation_labels": pl.DataFrame(list(relation_labels.items()), schema=["id", "label"], orient="row"),
    }
    return Dataset(
        dataset.name,
        dataset.users,
        dataset.items,
        entities,
        relations,
        dataset.interactions,
        triples,
        dataset.catalogue,
        labels,
        relation_labels,
        fingerprint(content),
        dataset.behaviour,
        dataset.dropped | dropped,
        dataset.queries,
    )
