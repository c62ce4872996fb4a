"""The comparison of searches: parts that share no query, queries that a hand would type, choices off test."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from kgrec.data.config import DataConfig
from kgrec.data.judgements import Judgements, Topic
from kgrec.data.tables import Tables
from kgrec.evaluation.graded import judge
from kgrec.features.config import EncoderConfig
from kgrec.features.encoder import TransformerEncoder
from kgrec.retrieval.base import Candidates
from kgrec.retrieval.config import SearchConfig
from kgrec.retrieval.engine import SearchEngine
from kgrec.retrieval.found import find
from kgrec.retrieval.search_dataset import catalogue_dataset

SEARCH = Path(__file__).resolve().parent.parent / "benchmarks" / "search"
CPU = torch.device("cpu")


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import a module of benchmarks/search by name, and leave no trace of it."""
    monkeypatch.syspath_prepend(str(SEARCH))

    def module(name: str) -> ModuleType:
        return __import__(name)

    before = set(sys.modules)
    yield module
    for name in set(sys.modules) - before:
        if str(SEARCH) in str(getattr(sys.modules[name], "__file__", None)):
            del sys.modules[name]


def test_a_known_item_is_asked_for_by_words_of_its_name(load: Any) -> None:
    known_items = load("known_items")
    rng = np.random.default_rng(0)
    name = "Sony Bravia 55-inch LED Television Black"
    words, untouched = set(name.lower().split()), 0
    lengths = set()
    for _ in range(300):
        query = known_items.known_item_query(name, rng).split()
        lengths.add(len(query))
        wrong = [word for word in query if word not in words]
        assert len(wrong) <= 1
        untouched += not wrong
    assert lengths == {2, 3, 4, 5}
    assert 0.6 < untouched / 300 < 0.8
    assert known_items.known_item_query("Kids", rng) is None


def test_a_misspelt_word_is_one_slip_away_and_keeps_its_first_letter(load: Any) -> None:
    known_items = load("known_items")
    rng = np.random.default_rng(1)
    made = {known_items.misspelt("camera", rng) for _ in range(400)}
    assert all(word[0] == "c" and abs(len(word) - 6) <= 1 for word in made)
    assert {"cmera", "caamera", "cmaera"} <= made


def test_parts_share_no_query_and_do_not_depend_on_the_order(load: Any) -> None:
    tasks = load("search_tasks")
    grades = {Topic(f"q{n}", user): {"a": 1.0} for n in range(300) for user in ("u", None)}
    parts = tasks.parts_of(grades, 10_000)
    queries = {name: {topic.query for topic in own.grades} for name, own in parts.items()}
    assert sum(map(len, queries.values())) == 300 == len(set.union(*queries.values()))
    assert [len(own) / 300 for own in queries.values()] == pytest.approx([0.4, 0.2, 0.4], abs=0.08)
    again = tasks.parts_of(dict(reversed(grades.items())), 10_000)
    assert {name: set(own.grades) for name, own in again.items()} == {
        name: set(own.grades) for name, own in parts.items()
    }
    assert [len(own) for own in tasks.parts_of(grades, 7).values()] == [7, 7, 7]


@pytest.fixture
def engine() -> SearchEngine:
    items = [f"i{n}" for n in range(30)]
    titles = [f"{('red', 'blue', 'green')[n % 3]} {('shoe', 'pan')[n % 2]} number{n}" for n in range(30)]
    facts = [(item, "brand", f"brand{n % 5}") for n, item in enumerate(items)]
    tables = Tables(
        pl.DataFrame(schema={"user": pl.String, "item": pl.String}),
        pl.DataFrame(facts, schema=["head", "relation", "tail"], orient="row"),
        pl.DataFrame({"item": items, "title": titles}),
    )
    dataset = catalogue_dataset(tables, DataConfig(name="goods", catalogue_items=True))
    return SearchEngine.from_dataset(dataset, "{title}", None, SearchConfig())


def test_weights_are_those_that_judge_best_and_change_the_order(load: Any, engine: SearchEngine) -> None:
    systems = load("search_systems")
    ids = engine.pieces.items.ids
    topics = [Topic("red shoe"), Topic("blue pan")]
    found = find(engine, topics, "test")
    # A planted dense list that knows the answers, beside words that do not tell them apart.
    answers = {topic: ids[n] for n, topic in enumerate(topics)}
    for topic in topics:
        row = np.array([ids.index(answers[topic])])
        found.lists[topic]["dense"] = Candidates(row, np.ones(1, np.float32))
    judgements = Judgements({topic: {item: 1.0} for topic, item in answers.items()})
    best = systems.weighted(found, "rrf", *systems.best_weights(found, "rrf", judgements, ("mrr", 10)))
    assert all(best[topic][0] == answers[topic] for topic in topics)
    without = systems.weighted(found, "rrf", 0.0, 0.0)
    assert any(without[topic][0] != answers[topic] for topic in topics)
    assert found.single("personal") == {topic: [] for topic in topics}


