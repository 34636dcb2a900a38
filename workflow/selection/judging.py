"""Judging: inviting judges, what they read and score, and what the office sees of it. The office decides; nothing here does."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from rules.call import BEIJING, Call
from rules.call import Judging as Asked
from rules.facts import Conflict, JudgementFacts, Score
from rules.judging import case_is_being_selected, judge_has_no_conflict
from rules.roles import Role
from rules.rule import Finding
from rules.words import Text
from states.case import CaseState
from states.judgement import AT_WORK, COUNTS, JUDGEMENT, JudgementState
from states.lifecycle import Lifecycle, Standing
from states.reach import Actor
from workflow import downloads
from workflow.engine import (
    Attempt,
    CannotServe,
    Engine,
    NoSuchThing,
    NotPermitted,
    Offer,
    Receipt,
    WrongInput,
    not_yours,
)
from workflow.jobs.queue import enqueue
from workflow.selection import blind, conflicts, scoring
from workflow.store import calls as stored_calls
from workflow.store import judging as stored
from workflow.store import living, trail
from workflow.store.calls import call_of
from workflow.store.files import Files
from workflow.store.models import Judgement

ENGINE = Engine(JUDGEMENT)
OFFICE = frozenset({Role.DESK, Role.DIRECTOR, Role.AUDITOR})
"""Who sees all of a call's judging. Nobody else does; judges see their own."""
_LONGEST = 2000
"""Characters of a reason."""


class NoSuchJudgement(NoSuchThing):
    """Not there, or another judge's, which is the same (404)."""


class NoJudging(NoSuchThing):
    """The call asks for no judging (404)."""


class WrongScores(WrongInput):
    """What was sent is no score (422)."""


class NotShown(CannotServe):
    """The blind reading still tells whose case it is, so it is not shown (409)."""


class WrongInvitation(WrongInput):
    """What was asked for is no invitation (422)."""


WRONG_DAY = WrongInvitation(Text("评审截止日不是日期。", "The last day is no date."))
LANGUAGES = {"zh": Text("中文", "Chinese"), "en": Text("英文", "English")}
"""In which a judge reads."""


# ---- who and what ----------------------------------------------------------------------------------------------------


def lifecycle() -> Lifecycle:
    """The lifecycle of judgements, for drawing it."""
    return JUDGEMENT


def state_of(judgement: Judgement | stored.Line) -> JudgementState:
    """The state of a judgement, with its label."""
    return JudgementState.of(judgement.state)


def sees_all(actor: Actor) -> bool:
    """Whether this person sees who judges what, and all scores."""
    return bool(actor.roles & OFFICE)


def check_office(actor: Actor) -> None:
    """Raise NoSuchJudgement for all but the desk, the director and the auditor."""
    if not sees_all(actor):
        raise NoSuchJudgement(_NOT_THERE)


def organizes(actor: Actor) -> bool:
    """Whether this person invites judges."""
    return Role.DESK in actor.roles


def check_desk(actor: Actor) -> None:
    """Raise NoSuchJudgement for those outside, NotPermitted for all of the office but the desk."""
    check_office(actor)
    if Role.DESK not in actor.roles:
        raise NotPermitted(Text("评审由国家局受理人组织。", "Judging is organized by the national desk."))


_NOT_THERE = Text("没有这项评审，或者它不在您的职责范围内。", "There is no such judgement within your reach.")


def asked_by(call: Call) -> Asked:
    """What the call says of judging. Raises NoJudging."""
    if call.judging is None:
        raise NoJudging(Text(f"《{call.title.zh}》没有评审。", f"“{call.title.en}” has no judging."))
    return call.judging


def calls(session: Session) -> list[Call]:
    """Calls that ask for judging, the newest first; of each its newest version."""
    return [call for _, call in stored_calls.open_calls(session) if call.judging is not None]


def call_named(session: Session, number: str) -> Call:
    """The newest version of a call that asks for judging; the newest such call where none is named. Raises NoJudging."""
    found = calls(session)
    chosen = next((one for one in found if number in ("", one.number)), None)
    if chosen is None:
        raise NoJudging(
            Text("没有要求评审的征集通知。", "There is no call that asks for judging.")
            if not number
            else Text(f"没有要求评审的征集通知 {number}。", f"There is no call {number} that asks for judging.")
        )
    return chosen


