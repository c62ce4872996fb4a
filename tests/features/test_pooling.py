import pytest
import torch

from kgrec.features.pooling import pool

STATES = torch.tensor([[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]])
RIGHT = torch.tensor([[1, 1, 0], [1, 1, 1]])
LEFT = torch.tensor([[0, 1, 1], [1, 1, 1]])


@pytest.mark.parametrize(
    ("how", "mask", "expected"),
    [
        ("mean", RIGHT, [[2.0, 3.0], [3.0, 4.0]]),
        ("mean", LEFT, [[4.0, 5.0], [3.0, 4.0]]),
        ("cls", RIGHT, [[1.0, 2.0], [1.0, 2.0]]),
        ("cls", LEFT, [[3.0, 4.0], [1.0, 2.0]]),
        ("last", RIGHT, [[3.0, 4.0], [5.0, 6.0]]),
        ("last", LEFT, [[5.0, 6.0], [5.0, 6.0]]),
    ],
)
def test_values_by_hand(how: str, mask: torch.Tensor, expected: list) -> None:
    assert pool(STATES, mask, how).tolist() == expected


def test_half_precision_is_averaged_in_float32() -> None:
    states = torch.full((1, 3, 1), 40000.0, dtype=torch.float16)
    assert pool(states, torch.ones(1, 3, dtype=torch.long), "mean").item() == 40000.0


def test_unknown_pooling_is_named() -> None:
    with pytest.raises(ValueError, match="'max'"):
        pool(STATES, RIGHT, "max")
