"""From what came in to drafts, papers that lie ready at their case, and lines of a batch; each by the verbs of the screens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from rules.roles import Role
from rules.words import Text
from states.batch import BatchState
from states.case import EDITABLE, CaseState
from states.reach import Actor, reaches
from workflow import batches, cases
from workflow import papers as case_papers
from workflow.content import Content
from workflow.documents.kinds import of_media_type
from workflow.documents.problems import Unreadable
from workflow.engine import CannotServe, NotPermitted, Receipt
from workflow.identity import stand_ins
from workflow.incoming import arrivals, intake
from workflow.incoming.arrivals import Each, State
from workflow.jobs.queue import enqueue
from workflow.store import arrivals as stored
from workflow.store import batches as stored_batches
from workflow.store import calls as stored_calls
from workflow.store import facts as stored_facts
from workflow.store import papers as stored_papers
from workflow.store.database import Database
from workflow.store.files import Files
from workflow.store.models import Arrival, Batch, Case
from workflow.store.papers import Kept


class NotReady(CannotServe):
    """What came in is not read yet, or came before: there is nothing to be made of it (409)."""


def may_take(arrival: Arrival, actor: Actor) -> bool:
    """Whether this person may have something made of an arrival now."""
    return arrival.state == State.READ and arrival.office_id in arrivals.places(actor)


def may_collect(arrival: Arrival, actor: Actor) -> bool:
    """Whether this person makes batches of the office that an arrival came to."""
    return arrival.office_id in actor.units(Role.REVIEWER)


def ask(session: Session, arrival_id: int, *, actor: Actor, at: datetime, op: str = "") -> Receipt:
    """Have drafts made of an arrival, and what is there already filled; a job does it in this person's name.

    Raises NoSuchArrival, NotPermitted, NotReady.
    """
    arrival = arrivals.find(session, arrival_id, actor)
    arrivals.check_takes_in(actor, arrival.office_id)
    earlier = stored.noted(session, "arrival.take", op)
    if earlier is not None:
        return earlier
    if arrival.state != State.READ:
        raise NotReady(
            Text(
                "这份来件还没有核对完，或者以前来过，不能办理。",
                "This has not been read yet, or came before, so nothing is made of it.",
            )
        )
    receipt = stored.note(session, arrival, "arrival.take", {"subject": arrival.subject}, actor, at, op=op)
    enqueue(session, "take_arrival", f"take_arrival/{arrival_id}/{receipt.seq}", arrival_id, *actor.both)
    return receipt


def take(
    database: Database,
    files: Files,
    arrival_id: int,
    person_id: int,
    absent_id: int = 0,
    *,
    at: datetime,
    each: Each = arrivals.in_turn,
) -> str:
    """Make of an arrival what can be made of it, in somebody's name; for the log. What was made before stays as it is.

    Raises NotPermitted when the person may not any more.
    """
    with database.reading() as session:
        actor = stand_ins.restored(session, person_id, absent_id) or Actor(person_id, "")
        arrival = stored.one(session, arrival_id, actor)
        if arrival is None or not may_take(arrival, actor):
            raise NotPermitted(_NOT_ANY_MORE)
        positions = [one.position for one in arrival.cases]
    here = _Here(database, files, arrival_id, actor, at)
    each(positions, here.one)
    with database.transaction() as session:
        batch = _into_batch(session, stored.held(session, arrival_id), actor, at)
    return f"{len(positions)} cases" + (f", batch {batch}" if batch else "")


_NOT_ANY_MORE = Text(
    "交办的人已经没有这个职责，没有办理。请另一位办理人在来件页面上重新办理。",
    "Whoever asked for it does not hold the role any more, so nothing was done; another person should ask for it.",
)


@dataclass(frozen=True)
class _Came:
    """What became of one case of an arrival, and why."""

    outcome: str
    said: tuple[Text, ...]
    case: int | None = None


@dataclass(frozen=True)
class _Here:
    database: Database
    files: Files
    arrival_id: int
    actor: Actor
    at: datetime

    def one(self, position: int) -> None:
        """One case of the arrival; done again, it changes nothing that was made."""
        with self.database.reading() as session:
            arrival = arrivals.find(session, self.arrival_id, self.actor)
            line = next(one for one in arrival.cases if one.position == position)
            if line.outcome == "made":
                return
            given = papers_of(arrival, position)
            case, call = (
                arrivals.existing(session, arrival, line),
                stored_calls.call_of(session, arrival.call_version_id),
            )
            centre = line.registered
            registered = {} if centre is None else _registered(centre)
            came = _there_already(case, given) if case is not None else _cannot(centre, given)
        if came is None:
            try:
                read = intake.understood(self.files, call, Content(), registered, _by_slot(given))
            except Unreadable as problem:
                came = _Came("refused", (problem.problem.text,))
        with self.database.transaction() as session:
            arrival = stored.held(session, self.arrival_id)
            line = next(one for one in arrival.cases if one.position == position)
            came = came or self._made(session, arrival, line, read)
            stored.came_of(
                session,
                self.arrival_id,
                position,
                outcome=came.outcome,
                said=[[one.zh, one.en] for one in came.said],
                case_id=came.case,
                done_at=self.at,
            )

    def _made(self, session: Session, arrival: Arrival, line: Any, read: intake.Read) -> _Came:
        """A new draft of the centre, with the papers that it was made from."""
        op = f"arrival/{arrival.id}/{line.position}"
        who: dict[str, Any] = {"actor": self.actor, "at": self.at}
        version = arrival.call_version_id
        number = cases.take_in(
            session, call_version=version, centre=line.registered, content=read.content, op=op, **who
        )
        case = session.get_one(Case, number)
        owner = case_papers.owner_of(case)
        for slot, one in read.kept.items():
            stored_papers.attach(session, owner, slot, [one], self.actor, self.at, f"{op}:{slot}")
        if read.pictures:
            stored_papers.attach(session, owner, "picture", read.pictures, self.actor, self.at, f"{op}:picture")
        document = read.kept.get("case")
        if document is not None and of_media_type(document.media_type) != "docx":
            case_papers.converted(session, case, document, op=op, **who)
        said = [Text("已为中心新建草稿。", "A draft was made for the centre.")]
        loose = len(read.document.loose) if read.document else 0
        if loose:
            said.append(
                Text(
                    f"正文有 {loose} 段文字没有归入任何部分，请中心撰稿人上传正文核对。",
                    f"{loose} passages of the document fitted no section; the centre's author should place them.",
                )
            )
        return _Came("made", (*said, *(one.text for one in read.differences)), number)


def papers_of(arrival: Arrival, position: int) -> dict[str, Kept]:
    """What is to be used of one case's papers: "document", "form", "scan" → file."""
    return {
        one.came_to: arrivals.kept(one)
        for one in arrival.contents
        if one.case_position == position and one.digest and one.erased_at is None
    }


