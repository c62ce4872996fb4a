"""Kill a writer of the log at random moments, again and again, and look what is there each time."""

import random
import subprocess
import sys
import time

from kgrec.online.event_log import EventLog

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
WINDOW = 64
"""Numbers sent ahead of their answers: few enough for the pipe, so that neither side waits for ever."""
AGAIN = 20
"""Acknowledged events that are sent again after each kill."""


def crash_row(name: str, url: str, count: int, kills: int) -> str:
    """Write, kill, look, go on with what was not acknowledged; a row of the table.

    The log is opened and read after each kill and before anything is sent again: what was lost then would
    otherwise be replaced by its own retry.
    """
    EventLog(url).close()
    rng = random.Random(11)
    acknowledged: set[int] = set()
    lost: set[int] = set()
    unanswered, started = 0, time.perf_counter()
    moments = sorted(rng.sample(range(count // 50, count), kills))
    for moment in [*moments, count]:
        left = [number for number in range(count) if number not in acknowledged]
        again = rng.sample(sorted(acknowledged), min(AGAIN, len(acknowledged)))
        send_until(url, [*again, *left], acknowledged, moment, rng)
        there = written(name, url)
        lost |= acknowledged - there
        unanswered += len(there - acknowledged)
    seconds = time.perf_counter() - started
    if lost or there != set(range(count)):
        raise SystemExit(f"{name}: {len(lost)} lost, {len(there):,} of {count:,} there")
    return f"| {name} | {count:,} | {kills} | {len(lost)} | 0 | {unanswered} | {count / seconds:,.0f} |"


def send_until(url: str, numbers: list[int], acknowledged: set[int], moment: int, rng: random.Random) -> None:
    """Run a writer until ``moment`` events are acknowledged, then kill it in the middle of something."""
    command = [sys.executable, "-c", WRITER, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdin is not None and writer.stdout is not None
        for start in range(0, len(numbers), WINDOW):
            window = numbers[start : start + WINDOW]
            writer.stdin.write("".join(f"{number}\n" for number in window))
            writer.stdin.flush()
            for _ in window:
                acknowledged.add(int(writer.stdout.readline()))
                if moment <= len(acknowledged) < numbers[-1] + 1:
                    time.sleep(rng.random() * 0.004)
                    writer.kill()
                    # Whole lines alone; acknowledged means that the answer arrived.
                    acknowledged.update(int(line) for line in writer.stdout if line.endswith("\n"))
                    return
        writer.stdin.close()


def written(name: str, url: str) -> set[int]:
    """Numbers of the events in the log, each of which has to be there once."""
    log = EventLog(url)
    there = [int(event.id[1:]) for _, event in log.all_after(0)]
    log.close()
    if len(there) != len(set(there)):
        raise SystemExit(f"{name}: {len(there) - len(set(there))} events are there twice")
    return set(there)