def test_the_table_tests_the_last_against_every_other(load: Any) -> None:
    grades = {Topic(f"q{n}"): {"a": 1.0} for n in range(12)}
    judgements = Judgements(grades)
    judged = {
        "bad": judge({topic: ["b", "c", "a"] for topic in grades}, judgements, [5, 10, 100]),
        "good": judge({topic: ["a"] for topic in grades}, judgements, [5, 10, 100]),
    }
    lines = load("search_table").table(judged, ("mrr", 10), "good").splitlines()
    assert lines[0].startswith("| | mrr@10 | ndcg@10 |")
    assert "| bad | 0.3333 |" in lines[2]
    assert "+0.6667" in lines[2]
    assert float(lines[2].rstrip(" |").split("|")[-1]) < 0.01
    assert lines[3].startswith("| good | 1.0000 |")


def test_an_encoder_is_trained_once_for_the_same_examples_and_settings(
    load: Any, tiny_e5: Path, tmp_path: Path
) -> None:
    tuned_encoders = load("tuned_encoders")
    grades = {Topic(f"q{n}"): {f"i{m}": 1.0 for m in range(25)} for n in range(3)}
    pairs = tuned_encoders.judged_pairs(Judgements(grades))
    assert pairs.group_by("query").len()["len"].to_list() == [20, 20, 20]
    few = tuned_encoders.judged_pairs(Judgements(grades), 1)
    assert few.height == 20
    assert set(few.rows()) < set(pairs.rows())
    texts = {f"i{n}": f"red shoe {n}" for n in range(25)}
    start = EncoderConfig(str(tiny_e5), max_tokens=16)

    def trained(examples: pl.DataFrame, method: str = "lora", seconds: float = 1.0) -> Any:
        return tuned_encoders.tuned(examples, texts, start, method, tuned_encoders.Allowed(seconds), tmp_path)

    first = trained(few)
    assert first.steps > 0
    assert first.encoder.max_tokens == 16
    written = (Path(first.encoder.name) / "finetuning.yaml").stat().st_mtime_ns
    assert trained(few) == first
    assert (Path(first.encoder.name) / "finetuning.yaml").stat().st_mtime_ns == written
    others = [trained(pairs), trained(few, "full"), trained(few, seconds=2.0)]
    others.append(tuned_encoders.read_on(texts, start, tuned_encoders.Allowed(1.0), tmp_path))
    names = [each.encoder.name for each in (first, *others)]
    assert len(set(names)) == len(names)
    vectors = [
        TransformerEncoder(EncoderConfig(name), CPU).encode(["red shoe"], "query") for name in names[:3]
    ]
    assert not torch.equal(vectors[0], vectors[1])
    assert not torch.equal(vectors[0], vectors[2])


def test_a_logged_query_is_answered_by_what_the_others_chose(load: Any) -> None:
    logged = load("logged_queries")
    # Setting 0 is the best of all by query 0 alone: the other two choose setting 1, which is worse for it.
    values = np.array([[0.9, 0.1, 0.1], [0.2, 0.5, 0.3], [0.0, 0.2, 0.4]])
    assert logged.left_out(values).tolist() == [0.2, 0.1, 0.1]


def test_logged_queries_are_judged_on_what_was_shown(load: Any) -> None:
    logged = load("logged_queries")
    pages = pl.DataFrame(
        {
            "session": [str(session) for session in range(40) for _ in range(2)],
            "query": ["ipad"] * 80,
            "item": ["good", "bad"] * 20 + ["bad", "good"] * 20,
            "rank": [0, 1] * 40,
            "clicked": [True, False] * 20 + [False, True] * 20,
        }
    )
    judgements = logged.judged_by_clicks(pages)
    topic = Topic("ipad")
    good, bad = judgements.grades[topic]["good"], judgements.grades[topic]["bad"]
    assert good > 3 * bad > 0
    rankings = {topic: ["never shown", "bad", "good"]}
    assert logged.condensed(rankings, judgements) == {topic: ["bad", "good"]}
    discount = 1 / np.log2(3)
    expected = (bad + good * discount) / (good + bad * discount)
    assert logged.ndcg(rankings, judgements) == pytest.approx([expected])
