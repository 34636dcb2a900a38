"""What people see of background work, and what they make of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, select

from rules.roles import Role
from rules.words import Text
from states.case import CaseState
from tests.bench.jobs import fill
from tests.workflow.test_jobs import queued
from tests.worlds import World
from workflow.engine import NotPermitted
from workflow.failure import Failure
from workflow.jobs import board
from workflow.jobs.board import Board, Line, NoSuchJob, Settled, WhyMissing
from workflow.jobs.kinds import KINDS, JobState
from workflow.jobs.queue import enqueue
from workflow.jobs.running import Progress, Runner
from workflow.mailing import AWAY
from workflow.store import mail as stored_mail
from workflow.store import workers as stored_workers
from workflow.store.models import AuditEvent, Job, Worker

pytestmark = pytest.mark.database

REFUSED = Failure("mail_refused", Text("拒收。", "Refused."), "550 no such mailbox", lasting=True)
SILENT = Failure(AWAY, Text("连接不上。", "Not reached."), general=True)


def make(world: World, name: str, about: int, failure: Exception | None = None) -> int:
    """One piece of work, tried once where there is something for it to fail with."""
    key = f"{name}/{about}"
    with world.database.transaction() as session:
        enqueue(session, name, key, about)

    def work(_: Progress) -> str:
        assert failure is not None
        raise failure

    if failure is not None:
        Runner(world.database, "worker-1").run(KINDS[name], key, (about,), work)
    with world.database.reading() as session:
        return session.scalars(select(Job.id).where(Job.key == key)).one()


def put(world: World, **columns: Any) -> None:
    """A row as it would be after a while."""
    plain = {"key": f"k{columns}", "name": "mail_notice", "arguments": [1], "queued_at": datetime.now(UTC)}
    with world.database.transaction() as session:
        session.execute(insert(Job).values(**{**plain, **columns}))


def shown(world: World, who: str) -> Board:
    with world.database.reading() as session:
        return board.board(session, world.people[who])


def row(world: World, job: int) -> Job:
    with world.database.reading() as session:
        return session.get_one(Job, job)


def alive(world: World, name: str = "worker-1") -> None:
    with world.database.transaction() as session:
        stored_workers.take(session, name, "", instance="x")


def do(world: World, step: str, who: str, job: int, *more: str, op: str = "") -> Any:
    with world.database.transaction() as session:
        return getattr(board, step)(session, job, *more, actor=world.people[who], at=world.at, op=op)


# ---- who sees what ---------------------------------------------------------------------------------------------------


def test_everybody_sees_their_own_kinds_and_most_see_none(world: World) -> None:
    make(world, "mail_notice", world.people["author"].id, REFUSED)
    make(world, "mail_batch", 5, REFUSED)
    make(world, "recall_push", 7, REFUSED)
    make(world, "compile_collection", 3, REFUSED)
    seen = {
        "administrator": {"mail_notice", "mail_batch", "recall_push", "compile_collection"},
        "auditor": {"mail_notice", "mail_batch", "recall_push", "compile_collection"},
        "desk": {"mail_batch", "recall_push"},
        "director": {"mail_batch", "recall_push"},
        "liaison": {"recall_push"},
        "editor": {"compile_collection"},
    }
    labels = {one.label: name for name, one in KINDS.items()}
    for who, names in seen.items():
        assert (who, {labels[one.label] for one in shown(world, who).given_up}) == (who, names)
    for who in ("author", "sealer", "reviewer", "leader", "translator", "judge"):
        with pytest.raises(NoSuchJob):
            shown(world, who)


def test_an_administrator_is_shown_no_number_of_a_case_and_no_way_to_it(world: World) -> None:
    case = world.case(CaseState.PUBLISHED)
    world.ready_to_push(case)
    push = world.push(case)
    make(world, "recall_push", push, REFUSED)

    def about(who: str) -> tuple[Text | None, tuple[str, int] | None]:
        [one] = shown(world, who).given_up
        return one.about, one.page

    number = world.row(case).number
    assert about("administrator") == (Text(f"推送 {push}", f"Push {push}"), None)
    assert about("liaison") == (Text(f"推送 {number}", f"Push {number}"), ("push", push))


def test_an_account_is_named_to_its_administrator(world: World) -> None:
    author = world.people["author"]
    make(world, "mail_notice", author.id, REFUSED)
    [one] = shown(world, "administrator").given_up
    assert (one.about, one.page) == (Text(f"账号 {author.name}", f"Account {author.name}"), ("person", author.id))


def test_every_kind_is_seen_and_settled_by_somebody_and_none_settles_unseen() -> None:
    for kind in KINDS.values():
        assert kind.settled_by
        assert kind.settled_by < kind.seen_by
        assert Role.AUDITOR in kind.seen_by - kind.settled_by
        assert all(kind.label)


# ---- what stands where -----------------------------------------------------------------------------------------------


def test_each_piece_of_work_stands_where_it_is(world: World) -> None:
    now = datetime.now(UTC)
    make(world, "mail_batch", 1)
    make(world, "mail_batch", 2, SILENT)
    make(world, "mail_batch", 3, REFUSED)
    put(world, state="running", started_at=now - timedelta(hours=2), part=2, parts=5, worker="worker-1")
    put(world, state="done", ended_at=now - timedelta(minutes=1))
    put(world, state="done", ended_at=now - timedelta(days=2))
    found = shown(world, "administrator")
    [waiting], [given], [running], [ended] = found.waiting, found.given_up, found.running, found.ended
    assert (waiting.tries, waiting.most_tries, waiting.trouble) == (1, 180, Text("连接不上。", "Not reached."))
    assert waiting.next_at is not None
    assert (given.trouble, given.detail) == (Text("拒收。", "Refused."), "550 no such mailbox")
    assert (running.part, running.parts, running.worker, running.late) == (2, 5, "worker-1", True)
    assert ended.state is JobState.DONE
    assert [(one.label, one.many) for one in found.queued] == [(KINDS["mail_batch"].label, 1)]


def test_details_of_the_system_are_for_those_who_mend_it(world: World) -> None:
    make(world, "mail_batch", 3, REFUSED)
    assert [shown(world, who).given_up[0].detail for who in ("desk", "administrator")] == ["", "550 no such mailbox"]


def said(world: World, who: str = "administrator") -> list[str]:
    return [one.zh for one in shown(world, who).late]


def test_it_says_what_is_late(world: World) -> None:
    assert said(world) == ["没有后台进程在运行，排队的任务都不会办理。请管理员启动后台进程。"]
    alive(world)
    assert said(world) == []
    put(world, state="queued", queued_at=datetime.now(UTC) - timedelta(hours=3))
    assert said(world) == ["排队最久的已等了 3 小时。"]
    assert said(world, "liaison") == []  # not of a kind that is theirs


def test_a_mail_server_that_is_away_is_late_until_a_mail_is_taken(world: World) -> None:
    alive(world)
    hours = timedelta(hours=30)
    put(world, state="waiting", code=AWAY, failing_since=datetime.now(UTC) - hours)
    assert said(world) == ["邮件寄不出去已有 1 天，邮件都在等候重试。请管理员检查邮件服务器。"]
    with world.database.transaction() as session:
        stored_mail.record(
            session, message_id="<1@x>", recipient="a@b", subject="s", digest="0", at=datetime.now(UTC), reply="250"
        )
    assert said(world) == []


def test_workers_are_listed_with_what_they_are_at(world: World) -> None:
    alive(world, "worker-1")
    alive(world, "worker-2")
    put(world, state="running", started_at=datetime.now(UTC), worker="worker-1")
    with world.database.transaction() as session:
        session.get_one(Worker, "worker-2").beat_at -= timedelta(minutes=1)
    found = shown(world, "administrator").workers
    assert [(one.name, one.lives, one.running) for one in found] == [("worker-1", True, 1), ("worker-2", False, 0)]


# ---- what people make of it ------------------------------------------------------------------------------------------


def line(world: World, who: str, job: int) -> Line:
    found = shown(world, who)
    return next(one for one in (*found.given_up, *found.waiting, *found.running, *found.ended) if one.id == job)


def test_what_was_given_up_is_tried_again_once_however_often_the_form_comes(world: World) -> None:
    job = make(world, "mail_batch", 3, REFUSED)
    receipts = [do(world, "retry", "desk", job, op="1.a") for _ in range(2)]
    assert receipts[0] == receipts[1]
    made = row(world, job)
    assert (made.state, made.number, made.tries) == ("queued", 2, 0)
    assert queued(world) == ["mail_batch/3", "mail_batch/3~2"]
    assert Runner(world.database, "w").run(KINDS["mail_batch"], "mail_batch/3~2", (3,), lambda _: "sent") == "sent"


def test_what_waits_is_tried_now_and_its_later_try_does_nothing(world: World) -> None:
    job = make(world, "mail_batch", 3, SILENT)
    do(world, "retry", "desk", job)
    runner = Runner(world.database, "w")
    assert runner.run(KINDS["mail_batch"], "mail_batch/3~3", (3,), lambda _: "sent") == "sent"
    assert runner.run(KINDS["mail_batch"], "mail_batch/3~2", (3,), lambda _: "twice") == "not to be done any more"


def test_dismissing_needs_a_reason_and_is_on_record(world: World) -> None:
    job = make(world, "mail_batch", 3, REFUSED)
    with pytest.raises(WhyMissing):
        do(world, "dismiss", "desk", job, "  ")
    receipt = do(world, "dismiss", "desk", job, "已另行寄出")
    assert (row(world, job).state, row(world, job).remark) == ("dismissed", "已另行寄出")
    with world.database.reading() as session:
        body = json.loads(session.scalars(select(AuditEvent.body).where(AuditEvent.hash == receipt.hash)).one())
    assert (body["action"], body["reason"], body["actor"]["name"]) == ("job.dismiss", "已另行寄出", "杨理")
    with pytest.raises(Settled):
        do(world, "dismiss", "desk", job, "再来一次")
    do(world, "retry", "desk", job)  # and taken up again, if that was wrong
    assert row(world, job).state == "queued"


def test_what_waits_or_is_queued_is_called_off(world: World) -> None:
    person = world.people["author"].id
    job = make(world, "mail_notice", person)
    do(world, "cancel", "administrator", job, "写错了")
    assert row(world, job).state == "cancelled"
    ran = Runner(world.database, "w").run(KINDS["mail_notice"], f"mail_notice/{person}", (person,), lambda _: "sent")
    assert ran == "not to be done any more"


def test_what_runs_is_asked_to_end(world: World) -> None:
    put(world, state="running", started_at=datetime.now(UTC), name="mail_checkpoints", worker="w")
    [one] = shown(world, "administrator").running
    do(world, "cancel", "administrator", one.id, "不用了")
    [asked] = shown(world, "administrator").running
    assert (asked.cancelling, asked.may, row(world, one.id).state) == (True, frozenset(), "running")


def test_what_others_rely_on_is_not_called_off(world: World) -> None:
    job = make(world, "mail_batch", 3)
    with pytest.raises(Settled):
        do(world, "cancel", "desk", job, "不寄了")


def test_a_failed_push_is_sent_again_from_its_own_page(world: World) -> None:
    job = make(world, "deliver_push", 7, REFUSED)
    with pytest.raises(Settled):
        do(world, "retry", "liaison", job)
    assert (line(world, "liaison", job).elsewhere, line(world, "desk", job).elsewhere) == (True, False)
    do(world, "dismiss", "liaison", job, "改用邮寄")
    assert row(world, job).state == "dismissed"


@pytest.mark.parametrize(("step", "more"), [("retry", ()), ("dismiss", ("理由",)), ("cancel", ("理由",))])
def test_only_those_whose_work_it_is_settle_it(world: World, step: str, more: tuple[str, ...]) -> None:
    job = make(world, "mail_batch", 3, REFUSED)
    for who, kind in {
        "auditor": NotPermitted,
        "director": NotPermitted,
        "liaison": NoSuchJob,
        "leader": NoSuchJob,
    }.items():
        with pytest.raises(kind):
            do(world, step, who, job, *more)
    assert line(world, "auditor", job).may == frozenset()
    with pytest.raises(NoSuchJob):
        do(world, step, "administrator", 999, *more)


def test_everything_of_a_kind_is_tried_again_at_once(world: World) -> None:
    jobs = [make(world, "mail_batch", number, REFUSED) for number in (1, 2, 3)]
    other = make(world, "mail_notice", world.people["author"].id, REFUSED)
    [(kind, many)] = shown(world, "desk").kinds
    assert (kind.name, many) == ("mail_batch", 3)
    for _ in range(2):
        with world.database.transaction() as session:
            board.retry_all(session, "mail_batch", actor=world.people["desk"], at=world.at, op="1.all")
    assert [row(world, job).state for job in (*jobs, other)] == ["queued"] * 3 + ["gave_up"]
    with pytest.raises(Settled), world.database.transaction() as session:
        board.retry_all(session, "mail_batch", actor=world.people["desk"], at=world.at)
    with pytest.raises(NoSuchJob), world.database.transaction() as session:
        board.retry_all(session, "mail_notice", actor=world.people["desk"], at=world.at)


def test_a_person_is_told_how_much_they_should_settle(world: World) -> None:
    make(world, "mail_batch", 3, REFUSED)
    make(world, "recall_push", 7, REFUSED)
    with world.database.reading() as session:
        open_ = {who: board.given_up(session, world.people[who]) for who in ("desk", "liaison", "auditor", "author")}
    assert open_ == {"desk": 1, "liaison": 1, "auditor": 0, "author": 0}


def test_a_hundred_thousand_are_counted_as_over_so_many(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "MOST", 3)
    for number in range(5):
        put(world, key=f"n{number}", state="queued")
    assert [one.many for one in shown(world, "administrator").queued] == [4]  # that is: over 3


def test_a_long_queue_asks_no_more_of_the_database_and_shows_no_more_lines(world: World) -> None:
    sent: list[str] = []
    event.listen(world.database.engine, "before_cursor_execute", lambda *what: sent.append(what[2]))

    def asked() -> int:
        sent.clear()
        shown(world, "administrator")
        return len(sent)

    make(world, "mail_notice", world.people["author"].id, SILENT)  # one line, so that its name is asked for
    few = asked()
    fill(world.database, 2000)
    assert asked() == few
    assert len(shown(world, "administrator").waiting) == board.SHOWN
