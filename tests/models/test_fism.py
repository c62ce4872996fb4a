"""FISM against loops over histories and facts; what an interaction's own loss reads."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from kgrec.data.dataset import Dataset
from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.graph import Propagation
from kgrec.graph.csr import CSROperator, csr_tensor
from kgrec.graph.triples import KnowledgeTriples
from kgrec.models.fism import FISM
from kgrec.models.histories import HistoryModel
from kgrec.models.network import Network
from kgrec.training.batches import Batch
from kgrec.training.config import PreferenceConfig
from kgrec.training.positives import Positives
from kgrec.training.preference_term import preference_term

Make = Callable[..., Network]


@pytest.fixture
def network(make_network: Make) -> FISM:
    torch.manual_seed(4)
    made = make_network("fism", dim=5, layers=2)
    assert isinstance(made, FISM)
    with torch.no_grad():
        made.gate.normal_()
    return made


def heard(
    nodes: Tensor, gates: Tensor, facts: list[tuple[int, int, int]], layers: int, n_items: int
) -> Tensor:
    """``x' = x + sum over facts of (other end's vector times relation's gate) / sqrt(d d')``, by a loop."""
    degree = Counter(target for _, _, target in facts)
    for _ in range(layers):
        sums = [nodes[n].clone() for n in range(len(nodes))]
        for source, relation, target in facts:
            sums[target] = (
                sums[target] + nodes[source] * gates[relation] / (degree[source] * degree[target]) ** 0.5
            )
        nodes = torch.stack(sums)
    return nodes[:n_items]


def both_ways(dataset: Dataset, propagation: Propagation) -> list[tuple[int, int, int]]:
    """(source, gate, target) of every fact and its reverse."""
    triples = KnowledgeTriples.from_dataset(dataset, propagation.relations)
    names = propagation.relations
    edges = []
    for head, relation, tail in zip(triples.heads, triples.relations, triples.tails, strict=True):
        back = names.index(f"rev_{names[int(relation)]}")
        edges += [(int(head), int(relation), int(tail)), (int(tail), back, int(head))]
    return edges


def test_people_are_sums_of_their_items_and_items_hear_their_facts(
    network: FISM, dataset: Dataset, propagation: Propagation, train: UserItems
) -> None:
    facts = both_ways(dataset, propagation)
    history = heard(network.node[:, :5], network.gate[:, :5], facts, 2, train.n_items)
    items = heard(network.node[:, 5:], network.gate[:, 5:], facts, 2, train.n_items)
    people = torch.stack([sum(history[j] for j in train.of(u)) for u in range(train.n_users)])
    vectors = network()
    torch.testing.assert_close(vectors.users, F.normalize(people))
    torch.testing.assert_close(vectors.items, F.normalize(items))


def test_an_interaction_is_judged_without_itself(network: FISM, train: UserItems) -> None:
    vectors = network()
    users, items = torch.from_numpy(train.user_of_pair()[:20]), torch.from_numpy(train.items[:20])
    rows = network.left_out(vectors, users, items, torch.ones(20))
    for row, user, item in zip(rows, users.tolist(), items.tolist(), strict=True):
        rest = sum(vectors.first_items[j] for j in train.of(user) if j != item)
        torch.testing.assert_close(row, F.normalize(rest, dim=0))


@pytest.mark.parametrize("loss", ["softmax", "shared_softmax"])
def test_the_loss_reads_the_rest_of_the_history(loss: str, network: FISM, train: UserItems) -> None:
    users, items = torch.from_numpy(train.user_of_pair()[:20]), torch.from_numpy(train.items[:20])
    batch = Batch(users, items, torch.ones(20), torch.Generator().manual_seed(0))
    vectors = network()
    logits = vectors.users[users] @ vectors.items.T / 0.3
    for row, (user, item) in enumerate(zip(users.tolist(), items.tolist(), strict=True)):
        rest = sum(vectors.first_items[j] for j in train.of(user) if j != item)
        logits[row, train.of(user)] = -torch.inf
        logits[row, item] = F.normalize(rest, dim=0) @ vectors.items[item] / 0.3
    config = PreferenceConfig(loss=loss, negatives=train.n_items, temperature=0.3)
    term = preference_term(config, Positives(train, torch.device("cpu")), network, vectors, batch)
    torch.testing.assert_close(term, F.cross_entropy(logits, items))


@pytest.mark.parametrize("layers", [0, 1, 2])
def test_a_batch_holds_its_people_alone_and_learns_the_same(
    layers: int, make_network: Make, train: UserItems
) -> None:
    torch.manual_seed(1)
    network = make_network("fism", layers=layers)
    positives = Positives(train, torch.device("cpu"))
    users, items = torch.from_numpy(train.user_of_pair()[50:200:2]), torch.from_numpy(train.items[50:200:2])
    found = []
    for vectors in (network(), network.batch_vectors(users)):
        batch = Batch(users, items, torch.ones(len(users)), torch.Generator().manual_seed(0))
        term = preference_term(PreferenceConfig(loss="softmax"), positives, network, vectors, batch)
        term = term + vectors.of_users(users).square().sum() + vectors.first_of_users(users).mean()
        found.append((term, *torch.autograd.grad(term, list(network.parameters()), allow_unused=True)))
    torch.testing.assert_close(found[1], found[0])
    assert vectors.held is not None
    assert len(vectors.users) == len(vectors.held) == len(users.unique()) < train.n_users


@pytest.mark.parametrize("loss", ["bpr", "squared", "sampled_softmax"])
def test_other_losses_are_refused(loss: str, network: FISM, train: UserItems) -> None:
    batch = Batch(torch.tensor([0]), torch.tensor([0]), torch.ones(1), torch.Generator())
    with pytest.raises(ConfigError, match="without itself"):
        preference_term(
            PreferenceConfig(loss=loss), Positives(train, torch.device("cpu")), network, network(), batch
        )


def test_without_layers_facts_are_not_read(make_network: Make, train: UserItems) -> None:
    plain = make_network("fism", layers=0)
    assert isinstance(plain, FISM)
    assert plain.facts is None
    assert plain.node.shape == (train.n_items, 32)
    torch.testing.assert_close(plain().items, F.normalize(plain.node[:, 16:]))


@pytest.mark.parametrize("scoring", ["cosine", "dot"])
def test_a_known_history_is_scored_like_its_person(
    scoring: str, make_network: Make, train: UserItems, tmp_path: Path
) -> None:
    scorer = make_network("fism", scoring=scoring).scorer()
    assert isinstance(scorer, HistoryModel)
    for user in range(5):
        expected = scorer.scores(torch.tensor([user]))[0]
        found = scorer.scores_from_history(torch.from_numpy(train.of(user)))
        torch.testing.assert_close(found, expected)
    again = HistoryModel.from_tensors(scorer.tensors())
    assert again.scoring == scoring


def test_what_popular_items_add_starts_small(make_network: Make, train: UserItems) -> None:
    torch.manual_seed(0)
    network = make_network("fism", dim=400, layers=0, init_std=0.1)
    assert isinstance(network, FISM)
    root = torch.bincount(torch.from_numpy(train.items), minlength=train.n_items).clamp(min=1).sqrt()
    torch.testing.assert_close(network.node[:, :400].std(1), 0.1 * root.mean() / root, rtol=0.15, atol=0)
    torch.testing.assert_close(
        network.node[:, 400:].std(1), torch.full((train.n_items,), 0.1), rtol=0.15, atol=0
    )


@pytest.mark.parametrize("layers", [0, 1])
def test_it_moves_between_devices_with_and_without_facts(layers: int, make_network: Make) -> None:
    network = make_network("fism", layers=layers)
    before = network().users
    torch.testing.assert_close(network.to("cpu")().users, before)


def test_people_with_one_item_leave_its_gradient_to_the_others(network: FISM, train: UserItems) -> None:
    few = UserItems.from_pairs(np.array([0, 1, 1]), np.array([0, 0, 1]), (train.n_users, train.n_items))
    matrix = few.matrix()
    plain = FISM(
        CSROperator(csr_tensor(matrix), csr_tensor(matrix.T.tocsr())),
        None,
        (train.n_items, 0),
        network.config,
    )
    gradients = []
    for chosen in ([0, 1, 2], [1, 2]):
        vectors = plain()
        users, items = torch.tensor([0, 1, 1])[chosen], torch.tensor([0, 0, 1])[chosen]
        rows = plain.left_out(vectors, users, items, torch.ones(len(chosen)))
        (gradient,) = torch.autograd.grad((rows * vectors.items[items]).sum(), plain.node)
        gradients.append(gradient)
    assert gradients[1].abs().sum() > 0
    torch.testing.assert_close(*gradients)


def test_an_event_that_comes_twice_is_left_out_as_the_sum_holds_it(network: FISM, train: UserItems) -> None:
    twice = UserItems.from_pairs(
        np.array([0, 0, 0]), np.array([0, 0, 1]), (train.n_users, train.n_items), np.float32([1, 5, 1])
    )
    matrix = twice.matrix()
    plain = FISM(
        CSROperator(csr_tensor(matrix), csr_tensor(matrix.T.tocsr())),
        None,
        (train.n_items, 0),
        network.config,
    )
    vectors = plain()
    batch = Batch(torch.tensor([0]), torch.tensor([0]), torch.ones(1), torch.Generator())
    positives = Positives(twice, torch.device("cpu"))
    config = PreferenceConfig(loss="shared_softmax", negatives=train.n_items, temperature=0.3)
    term = preference_term(config, positives, plain, vectors, batch)
    logits = vectors.items @ vectors.users[0] / 0.3
    logits[1] = -torch.inf
    logits[0] = F.normalize(vectors.first_items[1], dim=0) @ vectors.items[0] / 0.3
    torch.testing.assert_close(term, logits.logsumexp(0) - logits[0])
