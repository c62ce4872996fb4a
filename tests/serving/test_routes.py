"""Every route by what it answers."""

import threading
from collections.abc import Callable

import pytest

from kgrec.errors import ConfigError
from kgrec.online.events import Event
from kgrec.serving.keys import Role


def like(user: str, item: str, name: str = "e") -> dict[str, object]:
    return {"events": [{"id": name, "user": user, "item": item, "kind": "like"}]}


def test_health_needs_no_key(asked) -> None:  # type: ignore[no-untyped-def]
    assert asked("GET", "/health", None).json() == {"status": "ok", "generation": 0, "search_ready": False}


def test_recommendations_are_the_live_models(asked) -> None:  # type: ignore[no-untyped-def]
    answer = asked("GET", "/recommend", params={"user": "u01", "k": 4}).json()
    hits = asked.live.recommend("u01", 4)
    assert [(one["item"], one["title"]) for one in answer["items"]] == [(h.item, h.title) for h in hits]
    assert answer["generation"] == 0


def test_an_event_changes_the_next_answer(asked) -> None:  # type: ignore[no-untyped-def]
    first = asked("GET", "/recommend", params={"user": "u01"}).json()["items"][0]["item"]
    assert asked("POST", "/events", json=like("u01", first)).json() == {"recorded": 1}
    assert asked("POST", "/events", json=like("u01", first)).json() == {"recorded": 0}
    after = asked("GET", "/recommend", params={"user": "u01"}).json()["items"]
    assert first not in [one["item"] for one in after]


def test_a_history_is_served_and_not_kept(asked) -> None:  # type: ignore[no-untyped-def]
    plain = asked("POST", "/recommend", json={"history": ["i00", "i03"], "k": 3}).json()
    assert {int(one["item"][1:]) % 3 for one in plain["items"]} == {0}
    weighted = asked("POST", "/recommend", json={"history": {"i00": 1.0, "i01": 50.0}, "k": 3}).json()
    assert {int(one["item"][1:]) % 3 for one in weighted["items"]} == {1}
    assert asked.live.status()["events"] == 0


def test_search_says_what_it_understood_and_why(asked) -> None:  # type: ignore[no-untyped-def]
    answer = asked("GET", "/search", params={"q": "frying pan", "k": 3, "facets": True}).json()
    assert all("frying pan" in one["title"] for one in answer["items"])
    assert answer["items"][0]["parts"]["lexical"]["rank"] == 1
    assert answer["items"][0]["highlights"]
    assert {"value": "brand2", "label": "brand2", "count": 10} in answer["facets"]["brand"]
    assert answer["query"]["rewritten"] == "frying pan"


def test_filters_narrow(asked) -> None:  # type: ignore[no-untyped-def]
    wanted = {"q": "shoe", "k": 10, "filter": ["brand:brand0"]}
    found = asked("GET", "/search", params=wanted).json()["items"]
    assert found and {int(one["item"][1:]) % 3 for one in found} == {0}
    assert asked("GET", "/search", params={"q": "shoe", "filter": ["nonsense:x"]}).status_code == 422
    assert asked("GET", "/search", params={"q": "shoe", "filter": ["nocolon"]}).status_code == 422


def test_suggestions_begin_as_typed_and_know_new_items(asked) -> None:  # type: ignore[no-untyped-def]
    texts = [
        one["text"] for one in asked("GET", "/suggest", params={"q": "fry", "k": 3}).json()["suggestions"]
    ]
    assert len(texts) == 3 and all(text.startswith("frying pan") for text in texts)
    asked("PUT", "/items", json={"id": "new", "title": "Zeppelin"})
    found = asked("GET", "/suggest", params={"q": "ZEP"}).json()["suggestions"]
    assert found == [{"text": "Zeppelin", "kind": "title"}]
    assert asked("GET", "/suggest", params={"q": ""}).json() == {"suggestions": []}


def test_reasons_are_drawn_and_told(asked) -> None:  # type: ignore[no-untyped-def]
    item = asked.live.recommend("u01", 1)[0].item
    paths = asked("GET", "/explain", params={"user": "u01", "item": item, "k": 2}).json()["paths"]
    assert paths[0]["nodes"][0] == {"kind": "user", "id": "u01", "label": "u01"}
    assert paths[0]["nodes"][-1]["id"] == item
    for edge in paths[0]["edges"]:
        assert {edge["head"], edge["tail"]} <= set(range(len(paths[0]["nodes"])))
    told = asked("GET", "/explain", params={"user": "u01", "item": item, "language": "zh"}).json()["paths"]
    assert "选过" in told[0]["words"]
    assert asked("GET", "/explain", params={"user": "u01", "item": "none"}).status_code == 404


