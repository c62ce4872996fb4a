"""What each source of knowledge is worth, as declared: `python benchmarks/knowledge.py --name dbbook2014`.

Runs what the declaration in benchmarks/knowledge/ asks for and is not there yet, tests it, and writes
benchmarks/results/knowledge-NAME as Markdown, CSV and PNG.
"""

from pathlib import Path
from typing import Annotated

import typer
from knowledge_jobs import Declaration, knowledge_jobs, read_declaration
from knowledge_report import write_reports
from knowledge_tests import compare_contrasts
from reproduce import HERE, is_done, log, log_to_stderr, run_jobs

from kgrec.run import Run


def main(
    name: Annotated[str, typer.Option(help="A file of benchmarks/knowledge, without its ending.")],
    models: Annotated[
        str,
        typer.Option(
            help="Models of the report: labels, separated by semicolons, or all; empty = the flagship."
        ),
    ] = "",
    runs_dir: Annotated[Path, typer.Option(help="Where the runs are kept.")] = Path("runs/knowledge"),
    only: Annotated[
        str, typer.Option(help="Run these rows only ('MODEL, VARIANT', separated by semicolons); no report.")
    ] = "",
    workers: Annotated[int, typer.Option(min=1, help="Runs side by side.")] = 1,
) -> None:
    """Run what is missing, then test and write."""
    log_to_stderr()
    declared = read_declaration(name)
    every = knowledge_jobs(declared, list(declared.models), runs_dir / name)
    jobs = {model: every[model] for model in chosen_models(declared, models)}
    wanted = [label.strip() for label in only.split(";")] if only else None
    listed = [job for variants in jobs.values() for of in variants.values() for job in of]
    unknown = set(wanted or []) - {job.row for job in listed}
    if unknown:
        raise typer.BadParameter(f"{min(unknown)!r} is no row; use {sorted({job.row for job in listed})}")
    listed = [job for job in listed if wanted is None or job.row in wanted]
    missing = [job for job in listed if not is_done(job)]
    log.info("%d of %d runs are there already", len(listed) - len(missing), len(listed))
    run_jobs(missing, workers, name)
    if wanted is None:
        # What an earlier call was asked for stays in the report.
        runs = {
            model: {variant: [Run(job.path) for job in of] for variant, of in variants.items()}
            for model, variants in every.items()
            if model in jobs or all(is_done(job) for of in variants.values() for job in of)
        }
        print(write_reports(name, compare_contrasts(declared, runs), HERE / "results"))


def chosen_models(declared: Declaration, labels: str) -> list[str]:
    """The models that are asked for; the flagship is always among them, because the tests are about it."""
    named = [label.strip() for label in labels.split(";") if label]
    asked = list(declared.models) if labels == "all" else named
    unknown = [label for label in asked if label not in declared.models]
    if unknown:
        raise typer.BadParameter(f"there is no model {unknown[0]!r}; use {'; '.join(declared.models)}")
    return list(dict.fromkeys([declared.flagship, *asked]))


if __name__ == "__main__":
    typer.run(main)
