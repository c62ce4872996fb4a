"""What a job tells a tracker, and the guard that keeps a tracker's failure away from the job."""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

Rows = Sequence[Sequence[object]]


class Tracker:
    """The interface of every tracker; by itself it records nothing, which is what ``disabled`` means."""

    def start(self, config: Mapping[str, Any], run_dir: Path, group: str | None = None) -> None:
        """Open one run for one job: its resolved configuration, its directory, the sweep it belongs to."""

    def log_epoch(self, record: Mapping[str, float]) -> None:
        """Record one epoch: ``epoch``, loss terms, valid metrics, seconds so far."""

    def log_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Record final metrics: ``{"test/recall@10": .2}`` or ``{"test": {"recall@10": .2}}``."""

    def log_table(self, name: str, columns: Sequence[str], rows: Rows) -> None:
        """Record a table; a column called ``user`` is written as keyed pseudonyms."""

    def log_recommendations(self, users: Sequence[str], columns: Sequence[str], rows: Rows) -> None:
        """Record a sample of recommendations: ``rows[i]``, described by ``columns``, went to ``users[i]``.

        A user with k recommendations is named k times. Users are written as keyed pseudonyms.
        """

    def log_artifact(self, run_dir: Path) -> None:
        """Record the files of a finished run: the model, its configuration and its metrics."""

    def finish(self, exit_code: int = 0) -> None:
        """Close the run; 0 = the job succeeded."""

    def abandon(self) -> None:
        """Let go of everything after a failure, as far as that is still possible."""


class GuardedTracker(Tracker):
    """A tracker that cannot end a job: its first failure is logged with the reason and turns it off.

    Only ``Exception`` is caught: an interrupt from the keyboard still stops the job.
    """

    def __init__(self, inner: Tracker) -> None:
        self._inner = inner

    @property
    def active(self) -> bool:
        """Whether calls still reach a tracker that records."""
        return type(self._inner) is not Tracker

    def start(self, config: Mapping[str, Any], run_dir: Path, group: str | None = None) -> None:
        """See Tracker."""
        self._guard("start", lambda: self._inner.start(config, run_dir, group))

    def log_epoch(self, record: Mapping[str, float]) -> None:
        """See Tracker."""
        self._guard("an epoch's record", lambda: self._inner.log_epoch(record))

    def log_metrics(self, metrics: Mapping[str, Any]) -> None:
        """See Tracker."""
        self._guard("the final metrics", lambda: self._inner.log_metrics(metrics))

    def log_table(self, name: str, columns: Sequence[str], rows: Rows) -> None:
        """See Tracker."""
        self._guard(f"table {name}", lambda: self._inner.log_table(name, columns, rows))

    def log_recommendations(self, users: Sequence[str], columns: Sequence[str], rows: Rows) -> None:
        """See Tracker."""
        self._guard("recommendations", lambda: self._inner.log_recommendations(users, columns, rows))

    def log_artifact(self, run_dir: Path) -> None:
        """See Tracker."""
        self._guard("the run's files", lambda: self._inner.log_artifact(run_dir))

    def finish(self, exit_code: int = 0) -> None:
        """See Tracker."""
        self._guard("finish", lambda: self._inner.finish(exit_code))

    def _guard(self, what: str, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:
            failed, self._inner = self._inner, Tracker()
            reason = str(error) or "no message"
            log.warning(
                "tracking failed at %s and is off for the rest of this job: %s: %s",
                what, type(error).__name__, reason,
            )  # fmt: skip
            try:
                failed.abandon()
            except Exception:
                log.debug("the failed tracker could not be closed", exc_info=True)
