"""Writing what an attempt came to: the row by a version-checked UPDATE, the event, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import Update, bindparam, select, update
from sqlalchemy.orm import Session

from rules.rule import Finding
from rules.words import Text
from states.lifecycle import Lifecycle
from states.reach import Actor
from workflow.engine import Attempt, CannotServe, Outcome, Receipt
from workflow.failpoints import reached
from workflow.store import facts as stored_facts
from workflow.store import trail
from workflow.store.database import TRIED, run
from workflow.store.models import Batch, Case, Judgement, Objection, Push


class Overtaken(CannotServe):
    """Somebody else was faster: what was looked at is not what is there now (409)."""


class Unmarked(CannotServe):
    """An approval that does not say what its giver was looking at (409)."""


UNMARKED = Text(
    "提交的表单没有写明您看到的是哪一稿，没有办理。请重新打开页面，看过之后再办理。",
    "The form does not say what you were looking at, so nothing was done. Open the page again, look, and then act.",
)


Model = type[Case] | type[Batch] | type[Push] | type[Judgement] | type[Objection]


@dataclass
class Tried:
    """One attempt with the row it was made on. `also`: further columns that change with it."""

    row: Any
    attempt: Attempt
    also: dict[str, Any] = field(default_factory=dict)
    case_id: int | None = None
    office_id: int | None = None


def record(session: Session, model: Model, lifecycle: Lifecycle, tried: Sequence[Tried], op: str) -> None:
    """Write every attempt: done ones move their row and extend its stream, refused ones go into its tries.

    Raises Overtaken, before anything is kept, when a row moved since it was read.
    """
    done = [one for one in tried if one.attempt.done]
    refused = [one for one in tried if not one.attempt.done]
    entries = [_entry(lifecycle, one, op) for one in (*done, *refused)]
    for one, receipt in zip((*done, *refused), trail.append(session, entries) if entries else (), strict=True):
        one.attempt.receipt = receipt
    session.info.setdefault(TRIED, []).append((lifecycle.name, [one.attempt for one in tried]))
    reached("act.before_row")
    _move(session, model, done)
    reached("act.after_row")


def _entry(lifecycle: Lifecycle, one: Tried, op: str) -> trail.Entry:
    attempt, row = one.attempt, one.row
    done = attempt.done
    form = getattr(attempt.facts, "form", None)
    return trail.Entry(
        stream=row.stream if done else f"{row.stream}/tries",
        action=f"{lifecycle.name}.{attempt.transition.name}",
        outcome=str(attempt.outcome),
        at=attempt.at,
        actor=attempt.actor,
        to_state=str(attempt.transition.target) if done else "",
        op=f"{op}:{row.stream}" if op else None,
        case_id=one.case_id,
        office_id=one.office_id,
        previous=(row.version, row.head) if done else None,
        private={"form": dict(form)} if form else None,
        data={
            "role": str(attempt.role),
            "from_state": attempt.source,
            "remark": attempt.remark,
            "findings": [finding.as_json() for finding in attempt.findings],
            "facts": stored_facts.as_recorded(attempt.facts),
        },
    )


@cache
def _update(model: Model, columns: frozenset[str]) -> Update:
    table = model.__table__
    return (
        update(table)  # type: ignore[arg-type]
        .where(table.c.id == bindparam("old_id"), table.c.version == bindparam("old_version"))
        .values({name: bindparam(f"new_{name}") for name in sorted(columns)})
    )


def _move(session: Session, model: Model, done: Sequence[Tried]) -> None:
    """One statement, run for all the rows; each counts only where its row is still at the version that was read."""
    if not done:
        return
    columns = frozenset({"state", "version", "head", *done[0].also})
    moved = run(session, _update(model, columns), [_values(one) for one in done])
    if moved.rowcount != len(done):
        raise Overtaken(_faster(session, model, done))


def _values(one: Tried) -> dict[str, Any]:
    receipt = one.attempt.receipt
    values = {
        "state": str(one.attempt.transition.target),
        "version": one.row.version + 1,
        "head": receipt.hash if receipt else "",
        **one.also,
    }
    return {"old_id": one.row.id, "old_version": one.row.version} | {f"new_{name}": it for name, it in values.items()}


def _faster(session: Session, model: Model, done: Sequence[Tried]) -> Text:
    """Which rows were not where they were read; of one alone it need not be said."""
    if len(done) == 1:
        return FASTER
    table = model.__table__
    written = set(
        run(
            session,
            select(table.c.id).where(
                table.c.id.in_([one.row.id for one in done]),
                table.c.head.in_([one.attempt.receipt.hash for one in done if one.attempt.receipt]),
            ),
        ).scalars()
    )
    names = [_name(one.row) for one in done if one.row.id not in written]
    return Text(f"{'、'.join(names)}：{FASTER.zh}", f"{', '.join(names)}: {FASTER.en}")


def _name(row: Any) -> str:
    return str(getattr(row, "number", row.stream))


FASTER = Text(
    "您查看之后，已有人先办理。本次操作没有生效，请查看最新情况后再决定。",
    "Somebody else was faster. Your action had no effect; look at the present state and decide again.",
)


def replayed(
    session: Session, lifecycle: Lifecycle, streams: Sequence[str], op: str, actor: Actor
) -> dict[str, Attempt]:
    """Attempts already recorded under this idempotency key, by stream: the same receipt, no second effect."""
    if not op:
        return {}
    events = trail.by_op(session, [f"{op}:{stream}" for stream in streams])
    return {key.removeprefix(f"{op}:"): _again(lifecycle, event, actor) for key, event in events.items()}


def _again(lifecycle: Lifecycle, event: Any, actor: Actor) -> Attempt:
    body: Mapping[str, Any] = json.loads(event.body)
    transition = lifecycle.named(event.action.partition(".")[2])
    if transition is None or event.person_id != (actor.id or None):
        raise Overtaken(FASTER)
    return Attempt(
        transition,
        body["from_state"],
        actor,
        transition.by[0].of(body["role"]),
        None,
        event.at,
        body["remark"],
        tuple(Finding.from_json(one) for one in body["findings"]),
        Outcome.of(event.outcome),
        Receipt(event.stream, event.seq, event.hash),
    )
