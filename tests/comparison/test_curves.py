import pytest

from kgrec.comparison.collect import collect
from kgrec.comparison.curves import Curve, learning_curves, sparkline, time_points
from kgrec.comparison.differences import group_runs


def test_curves_come_from_the_history_and_closed_forms_have_none(make_run) -> None:
    paths = [make_run("a", history=[0.1, 0.3, 0.2]), make_run("b", model="ease", train_seconds=0.5)]
    groups, _ = group_runs(collect(paths).records)
    (curve,) = learning_curves(groups, "recall@10")
    assert (curve.epochs, curve.seconds, curve.values) == ([1, 2, 3], [0.5, 1.0, 1.5], [0.1, 0.3, 0.2])
    assert curve.label == "bpr"
    points = {
        point.label: (point.part, point.value, point.train_seconds)
        for point in time_points(groups, "recall@10")
    }
    assert points == {"bpr": ("test", 0.5, 2.0), "ease": ("test", 0.5, 0.5)}
    assert learning_curves(groups, "ndcg@5") == []


@pytest.mark.parametrize(
    ("values", "best", "nearly"),
    [([0.5, 0.994, 1.0, 1.0], 2, 1), ([0.0, 0.0], 0, 0), ([-2.0, -1.0], 1, 1), ([3.0], 0, 0)],
)
def test_best_is_the_earliest_and_nearly_is_within_one_per_cent(values, best: int, nearly: int) -> None:
    curve = Curve(0, "a", "a", list(range(len(values))), [0.0] * len(values), values)
    assert (curve.best, curve.nearly) == (best, nearly)


def test_a_sparkline_goes_from_lowest_to_highest() -> None:
    assert sparkline([0, 7, 3.5]) == "▁█▄"
    assert sparkline([0.4, 0.4]) == "▁▁"
    long = sparkline(list(range(100)))
    assert len(long) == 16 and list(long) == sorted(long)
