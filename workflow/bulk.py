"""One step on many cases at once: chosen, rehearsed with nothing written, taken in one transaction, undone as one.

Each case goes the way that it goes alone: `workflow.cases.act`, the same guards, an event of its own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy.orm import Session

from rules.call import Confirmation, Phase
from rules.facts import CaseFacts
from rules.roles import Level, Role
from rules.rule import Finding
from rules.words import Labelled, Text
from states.case import CASE, COUNTED, CaseState
from states.lifecycle import Standing, Transition
from states.reach import Actor, holds, reaches
from workflow import cases, letters
from workflow.calls import call_standing, deadlines
from workflow.cases import Answers
from workflow.engine import (
    CannotServe,
    NoSuchThing,
    NoSuchTransition,
    NotPermitted,
    Receipt,
    WrongInput,
    not_yours,
    quoted,
)
from workflow.letters import Mail
from workflow.personal import masked_text
from workflow.settings import LONGEST_HOLD
from workflow.store import bulk as stored
from workflow.store import cases as stored_cases
from workflow.store import facts as stored_facts
from workflow.store import living, trail
from workflow.store.calls import call_of
from workflow.store.models import BulkAct, BulkLine, Centre, Office
from workflow.store.pages import Filters
from workflow.store.reach import whereabouts

MOST = 1000
"""Cases of one act."""
STEPS = (
    *("review", "return_to_centre", "reopen"),
    *("shortlist", "pass_over", "return_to_office", "unshortlist", "take_up"),
    *("publish", "retract", "republish"),
)
"""Steps that may be taken on many cases at once. Sealing is not one of them: each seal is looked at by itself."""


class NoSuchBulkAct(NoSuchThing):
    """Not there, or somebody else's, which is the same (404)."""


class WrongChoice(WrongInput):
    """Nothing was chosen, or too much (422)."""


class NotUndone(CannotServe):
    """It cannot be undone, or not any more (409)."""


class Outcome(Labelled):
    """What a bulk act came to for one case."""

    DONE = "done", "已办理", "Done"
    REFUSED = "refused", "不符合要求，未办理", "Refused by a rule"
    OVERTAKEN = "overtaken", "他人已先办理，未办理", "Somebody else was faster"
    IMPOSSIBLE = "impossible", "现在的状态不能办理", "Not possible where it stands"
    LEFT = "left", "因整批不办而未办理", "Left, because all or none was asked for"


class Verdict(Labelled):
    """What an act would come to for one case."""

    READY = "ready", "可以办理", "Ready"
    ASKED = "asked", "填写之后可以办理", "Ready once answered"
    REFUSED = "refused", "不能办理", "Not possible"
    OVERTAKEN = "overtaken", "他人已先办理", "Somebody else was faster"
    IMPOSSIBLE = "impossible", "现在的状态不能办理", "Not possible where it stands"


@dataclass(frozen=True)
class Form:
    """What somebody fills in for an act: for all cases, and under `own` for one."""

    remark: str = ""
    confirmed: frozenset[str] = frozenset()
    reasons: Mapping[str, str] = field(default_factory=dict)
    new_day: date | None = None
    own: Mapping[int, Answers] = field(default_factory=dict)

    def inputs(self, actor: Actor, at: datetime) -> stored_facts.Inputs:
        return stored_facts.Inputs.of(actor, at, self.remark.strip(), self.confirmed, self.reasons, self.new_day)


# ---- choosing --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Chosen:
    """The cases of an act. `search`, `total`: where they were found by a search, and how many match it in all.

    `standing`: of these, how many stand where the step can be taken; beyond `MOST` they are cut off.
    """

    ids: Sequence[int]
    search: Mapping[str, Any] = field(default_factory=dict)
    total: int = 0
    standing: int = 0

    @property
    def elsewhere(self) -> int:
        """Those that match, and stand where the step cannot be taken."""
        return self.total - self.standing

    @property
    def cut_off(self) -> int:
        return max(0, self.standing - len(self.ids))


def steps(actor: Actor, state: str = "") -> list[Transition]:
    """The steps that this person may take on many cases; `state`: only those that leave it."""
    every = [_neutral(one) for one in CASE.transitions if one.name in STEPS and set(one.by) & actor.roles]
    return [one for one in every if not state or state in one.sources]


