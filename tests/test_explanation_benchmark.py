"""The measurement of reasons: its counts by hand, its judges on a trained network."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kgrec.errors import ConfigError
from kgrec.recommender import Recommender
from kgrec.retrieval.people import People
from kgrec.run import Run

ROOM = Path(__file__).resolve().parent.parent / "benchmarks" / "explanation"


@pytest.fixture(scope="module")
def fidelity() -> Iterator[Any]:
    """benchmarks/explanation/fidelity.py, of which nothing is left afterwards."""
    before = set(sys.modules)
    sys.path.insert(0, str(ROOM))
    import fidelity

    yield fidelity
    sys.path.remove(str(ROOM))
    for name in set(sys.modules) - before:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(ROOM)):
            del sys.modules[name]


@pytest.fixture(scope="module")
def recommender(trained: Callable[[str], Run]) -> Recommender:
    return Recommender.load(trained("kgrec").path)


def test_an_equal_fall_is_no_win(fidelity: Any) -> None:
    pairs = [fidelity.Judged(0.4, 0.1, 0.1), fidelity.Judged(0.2, 0.2, 0.1), fidelity.Judged(0.0, 0.3, 0.1)]
    first, second = fidelity.table_rows("the graph", pairs)
    assert first.startswith("| the graph | a random other path | 3 | 33.3% |")
    assert first.endswith("| 0.2000 | 0.2000 |")
    assert second.startswith("| the graph | a random one of the lower half | 3 | 66.7% |")


def test_an_interval_holds_its_mean_and_is_a_point_without_doubt(fidelity: Any) -> None:
    low, high = fidelity.interval(np.array([1.0] * 80 + [0.0] * 20))
    assert 0.70 < low < 0.8 < high < 0.90
    assert fidelity.interval(np.ones(10)) == (1.0, 1.0)


def test_the_whole_graph_judges_as_the_fast_way_ranks(fidelity: Any, recommender: Recommender) -> None:
    judge = fidelity.WholeGraph.of(recommender)
    ((user, item),) = fidelity.sample_pairs(recommender, 1, 3)
    person = People(recommender.users, recommender.items, recommender.seen).person(user, None)
    row = recommender.items.row(item)
    scored = recommender.explainer.scored(person, row)
    assert len(scored) >= 2
    slow = [judge.drop(person, row, trail) for trail, _ in scored[:3]]
    np.testing.assert_allclose(slow, [drop for _, drop in scored[:3]], atol=2e-5)


def test_another_training_judges_only_the_same_data(
    fidelity: Any, recommender: Recommender, trained: Callable[[str], Run]
) -> None:
    assert fidelity.other_training(recommender.run.path, recommender).users.ids == recommender.users.ids
    with pytest.raises(ConfigError, match="another seed"):
        fidelity.other_training(trained("ease").path, recommender)
