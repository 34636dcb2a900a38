"""Numbers of a call's cases, for its closing report, and the files that are made of them in the background."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from states.case import COUNTED
from states.reach import Actor
from workflow.store.models import Batch, Case, Centre, Job, MadeFile
from workflow.store.reach import reachable


@dataclass(frozen=True)
class Some:
    """So many cases of one centre, phase, theme and state."""

    office: int
    centre: int
    centre_name: str
    phase: str
    theme: str
    state: str
    cases: int


def counted(session: Session, actor: Actor, call: str) -> list[Some]:
    """The cases of a call that count, within reach."""
    about = (Case.office_id, Case.centre_id, Centre.name, Case.phase, Case.theme, Case.state)
    statement = (
        select(*about, func.count())
        .join(Centre, Centre.id == Case.centre_id)
        .where(Case.call_number == call, Case.state.in_([str(one) for one in COUNTED]), reachable(actor))
        .group_by(*about)
        .order_by(Case.office_id, Case.centre_id)
    )
    return [Some(*row) for row in session.execute(statement)]


def reasons(session: Session, call: str) -> list[tuple[int, dict[str, str]]]:
    """(office, reasons as written) of the last batches that were sent under a call."""
    found = session.execute(
        select(Batch.office_id, Batch.reasons)
        .where(Batch.call_number == call, Batch.final, Batch.sent_at.is_not(None))
        .order_by(Batch.id)
    )
    return [(office, dict(given)) for office, given in found]


def centre_names(session: Session, ids: Sequence[int]) -> dict[int, str]:
    return {one: name for one, name in session.execute(select(Centre.id, Centre.name).where(Centre.id.in_(ids)))}


# ---- files made in the background ------------------------------------------------------------------------------------


def add(session: Session, **columns: Any) -> int:
    made: int = session.execute(insert(MadeFile).values(**columns).returning(MadeFile.id)).scalar_one()
    return made


def by_op(session: Session, op: str) -> MadeFile | None:
    return session.scalar(select(MadeFile).where(MadeFile.op == op)) if op else None


def made(session: Session, made_id: int) -> MadeFile | None:
    return session.get(MadeFile, made_id)


def made_of(session: Session, kind: str, about: Sequence[str], most: int = 20) -> list[MadeFile]:
    """The newest files of a kind about one of these."""
    statement = select(MadeFile).where(MadeFile.kind == kind, MadeFile.about.in_(about))
    return list(session.scalars(statement.order_by(MadeFile.id.desc()).limit(most)))


def job(session: Session, key: str) -> Job | None:
    return session.scalar(select(Job).where(Job.key == key))


def finish(session: Session, made_id: int, digest: str, size: int, at: datetime) -> None:
    session.execute(update(MadeFile).where(MadeFile.id == made_id).values(digest=digest, size=size, made_at=at))
