"""Mails to judges: one to each, with nothing of a case in it, once for one invitation or one day."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from rules.call import BEIJING
from states.case import CaseState
from tests import judges
from tests.workflow.receivers import Mailbox, mail_server
from tests.worlds import Databases, World, went, world_under
from workflow.calls import shipped_calls
from workflow.mailing import Mailer
from workflow.selection import judging_mail
from workflow.selection.judging import Pair
from workflow.store.models import Job, Person

pytestmark = pytest.mark.once
BLIND = next(path for path in shipped_calls() if path.stem == "example-2023")


def each(parts: Sequence[Any], work: Callable[[Any], None]) -> None:
    for one in parts:
        work(one)


@pytest.fixture
def world(databases: Databases, tmp_path: Path) -> Iterator[World]:
    with world_under(databases, BLIND, tmp_path) as made:
        yield made


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as made:
        yield made


@pytest.fixture
def mailer(world: World, mailbox: Mailbox) -> Mailer:
    return Mailer(mailbox.url, "office@example.cn", world.database)


def read(mailbox: Mailbox) -> list[Any]:
    return [email.message_from_bytes(one, policy=email.policy.default) for one in mailbox.taken]


def with_address(world: World, login: str) -> int:
    person = judges.judge(world, login).id
    with world.database.transaction() as session:
        session.execute(update(Person).where(Person.id == person).values(email=f"{login}@judges.example"))
    return person


def test_everybody_who_was_invited_is_told_once_and_nothing_of_the_cases(
    world: World, mailer: Mailer, mailbox: Mailbox
) -> None:
    one, other = with_address(world, "first_judge"), with_address(world, "other_judge")
    cases = [world.case(CaseState.SUBMITTED) for _ in range(2)]
    judges.try_to_invite(world, [Pair(cases[0], one), Pair(cases[1], one), Pair(cases[0], other)])
    with world.database.reading() as session:
        [arguments] = session.scalars(select(Job.arguments).where(Job.name == "mail_judges")).all()
    for _ in range(2):  # a second try changes nothing
        judging_mail.invite(world.database, mailer, "https://site.example", *arguments, each, at=world.at)
    sent = read(mailbox)
    assert [str(mail["To"]) for mail in sent] == ["first_judge@judges.example", "other_judge@judges.example"]
    body = sent[0].get_body().get_content()
    assert "有 2 个案例" in body
    assert [word for word in (world.row(cases[0]).title, world.row(cases[0]).number, "示例") if word in body] == []


def test_whoever_is_released_is_told_once_and_another_time_if_it_happens_again(
    world: World, mailer: Mailer, mailbox: Mailbox
) -> None:
    with_address(world, "first_judge")
    number = judges.invited(world, world.case(CaseState.SUBMITTED), world.people["first_judge"])
    desk = world.people["desk"]
    for trigger in ("release", "invite_again", "release"):
        went(judges.step(world, number, trigger, desk))
    with world.database.reading() as session:
        told = session.scalars(select(Job.arguments).where(Job.name == "mail_released").order_by(Job.key)).all()
    for version, *numbers in (*told, told[0]):
        judging_mail.released(world.database, mailer, "https://site.example", version, numbers, each, at=world.at)
    bodies = [mail.get_body().get_content() for mail in read(mailbox)]
    assert ["不用再评" in body for body in bodies] == [True, True]


def test_a_judge_who_is_late_reads_so(world: World, mailer: Mailer, mailbox: Mailbox) -> None:
    with_address(world, "first_judge")
    day = world.at.astimezone(BEIJING).date()
    judges.invited(world, world.case(CaseState.SUBMITTED), world.people["first_judge"], day)
    judging_mail.remind(
        world.database, mailer, "https://site.example", each, at=datetime.combine(day + timedelta(1), time(12), BEIJING)
    )
    [mail] = read(mailbox)
    assert "其中 1 个已经逾期" in mail.get_body().get_content()


@pytest.mark.parametrize(("days", "told"), [(5, 0), (3, 1), (2, 0), (0, 1), (-1, 1), (-2, 0), (-4, 1)])
def test_a_judge_is_reminded_before_the_day_and_after_it(
    world: World, mailer: Mailer, mailbox: Mailbox, days: int, told: int
) -> None:
    with_address(world, "first_judge")
    day = world.at.astimezone(BEIJING).date() + timedelta(days=30)
    judges.invited(world, world.case(CaseState.SUBMITTED), world.people["first_judge"], day)
    at = datetime.combine(day - timedelta(days=days), time(12), BEIJING)
    judging_mail.remind(world.database, mailer, "https://site.example", each, at=at)
    assert len(mailbox.taken) == told


def test_whoever_has_scored_declined_or_lost_the_case_is_not_reminded(
    world: World, mailer: Mailer, mailbox: Mailbox
) -> None:
    with_address(world, "first_judge")
    day, case = world.at.astimezone(BEIJING).date(), world.case(CaseState.SUBMITTED)
    number = judges.invited(world, case, world.people["first_judge"], day)
    went(judges.step(world, number, "decline"))
    judging_mail.remind(world.database, mailer, "https://site.example", each, at=world.at)
    assert mailbox.taken == []
