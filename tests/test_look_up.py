import pytest
import torch

from kgrec.look_up import look_up


@pytest.mark.parametrize("shape", [(5,), (5, 3), (5, 2, 3)])
@pytest.mark.parametrize("rows", [[1, 4, 1], [[0, 2], [2, 2]], [], 3])
def test_values_and_gradient_are_those_of_an_index(shape: tuple[int, ...], rows: object) -> None:
    torch.manual_seed(0)
    table, chosen = torch.randn(shape, requires_grad=True), torch.tensor(rows, dtype=torch.int64)
    ours, wanted = look_up(table, chosen), table[chosen]
    assert torch.equal(ours, wanted)
    weights = torch.randn(wanted.shape)
    (of_ours,) = torch.autograd.grad((ours * weights).sum(), table)
    (of_wanted,) = torch.autograd.grad((wanted * weights).sum(), table)
    assert torch.allclose(of_ours, of_wanted, atol=1e-6)


def test_a_negative_row_is_an_error() -> None:
    with pytest.raises(IndexError):
        look_up(torch.zeros(3, 2), torch.tensor([-1]))
