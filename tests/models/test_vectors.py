"""Inner products, and the vector of a person who was not there in training."""

import pytest
import torch

from kgrec.models.vectors import VectorModel

USERS = torch.tensor([[3.0, 4.0], [0.0, 1.0]])  # lengths 5 and 1, mean 3
ITEMS = torch.tensor([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])


@pytest.fixture
def model() -> VectorModel:
    return VectorModel(USERS, ITEMS)


def test_scores_worked_by_hand(model: VectorModel) -> None:
    assert model.scores(torch.tensor([1, 0])).tolist() == [[0, 2, 1], [3, 8, 7]]


def test_a_history_points_at_its_items_at_the_mean_length(model: VectorModel) -> None:
    assert torch.allclose(model.vector_from_history(torch.tensor([0])), torch.tensor([3.0, 0.0]))
    both = model.vector_from_history(torch.tensor([0, 1]), torch.tensor([2.0, 1.0]))
    assert torch.allclose(both, torch.tensor([1.0, 1.0]) * 3 / 2**0.5)
    assert torch.allclose(model.scores_from_history(torch.tensor([0])), torch.tensor([3.0, 0.0, 3.0]))


def test_integer_weights_are_taken(model: VectorModel) -> None:
    items = torch.tensor([0, 1])
    whole = model.vector_from_history(items, torch.tensor([2, 1]))
    assert torch.equal(whole, model.vector_from_history(items, torch.tensor([2.0, 1.0])))


def test_an_empty_history_is_the_average_user(model: VectorModel) -> None:
    empty = torch.empty(0, dtype=torch.int64)
    assert torch.allclose(model.vector_from_history(empty), torch.tensor([1.5, 2.5]))


def test_items_that_cancel_out_score_zero() -> None:
    model = VectorModel(USERS, torch.tensor([[1.0, 0.0], [-1.0, 0.0]]))
    assert model.scores_from_history(torch.tensor([0, 1])).tolist() == [0, 0]


def test_tables_of_different_width_are_refused() -> None:
    with pytest.raises(ValueError, match="users have 2 dims, items 3"):
        VectorModel(USERS, torch.zeros(4, 3))
