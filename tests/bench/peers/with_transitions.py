"""transitions and SQLAlchemy's ORM, as people write them: a machine on the row, relationships, one session a step."""

from __future__ import annotations

import sys

from sqlalchemy import ForeignKey, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from transitions import Machine

from tests.bench.peers.demands import STATES, STEPS, entry, measured, unmet
from tests.bench.peers.orm import gathered, opened, reflected


class Base(DeclarativeBase):
    pass


class PeerCase(Base):
    __tablename__ = "peer_case"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class PeerEvent(Base):
    __tablename__ = "peer_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("peer_case.id"), index=True)
    action: Mapped[str]
    body: Mapped[str]
    hash: Mapped[str] = mapped_column(unique=True)


def main(path: str, cases: int) -> None:
    engine = opened(path)
    known = reflected(engine)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([PeerCase(id=case, state="draft") for case in range(1, cases + 1)])
        session.commit()

    def step(case_id: int, place: int) -> None:
        with Session(engine) as session, session.begin():
            row = session.get_one(PeerCase, case_id)
            facts = gathered(known, session, case_id)
            machine = Machine(row, states=list(STATES), initial=row.state, auto_transitions=False)
            for name, source, target in zip(STEPS, STATES, STATES[1:], strict=False):
                machine.add_transition(name, source, target, conditions=lambda: not unmet(facts))
            if not getattr(row, STEPS[place])():
                raise AssertionError(unmet(facts))
            last = session.scalar(
                select(PeerEvent.hash).where(PeerEvent.case_id == case_id).order_by(PeerEvent.id.desc()).limit(1)
            )
            body, hashed = entry(case_id, STEPS[place], last or "", facts)
            session.add(PeerEvent(case_id=case_id, action=STEPS[place], body=body, hash=hashed))

    measured(step, cases)
    with Session(engine) as session:
        if session.scalar(select(func.count()).select_from(PeerEvent)) != cases * len(STEPS):
            raise AssertionError("steps are missing")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
