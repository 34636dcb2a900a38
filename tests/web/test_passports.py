"""A passport from another installation, brought in on screen and shown."""

from __future__ import annotations

import io

import pytest
from sqlalchemy import update

from tests.trail.test_passports_taken_in import pushed  # noqa: F401 (the fixture)
from tests.web.conftest import As, post
from tests.worlds import World
from workflow.store.models import AuditHead

pytestmark = pytest.mark.once


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_imported_case_is_shown_with_text_english_and_history(
    pushed: bytes,  # noqa: F811
    language: str,
    world: World,
    sign_in: As,
):
    with world.database.transaction() as session:  # the worlds of the tests are copies of one installation
        session.execute(update(AuditHead).values(origin="zhengji/another"))
    desk = sign_in("desk", language)
    shown = desk.get("/passports").get_data(as_text=True)
    answer = post(desk, "/passports", shown, passport=(io.BytesIO(pushed), "p.zip"), key="")
    assert answer.status_code == 302
    page = desk.get(answer.headers["Location"]).get_data(as_text=True)
    assert ("服务对象与需求" in page, "What was done." in page, "<h3>A case</h3>" in page) == (True, True, True)
    said = {"zh": ("撤回推送", "导入的案例"), "en": ("Recall the push", "Imported: no report of ours")}[language]
    assert all(one in page for one in said)
