"""Mails on what became of cases: to whom, in which words, held, dropped where the step is taken back, sent once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from states.case import CASE, CaseState
from tests.workflow.receivers import Mailbox, mail_server
from tests.workflow.test_jobs import queued, result, working
from tests.worlds import World
from workflow import cases, letters
from workflow.engine import Attempt
from workflow.letters import TOLD, Kept, Posting, Where
from workflow.mailing import Mailer
from workflow.publishing import editorial
from workflow.store import people as stored_people
from workflow.store.models import Job, Letter, Office, Person

pytestmark = pytest.mark.database

SITE = "https://site.example"
LATER = datetime.now(UTC) + timedelta(days=1)  # however long a run takes


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as made:
        yield made


def with_addresses(world: World, *people: str) -> None:
    with world.database.transaction() as session:
        for one in people:
            session.execute(update(Person).where(Person.login == one).values(email=f"{one}@mail.example"))


def held(world: World, case: int, trigger: str, **more: Any) -> Attempt:
    """A step taken whose mails wait for an hour."""
    return world.act(case, trigger, posting=Posting(LATER), **more)


def about(world: World, case: int, *, configured: bool = True) -> list[Kept]:
    with world.database.reading() as session:
        return letters.of_case(session, case, configured=configured)


def to(kept: Sequence[Kept]) -> set[str]:
    return {one.mail.address for one in kept}


def jobs(world: World) -> list[str]:
    return [key for key in queued(world) if key.startswith("mail_letters/")]


def let_go(world: World, mailbox: Mailbox | None, posting: str) -> str:
    """What the job does once they were held long enough."""
    mailer = Mailer(mailbox.url if mailbox else "", "zhengji@office.example" if mailbox else "", world.database)

    def each(parts: Sequence[int], do: Any) -> None:
        for one in parts:
            do(one)

    return letters.send(world.database, mailer, SITE, posting, each, at=datetime.now(UTC))


# ---- to whom, and in which words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "trigger", "told"),
    [
        (CaseState.CENTRE_STAMPED, "return_to_centre", {"author", "sealer", "second_sealer"}),
        (CaseState.SUBMITTED, "return_to_office", {"reviewer", "reviewer_and_leader"}),
        (CaseState.SUBMITTED, "shortlist", {"author", "sealer", "second_sealer", "reviewer", "reviewer_and_leader"}),
        (CaseState.SUBMITTED, "pass_over", {"author", "sealer", "second_sealer", "reviewer", "reviewer_and_leader"}),
        (CaseState.CENTRE_STAMPED, "review", set()),
        (CaseState.PROVINCE_REVIEWED, "reopen", set()),
    ],
)
def test_a_step_tells_those_whom_it_concerns(world: World, state: CaseState, trigger: str, told: set[str]) -> None:
    case = world.case(state)
    everybody = ("author", "second_author", "sealer", "second_sealer", "reviewer", "reviewer_and_leader", "leader")
    with_addresses(world, *everybody, "neighbour_sealer", "institute_sealer", "desk", "director")
    world.act(case, trigger)
    assert to(about(world, case)) == {f"{one}@mail.example" for one in told}


def test_an_office_whose_reviewers_have_no_address_is_told_at_its_own(world: World) -> None:
    case = world.case(CaseState.SUBMITTED)
    with world.database.transaction() as session:
        session.execute(update(Office).where(Office.id == world.offices["first"]).values(email="office@mail.example"))
    world.act(case, "return_to_office")
    [kept] = about(world, case)
    assert (kept.mail.name, kept.mail.address) == ("示例省知识产权局", "office@mail.example")


def test_whoever_takes_the_step_is_not_told_of_it(world: World) -> None:
    case = world.case(CaseState.SUBMITTED)
    with_addresses(world, "author", "desk")
    with world.database.transaction() as session:
        session.execute(update(Person).where(Person.login == "author").values(active=False))
    world.act(case, "shortlist")
    assert about(world, case) == []
    assert jobs(world) == []


def test_the_words_are_chinese_with_english_below(world: World) -> None:
    case = world.case(CaseState.SUBMITTED)
    with_addresses(world, "sealer")
    world.act(case, "pass_over", remark="成效部分缺少数据")
    [kept] = about(world, case)
    number, title = world.row(case).number, world.row(case).title
    day = world.at
    assert kept.mail.subject == "征集系统：1 个案例未入选"
    assert kept.mail.body(SITE + "/").splitlines() == [
        "孙印，您好！",
        "",
        f"{world.call.issuer.zh}于 {day.year} 年 {day.month} 月 {day.day} 日办理“不入选”。下列 1 个案例未入选：",
        "",
        f"1. {number} 《{title}》 {SITE}/cases/{case}",
        "",
        "理由：成效部分缺少数据",
        "",
        "详细情况和回执，请登录后在案例页面查看。本邮件由系统发出，不必回复。",
        "",
        f"On {day:%Y-%m-%d} {world.call.issuer.zh} took the step “Pass over”. The 1 case listed above is not selected.",
        "Reason: 成效部分缺少数据",
        "Details and receipts are on the page of each case, once signed in. Sent by the system; no reply is needed.",
    ]


def test_a_published_case_is_named_with_its_public_page_and_an_office_with_its_new_day(world: World) -> None:
    published, returned = world.case(CaseState.SHORTLISTED), world.case(CaseState.SUBMITTED)
    with_addresses(world, "sealer", "reviewer")
    world.walk(published, "publish")
    new_day = date(world.phase.closes.year + 1, 1, 2)
    world.act(returned, "return_to_office", new_day=new_day)
    bodies = [about(world, case)[0].mail.body(SITE) for case in (published, returned)]
    assert f"{SITE}/public/{world.row(published).number}" in bodies[0]
    assert f"重新报送的截止日：{new_day.isoformat()}" in bodies[1]


def test_editors_are_told_once_when_consent_is_taken_back_and_when_it_is_given_again(world: World) -> None:
    case, draft = world.case(CaseState.PUBLISHED), world.draft()
    with_addresses(world, "author", "sealer", "editor", "desk_and_editor", "desk")
    world.consent(draft, "")
    before = len(about(world, case))
    for words in ("", "", "服务对象再次书面同意", "换一种说法"):
        world.consent(case, words)
    told = about(world, case)[: len(about(world, case)) - before]
    editors = ["desk_and_editor@mail.example", "editor@mail.example"]
    assert sorted((one.mail.step, one.mail.address) for one in told) == [
        (step, address) for step in ("consent_given_again", "consent_taken_back") for address in editors
    ]
    assert about(world, draft) == []
    body = next(one.mail.body(SITE) for one in told if one.mail.step == "consent_taken_back")
    centre = world.row(case).centre.name
    assert f"{centre}于" in body
    assert "“撤回公开同意”。下列 1 个案例不再公开显示" in body
    assert f"{SITE}/cases/{case}" in body
    assert "took the step “Taking back consent to publication”. The 1 case listed above is no longer shown" in body


def test_the_same_form_tells_of_consent_once(world: World) -> None:
    case = world.case(CaseState.PUBLISHED)
    with_addresses(world, "editor")
    for _ in range(2):
        with world.database.transaction() as session:
            editorial.consent(session, case, "", actor=world.people["author"], at=world.at, op="f1")
    assert [one.mail.step for one in about(world, case)] == ["consent_taken_back"]


def test_every_step_that_is_told_is_a_step_and_is_said_in_both_languages() -> None:
    beside = {name for name, one in TOLD.items() if one.act}
    assert TOLD.keys() - beside - {"migrate"} <= {one.name for one in CASE.transitions}
    for one in TOLD.values():
        assert one.came.zh
        assert one.came.en.isascii()
        assert bool(one.next.zh) is bool(one.next.en)


def test_a_returned_batch_tells_its_office_once_for_all_its_cases(world: World) -> None:
    ids = [world.case(CaseState.PROVINCE_REVIEWED) for _ in range(2)]
    batch = world.submit(*ids)
    with_addresses(world, "reviewer")
    assert world.act_on_batch(batch, "return_batch").done
    [kept] = about(world, ids[0])
    assert [one.id for one in kept.mail.cases] == ids
    assert about(world, ids[1]) == [kept]


# ---- held, dropped, let go -------------------------------------------------------------------------------------------


def test_mails_are_queued_with_the_step_and_vanish_with_it(world: World) -> None:
    case = world.case(CaseState.SUBMITTED)
    with_addresses(world, "sealer")
    attempt = held(world, case, "shortlist", op="form")
    held(world, case, "shortlist", op="form")
    assert attempt.receipt is not None
    assert jobs(world) == [f"mail_letters/{attempt.receipt.number}"]
    with world.database.reading() as session:
        [job] = session.scalars(select(Job).where(Job.name == "mail_letters"))
        assert job.queued_at > datetime.now(UTC) + timedelta(minutes=50)
        assert len(list(session.scalars(select(Letter)))) == 1
    refused = world.case(CaseState.SUBMITTED)
    assert not held(world, refused, "pass_over", remark="").done
    assert about(world, refused) == []


def test_a_step_taken_back_while_its_mail_is_held_is_told_to_nobody(world: World, mailbox: Mailbox) -> None:
    case = world.case(CaseState.SUBMITTED)
    with_addresses(world, "sealer")
    first = held(world, case, "shortlist")
    world.act(case, "unshortlist")
    [kept] = about(world, case)
    assert kept.where is Where.DROPPED
    assert first.receipt is not None
    let_go(world, mailbox, first.receipt.number)
    assert mailbox.mails == []


def test_of_a_mail_about_many_only_what_was_taken_back_is_left_out(world: World, mailbox: Mailbox) -> None:
    ids = [world.case(CaseState.PROVINCE_REVIEWED) for _ in range(2)]
    world.submit(*ids)
    with_addresses(world, "sealer")
    with world.database.transaction() as session:
        made = cases.act(
            session, ids, "shortlist", actor=world.people["desk"], at=world.at, posting=Posting(LATER, "bulk/1")
        )
    assert all(one.done for one in made)
    world.act(ids[0], "unshortlist")
    let_go(world, mailbox, "bulk/1")
    [mail] = mailbox.mails
    text = mail.get_payload()[0].get_payload(decode=True).decode()
    assert world.row(ids[1]).number in text
    assert world.row(ids[0]).number not in text


def test_once_let_go_a_mail_is_not_dropped_and_the_step_back_is_told(world: World, mailbox: Mailbox) -> None:
    case = world.case(CaseState.SUBMITTED)
    with_addresses(world, "sealer")
    first = held(world, case, "shortlist")
    assert first.receipt is not None
    let_go(world, mailbox, first.receipt.number)
    world.act(case, "unshortlist")
    assert [(one.mail.step, one.where) for one in about(world, case)] == [
        ("unshortlist", Where.HELD),
        ("shortlist", Where.SENT),
    ]


def test_a_mail_is_sent_once_however_often_its_job_comes(world: World, mailbox: Mailbox) -> None:
    case = world.case(CaseState.SUBMITTED)
    with_addresses(world, "sealer", "reviewer")
    first = held(world, case, "shortlist")
    assert first.receipt is not None
    for _ in range(2):
        assert let_go(world, mailbox, first.receipt.number) == "2 mails"
    assert sorted(str(mail["To"]) for mail in mailbox.mails) == ["reviewer@mail.example", "sealer@mail.example"]


def test_whoever_lost_account_or_address_meanwhile_is_left_out(world: World, mailbox: Mailbox) -> None:
    case = world.case(CaseState.SUBMITTED)
    with_addresses(world, "sealer", "second_sealer", "reviewer")
    first = held(world, case, "shortlist")
    with world.database.transaction() as session:
        stored_people.set_active(session, world.people["sealer"].id, False)
        session.execute(update(Person).where(Person.login == "second_sealer").values(email=""))
    assert first.receipt is not None
    let_go(world, mailbox, first.receipt.number)
    assert [str(mail["To"]) for mail in mailbox.mails] == ["reviewer@mail.example"]


def test_without_a_mail_server_mails_wait_to_be_fetched(world: World) -> None:
    case = world.case(CaseState.SUBMITTED)
    with_addresses(world, "sealer")
    first = held(world, case, "shortlist")
    assert first.receipt is not None
    number = first.receipt.number
    assert let_go(world, None, number) == "no mail server is set"
    [kept] = about(world, case, configured=False)
    assert kept.where is Where.BY_HAND
    with world.database.reading() as session:
        by = {"sender": "desk@office.example", "site": SITE}
        name, data, mail = letters.as_file(session, kept.id, actor=world.people["desk"], **by)
        with pytest.raises(letters.NoSuchLetter):
            letters.as_file(session, kept.id, actor=world.people["second_desk"], **by)
    assert mail == kept.mail
    assert name == "征集系统：1 个案例已入选_孙印.eml"
    assert b"sealer@mail.example" in data


def test_a_worker_sends_what_is_due_and_holds_what_is_not(world: World, mailbox: Mailbox) -> None:
    now, later = world.case(CaseState.SUBMITTED), world.case(CaseState.SUBMITTED)
    with_addresses(world, "sealer")
    settings = {"smtp_url": mailbox.url, "mail_from": "zhengji@office.example", "base_url": SITE}
    sent = held(world, later, "shortlist")
    due = world.act(now, "shortlist", posting=Posting(datetime.now(UTC) + timedelta(milliseconds=300)))
    assert sent.receipt is not None
    assert due.receipt is not None
    with working(world, **settings):
        assert result(world, f"mail_letters/{due.receipt.number}") == "1 mails"
    assert [str(mail["To"]) for mail in mailbox.mails] == ["sealer@mail.example"]
    assert [one.where for one in about(world, later)] == [Where.HELD]
