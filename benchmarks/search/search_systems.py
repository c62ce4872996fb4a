"""Ways to answer queries, from one retriever to all of them fused; what is fitted sees no test query."""

from dataclasses import replace
from itertools import product

from search_tasks import SearchTask

from kgrec.data.judgements import Judgements
from kgrec.evaluation.graded import judge, means
from kgrec.retrieval.engine import SearchEngine
from kgrec.retrieval.found import DEPTH, Found, Rankings

WEIGHTS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)
"""Weights of the dense and of the graph list beside 1 for the words."""


def fused_by(engine: SearchEngine, **changes: object) -> SearchEngine:
    """The engine with another fusion over the same pieces."""
    config = replace(engine.config, **changes)  # type: ignore[arg-type]
    return SearchEngine(engine.pieces, config)


def weighted(found: Found, fusion: str, dense: float, graph: float, depth: int | None = DEPTH) -> Rankings:
    """Reciprocal ranks or convex scores with these weights beside the words' 1."""
    weights = found.engine.config.weights | {"lexical": 1.0, "dense": dense, "graph": graph}
    engine = fused_by(found.engine, fusion=fusion, weights=weights)
    return found.rankings(engine.fuse, depth)


def best_weights(
    found: Found, fusion: str, judgements: Judgements, metric: tuple[str, int]
) -> tuple[float, float]:
    """Weights of dense and graph that are best on these judgements."""
    name = f"{metric[0]}@{metric[1]}"

    def value(pair: tuple[float, float]) -> float:
        return means(judge(weighted(found, fusion, *pair), judgements, [metric[1]]))[name]

    return max(product(WEIGHTS, WEIGHTS), key=value)


def texts_of(task: SearchTask, engine: SearchEngine) -> dict[str, str]:
    """The searchable text of every item, as the encoder reads it."""
    return dict(zip(task.dataset.items.ids, engine.pieces.documents.texts, strict=True))
