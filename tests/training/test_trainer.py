from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from kgrec.errors import ConfigError, RunError, TrainingError
from kgrec.models.network import Network, NodeVectors
from kgrec.models.vectors import VectorModel
from kgrec.training.batches import InteractionBatches
from kgrec.training.checkpoint import CheckpointStore
from kgrec.training.trainer import Trainer

MakeTrainer = Callable[..., Trainer]
MakeNetwork = Callable[[], Network]


def scripted(values: list[float]) -> Callable[[VectorModel], dict[str, float]]:
    """Valid metrics that were decided beforehand."""
    left = iter(values)
    return lambda scorer: {"ndcg@10": next(left)}


def state_of(network: Network) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def assert_same(left: dict[str, Tensor], right: dict[str, Tensor]) -> None:
    assert left.keys() == right.keys()
    assert all(torch.equal(left[name], right[name]) for name in left)


def without_seconds(history: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{name: value for name, value in record.items() if name != "seconds"} for record in history]


def test_two_steps_equal_two_steps_by_hand(
    make_trainer: MakeTrainer, dropout_network: MakeNetwork, batches: InteractionBatches
) -> None:
    """Adam with decoupled decay (Kingma and Ba 2015; Loshchilov and Hutter 2019), written out."""
    network, by_hand = dropout_network(), dropout_network()
    lr, decay, clip = 0.05, 0.1, 0.5
    trainer = make_trainer(
        network, lr=lr, weight_decay=decay, clip_norm=clip, schedule="linear", epochs=2, warmup_epochs=0.4
    )
    torch.manual_seed(3)
    for batch, _ in zip(batches.epoch(1), range(2), strict=False):
        trainer.step(batch)

    parameters = dict(by_hand.named_parameters())
    first = {name: torch.zeros_like(p) for name, p in parameters.items()}
    second = {name: torch.zeros_like(p) for name, p in parameters.items()}
    torch.manual_seed(3)
    for step, (batch, share) in enumerate(zip(batches.epoch(1), [1 / 3, 2 / 3], strict=False), start=1):
        terms = trainer.objective(by_hand, batch)
        used = [p for name, p in parameters.items() if name == "node"]
        gradients = torch.autograd.grad(terms["preference"] + terms["l2"], used)
        norm = torch.sqrt(sum((g**2).sum() for g in gradients))  # type: ignore[arg-type]
        assert norm > clip
        for parameter, gradient in zip(used, gradients, strict=True):
            g = gradient * clip / (norm + 1e-6)
            first["node"] = 0.9 * first["node"] + 0.1 * g
            second["node"] = 0.999 * second["node"] + 0.001 * g**2
            m, v = first["node"] / (1 - 0.9**step), second["node"] / (1 - 0.999**step)
            with torch.no_grad():
                parameter.sub_(share * lr * (decay * parameter + m / (v.sqrt() + 1e-8)))
    for name, parameter in network.named_parameters():
        torch.testing.assert_close(parameter, parameters[name], rtol=3e-7, atol=1e-7)


def test_adam_adds_the_decay_to_the_gradient(
    make_trainer: MakeTrainer, dropout_network: MakeNetwork, batches: InteractionBatches
) -> None:
    """Kingma and Ba 2015 with L2: one step of it by hand, and rows without a gradient decay as well."""
    network, before = dropout_network(), state_of(dropout_network())
    lr, decay = 0.05, 0.1
    trainer = make_trainer(network, lr=lr, weight_decay=decay, optimizer="adam")
    trainer.step(next(batches.epoch(1)))
    node = dict(network.named_parameters())["node"]
    assert node.grad is not None
    g = node.grad + decay * before["node"]
    # In the first step the bias-corrected moments are g and g squared.
    torch.testing.assert_close(node.detach(), before["node"] - lr * g / (g.abs() + 1e-8))
    untouched = node.grad.abs().sum(1) == 0
    assert untouched.any()
    moved = (node.detach() - before["node"])[untouched]
    torch.testing.assert_close(moved, -lr * before["node"][untouched].sign(), rtol=1e-3, atol=1e-5)


def test_training_learns_what_is_planted(make_trainer: MakeTrainer, network: Network) -> None:
    result = make_trainer(network, epochs=30, lr=0.05).fit(None)
    losses = [record["loss/preference"] for record in result.history]
    assert losses[-1] < 0.5 * losses[0]
    assert result.epochs == result.best_epoch == 30


