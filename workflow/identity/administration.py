"""What an administrator looks at and chooses from; what is done stands with people, register and notices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from rules.roles import Level, Role
from rules.words import Text
from states.reach import Actor
from workflow import register
from workflow.audit import search
from workflow.engine import NotPermitted
from workflow.identity import people
from workflow.identity.people import WrongPerson
from workflow.store.models import Person

ROLES = tuple(
    (level, tuple(role for role in Role if role.level is level))
    for level in (Level.CENTRE, Level.OFFICE, Level.NATIONAL)
)
"""Roles that can be given, by the level at which they are held."""


def check_administrator(actor: Actor) -> None:
    """Raise NotPermitted for anybody else."""
    if Role.ADMINISTRATOR not in actor.roles:
        raise NotPermitted(Text("这里由管理员办理，您没有这个职责。", "This is for an administrator; you are none."))


def people_named(session: Session, text: str) -> list[Person]:
    """People whose login, name or unit holds these characters; everybody for none."""
    wanted = text.casefold()
    return [one for one in people.everybody(session) if wanted in _said(one)]


def _said(person: Person) -> str:
    units = (f"{one.role.label.zh} {one.unit}" for one in people.positions(person))
    return " ".join((person.login, person.name, *units)).casefold()


@dataclass(frozen=True)
class Held:
    """A role as held, with what takes it away again."""

    role: Role
    unit: int | None
    where: str


def grants(person: Person) -> list[Held]:
    """The roles of a person, in the order in which they were given."""
    return [
        Held(
            Role.of(one.role),
            one.centre_id or one.office_id,
            one.centre.name if one.centre else one.office.addressee if one.office else "",
        )
        for one in sorted(person.grants, key=lambda one: one.id)
    ]


def role(written: str) -> Role:
    """The role of that name. Raises WrongPerson when none can be given under it."""
    given = {str(one): one for _, roles in ROLES for one in roles}
    if written not in given:
        raise WrongPerson(Text("请选择要授予的职责。", "Choose a role."))
    return given[written]


def unit(session: Session, role: Role, chosen: int | None) -> int | None:
    """The centre or office at which a role is to be held. Raises WrongPerson when it is not there."""
    if role.level not in (Level.CENTRE, Level.OFFICE):
        return None
    found = None
    if chosen is not None:
        found = register.centre(session, chosen) if role.level is Level.CENTRE else register.office(session, chosen)
    if found is None:
        need = role.level.label
        raise WrongPerson(Text(f"请为“{role.label.zh}”选择{need.zh}。", f"Choose where “{role.label.en}” is held."))
    return found.id


def history(session: Session, person_id: int) -> Sequence[search.Entry]:
    """What was done with an account, the newest first; not what the person did."""
    return search.of_stream(session, f"person/{person_id}")


def decoded(data: bytes) -> str:
    """A text file as people save it: UTF-8, or what Windows writes in China."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding).replace("\r\n", "\n").replace("\0", "")
        except UnicodeDecodeError:
            continue
    return data.decode("utf-8", "replace")
