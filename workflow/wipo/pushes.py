"""Pushes: a case on its way abroad, from the liaison's start to the receiver's acknowledgement, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from rules.call import Call
from rules.roles import Role
from rules.rule import Finding
from rules.words import Text
from states.case import CASE, CaseState
from states.lifecycle import Standing
from states.push import PUSH, PushState
from states.reach import SYSTEM, Actor
from workflow import cases, mailing
from workflow.audit import log
from workflow.engine import (
    Attempt,
    CannotServe,
    Engine,
    NoSuchThing,
    NoSuchTransition,
    NotPermitted,
    Offer,
    Outcome,
    Receipt,
    WrongInput,
)
from workflow.failpoints import reached
from workflow.failure import Failure
from workflow.identity import stand_ins
from workflow.interchange import delivery
from workflow.interchange import package as packing
from workflow.jobs.queue import enqueue
from workflow.store import editorial, living, trail
from workflow.store import facts as stored_facts
from workflow.store import jobs as stored_jobs
from workflow.store import pushes as stored
from workflow.store.calls import call_of
from workflow.store.database import Database
from workflow.store.files import Absent, Damaged, Files
from workflow.store.models import Case, Push
from workflow.wipo import workbench

ENGINE = Engine(PUSH)


class NoSuchPush(NoSuchThing):
    """Not there, or out of reach, which is the same (404)."""


class AlreadyOnItsWay(CannotServe):
    """A push of the case is queued or sent (409)."""


def start(
    session: Session,
    case_id: int,
    destination: str,
    *,
    actor: Actor,
    at: datetime,
    seen: str | None = None,
    op: str = "",
    remark: str = "",
) -> Attempt:
    """Queue a push of a published case. The case stays published until the receiver acknowledges.

    A guard that does not hold gives a refused attempt on the case's record. Raises NoSuchTransition, NotPermitted,
    Overtaken, AlreadyOnItsWay.
    """
    inputs = stored_facts.Inputs.of(actor, at, remark.strip())
    [row] = stored_facts.case_rows(session, [case_id], lock=True)
    again = _started(session, row, op, actor)
    if again is not None:
        return again
    cases.check_seen(session, row, seen)
    call = call_of(session, row.call_version_id)
    if call.push is None:
        raise NoSuchTransition(
            Text(f"《{call.title.zh}》不向国外推送案例。", f"“{call.title.en}” does not send cases abroad.")
        )
    [attempt] = cases.rehearse(session, [row], "push", actor=actor, inputs=inputs)
    cases.check_marked(attempt, seen)
    if not attempt.done:
        cases.write(session, [(row, attempt)], op=op)
        return attempt
    _check_alone(session, case_id)
    push_id, receipt = stored.insert_push(session, row, destination, actor, at, op)
    attempt.receipt = receipt
    _queue(session, "deliver_push", push_id, receipt)
    return attempt


def _check_alone(session: Session, case_id: int) -> None:
    """Raise AlreadyOnItsWay when a push of the case is queued or sent."""
    if stored.open_push(session, case_id) is not None:
        raise AlreadyOnItsWay(
            Text(
                "这个案例已经在推送途中，请等接收方确认，或先撤回。",
                "A push of this case is on its way; wait for the acknowledgement, or recall it.",
            )
        )


def _started(session: Session, row: Any, op: str, actor: Actor) -> Attempt | None:
    """What this form already came to: a refusal on the case's record, or a push that was queued."""
    if not op:
        return None
    refused = living.replayed(session, CASE, [row.stream], op, actor)
    if row.stream in refused:
        return refused[row.stream]
    event = trail.by_op(session, [f"{op}:create-push"]).get(f"{op}:create-push")
    chosen = CASE.named("push")
    if event is None or chosen is None:
        return None
    receipt = Receipt(event.stream, event.seq, event.hash)
    return Attempt(chosen, row.state, actor, Role.LIAISON, None, event.at, outcome=Outcome.DONE, receipt=receipt)


