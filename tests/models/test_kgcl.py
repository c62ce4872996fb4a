"""KGCL against a loop over facts, its guided views, and what it is without knowledge."""

import math
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
from kgrec.graph.triples import KnowledgeTriples
from kgrec.losses.contrast import info_nce
from kgrec.models.config_contrast import KGCLConfig
from kgrec.models.kgcl import KGCL
from kgrec.models.network import Network
from kgrec.models.parts import NetworkParts
from kgrec.training.batches import Batch

Make = Callable[..., Network]


def make_kgcl(make_network: Make, **options: object) -> KGCL:
    network = make_network("kgcl", **options)
    assert isinstance(network, KGCL)
    return network


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def batch() -> Batch:
    # User 3 and item 5 occur twice: each is one node of the contrast.
    return Batch(torch.tensor([3, 8, 3]), torch.tensor([5, 1, 5]), torch.ones(3), seeded())


def mixed_parts() -> tuple[NetworkParts, list[tuple[int, str, int]]]:
    """Two users, three items, two entities; items at either end of facts, one fact of entities alone."""
    facts = [(0, "made_by", 3), (0, "like", 1), (0, "made_by", 4), (3, "owns", 1), (3, "owns", 4)]
    graph = HeteroData()
    for name, count in (("user", 2), ("item", 3), ("entity", 2)):
        graph[name].num_nodes = count
    pairs = torch.tensor([[0, 0, 1], [0, 1, 2]])
    graph["user", "interacts", "item"].edge_index = pairs
    graph["item", "rev_interacts", "user"].edge_index = pairs.flip(0)
    for head, name, tail in facts:
        kinds = ["item" if end < 3 else "entity" for end in (head, tail)]
        ends = torch.tensor([[head if head < 3 else head - 3], [tail if tail < 3 else tail - 3]])
        for key, edge in (
            ((kinds[0], name, kinds[1]), ends),
            ((kinds[1], f"rev_{name}", kinds[0]), ends.flip(0)),
        ):
            known = graph[key].edge_index if "edge_index" in graph[key] else torch.empty(2, 0).long()
            graph[key].edge_index = torch.cat([known, edge], 1)
    propagation = Propagation(graph)
    names = propagation.relations
    rows = torch.tensor([(head, names.index(name), tail) for head, name, tail in facts])
    triples = KnowledgeTriples.from_rows(rows[:, 0], rows[:, 1], rows[:, 2], (len(names), 5))
    train = UserItems.from_pairs(pairs[0].numpy(), pairs[1].numpy(), (2, 3))
    return NetworkParts(propagation, train, triples), facts


def heard(network: KGCL, names: list[str], facts: list[tuple[int, str, int]]) -> Tensor:
    """The definition, an item and a fact at a time."""
    w = torch.cat([network.attention.of_neighbour, network.attention.of_item], 1)
    items = []
    for item in range(network.n_items):
        x = network.knowledge[item]
        said = [(tail, relation) for head, relation, tail in facts if head == item]
        said += [(head, f"rev_{relation}") for head, relation, tail in facts if tail == item]
        if said:
            neighbours = torch.stack([network.knowledge[node] for node, _ in said])
            relations = torch.stack([network.relation[names.index(name)] for _, name in said])
            both = torch.cat([neighbours, x.expand_as(neighbours)], 1)
            logits = F.leaky_relu(((both @ w.T) * relations).sum(1), 0.2)
            x = x + (torch.softmax(logits, 0)[:, None] * neighbours).sum(0)
        items.append(x)
    return torch.stack(items)


def test_items_hear_their_facts_as_the_loop_says() -> None:
    parts, facts = mixed_parts()
    network = KGCL(KGCLConfig(dim=4, scoring="dot", init_std=1.0), parts).double()
    own = network.attention(network.knowledge, network.relation)
    expected = heard(network, parts.propagation.relations, facts)
    torch.testing.assert_close(own, expected)
    assert not torch.allclose(own[0], network.knowledge[0])
    torch.testing.assert_close(own[2], network.knowledge[2])  # no fact names it
    direction = torch.randn_like(own)
    wanted = [network.knowledge, network.relation, *network.attention.parameters()]
    ours = torch.autograd.grad((own * direction).sum(), wanted)
    theirs = torch.autograd.grad((expected * direction).sum(), wanted)
    for gradient, dense in zip(ours, theirs, strict=True):
        assert dense.abs().max() > 0
        torch.testing.assert_close(gradient, dense)


def test_facts_left_out_are_not_heard() -> None:
    parts, facts = mixed_parts()
    network = KGCL(KGCLConfig(dim=4, init_std=1.0), parts)
    edges = network.attention.edges
    # All of item 0's facts but the one about entity row 4, and all of item 1's.
    kept = (edges.target == 0) & (edges.source == 4)
    own = network.attention(network.knowledge, network.relation, kept)
    expected = heard(network, parts.propagation.relations, [facts[2]])
    torch.testing.assert_close(own, expected)


