"""Search systems side by side on one data set: `python benchmarks/search/search_quality.py --data zh-titles`.

Words, meaning (as the encoder comes, and fine-tuned on other queries), knowledge, and all of them fused;
writes benchmarks/results/search-DATA.{md,csv}.
"""

import logging
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import polars as pl
import torch
import typer
from search_systems import best_weights, texts_of, weighted
from search_table import table, write
from search_tasks import RUNS, TASKS, SearchTask
from tuned_encoders import Allowed, encoder_part, judged_pairs, tuned

from kgrec.data.locate import cache_folder
from kgrec.evaluation.graded import judge, means
from kgrec.features.config import EncoderConfig, TextConfig
from kgrec.features.text import TextEmbedder
from kgrec.retrieval.config import SearchConfig
from kgrec.retrieval.engine import SearchEngine
from kgrec.retrieval.found import Found, find
from kgrec.retrieval.learned_fusion import checked, with_learned_fusion
from kgrec.search_data import data_config

ROOT = Path(__file__).resolve().parent.parent.parent
KS = [5, 10, 100]
log = logging.getLogger("search")


def main(
    data: Annotated[str, typer.Option(help=f"One of {', '.join(TASKS)}.")],
    at_most: Annotated[int, typer.Option(min=1, help="Queries of each part.")] = 2_000,
    max_tokens: Annotated[int, typer.Option(min=1, help="Tokens of a text that encoders read.")] = 64,
    finetune_seconds: Annotated[float, typer.Option(min=0, help="Of fine-tuning; 0 = none.")] = 300.0,
    precision: Annotated[
        str, typer.Option(help="Of fine-tuning: float32, or bfloat16 where the CPU has it.")
    ] = "float32",
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
    output: Annotated[Path, typer.Option(help="Where the report is written.")] = ROOT / "benchmarks/results",
) -> None:
    """Compare, then write and print the report."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s: %(message)s")
    torch.set_num_threads(threads)
    config = data_config(data, ROOT / "conf")
    task = TASKS[data](config, at_most)
    encoder = replace(config.features.text.encoders[0], max_tokens=max_tokens)
    plain = engine_of(task, encoder)
    judged = {}
    found = find(plain, task.parts["test"].topics, f"{data}, as the encoder comes")
    for label, name in (("words (BM25)", "lexical"), ("meaning, zero-shot", "dense"), ("graph", "graph")):
        judged[label] = judge(found.single(name), task.parts["test"], KS)
    notes = [note(task, encoder)]
    if finetune_seconds > 0 and task.parts["encoder"].topics:
        pairs, allowed = judged_pairs(task.parts["encoder"]), Allowed(finetune_seconds, precision)
        trained = tuned(pairs, texts_of(task, plain), encoder, "lora", allowed, RUNS / data)
        notes.append(f"Fine-tuned by LoRA on {encoder_part(task)}: {trained}.")
        plain = engine_of(task, trained.encoder)
        found = find(plain, task.parts["test"].topics, f"{data}, fine-tuned")
        judged["meaning, fine-tuned"] = judge(found.single("dense"), task.parts["test"], KS)
    best, chosen = fusions(task, plain, found, judged)
    notes += chosen
    text = "\n\n".join([*notes, table(judged, task.metric, best)])
    write(output / f"search-{data}", text, judged)
    print(text)


def engine_of(task: SearchTask, *encoders: EncoderConfig) -> SearchEngine:
    """A search over the task's data set with these encoders, what decides relevance hidden."""
    text = TextConfig(encoders=list(encoders))
    embedder = TextEmbedder.from_config(text, cache_folder(), torch.device("cpu"))
    started = time.perf_counter()
    search = SearchConfig(hidden_relations=task.hidden)
    kept = cache_folder() / "search"
    engine = SearchEngine.from_dataset(task.dataset, task.template, embedder, search, folder=kept)
    log.info("indexed %d items in %.1f s", len(task.dataset.items), time.perf_counter() - started)
    return engine


def fusions(
    task: SearchTask, engine: SearchEngine, found: Found, judged: dict[str, pl.DataFrame]
) -> tuple[str, list[str]]:
    """Add the fusions to ``judged``. Returns the one that is best on a fifth of the ranker part, and what was
    chosen there."""
    test = task.parts["test"]
    told: list[str] = []
    other = task.parts["ranker"]
    if not other.topics:
        judged["fused, as it comes"] = judge(found.rankings(engine.fuse), test, KS)
        return "fused, as it comes", told
    seen = find(engine, other.topics, "queries to fit fusions on")
    name, worth, check = "{}@{}".format(*task.metric), {}, checked(other)
    for fusion, label in (("rrf", "fused by reciprocal rank"), ("convex", "fused, convex")):
        dense, graph = best_weights(seen, fusion, other, task.metric)
        judged[label] = judge(weighted(found, fusion, dense, graph), test, KS)
        worth[label] = means(judge(weighted(seen, fusion, dense, graph), check, [task.metric[1]]))[name]
        told.append(f"{label}: words 1, meaning {dense:g}, graph {graph:g}.")
    ranker = with_learned_fusion(seen, other)
    judged["fused, learned"] = judge(replace(found, engine=ranker).rankings(ranker.fuse), test, KS)
    on_check = replace(seen, engine=ranker).rankings(ranker.fuse)
    worth["fused, learned"] = means(judge(on_check, check, [task.metric[1]]))[name]
    return max(worth, key=worth.__getitem__), told


def note(task: SearchTask, encoder: EncoderConfig) -> str:
    """What was searched."""
    counts = ", ".join(f"{name} {len(own.topics):,}" for name, own in task.parts.items())
    hidden = f"; hidden: {', '.join(task.hidden)}" if task.hidden else ""
    fitted = "Fusions were fitted and chosen on the ranker part." if task.parts["ranker"].topics else ""
    return (
        f"{task.dataset.name}: {task.story} {len(task.dataset.items):,} items; queries: {counts}{hidden}. "
        f"Encoder {encoder.name}, {encoder.max_tokens} tokens. {fitted or 'Nothing was fitted.'}"
    )


if __name__ == "__main__":
    typer.run(main)
