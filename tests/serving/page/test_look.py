"""What a person sees: two languages, a phone, contrast, a page that keeps still."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.usefixtures("clean")
OpenPage = Callable[..., Page]

WIDTHS = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
SHIFTS = """() => new Promise((done) => {
  let sum = 0;
  const add = (one) => { sum += one.hadRecentInput ? 0 : one.value; };
  new PerformanceObserver((list) => list.getEntries().forEach(add))
    .observe({ type: 'layout-shift', buffered: true });
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(sum))));
})"""
FAINT = (Path(__file__).parent / "contrast.js").read_text()


def test_the_language_can_be_switched_and_is_kept(open_page: OpenPage) -> None:
    page = open_page()
    page.get_by_label("Person", exact=True).fill("u13")
    page.keyboard.press("Enter")
    page.locator("#rail-items .why").first.click()
    expect(page.locator(".words").first).to_contain_text("had “")
    page.get_by_role("button", name="Switch to Chinese").click()
    expect(page.locator("#rail-title")).to_have_text("为你推荐")
    expect(page.locator(".words").first).to_contain_text("选过“")
    expect(page.locator(".group summary").first).to_have_text("品牌")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.get_by_role("link", name="运维").click()
    expect(page.locator("[data-state=users] dt")).to_have_text("用户")
    page.reload()
    expect(page.get_by_role("heading", name="服务运维")).to_be_visible()
    page.get_by_role("button", name="切换到英文").click()
    expect(page.get_by_role("heading", name="Operating the service")).to_be_visible()


def test_a_chinese_browser_gets_chinese(open_page: OpenPage) -> None:
    page = open_page(locale="zh-CN")
    expect(page.locator("#count")).to_have_text("前 20 件商品")


def test_a_phone_never_scrolls_sideways(open_page: OpenPage, phone: dict[str, object]) -> None:
    page = open_page(**phone)

    def fits() -> None:
        wide, room = page.evaluate(WIDTHS)
        assert wide <= room == 390

    expect(page.locator("#results .card")).to_have_count(20)
    fits()
    page.get_by_text("Filters", exact=True).click()
    expect(page.get_by_role("checkbox", name="brand1")).to_be_visible()
    fits()
    page.get_by_label("Person", exact=True).fill("u15")
    page.keyboard.press("Enter")
    page.locator("#rail-items .why").first.click()
    panel = page.get_by_role("dialog")
    nodes = panel.locator(".drawn").first.locator(".node")
    expect(nodes.first).to_be_visible()
    first, last = nodes.first.bounding_box(), nodes.last.bounding_box()
    assert first and last and last["y"] > first["y"] + 100, "drawn from top to bottom"
    fits()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    page.get_by_role("link", name="Operate").click()
    expect(page.locator("[data-state=users]")).to_be_visible()
    fits()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(open_page: OpenPage, scheme: str) -> None:
    page = open_page(color_scheme=scheme)
    page.get_by_label("Person", exact=True).fill("u17")
    page.keyboard.press("Enter")
    page.locator("#rail-items .title").nth(1).click()
    expect(page.locator("#rail-note.learned")).to_be_visible()
    expect(page.locator(".drawn .node").first).to_be_visible()
    looked, faint = page.evaluate(FAINT)
    assert looked > 100 and faint == []
    page.get_by_role("link", name="Operate").click()
    expect(page.locator("[data-state=users]")).to_be_visible()
    looked, faint = page.evaluate(FAINT)
    assert looked > 40 and faint == []


def test_the_page_keeps_still_while_it_loads(open_page: OpenPage) -> None:
    page = open_page()
    expect(page.locator("#rail-items .card")).to_have_count(12)
    expect(page.locator("#results .card")).to_have_count(20)
    # 0.1 is where a page is said to shift.
    assert page.evaluate(SHIFTS) < 0.1


def test_focus_can_be_seen_and_skips_to_the_content(open_page: OpenPage) -> None:
    page = open_page()
    expect(page.locator("#results .card")).to_have_count(20)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid"
