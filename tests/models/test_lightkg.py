"""LightKG against a loop over edges, and its contrast by hand."""

import math
from collections import Counter
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
from kgrec.graph import Propagation, build_graph
from kgrec.models.config import LightKGConfig
from kgrec.models.lightgcn import LightGCN
from kgrec.models.lightkg import LightKG
from kgrec.models.network import Network
from kgrec.training.batches import Batch

Make = Callable[..., Network]


def calm(make_network: Make, **options: object) -> LightKG:
    network = make_network("lightkg", scoring="dot", dropout=0.0, **{"dim": 3} | options)
    assert isinstance(network, LightKG)
    return network


def a_batch(n: int = 12, seed: int = 0) -> Batch:
    users, items = torch.arange(n), torch.arange(n) * 2
    return Batch(users, items, torch.ones(n), torch.Generator().manual_seed(seed))


def looped(graph: HeteroData, network: LightKG, relations: list[str], layers: int) -> Tensor:
    offset = {"user": 0, "item": network.n_users, "entity": network.n_users + network.n_items}
    edges = []
    for head, relation, tail in graph.edge_types:
        for a, b in graph[head, relation, tail].edge_index.T.tolist():
            edges.append((a + offset[head], b + offset[tail], relation))
    degree = Counter(target for _, target, _ in edges)
    scalar = dict(zip(relations, network.scalar, strict=True))
    current, total = network.node, network.node
    for _ in range(layers):
        rows = [torch.zeros(network.node.shape[1]) for _ in network.node]
        for source, target, relation in edges:
            scale = 1 / math.sqrt(degree[source] * degree[target])
            rows[target] = rows[target] + scale * scalar[relation] * current[source]
        current = torch.stack(rows)
        total = total + current
    return total / (layers + 1)


@pytest.mark.parametrize("layers", [1, 2])
def test_equals_the_loop_in_value_and_gradient(
    layers: int, make_network: Make, dataset: Dataset, split: Split, propagation: Propagation
) -> None:
    network = calm(make_network, layers=layers)
    expected = looped(build_graph(dataset, split.train), network, propagation.relations, layers)
    vectors = network()
    ours = torch.cat([vectors.users, vectors.items])
    theirs = expected[: len(ours)]
    assert torch.allclose(ours, theirs, atol=1e-6)
    weight = torch.randn_like(ours)
    inputs = [network.node, network.scalar]
    for one, other in zip(
        *(torch.autograd.grad((part * weight).sum(), inputs) for part in (ours, theirs)), strict=True
    ):
        assert torch.allclose(one, other, atol=1e-5)


def test_without_knowledge_and_scalars_of_one_it_is_lightgcn(
    dataset: Dataset, split: Split, make_network: Make
) -> None:
    bare = Propagation(build_graph(with_knowledge(dataset, "none", 0), split.train))
    network = LightKG(bare, LightKGConfig(dim=16, dropout=0.0, scoring="dot"))
    lightgcn = make_network("lightgcn", scoring="dot", layers=2)
    assert isinstance(lightgcn, LightGCN)
    with torch.no_grad():
        network.scalar.fill_(1.0)
        lightgcn.node.copy_(network.node[: len(lightgcn.node)])
    assert torch.allclose(network().users, lightgcn().users, atol=1e-6)
    assert torch.allclose(network().items, lightgcn().items, atol=1e-6)
    terms = network.own_terms(network(), a_batch())
    assert all(torch.isfinite(term) for term in terms.values())


def contrast(network: LightKG, pairs: list[tuple[int, int]], near: dict[int, set[int]]) -> Tensor:
    total = torch.zeros(())
    for a, b in pairs:
        size = math.sqrt(len(near[a]) * len(near[b]))
        cosine = F.cosine_similarity(network.node[a], network.node[b], dim=0)
        apart = 1 - len(near[a] & near[b]) / size if size else 1.0
        weight = 1 - 1 / size if size else 1.0
        total = total + weight * torch.exp(cosine * apart / 0.6)
    return total / len(pairs)


