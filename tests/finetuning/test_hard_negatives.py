from collections.abc import Sequence

import numpy as np
import polars as pl
import torch
from torch import Tensor
from torch.nn import functional as F

from kgrec.finetuning.hard_negatives import NONE, draw, mine
from kgrec.finetuning.pair_rows import PairRows

ANGLES = {"q": 0.0, "own": 20.0, "twin": 10.0, "near": 30.0, "far": 60.0, "away": 170.0, "r": 170.0}


class Angles:
    """An encoder whose texts are points on a circle."""

    fingerprint = "angles"

    def prefix(self, kind: str) -> str:
        return ""

    def encode(self, texts: Sequence[str], kind: str = "passage") -> Tensor:
        angle = torch.deg2rad(torch.tensor([ANGLES[text] for text in texts]))
        return F.normalize(torch.stack([angle.cos(), angle.sin()], dim=1), dim=1)


def rows(*pairs: tuple[str, str]) -> PairRows:
    table = pl.DataFrame([(*pair, 1.0) for pair in pairs], schema=["query", "item", "weight"], orient="row")
    return PairRows.build(table, {name: name for name in ("own", "twin", "near", "far", "away")})


def mined(of: PairRows, pool: int, margin: float) -> list[list[str]]:
    candidates = np.arange(len(of.texts))
    found = mine(Angles(), of, candidates, pool, margin)
    return [[of.texts[row] for row in line if row != NONE] for line in found]


def test_near_items_that_are_no_positives_best_first() -> None:
    assert mined(rows(("q", "own")), 3, 1.0) == [["near", "far", "away"]]
    assert mined(rows(("q", "own")), 1, 1.0) == [["near"]]


def test_what_scores_like_the_positive_is_likely_one() -> None:
    # cos 30 / cos 20 = .92; cos 10 > cos 20 stays out in any case.
    assert mined(rows(("q", "own")), 3, 0.9) == [["far", "away"]]
    assert mined(rows(("q", "own"), ("q", "far")), 3, 1.0) == [["away"]]


def test_a_positive_that_scores_below_zero_lets_nothing_above_it_in() -> None:
    assert mined(rows(("q", "away")), 3, 0.9) == [[]]


def test_only_candidates_are_found() -> None:
    of = rows(("q", "own"))
    found = mine(Angles(), of, np.array([of.texts.index("far")]), 3, 1.0)
    assert found.tolist() == [[of.texts.index("far"), NONE, NONE]]


def test_draws_are_distinct_and_never_nothing() -> None:
    table = np.array([[5, 6, 7, NONE], [NONE] * 4])
    drawn = draw(table, np.array([0, 1, 0]), 2, np.random.default_rng(0))
    assert len(drawn) == 4 and set(drawn) <= {5, 6, 7}
    assert len(set(drawn[:2])) == 2
    assert set(draw(table, np.array([0]), 9, np.random.default_rng(0))) == {5, 6, 7}