def call_for(session: Session, actor: Actor, number: str) -> Call:
    """The same, for whoever invites judges. Raises NoSuchJudgement, NotPermitted, NoJudging."""
    check_desk(actor)
    return call_named(session, number)


# ---- judges ----------------------------------------------------------------------------------------------------------


def judges(session: Session, seen_by: Actor) -> list[stored.JudgeSide]:
    """Everybody who holds the role, with what is known of them and how much they hold now."""
    check_office(seen_by)
    return list(stored.judge_sides(session).values())


@dataclass(frozen=True)
class Profile:
    """What the desk writes of a judge. `most`: cases at one time; None: any number."""

    institution: str = ""
    region: str = ""
    themes: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    most: int | None = None


def set_profile(
    session: Session, person: int, profile: Profile, *, actor: Actor, at: datetime, op: str = ""
) -> Receipt:
    """Write down what is known of a judge. Raises NotPermitted, NoSuchJudgement where that is no judge."""
    check_desk(actor)
    known = stored.judge_sides(session, [person]).get(person)
    if known is None or person not in stored.judge_sides(session):
        raise NoSuchJudgement(Text("没有这位评审专家。", "There is no such judge."))
    values = {
        "institution": profile.institution.strip()[:160],
        "region": profile.region.strip()[:40],
        "themes": list(profile.themes),
        "languages": list(profile.languages),
        "most": profile.most,
    }
    stored.set_profile(session, person, values, at)
    return note(session, "judging.profile", {"judge": {"id": person, "name": known.name}, **values}, actor, at, op)


def note(session: Session, action: str, data: dict[str, Any], actor: Actor, at: datetime, op: str) -> Receipt:
    """An act of judging that moves no judgement, on the day's stream: read by the auditor, and by the desk and director."""
    key = f"{op}:{action}" if op else None
    if key and (known := trail.by_op(session, [key]).get(key)):
        return Receipt(known.stream, known.seq, known.hash)
    stream = trail.daily(session, "judging", at)
    entry = trail.Entry(stream=stream, action=action, outcome="done", at=at, actor=actor, op=key, data=data)
    [receipt] = trail.append(session, [entry])
    return receipt


# ---- inviting --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pair:
    """One case and one judge, and why they were brought together."""

    case: int
    judge: int
    why: str = ""
    instead_of: int = 0
    """The judgement that this one takes the place of."""


@dataclass(frozen=True)
class Refused:
    """A pair of which nothing came, and why."""

    case: stored.CaseSide
    judge: stored.JudgeSide
    why: Text


@dataclass(frozen=True)
class Invited:
    """What came of inviting. `done`: the new judgements with their receipts."""

    done: tuple[tuple[int, Receipt], ...]
    refused: tuple[Refused, ...]


_ALREADY = Text("已经邀请过这位专家评审本案。", "This judge was invited to this case already.")
_NOT_OF_CALL = Text("这个案例不属于这份征集通知。", "The case belongs to another call.")


def invite(
    session: Session,
    call: Call,
    pairs: Iterable[Pair],
    *,
    due_on: date | None,
    actor: Actor,
    at: datetime,
    op: str = "",
) -> Invited:
    """Invite judges to cases. Pairs with a conflict, and those that there are already, are refused one by one, on record.

    Raises NotPermitted, NoSuchJudgement, NoJudging, WrongInvitation where nothing was chosen or the day is over.
    """
    check_desk(actor)
    asked_by(call)
    chosen = list({(one.case, one.judge): one for one in pairs}.values())
    if not chosen:
        raise WrongInvitation(Text("请选择案例和专家。", "Choose cases and judges."))
    if due_on is not None and due_on < at.astimezone(BEIJING).date():
        raise WrongInvitation(Text("评审截止日已经过去，请另选一天。", "That day is over; choose a later one."))
    if op and (again := _invited_before(session, op, chosen)):
        return again
    cases = stored.case_sides(session, {one.case for one in chosen})
    known = stored.judge_sides(session)
    there = stored.standing(session, ((one.case, one.judge) for one in chosen))
    wanted, refused = [], []
    for one in chosen:
        case, judge = cases.get(one.case), known.get(one.judge)
        if case is None or judge is None:
            raise NoSuchJudgement(_NOT_THERE)
        why_not = _why_not(session, call, case, judge, there, at)
        if why_not is not None:
            refused.append(Refused(case, judge, why_not))
        else:
            extra = {"instead_of": one.instead_of} if one.instead_of else {}
            wanted.append(stored.Wanted(case, judge, call.number, one.why, due_on, extra))
    done = stored.insert_judgements(session, wanted, actor, at, op)
    _record_refused(session, refused, actor, at)
    if done:
        first, last = done[0][0], done[-1][0]
        enqueue(session, "mail_judges", f"mail_judges/{first}", first, last)
    return Invited(tuple(done), tuple(refused))


