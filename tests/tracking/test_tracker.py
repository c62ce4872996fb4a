import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kgrec.tracking.tracker import GuardedTracker, Tracker


class Counting(Tracker):
    """Counts calls; raises ``error`` at the second epoch and whenever it is abandoned."""

    def __init__(self, error: BaseException) -> None:
        self.error, self.epochs, self.abandoned, self.finished = error, 0, 0, 0

    def log_epoch(self, record: Mapping[str, float]) -> None:
        self.epochs += 1
        if self.epochs == 2:
            raise self.error

    def finish(self, exit_code: int = 0) -> None:
        self.finished += 1

    def abandon(self) -> None:
        self.abandoned += 1
        raise ConnectionResetError


def test_first_failure_is_one_warning_and_the_end_of_tracking(caplog: pytest.LogCaptureFixture) -> None:
    inner = Counting(OSError(28, "No space left on device"))
    tracker = GuardedTracker(inner)
    log_epoch = tracker.log_epoch  # a trainer keeps the bound method
    with caplog.at_level(logging.INFO):
        for epoch in range(5):
            log_epoch({"epoch": epoch})
        tracker.finish(0)
    assert (inner.epochs, inner.abandoned, inner.finished, tracker.active) == (2, 1, 0, False)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == (
        "tracking failed at an epoch's record and is off for the rest of this job: "
        "OSError: [Errno 28] No space left on device"
    )


def test_an_interrupt_is_no_failure_of_the_tracker() -> None:
    tracker = GuardedTracker(Counting(KeyboardInterrupt()))
    tracker.log_epoch({})
    with pytest.raises(KeyboardInterrupt):
        tracker.log_epoch({})
    assert tracker.active


def test_every_call_is_guarded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    calls: dict[str, tuple[Any, ...]] = {
        "start": ({}, tmp_path, None),
        "log_epoch": ({},),
        "log_metrics": ({},),
        "log_table": ("t", ["a"], [[1]]),
        "log_recommendations": (["u"], ["a"], [[1]]),
        "log_artifact": (tmp_path,),
        "finish": (1,),
    }
    public = {name for name in vars(Tracker) if not name.startswith("_")} - {"abandon"}
    assert set(calls) == public

    def fail(self: Tracker, *_: object) -> None:
        raise RuntimeError("broken")

    broken = type("Broken", (Tracker,), dict.fromkeys(calls, fail))
    for name, arguments in calls.items():
        tracker = GuardedTracker(broken())
        getattr(tracker, name)(*arguments)
        assert not tracker.active
        getattr(Tracker(), name)(*arguments)
    assert len(caplog.records) == len(calls)
