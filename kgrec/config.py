"""The typed schema of a whole job: an unknown key or a wrong type is an error before any work."""

from dataclasses import asdict, dataclass, field
from typing import Any, cast

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from kgrec.data.config import DataConfig
from kgrec.errors import ConfigError
from kgrec.evaluation.config import EvaluationConfig
from kgrec.features.config import FeaturesConfig
from kgrec.models.config import MODEL_CONFIGS, LateFusionConfig, model_of
from kgrec.retrieval.config import SearchConfig
from kgrec.tracking.config import TrackingConfig
from kgrec.training.config import ObjectiveConfig, TrainingConfig

KG_MODES = ("full", "none", "shuffled", "full+behaviour")


@dataclass
class Config:
    """Everything that decides what a run is."""

    data: DataConfig = field(default_factory=DataConfig)
    kg: str = "full"
    """Which knowledge the model may see: full, none, shuffled or full+behaviour."""
    kg_seed: int = 0
    """Seed of the shuffle of ``kg=shuffled``; other modes ignore it."""
    features: FeaturesConfig = field(default_factory=FeaturesConfig)
    model: Any = None
    """One of kgrec.models.config, chosen by its ``name``."""
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    search: SearchConfig = field(default_factory=SearchConfig)
    seed: int = 0
    """Seed of the model's first weights and of the batches; the split has a seed of its own."""
    device: str = "auto"
    """auto (CUDA where there is one), cpu, cuda, cuda:1, ..."""
    threads: int = 0
    """CPU threads of torch; 0 leaves torch's own choice. Part of what makes two runs equal."""
    runs_dir: str = "runs"
    """Where run directories are made."""
    reference: dict[str, Any] = field(default_factory=dict)
    """Of an experiment: the published values that it is to be compared with, and where they stand."""


def register_schemas() -> None:
    """Make the typed schema known to Hydra; a YAML file leans on it through its defaults list."""
    store = ConfigStore.instance()
    store.store(name="config_schema", node=Config)
    groups = {
        "data": DataConfig,
        "features": FeaturesConfig,
        "objective": ObjectiveConfig,
        "training": TrainingConfig,
        "evaluation": EvaluationConfig,
        "tracking": TrackingConfig,
        "search": SearchConfig,
    }
    for group, node in groups.items():
        store.store(group=group, name="schema", node=node)
    for name, node in MODEL_CONFIGS.items():
        store.store(group="model", name=f"{name}_schema", node=node)


def typed_config(composed: DictConfig) -> Config:
    """A composed or saved configuration as dataclasses, checked against the schema once more.

    Hydra refuses unknown keys, but not those that a ``+`` on the command line forces in.

    Raises:
        ConfigError: a key or a value is not what this version of kgrec accepts.
    """
    name = OmegaConf.select(composed, "model.name")
    if name not in MODEL_CONFIGS:
        raise ConfigError(f"model.name is {name!r}; choose one with model={'|'.join(MODEL_CONFIGS)}")
    try:
        schema = OmegaConf.structured(Config(model=MODEL_CONFIGS[name]()))
        config = cast(Config, OmegaConf.to_object(OmegaConf.merge(schema, _plain(composed))))
    except OmegaConfBaseException as error:
        raise ConfigError(
            f"the configuration does not fit the schema: {str(error).splitlines()[0]}"
        ) from error
    if isinstance(config.model, LateFusionConfig):
        config.model.members = {
            label: _member(label, member)
            for label, member in config.model.members.items()
            if member is not None
        }
    if config.kg not in KG_MODES:
        raise ConfigError(f"kg is {config.kg!r}; use one of {', '.join(KG_MODES)}")
    return config


def _member(label: str, member: Any) -> Any:
    """The configuration of one member of a late fusion, typed."""
    name = member["name"] if isinstance(member, dict) else member.name
    if name not in MODEL_CONFIGS or name != model_of(label) or name == "late_fusion":
        raise ConfigError(
            f"model.members.{label} has the name {name!r}; a label is the name of a model that is no fusion, "
            "or that and -anything"
        )
    plain = member if isinstance(member, dict) else asdict(member)
    try:
        return OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(MODEL_CONFIGS[name]()), plain))
    except OmegaConfBaseException as error:
        raise ConfigError(
            f"model.members.{label} does not fit the schema: {str(error).splitlines()[0]}"
        ) from error


def config_from_yaml(text: str) -> Config:
    """The configuration that a run saved, typed again.

    Raises:
        ConfigError: the text does not fit the schema of this version of kgrec.
    """
    return typed_config(cast(DictConfig, OmegaConf.create(text)))


def _plain(composed: DictConfig) -> dict[Any, Any]:
    """Resolved and without types: merged typed nodes would bring their unknown keys along."""
    return cast(dict[Any, Any], OmegaConf.to_container(composed, resolve=True))
