"""What the log says, and keeps, where it cannot write: a full disk, a lock, no database."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import create_engine

from kgrec.errors import EventLogError
from kgrec.online.event_log import EventLog
from kgrec.online.events import Event


def full_disk(folder: Path) -> str:
    """A file system of one megabyte; needs the right to mount."""
    disk = folder / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True, text=True
    )
    if mounted.returncode:
        return f"| SQLite, full disk | not measured: no right to mount ({mounted.stderr.strip()}) | |"
    try:
        log, written = EventLog(f"sqlite:///{disk / 'log.db'}"), 0
        try:
            while True:
                log.append([Event(f"{written + n}", "u", "i" * 400) for n in range(20)])
                written += 20
        except EventLogError as error:
            said = str(error).replace(str(folder), "...")
        count = log.count()
        log.close()
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
    return f"| SQLite, full disk | {said} | {written} acknowledged, {count} there |"


def locked(name: str, url: str, folder: Path) -> str:
    """Another program holds the write lock."""
    log, other = EventLog(url, busy_seconds=0.5), create_engine(url)
    before = log.count()
    lock = "BEGIN IMMEDIATE" if url.startswith("sqlite") else "LOCK TABLE events IN ACCESS EXCLUSIVE MODE"
    with other.connect() as connection:
        connection.exec_driver_sql(lock)
        said = refused(lambda: log.append([Event("late", "u", "i")])).replace(str(folder), "...")
        connection.exec_driver_sql("ROLLBACK")
    other.dispose()
    lost = before - log.count()
    new = log.append([Event("late", "u", "i")])
    log.close()
    return f"| {name}, locked | {said} | {lost} lost; sent again: {new} new |"


def absent(name: str, url: str, folder: Path) -> str:
    """There is no such database."""
    said = refused(lambda: EventLog(url, busy_seconds=2.0))
    return f"| {name}, absent | {said.replace(str(folder), '...')} | nothing began |"


def refused(call: Callable[[], object]) -> str:
    """What the error says."""
    try:
        call()
    except EventLogError as error:
        return str(error)
    raise SystemExit("a fault went unnoticed")