def _invited_before(session: Session, op: str, pairs: Sequence[Pair]) -> Invited | None:
    """What this form already came to."""
    keys = [f"{op}:judgement/{one.case}/{one.judge}" for one in pairs]
    events = trail.by_op(session, keys)
    if not events:
        return None
    return Invited(
        tuple((int(one.stream.partition("/")[2]), Receipt(one.stream, one.seq, one.hash)) for one in events.values()),
        (),
    )


def invited_before(session: Session, op: str, case: int, judge: int) -> bool:
    """Whether a form has invited this judge to the case already."""
    return _invited_before(session, op, [Pair(case, judge)]) is not None


def _why_not(
    session: Session,
    call: Call,
    case: stored.CaseSide,
    judge: stored.JudgeSide,
    there: Mapping[tuple[int, int], str],
    at: datetime,
) -> Text | None:
    lived = call_of(session, case.call_version)
    if lived.number != call.number:
        return _NOT_OF_CALL
    if (case.id, judge.id) in there:
        return _ALREADY
    facts = _facts(lived, case, judge, {}, at)
    found = [rule.examine(facts) for rule in (judge_has_no_conflict, case_is_being_selected)]
    return next((one.message for one in found if one is not None), None)


def _record_refused(session: Session, refused: Sequence[Refused], actor: Actor, at: datetime) -> None:
    if refused:
        pairs = [
            {"case": one.case.number, "judge": {"id": one.judge.id, "name": one.judge.name}, "zh": one.why.zh}
            for one in refused
        ]
        stream = trail.daily(session, "judging", at)
        entry = trail.Entry(
            stream=stream, action="judging.invite", outcome="refused", at=at, actor=actor, data={"pairs": pairs}
        )
        trail.append(session, [entry])


# ---- facts -----------------------------------------------------------------------------------------------------------


def _facts(
    call: Call,
    case: stored.CaseSide,
    judge: stored.JudgeSide,
    scores: Mapping[str, Any],
    at: datetime,
    actor: int = 0,
    remark: str = "",
) -> JudgementFacts:
    return JudgementFacts(
        call=call,
        at=at,
        in_selection=case.state == CaseState.SUBMITTED,
        case_state=CaseState.of(case.state).label,
        conflicts=conflicts.detected(case, judge),
        blind=asked_by(call).blind,
        showing=blind.reading(case, call).showing,
        unseen=case.unseen,
        scores={name: Score(one.get("points"), one.get("reason", "")) for name, one in scores.items()},
        actor=actor,
        remark=remark,
    )


def _gathered(session: Session, row: Any, actor: Actor, at: datetime, remark: str = "") -> JudgementFacts:
    case = stored.case_sides(session, [row.case_id])[row.case_id]
    judge = stored.judge_sides(session, [row.judge_id])[row.judge_id]
    return _facts(call_of(session, case.call_version), case, judge, row.scores, at, actor.id, remark)


# ---- one judgement ---------------------------------------------------------------------------------------------------


def find(session: Session, number: int, seen_by: Actor) -> Judgement:
    """One judgement: to its own judge, and to the desk, the director and the auditor. Raises NoSuchJudgement."""
    found = stored.one(session, number)
    own = found is not None and found.judge_id == seen_by.id and Role.JUDGE in seen_by.roles
    if found is None or not (own or sees_all(seen_by)):
        raise NoSuchJudgement(_NOT_THERE)
    return found


