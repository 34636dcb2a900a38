"""One try at a piece of work: which one counts, what becomes of it, and in which words."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from rules.words import Text
from tests.workflow.test_jobs import queued
from tests.worlds import World
from workflow.engine import NotPermitted
from workflow.failure import Failure
from workflow.jobs.kinds import KINDS, JobState, Waits
from workflow.jobs.queue import client, enqueue
from workflow.jobs.reasons import DATABASE_AWAY, reason
from workflow.jobs.running import BROKEN_OFF, Progress, Runner, rest
from workflow.store import jobs as stored
from workflow.store.files import Damaged
from workflow.store.models import AuditEvent, Job

pytestmark = pytest.mark.database

NOTICE = KINDS["mail_notice"]
KEY = "a-notice"
AWAY = Failure("mail_away", Text("连接不上。", "Not reached."), "refused", general=True)
LASTING = Failure("mail_refused", Text("拒收。", "Refused."), "550 no such mailbox", lasting=True)

Try = Callable[..., str]


@pytest.fixture
def runner(world: World) -> Runner:
    with world.database.transaction() as session:
        enqueue(session, "mail_notice", KEY, 7, "locked")
    return Runner(world.database, "worker-1")


def row(world: World, key: str = KEY) -> Job:
    with world.database.reading() as session:
        return session.scalars(select(Job).where(Job.key == key)).one()


def attempt(runner: Runner, number: int = 1, work: Callable[[Progress], str] = lambda _: "sent") -> str:
    return runner.run(NOTICE, KEY if number == 1 else f"{KEY}~{number}", (7, "locked"), work)


def failing(failure: Exception) -> Callable[[Progress], str]:
    def work(_: Progress) -> str:
        raise failure

    return work


def none(_: Progress) -> str:
    raise AssertionError("this must not run")


# ---- queueing --------------------------------------------------------------------------------------------------------


def test_the_same_key_is_the_same_work_and_what_is_rolled_back_is_not_there(world: World, runner: Runner) -> None:
    with world.database.transaction() as session:
        enqueue(session, "mail_notice", KEY, 8, "locked")
    with suppress(ZeroDivisionError), world.database.transaction() as session:
        enqueue(session, "mail_notice", "another", 7, "locked")
        raise ZeroDivisionError
    made = row(world)
    assert (made.state, made.about, made.arguments, queued(world)) == ("queued", "person/7", [7, "locked"], [KEY])


def test_new_work_about_a_thing_settles_what_was_given_up_about_it(world: World) -> None:
    for number, about in ((1, 5), (2, 6)):
        with world.database.transaction() as session:
            enqueue(session, "mail_batch", f"mail_batch/{about}/{number}", about)
        failed = Runner(world.database, "worker-1")
        failed.run(KINDS["mail_batch"], f"mail_batch/{about}/{number}", (about,), failing(LASTING))
    with world.database.transaction() as session:
        enqueue(session, "mail_batch", "mail_batch/5/3", 5)
    assert [row(world, f"mail_batch/{key}").state for key in ("5/1", "6/2", "5/3")] == ["retried", "gave_up", "queued"]


# ---- what becomes of a try -------------------------------------------------------------------------------------------


def test_what_is_done_is_done_once(world: World, runner: Runner) -> None:
    assert attempt(runner) == "sent"
    made = row(world)
    assert (made.state, made.detail, made.worker) == ("done", "sent", "worker-1")
    assert attempt(runner, work=none) == "not to be done any more"


def test_a_failed_try_waits_for_the_next_one_and_says_why(world: World, runner: Runner) -> None:
    began = datetime.now(UTC)
    attempt(runner, work=failing(AWAY))
    made = row(world)
    assert (made.state, made.number, made.tries, made.code) == ("waiting", 2, 1, "mail_away")
    assert (made.trouble, made.detail) == ({"zh": "连接不上。", "en": "Not reached."}, "refused")
    assert made.next_at is not None
    assert timedelta(seconds=10) <= made.next_at - began < timedelta(seconds=40)
    status = client(world.database.engine).retrieve_workflow(f"{KEY}~2").get_status()
    assert (status.status, status.name) == ("DELAYED", "mail_notice")
    assert attempt(runner, 1, none) == "not to be done any more"
    assert attempt(runner, 2) == "sent"
    assert (row(world).state, row(world).failing_since) == ("done", None)


def test_waits_grow_up_to_an_hour_and_end() -> None:
    waits = Waits(10, 2, 180)
    assert [waits.after(failed) for failed in (1, 2, 3, 9, 10, 179, 180)] == [10, 20, 40, 2560, 3600, 3600, None]


def test_after_its_last_try_it_is_given_up_on_record(world: World, runner: Runner) -> None:
    with world.database.transaction() as session:
        stored.change(session, row(world).id, tries=NOTICE.waits.tries - 1)
    attempt(runner, work=failing(AWAY))
    made = row(world)
    assert (made.state, made.tries, made.next_at) == ("gave_up", 180, None)
    with world.database.reading() as session:
        [event] = session.scalars(select(AuditEvent).where(AuditEvent.action == "job.give_up")).all()
    assert ("连接不上。" in event.body, event.person_id) == (True, None)


@pytest.mark.parametrize("failure", [LASTING, NotPermitted(Text("不是您的事。", "Not yours.")), Damaged("abc")])
def test_what_no_further_try_would_mend_is_given_up_at_once(world: World, runner: Runner, failure: Exception) -> None:
    attempt(runner, work=failing(failure))
    assert (row(world).state, row(world).tries) == ("gave_up", 1)


def test_a_mistake_of_ours_is_told_in_words_and_kept_for_the_administrator(world: World, runner: Runner) -> None:
    attempt(runner, work=failing(ZeroDivisionError("somebody@example.cn has password=hunter2")))
    made = row(world)
    assert (made.state, made.code) == ("waiting", "mistake")
    assert "Traceback" not in made.trouble["zh"] + made.trouble["en"]
    assert made.detail == "ZeroDivisionError: s***@example.cn has password=***"


@pytest.mark.parametrize(
    "problem", [AWAY, LASTING, Damaged("x"), FileNotFoundError("x"), OSError(28, "full"), KeyError()]
)
def test_every_reason_speaks_both_languages(problem: Exception) -> None:
    said = reason(problem)
    assert said.code
    assert all(said.why)


# ---- which try counts ------------------------------------------------------------------------------------------------


def test_a_try_that_another_worker_took_up_changes_nothing_any_more(world: World, runner: Runner) -> None:
    """The worker was taken for dead: its work was taken up, and ends after that of the other one has begun."""
    other = Runner(world.database, "worker-2")

    def slow(_: Progress) -> str:
        def meanwhile(_: Progress) -> str:
            assert (row(world).worker, row(world).interrupted) == ("worker-2", 1)
            return "sent by the other"

        assert attempt(other, work=meanwhile) == "sent by the other"
        raise AWAY

    attempt(runner, work=slow)
    assert (row(world).state, row(world).detail, row(world).worker) == ("done", "sent by the other", "worker-2")


def test_what_ends_every_worker_that_touches_it_is_given_up(world: World, runner: Runner) -> None:
    class Killed(BaseException):
        pass

    def deadly(_: Progress) -> str:
        raise Killed

    def killed(number: int) -> None:
        with pytest.raises(Killed):
            attempt(runner, number, work=deadly)

    killed(1)
    killed(1)  # after the first time it is tried again at once
    for broken in range(2, BROKEN_OFF + 1):
        assert attempt(runner, row(world).number, work=none) == "not to be done any more"
        made = row(world)
        assert (made.state, made.interrupted, made.number, made.code) == ("waiting", broken, broken, "interrupted")
        assert made.next_at is not None
        assert timedelta(seconds=rest(broken) - 60) < made.next_at - datetime.now(UTC) < timedelta(seconds=rest(broken))
        killed(broken)
    assert attempt(runner, BROKEN_OFF, work=none) == "not to be done any more"
    assert (row(world).state, row(world).code) == ("gave_up", "interrupted")


def test_what_a_database_that_goes_away_breaks_off_is_no_try_of_the_work(runner: Runner, world: World) -> None:
    away = OperationalError(
        "select 1", {}, psycopg.OperationalError("server closed the connection"), connection_invalidated=True
    )
    assert reason(away).code == DATABASE_AWAY
    attempt(runner, 1, failing(AWAY))
    for number in range(2, 2 + BROKEN_OFF):
        attempt(runner, number, failing(away))
        made = row(world)
        assert (made.state in ("queued", "waiting"), made.tries, made.interrupted) == (True, 1, number - 1)
        assert made.code == DATABASE_AWAY
    attempt(runner, 2 + BROKEN_OFF, lambda _: "sent")
    assert row(world).state == "done"


def test_work_queued_by_an_earlier_version_is_done_too(world: World) -> None:
    assert Runner(world.database, "worker-1").run(NOTICE, "from-before", (7, "locked"), lambda _: "sent") == "sent"
    assert (row(world, "from-before").state, row(world, "from-before").about) == ("done", "person/7")


def test_what_a_stopping_worker_leaves_is_queued_as_a_try_of_its_own(world: World, runner: Runner) -> None:
    def unfinished(_: Progress) -> str:
        assert runner.hand_back(KINDS.__getitem__) == 1
        assert (row(world).state, row(world).number) == ("queued", 2)
        return "sent after all"

    attempt(runner, work=unfinished)
    assert (row(world).state, queued(world)) == ("queued", [KEY, f"{KEY}~2"])
    assert attempt(runner, 2) == "sent"


def test_what_dbos_counts_as_failed_is_queued_anew_where_it_came_to_no_end(world: World, runner: Runner) -> None:
    assert runner.again(["unheard-of", KEY], KINDS) == 1
    assert (row(world).state, row(world).number, queued(world)) == ("queued", 2, [KEY, f"{KEY}~2"])
    assert runner.again([KEY], KINDS) == 0  # another try counts by now
    assert attempt(runner, 2) == "sent"
    assert runner.again([f"{KEY}~2"], KINDS) == 0


# ---- work of several parts -------------------------------------------------------------------------------------------


def parts(done: list[str], fails: dict[str, Exception] | None = None, **at: Any) -> Callable[[Progress], str]:
    """Work on the parts a, b and c. `at`: what happens at a part."""

    def one(part: str) -> None:
        if part in at:
            at[part]()
        if fails and part in fails:
            raise fails[part]
        done.append(part)

    def work(progress: Progress) -> str:
        progress.each(["a", "b", "c"], one)
        return f"{len(done)} parts"

    return work


def test_how_far_it_is_can_be_seen(world: World, runner: Runner) -> None:
    done: list[str] = []
    seen: list[tuple[int, int]] = []
    attempt(runner, work=parts(done, c=lambda: seen.append((row(world).part, row(world).parts))))
    assert (seen, done, row(world).part, row(world).state) == ([(2, 3)], ["a", "b", "c"], 3, "done")


def test_a_part_that_fails_keeps_no_other_waiting(world: World, runner: Runner) -> None:
    done: list[str] = []
    attempt(runner, work=parts(done, {"b": LASTING}))
    assert (done, row(world).state) == (["a", "c"], "gave_up")
    assert row(world).trouble == {"zh": "3 项中有 1 项没有办成：拒收。", "en": "1 of 3 were not done: Refused."}


def test_what_all_parts_would_meet_ends_the_try_at_once(world: World, runner: Runner) -> None:
    done: list[str] = []
    attempt(runner, work=parts(done, {"b": AWAY}))
    assert (done, row(world).state) == (["a"], "waiting")


def test_work_that_is_called_off_ends_before_its_next_part(world: World, runner: Runner) -> None:
    done: list[str] = []

    def called_off() -> None:
        with world.database.transaction() as session:
            stored.change(session, row(world).id, cancel_asked=True)

    assert attempt(runner, work=parts(done, b=called_off)) == "cancelled"
    assert (done, row(world).state) == (["a", "b"], JobState.CANCELLED)


def test_a_stopping_worker_hands_the_rest_back(world: World, runner: Runner) -> None:
    done: list[str] = []
    assert attempt(runner, work=parts(done, b=runner.ended.set)) == "handed back"
    assert (done, row(world).state, row(world).number, row(world).tries) == (["a", "b"], "queued", 2, 0)