def _queue(session: Session, job: str, push_id: int, receipt: Receipt | None) -> None:
    """Queue work on a push, once for each place it can stand in."""
    enqueue(session, job, f"{job}/{push_id}/{receipt.seq if receipt else 0}", push_id)


def find(session: Session, push_id: int, seen_by: Actor) -> Push:
    """One push, to those who reach its case. Raises NoSuchPush."""
    push = stored.one(session, push_id)
    if push is not None:
        try:
            cases.find(session, push.case_id, seen_by)
        except cases.NoSuchCase:
            push = None
    if push is None:
        raise NoSuchPush(Text("没有这次推送，或者它不在您的职责范围内。", "There is no such push within your reach."))
    return push


def of_case(session: Session, case: Case) -> list[Push]:
    """A case's pushes, the newest first."""
    return stored.of_case(session, case.id)


def every(session: Session, seen_by: Actor) -> list[Push]:
    """All pushes, for those of the national office who look after them, and the auditor."""
    if not seen_by.roles & {Role.LIAISON, Role.DIRECTOR, Role.DESK, Role.AUDITOR, Role.SYSTEM}:
        return []
    return stored.many(session)


def offers(session: Session, push: Push, *, actor: Actor, at: datetime) -> list[Offer]:
    """What can be done with a push by a person; what the system does by itself is not offered."""
    row = stored_facts.push_row(session, push.id)
    call = call_of(session, push.case.call_version_id)
    # A person only asks for the recall; the receiver's confirmation comes later and is no obstacle to asking.
    facts = stored_facts.push_facts(call, stored_facts.Inputs.of(actor, at), recall_confirmed=True)
    made = ENGINE.offers(Standing(row.state), actor, facts)
    return [one for one in made if one.transition.by != (Role.SYSTEM,)]


def retry(session: Session, push_id: int, *, actor: Actor, at: datetime, op: str = "") -> Attempt:
    """Queue a failed or recalled push again, in this liaison's name from now on.

    Refused, on record, when the case can no longer be pushed. Raises NoSuchTransition, NotPermitted, AlreadyOnItsWay.
    """
    row = stored_facts.push_row(session, push_id, lock=True)
    again = _replayed(session, row, op, actor)
    if again is not None:
        return again
    attempt = _try(session, row, "retry", actor, at)
    _check_alone(session, row.case_id)
    _with_case(session, row, attempt, actor, at, op, move=False)
    also = {
        "note": "",
        "trouble": {},
        "acknowledgement": "",
        "recall_asked": "",
        "package": "",
        "started_by_id": actor.id,
        "absent_id": actor.absent_id,
    }
    _record(session, row, attempt, also, op)
    if attempt.done:
        _queue(session, "deliver_push", push_id, attempt.receipt)
    return attempt


def in_doubt(push: Any) -> bool:
    """Whether nobody can tell if the receiver holds it: it was sent, and what came back is no acknowledgement."""
    return push.state == PushState.SENT and bool(push.trouble) and not push.acknowledgement


def stayed_behind(push: Any) -> bool:
    """Whether the receiver has acknowledged it while its case could not follow, as when it was retracted meanwhile.

    Such a push is never sent again: it is recalled, or completed once the case can follow.
    """
    return push.state == PushState.SENT and bool(push.trouble) and bool(push.acknowledgement)


def resend(session: Session, push_id: int, *, actor: Actor, at: datetime, op: str = "") -> Attempt:
    """Queue a push in doubt again: the same bytes under the same idempotency key, which the receiver takes once.

    Refused, on record, when the case can no longer be pushed. Raises NoSuchTransition, NotPermitted.
    """
    row = stored_facts.push_row(session, push_id, lock=True)
    again = _replayed(session, row, op, actor)
    if again is not None:
        return again
    attempt = _try(session, row, "resend", actor, at)
    if not in_doubt(row) or row.recall_asked:
        raise ENGINE.no_way(row.state, "resend")
    _with_case(session, row, attempt, actor, at, op, move=False)
    # An empty note says that nothing has left since; the package stays, so that the same bytes leave.
    also = {"note": "", "trouble": {}, "started_by_id": actor.id, "absent_id": actor.absent_id}
    _record(session, row, attempt, also, op)
    if attempt.done:
        _queue(session, "deliver_push", push_id, attempt.receipt)
    return attempt