def test_same_seed_same_weights_and_history(make_trainer: MakeTrainer, dropout_network: MakeNetwork) -> None:
    runs = []
    for _ in range(2):
        network = dropout_network()
        result = make_trainer(network).fit(None)
        runs.append((state_of(network), without_seconds(result.history)))
    assert_same(runs[0][0], runs[1][0])
    assert runs[0][1] == runs[1][1]


def test_the_best_epoch_on_valid_is_kept(make_trainer: MakeTrainer, dropout_network: MakeNetwork) -> None:
    network = dropout_network()
    result = make_trainer(network, epochs=6, patience=3).fit(scripted([0.1, 0.5, 0.2, 0.5, 0.3, 0.9]))
    assert (result.best_epoch, result.epochs) == (2, 5)
    reference = dropout_network()
    make_trainer(reference, epochs=6).fit(None, stop_after=2)
    assert_same(state_of(network), state_of(reference))


def test_evaluation_happens_every_few_epochs(make_trainer: MakeTrainer, network: Network) -> None:
    result = make_trainer(network, epochs=5, evaluate_every=2).fit(scripted([0.1, 0.2]))
    evaluated = [record["epoch"] for record in result.history if "valid/ndcg@10" in record]
    assert evaluated == [2, 4]
    assert (result.best_epoch, result.epochs) == (4, 5)


def test_an_epoch_is_kept_even_if_none_was_evaluated(make_trainer: MakeTrainer, network: Network) -> None:
    result = make_trainer(network, epochs=2, evaluate_every=5).fit(scripted([]))
    assert (result.best_epoch, result.epochs) == (2, 2)


def test_an_unknown_monitor_names_what_there_is(make_trainer: MakeTrainer, network: Network) -> None:
    with pytest.raises(TrainingError, match=r"'mrr'; evaluation gives ndcg@10"):
        make_trainer(network, monitor="mrr").fit(scripted([0.1]))


def test_evaluation_sees_the_network_without_dropout(
    make_trainer: MakeTrainer, dropout_network: MakeNetwork
) -> None:
    network = dropout_network()
    seen: list[Tensor] = []

    def evaluate(scorer: VectorModel) -> dict[str, float]:
        seen.append(scorer.item_vectors)
        return {"ndcg@10": 0.0}

    make_trainer(network, epochs=1).fit(evaluate)
    assert torch.equal(seen[0], dict(network.named_parameters())["node"][12:27])
    assert network.training


def test_max_seconds_ends_after_the_epoch_that_passes_it(make_trainer: MakeTrainer, network: Network) -> None:
    result = make_trainer(network, max_seconds=1e-9).fit(None)
    assert result.epochs == 1


def test_stop_after_follows_the_schedule_of_all_epochs(make_trainer: MakeTrainer, network: Network) -> None:
    result = make_trainer(network, epochs=4, lr=0.01, schedule="linear").fit(None, stop_after=2)
    assert [record["lr"] for record in result.history] == pytest.approx([0.01, 0.0075])


def test_on_epoch_is_told_every_record(make_trainer: MakeTrainer, network: Network) -> None:
    told: list[dict[str, float]] = []
    result = make_trainer(network, epochs=3).fit(scripted([0.3, 0.2, 0.1]), told.append)
    assert told == result.history
    assert list(told[0]) == ["epoch", "lr", "loss/preference", "loss/l2", "valid/ndcg@10", "seconds"]
    seconds = [record["seconds"] for record in told]
    assert seconds == sorted(seconds) and seconds[0] > 0


def test_clipping_bounds_the_step_of_plain_descent(
    make_trainer: MakeTrainer, network: Network, batches: InteractionBatches
) -> None:
    trainer = make_trainer(network, clip_norm=0.01)
    trainer.step(next(batches.epoch(1)))
    norm = torch.sqrt(sum(p.grad.square().sum() for p in network.parameters() if p.grad is not None))  # type: ignore[arg-type]
    assert norm.item() == pytest.approx(0.01, rel=1e-3)


class Poison(torch.autograd.Function):
    """The identity with a gradient that is not a number."""

    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: object, *grads: Tensor) -> Tensor:
        return grads[0] * torch.nan


class Poisoned(Network):
    """Another network whose gradients, or user vectors, go bad at a given step."""

    def __init__(self, inner: Network, step: int, gradient: bool) -> None:
        super().__init__()
        self.inner, self.step, self.gradient, self.calls = inner, step, gradient, 0
        self.n_users, self.n_items = inner.n_users, inner.n_items

    def reset_parameters(self) -> None:
        self.inner.reset_parameters()

    def forward(self) -> NodeVectors:
        self.calls += 1
        vectors: NodeVectors = self.inner()
        if self.calls != self.step:
            return vectors
        users: Tensor = Poison.apply(vectors.users) if self.gradient else vectors.users * torch.nan
        return replace(vectors, users=users)