def mine(session: Session, actor: Actor) -> list[Judgement]:
    """A judge's own judgements. Raises NoSuchJudgement for whoever is no judge."""
    if Role.JUDGE not in actor.roles:
        raise NoSuchJudgement(_NOT_THERE)
    return stored.of_judge(session, actor.id)


def _as(actor: Actor, judge: int) -> Actor:
    """The actor in the roles that count here: a judge is a judge of their own judgements alone."""
    if judge == actor.id:
        return actor
    return replace(actor, grants=frozenset(one for one in actor.grants if one.role is not Role.JUDGE))


def offers(session: Session, judgement: Judgement, *, actor: Actor, at: datetime) -> list[Offer]:
    """What can be done with a judgement, with what stands in the way."""
    facts = _gathered(session, judgement, actor, at)
    return ENGINE.offers(Standing(judgement.state), _as(actor, judgement.judge_id), facts)


def act(
    session: Session,
    number: int,
    trigger: str,
    *,
    actor: Actor,
    at: datetime,
    seen: str | None = None,
    op: str = "",
    remark: str = "",
) -> Attempt:
    """Try one step of a judgement; what a rule refuses is recorded as refused.

    Raises NoSuchJudgement, NotPermitted, NoSuchTransition, Overtaken when it is not what was looked at any more.
    """
    find(session, number, actor)
    row = stored.row(session, number, lock=True)
    again = living.replayed(session, JUDGEMENT, [row.stream], op, actor).get(row.stream)
    if again is not None:
        return again
    remark = remark.strip()[:_LONGEST]
    facts = _gathered(session, row, actor, at, remark)
    own = _as(actor, row.judge_id)
    if (step := JUDGEMENT.named(trigger)) is not None and own is not actor and step.by == (Role.JUDGE,):
        raise NotPermitted(not_yours(step))
    attempt = ENGINE.perform(Standing(row.state), trigger, own, facts, at, remark)
    _check_seen(row, seen)
    also = {"moved_at": at, "remark": remark} if attempt.done else {}
    living.record(session, Judgement, JUDGEMENT, [living.Tried(row, attempt, also)], op)
    if attempt.done and trigger == "release":
        _tell_released(session, [number], row.version)
    return attempt


def _tell_released(session: Session, numbers: Sequence[int], version: int) -> None:
    """Have a judge told which judgements are no longer theirs, in one mail."""
    enqueue(session, "mail_released", f"mail_released/{numbers[0]}/{version}", version, *numbers)


def release(
    session: Session, numbers: Sequence[int], remark: str, *, actor: Actor, at: datetime, op: str = ""
) -> list[Attempt]:
    """Release one judge from several judgements, told in one mail; each is a step of its own on the trail.

    Raises NoSuchJudgement, NotPermitted, NoSuchTransition where one is not open.
    """
    check_desk(actor)
    tried: list[living.Tried] = []
    for number in numbers:
        row = stored.row(session, number, lock=True)
        facts = _gathered(session, row, actor, at, remark.strip()[:_LONGEST])
        attempt = ENGINE.perform(Standing(row.state), "release", _as(actor, row.judge_id), facts, at, facts.remark)
        tried.append(living.Tried(row, attempt, {"moved_at": at, "remark": facts.remark} if attempt.done else {}))
    if tried:
        living.record(session, Judgement, JUDGEMENT, tried, op)
    gone = [int(one.row.id) for one in tried if one.attempt.done]
    if gone:
        _tell_released(session, gone, tried[0].row.version)
    return [one.attempt for one in tried]


def _check_seen(row: Any, seen: str | None) -> None:
    if seen is not None and seen != f"{row.version}.{row.revision}":
        raise living.Overtaken(living.FASTER)


