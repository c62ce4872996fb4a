import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kgrec.features.projection import principal_map


def sample(n: int, d: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, d, generator=generator) @ torch.randn(d, d, generator=generator) + 3.0


def test_axes_by_hand() -> None:
    x = torch.tensor([[0.0, 5.0], [0.0, -5.0], [1.0, 0.0], [-1.0, 0.0]])
    weight, bias = principal_map(x, 2, std=1.0)
    # The first component is the second column, whose variance is 12.5; the other's is 0.5: 13 / 2 in all.
    torch.testing.assert_close(weight, torch.tensor([[0.0, 1.0], [1.0, 0.0]]) / 6.5**0.5)
    assert bias.abs().max() == 0


@given(st.integers(3, 40), st.integers(1, 9), st.integers(1, 9), st.integers(0, 99))
def test_mapped_rows_are_centred_uncorrelated_and_scaled(n: int, d: int, dim: int, seed: int) -> None:
    x = sample(n, d, seed)
    weight, bias = principal_map(x, dim, std=0.1)
    mapped = (x @ weight.T + bias).double()
    assert weight.shape == (dim, d)
    assert mapped.mean(dim=0).abs().max() < 1e-4
    covariance = mapped.T @ mapped / n
    assert (covariance - covariance.diag().diag()).abs().max() < 1e-4
    assert (mapped**2).mean().sqrt().item() == pytest.approx(0.1, rel=1e-3)


def test_nearest_neighbours_survive() -> None:
    x = sample(30, 6)
    weight, bias = principal_map(x, 6, std=0.1)
    before, after = torch.pdist(x), torch.pdist(x @ weight.T + bias)
    torch.testing.assert_close(after / after.max(), before / before.max(), atol=1e-5, rtol=1e-4)


def test_signs_do_not_depend_on_the_order_of_rows() -> None:
    x = sample(50, 5)
    torch.testing.assert_close(
        principal_map(x, 3, 0.1), principal_map(x.flip(0), 3, 0.1), atol=1e-6, rtol=1e-4
    )


@pytest.mark.parametrize("x", [torch.ones(4, 3), torch.zeros(0, 3), torch.ones(1, 3)])
def test_what_does_not_vary_maps_to_zero(x: torch.Tensor) -> None:
    weight, bias = principal_map(x, 2, 0.1)
    assert weight.abs().max() == 0 and bias.abs().max() == 0


def test_components_beyond_the_rank_are_zero() -> None:
    x = sample(40, 2) @ torch.randn(2, 7, generator=torch.Generator().manual_seed(1))
    weight, _ = principal_map(x, 5, 0.1)
    assert weight[:2].abs().sum(dim=1).min() > 0 and weight[2:].abs().max() == 0