def step_named(trigger: str, actor: Actor) -> Transition:
    """A step that may be taken on many cases. Raises NoSuchTransition, NotPermitted."""
    step = CASE.named(trigger)
    if step is None or trigger not in STEPS:
        what = step.label if step else quoted(trigger)
        raise NoSuchTransition(
            Text(
                f"“{what.zh}”不能批量办理，请在每个案例的页面逐件办理。",
                f"“{what.en}” is not taken on many cases at once; take it on the page of each case.",
            )
        )
    if not set(step.by) & actor.roles:
        raise NotPermitted(not_yours(step))
    return _neutral(step)


def _neutral(step: Transition) -> Transition:
    """A step under words that fit calls of every route."""
    label = letters.NEUTRAL.get(step.name)
    return step if label is None else replace(step, label=label)


def ticked(ids: Sequence[int]) -> Chosen:
    """Cases ticked one by one. Raises WrongChoice."""
    found = list(dict.fromkeys(ids))
    if not found:
        raise WrongChoice(Text("还没有选中案例。请先勾选。", "No case is chosen; tick some first."))
    if len(found) > MOST:
        raise WrongChoice(
            Text(
                f"选中了 {len(found)} 件，一次最多办理 {MOST} 件。请分几次办理。",
                f"{len(found)} cases are chosen; at most {MOST} can be acted on at once. Do it in several goes.",
            )
        )
    return Chosen(found)


def matching(session: Session, trigger: str, filters: Filters, *, actor: Actor) -> Chosen:
    """All cases that match a search and stand where the step can be taken, up to `MOST`.

    Raises NoSuchTransition, NotPermitted, and WrongChoice when there is none.
    """
    step = step_named(trigger, actor)
    found = stored.matching(session, actor, filters, [str(one) for one in step.sources], MOST)
    if not found.standing:
        raise WrongChoice(
            Text(
                f"符合筛选条件的有 {found.total} 件，没有一件现在可以“{step.label.zh}”。",
                f"{found.total} cases match the search; none stands where “{step.label.en}” can be taken.",
            )
        )
    search = {name: value for name, value in vars(filters).items() if value and name != "sort"}
    return Chosen(found.first, search, found.total, found.standing)


# ---- rehearsing ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One case and what an act would come to. `said`: why not, where no rule says it."""

    case: Any
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    said: Text | None = None

    @property
    def mark(self) -> str:
        return cases.mark_of(self.case)

    @property
    def obstacles(self) -> tuple[Finding, ...]:
        """What cannot be answered in the form of the act."""
        return tuple(one for one in self.findings if one.blocks and not one.answerable)

    @property
    def questions(self) -> tuple[Finding, ...]:
        """What is answered for this case alone: a confirmation, a reason for what the call asks in principle."""
        return tuple(one for one in self.findings if one.answerable and one.asked not in _FOR_ALL)

    @property
    def why(self) -> tuple[Text, ...]:
        """Why not, in sentences."""
        return (self.said,) if self.said else tuple(one.message for one in self.obstacles)


_FOR_ALL = ("remark", "new_day")
"""Inputs that are given once for all cases of an act."""


@dataclass(frozen=True)
class Group:
    """Lines that cannot be done for the same reason. `cards`: the findings of the first of them, as shown singly.

    `alike`: whether the sentences of all are the same, so that they need be read once.
    """

    lines: Sequence[Line]
    cards: tuple[Finding, ...]
    alike: bool

    @property
    def why(self) -> tuple[Text, ...]:
        return self.lines[0].why


@dataclass(frozen=True)
class Effect:
    """How an act changes the numbers of an office in a phase, or of a centre over all phases (`phase` None).

    `counted`: cases that count towards the call's numbers, before and after; `least`: how many the call asks for.
    `moved`: (state, before, after) for the states that cases leave and come to.
    """

    unit: str
    phase: Phase | None
    counted: tuple[int, int]
    least: int
    waived: bool
    moved: tuple[tuple[CaseState, int, int], ...]