def save(
    session: Session,
    number: int,
    scores: Mapping[str, tuple[str, str]],
    *,
    actor: Actor,
    at: datetime,
    seen: str | None = None,
    op: str = "",
) -> Receipt | None:
    """Keep what a judge has written so far: criterion → (points as typed, reason). None where nothing changed.

    Points outside the scale are kept as they are and refused when they are handed in. Raises NoSuchJudgement,
    NotPermitted for all but its judge, NoSuchTransition where it is not being judged, WrongScores for what is no number.
    """
    judgement = find(session, number, actor)
    if judgement.judge_id != actor.id:
        raise NotPermitted(Text("评分只能由被邀请的专家本人填写。", "Scores are written by the judge who was invited."))
    row = stored.row(session, number, lock=True)
    if op and (known := trail.by_op(session, [f"{op}:save"]).get(f"{op}:save")):
        return Receipt(known.stream, known.seq, known.hash)
    if row.state != JudgementState.ACCEPTED:
        raise ENGINE.no_way(row.state, "score")
    _check_seen(row, seen)
    call = call_of(session, judgement.case.call_version_id)
    written = {one.id: _written(one.label, *scores.get(one.id, ("", ""))) for one in asked_by(call).criteria}
    if written == row.scores:
        return None
    entry = trail.Entry(
        stream=f"{row.stream}/scores",
        action="judgement.save",
        outcome="done",
        at=at,
        actor=actor,
        op=f"{op}:save" if op else None,
        data={"case": judgement.case.number, "scores": written},
    )
    [receipt] = trail.append(session, [entry])
    stored.change(session, number, scores=written, revision=row.revision + 1)
    return receipt


def _written(label: Text, typed: str, reason: str) -> dict[str, Any]:
    plain = typed.strip()
    if not plain:
        return {"points": None, "reason": reason.strip()[:_LONGEST]}
    sign, digits = (plain[0], plain[1:]) if plain[0] in "+-" else ("", plain)
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise WrongScores(
            Text(f"“{label.zh}”的分数“{plain[:20]}”不是整数。", f"“{plain[:20]}” is no whole number (“{label.en}”).")
        )
    return {"points": int(sign + digits), "reason": reason.strip()[:_LONGEST]}


def reading(session: Session, judgement: Judgement, seen_by: Actor) -> blind.Reading:
    """The case as its judge reads it, once the invitation was accepted.

    Raises NoSuchJudgement where the judge does not hold it, NotShown where it still tells whose it is.
    """
    case = stored.case_sides(session, [judgement.case_id])[judgement.case_id]
    call = call_of(session, case.call_version)
    read = blind.reading(case, call)
    if sees_all(seen_by):
        return read
    if judgement.state not in AT_WORK - {JudgementState.INVITED}:
        raise NoSuchJudgement(_NOT_THERE)
    if read.found:
        places = Text("、".join(one.zh for one in read.showing), ", ".join(one.en for one in read.showing))
        raise NotShown(
            Text(
                f"还看得出是谁的案例（{places.zh}），暂不展示。已请受理人遮盖，请稍后再来。",
                f"It can still be told whose case it is ({places.en}), so it is not shown. The desk has to mask it first.",
            )
        )
    return read


def read_or_why(session: Session, judgement: Judgement, seen_by: Actor) -> tuple[blind.Reading | None, Text | None]:
    """The reading, or why it is not shown now."""
    try:
        return reading(session, judgement, seen_by), None
    except NotShown as refusal:
        return None, refusal.message
    except NoSuchJudgement:
        return None, Text(
            "接受评审后才能阅读案例；已回避、谢绝或改派的不再显示。",
            "The case is shown once you accept, and not after a conflict, a refusal or a release.",
        )


def call_of_judgement(session: Session, judgement: Judgement) -> Call:
    """The call under which a case is judged."""
    return call_of(session, judgement.case.call_version_id)


def criteria_of(session: Session, judgement: Judgement) -> list[str]:
    """What is scored, by id."""
    return [one.id for one in asked_by(call_of_judgement(session, judgement)).criteria]


def picture(session: Session, files: Files, judgement: Judgement, position: int, seen_by: Actor) -> bytes:
    """PNG of one of the case's pictures, counted from 1: drawn anew, so that no name or property of its file comes along.

    Raises NoSuchJudgement, NotShown, Lost.
    """
    pictures = reading(session, judgement, seen_by).pictures
    if not 0 < position <= len(pictures) or not (pictures[position - 1].shown or sees_all(seen_by)):
        raise NoSuchJudgement(_NOT_THERE)
    return downloads.page(files, stored.pictures(session, judgement.case_id)[position - 1])


