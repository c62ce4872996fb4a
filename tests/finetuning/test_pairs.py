import polars as pl
import pytest

from kgrec.errors import DataError
from kgrec.finetuning.pairs import (
    few_shot,
    from_facts,
    from_impressions,
    from_judgements,
    from_titles,
    without_queries,
)

TRIPLES = pl.DataFrame(
    [(f"i{n}", "brand", "b:acme") for n in range(30)]
    + [("i1", "category", "shoes"), ("i2", "category", "shoes")],
    schema=["head", "relation", "tail"],
    orient="row",
)


def test_judgements_weigh_by_grade() -> None:
    rows = [("q", "a", 3), ("q", "b", 1), ("q", "c", 0)]
    table = pl.DataFrame(rows, schema=["query", "item", "grade"], orient="row")
    assert from_judgements(table).rows() == [("q", "a", 1.0), ("q", "b", 1 / 3)]
    assert from_judgements(table, 2).rows() == [("q", "a", 1.0)]
    with pytest.raises(DataError, match="grade of 4"):
        from_judgements(table, 4)


def test_impressions_weigh_against_the_querys_best() -> None:
    rows = [("q", "a", 0.4), ("q", "b", 0.2), ("q", "c", 0.01), ("r", "c", 0.01)]
    table = pl.DataFrame(rows, schema=["query", "item", "attractiveness"], orient="row")
    assert from_impressions(table, 0.3).rows() == [("q", "a", 1.0), ("q", "b", 0.5), ("r", "c", 1.0)]


def test_facts_ask_by_label_and_large_ones_are_thinned() -> None:
    pairs = from_facts(TRIPLES, {"b:acme": "Acme"}, per_query=5)
    assert pairs.filter(pl.col("query") == "Acme").height == 5
    assert pairs.filter(pl.col("query") == "shoes")["item"].to_list() == ["i1", "i2"]
    assert pairs.equals(from_facts(TRIPLES.reverse(), {"b:acme": "Acme"}, per_query=5))
    assert not pairs.equals(from_facts(TRIPLES, {"b:acme": "Acme"}, per_query=5, seed=1))


def test_hidden_relations_give_no_query() -> None:
    assert set(from_facts(TRIPLES, {}, hidden=["brand"])["query"]) == {"shoes"}


def test_titles_lose_words_but_not_their_order() -> None:
    titles = {f"i{n}": "one two three four five six" for n in range(200)} | {"empty": " - "}
    pairs = from_titles(titles, keep=0.5)
    assert "empty" not in pairs["item"] and pairs["item"].n_unique() == 200
    order = ["one", "two", "three", "four", "five", "six"]
    for query in pairs["query"]:
        places = [order.index(word) for word in query.split(" ")]
        assert places == sorted(places) and places
    assert 3.2 < pairs["query"].str.split(" ").list.len().mean() < 3.9  # type: ignore[operator]
    assert pairs.equals(from_titles(titles, keep=0.5))


def test_chinese_titles_are_cut_into_words() -> None:
    pairs = from_titles({"a": "运动鞋男"}, keep=0.0)
    assert pairs["query"][0] in ("运动鞋", "男")


def test_few_shot_takes_whole_queries() -> None:
    pairs = from_facts(TRIPLES, {})
    chosen = few_shot(pairs, 1, seed=3)
    assert chosen["query"].n_unique() == 1
    assert chosen.height == pairs.filter(pl.col("query") == chosen["query"][0]).height


def test_held_out_queries_leave_whatever_their_case() -> None:
    assert set(without_queries(from_facts(TRIPLES, {}), [" SHOES "])["query"]) == {"b:acme"}
