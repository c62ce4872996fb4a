"""The jobs of a comparison: one process each, kept as JSON, not repeated when they are there already."""

import json
import logging
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environment import made_of

from kgrec.training.memory import KEPT_BYTES, LARGEST_KEPT

HERE = Path(__file__).resolve().parent
SCRIPTS = {"kgrec": "ours.py", "RecBole": "run_recbole.py", "implicit": "run_implicit.py"}
SIDES = tuple(SCRIPTS)
MOST_EPOCHS = {"RecBole": 300, "implicit": 300}
"""RecBole's own limit. kgrec's stands in conf/training."""
log = logging.getLogger("peers")


@dataclass(frozen=True)
class Scale:
    """How much is run."""

    data: str
    threads: int = 1
    rounds: int = 3
    speed_epochs: int = 5
    epochs: int = 0
    """At most this many epochs of each best recipe; 0 = as many as the side's recipe says."""
    seed: int = 0


@dataclass(frozen=True)
class Job:
    """One training in a process of its own."""

    model: str
    side: str
    purpose: str
    """``same`` (seconds an epoch) or ``best``."""
    number: int
    """Round or candidate."""
    settings: dict[str, Any]

    def path(self, folder: Path) -> Path:
        """Where its result is kept."""
        return folder / self.model / f"{self.side}-{self.purpose}-{self.number}.json"


def all_jobs(recipes: dict[str, Any], models: list[str], scale: Scale, files: Path) -> list[Job]:
    """Speed first, then the best recipes; the sides take turns, so that a slow hour is everyone's.

    Raises:
        ValueError: the recipes have no such model.
    """
    unknown = [model for model in models if model not in recipes["models"]]
    if unknown:
        raise ValueError(f"no recipe for {unknown[0]!r}; there is one for {', '.join(recipes['models'])}")
    jobs = []
    for number in range(scale.rounds):
        for model in models:
            for side, recipe in _sides(recipes, model):
                if "same" in recipe:
                    common = recipes["same"][side]
                    # Lists of overrides on kgrec's side, mappings on the others': what comes last counts.
                    config = [*common, *recipe["same"]] if side == "kgrec" else common | recipe["same"]
                    settings = _settings(recipes, recipe, side, config, scale, files)
                    settings |= {"validate": False, "epochs": scale.speed_epochs + 1}
                    jobs.append(Job(model, side, "same", number, settings))
    for model in models:
        candidates = {side: _candidates(recipe, scale.data) for side, recipe in _sides(recipes, model)}
        for number in range(max(len(each) for each in candidates.values())):
            for side, recipe in _sides(recipes, model):
                if number < len(candidates[side]):
                    config = candidates[side][number]
                    settings = _settings(recipes, recipe, side, config, scale, files)
                    jobs.append(Job(model, side, "best", number, settings))
    return jobs


def run_job(job: Job, folder: Path, peers_python: Path | None) -> None:
    """Run a job unless its result is there.

    Raises:
        RuntimeError: it failed for another reason than a package that a peer lacks.
    """
    path = job.path(folder)
    if is_done(job, folder):
        return
    log.info("%s, %s, %s %d", job.model, job.side, job.purpose, job.number)
    path.parent.mkdir(parents=True, exist_ok=True)
    settings = path.with_suffix(".settings")
    settings.write_text(json.dumps(job.settings))
    python = sys.executable if job.side == "kgrec" else str(peers_python)
    command = [python, str(HERE / SCRIPTS[job.side]), str(settings), str(path)]
    # Standard output is for the table alone.
    done = subprocess.run(
        command, env=environment(job), stdout=sys.stderr, stderr=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-3000:]}")
    settings.unlink()


def is_done(job: Job, folder: Path) -> bool:
    """Whether the result of exactly these settings is there."""
    path = job.path(folder)
    return path.is_file() and json.loads(path.read_text())["settings"] == job.settings


MEMORY = {
    "THP_MEM_ALLOC_ENABLE": "1",
    "MALLOC_MMAP_THRESHOLD_": str(LARGEST_KEPT),
    "MALLOC_TRIM_THRESHOLD_": str(KEPT_BYTES),
}
"""What kgrec asks of torch and of malloc by itself; the others get the same."""


def environment(job: Job) -> dict[str, str]:
    """The environment of a job: all sides alike, apart from where RecBole finds the stand-in."""
    threads = str(job.settings["threads"])
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    values = {**os.environ, **dict.fromkeys(names, threads), **MEMORY}
    values.pop("PYTHONPATH", None)
    if job.side == "RecBole":
        values["PYTHONPATH"] = str(HERE / "stand_in")
    return values


def _sides(recipes: dict[str, Any], model: str) -> list[tuple[str, dict[str, Any]]]:
    return [(side, recipes["models"][model][side]) for side in SIDES if side in recipes["models"][model]]


def _candidates(recipe: dict[str, Any], data: str) -> list[Any]:
    candidates: list[Any] = recipe.get("best_on", {}).get(data, recipe["best"])
    return candidates


def _settings(
    recipes: dict[str, Any], recipe: dict[str, Any], side: str, config: Any, scale: Scale, files: Path
) -> dict[str, Any]:
    limits = [limit for limit in (scale.epochs, MOST_EPOCHS.get(side, 0)) if limit]
    settings = {"metric": recipes["metric"], "threads": scale.threads, "seed": scale.seed, "validate": True}
    settings |= {"epochs": min(limits, default=0), "config": config, "data": scale.data}
    # What is trained on, and by what, decides a result as much as the recipe does.
    settings |= {"data_sha256": json.loads((files / "sizes.json").read_text())["sha256"]}
    if side != "kgrec":
        settings |= {"model": recipe["model"], "files": str(files), "environment": made_of()}
        settings |= {"memory": MEMORY}
    if side == "implicit":
        settings |= {"patience": 20, "evaluate_every": 1}
    return settings
