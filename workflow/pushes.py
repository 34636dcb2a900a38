"""Pushes: a case on its way abroad, from the liaison's start to the receiver's acknowledgement, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from rules.roles import Role
from rules.words import Text
from states.case import CASE, CaseState
from states.lifecycle import Standing
from states.push import PUSH, PushState
from states.reach import SYSTEM, Actor
from workflow import cases, jobs, people
from workflow.engine import Attempt, CannotServe, Engine, NoSuchTransition, NotPermitted, Offer, Outcome, Receipt
from workflow.interchange import delivery
from workflow.interchange.package import English, Picture, Published, build
from workflow.mailing import Mailer, MailRefused
from workflow.store import editorial, living, trail
from workflow.store import facts as stored_facts
from workflow.store import pushes as stored
from workflow.store.calls import call_of
from workflow.store.database import Database
from workflow.store.files import Files
from workflow.store.models import Case, Push

ENGINE = Engine(PUSH)


class NoSuchPush(CannotServe):
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
    inputs = stored_facts.Inputs(actor.id, at, remark.strip())
    [row] = stored_facts.case_rows(session, [case_id], lock=True)
    again = _started(session, row, op, actor)
    if again is not None:
        return again
    cases.check_seen(session, row, seen)
    call = call_of(session, row.call_version_id)
    if not call.push.enabled:
        raise NoSuchTransition(
            Text(f"《{call.title.zh}》不向国外推送案例。", f"“{call.title.en}” does not send cases abroad.")
        )
    [attempt] = cases.rehearse(session, [row], "push", actor=actor, inputs=inputs)
    if not attempt.done:
        cases.write(session, [(row, attempt)], op=op)
        return attempt
    if stored.open_push(session, case_id) is not None:
        raise AlreadyOnItsWay(
            Text(
                "这个案例已经在推送途中，请等接收方确认，或先撤回。",
                "A push of this case is on its way; wait for the acknowledgement, or recall it.",
            )
        )
    push_id, receipt = stored.insert_push(session, row, destination, actor, at, op)
    attempt.receipt = receipt
    _queue(session, "deliver_push", push_id, receipt)
    return attempt


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
    jobs.enqueue(session, job, f"{job}/{push_id}/{receipt.seq if receipt else 0}", push_id)


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
    facts = stored_facts.push_facts(call, stored_facts.Inputs(actor.id, at), recall_confirmed=True)
    made = ENGINE.offers(Standing(row.state), actor, facts)
    return [one for one in made if one.transition.by != (Role.SYSTEM,)]


def retry(session: Session, push_id: int, *, actor: Actor, at: datetime, op: str = "") -> Attempt:
    """Queue a failed or recalled push again."""
    row = stored_facts.push_row(session, push_id, lock=True)
    attempt = _perform(session, row, "retry", actor, at, op=op, also={"note": "", "recall_asked": ""})
    if attempt.done:
        _queue(session, "deliver_push", push_id, attempt.receipt)
    return attempt


def ask_recall(session: Session, push_id: int, reason: str, *, actor: Actor, at: datetime, op: str = "") -> Receipt:
    """Ask the receiver to withdraw a push; its confirmation completes the recall in this person's name.

    Raises NotPermitted, ReasonNeeded, NoSuchTransition.
    """
    row = stored_facts.push_row(session, push_id, lock=True)
    chosen = PUSH.find(row.state, "recall")
    if chosen is None:
        raise ENGINE.no_way(row.state, "recall")
    if Role.LIAISON not in actor.roles:
        raise NotPermitted(
            Text("撤回推送由国际联络人办理，您没有这个职责。", "The liaison recalls pushes; you are none.")
        )
    if not reason.strip():
        raise ReasonNeeded(Text("请写明撤回的理由；接收方会看到。", "Write why it is recalled; the receiver reads it."))
    earlier = trail.by_op(session, [f"{op}:ask-recall"]).get(f"{op}:ask-recall") if op else None
    if earlier is not None:
        return Receipt(earlier.stream, earlier.seq, earlier.hash)
    stored.change(session, push_id, recall_asked=reason.strip())
    [receipt] = trail.append(
        session,
        [
            trail.Entry(
                stream=f"{row.stream}/content",
                action="push.ask_recall",
                outcome="done",
                at=at,
                actor=actor,
                op=f"{op}:ask-recall" if op else None,
                case_id=row.case_id,
                data={"reason": reason.strip()},
            )
        ],
    )
    jobs.enqueue(session, "recall_push", f"recall_push/{push_id}/{receipt.seq}", push_id, actor.id)
    return receipt


class ReasonNeeded(CannotServe):
    """A step that needs its reason was tried without one (422)."""


def acknowledge(session: Session, push_id: int, words: str, *, actor: Actor, at: datetime, op: str = "") -> Attempt:
    """Record the receiver's acknowledgement and, in the liaison's name, move the case: one transaction."""
    row = stored_facts.push_row(session, push_id, lock=True)
    attempt = _perform(session, row, "acknowledge", actor, at, op=op, also={"acknowledgement": words})
    if attempt.done:
        [moved] = _move_case(session, row.case_id, "push", row.started_by_id, at)
        if not moved.done:
            raise CaseNotReady(moved)
    return attempt


class CaseNotReady(Exception):
    """The case can no longer be pushed, though the receiver has it: the delivery must be recalled."""

    def __init__(self, attempt: Attempt) -> None:
        super().__init__("; ".join(one.message.zh for one in attempt.findings))
        self.attempt = attempt


def _move_case(
    session: Session, case_id: int, trigger: str, person_id: int, at: datetime, **extra: Any
) -> list[Attempt]:
    actor = people.actor_of(stored.person(session, person_id))
    inputs = stored_facts.Inputs(actor.id, at, extra.get("remark", ""))
    rows = stored_facts.case_rows(session, [case_id], lock=True)
    if extra.get("recall_confirmed"):
        facts = [replace(one, recall_confirmed=True) for one in stored_facts.case_facts(session, rows, inputs)]
        tried = [
            cases.ENGINE.perform(
                Standing(row.state, centre=row.centre_id, office=row.office_id), trigger, actor, one, at, inputs.remark
            )
            for row, one in zip(rows, facts, strict=True)
        ]
    else:
        tried = cases.rehearse(session, rows, trigger, actor=actor, inputs=inputs)
    cases.write(session, list(zip(rows, tried, strict=True)))
    return tried


def _perform(
    session: Session,
    row: Any,
    trigger: str,
    actor: Actor,
    at: datetime,
    *,
    remark: str = "",
    confirmed: bool = False,
    op: str = "",
    also: Mapping[str, Any] | None = None,
) -> Attempt:
    already = living.replayed(session, PUSH, [row.stream], op, actor)
    if row.stream in already:
        return already[row.stream]
    [case] = stored_facts.case_rows(session, [row.case_id])
    call = call_of(session, case.call_version_id)
    facts = stored_facts.push_facts(call, stored_facts.Inputs(actor.id, at, remark), recall_confirmed=confirmed)
    attempt = ENGINE.perform(Standing(row.state), trigger, actor, facts, at, remark)
    tried = living.Tried(row, attempt, dict(also or {}) if attempt.done else {}, row.case_id, case.office_id)
    living.record(session, Push, PUSH, [tried], op)
    return attempt


# ---- the work that outlives a request --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Post:
    """What the work needs: where rows and bytes lie, and how mail leaves."""

    database: Database
    files: Files
    mailer: Mailer


def deliver(post: Post, push_id: int, *, at: datetime) -> str:
    """Build, hand over, and record what the receiver said; safe to run again after a crash at any line.

    The package is the same bytes each time and the receiver knows its key, so a second delivery changes nothing.
    """
    with post.database.reading() as session:
        push = stored.one(session, push_id)
        if push is None or push.state not in (PushState.QUEUED, PushState.SENT):
            return "nothing to deliver"
        key, destination, title = push.key, push.destination, push.case.title
        package = _package(session, post.files, push)
    digest = post.files.put(package)
    try:
        said = delivery.deliver(
            destination, key, package, mailer=post.mailer, subject=f"推送 Push: {title} ({key})", at=at
        )
    except (delivery.NotDelivered, MailRefused) as problem:
        return _fail(post, push_id, str(problem), at)
    with post.database.transaction() as session:
        row = stored_facts.push_row(session, push_id, lock=True)
        if row.state == PushState.QUEUED:
            _perform(session, row, "send", SYSTEM, at, also={"package": digest, "note": said.words})
    if not said.acknowledged:
        return said.words
    try:
        with post.database.transaction() as session:
            if stored_facts.push_row(session, push_id).state == PushState.SENT:
                acknowledge(session, push_id, said.words, actor=SYSTEM, at=at)
    except (CaseNotReady, CannotServe) as problem:
        return _fail(post, push_id, str(problem), at)
    return said.words


def deliver_waiting(post: Post, case_id: int, *, at: datetime) -> None:
    """Deliver a case's queued push now, instead of waiting for the worker."""
    with post.database.reading() as session:
        waiting = stored.open_push(session, case_id)
    if waiting is not None:
        deliver(post, waiting, at=at)


