"""Compare runs: `python scripts/compare.py runs/ml-100k --metric recall@10`."""

import json
import logging
from pathlib import Path
from typing import Annotated

import typer

from kgrec.cli import refuse_politely
from kgrec.comparison.collect import Collected, collect
from kgrec.comparison.markdown import json_objects, markdown
from kgrec.comparison.page import write_report
from kgrec.comparison.report import compare
from kgrec.comparison.wandb_runs import collect_wandb
from kgrec.errors import ConfigError

log = logging.getLogger("compare")


@refuse_politely
def main(
    folders: Annotated[
        list[Path] | None, typer.Argument(help="Run directories, or folders that hold some.")
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option(help="A metric; may be repeated. The first sorts the rows.")
    ] = None,
    baseline: Annotated[str | None, typer.Option(help="Test against this run or row, not the best.")] = None,
    wandb: Annotated[str | None, typer.Option(help="A W&B project, as entity/project.")] = None,
    output: Annotated[Path | None, typer.Option(help="Also write compare.md, .html and pictures.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All settings, not the newest of a model.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show what differs between runs, how good and how fast they are, and which differences are real."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    if bool(folders) == bool(wandb):
        raise ConfigError("give either run folders or --wandb entity/project")
    found: Collected = collect_wandb(wandb) if wandb else collect(folders or [])
    report = compare(found, metric or ["recall@10", "ndcg@10"], baseline, every)
    if output:
        write_report(report, output)
        log.info("written to %s", output)
    if as_json:
        for record in json_objects(report):
            print(json.dumps(record, ensure_ascii=False))
    else:
        print(markdown(report), end="")


if __name__ == "__main__":
    typer.run(main)
