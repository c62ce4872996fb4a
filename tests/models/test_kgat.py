"""KGAT against loops over edges, and what its attention and its TransR loss do."""

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
from kgrec.graph.attention import CHUNK_EDGES
from kgrec.models.config_convolution import KGATConfig
from kgrec.models.kgat import KGAT
from kgrec.models.network import Network
from kgrec.models.parts import NetworkParts
from kgrec.training.batches import Batch

Make = Callable[..., Network]


def make_kgat(make_network: Make, **options: object) -> KGAT:
    """With parameters of a size at which attention is far from even, and no exponential overflows."""
    network = make_network("kgat", **{"dim": 4, "relation_dim": 3, **options})
    assert isinstance(network, KGAT)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(std=0.7)
    return network


def some_batch(train: UserItems, seed: int = 1) -> Batch:
    users, items = torch.from_numpy(train.user_of_pair()), torch.from_numpy(train.items)
    return Batch(users, items, torch.ones(len(users)), torch.Generator().manual_seed(seed))


def attended(network: KGAT, propagation: Propagation) -> Tensor:
    """Attention by the definition, an edge at a time, as a dense matrix."""
    head, tail, relation, _ = propagation.edges(set(propagation.relations), False)
    shares = torch.zeros(propagation.n_nodes, propagation.n_nodes)
    for h, t, r in zip(head.tolist(), tail.tolist(), relation.tolist(), strict=True):
        W = network.projection[r]
        logit = (network.node[t] @ W) @ torch.tanh(network.node[h] @ W + network.relation[r])
        shares[h, t] += logit.detach().exp()
    return shares / shares.sum(1, keepdim=True).clamp(min=1e-30)


def looped(network: KGAT, attention: Tensor) -> Tensor:
    """The paper's layers with a dense attention."""
    x, layers = network.node, [network.node]
    for sums, products in zip(network.sums, network.products, strict=True):
        heard = attention @ x
        x = F.leaky_relu((x + heard) @ sums.weight.T + sums.bias) + F.leaky_relu(
            (x * heard) @ products.weight.T + products.bias
        )
        layers.append(x / x.norm(dim=1, keepdim=True))
    return torch.cat(layers, 1)


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_equals_the_loops_in_value_and_gradient(make_network: Make, propagation: Propagation) -> None:
    network = make_kgat(make_network, widths=[5, 2], dropout=0.0, scoring="dot")
    network.begin_epoch(generator())
    expected = looped(network, attended(network, propagation))
    vectors = network()
    n_users, n_items = network.n_users, network.n_items
    ours = torch.cat([vectors.users, vectors.items])
    assert ours.shape == (n_users + n_items, 4 + 5 + 2)
    assert torch.allclose(ours, expected[: n_users + n_items], atol=1e-5)
    direction = torch.randn_like(ours)
    parameters = [network.node, *network.sums.parameters(), *network.products.parameters()]
    our_grads = torch.autograd.grad((ours * direction).sum(), parameters)
    their_grads = torch.autograd.grad((expected[: len(ours)] * direction).sum(), parameters)
    for our_grad, their_grad in zip(our_grads, their_grads, strict=True):
        assert torch.allclose(our_grad, their_grad, atol=1e-3, rtol=1e-4)


def test_attention_starts_even_and_changes_with_the_epoch(
    make_network: Make, propagation: Propagation
) -> None:
    network = make_kgat(make_network)
    matrix = network.edges.pattern.with_values(network.get_buffer("attention")).matrix.to_dense()
    degree = (matrix > 0).sum(1)
    assert torch.allclose(matrix, (matrix > 0) / degree.clamp(min=1).unsqueeze(1))
    network.begin_epoch(generator())
    matrix = network.edges.pattern.with_values(network.get_buffer("attention")).matrix.to_dense()
    assert torch.allclose(matrix, attended(network, propagation), atol=1e-5)


