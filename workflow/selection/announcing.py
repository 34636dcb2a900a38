"""公布入选决定: what is pending, rehearsed with every mail, carried out together, and taken back while mails are held.

Each case goes the way that it goes alone, through `workflow.bulk`; all of it is one transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from rules.call import Call
from rules.words import Text
from states.case import CASE
from states.lifecycle import Transition
from states.reach import Actor
from workflow import bulk
from workflow.bulk import Form, Rehearsal, Verdict
from workflow.cases import Answers
from workflow.engine import NotPermitted
from workflow.selection import decisions
from workflow.selection.decisions import Line, NoSuchTable, WrongDecision, check_chooses, check_looks
from workflow.settings import LONGEST_HOLD
from workflow.store import decisions as stored
from workflow.store import facts as stored_facts
from workflow.store import trail
from workflow.store.living import FASTER, Overtaken
from workflow.store.models import Announcement, BulkAct

STEPS = ("shortlist", "pass_over")
"""What decisions come to, in this order."""


@dataclass(frozen=True)
class Answered:
    """What whoever announces fills in for all cases: confirmations, and reasons for what a call asks in principle."""

    confirmed: frozenset[str] = frozenset()
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What announcing would come to. `parts`: for each step, case by case. `versions`: case → what was looked at."""

    call: Call
    parts: Sequence[Rehearsal]
    versions: Mapping[int, int]
    undecided: int

    @property
    def able(self) -> int:
        return sum(len(one.ready) + len(one.asked) for one in self.parts)

    @property
    def mails(self) -> int:
        return sum(len(one.mails) for one in self.parts)


def rehearse(session: Session, number: str, *, actor: Actor, at: datetime, form: Answered = Answered()) -> Plan:
    """Every pending decision of a call, and every mail; nothing is written. Raises NoSuchTable, NotPermitted."""
    check_chooses(actor)
    call = decisions.call_numbered(session, number, actor)
    lines = stored.decided(session, number)
    parts = [_foreseen(session, step, lines, actor, at, form) for step in _steps()]
    undecided = decisions.spread(session, call).undecided
    return Plan(call, [one for one in parts if one.lines], {one.id: one.version for one in lines}, undecided)


def _steps() -> list[Transition]:
    return [step for name in STEPS if (step := CASE.named(name)) is not None]


def _foreseen(
    session: Session, step: Transition, lines: Sequence[Line], actor: Actor, at: datetime, form: Answered
) -> Rehearsal:
    """What a step comes to for the lines that decide for it. What only this table asks stands among the verdicts."""
    of = {one.id: one for one in lines if one.decision == step.name}
    filled = _form(session, list(of.values()), form)
    seen = {case_id: one.seen for case_id, one in of.items()}
    made = bulk.foresee(session, step, list(of), actor=actor, at=at, form=filled, seen=seen)
    return replace(made, lines=[_without_reason(one, of[one.case.id]) for one in made.lines])


def _form(session: Session, lines: Sequence[Line], form: Answered) -> Form:
    signed = decisions.signed_by(session, lines)
    own = {
        one.id: Answers(remark=one.feedback, signers=tuple(sorted(signed.get(one.id, frozenset())))) for one in lines
    }
    return Form(confirmed=form.confirmed, reasons=form.reasons, own=own)


def _without_reason(line: bulk.Line, decided: Line) -> bulk.Line:
    if line.verdict not in (Verdict.READY, Verdict.ASKED):
        return line
    if not decided.reason:
        return bulk.Line(line.case, Verdict.REFUSED, said=_NO_REASON)
    if decided.decision == "pass_over" and not decided.feedback:
        return bulk.Line(line.case, Verdict.REFUSED, said=_NO_FEEDBACK)
    return line


_NO_REASON = Text("还没有写决定的理由，不公布。", "No reason is written for this decision, so it is not announced.")
_NO_FEEDBACK = Text(
    "不入选须给中心写一句反馈，否则不公布。", "The centre of a case passed over is told why; nothing is written yet."
)


# ---- announced -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Done:
    """What announcing came to. `id`: 0 where nothing was announced."""

    id: int
    refused: bool


