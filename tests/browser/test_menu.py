"""The menu in Chromium: one row on a common screen for whoever has most, sections that open and close by keyboard and mouse."""

from __future__ import annotations

import pytest

from tests.browser.conftest import NARROW, WIDE, Visit, grave, overflow


def rows(page) -> int:
    """How many rows the menu takes."""
    return len(set(page.eval_on_selector_all(".menu > ul > li", "all => all.map(one => one.offsetTop)")))


@pytest.mark.parametrize("login", ["desk", "auditor", "director", "editor", "reviewer"])
def test_the_menu_is_one_row_for_whoever_has_most(login: str, visit: Visit) -> None:
    page = visit(login)
    for language in ("zh", "en"):
        page.goto(f"/calls?lang={language}")
        assert (language, rows(page), overflow(page)) == (language, 1, 0)


@pytest.mark.parametrize(("language", "width"), [("zh", WIDE), ("en", NARROW)])
def test_a_section_opens_and_closes_with_the_keyboard_and_leads_on(language: str, width: int, visit: Visit) -> None:
    page = visit("desk", language, width)
    sections = page.locator(".menu-section")
    second = sections.nth(1)
    second.locator("summary").press("Enter")
    assert second.locator("a").first.is_visible()
    assert (grave(page), overflow(page)) == ([], 0)
    page.keyboard.press("Escape")
    assert not second.locator("a").first.is_visible()
    assert page.evaluate("document.activeElement === document.querySelectorAll('.menu-section summary')[1]")
    second.locator("summary").press("Enter")
    sections.nth(0).locator("summary").click()
    assert not second.locator("a").first.is_visible()  # one at a time
    page.click("main", position={"x": 5, "y": 5})
    assert not sections.nth(0).locator("a").first.is_visible()
    second.locator("summary").click()
    second.locator("a", has_text="异议" if language == "zh" else "Objections").click()
    page.wait_for_url("**/objections")
    here = page.locator(".menu summary.here")
    assert here.inner_text().split("·")[-1].strip() == ("异议" if language == "zh" else "Objections")
    assert (grave(page), overflow(page)) == ([], 0)
