"""Does search help recommendation, and the person search? `python benchmarks/search/product_search.py`.

Amazon's magazines: category paths as queries, a person's purchases relevant (Van Gysel et al. 2016, Ai et al.
2017), but every query of test was asked in train as well. Trains five seeds of each variant, and writes
benchmarks/results/search-amazon-magazines.md.
"""

import logging
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import polars as pl
import torch
import typer
from hydra import compose, initialize_config_dir
from search_table import table

from kgrec.config import Config, config_from_yaml, register_schemas, typed_config
from kgrec.data.judgements import Judgements, Topic
from kgrec.data.vocabulary import Vocabulary
from kgrec.evaluation.graded import judge
from kgrec.evaluation.significance import holm, paired_test
from kgrec.experiment import run_experiment
from kgrec.load_run import load_pairs, load_scorer, load_vocabularies
from kgrec.models.vectors import VectorModel
from kgrec.prepare import prepare
from kgrec.progress import progress
from kgrec.recommender import Recommender
from kgrec.run import Run
from kgrec.run_names import register_resolvers
from kgrec.training.search_terms import asked_by

ROOT = Path(__file__).resolve().parent.parent.parent
BASE = ["experiment=search/amazon-magazines", "tracking=disabled", "threads=1"]
OFF = [f"objective.search.{term}=0" for term in ("preference", "anchored", "text")]
VARIANTS = {
    "without queries": ["data.queries=''", *OFF],
    "queries as nodes": OFF,
    "queries as nodes, trained together": [],
}
METRIC = ("ndcg", 10)