def _fail(post: Post, push_id: int, words: str, at: datetime) -> str:
    with post.database.transaction() as session:
        row = stored_facts.push_row(session, push_id, lock=True)
        if row.state in (PushState.QUEUED, PushState.SENT):
            _perform(session, row, "fail", SYSTEM, at, remark=words, also={"note": words})
    return words


def recall(post: Post, push_id: int, asked_by: int, *, at: datetime) -> str:
    """Have the receiver withdraw a push and, once it confirms, take push and case back in one transaction."""
    with post.database.reading() as session:
        push = stored.one(session, push_id)
        if push is None or push.state == PushState.RECALLED or not push.recall_asked:
            return "nothing to recall"
        never_left = push.state in (PushState.QUEUED, PushState.FAILED) and not push.package
        key, destination, reason = push.key, push.destination, push.recall_asked
    if never_left:
        said = delivery.Delivered("尚未送出，直接撤回", True)
    else:
        try:
            said = delivery.recall(destination, key, reason, mailer=post.mailer, at=at)
        except (delivery.NotDelivered, MailRefused) as problem:
            with post.database.transaction() as session:
                stored.change(session, push_id, note=f"撤回未成功：{problem}")
            raise
    if said.acknowledged:
        with post.database.transaction() as session:
            confirm_recall(session, push_id, said.words, asked_by, at=at)
    return said.words


