"""On runs that were really trained: what they wrote is what a comparison reads."""

from collections.abc import Callable

import pytest

from kgrec.comparison.collect import collect
from kgrec.comparison.report import compare
from kgrec.comparison.table import metric_value, timing_value
from kgrec.run import Run


def test_trained_runs_pair_on_their_split_and_agree_with_their_metrics(trained: Callable[[str], Run]) -> None:
    runs = [trained("popularity"), trained("lightgcn")]
    report = compare(collect([run.path for run in runs]), ["recall@10", "ndcg@10"], "popularity")
    (recall, ndcg) = report.pairs
    values = [run.read_json("metrics.json")["test"]["recall@10"] for run in runs]
    assert recall.test is not None and ndcg.test is not None
    assert recall.test.difference == pytest.approx(values[1] - values[0])
    assert recall.splits == 1 and recall.users > 0
    (curve,) = report.curves
    assert curve.epochs == [1, 2, 3]
    by_label = {group.label: group for group in report.groups}
    assert metric_value(by_label["lightgcn"], "recall@10").mean == values[1]  # type: ignore[union-attr]
    assert timing_value(by_label["lightgcn"], "train_seconds").mean > 0  # type: ignore[union-attr]
    assert "model.name" in report.differences and "data.name" not in report.differences
