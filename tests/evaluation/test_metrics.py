"""Metrics worked by hand, against loops, and against ir-measures."""

import math

import ir_measures
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kgrec.evaluation.metrics import METRICS

HITS = torch.tensor([[True, False, True, False], [False, False, False, False], [False, True, True, True]])
N_TRUTH = torch.tensor([2, 3, 5])


@pytest.mark.parametrize(
    ("name", "k", "expected"),
    [
        ("recall", 3, [1.0, 0.0, 2 / 5]),
        ("precision", 3, [2 / 3, 0.0, 2 / 3]),
        ("f1", 3, [4 / 5, 0.0, 4 / 8]),
        ("hit", 1, [1.0, 0.0, 0.0]),
        ("mrr", 4, [1.0, 0.0, 1 / 2]),
        ("mrr", 1, [1.0, 0.0, 0.0]),
        (
            "ndcg",
            3,
            [1.5 / (1 + 1 / math.log2(3)), 0.0, (1 / math.log2(3) + 0.5) / (1 + 1 / math.log2(3) + 0.5)],
        ),
        ("map", 3, [(1 + 2 / 3) / 2, 0.0, (1 / 2 + 2 / 3) / 3]),
        ("map", 4, [(1 + 2 / 3) / 2, 0.0, (1 / 2 + 2 / 3 + 3 / 4) / 4]),
    ],
)
def test_values_worked_by_hand(name: str, k: int, expected: list[float]) -> None:
    assert METRICS[name](HITS, N_TRUTH, k).tolist() == pytest.approx(expected)


def loop(name: str, hits: list[bool], n_truth: int, k: int) -> float:
    found = [place for place, hit in enumerate(hits[:k], start=1) if hit]
    if name == "f1":
        p, r = len(found) / k, len(found) / n_truth
        return 2 * p * r / (p + r) if found else 0.0
    ideal = sum(1 / math.log2(place + 1) for place in range(1, min(n_truth, k) + 1))
    return {
        "recall": len(found) / n_truth,
        "precision": len(found) / k,
        "hit": float(bool(found)),
        "mrr": 1 / found[0] if found else 0.0,
        "ndcg": sum(1 / math.log2(place + 1) for place in found) / ideal,
        "map": sum((i + 1) / place for i, place in enumerate(found)) / min(n_truth, k),
    }[name]


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.integers(0, 8), st.data())
def test_metrics_equal_loops(hits: list[bool], more: int, data: st.DataObject) -> None:
    n_truth = max(sum(hits) + more, 1)
    k = data.draw(st.integers(1, len(hits)))
    for name, metric in METRICS.items():
        found = float(metric(torch.tensor([hits]), torch.tensor([n_truth]), k)[0])
        assert found == pytest.approx(loop(name, hits, n_truth, k)), name
        assert 0 <= found <= 1


def test_metrics_agree_with_ir_measures() -> None:
    rng = np.random.default_rng(3)
    n_users, n_items, k = 30, 40, 10
    scores = rng.random((n_users, n_items))
    truth = [set(rng.choice(n_items, rng.integers(1, 15), replace=False).tolist()) for _ in range(n_users)]
    ranked = np.argsort(-scores, axis=1)[:, :k]
    hits = torch.tensor([[int(i) in truth[u] for i in ranked[u]] for u in range(n_users)])
    n_truth = torch.tensor([len(items) for items in truth])
    qrels = [ir_measures.Qrel(str(u), str(i), 1) for u in range(n_users) for i in truth[u]]
    run = [
        ir_measures.ScoredDoc(str(u), str(i), float(scores[u, i])) for u in range(n_users) for i in ranked[u]
    ]
    theirs = {
        "recall": ir_measures.R @ k,
        "precision": ir_measures.P @ k,
        "ndcg": ir_measures.nDCG @ k,
        "mrr": ir_measures.RR @ k,
        "hit": ir_measures.Success @ k,
        "map": ir_measures.AP @ k,
    }
    for name, measure in theirs.items():
        values = {each.query_id: each.value for each in ir_measures.iter_calc([measure], qrels, run)}
        ours = METRICS[name](hits, n_truth, k)
        if name == "map":
            # TREC divides by |truth|, we by min(|truth|, k).
            ours = ours * n_truth.clamp(max=k) / n_truth
        assert ours.tolist() == pytest.approx([values[str(u)] for u in range(n_users)]), name
