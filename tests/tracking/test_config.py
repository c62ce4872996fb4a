from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import ConfigCompositionException
from omegaconf import OmegaConf

from kgrec.errors import ConfigError
from kgrec.tracking.config import MODES, TrackingConfig

CONF = Path(__file__).parents[2] / "conf"


def composed(*overrides: str) -> TrackingConfig:
    ConfigStore.instance().store(group="tracking", name="schema", node=TrackingConfig)
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose(overrides=[*overrides])
    tracking = OmegaConf.to_object(config.tracking)
    assert isinstance(tracking, TrackingConfig)
    return tracking


@pytest.mark.parametrize("mode", MODES)
def test_each_file_differs_from_the_schema_in_its_mode_only(mode: str) -> None:
    assert composed(f"+tracking={mode}") == TrackingConfig(mode=mode)


def test_one_override_goes_online() -> None:
    assert composed("+tracking=offline", "tracking.mode=online").mode == "online"


def test_unknown_key_is_refused() -> None:
    with pytest.raises(ConfigCompositionException, match="projekt"):
        composed("+tracking=offline", "tracking.projekt=x")


def test_default_is_offline_without_data() -> None:
    assert (TrackingConfig().mode, TrackingConfig().log_data) == ("offline", False)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (TrackingConfig(mode="onlin"), "tracking.mode is 'onlin'; use one of offline, online, disabled"),
        (TrackingConfig(project=""), "tracking.project is empty"),
        (TrackingConfig(init_timeout=0), "tracking.init_timeout is 0; it must be above 0 seconds"),
        (TrackingConfig(finish_timeout=float("nan")), "tracking.finish_timeout is nan"),
    ],
)
def test_bad_values_are_refused(config: TrackingConfig, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config.check()
