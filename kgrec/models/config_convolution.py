"""Typed configuration of the models that convolve over the relations of the graph."""

from dataclasses import dataclass, field


@dataclass
class RGCNConfig:
    """Graph convolution with a matrix for every relation."""

    name: str = "rgcn"
    dim: int = 64
    """Length of a vector and of every layer."""
    layers: int = 2
    """Convolutions, 1 or more."""
    bases: int = 4
    """Matrices that every relation's own is a mixture of, in each layer."""
    output: str = "concatenated"
    """concatenated (the first vectors and every layer, side by side) or last (the last layer alone)."""
    dropout: float = 0.1
    """Dropout on each layer's output."""
    scoring: str = "cosine"
    """dot or cosine."""
    init_std: float = 0.1
    """Standard deviation of the first vectors."""


@dataclass
class KGATConfig:
    """Attentive propagation over users, items and entities, with a TransR loss."""

    name: str = "kgat"
    dim: int = 64
    """Length of a first vector."""
    relation_dim: int = 64
    """Length of a relation's vector, and of nodes in its space."""
    widths: list[int] = field(default_factory=lambda: [64, 32, 16])
    """Width of each layer; one layer an entry."""
    dropout: float = 0.1
    """Dropout on each layer's output."""
    transr: float = 1.0
    """Weight of TransR's loss on the edges of the graph; 0 = off."""
    transr_batch: int = 2048
    """Edges a step that TransR's loss draws."""
    corrupt: str = "relation"
    """Corrupted tails: relation (one that the relation has elsewhere) or any (any node)."""
    scoring: str = "cosine"
    """dot or cosine."""
    init: str = "normal"
    """normal, xavier_normal or xavier_uniform: how the first vectors are drawn (see ``draw_rows``)."""
    init_std: float = 0.1
    """Standard deviation of the first vectors where ``init`` is normal."""
