"""The global generators, which dropout draws from; batches have generators of their own."""

import torch
from torch import Tensor


def generator_state(device: torch.device) -> dict[str, Tensor]:
    """State of the CPU's generator and of ``device``'s own."""
    state = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["device"] = torch.cuda.get_rng_state(device)
    return state


def restore_generators(state: dict[str, Tensor], device: torch.device) -> None:
    """Go on from ``generator_state()``; a state of another kind of device leaves ``device``'s as it is."""
    torch.set_rng_state(state["cpu"].cpu())
    if device.type == "cuda" and "device" in state:
        torch.cuda.set_rng_state(state["device"].cpu(), device)
