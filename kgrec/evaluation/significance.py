"""Intervals and paired tests over users."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import stats

from kgrec.progress import progress

CHUNK = 50
"""Resamples drawn at once: bounds memory to CHUNK x users."""


@dataclass(frozen=True)
class PairedTest:
    """A difference of means on the same users."""

    difference: float
    low: float
    high: float
    """95% bootstrap interval of the difference."""
    p: float
    """Two-sided, by random sign flips of the users' differences."""
    p_t: float
    """Two-sided, by the paired t-test: a check on ``p``, which assumes less."""


def bootstrap_interval(values: np.ndarray, resamples: int, seed: int, level: float = 0.95) -> list[float]:
    """Percentile interval of the mean of ``values`` ``(n,)``: Efron 1979, https://doi.org/10.1214/aos/1176344552."""
    generator = np.random.default_rng(seed)
    means = []
    for start in range(0, resamples, CHUNK):
        size = (min(CHUNK, resamples - start), len(values))
        means.append(values[generator.integers(0, len(values), size)].mean(1))
    tail = 100 * (1 - level) / 2
    return [float(bound) for bound in np.percentile(np.concatenate(means), [tail, 100 - tail])]


def paired_test(first: pl.DataFrame, second: pl.DataFrame, rounds: int = 10_000, seed: int = 0) -> PairedTest:
    """``first`` minus ``second``, tables of ``user`` and ``value`` on the same users.

    The p-value is that of a sign-flip randomisation test, ``(1 + extreme) / (1 + rounds)``.

    Raises:
        ValueError: users differ, one occurs twice (several metrics or ks in one table) or has NaN, each
            with the user's name; or there are no users.
    """
    for side in (first, second):
        broken = side.filter(side["value"].is_nan())
        if not broken.is_empty():
            raise ValueError(f"the value of user {broken['user'][0]!r} is NaN; evaluate the run again")
        repeated = side.filter(side["user"].is_duplicated())
        if not repeated.is_empty():
            raise ValueError(
                f"user {repeated['user'][0]!r} has more than one value; "
                "pass one metric at one k, averaged over seeds"
            )
    joined = first.join(second, on="user", how="full", suffix="_second").sort("user")
    alone = joined.filter(pl.col("value").is_null() | pl.col("value_second").is_null())
    if not alone.is_empty():
        user = alone.select(pl.coalesce("user", "user_second")).item(0, 0)
        raise ValueError(
            f"user {user!r} is on one side only ({alone.height:,} such users); compare the same users"
        )
    if joined.is_empty():
        raise ValueError("both sides are without users; compare runs that were evaluated")
    differences = (joined["value"] - joined["value_second"]).to_numpy()
    low, high = bootstrap_interval(differences, 2_000, seed)
    generator = np.random.default_rng(seed)
    observed, extreme = abs(differences.mean()), 0
    for start in progress(range(0, rounds, CHUNK), desc="flipping signs", unit="chunk"):
        size = (min(CHUNK, rounds - start), len(differences))
        flipped = (generator.integers(0, 2, size) * 2 - 1) @ differences / len(differences)
        extreme += int((np.abs(flipped) >= observed - 1e-12).sum())
    p = (1 + extreme) / (1 + rounds)
    return PairedTest(float(differences.mean()), low, high, p, student_p(differences))


def student_p(differences: np.ndarray) -> float:
    """Two-sided p-value of Student's t for a mean of 0 over ``(n,)``; 1 for one user or where all are 0."""
    if len(differences) < 2 or not differences.any():
        return 1.0
    error = differences.std(ddof=1) / np.sqrt(len(differences))
    # The same difference for everybody has no error: t is infinite and p is 0.
    t = abs(differences.mean()) / error if error > 0 else np.inf
    return float(2 * stats.t.sf(t, len(differences) - 1))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm 1979: corrected p-values, each at least the one before it in order of size."""
    order = np.argsort(p_values)
    corrected = np.empty(len(p_values))
    largest = 0.0
    for place, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[index]))
        corrected[index] = largest
    return corrected.tolist()