class NotAskable(CannotServe):
    """No program can ask this receiver what it holds, or nothing was sent there that is still open (409)."""


def can_be_asked(push: Any) -> bool:
    """Whether its receiver can be asked by a program if it holds the package."""
    open_still = push.state == PushState.SENT and not stayed_behind(push)
    return open_still and bool(push.package) and delivery.can_be_asked(push.destination)


def ask_receiver(session: Session, push_id: int, *, actor: Actor, at: datetime, op: str = "") -> Receipt:
    """Have the receiver asked whether it holds the package; only a certain yes acknowledges it.

    Raises NotPermitted, NotAskable.
    """
    row = stored_facts.push_row(session, push_id, lock=True)
    if Role.LIAISON not in actor.roles:
        raise NotPermitted(
            Text("向接收方查询由国际联络人办理，您没有这个职责。", "The liaison asks the receiver; you are none.")
        )
    op = f"{op}:ask-receiver" if op else ""
    earlier = trail.by_op(session, [op]).get(op) if op else None
    if earlier is not None:
        return Receipt(earlier.stream, earlier.seq, earlier.hash)
    if not can_be_asked(row):
        raise NotAskable(
            Text(
                "这次推送不能自动查询：邮箱请由人联系，没有送出的无从查询。",
                "No program can ask about this push: get in touch with a mailbox yourself; what was not sent is not there.",
            )
        )
    receipt = _noted(session, row, "push.ask_receiver", actor, at, {"package": row.package}, op)
    enqueue(session, "ask_receiver", f"ask_receiver/{push_id}/{receipt.seq}", push_id)
    return receipt


def _noted(session: Session, row: Any, action: str, actor: Actor, at: datetime, data: Any, op: str = "") -> Receipt:
    """Put on the record of a push what is no step of it."""
    [case] = stored_facts.case_rows(session, [row.case_id])
    [receipt] = trail.append(
        session,
        [
            trail.Entry(
                stream=f"{row.stream}/content",
                action=action,
                outcome="done",
                at=at,
                actor=actor,
                op=op or None,
                case_id=row.case_id,
                office_id=case.office_id,
                data=data,
            )
        ],
    )
    return receipt


def ask_recall(session: Session, push_id: int, reason: str, *, actor: Actor, at: datetime, op: str = "") -> Receipt:
    """Ask the receiver to withdraw a push; its confirmation completes the recall in this person's name.

    Raises NotPermitted, ReasonNeeded, NoSuchTransition.
    """
    row = stored_facts.push_row(session, push_id, lock=True)
    check_recalls(actor)
    earlier = trail.by_op(session, [f"{op}:ask-recall"]).get(f"{op}:ask-recall") if op else None
    if earlier is not None:
        return Receipt(earlier.stream, earlier.seq, earlier.hash)
    if PUSH.find(row.state, "recall") is None:
        raise ENGINE.no_way(row.state, "recall")
    if not reason.strip():
        raise ReasonNeeded(Text("请写明撤回的理由；接收方会看到。", "Write why it is recalled; the receiver reads it."))
    stored.change(session, push_id, recall_asked=reason.strip())
    once = f"{op}:ask-recall" if op else ""
    receipt = _noted(session, row, "push.ask_recall", actor, at, {"reason": reason.strip()}, once)
    enqueue(session, "recall_push", f"recall_push/{push_id}/{receipt.seq}", push_id, *actor.both)
    return receipt


def check_recalls(actor: Actor) -> None:
    """Raise NotPermitted for all but a liaison."""
    if Role.LIAISON not in actor.roles:
        raise NotPermitted(
            Text("撤回推送由国际联络人办理，您没有这个职责。", "The liaison recalls pushes; you are none.")
        )


