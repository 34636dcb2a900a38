"""The table of decisions in Chromium: a click is kept and the sums move, without a reload; by keyboard, and on a phone."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import expect

from states.case import CaseState
from tests.browser.conftest import NARROW, WIDE, Visit, grave, overflow
from tests.worlds import World

SHOTS = os.environ.get("ZHENGJI_SHOTS", "")


def seen(page, name: str) -> None:
    """Nothing serious for axe and nothing too wide; a picture where somebody wants to look."""
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)
    assert (name, grave(page), overflow(page)) == (name, [], 0)


def test_what_is_clicked_is_kept_and_counted_at_once(world: World, visit: Visit) -> None:
    first, second = (world.case(CaseState.SUBMITTED, centre=one) for one in ("university", "neighbour"))
    world.case(CaseState.SHORTLISTED, centre="institute")
    page = visit("desk")
    page.goto("/decisions/2021-205")
    page.evaluate("window.stayed = true")
    winners = page.locator("#spread .bulk-figures li:first-child b")
    assert winners.inner_text() == "1"
    page.focus(f"#decision-{first}-1")
    with page.expect_response("**/decisions/2021-205/cases/*"):
        page.keyboard.press("ArrowDown")
    expect(winners).to_have_text("2")
    assert page.evaluate("[document.activeElement.id, window.stayed]") == [f"decision-{first}-2", True]
    with page.expect_response("**/decisions/2021-205/cases/*"):
        page.fill(f"#reason-{first}", "成效突出")
        page.press(f"#reason-{first}", "Tab")
    expect(page.locator(f"#line-{first}")).not_to_contain_text("缺理由")
    assert (world.decision(first).decision, world.decision(first).reason) == ("shortlist", "成效突出")
    world.decide(second, "pass_over", by="second_desk")  # while this page shows it as undecided
    with page.expect_response("**/decisions/2021-205/cases/*"):
        page.check(f"#decision-{second}-2")
    page.wait_for_selector(f"#line-{second} [role=alert]")
    assert world.decision(second).decision == "pass_over"
    seen(page, "decisions-zh")
    page.click("text=预演公布…")
    seen(page, "rehearsal-zh")
    for width in (WIDE, NARROW):
        page = visit("desk", "en", width)
        page.goto("/decisions/2021-205")
        seen(page, f"decisions-en-{width}")
