"""A loaded run that answers in external ids: recommend, similar, search; also for a person with a history."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import torch
from torch import Tensor

from kgrec.config import Config, config_from_yaml
from kgrec.data.user_items import UserItems
from kgrec.data.vocabulary import Vocabulary
from kgrec.evaluation.ranking import Ranking, rank, top_items
from kgrec.load_run import load_scorer, load_vocabularies
from kgrec.models.base import Scorer
from kgrec.models.likeness import item_likeness
from kgrec.retrieval.people import People
from kgrec.run import LATEST, Run, find_run

if TYPE_CHECKING:
    from kgrec.explanation.explainer import Explainer
    from kgrec.explanation.paths import Path as Reason
    from kgrec.retrieval.answer import SearchHit
    from kgrec.retrieval.engine import SearchEngine
    from kgrec.retrieval.filters import Filters

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Hit:
    """One recommended item."""

    item: str
    score: float
    title: str | None
    """None where the catalogue has no title."""


class Recommender:
    """Answers from a run directory alone; the raw data is not needed.

    Ids are external ids, always strings. An unknown user gets the most popular items (``recommend``), an
    unknown item is an ``UnknownIdError`` (``similar``) or is left out of a history with a warning. Seen means
    train and valid: the model's past; the test part plays the future.
    """

    def __init__(self, run: Run, scorer: Scorer, users: Vocabulary, items: Vocabulary) -> None:
        self.run, self.scorer, self.users, self.items = run, scorer, users, items
        self.config: Config = config_from_yaml(run.read_text("config.yaml"))
        past = run.read_table("seen.parquet").filter(pl.col("part") != "test")
        rows = users.encode(past["user"]), items.encode(past["item"])
        self.seen = UserItems.from_pairs(*rows, (len(users), len(items)))
        self._titles = run.read_table("catalogue.parquet")["title"].to_list()
        counts = np.bincount(self.seen.items, minlength=len(items))
        self._popularity = torch.from_numpy(counts.astype(np.float32))

    @classmethod
    def load(
        cls, run: str | Path = LATEST, runs_dir: str | Path = "runs", device: str = "cpu"
    ) -> "Recommender":
        """Load a run by its directory, or the newest under ``runs_dir``.

        Raises:
            RunError: there is no such run, or a file of it is missing or of another shape.
        """
        found = Run(find_run(run, Path(runs_dir)))
        return cls(found, load_scorer(found, device), *load_vocabularies(found))

    def recommend(self, users: Sequence[str], k: int = 10, exclude_seen: bool = True) -> list[list[Hit]]:
        """The best ``k`` items for each user, best first; fewer where fewer are left.

        A user that the run does not know gets the most popular items: see ``recommend_for_history`` for a
        person whose history is at hand.
        """
        known = [user for user in dict.fromkeys(users) if user in self.users]
        ranking = self._rank(self.users.rows(known), k, exclude_seen)
        answers = dict(zip(known, self._hits(ranking), strict=True))
        unknown = [user for user in users if user not in self.users]
        if unknown:
            log.warning("unknown users get the most popular items: %s", ", ".join(map(repr, unknown[:5])))
        return [answers[user] if user in answers else self.popular(k) for user in users]

    def recommend_for_history(
        self, history: Sequence[str] | Mapping[str, float], k: int = 10, exclude_seen: bool = True
    ) -> list[Hit]:
        """The best ``k`` items for a person never seen in training, from items (and weights) at hand.

        Unknown items are left out with a warning; a history without any known item gets the most popular.
        """
        weights = history if isinstance(history, Mapping) else dict.fromkeys(history, 1.0)
        known = {item: weight for item, weight in weights.items() if item in self.items}
        if len(known) < len(weights):
            unknown = [repr(item) for item in weights if item not in known]
            log.warning("left out of the history, unknown: %s", ", ".join(unknown[:5]))
        if not known:
            return self.popular(k)
        rows = torch.from_numpy(self.items.rows(list(known)))
        scores = self.scorer.scores_from_history(rows, torch.tensor(list(known.values())))
        return self._best(scores, rows if exclude_seen else None, k)

    def similar(self, items: Sequence[str], k: int = 10) -> list[list[Hit]]:
        """The ``k`` items nearest to each: by cosine where the model has vectors, else as one-item histories.

        Raises:
            UnknownIdError: an item is not in the run's vocabulary.
        """
        answers = []
        for row in torch.from_numpy(self.items.rows(items)).split(1):
            answers.append(self._best(item_likeness(self.scorer, row), row, k))
        return answers

    def search(
        self, query: str, user: str | None = None, k: int = 10, filters: "Filters | None" = None
    ) -> "list[SearchHit]":
        """The best ``k`` items for a text, best first, each with the reasons for its place.

        An empty query gives recommendations, an unknown user plain search. For a history at hand, facets and
        what was understood of the query see ``search_engine.search``.

        Raises:
            DataError: a filter names what the catalogue has not.
            FeatureError: the run's text encoder is not on this machine.
        """
        return self.search_engine.search(query, user, None, k, filters).hits

    @cached_property
    def search_engine(self) -> "SearchEngine":
        """Indexes over the run's catalogue and graph, built when they are first needed."""
        # Here, for whoever only recommends should not wait for jieba, FAISS and LightGBM.
        from kgrec.retrieval.engine import SearchEngine

        return SearchEngine.from_run(self, self.config.search)

    def explain(
        self,
        user: str,
        item: str,
        k: int = 3,
        language: str = "en",
        history: Sequence[str] | Mapping[str, float] | None = None,
    ) -> "list[Reason]":
        """Why ``item`` may suit ``user``: at most ``k`` paths through the graph, best first.

        ``history`` stands for the user's own past. A stranger has no reasons. ``language``: en or zh.

        Raises:
            UnknownIdError: the item is not in the run's vocabulary.
            ConfigError: there is no such language.
        """
        row = self.items.row(item)
        people = People(self.users, self.items, self.seen)
        person = people.person(user, None) if history is None else people.person(None, history)
        return self.explainer.explain(person, row, k, language, user)

    @cached_property
    def explainer(self) -> "Explainer":
        """Paths over the run's graph, removed in its network where that can be walked again."""
        # Here, for whoever only recommends has no need of facts.
        from kgrec.explanation.explainer import Explainer
        from kgrec.explanation.graph_removal import graph_removal
        from kgrec.load_run import load_dataset
        from kgrec.retrieval.fact_table import FactTable

        dataset = load_dataset(self.run, ("train", "valid"))
        facts = FactTable.from_dataset(dataset, self.config.search.hidden_relations)
        return Explainer(
            facts, self.seen, self.scorer, None, graph_removal(self.run, self.config, self.scorer)
        )

    def popular(self, k: int) -> list[Hit]:
        """The items that most people have."""
        return self._best(self._popularity, None, k)

    def _rank(self, rows: np.ndarray, k: int, exclude_seen: bool) -> Ranking:
        evaluation = self.config.evaluation
        seen = self.seen if exclude_seen else None
        depth = min(k, len(self.items))
        return rank(self.scorer, rows, seen, depth, evaluation.batch_size, evaluation.tie_seed)

    def _best(self, scores: Tensor, excluded: Tensor | None, k: int) -> list[Hit]:
        scores = scores.clone()
        if excluded is not None:
            scores[excluded.to(scores.device)] = -torch.inf
        depth = min(k, len(self.items))
        items, best = top_items(scores.unsqueeze(0), depth, self.config.evaluation.tie_seed)
        return self._hits(Ranking(np.zeros(1, np.int64), items, best))[0]

    def _hits(self, ranking: Ranking) -> list[list[Hit]]:
        """Rows to external ids; padding (-1) is left out."""
        rows, scores = ranking.items.tolist(), ranking.scores.tolist()
        return [
            [
                Hit(self.items.ids[item], score, self._titles[item])
                for item, score in zip(*pair, strict=True)
                if item >= 0
            ]
            for pair in zip(rows, scores, strict=True)
        ]