class ReasonNeeded(WrongInput):
    """A step that needs its reason was tried without one (422)."""


def acknowledge(session: Session, push_id: int, words: str, *, actor: Actor, at: datetime, op: str = "") -> Attempt:
    """Record the receiver's acknowledgement and move the case, in one transaction or not at all.

    The case moves in the name of the liaison who records it, or of whoever started the push where the system does. Where
    the case cannot follow any more, both are refused, on record, and what the receiver said is kept: the push then
    stayed behind (`stayed_behind`). Raises NoSuchTransition, NotPermitted, ReasonNeeded.
    """
    row = stored_facts.push_row(session, push_id, lock=True)
    again = _replayed(session, row, op, actor)
    if again is not None:
        return again
    attempt = _try(session, row, "acknowledge", actor, at)
    if not words.strip():
        raise ReasonNeeded(
            Text(
                "请写明接收方是怎样确认的，如来函日期和编号。",
                "Write how the receiver acknowledged it, such as its letter.",
            )
        )
    why = _follow(session, row, attempt, actor, at, op)
    _record(session, row, attempt, {"acknowledgement": words.strip(), "trouble": {}}, op)
    if why is not None:
        _keep_receipt(session, row, words.strip(), why, actor, at)
    return attempt


def _follow(session: Session, row: Any, attempt: Attempt, actor: Actor, at: datetime, op: str) -> Text | None:
    """Have the case follow its push; gives why it cannot, and then the attempt on the push is refused."""
    try:
        liaison = actor if Role.LIAISON in actor.roles else _in_the_name_of(session, row.started_by_id, row.absent_id)
        _with_case(session, row, attempt, liaison, at, op, move=True)
    except NotPermitted as problem:  # nobody is left in whose name it moves
        attempt.outcome = Outcome.REFUSED
        return problem.message
    except NoSuchTransition:
        attempt.outcome = Outcome.REFUSED
        return _moved_on(session, row.case_id)
    return None if attempt.done else _together(attempt.findings)


def _moved_on(session: Session, case_id: int) -> Text:
    [case] = stored_facts.case_rows(session, [case_id])
    here, there = CaseState.of(case.state).label, CaseState.WIPO_PUSHED.label
    return Text(
        f"案例现在是“{here.zh}”，不能成为“{there.zh}”。",
        f"The case is “{here.en}” now, and cannot become “{there.en}”.",
    )


def _keep_receipt(session: Session, row: Any, words: str, why: Text, actor: Actor, at: datetime) -> None:
    """The receiver has it and the case stays where it is: on record, with why."""
    trouble = {"zh": why.zh, "en": why.en}
    stored.change(session, row.id, acknowledgement=words, trouble=trouble)
    _noted(session, row, "push.stay_behind", actor, at, {"words": words[:2000], **trouble})


def _with_case(
    session: Session, row: Any, attempt: Attempt, liaison: Actor, at: datetime, op: str, *, move: bool
) -> None:
    """See whether the case can be pushed, and push it where asked; if it cannot, the attempt on its push is refused."""
    case_rows = stored_facts.case_rows(session, [row.case_id], lock=True)
    [tried] = cases.rehearse(session, case_rows, "push", actor=liaison, inputs=stored_facts.Inputs.of(liaison, at))
    if not tried.done:
        attempt.outcome, attempt.findings = Outcome.REFUSED, (*attempt.findings, *tried.findings)
    if move or not tried.done:
        cases.write(session, [(case_rows[0], tried)], op=op)


def _in_the_name_of(session: Session, person_id: int, absent_id: int | None) -> Actor:
    """The liaison in whose name the system completes a step. Raises NotPermitted when it is no liaison any more."""
    actor = stand_ins.restored(session, person_id, absent_id)
    if actor is not None and Role.LIAISON in actor.roles:
        return actor
    person = stored.person(session, person_id)
    raise NotPermitted(
        Text(
            f"{person.name}已不是国际联络人，不能以其名义办结。请由现任国际联络人重新办理。",
            f"{person.name} is no liaison any more, so nothing is completed in that name. Another liaison must take it up.",
        )
    )


