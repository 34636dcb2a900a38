"""Closing a call to its centres, archiving it, and the ways back; and what is refused meanwhile, with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from rules.call import Call, Strength
from rules.facts import CallFacts
from rules.roles import Level, Role
from rules.rule import Finding
from rules.words import Text
from states.call import CALL, CallState, bars
from states.case import CaseState
from states.lifecycle import Lifecycle, Standing
from states.migration import at_rest
from states.reach import Actor
from workflow.calls import notices
from workflow.engine import Attempt, CannotServe, Engine, Offer
from workflow.store import call_standing as stored
from workflow.store import living, trail
from workflow.store.archive import CallBarred, words

ENGINE = Engine(CALL)
BARRED = "call_is_open"
"""What a finding says in the place of a rule: it is none, so no rulebook holds it."""


def looks(actor: Actor) -> bool:
    """Whether this person sees what becomes of calls: the desk, the director and the auditor."""
    return bool(actor.roles & {Role.DESK, Role.DIRECTOR, Role.AUDITOR, Role.SYSTEM})


def _check_looks(actor: Actor) -> None:
    if not looks(actor):
        raise notices.NoSuchCall(
            Text(
                "没有这个页面，或者它不在您的职责范围内。请从上方菜单进入。",
                "There is no such page within your reach. Use the menu above.",
            )
        )


class NotArchived(CannotServe):
    """Something of the call is still under way (409)."""


@dataclass(frozen=True)
class Shown:
    """Where a call stands, and what can be done about it. `open_cases`: state → how many of its cases are worked on.

    `seen`: what a form says that it saw. `under_way`: pushes that are not done. `unanswered`: objections without an answer.
    """

    state: CallState
    seen: int
    offers: Sequence[Offer]
    open_cases: Mapping[CaseState, int]
    under_way: int
    unanswered: int


def stream_of(number: str) -> str:
    """The chain of what was done with a call as a whole."""
    return f"call/{number}/standing"


def state_of(session: Session, number: str) -> CallState:
    """Where a call stands; open while nothing was done."""
    return CallState.of(stored.standings(session).get(number, str(CALL.initial)))


def states(session: Session) -> Mapping[str, CallState]:
    """Number → where the call stands, of those that are not open."""
    return {number: CallState.of(state) for number, state in stored.standings(session).items()}


def barred(session: Session, number: str, level: Level) -> Text | None:
    """Why nothing of that level can be done for cases of a call; None where it can."""
    state = state_of(session, number)
    return words(state) if bars(state, level) else None


def closed(session: Session, number: str) -> Text | None:
    """Why centres can do nothing under a call; None where they can."""
    return barred(session, number, Level.CENTRE)


def archived(session: Session, number: str) -> Text | None:
    """Why nobody can do anything under a call; None where somebody can."""
    return barred(session, number, Level.NATIONAL)


def check(session: Session, number: str, level: Level) -> None:
    """Raise CallBarred where a call bars what that level would do."""
    why = barred(session, number, level)
    if why is not None:
        raise CallBarred(why)


def with_bars(session: Session, number: str, offers: Sequence[Offer]) -> list[Offer]:
    """Offers with what the call's being closed or archived adds to those that it bars."""
    state = state_of(session, number)
    return [
        replace(one, findings=(_finding(state), *one.findings)) if bars(state, one.transition.by[0].level) else one
        for one in offers
    ]


def _finding(state: CallState) -> Finding:
    return Finding(BARRED, words(state), "系统", (), Strength.MUST, (Role.DIRECTOR,))


def lifecycle() -> Lifecycle:
    """How a call stands once it is open."""
    return CALL


def no_way(state: CallState, trigger: str) -> Text:
    """The sentence for a step that a call cannot take where it stands."""
    return ENGINE.no_way(str(state), trigger).message


# ---- doing it --------------------------------------------------------------------------------------------------------


def shown(session: Session, number: str, actor: Actor, at: datetime) -> Shown:
    """Where a call stands. Raises NoSuchCall, also for those who do not look."""
    _check_looks(actor)
    _, call = notices.find(session, number)
    row = stored.row(session, number)
    state = state_of(session, number)
    offers = ENGINE.offers(Standing(str(state)), actor, _facts(call, actor, at, ""))
    counts = {CaseState.of(one): many for one, many in stored.by_state(session, number).items()}
    working = {one: many for one, many in counts.items() if not at_rest(one, call)}
    return Shown(
        state,
        row.version if row else 0,
        offers,
        working,
        stored.under_way(session, number),
        stored.unanswered(session, number),
    )


def act(
    session: Session,
    number: str,
    trigger: str,
    *,
    actor: Actor,
    at: datetime,
    seen: int | None = None,
    op: str = "",
    remark: str = "",
) -> Attempt:
    """Try one step of a call. `seen`: what the person was looking at. The same `op` again gives the same receipt.

    Raises NoSuchCall, NoSuchTransition, NotPermitted, Overtaken, NotArchived while pushes are under way or an
    objection is not answered.
    """
    _check_looks(actor)
    _, call = notices.find(session, number)
    row = stored.row(session, number, lock=True)
    stream = stream_of(number)
    already = living.replayed(session, CALL, [stream], op, actor)
    if stream in already:
        return already[stream]
    if seen is not None and seen != (row.version if row else 0):
        raise living.Overtaken(living.FASTER)
    state = row.state if row else str(CALL.initial)
    attempt = ENGINE.perform(Standing(state), trigger, actor, _facts(call, actor, at, remark), at, remark.strip())
    if trigger == "archive":
        _check_settled(session, number)
    _record(session, number, row, attempt, op)
    return attempt


def _facts(call: Call, actor: Actor, at: datetime, remark: str) -> CallFacts:
    return CallFacts(call=call, at=at, actor=actor.id, remark=remark.strip())


def _check_settled(session: Session, number: str) -> None:
    pushes = stored.under_way(session, number)
    if pushes:
        raise NotArchived(
            Text(
                f"还有 {pushes} 个推送没有办结，不能归档。请等它们办结或由国际联络人撤回。",
                f"{pushes} pushes are still under way, so it cannot be archived. Have them done or recalled first.",
            )
        )
    waiting = stored.unanswered(session, number)
    if waiting:
        raise NotArchived(
            Text(
                f"还有 {waiting} 件异议没有答复，不能归档。请先答复。",
                f"{waiting} objections are not answered yet, so it cannot be archived. Answer them first.",
            )
        )


def _record(session: Session, number: str, row: Any, attempt: Attempt, op: str) -> None:
    stream, done = stream_of(number), attempt.done
    to_state = str(attempt.transition.target) if done else ""
    entry = trail.Entry(
        stream if done else f"{stream}/tries",
        f"call.{attempt.transition.name}",
        str(attempt.outcome),
        attempt.at,
        attempt.actor,
        {
            "number": number,
            "role": str(attempt.role),
            "from_state": attempt.source,
            "remark": attempt.remark,
            "findings": [one.as_json() for one in attempt.findings],
        },
        to_state=to_state,
        op=f"{op}:{stream}" if op else None,
        previous=(row.version, row.head) if row and done else None,
    )
    [attempt.receipt] = trail.append(session, [entry])
    if done:
        stored.put(session, number, stream, to_state, attempt.receipt)
