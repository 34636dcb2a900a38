"""Who works under which name: one live process each, told from a dead one; and who takes up what the dead left."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from tests.faults.waiting import until
from tests.worlds import World
from workflow.jobs import heart
from workflow.jobs.heart import AnotherWorker, Heart
from workflow.jobs.queue import client, enqueue
from workflow.jobs.running import Runner
from workflow.store import workers as stored
from workflow.store.models import Worker

pytestmark = pytest.mark.database

BEAT = 0.05


@pytest.fixture
def hearts(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """`hearts(name)`: a heart that beats fast, stopped at the end."""
    monkeypatch.setattr(heart, "BEAT", BEAT)
    made: list[Heart] = []

    def new(name: str, lost: Any = lambda: None) -> Heart:
        made.append(Heart(world.database, name, lost))
        return made[-1]

    yield new
    for one in made:
        one.stop()


def row(world: World, name: str) -> Worker:
    with world.database.reading() as session:
        found = stored.one(session, name)
    assert found is not None
    return found


def test_a_live_worker_keeps_its_name(world: World, hearts: Any) -> None:
    first, second = hearts("worker-1"), hearts("worker-1")
    first.take_name()
    first.start()
    with pytest.raises(AnotherWorker) as refused:
        second.take_name()
    assert ("worker-1" in refused.value.message.zh, str(os.getpid()) in refused.value.message.en) == (True, True)
    assert stored.lives(row(world, "worker-1"), row(world, "worker-1").beat_at)


def test_a_worker_that_stopped_leaves_its_name_to_the_next(world: World, hearts: Any) -> None:
    first, second = hearts("worker-1"), hearts("worker-1")
    first.take_name()
    first.stop()
    assert row(world, "worker-1").stopped_at is not None
    second.take_name()
    assert row(world, "worker-1").stopped_at is None
    first.stop()  # once more, by an ended process: the name is another's
    assert row(world, "worker-1").stopped_at is None


def test_a_silent_worker_loses_its_name_when_it_counts_as_dead(
    world: World, hearts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "LATE", timedelta(seconds=0.3))
    silent, lost = hearts("worker-1", None), threading.Event()
    silent._lost = lost.set
    silent.take_name()
    hearts("worker-1").take_name()
    silent.start()
    assert lost.wait(20)
    assert silent.holds is False


def test_a_worker_that_died_on_this_machine_is_replaced_at_once(world: World, hearts: Any) -> None:
    dead, next_one = hearts("worker-1"), hearts("worker-1")
    dead.take_name()
    with world.database.transaction() as session:
        session.get_one(Worker, "worker-1").process = "4194305:1"  # beyond the largest process number of Linux
    next_one.take_name()
    assert row(world, "worker-1").process.startswith(f"{os.getpid()}:")


def test_of_all_live_workers_the_first_by_name_takes_up_what_dead_ones_left(world: World, hearts: Any) -> None:
    first, second = hearts("worker-1"), hearts("worker-2")
    second.take_name()
    first.take_name()
    asked: list[str] = []
    for one in (first, second):
        one.adopt = lambda name=one.worker: asked.append(name)
        one.start()
    until(lambda: len(set(asked)) == 2)
    assert Heart.adopt(first) == Heart.adopt(second) == 0  # nothing was left, and the second does not even look


def mark(world: World, status: str, worker: str) -> None:
    """Leave what is queued as DBOS leaves it when the database goes away under it."""
    inside = client(world.database.engine)._sys_db
    with inside.engine.begin() as connection:
        connection.execute(update(inside.tables.workflow_status).values(status=status, executor_id=worker))


def test_work_that_the_queue_handed_over_and_that_never_arrived_is_queued_anew(world: World) -> None:
    with world.database.transaction() as session:
        enqueue(session, "mail_notice", "a-notice", 7, "locked")
    mark(world, "PENDING", "worker-1")
    runner = Runner(world.database, "worker-1")
    one = Heart(world.database, "worker-1", lambda: None, runner)
    assert Heart(world.database, "worker-2", lambda: None, Runner(world.database, "worker-2")).reclaim() == 0
    assert one.reclaim() == 0  # it may be on its way
    runner._making.add("a-notice")
    assert one.reclaim() == 0  # and here it is
    runner._making.clear()
    assert [one.reclaim(), one.reclaim()] == [0, 1]
    [queued] = client(world.database.engine).list_workflows()
    assert (queued.status, queued.queue_name) == ("ENQUEUED", "zhengji-mail")
    assert one.reclaim() == 0


def test_work_that_dbos_counts_as_failed_is_taken_up(world: World, hearts: Any) -> None:
    with world.database.transaction() as session:
        enqueue(session, "mail_notice", "a-notice", 7, "locked")
    mark(world, "ERROR", "worker-1")
    first = hearts("worker-1")
    first.take_name()
    first._runner = Runner(world.database, "worker-1")
    assert [first.adopt(), first.adopt()] == [1, 0]
    assert {one.workflow_id: one.status for one in client(world.database.engine).list_workflows()} == {
        "a-notice": "ERROR",
        "a-notice~2": "ENQUEUED",
    }


def test_rows_of_workers_long_gone_are_forgotten(world: World, hearts: Any) -> None:
    hearts("container-a1b2").take_name()
    with world.database.transaction() as session:
        gone = session.get_one(Worker, "container-a1b2")
        gone.beat_at -= timedelta(days=8)
    hearts("worker-1").take_name()
    with world.database.reading() as session:
        assert [one.name for one in stored.every(session)] == ["worker-1"]