def _by_slot(given: Mapping[str, Kept]) -> dict[str, Kept]:
    slots = {"document": "case", "form": "form"}
    return {slots[use]: one for use, one in given.items() if use in slots}


def _registered(centre: Any) -> dict[str, str]:
    return {"name": centre.name, "host_unit": centre.host_unit, "region": centre.office.region}


def _there_already(case: Case, given: Mapping[str, Kept]) -> _Came:
    if case.state in EDITABLE:
        return _Came("filled", (_FILLED if given else _NOTHING_CAME,), case.id)
    label = CaseState.of(case.state).label
    return _Came(
        "late",
        (
            Text(
                f"案例现在是“{label.zh}”，材料不再更换。",
                f"The case is “{label.en}”; its papers do not change any more.",
            ),
        ),
        case.id,
    )


_FILLED = Text(
    "中心已有这个案例，材料已转到案例页面，由撰稿人核对后采用、盖章人确认印章。",
    "The centre has this case; the papers lie ready on its page, for its author to take over and its sealer to confirm.",
)
_NOTHING_CAME = Text("中心已有这个案例，这次没有收到它的材料。", "The centre has this case; no paper of it has come.")


def _cannot(centre: Any, given: Mapping[str, Kept]) -> _Came | None:
    """Why no draft can be made; None when one can."""
    if centre is None:
        return _Came("refused", (NO_CENTRE,))
    if not _by_slot(given):
        return _Came("refused", (NO_TEXT,))
    return None


NO_CENTRE = Text(
    "登记中没有这个机构，不能新建草稿。请核对机构名称，或请管理员登记。",
    "No centre of this name is registered, so no draft can be made. Check the name, or have it registered.",
)
NO_TEXT = Text(
    "没有收到案例正文和报送表，不能新建草稿。",
    "Neither the case document nor the report form has come, so no draft can be made.",
)


# ---- the batch -------------------------------------------------------------------------------------------------------


def of_an_office(arrival: Arrival) -> bool:
    """Whether what came is an office's package: with its summary table, or the sealed scan of it."""
    return any(one.came_to in ("summary", "sealed_list") for one in arrival.contents)


