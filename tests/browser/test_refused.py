"""The page of uploads that were refused: empty, with one, on a telephone, for both who may see it."""

from __future__ import annotations

import io

import pytest

from tests.browser.conftest import NARROW, Visit, grave, overflow
from tests.worlds import World
from workflow.incoming import reception
from workflow.store.files import Files


def test_refused_uploads_are_listed_with_why_and_until_when(world: World, visit: Visit) -> None:
    page = visit("administrator", language="en")
    page.goto("/refused")
    assert "Nothing was refused." in page.content()
    files, given = Files((world.folder / "documents").as_uri()), io.BytesIO(b"%PDF-1.7 no Word file")
    author = world.people["author"]
    with pytest.raises(reception.Refused):
        reception.receive(world.database, files, "case", "一份检索报告.docx", given, actor=author, at=world.at)
    page.reload()
    shown = page.locator(".documents").inner_text()
    assert ("kept until 17 Jun 2021" in shown, "must be a Word document" in shown) == (True, True)
    assert (grave(page), overflow(page)) == ([], 0)
    phone = visit("auditor", width=NARROW)
    phone.goto("/refused")
    assert "保存到 2021年6月17日" in phone.locator(".documents").inner_text()
    assert (grave(phone), overflow(phone)) == ([], 0)
    with phone.expect_download() as taken:
        phone.click(".documents a")
    assert taken.value.suggested_filename == "一份检索报告.docx.quarantined"
