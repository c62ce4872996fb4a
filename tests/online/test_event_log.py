"""The log, on both databases: what is acknowledged is there once, and what failed is not."""

import itertools
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from kgrec.errors import DataError, EventLogError
from kgrec.online.event_log import EventLog
from kgrec.online.events import Event, ItemRecord
from kgrec.tracking.pseudonyms import Pseudonyms

Open = Callable[[], EventLog]
EXAMPLES = itertools.count()
"""All examples share a log, so each has ids of its own."""


def event(name: str, user: str = "u", item: str = "i", timestamp: float = 1.0) -> Event:
    return Event(name, user, item, timestamp=timestamp)


def test_events_come_back_in_order_and_once(open_log: Open) -> None:
    log = open_log()
    first, second = event("a"), Event("b", "ü用户", "'; drop table events; --", "like", 2.5, 1e9)
    assert log.append([first, second, first]) == 2
    assert log.append([second, event("c")]) == 1
    assert [one.id for _, one in log.after(0, 10)] == ["a", "b", "c"]
    assert open_log().of_user("ü用户") == [second]
    assert log.count() == 3
    position = log.after(0, 2)[-1][0]
    assert [one.id for _, one in log.after(position, 10)] == ["c"]
    assert [one.id for _, one in log.all_after(0, batch=1)] == ["a", "b", "c"]
    assert log.last_position() == log.after(position, 1)[0][0]
    assert log.append([]) == 0


def test_what_a_retry_says_differently_is_not_believed(open_log: Open) -> None:
    log = open_log()
    log.append([event("a", item="one")])
    assert log.append([event("a", item="two")]) == 0
    assert log.of_user("u")[0].item == "one"


def test_items_are_replaced_and_keep_their_order(open_log: Open) -> None:
    log = open_log()
    assert log.put_item(ItemRecord("x", "old", None, (("brand", "b"),)))
    assert log.put_item(ItemRecord("y", "other"))
    assert not log.put_item(ItemRecord("x", "new", "said", (("brand", "c"), ("part_of", "运动鞋"))))
    assert [item.title for item in open_log().items()] == ["new", "other"]
    assert log.items()[0].facts == (("brand", "c"), ("part_of", "运动鞋"))


def test_an_erased_person_is_a_pseudonym_and_old_events_do_not_return(open_log: Open) -> None:
    log = open_log()
    log.append([event("a", "u"), event("b", "v")])
    assert log.erase("u") == 1
    assert log.of_user("u") == [] and log.count() == 1
    assert log.is_erased("u") and not log.is_erased("v")
    assert log.erased_among(["u", "v", "w"]) == {"u"}
    assert log.erasures() == 1
    assert log.append([event("a", "u"), event("later", "u", timestamp=4e9)]) == 1
    assert [one.id for one in log.of_user("u")] == ["later"]
    assert log.erasures_made() == 1
    assert log.erase("u") == 1 and log.erasures() == 1
    assert log.erasures_made() == 2


def test_a_log_has_one_identity(open_log: Open) -> None:
    log = open_log()
    drawn = log.identity()
    assert drawn > 0 and log.identity() == open_log().identity() == drawn
    assert log.position_of("nothing") == 0


def test_another_key_is_refused(open_log: Open, url: str) -> None:
    open_log().erase("u")
    with pytest.raises(EventLogError, match="KGREC_PSEUDONYM_KEY"):
        EventLog(url, pseudonyms=Pseudonyms(b"x" * 32))


def test_threads_take_turns(open_log: Open) -> None:
    log, counted = open_log(), []

    def write(name: int) -> None:
        counted.append(sum(log.append([event(f"{n}"), event(f"{name}-{n}")]) for n in range(10)))

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    # Each shared event is new to exactly one of the four.
    assert sum(counted) == log.count() == 50
    positions = [position for position, _ in log.all_after(0)]
    assert positions == sorted(set(positions))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(st.integers(0, 8), max_size=6), max_size=6))
def test_any_sequence_of_batches_is_the_first_of_each_id(open_log: Open, batches: list[list[int]]) -> None:
    log, known, number = open_log(), set(), next(EXAMPLES)
    for batch in batches:
        names = {f"{number}-{n}" for n in batch}
        assert log.append([event(f"{number}-{n}") for n in batch]) == len(names - known)
        known |= names
    log.close()


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"id": ""}, "not empty"),
        ({"user": "x" * 513}, "513 characters"),
        ({"item": "a\0b"}, "zero character"),
        ({"kind": "\ud800"}, "lone surrogate"),
        ({"weight": -1.0}, "from 0"),
        ({"weight": 1e7}, "to 1e\\+06"),
        ({"weight": float("nan")}, "from 0"),
        ({"timestamp": float("nan")}, "seconds since 1970"),
    ],
)
def test_an_event_that_cannot_be_is_refused(bad: dict[str, object], said: str) -> None:
    with pytest.raises(DataError, match=said):
        Event(**{"id": "a", "user": "u", "item": "i", **bad})  # type: ignore[arg-type]


