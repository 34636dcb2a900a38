"""中心申请延期: a centre asks its office for a later last day, with a reason; the office gives it within its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from rules.call import Call, Phase, Recommender, Window
from rules.roles import Level, Role
from rules.words import Text
from states.reach import Actor
from workflow import boards, lists
from workflow.calls.deadlines import WrongGrant
from workflow.cases import NoSuchCase
from workflow.engine import NotPermitted, Receipt
from workflow.store import centre_requests as stored
from workflow.store import deadlines as stored_days
from workflow.store.calls import call_of
from workflow.store.facts import Extensions
from workflow.store.models import Centre, CentreRequest

_CENTRE, _OFFICE = (Role.AUTHOR, Role.SEALER), (Role.REVIEWER, Role.LEADER)


@dataclass(frozen=True)
class Open:
    """A phase in which a centre can ask for more time: until when it has, and until when it could have at most."""

    version: int
    call: Call
    phase: Phase
    centre: Centre
    has: Window
    most: Window


def check_looks(actor: Actor) -> None:
    """Raise NoSuchCase for all but centres and offices: to others the page does not exist."""
    if not looks(actor):
        raise NoSuchCase(
            Text("没有这个页面，或者它不在您的职责范围内。", "There is no such page within your reach."),
        )


def looks(actor: Actor) -> bool:
    return bool(asks_for(actor) or answers_for(actor))


def asks_for(actor: Actor) -> frozenset[int]:
    """The centres for which somebody asks."""
    return actor.units(*_CENTRE)


def answers_for(actor: Actor) -> frozenset[int]:
    """The offices for which somebody answers."""
    return actor.units(*_OFFICE)


def listed(session: Session, actor: Actor) -> list[CentreRequest]:
    """What one's centres asked for, and what is asked of one's office: open requests first. Raises NoSuchCase."""
    check_looks(actor)
    return stored.within(session, actor.units(*_CENTRE), actor.units(*_OFFICE))


def phases(session: Session, actor: Actor, at: datetime) -> list[Open]:
    """Where one's centres can ask for more time now: phases whose office has more time than they, and nothing is asked."""
    found = []
    centres = stored.centres(session, actor.units(*_CENTRE))
    for version, call in lists.calls(session):
        days = Extensions(session, {call.number}) if call.route.recommended_by is not Recommender.SELF else None
        for phase in call.phases if days else ():
            for centre in centres:
                has, most = _windows(days, call, phase, centre) if days else (None, None)
                if has is None or most is None or not has.opens <= at < most.closes or has.closes >= most.closes:
                    continue
                if stored.waiting(session, call.number, phase.id, centre.id) is None:
                    found.append(Open(version, call, phase, centre, has, most))
    return found


def _windows(days: Extensions, call: Call, phase: Phase, centre: Centre) -> tuple[Window, Window]:
    return (
        days.window(call, phase, Level.CENTRE, centre.office_id, centre=centre.id),
        days.window(call, phase, Level.OFFICE, centre.office_id),
    )


def ask(
    session: Session,
    version: int,
    phase_id: str,
    wanted: date,
    reason: str,
    *,
    centre: int,
    actor: Actor,
    at: datetime,
    op: str = "",
) -> Receipt:
    """Ask the office for a later last day of a centre. Raises NotPermitted, WrongGrant."""
    check_asks(centre, actor)
    call = boards.call_numbered(session, version)
    phase = call.phase(phase_id)
    if call.route.recommended_by is Recommender.SELF or phase is None:
        raise WrongGrant(
            Text("这个阶段没有主管部门汇总，不能申请延期。", "No office reports in this phase, so none can be asked.")
        )
    if not reason.strip():
        raise WrongGrant(Text("请写明理由，主管部门会看到。", "Write the reason; the office reads it."))
    earlier = stored_days.earlier(session, call.number, "call.ask_office", op)
    if earlier is not None:
        return earlier
    row = stored.centre(session, centre)
    if row is None:
        raise WrongGrant(Text("没有这家中心。", "There is no such centre."))
    _check_day(session, call, phase, row, wanted)
    waiting = stored.waiting(session, call.number, phase_id, centre)
    if waiting is not None:
        raise WrongGrant(
            Text(
                f"本中心本阶段已申请延期至 {waiting.wanted:%Y-%m-%d}，主管部门还没有答复，请等候。",
                f"An extension to {waiting.wanted:%Y-%m-%d} is asked for already; the office has not answered yet.",
            )
        )
    number = stored.add(
        session,
        call_version_id=version,
        call_number=call.number,
        phase=phase_id,
        centre_id=centre,
        office_id=row.office_id,
        wanted=wanted,
        reason=reason.strip(),
        by_id=actor.id,
        absent_id=actor.absent_id,
        at=at,
    )
    data: dict[str, object] = {
        **{"request": number, "phase": phase_id, "centre": centre},
        **{"wanted": wanted.isoformat(), "reason": reason},
    }
    return stored_days.note(session, "call.ask_office", call.number, row.office_id, data, actor, at, op)


