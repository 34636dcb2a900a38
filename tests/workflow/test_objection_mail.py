"""Mails to whoever objects: the receipt without a word that was typed, the answer with its reasons, once each, and none of what was taken back."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from states.case import CaseState
from tests.workflow.receivers import Mailbox, mail_server
from tests.worlds import Databases, World, went, world_under
from workflow.calls import shipped_calls
from workflow.incoming import bounces
from workflow.mailing import Mailer
from workflow.objecting import objection_mail, objection_standing, objections
from workflow.objecting.objection_mail import NoSuchMail
from workflow.store.models import Job, SentMail

pytestmark = pytest.mark.once
SITE = "https://cases.example.cn/"
[CALL] = [path for path in shipped_calls() if path.stem == "example-2024"]


@pytest.fixture
def world(databases: Databases, tmp_path: Path) -> Iterator[World]:
    """Under a call that hears objections; a list stands in public."""
    with world_under(databases, CALL, tmp_path) as made:
        case = made.case(CaseState.SUBMITTED)
        made.act(case, "shortlist")
        made.put_up_notice(case, at=made.at.replace(year=2024, month=6, day=14))
        yield made


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as made:
        yield made


@pytest.fixture
def mailer(world: World, mailbox: Mailbox) -> Mailer:
    return Mailer(mailbox.url, "office@example.cn", world.database)


def when(world: World) -> datetime:
    return world.at.replace(year=2024, month=6, day=17)


def received(world: World, contact: str = "电话 010-1234；zheng@mail.example") -> int:
    said = objections.Said("郑直言", "", contact, "数据不符，见 http://spam.example")
    with world.database.transaction() as session:
        return objections.receive(session, 1, 1, said, at=when(world))[0]


def step(world: World, number: int, trigger: str, words: str = "经核对原始数据，不实") -> None:
    who = "desk" if trigger in ("accept", "not_accept", "reconsider") else "director"
    reasons = dict.fromkeys(("objection_is_sealed", "evidence_is_attached"), "仍予受理")
    with world.database.transaction() as session:
        went(
            objections.act(
                session, number, trigger, actor=world.people[who], at=when(world), remark=words, reasons=reasons
            )
        )


def queued(world: World) -> list[Any]:
    with world.database.reading() as session:
        return list(session.scalars(select(Job.arguments).where(Job.name == "mail_objection").order_by(Job.queued_at)))


def sent(world: World, mailer: Mailer, mailbox: Mailbox) -> list[Any]:
    """Everything queued is worked off, twice over; what arrived."""
    for number, seq in queued(world) * 2:
        objection_mail.send(world.database, mailer, number, seq, site=SITE)
    return [email.message_from_bytes(one, policy=email.policy.default) for one in mailbox.taken]


def where(world: World, number: int) -> list[tuple[str, str]]:
    with world.database.reading() as session:
        one = objections.find(session, number, world.people["desk"])
        return [(str(mail.what), str(mail.where)) for mail in objection_mail.mails(session, one, configured=True)]


def test_it_is_received_and_answered_by_mail_once_each_and_the_address_stands_nowhere_else(
    world: World, mailer: Mailer, mailbox: Mailbox
) -> None:
    number = received(world)
    [receipt] = sent(world, mailer, mailbox)
    told = receipt.get_body().get_content()
    due = objections.due_on(world.call, when(world))
    assert (str(receipt["To"]), "编号：异议 1" in told, f"{due} 前答复" in told) == ("zheng@mail.example", True, True)
    assert [words for words in ("郑直言", "spam", "数据不符") if words in told] == []
    with world.database.reading() as session:
        code = objection_standing.code_of(session, number)
    assert f"凭编号 1 和查询码 {code} 可以查询办理情况：https://cases.example.cn/objection\n" in told
    step(world, number, "not_accept", "没有附证明材料")
    assert where(world, number) == [("answer", "leaving"), ("received", "sent")]
    _, answer = sent(world, mailer, mailbox)
    told = answer.get_body().get_content()
    assert [words in told for words in ("郑直言：", "“不予受理”", "没有附证明材料", "The outcome: “Not accepted”")] == [
        True
    ] * 4
    with world.database.reading() as session:
        assert set(session.scalars(select(SentMail.recipient))) == {"z***@mail.example"}
        lines, _ = bounces.log(session, world.people["auditor"])
    assert {one.recipient for one in lines} == {"z***@mail.example"}


def test_an_answer_that_is_taken_back_before_it_leaves_is_told_to_nobody(
    world: World, mailer: Mailer, mailbox: Mailbox
) -> None:
    number = received(world)
    step(world, number, "not_accept", "没有附证明材料")
    step(world, number, "reconsider", "材料补来了")
    assert len(sent(world, mailer, mailbox)) == 1
    assert where(world, number) == [("answer", "dropped"), ("received", "sent")]


def test_an_answer_that_had_left_is_declared_void_and_the_next_one_says_so(
    world: World, mailer: Mailer, mailbox: Mailbox
) -> None:
    number = received(world)
    step(world, number, "not_accept", "没有附证明材料")
    sent(world, mailer, mailbox)
    step(world, number, "reconsider", "材料补来了")
    assert "先前的答复作废" in sent(world, mailer, mailbox)[-1].get_body().get_content()
    step(world, number, "not_accept", "材料与案例无关")
    last = sent(world, mailer, mailbox)[-1].get_body().get_content()
    assert ("材料与案例无关" in last, "以本次答复为准" in last) == (True, True)


def test_who_left_no_address_is_mailed_nothing(world: World) -> None:
    number = received(world, "13912345678")
    step(world, number, "not_accept", "没有附证明材料")
    assert (queued(world), where(world, number)) == ([], [])


def test_where_no_mail_leaves_it_is_taken_away_to_be_sent_by_hand(world: World) -> None:
    number = received(world)
    step(world, number, "not_accept", "没有附证明材料")
    step(world, number, "reconsider", "材料补来了")
    with world.database.reading() as session:
        one = objections.find(session, number, world.people["desk"])
        name, data = objection_mail.as_file(session, one, 1, sender="office@example.cn", site=SITE)
        assert (name, b"zheng@mail.example" in data) == ("异议1_收到异议.eml", True)
        with pytest.raises(NoSuchMail):
            objection_mail.as_file(session, one, 2, sender="office@example.cn", site=SITE)  # taken back since


def test_an_answer_waits_for_as_long_as_it_can_be_taken_back(world: World) -> None:
    number = received(world)
    with world.database.transaction() as session:
        objections.act(
            session,
            number,
            "not_accept",
            actor=world.people["desk"],
            at=when(world),
            remark="没有附证明材料",
            hold=timedelta(minutes=10),
        )
    with world.database.reading() as session:
        first, second = session.scalars(select(Job.queued_at).where(Job.name == "mail_objection").order_by(Job.id))
    assert second - first > timedelta(minutes=9)
