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
    return sorted(
        path.relative_to(CONF / group).with_suffix("").as_posix() for path in (CONF / group).rglob("*.yaml")
    )


def composed_with(*overrides: str) -> Config:
    register_schemas()
    register_resolvers()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return typed_config(compose("config", overrides=list(overrides)))


@pytest.mark.parametrize(
    "override",
    [
        f"{group}={choice}"
        for group in (
            "data",
            "model",
            "features",
            "objective",
            "training",
            "evaluation",
            "tracking",
            "experiment",
        )
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
    [
        "training.epoch=3",
        "+training.epoch=3",
        "model.layers=two",
        "data.splitt.seed=1",
        "training.lr=fast",
        "sed=1",
    ],
)
def test_an_unknown_key_or_a_wrong_type_is_an_error(override: str) -> None:
    with pytest.raises((ConfigCompositionException, ConfigError)):
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
    with pytest.raises(ConfigError, match=r"does not fit the schema.*kg_sead"):
        config_from_yaml(text.replace("kg_seed:", "kg_sead:"))


def uncommented(lines: list[str]) -> list[str]:
    """Keys that neither they nor a key around them explains, beside it or on the line above."""
    around: list[tuple[int, bool]] = []
    bare = []
    for above, line in zip(["", *lines], lines, strict=False):
        key = line.strip().removeprefix("- ")
        if not key or key.startswith("#") or ":" not in key:
            continue
        indent = len(line) - len(line.lstrip())
        around = [level for level in around if level[0] < indent]
        told = "#" in line or above.strip().startswith("#") or any(commented for _, commented in around)
        around.append((indent, told))
        if not told and key.partition(":")[2].strip():
            bare.append(line)
    return bare


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(CONF.rglob("*.yaml")) if not {"hydra", "experiment"} & set(path.parts)],
    ids=lambda path: path.relative_to(CONF).as_posix(),
)
def test_every_key_has_a_comment(path: Path) -> None:
    lines = path.read_text().split("\nhydra:")[0].splitlines()
    assert uncommented(lines) == []


def test_a_bare_key_is_found() -> None:
    assert uncommented(["a: 1 # told", "b: 2", "c: # all of it", "  d: 3"]) == ["b: 2"]


def test_a_null_member_is_left_out_of_a_fusion() -> None:
    fused = composed_with("experiment=tuned/lastfm/fusion").model
    assert set(fused.members) == {"ials", "kgrec"}
    assert isinstance(fused.members["ials"], MODEL_CONFIGS["ials"])