def announce(
    session: Session,
    number: str,
    versions: Mapping[int, int],
    *,
    actor: Actor,
    at: datetime,
    real: datetime,
    op: str,
    form: Answered = Answered(),
    whole: bool = False,
    hold: timedelta = timedelta(0),
) -> Done:
    """Carry out the decisions that were chosen, in one transaction, with one hold for all their mails.

    `versions`: case → the decision that was looked at. What was decided anew since, what a rule refuses and what is
    not signed is named and left; with `whole` nothing is announced then. That is told to nobody outside: what is left
    leaves no trace with its case. The same `op` again gives what it came to. Raises NoSuchTable, NotPermitted,
    WrongDecision.
    """
    check_chooses(actor)
    call = decisions.call_numbered(session, number, actor)
    if not versions:
        raise WrongDecision(Text("没有选中要公布的决定。", "No decision was chosen to be announced."))
    stored_facts.case_rows(session, sorted(versions), lock=True)
    earlier = stored.by_op(session, op)  # looked for once the cases are held, so that of two clicks the second finds it
    if earlier is not None:
        return _again(earlier, actor)
    chosen = [one for one in stored.decided(session, number) if one.id in versions]
    known = {one.id: one for one in chosen}
    current = [one for one in chosen if versions[one.id] == one.version]
    rehearsed = {step: _foreseen(session, step, current, actor, at, form) for step in _steps()}
    left = [*_gone(session, versions, known), *_unable(rehearsed.values())]
    ready = {step: [known[one.case.id] for one in made.ready] for step, made in rehearsed.items()}
    if (whole and left) or not any(ready.values()):
        _refused(session, call, versions, left, actor, at, op)
        return Done(0, refused=True)
    until = real + min(hold, timedelta(minutes=LONGEST_HOLD))
    bulks = [
        _carried_out(session, step, part, f"{op}:{step.name}:{at_place}", actor, at, real, form, hold)
        for step, lines in ready.items()
        for at_place, part in enumerate(_chunks(lines))
    ]
    ids = [one.id for lines in ready.values() for one in lines]
    columns = {"op": op or None, "call_number": number, "by_id": actor.id, "at": at, "held_until": until}
    made = stored.announce(session, bulks, ids, left=[[n, why.zh, why.en] for n, why in left], **columns)
    data = {
        "call": number,
        "announcement": made,
        "shortlisted": [one.number for step, lines in ready.items() if step.name == "shortlist" for one in lines],
        "passed_over": [one.number for step, lines in ready.items() if step.name == "pass_over" for one in lines],
        "reasons": {one.number: one.reason for lines in ready.values() for one in lines},
        "left": [n for n, _ in left],
        "held_until": until.isoformat(),
    }
    decisions.note(session, f"announcement/{made}", "decision.announce", data, actor, at, op)
    return Done(made, refused=False)


def _again(earlier: Announcement, actor: Actor) -> Done:
    if earlier.by_id != actor.id:
        raise Overtaken(FASTER)
    return Done(earlier.id, refused=False)


Left = tuple[str, Text]
"""The number of a case that is not announced, and why."""


def _gone(session: Session, versions: Mapping[int, int], known: Mapping[int, Line]) -> list[Left]:
    """Decisions that are not what was looked at: decided anew, announced, or of a case that went another way."""
    others = {one.id: one for one in stored.lines(session, [one for one in versions if one not in known])}
    gone = []
    for case_id, version in sorted(versions.items()):
        line = known.get(case_id)
        if line is not None and line.version != version:
            said = Text(
                f"您查看之后，{line.by_name}改了这个决定。",
                f"{line.by_name} has changed this decision since you looked.",
            )
            gone.append((line.number, said))
        elif line is None and case_id in others:
            gone.append((others[case_id].number, _NOT_THERE))
    return gone


_NOT_THERE = Text(
    "已经没有待公布的决定：案例已退回、已公布，或改回待定。",
    "Nothing is pending of it any more: it was returned, announced, or set to undecided.",
)


def _unable(rehearsed: Iterable[Rehearsal]) -> list[Left]:
    left = []
    for made in rehearsed:
        for line in made.lines:
            if line.verdict is not Verdict.READY:
                why = [*line.why, *(one.message for one in line.questions)] or [line.verdict.label]
                left.append((line.case.number, Text("".join(one.zh for one in why), " ".join(one.en for one in why))))
    return left


