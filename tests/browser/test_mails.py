"""The log of mails in a browser: with what came back, in both languages and on a phone."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from tests.browser.conftest import NARROW, WIDE, Visit, grave, overflow
from tests.worlds import World
from workflow.store.models import Bounce, SentMail


@pytest.mark.parametrize(("language", "width"), [("zh", WIDE), ("en", NARROW)])
def test_what_came_back_is_read_beside_what_was_sent(world: World, visit: Visit, language: str, width: int) -> None:
    name = {"message_id": "<2021-205-SF-P1-01.v3@zhengji>", "recipient": "cases@cnipa.example"}
    words = "552 5.2.2 <cases@cnipa.example>: mailbox is full https://mx.example/" + "long" * 40
    with world.database.transaction() as session:
        said = {"subject": "优秀案例征集-示例省知识产权局", "digest": "0" * 64, "reply": "250 2.0.0 OK queued as 4F2A"}
        session.execute(insert(SentMail).values(**name, **said, at=world.at))
        session.execute(
            insert(Bounce).values(**name, key="1", action="failed", status="5.2.2", words=words, at=world.at)
        )
    page = visit("desk", language=language, width=width)
    page.locator("a.task-line[href*='/mails']").click()
    page.wait_for_url("**/mails?only=back")
    assert "mailbox is full" in page.inner_text("main")
    assert (grave(page), overflow(page)) == ([], 0)
