"""The operator's view: live numbers, a refresh and the way back, a person's data."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from kgrec.online.events import Event

pytestmark = pytest.mark.usefixtures("clean")
OpenPage = Callable[..., Page]


def tile(page: Page, name: str):  # type: ignore[no-untyped-def]
    return page.locator(f"[data-tile={name}] dd").first


def test_numbers_of_the_service_are_shown_as_they_are(open_page: OpenPage, service) -> None:  # type: ignore[no-untyped-def]
    page = open_page()
    expect(page.locator("#rail-items .card")).to_have_count(12)
    page.get_by_role("link", name="Operate").click()
    row = page.get_by_role("row").filter(has_text="/recommend")
    expect(row).to_be_visible()
    expect(tile(page, "p50")).to_contain_text("ms")
    expect(tile(page, "errors")).to_have_text("0 %")
    status = service.live.status()
    expect(tile(page, "generation")).to_have_text(str(status["generation"]))
    expect(page.locator("[data-state=users] dd")).to_have_text(str(status["users"]))
    expect(page.locator("[data-state=model] dd")).to_have_text("ease")
    # After the second look there is a line.
    expect(page.locator("figure", has_text="Requests per second").locator("svg .end")).to_be_visible()
    before = int(tile(page, "events").inner_text().replace(",", ""))
    service.live.record([Event("live-number", "u21", "i03", "click", 1.0, 5e8)])
    expect(tile(page, "events")).not_to_have_text(f"{before:,}")


def test_refresh_and_rollback(open_page: OpenPage, service) -> None:  # type: ignore[no-untyped-def]
    fresh = [hit.item for user in ("u24", "u25") for hit in service.live.recommend(user, 4)]
    service.live.record(
        [Event(f"op-{n}", f"u{24 + n // 4}", item, "click", 1.0, 1e9 + n) for n, item in enumerate(fresh)]
    )
    start = service.live.generation
    page = open_page("#operate")
    expect(tile(page, "generation")).to_have_text(str(start))
    page.get_by_role("button", name="Refresh the model").click()
    said = page.locator(".learning .note")
    expect(said).to_contain_text(f"Generation {start + 1} has taken over.")
    expect(tile(page, "generation")).to_have_text(str(start + 1))
    expect(page.locator(".gate")).to_contain_text("Refreshed")
    page.get_by_role("button", name="Roll back").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert service.live.generation == start + 1
    page.get_by_role("button", name="Roll back").click()
    page.get_by_role("dialog").get_by_role("button", name="Yes, do it").click()
    expect(said).to_have_text(f"Now at generation {start}.")
    expect(page.get_by_role("button", name="Roll back")).to_be_disabled()
    assert service.live.generation == start


def test_a_persons_data_is_shown_saved_and_erased(
    open_page: OpenPage,
    service,
    tmp_path: Path,  # type: ignore[no-untyped-def]
) -> None:
    service.live.record([Event("of-u27", "u27", "i01", "click", 1.0, 7e8)])
    page = open_page("#operate")
    page.get_by_label("Person id").fill("u27")
    page.get_by_role("button", name="Export").click()
    expect(page.locator("pre")).to_contain_text("of-u27")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download JSON").click()
    assert download.value.suggested_filename == "person.json"
    download.value.save_as(tmp_path / "person.json")
    assert json.loads((tmp_path / "person.json").read_text())["events"][0]["id"] == "of-u27"
    page.get_by_role("button", name="Erase …").click()
    expect(page.get_by_role("dialog")).to_contain_text("Erase everything about “u27”?")
    page.get_by_role("dialog").get_by_role("button", name="Yes, do it").click()
    expect(page.get_by_text("1 event erased.")).to_be_visible()
    assert service.live.export("u27") == {"user": "u27", "trained_on": [], "events": []}
