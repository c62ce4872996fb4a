"""Graded rankings by hand and against ir-measures; tables of judgements and what is wrong with them."""

import math
from pathlib import Path

import ir_measures
import numpy as np
import pytest

from kgrec.data.judgements import Judgements, Topic
from kgrec.errors import DataError
from kgrec.evaluation.graded import judge, means, of_metric
from kgrec.evaluation.significance import paired_test


def test_values_by_hand() -> None:
    shoes, bed = Topic("shoes"), Topic("bed", "u1")
    judgements = Judgements({shoes: {"a": 2, "b": 1, "c": 0}, bed: {"d": 1}, Topic("nothing"): {"a": 0}})
    found = means(judge({shoes: ["b", "x", "a"]}, judgements, [1, 3]))
    log = math.log2
    first = (1 / log(2) + 2 / log(4)) / (2 / log(2) + 1 / log(3))
    assert found["ndcg@3"] == pytest.approx(first / 2)
    assert found["recall@3"] == pytest.approx(0.5)
    assert found["recall@1"] == pytest.approx(0.25)
    assert found["mrr@3"] == pytest.approx(0.5)
    assert found["precision@3"] == pytest.approx(1 / 3)


def test_it_agrees_with_ir_measures() -> None:
    rng = np.random.default_rng(0)
    items = [f"i{n}" for n in range(30)]
    grades = {
        Topic(f"q{q}"): {i: int(g) for i, g in zip(items, rng.integers(0, 4, 30), strict=True)}
        for q in range(25)
    }
    rankings = {topic: [items[n] for n in rng.permutation(30)[:15]] for topic in list(grades)[:-1]}
    judged = judge(rankings, Judgements(grades), [5, 10])
    qrels = [ir_measures.Qrel(t.query, i, g) for t, own in grades.items() for i, g in own.items()]
    run = [
        ir_measures.ScoredDoc(t.query, item, -place)
        for t, ranked in rankings.items()
        for place, item in enumerate(ranked)
    ]
    theirs = {
        "ndcg": ir_measures.nDCG,
        "recall": ir_measures.R,
        "mrr": ir_measures.RR,
        "precision": ir_measures.P,
    }
    for k in (5, 10):
        expected = ir_measures.calc_aggregate([measure @ k for measure in theirs.values()], qrels, run)
        for name, measure in theirs.items():
            assert means(judged)[f"{name}@{k}"] == pytest.approx(expected[measure @ k], abs=1e-9), name


def test_two_rankings_are_compared_by_topic() -> None:
    grades = {Topic("q", f"u{n}"): {"a": 1} for n in range(8)}
    judgements = Judgements(grades)
    good = judge({topic: ["a"] for topic in grades}, judgements)
    bad = judge({topic: ["b", "a"] for topic in grades}, judgements)
    test = paired_test(of_metric(good, "mrr", 10), of_metric(bad, "mrr", 10))
    assert test.difference == pytest.approx(0.5)
    assert test.p < 0.02


def test_an_item_may_not_stand_twice() -> None:
    with pytest.raises(ValueError, match="twice"):
        judge({Topic("q"): ["a", "a"]}, Judgements({Topic("q"): {"a": 1}}))


def test_nothing_to_judge_by_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to judge by"):
        judge({}, Judgements({Topic("q"): {"a": 0}}))


def test_a_table_is_read(tmp_path: Path) -> None:
    path = tmp_path / "queries.csv"
    path.write_text("query,item,grade,user\n运动鞋,007,2,\n运动鞋,8,0.5,u1\n")
    assert Judgements.read(path).grades == {Topic("运动鞋"): {"007": 2.0}, Topic("运动鞋", "u1"): {"8": 0.5}}
    path.write_text("query,item,grade\nq,a,1\nq,b,0\n")
    assert Judgements.read(path).topics == [Topic("q")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("query,item\nq,a\n", "no column 'grade'"),
        ("query,item,grade\nq,a,good\n", "line 2, column 'grade': 'good'"),
        ("query,item,grade\nq,a,1\nq,b,-1\n", "line 3, column 'grade': -1.0 is negative"),
        ("query,item,grade\nq,a,1\nq,a,2\n", "line 3, column 'grade': 2.0 differs from 1.0"),
    ],
)
def test_a_broken_table_is_refused(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "queries.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=told):
        Judgements.read(path)
    with pytest.raises(DataError, match="not negative"):
        Judgements({Topic("q"): {"a": float("nan")}})
