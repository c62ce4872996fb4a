"""A run that goes on learning: events count at once, a refresh takes over when it is good enough."""

import logging
import shutil
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgrec.errors import ConfigError, DataError, EventLogError
from kgrec.load_run import load_vocabularies
from kgrec.online.config import OnlineConfig
from kgrec.online.erasing import erase_from_run
from kgrec.online.event_log import EventLog
from kgrec.online.events import Event, ItemRecord
from kgrec.online.generation import Generation, Trained
from kgrec.online.histories import Histories
from kgrec.online.live_files import LiveFiles
from kgrec.online.quality_gate import QualityGate, window
from kgrec.online.refresh import RefreshReport, train_refreshed
from kgrec.recommender import Hit
from kgrec.retrieval.answer import SearchAnswer
from kgrec.retrieval.filters import Filters
from kgrec.run import LATEST, Run, find_run

if TYPE_CHECKING:
    from kgrec.explanation.paths import Path as Reason

log = logging.getLogger(__name__)


class LiveModel:
    """Answers from one immutable `Generation`, swapped in one assignment: readers never wait for writers.

    Every method may be called from any thread. An event is durable before it counts; the next answer for its
    person counts it (fold-in: the person becomes their history). Ids are external ids. State lives in the log
    and in the folder ``live`` of the run: whoever opens both again goes on where this one stopped.
    """

    def __init__(
        self,
        generations: Sequence[Generation],
        event_log: EventLog,
        files: LiveFiles,
        config: OnlineConfig,
        device: str,
    ) -> None:
        """Use `open`. ``generations``: the live one, then the one before it, if there is one."""
        self.config, self.device = config, device
        self._log, self._files = event_log, files
        self._live = generations[0]
        self._previous = generations[1] if len(generations) > 1 else None
        self._histories = Histories(config.kinds)
        self._changing = threading.RLock()
        # What is in the log is in the histories, and what is erased is in neither: one change at a time.
        self._recording = threading.Lock()
        self._folded = 0
        self._behind = False
        self._refreshing = threading.Lock()
        self._erased_meanwhile: set[str] = set()
        self._report: RefreshReport | None = None
        self._refreshed_at: float | None = None

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
            records = event_log.items()
            generations = [
                Generation(
                    Trained.load(place.path, place.number, place.position, device), records, config.neighbours
                )
                for place in files.read()
            ]
            live = cls(generations, event_log, files, config, device)
            live._finish_erasures()
            live._fold(event_log.all_after(0))
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
        for event in events:
            if event.kind not in self.config.kinds:
                kinds = ", ".join(self.config.kinds)
                raise DataError(f"event {event.id!r} is of the kind {event.kind!r}; use one of {kinds}")
        with self._recording:
            try:
                new = self._log.append_new(events)
            except EventLogError:
                # A connection that broke may have committed: sent again, the events would not be new.
                self._behind = True
                raise
            self._fold(self._log.all_after(self._folded) if self._behind else new)
            self._behind = False
        return len(new)

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
        with self._changing:
            new = item.id not in self._live.dataset.items
            records = {record.id: record for record in self._log.items()} | {item.id: item}
            # Before it is written: an item that no catalogue can hold would come again at every start.
            changed = self._live.with_records(list(records.values()))
            self._log.put_item(item)
            self._live = changed
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
        with self._changing:
            with self._recording:
                gone = self._log.forget(user)
                self._histories.forget(user)
            self._erased_meanwhile.add(user)
            self._forget(user)
            self._log.wipe()
            self._files.set_erasures_applied(self._log.erasures_made())
        return gone

    def status(self) -> dict[str, Any]:
        """The learning state, plain values by name."""
        live, report = self._live, self._report
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
            "people_at_hand": len(self._histories),
            "can_roll_back": self._previous is not None,
            "refreshing": self._refreshing.locked(),
            "search_ready": live.searchable,
            "last_refresh": self._refreshed_at or "never",
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
        if not self._refreshing.acquire(blocking=False):
            raise ConfigError("a refresh is under way; wait until it has ended")
        try:
            started = time.monotonic()
            report = self._refresh(started)
        finally:
            self._refreshing.release()
        self._report, self._refreshed_at = report, time.time()
        log.info("refresh: %s", report.reason)
        return report

    def rollback(self) -> int:
        """Go back to the generation before this one; its number. Who was erased since stays erased.

        Raises:
            ConfigError: there is none.
        """
        with self._changing:
            if self._previous is None:
                raise ConfigError("there is no earlier generation to go back to")
            back = self._previous.with_records(self._log.items())
            self._files.write([(back.number, back.trained.position)])
            self._live, self._previous = back, None
            # Now alone: until here somebody might have read what is not loaded yet.
            self._files.clean()
        return back.number

    def close(self) -> None:
        """Give log and run back; waits for a refresh under way, whose folder nobody else may touch."""
        with self._refreshing:
            self._files.release()
            self._log.close()

    def _refresh(self, started: float) -> RefreshReport:
        with self._changing:
            self._erased_meanwhile.clear()
            live = self._live
        events = list(self._log.all_after(0))
        cut = window(events, live.trained.position, self.config)
        if cut is None:
            return RefreshReport(False, live.number, "there is too little news: two new events are the least")
        gate = QualityGate(cut, self.config)
        live_recall, people = gate.recall(live)
        if people == 0:
            reason = "no new event can judge a model: nobody did anything with an item new to them"
            return RefreshReport(False, live.number, reason)
        number = self._files.next_number()
        folder = self._files.path(number)
        try:
            trained = train_refreshed(live, cut.before, folder, number, self.config, self.device)
            fresh = Generation(trained, live.records, self.config.neighbours)
            recall, _ = gate.recall(fresh)
            passed = gate.passes(live_recall, recall)
            if passed:
                fresh = self._swap(live, fresh)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        if not passed:
            shutil.rmtree(folder, ignore_errors=True)
        k = self.config.gate_k
        verdict = f"recall@{k} {recall:.4f} against {live_recall:.4f} over {people} people"
        return RefreshReport(
            passed,
            number if passed else live.number,
            f"{'took over' if passed else 'refused'}: {verdict}",
            sum(position > live.trained.position for position, _ in cut.before),
            people,
            live_recall,
            recall,
            time.monotonic() - started,
        )

    def _swap(self, live: Generation, fresh: Generation) -> Generation:
        """Make ``fresh`` answer, without those who were erased and with the items that came meanwhile."""
        if live.searchable:
            fresh.warm_up()
        with self._changing:
            for user in self._erased_meanwhile:
                fresh = _without(fresh, user)
            if self._live.records != fresh.records:
                fresh = fresh.with_records(self._live.records)
            old = self._live
            self._files.write([(g.number, g.trained.position) for g in (fresh, old)])
            self._live, self._previous = fresh, old
            self._files.clean()
        return fresh

    def _news(self, live: Generation, user: str) -> dict[str, float]:
        return live.news(user, self._histories)

    def _fold(self, events: Iterable[tuple[int, Event]]) -> None:
        """Take in events of the log, in its order."""

        def noted() -> Iterator[tuple[int, Event]]:
            for position, event in events:
                self._folded = max(self._folded, position)
                yield position, event

        self._histories.add(noted())

    def _history(self, live: Generation, user: str, news: Mapping[str, float]) -> dict[str, float]:
        person = live.person(user, news)
        ids = live.dataset.items.ids
        return {ids[row]: w for row, w in zip(person.past.tolist(), person.weights.tolist(), strict=True)}

    def _forget(self, user: str) -> None:
        self._live = _without(self._live, user)
        if self._previous is not None:
            self._previous = _without(self._previous, user)
        # The run that everything began with may be no generation any more.
        erase_from_run(Run(self._files.start), user)

    def _finish_erasures(self) -> None:
        """Erasures that the log knows and this run does not: cut off by a crash, or made beside another run.

        Somebody who came back since may lose what a generation learnt of them; the log still has it, and the
        next refresh learns it again.
        """
        made = self._log.erasures_made()
        if self._files.erasures_applied() == made:
            return
        people = set(load_vocabularies(Run(self._files.start))[0].ids)
        for generation in (self._live, self._previous):
            people |= set() if generation is None else set(generation.dataset.users.ids)
        for user in self._log.erased_among(people):
            self._forget(user)
        self._log.wipe()
        self._files.set_erasures_applied(made)


def _without(generation: Generation, user: str) -> Generation:
    """The same generation, read again from its directory after the person was taken out of it."""
    trained = generation.trained
    if not erase_from_run(trained.run, user):
        return generation
    again = Trained.load(trained.run.path, trained.number, trained.position, trained.device)
    fresh = Generation(again, generation.records, generation.neighbours)
    if generation.searchable:
        fresh.warm_up()
    return fresh
