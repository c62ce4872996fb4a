"""A PostgreSQL server of a benchmark's own, where one is installed."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def postgres_server() -> Iterator[str | None]:
    """Address of an empty database, None without PostgreSQL; server and data are gone at the end."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        yield None
        return
    binaries = found[-1].parent
    # The server refuses to be root.
    user = pwd.getpwnam("postgres").pw_name if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory() as name, socket.socket() as probe:
        folder = Path(name)
        if user:
            shutil.chown(folder, user)
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        data = str(folder / "data")
        _run(user, str(binaries / "initdb"), "-D", data, "-U", "kgrec", "-A", "trust", "-E", "UTF8")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        control = (str(binaries / "pg_ctl"), "-D", data)
        _run(user, *control, "-o", options, "-w", "-l", str(folder / "log"), "start")
        try:
            yield f"postgresql+psycopg://kgrec@127.0.0.1:{port}/postgres"
        finally:
            _run(user, *control, "-m", "immediate", "stop")


def _run(user: str | None, *command: str) -> None:
    # To the null device: the server inherits its output, and would keep a pipe open for ever.
    nothing = subprocess.DEVNULL
    subprocess.run(command, user=user, check=True, stdout=nothing, stderr=nothing, timeout=60, cwd="/")
