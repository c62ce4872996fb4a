"""Configuration of the models in which a relation is a translation from head to tail."""

from dataclasses import dataclass


@dataclass
class CKEConfig:
    """Matrix factorisation whose items also carry a vector learned from facts by TransR."""

    name: str = "cke"
    dim: int = 64
    """Length of a vector."""
    relation_dim: int = 64
    """Length of a relation's vector, and of nodes in its space."""
    scoring: str = "cosine"
    """dot or cosine."""
    init: str = "normal"
    """normal, xavier_normal or xavier_uniform: how the first vectors are drawn (see ``draw_rows``)."""
    init_std: float = 0.1
    """Standard deviation of the first vectors where ``init`` is normal."""
    structural: float = 1.0
    """Weight of known facts above corrupted ones by TransR's score; 0 = off."""
    structural_l2: float = 1e-4
    """Weight of the squared lengths of what those facts are scored with; 0 = off."""
    triple_batch: int = 2048
    """Facts a step."""
    corrupt: str = "relation"
    """Corrupted tails: relation (one that the relation has elsewhere) or any (any node)."""
    unit_length: bool = False
    """TransR of unit vectors: projected ends and relations are scaled to length 1."""


@dataclass
class CFKGConfig:
    """One translation a relation in the graph of users, items and entities; buying is a relation too."""

    name: str = "cfkg"
    dim: int = 64
    """Length of a vector."""
    scoring: str = "cosine"
    """dot or cosine."""
    init: str = "normal"
    """normal, xavier_normal or xavier_uniform: how the first vectors are drawn (see ``draw_rows``)."""
    init_std: float = 0.1
    """Standard deviation of the first vectors where ``init`` is normal."""
    facts: float = 1.0
    """Weight of known facts above corrupted ones; 0 = off."""
    temperature: float = 0.2
    """Divides the scores of facts."""
    triple_batch: int = 2048
    """Facts a step."""
    corrupt: str = "relation"
    """Corrupted tails: relation (one that the relation has elsewhere) or any (any node)."""
    fact_loss: str = "pairwise"
    """pairwise (a known fact above a corrupted one) or bce (one is true, the other is not)."""
