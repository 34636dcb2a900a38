"""Rows of batches and their lines."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, exists, func, insert, or_, select, update
from sqlalchemy.orm import Session

from rules.roles import Level, Role
from states.batch import BATCH
from states.case import COUNTED, CaseState
from states.reach import Actor
from workflow.store import trail
from workflow.store.calls import call_of
from workflow.store.database import next_id
from workflow.store.models import AuditEvent, Batch, BatchLine, Case, Centre, Office
from workflow.store.pages import FEW


def insert_batch(
    session: Session, call_version: int, phase: str, office: Office, subject: str, actor: Actor, at: datetime, op: str
) -> int:
    """A new, empty batch: the next of its office and phase."""
    call = call_of(session, call_version)
    session.execute(select(Office.id).where(Office.id == office.id).with_for_update())
    highest = session.scalar(
        select(func.max(Batch.position)).where(
            Batch.call_number == call.number, Batch.phase == phase, Batch.office_id == office.id
        )
    )
    position = (highest or 0) + 1
    batch_id = next_id(session, "batch")
    place = [one.id for one in call.phases].index(phase) + 1
    number = f"{call.number}-{office.code}-P{place}-{position:02d}"
    stream = f"batch/{batch_id}"
    [receipt] = trail.append(
        session,
        [
            trail.Entry(
                stream=stream,
                action="batch.create",
                outcome="done",
                at=at,
                actor=actor,
                to_state=str(BATCH.initial),
                op=f"{op}:create-batch" if op else None,
                office_id=office.id,
                previous=(0, ""),
                data={"number": number, "phase": phase, "office": office.addressee},
            )
        ],
    )
    session.execute(
        insert(Batch).values(
            id=batch_id,
            stream=stream,
            version=receipt.seq,
            state=str(BATCH.initial),
            head=receipt.hash,
            number=number,
            call_version_id=call_version,
            call_number=call.number,
            phase=phase,
            office_id=office.id,
            position=position,
            subject=subject,
            reasons={},
            created_at=at,
        )
    )
    return batch_id


def one(session: Session, batch_id: int, seen_by: Actor) -> Batch | None:
    return session.scalar(select(Batch).where(Batch.id == batch_id, reachable(seen_by)))


def numbered(session: Session, number: str, seen_by: Actor) -> Batch | None:
    return session.scalar(select(Batch).where(Batch.number == number, reachable(seen_by)))


def many(session: Session, seen_by: Actor, call: str = "", office: int | None = None) -> list[Batch]:
    """Batches within reach, the newest first."""
    statement = select(Batch).where(reachable(seen_by))
    if call:
        statement = statement.where(Batch.call_number == call)
    if office:
        statement = statement.where(Batch.office_id == office)
    return list(session.scalars(statement.order_by(Batch.id.desc()).limit(500)))


def reachable(actor: Actor) -> Any:
    """An office its own; the national office what was once sent; the auditor everything."""
    clauses = [Batch.office_id.in_(actor.units(Role.REVIEWER, Role.LEADER))]
    if Role.AUDITOR in actor.roles or Role.SYSTEM in actor.roles:
        clauses.append(Batch.id.is_not(None))
    national = {role for role in actor.roles if role.level is Level.NATIONAL}
    if national - {Role.ADMINISTRATOR, Role.JUDGE, Role.AUDITOR}:
        clauses.append(Batch.sent_at.is_not(None))
    return or_(*clauses)


def lines(session: Session, batch_id: int) -> list[tuple[BatchLine, Case]]:
    """Every line a batch ever had, with its case; those that were dropped too."""
    statement = select(BatchLine, Case).join(Case, Case.id == BatchLine.case_id).where(BatchLine.batch_id == batch_id)
    return [(line, case) for line, case in session.execute(statement.order_by(BatchLine.position, BatchLine.id))]


def of_case(session: Session, case_id: int) -> int | None:
    """The batch in which a case is a line."""
    return session.scalar(
        select(BatchLine.batch_id).where(BatchLine.case_id == case_id, BatchLine.dropped_at.is_(None))
    )


def ready_cases(session: Session, batch: Any) -> list[Case]:
    """Reviewed cases of the batch's office and phase that stand in no batch yet."""
    return list(
        session.scalars(
            select(Case)
            .where(Case.call_number == batch.call_number, Case.phase == batch.phase)
            .where(Case.office_id == batch.office_id, Case.state == CaseState.PROVINCE_REVIEWED, _IN_NO_BATCH)
            .order_by(Case.id)
        )
    )


_IN_NO_BATCH = ~exists().where(BatchLine.case_id == Case.id, BatchLine.dropped_at.is_(None))


def reviewed_in_no_batch(session: Session, offices: Collection[int]) -> int:
    """How many reviewed cases of these offices stand in no batch, up to FEW + 1."""
    reviewed = Case.office_id.in_(offices), Case.state == CaseState.PROVINCE_REVIEWED, _IN_NO_BATCH
    return session.scalar(select(_upto(FEW + 1, *reviewed))) or 0


