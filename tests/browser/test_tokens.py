"""Making a token for a program, reading how programs ask, and what a step would come to, in a real browser."""

from __future__ import annotations

import pytest

from states.case import CaseState
from tests.browser.conftest import NARROW, WIDE, Visit, confirm_again, grave, overflow
from tests.worlds import World


@pytest.mark.parametrize(("language", "width"), [("zh", WIDE), ("en", NARROW)])
def test_a_token_is_made_and_shown_once(language: str, width: int, visit: Visit):
    page = visit("author", language, width)
    page.goto("/account")
    page.click("#programs a")
    page.fill("#name", "案例管理系统")
    page.check("input[value=act]")
    page.click("form[action='/account/tokens'] button")
    confirm_again(page)
    assert page.inner_text("[data-token]").startswith("zj_")
    found = [(grave(page), overflow(page))]
    page.goto("/account/tokens")
    assert page.locator("[data-token]").count() == 0
    page.goto("/api")
    found.append((grave(page), overflow(page)))
    assert found == [([], 0)] * 2


@pytest.mark.parametrize(("language", "width"), [("zh", WIDE), ("en", NARROW)])
def test_what_would_follow_is_seen_from_the_page_of_the_case(language: str, width: int, visit: Visit, world: World):
    case = world.case(CaseState.SUBMITTED)
    page = visit("desk", language, width)
    page.goto(f"/cases/{case}")
    page.locator(".foresee a").first.click()
    assert page.locator(".foreseen table").count() == 1
    assert (grave(page), overflow(page)) == ([], 0)
