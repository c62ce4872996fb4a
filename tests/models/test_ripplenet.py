"""RippleNet against a loop over facts, its ripple sets, its knowledge term, and a person who comes later."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from kgrec.data.dataset import Dataset
from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.graph import Propagation
from kgrec.models import ripplenet_scorer
from kgrec.models.config_attention import RippleNetConfig
from kgrec.models.network import Network
from kgrec.models.parts import NetworkParts
from kgrec.models.ripplenet import UPDATES, RippleNet
from kgrec.models.ripplenet_scorer import RippleNetScorer
from kgrec.training.batches import Batch

Make = Callable[..., Network]


def make_ripplenet(make_network: Make, **options: object) -> RippleNet:
    network = make_network("ripplenet", dim=5, **({"memories": 4, "init_std": 0.8} | options))
    assert isinstance(network, RippleNet)
    return network


def looped(network: RippleNet, user: int, item: int) -> Tensor:
    """The definition, a fact at a time."""
    facts, question = network.facts, network.node[item]
    person = torch.zeros(network.config.dim)
    for hop in network.get_buffer("ripples")[user].tolist():
        shares, tails = [], []
        for fact in hop:
            matrix, head = network.relation[facts.relations[fact]], network.node[facts.heads[fact]]
            shares.append((question @ matrix @ head).exp())
            tails.append(network.node[facts.tails[fact]])
        answer = torch.zeros(network.config.dim)
        for share, tail in zip(shares, tails, strict=True):
            answer = answer + share / sum(shares) * tail
        person = person + answer
        question = answer if network.update is None else network.update @ (question + answer)
    scored = question if network.config.item_update == "transform_all" else network.node[item]
    if network.scoring == "cosine":
        return F.cosine_similarity(person, scored, dim=0)
    return person @ scored


@pytest.mark.parametrize("item_update", UPDATES)
@pytest.mark.parametrize("hops", [1, 2, 3])
@pytest.mark.parametrize("scoring", ["dot", "cosine"])
def test_equals_the_loop_in_value_and_gradient(
    item_update: str, hops: int, scoring: str, make_network: Make
) -> None:
    network = make_ripplenet(make_network, item_update=item_update, hops=hops, scoring=scoring)
    # Facts at random: those around a planted person lead to one brand, whatever the attention.
    network.get_buffer("ripples").random_(len(network.facts.heads))
    users, items = torch.tensor([3, 3, 50]), torch.tensor([[0, 7], [7, 39], [1, 1]])
    ours = network.pair_scores(network(), users, items)
    theirs = torch.stack(
        [
            torch.stack([looped(network, user, item) for item in row])
            for user, row in zip(users.tolist(), items.tolist(), strict=True)
        ]
    )
    assert torch.allclose(ours, theirs, atol=1e-5)
    # What the last hop's W would make is asked by nobody.
    unused = network.update if hops == 1 and item_update == "transform" else None
    parameters = [parameter for parameter in network.parameters() if parameter is not unused]
    direction = torch.randn_like(ours)
    our_grads = torch.autograd.grad((ours * direction).sum(), parameters)
    their_grads = torch.autograd.grad((theirs * direction).sum(), parameters)
    for mine, other in zip(our_grads, their_grads, strict=True):
        assert torch.allclose(mine, other, atol=1e-4)


@pytest.mark.parametrize("item_update", UPDATES)
@pytest.mark.parametrize("scoring", ["dot", "cosine"])
def test_the_scorer_ranks_by_the_pair_scores_whatever_the_chunks(
    item_update: str, scoring: str, make_network: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = make_ripplenet(make_network, item_update=item_update, scoring=scoring)
    users = torch.tensor([5, 0, 5, 59])
    every_item = torch.arange(network.n_items).expand(len(users), -1)
    expected = network.pair_scores(network(), users, every_item)
    assert torch.allclose(network.scorer().scores(users), expected, atol=1e-5)
    monkeypatch.setattr(ripplenet_scorer, "CHUNK_BYTES", 1)
    assert torch.allclose(network.scorer().scores(users), expected, atol=1e-5)


def test_ripples_start_at_the_history_and_go_on_from_the_tails(make_network: Make, train: UserItems) -> None:
    network = make_ripplenet(make_network, hops=3)
    facts, ripples = network.facts, network.get_buffer("ripples")
    for user in range(train.n_users):
        allowed = set(train.of(user).tolist())
        for hop in ripples[user]:
            assert set(facts.heads[hop].tolist()) <= allowed
            allowed = set(facts.tails[hop].tolist())


@pytest.mark.parametrize("reverses", [False, True])
def test_without_reverses_ripples_run_from_head_to_tail(
    reverses: bool, make_network: Make, dataset: Dataset, propagation: Propagation
) -> None:
    network = make_ripplenet(make_network, reverses=reverses)
    walked = {propagation.relations[row] for row in network.facts.relations.unique().tolist()}
    against = {"rev_brand", "rev_based_in"}
    # Where cities lead nowhere, they lead to themselves.
    assert walked == set(dataset.relations.ids) | (against if reverses else {"interacts"})


def test_a_persons_own_items_score_like_the_person(make_network: Make, train: UserItems) -> None:
    scorer = make_ripplenet(make_network, memories=6).scorer()
    for user in range(8):
        expected = scorer.scores(torch.tensor([user]))[0]
        items = torch.from_numpy(train.of(user)).flip(0)
        assert torch.allclose(scorer.scores_from_history(items), expected, atol=1e-6)
        twice = torch.full((len(items),), 2.0)
        assert torch.allclose(scorer.scores_from_history(items, twice), expected, atol=1e-6)


def test_someone_without_items_scores_zero(
    make_network: Make, train: UserItems, propagation: Propagation
) -> None:
    bounds = train.indptr.copy()
    bounds[:2] = 0  # user 1 gets the items of user 0 as well
    moved = UserItems(bounds, train.items, None, train.n_items)
    network = RippleNet(NetworkParts(propagation, moved), RippleNetConfig(dim=5))
    scores = network.scorer().scores(torch.tensor([0, 1]))
    assert (scores[0] == 0).all()
    assert (scores[1] != 0).any()
    assert (network.pair_scores(network(), torch.tensor([0]), torch.tensor([[3, 4]])) == 0).all()
    assert (network.scorer().scores_from_history(torch.empty(0, dtype=torch.int64)) == 0).all()


def test_without_knowledge_people_answer_with_their_history(
    propagation: Propagation, train: UserItems
) -> None:
    config = RippleNetConfig(dim=5, hops=1, memories=int(train.counts()[0]), scoring="dot")
    network = RippleNet(NetworkParts(propagation, train), config)
    own = network.node[torch.from_numpy(train.of(0))]
    asked = network.node[9]
    matrix = network.relation[propagation.relations.index("interacts")]
    expected = (own @ matrix.T @ asked).softmax(0) @ own @ asked
    ours = network.pair_scores(network(), torch.tensor([0]), torch.tensor([[9]]))
    assert torch.allclose(ours, expected.reshape(1, 1), atol=1e-6)
    generator = torch.Generator()
    batch = Batch(torch.tensor([0]), torch.tensor([9]), torch.ones(1), generator)
    assert network.own_terms(network(), batch) == {}


def test_the_knowledge_term_is_the_squared_error_of_facts(make_network: Make) -> None:
    network = make_ripplenet(make_network, kge_batch=7, kge_weight=0.3)
    state = torch.get_rng_state()
    batch = Batch(torch.tensor([0]), torch.tensor([0]), torch.ones(1), torch.Generator().manual_seed(2))
    (term,) = network.own_terms(network(), batch).values()
    assert torch.equal(torch.get_rng_state(), state)
    assert network.triples is not None
    drawn = network.triples.sample(7, torch.Generator().manual_seed(2))
    known, corrupted = [], []
    for head, relation, tail, other, usable in zip(*(column.tolist() for column in drawn), strict=True):
        expected = network.node[head] @ network.relation[relation]
        known.append(((1 - expected @ network.node[tail]) ** 2).item())
        if usable:
            corrupted.append(((expected @ network.node[other]) ** 2).item())
    value = sum(known) / 7 + sum(corrupted) / len(corrupted)
    assert float(term) == pytest.approx(0.15 * value, rel=1e-4)
    off = make_ripplenet(make_network, kge_weight=0.0)
    assert off.own_terms(off(), batch) == {}


def test_the_seed_draws_ripples_and_the_state_keeps_them(make_network: Make) -> None:
    made = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        made.append(make_network("ripplenet", memories=3))
    first, again, other = (network.state_dict() for network in made)
    assert all(torch.equal(value, again[name]) for name, value in first.items())
    one, another = (set(made[place].get_buffer("ripples").flatten().tolist()) for place in (0, 2))
    assert one != another or not torch.equal(first["tails"], other["tails"])
    made[2].load_state_dict(first)
    users = torch.arange(5)
    assert torch.equal(made[2].scorer().scores(users), made[0].scorer().scores(users))


@pytest.mark.parametrize("item_update", UPDATES)
def test_a_scorer_is_read_back(item_update: str, make_network: Make) -> None:
    scorer, users = make_ripplenet(make_network, item_update=item_update).scorer(), torch.arange(4)
    tensors = scorer.tensors()
    assert torch.equal(RippleNetScorer.from_tensors(tensors).scores(users), scorer.scores(users))
    older = tensors | {"options": tensors["options"][:2]}
    same = torch.equal(RippleNetScorer.from_tensors(older).scores(users), scorer.scores(users))
    assert same == (item_update != "transform_all")


def test_a_scorer_does_not_change_with_further_training(make_network: Make) -> None:
    network = make_ripplenet(make_network)
    scorer, users = network.scorer(), torch.arange(4)
    before = scorer.scores(users)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.3)
    assert torch.equal(scorer.scores(users), before)
    assert not torch.equal(network.scorer().scores(users), before)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("item_update", "plus", "use replace, transform or transform_all"),
        ("hops", 0, "use 1 or more"),
        ("memories", 0, "use 1 or more"),
        ("scoring", "euclid", "use dot or cosine"),
    ],
)
def test_an_impossible_option_is_refused(key: str, value: object, message: str, make_network: Make) -> None:
    with pytest.raises(ConfigError, match=rf"model\.{key} is .*{message}"):
        make_network("ripplenet", **{key: value})
