"""A run that goes on learning: events count at once, a refresh takes over when it is good enough."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgrec.online.config import OnlineConfig
from kgrec.online.event_log import EventLog
from kgrec.online.events import Event, ItemRecord
from kgrec.online.generation import Generation
from kgrec.online.generations import Generations
from kgrec.online.live_files import LiveFiles
from kgrec.online.recorder import Recorder
from kgrec.online.refresh import RefreshReport
from kgrec.online.refresher import Refresher
from kgrec.recommender import Hit
from kgrec.retrieval.answer import SearchAnswer
from kgrec.retrieval.filters import Filters
from kgrec.run import LATEST, find_run

if TYPE_CHECKING:
    from kgrec.explanation.paths import Path as Reason


class LiveModel:
    """Answers from one immutable `Generation`, swapped in one assignment: readers never wait for writers.

    Every method may be called from any thread. An event is durable before it counts; the next answer for its
    person counts it (fold-in: the person becomes their history). Ids are external ids. State lives in the log
    and in the folder ``live`` of the run: whoever opens both again goes on where this one stopped.
    """

    def __init__(
        self, generations: Generations, event_log: EventLog, config: OnlineConfig, device: str
    ) -> None:
        """Use `open`."""
        self.config = config
        self.generations, self.recorder = generations, Recorder(event_log, config.kinds)
        self.refresher = Refresher(generations, event_log, config, device)
        self._log, self._files = event_log, generations.files

    @classmethod
    def open(
        cls,
        run: str | Path,
        event_log: EventLog,
        config: OnlineConfig | None = None,
        runs_dir: str | Path = "runs",
        device: str = "cpu",
    ) -> "LiveModel":
        """Load a run (a directory, or ``latest``) with what its folder ``live`` and the log say since.

        Raises:
            RunError: there is no such run.
            ConfigError: the run has learnt from another log, or is open in another process.
            EventLogError: the log cannot be read.
        """
        config = config or OnlineConfig()
        start = find_run(run or LATEST, Path(runs_dir))
        files = LiveFiles(start / "live", start, event_log.identity())
        files.hold()
        try:
            generations = Generations.load(files, event_log.items(), config.neighbours, device)
            live = cls(generations, event_log, config, device)
            live._finish_erasures()
            live.recorder.read_all()
        except BaseException:
            files.release()
            raise
        return live

    @property
    def generation(self) -> int:
        """Which training answers."""
        return self._live.number

    def record(self, events: Sequence[Event]) -> int:
        """Write events to the log, then count them; how many were new.

        Raises:
            DataError: an event is of a kind that does not count anywhere.
            EventLogError: nothing was written; send the events again.
        """
        return self.recorder.record(events)

    def recommend(self, user: str, k: int = 10) -> list[Hit]:
        """The best ``k`` for a user, with all that they did until now; popular items for a stranger."""
        live = self._live
        return live.best(live.person(user, self._news(live, user)), k)

    def recommend_for_history(self, history: Mapping[str, float], k: int = 10) -> list[Hit]:
        """The best ``k`` for somebody with these items; unknown ones are left out."""
        live = self._live
        return live.best(live.person(None, history), k)

    def similar(self, item: str, k: int = 10) -> list[Hit]:
        """The ``k`` nearest items. Raises UnknownIdError."""
        return self._live.similar(item, k)

    def search(
        self,
        query: str,
        user: str | None = None,
        k: int = 10,
        filters: Filters | None = None,
        facets: bool = False,
    ) -> SearchAnswer:
        """Search for a person, as `SearchEngine.search` does.

        Raises:
            DataError: a filter names what the catalogue has not.
            FeatureError: the run's text encoder is not on this machine.
        """
        live = self._live
        news = self._news(live, user) if user is not None else {}
        if user is None or (not news and user not in live.dataset.users):
            return live.engine.search(query, None, None, k, filters, facets)
        if not news:
            return live.engine.search(query, user, None, k, filters, facets)
        return live.engine.search(query, None, self._history(live, user, news), k, filters, facets)

    def explain(self, user: str, item: str, k: int = 3, language: str = "en") -> "list[Reason]":
        """Why this item may suit this person, best reason first. Raises UnknownIdError for the item."""
        live = self._live
        row = live.dataset.items.row(item)
        person = live.person(user, self._news(live, user))
        return live.explainer.explain(person, row, k, language, user)

    def item(self, item: str) -> ItemRecord:
        """What is known of an item. Raises UnknownIdError."""
        live = self._live
        row = live.dataset.items.row(item)
        told = live.dataset.catalogue.row(row, named=True)
        nodes = live.dataset
        facts = nodes.triples.filter(nodes.triples["head"] == item).select("relation", "tail").rows()
        return ItemRecord(item, told["title"] or item, told.get("description"), tuple(facts))

    def titles(self) -> Mapping[str, str]:
        """The title of every item, new ones included; the id where there is no title."""
        return self._live.titles

    def label(self, node: str) -> str:
        """What people call an entity or an item; ``""`` where an id is all there is."""
        row = self._live.facts.node(node)
        return "" if row is None else self._live.facts.label(row)

    @property
    def search_ready(self) -> bool:
        """Whether a search need not wait for its index."""
        return self._live.searchable

    def users(self) -> Sequence[str]:
        """People that the generation was trained with, those whose names were erased included."""
        return self._live.dataset.users.ids

    def names(self) -> Sequence[str]:
        """What people call the entities of the graph, as far as they have names."""
        return [name for name in self._live.facts.names if name]

    def put_item(self, item: ItemRecord) -> bool:
        """Add an item, or change what is known of one; True where nobody knew it.

        When this returns it can be found, recommended and explained. Cost: one pass over the catalogue, with
        search indexes that stand already built anew.
        """
        with self.generations.changing:
            new = item.id not in self._live.dataset.items
            records = {record.id: record for record in self._log.items()} | {item.id: item}
            # Before it is written: an item that no catalogue can hold would come again at every start.
            changed = self._live.with_records(list(records.values()))
            self._log.put_item(item)
            self.generations.replace_live(changed)
        return new

    def export(self, user: str) -> dict[str, Any]:
        """Everything that is held about a person."""
        live = self._live
        past: list[str] = []
        if user in live.dataset.users:
            past = [
                live.dataset.items.ids[row] for row in live.seen.of(live.dataset.users.row(user)).tolist()
            ]
        events = [vars(event) for event in self._log.of_user(user)]
        return {"user": user, "trained_on": past, "events": events}

    def erase(self, user: str) -> int:
        """Forget a person: log, memory, every generation that is kept, and a refresh under way.

        Returns how many events there were. Should it fail half-way, the next start finishes it.

        Raises:
            EventLogError: nothing was erased; or all was, but the log's files still hold bytes: erase again.
        """
        with self.generations.changing:
            gone = self.recorder.forget(user)
            self.generations.forget(user)
            self._log.wipe()
            self._files.set_erasures_applied(self._log.erasures_made())
        return gone

    def status(self) -> dict[str, Any]:
        """The learning state, plain values by name."""
        live, report = self._live, self.refresher.report
        last = self._log.last_position()
        state = {
            "generation": live.number,
            "model": live.trained.config.model.name,
            "data": live.dataset.name,
            "users": len(live.dataset.users),
            "items": len(live.dataset.items),
            "new_items": len(live.dataset.items) - len(live.trained.dataset.items),
            "events": self._log.count(),
            "events_since_training": last - live.trained.position,
            "people_at_hand": len(self.recorder.histories),
            "can_roll_back": self.generations.can_roll_back,
            "refreshing": self.refresher.turn.locked(),
            "search_ready": live.searchable,
            "last_refresh": self.refresher.refreshed_at or "never",
        }
        if report is not None:
            state |= {"gate": report.reason, "gate_people": report.gate_people}
            if report.live_recall is not None:
                state |= {"gate_live_recall": report.live_recall, "gate_new_recall": report.refreshed_recall}
        return state

    def warm_up(self) -> None:
        """Build the search index now."""
        self._live.warm_up()

    def refresh(self) -> RefreshReport:
        """Train on the log, judge on its latest events, take over if that is good enough.

        Runs beside all other calls, one at a time.

        Raises:
            ConfigError: a refresh is under way already.
            TrainingError: the training failed; the live model goes on.
        """
        return self.refresher.refresh()

    def rollback(self) -> int:
        """Go back to the generation before this one; its number. Who was erased since stays erased.

        Raises:
            ConfigError: there is none.
        """
        return self.generations.roll_back(self._log.items)

    def close(self) -> None:
        """Give log and run back; waits for a refresh under way, whose folder nobody else may touch."""
        with self.refresher.turn:
            self._files.release()
            self._log.close()

    @property
    def _live(self) -> Generation:
        return self.generations.live

    def _news(self, live: Generation, user: str) -> dict[str, float]:
        return live.news(user, self.recorder.histories)

    def _history(self, live: Generation, user: str, news: Mapping[str, float]) -> dict[str, float]:
        person = live.person(user, news)
        ids = live.dataset.items.ids
        return {ids[row]: w for row, w in zip(person.past.tolist(), person.weights.tolist(), strict=True)}

    def _finish_erasures(self) -> None:
        """Erasures that the log knows and this run does not: cut off by a crash, or made beside another run.

        Somebody who came back since may lose what a generation learnt of them; the log still has it, and the
        next refresh learns it again.
        """
        made = self._log.erasures_made()
        if self._files.erasures_applied() == made:
            return
        for user in self._log.erased_among(self.generations.people()):
            self.generations.forget(user)
        self._log.wipe()
        self._files.set_erasures_applied(made)