def main(
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each variant.")] = 5,
    runs_dir: Annotated[Path, typer.Option(help="Where runs are kept.")] = Path(
        "runs/search/amazon-magazines"
    ),
    output: Annotated[Path, typer.Option(help="Where the report is written.")] = ROOT / "benchmarks/results",
) -> None:
    """Train what is missing, then write and print the report."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    runs: dict[str, list[Run]] = {label: [] for label in VARIANTS}
    jobs = [(label, seed) for seed in range(seeds) for label in VARIANTS]
    for label, seed in progress(jobs, desc="training", unit="run"):
        path = runs_dir / label.replace(" ", "_").replace(",", "") / str(seed)
        config = composed([*BASE, *VARIANTS[label], f"seed={seed}"])
        run = Run(path)
        runs[label].append(run if run.complete else run_experiment(config, path))
    text = "\n\n".join([recommendation(runs), product_search(runs)])
    output.mkdir(parents=True, exist_ok=True)
    (output / "search-amazon-magazines.md").write_text(text + "\n", encoding="utf-8")
    print(text)


def composed(overrides: list[str]) -> Config:
    """A typed job."""
    register_schemas()
    register_resolvers()
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return typed_config(compose("config", overrides=overrides))


def recommendation(runs: dict[str, list[Run]]) -> str:
    """Recall without a query, with and without search in the graph and in the loss."""
    values = {label: per_user(of, "recall", 20) for label, of in runs.items()}
    last = list(values)[-1]
    tests = {label: paired_test(values[last], values[label]) for label in list(values)[:-1]}
    corrected = dict(zip(tests, holm([test.p for test in tests.values()]), strict=True))
    seeds = len(runs[last])
    lines = [
        f"amazon-magazines, recommendation without a query: recall@20 on test, means over {seeds} seeds; "
        "users are compared in pairs, each averaged over the seeds.\n",
        f"| | recall@20 | {last} minus it | Holm p |",
        "|---|---|---|---|",
    ]
    for label, frame in values.items():
        told = ["", ""]
        if label in tests:
            test = tests[label]
            told = [f"{test.difference:+.4f} [{test.low:+.4f}, {test.high:+.4f}]", f"{corrected[label]:.4f}"]
        lines.append(f"| {label} | {float(frame['value'].to_numpy().mean()):.4f} | {' | '.join(told)} |")
    return "\n".join(lines)


def per_user(runs: list[Run], metric: str, k: int) -> pl.DataFrame:
    """``user``, ``value`` on test, averaged over runs."""
    frames = [run.read_table("per_user.parquet") for run in runs]
    chosen = pl.concat(frames).filter((pl.col("metric") == metric) & (pl.col("k") == k))
    return chosen.group_by("user").agg(pl.col("value").mean()).sort("user")


def product_search(runs: dict[str, list[Run]]) -> str:
    """Queries of test purchases, for the person who asked and for nobody in particular."""
    *_, last = runs.values()
    judged: dict[str, list[pl.DataFrame]] = {}
    for run in progress(last, desc="searching", unit="run"):
        judgements = asked(run)
        for label, rankings in systems(run, judgements).items():
            judged.setdefault(label, []).append(judge(rankings, judgements, [5, 10, 100]))
    keys = ["query", "user", "metric", "k"]
    averaged = {
        label: pl.concat(frames).group_by(keys, maintain_order=True).agg(pl.col("value").mean())
        for label, frames in judged.items()
    }
    topics = len(judgements)
    head = (
        f"amazon-magazines, product search: {topics} topics of test (person and category path), a person's "
        f"own purchases relevant, what they had before left out; averaged over {len(last)} seeds. A query is "
        "the category of what was bought, and parts are made of purchases: every query of test was asked in "
        "train as well, and what was bought after it then says much ('bought after the query': by that "
        "count alone, ties by popularity). Rows of words, meaning and graph see nothing of it."
    )
    return f"{head}\n\n{table(averaged, METRIC, list(averaged)[-1])}"


def asked(run: Run) -> Judgements:
    """Topics of the test part: who took what after which query."""
    prepared = prepare(config_from_yaml(run.read_text("config.yaml")))
    dataset, test = prepared.dataset, prepared.split.test
    assert test.queries is not None
    grades: dict[Topic, dict[str, float]] = {}
    for user, item, query in zip(test.users, test.items, test.queries, strict=True):
        if query >= 0:
            topic = Topic(dataset.queries.ids[query], dataset.users.ids[user])
            grades.setdefault(topic, {})[dataset.items.ids[item]] = 1.0
    return Judgements(grades)


def bought_after(run: Run, topics: list[Topic]) -> torch.Tensor:
    """``(n_topics, n_items)``: how often each item was taken after the same query before."""
    prepared = prepare(config_from_yaml(run.read_text("config.yaml")))
    dataset, split = prepared.dataset, prepared.split
    counts = torch.zeros(len(dataset.queries), len(dataset.items))
    for part in (split.train, split.valid):
        assert part.queries is not None
        for item, query in zip(part.items, part.queries, strict=True):
            if query >= 0:
                counts[query, item] += 1
    return counts[torch.from_numpy(dataset.queries.rows([topic.query for topic in topics]))]


def systems(run: Run, judgements: Judgements) -> dict[str, dict[Topic, list[str]]]:
    """Rankings of each system; the last is the personal one."""
    scorer, (users, items) = load_scorer(run, "cpu"), load_vocabularies(run)
    assert isinstance(scorer, VectorModel) and scorer.query_vectors is not None
    queries = Vocabulary.load(run.path / "vocabulary" / "queries.parquet", "query")
    known = load_pairs(run, ("train", "valid"))
    topics = judgements.topics
    z_u = scorer.user_vectors[torch.from_numpy(users.rows([topic.user or "" for topic in topics]))]
    z_q = scorer.query_vectors[torch.from_numpy(queries.rows([topic.query for topic in topics]))]
    popular = torch.from_numpy(np.bincount(known.items, minlength=len(items)).astype(np.float32))
    scores = {
        "popularity": popular.expand(len(topics), -1),
        "bought after the query": bought_after(run, topics) + popular / (popular.sum() + 1),
        "person alone": z_u @ scorer.item_vectors.T,
        "query alone, trained": z_q @ scorer.item_vectors.T,
        "query and person, trained": asked_by(z_u, z_q) @ scorer.item_vectors.T,
    }
    past = {topic: {items.ids[item] for item in known.of(users.row(topic.user or ""))} for topic in topics}
    engine = Recommender.load(run.path).search_engine
    found = {
        "words, meaning and graph": {t: [h.item for h in engine.search(t.query, k=157).hits] for t in topics},
        "words, meaning, graph and person": {
            t: [h.item for h in engine.search(t.query, user=t.user, k=157).hits] for t in topics
        },
    }
    ranked = {
        label: {t: [items.ids[i] for i in row] for t, row in zip(topics, table.argsort(1, True), strict=True)}
        for label, table in scores.items()
    }
    both = (
        {"popularity": ranked.pop("popularity"), "person alone": ranked.pop("person alone")} | found | ranked
    )
    return {
        label: {topic: [item for item in own if item not in past[topic]] for topic, own in rankings.items()}
        for label, rankings in both.items()
    }


if __name__ == "__main__":
    typer.run(main)
