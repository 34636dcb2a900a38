"""Lists of cases: what waits for whom, what a filter finds, what happened to a case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import product
from typing import Any

from sqlalchemy.orm import Session, object_session

from rules.call import Call, Phase, Theme, Window
from rules.facts import Ruling
from rules.roles import Level, Role
from rules.rule import Finding
from rules.selection import another_person_acts
from rules.words import Labelled, Text
from states.batch import BATCH
from states.case import CASE, EDITABLE, CaseState
from states.judgement import JUDGEMENT
from states.lifecycle import Lifecycle, Renamed, Standing, State, Transition
from states.objection import OBJECTION
from states.push import PUSH
from states.reach import Actor
from states.route import lifecycle_of
from workflow import cases, letters, privacy
from workflow import content as contents
from workflow.audit import actions, search
from workflow.calls import call_standing
from workflow.cases import NoSuchCase
from workflow.content import Content
from workflow.engine import Offer
from workflow.finding import comparisons, excerpts
from workflow.personal import together
from workflow.store import calls as stored_calls
from workflow.store import facts as stored_facts
from workflow.store import lists as stored
from workflow.store import pages
from workflow.store import public as stored_public
from workflow.store import search as stored_search
from workflow.store.models import Case, CaseRevision, Centre, Office
from workflow.store.pages import PAGE, TOP, Count, Filters, Page, Place
from workflow.store.prior import Similar

__all__ = ["Choices", "Filters", "Labelled", "Listing", "Pile", "Place", "Waiting"]

# ---- a list, narrowed ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Listing:
    """One page of cases, with how many there are.

    `by_state`: state → how many, as if none were chosen; None where that is not counted. `drafts`: how many an office does
    not see yet, for those to whom that is told.
    """

    page: Page
    total: Count
    by_state: Mapping[str, int] | None
    drafts: int | None
    hits: Mapping[int, excerpts.Hit]
    """Case → where the words that were looked for stand in it."""

    @property
    def cases(self) -> Sequence[Case]:
        return self.page.cases


def page(session: Session, seen_by: Actor, filters: Filters, place: Place = TOP, limit: int = PAGE) -> Listing:
    """Cases within reach, with their number as far as counting is cheap."""
    found = pages.page(session, seen_by, filters, place, limit)
    total, states = pages.counts(session, seen_by, filters, found if place == TOP and limit == PAGE else None)
    offices = seen_by.units(Role.REVIEWER, Role.LEADER)
    drafts = pages.drafts_of(session, offices) if offices else None
    return Listing(found, total, states, drafts, _hits(found.cases, filters))


def _hits(cases: Sequence[Case], filters: Filters) -> dict[int, excerpts.Hit]:
    query = filters.query
    return {} if query.empty else {case.id: excerpts.hit(case, query) for case in cases}


@dataclass(frozen=True)
class Choices:
    """What a list can be narrowed by."""

    states: tuple[State, ...]
    phases: tuple[Phase, ...]
    themes: tuple[Theme, ...]
    offices: Sequence[Office]
    centres: Sequence[Centre]


def choices(session: Session, seen_by: Actor, office: int | None = None) -> Choices:
    """Phases and themes of the newest calls; offices and centres whose cases this person may reach."""
    calls = [call for _, call in stored_calls.open_calls(session)]
    offices, centres = stored.units(session, seen_by, office)
    phases = {phase.id: phase for call in reversed(calls) for phase in call.phases}
    themes = {theme.id: theme for call in reversed(calls) for theme in call.themes.values()}
    return Choices(_states(calls), tuple(phases.values()), tuple(themes.values()), offices, centres)


def _states(calls: Sequence[Call]) -> tuple[State, ...]:
    """All states, each in the words of the calls that there are."""
    lived = [lifecycle_of(one.route) for one in calls]
    return tuple(_in_words_of(lived, one) for one in CaseState)


def _in_words_of(lived: Sequence[Lifecycle], state: CaseState) -> State:
    words = dict.fromkeys(each.state(state).label for each in lived if state in each.states)
    if not words:
        return state
    return Renamed(str(state), Text("／".join(one.zh for one in words), " / ".join(one.en for one in words)))


def calls(session: Session) -> list[tuple[int, Call]]:
    """The newest version of each call, with the version's id."""
    return stored_calls.open_calls(session)


def calls_to_start_under(session: Session) -> list[tuple[int, Call]]:
    """Those under which cases are begun: calls that are neither closed nor archived."""
    return [one for one in calls(session) if call_standing.barred(session, one[1].number, Level.CENTRE) is None]


