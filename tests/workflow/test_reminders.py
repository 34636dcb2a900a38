"""Reminders of deadlines: when, to whose hands the next step is in and to nobody else, in which words, once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import update

from rules.call import BEIJING, Window
from rules.roles import Level
from states.case import CaseState
from tests.workflow.receivers import Mailbox, mail_server
from tests.workflow.test_jobs import result, working
from tests.worlds import World
from workflow import reminders
from workflow.calls import deadlines
from workflow.jobs import worker
from workflow.jobs.queue import enqueue
from workflow.mailing import Mailer
from workflow.reminders import Reminder, mark_of
from workflow.store.models import Person

pytestmark = pytest.mark.database

CLOSES = datetime(2021, 3, 27, tzinfo=BEIJING)
CLOSES_ON = date(2021, 3, 26)
SITE = "https://site.example"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as made:
        yield made


@pytest.fixture
def world(world: World) -> World:
    """Everybody has an address, and it is the last morning of the first phase."""
    with world.database.transaction() as session:
        session.execute(update(Person).values(email=Person.login + "@mail.example"))
    return world


def on(day: int, hour: int = 9, minute: int = 5) -> datetime:
    return datetime(2021, 3, day, hour, minute, tzinfo=BEIJING)


def due(world: World, at: datetime) -> dict[str, Reminder]:
    with world.database.reading() as session:
        found = reminders.due(session, at)
    assert len({(one.person_id, one.phase, one.window) for one in found}) == len(found)
    return {one.address.partition("@")[0]: one for one in found}


@pytest.mark.parametrize(
    ("at", "mark"),
    [
        (on(20, 8, 59), None),
        (on(20, 9, 0), "7d"),
        (on(20, 20, 59), "7d"),
        (on(20, 21, 0), None),
        (on(24, 8, 59), None),
        (on(24), "3d"),
        (on(26), "1d"),
        (on(26, 20, 59), "1d"),
        (on(26, 21, 0), "3h"),
        (on(26, 23, 59), "3h"),
        (on(27, 0, 0), None),
    ],
)
def test_reminders_come_7_3_and_1_days_and_3_hours_before(at: datetime, mark: str | None) -> None:
    assert mark_of(CLOSES, at) == mark


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (CaseState.DRAFT, {"author", "sealer", "second_sealer", "author_and_sealer"}),
        (CaseState.RETURNED, {"author", "sealer", "second_sealer", "author_and_sealer"}),
        (CaseState.CENTRE_STAMPED, {"reviewer", "second_reviewer", "reviewer_and_leader"}),
        (CaseState.PROVINCE_REVIEWED, {"reviewer", "second_reviewer", "reviewer_and_leader", "leader"}),
        (CaseState.SUBMITTED, set()),
        (CaseState.WITHDRAWN, set()),
        (CaseState.NOT_RECOMMENDED, set()),
    ],
)
def test_whose_court_the_ball_is_in_is_told_and_nobody_else(world: World, state: CaseState, told: set[str]) -> None:
    world.case(state)
    assert set(due(world, on(24))) == told


def test_each_person_gets_one_mail_with_all_that_waits_for_them(world: World) -> None:
    first, second = world.case(), world.case(CaseState.RETURNED)
    world.case(centre="neighbour")
    reminder = due(world, on(24))["sealer"]
    assert [one.id for one in reminder.cases] == [first, second]
    assert [(one.state.zh, one.step.zh) for one in reminder.cases] == [
        ("草稿", "盖章报送省级"),
        ("已退回中心", "盖章报送省级"),
    ]


def test_a_mail_says_which_deadline_it_is_how_long_is_left_and_where_each_case_is(world: World) -> None:
    case = world.case()
    reminder = due(world, on(24))["author"]
    words = reminder.body(SITE)
    assert reminder.subject == "征集系统：1 个案例还有 3 天截止"
    for said in (
        "赵文，您好！",
        "《知识产权信息公共服务优秀案例征集》第一阶段的截止时间是 2021 年 3 月 26 日 24:00（北京时间），还有 3 天截止。",
        f"{world.row(case).number} 《{world.row(case).title}》 现在：草稿，待“盖章报送省级” {SITE}/cases/{case}",
        "closes on 2021-03-26 at 24:00 Beijing time, in 3 days. The 1 case listed above waits for you.",
    ):
        assert said in words
    assert "今天截止" in due(world, on(26))["author"].subject
    assert "还有 3 小时截止" in due(world, on(26, 22))["author"].subject


def test_an_extension_moves_the_reminder_and_another_office_keeps_its_own(world: World) -> None:
    world.case()
    world.case(centre="neighbour")
    day = world.phase.closes + timedelta(days=7)
    with world.database.transaction() as session:
        deadlines.extend(
            session,
            world.call,
            world.phase.id,
            day,
            "因故顺延",
            office=world.offices["first"],
            actor=world.people["director"],
            at=world.at,
        )
    assert set(due(world, on(24))) == {"neighbour_author", "neighbour_sealer"}
    assert "sealer" in due(world, on(31))


def test_an_earlier_day_of_the_office_counts_for_its_centres(world: World) -> None:
    world.case()
    with world.database.transaction() as session:
        deadlines.set_centre_day(
            session,
            world.call,
            world.phase.id,
            world.phase.closes - timedelta(days=2),
            "省级要留审核时间",
            office=world.offices["first"],
            actor=world.people["leader"],
            at=world.at,
        )
    assert (set(due(world, on(24, 22))), due(world, on(26))) == (
        {"author", "sealer", "second_sealer", "author_and_sealer"},
        {},
    )


def test_who_has_no_address_or_no_account_any_more_is_not_written_to(world: World) -> None:
    world.case()
    with world.database.transaction() as session:
        session.execute(update(Person).where(Person.login == "sealer").values(email=""))
        session.execute(update(Person).where(Person.login == "second_sealer").values(active=False))
    assert set(due(world, on(24))) == {"author", "author_and_sealer"}


def test_a_case_without_a_phase_reminds_nobody(world: World) -> None:
    world.draft(world.content(phase=None).changed(phase=""))
    assert due(world, on(24)) == {}


def test_each_mail_leaves_once_however_often_it_is_due(world: World, mailbox: Mailbox) -> None:
    world.case()
    mailer = Mailer(mailbox.url, "office@site.example", world.database)

    def each(parts, do):
        for part in parts:
            do(part)

    for at in (on(24), on(24, 10), on(24, 20)):
        assert reminders.send(world.database, mailer, SITE, each, at=at) == "4 reminders"
    assert len(mailbox.mails) == 4
    reminders.send(world.database, mailer, SITE, each, at=on(26))
    assert len(mailbox.mails) == 8


def test_the_worker_reminds_and_says_how_many(world: World, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    world.case()
    monkeypatch.setattr(worker.clock, "now", lambda *_: on(26))
    with world.database.transaction() as session:
        enqueue(session, "remind", "remind/once")
    with working(world, smtp_url=mailbox.url, mail_from="office@site.example"):
        assert result(world, "remind/once") == "4 reminders"
    assert {str(one["To"]) for one in mailbox.mails} == {
        f"{one}@mail.example" for one in ("author", "sealer", "second_sealer", "author_and_sealer")
    }


def test_windows_are_those_of_the_level_that_is_waited_for(world: World) -> None:
    world.case(CaseState.CENTRE_STAMPED)
    reviewer = due(world, on(24))["reviewer"]
    assert reviewer.window == world.phase.window(Level.OFFICE, world.call.opened)


def test_the_day_asked_for_is_reminded_of_first_with_the_last_day_of_all(world: World) -> None:
    world.case()
    asked = datetime(2021, 3, 21, tzinfo=BEIJING)
    window = Window(datetime(2021, 3, 12, tzinfo=BEIJING), CLOSES, asked=asked)
    assert reminders.next_due(window, on(20)) == ("1d", replace(window, closes=asked, asked=None), CLOSES_ON)
    assert reminders.next_due(window, on(24)) == ("3d", window, None)
    made = replace(due(world, on(24))["author"], window=replace(window, closes=asked), mark="1d", final=CLOSES_ON)
    body = made.body(SITE)
    assert "希望的报送时间是 2021 年 3 月 20 日 24:00" in body
    assert "最迟 2021 年 3 月 26 日 24:00" in body
    assert "asks for reports by 2021-03-20" in body
    assert made.subject.endswith("今天到希望的报送日")
