"""Rows of what came in: one for each arrival, its originals, the papers in it and the cases that they were matched to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, false, func, insert, or_, select, update
from sqlalchemy.orm import Session

from rules.roles import Role
from states.case import CaseState
from states.reach import Actor
from workflow.engine import Receipt
from workflow.store import trail
from workflow.store.models import (
    Arrival,
    ArrivalCase,
    ArrivalFile,
    ArrivalPaper,
    Case,
    Centre,
    Mailbox,
    Objection,
    PublicNotice,
)


def reachable(actor: Actor) -> ColumnElement[bool]:
    """An office what came to it or was handed to it; the national desk what came to the national office, handed on or not;
    the auditor everything."""
    if Role.AUDITOR in actor.roles or Role.SYSTEM in actor.roles:
        return Arrival.id.is_not(None)
    offices = actor.units(Role.REVIEWER, Role.LEADER)
    return or_(
        false(),
        Arrival.office_id.in_(offices) if offices else false(),
        Arrival.key.startswith(f"{NATIONAL}:") if Role.DESK in actor.roles else false(),
    )


NATIONAL = "national"
"""How keys in the national office's ledger begin."""


def one(session: Session, arrival_id: int, seen_by: Actor) -> Arrival | None:
    return session.scalar(select(Arrival).where(Arrival.id == arrival_id, reachable(seen_by)))


def held(session: Session, arrival_id: int) -> Arrival:
    """Its row; nobody else changes it until this transaction ends."""
    asked = select(Arrival).where(Arrival.id == arrival_id).with_for_update(of=Arrival)
    return session.scalars(asked.execution_options(populate_existing=True)).one()


def many(session: Session, seen_by: Actor, before: int | None, limit: int) -> list[Arrival]:
    """Arrivals within reach, the newest first, older than `before` (an id)."""
    found = select(Arrival).where(reachable(seen_by), *([Arrival.id < before] if before is not None else []))
    return list(session.scalars(found.order_by(Arrival.id.desc()).limit(limit)))


def by_key(session: Session, key: str) -> Arrival | None:
    return session.scalar(select(Arrival).where(Arrival.key == key))


def first_with(session: Session, arrival: Arrival, papers: str) -> Arrival | None:
    """The arrival that brought these papers to the same ledger before."""
    same = (Arrival.papers == papers) & (Arrival.id < arrival.id) & Arrival.repeats_id.is_(None)
    ledger = Arrival.key.startswith(f"{arrival.key.partition(':')[0]}:")
    return session.scalar(select(Arrival).where(same, ledger).order_by(Arrival.id).limit(1))


def waiting(session: Session, offices: Collection[int | None], limit: int) -> int:
    """How many were read, hold cases or object, and nothing was made of them, of these offices (None: the national one); counted up to a limit."""
    mine = [Arrival.office_id == one if one else Arrival.office_id.is_(None) for one in offices]
    begun = exists().where(ArrivalCase.arrival_id == Arrival.id, ArrivalCase.done_at.is_not(None))
    holds = exists().where(ArrivalCase.arrival_id == Arrival.id)
    found = (
        select(Arrival.id)
        .where(or_(false(), *mine), Arrival.state == "read", holds | _objects(), ~begun, ~_filed())
        .limit(limit)
    )
    return session.scalar(select(func.count()).select_from(found.subquery())) or 0


OBJECTING = ("异议", "投诉", "举报", "objection", "complaint")
"""Words in a subject that say that a mail objects."""


def objects(subject: str) -> bool:
    """Whether a subject says that its mail objects."""
    return "无异议" not in subject and any(word in subject.lower() for word in OBJECTING)


def objecting(session: Session, limit: int) -> list[Arrival]:
    """Mails to the national office whose subject objects and from which no objection was filed, the newest first."""
    found = select(Arrival).where(Arrival.state == "read", _objects(), ~_filed())
    return list(session.scalars(found.order_by(Arrival.id.desc()).limit(limit)))


