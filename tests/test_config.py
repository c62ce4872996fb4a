"""Every configuration composes; what the schema does not know is refused before any work."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import ConfigCompositionException
from omegaconf import OmegaConf

from kgrec.config import Config, config_from_yaml, register_schemas, typed_config
from kgrec.errors import ConfigError
from kgrec.models.config import MODEL_CONFIGS
from kgrec.run_names import register_resolvers

CONF = Path(__file__).resolve().parent.parent / "conf"


def choices(group: str) -> list[str]:
    return sorted(path.relative_to(CONF / group).with_suffix("").as_posix() for path in (CONF / group).rglob("*.yaml"))


def composed_with(*overrides: str) -> Config:
    register_schemas()
    register_resolvers()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return typed_config(compose("config", overrides=list(overrides)))


@pytest.mark.parametrize(
    "override",
    [
        f"{group}={choice}"
        for group in ("data", "model", "features", "objective", "training", "evaluation", "tracking", "experiment")
        for choice in choices(group)
    ],
)
def test_every_choice_composes(override: str) -> None:
    extra = ["data.folder=somewhere"] if override == "data=tables" else []
    assert composed_with(override, *extra).model is not None


def test_the_default_job_is_the_flagship_on_movielens() -> None:
    config = composed_with()
    assert (config.data.name, config.model.name, config.kg) == ("ml-100k", "kgrec", "full")
    assert config.data.split.seed == 2020
    assert config.evaluation.test


@pytest.mark.parametrize("model", sorted(MODEL_CONFIGS))
def test_a_model_override_brings_that_model(model: str) -> None:
    assert type(composed_with(f"model={model}").model) is MODEL_CONFIGS[model]


@pytest.mark.parametrize(
    "override",
    ["training.epoch=3", "+training.epoch=3", "model.layers=two", "data.splitt.seed=1", "training.lr=fast", "sed=1"],
)
def test_an_unknown_key_or_a_wrong_type_is_an_error(override: str) -> None:
    with pytest.raises(ConfigCompositionException):
        composed_with(override)


def test_an_unknown_kind_of_knowledge_is_refused() -> None:
    with pytest.raises(ConfigError, match="kg is 'half'; use one of full, none"):
        composed_with("kg=half")


@pytest.mark.parametrize("model", sorted(MODEL_CONFIGS))
def test_a_saved_configuration_is_read_back_equal(model: str, composed: Callable[..., Config]) -> None:
    config = composed(f"model={model}", "seed=5", "data.filters.min_rating=3.5")
    text = OmegaConf.to_yaml(OmegaConf.structured(config), resolve=True)
    assert config_from_yaml(text) == config


def test_a_saved_configuration_with_an_unknown_key_is_refused(composed: Callable[..., Config]) -> None:
    text = OmegaConf.to_yaml(OmegaConf.structured(composed()), resolve=True)
    with pytest.raises(ConfigError, match="does not fit this version"):
        config_from_yaml(text.replace("kg_seed:", "kg_sead:"))


def test_every_key_of_every_file_has_a_comment() -> None:
    bare = []
    for path in sorted(CONF.rglob("*.yaml")):
        if "hydra" in path.parts or "experiment" in path.parts:
            continue
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            key, _, value = line.partition(":")
            is_leaf = line and not line.startswith("#") and ":" in line and value.strip()
            if is_leaf and "#" not in line and not key.strip().startswith("-") and key.strip() != "dir":
                bare.append(f"{path.relative_to(CONF)}:{number}: {line}")
    assert not bare, "\n".join(bare)
