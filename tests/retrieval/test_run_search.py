"""Search with a trained run: its people, its graph, its scores, from its directory alone."""

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kgrec.features.encoder import TransformerEncoder
from kgrec.recommender import Recommender
from kgrec.retrieval.config import SearchConfig
from kgrec.retrieval.engine import SearchEngine
from kgrec.retrieval.filters import Filters
from kgrec.run import Run


@pytest.fixture(scope="module")
def recommender(trained: Callable[[str], Run], tmp_path_factory: pytest.TempPathFactory) -> Recommender:
    """A copy, for a search writes text vectors beside the run's files."""
    folder = tmp_path_factory.mktemp("copy") / "run"
    shutil.copytree(trained("lightgcn").path, folder)
    return Recommender.load(folder)


def test_a_text_finds_its_items_with_the_reasons(recommender: Recommender) -> None:
    hits = recommender.search("wool blanket", user="u01", k=5)
    assert all(hit.title is not None and "blanket" in hit.title for hit in hits)
    assert {"lexical", "dense", "personal"} <= set(hits[0].parts)
    past = {recommender.items.ids[row] for row in recommender.seen.of(recommender.users.row("u01"))}
    assert {one.item for hit in hits for one in hit.history} <= past


def test_the_user_orders_what_the_text_found(recommender: Recommender) -> None:
    """All titles of a kind differ by their number alone, so the person decides."""
    scores = {hit.item: hit.score for hit in recommender.recommend(["u01"], 30, exclude_seen=False)[0]}
    hits = recommender.search("brand1", user="u01", k=30)
    named = [hit for hit in hits if hit.facts]
    assert len(named) == 10 and all(hit.facts == [("brand", "brand1")] for hit in named)
    by_rank = sorted(hits, key=lambda hit: hit.parts["personal"].rank)
    fresh = [hit.item for hit in by_rank if hit.item not in _past(recommender, "u01")]
    assert fresh == sorted(fresh, key=lambda item: -scores[item])


def test_an_empty_query_recommends(recommender: Recommender) -> None:
    hits = recommender.search("", user="u02", k=5)
    expected = recommender.recommend(["u02"], 5)[0]
    assert [hit.item for hit in hits] == [hit.item for hit in expected]
    assert [hit.score for hit in hits] == pytest.approx([hit.score for hit in expected], abs=1e-5)
    stranger = recommender.search("", k=3)
    assert [hit.score for hit in stranger] == [hit.score for hit in recommender.popular(3)]


def test_an_unknown_user_gets_plain_search(
    recommender: Recommender, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert recommender.search("pan", user="nobody") == recommender.search("pan")
    assert "'nobody' is unknown" in caplog.text


def test_hiding_what_the_model_has_learned_from_is_told(
    recommender: Recommender, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        SearchEngine.from_run(recommender, SearchConfig())
        assert "was trained with it" not in caplog.text
        SearchEngine.from_run(recommender, SearchConfig(hidden_relations=["brand"]))
    assert "search hides brand, yet the model was trained with it" in caplog.text


def test_filters(recommender: Recommender) -> None:
    hits = recommender.search("shoe", filters=Filters({"brand": ["brand2"]}), k=30)
    assert {int(hit.item[1:]) % 3 for hit in hits} == {2}


def test_item_vectors_are_kept_in_the_run(
    recommender: Recommender, monkeypatch: pytest.MonkeyPatch, cache: Path, tmp_path: Path
) -> None:
    first = recommender.search("wool blanket", k=3)
    assert recommender.run.has("text.safetensors")
    monkeypatch.setenv("KGREC_CACHE", str(tmp_path))
    monkeypatch.setattr(TransformerEncoder, "encode", _only_queries(TransformerEncoder.encode))
    again = Recommender.load(recommender.run.path).search("wool blanket", k=3)
    assert [hit.item for hit in again] == [hit.item for hit in first]


@pytest.mark.parametrize("model", ["popularity", "ease", "kgrec"])
def test_every_kind_of_model_can_search(model: str, trained: Callable[[str], Run]) -> None:
    hits = Recommender.load(trained(model).path).search("frying pan", user="u00", k=3)
    assert all("frying pan" in str(hit.title) for hit in hits)
    assert "personal" in hits[0].parts


def _past(recommender: Recommender, user: str) -> set[str]:
    return {recommender.items.ids[row] for row in recommender.seen.of(recommender.users.row(user))}


def _only_queries(encode: Callable[..., object]) -> Callable[..., object]:
    def checked(self: TransformerEncoder, texts: list[str], kind: str = "passage") -> object:
        assert kind == "query", "items were encoded again"
        return encode(self, texts, kind)

    return checked
