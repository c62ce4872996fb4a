"""Run what a table needs and write it: `python benchmarks/reproduce.py --table ml-100k`.

A run that is complete and has the same configuration is not repeated, so an interrupted table goes on where
it stopped. Writes Markdown and CSV under benchmarks/results/; a row whose runs are not here keeps the numbers
that the CSV has of it, so that one row can be run anew, or on another machine.
"""

import logging
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from result_table import write_results

from kgrec.config import Config, config_from_yaml, register_schemas, typed_config
from kgrec.experiment import run_experiment
from kgrec.progress import progress
from kgrec.run import Run
from kgrec.run_names import register_resolvers

HERE = Path(__file__).resolve().parent
log = logging.getLogger("reproduce")


@dataclass(frozen=True)
class Job:
    """One run of a table."""

    row: str
    seed: int
    config: Config
    path: Path


def main(
    table: Annotated[str, typer.Option(help="A file of benchmarks/tables, without its ending.")],
    runs_dir: Annotated[Path, typer.Option(help="Where the table's runs are kept.")] = Path("runs/tables"),
    only: Annotated[str, typer.Option(help="Run these rows only (labels, separated by semicolons).")] = "",
    workers: Annotated[int, typer.Option(min=1, help="Runs side by side; above 1, seconds mean less.")] = 1,
) -> None:
    """Run the missing jobs of a table, then write it."""
    log_to_stderr()
    spec = read_spec(table)
    wanted = wanted_rows(spec, only)
    jobs = table_jobs(spec, runs_dir / table)
    asked = [job for job in jobs if job.row in wanted]
    missing = [job for job in asked if not is_done(job)]
    log.info("%d of %d runs are there already", len(asked) - len(missing), len(asked))
    run_jobs(missing, workers, table)
    print(write_results(spec, finished_runs(spec, jobs), HERE / "results" / table))


def wanted_rows(spec: dict[str, Any], only: str) -> list[str]:
    """The rows to run: those named, or all but the ones that run on request."""
    if not only:
        return [row for row in spec["rows"] if row not in spec.get("on_request", [])]
    named = [label.strip() for label in only.split(";")]
    if unknown := [label for label in named if label not in spec["rows"]]:
        raise typer.BadParameter(f"no such row: {unknown}; there are {list(spec['rows'])}")
    return named


def run_jobs(jobs: list[Job], workers: int, name: str) -> None:
    """Each job in a process of its own, because a process only knows its largest peak of memory."""
    fresh = ProcessPoolExecutor(workers, get_context("spawn"), max_tasks_per_child=1)
    with fresh as pool:
        running = [pool.submit(run_job, job) for job in jobs]
        for done in progress(as_completed(running), desc=name, unit="run", total=len(running)):
            done.result()


def run_job(job: Job) -> None:
    """One run of a table."""
    log_to_stderr()
    log.info("%s, repetition %d", job.row, job.seed)
    run_experiment(job.config, job.path)


def log_to_stderr() -> None:
    """Standard output is for the table alone."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s: %(message)s")


def read_spec(table: str) -> dict[str, Any]:
    """What a table is made of."""
    plain = OmegaConf.to_container(OmegaConf.load(HERE / "tables" / f"{table}.yaml"))
    return cast(dict[str, Any], plain)


def table_jobs(spec: dict[str, Any], folder: Path) -> list[Job]:
    """Every row under every repetition, rows in the inner loop so that each repetition is finished first."""
    jobs = []
    for seed, repetition in enumerate(spec["seeds"]):
        for row, overrides in spec["rows"].items():
            config = composed([*spec["base"], *repetition, *overrides])
            jobs.append(Job(row, seed, config, folder / row.replace(" ", "_") / str(seed)))
    return jobs


def composed(overrides: list[str]) -> Config:
    """A typed job from overrides of conf/config.yaml."""
    register_schemas()
    register_resolvers()
    with initialize_config_dir(str(HERE.parent / "conf"), version_base="1.3"):
        return typed_config(compose("config", overrides=overrides))


def finished_runs(spec: dict[str, Any], jobs: list[Job]) -> dict[str, list[Run]]:
    """The runs of every row whose every repetition is there."""
    of_rows = {row: [job for job in jobs if job.row == row] for row in spec["rows"]}
    return {row: [Run(job.path) for job in own] for row, own in of_rows.items() if all(map(is_done, own))}


def is_done(job: Job) -> bool:
    """Whether the job's directory holds a complete run of this configuration.

    A key that the run does not know has its default: a new option does not make old runs worthless.
    """
    run = Run(job.path)
    return run.complete and config_from_yaml(run.read_text("config.yaml")) == job.config


if __name__ == "__main__":
    typer.run(main)
