"""KGIN against a loop over edges, its intents and its dropouts."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torch_geometric.data import HeteroData

from kgrec.data.dataset import Dataset
from kgrec.data.knowledge import with_knowledge
from kgrec.data.splits import Split
from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.graph import INTERACTS, Propagation, build_graph, reverse_name
from kgrec.losses.independence import independence_loss
from kgrec.models.config import KGINConfig
from kgrec.models.kgin import KGIN
from kgrec.models.network import Network
from kgrec.training.batches import Batch

Make = Callable[..., Network]
OWN = (INTERACTS, reverse_name(INTERACTS))


def calm(make_network: Make, **options: object) -> KGIN:
    """Without dropout, so that a training pass is what the equations say."""
    network = make_network("kgin", dim=3, scoring="dot", node_dropout=0.0, message_dropout=0.0, **options)
    assert isinstance(network, KGIN)
    return network


def a_batch(seed: int = 0) -> Batch:
    return Batch(torch.arange(4), torch.arange(4), torch.ones(4), torch.Generator().manual_seed(seed))


def means(heard: dict[int, list[Tensor]], like: Tensor) -> Tensor:
    zero = torch.zeros(like.shape[1])
    return torch.stack([torch.stack(heard[n]).mean(0) if n in heard else zero for n in range(len(like))])


def looped(
    graph: HeteroData, network: KGIN, relations: list[str], layers: int, residual: bool
) -> tuple[Tensor, Tensor]:
    """The equations, an edge and a user at a time."""
    users, nodes = network.node[: network.n_users], network.node[network.n_users :]
    shift = {"item": 0, "entity": network.n_items}
    names = [name for name in relations if name not in OWN]
    vector = dict(zip(relations, network.relation, strict=True))
    intents = []
    for logits in network.intent:
        share = logits.exp() / logits.exp().sum()
        intents.append(sum(share[k] * vector[name] for k, name in enumerate(names)))
    gates = []
    for user in users:
        score = torch.stack([(user @ intent).exp() for intent in intents])
        share = score / score.sum()
        gate = sum(share[p] * intent for p, intent in enumerate(intents))
        gates.append(gate + 1 if residual else gate)
    total_users, total_nodes = users, nodes
    for _ in range(layers):
        of_user: dict[int, list[Tensor]] = {}
        of_node: dict[int, list[Tensor]] = {}
        for head, relation, tail in graph.edge_types:
            for a, b in graph[head, relation, tail].edge_index.T.tolist():
                if relation == INTERACTS:
                    of_user.setdefault(a, []).append(nodes[b])
                elif relation not in OWN:
                    message = nodes[a + shift[head]] * vector[relation]
                    of_node.setdefault(b + shift[tail], []).append(message)
        heard = means(of_user, total_users) * torch.stack(gates)
        nodes = F.normalize(means(of_node, total_nodes), dim=1)
        total_users, total_nodes = total_users + F.normalize(heard, dim=1), total_nodes + nodes
    return total_users, total_nodes[: network.n_items]


@pytest.mark.parametrize(("layers", "residual"), [(1, True), (3, True), (2, False)])
def test_equals_the_loop_in_value_and_gradient(
    layers: int, residual: bool, make_network: Make, dataset: Dataset, split: Split, propagation: Propagation
) -> None:
    network = calm(make_network, layers=layers, residual=residual)
    with torch.no_grad():
        network.node.mul_(10)
        network.intent.normal_()
    graph = build_graph(dataset, split.train)
    expected = looped(graph, network, propagation.relations, layers, residual)
    vectors = network()
    for ours, theirs in zip((vectors.users, vectors.items), expected, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)
    weights = [torch.randn_like(part) for part in expected]
    inputs = [network.node, network.relation, network.intent]
    sums = [
        sum((part * weight).sum() for part, weight in zip(parts, weights, strict=True))
        for parts in ((vectors.users, vectors.items), expected)
    ]
    for one, other in zip(*(torch.autograd.grad(total, inputs) for total in sums), strict=True):
        assert torch.allclose(one, other, atol=1e-3, rtol=1e-3)


def test_intents_are_mixtures_of_the_relations_of_knowledge(
    make_network: Make, propagation: Propagation
) -> None:
    network = calm(make_network, intents=2)
    names = [name for name in propagation.relations if name not in OWN]
    with torch.no_grad():
        network.intent.zero_()
        network.intent[1, 1] = 50.0
    of_knowledge = [network.relation[propagation.relations.index(name)] for name in names]
    assert torch.allclose(network.intents()[0], torch.stack(of_knowledge).mean(0), atol=1e-6)
    assert torch.allclose(network.intents()[1], of_knowledge[1], atol=1e-6)


@pytest.mark.parametrize("measure", ["distance", "mutual", "cosine"])
def test_independence_is_weighted_and_of_the_intents(measure: str, make_network: Make) -> None:
    network = calm(make_network, independence=0.5, independence_measure=measure)
    terms = network.own_terms(network(), a_batch())
    assert set(terms) == {"independence"}
    assert torch.allclose(terms["independence"], 0.5 * independence_loss(network.intents(), measure))
    terms["independence"].backward()
    assert network.intent.grad is not None
    assert network.intent.grad.abs().sum() > 0


@pytest.mark.parametrize("options", [{"independence": 0.0}, {"intents": 1}])
def test_a_term_that_says_nothing_is_not_reported(options: dict[str, float], make_network: Make) -> None:
    network = calm(make_network, **options)
    assert network.own_terms(network(), a_batch()) == {}


@pytest.mark.parametrize("which", ["node_dropout", "message_dropout"])
def test_dropout_acts_in_training_alone(which: str, make_network: Make) -> None:
    options = {"node_dropout": 0.0, "message_dropout": 0.0} | {which: 0.5}
    network = make_network("kgin", **options)
    torch.manual_seed(1)
    first, second = network(), network()
    assert not torch.equal(first.users, second.users)
    assert not torch.equal(first.items, second.items)
    torch.manual_seed(1)
    assert torch.equal(network().users, first.users)
    network.eval()
    assert torch.equal(network().users, network().users)


def test_without_knowledge_it_trains_on_the_plain_mean(
    dataset: Dataset, split: Split, train: UserItems
) -> None:
    bare = Propagation(build_graph(with_knowledge(dataset, "none", 0), split.train))
    network = KGIN(bare, KGINConfig(dim=4, layers=1, scoring="dot", node_dropout=0.0, message_dropout=0.0))
    vectors = network()
    users, items = network.node[: network.n_users], network.node[network.n_users :][: network.n_items]
    mean = torch.stack([items[torch.from_numpy(train.of(user))].mean(0) for user in range(train.n_users)])
    assert torch.allclose(vectors.users, users + F.normalize(mean, dim=1), atol=1e-6)
    assert torch.equal(vectors.items, items)
    assert network.own_terms(vectors, a_batch()) == {}
    (vectors.users @ vectors.items.T).sum().backward()
    assert network.node.grad is not None
    assert torch.isfinite(network.node.grad).all()


def test_the_same_seed_gives_the_same_weights(make_network: Make) -> None:
    networks = []
    for _ in range(2):
        torch.manual_seed(7)
        networks.append(make_network("kgin"))
    for one, other in zip(*(network.state_dict().values() for network in networks), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"intents": 0}, "intents is 0"),
        ({"node_dropout": 1.0}, "node_dropout is 1.0"),
        ({"independence_measure": "rank"}, "independence_measure is 'rank'"),
    ],
)
def test_values_that_make_no_sense_are_refused(
    options: dict[str, object], message: str, make_network: Make
) -> None:
    with pytest.raises(ConfigError, match=message):
        make_network("kgin", **options)


@pytest.mark.parametrize("knowledge", [True, False])
def test_a_batch_of_few_users_is_propagated_to_them_alone(
    knowledge: bool, dataset: Dataset, split: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kgrec.models.kgin.MOST", 1.0)
    known = dataset if knowledge else with_knowledge(dataset, "none", 0)
    config = KGINConfig(dim=4, scoring="cosine", node_dropout=0.0, message_dropout=0.0)
    network = KGIN(Propagation(build_graph(known, split.train)), config)
    users = torch.tensor([3, 1, 3])
    few, every = network.batch_vectors(users), network()
    assert few.held is not None
    assert few.held.tolist() == [1, 3]
    assert few.users.shape == (2, 4)
    ours, theirs = few.of_users(users), every.of_users(users)
    assert torch.allclose(ours, theirs, atol=1e-6)
    assert torch.allclose(few.first_of_users(users), every.first_of_users(users), atol=0)
    assert torch.allclose(few.items, every.items, atol=0)
    weights = torch.randn_like(ours)
    sums = [(one.of_users(users) * weights).sum() + one.items.sum() for one in (few, every)]
    inputs = list(network.parameters()) if knowledge else [network.node]
    gradients = [torch.autograd.grad(total, inputs, allow_unused=True) for total in sums]
    for one, other in zip(*gradients, strict=True):
        assert (one is None) == (other is None)
        assert one is None or torch.allclose(one, other, atol=1e-5)


def test_a_batch_of_most_users_is_propagated_to_all(make_network: Make) -> None:
    network = make_network("kgin")
    assert network.batch_vectors(torch.arange(network.n_users)).held is None


def test_node_dropout_of_a_few_users_is_a_share_of_their_own_items(make_network: Make) -> None:
    network = make_network("kgin", node_dropout=0.5, message_dropout=0.0, layers=1)
    assert isinstance(network, KGIN)
    users = torch.tensor([0, 2])
    torch.manual_seed(0)
    drawn = network.histories.rows(users).draw(0.5).matrix.to_dense()
    whole = network.histories.operator.matrix.to_dense()[users]
    assert drawn.shape == whole.shape
    kept = drawn != 0
    assert 0 < kept.sum() < (whole != 0).sum()
    assert torch.allclose(drawn[kept], 2 * whole[kept])