@pytest.mark.parametrize("layers", [1, 2])
def test_forward_and_term_equal_dense_ones(layers: int, make_network: Make) -> None:
    network = make_kgcl(
        make_network, layers=layers, scoring="dot", contrast_weight=0.3, contrast_temperature=0.5
    )
    network.begin_epoch(seeded())

    def dense(adjacency: Tensor, facts: Tensor | None) -> Tensor:
        items = network.attention(network.knowledge, network.relation, facts)
        first = torch.cat([network.user, items])
        powers = [torch.linalg.matrix_power(adjacency, layer) @ first for layer in range(layers + 1)]
        return torch.stack(powers).mean(0)

    vectors = network()
    whole = dense(network.adjacency.matrix.to_dense(), None)
    torch.testing.assert_close(torch.cat([vectors.users, vectors.items]), whole, atol=1e-5, rtol=1e-5)
    assert torch.equal(vectors.first_items, network.knowledge[: network.n_items])
    first = dense(network.first_view.matrix.to_dense(), network.first_facts)
    second = dense(network.second_view.matrix.to_dense(), network.second_facts)
    expected = torch.zeros(())
    for rows in ([3, 8], [network.n_users + 1, network.n_users + 5]):
        expected = expected + 0.3 * info_nce(first[rows], second[rows], 0.5).mean()
    term = network.own_terms(vectors, batch())["contrast"]
    torch.testing.assert_close(term, expected)
    wanted = [network.user, network.knowledge, network.relation]
    ours, theirs = torch.autograd.grad(term, wanted), torch.autograd.grad(expected, wanted)
    for gradient, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(gradient, other, atol=1e-5, rtol=1e-3)


def test_consistent_items_keep_more() -> None:
    parts, _ = mixed_parts()  # one interaction of each of three items
    network = KGCL(KGCLConfig(dim=4, interaction_dropout=0.4, least_consistency=0.3), parts)
    by_hand = [math.exp(c) for c in (0.0, 0.5, 1.0)]
    scaled = [max((w - by_hand[0]) / (by_hand[2] - by_hand[0]), 0.3) for w in by_hand]
    expected = [min(1.0, 0.6 * p / (sum(scaled) / 3)) for p in scaled]
    chance = network.kept_chance(torch.tensor([0.0, 0.5, 1.0]))
    torch.testing.assert_close(chance, torch.tensor(expected)[network.interactions.items])
    alike = network.kept_chance(torch.full((3,), 0.7))
    torch.testing.assert_close(alike, torch.full((3,), 0.6))


def test_consistency_is_the_cosine_of_the_two_views() -> None:
    parts, facts = mixed_parts()
    network = KGCL(KGCLConfig(dim=4, init_std=1.0), parts)
    edges = network.attention.edges
    network.first_facts = torch.ones(len(edges), dtype=torch.bool)
    network.second_facts = torch.zeros(len(edges), dtype=torch.bool)
    full = heard(network, parts.propagation.relations, facts)
    expected = F.cosine_similarity(full, network.knowledge[:3], dim=1).detach()
    torch.testing.assert_close(network.consistency(), expected)
    assert float(expected[2]) == pytest.approx(1.0)
    assert float(expected[0]) < 0.99


def test_views_are_drawn_apart_and_by_the_generator_alone(make_network: Make) -> None:
    network, resumed = (make_kgcl(make_network, interaction_dropout=0.3) for _ in range(2))
    resumed.load_state_dict(network.state_dict())
    network.begin_epoch(seeded(1))
    for one in (network, resumed):
        torch.rand(3)  # the global generator stands elsewhere
        one.begin_epoch(seeded(2))
    assert not torch.equal(network.first_facts, network.second_facts)
    assert torch.equal(network.first_facts, resumed.first_facts)
    assert torch.equal(network.second_facts, resumed.second_facts)
    first, second = network.first_view.matrix.to_dense(), network.second_view.matrix.to_dense()
    assert not torch.equal(first, second)
    assert torch.equal(first, resumed.first_view.matrix.to_dense())
    assert torch.equal(second, resumed.second_view.matrix.to_dense())


def test_before_any_epoch_nothing_is_left_out(make_network: Make) -> None:
    network = make_kgcl(make_network)
    before = network.own_terms(network(), batch())["contrast"]
    vectors = network()
    same = info_nce(vectors.users[[3, 8]], vectors.users[[3, 8]], 0.2).mean()
    same = same + info_nce(vectors.items[[1, 5]], vectors.items[[1, 5]], 0.2).mean()
    torch.testing.assert_close(before, 0.1 * same)


def test_without_knowledge_it_is_lightgcn_with_plain_views(
    dataset: Dataset, split: Split, train: UserItems, make_network: Make
) -> None:
    bare = Propagation(build_graph(with_knowledge(dataset, "none", 0), split.train))
    network = KGCL(KGCLConfig(dim=16), NetworkParts(bare, train))
    lightgcn = make_network("lightgcn", layers=3, scoring="cosine")
    with torch.no_grad():
        lightgcn.get_parameter("node").copy_(torch.cat([network.user, network.knowledge]))
    network.begin_epoch(seeded())
    torch.testing.assert_close(network().users, lightgcn().users)
    torch.testing.assert_close(network().items, lightgcn().items)
    chance = network.kept_chance(network.consistency())
    torch.testing.assert_close(chance, torch.full_like(chance, 0.9))
    network.own_terms(network(), batch())["contrast"].backward()
    assert network.user.grad is not None
    assert network.user.grad.abs().max() > 0


def test_a_weight_of_zero_is_not_reported(make_network: Make) -> None:
    network = make_kgcl(make_network, contrast_weight=0.0)
    assert network.own_terms(network(), batch()) == {}


def test_the_same_seed_gives_the_same_weights(make_network: Make) -> None:
    states = []
    for _ in range(2):
        torch.manual_seed(4)
        states.append(make_kgcl(make_network).state_dict())
    tables = {"user", "knowledge", "relation"}
    assert set(states[0]) == tables | {"attention.of_neighbour", "attention.of_item"}
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.parametrize(
    "options",
    [
        {"fact_dropout": 1.0},
        {"interaction_dropout": -0.1},
        {"least_consistency": 1.5},
        {"contrast_temperature": 0.0},
    ],
)
def test_impossible_numbers_are_refused(options: dict[str, float], make_network: Make) -> None:
    with pytest.raises(ConfigError, match=f"model.{next(iter(options))} is"):
        make_kgcl(make_network, **options)