def test_a_term_that_is_not_a_number_stops_with_epoch_step_and_name(
    make_trainer: MakeTrainer, network: Network
) -> None:
    trainer = make_trainer(Poisoned(network, step=5 + 3, gradient=False))
    with pytest.raises(TrainingError, match="epoch 2, step 3: the loss term preference is not finite"):
        trainer.fit(None)
    assert all(bool(p.isfinite().all()) for p in network.parameters())


def test_a_gradient_that_is_not_a_number_stops_before_the_weights_are_touched(
    make_trainer: MakeTrainer, network: Network
) -> None:
    trainer = make_trainer(Poisoned(network, step=2, gradient=True))
    with pytest.raises(TrainingError, match="epoch 1, step 2: the gradient is not finite"):
        trainer.fit(None)
    assert all(bool(p.isfinite().all()) for p in network.parameters())


def test_a_wrong_configuration_is_refused_before_any_work(
    make_trainer: MakeTrainer, network: Network
) -> None:
    with pytest.raises(ConfigError, match=r"training\.schedule is 'step'"):
        make_trainer(network, schedule="step")


def with_store(trainer: Trainer, path: Path) -> Trainer:
    trainer.checkpoints = CheckpointStore(path)
    return trainer


@pytest.mark.parametrize("pause", [1, 3])
def test_a_resumed_training_is_the_uninterrupted_one(
    pause: int, make_trainer: MakeTrainer, dropout_network: MakeNetwork, tmp_path: Path
) -> None:
    options = {"epochs": 5, "schedule": "cosine", "warmup_epochs": 1.5, "weight_decay": 0.01, "patience": 3}
    valid = [0.2, 0.4, 0.3, 0.1, 0.2]
    whole = dropout_network()
    expected = make_trainer(whole, **options).fit(scripted(valid))

    with_store(make_trainer(dropout_network(), **options), tmp_path / "c.pt").fit(
        scripted(valid), stop_after=pause
    )
    torch.manual_seed(77)
    resumed = dropout_network()
    again = with_store(make_trainer(resumed, **options), tmp_path / "c.pt")
    torch.manual_seed(99)
    result = again.fit(scripted(valid[pause:]))
    assert_same(state_of(resumed), state_of(whole))
    assert without_seconds(result.history) == without_seconds(expected.history)
    assert (result.best_epoch, result.epochs) == (expected.best_epoch, expected.epochs)
    seconds = [record["seconds"] for record in result.history]
    assert seconds == sorted(seconds)


@pytest.mark.parametrize(("epochs", "patience"), [(3, 0), (9, 2)])
def test_a_finished_training_is_resumed_without_another_epoch(
    epochs: int, patience: int, make_trainer: MakeTrainer, dropout_network: MakeNetwork, tmp_path: Path
) -> None:
    options = {"epochs": epochs, "patience": patience}
    first = dropout_network()
    expected = with_store(make_trainer(first, **options), tmp_path / "c.pt").fit(scripted([0.5, 0.2, 0.1]))
    again = dropout_network()
    result = with_store(make_trainer(again, **options), tmp_path / "c.pt").fit(scripted([]))
    assert_same(state_of(again), state_of(first))
    assert result == expected
    assert (result.epochs, result.best_epoch) == (3, 1)


def test_a_checkpoint_of_another_network_is_named(
    make_trainer: MakeTrainer, network: Network, tmp_path: Path
) -> None:
    with_store(make_trainer(network), tmp_path / "c.pt").fit(None, stop_after=1)
    network.register_parameter("more", nn.Parameter(torch.zeros(2)))
    with pytest.raises(RunError, match=r"c\.pt: the checkpoint is of another network"):
        with_store(make_trainer(network), tmp_path / "c.pt").fit(None)


def test_frozen_parameters_stay(make_trainer: MakeTrainer, network: Network) -> None:
    relation = dict(network.named_parameters())["relation"].requires_grad_(False)
    before = relation.clone()
    make_trainer(network, weight_decay=0.5).fit(None)
    assert torch.equal(relation, before)


def test_an_epoch_begins_with_a_generator_of_its_own(
    make_trainer: MakeTrainer, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[float] = []
    monkeypatch.setattr(network, "begin_epoch", lambda g: drawn.append(float(torch.rand(1, generator=g))))
    make_trainer(network, epochs=2).fit(None)
    make_trainer(network, epochs=1).fit(None)
    assert drawn[0] != drawn[1]
    assert drawn[2] == drawn[0]
