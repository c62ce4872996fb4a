"""The scripts as people type them: results on standard output, everything else on standard error."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kgrec.run import Run

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """Where the scripts are started; their runs land here."""
    return tmp_path_factory.mktemp("workplace")


def call(workplace: Path, script: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / script), *words]
    return subprocess.run(command, cwd=workplace, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def first_run(workplace: Path, shop_overrides: list[str]) -> tuple[Path, subprocess.CompletedProcess[str]]:
    done = call(workplace, "train.py", *shop_overrides, "model=lightgcn", "model.dim=8")
    assert done.returncode == 0, done.stderr
    return workplace / done.stdout.splitlines()[-1], done


def test_train_prints_the_run_as_its_last_line(
    first_run: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    path, done = first_run
    assert Run(path).complete
    assert path.parent.parts[-3:] == ("runs", "shop", "lightgcn")
    assert "recall@10" in done.stdout
    assert "INFO" not in done.stdout
    assert "epoch 3" in done.stderr


def test_recommend_prints_one_object_a_line(
    workplace: Path, first_run: tuple[Path, subprocess.CompletedProcess[str]]
) -> None:
    done = call(workplace, "recommend.py", "--run", "latest", "--user", "u03", "-k", "4", "--json")
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [record["rank"] for record in records] == [1, 2, 3, 4]
    assert {record["user"] for record in records} == {"u03"}
    assert set(records[0]) == {"user", "rank", "item", "score", "title"}


def test_recommend_takes_a_history_or_a_user_but_not_both(
    workplace: Path, first_run: tuple[Path, subprocess.CompletedProcess[str]]
) -> None:
    path, _ = first_run
    new = call(
        workplace, "recommend.py", "--run", str(path), "--history", "i00", "--history", "i03", "-k", "3"
    )
    assert new.returncode == 0
    assert "running shoe" in new.stdout
    both = call(workplace, "recommend.py", "--user", "u00", "--history", "i00")
    assert both.returncode == 2
    assert "ConfigError: give either" in both.stderr
    assert both.stdout == ""


def test_an_unknown_key_fails_before_any_work(workplace: Path, shop_overrides: list[str]) -> None:
    before = set((workplace / "runs").rglob("*"))
    done = call(workplace, "train.py", *shop_overrides, "training.epoch=3")
    assert done.returncode != 0
    assert "training.epoch" in done.stderr
    assert set((workplace / "runs").rglob("*")) == before


def test_an_error_is_told_without_a_traceback(workplace: Path, shop_overrides: list[str]) -> None:
    done = call(
        workplace, "train.py", *shop_overrides, "model=popularity", "data.files.interactions=nowhere.csv"
    )
    assert done.returncode != 0
    assert "DataError" in done.stderr
    assert "nowhere.csv" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_sweep_leaves_test_alone_and_evaluate_judges_it_once(
    workplace: Path, shop_overrides: list[str]
) -> None:
    words = [word for word in shop_overrides if not word.startswith("data.name")] + ["data.name=swept"]
    done = call(workplace, "train.py", "-m", *words, "model=popularity,ease", "seed=0,1")
    assert done.returncode == 0, done.stderr
    runs = [Run(path.parent) for path in (workplace / "runs" / "swept").glob("*/*/metrics.json")]
    assert len(runs) == 4
    assert all(run.read_json("metrics.json")["test"] == {} for run in runs)
    judged = call(workplace, "evaluate.py", f"run={runs[0].path}")
    assert judged.returncode == 0, judged.stderr
    metrics = runs[0].read_json("metrics.json")
    assert metrics["test"]["recall@10"] > 0
    assert "test" in judged.stdout
    call(workplace, "evaluate.py", f"run={runs[0].path}")
    assert runs[0].read_json("metrics.json") == metrics
    assert not (workplace / "outputs").exists()


def test_compare_sorts_the_newest_runs(
    workplace: Path, first_run: tuple[Path, subprocess.CompletedProcess[str]], shop_overrides: list[str]
) -> None:
    call(workplace, "train.py", *shop_overrides, "model=popularity")
    done = call(workplace, "compare.py", "runs/shop", "--metric", "recall@10")
    assert done.returncode == 0, done.stderr
    assert done.stdout.index("lightgcn") < done.stdout.index("popularity")


def test_a_killed_job_resumes_in_its_own_directory_to_the_same_model(
    workplace: Path, shop_overrides: list[str]
) -> None:
    words = [word for word in shop_overrides if not word.startswith(("data.name", "training.epochs"))]
    words += ["model=kgrec", "model.dim=8", "training.epochs=60", "training.patience=0", "data.name=killed"]
    command = [sys.executable, str(ROOT / "scripts" / "train.py"), *words]
    process = subprocess.Popen(
        command, cwd=workplace, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ
    )
    folder = workplace / "runs" / "killed" / "kgrec"
    give_up = time.monotonic() + 120
    while not list(folder.glob("*/checkpoint.pt")) and time.monotonic() < give_up:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (killed,) = folder.iterdir()
    assert not Run(killed).complete
    resumed = call(workplace, "train.py", f"training.resume={killed}")
    assert resumed.returncode == 0, resumed.stderr
    assert "resuming" in resumed.stderr
    assert workplace / resumed.stdout.splitlines()[-1] == killed
    whole = call(workplace, "train.py", *words, "runs_dir=whole")
    uninterrupted = Run(workplace / whole.stdout.splitlines()[-1])
    assert Run(killed).read_json("metrics.json")["test"] == uninterrupted.read_json("metrics.json")["test"]
    for name in ("model.safetensors", "vectors.safetensors"):
        one, other = Run(killed).read_tensors(name), uninterrupted.read_tensors(name)
        assert all(one[key].equal(other[key]) for key in other)
