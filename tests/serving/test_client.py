"""The client against answers that a service of ours never gives, but whatever stands before it may."""

import json
from collections.abc import Callable

import httpx
import pytest

from kgrec.serving import client as module
from kgrec.serving.client import Client, ServiceError
from kgrec.serving.schemas import EventIn

Answers = Callable[[httpx.Request], httpx.Response]


def client_of(answers: Answers) -> Client:
    """A client whose network is a function."""
    client = Client("http://service", "k" * 20, tries=2)
    client.close()
    client._http = httpx.Client(base_url="http://service", transport=httpx.MockTransport(answers))
    return client


@pytest.mark.parametrize("page", ["<html>welcome</html>", "[]", '{"items": 3}'])
def test_a_page_of_something_else_is_an_error_of_the_service(page: str) -> None:
    with (
        client_of(lambda _: httpx.Response(200, text=page)) as client,
        pytest.raises(ServiceError, match="/recommend answered what is no Items"),
    ):
        client.recommend("u")


@pytest.mark.parametrize("page", ["<html>bad</html>", "[]", "{}"])
def test_an_error_without_a_reason_is_told_by_its_name(page: str) -> None:
    with (
        client_of(lambda _: httpx.Response(404, text=page)) as client,
        pytest.raises(ServiceError, match="404: Not Found"),
    ):
        client.recommend("u")


@pytest.mark.parametrize(
    ("said", "seconds"), [("0", 0.0), ("3", 3.0), ("900", 5.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 1.0)]
)
def test_the_pause_is_what_the_service_says_and_short(
    said: str, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(module.time, "sleep", slept.append)
    busy = httpx.Response(503, headers={"Retry-After": said}, json={"detail": "busy"})
    with client_of(lambda _: busy) as client, pytest.raises(ServiceError, match="503: busy"):
        client.recommend("u")
    assert slept == [seconds]


def test_an_event_tried_again_keeps_its_id_and_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    bodies: list[dict[str, object]] = []

    def answers(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        return httpx.Response(503) if len(bodies) == 1 else httpx.Response(200, json={"recorded": 1})

    monkeypatch.setattr(module.time, "sleep", lambda _: None)
    with client_of(answers) as client:
        assert client.record([EventIn(id="a", user="u", item="i")]) == 1
    assert bodies[0] == bodies[1]
    assert bodies[0]["events"][0]["timestamp"] > 1e9  # type: ignore[index]
