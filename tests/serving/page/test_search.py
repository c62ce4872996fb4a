"""Finding: results, suggestions by keyboard, facets, what a hostile title does."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.usefixtures("clean")
OpenPage = Callable[..., Page]


def search(page: Page, text: str) -> None:
    page.get_by_role("combobox").fill(text)
    page.keyboard.press("Enter")
    expect(page.locator("#count")).to_contain_text(f"“{text}”")


def test_a_search_lists_what_fits_and_marks_it(open_page: OpenPage) -> None:
    page = open_page()
    page.keyboard.press("/")
    expect(page.get_by_role("combobox")).to_be_focused()
    search(page, "frying")
    titles = page.locator("#results .title")
    expect(titles.first).to_contain_text("frying pan")
    expect(titles.first.locator("mark")).to_have_text("frying")
    assert page.url.endswith("#q=frying")
    page.go_back()
    expect(page.get_by_role("combobox")).to_have_value("")
    expect(page.locator("#count")).to_have_text("First 20 items")


def test_chinese_is_found(open_page: OpenPage, chinese: str) -> None:
    page = open_page("#q=%E8%BF%90%E5%8A%A8%E9%9E%8B")
    expect(page.locator("#results .title").first).to_have_text(chinese)


def test_suggestions_are_chosen_by_keyboard(open_page: OpenPage) -> None:
    page = open_page()
    box, options = page.get_by_role("combobox"), page.get_by_role("option")
    box.press_sequentially("fry")
    expect(options).to_have_count(8)
    expect(box).to_have_attribute("aria-expanded", "true")
    box.press("ArrowDown")
    box.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", "suggestion-1")
    wanted = options.nth(1).locator(".text").inner_text()
    box.press("Enter")
    expect(box).to_have_value(wanted)
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(page.locator("#results .title").first).to_have_text(wanted)


def test_escape_closes_the_suggestions_then_empties_the_box(open_page: OpenPage) -> None:
    page = open_page()
    box = page.get_by_role("combobox")
    box.press_sequentially("wool")
    expect(page.get_by_role("listbox")).to_be_visible()
    box.press("ArrowUp")
    expect(page.get_by_role("option").last).to_have_attribute("aria-selected", "true")
    box.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(box).to_have_value("wool")
    box.press("Escape")
    expect(box).to_have_value("")


def test_facets_narrow_and_widen(open_page: OpenPage) -> None:
    page = open_page()
    titles = page.locator("#results .title")
    expect(titles).to_have_count(20)
    page.get_by_role("checkbox", name="brand1").check()
    expect(titles).to_have_count(10)
    assert all("wool blanket" in title for title in titles.all_inner_texts())
    # The other values still say what they would add.
    page.get_by_role("checkbox", name="brand2").check()
    expect(titles).to_have_count(20)
    page.get_by_role("button", name="Remove the filter brand2").click()
    expect(titles).to_have_count(10)
    page.get_by_role("button", name="Remove the filter brand1").click()
    expect(page.get_by_role("checkbox", name="brand1")).not_to_be_checked()
    expect(titles).to_have_count(20)


def test_a_relation_that_is_an_address_filters_too(open_page: OpenPage) -> None:
    page = open_page("#q=%E8%BF%90%E5%8A%A8%E9%9E%8B")
    page.get_by_role("group", name="maker").get_by_role("checkbox").check()
    expect(page.get_by_role("button", name="Remove the filter Muji")).to_have_text("maker: Muji ✕")
    expect(page.locator("#results .card")).to_have_count(1)


def test_nothing_found_is_said_with_a_way_on(open_page: OpenPage) -> None:
    page = open_page()
    expect(page.locator("#results .card")).to_have_count(20)
    nothing = {"query": {"text": "unheard", "rewritten": "unheard"}, "items": [], "facets": {}}
    page.route("**/search?*", lambda route: route.fulfill(json=nothing))
    search(page, "unheard")
    expect(page.locator("#count")).to_have_text("Nothing found for “unheard”.")
    expect(page.locator("#results")).to_have_text("Try fewer words, other words, or take filters away.")
    expect(page.locator("#facets")).to_have_text("Nothing to filter by.")


def test_more_results_come_when_asked_for(open_page: OpenPage) -> None:
    page = open_page()
    page.get_by_role("button", name="Show more").click()
    expect(page.locator("#results .title")).to_have_count(32)
    expect(page.locator("#count")).to_have_text("32 items")
    expect(page.get_by_role("button", name="Show more")).to_be_hidden()


def test_markup_in_a_title_is_text(open_page: OpenPage, markup: str) -> None:
    page = open_page()
    page.get_by_role("combobox").press_sequentially("onerr")
    expect(page.get_by_role("option").first.locator(".text")).to_have_text(markup)
    page.get_by_role("option").first.click()
    title = page.locator("#results .title").first
    expect(title).to_have_text(markup)
    title.click()
    panel = page.get_by_role("dialog")
    expect(panel.locator("h2")).to_have_text(markup)
    expect(panel.locator(".description")).to_contain_text("<script>")
    expect(panel.locator(".known")).to_contain_text("<i>b</i>")
    assert page.locator("main img[src=x], main i, main script").count() == 0
    expect(page).to_have_title("kgrec")