def _upto(most: int, *conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    """How many cases meet the conditions, counted no further than `most`."""
    some = select(Case.id).where(*conditions).limit(most).correlate(Office, Centre).subquery()
    return select(func.count()).select_from(some).correlate(Office, Centre).scalar_subquery()


def set_lines(session: Session, batch_id: int, case_ids: Sequence[int], at: datetime) -> tuple[list[int], list[int]]:
    """Make these the lines of a batch, in this order; gives what was added and what was dropped."""
    now = list(
        session.scalars(select(BatchLine.case_id).where(BatchLine.batch_id == batch_id, BatchLine.dropped_at.is_(None)))
    )
    added = [case for case in case_ids if case not in now]
    dropped = [case for case in now if case not in case_ids]
    if dropped:
        session.execute(
            update(BatchLine)
            .where(BatchLine.batch_id == batch_id, BatchLine.case_id.in_(dropped), BatchLine.dropped_at.is_(None))
            .values(dropped_at=at)
        )
    if added:
        session.execute(insert(BatchLine), [{"batch_id": batch_id, "case_id": case, "position": 0} for case in added])
    for position, case in enumerate(case_ids, 1):
        session.execute(
            update(BatchLine)
            .where(BatchLine.batch_id == batch_id, BatchLine.case_id == case, BatchLine.dropped_at.is_(None))
            .values(position=position)
        )
    return added, dropped


def drop_lines(session: Session, case_ids: Sequence[int], at: datetime) -> None:
    """Take cases out of whatever batch they are in."""
    session.execute(
        update(BatchLine).where(BatchLine.case_id.in_(case_ids), BatchLine.dropped_at.is_(None)).values(dropped_at=at)
    )


def change(session: Session, batch_id: int, **columns: Any) -> None:
    """Change what is not part of a batch's standing: subject, 末批, reasons."""
    session.execute(update(Batch).where(Batch.id == batch_id).values(**columns))


def last_sending(session: Session, stream: str) -> int | None:
    """The place in its stream of a batch's last sending; None when it was never sent."""
    return session.scalar(
        select(func.max(AuditEvent.seq)).where(AuditEvent.stream == stream, AuditEvent.action == "batch.send")
    )


@dataclass(frozen=True)
class Standing:
    """How an office stands in one phase: what counts, what is on its way, what is missing. Counted up to FEW + 1."""

    office: Office
    phase: str
    minimum: int
    submitted: int
    reviewed: int
    stamped: int
    drafts: int

    @property
    def short(self) -> int:
        """How many are missing even if all that were reviewed are sent."""
        return max(0, self.minimum - self.submitted - self.reviewed)


_COUNTED = tuple(str(state) for state in COUNTED)
_ON_THEIR_WAY = (str(CaseState.CENTRE_STAMPED), str(CaseState.PROVINCE_REVIEWED))
_STANDINGS = {
    "submitted": _COUNTED,
    "reviewed": (str(CaseState.PROVINCE_REVIEWED),),
    "stamped": (str(CaseState.CENTRE_STAMPED),),
    "drafts": (str(CaseState.DRAFT), str(CaseState.RETURNED)),
}


def standings(
    session: Session, call: str, minimums: Mapping[str, int], offices: Sequence[int] | None = None
) -> list[Standing]:
    """Every office's standing in every phase, by a query for each phase."""
    made: dict[int, list[Standing]] = {}
    for phase, minimum in minimums.items():
        of_phase = Case.call_number == call, Case.phase == phase, Case.office_id == Office.id
        numbers = [_upto(FEW + 1, *of_phase, Case.state.in_(states)).label(name) for name, states in _STANDINGS.items()]
        statement = select(Office, *numbers).order_by(Office.id)
        if offices is not None:
            statement = statement.where(Office.id.in_(offices))
        for row in session.execute(statement):
            made.setdefault(row.Office.id, []).append(
                Standing(row.Office, phase, minimum, row.submitted, row.reviewed, row.stamped, row.drafts)
            )
    return [one for many in made.values() for one in many]


def centre_counts(session: Session, call: str, office_id: int) -> list[tuple[Centre, int, int]]:
    """Per centre of an office: its cases there that count, and those on their way; each up to FEW + 1."""
    here = Case.call_number == call, Case.centre_id == Centre.id, Case.office_id + 0 == office_id
    numbers = [_upto(FEW + 1, *here, Case.state.in_(states)) for states in (_COUNTED, _ON_THEIR_WAY)]
    found: Any = select(Centre, *numbers).where(Centre.office_id == office_id, Centre.eligible).order_by(Centre.id)
    return [(centre, counted, coming) for centre, counted, coming in session.execute(found)]
