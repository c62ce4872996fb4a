"""What a crash costs: `python benchmarks/online/durability.py --run runs/ml-100k/... --run ...`.

A writer sends 10,000 events one at a time and is told of each; it is killed (SIGKILL) at random moments and
started again with whatever was not acknowledged, some events twice. After each kill every acknowledged event
has to be there, once. Then a disk that is really full (a small tmpfs), a locked database and one that is not
there; and how long it takes until an event has changed a list.
"""

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from log_crashes import crash_row
from log_faults import absent, full_disk, locked
from servers import postgres_server

from kgrec.online.event_log import EventLog
from kgrec.online.events import Event
from kgrec.online.live_model import LiveModel

RESULTS = Path(__file__).resolve().parent.parent / "results"
PEOPLE = 500


def main(
    run: Annotated[list[Path], typer.Option(help="Run directories: how fast each takes in an event.")],
    events: Annotated[int, typer.Option(help="Events.")] = 10_000,
    kills: Annotated[int, typer.Option(help="How often the writer is killed.")] = 25,
    out: Annotated[Path, typer.Option(help="Where the table is written.")] = RESULTS / "durability.md",
) -> None:
    """Measure on both databases and write the tables."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folded = [fold_in_row(one, folder / str(n)) for n, one in enumerate(run)]
        address = f"sqlite:///{folder / 'log.db'}"
        rows = [crash_row("SQLite", address, events, kills)]
        faults = [
            full_disk(folder),
            locked("SQLite", address, folder),
            absent("SQLite", f"sqlite:///{folder / 'none' / 'log.db'}", folder),
        ]
        with postgres_server() as server:
            if server is None:
                rows.append("| PostgreSQL | not installed here | | | | | |")
            else:
                rows.append(crash_row("PostgreSQL", server, events, kills))
                faults.append(locked("PostgreSQL", server, folder))
                faults.append(absent("PostgreSQL", server.rpartition("/")[0] + "/none", folder))
    out.write_text(report(rows, faults, folded))
    print(out.read_text())


def fold_in_row(run: Path, folder: Path) -> str:
    """Milliseconds from an event to a list that has changed by it, durable log included; a table row."""
    # A copy: the run's own generations belong to a log of theirs.
    copy = shutil.copytree(run, folder / "run", ignore=shutil.ignore_patterns("live"))
    live = LiveModel.open(copy, EventLog(f"sqlite:///{folder / 'fold.db'}"))
    try:
        status, took = live.status(), fold_in(live)
    finally:
        live.close()
    times = [took[0], *np.percentile(took[1:], [50, 99, 100])]
    cells = " | ".join(f"{value:.1f}" for value in times)
    load = os.getloadavg()[0]
    return f"| {status['data']}, {status['model']} | {len(took)} | {cells} | {load:.1f} |"


def fold_in(live: LiveModel) -> list[float]:
    """One event each of ``PEOPLE`` people."""
    took = []
    for n, user in enumerate(live.users()[:PEOPLE]):
        best = live.recommend(user, 10)[0].item
        started = time.perf_counter()
        live.record([Event(f"f{n}", user, best, "like")])
        after = [hit.item for hit in live.recommend(user, 10)]
        took.append(1000 * (time.perf_counter() - started))
        if best in after:
            raise SystemExit(f"the list of {user} did not change")
    return took


def report(rows: list[str], faults: list[str], folded: list[str]) -> str:
    """The three tables."""
    lines = [
        "A writer is killed with SIGKILL at random moments and goes on with what was not acknowledged, "
        "sending some events again. The log is read after each kill, before anything is sent again.",
        "",
        "| log | events | kills | acknowledged and lost | twice | written, killed before the answer "
        "| events/s, starts included |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *rows,
        "",
        "| fault | what the log says | what became of the events |",
        "| --- | --- | --- |",
        *faults,
        "",
        "From an event to a list that has changed by it, durable log included, in ms "
        f"({os.cpu_count()} cores; load: of the whole machine, other programs included):",
        "",
        "| run | people | first after the start | p50 | p99 | worst | load |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *folded,
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    typer.run(main)
