import dataclasses
import logging

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kgrec.data.config import DataConfig
from kgrec.data.dataset import Dataset
from kgrec.data.tables import Tables
from kgrec.errors import ConfigError, DataError
from kgrec.features.text import TextEmbedder
from kgrec.retrieval.config import SearchConfig
from kgrec.retrieval.coverage import Coverage
from kgrec.retrieval.engine import SearchEngine
from kgrec.retrieval.filters import Filters
from kgrec.retrieval.rank_features import FEATURES
from kgrec.retrieval.ranker import LearnedRanker, RankerConfig, RankingData
from kgrec.retrieval.search_dataset import catalogue_dataset
from kgrec.retrieval.vector_index import IndexConfig


def ids(engine: SearchEngine, text: str, **options: object) -> list[str]:
    return [hit.item for hit in engine.search(text, **options).hits]  # type: ignore[arg-type]


def test_words_find_and_the_parts_say_so(engine: SearchEngine) -> None:
    hits = engine.search("running shoes", k=3).hits
    assert {hit.item for hit in hits[:2]} == {"s1", "s2"}
    first = hits[0]
    assert first.parts["lexical"].rank == 1 and first.parts["dense"].rank == 1
    assert first.title is not None
    assert [first.title[start:end] for start, end in first.highlights] == ["running", "shoe"]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_meaning_finds_what_no_word_does(engine: SearchEngine, wordless_engine: SearchEngine) -> None:
    hits = engine.search("sneakers", k=3).hits
    assert {hit.item for hit in hits} == {"s1", "s2", "s3"}
    assert all("lexical" not in hit.parts for hit in hits)
    assert all("lexical" not in hit.parts for hit in wordless_engine.search("sneakers", k=3).hits)


def test_named_entities_are_facts_of_the_hit(engine: SearchEngine) -> None:
    hits = engine.search("Acme blanket", k=2).hits
    assert hits[0].item == "b1"
    assert hits[0].facts == [("brand", "Acme")]
    assert hits[0].parts["graph"].rank == 1
    assert hits[1].item == "b2" and hits[1].facts == []


def test_chinese_and_english_are_one_catalogue(engine: SearchEngine) -> None:
    assert ids(engine, "羊毛被", k=1) == ["b3"]
    assert ids(engine, "運動鞋", k=1) == ["s3"]
    assert ids(engine, "ＮＩＫＥ", k=1) == ["s3"]


def test_a_history_decides_a_vague_query_and_not_a_clear_one(engine: SearchEngine) -> None:
    bedding = {"b1", "b2", "b3"}
    warm = engine.search("something", history=["b1", "b2"], k=3).hits
    assert {hit.item for hit in warm} == bedding
    assert ids(engine, "something", history=["p1"], k=1) == ["p2"]
    assert ids(engine, "running shoe", history=["b1", "b2"], k=2) == ids(engine, "running shoe", k=2)
    past = next(hit for hit in warm if hit.item == "b3").history
    assert {one.item for one in past} <= {"b1", "b2"} and past[0].likeness > 0
    assert all(one.item != hit.item for hit in warm for one in hit.history)


def test_an_empty_query_recommends(engine: SearchEngine, popular_engine: SearchEngine) -> None:
    for nothing in ("", "   ", "\u200b\n", "?!"):
        assert ids(engine, nothing, history=["p1"], k=1) == ["p2"]
        assert ids(popular_engine, nothing, k=1) == ["b2"]
    hit = popular_engine.search("", k=1).hits[0]
    assert list(hit.parts) == ["popularity"] and hit.parts["popularity"].score == 3.0
    assert "b2" not in ids(popular_engine, "", user="u1", k=8)
    # Whoever has had everything that a filter leaves is not shown it again.
    pans = Filters(attributes={"category": ["cookware"]})
    assert ids(popular_engine, "", history=["p1"], filters=pans) == ["p2"]
    assert ids(popular_engine, "", history=["p1", "p2"], filters=pans) == []
    # With nothing known at all there is still an answer, and the same one every time.
    assert ids(engine, "", k=3) == ids(engine, "", k=3) and len(ids(engine, "", k=3)) == 3


