"""代办: who stands in for an absent person, on which days, in whose name; all on record.

Source: docs/decisions.md 82. A stand-in acts with the absent person's roles alone, after saying so, and is called
“A 代 B” in everything that is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from rules.call import BEIJING
from rules.roles import Level, Role
from rules.words import Text
from states.reach import Actor, Grant, lent, standing_in
from workflow.engine import CannotServe, NoSuchThing, NotPermitted, WrongInput
from workflow.identity import people, sign_in
from workflow.settings import Settings
from workflow.store import people as stored_people
from workflow.store import stand_ins as stored
from workflow.store import trail
from workflow.store.models import Person, StandIn

LONGEST = timedelta(days=180)
"""For how long somebody may be stood in for at a time."""
LONGEST_REASON = 200

OVER = Text("代办已经结束，您现在以本人身份办理。", "Standing in is over; you act for yourself again.")
DAYS_MISSING = Text("请写明第一天和最后一天。", "Give the first and the last day.")


class WrongStandIn(WrongInput):
    """An absence that makes no sense as written (422)."""


class NoSuchStandIn(NoSuchThing):
    """Not there, or not this person's to see (404)."""


class NotNow(CannotServe):
    """Somebody would stand in before the first day, after the last, or after it was ended (409)."""


def day_of(at: datetime) -> date:
    return at.astimezone(BEIJING).date()


# ---- naming and ending -----------------------------------------------------------------------------------------------


def name(
    session: Session,
    absent_id: int,
    person_id: int,
    first: date | None,
    last: date | None,
    reason: str,
    *,
    actor: Actor,
    at: datetime,
    op: str = "",
) -> int:
    """Have a colleague stand in for somebody from one day to another; gives its number.

    Raises NotPermitted for all but the absent person and their leader, WrongStandIn.
    """
    stored_people.lock(session, absent_id)
    earlier = trail.by_op(session, [f"{op}:person.name_stand_in"] if op else [])
    if earlier:
        return max(one.id for one in stored.of_people(session, [absent_id]) if one.by_id == actor.id)
    absent, person = people.by_id(session, absent_id), people.by_id(session, person_id)
    if absent is None or not may_name(absent, actor):
        raise NotPermitted(
            Text(
                "代办人由不在岗的本人指定，或由其负责人指定；代办别人期间不能再转托。",
                "A stand-in is named by the absent person or by their leader, and never by somebody standing in.",
            )
        )
    if first is None or last is None:
        raise WrongStandIn(DAYS_MISSING)
    _check(session, absent, person, first, last, reason, day_of(at))
    values = {"absent_id": absent_id, "person_id": person_id, "first_day": first, "last_day": last}
    made = stored.add(session, **values, reason=reason.strip(), by_id=actor.id, at=at)
    data = {
        "number": made,
        "stand_in": {"id": person_id, "name": person.name if person else ""},
        "first_day": first.isoformat(),
        "last_day": last.isoformat(),
    }
    _record(session, absent_id, "person.name_stand_in", data, actor, at, op, private={"reason": reason.strip()})
    return made


def _check(
    session: Session, absent: Person, person: Person | None, first: date, last: date, reason: str, today: date
) -> None:
    if person is None or person.id == absent.id or not (person.active and absent.active):
        raise WrongStandIn(
            Text(
                "请选择另一位在用账号的同事代办；停用的账号不能代办，也不能由人代办。",
                "Choose another colleague. A disabled account neither stands in nor is stood in for.",
            )
        )
    if not _lent(absent, person):
        raise WrongStandIn(
            Text(
                f"{person.name}与{absent.name}不在同一个中心、主管部门或国家局任职，不能代办。请选择同一单位的同事。",
                f"{person.name} holds no role where {absent.name} holds one. Choose a colleague of the same unit.",
            )
        )
    if last < first or last < today or last - first > LONGEST:
        raise WrongStandIn(
            Text(
                f"最后一天不能早于第一天和今天，一次最长 {LONGEST.days} 天。请改日期。",
                f"The last day is not before the first or today, and not more than {LONGEST.days} days after the first.",
            )
        )
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise WrongStandIn(
            Text(
                f"请写明事由，最多 {LONGEST_REASON} 字，如“出差”“休假”；不必写病情。",
                f"Give the reason in at most {LONGEST_REASON} characters, such as “travel” or “leave”.",
            )
        )
    for one in stored.overlapping(session, [absent.id, person.id], first, last):
        days = f"{one.first_day:%Y-%m-%d} — {one.last_day:%Y-%m-%d}"
        raise WrongStandIn(
            Text(
                f"{one.absent.name}在 {days} 已由{one.person.name}代办。请先结束那一段，或改日期、改人。",
                f"{one.person.name} stands in for {one.absent.name} on {days} already. End that first, or choose otherwise.",
            )
        )


