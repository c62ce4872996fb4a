"""Configuration of the models that are fitted by least squares: SLIM and iALS."""

from dataclasses import dataclass


@dataclass
class SLIMConfig:
    """Item-item regression on each item's neighbours: EASE for catalogues whose square does not fit."""

    name: str = "slim"
    neighbours: int = 100
    """Items that an item may be predicted from."""
    similarity: str = "cosine"
    """What makes a neighbour: count (people in common) or cosine (that, over both items' lengths)."""
    l2: float = 100.0
    """Ridge penalty lambda."""
    l1: float = 0.0
    """Absolute penalty; above 0 it makes weights exactly 0."""
    nonnegative: bool = False
    """Whether weights below 0 are forbidden, as in the paper's SLIM."""
    sweeps: int = 10
    """Coordinate steps over each item's weights where ``l1`` or ``nonnegative`` asks for them."""
    max_megabytes: float = 256.0
    """Memory of the systems that are held at once; less means more passes over the co-occurrences."""


@dataclass
class IALSConfig:
    """Implicit alternating least squares: a factorisation of every cell of the user-item matrix."""

    name: str = "ials"
    dim: int = 64
    """Length of a vector."""
    sweeps: int = 16
    """Times that items and then users are solved."""
    w0: float = 0.05
    """Weight of a cell without an interaction; one with an interaction weighs 1 (or its own weight) more."""
    l2: float = 0.02
    """Penalty lambda, before its scaling by frequency."""
    nu: float = 1.0
    """Exponent of that scaling: 0 penalises all vectors alike, 1 each as often as it is used."""
    init_std: float = 0.1
    """Expected length of the users' first vectors."""