# ---- discussing ------------------------------------------------------------------------------------------------------

READERS = {
    "judges": Text("本案的评审专家和国家局", "The judges of the case and the national office"),
    "office": Text("只有国家局", "The national office alone"),
}
"""Who reads a note."""


def discussed(session: Session, call: Call) -> bool:
    """Whether the discussion of a call's judging is open, so that judges see each other's scores."""
    return stored.discussion(session, call.number) is not None


def set_discussion(session: Session, call: Call, *, opened: bool, actor: Actor, at: datetime, op: str = "") -> Receipt:
    """Open the discussion of a call's judging, or close it. Raises NotPermitted, NoSuchJudgement, WrongInvitation."""
    check_desk(actor)
    action = "judging.open_discussion" if opened else "judging.close_discussion"
    if op and (known := trail.by_op(session, [f"{op}:{action}"])):
        [event] = known.values()
        return Receipt(event.stream, event.seq, event.hash)
    if discussed(session, call) is opened:
        raise WrongInvitation(
            Text("合议已经开始。", "The discussion is open already.")
            if opened
            else Text("合议没有开始，或者已经结束。", "The discussion is not open.")
        )
    if opened:
        stored.open_discussion(session, call.number, actor, at)
    else:
        stored.close_discussion(session, call.number, at)
    return note(session, action, {"call": call.number}, actor, at, op)


def takes_part(session: Session, judgement: Judgement, actor: Actor) -> bool:
    """Whether a judge sees the scores of the others: the discussion is open, and their own are handed in."""
    own = judgement.judge_id == actor.id and Role.JUDGE in actor.roles
    return own and judgement.state in COUNTS and discussed(session, call_of_judgement(session, judgement))


@dataclass(frozen=True)
class Note:
    """A note with everybody who has read it, and when first."""

    by: str
    at: datetime
    words: str
    seen_by: Text
    readers: Sequence[tuple[str, datetime]]


@dataclass(frozen=True)
class Discussion:
    """What is said of one case. `peers`: the judgements whose scores may be seen; `choices`: who may be let read a new note."""

    call: Call
    peers: Sequence[Judgement]
    notes: Sequence[Note]
    choices: Mapping[str, Text]


def discussion_of(session: Session, case_id: int, actor: Actor, at: datetime) -> Discussion:
    """The discussion of a case, to the office and to judges who take part. That the notes were read is on record, by name.

    Raises NoSuchJudgement for everybody else.
    """
    held = stored.of_case(session, case_id)
    if not held or not (sees_all(actor) or any(takes_part(session, one, actor) for one in held)):
        raise NoSuchJudgement(_NOT_THERE)
    readable = [one for one in stored.notes(session, case_id) if sees_all(actor) or one.seen_by == "judges"]
    read = stored.readers(session, case_id)
    fresh = [one.id for one in readable if actor.id not in {person for person, _, _ in read.get(one.id, ())}]
    if fresh:
        stored.add_readers(session, fresh, actor.id, at)
        note(session, "reading.judgement", {"case": held[0].case.number, "notes": fresh}, actor, at, "")
        read = stored.readers(session, case_id)
    return Discussion(
        call_of_judgement(session, held[0]),
        [one for one in held if one.state in COUNTS],
        [
            Note(
                one.by.name,
                one.at,
                one.words,
                READERS[one.seen_by],
                [(name, when) for _, name, when in read.get(one.id, ())],
            )
            for one in readable
        ],
        _choices(actor),
    )


def _choices(actor: Actor) -> Mapping[str, Text]:
    if Role.AUDITOR in actor.roles and not actor.roles & {Role.DESK, Role.DIRECTOR, Role.JUDGE}:
        return {}
    return READERS if actor.roles & {Role.DESK, Role.DIRECTOR} else {"judges": READERS["judges"]}


