"""The log of mails: the server's words, what came back, and who is told."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

from flask import Flask
from sqlalchemy import insert

from tests.web.conftest import As, send
from tests.workflow.test_bounces import plain
from tests.worlds import World
from workflow import arrivals
from workflow.store.models import SentMail


def test_a_mail_that_came_back_is_shown_beside_what_was_sent_and_told(world: World, app: Flask, sign_in: As) -> None:
    values = {"digest": "0" * 64, "at": datetime.now(UTC), "reply": "250 2.0.0 queued"}
    with world.database.transaction() as session:
        for number in (1, 2):
            name = {
                "message_id": f"<{number}@zhengji>",
                "recipient": "cases@cnipa.example",
                "subject": f"报送 {number}",
            }
            session.execute(insert(SentMail).values(**name, **values))
    desk = sign_in("desk")
    page = desk.get("/mails").get_data(as_text=True)
    assert page.count("250 2.0.0 queued") == 2
    assert "没有退信" in desk.get("/mails?only=back").get_data(as_text=True)
    note = plain("收件人邮箱容量已满。原邮件编号：<1@zhengji> 主题：x")
    send(desk, "/arrivals", papers=[(BytesIO(note), "退信.eml")])
    arrivals.read(
        world.database, app.extensions["zhengji"].files, 1, at=datetime.fromisoformat("2021-03-19T09:00+08:00")
    )
    page = desk.get("/mails?only=back").get_data(as_text=True)
    assert "报送 1" in page
    assert "报送 2" not in page
    assert "收件人邮箱容量已满" in page
    assert "最近一周有 1 封邮件被退回" in desk.get("/").get_data(as_text=True)
    shown = desk.get("/arrivals/1").get_data(as_text=True)
    assert "报送 1" in shown
    assert "/mails" in desk.get("/jobs").get_data(as_text=True)
    assert "被退回" not in sign_in("leader").get("/").get_data(as_text=True)
    english = sign_in("administrator", "en").get("/mails").get_data(as_text=True)
    assert "Came back" in english


def test_the_log_is_closed_to_others_and_an_address_that_is_none_is_the_first_page(world: World, sign_in: As) -> None:
    assert sign_in("reviewer").get("/mails").status_code == 403
    assert sign_in("liaison").get("/jobs").status_code == 200
    assert "/mails" not in sign_in("liaison").get("/jobs").get_data(as_text=True)
    assert sign_in("director").get("/mails?after=nonsense").status_code == 200
