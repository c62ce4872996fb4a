"""Find runs on disk and read them: run directories, folders of runs, the folder of a Hydra sweep."""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from yaml import YAMLError

from kgrec.comparison.record import RunRecord
from kgrec.errors import RunError
from kgrec.run import Run
from kgrec.tracking.flat_metrics import flatten

PARTS = ("train", "valid", "test")


@dataclass
class Collected:
    """What was found: finished runs in the order of their age, and those that never came to their end."""

    records: list[RunRecord] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    named: set[str] = field(default_factory=set)
    """Names of the runs that were asked for one by one: never left out as older ones."""


def collect(folders: Iterable[Path]) -> Collected:
    """Every run below ``folders``, each once.

    Raises:
        RunError: a folder does not exist or holds no run, no run is finished, or a file of a run is broken
            (with its path).
    """
    found = Collected()
    seen: set[Path] = set()
    for folder in folders:
        if not folder.is_dir():
            raise RunError(f"{folder} is no folder; give run directories or folders that hold some")
        places = list(run_directories(folder))
        if not places:
            raise RunError(f"no run under {folder} (a run has a config.yaml); train one: scripts/train.py")
        if places == [folder]:
            found.named.add(str(folder))
        for place in places:
            if place.resolve() in seen:
                continue
            seen.add(place.resolve())
            if Run(place).complete:
                found.records.append(read_run(Run(place)))
            else:
                found.unfinished.append(str(place))
    if not found.records:
        raise RunError(
            f"no finished run (with metrics.json); {len(found.unfinished)} unfinished, the first is "
            f"{found.unfinished[0]}; go on with scripts/train.py training.resume={found.unfinished[0]}"
        )
    found.records.sort(key=lambda record: record.written)
    return found


def run_directories(folder: Path) -> Iterator[Path]:
    """``folder`` itself or the directories below it that hold a config.yaml, by name."""
    for place, below, files in os.walk(folder):
        if "config.yaml" in files:
            # What lies inside a run is no run: W&B keeps a config.yaml of its own there.
            below.clear()
            yield Path(place)
        below[:] = sorted(name for name in below if not name.startswith("."))


def read_run(run: Run) -> RunRecord:
    """The record of one finished run directory.

    Raises:
        RunError: a file is missing or broken; the message has its path.
    """
    metrics = run.read_json("metrics.json")
    missing = [name for name in ("valid", "test", "timing") if not isinstance(metrics.get(name), dict)]
    if missing:
        raise RunError(f"{run.path / 'metrics.json'} has no {missing[0]!r} object; train the run again")
    return RunRecord(
        name=str(run.path),
        config=flatten(_config(run), separator="."),
        metrics={part: metrics[part] for part in ("valid", "test")},
        timing=metrics["timing"],
        history=read_history(run),
        split=read_split(run),
        tables=run,
        written=((run.path / "metrics.json").stat().st_mtime_ns, run.path.name),
    )


def _config(run: Run) -> dict[str, Any]:
    """Not by the typed schema: runs of earlier versions may have keys that this one has not."""
    path = run.path / "config.yaml"
    try:
        # OmegaConf's reader, because plain YAML takes the 1e-5 that it writes for a text.
        config = OmegaConf.to_container(OmegaConf.create(run.read_text("config.yaml")))
    except YAMLError as error:
        raise RunError(f"{path}: not YAML ({' '.join(str(error).split())}); train the run again") from error
    if not isinstance(config, dict):
        raise RunError(f"{path} is no mapping of keys; train the run again")
    return {str(key): value for key, value in config.items()}


def read_history(run: Run) -> list[dict[str, float]]:
    """The lines of history.jsonl; none where the model has no epochs."""
    if not run.has("history.jsonl"):
        return []
    records = []
    for number, line in enumerate(run.read_text("history.jsonl").splitlines(), start=1):
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            record = error.msg
        if not isinstance(record, dict):
            reason = f"not one JSON object a line ({record}); train the run again"
            raise RunError(f"{run.path / 'history.jsonl'}, line {number}: {reason}")
        records.append(record)
    return records


def read_split(run: Run) -> str | None:
    """The hashes of split.json in one word, or None where the run has none."""
    if not run.has("split.json"):
        return None
    split = run.read_json("split.json")
    try:
        return "-".join(str(split[part]["sha256"]) for part in PARTS)
    except (KeyError, TypeError) as error:
        raise RunError(f"{run.path / 'split.json'} has no sha256 of {', '.join(PARTS)}") from error
