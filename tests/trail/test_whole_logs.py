"""Whole logs: under the national hash, and written by many at once."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from states.case import CaseState
from states.reach import SYSTEM
from tests.worlds import World
from workflow.audit import log, verification
from workflow.store import log as stored
from workflow.store import trail
from workflow.store.models import AuditEvent, AuditLog

pytestmark = pytest.mark.database


def settle(world: World, algorithm: str, origin: str) -> None:
    with world.database.transaction() as session:
        stored.settle(session, algorithm, origin)


def test_a_log_under_sm3_is_signed_proved_and_verified(world: World, tmp_path: Path) -> None:
    settle(world, "sm3", "example.cn/2021")
    case = world.case(CaseState.PUBLISHED)
    log.sequence(world.database)
    signer = log.signer(world.database, tmp_path / "key.pem", world.at)
    log.sequence(world.database)
    made = log.checkpoint(world.database, signer, world.at)
    assert made is not None
    assert made.note.startswith("example.cn/2021\n")
    done = verification.verify(world.database, demo=False, key=signer.key.text, anchors=[made.note])
    assert (done.holds, done.origin, done.checkpoints) == (True, "example.cn/2021", 1)
    for event in world.events(case):
        with world.database.reading() as session:
            held = log.receipt(session, event.stream, event.seq, event.hash)
        assert held["algorithm"] == "sm3"
        assert log.proves(held, signer.key)
        assert not log.proves({**held, "algorithm": "sha256"}, signer.key)


def test_hash_and_name_are_chosen_while_the_log_is_empty_and_never_again(world: World) -> None:
    world.case()
    log.sequence(world.database)
    for algorithm, origin in (("sm3", "a/b"), ("sha256", "a/b")):
        with pytest.raises(DBAPIError):
            settle(world, algorithm, origin)
    with world.database.reading() as session:
        assert stored.head(session).algorithm == "sha256"


def test_an_unknown_hash_cannot_be_chosen(world: World) -> None:
    with pytest.raises(DBAPIError):
        settle(world, "md5", "a/b")


WRITERS, SEQUENCERS, EACH = 8, 3, 12


def test_many_writers_and_sequencers_leave_one_log(world: World, tmp_path: Path) -> None:
    ended, problems = threading.Event(), []

    def write(number: int) -> None:
        for turn in range(EACH):
            with world.database.transaction() as session:
                entry = trail.Entry(f"many/{number}", "test.happen", "done", world.at, SYSTEM, {"turn": turn})
                trail.append(session, [entry])

    def sequence() -> None:
        while not ended.wait(0.01):
            log.sequence(world.database)

    def guarded(work: object, *arguments: object) -> None:
        try:
            work(*arguments)  # type: ignore[operator]
        except Exception as problem:
            problems.append(problem)

    writers = [threading.Thread(target=guarded, args=(write, number)) for number in range(WRITERS)]
    sequencers = [threading.Thread(target=guarded, args=(sequence,)) for _ in range(SEQUENCERS)]
    for one in (*writers, *sequencers):
        one.start()
    for one in writers:
        one.join()
    ended.set()
    for one in sequencers:
        one.join()
    log.sequence(world.database)
    assert problems == []
    with world.database.reading() as session:
        places = list(session.scalars(select(AuditLog.idx).order_by(AuditLog.idx)))
        assert places == list(range(len(places)))
        assert session.query(AuditEvent).filter(AuditEvent.stream.like("many/%")).count() == WRITERS * EACH
    signer = log.signer(world.database, tmp_path / "key.pem", world.at)
    log.sequence(world.database)
    log.checkpoint(world.database, signer, world.at + timedelta(minutes=1))
    assert verification.verify(world.database, demo=False, key=signer.key.text).holds


def test_what_commits_late_is_not_passed_over(world: World) -> None:
    """PostgreSQL's numbers commit out of order: the earlier event may come into sight after a later one was placed."""
    if world.database.embedded:
        pytest.skip("one writer at a time commits in order")
    with world.database.transaction() as slow:
        trail.append(slow, [trail.Entry("late/1", "test.happen", "done", world.at, SYSTEM)])
        with world.database.transaction() as quick:
            trail.append(quick, [trail.Entry("late/2", "test.happen", "done", world.at, SYSTEM)])
        log.sequence(world.database)
    log.sequence(world.database)
    with world.database.reading() as session:
        found = select(AuditEvent.stream).join(AuditLog, AuditLog.uid == AuditEvent.uid).order_by(AuditLog.idx)
        order = [one for one in session.scalars(found) if one.startswith("late/")]
        assert order == ["late/2", "late/1"]
        assert not stored.waiting(session)
