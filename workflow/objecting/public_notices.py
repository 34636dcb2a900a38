"""公示: lists of shortlisted cases that stand in public for as long as the call says, before anything is published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from rules.call import BEIJING, Call, DayKind, Leg, PublicNotice, Recommender, midnight
from rules.roles import Role
from rules.words import Text
from states.case import CaseState
from states.reach import Actor
from workflow import working_days
from workflow.engine import NoSuchThing, NotPermitted, Receipt, WrongInput
from workflow.store import calls as stored_calls
from workflow.store import deadlines as stored_deadlines
from workflow.store import objections as stored_objections
from workflow.store import public_notices as stored
from workflow.store.models import Case, PublicNoticeLine
from workflow.store.models import PublicNotice as Row

_NEWEST = 200
_SATURDAY = 5
_PUBLISHED = (CaseState.PUBLISHED, CaseState.WIPO_PUSHED)
_PUT_UP, _TAKE_DOWN = "call.put_up_notice", "call.take_down_notice"


class WrongNotice(WrongInput):
    """A list that cannot be put up or taken down as asked (422)."""


class NoSuchNotice(NoSuchThing):
    """There is no such list (404)."""


@dataclass(frozen=True)
class Shown:
    """A list as everybody sees it. `lines`: each with its case; those taken off since bear `void_at`."""

    notice: Row
    call: Call
    lines: Sequence[PublicNoticeLine]
    number_of_cases: int
    closes: datetime
    objections: int = 0
    """How many objections to it are not answered yet."""

    def open(self, at: datetime) -> bool:
        """Whether it stands in public at an instant."""
        return self.notice.taken_down_at is None and at < self.closes


@dataclass(frozen=True)
class Waiting:
    """Shortlisted cases of one call that stand in no list, and until when a list put up now would stand."""

    version: int
    call: Call
    cases: Sequence[Case]
    last_day: date | None


def last_day(asked: PublicNotice, at: datetime) -> date:
    """The last day of a list put up at an instant; the first that counts is the day after (as terms are counted).

    Raises WrongNotice where the holidays of a year in it are not known yet.
    """
    day = at.astimezone(BEIJING).date()
    left = asked.days
    while left:
        day += timedelta(days=1)
        left -= 1 if _counts(day, asked) else 0
    return day


def _counts(day: date, asked: PublicNotice) -> bool:
    """Whether a day counts: by the call where it lists the day, else by the State Council's notice of its year."""
    if asked.counted is DayKind.CALENDAR or day in asked.days_worked:
        return True
    if day in asked.days_off:
        return False
    working = working_days.working(day)
    if working is None and any(one.year == day.year for one in asked.days_off):
        return day.weekday() < _SATURDAY
    if working is None:
        raise WrongNotice(
            Text(
                f"{day.year} 年的放假安排还不在系统里，算不出工作日。请管理员升级系统（chinesecalendar），或由受理人修订征集通知、"
                "列出当年的放假日和上班日，再公示。",
                f"The holidays of {day.year} are not known here, so working days cannot be counted. Have the administrator"
                " upgrade the system (chinesecalendar), or the desk amend the call and list that year's days off and worked.",
            )
        )
    return working


def puts_up(actor: Actor) -> bool:
    """Whether this person puts lists up."""
    return Role.DESK in actor.roles


def _check(actor: Actor) -> None:
    if not puts_up(actor):
        raise NotPermitted(Text("公示由国家局受理人办理。", "Public notices are the national desk's to put up."))