def call_to_start_under(session: Session, version: int | None) -> int:
    """The version's id, when it is the newest of its call. Raises NoSuchCase."""
    if version in dict(calls(session)) and version is not None:
        return version
    raise NoSuchCase(
        Text(
            "没有这份征集通知，或者它已有新的版本。请刷新后再选。",
            "There is no such call, or a newer version of it. Reload.",
        )
    )


def call_of(session: Session, case: Case) -> Call:
    """The call that a case lives under."""
    return stored_calls.call_of(session, case.call_version_id)


def centres_to_write_for(session: Session, actor: Actor) -> list[Centre]:
    """The centres for which this person may start a case."""
    return stored.centres_named(session, actor.units(Role.AUTHOR))


# ---- what waits for whom ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Waiting:
    """One case that waits for somebody, with the step's findings and the window of the level it is at."""

    case: Case
    offer: Offer | None
    window: Window | None
    phase: Phase | None


@dataclass(frozen=True)
class Pile:
    """Cases that wait for the same step. `step` None: the content is still being written. `count`: up to pages.FEW + 1.

    `items`: the first few, those that have waited longest first; `states` narrows a list to the whole pile.
    """

    step: Transition | None
    label: Text
    states: tuple[CaseState, ...]
    count: int
    items: Sequence[Waiting] = field(default=())

    @property
    def ready(self) -> int:
        """How many of the items shown could be done right away."""
        return sum(1 for one in self.items if one.offer is not None and one.offer.ready)


BEFORE_DEADLINE = frozenset({*EDITABLE, CaseState.CENTRE_STAMPED, CaseState.PROVINCE_REVIEWED})
"""States in which a case can still miss its phase's deadline."""

WRITE = Text("撰写和修改", "Write and mend")
_PILE = 8


def waiting_for(session: Session, actor: Actor, at: datetime) -> list[Pile]:
    """What waits for this person: one pile per forward step of theirs, and for authors what is being written."""
    piles = []
    if Role.AUTHOR in actor.roles:
        piles.append(
            _pile(session, actor, at, None, (Role.AUTHOR,), tuple(sorted(EDITABLE, key=list(CaseState).index)))
        )
    for step, versions in _forward(session):
        mine = tuple(role for role in step.by if role in actor.roles)
        if mine:
            states = tuple(CaseState.of(str(one)) for one in step.sources)
            piles.append(_pile(session, actor, at, step, mine, states, versions))
    return [pile for pile in piles if pile.count]


_AGAIN = ("resume", "republish")

Versions = Sequence[int] | None
"""Of calls; None: all that there are."""


def _lived(session: Session) -> list[tuple[Lifecycle, Versions]]:
    """The lifecycles by which cases live here, each with the versions of calls that it is of."""
    found: dict[int, tuple[Lifecycle, list[int]]] = {}
    for version, call in stored_calls.every(session):
        lived = lifecycle_of(call.route)
        found.setdefault(id(lived), (lived, []))[1].append(version)
    return [(lived, versions if len(found) > 1 else None) for lived, versions in found.values()]


def _forward(session: Session) -> Iterator[tuple[Transition, Versions]]:
    """Steps that take a case further under some call that is here, in the order of the way, each with what has it."""
    every = _lived(session)
    for whole in CASE.transitions:
        having = [(step, versions) for lived, versions in every if (step := lived.named(whole.name)) is not None]
        if not having or whole.backward or whole.name in _AGAIN:
            continue
        of_all = len(having) == len(every)
        yield (
            having[0][0] if len(having) == 1 else whole,
            None if of_all else [version for _, versions in having for version in versions or ()],
        )


def _onward(lived: Lifecycle, state: CaseState, but: Sequence[str]) -> list[Transition]:
    return [one for one in lived.leaving(state) if not one.backward and one.name not in but]


@dataclass(frozen=True)
class Asked:
    """A case whose next step is another's, and what this person settles before it can be taken."""

    case: Case
    findings: tuple[Finding, ...]


def asked_of(session: Session, actor: Actor, at: datetime) -> list[Asked]:
    """Cases that stand still for something that this person settles although another takes the step.

    Looks at the oldest few of each state: what is settled makes room for the next. Where the one who takes the step
    has something to settle as well, that comes first: nobody is asked for English before a push is wanted.
    """
    if actor.roles <= _SETTLE_NOTHING:
        return []
    found = []
    for (lived, versions), state in product(_lived(session), CaseState):
        steps = _onward(lived, state, _AGAIN)
        if not steps or any(role in actor.roles for step in steps for role in step.by):
            continue
        _, cases = pages.waiting(session, actor, (state,), versions=versions, limit=5 * _PILE)
        rows = stored_facts.case_rows(session, [case.id for case in cases])
        facts = stored_facts.case_facts(session, rows, stored_facts.Inputs.of(actor, at))
        for case, fact in zip(cases, facts, strict=True):
            mine = [one for step in steps for one in _settles(_offer(case, step, actor, fact), actor)]
            found += [Asked(case, tuple(mine))] if mine else []
    return found


