"""Ways to teach an encoder what a shop's words mean: `python benchmarks/search/tuning_methods.py`.

As it comes, on a few queries, on all of them by LoRA, AdaLoRA and in full, with continued pre-training on the
titles before, and two encoders as one. Every training has the same seconds at most; the encoder alone ranks.
Writes benchmarks/results/tuning-DATA.{md,csv} after each row: an interrupted call loses one row alone.
"""

import logging
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import polars as pl
import torch
import typer
from search_quality import KS, engine_of
from search_systems import texts_of
from search_table import table, write
from search_tasks import RUNS, TASKS, SearchTask
from tuned_encoders import Allowed, Trained, encoder_part, judged_pairs, read_on, tuned

from kgrec.evaluation.graded import judge, of_metric
from kgrec.evaluation.significance import paired_test
from kgrec.features.config import EncoderConfig
from kgrec.retrieval.found import find
from kgrec.search_data import data_config

ROOT = Path(__file__).resolve().parent.parent.parent
FEW = (16, 64, 256)
"""Queries of the few-shot rows."""
BASELINE = "as it comes"
log = logging.getLogger("tuning")


def main(
    data: Annotated[str, typer.Option(help=f"One of {', '.join(TASKS)}.")] = "zh-titles",
    at_most: Annotated[int, typer.Option(min=1, help="Queries of each part.")] = 1_500,
    max_tokens: Annotated[int, typer.Option(min=1, help="Tokens of a text that encoders read.")] = 32,
    seconds: Annotated[float, typer.Option(min=1, help="Of each training at most.")] = 300.0,
    precision: Annotated[
        str, typer.Option(help="Of training: float32, or bfloat16 where the CPU has it.")
    ] = "float32",
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
    output: Annotated[Path, typer.Option(help="Where the report is written.")] = ROOT / "benchmarks/results",
) -> None:
    """Train one after the other, judge each, then write and print the report."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s: %(message)s")
    torch.set_num_threads(threads)
    config = data_config(data, ROOT / "conf")
    task = TASKS[data](config, at_most)
    start = replace(config.features.text.encoders[0], max_tokens=max_tokens)
    judged: dict[str, pl.DataFrame] = {}
    told: list[str] = []
    for label, trained, encoders in ways(task, start, Allowed(seconds, precision)):
        judged[label] = judged_alone(task, encoders, label)
        told += [f"- {label}: {trained}."] if trained else []
        text = report(task, start, judged, told)
        write(output / f"tuning-{data}", text, judged)
        log.info("%s is written", label)
    print(text)


def ways(
    task: SearchTask, start: EncoderConfig, allowed: Allowed
) -> Iterator[tuple[str, Trained | None, list[EncoderConfig]]]:
    """Label, what was trained for this row, and the encoders whose vectors are put side by side."""
    yield BASELINE, None, [start]
    runs = RUNS / task.dataset.name
    texts = texts_of(task, engine_of(task, start))
    judgements = task.parts["encoder"]
    for queries in FEW:
        few = tuned(judged_pairs(judgements, queries), texts, start, "lora", allowed, runs)
        yield f"LoRA, {queries} queries", few, [few.encoder]
    pairs = judged_pairs(judgements)
    lora = tuned(pairs, texts, start, "lora", allowed, runs)
    yield "LoRA", lora, [lora.encoder]
    adalora = tuned(pairs, texts, start, "adalora", allowed, runs)
    yield "AdaLoRA", adalora, [adalora.encoder]
    full = tuned(pairs, texts, start, "full", allowed, runs)
    yield "in full, embeddings kept", full, [full.encoder]
    read = read_on(texts, start, allowed, runs)
    yield "titles read", read, [read.encoder]
    both = tuned(pairs, texts, read.encoder, "lora", allowed, runs)
    yield "titles read, then LoRA", both, [both.encoder]
    yield "two encoders as one: LoRA and as it comes", None, [lora.encoder, start]
    yield "two encoders as one: LoRA and in full", None, [lora.encoder, full.encoder]


def judged_alone(task: SearchTask, encoders: list[EncoderConfig], label: str) -> pl.DataFrame:
    """The test queries by the vectors of these encoders alone."""
    found = find(engine_of(task, *encoders), task.parts["test"].topics, label)
    return judge(found.single("dense"), task.parts["test"], KS)


def report(task: SearchTask, start: EncoderConfig, judged: dict[str, pl.DataFrame], told: list[str]) -> str:
    """What was asked, each training, the table, and what reading on was worth."""
    tests = len(task.parts["test"].topics)
    story = (
        f"{task.dataset.name}: {task.story} {len(task.dataset.items):,} items, {tests:,} test queries. "
        f"The encoder alone ranks: {start.name}, {start.max_tokens} tokens. Learned from: "
        f"{encoder_part(task)}; a few of them drawn by chance where a row says so. Every training has the "
        'same seconds at most; its learning rate comes down within them. "Titles read": masked language '
        "modelling on the items' texts. Two encoders as one: their vectors end to end, which is the mean of "
        "both cosines."
    )
    parts = [story, "\n".join(told), table(judged, task.metric, BASELINE)]
    if {"LoRA", "titles read, then LoRA"} <= judged.keys():
        both, alone = (of_metric(judged[label], *task.metric) for label in ("titles read, then LoRA", "LoRA"))
        test = paired_test(both, alone)
        parts.append(
            f"Titles read, then LoRA, minus LoRA: {test.difference:+.4f} "
            f"[{test.low:+.4f}, {test.high:+.4f}], p = {test.p:.4f}."
        )
    return "\n\n".join(part for part in parts if part)


if __name__ == "__main__":
    typer.run(main)
