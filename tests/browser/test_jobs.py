"""Background work in Chromium: nothing serious for axe, nothing too wide, and what is typed outlives the page's looking again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.browser.conftest import NARROW, WIDE, Visit, grave, overflow
from tests.workflow.jobs.test_board import REFUSED, SILENT, make, put, row
from tests.worlds import World


def furnish(world: World) -> int:
    """Something in every state."""
    now = datetime.now(UTC)
    put(world, key="r", name="mail_checkpoints", state="running", started_at=now, part=12, parts=34, worker="worker-1")
    put(world, key="q", name="mail_batch", state="queued", queued_at=now - timedelta(hours=1))
    put(world, key="d", name="mail_batch", state="done", ended_at=now)
    make(world, "mail_notice", world.people["author"].id, SILENT)
    make(world, "mail_batch", 5, REFUSED)
    return make(world, "mail_batch", 3, REFUSED)


@pytest.mark.parametrize(("language", "width"), [("zh", WIDE), ("en", NARROW)])
def test_the_screen_is_sound(language: str, width: int, visit: Visit, world: World) -> None:
    furnish(world)
    page = visit("administrator", language, width)
    page.goto("/jobs")
    for one in page.locator(".job-reason summary, .job-detail summary").all():
        one.click()
    assert (grave(page), overflow(page)) == ([], 0)


def test_what_is_typed_outlives_the_pages_looking_again(visit: Visit, world: World) -> None:
    furnish(world)
    page = visit("administrator")
    refused: list[str] = []
    page.on("console", lambda one: refused.append(one.text) if "Policy" in one.text else None)
    page.goto("/jobs")
    line = page.locator("#going .job", has_text="下次")
    line.locator("summary", has_text="取消").click()
    line.locator("textarea").fill("不用寄了")
    put(world, key="later", name="mail_notice", state="running", started_at=datetime.now(UTC), worker="worker-9")
    page.evaluate("document.querySelector('#going').dispatchEvent(new Event('look'))")
    page.get_by_text("worker-9").wait_for()
    line.locator(".btn-danger").click()
    page.get_by_text("取消任务：已办理").wait_for()
    page.get_by_text("不用寄了").wait_for()
    assert refused == []


def test_somebody_dismisses_and_says_why(visit: Visit, world: World) -> None:
    job = furnish(world)
    page = visit("desk")
    page.goto("/jobs")
    line = page.locator(".job", has_text="批次 3")
    line.locator("summary", has_text="不再办理").click()
    line.locator("textarea").fill("已另行寄出")
    line.locator(".btn-danger").click()
    page.get_by_text("不再办理：已办理").wait_for()
    assert (row(world, job).state, row(world, job).remark) == ("dismissed", "已另行寄出")
