import torch

from kgrec.training.rng import generator_state, restore_generators

CPU = torch.device("cpu")


def test_what_follows_is_drawn_again() -> None:
    state = generator_state(CPU)
    first = torch.rand(3)
    assert not torch.equal(first, torch.rand(3))
    restore_generators(state, CPU)
    assert torch.equal(first, torch.rand(3))
