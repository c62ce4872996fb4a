"""Who gets in, what is refused, and what never gets out."""

import json
import logging
import os
import pickle
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kgrec.errors import EventLogError, KgrecError
from kgrec.load_run import load_scorer
from kgrec.run import Run
from kgrec.serving.app import ROUTERS
from kgrec.serving.keys import Role

ROLES: dict[tuple[str, str], Role | None] = {
    ("GET", "/"): None,
    ("GET", "/health"): None,
    ("GET", "/openapi.json"): None,
    ("GET", "/recommend"): Role.READ,
    ("POST", "/recommend"): Role.READ,
    ("GET", "/similar"): Role.READ,
    ("GET", "/explain"): Role.READ,
    ("GET", "/search"): Role.READ,
    ("GET", "/suggest"): Role.READ,
    ("GET", "/items/{item:path}"): Role.READ,
    ("POST", "/events"): Role.WRITE,
    ("PUT", "/items"): Role.WRITE,
    ("POST", "/items"): Role.WRITE,
    ("GET", "/users/{user:path}"): Role.OPERATE,
    ("DELETE", "/users/{user:path}"): Role.OPERATE,
    ("GET", "/status"): Role.OPERATE,
    ("GET", "/metrics"): Role.OPERATE,
    ("POST", "/refresh"): Role.OPERATE,
    ("POST", "/rollback"): Role.OPERATE,
}
"""The least role of every route; a new one has to be decided on here."""

GOOD: dict[str, dict[str, Any]] = {
    "/recommend": {"params": {"user": "u01"}},
    "POST/recommend": {"json": {"history": ["i01"]}},
    "/similar": {"params": {"item": "i01"}},
    "/explain": {"params": {"user": "u01", "item": "i01"}},
    "POST/events": {"json": {"events": [{"id": "x", "user": "u01", "item": "i01"}]}},
    "PUT/items": {"json": {"id": "i01", "title": "x"}},
    "POST/items": {"json": {"id": "i01", "title": "x"}},
}


def address(path: str) -> str:
    return path.replace("{item:path}", "i01").replace("{user:path}", "u01")


def routes(app: Any) -> Iterator[tuple[str, str]]:
    """Methods and paths of all routes, those that the document leaves out as well."""
    for route in (*app.routes, *(route for router in ROUTERS for route in router.routes)):
        for method in getattr(route, "methods", None) or ():
            if method not in ("HEAD", "OPTIONS"):
                yield method, route.path


def test_every_route_is_decided_on(asked) -> None:  # type: ignore[no-untyped-def]
    assert set(routes(asked.client.app)) == set(ROLES)


@pytest.mark.parametrize(("method", "path"), [pair for pair, role in ROLES.items() if role is not None])
def test_no_key_or_a_smaller_role_gets_no_data(asked, method: str, path: str) -> None:  # type: ignore[no-untyped-def]
    least = ROLES[method, path]
    assert least is not None
    options = GOOD.get(f"{method}{path}", GOOD.get(path, {}))
    events = asked.live.status()["events"]
    nobody = asked(method, address(path), None, **options)
    wrong = asked(method, address(path), None, headers={"X-API-Key": "x" * 20}, **options)
    smaller = [asked(method, address(path), role, **options) for role in Role if role < least]
    assert [nobody.status_code, wrong.status_code] == [401, 401]
    assert [one.status_code for one in smaller] == [403] * len(smaller)
    for answer in (nobody, wrong, *smaller):
        assert answer.headers["content-type"] == "application/problem+json"
        assert set(answer.json()) == {"type", "title", "status", "detail", "instance"}
        assert "u01" not in answer.text and "i01" not in answer.text
    assert asked.live.status()["events"] == events and asked.live.generation == 0
    for role in Role:
        if role >= least and path != "/rollback":
            assert asked(method, address(path), role, **options).status_code == 200


def test_keys_are_no_query_parameter(asked) -> None:  # type: ignore[no-untyped-def]
    assert asked("GET", "/recommend?user=u01&X-API-Key=read-key-0123456789", None).status_code == 401


def test_too_many_requests_are_told_when_to_come_back(serve: Callable[..., Any]) -> None:
    asked = serve(rate_per_second=0.5, burst=3)
    answers = [asked("GET", "/suggest?q=x", Role.READ) for _ in range(5)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].headers["retry-after"] == "2"
    # Another key has its own measure.
    assert asked("GET", "/suggest?q=x", Role.WRITE).status_code == 200


