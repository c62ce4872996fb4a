import math

import pytest
import torch

from kgrec.losses.knowledge import pairwise_loss, triple_score


def test_distmult_by_hand() -> None:
    score = triple_score(
        torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, -1.0]]), torch.tensor([[2.0, 5.0]]), "distmult"
    )
    assert score.tolist() == [1 * 3 * 2 - 2 * 5]


def test_transe_by_hand_and_higher_is_more_plausible() -> None:
    head, relation = torch.zeros(2, 2), torch.tensor([[3.0, 4.0], [3.0, 4.0]])
    score = triple_score(head, relation, torch.tensor([[0.0, 0.0], [3.0, 3.0]]), "transe")
    torch.testing.assert_close(score, torch.tensor([-5.0, -1.0]))


def test_transe_has_a_finite_gradient_at_a_perfect_fact() -> None:
    tail = torch.ones(1, 2, requires_grad=True)
    triple_score(torch.ones(1, 2), torch.zeros(1, 2), tail, "transe").sum().backward()
    assert tail.grad is not None and tail.grad.tolist() == [[0.0, 0.0]]


def test_an_unknown_scorer_is_refused() -> None:
    with pytest.raises(ValueError, match="'rotate'"):
        triple_score(torch.zeros(1, 2), torch.zeros(1, 2), torch.zeros(1, 2), "rotate")


def test_pairwise_by_hand() -> None:
    losses = pairwise_loss(torch.tensor([0.0, math.log(3)]), torch.tensor([math.log(3), 0.0]))
    torch.testing.assert_close(losses, torch.tensor([math.log(4), math.log(4 / 3)]))
