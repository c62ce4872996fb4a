"""KGNN-LS: labels by a recursion over nodes, a held-out label never read, and the term in training."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.graph import Propagation
from kgrec.models.config_attention import KGNNLSConfig
from kgrec.models.kgnn_ls import KGNNLS
from kgrec.models.network import Network
from kgrec.models.parts import NetworkParts
from kgrec.training.batches import Batch

Make = Callable[..., Network]


def make_kgnn_ls(make_network: Make, **options: object) -> KGNNLS:
    network = make_network("kgnn_ls", dim=6, **({"neighbours": 3, "label_hops": 2} | options))
    assert isinstance(network, KGNNLS)
    with torch.no_grad():
        network.user.normal_()
        network.relation.normal_()
    return network


def recursed(network: KGNNLS, train: UserItems, pair: tuple[int, int], node: int, hops: int) -> Tensor:
    """The definition: what is known of a node's label ``hops`` steps of propagation from the edge."""
    user, target = pair
    if node < network.n_items and node != target:
        return torch.tensor(float(node in train.of(user)))
    if hops == 0:
        return torch.tensor(0.5)
    neighbours = network.get_buffer("neighbours")[node].tolist()
    relations = network.get_buffer("relation_of")[node].tolist()
    cares = [(network.user[user] @ network.relation[relation]).exp() for relation in relations]
    told = [recursed(network, train, pair, neighbour, hops - 1) for neighbour in neighbours]
    return torch.stack([care * one for care, one in zip(cares, told, strict=True)]).sum() / sum(cares)


@pytest.mark.parametrize("hops", [1, 2, 3])
def test_labels_travel_as_in_the_recursion(hops: int, make_network: Make, train: UserItems) -> None:
    network = make_kgnn_ls(make_network, label_hops=hops)
    users, items = torch.tensor([2, 17, 40]), torch.tensor([[0, 5], [17, 17], [8, 39]])
    ours = network.predicted_labels(network(), users, items)
    theirs = torch.stack(
        [
            torch.stack([recursed(network, train, (user, item), item, hops) for item in row])
            for user, row in zip(users.tolist(), items.tolist(), strict=True)
        ]
    )
    assert torch.allclose(ours, theirs, atol=1e-6)
    # Items meet items two facts away, through their brand: only then is there anything to tell.
    assert (ours.detach() != 0.5).any() == (hops > 1)
    if hops > 1:
        direction, parameters = torch.randn_like(ours), [network.user, network.relation]
        for mine, other in zip(
            torch.autograd.grad((ours * direction).sum(), parameters),
            torch.autograd.grad((theirs * direction).sum(), parameters),
            strict=True,
        ):
            assert torch.allclose(mine, other, atol=1e-5)


def test_the_held_out_label_is_never_read(make_network: Make, train: UserItems) -> None:
    network = make_kgnn_ls(make_network, neighbours=40, label_hops=2)
    user = torch.tensor([0])
    item = torch.from_numpy(train.of(0)[:1])[None]
    before = network.predicted_labels(network(), user, item)
    assert (network.labels(user, item) == 1).all()
    network.had = network.had[network.had != item[0, 0]]  # user 0: the key is the item itself
    assert (network.labels(user, item) == 0).all()
    assert torch.equal(network.predicted_labels(network(), user, item), before)
    network.had = network.had[network.had >= network.n_items]
    assert not torch.equal(network.predicted_labels(network(), user, item), before)


def test_labels_are_those_of_train(make_network: Make, train: UserItems) -> None:
    network = make_kgnn_ls(make_network)
    users = torch.arange(train.n_users)
    nodes = torch.arange(len(network.node)).expand(train.n_users, -1)
    expected = torch.full(nodes.shape, 0.5)
    expected[:, : train.n_items] = torch.from_numpy(train.matrix().toarray())
    assert torch.equal(network.labels(users, nodes), expected)


def batch_of(train: UserItems, weights: Tensor) -> Batch:
    users, items = torch.from_numpy(train.user_of_pair()[:3]), torch.from_numpy(train.items[:3])
    return Batch(users, items, weights, torch.Generator().manual_seed(4))


def test_the_term_is_the_weighted_cross_entropy(make_network: Make, train: UserItems) -> None:
    network = make_kgnn_ls(make_network, label_smoothness=0.7)
    weights = torch.tensor([1.0, 0.0, 3.0])
    batch = batch_of(train, weights)
    (term,) = network.own_terms(network(), batch).values()
    other = torch.randint(network.n_items, (3,), generator=torch.Generator().manual_seed(4))
    total = 0.0
    for row, weight in enumerate(weights.tolist()):
        user = int(batch.users[row])
        for item in (int(batch.items[row]), int(other[row])):
            truth = torch.tensor(float(item in train.of(user)))
            predicted = recursed(network, train, (user, item), item, 2).clamp(1e-3, 1 - 1e-3)
            total += weight * F.binary_cross_entropy(predicted, truth).item() / 2
    assert float(term) == pytest.approx(0.7 * total / 4.0, rel=1e-5)


def test_the_term_teaches_people_and_relations_and_draws_from_the_batch_alone(
    make_network: Make, train: UserItems
) -> None:
    network = make_kgnn_ls(make_network)
    state = torch.get_rng_state()
    values = [
        network.own_terms(network(), batch_of(train, torch.ones(3)))["label_smoothness"] for _ in range(2)
    ]
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(*values)
    for grad in torch.autograd.grad(values[0], [network.user, network.relation]):
        assert grad.abs().sum() > 0


def test_the_term_is_left_out_where_it_is_off_or_has_nothing_to_travel_along(
    make_network: Make, propagation: Propagation, train: UserItems
) -> None:
    off = make_kgnn_ls(make_network, label_smoothness=0.0)
    bare = KGNNLS(NetworkParts(propagation, train), KGNNLSConfig(dim=6))
    for network in (off, bare):
        assert network.own_terms(network(), batch_of(train, torch.ones(3))) == {}


def test_no_hops_are_refused(make_network: Make) -> None:
    with pytest.raises(ConfigError, match=r"model\.label_hops is 0"):
        make_network("kgnn_ls", label_hops=0)
