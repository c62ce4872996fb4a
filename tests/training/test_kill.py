"""A training that is killed by SIGKILL at any moment and resumed ends in the same weights, bit by bit."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

JOB = Path(__file__).parent / "kill_job.py"
KILLS = 4


def start(folder: Path, *options: str) -> subprocess.Popen[str]:
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, str(JOB), str(folder), *options], stdout=subprocess.PIPE, text=True
    )


def finish(folder: Path) -> dict[str, Any]:
    with start(folder) as job:
        assert job.wait(timeout=120) == 0
    result: dict[str, Any] = torch.load(folder / "final.pt", weights_only=True)
    return result


def saved_epoch(folder: Path) -> int:
    path = folder / "checkpoint.pt"
    return int(torch.load(path, weights_only=True)["epoch"]) if path.exists() else 0


def assert_same(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert left["final"].keys() == right["final"].keys()
    assert all(torch.equal(left["final"][name], right["final"][name]) for name in left["final"])
    assert left["history"] == right["history"]
    assert left["best"] == right["best"]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return finish(tmp_path_factory.mktemp("whole"))


@pytest.mark.slow
def test_killed_at_random_moments(uninterrupted: dict[str, Any], tmp_path: Path) -> None:
    moments = random.Random(11)
    epochs = []
    for _ in range(KILLS):
        with start(tmp_path) as job:
            assert job.stdout is not None
            for _ in range(moments.randint(1, 6)):
                job.stdout.readline()
            time.sleep(moments.uniform(0.0, 0.02))
            job.send_signal(signal.SIGKILL)
            assert job.wait(timeout=60) == -signal.SIGKILL
        epochs.append(saved_epoch(tmp_path))
    # Whole checkpoints that only go forward.
    assert epochs == sorted(set(epochs)) and epochs[0] > 0
    assert_same(finish(tmp_path), uninterrupted)


@pytest.mark.slow
def test_killed_while_a_checkpoint_is_written(uninterrupted: dict[str, Any], tmp_path: Path) -> None:
    with start(tmp_path, "7") as job:
        assert job.wait(timeout=120) == -signal.SIGKILL
    assert saved_epoch(tmp_path) == 6
    assert len(list(tmp_path.glob(".checkpoint.pt.*.part"))) == 1
    assert_same(finish(tmp_path), uninterrupted)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.pt", "final.pt"]


def test_what_is_compared_is_worth_comparing(uninterrupted: dict[str, Any]) -> None:
    result = uninterrupted
    assert len(result["history"]) == 40
    assert 0 < result["best"] < 40
    assert result["history"][-1]["loss/preference"] < result["history"][0]["loss/preference"]