def _replayed(session: Session, row: Any, op: str, actor: Actor) -> Attempt | None:
    return living.replayed(session, PUSH, [row.stream], op, actor).get(row.stream)


def _try(
    session: Session, row: Any, trigger: str, actor: Actor, at: datetime, remark: str = "", *, confirmed: bool = False
) -> Attempt:
    """What a step of the push comes to, with nothing written."""
    [case] = stored_facts.case_rows(session, [row.case_id])
    call = call_of(session, case.call_version_id)
    facts = stored_facts.push_facts(call, stored_facts.Inputs.of(actor, at, remark), recall_confirmed=confirmed)
    return ENGINE.perform(Standing(row.state), trigger, actor, facts, at, remark)


def _record(session: Session, row: Any, attempt: Attempt, also: Mapping[str, Any], op: str = "") -> None:
    [case] = stored_facts.case_rows(session, [row.case_id])
    tried = living.Tried(row, attempt, dict(also) if attempt.done else {}, row.case_id, case.office_id)
    living.record(session, Push, PUSH, [tried], op)
    if attempt.done and attempt.transition.target in (PushState.ACKNOWLEDGED, PushState.RECALLED):
        stored_jobs.settle(session, row.stream, "deliver_push", "recall_push", "ask_receiver")


# ---- the work that outlives a request --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Post:
    """What the work needs: where rows and bytes lie, and how mail leaves."""

    database: Database
    files: Files
    mailer: mailing.Mailer
    access: delivery.Access = field(default_factory=lambda: delivery.NOBODY)


def deliver(post: Post, push_id: int, *, at: datetime) -> str:
    """Build, hand over, and record what the receiver said; safe to run again after a crash at any line.

    Nothing leaves that could not be pushed at this moment. That the package may have left is on record before it
    leaves. It is the same bytes each time and the receiver knows its key, so a second delivery changes nothing.
    Where nobody can tell whether it arrived, it counts as sent and is in doubt, which people settle.
    """
    with post.database.reading() as session:
        push = stored.one(session, push_id)
        if push is None or push.state not in _ON_ITS_WAY or in_doubt(push) or stayed_behind(push):
            return "nothing to deliver"
        key, destination, title = push.key, push.destination, push.case.title
        once, left, begun = _once(session, push), _perhaps_left(session, push), bool(push.package)
        cut_off = begun and bool(push.note) and push.state == PushState.QUEUED
        try:
            package = _package(session, post.files, push)
        except (Absent, Damaged) as problem:
            package, missing = b"", str(problem)
    if not package:
        said_so = f"{_NO_FILE.zh} {_NO_FILE.en} {missing}"
        return _not_delivered(post, push_id, _NO_FILE, at, said=said_so, left=left, perhaps=begun)
    reached("push.made")
    stuck = _prepare(post, push_id, post.files.put(package), at)
    reached("push.noted")
    if stuck:
        return _not_delivered(post, push_id, stuck, at, left=left, perhaps=begun)
    try:
        said = delivery.deliver(
            destination,
            key,
            package,
            once=once,
            mailer=post.mailer,
            subject=f"推送 Push: {title} ({key})",
            at=at,
            access=post.access,
            cut_off=cut_off,
        )
    except (delivery.NotDelivered, mailing.MailRefused) as problem:
        perhaps = problem.perhaps or begun
        return _not_delivered(post, push_id, problem.why, at, said=problem.said, left=left, perhaps=perhaps)
    reached("push.handed_over")
    with post.database.transaction() as session:
        row = stored_facts.push_row(session, push_id, lock=True)
        if row.state == PushState.QUEUED:
            _record(session, row, _try(session, row, "send", SYSTEM, at), {"note": said.words, "trouble": {}})
    reached("push.sent")
    if row.state not in _ON_ITS_WAY:
        # It was recalled while it was being handed over: the receiver holds it all the same, and is told again.
        return delivery.recall(
            destination, key, row.recall_asked, once=f"{once}.recall", mailer=post.mailer, at=at, access=post.access
        ).words
    return _acknowledged(post, push_id, said.words, at) if said.acknowledged else said.words


