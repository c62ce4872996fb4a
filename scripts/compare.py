"""Compare runs: `python scripts/compare.py runs/ml-100k --metric recall@10`."""

from pathlib import Path
from typing import Annotated

import typer

from kgrec.cli import refuse_politely
from kgrec.reports import metrics_table, newest_runs


@refuse_politely
def main(
    folders: Annotated[list[Path], typer.Argument(help="Run directories, or folders that hold some.")],
    metric: Annotated[str, typer.Option(help="Sort by this test metric, best first.")] = "recall@10",
) -> None:
    """Print the newest complete run of every model and kind of knowledge, best first."""
    print(metrics_table(newest_runs(folders, metric)))


if __name__ == "__main__":
    typer.run(main)
