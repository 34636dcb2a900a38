"""Originals that were refused at the door: kept apart within bounds, taken out by few, and dropped."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from tests.worlds import World
from workflow import privacy
from workflow.documents import limits
from workflow.engine import NotPermitted
from workflow.incoming import reception, refused
from workflow.operation import keeping
from workflow.store import copies
from workflow.store import papers as stored_papers
from workflow.store.files import Absent, Files
from workflow.store.models import AuditEvent, Case, RefusedFile

pytestmark = pytest.mark.database

BAD = b"%PDF-1.7 no Word file"


@pytest.fixture
def files(world: World) -> Files:
    return world.post.files


def refuse(world: World, files: Files, data: bytes = BAD, *, case: int | None = None, who: str = "author") -> None:
    with pytest.raises(reception.Refused):
        reception.receive(
            world.database,
            files,
            "case",
            "案例.docx",
            io.BytesIO(data),
            actor=world.people[who],
            at=world.at,
            case=case,
        )


def rows(world: World) -> list[RefusedFile]:
    with world.database.reading() as session:
        return list(session.scalars(select(RefusedFile).order_by(RefusedFile.id)))


def events(world: World, action: str) -> list[dict[str, object]]:
    with world.database.reading() as session:
        found = session.scalars(select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.uid))
        return [json.loads(one.body) for one in found]


def test_the_original_lies_apart_until_the_day_that_the_trail_names(world: World, files: Files) -> None:
    refuse(world, files, case=world.draft())
    [row] = rows(world)
    [body] = events(world, "document.refuse")
    assert (row.file, row.digest, row.said, row.until.isoformat()) == (
        body["file"],
        body["sha256"],
        [body["zh"], body["en"]],
        body["kept_until"],
    )
    assert row.until == world.at + timedelta(days=limits.REFUSED_DAYS)
    assert files.get(row.digest) == BAD
    with world.database.reading() as session:
        assert stored_papers.named(session, [row.digest]) == copies.documents(session) & {row.digest} == {row.digest}


def test_the_auditor_and_the_administrator_alone_take_it_out_and_each_time_is_on_record(
    world: World, files: Files
) -> None:
    refuse(world, files)
    for who in ("author", "leader", "desk", "director"):
        with pytest.raises(NotPermitted):
            refused.take_out(world.database, files, 1, actor=world.people[who], at=world.at)
        with world.database.reading() as session, pytest.raises(NotPermitted):
            refused.page(session, world.people[who])
    for who in ("auditor", "administrator"):
        out = refused.take_out(world.database, files, 1, actor=world.people[who], at=world.at)
        assert out == ("案例.docx.quarantined", BAD)
    opened = events(world, "document.open_refused")
    assert [one["sha256"] for one in opened] == [rows(world)[0].digest] * 2


def test_what_has_no_room_leaves_its_digests_alone(world: World, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REFUSED_OF_ONE", len(BAD))
    monkeypatch.setattr(limits, "REFUSED_IN_ALL", 2 * len(BAD))
    refuse(world, files)
    refuse(world, files, b"another")  # no more of this person
    refuse(world, files, who="sealer")
    refuse(world, files, who="reviewer")  # no more of anybody
    refuse(world, files, b"")
    assert [one.by_id for one in rows(world)] == [world.people["author"].id, world.people["sealer"].id]
    kept = [bool(one["kept_until"]) for one in events(world, "document.refuse")]
    assert kept == [True, False, True, False, False]


def test_what_is_larger_than_its_slot_takes_was_cut_off_and_is_not_kept(
    world: World, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = limits.Limit(10, ("docx",), limits.LIMITS["case"].wanted)
    monkeypatch.setitem(limits.LIMITS, "case", small)
    refuse(world, files, bytes(3 * 1024 * 1024))
    assert (rows(world), events(world, "document.refuse")[0]["code"]) == ([], "too_large")


def test_its_time_over_it_is_dropped_with_the_next_sweep(world: World, files: Files) -> None:
    refuse(world, files)
    refuse(world, files, b"taken too")
    [first, second] = rows(world)
    case = world.draft()
    with world.database.transaction() as session:  # the same bytes, named by something else
        session.execute(update(RefusedFile).where(RefusedFile.id == second.id).values(until=first.until))
        kept = stored_papers.Kept("材料.docx", "application/msword", second.digest, second.size)
        owner = stored_papers.Owner(f"case/{case}", case)
        stored_papers.attach(session, owner, "case", [kept], world.people["author"], world.at, "op")
    early, late = first.until - timedelta(seconds=1), first.until
    assert (refused.forget(world.database, at=early), refused.forget(world.database, at=late)) == (0, 2)
    assert refused.forget(world.database, at=late) == 0
    assert privacy.sweep(world.database, files, at=late) == 1
    with pytest.raises(Absent):
        files.get(first.digest)
    assert files.get(second.digest) == b"taken too"
    [said] = events(world, "document.drop_refused")
    assert (said["files"], said["digests"]) == (2, [first.digest, second.digest])
    with world.database.reading() as session:
        assert refused.page(session, world.people["auditor"]) == ([], None)
    with pytest.raises(refused.NoSuchRefusal):
        refused.take_out(world.database, files, first.id, actor=world.people["auditor"], at=late)


def test_what_nothing_else_names_is_no_orphan_while_it_is_kept(world: World, files: Files) -> None:
    refuse(world, files)
    swept = keeping.sweep(world.database, files, at=world.at + timedelta(days=4000), rehearse=True)
    assert (swept.named, swept.aside) == (1, [])


def test_erasing_a_case_with_its_papers_erases_what_was_refused_for_it(world: World, files: Files) -> None:
    case = world.draft()
    refuse(world, files, case=case)
    refuse(world, files, b"of no case")
    with world.database.transaction() as session:
        number = session.get_one(Case, case).number
        who = world.people["administrator"]
        privacy.erase_case(session, number, "本人要求", papers=True, actor=who, at=world.at)
    assert [one.erased_at is not None for one in rows(world)] == [True, False]
    assert privacy.sweep(world.database, files, at=world.at) == 1
