"""Boards: how an office stands before it reports, and how all offices stand before the national desk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from rules.call import Call, Phase, Recommender, Window, roles_of
from rules.quotas import Outlook, outlook
from rules.roles import Level, Role
from rules.words import Text
from states.batch import BATCH, BatchState
from states.case import CaseState
from states.lifecycle import Lifecycle, Standing, State, Transition
from states.push import PUSH, PushState
from states.reach import Actor, reaches
from workflow import batches, cases, clock, lists
from workflow.calls import deadlines
from workflow.cases import NoSuchCase
from workflow.engine import NotPermitted, Offer
from workflow.store import batches as stored_batches
from workflow.store import calls as stored_calls
from workflow.store import facts as stored_facts
from workflow.store import histories as stored
from workflow.store import pages
from workflow.store import papers as stored_papers
from workflow.store.batches import Standing as Count
from workflow.store.histories import Granted
from workflow.store.models import Batch, Case, Centre, Document, ExtensionRequest, Office, Push
from workflow.store.pages import TOP, Filters, Page, Place
from workflow.store.pages import Count as Number
from workflow.wipo import pushes


def lifecycle() -> Lifecycle:
    """The lifecycle of batches, for drawing it."""
    return BATCH


# ---- one batch -------------------------------------------------------------------------------------------------------


def batch_state(batch: Batch) -> BatchState:
    """The state of a batch, with its label."""
    return BatchState.of(batch.state)


def case_state(case: Case) -> State:
    """The state of a case, in the words of its call's way."""
    return lists.state_of(case)


def within_reach(case: Case, actor: Actor) -> bool:
    """Whether a case of a batch may be opened by this person."""
    return reaches(actor, case)


def reports_for(batch: Batch, actor: Actor) -> bool:
    """Whether this person reviews or leads at the office of the batch."""
    return batch.office_id in actor.units(Role.REVIEWER, Role.LEADER)


def batch_of(session: Session, case: Case) -> int | None:
    """The batch that a case stands in."""
    return stored_batches.of_case(session, case.id)


def may_open(session: Session, batch_id: int, actor: Actor) -> bool:
    """Whether this person reaches a batch."""
    return stored_batches.one(session, batch_id, actor) is not None


def call_of(session: Session, batch: Batch) -> Call:
    """The call that a batch reports under."""
    return stored_calls.call_of(session, batch.call_version_id)


def content(session: Session, batch: Batch) -> str:
    """Digest of what the summary table would say now; a seal bound to another one no longer holds."""
    rows = stored_facts.case_rows(session, stored_facts.lines_of(session, batch.id))
    return stored_facts.batch_content(batch, rows)


def document(session: Session, batch: Batch, document_id: int) -> Document:
    """One file of a batch. Raises NoSuchBatch when it has none of that number."""
    found = next((one for one in stored_papers.every(session, batches.owner_of(batch)) if one.id == document_id), None)
    if found is None:
        raise batches.NoSuchBatch(
            Text("没有这个文件。请从批次页面下载。", "There is no such file. Download it from the batch's page.")
        )
    return found


def check_sealable(batch: Batch, actor: Actor) -> None:
    """Raise NotPermitted or NotCollecting, saying why, when this person may not put the sealed summary now."""
    if batches.may(batch, "seal_summary", actor):
        return
    check_leader(batch, actor)
    raise batches.NotCollecting(
        Text(
            "批次已经盖章或报送，不能再换扫描件。已盖章的可以先“重新组批”。",
            "The batch is sealed or sent; its scan cannot change. A sealed one can be reopened first.",
        )
    )


def check_leader(batch: Batch, actor: Actor) -> None:
    """Raise NotPermitted when this person does not lead at the office of the batch."""
    if batch.office_id not in actor.units(Role.LEADER):
        raise NotPermitted(
            Text(
                "汇总表的盖章扫描件由本单位负责人上传。", "The sealed summary table is uploaded by the office's leader."
            )
        )


def no_way(batch: Batch, trigger: str) -> Text:
    """The sentence for a step that does not leave the state a batch is in."""
    return batches.ENGINE.no_way(batch.state, trigger).message


def day_named(value: str) -> date:
    """The day that a form names, 2021-03-20. Raises WrongGrant when it is none."""
    day = clock.day_written(value)
    if day is None:
        raise deadlines.WrongGrant(Text("请选择一个日期，如 2021-03-20。", "Choose a day, such as 2021-03-20."))
    return day


def call_numbered(session: Session, version: int) -> Call:
    """A call by the id of its newest version. Raises WrongGrant when there is none."""
    call = dict(lists.calls(session)).get(version)
    if call is None:
        raise deadlines.WrongGrant(
            Text("没有这个征集通知，请刷新页面后重试。", "There is no such call; reload the page and try again.")
        )
    return call


# ---- an office -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PhaseBoard:
    """One phase as an office sees it. `centre_day`: the earlier day that it set for its centres."""

    phase: Phase
    window: Window
    centres_window: Window
    count: Count
    waived: bool
    batches: Sequence[Batch]
    outlooks: Sequence[Outlook] = ()
    """How the quotas that the call writes out stand: the office's, and those of centres that lack cases or may send no more."""


