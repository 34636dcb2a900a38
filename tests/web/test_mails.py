"""The log of mails: the server's words, what came back, and who is told."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

from flask import Flask
from sqlalchemy import insert, select, update

from tests.web.conftest import As, send
from tests.workflow.test_bounces import plain
from tests.worlds import World
from workflow.incoming import arrivals
from workflow.store.models import Bounce, Person, SentMail


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


def test_mail_that_came_back_is_told_beside_the_address_to_the_administrator_and_to_the_person(
    world: World, sign_in: As
) -> None:
    with world.database.transaction() as session:
        session.execute(update(Person).where(Person.login == "author").values(email="author@example.cn"))
        mail = {"message_id": "<letter-1@zhengji>", "recipient": "author@example.cn", "subject": "通知"}
        session.execute(insert(SentMail).values(**mail, digest="0" * 64, at=datetime.now(UTC), reply="250 ok"))
        back = {"key": "0" * 64, "message_id": mail["message_id"], "action": "failed", "recipient": mail["recipient"]}
        session.execute(insert(Bounce).values(**back, status="5.2.2", words="552 mailbox is full", at=world.at))
        number = session.scalar(select(Person.id).where(Person.login == "author"))
    administrator = sign_in("administrator")
    assert administrator.get("/admin").get_data(as_text=True).count("邮件被退回") == 1
    shown = administrator.get(f"/admin/people/{number}").get_data(as_text=True)
    assert "552 mailbox is full" in shown
    assert "请与本人核对邮箱" in shown
    own = sign_in("author").get("/account").get_data(as_text=True)
    assert "552 mailbox is full" in own
    assert "告知管理员" in own
    assert "552 mailbox" not in sign_in("sealer").get("/account").get_data(as_text=True)
