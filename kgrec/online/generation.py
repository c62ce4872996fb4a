"""One state of the live model: a trained run, the items that came since, and what answers from both."""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from kgrec.config import Config, config_from_yaml
from kgrec.data.dataset import Dataset
from kgrec.data.user_items import UserItems
from kgrec.errors import FeatureError
from kgrec.evaluation.ranking import top_items
from kgrec.explanation.explainer import Explainer
from kgrec.explanation.graph_removal import graph_removal
from kgrec.load_run import load_dataset, load_scorer
from kgrec.models.base import Scorer
from kgrec.models.likeness import item_likeness
from kgrec.online.events import ItemRecord
from kgrec.online.histories import Histories
from kgrec.online.item_records import template_for, with_records
from kgrec.online.new_items import nearest_known, with_new_items
from kgrec.recommender import Hit
from kgrec.retrieval.content import ContentScorer
from kgrec.retrieval.documents import documents
from kgrec.retrieval.engine import SearchEngine
from kgrec.retrieval.fact_table import FactTable
from kgrec.retrieval.people import STRANGER, Person
from kgrec.retrieval.pieces import TextPart
from kgrec.retrieval.query_encoder import QueryEncoder
from kgrec.retrieval.run_search import run_text
from kgrec.run import Run

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trained:
    """What a run directory holds, and how far in the log it was trained."""

    number: int
    run: Run
    position: int
    """Events after this one are folded in."""
    config: Config
    dataset: Dataset
    """Its interactions are everybody's past: train and valid."""
    scorer: Scorer
    device: str = "cpu"

    @classmethod
    def load(cls, path: Path, number: int, position: int, device: str = "cpu") -> "Trained":
        """Raises RunError where the directory is no complete run."""
        run = Run(path)
        config = config_from_yaml(run.read_text("config.yaml"))
        dataset, scorer = load_dataset(run, ("train", "valid")), load_scorer(run, device)
        return cls(number, run, position, config, dataset, scorer, device)