@dataclass(frozen=True)
class Rehearsal:
    """What an act would come to, with nothing written. `missing`: chosen, and not there for this person.

    `points`: what a person confirms for this step. `needs`: inputs for all of them that are still asked for.
    """

    step: Transition
    lines: Sequence[Line]
    missing: int
    mails: Sequence[Mail]
    effects: Sequence[Effect]
    points: Sequence[Confirmation]
    needs: frozenset[str]
    undoable: bool

    def of(self, *verdicts: Verdict) -> list[Line]:
        return [one for one in self.lines if one.verdict in verdicts]

    @property
    def ready(self) -> list[Line]:
        return self.of(Verdict.READY)

    @property
    def asked(self) -> list[Line]:
        return self.of(Verdict.ASKED)

    @property
    def unable(self) -> list[Line]:
        return self.of(Verdict.REFUSED, Verdict.OVERTAKEN, Verdict.IMPOSSIBLE)

    @property
    def groups(self) -> list[Group]:
        """Those that cannot be done, by reason; the most frequent first."""

        def reason(line: Line) -> tuple[str, ...]:
            said = line.said.en if line.said and line.verdict is Verdict.IMPOSSIBLE else ""
            return (str(line.verdict), said, *(one.rule for one in line.obstacles))

        found = [list(many) for _, many in groupby(sorted(self.unable, key=reason), key=reason)]
        return sorted((_group(many) for many in found), key=lambda one: -len(one.lines))


def _group(lines: Sequence[Line]) -> Group:
    return Group(lines, lines[0].obstacles, all(one.why == lines[0].why for one in lines))


def rehearse(
    session: Session,
    trigger: str,
    ids: Sequence[int],
    *,
    actor: Actor,
    at: datetime,
    form: Form = Form(),
    seen: Mapping[int, str] | None = None,
) -> Rehearsal:
    """What taking a step on these cases would come to, case by case; nothing is written.

    `seen`: case → the mark of what the person was looking at. Raises NoSuchTransition, NotPermitted.
    """
    return foresee(session, step_named(trigger, actor), ids, actor=actor, at=at, form=form, seen=seen)


def foresee(
    session: Session,
    step: Transition,
    ids: Sequence[int],
    *,
    actor: Actor,
    at: datetime,
    form: Form = Form(),
    seen: Mapping[int, str] | None = None,
) -> Rehearsal:
    """The same for any step, whether or not it may be taken on many, and whoever asks."""
    rows = _within_reach(stored_facts.case_rows(session, ids), actor)
    lines = _examined(session, step, rows, actor, at, form, seen or {})
    ready = [one.case for one in lines if one.verdict in (Verdict.READY, Verdict.ASKED)]
    remark, each = letters.said_of({row.id: _said(form, row.id) for row in ready})
    said: dict[str, Any] = {"at": at, "remark": remark, "each": each}
    new_day = form.new_day if step.name in ("return_to_office", "turn_back") else None
    return Rehearsal(
        step,
        lines,
        len(ids) - len(rows),
        letters.due_for(session, ready, step.name, actor, new_day=new_day, **said),
        effects(session, step, ready),
        _points(session, step, rows),
        frozenset(one.asked for line in lines for one in line.findings if one.blocks) & frozenset(_FOR_ALL),
        _inverse(step, actor) is not None,
    )


def _said(form: Form, case: int) -> str:
    """The remark that goes with a case."""
    own = form.own.get(case)
    return (own.remark.strip() if own else "") or form.remark.strip()


def look(
    session: Session,
    trigger: str,
    ids: Sequence[int],
    *,
    actor: Actor,
    at: datetime,
    form: Form = Form(),
    seen: Mapping[int, str] | None = None,
) -> Sequence[Line]:
    """What `rehearse` says of each case, without mails and numbers. Raises NoSuchTransition, NotPermitted."""
    rows = _within_reach(stored_facts.case_rows(session, ids), actor)
    return _examined(session, step_named(trigger, actor), rows, actor, at, form, seen or {})


def survey(
    session: Session, steps: Sequence[Transition], ids: Sequence[int], *, actor: Actor, at: datetime
) -> Sequence[tuple[Transition, Sequence[Line]]]:
    """What `look` says for each of some steps; rows and facts are read once for all of them.

    The order of cases is that of `look`. Raises NotPermitted.
    """
    rows = _within_reach(stored_facts.case_rows(session, ids), actor)
    facts = stored_facts.case_facts(session, rows, Form().inputs(actor, at))
    known = {row.id: one for row, one in zip(rows, facts, strict=True)}
    return [
        (step, _examined(session, step_named(step.name, actor), rows, actor, at, Form(), {}, known)) for step in steps
    ]


def _within_reach(rows: Sequence[Any], actor: Actor) -> list[Any]:
    return [row for row in rows if reaches(actor, whereabouts(row))]


