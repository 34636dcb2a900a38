"""An uploaded document in a real browser: loose text is placed with a click, wide and on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NARROW, WIDE, Visit, grave, overflow
from tests.web.test_papers import EXTRA
from tests.workflow.documents.papers import word
from tests.worlds import World


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_loose_text_is_placed_before_anything_is_taken_over(width: int, visit: Visit, world: World):
    case = world.draft()
    page = visit("author", width=width)
    page.goto(f"/cases/{case}/upload")
    document = word(*EXTRA[:-1], "多" * world.call.length.maximum)
    page.set_input_files("#file-case", {"name": "案例.docx", "mimeType": "application/msword", "buffer": document})
    page.click("form:has(#file-case) button")
    expect(page.locator(".loose select")).to_have_count(3)
    assert (grave(page), overflow(page)) == ([], 0)
    for number, place in enumerate(("recipient", "-", "lessons")):
        page.select_option(f"#place-{number}", place)
    page.click("#take-over button")
    expect(page.locator(".paper-body .beyond").first).to_be_visible()
    assert (grave(page), overflow(page)) == ([], 0)