@dataclass(frozen=True)
class CentreStanding:
    """A centre's cases over all phases: those that count, and those on their way."""

    centre: Centre
    counted: int
    coming: int
    minimum: int

    @property
    def short(self) -> int:
        """How many are missing even if all on their way are sent."""
        return max(0, self.minimum - self.counted - self.coming)


@dataclass(frozen=True)
class OfficeBoard:
    office: Office
    call_version: int
    call: Call
    phases: tuple[PhaseBoard, ...]
    centres: tuple[CentreStanding, ...]
    may_start: bool
    may_set_day: bool
    asked: tuple[ExtensionRequest, ...]
    """Extensions that the office asked for, the open ones first."""


def of_offices(session: Session, actor: Actor) -> list[OfficeBoard]:
    """A board for each call and each office at which this person reviews or leads, the newest call first."""
    offices = sorted(actor.units(Role.REVIEWER, Role.LEADER))
    return [
        _office(session, version, call, office, actor)
        for version, call in lists.calls(session)
        if call.route.recommended_by is not Recommender.SELF
        for office in offices
    ]


def _office(session: Session, version: int, call: Call, office: int, actor: Actor) -> OfficeBoard:
    counts = batches.standings(session, call, [office])
    waived = {(one.phase, one.office_id) for one in deadlines.waivers(session, call)}
    made = batches.every(session, actor, call.number, office)
    known = stored_facts.outlook(session, call.number, office) if call.quotas else ([], [], [])
    phases = tuple(
        PhaseBoard(
            phase,
            batches.window(session, call, phase.id, office),
            batches.window(session, call, phase.id, office, Level.CENTRE),
            next(one for one in counts if one.phase == phase.id),
            (phase.id, office) in waived,
            [one for one in made if one.phase == phase.id],
            [one for one in outlook(call, phase.id, *known) if one.unit is None or one.lacks or one.room == 0],
        )
        for phase in call.phases
    )
    centres = tuple(
        CentreStanding(centre, counted, coming, call.minimum_per_centre * roles_of(centre.kind, call.two_roles))
        for centre, counted, coming in batches.centre_counts(session, call, office)
    )
    return OfficeBoard(
        counts[0].office,
        version,
        call,
        phases,
        centres,
        office in actor.units(Role.REVIEWER),
        office in actor.units(Role.REVIEWER, Role.LEADER),
        tuple(deadlines.requests(session, call, office)),
    )


# ---- what waits for somebody ----------------------------------------------------------------------------------------


def waiting(session: Session, actor: Actor) -> list[tuple[Batch, Transition]]:
    """Batches whose next step is this person's, with the step, the oldest first."""
    found = [(one, step) for one in batches.every(session, actor) for step in BATCH.leaving(BatchState.of(one.state))]
    return [(one, step) for one, step in reversed(found) if not step.backward and _takes(one, step, actor)]


def _takes(batch: Batch, step: Transition, actor: Actor) -> bool:
    if batch.office_id in actor.units(*(role for role in step.by if role.level is Level.OFFICE)):
        return True
    return any(role.level is Level.NATIONAL and role in actor.roles for role in step.by)


def to_collect(session: Session, actor: Actor) -> int:
    """How many reviewed cases of the offices at which this person reviews stand in no batch yet."""
    return stored_batches.reviewed_in_no_batch(session, actor.units(Role.REVIEWER))


# ---- the national office ---------------------------------------------------------------------------------------------

NATIONAL = frozenset({Role.DESK, Role.DIRECTOR, Role.EDITOR, Role.TRANSLATOR, Role.CHECKER, Role.LIAISON, Role.AUDITOR})


def check_national(actor: Actor) -> None:
    """Raise NoSuchCase for all but the national office: to others its desk does not exist."""
    if not actor.roles & NATIONAL:
        raise NoSuchCase(
            Text(
                "没有这个页面，或者它不在您的职责范围内。请从上方菜单进入。",
                "There is no such page within your reach. Use the menu above.",
            )
        )


def may_grant(actor: Actor) -> bool:
    """Whether this person grants extensions and waivers."""
    return Role.DIRECTOR in actor.roles


@dataclass(frozen=True)
class Cell:
    """One office in one phase, as the national office sees it."""

    phase: Phase
    submitted: int
    short: int
    waived: bool
    sent: int
    """Batches sent and not yet received."""
    received: int


@dataclass(frozen=True)
class Row:
    """One office over all phases."""

    office: Office
    cells: tuple[Cell, ...]

    @property
    def short(self) -> bool:
        return any(one.short and not one.waived for one in self.cells)


@dataclass(frozen=True)
class NationalBoard:
    call_version: int
    call: Call
    rows: tuple[Row, ...]
    windows: dict[str, Window]

    def met(self, phase: str) -> int:
        """How many offices have sent enough in a phase, or need not."""
        return sum(
            1 for row in self.rows for one in row.cells if one.phase.id == phase and not (one.short and not one.waived)
        )

    def submitted(self, phase: str) -> int:
        """How many cases all offices submitted; as far as they are counted."""
        return sum(one.submitted for row in self.rows for one in row.cells if one.phase.id == phase)


