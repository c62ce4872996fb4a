"""Typed configuration of the models whose attention reads the person or the item that is asked about."""

from dataclasses import dataclass


@dataclass
class KGCNConfig:
    """Items from sampled neighbours, weighed by how much a person cares for each relation."""

    name: str = "kgcn"
    dim: int = 64
    """Length of a vector."""
    layers: int = 1
    """Hops H of the receptive field."""
    neighbours: int = 8
    """Neighbours K sampled a node, once a training."""
    aggregator: str = "sum"
    """sum, concat, neighbour or mean: how a node and its neighbourhood become one vector; mean is sum as
    published code has it (see ``Receptive``)."""
    scoring: str = "cosine"
    """dot or cosine."""
    init: str = "normal"
    """normal, xavier_normal or xavier_uniform: how the first vectors are drawn (see ``draw_rows``)."""
    init_std: float = 0.1
    """Standard deviation of the first vectors where ``init`` is normal."""


@dataclass
class KGNNLSConfig(KGCNConfig):
    """KGCN and a second task: a person's held-out label must follow from the neighbours' labels."""

    name: str = "kgnn_ls"
    label_smoothness: float = 0.1
    """Weight of the task; 0 leaves it out."""
    label_hops: int = 2
    """Hops that labels travel; the paper has as many as layers."""


@dataclass
class RippleNetConfig:
    """Facts around a person's history, weighed by how they answer the item that is asked about."""

    name: str = "ripplenet"
    dim: int = 64
    """Length of a vector."""
    hops: int = 2
    """Ripple sets H a person."""
    memories: int = 32
    """Facts M sampled a ripple set, once a training."""
    reverses: bool = True
    """Ripples also run from tail to head, with matrices of their own; the paper's run from head to tail."""
    item_update: str = "replace"
    """What asks the next hop: replace (the answer of this one), transform (``W (v + answer)``) or
    transform_all (that, and what it is after the last hop is scored)."""
    kge_weight: float = 0.01
    """Weight of the squared error of facts, known and corrupted; 0 leaves it out."""
    kge_batch: int = 1024
    """Facts a step of that term."""
    scoring: str = "cosine"
    """dot or cosine."""
    init: str = "normal"
    """normal, xavier_normal or xavier_uniform: how the first vectors are drawn (see ``draw_rows``)."""
    init_std: float = 0.1
    """Standard deviation of the first vectors where ``init`` is normal."""
