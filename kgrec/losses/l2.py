"""L2 on the rows that a batch touches."""

from torch import Tensor


def l2_loss(users: Tensor, items: Tensor) -> Tensor:
    """``sum_b (|z_u|^2 + |y_i|^2) / batch size``; both ``(batch, dim)``. Not AdamW's decay, which touches
    all rows."""
    return (users.square().sum() + items.square().sum()) / len(users)