def end(session: Session, number: int, *, actor: Actor, at: datetime, op: str = "") -> None:
    """End it before its last day; at once effective. Raises NoSuchStandIn, NotPermitted."""
    found = stored.one(session, number)
    if found is None or not _sees(found, actor):
        raise _nothing()
    if not may_end(found, actor):
        raise NotPermitted(
            Text(
                "代办由不在岗的本人、代办人、其负责人或管理员提前结束。",
                "It is ended by the absent person, the stand-in, their leader or the administrator.",
            )
        )
    stored_people.lock(session, found.absent_id)
    found = stored.one(session, number)
    if found is None or found.ended_at is not None:
        return
    stored.end(session, number, actor.id, at)
    data = {"number": number, "stand_in": {"id": found.person_id, "name": found.person.name}}
    _record(session, found.absent_id, "person.end_stand_in", data, actor, at, op)


def may_name(absent: Person, actor: Actor) -> bool:
    """The absent person, or whoever leads them; nobody while standing in."""
    return actor.absent is None and (actor.id == absent.id or leads(actor, absent))


def may_end(found: StandIn, actor: Actor) -> bool:
    if actor.absent is not None:
        return False
    own = actor.id in (found.absent_id, found.person_id)
    return own or leads(actor, found.absent) or Role.ADMINISTRATOR in actor.roles


def leads(actor: Actor, person: Person) -> bool:
    """Whether somebody is the leader of a person: of their office or their centre's office, or the director."""
    offices = actor.units(Role.LEADER)
    return actor.id != person.id and any(
        (one.centre.office_id if one.centre else one.office_id) in offices
        if one.centre_id or one.office_id
        else Role.DIRECTOR in actor.roles and Role.of(one.role) not in (Role.ADMINISTRATOR, Role.AUDITOR)
        for one in person.grants
    )


def _sees(found: StandIn, actor: Actor) -> bool:
    return may_end(found, actor) or (actor.absent is not None and actor.id in (found.absent_id, found.person_id))


def _nothing() -> NoSuchStandIn:
    return NoSuchStandIn(Text("没有这项代办。", "There is no such stand-in."))


# ---- lists -----------------------------------------------------------------------------------------------------------


def listed(session: Session, actor: Actor) -> list[StandIn]:
    """One's own, both ways, and those of whom one leads; the administrator and the auditor see all. The newest first."""
    everything = bool(actor.roles & {Role.ADMINISTRATOR, Role.AUDITOR})
    leading = bool(actor.roles & {Role.LEADER, Role.DIRECTOR})
    found = stored.of_people(session, None if everything or leading else [actor.id])
    return [one for one in found if everything or _sees(one, actor)]


def absentees(session: Session, actor: Actor) -> list[Person]:
    """For whom this person may name a stand-in: themselves first, then whom they lead."""
    if actor.absent is not None:
        return []
    found = [one for one in stored_people.everybody(session) if one.active and may_name(one, actor)]
    return sorted((one for one in found if _all(one)), key=lambda one: one.id != actor.id)


def candidates(session: Session, absent: Sequence[Person]) -> list[Person]:
    """Who could stand in for one of these people."""
    everybody = [one for one in stored_people.everybody(session) if one.active]
    return [one for one in everybody if any(one.id != each.id and _lent(each, one) for each in absent)]


def _all(person: Person) -> frozenset[Grant]:
    return _lent(person, person)


