import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from kgrec.losses.preference import (
    bce_loss,
    bpr_loss,
    in_batch_softmax_loss,
    sampled_softmax_loss,
    shared_softmax_loss,
    softmax_loss,
    squared_loss,
    weighted_mean,
)

LN3 = math.log(3.0)


def vectors(n: int, seed: int, dim: int = 4) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, dim, generator=generator, dtype=torch.float64)


def test_weighted_mean_by_hand() -> None:
    assert weighted_mean(torch.tensor([1.0, 5.0]), torch.tensor([3.0, 1.0])).item() == 2.0
    assert weighted_mean(torch.tensor([1.0, 5.0]), torch.zeros(2)).item() == 0.0


def test_bpr_by_hand() -> None:
    # softplus(x) = log(1 + e^x): log 4 where the negative is ahead by log 3, log 4/3 where it is behind.
    losses = bpr_loss(torch.tensor([0.0, 1.0]), torch.tensor([[LN3, -LN3], [1.0, 1.0]]))
    expected = torch.tensor([(math.log(4) + math.log(4 / 3)) / 2, math.log(2)])
    torch.testing.assert_close(losses, expected)


def test_bpr_leaves_out_negatives_that_are_positives() -> None:
    negatives = torch.tensor([[LN3, 50.0], [9.0, 9.0]])
    masked = torch.tensor([[False, True], [True, True]])
    losses = bpr_loss(torch.zeros(2), negatives, masked)
    torch.testing.assert_close(losses, torch.tensor([math.log(4), 0.0]))


def test_sampled_softmax_by_hand() -> None:
    # e^(0/2) / (e^(0/2) + e^(2 log 3 / 2) + masked) = 1 / 4
    negatives, masked = torch.tensor([[2 * LN3, 7.0]]), torch.tensor([[False, True]])
    losses = sampled_softmax_loss(torch.zeros(1), negatives, 2.0, masked)
    torch.testing.assert_close(losses, torch.tensor([math.log(4)]))


def test_sampled_softmax_with_every_negative_masked_is_zero_with_zero_gradient() -> None:
    positive = torch.ones(1, requires_grad=True)
    negatives = torch.ones(1, 2, requires_grad=True)
    losses = sampled_softmax_loss(positive, negatives, 0.1, torch.ones(1, 2, dtype=torch.bool))
    losses.sum().backward()
    assert losses.item() == 0.0
    assert positive.grad is not None and positive.grad.tolist() == [0.0]
    assert negatives.grad is not None and negatives.grad.tolist() == [[0.0, 0.0]]


def test_sampled_softmax_over_all_other_items_is_the_full_softmax() -> None:
    users, items = vectors(3, 0), vectors(5, 1)
    target = torch.tensor([4, 0, 2])
    scores = users @ items.T
    others = torch.tensor([[j for j in range(5) if j != i] for i in target.tolist()])
    sampled = sampled_softmax_loss(scores[torch.arange(3), target], scores.gather(1, others), 0.7)
    full = softmax_loss(users, items, (torch.arange(3), target), 0.7)
    torch.testing.assert_close(sampled, full)


def test_softmax_is_cross_entropy_and_shares_users_rows() -> None:
    users, items = vectors(2, 0).requires_grad_(), vectors(6, 1).requires_grad_()
    row, item = torch.tensor([1, 0, 1]), torch.tensor([5, 2, 0])
    losses = softmax_loss(users, items, (row, item), 0.2)
    expected = F.cross_entropy(users[row] @ items.T / 0.2, item, reduction="none")
    torch.testing.assert_close(losses, expected)
    torch.testing.assert_close(
        torch.autograd.grad(losses.sum(), (users, items)),
        torch.autograd.grad(expected.sum(), (users, items)),
    )