def _objects() -> ColumnElement[bool]:
    """Came to the national office after a list that stands, was not answered, and says in its subject that it objects."""
    said = or_(*(Arrival.subject.icontains(one) for one in OBJECTING)) & ~Arrival.subject.contains("无异议")
    heard = exists().where(PublicNotice.taken_down_at.is_(None), PublicNotice.put_up_at <= Arrival.came_at)
    return and_(Arrival.office_id.is_(None), Arrival.answer_id == "", said, heard)


def _filed() -> ColumnElement[bool]:
    return exists().where(Objection.arrival_id == Arrival.id)


# ---- writing ---------------------------------------------------------------------------------------------------------


def add(session: Session, files: Sequence[Mapping[str, Any]], **columns: Any) -> int:
    """A new arrival with its originals; its id."""
    made = session.execute(insert(Arrival).values(state="waiting", lacks=[], **columns).returning(Arrival.id))
    number = int(made.scalar_one())
    session.execute(
        insert(ArrivalFile),
        [{"arrival_id": number, "position": at, "quarantined": True, **one} for at, one in enumerate(files, 1)],
    )
    return number


def change(session: Session, arrival_id: int, **columns: Any) -> None:
    session.execute(update(Arrival).where(Arrival.id == arrival_id).values(**columns))


def release(session: Session, arrival_id: int, positions: Collection[int]) -> None:
    """These originals hold nothing that was refused."""
    which = (ArrivalFile.arrival_id == arrival_id) & ArrivalFile.position.in_(positions)
    session.execute(update(ArrivalFile).where(which).values(quarantined=False))


def put_contents(
    session: Session, arrival_id: int, cases: Sequence[Mapping[str, Any]], papers: Sequence[Mapping[str, Any]]
) -> None:
    """What lay in an arrival: cases as matched, and every paper."""
    for model, rows in ((ArrivalCase, cases), (ArrivalPaper, papers)):
        if rows:
            numbered = [{"arrival_id": arrival_id, "position": at, **one} for at, one in enumerate(rows, 1)]
            session.execute(insert(model), numbered)


def came_of(session: Session, arrival_id: int, position: int, **columns: Any) -> None:
    """What became of one of its cases."""
    which = (ArrivalCase.arrival_id == arrival_id) & (ArrivalCase.position == position)
    session.execute(update(ArrivalCase).where(which).values(**columns))


def note(
    session: Session,
    arrival: Arrival,
    action: str,
    data: Mapping[str, Any],
    actor: Actor,
    at: datetime,
    *,
    op: str = "",
    outcome: str = "done",
) -> Receipt:
    """An event in the stream of an arrival, which has one writer at a time: its row is held."""
    held(session, arrival.id)
    entry = trail.Entry(
        f"arrival/{arrival.id}",
        action,
        outcome,
        at,
        actor,
        dict(data),
        op=f"{op}:{action}" if op else None,
        office_id=arrival.office_id,
    )
    return trail.append(session, [entry])[0]


def noted(session: Session, action: str, op: str) -> Receipt | None:
    """The receipt of what this form came to already."""
    found = trail.by_op(session, [f"{op}:{action}"] if op else []).get(f"{op}:{action}")
    return Receipt(found.stream, found.seq, found.hash) if found else None


# ---- the mailbox -----------------------------------------------------------------------------------------------------


def mailbox(session: Session, name: str) -> Mailbox | None:
    """How far a mailbox was looked through."""
    return session.get(Mailbox, name)


def looked_into(session: Session, name: str, validity: int, uid: int, at: datetime) -> None:
    """A mailbox was looked through up to this mail."""
    columns = {"validity": validity, "uid": uid, "looked_at": at}
    if mailbox(session, name) is None:
        session.execute(insert(Mailbox).values(name=name, **columns))
        return
    farther = case((Mailbox.validity == validity, _larger(Mailbox.uid, uid)), else_=uid)
    session.execute(update(Mailbox).where(Mailbox.name == name).values(**{**columns, "uid": farther}))


def _larger(column: Any, value: int) -> Any:
    """The larger of a column and a number."""
    return case((column > value, column), else_=value)


