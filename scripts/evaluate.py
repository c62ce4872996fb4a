"""Judge a finished run on test: `python scripts/evaluate.py run=latest`. A sweep leaves that to be done."""

import logging
from pathlib import Path

import hydra
from omegaconf import DictConfig

from kgrec.cli import refuse_politely
from kgrec.evaluate_run import evaluate_run
from kgrec.reports import metrics_table
from kgrec.run import Run, find_run

log = logging.getLogger("evaluate")


@hydra.main(version_base="1.3", config_path="../conf", config_name="evaluate")
@refuse_politely
def main(options: DictConfig) -> None:
    """Add test metrics to the run and print them."""
    run = Run(find_run(options.run, Path(options.runs_dir)))
    evaluate_run(run)
    print(metrics_table([run]))


if __name__ == "__main__":
    main()