def _examined(
    session: Session,
    step: Transition,
    rows: Sequence[Any],
    actor: Actor,
    at: datetime,
    form: Form,
    seen: Mapping[int, str],
    known: Mapping[int, CaseFacts] | None = None,
) -> list[Line]:
    turned = _turned_away(session, step, rows, actor, seen)
    left = [row for row in rows if row.id not in turned]
    inputs = form.inputs(actor, at)
    tried = cases.rehearse(session, left, step.name, actor=actor, inputs=inputs, own=form.own, known=known)
    made = {row.id: _line(row, attempt.findings) for row, attempt in zip(left, tried, strict=True)}
    return [made[row.id] if row.id in made else Line(row, turned[row.id][0], said=turned[row.id][1]) for row in rows]


def _line(row: Any, findings: tuple[Finding, ...]) -> Line:
    blocking = [one for one in findings if one.blocks and one.asked not in _FOR_ALL]
    if not blocking:
        return Line(row, Verdict.READY, findings)
    answerable = all(one.answerable for one in blocking)
    return Line(row, Verdict.ASKED if answerable else Verdict.REFUSED, findings)


def _turned_away(
    session: Session, step: Transition, rows: Sequence[Any], actor: Actor, seen: Mapping[int, str]
) -> dict[int, tuple[Verdict, Text]]:
    """Case → why it cannot even be tried: it changed since it was looked at, or stands where the step does not leave."""
    moved = {row.id for row in rows if seen.get(row.id, "") not in ("", cases.mark_of(row))}
    faster = stored_cases.who_was_faster(session, moved)
    turned: dict[int, tuple[Verdict, Text]] = {}
    for row in rows:
        standing = Standing(row.state, centre=row.centre_id, office=row.office_id)
        if row.id in moved:
            turned[row.id] = (Verdict.OVERTAKEN, faster.get(row.id, living.FASTER))
        elif (why := call_standing.barred(session, row.call_number, step.by[0].level)) is not None:
            turned[row.id] = (Verdict.IMPOSSIBLE, why)
        elif not _leaves(session, row, step):
            turned[row.id] = (
                Verdict.IMPOSSIBLE,
                cases.engine_of(call_of(session, row.call_version_id)).no_way(row.state, step.name).message,
            )
        elif holds(actor, step, standing) is None:
            turned[row.id] = (Verdict.IMPOSSIBLE, not_yours(step))
    return turned


def _leaves(session: Session, row: Any, step: Transition) -> bool:
    """Whether the case's call knows the step, and it leaves the state where the case is."""
    lived = cases.engine_of(call_of(session, row.call_version_id)).declared
    return lived.find(row.state, step.name) is not None


def _points(session: Session, step: Transition, rows: Sequence[Any]) -> list[Confirmation]:
    calls = {row.call_version_id: call_of(session, row.call_version_id) for row in rows}
    found = {one.id: one for call in calls.values() for one in call.confirmations if one.step == step.name}
    return list(found.values())


# ---- what it changes -------------------------------------------------------------------------------------------------


def effects(session: Session, step: Transition, rows: Sequence[Any]) -> list[Effect]:
    """The numbers of every office and centre that has a case among these, before and after; four queries.

    What the national office is not to know, cases that are with an office, is not counted for it.
    """
    if not rows:
        return []
    shown = [CaseState.of(str(one)) for one in (*step.sources, step.target)]
    if step.by[0].level is Level.NATIONAL:
        shown = [one for one in shown if one in COUNTED]
    states = sorted({str(one) for one in (*COUNTED, *shown)})
    calls = {row.call_number: call_of(session, row.call_version_id) for row in rows}
    waived = {(call, one.phase, one.office_id) for call in calls for one in deadlines.waivers(session, calls[call])}
    made = []
    for model in (Office, Centre):
        of_office = model is Office
        name = "office_id" if of_office else "centre_id"
        moving = Counter(
            (row.call_number, getattr(row, name), row.phase if of_office else "", row.state) for row in rows
        )
        units = {key[1] for key in moving}
        before = _counts(session, of_office, units, states)
        names = stored.names(session, model, units)
        for call, unit, phase in sorted({key[:3] for key in moving}, key=lambda key: (key[0], names[key[1]], key[2])):
            here = {state: before.get((call, unit, phase, state), 0) for state in states}
            leaving = {state: moving[call, unit, phase, state] for state in states}
            found = calls[call].phase(phase) if of_office else None
            made.append(
                Effect(
                    names[unit],
                    found,
                    _counted(here, leaving, step),
                    found.minimum_per_office if found else calls[call].minimum_per_centre,
                    (call, phase, unit) in waived,
                    tuple((one, here[one], _after(one, here, leaving, step)) for one in shown),
                )
            )
    return made


