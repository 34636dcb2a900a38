"""A call closed and archived, in a real browser."""

from __future__ import annotations

from states.case import CaseState
from tests.browser.conftest import NARROW, Visit, confirm_again, grave, overflow
from tests.worlds import World


def test_a_call_is_closed_and_archived_and_its_cases_say_so(world: World, visit: Visit) -> None:
    draft, submitted = world.case(CaseState.DRAFT), world.case(CaseState.SUBMITTED)
    page = visit("director", "zh", NARROW)
    page.goto("/calls/2021-205")
    page.get_by_role("link", name="结束征集").click()
    assert "草稿 1 件" in page.locator("main").inner_text()
    assert (grave(page), overflow(page)) == ([], 0)
    page.get_by_role("button", name="确认：结束征集").click()
    author = visit("author", "en")
    author.goto(f"/cases/{draft}")
    assert "The call is closed" in author.locator("main").inner_text()
    assert grave(author) == []
    page.get_by_role("link", name="归档").click()
    page.get_by_role("button", name="确认：归档").click()
    confirm_again(page)
    assert "已归档" in page.locator("h1").inner_text()
    assert (grave(page), overflow(page)) == ([], 0)
    desk = visit("desk")
    desk.goto(f"/cases/{submitted}")
    assert "已归档，只供查看" in desk.locator("main").inner_text()
    assert desk.get_by_role("button", name="确认：入选").count() == 0
    assert grave(desk) == []
