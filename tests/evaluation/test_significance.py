"""Intervals that cover, tests that hold their level, Holm worked by hand."""

import itertools

import numpy as np
import polars as pl
import pytest
from scipy import stats

from kgrec.evaluation.significance import bootstrap_interval, holm, paired_test, student_p


def table(values: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame({"user": [f"u{i:04d}" for i in range(len(values))], "value": values})


def test_an_interval_is_about_two_standard_errors_wide_and_seeded() -> None:
    values = np.random.default_rng(0).normal(0.3, 1.0, 400)
    low, high = bootstrap_interval(values, 2000, seed=1)
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)
    assert low < values.mean() < high
    assert bootstrap_interval(values, 2000, seed=1) == [low, high]


def test_a_real_difference_is_found_and_none_is_not() -> None:
    rng = np.random.default_rng(2)
    base = rng.random(300)
    better = paired_test(table(base + 0.05 + rng.normal(0, 0.1, 300)), table(base))
    assert better.difference == pytest.approx(0.05, abs=0.02)
    assert better.p < 0.001
    assert better.low > 0
    assert paired_test(table(base + 5), table(base), rounds=99).p == 1 / 100  # never 0
    assert paired_test(table(base), table(base)).p == 1.0


def test_the_p_value_is_uniform_where_nothing_differs() -> None:
    rng = np.random.default_rng(3)
    p = [
        paired_test(table(rng.normal(size=60)), table(rng.normal(size=60)), rounds=400).p for _ in range(100)
    ]
    assert 0.35 < np.mean(p) < 0.65
    assert np.mean(np.array(p) < 0.05) < 0.13


def test_pairing_sees_what_two_means_hide() -> None:
    base = np.random.default_rng(4).normal(0, 10, 200)
    assert paired_test(table(base + 0.1), table(base)).p < 0.001


def test_rows_are_matched_by_user_not_by_place() -> None:
    first = table(np.arange(50.0))
    assert paired_test(first.reverse(), first).difference == 0.0


def test_other_users_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'u0002' is on one side only"):
        paired_test(table(np.zeros(3)), table(np.zeros(2)))


def test_user_row_zero_is_named_too() -> None:
    rows = pl.DataFrame({"user": [0, 1], "value": [1.0, 2.0]})
    with pytest.raises(ValueError, match="user 0 is on one side only"):
        paired_test(rows, rows.tail(1))


def test_a_user_with_two_values_is_refused_by_name() -> None:
    twice = pl.concat([table(np.zeros(2)), table(np.ones(2))])
    with pytest.raises(ValueError, match="'u0000' has more than one value"):
        paired_test(twice, twice)


def test_nan_is_refused_and_not_called_significant() -> None:
    with pytest.raises(ValueError, match="'u0001' is NaN"):
        paired_test(table(np.array([0.0, np.nan])), table(np.zeros(2)))


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.5]) == pytest.approx([1.0, 1.0])


def test_student_p_is_that_of_scipy_and_defined_at_the_edges() -> None:
    values = np.random.default_rng(6).normal(0.2, 1, 40)
    assert student_p(values) == pytest.approx(float(stats.ttest_1samp(values, 0.0).pvalue))
    assert student_p(np.zeros(5)) == 1.0
    assert student_p(np.array([0.5])) == 1.0
    assert student_p(np.ones(8)) == 0.0


def test_both_tests_agree_on_many_users() -> None:
    rng = np.random.default_rng(7)
    found = paired_test(table(rng.normal(0.08, 1, 500)), table(np.zeros(500)))
    assert 0.001 < found.p < 0.5
    assert found.p_t == pytest.approx(found.p, abs=0.02)


def test_the_p_value_equals_all_sign_flips_of_few_users() -> None:
    values = np.array([1.0, 2.0, 3.0, -0.5])
    flips = np.array(list(itertools.product([-1, 1], repeat=4)))
    exact = np.mean(np.abs(flips @ values) >= abs(values.sum()) - 1e-9)
    assert paired_test(table(values), table(np.zeros(4)), rounds=20_000).p == pytest.approx(exact, abs=0.015)


def test_no_users_are_refused() -> None:
    with pytest.raises(ValueError, match="without users"):
        paired_test(table(np.empty(0)), table(np.empty(0)))
