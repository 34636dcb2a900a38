"""Rows of cases: one, many, new ones, and the revisions of their content."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy import insert as sql_insert
from sqlalchemy.orm import Session

from rules.call import Call
from rules.words import Text
from states.case import CASE
from states.reach import Actor
from workflow.audit import actions
from workflow.content import Content
from workflow.engine import Receipt
from workflow.store import prior, trail, words
from workflow.store.among import among
from workflow.store.calls import call_of
from workflow.store.database import next_id, run
from workflow.store.models import (
    MAILED,
    AuditEvent,
    BatchLine,
    Case,
    CaseContact,
    CaseRevision,
    Centre,
    Office,
    Person,
    PublicNoticeLine,
    SignOff,
)
from workflow.store.reach import reachable


def one(session: Session, case_id: int, seen_by: Actor) -> Case | None:
    return session.scalar(select(Case).where(Case.id == case_id, reachable(seen_by)))


def within(session: Session, cases: Sequence[int], seen_by: Actor) -> list[int]:
    """Those of these cases that a person reaches."""
    found = select(Case.id).where(among(Case.id, "ids"), reachable(seen_by))
    return list(session.scalars(found, {"ids": list(cases)}))


def numbered(session: Session, number: str, seen_by: Actor) -> Case | None:
    return session.scalar(select(Case).where(Case.number == number, reachable(seen_by)))


# ---- writing ---------------------------------------------------------------------------------------------------------


def insert(
    session: Session,
    call_version: int,
    centre_id: int,
    content: Content,
    how: str,
    actor: Actor,
    at: datetime,
    op: str,
    *,
    author: int = 0,
) -> int:
    """A new draft with its first revision and its first event. `author`: whose it is, where somebody else brings it."""
    content = _salted(content, "")
    call = call_of(session, call_version)
    centre = session.get_one(Centre, centre_id)
    case_id = next_id(session, "cases")
    stream = f"case/{case_id}"
    number = _next_number(session, f"{call.number}-{centre.office.code}-", centre.office_id)
    [receipt] = trail.append(
        session,
        [
            trail.Entry(
                stream=stream,
                action="case.create",
                outcome="done",
                at=at,
                actor=actor,
                to_state=str(CASE.initial),
                op=f"{op}:create" if op else None,
                case_id=case_id,
                office_id=centre.office_id,
                previous=(0, ""),
                data={
                    "number": number,
                    "centre": centre.name,
                    "call": call.number,
                    "call_version": call.version,
                    **({"how": how} if how == MAILED else {}),
                },
            )
        ],
    )
    session.execute(
        sql_insert(Case).values(
            id=case_id,
            stream=stream,
            version=receipt.seq,
            state=str(CASE.initial),
            head=receipt.hash,
            number=number,
            call_version_id=call_version,
            call_number=call.number,
            centre_id=centre_id,
            office_id=centre.office_id,
            author_id=author or actor.id,
            created_at=at,
            changed_at=at,
            moved_at=at,
            **_columns(content, call),
        )
    )
    _keep(session, case_id, 1, content, how, actor, at)
    return case_id


def _next_number(session: Session, prefix: str, office_id: int) -> str:
    """The next number of an office under a call: what other offices have begun does not show in it."""
    session.execute(select(Office.id).where(Office.id == office_id).with_for_update())
    numbered = select(func.count()).select_from(Case).where(Case.number.startswith(prefix, autoescape=True))
    return f"{prefix}{(session.scalar(numbered) or 0) + 1:04d}"


def revise(session: Session, row: Any, content: Content, how: str, actor: Actor, at: datetime, op: str) -> Receipt:
    """The next revision of a case's content, with its event in the case's stream of edits."""
    revision = row.revision + 1
    content, call = _salted(content, row.salt), call_of(session, row.call_version_id)
    [receipt] = trail.append(
        session,
        [
            trail.Entry(
                stream=f"{row.stream}/content",
                action="case.edit",
                outcome="done",
                at=at,
                actor=actor,
                op=f"{op}:edit:{row.id}" if op else None,
                case_id=row.id,
                office_id=row.office_id,
                data={
                    "revision": revision,
                    "how": how,
                    "content": content.digest,
                    "before": row.content,
                    "length": content.length_as(call.length.counted),
                },
            )
        ],
    )
    session.execute(
        update(Case)
        .where(Case.id == row.id)
        .values(revision=revision, changed_at=at, author_id=actor.id, **_columns(content, call))
    )
    _keep(session, row.id, revision, content, how, actor, at)
    return receipt


def _salted(content: Content, salt: str) -> Content:
    """The content with its case's salt; a new one where there is none, or none any more."""
    return content.changed(salt=salt or secrets.token_hex(32))


