"""TransR and TransE distances against the definition, one fact at a time."""

import pytest
import torch
from torch import Tensor

from kgrec.losses.transr import (
    project_by_relation,
    transe_distance,
    transr_distance,
    transr_score,
    unit_transr_score,
)

N_RELATIONS, DIM, RELATION_DIM = 5, 4, 3


@pytest.fixture
def facts() -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Head, relation, tail, relation vectors, projections; the relations are unsorted and lack the 2."""
    generator = torch.Generator().manual_seed(0)
    relation = torch.tensor([3, 0, 4, 3, 1, 0, 3])

    def drawn(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    n = len(relation)
    vectors, projections = drawn(N_RELATIONS, RELATION_DIM), drawn(N_RELATIONS, DIM, RELATION_DIM)
    return drawn(n, DIM), relation, drawn(n, DIM), vectors, projections


def looped(head: Tensor, relation: Tensor, tail: Tensor, vectors: Tensor, projections: Tensor) -> Tensor:
    distances = []
    for h, r, t in zip(head, relation.tolist(), tail, strict=True):
        matrix = projections[r].T
        distances.append((matrix @ h + vectors[r] - matrix @ t).norm() ** 2)
    return torch.stack(distances)


def test_transr_equals_the_definition(facts: tuple[Tensor, Tensor, Tensor, Tensor, Tensor]) -> None:
    expected = looped(*facts)
    torch.testing.assert_close(transr_distance(*facts), expected)
    torch.testing.assert_close(transr_score(*facts), -expected)


def test_unit_transr_by_hand() -> None:
    # W doubles: (3, 4) -> (.6, .8), (0, 5) -> (0, 1), r = (0, 9) -> (0, 1): (.6, .8) + (0, 1) - (0, 1).
    head, tail, vector = torch.tensor([[3.0, 4.0]]), torch.tensor([[0.0, 5.0]]), torch.tensor([[0.0, 9.0]])
    score = unit_transr_score(head, torch.tensor([0]), tail, vector, 2 * torch.eye(2)[None])
    torch.testing.assert_close(score, torch.tensor([-1.0]))


def test_unit_transr_equals_the_definition(facts: tuple[Tensor, Tensor, Tensor, Tensor, Tensor]) -> None:
    head, relation, tail, vectors, projections = facts
    expected = []
    for h, r, t in zip(head, relation.tolist(), tail, strict=True):
        start, along, end = (x / x.norm() for x in (h @ projections[r], vectors[r], t @ projections[r]))
        expected.append(-((start + along - end).norm() ** 2))
    torch.testing.assert_close(unit_transr_score(*facts), torch.stack(expected))


def test_transr_by_hand() -> None:
    # W drops the second coordinate: (1, 9) -> 1, (4, -9) -> 4, and 1 + 5 - 4 = 2.
    head, tail = torch.tensor([[1.0, 9.0]]), torch.tensor([[4.0, -9.0]])
    projection = torch.tensor([[[1.0], [0.0]]])
    distance = transr_distance(head, torch.tensor([0]), tail, torch.tensor([[5.0]]), projection)
    assert distance.tolist() == [4.0]


def test_gradients_reach_ends_relations_and_projections(
    facts: tuple[Tensor, Tensor, Tensor, Tensor, Tensor],
) -> None:
    head, relation, tail, vectors, projections = facts
    inputs = [tensor.requires_grad_() for tensor in (head, tail, vectors, projections)]
    assert torch.autograd.gradcheck(lambda h, t, v, w: transr_score(h, relation, t, v, w), inputs)
    transr_score(*facts).sum().backward()
    assert vectors.grad is not None
    assert projections.grad is not None
    absent = torch.tensor([False, False, True, False, False])
    assert torch.equal(vectors.grad.abs().sum(1) == 0, absent)
    assert torch.equal(projections.grad.abs().sum((1, 2)) == 0, absent)


def test_rows_come_back_in_their_order() -> None:
    rows, relation = torch.eye(3)[[2, 0, 1]], torch.tensor([1, 0, 1])
    projections = torch.stack([torch.eye(3), 10 * torch.eye(3)])
    projected = project_by_relation(rows, relation, projections)
    assert projected.tolist() == [[0, 0, 10], [1, 0, 0], [0, 10, 0]]


def test_no_facts_have_no_distance(facts: tuple[Tensor, Tensor, Tensor, Tensor, Tensor]) -> None:
    head, relation, tail, vectors, projections = facts
    assert transr_distance(head[:0], relation[:0], tail[:0], vectors, projections).shape == (0,)


def test_transe_by_hand() -> None:
    tail = torch.tensor([[0.0, 0.0], [3.0, 3.0]])
    distance = transe_distance(torch.zeros(2, 2), torch.tensor([[3.0, 4.0], [3.0, 4.0]]), tail)
    assert distance.tolist() == [25.0, 1.0]


def test_transe_is_transr_without_a_projection(facts: tuple[Tensor, Tensor, Tensor, Tensor, Tensor]) -> None:
    head, relation, tail, _, _ = facts
    vectors = torch.randn(N_RELATIONS, DIM, dtype=torch.float64)
    identity = torch.eye(DIM, dtype=torch.float64).expand(N_RELATIONS, DIM, DIM)
    ours = transr_distance(head, relation, tail, vectors, identity)
    torch.testing.assert_close(transe_distance(head, vectors[relation], tail), ours)