def test_a_locked_database_says_so_and_loses_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'log.db'}"
    log = EventLog(url, busy_seconds=0.2)
    log.append([event("a")])
    other = create_engine(url)
    with other.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(EventLogError, match="locked"):
            log.append([event("b")])
        # Readers do not wait for a writer.
        assert log.count() == 1
        connection.exec_driver_sql("ROLLBACK")
    other.dispose()
    assert log.append([event("b")]) == 1
    log.close()


def test_a_locked_table_of_postgres_says_so(database: str) -> None:
    log = EventLog(database, busy_seconds=0.5)
    other = create_engine(database)
    with other.begin() as connection:
        connection.execute(text("LOCK TABLE events IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(EventLogError, match="holds the lock"):
            log.append([event("b")])
    other.dispose()
    assert log.append([event("b")]) == 1
    log.close()


def test_an_absent_database_says_where_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EventLogError, match=r"none.log\.db"):
        EventLog(f"sqlite:///{tmp_path / 'none' / 'log.db'}")
    with pytest.raises(EventLogError, match="postgresql") as caught:
        EventLog("postgresql+psycopg://someone:secret@127.0.0.1:1/log", busy_seconds=1.0)
    assert "secret" not in str(caught.value)
    with pytest.raises(EventLogError, match="memory"):
        EventLog("sqlite://")
    with pytest.raises(EventLogError, match="use sqlite"):
        EventLog("mysql://localhost/log")


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    path.write_bytes(b"a letter to my aunt" * 100)
    with pytest.raises(EventLogError, match="not a database"):
        EventLog(f"sqlite:///{path}")
    assert path.read_bytes().startswith(b"a letter")


def test_a_full_disk_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """A file may grow no further than a limit of the process: a full disk, for this process alone."""
    url = f"sqlite:///{tmp_path / 'log.db'}"
    script = textwrap.dedent(
        f"""
        import kgrec, resource, signal
        from kgrec.online.event_log import EventLog
        from kgrec.online.events import Event
        from kgrec.errors import EventLogError
        log = EventLog({url!r})
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
        done = 0
        try:
            while done < 100_000:
                log.append([Event(f"{{done}}-{{n}}", "u", "i" * 400) for n in range(20)])
                done += 20
        except EventLogError as error:
            print(done, "|", error)
        """
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    count, said = done.stdout.split("|")
    assert 0 < int(count) < 100_000, done.stderr
    assert "cannot append events" in said and "disk" in said
    log = EventLog(url)
    assert log.count() == int(count)
    assert log.append([event("after")]) == 1
    log.close()


def test_sqlite_forgets_the_bytes(tmp_path: Path) -> None:
    log = EventLog(f"sqlite:///{tmp_path / 'log.db'}")
    log.append([event(f"{n}", "mallory-the-person") for n in range(200)])
    assert any(b"mallory-the-person" in file.read_bytes() for file in tmp_path.iterdir())
    log.erase("mallory-the-person")
    assert not any(b"mallory-the-person" in file.read_bytes() for file in tmp_path.iterdir())
    log.close()


WRITER = """
import sys
from kgrec.online.event_log import EventLog
from kgrec.online.events import Event
log = EventLog(sys.argv[1])
for number in range(int(sys.argv[2]), 10**6):
    log.append([Event(f"e{number}", "u", "i")])
    print(number, flush=True)
"""


@pytest.mark.parametrize("turns", [3])
def test_a_killed_process_loses_nothing_that_it_acknowledged(url: str, turns: int) -> None:
    EventLog(url).close()
    acknowledged = [-1]
    for turn in range(turns):
        arguments = [sys.executable, "-c", WRITER, url, str(acknowledged[-1] + 1)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            for _ in range(5 + 7 * turn):
                acknowledged.append(int(child.stdout.readline()))
            child.kill()
            # Whole lines alone: of the last one the end may be missing.
            acknowledged += [int(line) for line in child.stdout if line.endswith("\n")]
    log = EventLog(url)
    there = [one.id for _, one in log.all_after(0)]
    assert len(there) == len(set(there))
    assert {f"e{number}" for number in acknowledged[1:]} <= set(there)
    # The one that was written as the process died may be there without an answer.
    assert len(there) <= len(acknowledged) - 1 + turns
    log.close()
