"""What the retrievers found for judged queries, kept so that fusions need not search again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from kgrec.data.judgements import Topic
from kgrec.progress import progress
from kgrec.query.understanding import Query
from kgrec.retrieval.base import Candidates
from kgrec.retrieval.engine import SearchEngine

DEPTH = 100
"""Items kept of a ranking."""
Rankings = dict[Topic, list[str]]


@dataclass(frozen=True)
class Found:
    """The lists of one engine's retrievers for each topic."""

    engine: SearchEngine
    queries: dict[Topic, Query]
    lists: dict[Topic, dict[str, Candidates]]

    def rankings(
        self, rank: Callable[[Query, dict[str, Candidates]], Candidates], depth: int | None = DEPTH
    ) -> Rankings:
        """External ids of what ``rank`` makes of each topic, the first ``depth``; None = all."""
        ids = np.array(self.engine.pieces.items.ids, dtype=object)
        return {
            topic: ids[rank(query, self.lists[topic]).items[:depth]].tolist()
            for topic, query in self.queries.items()
        }

    def single(self, name: str, depth: int | None = DEPTH) -> Rankings:
        """One retriever alone."""
        none = Candidates(np.empty(0, np.int64), np.empty(0, np.float32))
        return self.rankings(lambda _, lists: lists.get(name, none), depth)


def find(engine: SearchEngine, topics: Sequence[Topic], label: str) -> Found:
    """Ask every retriever about every topic, for the person who asked where one is named."""
    queries, lists = {}, {}
    for topic in progress(topics, desc=label, unit="query"):
        queries[topic] = engine.pieces.understanding.understand(topic.query)
        lists[topic] = engine.retrieve(queries[topic], engine.pieces.people.person(topic.user, None))
    return Found(engine, queries, lists)
