"""Measures of independence against plain loops."""

import math

import pytest
import torch
from torch import Tensor

from kgrec.losses.independence import independence_loss


def distance_correlation(x: list[float], y: list[float]) -> float:
    n = len(x)

    def centred(z: list[float]) -> list[list[float]]:
        d = [[abs(a - b) for b in z] for a in z]
        mean = [sum(row) / n for row in d]
        whole = sum(mean) / n
        return [[d[i][j] - mean[i] - mean[j] + whole for j in range(n)] for i in range(n)]

    a, b = centred(x), centred(y)

    def covariance(p: list[list[float]], q: list[list[float]]) -> float:
        return math.sqrt(sum(p[i][j] * q[i][j] for i in range(n) for j in range(n)) / n**2)

    return covariance(a, b) / math.sqrt(covariance(a, a) * covariance(b, b))


def cosine(x: list[float], y: list[float]) -> float:
    dot = sum(a * b for a, b in zip(x, y, strict=True))
    return dot / math.sqrt(sum(a * a for a in x) * sum(b * b for b in y))


@pytest.fixture
def vectors() -> Tensor:
    return torch.randn(4, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_distance_sums_the_correlations_of_pairs(vectors: Tensor) -> None:
    rows = vectors.tolist()
    expected = sum(distance_correlation(rows[p], rows[q]) for p in range(4) for q in range(p + 1, 4))
    assert float(independence_loss(vectors, "distance")) == pytest.approx(expected, abs=1e-5)


def test_cosine_sums_the_squares_of_pairs(vectors: Tensor) -> None:
    rows = vectors.tolist()
    expected = sum(cosine(rows[p], rows[q]) ** 2 for p in range(4) for q in range(p + 1, 4))
    assert float(independence_loss(vectors, "cosine")) == pytest.approx(expected)


def test_mutual_is_how_little_a_row_stands_out(vectors: Tensor) -> None:
    rows, expected = vectors.tolist(), 0.0
    for p in range(4):
        whole = sum(math.exp(cosine(rows[p], rows[q]) / 0.2) for q in range(4))
        expected -= math.log(math.exp(cosine(rows[p], rows[p]) / 0.2) / whole)
    assert float(independence_loss(vectors, "mutual")) == pytest.approx(expected)


@pytest.mark.parametrize("measure", ["distance", "mutual", "cosine"])
def test_gradients_are_right(measure: str, vectors: Tensor) -> None:
    vectors.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: independence_loss(x, measure), (vectors,))


@pytest.mark.parametrize("measure", ["distance", "mutual", "cosine"])
def test_copies_are_the_worst_and_one_row_is_free(measure: str, vectors: Tensor) -> None:
    copies = vectors[:1].expand(4, -1)
    assert independence_loss(copies, measure) > independence_loss(vectors, measure) + 0.1
    assert independence_loss(vectors[:1], measure) == 0


def test_equal_rows_have_a_finite_gradient() -> None:
    vectors = torch.ones(3, 5, requires_grad=True)
    independence_loss(vectors, "distance").backward()
    assert vectors.grad is not None
    assert torch.isfinite(vectors.grad).all()


def test_an_unknown_measure_is_refused(vectors: Tensor) -> None:
    with pytest.raises(ValueError, match="measure of independence is 'rank'"):
        independence_loss(vectors, "rank")