_LEAVING = "正在送出 being sent"
"""Note of a queued push from before its package leaves: where a later try finds it, an earlier one was cut off."""
_ON_ITS_WAY = (PushState.QUEUED, PushState.SENT)
_NO_FILE = Text(
    "案例的一个文件在文件库里缺失或已损坏，推送包做不出来。请管理员检查文件库。",
    "A file of the case is missing or damaged in the document store, so the package cannot be made; the administrator"
    " should look.",
)
_RECALLED = Text("推送已撤回，不再送出。", "The push was recalled and is not sent.")


def _once(session: Session, push: Push) -> str:
    """The key of one sending: the push's own, and numbered when it is sent again after a failure or a recall."""
    sendings = stored.sendings(session, push.stream)
    return push.key if sendings <= 1 else f"{push.key}.{sendings}"


def _perhaps_left(session: Session, push: Push) -> bool:
    """Whether the receiver may hold something: a package was about to leave, in this sending or an earlier one."""
    return bool(push.package) or stored.sendings(session, push.stream) > 1


def _prepare(post: Post, push_id: int, digest: str, at: datetime) -> Text | None:
    """Note that this package is about to leave; gives why it must not leave, None when it may."""
    with post.database.transaction() as session:
        row = stored_facts.push_row(session, push_id, lock=True)
        if row.state not in _ON_ITS_WAY:
            return _RECALLED
        stuck = _obstacles(session, row, at)
        if not stuck:
            stored.change(session, push_id, package=digest, note=_LEAVING)
    return stuck


def _obstacles(session: Session, row: Any, at: datetime) -> Text | None:
    """What keeps the case from being pushed now, on the case's record; None when nothing does."""
    case_rows = stored_facts.case_rows(session, [row.case_id], lock=True)
    try:
        liaison = _in_the_name_of(session, row.started_by_id, row.absent_id)
        inputs = stored_facts.Inputs.of(liaison, at)
        [tried] = cases.rehearse(session, case_rows, "push", actor=liaison, inputs=inputs)
    except CannotServe as problem:
        return problem.message
    if tried.done:
        return None
    cases.write(session, [(case_rows[0], tried)])
    return _together(tried.findings)


def _together(findings: Sequence[Finding]) -> Text:
    return Text("\n".join(one.message.zh for one in findings), "\n".join(one.message.en for one in findings))


def _acknowledged(post: Post, push_id: int, words: str, at: datetime) -> str:
    """The receiver acknowledged at once: complete the push, or keep that it did where the case cannot follow any more."""
    with post.database.transaction() as session:
        row = stored_facts.push_row(session, push_id, lock=True)
        if row.state == PushState.SENT and not stayed_behind(row):
            acknowledge(session, push_id, words, actor=SYSTEM, at=at)
    reached("push.acknowledged")
    return words


def deliver_waiting(post: Post, case_id: int, *, at: datetime) -> None:
    """Deliver a case's queued push now, instead of waiting for the worker."""
    with post.database.reading() as session:
        waiting = stored.open_push(session, case_id)
    if waiting is not None:
        deliver(post, waiting, at=at)