def put_up(session: Session, ids: Sequence[int], *, actor: Actor, at: datetime, op: str = "") -> Receipt:
    """Put up a list of shortlisted cases of one call. Raises NotPermitted, WrongNotice."""
    _check(actor)
    chosen = set(ids)
    for number in sorted({call.number for _, call in stored_calls.every(session) if call.public_notice}):
        earlier = stored_deadlines.earlier(session, number, _PUT_UP, op)
        if earlier is not None:
            return earlier
    stored.lock_cases(session, sorted(chosen))
    found = [one for one in waiting(session, at) if chosen & {case.id for case in one.cases}]
    if len(found) != 1 or not chosen <= {case.id for case in found[0].cases}:
        raise WrongNotice(
            Text(
                "没有公示：请选择同一份征集通知下已入选、还没有公示的案例。名单可能刚刚变化，请刷新后再选。",
                "Nothing was put up: choose shortlisted cases of one call that stand in no list. Reload and choose again.",
            )
        )
    [one] = found
    asked = one.call.public_notice
    if asked is None:
        raise LookupError(one.call.number)
    until = last_day(asked, at)
    cases = [case for case in one.cases if case.id in chosen]
    itself = one.call.route.recommended_by is Recommender.SELF
    lines = [
        {
            "case_id": case.id,
            "title": case.title,
            "centre": case.centre.name,
            "host_unit": case.centre.host_unit,
            "recommended_by": "" if itself else case.office.addressee,
        }
        for case in cases
    ]
    notice = stored.insert_notice(session, one.version, lines, until, actor.id, at)
    data: dict[str, object] = {
        "notice": notice,
        "last_day": until.isoformat(),
        "cases": [case.number for case in cases],
    }
    return stored_deadlines.note(session, _PUT_UP, one.call.number, None, data, actor, at, op)


def take_down(session: Session, number: int, remark: str, *, actor: Actor, at: datetime, op: str = "") -> Receipt:
    """Take a list down; its cases wait for another. Raises NotPermitted, NoSuchNotice, WrongNotice."""
    _check(actor)
    shown = find(session, number)
    earlier = stored_deadlines.earlier(session, shown.call.number, _TAKE_DOWN, op)
    if earlier is not None:
        return earlier
    stored.lock_cases(session, sorted(line.case_id for line in shown.lines))
    shown = find(session, number)  # as it is now that nobody moves them
    if not remark.strip():
        raise WrongNotice(Text("请写明撤下公示的理由。", "Say why the notice is taken down."))
    if shown.notice.taken_down_at is not None:
        raise WrongNotice(Text("这份公示已经撤下。", "This notice was taken down already."))
    if stored_objections.open_of_notice(session, number):
        raise WrongNotice(
            Text(
                "还有异议没有答复，公示不能撤下。请先办结异议。",
                "Objections are not answered yet, so the notice is not taken down. Settle them first.",
            )
        )
    if any(line.case.state in _PUBLISHED for line in shown.lines if line.void_at is None):
        raise WrongNotice(
            Text(
                "名单中已有案例公开发布，公示不能再撤下。请先由编辑撤下发布。",
                "Cases of this list are published, so it is not taken down any more. Have the editor retract them first.",
            )
        )
    stored.take_down(session, number, remark.strip(), at)
    data: dict[str, object] = {"notice": number, "remark": remark.strip()}
    return stored_deadlines.note(session, _TAKE_DOWN, shown.call.number, None, data, actor, at, op)


def waiting(session: Session, at: datetime) -> list[Waiting]:
    """Shortlisted cases that wait to be put up, and retracted ones to be published again, by version of their call."""
    asked = {version: call for version, call in stored_calls.every(session) if Leg.PUBLIC_NOTICE in call.route.legs}
    found: dict[int, list[Case]] = {}
    for case in stored.waiting(session, list(asked)) if asked else ():
        found.setdefault(case.call_version_id, []).append(case)
    return [Waiting(version, asked[version], cases, _until(asked[version], at)) for version, cases in found.items()]


def _until(call: Call, at: datetime) -> date | None:
    try:
        return last_day(call.public_notice, at) if call.public_notice else None
    except WrongNotice:
        return None


def find(session: Session, number: int) -> Shown:
    """One list. Raises NoSuchNotice."""
    notice = stored.one(session, number)
    if notice is None:
        raise NoSuchNotice(
            Text("没有这份公示。请从“公示”进入。", "There is no such public notice. Start from the list of notices.")
        )
    lines = stored.lines(session, number)
    return _shown(session, notice, lines, len(lines))


def every(session: Session) -> list[Shown]:
    """The newest lists first, without their lines."""
    found = stored.newest(session, _NEWEST)
    counts = stored.counts(session, [one.id for one in found])
    return [_shown(session, one, (), counts.get(one.id, 0)) for one in found]


def _shown(session: Session, notice: Row, lines: Sequence[PublicNoticeLine], number: int) -> Shown:
    call = stored_calls.call_of(session, notice.call_version_id)
    return Shown(
        notice,
        call,
        lines,
        number,
        midnight(notice.last_day + timedelta(days=1)),
        stored_objections.open_of_notice(session, notice.id),
    )
