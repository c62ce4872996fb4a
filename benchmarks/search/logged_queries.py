"""Thirteen logged queries, each judged by the clicks on it: `python benchmarks/search/logged_queries.py`.

An illustration: thirteen queries tell little. What a fusion is chosen on leaves out the query it answers.
Writes benchmarks/results/search-logged-queries.md.
"""

import logging
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Annotated

import numpy as np
import polars as pl
import torch
import typer
from search_quality import engine_of
from search_systems import WEIGHTS, fused_by, weighted
from search_tasks import SearchTask

from kgrec.data.judgements import Judgements, Topic
from kgrec.data.locate import locate
from kgrec.data.sources.retrotech import read_sessions
from kgrec.evaluation.graded import judge, of_metric
from kgrec.finetuning.clicks import attractiveness
from kgrec.retrieval.found import Found, Rankings, find
from kgrec.retrieval.search_dataset import search_dataset
from kgrec.search_data import data_config
from kgrec.text_tables import markdown_table

ROOT = Path(__file__).resolve().parent.parent.parent
SINGLE = {"words (BM25)": "lexical", "meaning, zero-shot": "dense", "graph": "graph"}
LEFT_OUT = "fused, convex, chosen on the other twelve"
STORY = (
    "retrotech's {queries} logged queries, {pages:,} result pages. An item's grade is its attractiveness by "
    "the position-based click model; {items} items were shown for a query on average, and nothing else is "
    "judged, so that each ranking of the whole catalogue is condensed to the items that were shown. ndcg@10. "
    "Whether the log is of people or simulated, its source does not say. An illustration: thirteen queries "
    "decide nothing."
)


def main(
    max_tokens: Annotated[int, typer.Option(min=1, help="Tokens of a text that the encoder reads.")] = 64,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
    output: Annotated[Path, typer.Option(help="Where the report is written.")] = ROOT / "benchmarks/results",
) -> None:
    """Search, judge, write and print the report."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s: %(message)s")
    torch.set_num_threads(threads)
    config = data_config("retrotech", ROOT / "conf")
    pages = read_sessions(locate(config.data))
    judgements = judged_by_clicks(pages)
    task = SearchTask(search_dataset(config.data), config.data.template, [], {}, "")
    plain = engine_of(task, replace(config.features.text.encoders[0], max_tokens=max_tokens))
    # Whatever was shown has to be in the lists, however far down.
    engine = fused_by(plain, depth=len(task.dataset.items))
    found = find(engine, judgements.topics, "logged queries")
    values = {label: ndcg(found.single(name, None), judgements) for label, name in SINGLE.items()}
    values["fused, as it comes"] = ndcg(found.rankings(engine.fuse, None), judgements)
    values[LEFT_OUT] = left_out(trials(found, judgements))
    text = report(values, judgements, pages)
    output.mkdir(parents=True, exist_ok=True)
    (output / "search-logged-queries.md").write_text(text + "\n", encoding="utf-8")
    print(text)


def judged_by_clicks(pages: pl.DataFrame) -> Judgements:
    """Grades of what was shown: how attractive it is once its place on the page is taken out."""
    grades: dict[Topic, dict[str, float]] = {}
    for query, item, value in attractiveness(pages).select("query", "item", "attractiveness").rows():
        grades.setdefault(Topic(query), {})[item] = value
    return Judgements(grades)


def condensed(rankings: Rankings, judgements: Judgements) -> Rankings:
    """Rankings without the items that nobody judged (Sakai 2007, https://doi.org/10.1145/1277741.1277756)."""
    return {
        topic: [item for item in items if item in judgements.grades[topic]]
        for topic, items in rankings.items()
    }


def ndcg(rankings: Rankings, judgements: Judgements) -> np.ndarray:
    """ndcg@10 of each topic, ``(n_topics,)``."""
    judged = judge(condensed(rankings, judgements), judgements, [10])
    return of_metric(judged, "ndcg", 10)["value"].to_numpy()


def trials(found: Found, judgements: Judgements) -> np.ndarray:
    """ndcg@10 of every topic under every pair of weights, ``(n_pairs, n_topics)``."""
    pairs = product(WEIGHTS, WEIGHTS)
    return np.stack([ndcg(weighted(found, "convex", *pair, None), judgements) for pair in pairs])


def left_out(values: np.ndarray) -> np.ndarray:
    """Each topic's value under the setting that is best on all other topics; ``(n_settings, n_topics)``
    -> ``(n_topics,)``."""
    others = values.sum(1, keepdims=True) - values
    return values[others.argmax(0), np.arange(values.shape[1])]


def report(values: dict[str, np.ndarray], judgements: Judgements, pages: pl.DataFrame) -> str:
    """What was judged, and a row a query."""
    topics = judgements.topics
    shown = sum(len(judgements.grades[topic]) for topic in topics) / len(topics)
    sessions = pages.select("session", "query").n_unique()
    story = STORY.format(queries=len(topics), pages=sessions, items=f"{shown:.0f}")
    rows: list[tuple[str | float, ...]] = [
        (topic.query, *[float(each[place]) for each in values.values()]) for place, topic in enumerate(topics)
    ]
    rows.append(("**mean**", *[float(each.mean()) for each in values.values()]))
    return f"{story}\n\n{markdown_table(('query', *values), rows)}"


if __name__ == "__main__":
    typer.run(main)