def _refused(
    session: Session,
    call: Call,
    versions: Mapping[int, int],
    left: Sequence[Left],
    actor: Actor,
    at: datetime,
    op: str,
) -> None:
    data = {
        "call": call.number,
        "chosen": len(versions),
        "left": [{"case": number, "zh": why.zh, "en": why.en} for number, why in left],
    }
    stream = trail.daily(session, "decisions", at)
    decisions.note(session, stream, "decision.announce", data, actor, at, op, outcome="refused")


def _chunks(lines: Sequence[Line]) -> list[Sequence[Line]]:
    return [lines[at : at + bulk.MOST] for at in range(0, len(lines), bulk.MOST)]


def _carried_out(
    session: Session,
    step: Transition,
    lines: Sequence[Line],
    op: str,
    actor: Actor,
    at: datetime,
    real: datetime,
    form: Answered,
    hold: timedelta,
) -> int:
    done = bulk.act(
        session,
        step.name,
        {one.id: one.seen for one in lines},
        actor=actor,
        at=at,
        real=real,
        op=op,
        form=_form(session, lines, form),
        whole=True,
        hold=hold,
        search={"found_by": "decisions"},
    )
    if done.refused:
        raise Overtaken(FASTER)  # the cases are held, and were found ready a moment ago
    return done.id


# ---- looked at, and taken back ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """An announcement with its bulk acts. `undone`: whether each of them was taken back."""

    row: Announcement
    acts: Sequence[BulkAct]
    undone: bool

    @property
    def left(self) -> list[Left]:
        return [(number, Text(zh, en)) for number, zh, en in self.row.left]


def find(session: Session, number: int, *, seen_by: Actor) -> Shown:
    """One announcement. Raises NoSuchTable."""
    check_looks(seen_by)
    row = stored.announcement(session, number)
    if row is None:
        raise _nothing()
    return _shown(session, row)


def _nothing() -> NoSuchTable:
    return NoSuchTable(
        Text("没有这次公布。请从“入选决定”进入。", "There is no such announcement. Start from the decisions.")
    )


def _shown(session: Session, row: Announcement) -> Shown:
    acts = [act for one in row.parts if (act := bulk.kept(session, one.bulk_id)) is not None]
    return Shown(row, acts, all(bulk.undone_by(session, one) is not None for one in acts))


_NEWEST = 20


def newest(session: Session, number: str) -> list[Shown]:
    """The announcements of a call, the newest first."""
    return [_shown(session, one) for one in stored.announcements(session, number, _NEWEST)]


def why_not_undone(session: Session, shown: Shown, *, actor: Actor, real: datetime) -> Text | None:
    """Why an announcement cannot be taken back, None where it can."""
    left = [one for one in shown.acts if bulk.undone_by(session, one) is None]
    whys = [bulk.why_not_undone(session, one, actor=actor, real=real) for one in left or shown.acts]
    return next((why for why in whys if why is not None), None)


def undo(
    session: Session, number: int, remark: str, *, actor: Actor, at: datetime, real: datetime, op: str
) -> Mapping[str, int]:
    """Take every case of an announcement back that has not moved on; their decisions are pending again, nobody is told.

    Gives how many cases came to what. Raises NoSuchTable, NotPermitted, NotUndone, WrongDecision.
    """
    check_chooses(actor)
    row = stored.announcement(session, number, lock=True)
    if row is None:
        raise _nothing()
    if row.by_id != actor.id:
        raise NotPermitted(Text("由公布的人自己撤销。", "It is taken back by whoever announced it."))
    if not remark.strip():
        raise WrongDecision(Text("请写明撤销公布的理由。", "Write why the announcement is taken back."))
    counts: dict[str, int] = defaultdict(int)
    back: list[int] = []
    for shown in _shown(session, row).acts:
        if bulk.undone_by(session, shown) is not None:
            continue
        form = Form(remark=remark)
        done = bulk.undo(session, shown.id, actor=actor, at=at, real=real, op=f"{op}:{shown.id}", form=form)
        made = bulk.find(session, done.id, actor)
        for line in made.lines:
            counts[line.outcome] += 1
        back += [one.case_id for one in bulk.done_lines(made)]
    marks = {one.id: one.mark for one in stored.lines(session, back)}
    stored.pend_again(session, number, marks)
    if back:
        data = {"announcement": number, "call": row.call_number, "remark": remark.strip(), "counts": dict(counts)}
        decisions.note(session, f"announcement/{number}", "decision.take_back", data, actor, at, op)
    return counts
