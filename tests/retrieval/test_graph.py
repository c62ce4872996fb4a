import numpy as np
import polars as pl
import pytest

from kgrec.data.config import DataConfig
from kgrec.data.dataset import Dataset
from kgrec.data.tables import Tables
from kgrec.errors import ConfigError
from kgrec.query.understanding import Query, QueryUnderstanding
from kgrec.retrieval.base import NOTHING, Candidates
from kgrec.retrieval.fact_table import FactTable
from kgrec.retrieval.graph import GraphConfig, GraphRetriever
from kgrec.retrieval.search_dataset import catalogue_dataset


@pytest.fixture(scope="module")
def facts(goods: Dataset) -> FactTable:
    return FactTable.from_dataset(goods)


def understood(dataset: Dataset, text: str) -> Query:
    return QueryUnderstanding.from_catalogue(dataset).understand(text)


def by_item(dataset: Dataset, found: Candidates) -> dict[str, float]:
    ids = [dataset.items.ids[row] for row in found.items]
    return dict(zip(ids, found.scores.tolist(), strict=True))


def test_facts_of_nodes_agree_with_a_loop_over_triples(goods: Dataset, facts: FactTable) -> None:
    for name in (*goods.items.ids, *goods.entities.ids):
        node = facts.node(name)
        assert node is not None
        _, relations, others = facts.of(np.array([node]))
        seen = sorted(
            zip(map(facts.relation_label, relations.tolist()), map(facts.label, others.tolist()), strict=True)
        )
        expected = []
        for head, relation, tail in goods.triples.iter_rows():
            expected += [(relation, tail)] if head == name else []
            expected += [(relation, head)] if tail == name else []
        titled = dict(goods.catalogue.select("item", "title").iter_rows())
        assert seen == sorted((relation, titled.get(end, end)) for relation, end in expected)
    assert facts.node("no such thing") is None


def test_idf_by_hand(facts: FactTable) -> None:
    footwear, acme, home = (facts.node(name) for name in ("footwear", "Acme", "home"))
    assert facts.idf[footwear] == pytest.approx(np.log(9 / 4) / np.log(9))
    assert facts.idf[acme] == pytest.approx(np.log(9 / 3) / np.log(9))
    assert facts.idf[home] == pytest.approx(1.0)


def test_items_of_the_named_entity_come_first_and_fully(goods: Dataset, facts: FactTable) -> None:
    graph = GraphRetriever(facts, GraphConfig())
    query = understood(goods, "acme")
    assert by_item(goods, graph.retrieve(query, None, None, 10)) == pytest.approx({"s1": 1.0, "b1": 1.0})
    assert graph.matched(goods.items.row("s1"), query) == [("brand", "Acme")]
    assert graph.matched(goods.items.row("s2"), query) == []


def test_two_named_entities_add_up(goods: Dataset, facts: FactTable) -> None:
    graph = GraphRetriever(facts, GraphConfig())
    found = by_item(goods, graph.retrieve(understood(goods, "acme bedding"), None, None, 10))
    acme, bedding = (facts.idf[facts.node(name)] for name in ("Acme", "bedding"))
    assert found["b1"] == pytest.approx(1.0)
    assert found["s1"] == pytest.approx(acme / (acme + bedding))
    # bedding is a part of home, of which cookware is one too: two hops from bedding, and no further.
    assert set(found) == {"b1", "s1", "b2", "b3"}


def test_one_more_hop_reaches_the_items_of_subcategories(goods: Dataset, facts: FactTable) -> None:
    query = understood(goods, "home")
    found = by_item(goods, GraphRetriever(facts, GraphConfig(decay=0.5)).retrieve(query, None, None, 10))
    bedding, cookware = (facts.idf[facts.node(name)] for name in ("bedding", "cookware"))
    expected = dict.fromkeys(("b1", "b2", "b3"), 0.5 * bedding) | dict.fromkeys(("p1", "p2"), 0.5 * cookware)
    assert found == pytest.approx(expected)
    graph = GraphRetriever(facts, GraphConfig(decay=0.0))
    assert len(graph.retrieve(query, None, None, 10)) == 0
    assert graph.matched(goods.items.row("p1"), query) == [("category", "cookware"), ("part_of", "home")]


