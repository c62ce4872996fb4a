"""Tiny run directories, written by hand: a comparison reads files, whoever made them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

Make = Callable[..., Path]


@pytest.fixture
def make_run(tmp_path: Path) -> Make:
    """Write a run: ``make_run("a", users={"u1": .5}, model="bpr", lr=.1, seed=0)``; returns its path."""

    def make(
        name: str,
        users: dict[str, float] | None = None,
        split: str = "s0",
        history: list[float] | None = None,
        part: str = "test",
        finished: bool = True,
        train_seconds: float = 2.0,
        **settings: Any,
    ) -> Path:
        users = {"u1": 0.5, "u2": 0.0, "u3": 1.0} if users is None else users
        path = tmp_path / name
        path.mkdir(parents=True)
        keys = {
            "model": "bpr",
            "data": "shop",
            "kg": "full",
            "lr": 0.1,
            "seed": 0,
            "split_seed": 2020,
        } | settings
        text = (
            f"data: {{name: {keys['data']}, split: {{seed: {keys['split_seed']}}}}}\nkg: {keys['kg']}\n"
            f"model: {{name: {keys['model']}, dim: 8}}\ntraining: {{lr: {keys['lr']}}}\n"
            f"seed: {keys['seed']}\nruns_dir: {name}\n"
        )
        (path / "config.yaml").write_text(text)
        lines = [
            {"epoch": place + 1, "seconds": 0.5 * (place + 1), "valid/recall@10": value}
            for place, value in enumerate(history or [])
        ]
        (path / "history.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        hashes = {
            each: {"sha256": f"{each}{split}", "interactions": 3} for each in ("train", "valid", "test")
        }
        (path / "split.json").write_text(json.dumps(hashes))
        table = {"user": list(users), "metric": "recall", "k": 10, "value": list(users.values())}
        pl.DataFrame(table).write_parquet(path / "per_user.parquet")
        if finished:
            values = {"recall@10": sum(users.values()) / len(users)}
            parts = {"valid": values, "test": values if part == "test" else {}}
            timing = {"train_seconds": train_seconds}
            (path / "metrics.json").write_text(json.dumps(parts | {"timing": timing}))
        return path

    return make
