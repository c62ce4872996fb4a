import pytest
import torch

from kgrec.errors import TrainingError
from kgrec.training.finite import check_finite

GOOD, NAN, INF = torch.tensor(1.0), torch.tensor(torch.nan), torch.tensor(torch.inf)


def test_finite_numbers_pass() -> None:
    check_finite({"preference": GOOD, "l2": torch.tensor(3e38)}, torch.tensor(3e38), 1, 1)


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
def test_a_term_is_named_with_epoch_and_step(bad: torch.Tensor) -> None:
    with pytest.raises(TrainingError, match="epoch 3, step 7: the loss term triple is not finite"):
        check_finite({"preference": GOOD, "triple": bad}, NAN, 3, 7)


def test_every_bad_term_is_named() -> None:
    with pytest.raises(TrainingError, match="the loss term text and l2 is"):
        check_finite({"preference": GOOD, "text": NAN, "l2": INF}, GOOD, 1, 1)


def test_infinities_of_opposite_sign_are_not_mistaken_for_a_sum() -> None:
    with pytest.raises(TrainingError, match="preference and l2"):
        check_finite({"preference": INF, "l2": -INF}, GOOD, 1, 1)


def test_the_gradient_is_named_where_the_terms_are_finite() -> None:
    with pytest.raises(TrainingError, match="epoch 2, step 5: the gradient is not finite"):
        check_finite({"preference": GOOD}, INF, 2, 5)