def _columns(content: Content, call: Call) -> dict[str, Any]:
    return {
        "phase": content.phase,
        "theme": content.theme,
        "theme_name": content.theme_name,
        "title": content.title,
        "sections": dict(content.sections),
        "recipient": content.recipient,
        "service_from": content.service_from,
        "service_to": content.service_to,
        "form": dict(content.form),
        "attachments": [vars(one) for one in content.attachments],
        "salt": content.salt,
        "content": content.digest,
        "length": content.length_as(call.length.counted),
        "least_length": content.least_length_as(call.length.counted),
    }


def _keep(
    session: Session, case_id: int, revision: int, content: Content, how: str, actor: Actor, at: datetime
) -> None:
    session.execute(
        sql_insert(CaseRevision).values(
            case_id=case_id,
            revision=revision,
            content=content.digest,
            snapshot=content.snapshot(),
            how=how,
            by_id=actor.id,
            absent_id=actor.absent_id,
            at=at,
        )
    )
    if content.contacts:
        session.execute(
            sql_insert(CaseContact).values(
                case_id=case_id, revision=revision, salt=content.salt, payload=content.contacts
            )
        )
    prior.remember(session, text=content.body, case_id=case_id)
    words.keep(session, [case_id])


def created_by_op(session: Session, op: str) -> int | None:
    """The case that this form already started."""
    return session.scalar(select(AuditEvent.case_id).where(AuditEvent.op == f"{op}:create"))


def edited_by_op(session: Session, op: str, case_id: int) -> Receipt | None:
    """The receipt of an edit that this form already made."""
    if not op:
        return None
    found = session.scalar(select(AuditEvent).where(AuditEvent.op == f"{op}:edit:{case_id}"))
    return Receipt(found.stream, found.seq, found.hash) if found else None


_DROP_LINES = (
    update(BatchLine.__table__)  # type: ignore[arg-type]
    .where(among(BatchLine.case_id, "ids"), BatchLine.dropped_at.is_(None))
    .values(dropped_at=bindparam("moment"))
)
_VOID_SIGN_OFFS = (
    update(SignOff.__table__)  # type: ignore[arg-type]
    .where(among(SignOff.case_id, "ids"), SignOff.void_at.is_(None))
    .values(void_at=bindparam("moment"))
)

_VOID_NOTICES = (
    update(PublicNoticeLine.__table__)  # type: ignore[arg-type]
    .where(among(PublicNoticeLine.case_id, "ids"), PublicNoticeLine.void_at.is_(None))
    .values(void_at=bindparam("moment"))
)


LEAVES_ITS_BATCH = frozenset(
    {"return_to_centre", "decline", "reopen", "withdraw", "return_to_office", "turn_back", "unstamp"}
)
"""Steps with which a case is a line of its batch no more."""
VOIDS_SIGN_OFFS = frozenset({"unshortlist"})


def follow(session: Session, ids: Sequence[int], trigger: str, at: datetime) -> None:
    """What depends on where a case stands: lines of batches that lose it, sign-offs that are void."""
    if trigger in LEAVES_ITS_BATCH:
        run(session, _DROP_LINES, {"ids": list(ids), "moment": at})
    if trigger in VOIDS_SIGN_OFFS:
        run(session, _VOID_SIGN_OFFS, {"ids": list(ids), "moment": at})
        run(session, _VOID_NOTICES, {"ids": list(ids), "moment": at})


def who_was_faster(session: Session, ids: Collection[int]) -> dict[int, Text]:
    """Case → a sentence on the last thing that was done with it."""
    if not ids:
        return {}
    newest = (
        select(func.max(AuditEvent.uid))
        .where(AuditEvent.case_id.in_(ids), AuditEvent.outcome == "done")
        .group_by(AuditEvent.case_id)
    )
    found = session.execute(
        select(AuditEvent.case_id, AuditEvent.action, Person.name)
        .outerjoin(Person, Person.id == AuditEvent.person_id)
        .where(AuditEvent.uid.in_(newest))
    )
    return {case_id: _faster(action, name or "系统") for case_id, action, name in found if case_id is not None}


def _faster(action: str, who: str) -> Text:
    named = CASE.named(action.partition(".")[2]) is not None or action == "case.migrate"
    what = actions.label(action) if named else Text("修改内容", "changed the content")
    return Text(
        f"您查看之后，{who}已先办理：{what.zh}。您这次操作没有生效，请查看最新情况后再决定。",
        f"While you were looking, {who} was faster: {what.en}. Your action had no effect; look again and decide.",
    )
