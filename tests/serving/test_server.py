"""The real thing: `scripts/serve.py` in a process of its own, asked over a socket by the client."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kgrec.errors import ConfigError
from kgrec.run import Run
from kgrec.serving.client import Client, ServiceError
from kgrec.serving.config import ServingConfig, load_serving_config
from kgrec.serving.schemas import EventIn, ItemIn

ROOT = Path(__file__).resolve().parents[2]
KEY = "operate-key-0123456789"


@pytest.fixture(scope="module")
def run(trained: Callable[[str], Run], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served") / "run"
    shutil.copytree(trained("ease").path, folder)
    return folder


def start(*arguments: str, keys: str | None = f"operate:{KEY}") -> subprocess.Popen[str]:
    environment = {k: v for k, v in os.environ.items() if k != "KGREC_KEYS"} | {"OMP_NUM_THREADS": "1"}
    if keys:
        environment["KGREC_KEYS"] = keys
    command = [sys.executable, str(ROOT / "scripts" / "serve.py"), *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    )


def said(process: subprocess.Popen[str], pattern: str) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(pattern, line):
            return found[1]
    raise AssertionError(process.communicate(timeout=20))


@pytest.fixture(scope="module")
def served(run: Path) -> Iterator[str]:
    process = start("--run", str(run), "--port", "0")
    try:
        yield said(process, r"ready: (\S+)")
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
    assert process.returncode in (0, -signal.SIGTERM)
    assert "Traceback" not in errors


@pytest.fixture(scope="module")
def client(served: str) -> Iterator[Client]:
    with Client(served, KEY, seconds=60) as one:
        yield one


def test_the_client_does_what_a_shop_needs(client: Client) -> None:
    assert client.health().status == "ok"
    first = client.recommend("u01", 3)[0].item
    assert client.click("u01", first, "like") == 1
    event = EventIn(id="again", user="u01", item="i02", timestamp=1.0)
    assert [client.record([event]), client.record([event])] == [1, 0]
    assert first not in [one.item for one in client.recommend("u01", 5)]
    assert len(client.recommend_for_history(["i00"], 2)) == 2
    assert len(client.recommend_for_history({"i00": 2.0}, 2)) == 2
    assert len(client.similar("i00", 4)) == 4
    found = client.search("shoe", "u01", 3, {"brand": ["brand0", "brand1"]}, facets=True)
    assert found.items and "brand" in found.facets
    assert client.suggest("fry")[0].text.startswith("frying pan")
    assert client.explain("u01", client.recommend("u01", 1)[0].item, 2, "zh")
    assert client.put_item(ItemIn(id="x/y", title="running shoe x", facts=[("brand", "brand0")]))
    assert client.item("x/y").facts == [("brand", "brand0", "brand0")]
    assert client.erase("u01") == 2


def test_the_client_says_what_was_wrong(client: Client, served: str) -> None:
    with pytest.raises(ServiceError, match="404: item 'none'") as caught:
        client.similar("none")
    assert caught.value.status == 404
    with Client(served, "x" * 20, tries=1) as stranger, pytest.raises(ServiceError, match="401"):
        stranger.recommend("u01")
    with Client("http://127.0.0.1:1", KEY, tries=2) as lost, pytest.raises(ServiceError, match="not answer"):
        lost.health()


def test_without_keys_new_ones_are_printed_for_this_machine_alone(
    trained: Callable[[str], Run], tmp_path: Path
) -> None:
    # A run of its own: the other service of this module is the one writer of the other.
    shutil.copytree(trained("ease").path, tmp_path / "run")
    process = start("--run", str(tmp_path / "run"), "--port", "0", keys=None)
    try:
        key = said(process, r"key for operate: (\S+)")
        with Client(said(process, r"ready: (\S+)"), key) as client:
            assert len(client.recommend("u02", 2)) == 2
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=30)
    assert key not in errors


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--host", "0.0.0.0"), "give keys"),
        (("--port", "70000"), "port is 70000"),
        (("--run", "nowhere"), "no run directory"),
        (("--keys", "none.yaml"), "none.yaml"),
        (("--log", "mysql://x/y"), "use sqlite"),
    ],
)
def test_what_cannot_be_served_is_refused_in_one_line(
    run: Path, arguments: tuple[str, ...], reason: str
) -> None:
    whole = arguments if "--run" in arguments else ("--run", str(run), *arguments)
    process = start(*whole, keys=None)
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert reason in errors and "Traceback" not in errors


def test_settings_are_typed(tmp_path: Path) -> None:
    file = tmp_path / "serving.yaml"
    file.write_text("port: 0\nburst: 5\n")
    assert load_serving_config(file, burst=7, host=None) == ServingConfig(port=0, burst=7)
    for text, reason in (
        ("prot: 1", "prot"),
        ("port: many", "port"),
        ("[1]", "list"),
        ("burst: 0", "above 0"),
    ):
        file.write_text(text)
        with pytest.raises(ConfigError, match=reason):
            load_serving_config(file)
