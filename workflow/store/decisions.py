"""Rows of decisions that are pending: the table of one call a page at a time, its sums, sign-offs, announcements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, insert, literal, select, tuple_, update
from sqlalchemy.orm import Session, joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from states.case import COUNTED, CaseState
from workflow.store.among import among
from workflow.store.database import run
from workflow.store.models import (
    Announcement,
    AnnouncementPart,
    Case,
    Centre,
    DecisionSignOff,
    Office,
    PendingDecision,
    Person,
)

SHOWN = tuple(str(one) for one in CaseState if one in COUNTED)
"""States of the cases in the table: submitted, and not since returned or withdrawn."""
WON = tuple(str(one) for one in (CaseState.SHORTLISTED, CaseState.PUBLISHED, CaseState.WIPO_PUSHED))

_PENDING = and_(
    PendingDecision.case_id == Case.id,
    PendingDecision.announced_in.is_(None),
    Case.state == str(CaseState.SUBMITTED),
)
"""What is pending of a case; nothing once it was announced, or the case went another way."""
DECISION = func.coalesce(PendingDecision.decision, "")
STANDING: Any = case((Case.state == str(CaseState.SUBMITTED), DECISION), (Case.state.in_(WON), "won"), else_="lost")
"""What is to become of a case ("", "shortlist", "pass_over"), or what has ("won", "lost")."""


@dataclass(frozen=True)
class Asked:
    """How the table is narrowed and put in order; empty means all."""

    theme: str = ""
    office: int | None = None
    centre: int | None = None
    kind: str = ""
    decision: str = ""
    """A standing, or "undecided"."""
    sort: str = "number"


@dataclass(frozen=True)
class Line:
    """One case of the table with what is pending of it. `version`: 0 where nothing was ever chosen."""

    id: int
    call: str
    number: str
    title: str
    state: str
    mark: str
    theme: str
    theme_name: str
    centre: str
    kind: str
    office: str
    decision: str
    reason: str
    feedback: str
    version: int
    digest: str
    seen: str
    """The mark of the case when it was decided on."""
    by: int
    by_name: str
    at: datetime | None
    content: str
    announced_in: int | None

    @property
    def pending(self) -> bool:
        """Whether its decision is still to be made or announced."""
        return self.state == CaseState.SUBMITTED

    @property
    def moved(self) -> bool:
        """Whether the case changed after it was decided on."""
        return self.pending and bool(self.decision) and self.seen != self.mark


_ORDERS: Mapping[str, tuple[Any, ...]] = {
    "number": (),
    "theme": (Case.theme,),
    "office": (Office.addressee,),
    "centre": (Centre.name,),
    "kind": (Centre.kind,),
    "decision": (STANDING,),
}
SORTS = (*_ORDERS, "score")

_COLUMNS = (
    Case.id,
    Case.call_number.label("call"),
    Case.number,
    Case.title,
    Case.state,
    Case.version.label("moves"),
    Case.revision,
    Case.theme,
    Case.theme_name,
    Case.content,
    Centre.name.label("centre"),
    Centre.kind,
    Office.addressee.label("office"),
    DECISION.label("decision"),
    func.coalesce(PendingDecision.reason, "").label("reason"),
    func.coalesce(PendingDecision.feedback, "").label("feedback"),
    func.coalesce(PendingDecision.version, 0).label("version"),
    func.coalesce(PendingDecision.digest, "").label("digest"),
    func.coalesce(PendingDecision.mark, "").label("seen"),
    func.coalesce(PendingDecision.by_id, 0).label("by"),
    func.coalesce(Person.name, "").label("by_name"),
    PendingDecision.at,
    PendingDecision.announced_in,
)


def _lines(*columns: Any, pending: bool = False) -> Select[Any]:
    """Cases with their centre and office. `pending`: with what is pending alone, and not with what was announced."""
    of = _PENDING if pending else PendingDecision.case_id == Case.id
    return (
        select(*(columns or _COLUMNS))
        .select_from(Case)
        .join(Centre, Centre.id == Case.centre_id)
        .join(Office, Office.id == Case.office_id)
        .outerjoin(PendingDecision, of)
        .outerjoin(Person, Person.id == PendingDecision.by_id)
    )


def _line(row: Any) -> Line:
    values = dict(row._mapping)
    mark = f"{values.pop('moves')}.{values.pop('revision')}"
    return Line(mark=mark, **values)


def _narrowed(call: str, asked: Asked) -> list[ColumnElement[bool]]:
    clauses: list[ColumnElement[bool]] = [Case.call_number == call, Case.state.in_(SHOWN)]
    if asked.theme:
        clauses.append(Case.theme == asked.theme)
    if asked.office is not None:
        clauses.append(Case.office_id == asked.office)
    if asked.centre is not None:
        clauses.append(Case.centre_id == asked.centre)
    if asked.kind:
        clauses.append(Centre.kind == asked.kind)
    if asked.decision:
        clauses.append(("" if asked.decision == "undecided" else asked.decision) == STANDING)
    return clauses


def page(session: Session, call: str, asked: Asked, after: int | None, limit: int) -> list[Line]:
    """So many lines after a case (its id), in the order asked for; a case that is not there begins at the top."""
    order = (*_ORDERS.get(asked.sort, ()), Case.id)
    statement = _lines(pending=True).where(*_narrowed(call, asked)).order_by(*order).limit(limit)
    if after is not None:
        found = session.execute(_lines(*order, pending=True).where(Case.id == after)).first()
        if found is not None:
            statement = statement.where(tuple_(*order) > tuple_(*(literal(one) for one in found)))
    return [_line(row) for row in session.execute(statement)]


def ids(session: Session, call: str, asked: Asked) -> list[int]:
    """The cases that fit, by id."""
    return list(session.scalars(_lines(Case.id, pending=True).where(*_narrowed(call, asked)).order_by(Case.id)))


def pending_lines(session: Session, wanted: Sequence[int]) -> list[Line]:
    """These cases with what is pending of them."""
    statement = _lines(pending=True).where(among(Case.id, "ids"))
    return [_line(row) for row in run(session, statement, {"ids": list(wanted)})]


def count(session: Session, call: str, asked: Asked) -> int:
    return int(session.execute(_lines(func.count(), pending=True).where(*_narrowed(call, asked))).scalar_one())


def every(session: Session, call: str) -> list[Line]:
    """All lines of a call, by number."""
    statement = _lines(pending=True).where(*_narrowed(call, Asked())).order_by(Case.id)
    return [_line(row) for row in session.execute(statement)]


def decided(session: Session, call: str) -> list[Line]:
    """All that is decided and not announced."""
    statement = _lines(pending=True).where(*_narrowed(call, Asked()), DECISION != "").order_by(Case.id)
    return [_line(row) for row in session.execute(statement.where(Case.state == str(CaseState.SUBMITTED)))]


def line(session: Session, case_id: int) -> Line | None:
    """One case with what was last decided of it."""
    row = session.execute(_lines().where(Case.id == case_id)).first()
    return _line(row) if row else None


def lines(session: Session, ids: Sequence[int]) -> list[Line]:
    """These cases with what was last decided of them, by id."""
    statement = _lines().where(among(Case.id, "ids")).order_by(Case.id)
    return [_line(row) for row in run(session, statement, {"ids": list(ids)})]


def sums(session: Session, call: str) -> Sequence[Any]:
    """(office, theme, centre, standing, how many) of all cases of the table."""
    key = (Office.addressee, Case.theme, Centre.name, STANDING)
    statement = (
        select(*key, func.count())
        .select_from(Case)
        .join(Centre, Centre.id == Case.centre_id)
        .join(Office, Office.id == Case.office_id)
        .outerjoin(PendingDecision, _PENDING)
        .where(*_narrowed(call, Asked()))
        .group_by(*key)
        .order_by(*key)
    )
    return session.execute(statement).all()


def units(session: Session, call: str) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """The offices and centres that have cases in the table."""
    offices = select(Office.id, Office.addressee).join(Case, Case.office_id == Office.id).where(*_narrowed_plain(call))
    centres = select(Centre.id, Centre.name).join(Case, Case.centre_id == Centre.id).where(*_narrowed_plain(call))
    return (
        [(one, name) for one, name in session.execute(offices.distinct().order_by(Office.id))],
        [(one, name) for one, name in session.execute(centres.distinct().order_by(Centre.id))],
    )


def _narrowed_plain(call: str) -> tuple[ColumnElement[bool], ...]:
    return (Case.call_number == call, Case.state.in_(SHOWN))


# ---- chosen ----------------------------------------------------------------------------------------------------------


def keep(session: Session, case_id: int, **columns: Any) -> None:
    """Keep what is chosen of a case, whose row the caller holds."""
    changed = session.execute(
        update(PendingDecision).where(PendingDecision.case_id == case_id).values(announced_in=None, **columns)
    )
    if not changed.rowcount:  # type: ignore[attr-defined]
        session.execute(insert(PendingDecision).values(case_id=case_id, **columns))


def signers(session: Session, ids: Sequence[int]) -> Mapping[tuple[int, str], frozenset[int]]:
    """(case, digest) → who signed that decision."""
    found: dict[tuple[int, str], set[int]] = {}
    asked = select(DecisionSignOff.case_id, DecisionSignOff.digest, DecisionSignOff.by_id)
    for case_id, digest, person in run(session, asked.where(among(DecisionSignOff.case_id, "ids")), {"ids": list(ids)}):
        found.setdefault((case_id, digest), set()).add(person)
    return {key: frozenset(people) for key, people in found.items()}


def sign(session: Session, lines: Sequence[tuple[int, str]], by: int, at: datetime) -> None:
    rows = [{"case_id": case_id, "digest": digest, "by_id": by, "at": at} for case_id, digest in lines]
    run(session, insert(DecisionSignOff.__table__), rows)  # type: ignore[arg-type]


# ---- announced -------------------------------------------------------------------------------------------------------


def announce(session: Session, bulks: Sequence[int], ids: Sequence[int], **columns: Any) -> int:
    """An announcement made of these bulk acts; gives its number. The decisions are pending no more."""
    made = int(session.execute(insert(Announcement).values(**columns).returning(Announcement.id)).scalar_one())
    session.execute(insert(AnnouncementPart), [{"bulk_id": one, "announcement_id": made} for one in bulks])
    announced = update(PendingDecision).where(among(PendingDecision.case_id, "ids")).values(announced_in=made)
    run(session, announced, {"ids": list(ids)})
    return made


def by_op(session: Session, op: str) -> Announcement | None:
    return session.scalar(select(Announcement).where(Announcement.op == op)) if op else None


@cache
def _whole() -> tuple[ORMOption, ...]:
    return (joinedload(Announcement.by), selectinload(Announcement.parts))


def announcement(session: Session, number: int, *, lock: bool = False) -> Announcement | None:
    """One announcement with its parts; locked against others where asked."""
    if lock:
        session.execute(select(Announcement.id).where(Announcement.id == number).with_for_update())
    return session.scalar(select(Announcement).where(Announcement.id == number).options(*_whole()))


def announcements(session: Session, call: str, limit: int) -> list[Announcement]:
    """Those of a call, the newest first."""
    statement = select(Announcement).where(Announcement.call_number == call).order_by(Announcement.id.desc())
    return list(session.scalars(statement.options(*_whole()).limit(limit)))


def pend_again(session: Session, number: int, marks: Mapping[int, str]) -> None:
    """Decisions of an announcement whose cases went back to be submitted are pending again. `marks`: of the cases now."""
    for case_id, mark in marks.items():
        session.execute(
            update(PendingDecision)
            .where(PendingDecision.case_id == case_id, PendingDecision.announced_in == number)
            .values(announced_in=None, mark=mark)
        )
