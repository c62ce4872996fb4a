"""A run directory is whole, is found, and refuses what it is not."""

import os
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import torch

from kgrec.errors import RunError
from kgrec.run import Run, find_run

CONTRACT = [
    "config.yaml",
    "metrics.json",
    "history.jsonl",
    "model.safetensors",
    "vocabulary/users.parquet",
    "split.json",
    "environment.json",
    "seen.parquet",
    "catalogue.parquet",
    "triples.parquet",
    "top_k.parquet",
    "per_user.parquet",
]


@pytest.mark.parametrize("model", ["popularity", "lightgcn"])
def test_a_run_holds_what_the_contract_says(model: str, trained: Callable[[str], Run]) -> None:
    run = trained(model)
    assert [name for name in CONTRACT if not run.has(name)] == []
    assert run.has("vectors.safetensors") == (model == "lightgcn")
    assert list(run.path.glob(".*.part")) == []
    assert not run.has("checkpoint.pt")


def test_metrics_have_the_contract_s_shape(trained: Callable[[str], Run]) -> None:
    metrics = trained("lightgcn").read_json("metrics.json")
    assert {"valid", "test", "timing", "model", "data", "seed", "kg"} <= set(metrics)
    timing = {
        "prepare_seconds",
        "train_seconds",
        "refit_seconds",
        "total_seconds",
        "epochs",
        "seconds_per_epoch",
    }
    assert timing | {"eval_seconds", "peak_memory_mb"} <= set(metrics["timing"])
    assert 0 <= metrics["test"]["recall@10"] <= 1
    assert metrics["timing"]["total_seconds"] >= metrics["timing"]["train_seconds"] > 0


def test_top_k_never_recommends_the_past(trained: Callable[[str], Run]) -> None:
    run = trained("lightgcn")
    past = run.read_table("seen.parquet").filter(pl.col("part") != "test")
    top = run.read_table("top_k.parquet")
    assert top.join(past, on=["user", "item"], how="inner").is_empty()
    assert top.columns == ["user", "rank", "item", "score"]
    first = top.filter(pl.col("rank") == 1)
    assert first["user"].n_unique() == first.height == past["user"].n_unique()


def test_per_user_values_average_to_the_metrics(trained: Callable[[str], Run]) -> None:
    run = trained("lightgcn")
    values = run.read_table("per_user.parquet").filter((pl.col("metric") == "recall") & (pl.col("k") == 10))
    assert values["value"].mean() == pytest.approx(run.read_json("metrics.json")["test"]["recall@10"])


def test_history_has_a_line_an_epoch_with_seconds_so_far(trained: Callable[[str], Run]) -> None:
    import json

    run = trained("lightgcn")
    records = [json.loads(line) for line in run.read_text("history.jsonl").splitlines()]
    assert [record["epoch"] for record in records] == [1, 2, 3]
    assert records[0]["seconds"] < records[1]["seconds"] < records[2]["seconds"]


def test_latest_is_the_newest_complete_run(tmp_path: Path) -> None:
    for place, (name, files) in enumerate(
        {
            "a": ["config.yaml", "metrics.json"],
            "b": ["config.yaml", "metrics.json"],
            "c": ["config.yaml"],
        }.items()
    ):
        for file in files:
            path = tmp_path / "data" / "model" / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("{}")
            os.utime(path, (1000 + place, 1000 + place))
    assert find_run("latest", tmp_path).name == "b"
    assert find_run("latest", tmp_path, complete=False).name == "c"


def test_a_missing_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no complete run under"):
        find_run("latest", tmp_path)
    with pytest.raises(RunError, match=r"nowhere is no run directory"):
        find_run(tmp_path / "nowhere", tmp_path)


def test_broken_files_are_refused_by_name(tmp_path: Path) -> None:
    run = Run(tmp_path)
    (tmp_path / "metrics.json").write_text("{\n oops")
    (tmp_path / "seen.parquet").write_text("no table")
    (tmp_path / "model.safetensors").write_text("no tensors")
    with pytest.raises(RunError, match=r"metrics.json, line 2"):
        run.read_json("metrics.json")
    with pytest.raises(RunError, match=r"seen.parquet: not a Parquet table"):
        run.read_table("seen.parquet")
    with pytest.raises(RunError, match=r"model.safetensors: not a safetensors file"):
        run.read_tensors("model.safetensors")
    with pytest.raises(RunError, match=r"absent.json is missing"):
        run.read_json("absent.json")


def test_tensors_that_share_memory_are_saved_whole(tmp_path: Path) -> None:
    table = torch.arange(12.0).reshape(4, 3)
    Run(tmp_path).write_tensors("t.safetensors", {"all": table, "part": table[1:3], "turned": table.T})
    read = Run(tmp_path).read_tensors("t.safetensors")
    assert torch.equal(read["part"], table[1:3])
    assert torch.equal(read["turned"], table.T)


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    run = Run(tmp_path)
    run.write_json("metrics.json", {"old": 1})
    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space"):
        run.write_json("metrics.json", {"new": 2})
    assert run.read_json("metrics.json") == {"old": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.json"]
