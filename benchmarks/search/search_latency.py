"""How long a search takes: `python benchmarks/search/search_latency.py --data retrotech`.

Every query is new to the encoder, as a shop's rare ones are. Writes benchmarks/results/search-latency.md.
"""

import logging
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from search_quality import engine_of
from search_tasks import TASKS

from kgrec.data.judgements import Topic
from kgrec.search_data import data_config

ROOT = Path(__file__).resolve().parent.parent.parent


def main(
    data: Annotated[str, typer.Option(help=f"One of {', '.join(TASKS)}.")] = "retrotech",
    queries: Annotated[int, typer.Option(min=1, help="Searches.")] = 500,
    max_tokens: Annotated[int, typer.Option(min=1, help="Tokens of an item's text.")] = 64,
    output: Annotated[Path, typer.Option(help="Where the report is written.")] = ROOT / "benchmarks/results",
) -> None:
    """Index, search, write and print."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s: %(message)s")
    torch.set_num_threads(1)
    config = data_config(data, ROOT / "conf")
    task = TASKS[data](config, 2 * queries)
    started = time.perf_counter()
    engine = engine_of(task, replace(config.features.text.encoders[0], max_tokens=max_tokens))
    indexed = time.perf_counter() - started
    topics: list[Topic] = task.parts["test"].topics
    for topic in topics[-20:]:
        engine.search(topic.query)
    load, seconds, cpu = os.getloadavg()[0], [], []
    for topic in topics[:queries]:
        before, began = time.process_time(), time.perf_counter()
        engine.search(topic.query, k=10)
        seconds.append(time.perf_counter() - began)
        cpu.append(time.process_time() - before)
    wall, own = (np.percentile(times, [50, 90, 99]) * 1000 for times in (seconds, cpu))
    text = "\n".join(
        [
            f"{data}, {len(task.dataset.items):,} items, {len(seconds)} searches one after the other, one "
            f"thread, each with the encoding of a new query; load {load:.1f} before they began. Ready "
            f"{indexed:.0f} s after the data were read (texts encoded before came from the cache).",
            "",
            "| | p50 ms | p90 ms | p99 ms |",
            "|---|---|---|---|",
            f"| wall time | {wall[0]:.1f} | {wall[1]:.1f} | {wall[2]:.1f} |",
            f"| CPU time | {own[0]:.1f} | {own[1]:.1f} | {own[2]:.1f} |",
        ]
    )
    output.mkdir(parents=True, exist_ok=True)
    (output / "search-latency.md").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    typer.run(main)
