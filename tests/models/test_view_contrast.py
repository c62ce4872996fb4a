"""MCCLK's contrasts against loops, and their weights."""

import math

import pytest
import torch
from torch import Tensor

from kgrec.errors import ConfigError
from kgrec.models.config_contrast import MCCLKConfig
from kgrec.models.view_contrast import ViewContrast, Views, cross_view_loss, some_distinct
from kgrec.training.batches import Batch

N_USERS, N_ITEMS, DIM = 5, 7, 4


def looped(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """The definition, a pair of nodes at a time."""

    def e(a: Tensor, c: Tensor) -> float:
        return math.exp(float(a @ c) / (float(a.norm()) * float(c.norm()) * temperature))

    losses = []
    for b in range(len(first)):
        between = sum(e(first[b], second[j]) for j in range(len(second)))
        within = sum(e(first[b], first[j]) for j in range(len(first)) if j != b)
        losses.append(-math.log(e(first[b], second[b]) / (between + within)))
    return torch.tensor(losses)


def drawn_views() -> Views:
    generator = torch.Generator().manual_seed(0)
    return Views(
        collaborative=torch.randn(N_USERS + N_ITEMS, DIM, generator=generator),
        semantic=torch.randn(N_ITEMS, DIM, generator=generator),
        structural=torch.randn(N_USERS + N_ITEMS, DIM, generator=generator),
    )


def some_batch() -> Batch:
    users, items = torch.tensor([4, 0, 4, 2]), torch.tensor([6, 1, 3, 6])
    return Batch(users, items, torch.ones(4), torch.Generator().manual_seed(2))


def contrast(**options: float) -> ViewContrast:
    return ViewContrast(MCCLKConfig(dim=DIM, **options))  # type: ignore[arg-type]


def test_the_loss_equals_the_loop_over_pairs() -> None:
    first, second = torch.randn(6, 3), torch.randn(6, 3)
    assert torch.allclose(cross_view_loss(first, second, 0.3), looped(first, second, 0.3), atol=1e-5)


def test_a_single_node_has_no_loss() -> None:
    one = torch.randn(1, 3, requires_grad=True)
    loss = cross_view_loss(one, torch.randn(1, 3), 0.3)
    assert loss.tolist() == pytest.approx([0.0], abs=1e-6)
    loss.sum().backward()
    assert one.grad is not None
    assert torch.isfinite(one.grad).all()


def test_its_gradients_are_those_of_finite_differences() -> None:
    views = [torch.randn(4, 3, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    assert torch.autograd.gradcheck(lambda a, c: cross_view_loss(a, c, 0.5), views)


def test_terms_are_weighted_means_over_distinct_nodes() -> None:
    module, views = contrast(alpha=0.3, beta=0.5, contrast_temperature=0.4), drawn_views()
    users, items = torch.tensor([0, 2, 4]), torch.tensor([1, 3, 6])
    with torch.no_grad():
        terms = module(views, some_batch())
        semantic = module.local_items(views.semantic[items])
        collaborative = module.local_items(views.collaborative[N_USERS + items])
        local = looped(semantic, collaborative, 0.4).mean()
        of_users = (module.users(views.structural[users]), module.users(views.collaborative[users]))
        item_local = views.collaborative[N_USERS + items] + views.semantic[items]
        of_items = (module.items(views.structural[N_USERS + items]), module.items(item_local))
    expected = sum((looped(a, c, 0.4).mean() + looped(c, a, 0.4).mean()) / 2 for a, c in (of_users, of_items))
    assert float(terms["local"]) == pytest.approx(0.5 * 0.3 * float(local), rel=1e-5)
    assert float(terms["global"]) == pytest.approx(0.5 * 0.7 * float(expected), rel=1e-5)


@pytest.mark.parametrize(
    ("alpha", "beta", "names"), [(0.0, 0.1, {"global"}), (1.0, 0.1, {"local"}), (0.5, 0.0, set())]
)
def test_terms_of_weight_zero_are_left_out(alpha: float, beta: float, names: set[str]) -> None:
    assert contrast(alpha=alpha, beta=beta)(drawn_views(), some_batch()).keys() == names


def test_rows_are_drawn_from_the_given_generator_alone() -> None:
    rows = torch.arange(100).repeat(2)
    seen = [some_distinct(rows, 10, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)]
    assert torch.equal(seen[0], seen[1])
    assert not torch.equal(seen[0], seen[2])
    assert all(len(chosen.unique()) == 10 for chosen in seen)
    assert torch.equal(some_distinct(rows, 100, torch.Generator()), torch.arange(100))


def test_values_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"model\.alpha is 1\.5; use 0 to 1"):
        contrast(alpha=1.5)
    with pytest.raises(ConfigError, match=r"model\.contrast_temperature is 0"):
        contrast(contrast_temperature=0)
