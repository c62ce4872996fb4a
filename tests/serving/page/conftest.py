"""The real page of a real service in a real browser; one of each for all tests of this folder.

Package scope and no wider: while Playwright's loop stands in this thread, nobody else can start one.
"""

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn

from kgrec.online.config import OnlineConfig
from kgrec.online.event_log import EventLog
from kgrec.online.events import ItemRecord
from kgrec.online.live_model import LiveModel
from kgrec.run import Run
from kgrec.serving.app import create_app
from kgrec.serving.config import ServingConfig
from kgrec.serving.keys import Key, Keys, Role, hash_of

playwright = pytest.importorskip("playwright.sync_api", reason="the page's tests need playwright")
from playwright.sync_api import Browser, BrowserContext, Page, expect  # noqa: E402

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
)
PATIENCE = 60_000
"""Milliseconds; a loaded machine is slow, and nothing waits longer than it has to."""
SECRETS = {role: f"{role.name.lower()}-page-key-0123456789" for role in Role}
KEYS = Keys([Key(f"the {role.name.lower()} one", role, hash_of(secret)) for role, secret in SECRETS.items()])
MARKUP = "<img src=x onerror=\"document.title='taken'\"> & <b>shoe</b>"
CHINESE = "红色运动鞋 Air"
MAKER = "http://shop.test/ontology/maker"
"""A relation as graphs of the web name them, with a colon."""


class Served:
    """A service at an address, and the model behind it."""

    def __init__(self, address: str, live: LiveModel) -> None:
        self.address, self.live = address, live


class Seen:
    """What a browser complained about and whom it asked."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.hosts: set[str] = set()

    def watch(self, page: Page) -> None:
        """A refusal by the content policy is an error of the console, too."""
        page.on(
            "console", lambda said: said.type in ("error", "warning") and self.complaints.append(said.text)
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))


@pytest.fixture(scope="package")
def service(trained: Callable[[str], Run], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("page")
    shutil.copytree(trained("ease").path, folder / "run")
    live = LiveModel.open(
        folder / "run", EventLog(f"sqlite:///{folder / 'events.db'}"), OnlineConfig(gate_tolerance=1.0)
    )
    live.put_item(
        ItemRecord("markup", MARKUP, "<script>document.title='taken'</script>", (("brand", "<i>b</i>"),))
    )
    live.put_item(ItemRecord("chinese", CHINESE, "轻便", (("brand", "brand0"), (MAKER, "Muji"))))
    live.warm_up()
    app = create_app(live, ServingConfig(warm_up=False, request_seconds=60), KEYS)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=5))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        deadline = time.monotonic() + PATIENCE / 1000
        while not server.started and thread.is_alive() and time.monotonic() < deadline:
            thread.join(0.02)
        try:
            assert server.started
            yield Served(f"http://127.0.0.1:{listening.getsockname()[1]}", live)
        finally:
            server.should_exit = True
            thread.join(PATIENCE / 1000)
            live.close()
    assert not thread.is_alive()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    expect.set_options(timeout=PATIENCE)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=Path(program), args=FLAGS.split())
        yield browser
        browser.close()


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def open_page(browser: Browser, service: Served, seen: Seen) -> Iterator[Callable[..., Page]]:
    """Opens the page in a browser context of its own, with a role's key or none."""
    contexts: list[BrowserContext] = []

    def open_one(hash_: str = "", role: Role | None = Role.OPERATE, **options: object) -> Page:
        wanted = {"locale": "en-US", "viewport": {"width": 1280, "height": 800}} | options
        context = browser.new_context(base_url=service.address, reduced_motion="reduce", **wanted)
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        if role is not None:
            context.add_init_script(f"sessionStorage.setItem('kgrec-key', '{SECRETS[role]}')")
        page = context.new_page()
        seen.watch(page)
        page.goto(f"/{hash_}")
        return page

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def clean(service: Served, seen: Seen) -> Iterator[None]:
    """After the test: nothing was complained about and no other host was asked."""
    yield
    assert seen.complaints == []
    assert seen.hosts <= {urlsplit(service.address).netloc}


PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture
def phone() -> dict[str, object]:
    return dict(PHONE)


@pytest.fixture
def secrets() -> dict[Role, str]:
    return dict(SECRETS)


@pytest.fixture
def markup() -> str:
    return MARKUP


@pytest.fixture
def chinese() -> str:
    return CHINESE
