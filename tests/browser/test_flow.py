"""The drawing of a process in Chromium, under our policy of what a page may load: it comes when asked for, and says where we are."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from states.case import CaseState
from tests.browser.conftest import NARROW, WIDE, Visit, grave, overflow
from tests.worlds import World


def opened(visit: Visit, login: str, address: str, language: str = "zh", width: int = WIDE) -> tuple[Page, list[str]]:
    """A page whose drawing is shown, and what the browser complained of, but that the scans of this world are no files."""
    page, said = visit(login, language, width), []
    page.on(
        "console",
        lambda one: (
            said.append(one.text) if one.type in ("error", "warning") and "load resource" not in one.text else None
        ),
    )
    page.goto(address)
    page.locator("details.flow summary").click()
    expect(page.locator("details.flow[data-shown=yes]")).to_be_visible()
    return page, said


def marked(page: Page, marker: str) -> set[str]:
    found: list[Any] = page.eval_on_selector_all(f".{marker}", "all => all.map(one => one.dataset.elementId)")
    return set(found)


@pytest.mark.parametrize(("language", "width"), [("zh", WIDE), ("en", NARROW)])
def test_the_way_of_a_case_is_drawn_when_it_is_asked_for(language: str, width: int, visit: Visit, world: World) -> None:
    case = world.case(CaseState.CENTRE_STAMPED)
    world.act(case, "return_to_centre", remark="请补充")
    page, said = opened(visit, "reviewer", f"/cases/{case}", language, width)
    assert said == []
    assert marked(page, "flow-here") == {"state_returned"}
    assert {"state_draft", "step_stamp_from_draft", "step_return_to_centre_from_centre_stamped"} <= marked(
        page, "flow-passed"
    )
    assert "step_review_from_centre_stamped" not in marked(page, "flow-passed")
    page.locator(".flow-drawing").scroll_into_view_if_needed()
    expect(page.locator(".flow-drawing .bjs-powered-by")).to_be_in_viewport(ratio=1)
    assert (grave(page), overflow(page)) == ([], 0)


def test_the_way_of_a_batch_is_drawn_too(visit: Visit, world: World) -> None:
    batch = world.submit(world.case(CaseState.PROVINCE_REVIEWED))
    page, said = opened(visit, "leader", f"/batches/{batch}")
    assert (said, marked(page, "flow-here")) == ([], {"state_sent"})


def test_the_process_of_a_call_is_drawn_and_nothing_stands_in_it(visit: Visit, world: World) -> None:
    page, said = opened(visit, "judge", f"/calls/{world.call.number}", "en", NARROW)
    assert (said, marked(page, "flow-here"), marked(page, "flow-passed")) == ([], set(), set())
    expect(page.locator(".flow-drawing")).to_contain_text("Stamp")
    assert (grave(page), overflow(page)) == ([], 0)


def test_nothing_of_it_is_loaded_before(visit: Visit, world: World) -> None:
    page, asked = visit("author"), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/cases/{world.draft()}")
    page.wait_for_load_state("networkidle")
    assert [one for one in asked if "bpmn" in one or "diagram" in one] == []


def test_buttons_move_and_size_it_and_where_it_is_can_be_found_again(visit: Visit, world: World) -> None:
    page, _ = opened(visit, "author", f"/cases/{world.draft()}")
    transform = "document.querySelector('.flow-drawing .viewport').getAttribute('transform')"
    seen = [page.evaluate(transform)]
    for name in ("放大", "看全图", "现在的状态"):
        page.get_by_role("button", name=name).click()
        seen.append(page.evaluate(transform))
    assert len(set(seen)) == 3
    assert seen[0] == seen[3]


def test_where_it_cannot_be_loaded_that_is_said_and_its_words_stay(visit: Visit, world: World) -> None:
    page = visit("author")
    page.route("**/*.bpmn", lambda route: route.abort())
    page.goto(f"/cases/{world.draft()}")
    page.locator("details.flow summary").click()
    expect(page.locator(".flow-drawing")).to_contain_text("流程图没有加载出来")
    page.get_by_text("文字说明：每个状态可以办理什么").click()
    expect(page.locator(".flow-words [aria-current=step]")).to_contain_text("草稿")