def _into_batch(session: Session, arrival: Arrival, actor: Actor, at: datetime) -> str:
    """Put the reviewed cases of an office's package into a batch of that office, new or still being collected.

    Its number; "" where the rules allow none yet, or this person makes no batches.
    """
    office = arrival.office_id
    if office is None or not may_collect(arrival, actor) or not of_an_office(arrival):
        return ""
    reviewed = ready_for_batch(session, arrival)
    if not reviewed:
        return arrival.batch.number if arrival.batch else ""
    phase = reviewed[0].phase
    batch = arrival.batch
    if batch is None or batch.state != BatchState.COLLECTING or batch.phase != phase:
        number = batches.start(
            session,
            call_version=arrival.call_version_id,
            phase=phase,
            office=office,
            actor=actor,
            at=at,
            op=f"arrival/{arrival.id}/{phase}/{reviewed[0].id}",
        )
        batch = batches.find(session, number, actor)
    fitting = [one.id for one in reviewed if one.phase == phase]
    batches.collect(session, batch.id, [*stored_facts.lines_of(session, batch.id), *fitting], actor=actor, at=at)
    stored.change(session, arrival.id, batch_id=batch.id)
    return batch.number


def ready_for_batch(session: Session, arrival: Arrival) -> Sequence[Case]:
    """Cases of an arrival that are reviewed and in no batch, in the order of its papers."""
    found = [one.case for one in arrival.cases if one.case is not None]
    return [
        one
        for one in found
        if one.state == CaseState.PROVINCE_REVIEWED
        and one.office_id == arrival.office_id
        and stored_batches.of_case(session, one.id) is None
    ]


# ---- what is shown ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One case of an arrival as it is shown. `case`: only where the reader reaches it; `said`: what was or would be done."""

    row: Any
    case: Case | None
    said: Sequence[Text]
    papers: Sequence[Any]


def lines(session: Session, arrival: Arrival, actor: Actor) -> list[Line]:
    """The cases of an arrival, each with what became of it, or what would be made of it."""
    return [_line(session, arrival, one, actor) for one in arrival.cases]


def _line(session: Session, arrival: Arrival, row: Any, actor: Actor) -> Line:
    case = row.case if row.case_id else arrivals.existing(session, arrival, row)
    seen = case if case is not None and reaches(actor, case) else None
    papers = [one for one in arrival.contents if one.case_position == row.position]
    return Line(row, seen, _said(row, seen, papers), papers)


def _said(row: Any, seen: Case | None, papers: Sequence[Any]) -> Sequence[Text]:
    if row.outcome in ("made", "filled") and seen is None:  # an office is not told of its centres' drafts
        return (_WITH_CENTRE,)
    if row.outcome:
        return [Text(zh, en) for zh, en in row.said]
    if seen is not None:
        label = CaseState.of(seen.state).label
        return (Text(f"已有案例，现在是“{label.zh}”。", f"There is a case; it is “{label.en}”."),)
    if row.centre_id is None and not row.number:
        return (NO_CENTRE,)
    if not any(one.came_to in ("document", "form") for one in papers) and not row.number:
        return (NO_TEXT,)
    return (_WOULD,)


_WOULD = Text(
    "将转给中心：新建草稿；中心已有同一案例的，材料转到该案例，由中心核对后采用。",
    "It will go to the centre: as a new draft, or, where the centre has that case already, as papers for it to take over.",
)
_WITH_CENTRE = Text(
    "已转给中心，由中心核对、盖章后报送。", "It went to the centre, which checks it, seals it and reports it."
)


# ---- at the case -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ready:
    """Papers that came for a case and that its centre has not taken over: slot ("case", "form", "scan") → file."""

    arrival_id: int
    came_at: datetime
    papers: Mapping[str, Kept]


def ready(session: Session, case: Case) -> Ready | None:
    """The newest papers that lie ready at a case; None where there are none."""
    had = {one.digest for one in case_papers.every(session, case)}
    found = [one for one in stored.ready_at(session, case.id) if one.digest not in had]
    if not found:
        return None
    newest = found[0].arrival_id
    slots = {"document": "case", "form": "form", "scan": "scan"}
    papers = {slots[one.came_to]: arrivals.kept(one) for one in found if one.arrival_id == newest}
    return Ready(newest, session.get_one(Arrival, newest).came_at, papers)


# ---- at the batch ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SealedList:
    """A sealed summary table that came with the package from which a batch was filled, and that nobody has confirmed."""

    came_at: datetime
    paper: Kept


def sealed_list(session: Session, batch: Batch) -> SealedList | None:
    """The newest sealed summary table that lies ready at a batch; None where there is none."""
    had = {one.digest for one in batches.every_document(session, batch)}
    for paper, arrival in stored.sealed_list_of(session, batch.id):
        if paper.digest not in had:
            return SealedList(arrival.came_at, arrivals.kept(paper))
    return None
