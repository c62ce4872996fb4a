"""Nothing without a key, and what a smaller or a wrong key leads to."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from kgrec.serving.keys import Role

OpenPage = Callable[..., Page]


@pytest.mark.usefixtures("clean")
def test_without_a_key_the_page_asks_for_one(open_page: OpenPage, secrets: dict[Role, str]) -> None:
    page = open_page(role=None)
    welcome = page.get_by_role("region", name="Find it, see why, teach it")
    expect(welcome).to_be_visible()
    expect(page.locator("#shop-view")).to_be_hidden()
    welcome.get_by_role("button", name="Enter").click()
    expect(welcome.get_by_label("Key")).to_be_focused()
    welcome.get_by_label("Key").fill(secrets[Role.READ])
    page.keyboard.press("Enter")
    expect(page.locator("#rail-items .card")).to_have_count(12)
    expect(welcome).to_be_hidden()


@pytest.mark.usefixtures("clean")
def test_a_forgotten_key_takes_everything_with_it(open_page: OpenPage, secrets: dict[Role, str]) -> None:
    page = open_page(role=None)
    page.locator("#welcome-key").fill(secrets[Role.READ])
    page.keyboard.press("Enter")
    expect(page.locator("#results .card")).to_have_count(20)
    page.get_by_role("button", name="Key ✓").click()
    page.get_by_role("button", name="Forget the key").click()
    expect(page.locator("#welcome")).to_be_visible()
    assert page.locator(".card").count() == 0
    assert page.evaluate("sessionStorage.length") == 0


def test_a_wrong_key_is_said_and_can_be_replaced(open_page: OpenPage, secrets: dict[Role, str]) -> None:
    page = open_page(role=None)
    page.locator("#welcome-key").fill("wrong-key-0123456789")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("The service does not know this key.")
    expect(page.locator("#shop-view")).to_be_hidden()
    page.locator("#welcome-key").fill(secrets[Role.READ])
    page.keyboard.press("Enter")
    expect(page.locator("#rail-items .card")).to_have_count(12)


def test_a_key_that_ends_while_in_use_is_said(open_page: OpenPage, secrets: dict[Role, str]) -> None:
    page = open_page()
    expect(page.locator("#results .card")).to_have_count(20)
    page.get_by_role("button", name="Key ✓").click()
    page.get_by_role("dialog").get_by_label("Key").fill("wrong-key-0123456789")
    page.keyboard.press("Enter")
    notice = page.locator(".notice")
    expect(notice).to_contain_text("does not know this key")
    notice.get_by_role("button", name="Enter a key").click()
    page.get_by_role("dialog").get_by_label("Key").fill(secrets[Role.READ])
    page.keyboard.press("Enter")
    expect(notice).to_be_hidden()
    expect(page.locator("#rail-title")).to_have_text("Popular now")
    expect(page.locator("#rail-note")).to_contain_text("Enter a person")


def test_a_reader_may_neither_operate_nor_teach(open_page: OpenPage, service) -> None:  # type: ignore[no-untyped-def]
    page = open_page("#operate", role=Role.READ)
    expect(page.locator(".notice")).to_contain_text("may not do that")
    page.get_by_role("link", name="Shop").click()
    expect(page.locator(".notice")).to_be_hidden()
    page.get_by_label("Person", exact=True).fill("u11")
    page.keyboard.press("Enter")
    expect(page.locator("#rail-items .why").first).to_be_visible()
    page.locator("#rail-items .title").first.click()
    expect(page.locator(".notice")).to_contain_text("The click was not recorded. This key may not do that.")
    assert service.live.export("u11")["events"] == []


def test_a_service_that_is_gone_is_said_and_tried_again(open_page: OpenPage) -> None:
    page = open_page()
    expect(page.locator("#results .card")).to_have_count(20)
    page.route("**/search?*", lambda route: route.abort())
    page.get_by_role("combobox").fill("pan")
    page.keyboard.press("Enter")
    notice = page.locator(".notice")
    expect(notice).to_contain_text("cannot be reached")
    page.unroute("**/search?*")
    notice.get_by_role("button", name="Try again").click()
    expect(page.locator("#results .title").first).to_contain_text("pan")
    expect(notice).to_be_hidden()
