import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import socket, sys
def refuse(*args, **kwargs):
    print("network", args, file=sys.stderr)
    raise OSError("no network here")
socket.socket.connect = socket.getaddrinfo = refuse
from kgrec.features.third_party import quiet_imports
quiet_imports()
import ogb.linkproppred, pykeen.models, threading
for thread in threading.enumerate():
    if thread is not threading.main_thread():
        thread.join()
"""


def run(script: str, home: Path) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYSTOW", "OUTDATED"))}
    environment = kept | {"HOME": str(home), "TMPDIR": str(home.parent / "tmp")}
    (home.parent / "tmp").mkdir(exist_ok=True)
    return subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)


def test_imports_touch_neither_home_nor_network(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    done = run(SCRIPT, home)
    assert done.returncode == 0, done.stderr
    assert "network" not in done.stderr
    assert done.stdout == ""
    assert [path.name for path in home.iterdir() if not path.name.startswith((".cache", ".config"))] == []


def test_features_that_are_off_import_nothing_heavy(tmp_path: Path) -> None:
    script = (
        "import sys, kgrec.features.node_features, kgrec.features.fusion;"
        "print([name for name in ('pykeen', 'ogb', 'transformers') if name in sys.modules])"
    )
    assert run(script, tmp_path).stdout.strip() == "[]"
