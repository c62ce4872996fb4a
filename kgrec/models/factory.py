"""From a model's configuration to the model: fitted closed forms, fresh networks, and scorers read from a
run."""

from torch import Tensor

from kgrec.data.dataset import Dataset
from kgrec.data.user_items import UserItems
from kgrec.errors import RunError
from kgrec.features.fusion import FeatureFusion
from kgrec.graph.propagation import Propagation
from kgrec.models.base import FittedScorer
from kgrec.models.bpr import BPR
from kgrec.models.config import (
    MODEL_CONFIGS,
    BPRConfig,
    EASEConfig,
    ItemKNNConfig,
    KgrecConfig,
    LightGCNConfig,
    ModelConfig,
    PopularityConfig,
)
from kgrec.models.ease import fact_matrix, fit_ease
from kgrec.models.item_item import ItemItemModel
from kgrec.models.item_knn import fit_item_knn
from kgrec.models.kgrec import Kgrec
from kgrec.models.lightgcn import LightGCN
from kgrec.models.network import Network
from kgrec.models.popularity import Popularity
from kgrec.models.vectors import VectorModel

CLOSED_FORMS: dict[str, type[FittedScorer]] = {
    "popularity": Popularity,
    "item_knn": ItemItemModel,
    "ease": ItemItemModel,
}


def is_closed_form(config: ModelConfig) -> bool:
    """Whether the model is fitted in one go rather than trained by gradients."""
    return config.name in CLOSED_FORMS


def needs_features(config: ModelConfig) -> bool:
    """Whether the model's first layer is made of text and knowledge-graph embeddings."""
    return isinstance(config, KgrecConfig)


def fit_closed_form(config: ModelConfig, dataset: Dataset, train: UserItems) -> FittedScorer:
    """Fit popularity, ItemKNN or EASE on ``train``; ``dataset`` gives the facts that EASE may use.

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
    raise ValueError(f"{config.name} has no closed form")


def build_network(config: ModelConfig, propagation: Propagation, fusion: FeatureFusion | None) -> Network:
    """A fresh network, its parameters drawn from torch's global generator.

    ``fusion`` is the first layer of a model that ``needs_features``; others ignore it.

    Raises:
        ConfigError: a value of ``config`` does not exist.
        ValueError: the model is no network, or lacks its first layer.
    """
    match config:
        case BPRConfig():
            sizes = propagation.n_users, propagation.n_items
            return BPR(*sizes, config.dim, config.scoring, config.init_std)
        case LightGCNConfig():
            return LightGCN(propagation, config.dim, config.layers, config.scoring, config.init_std)
        case KgrecConfig() if fusion is not None:
            return Kgrec(propagation, fusion, config)
    raise ValueError(f"{config.name} is no network, or lacks its features")


def restore(name: str, tensors: dict[str, Tensor]) -> FittedScorer:
    """The scorer of the model called ``name`` from its saved tensors; networks are served by vectors.

    Raises:
        RunError: there is no such model, or its tensors are not among ``tensors``.
    """
    if name not in MODEL_CONFIGS:
        raise RunError(f"there is no model called {name!r}; known are {', '.join(MODEL_CONFIGS)}")
    try:
        return CLOSED_FORMS.get(name, VectorModel).from_tensors(tensors)
    except KeyError as error:
        raise RunError(
            f"the saved model lacks the tensor {error} that {name} needs; it has {', '.join(sorted(tensors))}"
        ) from error
