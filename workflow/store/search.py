"""Finding entries of the trail, always within somebody's reach."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, cast, collate, exists, false, func, not_, or_, select, true, type_coerce
from sqlalchemy.orm import Session, aliased

from rules.roles import Level, Role
from states.batch import BATCH
from states.reach import Actor
from workflow.store.models import AuditEvent, AuditLog, Batch, BatchLine, Case, Json, Person, Push
from workflow.store.reach import reachable


@dataclass(frozen=True)
class Wanted:
    """How the trail is narrowed; empty means all. `since`, `before`: instants. `receipt`: its number, or how its hash begins.

    `actions`: any of these. `places`: in the log, from the first up to before the second.
    """

    person: str = ""
    number: str = ""
    actions: tuple[str, ...] = ()
    outcome: str = ""
    since: datetime | None = None
    before: datetime | None = None
    receipt: str = ""
    places: tuple[int, int] | None = None


@dataclass(frozen=True)
class Event:
    """One entry as kept; `body` is what its hash covers."""

    uid: int
    stream: str
    seq: int
    prev_hash: str | None
    hash: str
    priv: str | None
    at: datetime
    action: str
    outcome: str
    case_id: int | None
    text: str
    body: Mapping[str, Any] = field(default_factory=dict)


LOOKED = or_(
    AuditEvent.action.in_(("document.open", "document.open_refused", "export.take")),
    AuditEvent.action.startswith("reading."),
)
"""Entries on who looked at something, or took it away."""

PLANNED = AuditEvent.stream.like("publicity/%")
"""Entries on what is planned to make a case known, which is for those who plan it until it is seen."""


def visible(actor: Actor) -> ColumnElement[bool]:
    """The WHERE that leaves only entries that this person may read (docs/decisions.md 21).

    The auditor: everything. Others: what is about cases they reach; who looked at what is personal in them and who took
    it away, only the centre itself, whose people it is about. Offices their own batches, the national office batches
    that were sent; both what is granted under a call. What came in: the office or the desk whose ledger it is in.
    """
    if Role.AUDITOR in actor.roles:
        return true()
    about_cases = AuditEvent.case_id.in_(select(Case.id).where(reachable(actor)))
    clauses: list[ColumnElement[bool]] = [and_(about_cases, not_(LOOKED), not_(PLANNED))]
    centres = actor.units(Role.AUTHOR, Role.SEALER)
    if centres:
        clauses.append(and_(LOOKED, AuditEvent.case_id.in_(select(Case.id).where(Case.centre_id.in_(centres)))))
    if actor.id:
        own = or_(*(AuditEvent.stream.like(f"{one}/%") for one in ("bulk", "collections", "what-ifs")))
        clauses.append(and_(own, AuditEvent.person_id == actor.id))
    of_call = AuditEvent.stream.like("call/%")
    offices = actor.units(Role.REVIEWER, Role.LEADER)
    if offices:
        own = and_(AuditEvent.case_id.is_(None), AuditEvent.office_id.in_(offices))
        kinds = [AuditEvent.stream.like(f"{one}/%") for one in ("batch", "priors", "arrival")]
        clauses.append(and_(own, or_(of_call, *kinds)))
        clauses.append(and_(of_call, AuditEvent.office_id.is_(None)))
    if actor.roles & {Role.DESK, Role.DIRECTOR}:
        clauses.append(or_(AuditEvent.stream.like("judgement/%"), AuditEvent.stream.like("judging/%")))
        clauses.extend(
            AuditEvent.stream.like(f"{one}/%") for one in ("decision", "decisions", "announcement", "objection")
        )
    if Role.DESK in actor.roles:
        clauses.append(and_(AuditEvent.stream.like("arrival/%"), AuditEvent.office_id.is_(None)))
    if reads_plans(actor):
        clauses.append(PLANNED)
    if reads_every_office(actor):
        clauses.append(
            and_(AuditEvent.case_id.is_(None), or_(_of_sent_batches(), of_call, AuditEvent.stream.like("priors/%")))
        )
    return or_(false(), *clauses)


def _of_sent_batches() -> ColumnElement[bool]:
    """What the national office reads of batches: of one that is back with its office, only up to its return; and of
    tries that were refused, its own: the office's name cases that may never be sent."""
    back = Batch.state.in_(("collecting", "sealed"))
    sent = select(Batch.stream).where(Batch.sent_at.is_not(None), not_(back))
    theirs = or_(
        not_(AuditEvent.stream.like("batch/%/tries")),
        AuditEvent.action.in_([f"batch.{one.name}" for one in BATCH.transitions if Role.DESK in one.by]),
    )
    returned = aliased(AuditEvent)
    until = exists().where(
        Batch.sent_at.is_not(None),
        back,
        or_(*(AuditEvent.stream == Batch.stream + end for end in _ENDS)),
        returned.stream == Batch.stream,
        returned.action == "batch.return_batch",
        returned.uid >= AuditEvent.uid,
    )
    return and_(theirs, or_(*(AuditEvent.stream.in_(_beside(sent, end)) for end in _ENDS), until))


