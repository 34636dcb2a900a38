"""Files that take a while: closing reports and packs of publicity, ordered on a page and made by a job, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from rules.roles import Role
from rules.words import Text
from states.reach import Actor
from workflow import boards, closing, lists, people, privacy
from workflow.cases import NoSuchCase
from workflow.downloads import received_bytes
from workflow.engine import NotPermitted
from workflow.jobs.kinds import JobState
from workflow.jobs.queue import enqueue
from workflow.store import closing as stored
from workflow.store import people as stored_people
from workflow.store import personal as stored_personal
from workflow.store.database import Database
from workflow.store.files import Files
from workflow.store.models import Job, MadeFile

_GOING = (JobState.QUEUED, JobState.RUNNING, JobState.WAITING)


@dataclass(frozen=True)
class Shown:
    """A file that was ordered, with the work that makes it, where that is known."""

    row: MadeFile
    job: Job | None

    @property
    def made(self) -> bool:
        return self.row.made_at is not None

    @property
    def going(self) -> bool:
        return not self.made and self.job is not None and self.job.state in _GOING

    @property
    def state(self) -> JobState | None:
        return JobState.of(self.job.state) if self.job else None


READERS: Mapping[str, frozenset[Role]] = {
    "closing": boards.NATIONAL,
    "publicity": frozenset({Role.EDITOR, Role.DESK, Role.DIRECTOR}),
}
"""Kind → who sees and takes such files. The auditor orders none."""


def order(session: Session, kind: str, about: str, name: str, *, actor: Actor, at: datetime, op: str = "") -> int:
    """Have a file made in the background; its number. The same form again gives the same one. Raises NoSuchCase, NotPermitted."""
    _check(kind, actor)
    if actor.roles & READERS[kind] <= {Role.AUDITOR}:
        raise NotPermitted(Text("审计员只查看，不生成文件。", "The auditor looks, and has no files made."))
    earlier = stored.by_op(session, op)
    if earlier is not None:
        return earlier.id
    made = stored.add(session, kind=kind, about=about, name=name, by_id=actor.id, at=at, op=op or None)
    stored_personal.note(session, "made", "made.order", {"file": made, "kind": kind, "name": name}, actor, at)
    enqueue(session, "make_file", _key(made), made)
    return made


def find(session: Session, made_id: int, *, actor: Actor) -> Shown:
    """One file. Raises NoSuchCase."""
    row = stored.made(session, made_id)
    if row is None:
        raise _nothing()
    _check(row.kind, actor)
    return Shown(row, stored.job(session, _key(row.id)))


def of(session: Session, kind: str, about: Sequence[str]) -> list[MadeFile]:
    """The newest files of a kind."""
    return stored.made_of(session, kind, about)


def taken(database: Database, files: Files, made_id: int, *, actor: Actor, at: datetime) -> tuple[str, bytes]:
    """Name and bytes of a file that was made; that it was taken away goes on record. Raises NoSuchCase, Lost."""
    with database.reading() as session:
        row = find(session, made_id, actor=actor).row
        if not row.digest:
            raise _nothing()
        name, digest, kind, about = row.name, row.digest, row.kind, row.about
    data = received_bytes(files, digest, name)
    with database.transaction() as session:
        privacy.exported(session, kind, 0, actor=actor, at=at, filters={"about": about, "sha256": digest})
    return name, data


def make(database: Database, files: Files, made_id: int, *, at: datetime) -> str:
    """Make a file that was ordered: what whoever ordered it may read now. Done once, however often it is tried."""
    with database.reading() as session:
        row = stored.made(session, made_id)
        if row is None or row.made_at is not None:
            return "nothing to be made"
        person = stored_people.by_id(session, row.by_id)
        actor = people.actor_of(person) if person is not None and person.active else Actor(0, "")
        data = _MAKERS[row.kind](session, files, row.about, actor, at)
        name = row.name
    digest = files.put(data)
    with database.transaction() as session:
        stored.finish(session, made_id, digest, len(data), at)
        noted = {"file": made_id, "name": name, "sha256": digest}
        stored_personal.note(session, "made", "made.make", noted, actor, at)
    return f"{len(data)} bytes"


def _closing_report(session: Session, _files: Files, about: str, actor: Actor, at: datetime) -> bytes:
    from workflow.documents import closing as written

    call = next(call for _, call in lists.calls(session) if call.number == about)
    return written.document(closing.report(session, actor, call, at), at)


Maker = Callable[[Session, Files, str, Actor, datetime], bytes]
_MAKERS: Mapping[str, Maker] = {"closing": _closing_report}


def _check(kind: str, actor: Actor) -> None:
    if kind not in READERS or not actor.roles & READERS[kind]:
        raise _nothing()


def _key(made_id: int) -> str:
    return f"make_file/{made_id}"


def _nothing() -> NoSuchCase:
    return NoSuchCase(Text("没有这个文件，或者它不在您的职责范围内。", "There is no such file within your reach."))
