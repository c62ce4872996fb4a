"""Train on the log, judge on its latest events, let the new generation answer if that is good enough."""

import logging
import threading
import time
from pathlib import Path

from kgrec.errors import ConfigError
from kgrec.online.config import OnlineConfig
from kgrec.online.event_log import EventLog
from kgrec.online.generation import Generation
from kgrec.online.generations import Generations
from kgrec.online.quality_gate import QualityGate, Window, window
from kgrec.online.refresh import RefreshReport, train_refreshed

log = logging.getLogger(__name__)


class Refresher:
    """One refresh at a time, beside all that reads and records."""

    def __init__(
        self, generations: Generations, event_log: EventLog, config: OnlineConfig, device: str
    ) -> None:
        self.config, self.device = config, device
        self.turn = threading.Lock()
        self.report: RefreshReport | None = None
        self.refreshed_at: float | None = None
        self._generations, self._log = generations, event_log

    def refresh(self) -> RefreshReport:
        """See `LiveModel.refresh`."""
        if not self.turn.acquire(blocking=False):
            raise ConfigError("a refresh is under way; wait until it has ended")
        try:
            report = self._refresh(time.monotonic())
        finally:
            self.turn.release()
        self.report, self.refreshed_at = report, time.time()
        log.info("refresh: %s", report.reason)
        return report

    def _refresh(self, started: float) -> RefreshReport:
        live = self._generations.begin_refresh()
        cut = window(list(self._log.all_after(0)), live.trained.position, self.config)
        if cut is None:
            return RefreshReport(False, live.number, "there is too little news: two new events are the least")
        gate = QualityGate(cut, self.config)
        live_recall, people = gate.recall(live)
        if people == 0:
            reason = "no new event can judge a model: nobody did anything with an item new to them"
            return RefreshReport(False, live.number, reason)
        with self._generations.reserved() as (number, folder):
            fresh = self._trained(live, cut, folder, number)
            recall, _ = gate.recall(fresh)
            passed = gate.passes(live_recall, recall)
            if passed:
                self._generations.take_over(fresh)
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

    def _trained(self, live: Generation, cut: Window, folder: Path, number: int) -> Generation:
        trained = train_refreshed(live, cut.before, folder, number, self.config, self.device)
        return Generation(trained, live.records, self.config.neighbours)
