"""The measurement of crashes sees a loss where there is one."""

import random
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from kgrec.online.event_log import EventLog
from kgrec.online.events import Event

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks" / "online"


@pytest.fixture
def crashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(FOLDER))
    import log_crashes

    yield log_crashes
    sys.modules.pop("log_crashes", None)


def append(url: str, numbers: list[int]) -> None:
    log = EventLog(url)
    log.append([Event(f"e{number}", "u", "i") for number in numbers])
    log.close()


def test_a_writer_is_killed_and_goes_on(crashes: ModuleType, tmp_path: Path) -> None:
    row = crashes.crash_row("SQLite", f"sqlite:///{tmp_path / 'log.db'}", 60, 1)
    assert row.startswith("| SQLite | 60 | 1 | 0 | 0 |")


def test_a_loss_is_seen_though_a_retry_replaces_it(
    crashes: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgetful(
        url: str, numbers: list[int], acknowledged: set[int], moment: int, _: random.Random
    ) -> None:
        """Writes the last one acknowledged with what is sent next, as a log without fsync might."""
        told = sorted(set(range(moment)) - acknowledged)
        append(url, sorted(acknowledged) + (told if moment == 60 else told[:-1]))
        acknowledged.update(range(moment))

    monkeypatch.setattr(crashes, "send_until", forgetful)
    with pytest.raises(SystemExit, match="2 lost, 60 of 60 there"):
        crashes.crash_row("SQLite", f"sqlite:///{tmp_path / 'log.db'}", 60, 2)


def test_an_event_that_is_not_there_in_the_end_is_seen(
    crashes: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crashes, "send_until", lambda url, *_: append(url, list(range(59))))
    with pytest.raises(SystemExit, match="0 lost, 59 of 60 there"):
        crashes.crash_row("SQLite", f"sqlite:///{tmp_path / 'log.db'}", 60, 1)
