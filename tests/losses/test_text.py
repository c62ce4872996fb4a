import math

import torch
from torch.nn import functional as F

from kgrec.losses.text import text_loss


def test_by_hand() -> None:
    # Cosines are 1 and 0; the lengths do not matter.
    text, items = torch.tensor([[5.0, 0.0], [0.0, 0.1]]), torch.tensor([[0.2, 0.0], [0.0, 3.0]])
    own = (torch.tensor([0, 1]), torch.tensor([0, 1]))
    losses = text_loss(text, items, torch.tensor([0, 1]), 0.5, own)
    torch.testing.assert_close(losses, torch.full((2,), math.log(1 + math.exp(-2))))


def test_against_a_loop_with_copies_and_other_positives_masked() -> None:
    generator = torch.Generator().manual_seed(0)
    text = torch.randn(5, 3, generator=generator, dtype=torch.float64)
    items = torch.randn(3, 3, generator=generator, dtype=torch.float64)
    target = [0, 2, 2, 1, 0]
    known = {(0, 0), (0, 1), (1, 2), (2, 2), (3, 1), (3, 0), (4, 0)}
    expected = []
    for b, i in enumerate(target):
        scores = [float(F.cosine_similarity(text[b], items[j], dim=0)) / 0.3 for j in target]
        own = scores[b]
        others = [s for s, j in zip(scores, target, strict=True) if (b, j) not in known]
        expected.append(math.log(math.exp(own) + sum(map(math.exp, others))) - own)
        assert (b, i) in known
    row, column = torch.tensor(sorted(known)).T
    losses = text_loss(text, items, torch.tensor(target), 0.3, (row, column))
    torch.testing.assert_close(losses, torch.tensor(expected, dtype=torch.float64))
