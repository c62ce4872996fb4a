import os
from pathlib import Path

import pytest
import wandb

from kgrec.tracking.config import TrackingConfig
from kgrec.tracking.wandb_settings import previous_run_id, private_environment, wandb_settings


def test_installed_version_knows_every_setting() -> None:
    known = set(wandb.Settings.model_fields)
    settings = wandb_settings(TrackingConfig(), known)
    assert settings.keys() >= {
        "silent",
        "x_disable_machine_info",
        "x_disable_meta",
        "x_disable_stats",
        "disable_git",
    }
    wandb.Settings(**settings)


def test_unknown_settings_are_left_out() -> None:
    assert wandb_settings(TrackingConfig(), {"mode"}) == {"mode": "offline"}


def test_environment_is_restored_after_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_DATA_DIR", "/mine")
    before = dict(os.environ)
    with pytest.raises(ValueError, match="boom"), private_environment(tmp_path):
        assert os.environ["WANDB_ERROR_REPORTING"] == "false"
        assert os.environ["WANDB_DATA_DIR"] == str(tmp_path / "staging")
        raise ValueError("boom")
    assert dict(os.environ) == before


def test_newest_run_gives_the_id(tmp_path: Path) -> None:
    assert previous_run_id(tmp_path) is None
    for name in ("run-20260102_000000-bbb", "offline-run-20260101_000000-aaa", "data", "cache"):
        (tmp_path / name).mkdir()
    assert previous_run_id(tmp_path) == "bbb"
