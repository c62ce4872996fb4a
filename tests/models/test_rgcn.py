"""R-GCN against a loop over edges and against PyG's convolution."""

from collections import Counter
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch_geometric.nn import RGCNConv

from kgrec.data.dataset import Dataset
from kgrec.data.knowledge import with_knowledge
from kgrec.data.splits import Split
from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.graph import Propagation, build_graph
from kgrec.models.config_convolution import RGCNConfig
from kgrec.models.network import Network
from kgrec.models.parts import NetworkParts
from kgrec.models.rgcn import RGCN

Make = Callable[..., Network]


def make_rgcn(make_network: Make, **options: object) -> RGCN:
    network = make_network("rgcn", **options)
    assert isinstance(network, RGCN)
    return network


def looped(network: RGCN, propagation: Propagation) -> list[Tensor]:
    """The definition, an edge at a time: all layers, ReLU on all but the last."""
    source, target, relation, _ = (
        column.tolist() for column in propagation.edges(set(propagation.relations), False)
    )
    count = Counter(zip(target, relation, strict=True))
    layers = [network.node]
    for layer in range(network.config.layers):
        x = layers[-1]
        matrices = [
            sum(a * V for a, V in zip(row, network.basis[layer], strict=True))
            for row in network.coefficient[layer]
        ]
        heard: list[list[Tensor]] = [[x[node] @ network.self_loop[layer]] for node in range(len(x))]
        for s, t, r in zip(source, target, relation, strict=True):
            heard[t].append(x[s] @ matrices[r] / count[t, r])
        out = torch.stack([torch.stack(messages).sum(0) for messages in heard])
        layers.append(out if layer + 1 == network.config.layers else out.relu())
    return layers


@pytest.mark.parametrize("output", ["last", "concatenated"])
@pytest.mark.parametrize("layers", [1, 2])
def test_equals_the_loop_over_edges(
    layers: int, output: str, make_network: Make, propagation: Propagation
) -> None:
    network = make_rgcn(make_network, dim=3, layers=layers, output=output, scoring="dot", dropout=0.0)
    all_layers = looped(network, propagation)
    expected = torch.cat(all_layers, 1) if output == "concatenated" else all_layers[-1]
    vectors = network()
    n_users, n_items = network.n_users, network.n_items
    assert torch.allclose(vectors.users, expected[:n_users], atol=1e-5)
    assert torch.allclose(vectors.items, expected[n_users : n_users + n_items], atol=1e-5)
    assert torch.allclose(vectors.knowledge, expected[n_users:], atol=1e-5)
    assert vectors.relations is not None
    assert vectors.relations.shape == (len(propagation.relations), expected.shape[1])


def test_equals_pyg_in_value_and_gradient(make_network: Make, propagation: Propagation) -> None:
    network = make_rgcn(make_network, dim=8, layers=1, output="last", scoring="dot", dropout=0.0)
    source, target, relation, _ = propagation.edges(set(propagation.relations), False)
    other = RGCNConv(8, 8, len(propagation.relations), num_bases=4, aggr="mean", bias=False)
    with torch.no_grad():
        other.weight.copy_(network.basis[0])
        other.comp.copy_(network.coefficient[0])
        other.root.copy_(network.self_loop[0])
    x = network.node.detach().clone().requires_grad_()
    theirs = other(x, torch.stack([source, target]), relation)
    vectors = network()
    ours = torch.cat([vectors.users, vectors.knowledge])
    assert torch.allclose(ours, theirs, atol=1e-5)
    direction = torch.randn_like(ours)
    (ours * direction).sum().backward()
    (theirs * direction).sum().backward()
    pairs = [
        (network.node.grad, x.grad),
        (network.basis.grad, other.weight.grad.unsqueeze(0)),
        (network.coefficient.grad, other.comp.grad.unsqueeze(0)),
        (network.self_loop.grad, other.root.grad.unsqueeze(0)),
    ]
    for our_grad, their_grad in pairs:
        assert our_grad is not None
        assert torch.allclose(our_grad, their_grad, atol=1e-4)


def test_it_trains_without_knowledge(dataset: Dataset, split: Split, train: UserItems) -> None:
    bare = Propagation(build_graph(with_knowledge(dataset, "none", 0), split.train))
    network = RGCN.build(RGCNConfig(dim=8), NetworkParts(bare, train))
    assert network.coefficient.shape[1] == 2
    vectors = network()
    (vectors.users @ vectors.items.T)[0, 0].backward()
    for parameter in (network.node, network.basis, network.coefficient, network.self_loop):
        assert parameter.grad is not None
        assert parameter.grad.abs().sum() > 0


def test_the_seed_alone_decides_the_weights(make_network: Make) -> None:
    states = []
    for seed in (5, 5, 6):
        torch.manual_seed(seed)
        states.append(make_rgcn(make_network).state_dict())
    for name in ("node", "basis", "coefficient", "self_loop"):
        assert torch.equal(states[0][name], states[1][name])
        assert not torch.equal(states[0][name], states[2][name])


def test_dropout_acts_in_training_alone(make_network: Make) -> None:
    network = make_rgcn(make_network, dropout=0.5)
    assert not torch.equal(network().users, network().users)
    network.eval()
    assert torch.equal(network().users, network().users)


@pytest.mark.parametrize(("options", "message"), [({"output": "first"}, "first"), ({"bases": 0}, "bases 0")])
def test_what_does_not_exist_is_refused(options: dict[str, object], message: str, make_network: Make) -> None:
    with pytest.raises(ConfigError, match=message):
        make_network("rgcn", **options)
