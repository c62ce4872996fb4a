"""SASRec against loops, its causality, and what it learns."""

import math
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
import torch
from torch import Tensor

from kgrec.config import Config
from kgrec.data.dataset import Dataset
from kgrec.data.sequences import Sequences
from kgrec.data.splits import Split
from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.experiment import run_experiment
from kgrec.graph import Propagation
from kgrec.load_run import load_scorer
from kgrec.models.base import VectorScorer
from kgrec.models.config_sequence import SASRecConfig
from kgrec.models.network import Network
from kgrec.models.parts import NetworkParts
from kgrec.models.sasrec import SASRec, SequenceVectors
from kgrec.models.sequence_encoder import SequenceEncoder
from kgrec.training.batches import Batch
from kgrec.training.config import ObjectiveConfig, PreferenceConfig
from kgrec.training.objective import Objective

N_ITEMS = 7


def encoder(heads: int = 2, dropout: float = 0.0) -> SequenceEncoder:
    torch.manual_seed(2)
    made = SequenceEncoder(N_ITEMS, (2, 5, 4), heads, dropout).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.5)
    return made


def network(sequences: list[list[int]], **options: object) -> SASRec:
    torch.manual_seed(0)
    counts = [len(sequence) for sequence in sequences]
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    items = np.array([item for sequence in sequences for item in sequence], np.int64)
    config = SASRecConfig(**{"dim": 8, "max_length": 4, "dropout": 0.0} | options)  # type: ignore[arg-type]
    return SASRec(Sequences(indptr, items), N_ITEMS, config)


def batch_of(users: list[int], seed: int = 0) -> Batch:
    rows = torch.tensor(users)
    return Batch(rows, torch.zeros_like(rows), torch.ones(len(rows)), torch.Generator().manual_seed(seed))