@pytest.mark.parametrize("said", [True, False])
def test_a_large_body_is_refused_whether_it_says_its_length_or_not(
    serve: Callable[..., Any], said: bool
) -> None:
    asked = serve(max_body_bytes=2000)
    body = json.dumps({"history": ["i01"] * 900}).encode()

    def parts() -> Iterator[bytes]:
        for start in range(0, len(body), 500):
            yield body[start : start + 500]

    content = {"content": body if said else parts(), "headers": {"content-type": "application/json"}}
    answer = asked("POST", "/recommend", Role.READ, **content)
    assert answer.status_code == 413 and "2,000" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("GET", "/recommend", {"params": {"user": "u01", "k": 101}}),
        ("GET", "/recommend", {"params": {"user": "u01", "k": 0}}),
        ("GET", "/recommend", {"params": {"user": ""}}),
        ("GET", "/recommend", {"params": {"user": "x" * 513}}),
        ("GET", "/search", {"params": {"q": "x" * 513}}),
        ("GET", "/explain", {"params": {"user": "u", "item": "i01", "language": "fr"}}),
        ("POST", "/recommend", {"json": {"history": ["i01"], "extra": 1}}),
        ("POST", "/recommend", {"json": {"history": {"i01": -1}}}),
        ("POST", "/events", {"json": {"events": []}}),
        ("POST", "/events", {"json": {"events": [{"id": "a", "user": "u", "item": "i"}] * 1001}}),
        ("POST", "/events", {"json": {"events": [{"id": "a", "user": "u\0", "item": "i"}]}}),
        ("POST", "/events", {"json": {"events": [{"id": "a", "user": "u", "item": "i", "kind": "sneeze"}]}}),
        ("POST", "/events", {"content": b"{", "headers": {"content-type": "application/json"}}),
        ("PUT", "/items", {"json": {"id": "x", "title": ""}}),
        ("POST", "/events", {"json": {"events": [{"id": "a", "user": "u", "item": "i", "timestamp": 9e9}]}}),
    ],
)
def test_what_makes_no_sense_is_a_problem_with_a_reason(asked, method: str, path: str, options: Any) -> None:  # type: ignore[no-untyped-def]
    answer = asked(method, path, **options)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] and answer.json()["instance"] == answer.headers["x-request-id"]


def test_unknown_paths_and_methods_are_problems_too(asked) -> None:  # type: ignore[no-untyped-def]
    assert asked("GET", "/nothing").json()["status"] == 404
    assert asked("DELETE", "/recommend").json()["status"] == 405
    assert asked("GET", "/nothing", None).status_code == 401
    assert asked("GET", "/health/", headers={"host": "elsewhere"}).status_code == 404


def test_what_takes_too_long_is_given_up(serve: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    asked = serve(request_seconds=0.2)
    monkeypatch.setattr(asked.live, "recommend", lambda *_: time.sleep(1.0))
    answer = asked("GET", "/recommend?user=u01")
    assert answer.status_code == 503 and answer.headers["retry-after"] == "2"


def test_an_error_of_ours_says_nothing_of_the_inside(
    asked,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,  # type: ignore[no-untyped-def]
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("secret inside")

    monkeypatch.setattr(asked.live, "recommend", fail)
    answer = asked("GET", "/recommend?user=u01")
    assert answer.status_code == 500 and "secret" not in answer.text
    assert answer.json()["instance"] in caplog.text


def test_a_log_that_cannot_be_written_is_503(asked, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    def fail(*_: object) -> None:
        raise EventLogError("sqlite:////home/me/log.db: disk full")

    monkeypatch.setattr(asked.live._log, "append_new", fail)
    answer = asked("POST", "/events", json={"events": [{"id": "a", "user": "u", "item": "i01"}]})
    assert answer.status_code == 503 and "home" not in answer.text and "nothing was recorded" in answer.text


def test_logs_name_neither_people_nor_keys_nor_what_they_look_for(
    asked,
    caplog: pytest.LogCaptureFixture,  # type: ignore[no-untyped-def]
) -> None:
    caplog.set_level(logging.DEBUG)
    who = "mallory-the-person"
    asked("POST", "/events", json={"events": [{"id": "a", "user": who, "item": "i01"}]})
    asked("GET", "/recommend", params={"user": who})
    asked("GET", "/search", params={"q": "embarrassing illness", "user": who})
    asked("GET", "/explain", params={"user": who, "item": "i02"})
    asked("GET", f"/users/{who}")
    asked("DELETE", f"/users/{who}")
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("kgrec"))
    assert "GET /recommend 200" in ours and "key the operate one" in ours
    for secret in (who, "embarrassing", "operate-key-0123456789"):
        assert secret not in ours


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e/%2e%2e/__init__.py",
        "/static//etc/passwd",
        "/items/../../etc/passwd",
        "/items/..%2f..%2fetc%2fpasswd",
        "/users/..%2f..%2fetc%2fpasswd",
    ],
)
def test_no_path_of_a_request_reaches_the_files(asked, path: str) -> None:  # type: ignore[no-untyped-def]
    answer = asked("GET", path)
    assert "import " not in answer.text and "root:" not in answer.text
    assert answer.status_code in (200, 404)
    if answer.status_code == 200:
        assert answer.json()["events"] == []


class _Evil:
    """Runs when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("name", ["model.safetensors", "vectors.safetensors"])
def test_a_run_from_disk_cannot_run_code(trained: Callable[[str], Run], tmp_path: Path, name: str) -> None:
    import shutil

    run = Run(tmp_path / "run")
    shutil.copytree(trained("kgrec").path, run.path)
    mark = tmp_path / "ran"
    evil = pickle.dumps(_Evil(mark))
    (run.path / name).write_bytes(evil)
    for other in ("checkpoint.pt", "model.pt", "scorer.safetensors"):
        (run.path / other).write_bytes(evil)
    with pytest.raises(KgrecError):
        load_scorer(run)
    assert not mark.exists()
    # The trap works where somebody steps into it.
    pickle.loads(evil)
    assert mark.exists()


def test_answers_carry_headers_that_browsers_obey(asked) -> None:  # type: ignore[no-untyped-def]
    for path in ("/", "/recommend?user=u01", "/nothing"):
        headers = asked("GET", path).headers
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
        assert "server" not in headers


def test_the_document_says_which_routes_need_a_key(asked) -> None:  # type: ignore[no-untyped-def]
    document = asked("GET", "/openapi.json", None).json()
    assert document["paths"]["/health"]["get"]["security"] == []
    assert document["paths"]["/recommend"]["get"]["security"] == [{"key": []}]
