import errno
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wandb
from safetensors.numpy import save_file

from kgrec.errors import ConfigError, TrainingError
from kgrec.tracking import Tracker, TrackingConfig, tracking
from kgrec.tracking.job import exit_code

Read = Callable[[Path], list[Any]]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TrainingError("not finite"), 1),
        (KeyboardInterrupt(), 130),
        (SystemExit(3), 3),
        (SystemExit(), 0),
        (SystemExit("message"), 1),
    ],
)
def test_exit_codes(error: BaseException, code: int) -> None:
    assert exit_code(error) == code


@pytest.mark.parametrize(("error", "code"), [(TrainingError("not finite"), 1), (KeyboardInterrupt(), 130)])
def test_an_error_closes_the_run_and_goes_on(
    tmp_path: Path, recorded: Read, error: BaseException, code: int
) -> None:
    with pytest.raises(type(error)) as caught, tracking(TrackingConfig(), tmp_path, {}) as tracker:
        tracker.log_epoch({"epoch": 1})
        raise error
    assert caught.value is error
    (run,) = recorded(tmp_path)
    assert (run.exit_code, run.history[0]["epoch"]) == (code, 1)


def test_disabled_leaves_nothing(tmp_path: Path) -> None:
    with tracking(TrackingConfig(mode="disabled"), tmp_path, {}) as tracker:
        tracker.log_epoch({"epoch": 1})
    assert type(tracker) is Tracker
    assert list(tmp_path.iterdir()) == []


def test_bad_mode_is_refused_before_the_job(tmp_path: Path) -> None:
    with (
        pytest.raises(ConfigError, match=r"tracking\.mode is 'on'"),
        tracking(TrackingConfig("on"), tmp_path, {}),
    ):
        pytest.fail("the job must not start")


def use_all(tracker: Tracker, run_dir: Path) -> None:
    tracker.log_epoch({"epoch": 1})
    tracker.log_metrics({"test/recall@10": 0.1})
    tracker.log_recommendations(["u"], ["title"], [["t"]])
    tracker.log_artifact(run_dir)


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ("wandb.init", wandb.errors.CommError("no route to host")),
        ("wandb.init", PermissionError(errno.EACCES, "Permission denied")),
        ("wandb.Run.log", OSError(errno.ENOSPC, "No space left on device")),
        ("wandb.Run.log_artifact", ValueError("bad name")),
        ("wandb.Run.finish", ConnectionResetError("Connection lost")),
        ("wandb.Settings", TypeError("unknown setting")),
    ],
)
def test_a_failing_wandb_costs_one_warning(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    target: str,
    error: Exception,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    for name in ("model.safetensors", "config.yaml", "metrics.json"):
        (tmp_path / name).write_text("")
    save_file({"user_vectors": np.ones((2, 3))}, tmp_path / "model.safetensors")
    environment = {name: os.environ.get(name) for name in ("WANDB_DATA_DIR", "WANDB_ERROR_REPORTING")}
    owner, name = target.rsplit(".", 1)
    fields = dict(wandb.Settings.model_fields)
    if target == "wandb.Settings":
        fail.model_fields = fields  # type: ignore[attr-defined]
    monkeypatch.setattr(wandb.Run if owner == "wandb.Run" else wandb, name, fail)
    done = False
    with tracking(TrackingConfig(), tmp_path, {}) as tracker:
        use_all(tracker, tmp_path)
        done = True
    assert done
    warnings = [record.getMessage() for record in caplog.records if record.name.startswith("kgrec")]
    (warning,) = [message for message in warnings if "tracking failed" in message]
    assert f"{type(error).__name__}: {error}" in warning
    assert {name: os.environ.get(name) for name in environment} == environment


def test_online_without_credentials_trains_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with tracking(TrackingConfig(mode="online", init_timeout=5), tmp_path, {}) as tracker:
        use_all(tracker, tmp_path)
    (warning,) = [r.getMessage() for r in caplog.records if "tracking failed" in r.getMessage()]
    assert "at start" in warning


def test_unwritable_run_directory_trains_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "wandb").write_text("a file where the folder should be")
    with tracking(TrackingConfig(), tmp_path, {}) as tracker:
        use_all(tracker, tmp_path)
    assert "tracking failed at start" in caplog.text
    assert "FileExistsError" in caplog.text


