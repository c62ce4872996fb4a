"""SimGCL and XSimGCL against dense oracles, and where their noise comes from."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.losses.contrast import info_nce
from kgrec.models.network import Network
from kgrec.models.simgcl import CrossLayerVectors, SimGCL
from kgrec.training.batches import Batch

Make = Callable[..., Network]


def make_simgcl(make_network: Make, **options: object) -> SimGCL:
    network = make_network("simgcl", **options)
    assert isinstance(network, SimGCL)
    return network


def batch(seed: int = 0) -> Batch:
    # User 3 and item 5 occur twice: each is one node of the contrast.
    users, items = torch.tensor([3, 8, 3]), torch.tensor([5, 1, 5])
    return Batch(users, items, torch.ones(3), torch.Generator().manual_seed(seed))


def dense_operator(train: UserItems) -> Tensor:
    interactions = torch.from_numpy(train.matrix().toarray())
    n_users, n_items = interactions.shape
    adjacency = torch.zeros(n_users + n_items, n_users + n_items)
    adjacency[:n_users, n_users:], adjacency[n_users:, :n_users] = interactions, interactions.T
    scale = adjacency.sum(1).clamp(min=1).rsqrt()
    return scale[:, None] * adjacency * scale


def noisy_layers(
    network: SimGCL, dense: Tensor, noise: float, generator: torch.Generator | None
) -> list[Tensor]:
    """The definition, a node at a time."""
    layers, current = [], network.node
    for _ in range(network.layers):
        current = dense @ current
        uniform = torch.rand(current.shape, generator=generator)
        rows = []
        for x, u in zip(current, uniform, strict=True):
            sign = torch.tensor([float(v > 0) - float(v < 0) for v in x.tolist()])
            rows.append(x + noise * u / u.square().sum().sqrt() * sign)
        current = torch.stack(rows)
        layers.append(current)
    return layers


def contrast(first: Tensor, second: Tensor, network: SimGCL, temperature: float) -> Tensor:
    total = torch.zeros(())
    for rows in ([3, 8], [network.n_users + 1, network.n_users + 5]):
        total = total + info_nce(first[rows], second[rows], temperature).mean()
    return total


@pytest.mark.parametrize("layers", [1, 3])
def test_it_scores_by_the_mean_without_layer_zero(layers: int, make_network: Make, train: UserItems) -> None:
    network = make_simgcl(make_network, layers=layers, scoring="dot", noise=0.4)
    dense = dense_operator(train)
    powers = [torch.linalg.matrix_power(dense, layer) @ network.node for layer in range(1, layers + 1)]
    vectors = network()
    expected = torch.stack(powers).mean(0)
    torch.testing.assert_close(torch.cat([vectors.users, vectors.items]), expected, atol=1e-5, rtol=1e-5)


def test_the_term_and_its_gradient_equal_dense_ones(make_network: Make, train: UserItems) -> None:
    network = make_simgcl(make_network, noise=0.3, contrast_weight=0.7, contrast_temperature=0.5)
    generator, dense = torch.Generator().manual_seed(0), dense_operator(train)
    first, second = (torch.stack(noisy_layers(network, dense, 0.3, generator)).mean(0) for _ in range(2))
    expected = 0.7 * contrast(first, second, network, 0.5)
    term = network.own_terms(network(), batch())["contrast"]
    torch.testing.assert_close(term, expected)
    (gradient,) = torch.autograd.grad(term, network.node)
    (dense_gradient,) = torch.autograd.grad(expected, network.node)
    torch.testing.assert_close(gradient, dense_gradient, atol=1e-5, rtol=1e-4)


def test_noise_is_the_batches_alone(make_network: Make) -> None:
    network = make_simgcl(make_network)
    terms = []
    for seed in (1, 1, 2):
        torch.rand(3)  # the global generator stands elsewhere
        terms.append(network.own_terms(network(), batch(seed))["contrast"].item())
    assert terms[0] == terms[1] != terms[2]
    assert torch.equal(network().users, network().users)


@pytest.mark.parametrize("cross_layer", [1, 2])
def test_across_layers_the_noisy_pass_itself_is_scored(
    cross_layer: int, make_network: Make, train: UserItems
) -> None:
    network = make_simgcl(
        make_network,
        cross_layer=cross_layer,
        scoring="dot",
        noise=0.3,
        contrast_weight=0.7,
        contrast_temperature=0.5,
    )
    torch.manual_seed(6)
    vectors = network()
    torch.manual_seed(6)
    layers = noisy_layers(network, dense_operator(train), 0.3, None)
    mean = torch.stack(layers).mean(0)
    assert isinstance(vectors, CrossLayerVectors)
    torch.testing.assert_close(torch.cat([vectors.users, vectors.items]), mean, atol=1e-5, rtol=1e-5)
    expected = 0.7 * contrast(mean, layers[cross_layer - 1], network, 0.5)
    torch.testing.assert_close(network.own_terms(vectors, batch())["contrast"], expected)


def test_across_layers_evaluation_adds_no_noise(make_network: Make) -> None:
    crossed, plain = make_simgcl(make_network, cross_layer=1), make_simgcl(make_network)
    plain.load_state_dict(crossed.state_dict())
    assert not torch.equal(crossed().users, plain().users)
    ours, theirs = crossed.scorer().scores(torch.arange(5)), plain.scorer().scores(torch.arange(5))
    assert torch.equal(ours, theirs)


def test_a_weight_of_zero_is_not_reported(make_network: Make) -> None:
    for cross_layer in (0, 1):
        network = make_simgcl(make_network, contrast_weight=0.0, cross_layer=cross_layer)
        assert network.own_terms(network(), batch()) == {}


def test_the_same_seed_gives_the_same_weights(make_network: Make) -> None:
    networks = []
    for _ in range(2):
        torch.manual_seed(4)
        networks.append(make_simgcl(make_network))
    assert torch.equal(networks[0].node, networks[1].node)


@pytest.mark.parametrize("options", [{"cross_layer": 3}, {"cross_layer": -1}, {"layers": 0}])
def test_a_layer_that_is_not_there_is_refused(options: dict[str, int], make_network: Make) -> None:
    with pytest.raises(ConfigError, match=r"model\.cross_layer is"):
        make_simgcl(make_network, **options)
