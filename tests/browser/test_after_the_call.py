"""What comes after a call in Chromium: its closing report, the publicity plan, passports from elsewhere; in both languages."""

from __future__ import annotations

from datetime import date

import pytest

from states.case import CaseState
from tests.browser.conftest import NARROW, WIDE, Visit, grave, overflow
from tests.worlds import World
from workflow.publishing import publicity

PAGES = ("/closing", "/publicity?month=2021-04", "/publicity?month=2021-06", "/publicity/{appearance}", "/passports")


@pytest.mark.parametrize(("language", "width"), [("zh", WIDE), ("en", NARROW)])
def test_pages_after_the_call_are_sound(language: str, width: int, visit: Visit, world: World):
    case = world.case(CaseState.PUBLISHED)
    world.put_pictures(case, 1)
    with world.database.transaction() as session:
        appearance = publicity.arrange(
            session,
            world.call,
            channel="week",
            case_id=case,
            day=date(2021, 4, 26),
            place="示例广场",
            actor=world.people["desk"],
            at=world.at,
        )
    page, refused = visit("desk", language, width), []
    page.on("console", lambda one: refused.append(one.text) if "Policy" in one.text else None)
    found = {}
    for address in PAGES:
        answer = page.goto(address.format(appearance=appearance))
        assert (address, answer.status if answer else 0) == (address, 200)
        found[address] = (grave(page), overflow(page))
    assert (found, refused) == (dict.fromkeys(found, ([], 0)), [])


def test_the_plan_is_kept_with_the_keyboard_alone(visit: Visit, world: World):
    world.case(CaseState.PUBLISHED)
    page = visit("editor", "zh", WIDE)
    page.goto("/publicity?month=2021-04")
    page.locator("details.card > summary").focus()
    page.keyboard.press("Enter")
    page.locator("#channel").focus()
    page.keyboard.press("End")
    page.locator("#day").fill("2021-04-26")
    page.locator("#place").focus()
    page.keyboard.type("示例报")
    page.keyboard.press("Enter")
    page.wait_for_url("**/publicity/1")
    assert "其他渠道" in page.locator("h2#when").inner_text()
    page.goto("/publicity?month=2021-04")
    page.locator(".month a.appearance").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/publicity/1")
