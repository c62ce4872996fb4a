"""Connections that are durable by default, and database errors in words of kgrec."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from kgrec.errors import EventLogError

WRITES = "kgrec_writes"
"""Execution option of connections whose transactions write."""

SQLITE_ADVICE = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space and send the events again",
    sqlite3.SQLITE_BUSY: "another process holds the database; end it, or wait longer (busy_seconds)",
    sqlite3.SQLITE_LOCKED: "another connection holds the database; send the events again",
    sqlite3.SQLITE_CANTOPEN: "make the folder, and let this process write there",
    sqlite3.SQLITE_READONLY: "let this process write to the file and its folder",
    sqlite3.SQLITE_NOTADB: "the file is no SQLite database; choose another path",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; restore it from a copy",
    sqlite3.SQLITE_IOERR: "the disk cannot be read or written; look at the system's log",
}
POSTGRES_ADVICE = {
    "53100": "the server's disk is full; free some space and send the events again",
    "55P03": "another session holds the lock; wait longer (busy_seconds), or end it",
    "57014": "another session holds the lock; wait longer (busy_seconds), or end it",
    "25006": "the server takes no writes; connect to the primary",
    "42501": "give this role the right to write these tables",
}


def open_engine(url: str, busy_seconds: float) -> Engine:
    """An engine whose commits are on disk before they return.

    SQLite: WAL with ``synchronous=FULL`` (an fsync a commit), and deleted rows are overwritten with zeros.
    PostgreSQL: ``synchronous_commit=on``, whatever the server's default.

    Raises:
        EventLogError: the URL is of no database that keeps what it acknowledged.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise EventLogError(
            "the log's URL cannot be read; use sqlite:///PATH or postgresql+psycopg://..."
        ) from error
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _sqlite(parsed, busy_seconds)
    if backend == "postgresql":
        return _postgres(parsed, busy_seconds)
    raise EventLogError(
        f"the log cannot be kept in {backend}; use sqlite:///PATH or postgresql+psycopg://..."
    )


def _sqlite(url: URL, busy_seconds: float) -> Engine:
    if not url.database or url.database == ":memory:" or "mode=memory" in str(url):
        raise EventLogError("a log in memory keeps nothing; give a path: sqlite:///PATH")
    engine = create_engine(url, connect_args={"timeout": busy_seconds}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # Transactions are begun below: the driver's own begin is late, and fails where it should wait.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get("isolation_level") == "AUTOCOMMIT":
            return  # VACUUM runs outside of transactions
        writes = options.get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres(url: URL, busy_seconds: float) -> Engine:
    milliseconds = int(busy_seconds * 1000)
    options = f"-c synchronous_commit=on -c lock_timeout={milliseconds}"
    arguments = {"options": options, "connect_timeout": max(2, int(busy_seconds))}
    # Pre-ping: a connection that the server closed meanwhile is replaced, not handed out.
    return create_engine(url, connect_args=arguments, pool_pre_ping=True, hide_parameters=True)


@contextmanager
def explained(engine: Engine, doing: str) -> Iterator[None]:
    """Database errors as EventLogError: where, what, and the way out; never with the values of a row."""
    try:
        yield
    except SQLAlchemyError as error:
        where = engine.url.render_as_string(hide_password=True)
        cause = getattr(error, "orig", None) or error
        raise EventLogError(f"{where}: cannot {doing}: {_brief(cause)}; {_advice(cause)}") from error


def _brief(cause: BaseException) -> str:
    lines = str(cause).strip().splitlines()
    return lines[0] if lines else type(cause).__name__


def _advice(cause: BaseException) -> str:
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        # The low byte is the kind of error; the rest says more of it.
        return SQLITE_ADVICE.get(code & 0xFF, "nothing was written")
    state = getattr(cause, "sqlstate", None)
    return POSTGRES_ADVICE.get(state or "", "check that the server runs and takes this connection")