_SETTLE_NOTHING = frozenset({Role.AUDITOR, Role.ADMINISTRATOR})


def hidden(session: Session, actor: Actor) -> list[Case]:
    """Published cases that nobody may read since their consent was taken back, for editors: they retract them, or have it
    recorded again (docs/decisions.md 97). The one that moved longest ago comes first."""
    return stored_public.hidden(session, _PILE) if Role.EDITOR in actor.roles else []


def _settles(offer: Offer | None, actor: Actor) -> list[Finding]:
    """What somebody can lift of that which stands in the way of a step, unless its taker has to lift something."""
    obstacles = for_anybody(offer.obstacles) if offer else []
    if offer and any(role in offer.transition.by for one in obstacles for role in one.lifted_by):
        return []
    return [one for one in obstacles if set(one.lifted_by) & actor.roles]


def _pile(
    session: Session,
    actor: Actor,
    at: datetime,
    step: Transition | None,
    roles: tuple[Role, ...],
    states: tuple[CaseState, ...],
    versions: Sequence[int] | None = None,
) -> Pile:
    level = roles[0].level
    number, found = pages.waiting(
        session,
        actor,
        states,
        centres=actor.units(*roles) if level is Level.CENTRE else None,
        offices=actor.units(*roles) if level is Level.OFFICE else None,
        versions=versions,
        limit=_PILE,
    )
    rows = stored_facts.case_rows(session, [case.id for case in found])
    facts = stored_facts.case_facts(session, rows, stored_facts.Inputs.of(actor, at))
    items = [
        Waiting(case, _offer(case, step, actor, fact), fact.window, fact.phase)
        for case, fact in zip(found, facts, strict=True)
    ]
    return Pile(step, step.label if step else WRITE, states, number, items)


def _offer(case: Case, step: Transition | None, actor: Actor, facts: Any) -> Offer | None:
    if step is None:
        return None
    offers = cases.engine_of(facts.call).offers(Standing(case.state, case.centre_id, case.office_id), actor, facts)
    return next((one for one in offers if one.transition.name == step.name), None)


@dataclass(frozen=True)
class Elsewhere:
    """Cases that somebody else has to act on next. `by`: in which roles."""

    state: CaseState
    count: int
    by: tuple[Role, ...]


def waiting_for_others(session: Session, actor: Actor) -> list[Elsewhere]:
    """Cases within reach whose next forward step is taken by somebody else, by state."""
    found: dict[CaseState, Elsewhere] = {}
    for lived, versions in _lived(session):
        others = {}
        for state in CaseState:
            roles = tuple(dict.fromkeys(role for step in _onward(lived, state, ("resume",)) for role in step.by))
            if roles and not set(roles) & actor.roles and state is not CaseState.PUBLISHED:
                others[state] = roles
        counts = pages.numbers(session, actor, others, versions)
        for state, roles in others.items():
            before = found.get(state, Elsewhere(state, 0, ()))
            by = tuple(dict.fromkeys((*before.by, *roles)))
            found[state] = Elsewhere(state, min(before.count + counts[state], pages.FEW + 1), by)
    return [found[state] for state in CaseState if state in found and found[state].count]


def for_anybody(findings: Sequence[Finding]) -> list[Finding]:
    """Findings that stand whoever acts; that the reader wrote the text says nothing about somebody else's step."""
    return [one for one in findings if one.rule != another_person_acts.id]


# ---- what happened ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Happened:
    """One entry of a case's history, in words."""

    at: datetime
    who: str
    what: Text
    done: bool
    number: str
    hash: str
    remark: str = ""
    role: Role | None = None
    source: State | None = None
    target: State | None = None
    findings: tuple[Finding, ...] = ()
    detail: Text | None = None
    case: Case | None = None
    backward: bool = False
    of: str = "case"
    """What it happened to: "case", "push", or "document" for a file."""
    step: str = ""
    """The name of the transition, where it was one."""
    version: int | None = None
    """The version of its call to which it was moved."""


def moved_last(history: Sequence[Happened]) -> Happened | None:
    """The move to another version of its call, while no step was taken since."""
    newest = next((one for one in history if one.done and (one.step or one.version)), None)
    return newest if newest is not None and newest.version else None


