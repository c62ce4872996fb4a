"""A year of a shop, invoice by invoice: `python benchmarks/online/replay.py`.

Online Retail II in the order of time. Models are trained on the first half of the invoices; every whole
invoice of the second half is predicted from what was before it, judged, and only then known. Everything goes
through kgrec's scorers (``scores``, ``scores_from_history``, ``fit_ease``, ``fit``) in one process, which is
what the live model does without its log, its locks and its lists. Writes replay-online-retail.{md,csv,png} to
benchmarks/results. ``--tune-sasrec`` prints what SASRec's options were chosen by.
"""

import logging
import sys
from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from replay_choices import choose, tried_sasrec
from replay_invoices import read_stream
from replay_loop import replay
from replay_models import job
from replay_page import page
from replay_picture import draw
from replay_report import total_seconds, weekly, with_history, write
from replay_start import begin

from kgrec.data.locate import locate

ROOT = Path(__file__).resolve().parent.parent.parent
RESULTS = ROOT / "benchmarks" / "results"
SHARE = 0.5
"""Of the invoices that models are trained on before the replay."""
log = logging.getLogger(__name__)


def main(
    tune_sasrec: Annotated[bool, typer.Option(help="Only try SASRec's candidates.")] = False,
    output: Annotated[Path, typer.Option(help="Where the results are written.")] = RESULTS,
) -> None:
    """Choose, fit, replay, write and print."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s: %(message)s")
    data = job("model=ease").data
    stream = read_stream(locate(data) / data.files["invoices"])
    first, later = stream.cut(SHARE)
    if tune_sasrec:
        print(tried_sasrec(first))
        return
    choices = choose(first)
    log.info("chosen: %s", choices)
    start = begin(first, choices)
    found = replay(later, start.shop, start.systems)
    weeks, text = weekly(found.judged), page(stream, found, start, choices)
    write(output, text, weeks)
    seconds = {name: total_seconds(cost, start.seconds.get(name, 0.0)) for name, cost in found.costs.items()}
    for name, other in start.on_top.items():
        seconds[name] += seconds[other]
    means = with_history(found.judged).group_by("system", "task").agg(pl.col("recall").mean())
    draw(weeks, means, seconds, output / "replay-online-retail.png")
    print(text)


if __name__ == "__main__":
    typer.run(main)
