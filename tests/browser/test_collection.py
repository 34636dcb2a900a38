"""Collections in Chromium: choosing, watching, calling off and taking away, sound in both languages and on a phone."""

from __future__ import annotations

import os
from pathlib import Path

from states.case import CaseState
from tests.browser.conftest import NARROW, WIDE, Visit, grave, overflow
from tests.web.test_collection import worked
from tests.worlds import World
from workflow.store.models import Collection

SHOTS = os.environ.get("ZHENGJI_SHOTS", "")


def seen(page, name: str) -> None:
    """Nothing serious for axe and nothing too wide; a picture where somebody wants to look."""
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)
    assert (name, grave(page), overflow(page)) == (name, [], 0)


def test_a_collection_is_ordered_watched_and_taken_away(world: World, visit: Visit) -> None:
    titles = ("一份检索报告，让一条产线少走三年弯路", "小厂大门口的“专利门诊”", "沉睡的秸秆专利是怎样醒来的𠮷")
    for title, centre in zip(titles, ("university", "neighbour", "institute"), strict=True):
        world.case(CaseState.SHORTLISTED, world.content(title=title), centre=centre)
    for language, width in (("zh", WIDE), ("en", NARROW)):
        page = visit("editor", language, width)
        page.goto("/collection")
        seen(page, f"empty-{width}" if language == "zh" else f"list-{width}")
        page.goto("/collection/new")
        seen(page, f"new-{width}")
        assert page.locator("#ticked").inner_text() in ("已选 3 件", "3 chosen")
        page.click("[data-tick=none]")
        assert page.locator("#ticked").inner_text() in ("已选 0 件", "0 chosen")
        page.click("[data-tick=all]")
        page.fill("#name", "优秀案例集")
        page.fill("#foreword", "前言第一段。\n前言第二段。")
        page.click("#book button.btn-primary")
        page.wait_for_selector("#book-progress")
        seen(page, f"queued-{width}")
        world_number = int(page.url.rpartition("/")[2])
        worked(world, world_number)
        page.wait_for_selector("#book-files")  # the page looked again by itself
        seen(page, f"made-{width}")
        assert "U+20BB7" in page.locator("section[aria-labelledby=noted]").inner_text()
        with page.expect_download() as taken:
            page.click(".book-files a >> text=PDF/A")
        assert Path(taken.value.path()).read_bytes().startswith(b"%PDF-1.7")
        page.goto("/collection")
        seen(page, f"after-{width}")


def test_what_is_queued_is_called_off_with_a_reason(world: World, visit: Visit) -> None:
    world.case(CaseState.SHORTLISTED)
    page = visit("editor")
    page.goto("/collection/new")
    page.click("#book button.btn-primary")
    page.wait_for_selector("#book-progress")
    address = page.url
    page.click("#cancel-ask summary")
    page.fill("#cancel-reason", "选错了")
    page.click("#cancel-ask button")
    page.goto(address)
    assert "已取消：选错了" in page.locator("#book-progress").inner_text().replace("\n", "")
    seen(page, "cancelled")


def test_cases_are_put_into_order_by_the_arrow_keys(world: World, visit: Visit) -> None:
    cases = [world.case(CaseState.SHORTLISTED, world.content(title=title)) for title in ("甲", "乙", "丙")]
    page = visit("editor")
    page.goto("/collection/new")
    handle = page.get_by_role("button", name="移动：甲")
    handle.focus()
    handle.press("ArrowDown")
    assert handle.evaluate("one => one === document.activeElement")
    handle.press("ArrowDown")
    page.get_by_role("button", name="移动：丙").press("ArrowUp")
    assert page.locator("[name=sort][value=hand]").is_checked()
    seen(page, "by-hand")
    page.click("#book button.btn-primary")
    page.wait_for_selector("#book-progress")
    number = int(page.url.rpartition("/")[2])
    with world.database.reading() as session:
        row = session.get_one(Collection, number)
        assert (row.sort, [one.case_id for one in row.lines]) == ("hand", [cases[2], cases[1], cases[0]])


def test_cases_are_dragged_into_order(world: World, visit: Visit) -> None:
    cases = [world.case(CaseState.SHORTLISTED, world.content(title=title)) for title in ("甲", "乙", "丙")]
    page = visit("editor")
    page.goto("/collection/new")
    lines = page.locator(".book-pick li")
    last = lines.nth(2).bounding_box()
    assert last is not None
    page.get_by_role("button", name="移动：甲").drag_to(
        lines.nth(2), target_position={"x": 30, "y": last["height"] - 4}
    )
    assert [one.input_value() for one in page.locator(".book-place input").all()] == ["1", "2", "3"]
    assert [one.inner_text() for one in page.locator(".book-pick b").all()] == ["乙", "丙", "甲"]
    assert page.locator("[name=sort][value=hand]").is_checked()
    page.click("#book button.btn-primary")
    page.wait_for_selector("#book-progress")
    with world.database.reading() as session:
        row = session.get_one(Collection, int(page.url.rpartition("/")[2]))
        assert [one.case_id for one in row.lines] == [cases[1], cases[2], cases[0]]
