"""SpiffWorkflow, as people keep it: the process instance as JSON in a row, read, moved on and written at each step.

Rows are read and written through SQLAlchemy's ORM, as its own applications do.
"""

from __future__ import annotations

import itertools
import sys

from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState
from sqlalchemy import ForeignKey, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from tests.bench.peers.demands import STATES, STEPS, entry, measured, unmet
from tests.bench.peers.orm import gathered, opened, reflected

_BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"


def process() -> bytes:
    """Seven states as a line of six manual tasks."""
    tasks = "".join(f'<manualTask id="{step}" name="{step}"/>' for step in STEPS)
    line = ["start", *STEPS, "end"]
    flows = "".join(
        f'<sequenceFlow id="f{place}" sourceRef="{one}" targetRef="{other}"/>'
        for place, (one, other) in enumerate(itertools.pairwise(line))
    )
    return (
        f'<definitions xmlns="{_BPMN}" targetNamespace="case"><process id="case" isExecutable="true">'
        f'<startEvent id="start"/>{tasks}<endEvent id="end"/>{flows}</process></definitions>'
    ).encode()


class Base(DeclarativeBase):
    pass


class PeerCase(Base):
    __tablename__ = "peer_case"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]
    version: Mapped[int] = mapped_column()
    instance: Mapped[str]
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
    parser = BpmnParser()
    parser.add_bpmn_str(process())
    spec, serializer = parser.get_spec("case"), BpmnWorkflowSerializer()
    with Session(engine) as session:
        for case in range(1, cases + 1):
            instance = BpmnWorkflow(spec)
            instance.do_engine_steps()
            session.add(PeerCase(id=case, state="draft", instance=serializer.serialize_json(instance)))
        session.commit()

    def step(case_id: int, place: int) -> None:
        with Session(engine) as session, session.begin():
            row = session.get_one(PeerCase, case_id)
            facts = gathered(known, session, case_id)
            if unmet(facts):
                raise AssertionError(unmet(facts))
            instance = serializer.deserialize_json(row.instance)
            [task] = instance.get_tasks(state=TaskState.READY, manual=True)
            if task.task_spec.bpmn_id != STEPS[place]:
                raise AssertionError(task.task_spec.bpmn_id)
            task.run()
            instance.do_engine_steps()
            row.state, row.instance = STATES[place + 1], serializer.serialize_json(instance)
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
