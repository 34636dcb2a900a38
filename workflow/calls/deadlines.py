"""What the director may grant: a later last day, or release from a minimum; both with a reason, on record."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Session

from rules.call import Call, Recommender
from rules.roles import Role
from rules.words import Text
from states.reach import Actor
from workflow.engine import NotPermitted, Receipt, WrongInput
from workflow.store import deadlines as stored
from workflow.store.calls import call_of, every
from workflow.store.models import CentreDay, Extension, ExtensionRequest, Waiver


class WrongGrant(WrongInput):
    """A grant that makes no sense as written (422)."""


def extend(
    session: Session,
    call: Call,
    phase_id: str,
    last_day: date,
    reason: str,
    *,
    office: int | None,
    actor: Actor,
    at: datetime,
    op: str = "",
) -> Receipt:
    """Give a phase a later last day, for one office or (None) for all. Raises NotPermitted, WrongGrant."""
    check_grants(actor)
    _check_apart(office, actor)
    _sensible(call, phase_id, reason)
    earlier = stored.earlier(session, call.number, "call.extend", op)
    if earlier is not None:
        return earlier
    phase = call.phase(phase_id)
    if phase is not None and last_day <= phase.closes:
        raise WrongGrant(
            Text(
                f"新的截止日 {last_day:%Y-%m-%d} 不晚于通知规定的 {phase.closes:%Y-%m-%d}，请填写更晚的日期。",
                f"The new last day {last_day:%Y-%m-%d} is not after the call's {phase.closes:%Y-%m-%d}; choose a later one.",
            )
        )
    stored.extend(session, call.number, phase_id, office, last_day, reason.strip(), actor, at)
    data: dict[str, object] = {"phase": phase_id, "office": office, "last_day": last_day.isoformat(), "reason": reason}
    return stored.note(session, "call.extend", call.number, office, data, actor, at, op)


def ask(
    session: Session,
    version: int,
    call: Call,
    phase_id: str,
    wanted: date,
    reason: str,
    *,
    office: int,
    actor: Actor,
    at: datetime,
    op: str = "",
) -> Receipt:
    """Ask the director for a later last day of an office. Raises NotPermitted, WrongGrant."""
    check_asks(office, actor)
    _sensible(call, phase_id, reason)
    earlier = stored.earlier(session, call.number, "call.ask_extension", op)
    if earlier is not None:
        return earlier
    phase = call.phase(phase_id)
    if phase is not None and wanted <= phase.closes:
        raise WrongGrant(
            Text(
                f"申请的截止日 {wanted:%Y-%m-%d} 不晚于通知规定的 {phase.closes:%Y-%m-%d}，不用申请。",
                f"{wanted:%Y-%m-%d} is not after the call's {phase.closes:%Y-%m-%d}; there is nothing to ask for.",
            )
        )
    open_ = [one for one in requests(session, call, office) if one.phase == phase_id and one.answered_at is None]
    if open_:
        raise WrongGrant(
            Text(
                f"本阶段已申请延期至 {open_[0].wanted:%Y-%m-%d}，主管还没有答复，请等候。",
                f"An extension to {open_[0].wanted:%Y-%m-%d} is asked for already; the director has not answered yet.",
            )
        )
    number = stored.ask(session, version, phase_id, office, wanted, reason.strip(), actor, at)
    data: dict[str, object] = {"request": number, "phase": phase_id, "wanted": wanted.isoformat(), "reason": reason}
    return stored.note(session, "call.ask_extension", call.number, office, data, actor, at, op)


def check_asks(office: int, actor: Actor) -> None:
    """Raise NotPermitted for all but the office's reviewers and leaders."""
    if office not in actor.units(Role.REVIEWER, Role.LEADER):
        raise NotPermitted(
            Text("延期由本单位审核人或负责人申请。", "An extension is asked for by the office's reviewers and leaders.")
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
    """Grant what was asked for, by another day where that is better, or (None) refuse it with a reason.

    Raises NotPermitted, WrongGrant.
    """
    check_grants(actor)
    found = stored.request(session, number)
    if found is None:
        raise WrongGrant(Text("没有这份延期申请。", "There is no such request."))
    _check_apart(found.office_id, actor, found)
    call = call_of(session, found.call_version_id)
    action = "call.refuse_extension" if granted is None else "call.extend"
    earlier = stored.earlier(session, call.number, action, op)
    if earlier is not None:
        return earlier
    found = stored.request(session, number)
    if found is None or found.answered_at is not None:
        raise WrongGrant(Text("这份申请已经答复过。", "This request was answered already."))
    if granted is None:
        if not words.strip():
            raise WrongGrant(Text("不批准的，请写明理由，申请单位会看到。", "Say why not; the office reads it."))
        stored.answer(session, number, None, words.strip(), actor, at)
        data: dict[str, object] = {"request": number, "phase": found.phase, "reason": words}
        return stored.note(session, action, call.number, found.office_id, data, actor, at, op)
    reason = words.strip() or found.reason
    receipt = extend(session, call, found.phase, granted, reason, office=found.office_id, actor=actor, at=at, op=op)
    stored.answer(session, number, granted, words.strip(), actor, at)
    return receipt


def requests(session: Session, call: Call, office: int | None = None) -> list[ExtensionRequest]:
    """What offices asked for under any version of a call: open requests first, then the newest."""
    versions = [version for version, one in every(session) if one.number == call.number]
    return stored.requests(session, versions, office)


def waive(
    session: Session,
    call: Call,
    phase_id: str,
    reason: str,
    *,
    office: int,
    actor: Actor,
    at: datetime,
    op: str = "",
) -> Receipt:
    """Release one office from the minimum of one phase. Raises NotPermitted, WrongGrant."""
    check_grants(actor)
    _check_apart(office, actor)
    _sensible(call, phase_id, reason)
    earlier = stored.earlier(session, call.number, "call.waive", op)
    if earlier is not None:
        return earlier
    if stored.waived(session, call.number, phase_id, office):
        raise WrongGrant(
            Text("该单位本阶段已经豁免，无需重复办理。", "This office is already released for this phase.")
        )
    stored.waive(session, call.number, phase_id, office, reason.strip(), actor, at)
    data: dict[str, object] = {"phase": phase_id, "office": office, "reason": reason}
    return stored.note(session, "call.waive", call.number, office, data, actor, at, op)


def set_centre_day(
    session: Session,
    call: Call,
    phase_id: str,
    last_day: date,
    reason: str,
    *,
    office: int,
    actor: Actor,
    at: datetime,
    op: str = "",
) -> Receipt:
    """An office sets an earlier last day for its own centres; the newest counts. Raises NotPermitted, WrongGrant.

    Source: docs/decisions.md 5. Setting the phase's own day again lifts it.
    """
    check_sets_centre_day(office, actor)
    if call.route.recommended_by is Recommender.SELF:
        raise WrongGrant(
            Text(
                "这次征集由中心自荐，直接报送国家局，没有主管部门规定中心截止日。",
                "Under this call centres recommend themselves to the national office; offices set no day for them.",
            )
        )
    _sensible(call, phase_id, reason)
    phase = call.phase(phase_id)
    if phase is not None and last_day > phase.closes:
        raise WrongGrant(
            Text(
                f"中心截止日不能晚于通知规定的 {phase.closes:%Y-%m-%d}；需要更晚请向国家局主管申请延期。",
                f"The centres' day cannot be after the call's {phase.closes:%Y-%m-%d}; ask the director for an extension.",
            )
        )
    earlier = stored.earlier(session, call.number, "call.set_centre_day", op)
    if earlier is not None:
        return earlier
    stored.set_centre_day(session, call.number, phase_id, office, last_day, reason.strip(), actor, at)
    data: dict[str, object] = {"phase": phase_id, "office": office, "last_day": last_day.isoformat(), "reason": reason}
    return stored.note(session, "call.set_centre_day", call.number, office, data, actor, at, op)


def check_sets_centre_day(office: int, actor: Actor) -> None:
    """Raise NotPermitted for all but the office's reviewers and leaders."""
    if office not in actor.units(Role.REVIEWER, Role.LEADER):
        raise NotPermitted(
            Text("中心截止日由所属主管部门的审核人、负责人规定。", "The centres' day is their own office's to set.")
        )


def centre_days(session: Session, call: Call, office: int) -> list[CentreDay]:
    """Days that an office set for its centres, the newest first."""
    return stored.centre_days(session, call.number, office)


def extensions(session: Session, call: Call) -> list[Extension]:
    return stored.extensions(session, call.number)


def waivers(session: Session, call: Call) -> list[Waiver]:
    return stored.waivers(session, call.number)


def check_grants(actor: Actor) -> None:
    """Raise NotPermitted for all but a director."""
    if Role.DIRECTOR not in actor.roles:
        raise NotPermitted(
            Text("延期和豁免由国家局主管批准，您没有这个职责。", "Extensions and waivers are the director's to grant.")
        )


def _check_apart(office: int | None, actor: Actor, asked: ExtensionRequest | None = None) -> None:
    """Raise NotPermitted where a director would grant something to an office at which they hold a role, or what they
    asked for themselves, roles changed or not (docs/decisions.md 12)."""
    own = office is not None and office in actor.units(Role.REVIEWER, Role.LEADER)
    if own or (asked is not None and {asked.by_id, asked.absent_id} & set(actor.both)):
        raise NotPermitted(
            Text(
                "这是您本单位的事，请由另一位主管批准。",
                "This is about an office of your own; another director must decide.",
            )
        )


def _sensible(call: Call, phase_id: str, reason: str) -> None:
    if call.phase(phase_id) is None:
        raise WrongGrant(Text(f"本次征集没有阶段“{phase_id}”。", f"This call has no phase “{phase_id}”."))
    if not reason.strip():
        raise WrongGrant(Text("请写明理由；理由会留在记录里。", "Write the reason; it stays on record."))
