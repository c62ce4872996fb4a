"""The graph in a server that speaks Cypher over Bolt (Neo4j, Memgraph), by URL."""

from collections.abc import Mapping
from typing import Any

import neo4j
import polars as pl
from neo4j.exceptions import DriverError, Neo4jError

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

BATCH = 10_000


class CypherServer:
    """A database of a server; ``load`` replaces what it holds of persons, items and entities."""

    def __init__(self, url: str, user: str = "", password: str = "", database: str | None = None) -> None:
        """``url``: ``neo4j://host:7687`` or ``bolt://host:7687``.

        Raises:
            GraphStoreError: the server does not answer, or not to these credentials.
        """
        self._url, self._database = url, database
        try:
            self._driver = neo4j.GraphDatabase.driver(
                url, auth=(user, password) if user else None, connection_timeout=5.0
            )
            self._driver.verify_connectivity()
        except (DriverError, Neo4jError, ValueError, OSError) as error:
            raise GraphStoreError(f"{url}: the Cypher server does not answer ({error})") from error

    def load(self, dataset: Dataset) -> None:
        """See `GraphStore.load`; ``BATCH`` rows a statement."""
        for kind in ("Person", "Item", "Entity"):
            self._write(
                f"MATCH (n:{kind}) CALL (n) {{ DETACH DELETE n }} IN TRANSACTIONS OF {BATCH} ROWS", alone=True
            )
            name = f"kgrec_{kind.lower()}_id"
            self._write(f"CREATE CONSTRAINT {name} IF NOT EXISTS FOR (n:{kind}) REQUIRE n.id IS UNIQUE")
        for kind, frame in node_tables(dataset).items():
            self._rows(frame, f"UNWIND $rows AS row CREATE (n:{kind}) SET n = row")
        for (one, other), frame in fact_tables(dataset).items():
            self._rows(
                frame,
                f"UNWIND $rows AS row MATCH (h:{one} {{id: row.head}}), (t:{other} {{id: row.tail}}) "
                "CREATE (h)-[:FACT {relation: row.relation}]->(t)",
            )
        self._rows(
            past_table(dataset),
            "UNWIND $rows AS row MATCH (p:Person {id: row.user}), (i:Item {id: row.item}) "
            "CREATE (p)-[:INTERACTED]->(i)",
        )

    def put_item(self, item: ItemRecord) -> None:
        """See `GraphStore.put_item`; one transaction."""
        tails = [entity for _, entity in item.facts]
        found = self.query("MATCH (i:Item) WHERE i.id IN $ids RETURN i.id AS id", {"ids": tails})
        facts = facts_of(item, [row["id"] for row in found])

        def work(transaction: neo4j.ManagedTransaction) -> None:
            transaction.run(
                "MERGE (i:Item {id: $id}) SET i.label = $label "
                "WITH i OPTIONAL MATCH (i)-[f:FACT]->() DELETE f",
                id=item.id,
                label=item.title,
            ).consume()
            for relation, kind, tail in facts:
                transaction.run(
                    f"MATCH (i:Item {{id: $id}}) MERGE (e:{kind} {{id: $tail}}) "
                    "ON CREATE SET e.label = $tail CREATE (i)-[:FACT {relation: $relation}]->(e)",
                    id=item.id,
                    tail=tail,
                    relation=relation,
                ).consume()

        with self._session(neo4j.WRITE_ACCESS) as session:
            self._told(lambda: session.execute_write(work))

    def remove_person(self, user: str) -> None:
        """See `GraphStore.remove_person`."""
        self._write("MATCH (p:Person {id: $user}) DETACH DELETE p", {"user": user})

    def query(self, cypher: str, parameters: Mapping[str, Any] | None = None) -> Rows:
        """See `GraphStore.query`; asked with read access, which the server enforces."""
        question = checked_question(cypher)
        with self._session(neo4j.READ_ACCESS) as session:
            found: Rows = self._told(
                lambda: session.execute_read(lambda t: t.run(question, dict(parameters or {})).data())
            )
        return found

    def close(self) -> None:
        """Close the connections."""
        self._driver.close()

    def _rows(self, frame: pl.DataFrame, cypher: str) -> None:
        for start in range(0, frame.height, BATCH):
            self._write(cypher, {"rows": frame[start : start + BATCH].to_dicts()})

    def _write(self, cypher: str, parameters: Mapping[str, Any] | None = None, alone: bool = False) -> None:
        """``alone``: a statement that makes its own transactions."""
        given = dict(parameters or {})
        with self._session(neo4j.WRITE_ACCESS) as session:
            if alone:
                self._told(lambda: session.run(cypher, given).consume())
            else:
                self._told(lambda: session.execute_write(lambda t: t.run(cypher, given).consume()))

    def _session(self, access: str) -> neo4j.Session:
        return self._driver.session(database=self._database, default_access_mode=access)

    def _told(self, call: Any) -> Any:
        try:
            return call()
        except (DriverError, Neo4jError) as error:
            raise GraphStoreError(f"{self._url}: {error}") from error
