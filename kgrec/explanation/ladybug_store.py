"""The graph in LadybugDB (https://ladybugdb.com), an embedded database that speaks Cypher."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import ladybug

from kgrec.data.dataset import Dataset
from kgrec.explanation.graph_store import (
    GraphStoreError,
    Rows,
    checked_question,
    fact_tables,
    facts_of,
    node_tables,
    past_table,
)
from kgrec.online.events import ItemRecord

SCHEMA = (
    "CREATE NODE TABLE Person(id STRING PRIMARY KEY)",
    "CREATE NODE TABLE Item(id STRING PRIMARY KEY, label STRING)",
    "CREATE NODE TABLE Entity(id STRING PRIMARY KEY, label STRING)",
    "CREATE REL TABLE INTERACTED(FROM Person TO Item)",
    "CREATE REL TABLE FACT(FROM Item TO Item, FROM Item TO Entity, FROM Entity TO Item, "
    "FROM Entity TO Entity, relation STRING)",
)
TABLES = ("FACT", "INTERACTED", "Person", "Item", "Entity")


class LadybugStore:
    """One file; one process may have it open for writing."""

    def __init__(self, path: Path, memory_megabytes: int = 512, threads: int = 1) -> None:
        """Open or make the file. Raises GraphStoreError where that cannot be."""
        self._path = path
        self._open(memory_megabytes << 20, threads)
        if not self._run("CALL show_tables() RETURN name"):
            self._make()

    def load(self, dataset: Dataset) -> None:
        """See `GraphStore.load`; tables are copied whole, a million facts in seconds."""
        for name in TABLES:
            self._run(f"DROP TABLE {name}")
        self._make()
        for name, frame in node_tables(dataset).items():
            self._copy(name, frame.to_arrow())
        for (one, other), frame in fact_tables(dataset).items():
            columns = frame.select("head", "tail", "relation")
            self._copy("FACT", columns.to_arrow(), f" (from='{one}', to='{other}')")
        self._copy("INTERACTED", past_table(dataset).to_arrow())

    def put_item(self, item: ItemRecord) -> None:
        """See `GraphStore.put_item`; all or nothing."""
        tails = [entity for _, entity in item.facts]
        found = self._run("MATCH (i:Item) WHERE i.id IN $ids RETURN i.id AS id", {"ids": tails})
        with _Transaction(self):
            self._run("MERGE (i:Item {id: $id}) SET i.label = $label", {"id": item.id, "label": item.title})
            self._run("MATCH (i:Item {id: $id})-[f:FACT]->() DELETE f", {"id": item.id})
            for relation, kind, tail in facts_of(item, [row["id"] for row in found]):
                self._run(f"MERGE (e:{kind} {{id: $tail}}) ON CREATE SET e.label = $tail", {"tail": tail})
                self._run(
                    f"MATCH (i:Item {{id: $id}}), (e:{kind} {{id: $tail}}) "
                    "CREATE (i)-[:FACT {relation: $relation}]->(e)",
                    {"id": item.id, "tail": tail, "relation": relation},
                )

    def remove_person(self, user: str) -> None:
        """See `GraphStore.remove_person`."""
        self._run("MATCH (p:Person {id: $user}) DETACH DELETE p", {"user": user})
        # What was deleted leaves the write-ahead file with a checkpoint.
        self._run("CHECKPOINT")

    def query(self, cypher: str, parameters: Mapping[str, Any] | None = None) -> Rows:
        """See `GraphStore.query`; asked in a read-only transaction, which the database itself enforces."""
        question = checked_question(cypher)
        self._run("BEGIN TRANSACTION READ ONLY")
        try:
            rows = self._run(question, parameters)
        except GraphStoreError:
            # A statement that failed may have ended the transaction already.
            with suppress(GraphStoreError):
                self._run("ROLLBACK")
            raise
        self._run("ROLLBACK")
        return rows

    def close(self) -> None:
        """Close connection and file."""
        self._connection.close()
        self._database.close()

    def _open(self, memory: int, threads: int) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._database = ladybug.Database(
                str(self._path), buffer_pool_size=memory, max_num_threads=threads
            )
            self._connection = ladybug.Connection(self._database)
        except (RuntimeError, OSError) as error:
            reason = f"{self._path}: no graph database can be opened there ({error})"
            raise GraphStoreError(reason) from error

    def _make(self) -> None:
        for statement in SCHEMA:
            self._run(statement)

    def _copy(self, table: str, rows: Any, options: str = "") -> None:
        if rows.num_rows:
            self._run(f"COPY {table} FROM $rows{options}", {"rows": rows})

    def _run(self, cypher: str, parameters: Mapping[str, Any] | None = None) -> Rows:
        try:
            result = self._connection.execute(cypher, dict(parameters or {}))
        except RuntimeError as error:
            raise GraphStoreError(f"the graph database refuses {cypher[:200]!r}: {error}") from error
        # Several statements in one text would give several results; the last is the answer.
        last = result[-1] if isinstance(result, list) else result
        names = last.get_column_names()
        return [dict(zip(names, row, strict=True)) for row in last.get_all()]


class _Transaction:
    """Commits at the end, and takes everything back after an error."""

    def __init__(self, store: LadybugStore) -> None:
        self._store = store

    def __enter__(self) -> None:
        self._store._run("BEGIN TRANSACTION")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._store._run("COMMIT" if kind is None else "ROLLBACK")