LIFECYCLES = {one.name: one for one in (CASE, BATCH, PUSH, JUDGEMENT, OBJECTION)}

_SLOTS = {
    "case": Text("案例正文", "case document"),
    "form": Text("报送表", "report form"),
    "scan": Text("报送表扫描件", "scan of the report form"),
    "summary": Text("汇总表", "summary table"),
    "picture": Text("图片", "pictures"),
    "attachment": Text("附件", "attachments"),
}
_HOW = {
    "screen": Text("在页面上填写", "written on screen"),
    "attachment": Text("换了附件", "with other attachments"),
    "document": Text("从上传的文件读取", "read from uploaded papers"),
    "form": Text("从报送表读取", "read from the report form"),
}


def history(session: Session, case: Case, seen_by: Actor) -> list[Happened]:
    """Everything recorded about a case, the newest first; who looked at what is for the trail.

    Another office's case is named as in the trail: to its own and the national office, else if ruled a duplicate.
    Telephone numbers and addresses in remarks are read in full by those who handle the case.
    """
    apart = _LOOKED if stored_search.reads_plans(seen_by) else (*_LOOKED, "publicity.")
    events = [one for one in stored.events_of(session, case.id) if not one.action.startswith(apart)]
    if privacy.handles(case, seen_by):
        said = privacy.words(session, [one.uid for one in events])
        events = [replace(one, body=together(one.body, said.get(one.uid, {}))) for one in events]
    call = call_of(session, case)
    return [_happened(one, call) for one in _within_reach(session, seen_by, events)]


_LOOKED = ("document.open", "reading.", "export.")


def lately(session: Session, seen_by: Actor, limit: int = 8) -> list[Happened]:
    """The newest entries about cases within reach."""
    found = stored.lately(session, seen_by, limit)
    events = _within_reach(session, seen_by, [one for one, _ in found])
    return [_happened(one, call_of(session, case), case) for one, (_, case) in zip(events, found, strict=True)]


def _within_reach(session: Session, seen_by: Actor, events: Sequence[stored.Event]) -> list[stored.Event]:
    bodies = search.bodies_within_reach(session, seen_by, events)
    return [replace(one, body=dict(body)) for one, body in zip(events, bodies, strict=True)]


def _happened(event: stored.Event, call: Call, case: Case | None = None) -> Happened:
    """In the words of the call that the case lives under now; what that has not, as everywhere."""
    body = event.body
    of, _, name = event.action.partition(".")
    lived = [lifecycle(call), CASE] if of == CASE.name else [LIFECYCLES[of]] if of in LIFECYCLES else []
    step = next((found for one in lived if (found := one.named(name))), None)
    return Happened(
        at=event.at,
        who=event.person,
        what=step.label if step and of == CASE.name else actions.label(event.action),
        backward=step is not None and step.backward,
        step=step.name if step else "",
        done=event.outcome == "done",
        number=f"{event.stream}#{event.seq}",
        hash=event.hash,
        remark=body.get("remark", "") or body.get("reason", ""),
        role=Role.of(body["role"]) if "role" in body else None,
        source=_state(lived, body.get("from_state")),
        target=_state(lived, body.get("to_state")),
        of=of,
        findings=tuple(Finding.from_json(one) for one in body.get("findings", ())),
        detail=_detail(event.action, body),
        case=case,
        version=body["to_version"] if event.action == "case.migrate" else None,
    )


def _state(lived: Sequence[Lifecycle], value: str | None) -> State | None:
    return next((one.state(value) for one in lived if value in one.states), None) if value else None


def _detail(action: str, body: dict[str, Any]) -> Text | None:
    if action == "case.edit":
        how = _HOW.get(body["how"], _HOW["screen"])
        return Text(
            f"第 {body['revision']} 稿，正文 {body['length']} 字，{how.zh}",
            f"revision {body['revision']}, {body['length']} characters, {how.en}",
        )
    if action in ("document.attach", "document.detach"):
        names = "、".join(one["name"] for one in body["files"] or body.get("gone", ()))
        slot = _SLOTS.get(body["slot"], Text(body["slot"], body["slot"]))
        return Text(f"{slot.zh}：{names}", f"{slot.en}: {names}")
    if action == "case.migrate":
        return migrated(body)
    if action == "case.seal":
        unit = body["unit"]
        return Text(f"印章为“{unit}”", f"the seal reads “{unit}”") if unit else Text("无印章", "no seal")
    if action == "document.refuse":
        return search.turned_away(body)
    if action in ("case.turn_away", "document.receive"):
        return Text(body["zh"], body["en"])
    if action == "case.consent":
        return Text(body["consent"], body["consent"]) if body["consent"] else Text("撤回同意", "taken back")
    if action == "case.allow_pictures":
        return search.pictures_allowed(body["pictures"])
    if action in ("case.adjudicate", "case.ask_ruling"):
        return search.compared(body)
    return None


