"""From configurations to models and back from tensors."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from kgrec.config import register_schemas
from kgrec.data.dataset import Dataset
from kgrec.data.user_items import UserItems
from kgrec.errors import RunError
from kgrec.graph import Propagation
from kgrec.models.config import MODEL_CONFIGS, BPRConfig, KgrecConfig, PopularityConfig
from kgrec.models.factory import build_network, fit_closed_form, is_closed_form, needs_features, restore
from kgrec.models.late_fusion import LateFusion
from kgrec.models.network import Network
from kgrec.models.parts import NetworkParts

CONF = Path(__file__).resolve().parents[2] / "conf"


@pytest.mark.parametrize("name", MODEL_CONFIGS)
def test_every_model_is_fitted_or_built(
    name: str,
    dataset: Dataset,
    train: UserItems,
    make_network: Callable[..., Network],
) -> None:
    config = MODEL_CONFIGS[name]()
    assert config.name == name
    if is_closed_form(config):
        scorer = fit_closed_form(config, dataset, train)
        assert not needs_features(config)
    elif name == "late_fusion":
        scorer = LateFusion({"bpr": make_network("bpr").scorer()}, {"bpr": 1.0})
    else:
        scorer = make_network(name).scorer()
    assert type(restore(name, scorer.tensors())) is type(scorer)


def test_a_model_of_the_other_kind_is_refused(
    dataset: Dataset, train: UserItems, propagation: Propagation
) -> None:
    parts = NetworkParts(propagation, train)
    with pytest.raises(ValueError, match="bpr has no closed form"):
        fit_closed_form(BPRConfig(), dataset, train)
    with pytest.raises(ValueError, match="popularity is no network"):
        build_network(PopularityConfig(), parts)
    with pytest.raises(ValueError, match="lacks its features"):
        build_network(KgrecConfig(), parts)


@pytest.mark.parametrize("name", MODEL_CONFIGS)
def test_a_missing_tensor_is_named(name: str) -> None:
    with pytest.raises(RunError, match=f"that {name} needs; it has strange"):
        restore(name, {"strange": torch.zeros(1)})


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(RunError, match="no model called 'svd'; known are popularity"):
        restore("svd", {})


@pytest.mark.parametrize("name", MODEL_CONFIGS)
def test_its_yaml_names_every_key_with_a_comment(name: str) -> None:
    register_schemas()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        composed = compose(f"model/{name}").model
    wanted = MODEL_CONFIGS[name]
    assert isinstance(OmegaConf.to_object(composed), wanted)
    assert set(composed) == {field.name for field in fields(wanted)}
    lines = (CONF / "model" / f"{name}.yaml").read_text().splitlines()
    values = [line for line in lines if ": " in line.split("#")[0] and not line.startswith(" ")]
    assert {line.split(":")[0] for line in values} == {field.name for field in fields(wanted)} - {
        "name",
        "members",
    }
    assert all(" # " in line for line in values)
