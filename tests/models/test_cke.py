"""CKE: scores and the loss on facts by hand, and what is left without facts."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from kgrec.data.user_items import UserItems
from kgrec.graph import Propagation
from kgrec.models.cke import CKE
from kgrec.models.config_translation import CKEConfig
from kgrec.models.network import Network
from kgrec.models.parts import NetworkParts
from kgrec.training.batches import Batch

Make = Callable[..., Network]


def made(make_network: Make, **options: object) -> CKE:
    network = make_network("cke", **options)
    assert isinstance(network, CKE)
    return network


def batch(seed: int = 0) -> Batch:
    users = torch.tensor([0, 1])
    return Batch(users, torch.tensor([2, 3]), torch.ones(2), torch.Generator().manual_seed(seed))


def distance(network: CKE, head: int, relation: int, tail: int) -> Tensor:
    """The definition: both ends projected apart."""
    matrix = network.projection[relation].T
    start, end = matrix @ network.node[head], matrix @ network.node[tail]
    return ((start + network.relation[relation] - end) ** 2).sum()


@pytest.mark.parametrize("scoring", ["dot", "cosine"])
def test_a_score_is_the_user_by_the_sum_of_both_item_vectors(scoring: str, make_network: Make) -> None:
    network = made(make_network, dim=3, relation_dim=2, scoring=scoring)
    user, item = network.user[4], network.item[7] + network.node[7]
    expected = torch.dot(user, item)
    if scoring == "cosine":
        expected = expected / (user.norm() * item.norm())
    vectors = network()
    assert torch.allclose(network.scorer().scores(torch.tensor([4]))[0, 7], expected, atol=1e-6)
    assert vectors.knowledge.shape == (len(network.node), 3)
    assert vectors.relations is None
    assert torch.equal(vectors.first_items[7], item)


def test_the_loss_on_facts_equals_a_loop_in_value_and_gradient(make_network: Make) -> None:
    network = made(make_network, dim=4, relation_dim=3, structural=0.5, structural_l2=0.25, triple_batch=9)
    with torch.no_grad():
        network.projection.normal_()
    assert network.triples is not None
    drawn = network.triples.sample(9, torch.Generator().manual_seed(5))
    losses, lengths = [], []
    for head, relation, tail, corrupted, usable in zip(*(column.tolist() for column in drawn), strict=True):
        gap = distance(network, head, relation, corrupted) - distance(network, head, relation, tail)
        losses.append(-torch.sigmoid(gap).log() * usable)
        rows = [network.node[head], network.node[tail], network.node[corrupted]]
        rows += [network.relation[relation], network.projection[relation]]
        lengths.append(torch.stack([(row**2).sum() for row in rows]).sum())
    expected = {
        "structural": 0.5 * torch.stack(losses).sum() / drawn[4].sum(),
        "structural_l2": 0.25 * torch.stack(lengths).mean(),
    }
    terms = network.own_terms(network(), batch(5))
    assert terms.keys() == expected.keys()
    learned = [network.node, network.relation, network.projection]
    for name, term in terms.items():
        assert torch.allclose(term, expected[name], rtol=1e-4)
        ours, theirs = (
            torch.autograd.grad(loss, learned, retain_graph=True) for loss in (term, expected[name])
        )
        for our, their in zip(ours, theirs, strict=True):
            assert torch.allclose(our, their, atol=1e-5)


def test_unit_length_and_any_corrupted_tail(make_network: Make) -> None:
    network = made(
        make_network,
        dim=4,
        relation_dim=3,
        structural=0.5,
        structural_l2=0.0,
        triple_batch=9,
        unit_length=True,
        corrupt="any",
    )
    with torch.no_grad():
        network.projection.normal_()
    assert network.triples is not None
    drawn = network.triples.sample(9, torch.Generator().manual_seed(5), "any")
    total = torch.zeros(())
    for head, relation, tail, corrupted, usable in zip(*(column.tolist() for column in drawn), strict=True):
        start, true, false = (
            network.node[end] @ network.projection[relation] for end in (head, tail, corrupted)
        )
        start, true, false, along = (x / x.norm() for x in (start, true, false, network.relation[relation]))
        gap = ((start + along - false) ** 2).sum() - ((start + along - true) ** 2).sum()
        total = total - torch.sigmoid(gap).log() * usable
    expected = 0.5 * total / drawn[4].sum()
    terms = network.own_terms(network(), batch(5))
    assert terms.keys() == {"structural"}
    assert torch.allclose(terms["structural"], expected, rtol=1e-4)


def test_projections_start_as_the_identity(make_network: Make) -> None:
    network = made(make_network, dim=4, relation_dim=3)
    assert torch.equal(network.projection[1], torch.eye(4)[:, :3])
    # So at the start a fact is TransE's: here one that holds, above one that does not.
    with torch.no_grad():
        network.node.zero_()
        network.relation.zero_()
        network.node[1, 0] = 2.0
    assert distance(network, 0, 1, 2) == 0
    assert distance(network, 0, 1, 1) == 4


def test_terms_of_weight_zero_are_not_computed(make_network: Make) -> None:
    shut = made(make_network, structural=0.0)
    assert shut.own_terms(shut(), batch()) == {}
    without_l2 = made(make_network, structural_l2=0.0)
    assert without_l2.own_terms(without_l2(), batch()).keys() == {"structural"}


def test_the_batchs_generator_alone_chooses_the_facts(make_network: Make) -> None:
    network = made(make_network, triple_batch=5)
    values = []
    for seed, noise in ((1, 0), (1, 7), (2, 0)):
        torch.manual_seed(noise)
        values.append(network.own_terms(network(), batch(seed))["structural"])
    assert values[0] == values[1]
    assert values[0] != values[2]


def test_the_same_seed_gives_the_same_weights(make_network: Make) -> None:
    states = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        states.append(made(make_network).state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert not torch.equal(states[0]["node"], states[2]["node"])
    assert not any(name.startswith("triples") for name in states[0])


def test_facts_are_told_from_corrupted_ones_after_some_steps(make_network: Make) -> None:
    torch.manual_seed(0)
    network = made(make_network, dim=8, relation_dim=8, structural_l2=0.0)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    generator = torch.Generator().manual_seed(0)
    history = []
    for _ in range(60):
        step = Batch(torch.zeros(1).long(), torch.zeros(1).long(), torch.ones(1), generator)
        loss = network.own_terms(network(), step)["structural"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(float(loss.detach()))
    assert history[0] == pytest.approx(math.log(2), abs=0.1)
    assert history[-1] < 0.1


def test_without_facts_it_is_matrix_factorisation(propagation: Propagation, train: UserItems) -> None:
    network = CKE.build(CKEConfig(dim=8, scoring="dot"), NetworkParts(propagation, train, None))
    assert {name for name, _ in network.named_parameters()} == {"user", "item"}
    vectors = network()
    assert torch.equal(vectors.items, network.item)
    assert network.own_terms(vectors, batch()) == {}
    vectors.items.sum().backward()
    assert network.item.grad is not None
