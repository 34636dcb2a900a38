"""Moving running cases to another version of their call: what changes for each, which cannot move and why, and moving them.

Each case moves by one forward event of its own chain, in the state where it is; batches follow their cases.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy.orm import Session

from rules.call import Call
from rules.roles import Role
from rules.rule import Finding
from rules.words import Labelled, Text
from states.batch import BatchState
from states.case import EDITABLE, CaseState
from states.lifecycle import Standing
from states.migration import Placed, Stuck, at_rest, strands, to_be_written_anew
from states.reach import SYSTEM, Actor, reaches
from workflow import batches, cases, letters
from workflow.calls.difference import Change, differences
from workflow.calls.notices import NoSuchCall
from workflow.engine import NotPermitted, Offer, Receipt, WrongInput
from workflow.store import amending as stored
from workflow.store import cases as stored_cases
from workflow.store import facts as stored_facts
from workflow.store import living, trail
from workflow.store import notices as stored_notices
from workflow.store.calls import call_of
from workflow.store.letters import offices
from workflow.store.models import CallVersion
from workflow.store.reach import whereabouts

MOST = 1000
"""Cases of one act, and of one preview."""
ACTION = "migrate"


class NotMoved(WrongInput):
    """Cases that cannot be moved as was asked for (422)."""


class Verdict(Labelled):
    """What moving would come to for one case or batch."""

    CHANGES = "changes", "有变化", "Something changes"
    SAME = "same", "没有变化", "Nothing changes"
    STUCK = "stuck", "不能转", "Cannot be moved"


@dataclass(frozen=True)
class Line:
    """One case or batch, and what moving it would change for it. `version`: the number of the one it lives under.

    `state`: in the words of that version; `rests`: nobody has to do anything about it, so it moves only where it is chosen.
    """

    row: Any
    version: int
    state: Text
    changes: tuple[Text, ...] = ()
    stuck: tuple[Stuck, ...] = ()
    rests: bool = False

    @property
    def verdict(self) -> Verdict:
        if self.stuck:
            return Verdict.STUCK
        return Verdict.CHANGES if self.changes else Verdict.SAME

    @property
    def mark(self) -> str:
        return cases.mark_of(self.row)


@dataclass(frozen=True)
class Unseen:
    """Cases of one office that whoever looks does not reach, by number alone. `changes`: what changes, with for how many."""

    office_id: int
    office: str
    counts: Mapping[Verdict, int]
    changes: Sequence[tuple[Text, int]]

    @property
    def cases(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True)
class Preview:
    """What moving to a version would come to, with nothing written. `more`: whether there are more cases than looked at."""

    target: CallVersion
    call: Call
    lines: Sequence[Line]
    unseen: Sequence[Unseen]
    batches: Sequence[Line]
    differences: Sequence[tuple[int, Sequence[Change]]]
    back: bool
    more: bool = False

    def of(self, verdict: Verdict, *, rests: bool = False) -> list[Line]:
        """The cases of a verdict: those that are worked on, or those that rest."""
        return [one for one in self.lines if one.verdict == verdict and one.rests is rests]

    @property
    def resting(self) -> list[Line]:
        return [one for one in self.lines if one.rests]

    @property
    def movable(self) -> int:
        """How many cases would move if all that are worked on are moved."""
        return sum(one.verdict is not Verdict.STUCK and not one.rests for one in self.lines) + sum(
            one.cases - one.counts.get(Verdict.STUCK, 0) for one in self.unseen
        )


@dataclass(frozen=True)
class Refused:
    """A case that was not moved, and why: `do` says what would help. `number`: its own, or the office of some out of reach."""

    number: str
    why: Text
    do: Text = Text("", "")


@dataclass(frozen=True)
class Moved:
    """What moving came to. `batches`: how many moved along; `receipt`: of the act as a whole, where anything moved."""

    version: int
    numbers: Sequence[str] = ()
    moved: int = 0
    batches: int = 0
    told: int = 0
    refused: Sequence[Refused] = ()
    receipt: Receipt | None = None


# ---- who -------------------------------------------------------------------------------------------------------------


def looks(actor: Actor) -> bool:
    """Whether this person sees what moving cases would come to."""
    return bool(actor.roles & {Role.DESK, Role.DIRECTOR, Role.AUDITOR, Role.SYSTEM})


def moves(actor: Actor) -> bool:
    """Whether this person moves cases: the director, and whoever runs the command."""
    return bool(actor.roles & {Role.DIRECTOR, Role.SYSTEM})


# ---- looking ---------------------------------------------------------------------------------------------------------


def target_of(session: Session, number: str, to: int | None = None) -> tuple[CallVersion, Call]:
    """The version to which cases would move, by default the one in force. Raises NoSuchCall."""
    found = stored_notices.version(session, number, to)
    if found is None:
        raise NoSuchCall(
            Text(
                f"没有征集通知 {number} 的{'' if to is None else f'第 {to} 版'}。请从“征集通知”列表进入。",
                f"There is no {'call' if to is None else f'version {to} of the call'} {number}. See the list of calls.",
            )
        )
    return found, call_of(session, found.id)


def preview(session: Session, number: str, *, to: int | None = None, actor: Actor, at: datetime) -> Preview:
    """What moving the cases of a call to a version would come to. Raises NoSuchCall, also for those who do not look."""
    _check_looks(actor)
    target, after = target_of(session, number, to)
    ids = stored.elsewhere(session, number, target.id, MOST + 1)
    rows = stored_facts.case_rows(session, ids[:MOST])
    lines = _examined(session, rows, target, after, at)
    seen = [one for one in lines if reaches(actor, whereabouts(one.row))]
    hidden = [one for one in lines if not reaches(actor, whereabouts(one.row)) and not one.rests]
    found = stored.batches_elsewhere(session, number, target.id)
    batches_ = _batches_examined(session, found, lines, target, after, at)
    reach = {one.id for one in batches.every(session, actor, number)}
    versions = sorted({one.version for one in lines})
    before = {one.version: one for one in stored_notices.versions(session, number)}
    return Preview(
        target,
        after,
        seen,
        _unseen(hidden, _office_names(session, hidden)),
        [one for one in batches_ if one.row.id in reach],
        [(one, differences(call_of(session, before[one].id), after)) for one in versions],
        any(one > target.version for one in versions),
        len(ids) > MOST,
    )


def _check_looks(actor: Actor) -> None:
    if not looks(actor):
        raise NoSuchCall(
            Text(
                "没有这个页面，或者它不在您的职责范围内。请从上方菜单进入。",
                "There is no such page within your reach. Use the menu above.",
            )
        )


def _office_names(session: Session, lines: Sequence[Line]) -> Mapping[int, str]:
    return {office: row.addressee for office, row in offices(session, {one.row.office_id for one in lines}).items()}


def _unseen(lines: Sequence[Line], names: Mapping[int, str]) -> list[Unseen]:
    by_office: dict[int, list[Line]] = defaultdict(list)
    for one in lines:
        by_office[one.row.office_id].append(one)
    return [
        Unseen(
            office,
            names[office],
            Counter(one.verdict for one in many),
            Counter(what for one in many for what in (*one.changes, *(each.why for each in one.stuck))).most_common(),
        )
        for office, many in sorted(by_office.items())
    ]


def _under(row: Any, target: CallVersion, after: Call) -> Any:
    """The row as it would be under another version: lengths are counted as that one counts."""
    content = stored_facts.content_of(row)
    values = dict(row._mapping)
    values["call_version_id"] = target.id
    values["length"] = content.length_as(after.length.counted)
    values["least_length"] = content.least_length_as(after.length.counted)
    return SimpleNamespace(**values)


def _examined(session: Session, rows: Sequence[Any], target: CallVersion, after: Call, at: datetime) -> list[Line]:
    """What moving would change for each case: findings are asked of both versions, by the one engine."""
    pushing = stored.pushing(session, [row.id for row in rows])
    stuck = {
        row.id: tuple(strands(_placed(row, row.id in pushing), call_of(session, row.call_version_id), after))
        for row in rows
    }
    free = [row for row in rows if not stuck[row.id]]
    inputs = stored_facts.Inputs(SYSTEM.id, at)
    now = stored_facts.case_facts(session, free, inputs)
    then = stored_facts.case_facts(session, [_under(row, target, after) for row in free], inputs)
    changes = {row.id: tuple(_of_case(row, a, b)) for row, a, b in zip(free, now, then, strict=True)}
    return [_line(session, row, stuck[row.id], changes.get(row.id, ())) for row in rows]


def _line(session: Session, row: Any, stuck: tuple[Stuck, ...], changes: tuple[Text, ...]) -> Line:
    before = call_of(session, row.call_version_id)
    state = cases.engine_of(before).declared.state(row.state).label
    return Line(row, before.version, state, changes, stuck, at_rest(row.state, before))


def _placed(row: Any, pushing: bool) -> Placed:
    return Placed(
        row.state, row.phase, row.theme, [name for name, text in row.sections.items() if text.strip()], pushing
    )


_BEFORE_DEADLINE = frozenset({*EDITABLE, CaseState.CENTRE_STAMPED, CaseState.PROVINCE_REVIEWED})


def _of_case(row: Any, before: Any, after: Any) -> Iterator[Text]:
    yield from to_be_written_anew(_placed(row, pushing=False), before.call, after.call)
    if row.state in _BEFORE_DEADLINE:
        yield from _last_day(before, after)
    standing = Standing(row.state, centre=row.centre_id, office=row.office_id)
    yield from _steps(
        cases.engine_of(before.call).offers(standing, SYSTEM, before),
        cases.engine_of(after.call).offers(standing, SYSTEM, after),
    )


def _last_day(before: Any, after: Any) -> Iterator[Text]:
    days = [one.window.last_day if one.window is not None else None for one in (before, after)]
    if days[0] != days[1] and None not in days:
        yield Text(f"截止日：{days[0]} → {days[1]}", f"Last day: {days[0]} → {days[1]}")


def _steps(before: Sequence[Offer], after: Sequence[Offer]) -> Iterator[Text]:
    """Steps that go and come, and for the others which findings go and come."""
    then = {one.transition.name: one for one in after}
    for one in before:
        label = one.transition.label
        if one.transition.name not in then:
            yield Text(f"不再有“{label.zh}”这一步", f"The step “{label.en}” is no more")
            continue
        yield from _findings(label, one.findings, then.pop(one.transition.name).findings)
    for name in then:
        label = then[name].transition.label
        yield Text(f"可以办理“{label.zh}”这一步", f"The step “{label.en}” is there")


def _findings(step: Text, before: Iterable[Finding], after: Iterable[Finding]) -> Iterator[Text]:
    was, will = ({one.rule: one for one in many} for many in (before, after))
    for rule in dict.fromkeys((*was, *will)):
        one, other = was.get(rule), will.get(rule)
        if other is None and one is not None:
            yield Text(f"“{step.zh}”不再受阻：{one.message.zh}", f"“{step.en}” is held up no more: {one.message.en}")
        elif one is None and other is not None:
            yield Text(f"“{step.zh}”将受阻：{other.message.zh}", f"“{step.en}” will be held up: {other.message.en}")
        elif one is not None and other is not None and one.message != other.message:
            yield Text(
                f"“{step.zh}”：{one.message.zh} → {other.message.zh}",
                f"“{step.en}”: {one.message.en} → {other.message.en}",
            )
        elif one is not None and other is not None and one.strength is not other.strength:
            yield Text(
                f"“{step.zh}”：{one.message.zh}（{one.strength.label.zh} → {other.strength.label.zh}）",
                f"“{step.en}”: {one.message.en} ({one.strength.label.en} → {other.strength.label.en})",
            )


# ---- batches ---------------------------------------------------------------------------------------------------------


def _batches_examined(
    session: Session, found: Sequence[Any], lines: Sequence[Line], target: CallVersion, after: Call, at: datetime
) -> list[Line]:
    """What moving would change for each batch. It moves once all its cases live under the version, never before."""
    held = stored.lines(session, [row.id for row in found])
    stuck = {one.row.id: one for one in lines if one.stuck}
    return [_batch(session, row, held[row.id], stuck, target, after, at) for row in found]


def _batch(
    session: Session,
    row: Any,
    held: Sequence[int],
    stuck: Mapping[int, Line],
    target: CallVersion,
    after: Call,
    at: datetime,
) -> Line:
    before = call_of(session, row.call_version_id)
    state = BatchState.of(row.state).label
    left = sum(case in stuck for case in held)
    why = [_with_its_cases(left)] if left else []
    if after.phase(row.phase) is None:
        phase = before.phase(row.phase)
        label = phase.label if phase else Text(row.phase, row.phase)
        gone = Text(f"新版本没有阶段“{label.zh}”。", f"The version has no phase “{label.en}”.")
        why.append(Stuck("phases", gone, Text("留在原来的版本报送。", "It is sent under its own version.")))
    if why:
        return Line(row, before.version, state, stuck=tuple(why))
    rows, inputs = stored_facts.case_rows(session, held), stored_facts.Inputs(SYSTEM.id, at)
    now = stored_facts.batch_facts(session, row, rows, inputs)
    moved = SimpleNamespace(**{**row._mapping, "call_version_id": target.id})
    then = stored_facts.batch_facts(session, moved, rows, inputs)
    standing = Standing(row.state, office=row.office_id)
    days = _last_day(now, then) if row.state in (BatchState.COLLECTING, BatchState.SEALED) else ()
    both = (batches.ENGINE.offers(standing, SYSTEM, one) for one in (now, then))
    return Line(row, before.version, state, (*days, *_steps(*both)))


def _with_its_cases(left: int) -> Stuck:
    return Stuck(
        "route",
        Text(f"批内有 {left} 个案例不能转。", f"{left} of its cases cannot be moved."),
        Text("批内案例都转过去之后，批次随之转。", "It moves with its cases, once all of them do."),
    )


def numbered(session: Session, number: str, cases: Sequence[str], actor: Actor) -> Chosen:
    """The cases of these numbers, within reach; all that are worked on where none is named. Raises NotMoved."""
    if not cases:
        return Chosen()
    found = stored.numbered(session, number, cases)
    within = stored.within_reach(session, actor, list(found.values()))
    missing = [one for one in cases if found.get(one) not in within]
    if missing:
        raise NotMoved(
            Text(
                f"{number} 没有这些案例，或者它们不在您的职责范围内：{'、'.join(missing)}。没有办理。",
                f"{number} has no such cases within your reach: {', '.join(missing)}. Nothing was done.",
            )
        )
    return Chosen([found[one] for one in cases])


# ---- moving ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Chosen:
    """Which cases to move. None: all that are worked on. `offices`: of these, those that the person does not reach.

    `seen`: case → the mark of what the person was looking at; a case that is no longer so is left.
    """

    ids: Collection[int] | None = None
    offices: Collection[int] = ()
    seen: Mapping[int, str] = field(default_factory=dict)


def migrate(
    session: Session,
    number: str,
    *,
    to: int | None = None,
    chosen: Chosen = Chosen(),
    actor: Actor,
    at: datetime,
    op: str = "",
    remark: str = "",
) -> Moved:
    """Move cases to a version of their call, and the batches whose cases then all live under it, in this transaction.

    A case that cannot move, or is no longer what was seen, is left with the reason. The same `op` again changes nothing.
    Raises NoSuchCall, NotPermitted, NotMoved where nothing was chosen or a way back has no reason.
    """
    _check_looks(actor)
    if not moves(actor):
        raise NotPermitted(
            Text("案例转到新版本由国家局主管办理。", "Cases are moved to another version by the director.")
        )
    target, after = target_of(session, number, to)
    earlier = stored.done_by(session, f"{op}:{ACTION}" if op else "")
    if earlier is not None:
        return _again(earlier)
    held = stored.batches_elsewhere(session, number, target.id, lock=True)
    rows, gone = _wanted(session, number, target, chosen, actor)
    faster = [row for row in rows if chosen.seen.get(row.id, "") not in ("", cases.mark_of(row))]
    refused = [*_overtaken(session, faster), *gone]
    left = {row.id for row in faster}
    lines = _examined(session, [row for row in rows if row.id not in left], target, after, at)
    if chosen.ids is None:
        lines = [one for one in lines if not one.rests]
    _check_back(lines, target, remark)
    refused += _left(session, lines, actor)
    going = [one for one in lines if not one.stuck]
    if not going and not refused:
        raise NotMoved(Text("没有要转的案例。", "There is no case to move."))
    told = _move_cases(session, going, target, after, actor, at, op, remark)
    along = _move_batches(session, held, target, after, actor, at, op, chosen.ids is None)
    if not going and not along:
        return Moved(target.version, refused=refused)
    receipt = _record(session, number, target, going, along, refused, actor, at, op, remark)
    letters.tell(
        session,
        [one.row for one in told],
        ACTION,
        actor,
        at=at,
        remark=_in_short(session, told, after),
        key=receipt.number,
    )
    numbers = [one.row.number for one in going if reaches(actor, whereabouts(one.row))]
    return Moved(target.version, numbers, len(going), len(along), len(told), refused, receipt)


def _wanted(
    session: Session, number: str, target: CallVersion, chosen: Chosen, actor: Actor
) -> tuple[list[Any], list[Refused]]:
    """The rows of the cases to move, locked; and those that were moved already. Raises NotMoved."""
    ids = stored.elsewhere(session, number, target.id, MOST if chosen.ids is None else 1_000_000)
    if chosen.ids is None:
        return stored_facts.case_rows(session, ids, lock=True), []
    there = set(ids)
    within = stored.within_reach(session, actor, list(chosen.ids))
    wanted = [case for case in chosen.ids if case in there and case in within]
    if chosen.offices:
        rows = stored_facts.case_rows(session, ids)
        hidden = [row for row in rows if row.office_id in chosen.offices and not reaches(actor, whereabouts(row))]
        wanted += [row.id for row in hidden if not at_rest(row.state, call_of(session, row.call_version_id))]
    wanted = sorted(set(wanted))
    gone = [case for case in chosen.ids if case in within and case not in there]
    if not wanted and not gone:
        raise NotMoved(Text("还没有选中案例。请先勾选。", "No case is chosen; tick some first."))
    if len(wanted) > MOST:
        raise NotMoved(
            Text(
                f"选中了 {len(wanted)} 件，一次最多转 {MOST} 件。请分几次办理。",
                f"{len(wanted)} cases are chosen; at most {MOST} move at once. Do it in several goes.",
            )
        )
    return stored_facts.case_rows(session, wanted, lock=True), _there_already(session, gone, target)


def _there_already(session: Session, ids: Sequence[int], target: CallVersion) -> list[Refused]:
    rows = stored_facts.case_rows(session, ids)
    why = Text(
        f"已有人先转到第 {target.version} 版。", f"Somebody was faster: it lives by version {target.version} already."
    )
    return [Refused(row.number, why) for row in rows]


def _overtaken(session: Session, rows: Sequence[Any]) -> list[Refused]:
    who = stored_cases.who_was_faster(session, [row.id for row in rows])
    return [
        Refused(row.number, who.get(row.id, living.FASTER), Text("看过最新情况后再转。", "Look again, then move it."))
        for row in rows
    ]


def _left(session: Session, lines: Sequence[Line], actor: Actor) -> Iterator[Refused]:
    """Those that cannot move; what the person does not reach by its office and number alone."""
    stuck = [(one, each) for one in lines for each in one.stuck]
    hidden = [(one, each) for one, each in stuck if not reaches(actor, whereabouts(one.row))]
    yield from (Refused(one.row.number, each.why, each.do) for one, each in stuck if (one, each) not in hidden)
    names = _office_names(session, [one for one, _ in hidden])
    for (office, each), many in Counter((one.row.office_id, each) for one, each in hidden).items():
        yield Refused(f"{names[office]}（{many}）", each.why, each.do)


def _check_back(lines: Sequence[Line], target: CallVersion, remark: str) -> None:
    """Whoever takes cases back to an earlier version says why."""
    if remark.strip() or all(one.version < target.version for one in lines):
        return
    raise NotMoved(
        Text("转回以前的版本须写明理由。", "Moving cases back to an earlier version needs a reason."),
    )


def _move_cases(
    session: Session,
    lines: Sequence[Line],
    target: CallVersion,
    after: Call,
    actor: Actor,
    at: datetime,
    op: str,
    remark: str,
) -> list[Line]:
    """Write the event and the row of each; those for whom something changes. Raises Overtaken."""
    if not lines:
        return []
    receipts = trail.append(session, [_entry("case", one, target, actor, at, op, remark) for one in lines])
    values = []
    for one, receipt in zip(lines, receipts, strict=True):
        now = _under(one.row, target, after)
        lengths = {"new_length": now.length, "new_least_length": now.least_length}
        values.append({**_to(one, receipt, target), **lengths})
    if stored.move_cases(session, values) != len(lines):
        raise living.Overtaken(living.FASTER)
    return [one for one in lines if one.changes]


def _move_batches(
    session: Session,
    rows: Sequence[Any],
    target: CallVersion,
    after: Call,
    actor: Actor,
    at: datetime,
    op: str,
    everything: bool,
) -> list[Line]:
    """Move the batches whose cases now all live under the version; empty ones where everything was to move."""
    held = stored.lines(session, [row.id for row in rows])
    versions = stored.versions_of(session, [case for many in held.values() for case in many])
    ready = [
        row
        for row in rows
        if (held[row.id] or everything) and all(versions[case] == target.id for case in held[row.id])
    ]
    going = [one for one in _batches_examined(session, ready, (), target, after, at) if not one.stuck]
    if not going:
        return []
    receipts = trail.append(session, [_entry("batch", one, target, actor, at, op, "") for one in going])
    values = [_to(one, receipt, target) for one, receipt in zip(going, receipts, strict=True)]
    if stored.move_batches(session, values) != len(going):
        raise living.Overtaken(living.FASTER)
    return going


def _entry(of: str, one: Line, target: CallVersion, actor: Actor, at: datetime, op: str, remark: str) -> trail.Entry:
    row = one.row
    role = Role.SYSTEM if Role.SYSTEM in actor.roles else Role.DIRECTOR
    return trail.Entry(
        stream=row.stream,
        action=f"{of}.{ACTION}",
        outcome="done",
        at=at,
        actor=actor,
        to_state=row.state,
        op=f"{op}:{row.stream}" if op else None,
        case_id=row.id if of == "case" else None,
        office_id=row.office_id,
        previous=(row.version, row.head),
        data={
            "role": str(role),
            "call": row.call_number,
            "from_version": one.version,
            "to_version": target.version,
            "remark": remark.strip(),
            "changes": [what._asdict() for what in one.changes],
        },
    )


def _to(one: Line, receipt: Receipt, target: CallVersion) -> dict[str, Any]:
    row = one.row
    return {
        "old_id": row.id,
        "old_version": row.version,
        "new_version": receipt.seq,
        "new_head": receipt.hash,
        "new_call_version_id": target.id,
    }


def _record(
    session: Session,
    number: str,
    target: CallVersion,
    going: Sequence[Line],
    along: Sequence[Line],
    refused: Sequence[Refused],
    actor: Actor,
    at: datetime,
    op: str,
    remark: str,
) -> Receipt:
    """One entry for the act as a whole, in the stream of the call, beside those of the cases: it names none of them."""
    data = {
        "number": number,
        "version": target.version,
        "from_versions": sorted({one.version for one in (*going, *along)}),
        "moved": len(going),
        "batches": len(along),
        "told": sum(bool(one.changes) for one in going),
        "refused": len(refused),
        "remark": remark.strip(),
    }
    entry = trail.Entry(
        f"call/{number}", f"call.{ACTION}", "done", at, actor, data, op=f"{op}:{ACTION}" if op else None
    )
    [receipt] = trail.append(session, [entry])
    return receipt


def _again(event: Any) -> Moved:
    """What the same form came to before."""
    body = json.loads(event.body)
    return Moved(
        body["version"],
        moved=body["moved"],
        batches=body["batches"],
        told=body["told"],
        receipt=Receipt(event.stream, event.seq, event.hash),
    )


_LISTED = 8


def _in_short(session: Session, lines: Sequence[Line], after: Call) -> str:
    """What the amendment changes, for mails: the same for all cases that came from one version."""
    found: dict[str, None] = {}
    for before in {one.row.call_version_id: None for one in lines}:
        found.update({one.text.zh: None for one in differences(call_of(session, before), after)})
    said = [one for one in found if "\n" not in one][:_LISTED]
    more = "等" if len(found) > len(said) else ""
    return f"改为第 {after.version} 版。" + "；".join(said) + more