def norm(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    centred = x - x.mean()
    return centred / (centred.square().mean() + 1e-5).sqrt() * scale + shift


def states_by_definition(net: SequenceEncoder, items: list[int]) -> list[Tensor]:
    """The paper's equations, a place and a head at a time."""
    dim, width = net.item.shape[1], net.item.shape[1] // net.heads
    positions = net.position[len(net.position) - len(items) :]
    x = [math.sqrt(dim) * net.item[item] + positions[place] for place, item in enumerate(items)]
    for layer in range(len(net.square)):
        query, key, value, inner, outer = net.square[layer]
        normed = [norm(row, *net.norm[:, 2 * layer]) for row in x]
        after = []
        for place, row in enumerate(normed):
            heads = []
            for head in range(net.heads):
                part = slice(head * width, (head + 1) * width)
                logits = [
                    (row @ query)[part] @ (normed[other] @ key)[part] / math.sqrt(width)
                    for other in range(place + 1)
                ]
                weights = torch.stack(logits).softmax(0)
                heads.append(sum(w * (normed[o] @ value)[part] for o, w in enumerate(weights)))
            after.append(x[place] + torch.cat(heads))
        x = []
        for row in after:
            hidden = (norm(row, *net.norm[:, 2 * layer + 1]) @ inner + net.bias[layer, 0]).clamp(min=0)
            x.append(row + hidden @ outer + net.bias[layer, 1])
    return [norm(row, *net.norm[:, -1]) for row in x]


@pytest.mark.parametrize("heads", [1, 2, 4])
@pytest.mark.parametrize("items", [[3], [1, 6, 1], [0, 1, 2, 3, 4]])
@torch.no_grad()
def test_states_are_those_of_the_equations(heads: int, items: list[int]) -> None:
    net = encoder(heads)
    expected = torch.stack(states_by_definition(net, items))
    torch.testing.assert_close(net(torch.tensor([items]))[0], expected, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_padding_changes_nothing() -> None:
    net, items = encoder(), [2, 5, 2]
    padded = net(torch.tensor([[-1, -1, *items], [0, 1, *items]]))
    torch.testing.assert_close(padded[0, 2:], net(torch.tensor([items]))[0])
    assert torch.isfinite(padded).all()
    assert not torch.allclose(padded[0, 2:], padded[1, 2:])


@pytest.mark.parametrize("changed", range(1, 5))
def test_the_future_never_changes_an_earlier_state(changed: int) -> None:
    net = encoder()
    items = torch.tensor([[0, 1, 2, 3, 4]])
    other = items.clone()
    other[0, changed:] = 6
    before, after = net(items)[0], net(other)[0]
    assert torch.equal(before[:changed], after[:changed])
    assert not torch.allclose(before[changed:], after[changed:])
    # Nor is any gradient of an earlier state owed to a later item.
    (gradient,) = torch.autograd.grad(net(torch.tensor([[0, 1, 2, 3, 4]]))[0, changed - 1].sum(), net.item)
    assert not gradient[changed:5].any()
    assert gradient[:changed].any(1).all()


@torch.no_grad()
def test_the_order_of_a_history_counts_and_old_items_fall_out() -> None:
    scorer = network([[0, 1], [2]]).scorer()
    there, back = torch.tensor([3, 4, 5]), torch.tensor([5, 4, 3])
    assert not torch.allclose(scorer.scores_from_history(there), scorer.scores_from_history(back))
    long = torch.tensor([6, 6, 1, 3, 4, 5])
    assert torch.equal(scorer.scores_from_history(long), scorer.scores_from_history(long[-4:]))


@torch.no_grad()
def test_a_known_person_scores_as_their_own_history() -> None:
    sequences = [[0, 3, 1, 1, 5, 2], [], [4]]
    scorer = network(sequences).scorer()
    scores = scorer.scores(torch.arange(3))
    for user, history in enumerate(sequences):
        if history:
            expected = scorer.scores_from_history(torch.tensor(history))
            torch.testing.assert_close(scores[user], expected)
    assert not scores[1].any()


def loss_by_hand(net: SASRec, users: list[int]) -> Tensor:
    """Mean over every item that follows another one: -log softmax, each state made from its own window."""
    length, losses = net.config.max_length, []
    for items, following, owner in zip(net.items, net.following, net.owner, strict=True):
        for place in range(length):
            if int(owner) in users and following[place] >= 0:
                history = [int(item) for item in items[: place + 1] if item >= 0]
                # Positions count from the window's right end: what is later is masked, not moved.
                padded = [-1] * (place + 1 - len(history)) + history + [0] * (length - place - 1)
                state = net.encoder(torch.tensor([padded]))[0, place]
                losses.append(-(net.encoder.item @ state).log_softmax(0)[following[place]])
    return torch.stack(losses).mean()


def test_the_loss_is_that_of_every_next_item_of_the_batchs_people() -> None:
    net = network([[0, 3, 1, 1, 5, 2], [6, 0], [4]])
    for users in ([0], [1, 1, 0], [2, 1]):
        vectors = net.batch_vectors(torch.tensor(users))
        term = net.own_terms(vectors, batch_of(users))["next"]
        torch.testing.assert_close(term, loss_by_hand(net, users))
    alone = net.own_terms(net.batch_vectors(torch.tensor([2])), batch_of([2]))["next"]
    assert alone.item() == 0
    alone.backward()


def test_binary_cross_entropy_is_the_papers() -> None:
    net = network([[0, 3, 1], [6, 0]], loss="bce", negatives=3)
    vectors = net()
    assert isinstance(vectors, SequenceVectors)
    drawn = torch.randint(N_ITEMS, (3, 3), generator=torch.Generator().manual_seed(4))
    losses = []
    for state, true, others in zip(vectors.states, vectors.following, drawn, strict=True):
        loss = -torch.log(torch.sigmoid(state @ vectors.items[true]))
        for other in others:
            if other != true:
                loss = loss - torch.log(1 - torch.sigmoid(state @ vectors.items[other]))
        losses.append(loss)
    torch.testing.assert_close(net.own_terms(vectors, batch_of([0], 4))["next"], torch.stack(losses).mean())


@pytest.mark.parametrize("loss", ["softmax", "bce"])
def test_it_learns_a_cycle(loss: str) -> None:
    """Whoever had item i has i + 1 next: no bag of items could tell."""
    net = network([[(start + n) % N_ITEMS for n in range(9)] for start in range(N_ITEMS)], loss=loss, dim=16)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    for step in range(120):
        term = net.own_terms(net(), batch_of([0], step))["next"]
        optimizer.zero_grad()
        term.backward()
        optimizer.step()
    scorer = net.scorer()
    for item in range(N_ITEMS):
        history = torch.tensor([(item + shift) % N_ITEMS for shift in (-2, -1, 0)])
        assert scorer.scores_from_history(history).argmax().item() == (item + 1) % N_ITEMS


def test_other_losses_are_refused() -> None:
    net = network([[0, 1], [2, 3]])
    train = UserItems.from_pairs(np.array([0, 0, 1, 1]), np.array([0, 1, 2, 3]), (2, N_ITEMS))
    for loss in ("softmax", "bpr"):
        wanted = ObjectiveConfig(preference=PreferenceConfig(loss=loss))
        objective = Objective.build(wanted, train, N_ITEMS, None, None, torch.device("cpu"))
        with pytest.raises(ConfigError, match=r"loss=own|judges an interaction without"):
            objective(net, batch_of([0, 1]))


def test_its_own_loss_is_no_loss_of_others(make_network: Callable[..., Network], train: UserItems) -> None:
    wanted = ObjectiveConfig(preference=PreferenceConfig(loss="own"))
    wanted.l2.weight = 0.0
    objective = Objective.build(wanted, train, train.n_items, None, None, torch.device("cpu"))
    with pytest.raises(ConfigError, match="the model has no loss of its own"):
        objective(make_network("bpr"), batch_of([0, 1]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"heads": 3}, r"model\.heads is 3, which does not divide model\.dim=8"),
        ({"layers": 0}, r"model\.layers is 0"),
        ({"max_length": 0}, r"model\.max_length is 0"),
        ({"loss": "hinge"}, r"model\.loss is 'hinge'"),
        ({"negatives": 0}, r"model\.negatives is 0"),
        ({"dropout": 1.0}, r"model\.dropout is 1\.0"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        network([[0, 1]], **options)


def test_dropout_is_for_training_alone() -> None:
    net = encoder(dropout=0.5)
    items = torch.tensor([[1, 2, 3]])
    assert torch.equal(net(items), net(items))
    net.train()
    assert not torch.equal(net(items), net(items))


def test_parts_with_sequences_are_read_in_their_order(
    dataset: Dataset, split: Split, train: UserItems, propagation: Propagation
) -> None:
    users, items = split.train.users, split.train.items
    sequences = Sequences.ordered(users, items, -np.arange(len(users), dtype=float), len(dataset.users))
    parts = NetworkParts(propagation, train, sequences=sequences)
    built = SASRec.build(SASRecConfig(dim=8), parts)
    assert built.items[0][built.items[0] >= 0].tolist() == items[users == 0][::-1].tolist()


def test_a_run_learns_the_order_of_time(
    composed: Callable[..., Config], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """People walk round a ring of twelve items; what comes next is known from the last one alone."""
    folder = tmp_path_factory.mktemp("ring")
    rows = [(f"u{user}", f"i{(user + n) % 12}", n) for user in range(24) for n in range(8)]
    frame = pl.DataFrame(rows, schema=["user", "item", "timestamp"], orient="row")
    frame.sample(fraction=1.0, shuffle=True, seed=3).write_csv(folder / "ring.csv")
    overrides = ["model=sasrec", "model.dim=16", "data.split.method=leave_one_out", f"data.folder={folder}"]
    config = composed(*overrides, "training.epochs=60", "training.lr=0.02")
    config.data.files = {"interactions": "ring.csv"}
    run = run_experiment(config, folder / "runs" / "1")
    metrics = run.read_json("metrics.json")
    assert metrics["test"]["recall@5"] == 1.0
    assert metrics["test"]["mrr@5"] > 0.9
    scorer = load_scorer(run)
    assert isinstance(scorer, VectorScorer)
    assert run.has("scorer.safetensors")
