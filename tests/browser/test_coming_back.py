"""A Word file that comes back in a real browser: what two changed is shown three ways and chosen, wide and on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NARROW, WIDE, Visit, grave, overflow
from tests.worlds import World
from workflow.documents.writing import CaseContent, case_document
from workflow.incoming.sealing import mark_of_text


def changed_in_word(world: World, case: int, **ends: str) -> bytes:
    """The case as it is taken away, with words added at the end of sections."""
    content = world.content_of(case)
    sections = {name: text + ends.get(name, "") for name, text in content.sections.items()}
    return case_document(world.call, CaseContent(content.title, "中心", "", sections), mark_of_text(world.row(case)))


@pytest.mark.parametrize(("width", "language"), [(WIDE, "zh"), (NARROW, "en")])
def test_what_two_changed_is_chosen_and_the_rest_comes_together(width: int, language: str, visit: Visit, world: World):
    case = world.draft()
    data = changed_in_word(world, case, service="我在文件里加了一句。", effect="文件里的成效。")
    content = world.content_of(case)
    ends = {"service": "同事在系统里加了一句。", "lessons": "同事的启示。"}
    newer = {name: text + ends.get(name, "") for name, text in content.sections.items()}
    world.edit(case, content.changed(sections=newer), by="second_author")
    page = visit("author", language, width=width)
    page.goto(f"/cases/{case}/upload")
    page.set_input_files("#file-case", {"name": "案例.docx", "mimeType": "application/msword", "buffer": data})
    page.click("form:has(#file-case) button")
    expect(page.locator(".three-ways")).to_have_count(1)
    expect(page.locator(".staying")).to_have_count(1)
    assert (grave(page), overflow(page)) == ([], 0)
    page.check('input[value="mine"]')
    page.click("#take-over button")
    expect(page).to_have_url(f"{page.url.partition('/cases')[0]}/cases/{case}")
    sections = world.content_of(case).sections
    wanted = {"service": "我在文件里加了一句。", "effect": "文件里的成效。", "lessons": "同事的启示。"}
    assert {name: sections[name].endswith(words) for name, words in wanted.items()} == dict.fromkeys(wanted, True)
