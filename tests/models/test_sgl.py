"""SGL: LightGCN's vectors, and a contrast in two drawn views."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.models.network import Network
from kgrec.models.sgl import SGL
from kgrec.training.batches import Batch

Make = Callable[..., Network]


def make_sgl(make_network: Make, **options: object) -> SGL:
    network = make_network("sgl", **options)
    assert isinstance(network, SGL)
    return network


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def batch() -> Batch:
    # User 3 and item 5 occur twice: each is one node of the contrast.
    return Batch(torch.tensor([3, 8, 3]), torch.tensor([5, 1, 5]), torch.ones(3), seeded())


def contrast(first: Tensor, second: Tensor, rows: list[int], temperature: float) -> Tensor:
    """A node at a time."""
    losses = []
    for row in rows:
        cosines = torch.stack([torch.cosine_similarity(first[row], second[j], dim=0) for j in rows])
        losses.append(-torch.log_softmax(cosines / temperature, 0)[rows.index(row)])
    return torch.stack(losses).mean()


def test_it_scores_like_lightgcn(make_network: Make) -> None:
    network, lightgcn = make_sgl(make_network), make_network("lightgcn", layers=3, scoring="cosine")
    lightgcn.load_state_dict(network.state_dict())
    network.begin_epoch(seeded())
    assert torch.equal(network().users, lightgcn().users)
    assert torch.equal(network().items, lightgcn().items)


def test_the_term_and_its_gradient_equal_dense_ones(make_network: Make) -> None:
    network = make_sgl(make_network, layers=2, contrast_weight=0.3, contrast_temperature=0.5)
    network.begin_epoch(seeded())
    sides = []
    for view in (network.first_view, network.second_view):
        dense = view.matrix.to_dense()
        sides.append((network.node + dense @ network.node + dense @ dense @ network.node) / 3)
    shifted = [network.n_users + item for item in (1, 5)]
    expected = 0.3 * (contrast(*sides, [3, 8], 0.5) + contrast(*sides, shifted, 0.5))
    term = network.own_terms(network(), batch())["contrast"]
    torch.testing.assert_close(term, expected)
    (gradient,) = torch.autograd.grad(term, network.node)
    (dense_gradient,) = torch.autograd.grad(expected, network.node)
    torch.testing.assert_close(gradient, dense_gradient, atol=1e-5, rtol=1e-4)


def test_views_are_drawn_apart_and_by_the_generator_alone(make_network: Make) -> None:
    network, resumed = (make_sgl(make_network, edge_dropout=0.3) for _ in range(2))
    network.begin_epoch(seeded(1))
    earlier = network.first_view.matrix.to_dense()
    for one in (network, resumed):
        torch.rand(3)  # the global generator stands elsewhere
        one.begin_epoch(seeded(2))
    first, second = network.first_view.matrix.to_dense(), network.second_view.matrix.to_dense()
    assert not torch.equal(first, second)
    assert not torch.equal(first, earlier)
    assert torch.equal(first, resumed.first_view.matrix.to_dense())
    assert torch.equal(second, resumed.second_view.matrix.to_dense())


def test_before_any_epoch_nothing_is_left_out(make_network: Make) -> None:
    network = make_sgl(make_network)
    before = network.own_terms(network(), batch())["contrast"]
    network.dropout = 0.0
    network.begin_epoch(seeded())
    torch.testing.assert_close(network.own_terms(network(), batch())["contrast"], before)


def test_the_state_is_lightgcns(make_network: Make, train: UserItems) -> None:
    state = make_sgl(make_network).state_dict()
    assert {name: tuple(value.shape) for name, value in state.items()} == {
        "node": (train.n_users + train.n_items, 16)
    }


def test_a_weight_of_zero_is_not_reported(make_network: Make) -> None:
    network = make_sgl(make_network, contrast_weight=0.0)
    assert network.own_terms(network(), batch()) == {}


def test_the_same_seed_gives_the_same_weights(make_network: Make) -> None:
    networks = []
    for _ in range(2):
        torch.manual_seed(4)
        networks.append(make_sgl(make_network))
    assert torch.equal(networks[0].node, networks[1].node)


@pytest.mark.parametrize("options", [{"edge_dropout": 1.0}, {"contrast_temperature": 0.0}])
def test_impossible_numbers_are_refused(options: dict[str, float], make_network: Make) -> None:
    with pytest.raises(ConfigError, match=f"model.{next(iter(options))} is"):
        make_sgl(make_network, **options)
