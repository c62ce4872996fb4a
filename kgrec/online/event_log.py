"""The log of events: what was acknowledged is on disk, once, in one order."""

import json
import secrets
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, text, update

from kgrec.errors import EventLogError
from kgrec.online.database import WRITES, explained, open_engine
from kgrec.online.events import Event, ItemRecord
from kgrec.online.tables import ABOUT, ERASED, EVENTS, ITEMS, METADATA, POSITIONS
from kgrec.tracking.pseudonyms import Pseudonyms, load_pseudonyms

CHUNK = 500
"""Ids in one question to the database."""
LOCK = 4_701_312
"""PostgreSQL's advisory lock of writers; any number that nobody else uses."""
KEY_CHECK = "pseudonym key"


IDENTITY = "identity of the log"
ERASURES = "erasures made"


class EventLog:
    """Events, items and erasures in SQLite or PostgreSQL; safe among threads and processes.

    Writers take turns, in PostgreSQL by an advisory lock: positions grow in the order of the commits, so a
    reader that goes on from the last position it saw misses nothing. A failed call leaves nothing behind.

    Of an erased person only a keyed pseudonym stays (HMAC, see `Pseudonyms`). Later events of theirs are a
    new person's; those older than the erasure (a client that sends again) are dropped.
    """

    def __init__(self, url: str, busy_seconds: float = 5.0, pseudonyms: Pseudonyms | None = None) -> None:
        """Open or make the log at ``url``: ``sqlite:///PATH`` or ``postgresql+psycopg://...``.

        ``busy_seconds``: how long a call waits for others. ``pseudonyms``: None = the key of this machine.

        Raises:
            EventLogError: the place cannot be opened or written, or was written under another key.
        """
        self._engine = open_engine(url, busy_seconds)
        self._writer = self._engine.execution_options(**{WRITES: True})
        self._sqlite = self._engine.dialect.name == "sqlite"
        self.busy_seconds = busy_seconds
        self._turn = threading.Lock()
        self.pseudonyms = pseudonyms or load_pseudonyms()
        try:
            with self._writing("open the log") as connection:
                METADATA.create_all(connection)
                self._check_key(connection)
        except EventLogError:
            self._engine.dispose()
            raise

    def append(self, events: Sequence[Event]) -> int:
        """Write events; returns how many were new, once all are durable.

        Raises:
            EventLogError: nothing was written; the events can be sent again.
        """
        return len(self.append_new(events))

    def append_new(self, events: Sequence[Event]) -> list[tuple[int, Event]]:
        """The same; returns the new events and their positions, in order."""
        by_id: dict[str, Event] = {}
        for event in events:
            by_id.setdefault(event.id, event)
        if not by_id:
            return []
        with self._writing("append events") as connection:
            known = self._known(connection, list(by_id))
            erased = self._erased_at(connection, {event.user for event in by_id.values()})
            new = [
                e for e in by_id.values() if e.id not in known and e.timestamp > erased.get(e.user, -1e300)
            ]
            if new:
                connection.execute(insert(EVENTS), [_event_row(event) for event in new])
            positions = self._known(connection, [event.id for event in new])
        return sorted((positions[event.id], event) for event in new)

    def after(self, position: int, limit: int) -> list[tuple[int, Event]]:
        """At most ``limit`` events that stand after ``position``, in order; 0 begins at the start."""
        query = select(EVENTS).where(EVENTS.c.position > position).order_by(EVENTS.c.position).limit(limit)
        return [(row.position, _event(row)) for row in self._read("read events", query)]

    def all_after(self, position: int, batch: int = 10_000) -> Iterator[tuple[int, Event]]:
        """All of them, ``batch`` at a time in memory."""
        while found := self.after(position, batch):
            yield from found
            position = found[-1][0]

    def of_user(self, user: str) -> list[Event]:
        """Everything that one person did, in order."""
        query = select(EVENTS).where(EVENTS.c.user_id == user).order_by(EVENTS.c.position)
        return [_event(row) for row in self._read("read a person's events", query)]

    def count(self) -> int:
        """Number of events."""
        return int(self._read("count events", select(func.count()).select_from(EVENTS))[0][0])

    def last_position(self) -> int:
        """Position of the newest event; 0 where there is none."""
        return int(self._read("read the last position", select(func.max(EVENTS.c.position)))[0][0] or 0)

    def put_item(self, item: ItemRecord) -> bool:
        """Write an item, or replace what an earlier record said of it; True where there was none."""
        values = {
            "title": item.title,
            "description": item.description,
            "facts": json.dumps(item.facts, ensure_ascii=False),
        }
        with self._writing("write an item") as connection:
            changed = connection.execute(update(ITEMS).where(ITEMS.c.id == item.id).values(**values))
            if changed.rowcount == 0:
                connection.execute(insert(ITEMS).values(id=item.id, **values))
        return changed.rowcount == 0

    def items(self) -> list[ItemRecord]:
        """Every item record, in the order in which the items first came."""
        rows = self._read("read items", select(ITEMS).order_by(ITEMS.c.position))
        return [
            ItemRecord(row.id, row.title, row.description, tuple((r, e) for r, e in json.loads(row.facts)))
            for row in rows
        ]

    def erase(self, user: str) -> int:
        """Forget a person; returns how many of their events there were.

        The rows are gone at once. In SQLite their bytes, too: the file is written anew without them and the
        write-ahead file is emptied, at the cost of one pass over the database. In PostgreSQL the space is
        given free for later rows (VACUUM); its own logs and backups are the server's matter.

        Raises:
            EventLogError: nothing was erased; or all was, but the bytes are still there: erase again.
        """
        gone = self.forget(user)
        self.wipe()
        return gone

    def forget(self, user: str) -> int:
        """`erase` without `wipe`: no reader finds the rows any more, the files still hold their bytes."""
        pseudonym = self.pseudonyms.of(user)
        with self._writing("erase a person") as connection:
            gone = connection.execute(delete(EVENTS).where(EVENTS.c.user_id == user)).rowcount
            connection.execute(delete(ERASED).where(ERASED.c.pseudonym == pseudonym))
            connection.execute(insert(ERASED).values(pseudonym=pseudonym, erased_at=time.time()))
            made = select(POSITIONS.c.position).where(POSITIONS.c.name == ERASURES)
            before = connection.execute(made).scalar() or 0
            connection.execute(delete(POSITIONS).where(POSITIONS.c.name == ERASURES))
            connection.execute(insert(POSITIONS).values(name=ERASURES, position=before + 1))
        return gone

    def erasures_made(self) -> int:
        """How often somebody was erased, the same person again included."""
        return self.position_of(ERASURES)

    def is_erased(self, user: str) -> bool:
        """Whether the person was erased at some time; what they did since is theirs."""
        query = select(ERASED).where(ERASED.c.pseudonym == self.pseudonyms.of(user))
        return bool(self._read("look for an erasure", query))

    def erased_among(self, users: Iterable[str]) -> set[str]:
        """Those of ``users`` who were erased; hashes every id where anybody was."""
        erased = {row.pseudonym for row in self._read("read erasures", select(ERASED))}
        return {user for user in users if self.pseudonyms.of(user) in erased} if erased else set()

    def erasures(self) -> int:
        """How many people were erased."""
        return int(self._read("count erasures", select(func.count()).select_from(ERASED))[0][0])

    def position_of(self, name: str) -> int:
        """The number that is kept as ``name``; 0 where there is none."""
        rows = self._read("read a position", select(POSITIONS).where(POSITIONS.c.name == name))
        return int(rows[0].position) if rows else 0

    def identity(self) -> int:
        """A number that no other log has, drawn when it is first asked for."""
        if not self.position_of(IDENTITY):
            with self._writing("name the log") as connection:
                if not connection.execute(select(POSITIONS).where(POSITIONS.c.name == IDENTITY)).first():
                    drawn = secrets.randbelow((1 << 62) - 1) + 1
                    connection.execute(insert(POSITIONS).values(name=IDENTITY, position=drawn))
        return self.position_of(IDENTITY)

    def close(self) -> None:
        """Give all connections back; the log can be opened again."""
        self._engine.dispose()

    @contextmanager
    def _writing(self, doing: str) -> Iterator[Connection]:
        """One transaction that writes: one at a time, all of it or nothing."""
        with self._turn, explained(self._engine, doing), self._writer.begin() as connection:
            if not self._sqlite:
                connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
            yield connection

    def _read(self, doing: str, query: Any) -> Sequence[Row[Any]]:
        with explained(self._engine, doing), self._engine.connect() as connection:
            return connection.execute(query).all()

    def _known(self, connection: Connection, ids: list[str]) -> dict[str, int]:
        """Positions of those of ``ids`` that the log has."""
        found: dict[str, int] = {}
        for start in range(0, len(ids), CHUNK):
            query = select(EVENTS.c.id, EVENTS.c.position).where(EVENTS.c.id.in_(ids[start : start + CHUNK]))
            found.update((row.id, row.position) for row in connection.execute(query))
        return found

    def _erased_at(self, connection: Connection, users: set[str]) -> dict[str, float]:
        """When those of ``users`` were erased who were."""
        names = {self.pseudonyms.of(user): user for user in users}
        wanted = list(names)
        found: dict[str, float] = {}
        for start in range(0, len(wanted), CHUNK):
            query = select(ERASED).where(ERASED.c.pseudonym.in_(wanted[start : start + CHUNK]))
            found.update((names[row.pseudonym], row.erased_at) for row in connection.execute(query))
        return found

    def _check_key(self, connection: Connection) -> None:
        """Under another key erased people would not be recognised, and a refresh would bring them back."""
        rows = connection.execute(select(ABOUT).where(ABOUT.c.name == KEY_CHECK)).all()
        check = self.pseudonyms.of(KEY_CHECK)
        if not rows:
            connection.execute(insert(ABOUT).values(name=KEY_CHECK, value=check))
        elif rows[0].value != check:
            raise EventLogError(
                f"{self._engine.url.render_as_string(hide_password=True)} was written under another key of "
                "pseudonyms, so the people erased from it cannot be recognised; set KGREC_PSEUDONYM_KEY to it"
            )

    def wipe(self) -> None:
        """No byte of what was deleted stays in the files (SQLite), or the space is reused (PostgreSQL).

        Raises:
            EventLogError: a reader, or a full disk, keeps the old bytes for now.
        """
        with (
            self._turn,
            explained(self._engine, "wipe erased events"),
            self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        ):
            if not self._sqlite:
                connection.execute(text("VACUUM events"))
                return
            connection.execute(text("VACUUM"))
            busy = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()[0]
        if busy:
            raise EventLogError(
                "the person is erased, but a reader keeps the old write-ahead file; erase again to empty it"
            )


def _event_row(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "user_id": event.user,
        "item_id": event.item,
        "kind": event.kind,
        "weight": event.weight,
        "timestamp": event.timestamp,
    }


def _event(row: Row[Any]) -> Event:
    return Event(row.id, row.user_id, row.item_id, row.kind, row.weight, row.timestamp)
