"""The graph in a database: loaded, changed, asked, and safe from questions that write."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kgrec.data.dataset import Dataset
from kgrec.explanation.cypher_server import CypherServer
from kgrec.explanation.graph_store import GraphStoreError, paths_query
from kgrec.explanation.ladybug_store import LadybugStore
from kgrec.explanation.stores import open_store
from kgrec.online.events import ItemRecord

FACTS = "MATCH (a)-[f:FACT]->(b) RETURN a.id AS head, f.relation AS relation, b.id AS tail"


@pytest.fixture
def store(small: Dataset, tmp_path: Path) -> Iterator[LadybugStore]:
    one = LadybugStore(tmp_path / "graph" / "graph.lbug")
    one.load(small)
    yield one
    one.close()


def facts(store: LadybugStore) -> set[tuple[str, ...]]:
    return {tuple(row.values()) for row in store.query(FACTS)}


def test_every_fact_and_every_past_is_there(store: LadybugStore, small: Dataset) -> None:
    assert facts(store) == set(small.triples.select("head", "relation", "tail").iter_rows())
    past = store.query("MATCH (p:Person)-[:INTERACTED]->(i:Item) RETURN p.id AS user, i.id AS item")
    assert {tuple(row.values()) for row in past} == set(small.interactions.select("user", "item").iter_rows())
    assert store.query("MATCH (e:Entity {id: 'Air'}) RETURN e.label AS label") == [{"label": "Air Inc."}]


def test_what_connects_is_one_question(store: LadybugStore) -> None:
    rows = store.query(*paths_query("bob", "sock", 10))
    assert rows == [{"had": "Shoe", "first": "brand", "shared": "Air Inc.", "last": "brand"}]


def test_loading_again_replaces(store: LadybugStore, small: Dataset) -> None:
    store.load(small)
    assert len(store.query(FACTS)) == small.triples.height


def test_an_item_comes_and_changes(store: LadybugStore) -> None:
    store.put_item(ItemRecord("boot", "Boot", None, (("brand", "Air"), ("like", "shoe"), ("colour", "red"))))
    assert {f for f in facts(store) if f[0] == "boot"} == {
        ("boot", "brand", "Air"),
        ("boot", "like", "shoe"),
        ("boot", "colour", "red"),
    }
    store.put_item(ItemRecord("boot", "Big boot", None, (("brand", "Iron"),)))
    assert {f for f in facts(store) if f[0] == "boot"} == {("boot", "brand", "Iron")}
    assert store.query("MATCH (i:Item {id: 'boot'}) RETURN i.label AS label") == [{"label": "Big boot"}]
    # The fact of another item with it as its tail stays.
    assert ("lid", "part_of", "pan") in facts(store)


def test_a_person_is_gone_also_from_the_file(store: LadybugStore, tmp_path: Path) -> None:
    store.remove_person("cat")
    assert store.query("MATCH (p:Person) RETURN p.id AS id ORDER BY id") == [{"id": "ann"}, {"id": "bob"}]
    store.remove_person("nobody")
    store.close()
    again = LadybugStore(tmp_path / "graph" / "graph.lbug")
    assert len(again.query("MATCH (p:Person)-[:INTERACTED]->() RETURN p.id")) == 4
    again.close()


@pytest.mark.parametrize(
    "question",
    [
        "CREATE (:Person {id: 'x'})",
        "MATCH (p:Person) DETACH DELETE p",
        "MATCH (i:Item) SET i.label = 'x'",
        "DROP TABLE FACT",
        "COMMIT",
        "MATCH (p:Person) RETURN p.id; CREATE (:Person {id: 'x'})",
        "COPY (MATCH (p:Person) RETURN p.id) TO '/tmp/stolen.csv'",
        "LOAD FROM '/etc/passwd' RETURN *",
        "nonsense",
    ],
)
def test_a_question_cannot_write_or_read_files(store: LadybugStore, question: str) -> None:
    with pytest.raises(GraphStoreError):
        store.query(question)
    assert len(store.query("MATCH (p:Person) RETURN p.id")) == 3 and len(store.query(FACTS)) == 5


def test_a_failed_change_leaves_nothing_behind(store: LadybugStore) -> None:
    before = facts(store)
    broken = ItemRecord("shoe", "New", None, (("brand", "Iron"),))
    # No record can be like that; a database that fails half-way can.
    object.__setattr__(broken, "facts", (("brand", "Iron"), (object(), "Air")))
    with pytest.raises((GraphStoreError, ValueError, TypeError)):
        store.put_item(broken)
    assert facts(store) == before


def test_a_folder_that_cannot_hold_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(GraphStoreError, match="no graph database"):
        LadybugStore(tmp_path / "file" / "graph.lbug")
    assert isinstance(open_store(str(tmp_path / "g.lbug")), LadybugStore)


def test_a_server_that_does_not_answer_is_an_error() -> None:
    with pytest.raises(GraphStoreError, match="does not answer") as caught:
        open_store("bolt://someone:secret@127.0.0.1:1/neo4j")
    assert "secret" not in str(caught.value)
    with pytest.raises(GraphStoreError):
        CypherServer("http://127.0.0.1")
