"""What a crash costs: `python benchmarks/online/durability.py --run runs/ml-100k/...`.

A writer sends 10,000 events one at a time and is told of each; it is killed (SIGKILL) at random moments and
started again with whatever was not acknowledged, some events twice. In the end every event has to be there,
once. Then a disk that is really full (a small tmpfs), a locked database and one that is not there.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from servers import postgres_server
from sqlalchemy import create_engine

from kgrec.errors import EventLogError
from kgrec.online.event_log import EventLog
from kgrec.online.events import Event
from kgrec.online.live_model import LiveModel

RESULTS = Path(__file__).resolve().parent.parent / "results"
WRITER = """
import sys
from kgrec.online.event_log import EventLog
from kgrec.online.events import Event
log = EventLog(sys.argv[1])
for line in sys.stdin:
    number = int(line)
    log.append([Event(f"e{number}", f"u{number % 97}", f"i{number % 53}", timestamp=float(number))])
    print(number, flush=True)
"""


def main(
    run: Annotated[Path, typer.Option(help="A run directory: how fast its live model takes in an event.")],
    events: Annotated[int, typer.Option(help="Events.")] = 10_000,
    kills: Annotated[int, typer.Option(help="How often the writer is killed.")] = 25,
    out: Annotated[Path, typer.Option(help="Where the table is written.")] = RESULTS / "durability.md",
) -> None:
    """Measure on both databases and write the tables."""
    rows, faults = [], []
    with tempfile.TemporaryDirectory() as folder:
        address = f"sqlite:///{Path(folder) / 'log.db'}"
        rows.append(crash_row("SQLite", address, events, kills))
        faults += [full_disk(Path(folder)), locked(address, Path(folder)), absent(Path(folder))]
        folded = fold_in(run, Path(folder))
    with postgres_server() as server:
        if server is None:
            rows.append("| PostgreSQL | not installed here | | | | |")
        else:
            rows.append(crash_row("PostgreSQL", server, events, kills))
    out.write_text(report(rows, faults, folded))
    print(out.read_text())


def crash_row(name: str, url: str, count: int, kills: int) -> str:
    """Write, kill, go on; then compare what was acknowledged with what is there."""
    EventLog(url).close()
    rng = random.Random(11)
    acknowledged: set[int] = set()
    started = time.perf_counter()
    moments = sorted(rng.sample(range(count // 50, count), kills))
    for moment in [*moments, count]:
        left = [number for number in range(count) if number not in acknowledged]
        # A client that is not sure sends again: some of these are in the log already.
        again = rng.sample(sorted(acknowledged), min(20, len(acknowledged)))
        send_until(url, [*again, *left], acknowledged, moment, rng)
    seconds = time.perf_counter() - started
    log = EventLog(url)
    there = [event.id for _, event in log.all_after(0)]
    log.close()
    lost = sum(f"e{number}" not in set(there) for number in acknowledged) if len(there) < count else 0
    doubled = len(there) - len(set(there))
    if lost or doubled or len(acknowledged) != count:
        raise SystemExit(f"{name}: {lost} lost, {doubled} twice, {len(acknowledged)} acknowledged")
    return f"| {name} | {count:,} | {kills} | {lost} | {doubled} | {count / seconds:,.0f} |"


def send_until(url: str, numbers: list[int], acknowledged: set[int], moment: int, rng: random.Random) -> None:
    """Run a writer until ``moment`` events are acknowledged, then kill it in the middle of something."""
    command = [sys.executable, "-c", WRITER, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdin is not None and writer.stdout is not None
        for start in range(0, len(numbers), 64):
            # A window small enough for the pipe, so that neither side waits for ever.
            window = numbers[start : start + 64]
            writer.stdin.write("".join(f"{number}\n" for number in window))
            writer.stdin.flush()
            for _ in window:
                acknowledged.add(int(writer.stdout.readline()))
                if len(acknowledged) >= moment and moment > 0 and len(acknowledged) < numbers[-1] + 1:
                    time.sleep(rng.random() * 0.004)
                    writer.kill()
                    # Whole lines alone; acknowledged means that the answer arrived.
                    acknowledged.update(int(line) for line in writer.stdout if line.endswith("\n"))
                    return
        writer.stdin.close()


def full_disk(folder: Path) -> str:
    """A file system of one megabyte; needs the right to mount."""
    disk = folder / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True, text=True
    )
    if mounted.returncode:
        return f"| full disk | not measured: no right to mount ({mounted.stderr.strip()}) | |"
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
    return f"| full disk | {said} | {written} acknowledged, {count} there |"


def locked(url: str, folder: Path) -> str:
    """Another program holds the write lock."""
    log, other = EventLog(url, busy_seconds=0.5), create_engine(url)
    before = log.count()
    with other.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        said = refused(lambda: log.append([Event("late", "u", "i")])).replace(str(folder), "...")
        connection.exec_driver_sql("ROLLBACK")
    other.dispose()
    lost = before - log.count()
    new = log.append([Event("late", "u", "i")])
    log.close()
    return f"| locked database | {said} | {lost} lost; sent again: {new} new |"


def absent(folder: Path) -> str:
    """There is no such folder."""
    said = refused(lambda: EventLog(f"sqlite:///{folder / 'none' / 'log.db'}"))
    return f"| absent database | {said.replace(str(folder), '...')} | nothing began |"


def refused(call: Callable[[], object]) -> str:
    """What the error says."""
    try:
        call()
    except EventLogError as error:
        return str(error)
    raise SystemExit("a fault went unnoticed")


def fold_in(run: Path, folder: Path) -> np.ndarray:
    """Milliseconds from an event to a list that has changed by it, durable log included; ``(500,)``."""
    # A copy: the run's own generations belong to a log of theirs.
    copy = shutil.copytree(run, folder / "run", ignore=shutil.ignore_patterns("live"))
    with opened(copy, folder) as live:
        users, took = live.users()[:500], []
        for n, user in enumerate(users):
            before = [hit.item for hit in live.recommend(user, 10)]
            started = time.perf_counter()
            live.record([Event(f"f{n}", user, before[0], "like")])
            after = [hit.item for hit in live.recommend(user, 10)]
            took.append(1000 * (time.perf_counter() - started))
            if before[0] in after:
                raise SystemExit(f"the list of {user} did not change")
    return np.array(took)


@contextmanager
def opened(run: Path, folder: Path) -> Iterator[LiveModel]:
    """A live model with a log of its own."""
    live = LiveModel.open(run, EventLog(f"sqlite:///{folder / 'fold.db'}"))
    try:
        yield live
    finally:
        live.close()


def report(rows: list[str], faults: list[str], folded: np.ndarray) -> str:
    """Both tables and the sentence about fold-in."""
    p50, p99, worst = np.percentile(folded, [50, 99, 100])
    lines = [
        "A writer is killed with SIGKILL at random moments and goes on with what was not acknowledged, "
        "sending some events again.",
        "",
        "| log | events | kills | acknowledged and lost | twice | events/s, starts included |",
        "| --- | --- | --- | --- | --- | --- |",
        *rows,
        "",
        "| fault | what the log says | what became of the events |",
        "| --- | --- | --- |",
        *faults,
        "",
        f"From an event to a list that has changed by it, durable log included: p50 {p50:.1f} ms, "
        f"p99 {p99:.1f} ms, worst {worst:.1f} ms over {len(folded)} people ({os.cpu_count()} cores).",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    typer.run(main)