_ENDS = ("", "/tries", "/content")
_WITHOUT_CASES = frozenset({Role.JUDGE, Role.ADMINISTRATOR})


def reads_every_office(actor: Actor) -> bool:
    """Whether somebody reads what offices sent, whichever office it was."""
    return any(role.level is Level.NATIONAL and role not in _WITHOUT_CASES for role in actor.roles)


def reads_plans(actor: Actor) -> bool:
    """Whether somebody reads where and when cases are to be made known (docs/decisions.md 91)."""
    return bool(actor.roles & {Role.EDITOR, Role.DESK, Role.DIRECTOR, Role.AUDITOR})


def _beside(streams: Any, end: str) -> Any:
    """The streams that run beside those of a thing's transitions: refused tries, and notes on its content."""
    return select(Batch.stream + end).where(Batch.stream.in_(streams))


_COLUMNS = (
    AuditEvent.uid,
    AuditEvent.stream,
    AuditEvent.seq,
    AuditEvent.prev_hash,
    AuditEvent.hash,
    AuditEvent.priv,
    AuditEvent.at,
    AuditEvent.action,
    AuditEvent.outcome,
    AuditEvent.case_id,
    AuditEvent.body,
)


def _event(row: Any) -> Event:
    return Event(
        row.uid,
        row.stream,
        row.seq,
        row.prev_hash,
        row.hash,
        row.priv,
        row.at,
        row.action,
        row.outcome,
        row.case_id,
        row.body,
        json.loads(row.body),
    )


def page(session: Session, actor: Actor, wanted: Wanted, before: int | None, limit: int) -> list[Event]:
    """Entries within reach, the newest first, older than `before` (a uid)."""
    statement = select(*_COLUMNS).where(visible(actor), *_clauses(wanted))
    if before is not None:
        statement = statement.where(AuditEvent.uid < before)
    return [_event(row) for row in session.execute(statement.order_by(AuditEvent.uid.desc()).limit(limit))]


def in_threads(session: Session, actor: Actor, wanted: Wanted, most: int | None) -> Iterator[Event]:
    """Entries within reach, the newest `most` of them: case by case, then stream by stream, each from its beginning.

    They are read as they are asked for; the session must stay open until the last one.
    """
    fitting = [visible(actor), *_clauses(wanted)]
    if most is not None:
        newest = select(AuditEvent.uid).where(*fitting).order_by(AuditEvent.uid.desc()).limit(most).subquery()
        fitting.append(AuditEvent.uid >= select(func.min(newest.c.uid)).scalar_subquery())
    as_written = "C" if session.get_bind().dialect.name == "postgresql" else "BINARY"
    about_cases = AuditEvent.case_id.is_not(None)
    for clause, order in (
        (about_cases, AuditEvent.case_id),
        (not_(about_cases), collate(AuditEvent.stream, as_written)),
    ):
        statement = select(*_COLUMNS).where(clause, *fitting).order_by(order, AuditEvent.uid)
        for row in session.execute(statement, execution_options={"yield_per": 500}):
            yield _event(row)


