"""What a learned ranker is told of each candidate."""

from collections.abc import Mapping

import numpy as np

from kgrec.query.understanding import Query
from kgrec.retrieval.base import Candidates
from kgrec.retrieval.config import SearchConfig
from kgrec.retrieval.fusion import ranks
from kgrec.retrieval.query_encoder import QueryEncoder

RETRIEVERS = ("lexical", "dense", "graph", "personal")
OF_RETRIEVER = ("score", "share", "rank")
FEATURES = (
    *(f"{name}_{what}" for name in RETRIEVERS for what in OF_RETRIEVER),
    "popularity",
    "reciprocal_rank",
    "query_tokens",
    "query_links",
)
"""Columns of the table. share: the score on the scale of its list, 0 its lowest and 1 its best."""


def feature_settings(config: SearchConfig, encoder: QueryEncoder | None) -> dict[str, str]:
    """What decides the meaning of the features: a ranker that was fitted under others orders by chance."""
    encoders = [] if encoder is None else [one.fingerprint for one in encoder.encoders]
    names = ("centre", "depth", "by_coverage", "rrf_k", "lexical", "graph")
    told = {"encoders": " ".join(encoders), "weights": str(sorted(config.weights.items()))}
    return told | {name: str(getattr(config, name)) for name in names}


def rank_features(
    query: Query,
    fused: Candidates,
    lists: Mapping[str, Candidates],
    complete: Mapping[str, np.ndarray],
) -> np.ndarray:
    """``(n, len(FEATURES))`` float32 of the candidates of ``fused`` (by reciprocal rank), in their order.

    NaN where a retriever has not found an item. ``complete``: scores ``(n,)`` of all candidates from those
    that can say them of any item (dense, popularity), whatever their lists hold.
    """
    table = np.full((len(fused), len(FEATURES)), np.nan, np.float32)
    if len(fused) == 0:
        return table
    order = np.argsort(fused.items, kind="stable")
    for name in RETRIEVERS:
        found = lists.get(name)
        if found is None or len(found) == 0:
            continue
        column = FEATURES.index(f"{name}_score")
        places = order[np.searchsorted(fused.items[order], found.items)]
        low, high = float(found.scores.min()), float(found.scores.max())
        table[places, column] = found.scores
        table[places, column + 1] = (found.scores - low) / (high - low) if high > low else 1.0
        table[places, column + 2] = ranks(found)
        if name in complete:
            table[:, column] = complete[name]
    if "popularity" in complete:
        table[:, FEATURES.index("popularity")] = complete["popularity"]
    table[:, FEATURES.index("reciprocal_rank")] = fused.scores
    table[:, FEATURES.index("query_tokens")] = len(query.tokens)
    table[:, FEATURES.index("query_links")] = len(query.links)
    return table
