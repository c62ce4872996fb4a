"""A search engine's learned fusion, fitted on judged queries."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from kgrec.data.judgements import Judgements, Topic
from kgrec.errors import ConfigError
from kgrec.retrieval.engine import SearchEngine
from kgrec.retrieval.found import Found
from kgrec.retrieval.rank_features import feature_settings
from kgrec.retrieval.ranker import LearnedRanker, RankerConfig, RankingData

CHECK_EVERY = 5


def checked(judgements: Judgements) -> Judgements:
    """Every fifth topic: what a learned ranker is stopped on, and fusions are compared on."""
    return Judgements({topic: judgements.grades[topic] for topic in judgements.topics[::CHECK_EVERY]})


def with_learned_fusion(
    found: Found, judgements: Judgements, config: RankerConfig | None = None
) -> SearchEngine:
    """``found``'s engine with a ranker fitted on four fifths of the topics and stopped on the rest.

    Raises:
        ConfigError: a grade is no whole number, or nothing found tells one grade from another.
    """
    check = checked(judgements).topics
    held_out = set(check)
    rest = [topic for topic in judgements.topics if topic not in held_out]
    if not rest:
        raise ConfigError("a learned fusion needs at least two judged queries; judge some more")
    ranker = LearnedRanker.fit(
        ranking_data(found, judgements, rest),
        config or RankerConfig(),
        ranking_data(found, judgements, check),
    )
    engine = found.engine
    ranker.settings = feature_settings(engine.config, engine.pieces.encoder)
    return SearchEngine(engine.pieces, replace(engine.config, fusion="learned"), ranker)


def ranking_data(found: Found, judgements: Judgements, topics: Iterable[Topic]) -> RankingData:
    """Features and grades of all candidates of ``topics``; an item that nobody judged has grade 0.

    Raises:
        ConfigError: a grade is no whole number: trees gain from steps of a grade.
    """
    features, grades, sizes = [], [], []
    ids = found.engine.pieces.items.ids
    for topic in topics:
        items, table = found.engine.features(found.queries[topic], found.lists[topic])
        own = judgements.grades[topic]
        for item, grade in own.items():
            if grade != int(grade):
                raise ConfigError(
                    f"the grade of item {item!r} for the query {topic.query!r} is {grade}; a learned fusion "
                    "takes whole numbers: multiply or round the grades"
                )
        features.append(table)
        grades.append(np.array([own.get(ids[item], 0.0) for item in items]))
        sizes.append(len(items))
    return RankingData(np.concatenate(features), np.concatenate(grades).astype(int), np.array(sizes))
