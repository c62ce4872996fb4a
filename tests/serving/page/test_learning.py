"""The row for a person that learns from clicks, and the reasons drawn as paths."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.usefixtures("clean")
OpenPage = Callable[..., Page]


def choose(page: Page, person: str) -> None:
    page.get_by_label("Person", exact=True).fill(person)
    page.keyboard.press("Enter")
    expect(page.locator("#rail-title")).to_have_text("For you")
    expect(page.locator("#rail-items .why").first).to_be_visible()


def items(page: Page) -> list[str]:
    return [card.get_attribute("data-item") or "" for card in page.locator("#rail-items .card").all()]


def test_a_click_is_recorded_and_changes_the_row(open_page: OpenPage, service) -> None:  # type: ignore[no-untyped-def]
    page = open_page()
    choose(page, "u07")
    before = items(page)
    assert before == [hit.item for hit in service.live.recommend("u07", 12)]
    page.locator("#rail-items .title").first.click()
    expect(page.locator("#rail-note")).to_contain_text("Learned from your click on")
    after = items(page)
    assert before[0] not in after and after != before
    assert [event["item"] for event in service.live.export("u07")["events"]] == [before[0]]
    fresh = page.locator("#rail-items .card", has=page.locator(".badge"))
    assert {card.get_attribute("data-item") for card in fresh.all()} == set(after) - set(before)


def test_a_guest_is_served_without_being_recorded(open_page: OpenPage, service) -> None:  # type: ignore[no-untyped-def]
    page = open_page()
    expect(page.locator("#rail-title")).to_have_text("Popular now")
    expect(page.locator("#rail-items .card")).to_have_count(12)
    events = service.live.status()["events"]
    page.locator("#rail-items .title").first.click()
    expect(page.locator("#rail-title")).to_have_text("From what you opened")
    expect(page.get_by_role("dialog")).to_contain_text("Enter a person above")
    assert service.live.status()["events"] == events


def test_the_reasons_are_drawn_node_by_node(open_page: OpenPage, service) -> None:  # type: ignore[no-untyped-def]
    page = open_page()
    choose(page, "u09")
    title = page.locator("#rail-items .title").first.inner_text()
    item = items(page)[0]
    page.get_by_role("button", name=f"Why {title}?").first.click()
    panel = page.get_by_role("dialog")
    told = service.live.explain("u09", item, 3, "en")
    expect(panel.locator(".paths > li")).to_have_count(len(told))
    picture = panel.get_by_role("img", name=told[0].words)
    expect(picture.locator(".node")).to_have_count(len(told[0].nodes))
    labels = picture.locator(".node > title").all_text_contents()
    assert labels == [node.label for node in told[0].nodes]
    kinds = [node.get_attribute("class") or "" for node in picture.locator(".node").all()]
    assert [kind.split()[1] for kind in kinds] == [node.kind for node in told[0].nodes]
    assert kinds[0] == "node user" and kinds[-1] == "node item target"
    expect(picture.locator(".edge")).to_have_count(len(told[0].edges))
    expect(panel.locator(".words").first).to_have_text(told[0].words)
    # A look at the reasons is no click.
    assert service.live.export("u09")["events"] == []


def test_the_panel_closes_by_key_and_gives_the_focus_back(open_page: OpenPage) -> None:
    page = open_page("#q=wool")
    title = page.locator("#results .title").first
    title.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").locator("h2")).to_be_focused()
    expect(page.locator(".similar .card").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(title).to_be_focused()


def test_a_fact_leads_to_a_search(open_page: OpenPage) -> None:
    page = open_page("#q=frying")
    page.locator("#results .title").first.click()
    page.get_by_role("dialog").get_by_role("button", name="brand2").click()
    expect(page.get_by_role("combobox")).to_have_value("brand2")
    expect(page.locator("#count")).to_contain_text("“brand2”")