def _not_delivered(
    post: Post, push_id: int, why: Text, at: datetime, *, said: str = "", left: bool, perhaps: bool
) -> str:
    """The push has failed; or, where the receiver may hold it all the same (`perhaps`), is in doubt."""
    if not perhaps:
        return _fail(post, push_id, why, at, said=said, left=left)
    words = said.strip() or f"{why.zh} {why.en}"
    also = {"note": words, "trouble": {"zh": why.zh, "en": why.en}}
    with post.database.transaction() as session:
        row = stored_facts.push_row(session, push_id, lock=True)
        if row.state == PushState.QUEUED:
            remark = "\n".join(dict.fromkeys((f"{why.zh} {why.en}", words)))
            _record(session, row, _try(session, row, "send", SYSTEM, at, remark), also)
        elif row.state == PushState.SENT:
            stored.change(session, push_id, **also)
    return words


def ask(post: Post, push_id: int, *, at: datetime) -> str:
    """Ask the receiver of a push what it holds, and acknowledge the push where it certainly holds it; the answer is on record.

    Raises NotDelivered when it was not reached; then nothing changes but the note.
    """
    with post.database.reading() as session:
        push = stored.one(session, push_id)
        if push is None or not can_be_asked(push):
            return "nothing to ask"
        destination, key, digest = push.destination, push.key, push.package
    try:
        said = delivery.look(destination, key, digest, access=post.access)
    except delivery.NotDelivered as problem:
        why = {"zh": f"查询没有得到答复：{problem.why.zh}", "en": f"The question was not answered: {problem.why.en}"}
        _answered(post, push_id, problem.said, why, at)
        raise
    if said.acknowledged:
        return _acknowledged(post, push_id, said.words, at)
    _answered(post, push_id, said.words, _NO_PROOF, at)
    return said.words


_NO_PROOF = {
    "zh": "已向接收方查询，它的答复不能证明收到了这份推送包。",
    "en": "The receiver was asked, and its answer does not prove that it holds this package.",
}


def _answered(post: Post, push_id: int, words: str, trouble: dict[str, str], at: datetime) -> None:
    with post.database.transaction() as session:
        row = stored_facts.push_row(session, push_id, lock=True)
        if row.state == PushState.SENT:
            stored.change(session, push_id, note=words, trouble=trouble)
            _noted(session, row, "push.answer", SYSTEM, at, {"words": words[:2000], **trouble})


def _fail(post: Post, push_id: int, why: Text, at: datetime, *, said: str = "", left: bool = False) -> str:
    """The push failed. `said`: the other side's own words; `left`: it may hold the package all the same."""
    words = said.strip() or f"{why.zh} {why.en}"
    also = {"note": words, "trouble": {"zh": why.zh, "en": why.en}, **({} if left else {"package": ""})}
    with post.database.transaction() as session:
        row = stored_facts.push_row(session, push_id, lock=True)
        if row.state in _ON_ITS_WAY:
            remark = "\n".join(dict.fromkeys((f"{why.zh} {why.en}", words)))
            _record(session, row, _try(session, row, "fail", SYSTEM, at, remark), also)
    return words


def failed(database: Database, push_id: int) -> Failure | None:
    """Why a push has failed, is in doubt, or its case could not follow it; None where none of these."""
    with database.reading() as session:
        push = stored.one(session, push_id)
    if push is None or not (push.state == PushState.FAILED or in_doubt(push) or stayed_behind(push)):
        return None
    why = Text(push.trouble["zh"], push.trouble["en"]) if push.trouble else Text(push.note, push.note)
    return Failure("push_failed", why, push.note, lasting=True)


def recall(post: Post, push_id: int, asked_by: int, absent_id: int = 0, *, at: datetime) -> str:
    """Have the receiver withdraw a push and, once it confirms, take push and case back in one transaction.

    Raises NotDelivered or MailRefused when the receiver was not reached, NotPermitted when whoever asked is no liaison
    any more; then nothing changes but the note.
    """
    with post.database.reading() as session:
        push = stored.one(session, push_id)
        if push is None or push.state == PushState.RECALLED or not push.recall_asked:
            return "nothing to recall"
        key, destination, reason = push.key, push.destination, push.recall_asked
        left = _perhaps_left(session, push)
        once = f"{_once(session, push)}.recall"
    if left:
        try:
            said = delivery.recall(destination, key, reason, once=once, mailer=post.mailer, at=at, access=post.access)
        except (delivery.NotDelivered, mailing.MailRefused) as problem:
            with post.database.transaction() as session:
                why = {"zh": f"撤回未成功：{problem.why.zh}", "en": f"Not recalled: {problem.why.en}"}
                stored.change(session, push_id, note=f"撤回未成功：{problem}", trouble=why)
            raise
    else:
        said = delivery.Delivered("尚未送出，直接撤回", True)
    reached("recall.handed_over")
    if said.acknowledged:
        with post.database.transaction() as session:
            confirm_recall(session, push_id, said.words, _in_the_name_of(session, asked_by, absent_id), at=at)
    return said.words


