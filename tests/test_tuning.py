"""An interrupted sweep goes on to its number of trials in all, with trials of its own."""

import subprocess
import sys
from pathlib import Path

import optuna
import pytest

from kgrec.tuning import sampler_seed, study_storage, trials_left

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A study ``old`` in a folder that was not there: two trials finished, one failed, one cut off."""
    path = str(tmp_path / "new" / "optuna.db")
    study = optuna.create_study(study_name="old", storage=study_storage(path))
    for state in ("COMPLETE", "COMPLETE", "FAIL", None):
        trial = study.ask()
        trial.suggest_float("x", 0, 1)
        if state:
            value = 1.0 if state == "COMPLETE" else None
            study.tell(trial, value, state=optuna.trial.TrialState[state])
    return path


def test_finished_trials_alone_are_counted(path: str) -> None:
    assert trials_left(path, "old", 10) == 8
    assert trials_left(path, "old", 2) == 0
    assert trials_left(path, "old", 1) == 0
    assert trials_left(path, "new", 10) == 10


def test_asking_makes_no_file(tmp_path: Path) -> None:
    assert trials_left(str(tmp_path / "none.db"), "old", 3) == 3
    assert list(tmp_path.iterdir()) == []


def test_a_continuation_draws_with_another_seed(path: str) -> None:
    assert sampler_seed(path, "new", 2020) == 2020
    assert sampler_seed(path, "old", 2020) == 2024


def test_a_storage_can_be_opened_again_and_again(path: str) -> None:
    for _ in range(3):
        assert len(optuna.load_study("old", study_storage(path)).trials) == 4


@pytest.mark.slow
def test_the_same_command_goes_on_and_a_finished_sweep_does_nothing(
    tmp_path: Path, shop_overrides: list[str], cache: Path
) -> None:
    words = [*shop_overrides, "experiment=tune/ease", "runs_dir=runs"]

    def sweep(*more: str) -> None:
        command = [sys.executable, str(ROOT / "scripts" / "train.py"), "-m", *words, *more]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr

    def drawn() -> list[float]:
        storage = study_storage(str(tmp_path / "runs" / "optuna.db"))
        (summary,) = optuna.get_all_study_summaries(storage)
        return [trial.params["model.l2"] for trial in optuna.load_study(summary.study_name, storage).trials]

    sweep("hydra.sweeper.n_trials=3")
    first = drawn()
    sweep()
    assert len(first) == 3 and drawn()[:3] == first
    assert len(set(drawn())) == len(drawn()) == 10
    sweep()
    assert len(drawn()) == 10
    assert len(list((tmp_path / "runs").glob("shop/ease/*/metrics.json"))) == 10
