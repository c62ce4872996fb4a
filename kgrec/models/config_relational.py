"""Typed configuration of the models that tell relations apart by a vector or by a scalar."""

from dataclasses import dataclass


@dataclass
class KGINConfig:
    """Intents over the relations of knowledge."""

    name: str = "kgin"
    dim: int = 64
    """Length of a vector."""
    layers: int = 3
    """Propagation steps; the result is the sum over all layers."""
    intents: int = 4
    """Reasons that people may have; each is a mixture of relations."""
    residual: bool = True
    """Users hear their items' plain mean beside the one gated by intents, as in the authors' code."""
    independence: float = 1e-4
    """Weight of the term that keeps intents apart; 0 = off."""
    independence_measure: str = "distance"
    """distance (correlation), mutual (information) or cosine."""
    node_dropout: float = 0.5
    """Share of edges left out of a training step."""
    message_dropout: float = 0.1
    """Dropout on each layer's vectors."""
    scoring: str = "cosine"
    """dot or cosine."""
    init: str = "normal"
    """normal, xavier_normal or xavier_uniform: how the first vectors are drawn (see ``draw_rows``)."""
    init_std: float = 0.1
    """Standard deviation of the first vectors where ``init`` is normal."""


@dataclass
class LightKGConfig:
    """Linear propagation over users, items and entities, one scalar a relation and direction."""

    name: str = "lightkg"
    dim: int = 64
    """Length of a vector."""
    layers: int = 2
    """Propagation steps; the result is the mean over all layers."""
    dropout: float = 0.1
    """Dropout on the first vectors."""
    contrast_users: float = 0.04
    """Weight of the term that keeps people of different histories apart; 0 = off."""
    contrast_items: float = 0.4
    """Weight of the same for items; 0 = off."""
    contrast_temperature: float = 0.6
    """Divides the cosines of the contrast."""
    contrast_nodes: int = 512
    """At most this many users, and items, of a step are compared with each other."""
    contrast_draws: int = 1
    """Random items drawn for each of those items; all of them are compared with all drawn."""
    scoring: str = "cosine"
    """dot or cosine."""
    init: str = "normal"
    """normal, xavier_normal or xavier_uniform: how the first vectors are drawn (see ``draw_rows``)."""
    init_std: float = 0.1
    """Standard deviation of the first vectors where ``init`` is normal."""
