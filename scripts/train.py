"""Train and evaluate one model: `python scripts/train.py data=lastfm model=lightgcn seed=0`.

Hydra composes the job from conf/; standard output gets the results and, as its last line, the run's path.
"""

import dataclasses
import logging
import os
import time
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from kgrec.cli import refuse_politely
from kgrec.config import Config, config_from_yaml, register_schemas, typed_config
from kgrec.experiment import run_experiment
from kgrec.reports import run_report
from kgrec.run import Run
from kgrec.run_names import register_resolvers
from kgrec.tuning import register_tuning_resolvers

log = logging.getLogger("train")
register_schemas()
register_resolvers()
register_tuning_resolvers()
# Jobs of a sweep may run in processes of their own; the environment is what they all inherit from the first.
SWEEP = os.environ.setdefault("KGREC_SWEEP", time.strftime("sweep-%Y%m%d-%H%M%S"))


@hydra.main(version_base="1.3", config_path="../conf", config_name="config")
@refuse_politely
def main(composed: DictConfig) -> float | None:
    """Run one job; in a sweep, return the monitored valid metric for the sweeper to optimise."""
    config = typed_config(composed)
    run_dir = shortest(Path(HydraConfig.get().runtime.output_dir))
    if config.training.resume:
        config = resumed(run_dir)
    sweep = HydraConfig.get().mode == RunMode.MULTIRUN
    if sweep and config.evaluation.test:
        log.info("a sweep chooses on valid: test is left to scripts/evaluate.py")
        config = dataclasses.replace(config, evaluation=dataclasses.replace(config.evaluation, test=False))
    run = run_experiment(config, run_dir, SWEEP if sweep else None)
    print(run_report(run))
    print(run.path, flush=True)
    return run.read_json("metrics.json")["valid"].get(config.training.monitor) if sweep else None


def shortest(path: Path) -> Path:
    """Relative to here where it lies below: what a person wants to read and type."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def resumed(run_dir: Path) -> Config:
    """The configuration of the run that is resumed: its own, whatever the command line says."""
    log.info("resuming %s with its own configuration", run_dir)
    return config_from_yaml(Run(run_dir).read_text("config.yaml"))


if __name__ == "__main__":
    main()
