"""Rows of people, and the roles they hold."""

from __future__ import annotations

from collections import Counter
from functools import cache

from sqlalchemy import Select, delete, func, insert, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from rules.roles import Role
from states.reach import Grant
from workflow.store.models import Centre, Office, Person, PersonGrant, Setting


@cache
def _with_units() -> tuple[ORMOption, ...]:
    """Made when it is first asked for: it has every mapper configured, which whoever only imports this need not wait for."""
    grants = selectinload(Person.grants)
    return grants.joinedload(PersonGrant.centre), grants.joinedload(PersonGrant.office)


def by_id(session: Session, person_id: int) -> Person | None:
    """One person with grants and their units."""
    return session.scalar(select(Person).options(*_with_units()).where(Person.id == person_id))


def by_login(session: Session, login: str) -> Person | None:
    return session.scalar(select(Person).options(*_with_units()).where(Person.login == login))


def everybody(session: Session) -> list[Person]:
    """All people by login, with grants and their units."""
    return list(session.scalars(select(Person).options(*_with_units()).order_by(Person.login)))


def holding(session: Session, role: str, centre: int | None, office: int | None) -> list[Person]:
    """Active people who hold a role at a unit."""
    held = select(PersonGrant.person_id).where(PersonGrant.role == role)
    held = held.where(PersonGrant.centre_id == centre) if centre else held
    held = held.where(PersonGrant.office_id == office) if office else held
    return list(session.scalars(select(Person).where(Person.active, Person.id.in_(held)).order_by(Person.id)))


def holders(session: Session) -> Counter[str]:
    """Role → how many active people hold it, at whichever unit."""
    counted = select(PersonGrant.role, func.count(PersonGrant.person_id.distinct()))
    counted = counted.join(Person, Person.id == PersonGrant.person_id).where(Person.active).group_by(PersonGrant.role)
    return Counter({role: count for role, count in session.execute(counted)})


def offices_without(session: Session, role: Role) -> list[str]:
    """Offices that have a centre and no active person in the role, by name."""
    wanted = select(Office.addressee).where(
        Office.id.in_(select(Centre.office_id)), Office.id.not_in(_where(role, PersonGrant.office_id))
    )
    return list(session.scalars(wanted.order_by(Office.id)))


def centres_with(session: Session, *roles: Role) -> int:
    """How many centres have an active person in each of these roles."""
    having = [Centre.id.in_(_where(role, PersonGrant.centre_id)) for role in roles]
    return session.scalar(select(func.count()).select_from(Centre).where(*having)) or 0


def _where(role: Role, unit: InstrumentedAttribute[int | None]) -> Select[int | None]:
    """The units at which an active person holds a role."""
    held = select(unit).join(Person, Person.id == PersonGrant.person_id)
    return held.where(Person.active, PersonGrant.role == str(role), unit.is_not(None))


def create(session: Session, login: str, name: str, email: str, password: str) -> int:
    """A new person; `password` is its hash."""
    return session.execute(
        insert(Person).values(login=login, name=name, email=email, password=password).returning(Person.id)
    ).scalar_one()


def set_password(session: Session, person_id: int, hashed: str, *, end_sessions: bool) -> None:
    values: dict[str, object] = {"password": hashed}
    if end_sessions:
        values["session_epoch"] = Person.session_epoch + 1
    session.execute(update(Person).where(Person.id == person_id).values(**values))


def end_sessions(session: Session, person_id: int) -> None:
    """End every session of a person, with their next request."""
    session.execute(update(Person).where(Person.id == person_id).values(session_epoch=Person.session_epoch + 1))


def epoch(session: Session, person_id: int) -> int:
    return int(session.scalar(select(Person.session_epoch).where(Person.id == person_id)) or 0)


def to_mail(session: Session, said: str) -> list[Person]:
    """Active people with an e-mail address who have this login or this address."""
    wanted = (Person.login == said) | (func.lower(Person.email) == said.lower())
    return list(session.scalars(select(Person).where(Person.active, Person.email != "", wanted).order_by(Person.id)))


def set_active(session: Session, person_id: int, active: bool) -> None:
    """Disabling also ends every session."""
    session.execute(
        update(Person)
        .where(Person.id == person_id)
        .values(active=active, session_epoch=Person.session_epoch + (0 if active else 1))
    )


def grants_of(session: Session, person_id: int) -> list[PersonGrant]:
    found = select(PersonGrant).options(joinedload(PersonGrant.centre), joinedload(PersonGrant.office))
    return list(session.scalars(found.where(PersonGrant.person_id == person_id).order_by(PersonGrant.id)))


def unit_exists(session: Session, unit: int, *, centre: bool) -> bool:
    return session.get(Centre if centre else Office, unit) is not None


def add_grant(session: Session, person_id: int, grant: Grant, *, centre: bool, office: bool) -> None:
    """Give a role; the same one again changes nothing."""
    columns = {
        "person_id": person_id,
        "role": str(grant.role),
        "centre_id": grant.unit if centre else None,
        "office_id": grant.unit if office else None,
    }
    if session.scalar(_exactly(columns)) is None:
        session.execute(insert(PersonGrant).values(**columns))


def drop_grant(session: Session, person_id: int, grant: Grant, *, centre: bool, office: bool) -> None:
    columns = {
        "person_id": person_id,
        "role": str(grant.role),
        "centre_id": grant.unit if centre else None,
        "office_id": grant.unit if office else None,
    }
    session.execute(delete(PersonGrant).where(PersonGrant.id.in_(_exactly(columns))))


def _exactly(columns: dict[str, object]) -> Select[int]:
    return select(PersonGrant.id).where(*(getattr(PersonGrant, name) == value for name, value in columns.items()))


def count_unknown(session: Session, day: str) -> int:
    """One more sign-in with a login that nobody has; gives how many there were on that day."""
    name = f"unknown_sign_ins/{day}"
    row = session.get(Setting, name, with_for_update=True)
    count = int(row.value) + 1 if row else 1
    session.merge(Setting(name=name, value=str(count)))
    session.flush()
    return count


def lock(session: Session, person_id: int) -> None:
    """Others who write about this person wait: their stream has one writer at a time."""
    session.execute(select(Person.id).where(Person.id == person_id).with_for_update())
