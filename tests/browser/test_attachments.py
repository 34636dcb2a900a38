"""Attachments in Chromium: a film that a real program recorded, put, replaced and removed; on a telephone too."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page

from tests.browser.conftest import NARROW, Visit, grave, overflow
from tests.workflow.documents import hostile
from tests.worlds import Databases, World, world_under
from workflow.calls.schema import EXAMPLE

RECORD = """async () => {
  const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
  canvas.width = canvas.height = 64;
  const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: "video/webm" }), pieces = [];
  recorder.ondataavailable = (event) => pieces.push(event.data);
  const ended = new Promise((done) => { recorder.onstop = done; });
  recorder.start();
  for (let at = 0; at < 12; at += 1) {
    pen.fillStyle = `rgb(${at * 20}, 90, 120)`;
    pen.fillRect(0, 0, 64, 64);
    await new Promise((done) => { requestAnimationFrame(done); });
  }
  recorder.stop();
  await ended;
  const bytes = new Uint8Array(await new Blob(pieces).arrayBuffer());
  return btoa(Array.from(bytes, (one) => String.fromCharCode(one)).join(""));
}"""


@pytest.fixture
def world(databases: Databases, tmp_path: Path) -> Iterator[World]:
    with world_under(databases, EXAMPLE, tmp_path) as made:
        yield made


def film(page: Page) -> FilePayload:
    """As the browser itself records: a WebM without lengths."""
    return {"name": "宣传片.webm", "mimeType": "video/webm", "buffer": base64.b64decode(page.evaluate(RECORD))}


def test_an_author_puts_replaces_and_removes_them_with_the_finding_as_guide(visit: Visit, world: World):
    case = world.draft(world.content(attachments=()))
    page = visit("author")
    page.goto(f"/cases/{case}")
    page.locator("a[href$='#attachment-statement']").first.click()
    statement, video = page.locator("#attachment-statement"), page.locator("#attachment-video")
    statement.locator("input[type=file]").set_input_files(
        {"name": "意见.pdf", "mimeType": "application/pdf", "buffer": hostile.pdf()}
    )
    statement.get_by_role("button", name="上传").press("Enter")
    video.locator("input[type=file]").set_input_files(film(page))
    video.get_by_role("button", name="上传").click()
    assert video.get_by_role("link").all_inner_texts() == ["宣传片.webm"]
    video.get_by_text("替换", exact=False).first.click()
    video.locator("input[type=file]").set_input_files({**film(page), "name": "新片.webm"})
    video.get_by_role("button", name="上传").click()
    assert video.get_by_role("link").all_inner_texts() == ["新片.webm"]
    assert grave(page) == []
    video.get_by_text("移除", exact=False).first.click()
    video.get_by_role("button", name="确认移除").click()
    assert [one.name for one in world.content_of(case).attachments] == ["意见.pdf"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pages_fit_a_telephone_and_are_sound(language: str, visit: Visit, world: World):
    case = world.draft(world.content(attachments=()))
    world.attach(case, "statement", "示例新材料有限公司关于专利导航服务成效的意见（盖章）.pdf")
    world.seal(case)
    page = visit("author", language=language, width=NARROW)
    for where in (f"/cases/{case}/attachments", f"/cases/{case}"):
        page.goto(where)
        for one in page.locator(".attachment-acts details").all():
            one.locator("summary").click()
        assert (overflow(page), grave(page)) == (0, [])
