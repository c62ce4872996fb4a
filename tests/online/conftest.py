"""Databases for the log: SQLite in a file, and a PostgreSQL server of the tests' own."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kgrec.online.event_log import EventLog
from kgrec.online.events import Event
from kgrec.online.live_model import LiveModel
from kgrec.tracking.pseudonyms import Pseudonyms

NO_SERVER = "PostgreSQL is not installed: no initdb on the path or under /usr/lib/postgresql"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Address of a fresh server, stopped at the end; each use makes a database of its own."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = shutil.which("initdb") or (str(binaries[-1]) if binaries else None)
    if initdb is None:
        pytest.skip(NO_SERVER)
    # The server refuses to be root.
    as_root = os.geteuid() == 0
    user = next((u for u in ("postgres", "nobody") if as_root and _exists(u)), None)
    if as_root and user is None:
        pytest.skip("PostgreSQL does not run as root, and there is no user 'postgres' or 'nobody'")

    def run(*command: str) -> None:
        # To the null device: the server inherits its output, and would keep a pipe open for ever.
        nothing = subprocess.DEVNULL
        subprocess.run(command, user=user, check=True, stdout=nothing, stderr=nothing, timeout=60, cwd="/")

    # Not below pytest's own folder: each pytest that starts closes that to other users, under the server.
    with tempfile.TemporaryDirectory(prefix="kgrec-postgres-") as name:
        if user:
            shutil.chown(name, user)
        control, data, port = str(Path(initdb).parent / "pg_ctl"), f"{name}/data", _free_port()
        run(initdb, "-D", data, "-U", "kgrec", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        run(control, "-D", data, "-o", options, "-w", "-l", f"{name}/log", "start")
        try:
            yield f"postgresql+psycopg://kgrec@127.0.0.1:{port}"
        finally:
            run(control, "-D", data, "-m", "immediate", "stop")


@pytest.fixture
def database(postgres: str) -> Iterator[str]:
    """Address of an empty database."""
    import psycopg

    address = postgres.replace("+psycopg", "")
    with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE log")
        yield f"{postgres}/log"
        connection.execute("DROP DATABASE log WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of an empty log, of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'log.db'}"
    address: str = request.getfixturevalue("database")
    return address


@pytest.fixture
def open_log(url: str) -> Iterator[Callable[[], EventLog]]:
    """Opens the log, as often as a test likes; closed at the end."""
    opened = []

    def open_one() -> EventLog:
        opened.append(EventLog(url, busy_seconds=1.0, pseudonyms=Pseudonyms(b"k" * 32)))
        return opened[-1]

    yield open_one
    for log in opened:
        log.close()


@pytest.fixture
def busy() -> Callable[[LiveModel], None]:
    """Events of many people: each likes what is best for them, so that there is something to learn."""

    def record(live: LiveModel) -> None:
        for turn in range(2):
            for user in range(30):
                name = f"n{user}" if user % 2 else f"u{user:02d}"
                liked = live.recommend(name, 3)[turn].item
                live.record([Event(f"{name}-{turn}", name, liked, "like", timestamp=turn)])

    return record


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True