def passed_over(session: Session, data: Mapping[str, Any], actor: Actor, at: datetime) -> None:
    """Put on record that a mail was left in its mailbox."""
    entry = trail.Entry(
        trail.daily(session, "arrival/mailbox", at), "arrival.pass_over", "refused", at, actor, dict(data)
    )
    trail.append(session, [entry])


# ---- what is there already -------------------------------------------------------------------------------------------


def centres(session: Session, office_id: int | None) -> list[Centre]:
    """The centres of an office; every centre for None."""
    found = select(Centre).where(Centre.office_id == office_id) if office_id else select(Centre)
    return list(session.scalars(found.order_by(Centre.id)))


def cases_numbered(session: Session, office_id: int | None, call: str, numbers: Collection[str]) -> list[Case]:
    """Cases of these numbers under a call, of an office's centres; of any for None."""
    found = select(Case).where(Case.number.in_(numbers), Case.call_number == call)
    return list(session.scalars(found.where(Case.office_id == office_id) if office_id else found))


def cases_of(session: Session, centre_id: int, call: str) -> list[Case]:
    """The cases of a centre under a call that were not given up."""
    gone = (CaseState.WITHDRAWN, CaseState.NOT_RECOMMENDED)
    found = select(Case).where(Case.centre_id == centre_id, Case.call_number == call, Case.state.not_in(gone))
    return list(session.scalars(found.order_by(Case.id)))


def ready_at(session: Session, case_id: int) -> list[ArrivalPaper]:
    """Papers that came for a case and lie ready for its centre, the newest first."""
    found = (
        select(ArrivalPaper)
        .join(
            ArrivalCase,
            and_(ArrivalCase.arrival_id == ArrivalPaper.arrival_id, ArrivalCase.position == ArrivalPaper.case_position),
        )
        .where(ArrivalCase.case_id == case_id, ArrivalPaper.digest != "", ArrivalPaper.erased_at.is_(None))
        .where(ArrivalPaper.came_to.in_(("document", "form", "scan")))
    )
    return list(session.scalars(found.order_by(ArrivalPaper.arrival_id.desc(), ArrivalPaper.position)))


def sealed_list_of(session: Session, batch_id: int) -> list[tuple[ArrivalPaper, Arrival]]:
    """Sealed summary tables of the packages from which a batch was filled, the newest first."""
    found = (
        select(ArrivalPaper, Arrival)
        .join(Arrival, Arrival.id == ArrivalPaper.arrival_id)
        .where(Arrival.batch_id == batch_id, ArrivalPaper.came_to == "sealed_list")
        .where(ArrivalPaper.digest != "", ArrivalPaper.erased_at.is_(None))
    )
    return [(paper, arrival) for paper, arrival in session.execute(found.order_by(Arrival.id.desc()))]


def quarantined(session: Session, before: int | None, limit: int) -> list[tuple[Arrival, ArrivalFile]]:
    """Originals that hold something refused, the newest arrival first."""
    found = select(Arrival, ArrivalFile).join(ArrivalFile, ArrivalFile.arrival_id == Arrival.id)
    found = found.where(ArrivalFile.quarantined, ArrivalFile.erased_at.is_(None), Arrival.state != "waiting")
    if before is not None:
        found = found.where(Arrival.id < before)
    rows = session.execute(found.order_by(Arrival.id.desc(), ArrivalFile.position).limit(limit))
    return [(arrival, file) for arrival, file in rows]


def quarantined_one(session: Session, arrival_id: int, position: int) -> tuple[Arrival, ArrivalFile] | None:
    found = select(Arrival, ArrivalFile).join(ArrivalFile, ArrivalFile.arrival_id == Arrival.id)
    row = session.execute(
        found.where(
            ArrivalFile.arrival_id == arrival_id,
            ArrivalFile.position == position,
            ArrivalFile.quarantined,
            ArrivalFile.erased_at.is_(None),
        )
    ).first()
    return (row[0], row[1]) if row else None
