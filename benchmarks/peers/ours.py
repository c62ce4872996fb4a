"""Train one model of kgrec and write what it cost: `python ours.py SETTINGS.json RESULT.json`.

The counterpart of run_recbole.py and run_implicit.py: the same settings, the same result, a process of its
own, so that its peak of memory is its own.
"""

import json
import logging
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from hydra import compose, initialize_config_dir

from kgrec.config import Config, register_schemas, typed_config
from kgrec.data.locate import cache_folder
from kgrec.environment import peak_memory_mb
from kgrec.evaluation.evaluator import Evaluator
from kgrec.fitted import Places
from kgrec.fitting import build_trainer, fit, validation_of
from kgrec.models.base import Scorer
from kgrec.models.factory import is_closed_form
from kgrec.prepare import Prepared, prepare
from kgrec.run_names import register_resolvers

CONF = Path(__file__).resolve().parent.parent.parent / "conf"
CPU = torch.device("cpu")
SWEEPS = (1, 2, 4, 8, 16)
"""Lengths of iALS whose seconds and valid metrics make its curve: it is fitted anew for each."""


def main(settings_path: str, result_path: str) -> None:
    """Do the job of a settings file."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    settings = json.loads(Path(settings_path).read_text())
    torch.set_num_threads(settings["threads"])
    result = train(settings) | {"settings": settings, "peak_mb": peak_memory_mb(CPU)}
    part = Path(result_path).with_suffix(".part")
    part.write_text(json.dumps(result, indent=2) + "\n")
    part.replace(result_path)


def train(settings: dict[str, Any]) -> dict[str, Any]:
    """Train, stop early on valid where ``settings["validate"]``, judge the best epoch on test."""
    started = time.perf_counter()
    config = composed(settings)
    prepared = prepare(config)
    loaded = time.perf_counter() - started
    with TemporaryDirectory() as scratch:
        places = Places(Path(scratch), cache_folder(), CPU)
        if is_closed_form(config.model):
            result, scorer = closed_form(config, prepared, places)
        else:
            result, scorer = network(config, prepared, places, settings["validate"])
    truth, known = prepared.truth("test"), prepared.known_before("test")
    train_index = prepared.index(prepared.split.train)
    test = Evaluator(truth, known, train_index, config.evaluation).metrics(scorer)
    return result | {"test": test, "prepare_seconds": loaded + result.get("prepare_seconds", 0.0)}


def composed(settings: dict[str, Any]) -> Config:
    """The configuration of a job: the overrides of the recipe, with the settings that all sides share."""
    register_schemas()
    register_resolvers()
    shared = [
        f"data={settings['data']}",
        f"seed={settings['seed']}",
        "device=cpu",
        "tracking=disabled",
        "evaluation.ks=[10]",
        "evaluation.metrics=[recall,ndcg,mrr]",
        f"training.monitor={settings['metric']}",
        "training.checkpoint=false",
    ]
    if settings["epochs"]:
        shared.append(f"training.epochs={settings['epochs']}")
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return typed_config(compose("config", overrides=[*settings["config"], *shared]))


def network(
    config: Config, prepared: Prepared, places: Places, validate: bool
) -> tuple[dict[str, Any], Scorer]:
    """The curve of a gradient model, with the seconds of validation told from those of training."""
    started = time.perf_counter()
    trainer, _ = build_trainer(config, prepared, prepared.split.train, places, "checkpoint.pt")
    prepare_seconds = time.perf_counter() - started
    judge = validation_of(config, prepared) if validate else None
    spent = {"validation": 0.0}
    points: list[dict[str, Any]] = []

    def timed(scorer: Scorer) -> dict[str, float]:
        assert judge is not None
        started = time.perf_counter()
        metrics = judge(scorer)
        spent["validation"] += time.perf_counter() - started
        return metrics

    def keep(record: dict[str, float]) -> None:
        both = {
            "seconds": record["seconds"] - spent["validation"],
            "seconds_with_validation": record["seconds"],
        }
        valid = {name.removeprefix("valid/"): value for name, value in record.items() if "valid/" in name}
        points.append({"epoch": int(record["epoch"])} | ({"valid": valid} if valid else {}) | both)

    result = trainer.fit(timed if validate else None, keep)
    curve = {"points": points, "best_epoch": result.best_epoch, "prepare_seconds": prepare_seconds}
    return curve, trainer.network.scorer()


def closed_form(config: Config, prepared: Prepared, places: Places) -> tuple[dict[str, Any], Scorer]:
    """One point, or of iALS one for each number of sweeps."""
    judge = validation_of(config, prepared)
    assert judge is not None
    points: list[dict[str, Any]] = []
    best, best_epoch = -1.0, 0
    # The first length twice, because a process's first fit also pays for what later ones find warm; the later
    # point takes the place of the earlier.
    for sweeps in (SWEEPS[0], *SWEEPS) if config.model.name == "ials" else (1,):
        model = replace(config.model, sweeps=sweeps) if config.model.name == "ials" else config.model
        fitted = fit(replace(config, model=model), prepared, places)
        started = time.perf_counter()
        valid = judge(fitted.scorer)
        validation, seconds = time.perf_counter() - started, fitted.train_seconds
        both = {"seconds": seconds, "seconds_with_validation": seconds + validation}
        points = [point for point in points if point["epoch"] != sweeps]
        points.append({"epoch": sweeps, "valid": valid} | both)
        if valid[config.training.monitor] > best:
            best, best_epoch, scorer = valid[config.training.monitor], sweeps, fitted.scorer
    return {"points": points, "best_epoch": best_epoch}, scorer


if __name__ == "__main__":
    main(*sys.argv[1:])
