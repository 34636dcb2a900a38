"""Running cases moved to an amended call, in a real browser."""

from __future__ import annotations

from datetime import timedelta

from states.case import CaseState
from tests.browser.conftest import NARROW, Visit, confirm_again, grave, overflow
from tests.worlds import World

WHERE = "/calls/2021-205/move"


def test_the_director_moves_cases_and_the_centre_reads_what_changed(world: World, visit: Visit) -> None:
    stamped, submitted = world.case(CaseState.CENTRE_STAMPED), world.case(CaseState.SUBMITTED)
    world.batch([world.case(CaseState.PROVINCE_REVIEWED)])
    world.extend_by_amendment(timedelta(days=7))
    for language, width in (("zh", 1280), ("en", NARROW)):
        page = visit("director", language, width)
        page.goto(WHERE)
        assert (grave(page), overflow(page)) == ([], 0)
    page = visit("director")
    page.goto(WHERE)
    page.get_by_role("button", name="转到第 2 版").click()
    confirm_again(page)
    assert "转到第 2 版：3 个案例" in page.locator("body").inner_text()
    assert page.locator(".empty-state").count() == 1
    for login, case, width in (("author", stamped, NARROW), ("desk", submitted, 1280)):
        page = visit(login, "zh", width)
        page.goto(f"/cases/{case}")
        assert "这个案例现在按征集通知第 2 版办理" in page.locator("body").inner_text()
        assert (grave(page), overflow(page)) == ([], 0)