PREFIX = """
import logging, os, signal, subprocess, sys, time
from pathlib import Path
from kgrec.tracking import TrackingConfig, tracking
logging.basicConfig(level=logging.INFO, stream=sys.stderr)
run_dir = Path(sys.argv[1])
"""


def command(code: str, run_dir: Path) -> list[str]:
    return [sys.executable, "-c", PREFIX + textwrap.dedent(code), str(run_dir)]


def test_standard_output_stays_empty(tmp_path: Path, recorded: Read) -> None:
    code = """
    with tracking(TrackingConfig(), run_dir, {"seed": 0}, "g") as tracker:
        tracker.log_epoch({"epoch": 1})
        tracker.log_metrics({"test/recall@10": .1})
    with tracking(TrackingConfig(mode="online", init_timeout=5), run_dir / "online", {}) as tracker:
        tracker.log_epoch({"epoch": 1})
    raise SystemExit(4)
    """
    done = subprocess.run(command(code, tmp_path), capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert (done.stdout, done.returncode) == ("", 4)
    assert "wandb sync" in done.stderr
    assert "tracking failed at start" in done.stderr
    assert recorded(tmp_path)[0].summary["test/recall@10"] == 0.1


@pytest.mark.skipif(
    not (shutil.which("ps") and Path("/proc/self").exists()), reason="finds the service by ps and /proc"
)
def test_dying_service_ends_tracking_and_the_next_job_tracks_again(tmp_path: Path, recorded: Read) -> None:
    code = """
    with tracking(TrackingConfig(), run_dir / "a", {}) as tracker:
        tracker.log_epoch({"epoch": 1})
        mine = ["ps", "-o", "pid=", "--ppid", str(os.getpid())]
        for pid in subprocess.run(mine, capture_output=True, text=True).stdout.split():
            try:
                service = Path(f"/proc/{pid}/cmdline").read_text()
                if "wandb" in service:
                    assert "--no-observability" in service
                    os.kill(int(pid), signal.SIGKILL)
            except FileNotFoundError:
                pass
        time.sleep(.3)
        for epoch in range(2, 5):
            tracker.log_epoch({"epoch": epoch})
    with tracking(TrackingConfig(), run_dir / "b", {}) as tracker:
        tracker.log_epoch({"epoch": 1})
    """
    done = subprocess.run(command(code, tmp_path), capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.count("tracking failed") == 1
    assert "Traceback" not in done.stderr
    assert recorded(tmp_path / "b")[0].exit_code == 0


def test_interrupt_from_the_keyboard_closes_the_run(tmp_path: Path, recorded: Read) -> None:
    code = """
    with tracking(TrackingConfig(), run_dir, {}) as tracker:
        tracker.log_epoch({"epoch": 1})
        (run_dir / "ready").touch()
        time.sleep(60)
    """
    # A terminal sends SIGINT to the whole process group; this one is the job's own.
    process = subprocess.Popen(
        command(code, tmp_path), start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "ready").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert out == b""
    assert b"KeyboardInterrupt" in err
    (run,) = recorded(tmp_path)
    assert (run.exit_code, run.history[0]["epoch"]) == (130, 1)


def test_import_and_disabled_mode_leave_wandb_alone(tmp_path: Path) -> None:
    code = """
    with tracking(TrackingConfig(mode="disabled"), run_dir, {}) as tracker:
        tracker.log_epoch({"epoch": 1})
    assert "wandb" not in sys.modules
    """
    assert subprocess.run(command(code, tmp_path)).returncode == 0