def national(session: Session, actor: Actor, call_number: str = "") -> NationalBoard | None:
    """All offices against the minimum of each phase of a call (the newest by default); None without any call."""
    check_national(actor)
    found = lists.calls(session)
    chosen = next((one for one in found if one[1].number == call_number), found[0] if found else None)
    if chosen is None:
        return None
    version, call = chosen
    waived = {(one.phase, one.office_id) for one in deadlines.waivers(session, call)}
    made = batches.every(session, actor, call.number)
    rows: dict[int, list[Cell]] = {}
    offices: dict[int, Office] = {}
    for one in batches.standings(session, call):
        phase = call.phase(one.phase)
        if phase is None:
            continue
        here = [batch for batch in made if (batch.office_id, batch.phase) == (one.office.id, phase.id)]
        offices[one.office.id] = one.office
        rows.setdefault(one.office.id, []).append(
            Cell(
                phase,
                one.submitted,
                max(0, one.minimum - one.submitted),
                (phase.id, one.office.id) in waived,
                sum(1 for batch in here if batch.state == BatchState.SENT),
                sum(1 for batch in here if batch.state == BatchState.RECEIVED),
            )
        )
    windows = {phase.id: batches.window(session, call, phase.id, 0) for phase in call.phases}
    return NationalBoard(version, call, tuple(Row(offices[key], tuple(cells)) for key, cells in rows.items()), windows)


@dataclass(frozen=True)
class ToSelect:
    """A submitted case with what can be done with it."""

    case: Case
    offers: dict[str, Offer]


@dataclass(frozen=True)
class Selecting:
    """One page of submitted cases, and how many there are."""

    items: tuple[ToSelect, ...]
    page: Page
    total: Number


def to_select(
    session: Session, actor: Actor, at: datetime, *, office: int | None = None, phase: str = "", place: Place = TOP
) -> Selecting:
    """Submitted cases that wait for selection, with all that stands in the way of each step."""
    check_national(actor)
    filters = Filters(state=str(CaseState.SUBMITTED), office=office, phase=phase, sort="oldest")
    found = pages.page(session, actor, filters, place, 20)
    rows = stored_facts.case_rows(session, [case.id for case in found.cases])
    facts = stored_facts.case_facts(session, rows, stored_facts.Inputs.of(actor, at))
    items = tuple(
        ToSelect(
            case,
            {
                offer.transition.name: offer
                for offer in cases.engine_of(fact.call).offers(
                    Standing(case.state, case.centre_id, case.office_id), actor, fact
                )
            },
        )
        for case, fact in zip(found.cases, facts, strict=True)
    )
    return Selecting(items, found, pages.count(session, actor, filters))


def granted(session: Session, actor: Actor, call: Call) -> list[Granted]:
    """Extensions and waivers of a call, the newest first."""
    check_national(actor)
    return stored.granted(session, call.number)


def office_named(session: Session, value: str) -> int | None:
    """The office that a form names; None for "all". Raises WrongGrant for anything else."""
    return None if value == "all" else one_office(session, value)


def one_office(session: Session, value: str) -> int:
    """The office whose number a form names. Raises WrongGrant when there is none."""
    if value.isascii() and value.isdigit() and len(value) < 10 and stored.office_exists(session, int(value)):
        return int(value)
    raise deadlines.WrongGrant(Text("请选择主管部门。", "Choose an office."))


# ---- pushes ----------------------------------------------------------------------------------------------------------

_FOLLOW_PUSHES = frozenset({Role.LIAISON, Role.DIRECTOR, Role.DESK, Role.AUDITOR})
NO_PACKAGE = Text("还没有推送包：发送之前才会生成。", "There is no package yet; it is made just before it is sent.")


def push_lifecycle() -> Lifecycle:
    """The lifecycle of pushes, for drawing it."""
    return PUSH


def push_state(push: Push) -> PushState:
    """The state of a push, with its label."""
    return PushState.of(push.state)


def follows_pushes(actor: Actor) -> bool:
    """Whether this person looks after pushes, and so sees where they go and what they hold."""
    return bool(actor.roles & _FOLLOW_PUSHES)


def check_follows_pushes(actor: Actor) -> None:
    """Raise NoSuchPush for all but those who look after pushes."""
    if not follows_pushes(actor):
        raise pushes.NoSuchPush(
            Text(
                "没有这个页面，或者它不在您的职责范围内。请从上方菜单进入。",
                "There is no such page within your reach. Use the menu above.",
            )
        )


def check_words(words: str) -> None:
    """Raise ReasonNeeded when the receiver's confirmation was not written down."""
    if not words.strip():
        raise pushes.ReasonNeeded(
            Text(
                "请写明接收方是怎样确认的，如来函日期和编号。",
                "Write how the receiver confirmed it, such as its letter.",
            )
        )
