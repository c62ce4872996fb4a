"""KGCN against a recursion over nodes, without knowledge, and its scorer against its own pair scores."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from kgrec.data.dataset import Dataset
from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.graph import Propagation
from kgrec.models import kgcn_scorer
from kgrec.models.config_attention import KGCNConfig
from kgrec.models.kgcn import KGCN
from kgrec.models.network import Network
from kgrec.models.parts import NetworkParts
from kgrec.models.receptive import AGGREGATORS

Make = Callable[..., Network]


def make_kgcn(make_network: Make, **options: object) -> KGCN:
    network = make_network("kgcn", dim=6, **({"neighbours": 3} | options))
    assert isinstance(network, KGCN)
    with torch.no_grad():  # away from zero, so that attention and biases are seen to act
        network.bias.normal_()
        network.user.normal_()
        network.relation.normal_()
        network.node.normal_()
    return network


def recursed(network: KGCN, user: int, node: int, layer: int) -> Tensor:
    """The definition: a node after ``layer`` layers, as the user sees it."""
    if layer == 0:
        return network.node[node]
    neighbours = network.get_buffer("neighbours")[node].tolist()
    relations = network.get_buffer("relation_of")[node].tolist()
    scale = network.config.dim if network.config.aggregator == "mean" else 1
    cares = [(network.user[user] @ network.relation[relation] / scale).exp() for relation in relations]
    heard = torch.zeros(network.config.dim)
    for care, neighbour in zip(cares, neighbours, strict=True):
        heard = heard + care / sum(cares) * recursed(network, user, neighbour, layer - 1)
    own = recursed(network, user, node, layer - 1)
    entering = {"sum": own + heard, "concat": torch.cat([own, heard]), "neighbour": heard}
    entering["mean"] = own + heard / len(neighbours)
    total = network.weight[layer - 1] @ entering[network.config.aggregator] + network.bias[layer - 1]
    return total.tanh() if layer == network.config.layers else total.relu()


@pytest.mark.parametrize("aggregator", AGGREGATORS)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("scoring", ["dot", "cosine"])
def test_equals_the_recursion_in_value_and_gradient(
    aggregator: str, layers: int, scoring: str, make_network: Make
) -> None:
    network = make_kgcn(make_network, aggregator=aggregator, layers=layers, scoring=scoring)
    users, items = torch.tensor([3, 11]), torch.tensor([[0, 7, 7], [39, 2, 0]])
    ours = network.pair_scores(network(), users, items)
    rows = []
    for user, row in zip(users.tolist(), items.tolist(), strict=True):
        seen = torch.stack([recursed(network, user, item, layers) for item in row])
        if scoring == "cosine":
            rows.append(F.cosine_similarity(seen, network.user[user].unsqueeze(0)))
        else:
            rows.append(seen @ network.user[user])
    theirs = torch.stack(rows)
    assert torch.allclose(ours, theirs, atol=1e-5)
    direction, parameters = torch.randn_like(ours), list(network.parameters())
    our_grads = torch.autograd.grad((ours * direction).sum(), parameters)
    their_grads = torch.autograd.grad((theirs * direction).sum(), parameters)
    for ours_one, theirs_one in zip(our_grads, their_grads, strict=True):
        assert torch.allclose(ours_one, theirs_one, atol=1e-4)


@pytest.mark.parametrize("aggregator", AGGREGATORS)
@pytest.mark.parametrize("layers", [1, 2])
def test_the_scorer_ranks_by_the_pair_scores_whatever_the_chunks(
    aggregator: str, layers: int, make_network: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = make_kgcn(make_network, aggregator=aggregator, layers=layers)
    users = torch.tensor([5, 0, 5, 59])
    every_item = torch.arange(network.n_items).expand(len(users), -1)
    expected = network.pair_scores(network(), users, every_item)
    assert torch.allclose(network.scorer().scores(users), expected, atol=1e-5)
    monkeypatch.setattr(kgcn_scorer, "CHUNK_BYTES", 1)
    assert torch.allclose(network.scorer().scores(users), expected, atol=1e-5)


def test_neighbours_are_facts_in_both_directions(make_network: Make, dataset: Dataset) -> None:
    network = make_kgcn(make_network, neighbours=4)
    names = ["brand", "based_in", "interacts", "rev_based_in", "rev_brand", "rev_interacts"]
    facts = {(int(h), dataset.relations.ids[int(r)], int(t)) for h, r, t in dataset.knowledge_rows()}
    facts |= {(tail, f"rev_{relation}", head) for head, relation, tail in facts}
    for node in range(len(network.node)):
        for row, end in zip(
            network.get_buffer("relation_of")[node].tolist(),
            network.get_buffer("neighbours")[node].tolist(),
            strict=True,
        ):
            assert (node, sorted(names)[row], end) in facts
    brand = network.n_items + dataset.entities.row("b1")
    assert len(network.get_buffer("neighbours")[brand].unique()) == 4


@pytest.mark.parametrize("aggregator", AGGREGATORS)
def test_without_knowledge_items_hear_themselves(
    aggregator: str, propagation: Propagation, train: UserItems
) -> None:
    network = KGCN(NetworkParts(propagation, train), KGCNConfig(dim=6, aggregator=aggregator, scoring="dot"))
    users, items = torch.tensor([0, 1]), torch.tensor([[3, 4], [3, 9]])
    x = network.node[items]
    entering = {"sum": 2 * x, "concat": torch.cat([x, x], -1), "neighbour": x, "mean": 1.125 * x}[aggregator]
    expected = ((entering @ network.weight[0].T).tanh() * network.user[users].unsqueeze(1)).sum(-1)
    assert torch.allclose(network.pair_scores(network(), users, items), expected, atol=1e-6)


def test_the_seed_draws_neighbours_and_the_state_keeps_them(make_network: Make) -> None:
    made = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        made.append(make_network("kgcn", neighbours=2))
    first, again, other = (network.state_dict() for network in made)
    assert all(torch.equal(value, again[name]) for name, value in first.items())
    assert not torch.equal(first["neighbours"], other["neighbours"])
    made[2].load_state_dict(first)
    users = torch.arange(5)
    assert torch.equal(made[2].scorer().scores(users), made[0].scorer().scores(users))


def test_a_history_looks_like_its_items_to_the_average_user(make_network: Make) -> None:
    network = make_kgcn(make_network, scoring="dot")
    scorer, items, weights = network.scorer(), torch.tensor([4, 1]), torch.tensor([1.0, 3.0])
    with torch.no_grad():
        average = network.user.mean(0)
        network.user[7] = average
        seen = torch.stack([recursed(network, 7, item, 1) for item in items.tolist()])
        direction = F.normalize(weights @ seen, dim=0)
        network.user[7] = direction * scorer.tables.users.norm(dim=1).mean()
        expected = network.pair_scores(network(), torch.tensor([7]), torch.arange(network.n_items)[None])[0]
    assert torch.allclose(scorer.scores_from_history(items, weights), expected, atol=1e-5)


@pytest.mark.parametrize("name", ["kgcn", "kgnn_ls"])
def test_a_scorer_does_not_change_with_further_training(name: str, make_network: Make) -> None:
    network = make_network(name)
    scorer, users = network.scorer(), torch.arange(4)
    before = scorer.scores(users)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(-2.0).add_(0.1)
    assert torch.equal(scorer.scores(users), before)
    assert not torch.equal(network.scorer().scores(users), before)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("aggregator", "plain", "use sum, concat, neighbour"),
        ("layers", 0, "use 1 or more"),
        ("neighbours", 0, "use 1 or more"),
        ("scoring", "euclid", "use dot or cosine"),
    ],
)
def test_an_impossible_option_is_refused(key: str, value: object, message: str, make_network: Make) -> None:
    with pytest.raises(ConfigError, match=rf"model\.{key} is .*{message}"):
        make_network("kgcn", **{key: value})
