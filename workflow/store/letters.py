"""Rows of the mails that tell centres and offices what became of their cases."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, insert, or_, select, update
from sqlalchemy.orm import Session, joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from rules.roles import Role
from workflow.store.among import among
from workflow.store.database import run
from workflow.store.models import Letter, LetterLine, Office, Person, PersonGrant, SentMail

_CENTRE_ROLES, _OFFICE_ROLES = [str(Role.AUTHOR), str(Role.SEALER)], [str(Role.REVIEWER)]
# Statements are built once: on a small database building one costs more than running it.
_HOLDERS = (
    select(Person.id, Person.name, Person.email, PersonGrant.role, PersonGrant.centre_id, PersonGrant.office_id)
    .join(PersonGrant, PersonGrant.person_id == Person.id)
    .where(Person.active)
    .where(
        or_(
            PersonGrant.role.in_(_CENTRE_ROLES) & among(PersonGrant.centre_id, "centres"),
            PersonGrant.role.in_(_OFFICE_ROLES) & among(PersonGrant.office_id, "offices"),
        )
    )
    .order_by(Person.id, PersonGrant.id)
)
_EDITORS = (
    select(Person.id, Person.name, Person.email, PersonGrant.role, PersonGrant.centre_id, PersonGrant.office_id)
    .join(PersonGrant, PersonGrant.person_id == Person.id)
    .where(Person.active, PersonGrant.role == str(Role.EDITOR))
    .order_by(Person.id, PersonGrant.id)
)
_REGISTERED = select(Office.id, Office.addressee, Office.email).where(among(Office.id, "offices"))


def holders(session: Session, centres: Collection[int], offices: Collection[int]) -> Sequence[Any]:
    """Whom mails are for: authors and sealers of centres, reviewers of offices; one row a role."""
    return run(session, _HOLDERS, {"centres": sorted(centres), "offices": sorted(offices)}).all()


def editors(session: Session) -> Sequence[Any]:
    """Those who publish and retract cases, in the shape of `holders`."""
    return run(session, _EDITORS, {}).all()


def offices(session: Session, ids: Collection[int]) -> Mapping[int, Any]:
    """Offices with their names and their own addresses, by id."""
    return {row.id: row for row in run(session, _REGISTERED, {"offices": sorted(ids)})}


@dataclass(frozen=True)
class New:
    """A mail to be kept. `cases`: their ids with what is said of each alone, in order."""

    trigger: str
    remark: str
    new_day: date | None
    unit: str
    at: datetime
    person_id: int | None
    office_id: int | None
    absent_id: int | None
    cases: Sequence[tuple[int, str]]


def add(session: Session, posting: str, due: datetime, by: int, letters: Sequence[New]) -> None:
    """Keep mails until they are due."""
    columns = ("trigger", "remark", "new_day", "unit", "at", "person_id", "office_id", "absent_id")
    rows = [
        {"posting": posting, "due_at": due, "by_id": by, **{name: getattr(one, name) for name in columns}}
        for one in letters
    ]
    made = session.scalars(insert(Letter).returning(Letter.id, sort_by_parameter_order=True), rows)
    lines = [
        {"letter_id": letter, "position": position, "case_id": case, "remark": remark}
        for letter, one in zip(made, letters, strict=True)
        for position, (case, remark) in enumerate(one.cases)
    ]
    run(session, insert(LetterLine.__table__), lines)  # type: ignore[arg-type]


def drop(session: Session, cases: Collection[int], triggers: Collection[str], at: datetime) -> set[int]:
    """Take cases out of mails about these steps that are still held; which cases it were."""
    held = (
        select(LetterLine.letter_id, LetterLine.position, LetterLine.case_id)
        .join(Letter, Letter.id == LetterLine.letter_id)
        .where(LetterLine.case_id.in_(cases), LetterLine.dropped_at.is_(None))
        .where(Letter.trigger.in_(triggers), Letter.released_at.is_(None))
        .order_by(LetterLine.letter_id, LetterLine.position)
        .with_for_update(of=Letter)
    )
    found = run(session, held).all()
    if found:
        keys = [{"of": row.letter_id, "place": row.position, "moment": at} for row in found]
        run(session, _DROP, keys)
    return {row.case_id for row in found}


_DROP = (
    update(LetterLine.__table__)  # type: ignore[arg-type]
    .where(LetterLine.letter_id == bindparam("of"), LetterLine.position == bindparam("place"))
    .values(dropped_at=bindparam("moment"))
)


def release(session: Session, posting: str, at: datetime) -> list[int]:
    """Let go of the mails of a posting; ids of all that have something to say, those let go before as well."""
    session.execute(
        update(Letter).where(Letter.posting == posting, Letter.released_at.is_(None)).values(released_at=at)
    )
    full = select(LetterLine.letter_id).where(LetterLine.dropped_at.is_(None))
    found = select(Letter.id).where(Letter.posting == posting, Letter.id.in_(full)).order_by(Letter.id)
    return list(session.scalars(found))


@cache
def _whole() -> tuple[ORMOption, ...]:
    return (
        joinedload(Letter.person),
        joinedload(Letter.absent),
        joinedload(Letter.office),
        selectinload(Letter.lines).joinedload(LetterLine.case),
    )


def one(session: Session, letter_id: int) -> Letter | None:
    """One mail with its recipient and its cases."""
    return session.scalar(select(Letter).where(Letter.id == letter_id).options(*_whole()))


def of_posting(session: Session, posting: str) -> list[Letter]:
    """The mails of one posting, with their recipients and their cases."""
    return list(session.scalars(select(Letter).where(Letter.posting == posting).options(*_whole()).order_by(Letter.id)))


def of_case(session: Session, case_id: int, limit: int) -> list[Letter]:
    """The mails that are, or were, to say something of a case; the newest first."""
    about = select(LetterLine.letter_id).where(LetterLine.case_id == case_id)
    found = select(Letter).where(Letter.id.in_(about)).options(*_whole()).order_by(Letter.id.desc()).limit(limit)
    return list(session.scalars(found))


def sent(session: Session, message_ids: Collection[str]) -> Mapping[str, datetime]:
    """Message-ID → when it was handed to the mail server, for those that were."""
    found = session.execute(select(SentMail.message_id, SentMail.at).where(SentMail.message_id.in_(message_ids)))
    return {message_id: at for message_id, at in found}
