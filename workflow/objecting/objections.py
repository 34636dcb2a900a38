"""异议: to a list in public, received on its page or entered by the desk, looked into, and answered with reasons.

What comes once the case is published is a complaint: it holds nothing up and leads at most to a retraction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from rules.call import BEIJING, Call, DayKind, PublicNotice, RuleInForce, Window, midnight
from rules.facts import ObjectionFacts
from rules.objections import evidence_is_attached, objection_in_time, objection_is_sealed, objector_is_known
from rules.roles import Role
from rules.rule import Finding
from rules.words import Text
from states.case import CaseState
from states.lifecycle import Standing, State, Transition
from states.objection import OBJECTION, OPEN, ObjectionState
from states.reach import Actor
from workflow import cases
from workflow.audit import search
from workflow.engine import Attempt, Engine, NoSuchThing, NotPermitted, Offer, Receipt, TooOften, WrongInput
from workflow.objecting import objection_mail, objection_standing, public_notices
from workflow.objecting.objection_words import Consequence, Kind, Way, letter
from workflow.store import archive, living, trail
from workflow.store import objections as stored
from workflow.store.calls import call_of
from workflow.store.models import Objection, ObjectionFile
from workflow.store.papers import Kept

__all__ = ["Consequence", "Kind", "Way", "letter"]

ENGINE = Engine(OBJECTION)
OBJECTOR = Actor(0, "异议人")
"""Whoever objects on the page of a list; the trail keeps their name apart."""
LONGEST = 5000
MOST_FILES = 5
_PUBLISHED = (CaseState.PUBLISHED, CaseState.WIPO_PUSHED, CaseState.RETRACTED)
_READERS = frozenset({Role.DESK, Role.DIRECTOR, Role.AUDITOR})
_NEWEST = 500


class NoSuchObjection(NoSuchThing):
    """Not there, or not for this person, which is the same (404)."""


class WrongObjection(WrongInput):
    """What was sent is no objection that can be received (422)."""


class TooMany(TooOften):
    """Several from one address in a short while (429)."""


@dataclass(frozen=True)
class Said:
    """What an objection says. `by_unit`: in the name of a unit, which then seals it."""

    name: str
    unit: str
    contact: str
    grounds: str
    by_unit: bool = False


# ---- received --------------------------------------------------------------------------------------------------------


def receive(
    session: Session,
    notice: int,
    case_id: int,
    said: Said,
    files: Sequence[tuple[str, Kept]] = (),
    *,
    at: datetime,
    actor: Actor = OBJECTOR,
    how: Way = Way.PAGE,
    received_at: datetime | None = None,
    arrival: int | None = None,
    op: str = "",
) -> tuple[int, Receipt]:
    """Take an objection in, whatever it lacks: what that means is decided, and answered, by the desk.

    `actor`: the desk for what came by mail or on paper, with the moment at which it had come; `arrival`: the mail in the
    ledger. Raises NoSuchNotice, NotPermitted, WrongObjection, CallBarred.
    """
    if actor is not OBJECTOR and Role.DESK not in actor.roles:
        raise NotPermitted(
            Text("来信来件的异议由国家局受理人登记。", "What came by mail is entered by the national desk.")
        )
    shown = public_notices.find(session, notice)
    if op and (known := trail.by_op(session, [f"{op}:objection"]).get(f"{op}:objection")):
        return int(known.stream.partition("/")[2]), Receipt(known.stream, known.seq, known.hash)
    check_taken(session, shown)
    line = _line(shown, case_id)
    _check(said, files)
    moment = min(received_at or at, at)
    if moment.astimezone(BEIJING).date() == shown.notice.put_up_at.astimezone(BEIJING).date():
        moment = max(moment, shown.notice.put_up_at)  # of paper only the day is known
    complaint = line.case.state in _PUBLISHED
    kind = Kind.COMPLAINT if complaint else Kind.OBJECTION
    data = {
        "case": line.case.number,
        "notice": notice,
        "kind": str(kind),
        "how": str(how),
        "by_unit": said.by_unit,
        "received_at": moment.isoformat(),
        "files": [{"slot": slot, "sha256": kept.digest} for slot, kept in files],
        **({"arrival": arrival} if arrival else {}),
    }
    made, receipt = stored.receive(
        session,
        files,
        data,
        actor=actor,
        at=at,
        op=op,
        notice_id=notice,
        case_id=case_id,
        kind=str(kind),
        how=str(how),
        by_unit=said.by_unit,
        name=said.name.strip(),
        unit=said.unit.strip(),
        contact=said.contact.strip(),
        grounds=said.grounds.strip(),
        received_at=moment,
        due_on=due_on(shown.call, moment),
        entered_by_id=actor.id or None,
        code=objection_standing.new_code(),
        arrival_id=arrival,
    )
    objection_mail.follow(session, made, receipt.seq, "objection.create")
    return made, receipt


def check_taken(session: Session, shown: public_notices.Shown) -> None:
    """Raise CallBarred where nothing is received any more, because the call of a list is archived."""
    archive.check_calls(session, {shown.call.number})


def _line(shown: public_notices.Shown, case_id: int) -> Any:
    line = next((one for one in shown.lines if one.case_id == case_id and one.void_at is None), None)
    asked = shown.call.public_notice
    if line is None or asked is None or not asked.objections or shown.notice.taken_down_at is not None:
        raise WrongObjection(
            Text(
                "没有收到：请在名单中选择一个案例。它可能已移出名单，或这份公示不接受异议。",
                "Nothing was received: choose a case of the list. It may have left it, or the list takes no objections.",
            )
        )
    return line


def _check(said: Said, files: Sequence[tuple[str, Kept]]) -> None:
    if not said.grounds.strip():
        raise WrongObjection(Text("请写明异议的理由。", "Write the reasons for the objection."))
    if len(said.grounds) > LONGEST or max(map(len, (said.name, said.unit, said.contact))) > 120:
        raise WrongObjection(
            Text(
                f"理由最多 {LONGEST} 字，姓名、单位和联系方式各最多 120 字。",
                f"Reasons have {LONGEST} characters at most, the other fields 120.",
            )
        )
    if len(files) > MOST_FILES:
        raise WrongObjection(Text(f"最多附 {MOST_FILES} 个文件。", f"At most {MOST_FILES} files."))


def due_on(call: Call, received_at: datetime) -> date | None:
    """The last day for the answer; None where the call sets none, or the holidays of a year in it are not known."""
    asked = call.public_notice
    if asked is None or asked.answer_days is None:
        return None
    try:
        return public_notices.last_day(
            replace(asked, days=asked.answer_days, counted=asked.answer_counted), received_at
        )
    except public_notices.WrongNotice:  # sooner than owed, rather than later
        return public_notices.last_day(PublicNotice(asked.answer_days, DayKind.CALENDAR), received_at)


WAIT = Text(
    "这台电脑刚刚提交过几件异议。请一刻钟之后再提交，或按公示所写的方式寄送。",
    "This computer has just sent several objections. Send more after a quarter of an hour, or by mail.",
)

DEMANDS = (objector_is_known, objection_is_sealed, evidence_is_attached, objection_in_time)
"""What a call may ask of an objection."""


def demands(call: Call) -> list[tuple[Text, RuleInForce]]:
    """What this call asks of an objection, in words, each with its clause."""
    named = {
        "objector_is_known": Text(
            "署真实姓名或单位名称，并留联系方式", "your real name or your unit's, and how to reach you"
        ),
        "objection_is_sealed": Text("以单位名义提出的，加盖公章", "the seal, where a unit objects"),
        "evidence_is_attached": Text("附证明材料", "evidence"),
        "objection_in_time": Text("在公示期内提出", "within the time of the notice"),
    }
    return [(named[one.id], call.rules[one.id]) for one in DEMANDS if one.id in call.rules]


def state_of(value: str) -> State:
    """The state of that value, for its words."""
    return OBJECTION.state(value)


def enters(actor: Actor) -> bool:
    """Whether this person enters what came by mail or on paper."""
    return Role.DESK in actor.roles


def history(session: Session, one: Objection) -> list[search.Entry]:
    """What happened to it, the newest first; for whoever reads it."""
    later = [each for each in search.of_stream(session, f"{one.stream}/files") if each.action == "objection.complete"]
    return sorted([*search.of_stream(session, one.stream), *later], key=lambda each: each.uid, reverse=True)


# ---- looked into -----------------------------------------------------------------------------------------------------


def reads(actor: Actor) -> bool:
    """Whether this person reads objections."""
    return bool(actor.roles & _READERS)


def check_reads(actor: Actor) -> None:
    """Raise NoSuchObjection for all but the desk, the director and the auditor."""
    if not reads(actor):
        raise NoSuchObjection(Text("没有这件异议，或者它不在您的职责范围内。", "There is no such objection for you."))


def every(session: Session, actor: Actor) -> list[Objection]:
    """Those not answered first. Raises NoSuchObjection."""
    check_reads(actor)
    return stored.many(session, _NEWEST)


def find(session: Session, number: int, actor: Actor) -> Objection:
    """One objection. Raises NoSuchObjection."""
    check_reads(actor)
    found = stored.one(session, number)
    if found is None:
        raise NoSuchObjection(
            Text("没有这件异议。请从“异议”进入。", "There is no such objection; start from the list.")
        )
    return found


def overdue(one: Objection, at: datetime) -> bool:
    """Whether its answer is late."""
    return one.state in OPEN and one.due_on is not None and at.astimezone(BEIJING).date() > one.due_on


def call_under(session: Session, one: Objection) -> Call:
    return call_of(session, one.notice.call_version_id)


def offers(session: Session, one: Objection, *, actor: Actor, at: datetime) -> list[Offer]:
    """What can be done with it, each with what stands in its way."""
    made = ENGINE.offers(Standing(one.state), actor, _facts(session, one, actor, at, ""))
    return [
        replace(each, findings=(*each.findings, *_apart(session, one, each.transition, actor, at))) for each in made
    ]


def _apart(session: Session, one: Objection, step: Transition, actor: Actor, at: datetime) -> tuple[Finding, ...]:
    """Why somebody else takes this step: the case is of their own centre or office, or they selected it themselves
    (docs/decisions.md 12)."""
    named = "answer_objection" if Role.DIRECTOR in step.by else "look_into_objection"
    found = cases.not_by(session, one.case_id, named, actor=actor, at=at)
    return (found,) if found else ()


def why_not_accepted(offered: Sequence[Offer], call: Call) -> str:
    """The reason, as the call has it, for not accepting what lacks something, to begin the answer with; else nothing."""
    missing = [finding for one in offered if one.transition.name == "accept" for finding in one.obstacles]
    named = [(finding.message.zh, call.rules[finding.rule].clause) for finding in missing if finding.rule in call.rules]
    return "".join(f"{words}（通知{clause}）" for words, clause in named)


def consequences(one: Objection) -> tuple[Consequence, ...]:
    """What may come of it for the case, once it is upheld."""
    return (Consequence.RETRACT if one.kind == Kind.COMPLAINT else Consequence.TAKE_OFF, Consequence.STANDS)


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
    consequence: str = "",
    reasons: dict[str, str] | None = None,
    hold: timedelta = timedelta(0),
) -> Attempt:
    """Try one step; what a rule refuses is recorded as refused. `consequence`: of upholding, what it means for the case.
    `hold`: how long the mail of an answer waits before it leaves.

    Raises NoSuchObjection, NotPermitted (also for whoever is of the case's own centre or office), NoSuchTransition,
    WrongObjection, Overtaken.
    """
    one = find(session, number, actor)
    row = stored.row(session, number, lock=True)
    again = living.replayed(session, OBJECTION, [row.stream], op, actor).get(row.stream)
    if again is not None:
        return again
    remark = remark.strip()[:LONGEST]
    facts = _facts(session, one, actor, at, remark, reasons)
    attempt = ENGINE.perform(Standing(row.state), trigger, actor, facts, at, remark)
    for apart in _apart(session, one, attempt.transition, actor, at):
        raise NotPermitted(apart.message)
    if seen is not None and seen != f"{row.version}.1":
        raise living.Overtaken(living.FASTER)
    upheld = attempt.transition.target == ObjectionState.UPHELD
    if upheld and consequence not in {str(each) for each in consequences(one)}:
        raise WrongObjection(Text("请选择异议成立对案例意味着什么。", "Choose what upholding it means for the case."))
    also = {"answer": remark, "consequence": consequence if upheld else ""} if attempt.done else {}
    living.record(session, Objection, OBJECTION, [living.Tried(row, attempt, also)], op)
    if attempt.done and attempt.receipt is not None:
        objection_mail.follow(session, number, attempt.receipt.seq, f"objection.{trigger}", hold=hold)
    return attempt


def may_complete(one: Objection, actor: Actor) -> bool:
    """Whether this person may put to it what came later: the desk, until it is answered."""
    return enters(actor) and one.state in OPEN


def complete(
    session: Session,
    number: int,
    who: Said,
    files: Sequence[tuple[str, Kept]],
    *,
    actor: Actor,
    at: datetime,
    op: str = "",
) -> Receipt:
    """Put to an objection who made it and what evidence came later; what was said and brought before stays on record.

    `who`: its grounds are nothing here. Raises NoSuchObjection, NotPermitted, WrongObjection.
    """
    one = find(session, number, actor)
    key = f"{op}:objection.complete"
    if op and (known := trail.by_op(session, [key]).get(key)):
        return Receipt(known.stream, known.seq, known.hash)
    if not enters(actor):
        raise NotPermitted(Text("异议材料由国家局受理人补充。", "What came later is entered by the national desk."))
    stored.row(session, number, lock=True)
    one = find(session, number, actor)
    if one.state not in OPEN:
        raise WrongObjection(
            Text(
                "异议已经办结，不能再补充。请先重新考虑或重新核查。",
                "It is answered; reconsider it or inquire again first.",
            )
        )
    given = {"name": who.name.strip(), "unit": who.unit.strip(), "contact": who.contact.strip()}
    changed: dict[str, Any] = {key: words for key, words in given.items() if words and words != getattr(one, key)}
    if who.by_unit != one.by_unit:
        changed["by_unit"] = who.by_unit
    if not changed and not files:
        raise WrongObjection(Text("没有填写或选择新的内容。", "Nothing new was written or chosen."))
    _check(Said(who.name, who.unit, who.contact, one.grounds), files)
    data = {
        "changed": sorted(changed),
        "by_unit": who.by_unit,
        "files": [{"slot": slot, "sha256": kept.digest} for slot, kept in files],
    }
    return stored.complete(session, one, files, changed, data, actor=actor, at=at, op=op)


def _facts(
    session: Session, one: Objection, actor: Actor, at: datetime, remark: str, reasons: dict[str, str] | None = None
) -> ObjectionFacts:
    notice = one.notice
    slots = [each.slot for each in one.files]
    return ObjectionFacts(
        call=call_under(session, one),
        at=at,
        notice=Window(notice.put_up_at, midnight(notice.last_day + timedelta(days=1))),
        received_at=one.received_at,
        known=bool((one.unit if one.by_unit else one.name) and one.contact),
        by_unit=one.by_unit,
        sealed="seal" in slots,
        evidence=slots.count("evidence"),
        complaint=one.kind == Kind.COMPLAINT,
        actor=actor.id,
        remark=remark,
        reasons=reasons or {},
    )


def open_file(session: Session, number: int, file_id: int, *, actor: Actor, at: datetime) -> ObjectionFile:
    """One file of an objection; that it was opened goes on record. Raises NoSuchObjection."""
    one = find(session, number, actor)
    found = stored.file(session, number, file_id)
    if found is None:
        raise NoSuchObjection(Text("这件异议没有这个文件。", "The objection has no such file."))
    data = {"slot": found.slot, "sha256": found.digest}  # its name may be the objector's
    entry = trail.Entry(f"{one.stream}/files", "objection.open_file", "done", at, actor, data)
    trail.append(session, [entry])
    return found