def _lent(absent: Person, person: Person) -> frozenset[Grant]:
    return lent(people.actor_of(absent).grants, people.actor_of(person).grants)


def holds_now(found: StandIn, day: date) -> bool:
    """Whether somebody can stand in on a day: the days, both accounts, and a role at the same place as then."""
    within = found.ended_at is None and found.first_day <= day <= found.last_day
    return within and found.absent.active and found.person.active and bool(_lent(found.absent, found.person))


def open_to(session: Session, person_id: int, day: date) -> list[StandIn]:
    """In whose place somebody can act on a day."""
    return [one for one in stored.of_people(session, [person_id]) if one.person_id == person_id and holds_now(one, day)]


# ---- standing in -----------------------------------------------------------------------------------------------------


def acting(found: StandIn) -> Actor:
    """The stand-in, as somebody who acts."""
    return standing_in(people.actor_of(found.person), people.actor_of(found.absent))


def current(session: Session, number: int, person_id: int, day: date) -> StandIn | None:
    """What somebody took up, while it still holds; None once it is over."""
    found = stored.one(session, number)
    return found if found and found.person_id == person_id and holds_now(found, day) else None


def take_up(
    session: Session, settings: Settings, person: Person, sign_in_id: int, number: int, *, day: date, at: datetime
) -> StandIn:
    """From now on this browser acts for the absent person. `at`: the real time. Raises NoSuchStandIn, NotNow."""
    found = stored.one(session, number)
    if found is None or found.person_id != person.id:
        raise _nothing()
    if not holds_now(found, day):
        raise NotNow(
            Text(
                f"只能在 {found.first_day:%Y-%m-%d} 至 {found.last_day:%Y-%m-%d} 代办，且没有提前结束。",
                f"Standing in is possible from {found.first_day:%Y-%m-%d} to {found.last_day:%Y-%m-%d}, unless ended early.",
            )
        )
    stored.take_up(session, sign_in_id, number)
    data = {"number": number, "for": {"id": found.absent_id, "name": found.absent.name}}
    sign_in.record(session, settings, person, "person.stand_in", data, at=at)
    return found


def lay_down(
    session: Session, settings: Settings, person: Person, sign_in_id: int, number: int, *, at: datetime
) -> None:
    """From now on this browser acts for its own person again. `at`: the real time."""
    stored.take_up(session, sign_in_id, None)
    sign_in.record(session, settings, person, "person.lay_down", {"number": number}, at=at)


def restored(session: Session, person_id: int, absent_id: int | None) -> Actor | None:
    """Whoever had something done, as they then acted, for work that goes on without them; None once they may not.

    What was begun on the days of an absence is finished after them, unless it was ended early.
    """
    person = people.by_id(session, person_id)
    if person is None or not person.active:
        return None
    if not absent_id:
        return people.actor_of(person)
    found = next((one for one in stored.paired(session, absent_id, person_id) if one.absent.active), None)
    return acting(found) if found else None


# ---- who is there ----------------------------------------------------------------------------------------------------


class Presence:
    """Who is away on a day, and who stands in for whom."""

    def __init__(self, session: Session, at: datetime) -> None:
        day = day_of(at)
        rows = stored.on(session, day)
        self.away = frozenset(one.absent_id for one in rows)
        self.standing = [one for one in rows if holds_now(one, day)]

    def lent(self) -> Iterable[tuple[StandIn, Grant]]:
        """Each role that somebody takes care of for another."""
        return ((one, grant) for one in self.standing for grant in _lent(one.absent, one.person))


def unit_of(grant: Grant) -> int | None:
    """The centre or office of a role; None at the national office."""
    return grant.unit if grant.role.level in (Level.CENTRE, Level.OFFICE) else None


def _record(
    session: Session,
    absent_id: int,
    action: str,
    data: dict[str, object],
    actor: Actor,
    at: datetime,
    op: str,
    *,
    private: dict[str, str] | None = None,
) -> None:
    key = f"{op}:{action}" if op else None
    trail.append(session, [trail.Entry(f"person/{absent_id}", action, "done", at, actor, data, private, op=key)])