def add_note(
    session: Session, case_id: int, words: str, seen_by: str, *, actor: Actor, at: datetime, op: str = ""
) -> Receipt:
    """Say something of a case to those who discuss it. Raises NoSuchJudgement, NotPermitted, WrongInvitation."""
    found = discussion_of(session, case_id, actor, at)
    if not found.choices:
        raise NotPermitted(Text("审计员只看，不写合议意见。", "The auditor reads and writes no notes."))
    if op and (known := trail.by_op(session, [f"{op}:judging.note"])):
        [event] = known.values()
        return Receipt(event.stream, event.seq, event.hash)
    if not words.strip() or seen_by not in found.choices:
        raise WrongInvitation(Text("请写明意见，并选择谁看得到。", "Write the note, and choose who reads it."))
    number = stored.add_note(session, case_id, seen_by, words.strip()[:_LONGEST], actor, at)
    data = {"note": number, "case": stored.of_case(session, case_id)[0].case.number, "seen_by": seen_by}
    return note(session, "judging.note", {**data, "words": words.strip()[:_LONGEST]}, actor, at, op)


# ---- masking by hand -------------------------------------------------------------------------------------------------


def add_mask(
    session: Session, case_id: int, words: str, kind: str, *, actor: Actor, at: datetime, op: str = ""
) -> Receipt:
    """Have words of a case masked, or shown as they tell nothing (`kind` "mask" or "keep").

    Raises NotPermitted, NoSuchJudgement, WrongInvitation where there are no words.
    """
    check_desk(actor)
    case = stored.case_sides(session, [case_id]).get(case_id)
    if case is None:
        raise NoSuchJudgement(_NOT_THERE)
    if kind not in (stored.MASK, stored.KEEP) or not words.strip():
        raise WrongInvitation(Text("请写明要遮盖的文字。", "Write the words to be masked."))
    stored.add_mask(session, case_id, kind, words.strip()[:300], actor, at)
    return note(
        session,
        "judging.mask",
        {"case": case.number, "words": words.strip()[:300], "kind": kind},
        actor,
        at,
        op,
    )


# ---- what the office sees --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CaseScore:
    """How one case stands in judging, for whoever decides.

    `asked`: judges that the call wants; `judges`: who hold it now; `scored`: whose scores count. `mean`: of these, by the
    call's weights; `calibrated`: the same after each judge's leniency; None where nobody has scored. `done`: as many scores
    are locked as the call wants.
    """

    case_id: int
    asked: int
    judges: int
    scored: int
    locked: int
    mean: float | None
    calibrated: float | None = None

    @property
    def done(self) -> bool:
        return self.locked >= self.asked


def standings(session: Session, call: Call) -> dict[int, CaseScore]:
    """How each case of a call stands that is being selected or was judged, by case."""
    asked = asked_by(call)
    of_case: dict[int, list[stored.Line]] = defaultdict(list)
    for line in stored.of_call(session, call.number):
        of_case[line.case_id].append(line)
    fitted = scoring.fit(
        [
            scoring.Given(case, one.judge_id, total)
            for case, lines in of_case.items()
            for one in lines
            if one.state in COUNTS and (total := weighted(one.scores, asked)) is not None
        ]
    )
    return {
        one.id: replace(_standing(one.id, of_case[one.id], asked), calibrated=fitted.cases.get(one.id))
        for one in stored.cases_of_call(session, call.number)
    }


def _standing(case: int, lines: Sequence[stored.Line], asked: Asked) -> CaseScore:
    totals = [total for one in lines if one.state in COUNTS and (total := weighted(one.scores, asked)) is not None]
    return CaseScore(
        case,
        asked.judges,
        sum(one.state in AT_WORK for one in lines),
        len(totals),
        sum(one.state == JudgementState.LOCKED for one in lines),
        sum(totals) / len(totals) if totals else None,
    )


def weighted(scores: Mapping[str, Any], asked: Asked) -> float | None:
    """A judge's points by the call's weights, on the call's scale; None where a criterion has none."""
    points = [scores.get(one.id, {}).get("points") for one in asked.criteria]
    if any(one is None for one in points):
        return None
    return float(sum(one.weight * given for one, given in zip(asked.criteria, points, strict=True)) / 100)


@dataclass(frozen=True)
class Row:
    """One case of the board with its judgements."""

    case: stored.ToJudge
    lines: Sequence[stored.Line]
    standing: CaseScore

    @property
    def selecting(self) -> bool:
        """Whether it is still being selected; what became otherwise is judged no more, and nothing of it is late or missing."""
        return self.case.state == CaseState.SUBMITTED


