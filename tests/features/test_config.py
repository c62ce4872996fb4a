from pathlib import Path

import pytest
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from kgrec.features.config import FeaturesConfig

CONF = Path(__file__).resolve().parents[2] / "conf" / "features"


def composed(*overrides: str) -> FeaturesConfig:
    """The default file over the schema, beside a data configuration that it refers to."""
    job = OmegaConf.create({"data": {"encoder": "minilm", "template": "{title} ({year})"}})
    written = OmegaConf.load(CONF / "default.yaml")
    assert isinstance(written, DictConfig)
    written.pop("defaults")
    job.features = OmegaConf.merge(OmegaConf.structured(FeaturesConfig), written)
    merged = OmegaConf.merge(job, OmegaConf.from_dotlist(list(overrides)))
    found = OmegaConf.to_object(merged)
    assert isinstance(found, dict)
    return found["features"]


def test_the_file_says_what_the_schema_says() -> None:
    expected = FeaturesConfig()
    expected.text.template = "{title} ({year})"
    assert composed() == expected


def test_the_data_configuration_names_encoder_and_template() -> None:
    found = composed("data.encoder=multilingual-e5-small-zh-en")
    assert found.text.encoders[0].name == "multilingual-e5-small-zh-en"


def test_every_source_has_a_switch() -> None:
    found = composed(
        "features.text.enabled=false", "features.kge.enabled=false", "features.fusion.free=false"
    )
    assert not (found.text.enabled or found.kge.enabled or found.fusion.free)


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(OmegaConfBaseException, match="epoch"):
        composed("features.kge.epoch=3")
