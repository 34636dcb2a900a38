"""A scan of several pages in Chromium: every page is seen before its seal is confirmed, by mouse, by keys, by a finger."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NARROW, WIDE, Visit, confirm_again, grave, overflow
from tests.workflow.documents.papers import scan
from tests.worlds import World

COLOURS = ("red", "lime", "blue", "white")


def on_screen(page: Page) -> list[int]:
    """Which pages of the scan are in sight, at least half of them."""
    return page.evaluate(
        """() => [...document.querySelectorAll(".leaf")].flatMap((leaf, place) => {
            const box = leaf.getBoundingClientRect(), whole = leaf.parentElement.getBoundingClientRect();
            return Math.abs(box.left - whole.left) < box.width / 2 ? [place + 1] : [];
        })"""
    )


def sees(page: Page, number: int) -> None:
    """The page comes into sight, and its picture is drawn."""
    page.wait_for_function(
        """number => {
            const leaf = document.querySelectorAll(".leaf")[number - 1], picture = leaf.querySelector("img");
            const gap = leaf.getBoundingClientRect().left - leaf.parentElement.getBoundingClientRect().left;
            return Math.abs(gap) < 2 && picture.complete && picture.naturalWidth > 0;
        }""",
        arg=number,
        timeout=60_000,  # each page is drawn by a process of its own
    )
    assert on_screen(page) == [number]


@pytest.fixture
def sealing(visit: Visit, world: World, tmp_path: Path):
    def at_the_scan(language: str, width: int, colours: tuple[str, ...] = COLOURS) -> Page:
        file = tmp_path / "扫描件.pdf"
        file.write_bytes(scan(*colours))
        page = visit("sealer", language, width)
        page.goto(f"/cases/{world.draft()}/seal")
        page.set_input_files("#file-scan", file)
        page.click("main form button")
        page.wait_for_selector(".leaves")
        return page

    return at_the_scan


@pytest.mark.parametrize(("language", "width"), [("zh", NARROW), ("en", WIDE)])
def test_pages_are_turned_by_buttons_and_keys_and_the_answer_stays(sealing, language: str, width: int) -> None:
    page = sealing(language, width)
    page.check("input[name=reads][value=none]")
    sees(page, 1)
    page.click("#page-1 a[rel=next]")
    sees(page, 2)
    expect(page.locator("#page-2 a[rel=next]")).to_be_focused()
    page.keyboard.press("ArrowRight")
    sees(page, 3)
    page.keyboard.press("ArrowLeft")
    sees(page, 2)
    page.click("#page-2 a[rel=prev]")
    sees(page, 1)
    page.keyboard.press("End")
    sees(page, 4)
    said = {"zh": "第 4 页，共 4 页", "en": "Page 4 of 4"}[language]
    assert (said in page.inner_text("#page-4"), "#page" in page.url) == (True, False)
    assert (grave(page), overflow(page)) == ([], 0)
    expect(page.locator("input[name=reads][value=none]")).to_be_checked()


def test_arrow_keys_in_the_answer_turn_no_page(sealing) -> None:
    page = sealing("zh", WIDE)
    page.focus("input[name=reads][value=host]")
    page.keyboard.press("ArrowDown")
    page.focus("input[name=unit]")
    page.keyboard.press("ArrowRight")
    sees(page, 1)


def test_a_page_is_drawn_when_it_is_looked_at(sealing) -> None:
    page = sealing("zh", WIDE, ("red",) * 12)
    sees(page, 1)
    drawn = page.evaluate(
        "[...document.querySelectorAll('.leaf img')].map(one => one.complete && one.naturalWidth > 0)"
    )
    assert (drawn[0], drawn[-1]) == (True, False)
    page.focus(".leaves")
    page.keyboard.press("End")
    sees(page, 12)


def test_without_script_links_turn_the_pages(sealing, chromium, site: str, world: World) -> None:
    page = sealing("zh", NARROW)
    page.check("input[name=reads][value=host]")
    page.click("main form .btn-primary")
    confirm_again(page)
    page.wait_for_selector(".seal-box a")
    address = page.get_attribute(".seal-box a", "href")
    plain = chromium.new_context(
        java_script_enabled=False,
        storage_state=page.context.storage_state(),
        base_url=site,
        viewport={"width": 390, "height": 900},
    )
    still = plain.new_page()
    still.goto(address)
    still.click("#page-1 a[rel=next]")
    assert still.url.endswith("#page-2")
    box = still.locator("#page-2").bounding_box()
    assert box is not None
    assert 0 <= box["x"] < 60
    plain.close()
