"""From a model's configuration to the model: fitted closed forms, fresh networks, and scorers read from a
run."""

import torch
from torch import Tensor

from kgrec.data.dataset import Dataset
from kgrec.data.user_items import UserItems
from kgrec.errors import RunError
from kgrec.models.base import FittedScorer
from kgrec.models.bpr import BPR
from kgrec.models.cfkg import CFKG
from kgrec.models.cke import CKE
from kgrec.models.config import (
    MODEL_CONFIGS,
    EASEConfig,
    ItemKNNConfig,
    KgrecConfig,
    ModelConfig,
    PopularityConfig,
)
from kgrec.models.config_history import FISMConfig
from kgrec.models.config_linear import IALSConfig, SLIMConfig
from kgrec.models.config_sequence import SASRecConfig
from kgrec.models.ease import fact_matrix, fit_ease
from kgrec.models.fism import FISM
from kgrec.models.histories import HistoryModel
from kgrec.models.ials import IALSModel, fit_ials
from kgrec.models.item_item import ItemItemModel
from kgrec.models.item_knn import fit_item_knn
from kgrec.models.kgat import KGAT
from kgrec.models.kgcl import KGCL
from kgrec.models.kgcn import KGCN
from kgrec.models.kgcn_scorer import KGCNScorer
from kgrec.models.kgin import KGIN
from kgrec.models.kgnn_ls import KGNNLS
from kgrec.models.kgrec import Kgrec
from kgrec.models.late_fusion import LateFusion
from kgrec.models.lightgcn import LightGCN
from kgrec.models.lightkg import LightKG
from kgrec.models.mcclk import MCCLK
from kgrec.models.network import Network
from kgrec.models.parts import NetworkParts
from kgrec.models.popularity import Popularity
from kgrec.models.rgcn import RGCN
from kgrec.models.ripplenet import RippleNet
from kgrec.models.ripplenet_scorer import RippleNetScorer
from kgrec.models.sasrec import SASRec
from kgrec.models.sasrec_scorer import SASRecScorer
from kgrec.models.sgl import SGL
from kgrec.models.simgcl import SimGCL
from kgrec.models.slim import fit_slim
from kgrec.models.vectors import VectorModel

NETWORKS: dict[str, type[Network]] = {
    "bpr": BPR,
    "lightgcn": LightGCN,
    "fism": FISM,
    "kgrec": Kgrec,
    "cke": CKE,
    "cfkg": CFKG,
    "kgin": KGIN,
    "lightkg": LightKG,
    "rgcn": RGCN,
    "kgat": KGAT,
    "mcclk": MCCLK,
    "sgl": SGL,
    "simgcl": SimGCL,
    "kgcl": KGCL,
    "kgcn": KGCN,
    "kgnn_ls": KGNNLS,
    "ripplenet": RippleNet,
    "sasrec": SASRec,
}

CLOSED_FORMS: dict[str, type[FittedScorer]] = {
    "popularity": Popularity,
    "item_knn": ItemItemModel,
    "ease": ItemItemModel,
    "slim": ItemItemModel,
    "ials": IALSModel,
}

WITHOUT_KNOWLEDGE = {"popularity", "item_knn", "slim", "ials", "bpr", "lightgcn", "sgl", "simgcl", "sasrec"}
"""Models made of interactions alone."""

SCORERS: dict[str, type[FittedScorer]] = {
    "late_fusion": LateFusion,
    **CLOSED_FORMS,
    "fism": HistoryModel,
    "kgcn": KGCNScorer,
    "kgnn_ls": KGCNScorer,
    "ripplenet": RippleNetScorer,
    "sasrec": SASRecScorer,
}
"""What a saved model is restored as; a network that is not named here is served by its vectors."""


def is_closed_form(config: ModelConfig) -> bool:
    """Whether the model is fitted in one go rather than trained by gradients."""
    return config.name in CLOSED_FORMS


def needs_features(config: ModelConfig) -> bool:
    """Whether the model's first layer is made of text and knowledge-graph embeddings."""
    return isinstance(config, KgrecConfig)


def reads_order(config: ModelConfig) -> bool:
    """Whether it matters when people had what."""
    return isinstance(config, SASRecConfig)


def reads_knowledge(config: ModelConfig) -> bool:
    """Whether facts (or text, which is knowledge, too) can change the model itself; its loss may read them
    all the same."""
    match config:
        case EASEConfig():
            return config.feature_weight > 0
        case FISMConfig():
            return config.layers > 0
    return config.name not in WITHOUT_KNOWLEDGE


def fit_closed_form(
    config: ModelConfig, dataset: Dataset, train: UserItems, device: torch.device | str = "cpu"
) -> FittedScorer:
    """Fit a closed form on ``train``; ``dataset`` gives the facts that EASE may use.

    What is solved in batches (SLIM, iALS) is solved on ``device``; what is drawn (iALS) comes from torch's
    global generator.

    Raises:
        ConfigError: a value of ``config`` is out of range.
        ValueError: the model is no closed form.
    """
    match config:
        case PopularityConfig():
            return Popularity.fit(train)
        case ItemKNNConfig():
            return fit_item_knn(train, config)
        case EASEConfig():
            return fit_ease(train, config, fact_matrix(dataset) if config.feature_weight > 0 else None)
        case SLIMConfig():
            return fit_slim(train, config, device)
        case IALSConfig():
            return fit_ials(train, config, device)
    raise ValueError(f"{config.name} has no closed form")


def build_network(config: ModelConfig, parts: NetworkParts) -> Network:
    """A fresh network, its parameters drawn from torch's global generator.

    Raises:
        ConfigError: a value of ``config`` does not exist.
        ValueError: the model is no network, or lacks a part that it needs.
    """
    if config.name not in NETWORKS:
        raise ValueError(f"{config.name} is no network")
    return NETWORKS[config.name].build(config, parts)


def restore(name: str, tensors: dict[str, Tensor]) -> FittedScorer:
    """The scorer of the model called ``name`` from its saved tensors; networks are served by vectors.

    Raises:
        RunError: there is no such model, or its tensors are not among ``tensors``.
    """
    if name not in MODEL_CONFIGS:
        raise RunError(f"there is no model called {name!r}; known are {', '.join(MODEL_CONFIGS)}")
    try:
        return SCORERS.get(name, VectorModel).from_tensors(tensors)
    except KeyError as error:
        raise RunError(
            f"the saved model lacks the tensor {error} that {name} needs; it has {', '.join(sorted(tensors))}"
        ) from error
