"""A service over a live model of the planted shop, asked in this process."""

from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from kgrec.online.config import OnlineConfig
from kgrec.online.live_model import LiveModel
from kgrec.serving.app import create_app
from kgrec.serving.config import ServingConfig
from kgrec.serving.keys import Key, Keys, Role, hash_of

SECRETS = {role: f"{role.name.lower()}-key-0123456789" for role in Role}
KEYS = Keys([Key(f"the {role.name.lower()} one", role, hash_of(secret)) for role, secret in SECRETS.items()])


def header(role: Role | None) -> dict[str, str]:
    """The header of a role's key; none for nobody."""
    return {} if role is None else {"X-API-Key": SECRETS[role]}


class Asked:
    """An application and whoever asks it."""

    def __init__(self, live: LiveModel, client: TestClient) -> None:
        self.live, self.client = live, client

    def __call__(self, method: str, path: str, role: Role | None = Role.OPERATE, **options: object):  # type: ignore[no-untyped-def]
        headers = header(role) | options.pop("headers", {})  # type: ignore[operator]
        return self.client.request(method, path, headers=headers, **options)


@pytest.fixture
def serve(open_live: Callable[..., LiveModel]) -> Iterator[Callable[..., Asked]]:
    """Serves a live model of ``model`` with some settings."""
    clients = []

    def serve_one(model: str = "ease", **settings: object) -> Asked:
        live = open_live(model, OnlineConfig(gate_tolerance=1.0))
        app = create_app(live, ServingConfig(warm_up=False, **settings), KEYS)  # type: ignore[arg-type]
        client = TestClient(app, raise_server_exceptions=False)
        clients.append(client)
        client.__enter__()
        return Asked(live, client)

    yield serve_one
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def asked(serve: Callable[..., Asked]) -> Asked:
    """A service with the settings that it comes with."""
    return serve()