def confirm_recall(session: Session, push_id: int, words: str, actor: Actor, *, at: datetime) -> Attempt | None:
    """The receiver confirmed: push and case go back together, in the name of the liaison. None when it was done before.

    Raises NoSuchTransition, NotPermitted, ReasonNeeded when nobody has asked for a recall.
    """
    check_recalls(actor)
    row = stored_facts.push_row(session, push_id, lock=True)
    if row.state == PushState.RECALLED:
        return None
    if not row.recall_asked:
        raise ReasonNeeded(
            Text(
                "还没有人提出撤回。请先写明理由提出撤回。",
                "Nobody has asked for a recall yet; ask for it first, with a reason.",
            )
        )
    attempt = _try(session, row, "recall", actor, at, row.recall_asked, confirmed=True)
    _record(session, row, attempt, {"note": words, "trouble": {}, "package": ""})
    if row.state == PushState.ACKNOWLEDGED:  # only this push took the case abroad
        _take_case_back(session, row, actor, at)
    return attempt


def _take_case_back(session: Session, row: Any, actor: Actor, at: datetime) -> None:
    inputs = stored_facts.Inputs.of(actor, at, row.recall_asked)
    [case] = stored_facts.case_rows(session, [row.case_id], lock=True)
    [facts] = stored_facts.case_facts(session, [case], inputs)
    standing = Standing(case.state, centre=case.centre_id, office=case.office_id)
    confirmed = replace(facts, recall_confirmed=True)
    attempt = cases.engine_of(facts.call).perform(standing, "recall_push", actor, confirmed, at, row.recall_asked)
    cases.write(session, [(case, attempt)])


def _package(session: Session, files: Files, push: Push) -> bytes:
    """What leaves: made once for each sending, as the proof from the trail grows with it."""
    if push.package:
        return files.get(push.package)
    case = push.case
    return packing.build(call_of(session, case.call_version_id), published(session, files, case), push.key)


def published(session: Session, files: Files, case: Case) -> packing.Published:
    """A case with all that goes abroad of it. Raises Absent, Damaged."""
    english, facing = editorial.english(session, case.id), workbench.abroad(session, case)
    paired = [packing.Paired(section, zh, en) for section, zh, en in facing.paragraphs]
    return packing.Published(
        number=case.number,
        centre=case.centre.name,
        host_unit=case.centre.host_unit,
        region=case.office.region,
        content=stored_facts.content_of(case),
        english=packing.English(english.title, english.summary, english.text, paired)
        if english
        else packing.English("", "", ""),
        effect=case.effect,
        pictures=tuple(
            packing.Picture(
                one.name,
                one.media_type,
                one.caption,
                files.get(one.digest),
                facing.captions.get(one.caption.strip(), ""),
                one.rights,
            )
            for one in stored.pictures(session, case.id)
        ),
        consent=case.consent_abroad,
        proof=log.receipt(session, case.stream, case.version, case.head),
    )


def masked(session: Session, files: Files, case: Case) -> Sequence[packing.Removed]:
    """What is personal in a case and will be masked in its package, line by line. Raises Absent, Damaged."""
    return packing.without_personal(published(session, files, case))[1]


def place_of(call: Call, where: str) -> Text:
    """What people call a place in which something personal stood."""
    return packing.place(call, where)
