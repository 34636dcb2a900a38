"""Files that take a while: closing reports and packs of publicity, ordered on a page and made by a job, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from rules.call import BEIJING
from rules.roles import Role
from rules.words import Text
from states.reach import Actor
from workflow import boards, lists, privacy
from workflow.calls import closing
from workflow.cases import NoSuchCase
from workflow.downloads import received_bytes
from workflow.engine import NotPermitted
from workflow.failure import Failure
from workflow.identity import people
from workflow.jobs.kinds import JobState
from workflow.jobs.queue import enqueue
from workflow.publishing import consent, publicity
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
    "publicity": publicity.READS,
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


def make(database: Database, files: Files, made_id: int, *, at: datetime, site: str = "") -> str:
    """Make a file that was ordered: what whoever ordered it may read now. Done once, however often it is tried.

    `site`: the address under which published cases are read.
    """
    with database.reading() as session:
        row = stored.made(session, made_id)
        if row is None or row.made_at is not None:
            return "nothing to be made"
        person = stored_people.by_id(session, row.by_id)
        actor = people.actor_of(person) if person is not None and person.active else Actor(0, "")
        data = _MAKERS[row.kind](session, files, row.about, actor, at, site)
        name = row.name
    digest = files.put(data)
    with database.transaction() as session:
        stored.finish(session, made_id, digest, len(data), at)
        noted = {"file": made_id, "name": name, "sha256": digest}
        stored_personal.note(session, "made", "made.make", noted, actor, at)
    return f"{len(data)} bytes"


def _closing_report(session: Session, _files: Files, about: str, actor: Actor, at: datetime, _site: str) -> bytes:
    from workflow.documents import closing as written

    call = next(call for _, call in lists.calls(session) if call.number == about)
    return written.document(closing.report(session, actor, call, at), at)


def _pack(session: Session, files: Files, about: str, actor: Actor, at: datetime, site: str) -> bytes:
    from workflow.interchange import pack

    call, shown = publicity.find(session, int(about), actor=actor, today=at.astimezone(BEIJING).date())
    case = shown.row.case
    if not consent.open_to_all(call, case):
        raise Failure(
            "not_published",
            Text("案例没有公开发布，不能生成宣传材料。", "The case is not published; no pack is made of it."),
            lasting=True,
        )
    return pack.build(
        pack.Told(
            title=case.title,
            centre=case.centre.name,
            recipient=case.recipient,
            channel=shown.channel.label.zh,
            day=shown.row.day.isoformat(),
            summary=publicity.summary(case, call),
            parts=[(one.label.zh, case.sections.get(one.id, "")) for one in call.sections],
            pictures=[
                pack.Picture(one.name, one.caption, one.rights, received_bytes(files, one.digest, one.name))
                for one in shown.pictures
            ],
            left_out=[one.name for one in shown.without_rights],
            address=f"{site.rstrip('/')}/public/{case.number}" if site else "",
            source=f"{call.issuer.zh}《{call.title.zh}》（{call.document_number}），案例编号 {case.number}",
        )
    )


Maker = Callable[[Session, Files, str, Actor, datetime, str], bytes]
_MAKERS: Mapping[str, Maker] = {"closing": _closing_report, "publicity": _pack}


def _check(kind: str, actor: Actor) -> None:
    if kind not in READERS or not actor.roles & READERS[kind]:
        raise _nothing()


def _key(made_id: int) -> str:
    return f"make_file/{made_id}"


def _nothing() -> NoSuchCase:
    return NoSuchCase(Text("没有这个文件，或者它不在您的职责范围内。", "There is no such file within your reach."))