def confirm_recall(session: Session, push_id: int, words: str, asked_by: int, *, at: datetime) -> None:
    """The receiver confirmed: push and case go back together, in the name of whoever asked."""
    row = stored_facts.push_row(session, push_id, lock=True)
    if row.state == PushState.RECALLED:
        return
    actor = people.actor_of(stored.person(session, asked_by))
    _perform(
        session, row, "recall", actor, at, remark=row.recall_asked, confirmed=True, also={"note": words, "package": ""}
    )
    [case] = stored_facts.case_rows(session, [row.case_id])
    if case.state == CaseState.WIPO_PUSHED:
        _move_case(session, row.case_id, "recall_push", asked_by, at, remark=row.recall_asked, recall_confirmed=True)


def _package(session: Session, files: Files, push: Push) -> bytes:
    case = push.case
    english = editorial.english(session, case.id)
    return build(
        call_of(session, case.call_version_id),
        Published(
            number=case.number,
            centre=case.centre.name,
            host_unit=case.centre.host_unit,
            region=case.office.region,
            content=stored_facts.content_of(case),
            english=English(english.title, english.summary, english.text) if english else English("", "", ""),
            effect=case.effect,
            pictures=tuple(
                Picture(one.name, one.media_type, one.caption, files.get(one.digest))
                for one in stored.pictures(session, case.id)
            ),
        ),
        push.key,
    )
