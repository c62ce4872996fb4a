"""Jobs side by side: every job of a multirun writes a run of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kgrec.run import Run

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.slow
def test_two_jobs_side_by_side_write_two_runs_that_can_be_compared(
    tmp_path: Path, shop_overrides: list[str], cache: Path
) -> None:
    def call(script: str, *words: str) -> str:
        command = [sys.executable, str(ROOT / "scripts" / script), *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    words = ["-m", "hydra/launcher=joblib", *shop_overrides, "model=popularity,ease"]
    printed = call("train.py", *words)
    runs = [Run(path.parent) for path in (tmp_path / "runs" / "shop").glob("*/*/metrics.json")]
    assert sorted(run.path.parent.name for run in runs) == ["ease", "popularity"]
    assert {str(run.path.relative_to(tmp_path)) for run in runs} <= set(printed.splitlines())
    assert [run.read_json("environment.json")["threads"] for run in runs] == [1, 1]
    lines = call("compare.py", "runs/shop", "--metric", "recall@10", "--json", "--output", "out").splitlines()
    assert [json.loads(line)["kind"] for line in lines[:3]] == ["row", "row", "pair"]
    assert (tmp_path / "out" / "compare.html").is_file()


def test_compare_refuses_politely(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "scripts" / "compare.py"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"RunError: no run under {tmp_path}" in done.stderr and "Traceback" not in done.stderr
