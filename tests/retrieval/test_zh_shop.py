"""What the worked example promises, on the real catalogue with the real encoder."""

import dataclasses
import os
from pathlib import Path

import polars as pl
import pytest

from kgrec.data.dataset import Dataset
from kgrec.features.cache import RowCache
from kgrec.features.text import CACHE_FILE, TextEmbedder
from kgrec.retrieval.answer import SearchHit
from kgrec.retrieval.config import SearchConfig
from kgrec.retrieval.engine import SearchEngine
from kgrec.retrieval.search_dataset import search_dataset
from kgrec.search_data import data_config, engine_over_data

NIKE = {"m35", "m36"}
BEDDING = {"床品件套", "被枕", "夏凉"}
# Queries that name nothing in particular: cheap and good, recommend, everyday things, useful things.
VAGUE = ["便宜又好", "推荐", "日常用品", "好用的东西"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (os.environ.get("KGREC_DATA") and os.environ.get("KGREC_MODELS")),
        reason="needs zh-shop under KGREC_DATA and multilingual-e5-small-zh-en under KGREC_MODELS",
    ),
]


@pytest.fixture(scope="module")
def shop(conf: Path) -> Dataset:
    return search_dataset(data_config("zh-shop", conf).data)


@pytest.fixture(scope="module")
def engine(conf: Path, cache: Path) -> SearchEngine:
    return engine_over_data("zh-shop", conf, SearchConfig())


@pytest.fixture(scope="module")
def category(shop: Dataset) -> dict[str, str]:
    facts = shop.triples.filter(pl.col("relation") == "category")
    return dict(facts.select("head", "tail").iter_rows())


@pytest.fixture(scope="module")
def bedding_history(category: dict[str, str]) -> list[str]:
    return sorted(item for item, name in category.items() if name in ("床品件套", "被枕"))[:4]


def without(words: str, shop: Dataset, engine: SearchEngine, cache: Path) -> SearchEngine:
    """The same shop with ``words`` (a regular expression) cut out of every title and description."""
    texts = pl.col("title", "description")
    catalogue = shop.catalogue.with_columns(texts.str.replace_all(words, ""))
    assert engine.pieces.encoder is not None
    embedder = TextEmbedder(engine.pieces.encoder.encoders, RowCache(cache / CACHE_FILE))
    hidden = dataclasses.replace(shop, catalogue=catalogue)
    return SearchEngine.from_dataset(hidden, "{title} {description}", embedder)


def items(hits: list[SearchHit]) -> list[str]:
    return [hit.item for hit in hits]


def test_sports_shoes_are_the_first_three(engine: SearchEngine) -> None:
    for query in ("运动鞋", "運動鞋", "运动鞋 nike"):
        assert set(items(engine.search(query, k=3).hits)) >= NIKE
    first = engine.search("nike 运动鞋", k=1).hits[0]
    assert first.facts == [("brand", "NIKE")]
    assert first.parts.keys() == {"lexical", "dense", "graph"}


def test_running_shoes_find_one_in_the_first_three(engine: SearchEngine) -> None:
    assert NIKE & set(items(engine.search("running shoes", k=3).hits))


def test_meaning_finds_the_shoes_where_the_words_are_hidden(
    shop: Dataset, engine: SearchEngine, cache: Path
) -> None:
    chinese = without("运动鞋", shop, engine, cache)
    assert not any("运动鞋" in title for title in chinese.pieces.documents.texts)
    assert set(items(chinese.search("运动鞋", k=3).hits)) >= NIKE
    english = without("(?i)run", shop, engine, cache)
    hits = english.search("running shoes", k=3).hits
    assert NIKE & set(items(hits))
    assert all("lexical" not in hit.parts for hit in hits)


@pytest.mark.parametrize("query", VAGUE)
def test_a_bedding_history_sees_bedding_first_for_a_vague_query(
    query: str, engine: SearchEngine, category: dict[str, str], bedding_history: list[str]
) -> None:
    first = engine.search(query, history=bedding_history, k=1).hits[0]
    assert category[first.item] in BEDDING
    assert first.history[0].item in bedding_history and "personal" in first.parts


@pytest.mark.parametrize("query", VAGUE)
@pytest.mark.parametrize("liked", ["宠物", "锅具"])
def test_another_history_sees_its_own_first_for_the_same_query(
    query: str, liked: str, engine: SearchEngine, category: dict[str, str]
) -> None:
    history = sorted(item for item, name in category.items() if name == liked)[:4]
    assert category[engine.search(query, history=history, k=1).hits[0].item] == liked


def test_a_stranger_sees_something_else_for_most_vague_queries(
    engine: SearchEngine, category: dict[str, str]
) -> None:
    firsts = [category[engine.search(query, k=1).hits[0].item] for query in VAGUE]
    assert sum(first in BEDDING for first in firsts) <= 1


def test_a_clear_query_is_answered_whatever_the_history(
    engine: SearchEngine, bedding_history: list[str]
) -> None:
    assert set(items(engine.search("运动鞋", history=bedding_history, k=2).hits)) == NIKE


def test_an_empty_query_recommends_by_history(
    engine: SearchEngine, category: dict[str, str], bedding_history: list[str]
) -> None:
    hits = engine.search("", history=bedding_history, k=3).hits
    assert {category[hit.item] for hit in hits} <= BEDDING
    assert not set(items(hits)) & set(bedding_history)


def test_categories_as_queries_with_the_category_hidden(conf: Path, shop: Dataset, cache: Path) -> None:
    hidden = engine_over_data("zh-shop", conf, SearchConfig(hidden_relations=["category"]))
    facts = shop.triples.filter((pl.col("relation") == "category") & (pl.len().over("relation", "tail") >= 5))
    truth = {name: set(items) for name, items in facts.group_by("tail").agg("head").rows()}
    assert len(truth) == 17
    found = {name: items(hidden.search(name, k=5).hits) for name in truth}
    assert sum(len(truth[name] & set(found[name])) for name in truth) / (5 * len(truth)) > 0.72


def test_a_hidden_category_is_in_no_part_of_an_answer(conf: Path, shop: Dataset, cache: Path) -> None:
    hidden = engine_over_data("zh-shop", conf, SearchConfig(hidden_relations=["category"]))
    names = set(shop.triples.filter(pl.col("relation") == "category")["tail"])
    for query in ("男鞋", "床品件套"):
        answer = hidden.search(query, k=20, facets=True)
        assert not {link.label for link in answer.query.links} & names
        assert "category" not in answer.facets
        assert not any(label in names for hit in answer.hits for _, label in (*hit.facts, *hit.shared))