def check_asks(centre: int, actor: Actor) -> None:
    """Raise NotPermitted for all but the centre's authors and sealers."""
    if centre not in actor.units(*_CENTRE):
        raise NotPermitted(
            Text("由本中心的撰稿人或盖章人申请。", "It is asked for by the centre's authors and sealers.")
        )


def _check_day(session: Session, call: Call, phase: Phase, centre: Centre, day: date) -> None:
    has, most = _windows(Extensions(session, {call.number}), call, phase, centre)
    if day <= has.last_day:
        raise WrongGrant(
            Text(
                f"{day:%Y-%m-%d} 不晚于本中心现在的截止日 {has.last_day:%Y-%m-%d}，不用延期。",
                f"{day:%Y-%m-%d} is not after the centre's present last day {has.last_day:%Y-%m-%d}.",
            )
        )
    if day > most.last_day:
        raise WrongGrant(
            Text(
                f"{day:%Y-%m-%d} 晚于主管部门自己的截止日 {most.last_day:%Y-%m-%d}。主管部门只能在自己的期限内延期；需要更晚，请先向国家局主管申请。",
                f"{day:%Y-%m-%d} is after the office's own last day {most.last_day:%Y-%m-%d}. It gives time within its own;"
                " for more, the office asks the director first.",
            )
        )


def answer(
    session: Session,
    number: int,
    granted: date | None,
    words: str,
    *,
    actor: Actor,
    at: datetime,
    op: str = "",
) -> Receipt:
    """Give one centre what it asked for, by another day where that is better, or (None) refuse it with a reason.

    Raises NotPermitted, WrongGrant.
    """
    found = stored.one(session, number)
    if found is None or found.office_id not in actor.units(*_OFFICE):
        raise NotPermitted(
            Text(
                "由中心所属主管部门的审核人或负责人答复。",
                "It is answered by the reviewers and leaders of the centre's office.",
            )
        )
    if found.centre_id in actor.units(*_CENTRE) or {found.by_id, found.absent_id} & set(actor.both):
        raise NotPermitted(  # roles changed or not (docs/decisions.md 12)
            Text(
                "这是您本中心的申请，请由主管部门的另一位同事答复。",
                "It is your own centre's request; a colleague of the office must answer it.",
            )
        )
    call = call_of(session, found.call_version_id)
    phase, centre = call.phase(found.phase), stored.centre(session, found.centre_id)
    action = "call.refuse_centre" if granted is None else "call.extend_centre"
    earlier = stored_days.earlier(session, call.number, action, op)
    if earlier is not None:
        return earlier
    found = stored.one(session, number)
    if found is None or found.answered_at is not None or phase is None or centre is None:
        raise WrongGrant(Text("这份申请已经答复过。", "This request was answered already."))
    if granted is None and not words.strip():
        raise WrongGrant(Text("不批准的，请写明理由，中心会看到。", "Say why not; the centre reads it."))
    if granted is not None:
        _check_day(session, call, phase, centre, granted)
    stored.answer(session, number, granted, words.strip(), actor, at)
    data: dict[str, object] = {
        **{"request": number, "phase": phase.id, "centre": centre.id, "reason": words.strip() or found.reason},
        **({"last_day": granted.isoformat()} if granted else {}),
    }
    return stored_days.note(session, action, call.number, found.office_id, data, actor, at, op)


def phase_named(found: CentreRequest, calls: Sequence[tuple[int, Call]]) -> Text:
    """What the phase of a request is called."""
    call = next((one for _, one in calls if one.number == found.call_number), None)
    phase = call.phase(found.phase) if call else None
    return phase.label if phase else Text(found.phase, found.phase)