def _counts(session: Session, of_office: bool, units: set[int], states: Sequence[str]) -> Mapping[tuple[Any, ...], int]:
    if of_office:
        return stored.by_office(session, units, states)
    return {(call, unit, "", state): n for (call, unit, state), n in stored.by_centre(session, units, states).items()}


def _after(state: str, here: Mapping[str, int], leaving: Mapping[str, int], step: Transition) -> int:
    coming = sum(leaving.values()) if state == step.target else 0
    return here.get(state, 0) - leaving.get(state, 0) + coming


def _counted(here: Mapping[str, int], leaving: Mapping[str, int], step: Transition) -> tuple[int, int]:
    before = sum(here.get(str(one), 0) for one in COUNTED)
    return before, sum(_after(str(one), here, leaving, step) for one in COUNTED)


# ---- taking it -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Done:
    """What an act came to. `refused`: nothing was done, because all or none was asked for. `again`: it was taken before."""

    id: int
    refused: bool
    again: bool = False


def act(
    session: Session,
    trigger: str,
    seen: Mapping[int, str],
    *,
    actor: Actor,
    at: datetime,
    real: datetime,
    op: str,
    form: Form = Form(),
    whole: bool = False,
    hold: timedelta = timedelta(0),
    search: Mapping[str, Any] | None = None,
) -> Done:
    """Take a step on cases, in one transaction, and put on record what came of each.

    `seen`: case → the mark of what the person was looking at; what changed since is named and left. `whole`: all of
    them or none, else those that pass. `real`: the moment by the clock on the wall, from which mails are held. The same
    `op` again gives what it came to and changes nothing. Raises NoSuchTransition, NotPermitted, WrongChoice, Unmarked.
    """
    step = step_named(trigger, actor)
    ticked(list(seen))
    if not all(seen.values()):
        raise living.Unmarked(living.UNMARKED)
    made: dict[str, Any] = {
        "by_id": actor.id,
        "absent_id": actor.absent_id,
        "at": at,
        "remark": _shown(form),
        "whole": whole,
        "search": dict(search or {}),
    }
    return _take(session, step, seen, actor, form, real + min(hold, timedelta(minutes=LONGEST_HOLD)), op, made)


def _shown(form: Form) -> str:
    """The reason as the page of an act shows it; in full it stands with each case, apart, where it can be erased."""
    return masked_text(form.remark.strip())


def _take(
    session: Session,
    step: Transition,
    seen: Mapping[int, str],
    actor: Actor,
    form: Form,
    held_until: datetime,
    op: str,
    made: Mapping[str, Any],
    undoes: int | None = None,
) -> Done:
    rows = _within_reach(stored_facts.case_rows(session, list(seen), lock=True), actor)
    earlier = stored.by_op(session, op)  # looked for once the cases are held, so that of two clicks the second finds it
    if earlier is not None:
        return _again(earlier, actor)
    turned = _turned_away(session, step, rows, actor, seen)
    missing, whole = len(seen) - len(rows), made["whole"]
    bulk_id = stored.add(session, op=op or None, trigger=step.name, missing=missing, held_until=held_until, **made)
    tried = {}
    if not (whole and (turned or missing)):
        left = [row for row in rows if row.id not in turned]
        attempts = cases.act(
            session,
            [row.id for row in left],
            step.name,
            held=left,
            actor=actor,
            at=made["at"],
            seen=seen,
            op=op or f"bulk/{bulk_id}",
            remark=form.remark,
            confirmed=form.confirmed,
            reasons=form.reasons,
            new_day=form.new_day,
            own=form.own,
            whole=whole,
            posting=letters.Posting(held_until, f"bulk/{bulk_id}"),
        )
        tried = {(one.receipt.stream if one.receipt else "").removesuffix("/tries"): one for one in attempts}
    lines = [_kept(row, tried.get(row.stream), turned.get(row.id)) for row in rows]
    stored.add_lines(session, [{"bulk_id": bulk_id, "position": at, **one} for at, one in enumerate(lines)])
    _record(session, bulk_id, step, actor, rows, lines, missing, held_until, op, form, made, undoes)
    done = any(one["outcome"] == Outcome.DONE for one in lines)
    if undoes and done:  # an undo that came to nothing may be tried again
        stored.took_back(session, bulk_id, undoes)
    return Done(bulk_id, refused=not done)


