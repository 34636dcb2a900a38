"""Finding cases in the browser: the slash, what is marked, saving a search; on phones and without script too."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from states.case import CaseState
from tests.browser.conftest import NARROW, WIDE, Visit, grave, overflow
from tests.web.conftest import PASSWORD
from tests.worlds import World


@pytest.fixture
def found(world: World) -> World:
    said = {
        "sections": {**world.content().sections, "service": "中心为企业出具检索报告一份，并派专员到水泵车间讲解。" * 6}
    }
    for number in range(33):
        world.draft(world.content(title=f"第{number}号：一座小镇水泵企业的检索之路", **said))
    world.case(CaseState.CENTRE_STAMPED, world.content(title="另一个水泵案例"))
    return world


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_search_from_the_slash_to_its_saved_name(visit: Visit, found: World, width: int, language: str):
    page = visit("author", language, width)
    page.goto("/cases")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "text"
    page.keyboard.type("标题:水泵 检索报告")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases?text=*")
    assert page.locator(".case-title mark").first.inner_text() == "水泵"
    assert page.locator(".hit mark").first.inner_text() == "检索报告"
    assert (grave(page), overflow(page)) == ([], 0)
    page.locator("a[rel=next]").click()
    page.locator("a[rel=prev]").click()
    page.wait_for_url("**before=*")
    assert page.locator(".case-title").count() == 30
    page.locator(".save-search summary").click()
    page.fill("#search-name", "水泵")
    page.click(".save-search button")
    page.locator("nav.chips a[aria-current]").wait_for()
    assert (grave(page), overflow(page)) == ([], 0)
    for address in ("/searches", "/", "/cases?text=水&state=draft", "/cases?text=标题:没有这样+检索&state=published"):
        page.goto(address)
        assert (address, grave(page), overflow(page)) == (address, [], 0)


def test_a_search_needs_no_script(site: str, chromium: Browser, found: World):
    context = chromium.new_context(java_script_enabled=False, base_url=site)
    page = context.new_page()
    page.goto("/sign-in")
    page.fill("#login", "author")
    page.fill("#password", PASSWORD)
    page.click("#sign-in button")
    page.goto("/cases")
    page.fill("#sought", "水泵车间")
    page.click(".filter-buttons button")
    assert page.locator(".hit mark").count() == 30 * 3
    page.click(".save-search summary")
    page.fill("#search-name", "车间")
    page.click(".save-search button")
    assert page.locator("nav.chips a[aria-current]").inner_text() == "车间"
    context.close()