class Generation:
    """Answers for a person of known rows; never changed, so that readers need no lock.

    The search index is built when it is first needed (or by ``warm_up``), by one thread.
    """

    def __init__(
        self,
        trained: Trained,
        records: Sequence[ItemRecord] = (),
        neighbours: int = 20,
        known_texts: dict[str, torch.Tensor] | None = None,
        encoder: QueryEncoder | None = None,
    ) -> None:
        """``records``: items that came or changed since the run; ``known_texts``: vectors of texts that were
        encoded before; ``encoder``: one that remembers queries, None = a new one. Cost: with records one
        pass over catalogue and facts, and the texts of the catalogue are encoded unless the run keeps them.
        """
        self._known_texts = {} if known_texts is None else known_texts
        self._encoder = encoder
        self.trained, self.records, self.neighbours = trained, tuple(records), neighbours
        self.dataset = with_records(trained.dataset, self.records)
        self.template = template_for(trained.config.data.template, self.records)
        self._building = threading.Lock()
        self._engine: SearchEngine | None = None
        self._explainer: Explainer | None = None
        self._text: TextPart | None = None
        self._text_read = False
        self.facts = FactTable.from_dataset(self.dataset, trained.config.search.hidden_relations)
        self.scorer = self._scorer()
        shape = (len(self.dataset.users), len(self.dataset.items))
        self.seen = UserItems.from_pairs(*self.dataset.interaction_rows(), shape)
        counts = np.bincount(self.seen.items, minlength=shape[1]).astype(np.float32)
        self._popularity = torch.from_numpy(counts)
        self.titles: dict[str, str] = {
            item: title or item
            for item, title in zip(self.dataset.items.ids, self.dataset.catalogue["title"], strict=True)
        }

    @property
    def number(self) -> int:
        """Which training made it; 0 is the run that the service was started with."""
        return self.trained.number

    def with_records(self, records: Sequence[ItemRecord]) -> "Generation":
        """The same training with other items beside; searchable at once where this one is."""
        changed = Generation(self.trained, records, self.neighbours, self._known_texts, self._encoder)
        if self._engine is not None:
            changed.warm_up()
        return changed

    def person(self, user: str | None, history: Mapping[str, float]) -> Person:
        """Who that is: a trained user without news, else everything that the person did as a history.

        ``history`` holds the news, and all there is where ``user`` is None; unknown items are left out. News
        that count nothing (dislikes) leave a trained user one, who has had these items, too.
        """
        row, past = self._past(user)
        news = {item: weight for item, weight in history.items() if item in self.dataset.items}
        if row is None and not news:
            return STRANGER
        weights = dict.fromkeys(past.tolist(), 1.0)
        for item, weight in news.items():
            place = self.dataset.items.row(item)
            weights[place] = max(weights.get(place, 0.0), weight)
        told = None if any(news.values()) else row
        return Person(told, np.array(list(weights), np.int64), np.array(list(weights.values()), np.float32))

    def news(self, user: str, histories: Histories) -> dict[str, float]:
        """What a person did that the training does not hold, by item."""
        _, past = self._past(user)
        ids = self.dataset.items.ids
        return histories.of(user, self.trained.position, {ids[row] for row in past.tolist()})

    def _past(self, user: str | None) -> tuple[int | None, np.ndarray]:
        """Row of a trained user, None for others, and the item rows that the training holds of them."""
        if user is None or user not in self.dataset.users:
            return None, np.empty(0, np.int64)
        row = self.dataset.users.row(user)
        return row, self.seen.of(row)

    @torch.no_grad()
    def scores(self, person: Person) -> torch.Tensor:
        """``(n_items,)``; popularity for a stranger, and for whoever liked nothing so far."""
        if person.user is not None:
            return self.scorer.scores(torch.tensor([person.user]))[0]
        liked = person.weights > 0
        if not liked.any():
            return self._popularity
        past, weights = person.past[liked], person.weights[liked]
        return self.scorer.scores_from_history(torch.from_numpy(past), torch.from_numpy(weights))

    def best(self, person: Person, k: int) -> list[Hit]:
        """The best ``k`` that the person has not had, best first."""
        return self._hits(self.scores(person), person.past, k)

    def similar(self, item: str, k: int) -> list[Hit]:
        """The ``k`` nearest to an item. Raises UnknownIdError."""
        row = self.dataset.items.rows([item])
        return self._hits(item_likeness(self.scorer, torch.from_numpy(row)), row, k)

    @property
    def engine(self) -> SearchEngine:
        """The search over this catalogue. Raises FeatureError where the run's encoder is not here."""
        with self._building:
            if self._engine is None:
                search = self.trained.config.search
                self._engine = SearchEngine.from_dataset(
                    self.dataset, self.template, self._texts(), search, self.scorer
                )
            return self._engine

    @property
    def explainer(self) -> Explainer:
        """Reasons over this catalogue: by the run's graph, by histories where that is not all there is."""
        with self._building:
            if self._explainer is None:
                run, config = self.trained.run, self.trained.config
                removal = None if self.records else graph_removal(run, config, self.scorer)
                self._explainer = Explainer(self.facts, self.seen, self.scorer, None, removal)
            return self._explainer

    @property
    def searchable(self) -> bool:
        """Whether the search index stands."""
        return self._engine is not None

    def warm_up(self) -> None:
        """Build the search index now; without the encoder there is none, and a warning."""
        try:
            _ = self.engine
        except FeatureError as error:
            log.warning("search is not ready: %s", error)

    def _hits(self, scores: torch.Tensor, had: np.ndarray, k: int) -> list[Hit]:
        scores = scores.clone()
        scores[torch.from_numpy(had).to(scores.device)] = -torch.inf
        seed = self.trained.config.evaluation.tie_seed
        items, best = top_items(scores.unsqueeze(0), min(k, len(scores)), seed)
        rows = zip(items[0].tolist(), best[0].tolist(), strict=True)
        ids = self.dataset.items.ids
        return [Hit(ids[row], score, self.titles[ids[row]]) for row, score in rows if row >= 0]

    def _scorer(self) -> Scorer:
        known = len(self.trained.dataset.items)
        new = np.arange(known, len(self.dataset.items))
        if len(new) == 0:
            return self.trained.scorer
        try:
            text = self._texts()
        except FeatureError as error:
            log.warning("new items are placed by their facts alone: %s", error)
            text = None
        content = ContentScorer.build(None if text is None else text.vectors, self.facts)
        return with_new_items(self.trained.scorer, nearest_known(content, new, known, self.neighbours))

    def _texts(self) -> TextPart | None:
        """Vectors of all items; of the run's from its directory, only those that are new are encoded."""
        if not self._text_read:
            self._text = self._read_texts()
            self._text_read = True
        return self._text

    def _read_texts(self) -> TextPart | None:
        trained, search = self.trained, self.trained.config.search
        part = run_text(trained.run, trained.config, trained.dataset, search)
        if part is None:
            return None
        self._encoder = self._encoder or part.encoder
        part = replace(part, encoder=self._encoder)
        if not self.records:
            return part
        texts = documents(self.dataset, self.template, search.hidden_relations).texts
        vectors = torch.zeros(len(texts), part.vectors.shape[1])
        vectors[: len(part.vectors)] = part.vectors
        for record in self.records:
            row = self.dataset.items.row(record.id)
            vectors[row] = self._encoded(texts[row], part) if texts[row] else 0.0
        return replace(part, vectors=vectors)

    def _encoded(self, text: str, part: TextPart) -> torch.Tensor:
        if text not in self._known_texts:
            encoded = [encoder.encode([text], "passage")[0].cpu() for encoder in part.encoder.encoders]
            self._known_texts[text] = torch.cat(encoded)
        return self._known_texts[text]