def _again(earlier: BulkAct, actor: Actor) -> Done:
    if earlier.by_id != actor.id:
        raise living.Overtaken(living.FASTER)
    return Done(earlier.id, refused=False, again=True)


def _kept(row: Any, attempt: Any, turned: tuple[Verdict, Text] | None) -> dict[str, Any]:
    """A case of an act as a line of it."""
    outcome, receipt, mark, said = Outcome.LEFT, "", "", []
    if turned is not None:
        outcome, said = Outcome.of(str(turned[0])), [[turned[1].zh, turned[1].en]]
    elif attempt is not None:
        outcome = Outcome.DONE if attempt.done else Outcome.REFUSED
        receipt = attempt.receipt.number if attempt.receipt else ""
        mark = f"{row.version + 1}.{row.revision}" if attempt.done else ""
        if not attempt.done:
            said = [[one.message.zh, one.message.en] for one in attempt.findings if one.blocks]
    return {"case_id": row.id, "outcome": str(outcome), "receipt": receipt, "mark": mark, "said": said}


def _record(
    session: Session,
    bulk_id: int,
    step: Transition,
    actor: Actor,
    rows: Sequence[Any],
    lines: Sequence[Mapping[str, Any]],
    missing: int,
    held_until: datetime,
    op: str,
    form: Form,
    made: Mapping[str, Any],
    undoes: int | None,
) -> None:
    """One entry for the act as a whole, beside those of its cases."""
    numbers: dict[str, list[str]] = defaultdict(list)
    for row, line in zip(rows, lines, strict=True):
        numbers[line["outcome"]].append(row.number)
    data = {
        "step": step.name,
        "zh": step.label.zh,
        "en": step.label.en,
        "remark": form.remark.strip(),
        "whole": made["whole"],
        "search": made["search"],
        "chosen": len(rows) + missing,
        "missing": missing,
        "counts": {outcome: len(many) for outcome, many in numbers.items()},
        "cases": dict(numbers),
        "held_until": held_until.isoformat(),
        **({"undoes": f"bulk/{undoes}#1"} if undoes else {}),
    }
    entry = trail.Entry(
        stream=f"bulk/{bulk_id}",
        action="bulk.undo" if undoes else "bulk.act",
        outcome="done" if numbers[Outcome.DONE] else "refused",
        at=made["at"],
        actor=actor,
        data=data,
        op=f"{op}:bulk" if op else None,
        previous=(0, ""),
    )
    trail.append(session, [entry])


# ---- undoing it ------------------------------------------------------------------------------------------------------


def _inverse(step: Transition, actor: Actor) -> Transition | None:
    """The step that takes one back, where whoever took it may take it back: a return is undone by others going on."""
    inverse = CASE.named(step.undone_by)
    taken = inverse is not None and inverse.name in STEPS and bool(set(inverse.by) & actor.roles)
    return inverse if taken else None


def check_undoable(session: Session, act: BulkAct, *, actor: Actor, real: datetime) -> Transition:
    """The step that takes a bulk act back. Raises NotPermitted for all but whoever took it; NotUndone, saying why not."""
    if act.by_id != actor.id:
        raise NotPermitted(Text("由办理的人自己撤销。", "It is undone by whoever did it."))
    inverse = _inverse(step_of(act), actor)
    if inverse is None:
        raise NotUndone(_ONWARD)
    if act.undoes_id is not None:
        raise NotUndone(Text("撤销本身不能再撤销；需要时请重新办理。", "An undo is not undone; take the step again."))
    undone = stored.undone_by(session, act.id)
    if undone is not None:
        raise NotUndone(Text("已经撤销过了。", "It is undone already."))
    if real >= act.held_until:
        raise NotUndone(
            Text(
                f"保留时间已过，通知邮件已经寄出。需要时请批量办理“{inverse.label.zh}”，有关单位会收到邮件。",
                f"The time for holding it is over, and its mails have left. Take “{inverse.label.en}” on these cases"
                " instead; those concerned are told by mail.",
            )
        )
    if not any(one.outcome == Outcome.DONE for one in act.lines):
        raise NotUndone(Text("没有办成的案例，无可撤销。", "Nothing was done, so there is nothing to undo."))
    return inverse


