import torch

from kgrec.losses.l2 import l2_loss


def test_by_hand_and_a_row_counts_as_often_as_the_batch_has_it() -> None:
    users = torch.tensor([[1.0, 2.0], [1.0, 2.0]])
    items = torch.tensor([[3.0, 0.0], [0.0, 1.0]])
    assert l2_loss(users, items).item() == (5 + 5 + 9 + 1) / 2
