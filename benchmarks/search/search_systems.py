"""Ways to answer queries, from one retriever to all of them fused; what is fitted sees no test query."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from search_tasks import SearchTask

from kgrec.data.judgements import Judgements, Topic
from kgrec.evaluation.graded import judge, means
from kgrec.progress import progress
from kgrec.query.understanding import Query
from kgrec.retrieval.base import Candidates
from kgrec.retrieval.engine import SearchEngine
from kgrec.retrieval.people import STRANGER
from kgrec.retrieval.ranker import LearnedRanker, RankerConfig, RankingData

DEPTH = 100
"""Items kept of a ranking."""
WEIGHTS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)
"""Weights of the dense and of the graph list beside 1 for the words."""
Rankings = dict[Topic, list[str]]


@dataclass(frozen=True)
class Found:
    """What the retrievers of one engine found for each topic, so that fusions need not search again."""

    engine: SearchEngine
    queries: dict[Topic, Query]
    lists: dict[Topic, dict[str, Candidates]]

    def rankings(self, rank: Callable[[Query, dict[str, Candidates]], Candidates]) -> Rankings:
        """External ids of what ``rank`` makes of each topic."""
        ids = np.array(self.engine.pieces.items.ids, dtype=object)
        return {
            topic: ids[rank(query, self.lists[topic]).items[:DEPTH]].tolist()
            for topic, query in self.queries.items()
        }

    def single(self, name: str) -> Rankings:
        """One retriever alone."""
        none = Candidates(np.empty(0, np.int64), np.empty(0, np.float32))
        return self.rankings(lambda _, lists: lists.get(name, none))


def find(engine: SearchEngine, topics: Sequence[Topic], label: str) -> Found:
    """Ask every retriever about every topic, for nobody in particular."""
    queries, lists = {}, {}
    for topic in progress(topics, desc=label, unit="query"):
        queries[topic] = engine.pieces.understanding.understand(topic.query)
        lists[topic] = engine.retrieve(queries[topic], STRANGER)
    return Found(engine, queries, lists)


def fused_by(engine: SearchEngine, **changes: object) -> SearchEngine:
    """The engine with another fusion over the same pieces."""
    config = replace(engine.config, **changes)  # type: ignore[arg-type]
    return SearchEngine(engine.pieces, config)


def weighted(found: Found, fusion: str, dense: float, graph: float) -> Rankings:
    """Reciprocal ranks or convex scores with these weights beside the words' 1."""
    weights = found.engine.config.weights | {"lexical": 1.0, "dense": dense, "graph": graph}
    engine = fused_by(found.engine, fusion=fusion, weights=weights)
    return found.rankings(engine.fuse)


def best_weights(
    found: Found, fusion: str, judgements: Judgements, metric: tuple[str, int]
) -> tuple[float, float]:
    """Weights of dense and graph that are best on these judgements."""
    name = f"{metric[0]}@{metric[1]}"

    def value(pair: tuple[float, float]) -> float:
        return means(judge(weighted(found, fusion, *pair), judgements, [metric[1]]))[name]

    return max(product(WEIGHTS, WEIGHTS), key=value)


def checked(judgements: Judgements) -> Judgements:
    """Every fifth topic: what a learned ranker is stopped on, and all fusions are compared on."""
    return Judgements({topic: judgements.grades[topic] for topic in judgements.topics[::5]})


def learned(found: Found, judgements: Judgements) -> SearchEngine:
    """The engine with a ranker fitted on the other four fifths of these topics."""
    check = checked(judgements).topics
    rest = [topic for topic in judgements.topics if topic not in set(check)]
    data = [_ranking_data(found, judgements, topics) for topics in (rest, check)]
    ranker = LearnedRanker.fit(data[0], RankerConfig(), data[1])
    return SearchEngine(found.engine.pieces, replace(found.engine.config, fusion="learned"), ranker)


def _ranking_data(found: Found, judgements: Judgements, topics: Iterable[Topic]) -> RankingData:
    features, grades, sizes = [], [], []
    ids = found.engine.pieces.items.ids
    for topic in topics:
        items, table = found.engine.features(found.queries[topic], found.lists[topic])
        own = judgements.grades[topic]
        features.append(table)
        grades.append(np.array([own.get(ids[item], 0.0) for item in items]))
        sizes.append(len(items))
    return RankingData(np.concatenate(features), np.concatenate(grades).astype(int), np.array(sizes))


def texts_of(task: SearchTask, engine: SearchEngine) -> dict[str, str]:
    """The searchable text of every item, as the encoder reads it."""
    return dict(zip(task.dataset.items.ids, engine.pieces.documents.texts, strict=True))