def test_attention_does_not_depend_on_the_chunks(make_network: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    network = make_kgat(make_network)
    network.begin_epoch(generator())
    whole = network.get_buffer("attention").clone()
    every = network.edges.chunks
    monkeypatch.setattr(network.edges, "chunks", lambda: every(7))
    network.begin_epoch(generator())
    assert len(network.edges.facts) < CHUNK_EDGES
    assert torch.allclose(network.get_buffer("attention"), whole, atol=1e-6)


def test_saved_weights_bring_their_attention(make_network: Make) -> None:
    network, other = make_kgat(make_network), make_kgat(make_network)
    network.begin_epoch(generator())
    network.eval()
    other.eval()
    assert not torch.allclose(network().users, other().users)
    other.load_state_dict(network.state_dict())
    assert torch.equal(network().users, other().users)
    assert torch.equal(network().items, other().items)


def test_no_gradient_flows_through_attention(make_network: Make) -> None:
    network = make_kgat(make_network)
    network.begin_epoch(generator())
    network().users.sum().backward()
    assert network.relation.grad is None
    assert network.projection.grad is None


def test_transr_by_hand(make_network: Make, train: UserItems) -> None:
    network = make_kgat(make_network, transr=0.5, transr_batch=20)
    term = network.own_terms(network(), some_batch(train))["transr"]
    drawn = network.edges.facts.sample(20, some_batch(train).generator)

    def distance(h: int, r: int, t: int) -> Tensor:
        W = network.projection[r]
        return ((network.node[h] @ W + network.relation[r] - network.node[t] @ W) ** 2).sum()

    losses = [
        torch.log1p((distance(h, r, t) - distance(h, r, bad)).exp())
        for h, r, t, bad, usable in zip(*(column.tolist() for column in drawn), strict=True)
        if usable
    ]
    assert 0 < len(losses) <= 20
    expected = 0.5 * torch.stack(losses).mean()
    assert torch.allclose(term, expected, rtol=1e-4)
    for parameter in (network.node, network.relation, network.projection):
        (ours,) = torch.autograd.grad(term, parameter, retain_graph=True)
        (theirs,) = torch.autograd.grad(expected, parameter, retain_graph=True)
        assert torch.allclose(ours, theirs, atol=1e-4, rtol=1e-3)


def test_transr_of_weight_zero_is_not_there(make_network: Make, train: UserItems) -> None:
    network = make_kgat(make_network, transr=0.0)
    assert network.own_terms(network(), some_batch(train)) == {}


def test_the_batches_generator_alone_decides_the_draws(make_network: Make, train: UserItems) -> None:
    network = make_kgat(make_network, transr_batch=50)
    vectors = network()
    first, again, other = (
        network.own_terms(vectors, some_batch(train, seed))["transr"] for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_without_knowledge_it_attends_to_interactions(
    dataset: Dataset, split: Split, train: UserItems
) -> None:
    bare = Propagation(build_graph(with_knowledge(dataset, "none", 0), split.train))
    network = KGAT.build(KGATConfig(dim=8), NetworkParts(bare, train))
    assert len(network.node) == train.n_users + train.n_items
    network.begin_epoch(generator())
    vectors = network()
    terms = network.own_terms(vectors, some_batch(train))
    ((vectors.users @ vectors.items.T)[0, 0] + terms["transr"]).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all()


def test_the_seed_alone_decides_the_weights(make_network: Make) -> None:
    states = []
    for seed in (5, 5, 6):
        torch.manual_seed(seed)
        states.append(make_network("kgat").state_dict())
    for name in ("node", "relation", "projection", "sums.0.weight"):
        assert torch.equal(states[0][name], states[1][name])
        assert not torch.equal(states[0][name], states[2][name])


def test_dropout_acts_in_training_alone(make_network: Make) -> None:
    network = make_kgat(make_network, dropout=0.5)
    assert not torch.equal(network().users, network().users)
    network.eval()
    assert torch.equal(network().users, network().users)