def test_an_unknown_user_gets_plain_search(
    popular_engine: SearchEngine, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        answer = popular_engine.search("pan", user="nobody", k=3)
    assert "'nobody' is unknown" in caplog.text
    assert answer.hits == popular_engine.search("pan", k=3).hits
    assert all("personal" not in hit.parts for hit in answer.hits)


def test_unknown_words_get_meaning_and_popularity(
    popular_engine: SearchEngine, wordless_engine: SearchEngine
) -> None:
    hits = popular_engine.search("qwrtz", k=3).hits
    assert hits[0].item == "b2" and {"dense", "popularity"} <= set(hits[0].parts)
    assert len(wordless_engine.search("qwrtz", k=3).hits) == 3


def test_filters_hold_for_every_retriever(engine: SearchEngine) -> None:
    cheap = Filters(price=(None, 45.0))
    assert set(ids(engine, "running shoe", filters=cheap)) == {"s2", "b1", "b2", "p1"}
    assert ids(engine, "", filters=Filters({"category": ["cookware"]}), k=5) == ids(
        engine, "", filters=Filters({"category": ["cookware"]}), k=2
    )
    assert set(ids(engine, "nike", filters=Filters({"brand": ["acme"]}))) <= {"s1", "b1"}
    assert ids(engine, "shoe", filters=Filters({"brand": ["nobody"]})) == []
    with pytest.raises(DataError, match="no attribute 'colour'"):
        engine.search("shoe", filters=Filters({"colour": ["red"]}))


def test_facets_count_the_hits(engine: SearchEngine) -> None:
    answer = engine.search("shoe", filters=Filters({"category": ["footwear"]}), facets=True)
    assert answer.facets["category"] == [("footwear", 3)]
    assert answer.facets["brand"] == [("Acme", 1), ("Nike", 1)]
    assert engine.search("shoe").facets == {}


def test_a_hidden_relation_is_nowhere(goods: Dataset, embedder: TextEmbedder) -> None:
    config = SearchConfig(hidden_relations=["category"])
    hidden = SearchEngine.from_dataset(goods, "{title}", embedder, config)
    answer = hidden.search("footwear", k=8, facets=True)
    assert "category" not in answer.facets and not answer.query.links
    assert all("lexical" not in hit.parts for hit in answer.hits)
    assert not any(name == "category" for hit in answer.hits for name, _ in (*hit.facts, *hit.shared))
    with pytest.raises(DataError, match="no attribute 'category'"):
        hidden.search("x", filters=Filters({"category": ["bedding"]}))


@pytest.mark.parametrize("config", [SearchConfig(fusion="rrf"), SearchConfig(index=IndexConfig("hnsw"))])
def test_other_fusions_and_indexes_find_the_same_shoes(
    goods: Dataset, embedder: TextEmbedder, config: SearchConfig
) -> None:
    engine = SearchEngine.from_dataset(goods, "{title}", embedder, config)
    assert {*ids(engine, "running shoe", k=2)} == {"s1", "s2"}


def test_a_learned_fusion_orders_by_its_ranker(engine: SearchEngine) -> None:
    """A ranker that was taught to turn the dense order around does so."""
    rng = np.random.default_rng(0)
    features = rng.random((400, len(FEATURES))).astype(np.float32)
    grades = np.digitize(-features[:, FEATURES.index("dense_score")], [-0.6, -0.3])
    ranker = LearnedRanker.fit(RankingData(features, grades, np.full(20, 20)), RankerConfig(trees=30))
    config = dataclasses.replace(engine.config, fusion="learned")
    learned = SearchEngine(engine.pieces, config, ranker)
    hits = learned.search("sneakers", k=8).hits
    assert {hit.item for hit in hits[-3:]} == {"s1", "s2", "s3"}
    with pytest.raises(ConfigError, match="needs a fitted ranker"):
        SearchEngine(engine.pieces, config)
    with pytest.raises(ConfigError, match="convex, rrf, learned"):
        SearchEngine(engine.pieces, SearchConfig(fusion="mean"))


def test_coverage_by_hand(engine: SearchEngine) -> None:
    lexical = engine.pieces.lexical
    coverage = Coverage(lexical)
    tokens = engine.pieces.understanding.analyser.tokens("running shoe")
    assert coverage.of(tokens, float(lexical.scores(tokens).max())) == pytest.approx(1.0)
    best = float(lexical.scores(["shoe"]).max())
    # Of two words one is in no item: it counts as much as the other.
    assert coverage.of(["shoe", "qwrtz"], best) == pytest.approx(0.5)
    assert coverage.of(["qwrtz"], 0.0) == 0.0 and coverage.of([], 0.0) == 0.0


ODD = st.one_of(
    st.text(st.characters(), max_size=60),
    st.text(st.characters(categories=["Cs", "Cc", "Cf", "So", "Mn"]), max_size=30),
    st.text("运动鞋羊毛被 running shoe Nike'\";--=%", max_size=40),
    st.sampled_from(
        [
            "",
            "x" * 10_000,
            "被" * 10_000,
            "shoe " * 2_000,
            "👟👟",
            "\x00\x01\x02",
            "\ud800",
            "shoe\ud83d",
            "'; DROP TABLE items; --",
            '"unbalanced',
            "حذاء رياضي",
            "\u202eeohs\u202c",
            "运动鞋running鞋shoe",
            "http://a.b/?q=1&r=2#c",
            "{title}",
            "%s %d %n",
            "\\",
            "[a-z]+(",
            "a=b",
            "1e5",
            "\u0130\u0345",
        ]
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ODD,
    st.sampled_from([None, "u1", "nobody", "", "\ud800"]),
    st.integers(1, 9),
    st.booleans(),
    st.booleans(),
)
def test_no_query_makes_it_raise(
    popular_engine: SearchEngine, text: str, user: str | None, k: int, cheap: bool, facets: bool
) -> None:
    filters = Filters(price=(None, 45.0)) if cheap else None
    answer = popular_engine.search(text, user, None, k, filters, facets)
    found = [hit.item for hit in answer.hits]
    assert len(found) == len(set(found)) <= k
    assert len(found) > 0
    assert set(found) <= ({"s2", "b1", "b2", "p1"} if cheap else set(popular_engine.pieces.items.ids))
    assert all(np.isfinite(hit.score) for hit in answer.hits)
    assert answer.query.text == text


def test_more_hits_than_the_usual_depth_can_be_asked_for(engine: SearchEngine) -> None:
    shallow = SearchEngine(engine.pieces, dataclasses.replace(engine.config, depth=2))
    assert len(shallow.search("shoe", k=8).hits) == 8
    assert len(shallow.search("", k=8).hits) == 8


def test_a_bare_catalogue_can_be_searched(embedder: TextEmbedder) -> None:
    """No facts, one title missing, no prices; then no title at all."""
    no_people = pl.DataFrame(schema={"user": pl.String, "item": pl.String})
    config = DataConfig(name="bare", catalogue_items=True)
    catalogue = pl.DataFrame({"item": ["a", "b"], "title": ["frying pan", None]})
    dataset = catalogue_dataset(Tables(no_people, None, catalogue), config)
    engine = SearchEngine.from_dataset(dataset, "{title}", embedder)
    assert ids(engine, "frying pan") == ["a"]
    assert ids(engine, "skillet", history=["b"]) == ["a"]
    assert sorted(ids(engine, "")) == ["a", "b"]
    untitled = catalogue_dataset(Tables(no_people, None, catalogue.filter(pl.col("item") == "b")), config)
    assert ids(SearchEngine.from_dataset(untitled, "{title}", embedder), "pan") == ["b"]
    assert SearchEngine.from_dataset(untitled, "{title}", embedder).search("pan").hits[0].title is None
