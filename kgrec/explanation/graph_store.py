"""The knowledge graph in a graph database, for questions that people ask in Cypher."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import polars as pl

from kgrec.data.dataset import Dataset
from kgrec.errors import KgrecError
from kgrec.online.events import ItemRecord
from kgrec.retrieval.fact_table import FactTable

KINDS = ("Item", "Entity")
Rows = list[dict[str, Any]]


class GraphStoreError(KgrecError):
    """The graph database cannot be reached, or refuses what it was asked."""


_REFUSED = re.compile(
    r"\b(begin|commit|rollback|checkpoint|copy|load|export|import|install|attach)\b|;\s*\S", re.IGNORECASE
)


def checked_question(cypher: str) -> str:
    """One statement, without transactions (which keep writing out) and files.

    Raises:
        GraphStoreError: it is more than that. Words in quotes count, too; give them as parameters.
    """
    if found := _REFUSED.search(cypher):
        raise GraphStoreError(f"{found[0]!r} has no place in a question; ask one MATCH ... RETURN ...")
    return cypher


class GraphStore(Protocol):
    """Nodes ``Person(id)``, ``Item(id, label)``, ``Entity(id, label)``; edges ``INTERACTED`` from a person to
    an item, and ``FACT(relation)`` between items and entities."""

    def load(self, dataset: Dataset) -> None:
        """Replace everything by a data set: its facts, and its interactions as everybody's past."""
        ...

    def put_item(self, item: ItemRecord) -> None:
        """Add an item or change it: facts of which it was the head are forgotten first."""
        ...

    def remove_person(self, user: str) -> None:
        """Forget a person and what they had; nothing happens where nobody is of this name."""
        ...

    def query(self, cypher: str, parameters: Mapping[str, Any] | None = None) -> Rows:
        """Rows of a question, by column; whatever would write is refused.

        Raises:
            GraphStoreError: the question is no Cypher, or would change the graph.
        """
        ...

    def close(self) -> None:
        """Give the database back."""
        ...


def node_tables(dataset: Dataset) -> dict[str, pl.DataFrame]:
    """``Person`` (id), ``Item`` and ``Entity`` (id, label): what a data set's nodes are."""
    facts = FactTable.from_dataset(dataset)
    n_items = len(dataset.items)
    schema = {"id": pl.String, "label": pl.String}
    items = [(name, facts.label(row)) for row, name in enumerate(dataset.items.ids)]
    entities = [(name, facts.label(n_items + row) or name) for row, name in enumerate(dataset.entities.ids)]
    return {
        "Person": pl.DataFrame({"id": dataset.users.ids}, schema={"id": pl.String}),
        "Item": pl.DataFrame(items, schema=schema, orient="row"),
        "Entity": pl.DataFrame(entities, schema=schema, orient="row"),
    }


def fact_tables(dataset: Dataset) -> dict[tuple[str, str], pl.DataFrame]:
    """``(head, relation, tail)`` by the kinds of head and tail; every one of the four, empty ones too."""
    triples = dataset.triples.select("head", "relation", "tail").unique(maintain_order=True)
    items = dataset.items
    kinds = {
        end: pl.Series([KINDS[value not in items] for value in triples[end].to_list()], dtype=pl.String)
        for end in ("head", "tail")
    }
    return {
        (one, other): triples.filter((kinds["head"] == one) & (kinds["tail"] == other))
        for one in KINDS
        for other in KINDS
    }


def past_table(dataset: Dataset) -> pl.DataFrame:
    """``(user, item)``, each pair once."""
    return dataset.interactions.select("user", "item").unique(maintain_order=True)


def paths_query(user: str, item: str, most: int) -> tuple[str, dict[str, Any]]:
    """A question that people ask most: what connects a person's past with an item."""
    cypher = (
        "MATCH (p:Person)-[:INTERACTED]->(past:Item)-[one:FACT]-(via)-[other:FACT]-(item:Item) "
        "WHERE p.id = $user AND item.id = $item AND past.id <> $item "
        "RETURN past.label AS had, one.relation AS first, via.label AS shared, other.relation AS last "
        "ORDER BY had, shared, first, last LIMIT $most"
    )
    return cypher, {"user": user, "item": item, "most": most}


def facts_of(item: ItemRecord, items: Sequence[str]) -> list[tuple[str, str, str]]:
    """(relation, kind of the tail, tail) of a record; ``items`` are those of its entities that are items."""
    return [(relation, KINDS[entity not in items], entity) for relation, entity in item.facts]
