"""CFKG: scores and the loss on facts by hand, TransE's distance, and what is left without facts."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.graph import INTERACTS, Propagation
from kgrec.losses.transr import transe_distance
from kgrec.models.cfkg import CFKG
from kgrec.models.config_translation import CFKGConfig
from kgrec.models.network import Network
from kgrec.models.parts import NetworkParts
from kgrec.training.batches import Batch

Make = Callable[..., Network]


def made(make_network: Make, **options: object) -> CFKG:
    network = make_network("cfkg", **options)
    assert isinstance(network, CFKG)
    return network


def batch(seed: int = 0) -> Batch:
    users = torch.tensor([0, 1])
    return Batch(users, torch.tensor([2, 3]), torch.ones(2), torch.Generator().manual_seed(seed))


def score(head: Tensor, relation: Tensor, tail: Tensor, scoring: str) -> Tensor:
    product = torch.dot(head + relation, tail)
    return product if scoring == "dot" else product / ((head + relation).norm() * tail.norm())


@pytest.mark.parametrize("scoring", ["dot", "cosine"])
def test_a_users_score_is_that_of_the_relation_interacts(
    scoring: str, make_network: Make, propagation: Propagation
) -> None:
    network = made(make_network, dim=3, scoring=scoring)
    interacts = network.relation[propagation.relations.index(INTERACTS)]
    expected = score(network.user[4], interacts, network.node[7], scoring)
    assert torch.allclose(network.scorer().scores(torch.tensor([4]))[0, 7], expected, atol=1e-6)
    vectors = network()
    assert vectors.relations is network.relation
    assert torch.equal(vectors.first_users, network.user)
    assert torch.equal(vectors.knowledge, network.node)


def test_the_cosine_ranks_like_transes_distance_of_unit_vectors(make_network: Make) -> None:
    network = made(make_network, dim=5, scoring="cosine")
    moved = F.normalize(network.user[3] + network.relation[network.interacts], dim=0)
    items = F.normalize(network.node[: network.n_items], dim=1)
    distance = transe_distance(moved.expand_as(items), torch.zeros_like(items), items)
    scores = network.scorer().scores(torch.tensor([3]))[0]
    assert torch.allclose(distance, 2 - 2 * scores, atol=1e-5)


@pytest.mark.parametrize("corrupt", ["relation", "any"])
@pytest.mark.parametrize("fact_loss", ["pairwise", "bce"])
@pytest.mark.parametrize("scoring", ["dot", "cosine"])
def test_the_loss_on_facts_equals_a_loop_in_value_and_gradient(
    scoring: str, fact_loss: str, corrupt: str, make_network: Make
) -> None:
    options = {"scoring": scoring, "fact_loss": fact_loss, "corrupt": corrupt}
    network = made(make_network, dim=4, facts=0.5, temperature=0.3, triple_batch=9, **options)
    assert network.triples is not None
    drawn = network.triples.sample(9, torch.Generator().manual_seed(5), corrupt)
    losses = []
    for head, relation, tail, corrupted, usable in zip(*(column.tolist() for column in drawn), strict=True):
        true, false = (
            score(network.node[head], network.relation[relation], network.node[end], scoring)
            for end in (tail, corrupted)
        )
        if fact_loss == "bce":
            loss = -torch.sigmoid(true / 0.3).log() - (1 - torch.sigmoid(false / 0.3)).log()
        else:
            loss = -torch.sigmoid((true - false) / 0.3).log()
        losses.append(loss * usable)
    expected = 0.5 * torch.stack(losses).sum() / drawn[4].sum()
    terms = network.own_terms(network(), batch(5))
    assert terms.keys() == {"facts"}
    assert torch.allclose(terms["facts"], expected, atol=1e-6)
    learned = [network.node, network.relation]
    ours, theirs = (torch.autograd.grad(loss, learned) for loss in (terms["facts"], expected))
    for our, their in zip(ours, theirs, strict=True):
        assert torch.allclose(our, their, atol=1e-6)


@pytest.mark.parametrize(("key", "value"), [("corrupt", "all"), ("fact_loss", "hinge")])
def test_choices_that_do_not_exist_are_refused(key: str, value: str, make_network: Make) -> None:
    with pytest.raises(ConfigError, match=f"model.{key} is '{value}'; use"):
        made(make_network, **{key: value})


def test_a_weight_of_zero_is_not_computed(make_network: Make) -> None:
    network = made(make_network, facts=0.0)
    assert network.own_terms(network(), batch()) == {}


def test_the_batchs_generator_alone_chooses_the_facts(make_network: Make) -> None:
    network = made(make_network, triple_batch=5)
    values = []
    for seed, noise in ((1, 0), (1, 7), (2, 0)):
        torch.manual_seed(noise)
        values.append(network.own_terms(network(), batch(seed))["facts"])
    assert values[0] == values[1]
    assert values[0] != values[2]


def test_the_same_seed_gives_the_same_weights(make_network: Make) -> None:
    states = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        states.append(made(make_network).state_dict())
    assert states[0].keys() == {"user", "node", "relation"}
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert not torch.equal(states[0]["node"], states[2]["node"])


def test_facts_alone_teach_the_items_of_a_brand_to_be_alike(make_network: Make) -> None:
    torch.manual_seed(0)
    network = made(make_network, dim=8)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    generator = torch.Generator().manual_seed(0)
    history = []
    for _ in range(60):
        step = Batch(torch.zeros(1).long(), torch.zeros(1).long(), torch.ones(1), generator)
        loss = network.own_terms(network(), step)["facts"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(float(loss.detach()))
    assert history[-1] < 0.3 < math.log(2) / 2 < history[0]
    items = network().items
    likeness = items @ items.T
    assert network.triples is not None
    heads, tails = network.triples.heads, network.triples.tails
    # Items have one fact each, their brand.
    brand = tails[heads < network.n_items][heads[heads < network.n_items].argsort()]
    same = brand[:, None] == brand
    assert likeness[same].mean() > likeness[~same].mean() + 0.3


def test_without_facts_only_the_shared_vector_is_left(propagation: Propagation, train: UserItems) -> None:
    network = CFKG.build(CFKGConfig(dim=8, scoring="dot"), NetworkParts(propagation, train, None))
    vectors = network()
    assert network.own_terms(vectors, batch()) == {}
    (vectors.users @ vectors.items.T).sum().backward()
    assert network.user.grad is not None
    assert network.relation.grad is not None
    used = network.relation.grad.abs().sum(1) > 0
    assert used.nonzero().flatten().tolist() == [network.interacts]
