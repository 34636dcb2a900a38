"""Work that was done long ago goes; what is unfinished, given up or recent stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, text, update

from tests.worlds import World
from workflow.jobs import clearing
from workflow.jobs.clearing import AT_ONCE, KEPT, clear
from workflow.jobs.kinds import JobState
from workflow.jobs.queue import client, enqueue, prepare
from workflow.store.models import Job

pytestmark = pytest.mark.database

NOW = datetime.now(UTC)
OLD, RECENT = NOW - KEPT - timedelta(seconds=1), NOW - KEPT + timedelta(minutes=1)


def put(world: World, state: JobState, ended: datetime | None, number: int = 0) -> str:
    key = f"{state}/{ended}/{number}"
    with world.database.transaction() as session:
        values = {"name": "mail_notice", "arguments": [1], "queued_at": OLD, "state": str(state), "ended_at": ended}
        session.execute(insert(Job).values(key=key, **values))
    return key


def left(world: World) -> set[str]:
    with world.database.reading() as session:
        return set(session.scalars(select(Job.key)))


def test_what_ended_long_ago_is_forgotten(world: World) -> None:
    prepare(world.database.url)
    for state in (JobState.DONE, JobState.RETRIED, JobState.DISMISSED, JobState.CANCELLED):
        put(world, state, OLD)
    stays = {put(world, JobState.DONE, RECENT), put(world, JobState.GAVE_UP, OLD), put(world, JobState.WAITING, None)}
    assert clear(world.database, NOW) == (4, 0)
    assert left(world) == stays
    assert clear(world.database, NOW) == (0, 0)


def test_more_than_one_transaction_holds(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(world.database.url)
    assert AT_ONCE > 3
    monkeypatch.setattr(clearing, "AT_ONCE", 3)
    for number in range(7):
        put(world, JobState.DONE, OLD, number)
    assert clear(world.database, NOW) == (7, 0)


def test_dbos_forgets_its_tries_and_keeps_what_waits(world: World) -> None:
    prepare(world.database.url)
    with world.database.transaction() as session:
        for key in ("old", "recent", "waiting"):
            enqueue(session, "mail_notice", key, 1)
    table = "workflow_status" if world.database.embedded else "dbos.workflow_status"
    with world.database.transaction() as session:
        for key, ended in (("old", OLD), ("recent", RECENT)):
            values = {"at": int(ended.timestamp() * 1000), "key": key}
            session.execute(
                text(f"update {table} set status = 'SUCCESS', completed_at = :at where workflow_uuid = :key"), values
            )
            session.execute(update(Job).where(Job.key == key).values(state=str(JobState.DONE), ended_at=ended))
    assert clear(world.database, NOW) == (1, 1)
    known = {one.workflow_id for one in client(world.database.engine).list_workflows(load_input=False)}
    assert known == {"recent", "waiting"}
    assert left(world) == {"recent", "waiting"}
