"""What is searched for in each data set, and what may not be seen of the answer."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from known_items import known_item_query

from kgrec.config import Config
from kgrec.data.dataset import Dataset, with_triples
from kgrec.data.judgements import Judgements, Topic
from kgrec.extraction.titles import cross_tagged
from kgrec.retrieval.search_dataset import search_dataset

RUNS = Path("runs/search")
"""What is learned for a task is kept here."""
SHARES = {"encoder": 0.4, "ranker": 0.2, "test": 0.4}
"""Shares of the queries: to fine-tune on, to fit and choose fusions on, to judge by."""


@dataclass(frozen=True)
class SearchTask:
    """Queries of one data set with their relevant items, in parts that no query shares."""

    dataset: Dataset
    template: str
    hidden: list[str]
    """Relations and columns that decide relevance; nothing that searches sees them."""
    parts: dict[str, Judgements]
    """encoder, ranker and test, as ``SHARES`` says."""
    story: str
    """What is asked and what is relevant, in a sentence."""
    metric: tuple[str, int] = ("ndcg", 10)
    """What is chosen and tested by."""


def share_of(text: str) -> float:
    """A number in [0, 1) that depends on the text alone."""
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def parts_of(grades: dict[Topic, dict[str, float]], at_most: int) -> dict[str, Judgements]:
    """Topics by the hash of their query, ``at_most`` a part: those with the smallest hashes."""
    bounds = np.cumsum(list(SHARES.values()))
    found: dict[str, dict[Topic, dict[str, float]]] = {name: {} for name in SHARES}
    for topic in sorted(grades, key=lambda topic: share_of("order " + topic.query)):
        name = list(SHARES)[int(np.searchsorted(bounds, share_of(topic.query), side="right").clip(max=2))]
        if len(found[name]) < at_most:
            found[name][topic] = grades[topic]
    return {name: Judgements(own) for name, own in found.items()}


def zh_titles(config: Config, at_most: int) -> SearchTask:
    """Product types and brands as queries; relevant: the titles tagged with them.

    All tags are hidden. The graph is made of what is found in a title by a tagger that learned from others.
    """
    dataset = search_dataset(config.data)
    tagged = dataset.triples.filter(pl.col("relation").is_in(["product_type", "brand"]))
    parts = parts_of(_grades(dataset, tagged), at_most)
    path = RUNS / "zh-titles" / "facts.parquet"
    if not path.is_file():
        cross_tagged(dataset.catalogue, dataset.triples, path.parent).write_parquet(path)
    found = with_triples(dataset, pl.read_parquet(path), {})
    story = (
        "Product types and brands as queries, the titles tagged with them relevant. All tags are hidden; the "
        "graph is made of what taggers find in each title that never saw its tags, only those of the others."
    )
    return SearchTask(found, config.data.template, [], parts, story)


def zh_shop(config: Config, at_most: int) -> SearchTask:
    """Categories of five goods or more as queries; relevant: their goods, the category hidden."""
    dataset = search_dataset(config.data)
    tagged = dataset.triples.filter(pl.col("relation") == "category")
    tagged = tagged.filter(pl.len().over("tail") >= 5)
    test = Judgements(_grades(dataset, tagged))
    empty = Judgements({})
    parts = {"encoder": empty, "ranker": empty, "test": test}
    story = "Categories of five goods or more as queries, their goods relevant."
    return SearchTask(dataset, config.data.template, ["category"], parts, story, ("precision", 5))


def retrotech(config: Config, at_most: int) -> SearchTask:
    """Queries made from the names of products; relevant: that product alone."""
    dataset = search_dataset(config.data)
    rng = np.random.default_rng(0)
    grades: dict[Topic, dict[str, float]] = {}
    titles = sorted(dataset.catalogue.select("item", "title").rows(), key=lambda row: share_of(row[0]))
    for item, title in titles:
        query = known_item_query(title or "", rng)
        if query is not None:
            grades.setdefault(Topic(query), {item: 1.0})
    story = (
        "Queries made of a product's name: two to five words, three in ten with a misspelling, two in ten in "
        "another order; that product alone is relevant."
    )
    return SearchTask(dataset, config.data.template, [], parts_of(grades, at_most), story)


def _grades(dataset: Dataset, tagged: pl.DataFrame) -> dict[Topic, dict[str, float]]:
    grades: dict[Topic, dict[str, float]] = {}
    for head, tail in tagged.select("head", "tail").sort("tail", "head").rows():
        label = dataset.entity_labels.get(tail, tail)
        grades.setdefault(Topic(label), {})[head] = 1.0
    return grades


TASKS: dict[str, Callable[[Config, int], SearchTask]] = {
    "zh-titles": zh_titles,
    "zh-shop": zh_shop,
    "retrotech": retrotech,
}
