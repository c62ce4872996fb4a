"""The flagship against a loop over edges, and its gates."""

import math
from collections import Counter
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from kgrec.data.dataset import Dataset
from kgrec.data.knowledge import with_knowledge
from kgrec.data.splits import Split
from kgrec.errors import ConfigError
from kgrec.features.config import FusionConfig
from kgrec.features.fusion import FeatureFusion
from kgrec.features.node_features import NodeFeatures
from kgrec.graph import INTERACTS, Propagation, build_graph, reverse_name
from kgrec.models.config import KgrecConfig
from kgrec.models.kgrec import Kgrec
from kgrec.models.network import Network

Make = Callable[..., Network]
OWN = (INTERACTS, reverse_name(INTERACTS))


def free_vectors(network: Network) -> Tensor:
    return network.get_parameter("fusion.free")


def looped(graph: HeteroData, first: Tensor, gates: dict[str, Tensor], layers: int) -> Tensor:
    """The definition, an edge at a time: degrees of interactions and of knowledge apart."""
    counts = {name: int(graph[name].num_nodes) for name in ("user", "item", "entity")}
    offset = {"user": 0, "item": counts["user"], "entity": counts["user"] + counts["item"]}
    edges = []
    for head, relation, tail in graph.edge_types:
        for a, b in graph[head, relation, tail].edge_index.T.tolist():
            edges.append((a + offset[head], b + offset[tail], relation))
    degree = Counter((target, relation in OWN) for _, target, relation in edges)
    current, total = first, first
    for _ in range(layers):
        following = torch.zeros_like(current)
        for source, target, relation in edges:
            family = relation in OWN
            scale = 1 / math.sqrt(degree[source, family] * degree[target, family])
            following[target] = following[target] + scale * current[source] * gates[relation]
        current, total = following, total + following
    return total / (layers + 1)


@pytest.mark.parametrize("layers", [1, 2])
def test_equals_the_loop_over_edges(
    layers: int, make_network: Make, dataset: Dataset, split: Split, propagation: Propagation
) -> None:
    network = make_network("kgrec", dim=3, scoring="dot", layers=layers)
    assert isinstance(network, Kgrec)
    with torch.no_grad():
        network.gate.normal_()
        gates = dict(zip(propagation.relations, network.gate.clone(), strict=True))
        first = network.fusion()
        expected = looped(build_graph(dataset, split.train), first, gates, layers)
        vectors = network()
    n_users, n_items = propagation.n_users, propagation.n_items
    assert torch.allclose(vectors.users, expected[:n_users], atol=1e-5)
    assert torch.allclose(vectors.items, expected[n_users : n_users + n_items], atol=1e-5)
    assert torch.equal(vectors.first_users, first[:n_users])
    assert torch.equal(vectors.knowledge, first[n_users:])
    assert vectors.relations is not None
    assert vectors.relations.shape == (len(propagation.relations), 3)


def test_gates_start_where_the_configuration_says(make_network: Make, propagation: Propagation) -> None:
    network = make_network("kgrec", gate_init=0.25)
    assert isinstance(network, Kgrec)
    for name, gate in zip(propagation.relations, network.gate, strict=True):
        assert (gate == (1.0 if name in OWN else 0.25)).all()


def test_without_gates_they_stay_at_their_start(make_network: Make) -> None:
    open_, shut = (make_network("kgrec", gates=gates, gate_init=0.5) for gates in (True, False))
    shut.load_state_dict(open_.state_dict())
    assert torch.equal(open_().items, shut().items)
    grads = []
    for network in (open_, shut):
        network().items.sum().backward()
        grads.append(free_vectors(network).grad)
    # Switching the gates' gradient off leaves everybody else's alone.
    assert grads[0] is not None
    assert grads[1] is not None
    assert torch.equal(grads[0], grads[1])
    assert open_.get_parameter("gate").grad is not None
    assert shut.get_parameter("gate").grad is None


def test_without_knowledge_it_is_lightgcn(dataset: Dataset, split: Split, make_network: Make) -> None:
    bare = Propagation(build_graph(with_knowledge(dataset, "none", 0), split.train))
    sizes = (bare.n_users, bare.n_items, bare.n_entities)
    network = Kgrec(
        bare, FeatureFusion(sizes, NodeFeatures(), FusionConfig(), 16), KgrecConfig(dim=16, layers=2)
    )
    lightgcn = make_network("lightgcn", layers=2, scoring="cosine")
    with torch.no_grad():
        lightgcn.get_parameter("node").copy_(network.fusion())
    assert torch.allclose(network().users, lightgcn().users, atol=1e-6)
    assert torch.allclose(network().items, lightgcn().items, atol=1e-6)


def test_gates_of_zero_shut_knowledge_out(make_network: Make) -> None:
    network = make_network("kgrec", gate_init=0.0, scoring="dot")
    assert isinstance(network, Kgrec)
    before = network()
    with torch.no_grad():
        free_vectors(network)[network.n_users + network.n_items :] += 5.0
    assert torch.equal(network().users, before.users)
    assert torch.equal(network().items, before.items)


def test_dropout_acts_in_training_alone(make_network: Make) -> None:
    network = make_network("kgrec", dropout=0.5)
    assert not torch.equal(network().users, network().users)
    network.eval()
    assert torch.equal(network().users, network().users)


def test_text_is_projected_by_the_fusion(propagation: Propagation) -> None:
    n_nodes = propagation.n_nodes
    features = NodeFeatures(torch.randn(n_nodes, 5), torch.ones(n_nodes, dtype=torch.bool))
    sizes = (propagation.n_users, propagation.n_items, propagation.n_entities)
    fusion = FeatureFusion(sizes, features, FusionConfig(), 8)
    network, text = Kgrec(propagation, fusion, KgrecConfig(dim=8)), torch.randn(3, 5)
    projected, expected = network.project_text(text), fusion.project_text(text)
    assert projected is not None
    assert expected is not None
    assert torch.equal(projected, expected)


def test_an_unknown_normalisation_is_refused(make_network: Make) -> None:
    with pytest.raises(ConfigError, match=r"model\.normalisation is 'row'"):
        make_network("kgrec", normalisation="row")