def looked_at(session: Session, actor: Actor, case_id: int, before: int | None, limit: int) -> list[Event]:
    """Entries within reach on who looked at a case or took it away, the newest first, older than `before` (a uid)."""
    statement = select(*_COLUMNS).where(AuditEvent.case_id == case_id, LOOKED, visible(actor))
    if before is not None:
        statement = statement.where(AuditEvent.uid < before)
    return [_event(row) for row in session.execute(statement.order_by(AuditEvent.uid.desc()).limit(limit))]


def count(session: Session, actor: Actor, wanted: Wanted, most: int) -> int:
    """How many entries within reach there are, counted up to `most` + 1."""
    some = select(AuditEvent.uid).where(visible(actor), *_clauses(wanted)).limit(most + 1)
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


def _clauses(wanted: Wanted) -> Iterable[ColumnElement[bool]]:
    if wanted.person:
        named = Person.name.contains(wanted.person, autoescape=True)
        people = select(Person.id).where(or_(named, Person.login == wanted.person))
        yield or_(AuditEvent.person_id.in_(people), AuditEvent.absent_id.in_(people))
    if wanted.number:
        yield _about(wanted.number)
    if wanted.actions:
        yield AuditEvent.action.in_(wanted.actions)
    if wanted.outcome:
        yield AuditEvent.outcome == wanted.outcome
    if wanted.since is not None:
        yield AuditEvent.at >= wanted.since
    if wanted.before is not None:
        yield AuditEvent.at < wanted.before
    if wanted.receipt:
        yield _with_receipt(wanted.receipt)
    if wanted.places is not None:
        first, end = wanted.places
        yield AuditEvent.uid.in_(select(AuditLog.uid).where(AuditLog.idx >= first, AuditLog.idx < end))


def _about(number: str) -> ColumnElement[bool]:
    """Entries about cases or batches whose number holds these characters."""
    cases = select(Case.id).where(Case.number.icontains(number, autoescape=True))
    batches = select(Batch.stream).where(Batch.number.icontains(number, autoescape=True))
    of_batches = (AuditEvent.stream.in_(_beside(batches, end)) for end in ("", "/tries", "/content"))
    return or_(AuditEvent.case_id.in_(cases), *of_batches)


_BEGINNING = re.compile(r"[0-9a-f]{1,64}")


def _with_receipt(receipt: str) -> ColumnElement[bool]:
    """By number, or by how the hash begins: as a range, which the index on hashes serves on both databases."""
    stream, mark, seq = receipt.rpartition("#")
    if mark and seq.isascii() and seq.isdigit() and len(seq) < 16:
        return and_(AuditEvent.stream == stream, AuditEvent.seq == int(seq))
    beginning = receipt.lower()
    if not _BEGINNING.fullmatch(beginning):
        return false()
    return and_(AuditEvent.hash >= beginning, AuditEvent.hash <= beginning.ljust(64, "f"))


def of_case(session: Session, actor: Actor, case_id: int, after: int, limit: int) -> list[Event]:
    """Everything within reach about a case and the batches that ever held it, the oldest first, later than `after`."""
    held = select(Batch.stream).join(BatchLine, BatchLine.batch_id == Batch.id).where(BatchLine.case_id == case_id)
    of_batches = (AuditEvent.stream.in_(_beside(held, end)) for end in ("", "/tries", "/content"))
    statement = select(*_COLUMNS).where(
        or_(AuditEvent.case_id == case_id, *of_batches), visible(actor), AuditEvent.uid > after
    )
    return [_event(row) for row in session.execute(statement.order_by(AuditEvent.uid).limit(limit))]


