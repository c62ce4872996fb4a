import numpy as np
import pytest
import torch

from kgrec.errors import TrainingError
from kgrec.training.batches import Batch, InteractionBatches

CPU = torch.device("cpu")


def triples(batches: list[Batch]) -> list[tuple[int, int, float]]:
    return [
        row
        for batch in batches
        for row in zip(batch.users.tolist(), batch.items.tolist(), batch.weights.tolist(), strict=True)
    ]


def test_an_epoch_has_each_interaction_once(
    batches: InteractionBatches, pairs: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> None:
    epoch = list(batches.epoch(1))
    assert [len(batch.users) for batch in epoch] == [16] * 4 + [11]
    assert len(batches) == len(epoch)
    expected = list(zip(*(column.tolist() for column in pairs), strict=True))
    assert sorted(triples(epoch)) == sorted(expected)
    assert triples(epoch) != expected


def test_an_epoch_depends_on_seed_and_epoch_alone(
    batches: InteractionBatches, pairs: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> None:
    torch.manual_seed(0)
    first = triples(list(batches.epoch(3)))
    torch.manual_seed(1)
    assert triples(list(batches.epoch(3))) == first
    assert triples(list(batches.epoch(4))) != first
    assert triples(list(InteractionBatches(*pairs, 16, 1, CPU).epoch(3))) != first


def test_negatives_of_a_step_go_on_where_the_last_step_stopped(batches: InteractionBatches) -> None:
    draws = [torch.rand(1, generator=batch.generator).item() for batch in batches.epoch(1)]
    assert len(set(draws)) == len(draws)
    assert draws == [torch.rand(1, generator=batch.generator).item() for batch in batches.epoch(1)]


def test_no_weights_are_ones() -> None:
    only = InteractionBatches(np.array([0]), np.array([2]), None, 4, 0, CPU)
    assert triples(list(only.epoch(1))) == [(0, 2, 1.0)]


def test_no_interactions_are_refused() -> None:
    with pytest.raises(TrainingError, match="no train interactions"):
        InteractionBatches(np.zeros(0, int), np.zeros(0, int), None, 4, 0, CPU)


def test_by_user_everybody_s_interactions_stand_together(
    pairs: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    batches = InteractionBatches(*pairs, 16, 0, CPU, by="user")
    epoch = list(batches.epoch(1))
    assert [len(batch.users) for batch in epoch] == [16] * 4 + [11]
    expected = list(zip(*(column.tolist() for column in pairs), strict=True))
    assert sorted(triples(epoch)) == sorted(expected)
    users = torch.cat([batch.users for batch in epoch])
    changes = int((users[1:] != users[:-1]).sum())
    assert changes + 1 == len(users.unique())
    again = InteractionBatches(*pairs, 16, 0, CPU, by="user")
    assert triples(list(again.epoch(1))) == triples(epoch)
    assert triples(list(again.epoch(2))) != triples(epoch)
