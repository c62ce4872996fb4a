"""Stop with a name where a number is no longer finite."""

import torch
from torch import Tensor

from kgrec.errors import TrainingError


def check_finite(terms: dict[str, Tensor], norm: Tensor, epoch: int, step: int) -> None:
    """Look at the terms and at the gradient's norm, which is finite only if every gradient is.

    One wait for the device: both are looked at together, and apart only where something is wrong.

    Raises:
        TrainingError: naming epoch, step, and the terms or the gradient.
    """
    if torch.isfinite(torch.stack([*terms.values(), norm])).all():
        return
    bad = [name for name, value in terms.items() if not torch.isfinite(value)]
    if bad:
        raise TrainingError(
            f"epoch {epoch}, step {step}: the loss term {' and '.join(bad)} is not finite; "
            "lower training.lr, set training.clip_norm, or raise the term's temperature"
        )
    raise TrainingError(
        f"epoch {epoch}, step {step}: the gradient is not finite, though the terms "
        f"{', '.join(terms)} are; lower training.lr or raise a temperature"
    )