def numbered(session: Session, actor: Actor, stream: str, seq: int) -> int | None:
    """The uid of the event that bears a number, where it is within reach."""
    return session.scalar(
        select(AuditEvent.uid).where(AuditEvent.stream == stream, AuditEvent.seq == seq, visible(actor))
    )


def one(session: Session, actor: Actor, uid: int) -> Event | None:
    row = session.execute(select(*_COLUMNS).where(AuditEvent.uid == uid, visible(actor))).first()
    return _event(row) if row else None


def of_stream(session: Session, stream: str) -> list[Event]:
    """Everything in one stream, the newest first."""
    statement = select(*_COLUMNS).where(AuditEvent.stream == stream).order_by(AuditEvent.seq.desc())
    return [_event(row) for row in session.execute(statement)]


def beside(session: Session, actor: Actor, event: Event) -> tuple[int | None, int | None]:
    """The uids of the entries before and after this one in its stream, where they are within reach."""
    found = session.execute(
        select(AuditEvent.seq, AuditEvent.uid).where(
            AuditEvent.stream == event.stream,
            AuditEvent.seq.in_((event.seq - 1, event.seq + 1)),
            visible(actor),
        )
    )
    uids = {row.seq: row.uid for row in found}
    return uids.get(event.seq - 1), uids.get(event.seq + 1)


def cases(session: Session, ids: Iterable[int]) -> dict[int, Case]:
    return {one.id: one for one in session.scalars(select(Case).where(Case.id.in_(set(ids))))}


def batches(session: Session, streams: Iterable[str]) -> dict[str, Batch]:
    """Stream → batch."""
    return {one.stream: one for one in session.scalars(select(Batch).where(Batch.stream.in_(set(streams))))}


def pushed_cases(session: Session, streams: Iterable[str]) -> dict[str, int]:
    """Stream of a push → the case that it carries."""
    found = session.execute(select(Push.stream, Push.case_id).where(Push.stream.in_(set(streams))))
    return {stream: case_id for stream, case_id in found}


def numbers_within_reach(session: Session, actor: Actor, numbers: Iterable[str]) -> set[str]:
    """Which of these numbers are of cases that this person reaches."""
    wanted = set(numbers)
    found = session.scalars(select(Case.number).where(Case.number.in_(wanted), reachable(actor))) if wanted else ()
    return set(found)


def refused_by_rule(session: Session, actor: Actor, call: str) -> dict[str, list[int]]:
    """Rule → the cases of a call (one entry per refused try, the newest first) that it stopped, within reach."""
    findings = (
        cast(AuditEvent.body, Json)["findings"]
        if session.get_bind().dialect.name == "postgresql"
        else type_coerce(AuditEvent.body, Json)["findings"]
    )
    statement = (
        select(AuditEvent.case_id, findings.label("findings"))
        .join(Case, Case.id == AuditEvent.case_id)
        .where(AuditEvent.outcome == "refused", Case.call_number == call, reachable(actor))
        .order_by(AuditEvent.uid.desc())
    )
    found: dict[str, list[int]] = defaultdict(list)
    for case_id, many in session.execute(statement):
        for one in _blocking(many):
            found[one].append(case_id)
    return found


def refused_batches(session: Session, actor: Actor, call: str) -> dict[str, list[str]]:
    """Rule → the batches of a call that it stopped (their streams, one entry per refused try), within reach."""
    statement = (
        select(AuditEvent.stream, AuditEvent.body)
        .where(AuditEvent.outcome == "refused", AuditEvent.action.like("batch.%"), visible(actor))
        .where(AuditEvent.stream.in_(select(Batch.stream + "/tries").where(Batch.call_number == call)))
        .order_by(AuditEvent.uid.desc())
    )
    found: dict[str, list[str]] = defaultdict(list)
    for stream, body in session.execute(statement):
        for one in _blocking(json.loads(body).get("findings")):
            found[one].append(stream.removesuffix("/tries"))
    return found


def _blocking(findings: Sequence[Mapping[str, Any]] | None) -> list[str]:
    return [one["rule"] for one in findings or () if one["blocks"]]
