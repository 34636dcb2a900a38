"""Background work cut off after each of its commits, and begun again: it comes to what it comes to undisturbed."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from tests.workflow.test_arrivals import FORM, SCAN, WORD, came
from tests.worlds import CALL_2021, Databases, World, world_under
from workflow import failpoints
from workflow.incoming import arrivals, reception, taking
from workflow.jobs import kinds, worker
from workflow.jobs.kinds import KINDS, JobState
from workflow.jobs.queue import enqueue, workflow_id
from workflow.jobs.running import Runner
from workflow.publishing import made
from workflow.settings import from_environment
from workflow.store import jobs as stored
from workflow.store.files import Files
from workflow.store.models import AuditEvent, Base, RefusedFile

pytestmark = pytest.mark.database

ROOT = Path(__file__).parents[2]
Arguments = tuple[Any, ...]


def an_arrival(world: World, files: Files) -> Arguments:
    given = [(one, io.BytesIO((ROOT / "tests" / "samples" / one).read_bytes())) for one in (WORD, FORM, SCAN)]
    came_in = arrivals.receive(
        world.database,
        files,
        given,
        office=world.offices["first"],
        call_version=world.call_version,
        actor=world.people["reviewer"],
        at=world.at,
    )
    return (came_in.id,)


def one_that_was_read(world: World, files: Files) -> Arguments:
    arrival = came(world, files, WORD, FORM, SCAN)
    with world.database.transaction() as session:
        taking.ask(session, arrival, actor=world.people["reviewer"], at=world.at, op="one")
    return arrival, world.people["reviewer"].id


def a_refused_original(world: World, files: Files) -> Arguments:
    with suppress(reception.Refused):
        given = io.BytesIO(b"no Word file")
        reception.receive(world.database, files, "case", "案例.docx", given, actor=world.people["author"], at=world.at)
    with world.database.transaction() as session:
        session.execute(update(RefusedFile).values(until=world.at))
    return ()


def a_report(world: World, files: Files) -> Arguments:
    with world.database.transaction() as session:
        number = world.call.number
        return (made.order(session, "closing", number, "总结报告.docx", actor=world.people["director"], at=world.at),)


CUT: dict[str, Callable[[World, Files], Arguments]] = {
    "read_arrival": an_arrival,
    "take_arrival": one_that_was_read,
    "sweep_documents": a_refused_original,
    "make_file": a_report,
}
"""Kind → what there must be for it, and what it is queued with."""
ELSEWHERE = {
    **dict.fromkeys(("deliver_push", "recall_push", "mail_batch"), "tests/faults/test_failpoints.py"),
    **dict.fromkeys(("keep_no_longer", "mail_checkpoints"), "tests/faults/test_workers.py"),
    **dict.fromkeys(("mail_notice", "mail_reset", "mail_invitation"), "tests/workflow/test_accounts.py"),
    "mail_letters": "tests/workflow/test_letters.py",
    "remind": "tests/workflow/test_reminders.py",
    "mail_objection": "tests/workflow/test_objection_mail.py",
    **dict.fromkeys(("mail_judges", "mail_released", "remind_judges"), "tests/workflow/test_judging_mail.py"),
    "mail_answer": "tests/workflow/test_taking.py",
    "look_into_mailbox": "tests/workflow/test_mailbox.py",
    "ask_receiver": "tests/workflow/test_doubt.py",
    "compile_collection": "tests/workflow/test_collection.py",
    "prove_call": "tests/workflow/test_proof.py",
    "replay_call": "tests/workflow/test_replay.py",
    "plan_judging": "tests/workflow/test_plans.py",
    "complete_words": "tests/workflow/test_search.py",
    "clear_work": "tests/workflow/jobs/test_clearing.py",
    "verify_seals": "tests/workflow/test_electronic.py",
    "stamp_checkpoint": "tests/workflow/test_timestamps.py",
}
"""Kind → where its work is done, once more too; mails all leave by one door, which the failpoints above are in."""


def test_every_kind_of_work_is_looked_at() -> None:
    assert set(CUT) | set(ELSEWHERE) == set(KINDS)
    assert not set(CUT) & set(ELSEWHERE)
    assert [one for one in ELSEWHERE.values() if not (ROOT / one).exists()] == []


def what_there_is(world: World, files: Files) -> tuple[Any, ...]:
    """Entries by action, rows by table, documents: all but what is told of the work itself."""
    with world.database.reading() as session:
        actions = Counter(session.scalars(select(AuditEvent.action)))
        rows = {
            name: session.scalar(select(func.count()).select_from(table))
            for name, table in Base.metadata.tables.items()
            if name != "schema_step"
        }
    return actions, rows, sorted((one.digest, one.aside) for one in files.lying())


def work_off(world: World, kind: str, arguments: Arguments, *, cut: bool) -> int:
    """Have the work done as a worker does it; `cut`: failing after its first commit, then after its second, and so on."""
    settings = from_environment(
        {"ZHENGJI_HOME": str(world.folder), "ZHENGJI_DATABASE_URL": world.database.engine.url.render_as_string(False)}
    )
    shop, runner, key = worker.workshop(settings, world.database), Runner(world.database, "worker"), f"{kind}/test"
    with world.database.transaction() as session:
        enqueue(session, kind, key, *arguments)
    for times in count(1):
        with world.database.reading() as session:
            row = stored.held(session, key)
            assert row is not None
            number, state = row.number, row.state
        if state == JobState.DONE:
            return times
        assert state != JobState.GAVE_UP
        strike = failpoints.fail if cut else lambda: None
        with suppress(failpoints.Struck), failpoints.armed("transaction.after_commit", strike, at=times):
            work = lambda progress: worker._WORK[kind](shop, progress, *arguments)  # noqa: E731
            runner.run(KINDS[kind], workflow_id(key, number), arguments, work)
    raise AssertionError


@pytest.mark.parametrize("kind", CUT)
def test_work_that_is_cut_off_after_any_commit_comes_to_the_same(
    kind: str, databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds.Waits, "after", lambda waits, failed: 0)
    found, times = [], []
    for cut in (False, True):
        folder = tmp_path / str(cut)
        folder.mkdir()
        with world_under(databases, CALL_2021, folder) as world:
            files = Files((folder / "documents").as_uri())
            times.append(work_off(world, kind, CUT[kind](world, files), cut=cut))
            found.append(what_there_is(world, files))
    assert times[1] > times[0] + 1, "it was not cut off"
    assert found[0] == found[1]
