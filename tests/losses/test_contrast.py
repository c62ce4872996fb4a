"""InfoNCE by hand, against a loop over pairs, and its gradient."""

import math

import pytest
import torch
from torch.nn import functional as F

from kgrec.losses.contrast import info_nce


def test_by_hand() -> None:
    # Cosines are 1 with itself and 0 with the other; lengths do not matter.
    first = torch.tensor([[5.0, 0.0], [0.0, 0.1]])
    second = torch.tensor([[0.2, 0.0], [0.0, 3.0]])
    expected = torch.full((2,), math.log(1 + math.exp(-2)))
    torch.testing.assert_close(info_nce(first, second, 0.5), expected)
    # Against the swapped view the other node is the better match.
    swapped = torch.full((2,), math.log(1 + math.exp(2)))
    torch.testing.assert_close(info_nce(first, second.flip(0), 0.5), swapped)


@pytest.mark.parametrize("temperature", [0.1, 0.2, 1.0])
def test_against_a_loop(temperature: float) -> None:
    generator = torch.Generator().manual_seed(0)
    first, second = torch.randn(2, 6, 3, generator=generator, dtype=torch.float64)
    expected = []
    for b in range(6):
        cosines = [float(F.cosine_similarity(first[b], second[j], dim=0)) for j in range(6)]
        total = sum(math.exp(c / temperature) for c in cosines)
        expected.append(-math.log(math.exp(cosines[b] / temperature) / total))
    torch.testing.assert_close(
        info_nce(first, second, temperature), torch.tensor(expected, dtype=torch.float64)
    )


def test_a_node_alone_has_nothing_to_be_told_from() -> None:
    losses = info_nce(torch.tensor([[1.0, 2.0]]), torch.tensor([[-3.0, 1.0]]), 0.2)
    torch.testing.assert_close(losses, torch.zeros(1))


def test_its_gradient() -> None:
    first, second = torch.randn(2, 4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    inputs = (first.requires_grad_(), second.clone().requires_grad_())
    assert torch.autograd.gradcheck(lambda a, c: info_nce(a, c, 0.3), inputs)