@dataclass(frozen=True)
class Load:
    """One judge with how much they hold, in which states, and how much of it is late."""

    judge: stored.JudgeSide
    by_state: Mapping[str, int]
    late: int

    @property
    def held(self) -> int:
        return sum(count for state, count in self.by_state.items() if state in AT_WORK)

    @property
    def open(self) -> int:
        """How many are not scored yet."""
        return sum(self.by_state.get(state, 0) for state in (JudgementState.INVITED, JudgementState.ACCEPTED))


@dataclass(frozen=True)
class Board:
    """All of a call's judging. `short`: cases with fewer judges than the call wants."""

    call: Call
    asked: Asked
    rows: Sequence[Row]
    loads: Sequence[Load]
    late: int = 0
    calls: Sequence[Call] = field(default=())

    @property
    def short(self) -> int:
        return sum(one.selecting and one.standing.judges < self.asked.judges for one in self.rows)


def is_late(line: stored.Line | Judgement, at: datetime) -> bool:
    """Whether it is not scored, and its last day is over."""
    open_ = line.state in (JudgementState.INVITED, JudgementState.ACCEPTED)
    return open_ and line.due_on is not None and line.due_on < at.astimezone(BEIJING).date()


def board(session: Session, actor: Actor, number: str, at: datetime) -> Board | None:
    """All of a call's judging; None where no call asks for any. Raises NoSuchJudgement, NoJudging."""
    check_office(actor)
    known = calls(session)
    if not known and not number:
        return None
    call = call_named(session, number)
    asked, lines = asked_by(call), stored.of_call(session, call.number)
    of_case: dict[int, list[stored.Line]] = defaultdict(list)
    of_judge: dict[int, list[stored.Line]] = defaultdict(list)
    for line in lines:
        of_case[line.case_id].append(line)
        of_judge[line.judge_id].append(line)
    rows = [
        Row(one, of_case[one.id], _standing(one.id, of_case[one.id], asked))
        for one in stored.cases_of_call(session, call.number)
    ]
    held = stored.judge_sides(session)
    held |= stored.judge_sides(session, [one for one in of_judge if one not in held]) if of_judge else {}
    late = Counter(one.judge_id for row in rows if row.selecting for one in row.lines if is_late(one, at))
    loads = [_load(one, of_judge[one.id], late[one.id]) for one in held.values()]
    return Board(call, asked, rows, loads, sum(late.values()), known)


def _load(judge: stored.JudgeSide, lines: Sequence[stored.Line], late: int) -> Load:
    by_state: dict[str, int] = defaultdict(int)
    for one in lines:
        by_state[one.state] += 1
    return Load(judge, by_state, late)


@dataclass(frozen=True)
class CaseView:
    """One case as the desk sees it while it is judged. `conflicts`: judge → why they must not judge it."""

    case: stored.CaseSide
    call: Call
    reading: blind.Reading
    judgements: Sequence[Judgement]
    standing: CaseScore
    judges: Sequence[stored.JudgeSide]
    conflicts: Mapping[int, frozenset[Conflict]]


def of_case(session: Session, case_id: int, seen_by: Actor) -> CaseView:
    """A case that is judged or could be. Raises NoSuchJudgement, NoJudging."""
    check_office(seen_by)
    case = stored.case_sides(session, [case_id]).get(case_id)
    if case is None:
        raise NoSuchJudgement(_NOT_THERE)
    call = call_of(session, case.call_version)
    asked = asked_by(call)
    held = stored.of_case(session, case_id)
    if case.state != CaseState.SUBMITTED and not held:
        raise NoSuchJudgement(_NOT_THERE)
    known = list(stored.judge_sides(session).values())
    lines = [one for one in stored.of_call(session, call.number) if one.case_id == case_id]
    return CaseView(
        case,
        call,
        blind.reading(case, call),
        held,
        _standing(case_id, lines, asked),
        known,
        {one.id: found for one in known if (found := conflicts.detected(case, one))},
    )


def findings(offers: Sequence[Offer]) -> list[Finding]:
    """What stands in the way of whatever can be tried, each once."""
    return list({one.rule: one for offer in offers for one in offer.obstacles}.values())