def test_the_contrast_by_hand(make_network: Make, train: UserItems, dataset: Dataset) -> None:
    network = calm(make_network, contrast_users=0.5, contrast_items=0.25)
    n_users, batch = network.n_users, a_batch()
    brand = [int(head) for head, _, _ in dataset.knowledge_rows()]
    near = {user: {int(item) + n_users for item in train.of(user)} for user in range(n_users)}
    for item in range(network.n_items):
        near[item + n_users] = {user for user in range(n_users) if item + n_users in near[user]}
    # An item's brand counts in its degree and is nobody's shared neighbour: a number that no other set has.
    for item in brand:
        if item < network.n_items:
            near[item + n_users].add(-item - 1)
    terms = network.own_terms(network(), batch)
    users = batch.users.tolist()
    expected = contrast(network, [(a, b) for a in users for b in users], near)
    assert torch.allclose(terms["contrast_users"], 0.5 * expected, atol=1e-5)
    # The random items are drawn after the two orders.
    generator = torch.Generator().manual_seed(0)
    for _ in range(2):
        torch.randperm(len(users), generator=generator)
    drawn = torch.randint(network.n_items, (len(users),), generator=generator).tolist()
    pairs = [(int(a) + n_users, b + n_users) for a in batch.items for b in drawn]
    pairs_apart = [(a, b) for a, b in pairs if a != b]
    # An item against itself shares its fans alone, and its cosine is 1.
    own = torch.zeros(())
    for a, b in pairs:
        if a == b:
            size, fans = len(near[a]), len([node for node in near[a] if node >= 0])
            own = own + (1 - 1 / size) * math.exp((1 - fans / size) / 0.6)
    expected = (contrast(network, pairs_apart, near) * len(pairs_apart) + own) / len(pairs)
    assert torch.allclose(terms["contrast_items"], 0.25 * expected, atol=1e-5)


def test_more_random_items_are_drawn_on_request(make_network: Make) -> None:
    network, batch = calm(make_network, contrast_items=0.25, contrast_users=0.0, contrast_draws=3), a_batch()
    generator = torch.Generator().manual_seed(0)
    torch.randperm(12, generator=generator)
    drawn = torch.randint(network.n_items, (36,), generator=generator) + network.n_users
    own = batch.items + network.n_users
    alike, scale = network.common.similarity(own, drawn), network.common.scale
    pairs = []
    for row, a in enumerate(own.tolist()):
        for column, b in enumerate(drawn.tolist()):
            cosine = F.cosine_similarity(network.node[a], network.node[b], dim=0)
            push = torch.exp(cosine * (1 - alike[row, column]) / 0.6)
            pairs.append((1 - scale[a] * scale[b]) * push)
    assert len(pairs) == 12 * 36
    term = network.own_terms(network(), batch)["contrast_items"]
    assert torch.allclose(term, 0.25 * torch.stack(pairs).mean(), atol=1e-5)


def test_terms_depend_on_the_batch_s_generator_alone(make_network: Make) -> None:
    network = calm(make_network, contrast_nodes=5)
    vectors = network()
    drawn = []
    for seed, other in ((1, 2), (1, 3), (4, 2)):
        torch.manual_seed(other)
        drawn.append(torch.stack(list(network.own_terms(vectors, a_batch(seed=seed)).values())))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_terms_of_weight_zero_are_not_reported(make_network: Make) -> None:
    network = calm(make_network, contrast_users=0.0)
    assert set(network.own_terms(network(), a_batch())) == {"contrast_items"}
    network = calm(make_network, contrast_items=0.0)
    assert set(network.own_terms(network(), a_batch())) == {"contrast_users"}


def test_the_contrast_pushes_strangers_apart(make_network: Make) -> None:
    network = calm(make_network, dim=16, contrast_users=1.0, contrast_items=0.0)
    with torch.no_grad():
        network.node.mul_(0.5).add_(1.0)
    batch = a_batch()
    alike = network.common.similarity(batch.users, batch.users)
    optimizer = torch.optim.Adam([network.node], lr=0.05)
    for _ in range(20):
        loss = network.own_terms(network(), batch)["contrast_users"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    unit = F.normalize(network.node[batch.users].detach(), dim=1)
    cosine, other = unit @ unit.T, ~torch.eye(len(unit), dtype=torch.bool)
    strangers, friends = cosine[other & (alike == 0)], cosine[other & (alike > 0.4)]
    assert len(strangers) > 0
    assert len(friends) > 0
    assert strangers.mean() < friends.mean() - 0.1
    assert strangers.mean() < 0.5


def test_dropout_acts_in_training_alone(make_network: Make) -> None:
    network = make_network("lightkg", dropout=0.5)
    assert not torch.equal(network().users, network().users)
    network.eval()
    assert torch.equal(network().users, network().users)


def test_the_same_seed_gives_the_same_weights(make_network: Make) -> None:
    networks = []
    for _ in range(2):
        torch.manual_seed(7)
        networks.append(make_network("lightkg"))
    for one, other in zip(*(network.state_dict().values() for network in networks), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize(
    "options", [{"contrast_temperature": 0.0}, {"contrast_nodes": 0}, {"contrast_draws": 0}]
)
def test_values_that_make_no_sense_are_refused(options: dict[str, float], make_network: Make) -> None:
    with pytest.raises(ConfigError, match="must be above 0"):
        make_network("lightkg", **options)
