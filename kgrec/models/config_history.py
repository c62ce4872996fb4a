"""Configuration of the models that know people by their histories alone: FISM."""

from dataclasses import dataclass


@dataclass
class FISMConfig:
    """Factored item similarities: a person is the sum of their items' vectors."""

    name: str = "fism"
    dim: int = 128
    """Length of a vector."""
    layers: int = 1
    """Steps over the facts of items and entities; 0 = facts are not read."""
    normalisation: str = "symmetric"
    """symmetric or mean: how a fact is scaled (see Propagation.knowledge)."""
    gate_init: float = 0.5
    """First value of the relations' gates."""
    scoring: str = "cosine"
    """dot or cosine."""
    init_std: float = 0.1
    """Standard deviation of the first vectors; what an item adds to a person starts smaller the more people
    have it."""
