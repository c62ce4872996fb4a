"""One job from configuration to run directory: prepare, fit, evaluate, write, track."""

import logging
import shutil
import time
from pathlib import Path
from typing import Any

import torch
from omegaconf import OmegaConf

from kgrec.config import Config
from kgrec.data.locate import cache_folder
from kgrec.environment import choose_device, describe_environment, peak_memory_mb
from kgrec.evaluation.evaluator import Evaluation, Evaluator
from kgrec.fitted import Fitted, Places
from kgrec.fitting import fit
from kgrec.fusion_fitting import MEMBERS
from kgrec.prepare import Prepared, prepare
from kgrec.reports import sample_rows
from kgrec.run import Run
from kgrec.tracking import Tracker, tracking
from kgrec.write_run import write_data, write_model, write_per_user, write_top_k

log = logging.getLogger(__name__)


def run_experiment(config: Config, run_dir: Path, group: str | None = None) -> Run:
    """Do the whole job of ``config`` and write it to ``run_dir``; ``group`` names the sweep it belongs to."""
    started = time.perf_counter()
    device = choose_device(config.device)
    if config.threads > 0:
        torch.set_num_threads(config.threads)
    run = Run(run_dir)
    resolved = OmegaConf.structured(config)
    run.write_text("config.yaml", OmegaConf.to_yaml(resolved, resolve=True))
    run.write_json("environment.json", describe_environment(device))
    plain: dict[str, Any] = OmegaConf.to_container(resolved, resolve=True)  # type: ignore[assignment]
    with tracking(config.tracking, run.path, plain, group) as tracker:
        prepared = prepare(config)
        write_data(run, prepared)
        fitted = fit(config, prepared, Places(run.path, cache_folder(), device), tracker.log_epoch)
        _finish(config, run, prepared, fitted, tracker, started)
    return run


def _finish(
    config: Config, run: Run, prepared: Prepared, fitted: Fitted, tracker: Tracker, started: float
) -> None:
    """Evaluate, write what is left, metrics last: they mark the run as complete."""
    evaluated = time.perf_counter()
    parts = {"valid": evaluate_part(config, prepared, fitted, "valid")}
    if config.evaluation.test:
        parts["test"] = evaluate_part(config, prepared, fitted, "test")
    eval_seconds = time.perf_counter() - evaluated
    write_model(run, fitted)
    write_top_k(run, prepared, fitted.final, config.evaluation)
    last = parts.get("test") or parts["valid"]
    if last is not None:
        write_per_user(run, prepared.dataset.users, last)
    metrics: dict[str, Any] = {
        name: evaluation.metrics if evaluation else {} for name, evaluation in parts.items()
    }
    metrics.setdefault("test", {})
    metrics["intervals"] = last.intervals if last is not None else {}
    metrics["timing"] = _timing(config, prepared, fitted, eval_seconds, time.perf_counter() - started)
    metrics |= {"model": config.model.name, "data": config.data.name, "seed": config.seed, "kg": config.kg}
    metrics["features"] = fitted.features
    run.write_json("metrics.json", metrics)
    for leftover in ("checkpoint.pt", "checkpoint-refit.pt"):
        (run.path / leftover).unlink(missing_ok=True)
    shutil.rmtree(run.path / MEMBERS, ignore_errors=True)
    tracker.log_metrics({f"{part}/{name}": v for part in parts for name, v in metrics[part].items()})
    tracker.log_recommendations(*sample_rows(run))
    tracker.log_artifact(run.path)


def evaluate_part(config: Config, prepared: Prepared, fitted: Fitted, part: str) -> Evaluation | None:
    """Full ranking of valid by the chosen model, of test by the final one; None where the part is empty."""
    truth = prepared.truth(part)
    if len(truth) == 0:
        return None
    scorer = fitted.scorer if part == "valid" else fitted.final
    train = prepared.index(prepared.split.train)
    return Evaluator(truth, prepared.known_before(part), train, config.evaluation).evaluate(scorer)


def _timing(
    config: Config, prepared: Prepared, fitted: Fitted, eval_seconds: float, total: float
) -> dict[str, float]:
    """Seconds and memory by the contract's names; ``train`` includes validation, ``prepare`` operators."""
    epochs = fitted.training.epochs
    return {
        "prepare_seconds": prepared.seconds + fitted.prepare_seconds,
        "train_seconds": fitted.train_seconds,
        "refit_seconds": fitted.refit_seconds,
        "total_seconds": total,
        "epochs": epochs,
        "best_epoch": fitted.training.best_epoch,
        "seconds_per_epoch": fitted.training.seconds / epochs if epochs else 0.0,
        "eval_seconds": eval_seconds,
        "peak_memory_mb": peak_memory_mb(choose_device(config.device)),
    }
