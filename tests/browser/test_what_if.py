"""Asking what if in Chromium: the form, the wait, what came of it; sound in both languages and on a phone."""

from __future__ import annotations

from datetime import timedelta

from states.case import CaseState
from tests.browser.conftest import NARROW, WIDE, Visit
from tests.browser.test_collection import seen
from tests.web.test_what_if import worked
from tests.worlds import World


def test_a_question_is_asked_watched_and_answered(world: World, visit: Visit) -> None:
    published = world.case(CaseState.PUBLISHED)
    world.act(published, "retract", remark="")
    for language, width in (("zh", WIDE), ("en", NARROW)):
        page = visit("director", language, width)
        page.goto("/what-if")
        seen(page, f"what-if-{width}")
        page.click("main ul .btn-primary")
        early = world.at.date() - timedelta(days=1)
        page.locator("details", has=page.locator('[name="at:phases[0].closes"]')).locator("summary").click()
        page.fill('[name="at:phases[0].closes"]', str(early))
        seen(page, f"what-if-form-{width}")
        page.click("section[aria-labelledby=values] .btn-primary")
        page.wait_for_selector("#work")
        seen(page, f"what-if-queued-{width}")
        worked(world, page.url)
        page.wait_for_selector("#counts")  # the page looked again by itself
        seen(page, f"what-if-made-{width}")
        assert page.locator(".what-if-chart tbody tr").count() > 1