def test_items_come_and_are_told_of(asked) -> None:  # type: ignore[no-untyped-def]
    new = {"id": "a/b c", "title": "running shoe new", "facts": [["brand", "brand0"]]}
    assert asked("PUT", "/items", json=new).json() == {"new": True}
    assert asked("POST", "/items", json=new).json() == {"new": False}
    told = asked("GET", "/items/a%2Fb%20c").json()
    assert told["title"] == "running shoe new" and told["facts"] == [["brand", "brand0", "brand0"]]
    assert asked("GET", "/items/none").status_code == 404
    similar = asked("GET", "/similar", params={"item": "a/b c", "k": 3}).json()["items"]
    assert {int(one["item"][1:]) % 3 for one in similar} == {0}


def test_a_person_is_exported_and_erased(asked) -> None:  # type: ignore[no-untyped-def]
    asked("POST", "/events", json=like("u01", "i02"))
    held = asked("GET", "/users/u01").json()
    assert held["events"][0]["item"] == "i02" and len(held["trained_on"]) > 0
    assert asked("DELETE", "/users/u01").json() == {"erased": 1}
    assert asked("GET", "/users/u01").json() == {"user": "u01", "trained_on": [], "events": []}


def test_a_refresh_swaps_under_load_and_rolls_back(asked) -> None:  # type: ignore[no-untyped-def]
    for n in range(20):
        user = f"u{n:02d}"
        best = asked.live.recommend(user, 2)
        asked.live.record([Event(f"{user}{hit.item}", user, hit.item, "like") for hit in best])
    statuses: list[int] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            statuses.append(asked("GET", "/recommend", params={"user": "u03", "k": 3}).status_code)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        report = asked("POST", "/refresh").json()
        state = asked("GET", "/status").json()
        back = asked("POST", "/rollback")
    finally:
        stop.set()
        thread.join(20)
    assert report["accepted"] and report["generation"] == 1 and state["generation"] == 1
    assert back.json() == {"generation": 0}
    assert statuses and set(statuses) == {200}
    assert asked("POST", "/rollback").status_code == 422


def test_nobody_waits_for_a_training_to_be_forgotten(
    serve: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = serve()
    begun, end = threading.Event(), threading.Event()

    def train(*_: object) -> None:
        begun.set()
        assert end.wait(60)
        raise ConfigError("two new events are the least")

    monkeypatch.setattr(asked.live.refresher, "_refresh", train)  # type: ignore[attr-defined]
    thread = threading.Thread(target=asked, args=("POST", "/refresh"))  # type: ignore[arg-type]
    thread.start()
    try:
        assert begun.wait(20)
        erased = asked("DELETE", "/users/u01")  # type: ignore[operator]
        put = asked("PUT", "/items", json={"id": "new", "title": "new"})  # type: ignore[operator]
        again = asked("POST", "/refresh")  # type: ignore[operator]
    finally:
        end.set()
        thread.join(20)
    assert [erased.status_code, put.status_code] == [200, 200]
    assert again.status_code == 422 and "under way" in again.json()["detail"]


def test_metrics_count_routes_and_name_nobody(asked) -> None:  # type: ignore[no-untyped-def]
    asked("GET", "/recommend", params={"user": "mallory"})
    asked("GET", "/users/mallory")
    asked("GET", "/no/such/mallory")
    text = asked("GET", "/metrics").text
    assert 'kgrec_requests_total{method="GET",route="/recommend",status="200"} 1.0' in text
    assert 'route="/users/{user}"' in text and 'route="other"' in text
    assert "kgrec_live_generation 0.0" in text
    assert "mallory" not in text


def test_the_page_and_its_parts(asked) -> None:  # type: ignore[no-untyped-def]
    page = asked("GET", "/", None)
    assert page.status_code == 200 and "kgrec" in page.text
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy and "unsafe" not in policy
    assert asked("GET", "/static/app.js", None).headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize("warm_up", [True])
def test_warm_up_builds_the_search(serve: Callable[..., object], warm_up: bool) -> None:
    asked = serve()
    asked.client.app.state.service.warm_up()  # type: ignore[attr-defined]
    assert asked("GET", "/health", Role.READ).json()["search_ready"]  # type: ignore[operator]
