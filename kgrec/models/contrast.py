"""The contrast that SGL, SimGCL and KGCL have in common: a batch's users and items in two views."""

from torch import Tensor

from kgrec.errors import ConfigError
from kgrec.look_up import look_up
from kgrec.losses.contrast import info_nce
from kgrec.models.parts import StepBatch

Sides = tuple[Tensor, Tensor]
"""Users ``(n_users, dim)`` and items ``(n_items, dim)`` of one view."""


def two_view_term(first: Sides, second: Sides, batch: StepBatch, temperature: float) -> Tensor:
    """``mean_u InfoNCE(u) + mean_i InfoNCE(i)`` over the batch's distinct users and distinct items.

    Negatives are the batch's other users or items, not all of them: a smaller batch makes an easier task.
    A mean, because it stands beside a preference term that is a mean over interactions.
    """
    users, items = batch.users.unique(), batch.items.unique()
    of_users = info_nce(look_up(first[0], users), look_up(second[0], users), temperature).mean()
    return of_users + info_nce(look_up(first[1], items), look_up(second[1], items), temperature).mean()


def checked_share(value: float, key: str) -> float:
    """``value`` itself.

    Raises:
        ConfigError: it is no share that can be left out.
    """
    if not 0 <= value < 1:
        raise ConfigError(f"model.{key} is {value}; use at least 0 and less than 1")
    return value


def checked_temperature(value: float) -> float:
    """``value`` itself.

    Raises:
        ConfigError: it is not above 0.
    """
    if value <= 0:
        raise ConfigError(f"model.contrast_temperature is {value}; use a number above 0")
    return value
