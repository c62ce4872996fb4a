"""One answer from words, meaning, knowledge and the person."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kgrec.data.dataset import Dataset
from kgrec.data.locate import cache_folder
from kgrec.errors import ConfigError
from kgrec.features.text import TextEmbedder
from kgrec.models.base import Scorer
from kgrec.query.understanding import Query
from kgrec.retrieval.answer import SearchAnswer
from kgrec.retrieval.base import NOTHING, Candidates, best_among, best_of
from kgrec.retrieval.config import FUSIONS, SearchConfig
from kgrec.retrieval.coverage import Coverage
from kgrec.retrieval.explain import Explainer
from kgrec.retrieval.facets import facets as count_facets
from kgrec.retrieval.filters import Filters
from kgrec.retrieval.fusion import convex, reciprocal_rank
from kgrec.retrieval.people import History, Person
from kgrec.retrieval.pieces import SearchPieces, TextPart
from kgrec.retrieval.rank_features import feature_settings, rank_features

if TYPE_CHECKING:
    from kgrec.recommender import Recommender

    # LightGBM takes a second to import, and few searches are learned.
    from kgrec.retrieval.ranker import LearnedRanker


log = logging.getLogger(__name__)


class SearchEngine:
    """Retrieves by words, meaning and knowledge, re-scores for the person, fuses, explains.

    The person's scores order what the query found and add nothing to it: nobody who types a brand wants
    another one because of last year's purchases. An empty query is the other way round: recommendations.
    Where neither words nor entities of a query are known, meaning decides, helped by popularity.
    """

    def __init__(
        self, pieces: SearchPieces, config: SearchConfig, ranker: "LearnedRanker | None" = None
    ) -> None:
        """Raises ConfigError where there is no such fusion, or a learned one comes without its ranker;
        DataError where the file of ``config.ranker`` is none."""
        if config.fusion not in FUSIONS:
            raise ConfigError(f"fusion is {config.fusion!r}; use one of {', '.join(FUSIONS)}")
        if config.fusion == "learned" and ranker is None:
            ranker = _ranker_of(config, pieces)
        self.pieces, self.config, self.ranker = pieces, config, ranker
        self._coverage = Coverage(pieces.lexical)
        self._explainer = Explainer(pieces, config)

    @classmethod
    def from_dataset(
        cls,
        dataset: Dataset,
        template: str,
        embedder: TextEmbedder | TextPart | None = None,
        config: SearchConfig | None = None,
        scorer: Scorer | None = None,
        folder: Path | None = None,
    ) -> "SearchEngine":
        """Search over a data set, a catalogue alone included; see `SearchPieces.build`."""
        config = config or SearchConfig()
        return cls(SearchPieces.build(dataset, template, config, embedder, scorer, folder), config)

    @classmethod
    def from_run(cls, recommender: "Recommender", config: SearchConfig | None = None) -> "SearchEngine":
        """Search with a trained model: its graph, its people, its scores."""
        from kgrec.retrieval.run_search import run_dataset, run_text

        config = config or SearchConfig()
        dataset, template = run_dataset(recommender.run), recommender.config.data.template
        if learned := sorted(set(config.hidden_relations) & set(dataset.relations.ids)):
            log.warning(
                "search hides %s, yet the model was trained with it: a person's scores may know it; "
                "train with data.hidden_relations to hide it from them, too",
                ", ".join(learned),
            )
        text = run_text(recommender.run, recommender.config, dataset, config)
        return cls.from_dataset(
            dataset, template, text, config, recommender.scorer, cache_folder() / "search"
        )

    def search(
        self,
        text: str,
        user: str | None = None,
        history: History | None = None,
        k: int = 10,
        filters: Filters | None = None,
        facets: bool = False,
    ) -> SearchAnswer:
        """The best ``k`` items for a text, best first; fewer where fewer fit. No text makes it raise.

        ``user``: an external id; unknown = plain search. ``history``: items (and weights) of a person at
        hand. Known items of the past may be found again, but an empty query recommends others.

        Raises:
            ConfigError: a user and a history were given.
            DataError: a filter names what the catalogue has not.
        """
        query = self.pieces.understanding.understand(text)
        person = self.pieces.people.person(user, history)
        allowed = filters.mask(self.pieces.attributes) if filters else None
        if query.empty:
            lists = self._recommendations(person, max(k, self.config.depth), allowed)
            fused = (
                next(iter(lists.values()), NOTHING)
                if lists
                else self._anything(k, self._new(person, allowed))
            )
        else:
            lists = self.retrieve(query, person, allowed, k)
            fused = self.fuse(query, lists) if any(map(len, lists.values())) else self._anything(k, allowed)
        counted = (
            count_facets(self.pieces.attributes, fused.items[: self.config.facet_depth]) if facets else {}
        )
        return SearchAnswer(query, self._explainer.hits(query, person, lists, fused, k), counted)

    def retrieve(
        self, query: Query, person: Person, allowed: np.ndarray | None = None, k: int = 0
    ) -> dict[str, Candidates]:
        """The list of each retriever, by name; ``config.depth`` candidates each, or ``k`` if that is more."""
        pieces, depth = self.pieces, max(k, self.config.depth)
        vector = None if pieces.encoder is None else pieces.encoder.encode(query.rewritten)
        lists = {"lexical": pieces.lexical.retrieve(query, None, None, depth, allowed)}
        if pieces.dense is not None:
            lists["dense"] = pieces.dense.retrieve(query, vector, None, depth, allowed)
        first = reciprocal_rank(lists, self.config.rrf_k)
        unknown = len(lists["lexical"]) == 0 and not query.links
        lists["graph"] = pieces.graph.expand(query, first, depth, allowed)
        found = np.unique(np.concatenate([one.items for one in lists.values()]))
        if len(found) == 0:
            return lists | self._recommendations(person, depth, allowed)
        if person.known:
            lists["personal"] = pieces.personal.among(person, found)
        if unknown and pieces.personal.popularity is not None:
            lists["popularity"] = best_among(found, pieces.personal.popularity[found], len(found))
        return lists

    def fuse(self, query: Query, lists: Mapping[str, Candidates]) -> Candidates:
        """All candidates in one order, as ``config.fusion`` says."""
        c = self.config
        if c.fusion == "convex":
            return convex(lists, self._weights(query, lists), c.scale)
        if c.fusion == "rrf" or self.ranker is None:
            return reciprocal_rank(lists, c.rrf_k, self._weights(query, lists))
        items, features = self.features(query, lists)
        return best_among(items, self.ranker.scores(features), len(items))

    def features(self, query: Query, lists: Mapping[str, Candidates]) -> tuple[np.ndarray, np.ndarray]:
        """Candidates ``(n,)`` and what a learned ranker is told of them, ``(n, len(FEATURES))``."""
        fused = reciprocal_rank(lists, self.config.rrf_k, self._weights(query, lists))
        pieces, complete = self.pieces, {}
        vector = None if pieces.encoder is None else pieces.encoder.encode(query.rewritten)
        if pieces.dense is not None and vector is not None:
            complete["dense"] = pieces.dense.score(vector, fused.items)
        if pieces.personal.popularity is not None:
            complete["popularity"] = pieces.personal.popularity[fused.items]
        return fused.items, rank_features(query, fused, lists, complete)

    def _weights(self, query: Query, lists: Mapping[str, Candidates]) -> dict[str, float]:
        """What each list counts for this query: words by how much of it they cover."""
        weights = dict(self.config.weights)
        lexical = lists.get("lexical", NOTHING)
        if self.config.by_coverage and len(lexical):
            covered = self._coverage.of(query.tokens, float(lexical.scores[0]))
            weights["lexical"] = weights.get("lexical", 1.0) * covered
        if not query.links:
            # Feedback alone repeats what words and meaning said: it is no third opinion.
            weights["graph"] = weights.get("feedback", 0.0)
        return weights

    def _recommendations(self, person: Person, k: int, allowed: np.ndarray | None) -> dict[str, Candidates]:
        """What this person may like and has not had; nothing for a stranger where nothing is popular."""
        found = self.pieces.personal.best(person, k, self._new(person, allowed))
        name = "personal" if person.known else "popularity"
        return {name: found} if len(found) else {}

    def _new(self, person: Person, allowed: np.ndarray | None) -> np.ndarray:
        """``(n_items,)`` bool: what is allowed and new to the person."""
        fresh = np.ones(len(self.pieces.items), bool) if allowed is None else allowed.copy()
        fresh[person.past] = False
        return fresh

    def _anything(self, k: int, allowed: np.ndarray | None) -> Candidates:
        """Items in the order of their rows, which is random and fixed: the last resort."""
        return best_of(np.zeros(len(self.pieces.items), np.float32), k, allowed=allowed)


def _ranker_of(config: SearchConfig, pieces: SearchPieces) -> "LearnedRanker":
    from kgrec.retrieval.ranker import LearnedRanker

    if not config.ranker:
        raise ConfigError(
            "fusion is 'learned', which needs a fitted ranker: fit one with scripts/fit_ranker.py and name "
            "its file in search.ranker"
        )
    return LearnedRanker.load(Path(config.ranker), feature_settings(config, pieces.encoder))
