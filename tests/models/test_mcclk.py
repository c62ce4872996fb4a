"""MCCLK's three views against loops over edges, its refreshed graph, and life without knowledge."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from kgrec.data.dataset import Dataset
from kgrec.data.knowledge import with_knowledge
from kgrec.data.splits import Split
from kgrec.data.user_items import UserItems
from kgrec.graph import Propagation, build_graph
from kgrec.models.config_contrast import MCCLKConfig
from kgrec.models.mcclk import MCCLK
from kgrec.models.network import Network
from kgrec.training.batches import Batch

Make = Callable[..., Network]


def made(make_network: Make, **options: object) -> MCCLK:
    network = make_network("mcclk", **options)
    assert isinstance(network, MCCLK)
    return network


def batch_of(train: UserItems) -> Batch:
    users, items = torch.from_numpy(train.user_of_pair()), torch.from_numpy(train.items)
    return Batch(users, items, torch.ones(len(users)), torch.Generator().manual_seed(3))


def looped_structural(network: MCCLK, dataset: Dataset, train: UserItems, relations: list[str]) -> Tensor:
    """Heads hear tails and tails hear heads, users hear their items; an edge at a time."""
    n_users = train.n_users
    heard = defaultdict(list)
    names = dataset.relations.ids
    for head, relation, tail in dataset.knowledge_rows().tolist():
        forward, backward = names[relation], f"rev_{names[relation]}"
        # A fact runs from its head to its tail: the tail hears it under its name, the head under the reverse.
        heard[n_users + tail].append((n_users + head, network.relation[relations.index(forward)]))
        heard[n_users + head].append((n_users + tail, network.relation[relations.index(backward)]))
    for user in range(n_users):
        heard[user] = [(n_users + item, torch.ones(network.config.dim)) for item in train.of(user)]
    current = total = network.node
    for _ in range(network.config.hops):
        rows = []
        for node in range(len(current)):
            message = torch.zeros(network.config.dim)
            for source, gate in heard[node]:
                message = message + gate * current[source] / len(heard[node])
            rows.append(message / message.norm().clamp(min=1e-12))
        current = torch.stack(rows)
        total = total + current
    return total / (network.config.hops + 1)


def looped_collaborative(network: MCCLK, train: UserItems) -> Tensor:
    pairs = list(zip(train.user_of_pair().tolist(), (train.items + train.n_users).tolist(), strict=True))
    degree = Counter(node for pair in pairs for node in pair)
    current = total = network.node[: train.n_users + train.n_items]
    for _ in range(network.config.layers):
        following = torch.zeros_like(current)
        for user, item in pairs:
            scale = 1 / math.sqrt(degree[user] * degree[item])
            following[user] += scale * current[item]
            following[item] += scale * current[user]
        current, total = following, total + following
    return total / (network.config.layers + 1)


def dense_similar(vectors: Tensor, k: int) -> Tensor:
    cosines = F.normalize(vectors, dim=1) @ F.normalize(vectors, dim=1).T
    kept = torch.zeros_like(cosines)
    for row, values in enumerate(cosines):
        best = values.argsort(descending=True)[:k]
        kept[row, best] = values[best].clamp(min=0)
    scale = kept.sum(1).rsqrt()
    return scale[:, None] * kept * scale


@pytest.mark.parametrize("hops", [1, 2])
def test_equals_the_loops_over_edges(
    hops: int, make_network: Make, dataset: Dataset, train: UserItems, propagation: Propagation
) -> None:
    network = made(make_network, dim=3, scoring="dot", hops=hops, semantic_layers=2, neighbours=4)
    with torch.no_grad():
        network.relation.normal_()
        network.begin_epoch(torch.Generator())
        vectors = network()
        structural = looped_structural(network, dataset, train, propagation.relations)
        collaborative = looped_collaborative(network, train)
        n_users, n_items = train.n_users, train.n_items
        first = network.node[n_users : n_users + n_items]
        graph = dense_similar(structural[n_users : n_users + n_items], 4)
        semantic = (first + graph @ first + graph @ graph @ first) / 3
    expected_users = torch.cat([structural[:n_users], collaborative[:n_users]], 1)
    local = collaborative[n_users:] + semantic
    expected_items = torch.cat([structural[n_users : n_users + n_items], local], 1)
    assert torch.allclose(vectors.users, expected_users, atol=1e-5)
    assert torch.allclose(vectors.items, expected_items, atol=1e-5)
    assert torch.equal(vectors.first_items, first)
    assert torch.equal(vectors.knowledge, network.node[n_users:])


def test_every_parameter_gets_a_finite_gradient(make_network: Make, train: UserItems) -> None:
    network = made(make_network)
    vectors = network()
    loss = (vectors.users @ vectors.items.T).logsumexp(1).sum()
    (loss + sum(network.own_terms(vectors, batch_of(train)).values())).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().sum() > 0, name


def test_similar_items_are_found_anew_when_an_epoch_begins(make_network: Make) -> None:
    network = made(make_network)
    before = network.similar.nearest.clone()
    with torch.no_grad():
        network.node.normal_(generator=torch.Generator().manual_seed(9))
    network()
    assert torch.equal(network.similar.nearest, before)
    network.begin_epoch(torch.Generator())
    assert not torch.equal(network.similar.nearest, before)


def test_a_loaded_network_ranks_with_the_graph_of_its_epoch(make_network: Make) -> None:
    network, fresh = made(make_network), made(make_network)
    network.begin_epoch(torch.Generator())
    with torch.no_grad():
        network.node.add_(torch.randn(network.node.shape, generator=torch.Generator().manual_seed(4)))
    fresh.load_state_dict(network.state_dict())
    users = torch.arange(5)
    assert torch.equal(fresh.scorer().scores(users), network.scorer().scores(users))
    for other in (network, fresh):
        other.begin_epoch(torch.Generator())
    assert torch.equal(fresh.scorer().scores(users), network.scorer().scores(users))


def test_the_same_seed_draws_the_same_network(make_network: Make) -> None:
    states = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        states.append(made(make_network).state_dict())
    first, again, other = states
    assert all(torch.equal(value, again[name]) for name, value in first.items())
    assert any(not torch.equal(value, other[name]) for name, value in first.items())


def test_reset_draws_everything_anew(make_network: Make) -> None:
    network = made(make_network)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    network.reset_parameters()
    same = [name for name, value in network.state_dict().items() if torch.equal(value, before[name])]
    assert same == []


def test_without_knowledge_it_is_lightgcn(
    dataset: Dataset, split: Split, train: UserItems, make_network: Make
) -> None:
    bare = Propagation(build_graph(with_knowledge(dataset, "none", 0), split.train))
    network = MCCLK(bare, MCCLKConfig(dim=16))
    lightgcn = make_network("lightgcn", layers=2, scoring="cosine")
    with torch.no_grad():
        lightgcn.get_parameter("node").copy_(network.node)
    network.begin_epoch(torch.Generator())
    vectors = network()
    assert torch.equal(vectors.users, lightgcn().users)
    assert torch.equal(vectors.items, lightgcn().items)
    assert network.own_terms(vectors, batch_of(train)) == {}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_the_result_is_the_same(make_network: Make, train: UserItems) -> None:
    network = made(make_network)
    network.begin_epoch(torch.Generator())
    expected = network().items
    assert torch.allclose(network.to("cuda")().items.cpu(), expected, atol=1e-5)
    network.begin_epoch(torch.Generator("cuda"))
    assert torch.allclose(network().items.cpu(), expected, atol=1e-5)