def test_feedback_finds_what_shares_facts_with_the_first_hits(goods: Dataset, facts: FactTable) -> None:
    graph = GraphRetriever(facts, GraphConfig(feedback=0.4))
    query = understood(goods, "something unheard of")
    row = goods.items.row
    first = Candidates(np.array([row("p1")]), np.array([1.0], np.float32))
    assert by_item(goods, graph.expand(query, first, 10)) == pytest.approx({"p1": 0.4, "p2": 0.4})
    assert graph.shared(row("p2"), first) == [("category", "cookware")]
    assert graph.shared(row("p1"), first) == []
    assert len(graph.expand(query, NOTHING, 10)) == 0
    assert len(GraphRetriever(facts, GraphConfig(feedback=0.0)).expand(query, first, 10)) == 0


def test_only_allowed_items_are_found(goods: Dataset, facts: FactTable) -> None:
    allowed = np.zeros(len(goods.items), bool)
    allowed[goods.items.row("b1")] = True
    found = GraphRetriever(facts, GraphConfig()).retrieve(understood(goods, "acme"), None, None, 10, allowed)
    assert list(by_item(goods, found)) == ["b1"]


def test_a_hidden_relation_is_in_no_fact(goods: Dataset) -> None:
    facts = FactTable.from_dataset(goods, ["brand"])
    graph = GraphRetriever(facts, GraphConfig())
    assert len(graph.retrieve(understood(goods, "acme"), None, None, 10)) == 0
    assert graph.matched(goods.items.row("s1"), understood(goods, "acme")) == []
    with pytest.raises(ConfigError, match="'brnad' cannot be hidden"):
        FactTable.from_dataset(goods, ["brnad"])


def test_a_named_item_comes_first_and_its_likes_after_it(goods: Dataset, facts: FactTable) -> None:
    query = understood(goods, "red running shoe")
    found = by_item(goods, GraphRetriever(facts, GraphConfig(decay=0.5)).retrieve(query, None, None, 10))
    assert [link.id for link in query.links] == ["s1"]
    acme, footwear = (facts.idf[facts.node(name)] for name in ("Acme", "footwear"))
    # s1 has both of its own facts; the others share one of them.
    onward = {"s1": acme + footwear, "s2": footwear, "s3": footwear, "b1": acme}
    largest = max(1.0, acme + footwear)
    expected = {item: 0.5 * value / largest for item, value in onward.items()}
    expected["s1"] += 1.0
    assert found == pytest.approx(expected)


def test_an_item_counts_once_for_an_entity_however_many_facts_join_them() -> None:
    triples = [("one", "director", "Woody"), ("one", "writer", "Woody"), ("one", "actor", "Woody")]
    triples += [("two", "director", "Woody"), ("three", "director", "Other"), ("four", "director", "Other")]
    catalogue = pl.DataFrame({"item": ["one", "two", "three", "four"], "title": ["a", "b", "c", "d"]})
    tables = Tables(
        pl.DataFrame(schema={"user": pl.String, "item": pl.String}),
        pl.DataFrame(triples, ["head", "relation", "tail"], orient="row"),
        catalogue,
        pl.DataFrame({"entity": ["Woody", "Other"], "label": ["Woody", "Other"]}),
    )
    films = catalogue_dataset(tables, DataConfig(name="films", catalogue_items=True))
    facts = FactTable.from_dataset(films)
    node = facts.node("Woody")
    assert node is not None and facts.item_counts[node] == 2
    assert facts.idf[node] == pytest.approx(np.log(5 / 3) / np.log(5))
    graph = GraphRetriever(facts, GraphConfig(feedback=0))
    found = by_item(films, graph.retrieve(understood(films, "Woody"), None, None, 10))
    assert found == {"one": pytest.approx(1.0), "two": pytest.approx(1.0)}
    item = films.items.row("one")
    matched = {relation for relation, _ in graph.matched(item, understood(films, "Woody"))}
    assert matched == {"director", "writer", "actor"}
