import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from safetensors.numpy import save_file

from kgrec.tracking import TrackingConfig, tracking
from kgrec.tracking.pseudonyms import load_pseudonyms

USERS = ["RAW-USER-A", "RAW-USER-B"]
Read = Callable[[Path], list[Any]]


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """A finished run with user ids in it."""
    folder = tmp_path / "runs" / "20260101-000000-ab12"
    folder.mkdir(parents=True)
    for name in ("model.safetensors", "config.yaml", "metrics.json", "history.jsonl"):
        (folder / name).write_text(f"{name}\n")
    save_file({"user_vectors": np.ones((2, 3))}, folder / "model.safetensors")
    pl.DataFrame({"item": ["1"], "title": ["Ä"]}).write_parquet(folder / "catalogue.parquet")
    pl.DataFrame({"head": ["1"]}).write_parquet(folder / "triples.parquet")
    for name in ("seen", "top_k", "per_user"):
        frame = pl.DataFrame({"user": USERS, "item": ["1", "1"]})
        frame.write_parquet(folder / f"{name}.parquet", compression="uncompressed")
    return folder


def track(run_dir: Path, config: TrackingConfig | None = None) -> None:
    job = {"seed": 3, "data": {"name": "ml-100k", "k": [10, 20], "rating": None}}
    with tracking(config or TrackingConfig(tags=["t1"]), run_dir, job, "sweep-7") as tracker:
        for epoch in (1, 2):
            tracker.log_epoch({"epoch": epoch, "loss/bpr": 1 / epoch, "valid/recall@10": 0.1 * epoch})
        tracker.log_metrics({"test": {"recall@10": 0.25}, "model": "kgrec"})
        tracker.log_recommendations([USERS[0], *USERS], ["rank", "title"], [[1, "Ä"], [2, None], [1, "B"]])
        tracker.log_table("active", ["n", "user"], [[4, USERS[1]]])
        tracker.log_artifact(run_dir)


def bytes_below(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_offline_run_holds_what_was_logged(run_dir: Path, recorded: Read) -> None:
    before = dict(os.environ)
    track(run_dir)
    (run,) = recorded(run_dir)
    assert (run.project, run.group, run.tags, run.exit_code) == ("kgrec", "sweep-7", ["t1"], 0)
    assert run.config["seed"] == 3
    assert run.config["data"] == {"name": "ml-100k", "k": [10, 20], "rating": None}
    epochs = [
        {k: r[k] for k in ("epoch", "loss/bpr", "valid/recall@10")} for r in run.history if "loss/bpr" in r
    ]
    assert epochs == [
        {"epoch": 1, "loss/bpr": 1.0, "valid/recall@10": 0.1},
        {"epoch": 2, "loss/bpr": 0.5, "valid/recall@10": 0.2},
    ]
    assert (run.summary["test/recall@10"], run.summary["model"]) == (0.25, "kgrec")
    assert run.artifacts["model"] == {"model.safetensors", "config.yaml", "metrics.json"}
    assert "data" not in run.artifacts
    left = {name: value for name, value in os.environ.items() if name not in before}
    assert left.keys() <= {"WANDB_SERVICE"}  # wandb's own, gone when its service ends


def test_tables_hold_their_rows_under_pseudonyms(run_dir: Path) -> None:
    track(run_dir)
    found = (run_dir / "wandb").glob("offline-run-*/files/media/table/*.table.json")
    tables = {path.name.split("_")[0]: json.loads(path.read_text()) for path in found}
    a, b = load_pseudonyms().of_all(USERS)
    assert tables["metrics"] == {
        "columns": ["part", "metric", "value"],
        "data": [["test", "recall@10", 0.25]],
    }
    assert tables["recommendations"]["columns"] == ["user", "rank", "title"]
    assert tables["recommendations"]["data"] == [[a, 1, "Ä"], [a, 2, None], [b, 1, "B"]]
    assert tables["active"]["data"] == [[4, b]]


def test_no_user_id_and_nothing_of_the_machine(run_dir: Path, recorded: Read) -> None:
    track(run_dir, TrackingConfig(log_data=True))
    (run,) = recorded(run_dir)
    files = bytes_below(run_dir / "wandb")
    assert not [path for path, content in files.items() if any(user.encode() in content for user in USERS)]
    assert any(user.encode() in (run_dir / "seen.parquet").read_bytes() for user in USERS)
    assert run.artifacts["data"] == {
        "catalogue.parquet", "triples.parquet", "seen.parquet", "top_k.parquet",
    }  # fmt: skip
    assert pl.read_parquet(run_dir / "wandb/data/seen.parquet")["user"].to_list() == load_pseudonyms().of_all(
        USERS
    )
    assert run.host == ""
    assert not list((run_dir / "wandb").rglob("*metadata*")) + list(
        (run_dir / "wandb").rglob("requirements*")
    )


def test_all_files_lie_in_the_run_directory(
    run_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    track(run_dir)
    assert list(elsewhere.iterdir()) == []


def test_two_jobs_of_one_process_are_two_runs(tmp_path: Path, recorded: Read) -> None:
    for seed in (0, 1):
        folder = tmp_path / f"job-{seed}"
        with tracking(TrackingConfig(), folder, {"seed": seed}, "sweep") as tracker:
            tracker.log_epoch({"epoch": 1, "loss/bpr": float(seed)})
    first, second = (recorded(tmp_path / f"job-{seed}")[0] for seed in (0, 1))
    assert first.run_id != second.run_id
    assert (first.group, second.group) == ("sweep", "sweep")
    assert (first.config["seed"], second.config["seed"]) == (0, 1)


def test_resumed_job_goes_on_with_its_run(tmp_path: Path, recorded: Read) -> None:
    for epoch in (1, 2):
        with tracking(TrackingConfig(group="mine"), tmp_path, {"seed": 0}, "sweep") as tracker:
            tracker.log_epoch({"epoch": epoch})
        time.sleep(1.1)  # W&B names directories by the second
    first, second = recorded(tmp_path)
    assert first.run_id == second.run_id
    assert [run.history[0]["epoch"] for run in (first, second)] == [1, 2]
    assert first.group == "mine"


def test_environment_cannot_take_an_offline_job_online(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recorded: Read
) -> None:
    monkeypatch.setenv("WANDB_MODE", "online")
    with tracking(TrackingConfig(), tmp_path, {}, None):
        pass
    assert recorded(tmp_path)[0].exit_code == 0