def migrated(body: Mapping[str, Any]) -> Text:
    """From which version of its call something moved to which, and what changed for it."""
    before, after = body["from_version"], body["to_version"]
    said = [Text(one["zh"], one["en"]) for one in body["changes"]] or [Text("没有变化", "nothing changed")]
    return Text(
        f"第 {before} 版 → 第 {after} 版：{'；'.join(one.zh for one in said)}",
        f"version {before} → version {after}: {'; '.join(one.en for one in said)}",
    )


# ---- content as it was and is ----------------------------------------------------------------------------------------


def revisions(session: Session, case: Case) -> list[CaseRevision]:
    """Every saved content of a case, the newest first."""
    return stored.revisions(session, case.id)


def content_of(case: Case) -> Content:
    """What a case says now."""
    return stored_facts.content_of(case)


def content_at(session: Session, case: Case, revision: int) -> tuple[CaseRevision, Content]:
    """What a case said in one revision. Raises NoSuchCase when there is none of that number."""
    kept = stored.revision(session, case.id, revision)
    if kept is None:
        raise NoSuchCase(Text("没有这一稿。请从“历次稿件”进入。", "There is no such revision; open one from the list."))
    return kept, contents.from_snapshot(kept.snapshot, stored.contacts(session, case.id, revision))


def form_values(call: Call, case: Case) -> dict[str, str]:
    """The whole report form of a case, field name → value."""
    return contents.form_values(
        call,
        content_of(case),
        centre=case.centre.name,
        kind=case.centre.kind,
        host_unit=case.centre.host_unit,
        region=case.office.region,
    )


def state_of(case: Case) -> State:
    """Where a case stands, in the words of its call's way."""
    session = object_session(case)
    return lifecycle(call_of(session, case) if session else None).state(case.state)


def lifecycle(call: Call | None = None) -> Lifecycle:
    """The lifecycle of the cases of a call, for drawing it; without one the whole, for the names of its states."""
    return lifecycle_of(call.route) if call is not None else CASE


def step_label(call: Call, name: str) -> Text:
    """What a step of a case is called under its call; one that the call has not, as everywhere."""
    step = lifecycle(call).named(name)
    return step.label if step else letters.called(name)


def window(session: Session, case: Case, at: datetime) -> Window | None:
    """When the level that a case is at may act, extensions included; None where the case has no phase yet."""
    rows = stored_facts.case_rows(session, [case.id])
    [facts] = stored_facts.case_facts(session, rows, stored_facts.Inputs(0, at))
    return facts.window


def may_seal(case: Case, actor: Actor) -> bool:
    """Whether this person may now put the sealed scan of the report form."""
    return case.state in EDITABLE and case.centre_id in actor.units(Role.SEALER) and cases.takes_changes(case)


def no_way(case: Case, trigger: str) -> Text:
    """The sentence for a step that does not leave the state a case is in."""
    here, step = state_of(case).label, CASE.named(trigger)
    if step is None:
        return Text("没有这个步骤。请从案例页面进入。", "There is no such step. Start from the page of the case.")
    if step.through:
        return Text(
            f"“{step.label.zh}”不能单独办理，随整批报送或推送一起办理。",
            f"“{step.label.en}” is not taken alone; it is part of sending a batch or a push.",
        )
    return Text(
        f"现在的状态是“{here.zh}”，不能“{step.label.zh}”。可能已有人先办理。",
        f"It is now “{here.en}”, so “{step.label.en}” is not possible. Somebody may have been faster.",
    )


def may_ask(case: Case, one: Similar, actor: Actor) -> bool:
    """Whether this person may ask the office to rule on a pair before the case is stamped."""
    own = case.centre_id in actor.units(Role.AUTHOR, Role.SEALER)
    return own and one.level is not Level.NATIONAL and one.ruling is None and not one.asked


RULINGS = tuple(Ruling)


def ruling(value: str) -> Ruling:
    """The ruling of that value. Raises ReasonMissing when none was chosen."""
    if value not in {str(one) for one in Ruling}:
        raise comparisons.ReasonMissing(Text("请选择裁定结果。", "Choose a ruling."))
    return Ruling.of(value)
