"""One tracked job, from start to the right exit code."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kgrec.tracking.config import TrackingConfig
from kgrec.tracking.tracker import GuardedTracker, Tracker
from kgrec.tracking.wandb_tracker import WandbTracker

INTERRUPTED = 130
"""What a shell reports of a process that SIGINT ended: 128 + 2."""


@contextmanager
def tracking(
    config: TrackingConfig, run_dir: Path, job_config: Mapping[str, Any], group: str | None = None
) -> Iterator[Tracker]:
    """Give the tracker of one job, and close it with the job's exit code, whatever ends the job.

    ``job_config`` is the resolved configuration; ``group`` names the sweep. An exception that passes through
    closes the tracker with 1, an interrupt with 130, ``SystemExit`` with its own code; all are raised again.
    A failure of the tracker is a warning in the log, never an exception here.

    Raises:
        ConfigError: the tracking configuration has a value that is not accepted.
    """
    config.check()
    tracker = Tracker() if config.mode == "disabled" else GuardedTracker(WandbTracker(config))
    try:
        tracker.start(job_config, run_dir, group)
        yield tracker
    except BaseException as error:
        tracker.finish(exit_code(error))
        raise
    tracker.finish(0)


def exit_code(error: BaseException) -> int:
    """The code that a process ends with when ``error`` ends it."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, SystemExit):
        if error.code is None:
            return 0
        return error.code if isinstance(error.code, int) else 1
    return 1