_ONWARD = Text(
    "退回不能由退回的人收回：中心和推荐单位重新报送，案例才回到原处。",
    "A return is not taken back by whoever returned: the case comes back once it is sealed or sent again.",
)


def why_not_undone(session: Session, act: BulkAct, *, actor: Actor, real: datetime) -> Text | None:
    """Why a bulk act cannot be undone, None where it can."""
    try:
        check_undoable(session, act, actor=actor, real=real)
    except (NotUndone, NotPermitted) as told:
        return told.message
    return None


def by_outcome(act: BulkAct) -> list[tuple[Outcome, list[BulkLine]]]:
    """The lines of an act by what came of them."""
    found = [(one, [line for line in act.lines if line.outcome == one]) for one in Outcome]
    return [(one, many) for one, many in found if many]


def done_lines(act: BulkAct) -> list[BulkLine]:
    """What was done by an act."""
    return [one for one in act.lines if one.outcome == Outcome.DONE]


def rehearse_undo(
    session: Session, act: BulkAct, *, actor: Actor, at: datetime, real: datetime, form: Form = Form()
) -> Rehearsal:
    """What undoing an act would come to: which cases go back, and which moved on and stay. Raises NotPermitted, NotUndone."""
    inverse = check_undoable(session, act, actor=actor, real=real)
    marks = {one.case_id: one.mark for one in done_lines(act)}
    return rehearse(session, inverse.name, list(marks), actor=actor, at=at, form=form, seen=marks)


def undo(
    session: Session, bulk_id: int, *, actor: Actor, at: datetime, real: datetime, op: str, form: Form = Form()
) -> Done:
    """Take back each case of an act that has not moved on, by its inverse step, with its own event; drop held mails.

    Raises NoSuchBulkAct, NotUndone.
    """
    act = _mine(stored.one(session, bulk_id, lock=True), actor)
    earlier = stored.by_op(session, op)
    if earlier is not None:
        return _again(earlier, actor)
    inverse = check_undoable(session, act, actor=actor, real=real)
    marks = {one.case_id: one.mark for one in done_lines(act)}
    made: dict[str, Any] = {
        "by_id": actor.id,
        "absent_id": actor.absent_id,
        "at": at,
        "remark": _shown(form),
        "whole": False,
        "search": {},
    }
    return _take(session, inverse, marks, actor, form, real, op, made, bulk_id)


# ---- looking at it ---------------------------------------------------------------------------------------------------


def find(session: Session, bulk_id: int, seen_by: Actor) -> BulkAct:
    """A bulk act of this person's, or for the auditor anybody's. Raises NoSuchBulkAct."""
    return _mine(stored.one(session, bulk_id), seen_by)


def kept(session: Session, bulk_id: int) -> BulkAct | None:
    """A bulk act for those who look at what it is part of."""
    return stored.one(session, bulk_id)


def _mine(act: BulkAct | None, actor: Actor) -> BulkAct:
    if act is None or not (act.by_id == actor.id or Role.AUDITOR in actor.roles):
        raise NoSuchBulkAct(
            Text(
                "没有这次批量办理，或者它是别人办理的。请从“批量办理记录”进入。",
                "There is no such bulk act of yours. Open it from the list of your bulk acts.",
            )
        )
    return act


_NEWEST = 100


def newest(session: Session, actor: Actor) -> list[stored.Listed]:
    """One's own bulk acts, for the auditor everybody's, the newest first."""
    return stored.newest(session, None if Role.AUDITOR in actor.roles else actor.id, _NEWEST)


def step_of(act: BulkAct) -> Transition:
    """The step of a kept act. Raises LookupError for one that no version knows."""
    step = CASE.named(act.trigger)
    if step is None:
        raise LookupError(act.trigger)
    return _neutral(step)


def undone_by(session: Session, act: BulkAct) -> BulkAct | None:
    """The act that took it back."""
    return stored.undone_by(session, act.id)


def receipt(session: Session, act: BulkAct) -> Receipt | None:
    """The receipt of the act as a whole."""
    found = trail.head(session, f"bulk/{act.id}")
    return Receipt(f"bulk/{act.id}", *found) if found else None