def test_softmax_without_known_items_against_a_loop() -> None:
    users, items = vectors(3, 0).requires_grad_(), vectors(5, 1).requires_grad_()
    has = {0: [1, 3], 1: [0, 1, 2, 3, 4], 2: [2]}
    row, item = torch.tensor([0, 0, 1, 2]), torch.tensor([3, 1, 4, 2])
    known = (
        torch.tensor([u for u in has for _ in has[u]]),
        torch.tensor([i for own in has.values() for i in own]),
    )
    expected = []
    for u, i in zip(row.tolist(), item.tolist(), strict=True):
        scores = items @ users[u] / 0.5
        kept = [j for j in range(5) if j == i or j not in has[u]]
        expected.append(torch.logsumexp(scores[kept], 0) - scores[i])
    own = (users[row] * items[item]).sum(1)
    losses = shared_softmax_loss(users, items, own, row, 0.5, known)
    torch.testing.assert_close(losses, torch.stack(expected))
    torch.testing.assert_close(
        torch.autograd.grad(losses.sum(), (users, items)),
        torch.autograd.grad(torch.stack(expected).sum(), (users, items)),
    )
    assert losses[2].item() == pytest.approx(0.0)  # a person who has everything prefers nothing to it


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_in_batch_softmax_against_the_batch_by_batch_loop(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 8))
    batch_users = data.draw(st.lists(st.integers(0, 3), min_size=size, max_size=size))
    batch_items = data.draw(st.lists(st.integers(0, 4), min_size=size, max_size=size))
    more = data.draw(st.sets(st.tuples(st.integers(0, 3), st.integers(0, 4))))
    has = more | set(zip(batch_users, batch_items, strict=True))
    user_vectors, item_vectors = vectors(4, 2), vectors(5, 3)
    log_q = torch.tensor([0.1, 0.4, 0.2, 0.25, 0.05], dtype=torch.float64).log()
    tau = 0.5

    expected = []
    for u, i in zip(batch_users, batch_items, strict=True):
        own = user_vectors[u] @ item_vectors[i] / tau - log_q[i]
        total = own.exp()
        for j in batch_items:
            if (u, j) not in has:
                total = total + (user_vectors[u] @ item_vectors[j] / tau - log_q[j]).exp()
        expected.append(total.log() - own)

    users, row = torch.tensor(batch_users).unique(return_inverse=True)
    items, column = torch.tensor(batch_items).unique(return_inverse=True)
    known = torch.tensor(
        [(a, b) for a, u in enumerate(users.tolist()) for b, i in enumerate(items.tolist()) if (u, i) in has]
    )
    losses = in_batch_softmax_loss(
        user_vectors[users], item_vectors[items], (row, column), tau, log_q[items], (known[:, 0], known[:, 1])
    )
    torch.testing.assert_close(losses, torch.stack(expected))


def test_log_q_makes_popular_items_weaker_negatives() -> None:
    users, items = torch.zeros(2, 1), torch.zeros(2, 1)
    pairs, known = (torch.tensor([0, 1]), torch.tensor([0, 1])), (torch.tensor([0, 1]), torch.tensor([0, 1]))
    losses = in_batch_softmax_loss(users, items, pairs, 1.0, torch.tensor([0.75, 0.25]).log(), known)
    # -log (1/q_own) / (1/q_own + 1/q_other)
    torch.testing.assert_close(losses, torch.tensor([math.log(4.0), math.log(4 / 3)]))


def test_squared_against_the_dense_double_loop() -> None:
    users, items = vectors(3, 0).requires_grad_(), vectors(5, 1).requires_grad_()
    weight = {(0, 1): 2.0, (0, 4): 1.0, (2, 0): 0.5}
    w0 = 0.3
    expected = []
    for u in range(3):
        total = torch.zeros((), dtype=torch.float64)
        for i in range(5):
            w, x = weight.get((u, i), w0), float((u, i) in weight)
            total = total + 0.5 * w * (x - users[u] @ items[i]) ** 2
        expected.append(total)
    observed = (
        torch.tensor([u for u, _ in weight]),
        torch.tensor([i for _, i in weight]),
        torch.tensor(list(weight.values()), dtype=torch.float64),
    )
    losses = squared_loss(users, items, observed, w0)
    torch.testing.assert_close(losses, torch.stack(expected))
    torch.testing.assert_close(
        torch.autograd.grad(losses.sum(), (users, items)),
        torch.autograd.grad(torch.stack(expected).sum(), (users, items)),
    )


def test_bce_by_hand() -> None:
    positive, negatives = torch.tensor([0.5, -1.0]), torch.tensor([[0.0, 2.0], [1.0, 3.0]])
    masked = torch.tensor([[False, True], [True, True]])
    expected = [-math.log(sigmoid(0.5)) - math.log(1 - sigmoid(0.0)), -math.log(sigmoid(-1.0))]
    assert bce_loss(positive, negatives, masked).tolist() == pytest.approx(expected, abs=1e-6)
    both = [-math.log(1 - sigmoid(1.0)) / 2 - math.log(1 - sigmoid(3.0)) / 2 - math.log(sigmoid(-1.0))]
    assert bce_loss(positive, negatives)[1:].tolist() == pytest.approx(both, abs=1e-6)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def test_shared_softmax_is_the_sampled_one_with_the_same_negatives() -> None:
    users, negatives, items = vectors(3, 1), vectors(5, 2), vectors(4, 3)
    row = torch.tensor([0, 2, 2, 1])
    positive = (users[row] * items).sum(1)
    known = (torch.tensor([0, 2, 2]), torch.tensor([4, 0, 1]))
    masked = torch.zeros(3, 5, dtype=torch.bool)
    masked[known] = True
    expected = sampled_softmax_loss(positive, users[row] @ negatives.T, 0.3, masked[row])
    torch.testing.assert_close(shared_softmax_loss(users, negatives, positive, row, 0.3, known), expected)
