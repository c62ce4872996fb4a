"""Typed configuration of every model; the key ``model.name`` chooses one."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from kgrec.models.config_attention import KGCNConfig, KGNNLSConfig, RippleNetConfig
from kgrec.models.config_contrast import KGCLConfig, MCCLKConfig, SGLConfig, SimGCLConfig
from kgrec.models.config_convolution import KGATConfig, RGCNConfig
from kgrec.models.config_history import FISMConfig
from kgrec.models.config_linear import IALSConfig, SLIMConfig
from kgrec.models.config_relational import KGINConfig, LightKGConfig
from kgrec.models.config_sequence import SASRecConfig
from kgrec.models.config_translation import CFKGConfig, CKEConfig


@dataclass
class PopularityConfig:
    """Items by the number of train interactions."""

    name: str = "popularity"


@dataclass
class ItemKNNConfig:
    """Items similar to those of the history."""

    name: str = "item_knn"
    neighbours: int = 100
    """Similar items kept per item."""
    shrinkage: float = 13.5
    """Added to the cosine's denominator: distrusts similarities of rarely seen items."""


@dataclass
class EASEConfig:
    """Closed-form item-item regression."""

    name: str = "ease"
    l2: float = 400.0
    """Ridge penalty lambda."""
    feature_weight: float = 0.0
    """Weight of the knowledge graph's (relation, entity) facts as extra rows; 0 leaves them out."""
    max_megabytes: float = 64.0
    """Size of the saved item-item weights; the smallest weights of each item are dropped to fit."""


@dataclass
class BPRConfig:
    """Matrix factorisation."""

    name: str = "bpr"
    dim: int = 128
    """Length of a vector."""
    scoring: str = "dot"
    """dot or cosine."""
    init: str = "normal"
    """normal, xavier_normal or xavier_uniform: how the first vectors are drawn (see ``draw_rows``)."""
    init_std: float = 0.1
    """Standard deviation of the first vectors where ``init`` is normal."""


@dataclass
class LightGCNConfig:
    """Linear propagation over users and items."""

    name: str = "lightgcn"
    dim: int = 64
    """Length of a vector."""
    layers: int = 2
    """Propagation steps; the result is the mean over all layers."""
    scoring: str = "dot"
    """dot or cosine."""
    init: str = "normal"
    """normal, xavier_normal or xavier_uniform: how the first vectors are drawn (see ``draw_rows``)."""
    init_std: float = 0.1
    """Standard deviation of the first vectors where ``init`` is normal."""


@dataclass
class KgrecConfig:
    """The flagship: relation-gated propagation over users, items and entities from fused features."""

    name: str = "kgrec"
    dim: int = 128
    """Length of a vector."""
    layers: int = 2
    """Propagation steps; the result is the mean over all layers."""
    scoring: str = "cosine"
    """dot or cosine."""
    normalisation: str = "family"
    """symmetric, family or mean: how an edge is scaled (see Propagation.relational)."""
    gates: bool = True
    """One learned gate vector a relation; off = all relations weigh the same."""
    gate_init: float = 0.1
    """First value of the knowledge relations' gates; those of interactions start at 1."""
    dropout: float = 0.0
    """Dropout on the fused first layer."""
    init_std: float = 0.1
    """Standard deviation of the free vectors."""


@dataclass
class LateFusionConfig:
    """Several models trained apart, their scores added with weights fitted on valid."""

    name: str = "late_fusion"
    members: dict[str, Any] = field(default_factory=dict)
    """Model configurations by label; a label is the model's name, or that and ``-anything``; null leaves a
    member out."""
    recipes: dict[str, Any] = field(default_factory=dict)
    """What a member is trained with, where it is not what all are: by label, keys of ``objective`` and
    ``training`` that differ."""
    keep_members: bool = False
    """Keep fitted members in the cache, and take from there what another run fitted just so: a fusion that
    was interrupted, or one with another weight of knowledge, fits only what differs."""
    fit_users: int = 4000
    """Users of valid, by chance, that the weights are fitted on."""


class ModelConfig(Protocol):
    """What every model's configuration has."""

    name: str


MODEL_CONFIGS: dict[str, type] = {
    "popularity": PopularityConfig,
    "item_knn": ItemKNNConfig,
    "ease": EASEConfig,
    "slim": SLIMConfig,
    "ials": IALSConfig,
    "bpr": BPRConfig,
    "lightgcn": LightGCNConfig,
    "fism": FISMConfig,
    "kgrec": KgrecConfig,
    "cke": CKEConfig,
    "cfkg": CFKGConfig,
    "kgin": KGINConfig,
    "lightkg": LightKGConfig,
    "rgcn": RGCNConfig,
    "kgat": KGATConfig,
    "late_fusion": LateFusionConfig,
    "mcclk": MCCLKConfig,
    "sgl": SGLConfig,
    "simgcl": SimGCLConfig,
    "kgcl": KGCLConfig,
    "kgcn": KGCNConfig,
    "kgnn_ls": KGNNLSConfig,
    "ripplenet": RippleNetConfig,
    "sasrec": SASRecConfig,
}


def model_of(label: str) -> str:
    """The model that a member's label names: ``lightgcn`` of ``lightgcn-wide``."""
    return label.split("-")[0]
