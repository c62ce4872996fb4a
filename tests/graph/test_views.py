"""Views that lack interactions against dense matrices, and what a draw depends on."""

import pytest
import torch
from torch import Tensor

from kgrec.data.dataset import Dataset
from kgrec.data.splits import Split
from kgrec.graph import INTERACTS, Propagation, build_graph
from kgrec.graph.views import InteractionViews


@pytest.fixture(scope="module")
def propagation(dataset: Dataset, split: Split) -> Propagation:
    return Propagation(build_graph(dataset, split.train))


@pytest.fixture(scope="module")
def views(propagation: Propagation) -> InteractionViews:
    return InteractionViews.from_propagation(propagation)


def dense_view(propagation: Propagation, kept: Tensor) -> Tensor:
    """An interaction at a time, with the degrees of what is kept."""
    n_nodes = propagation.n_users + propagation.n_items
    users, items, _, _ = propagation.edges({INTERACTS}, weighted=False)
    adjacency = torch.zeros(n_nodes, n_nodes)
    for user, item, keep in zip(users.tolist(), items.tolist(), kept.tolist(), strict=True):
        if keep:
            adjacency[user, item] = adjacency[item, user] = 1.0
    scale = adjacency.sum(1).clamp(min=1).rsqrt()
    return scale[:, None] * adjacency * scale


@pytest.mark.parametrize("share", [0.0, 0.3, 0.8])
def test_a_view_equals_the_dense_one(share: float, views: InteractionViews, propagation: Propagation) -> None:
    kept = torch.rand(len(views), generator=torch.Generator().manual_seed(2)) < share
    view = views.operator(kept)
    assert view.n_entries == 2 * int(kept.sum())
    expected = dense_view(propagation, kept)
    torch.testing.assert_close(view.matrix.to_dense(), expected)
    x = torch.randn(len(expected), 4, requires_grad=True)
    product = view @ x
    torch.testing.assert_close(product, expected @ x)
    direction = torch.randn_like(product)
    (gradient,) = torch.autograd.grad((product * direction).sum(), x)
    torch.testing.assert_close(gradient, expected.T @ direction)


def test_with_everything_kept_it_is_the_whole_graph(
    views: InteractionViews, propagation: Propagation
) -> None:
    whole, view = propagation.bipartite(), views.operator(torch.ones(len(views), dtype=torch.bool))
    torch.testing.assert_close(view.matrix.to_dense(), whole.matrix.to_dense())
    assert view.matrix.crow_indices().dtype == view.matrix.col_indices().dtype == torch.int32


def test_a_chance_of_one_keeps_and_of_zero_drops(views: InteractionViews, propagation: Propagation) -> None:
    # All interactions of even items are certain, those of odd items impossible.
    chance = (views.items % 2 == 0).float()
    view = views.drawn(chance, torch.Generator().manual_seed(5))
    torch.testing.assert_close(view.matrix.to_dense(), dense_view(propagation, chance > 0))


def test_a_share_is_left_out_and_the_seed_alone_says_which(views: InteractionViews) -> None:
    n_kept = []
    for seed in range(200):
        view = views.random(0.25, torch.Generator().manual_seed(seed))
        n_kept.append(view.n_entries / 2)
    mean = sum(n_kept) / len(n_kept)
    spread = (0.25 * 0.75 * len(views) / len(n_kept)) ** 0.5
    assert abs(mean - 0.75 * len(views)) < 4 * spread
    again = views.random(0.25, torch.Generator().manual_seed(199))
    assert torch.equal(again.matrix.to_dense(), view.matrix.to_dense())
