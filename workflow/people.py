"""People: signing in, and giving and taking roles, all on record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.orm import Session

from rules.call import BEIJING
from rules.roles import Level, Role
from rules.words import Text
from states.reach import Actor, Grant
from workflow.engine import CannotServe
from workflow.settings import Settings
from workflow.store import people as stored
from workflow.store import trail
from workflow.store.database import Database
from workflow.store.models import Person

SHORTEST_PASSWORD = 8
LONGEST_NAME, LONGEST_EMAIL = 80, 200
"""Characters that the register holds."""
DEMO_PASSWORD = "zhengji-demo"
"""Of every account that comes with the demo; it is shown on the demo's sign-in page."""


class WrongPerson(CannotServe):
    """What was written about a person cannot be: a taken login, a short password, a role without its unit (422)."""


def authenticate(database: Database, settings: Settings, login: str, password: str, *, at: datetime) -> Person | None:
    """The active person of that login and password, or None; either way on record.

    An unknown login costs the same time as a wrong password, and is counted per day only: a stranger's guesses are
    no entry of the trail. The hash is computed outside any transaction, because it is slow on purpose.
    """
    hasher = _hasher(settings)
    with database.reading() as session:
        person = stored.by_login(session, login.strip())
    right = _matches(hasher, person.password if person else _nobody(hasher), password)
    with database.transaction() as session:
        if person is None:
            stored.count_unknown(session, f"{at.astimezone(BEIJING):%Y-%m-%d}")
            return None
        welcome = right and person.active
        _record_sign_in(session, person, "done" if welcome else "refused", at)
        if welcome and hasher.check_needs_rehash(person.password):
            stored.set_password(session, person.id, hasher.hash(password), end_sessions=False)
    return person if welcome else None


def _hasher(settings: Settings) -> PasswordHasher:
    return PasswordHasher(time_cost=settings.argon2_time, memory_cost=settings.argon2_memory, parallelism=1)


_NOBODY: dict[tuple[int, int], str] = {}


def _nobody(hasher: PasswordHasher) -> str:
    """A hash of the same cost that no password matches, made once."""
    cost = (hasher.time_cost, hasher.memory_cost)
    if cost not in _NOBODY:
        _NOBODY[cost] = hasher.hash("nobody's")
    return _NOBODY[cost]


def _matches(hasher: PasswordHasher, hashed: str, password: str) -> bool:
    try:
        return hasher.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


def _record_sign_in(session: Session, person: Person, outcome: str, at: datetime) -> None:
    stored.lock(session, person.id)
    entry = trail.Entry(f"person/{person.id}/sign-ins", "person.sign_in", outcome, at, Actor(person.id, person.name))
    trail.append(session, [entry])


def by_id(session: Session, person_id: int) -> Person | None:
    """One person with the roles held now."""
    return stored.by_id(session, person_id)


def by_login(session: Session, login: str) -> Person | None:
    return stored.by_login(session, login)


def everybody(session: Session) -> list[Person]:
    return stored.everybody(session)


def by_level(session: Session) -> list[tuple[Text, list[Person]]]:
    """Active people with a role, by where they sit (centre, office, national office), in the order of their roles."""
    order = list(Role)

    def first(person: Person) -> Role:
        return min((Role.of(one.role) for one in person.grants), key=order.index)

    held = sorted((one for one in stored.everybody(session) if one.active and one.grants), key=lambda one: one.id)
    levels = [(level.label, [one for one in held if first(one).level is level]) for level in Level]
    return [(label, sorted(many, key=lambda one: order.index(first(one)))) for label, many in levels if many]


def actor_of(person: Person) -> Actor:
    """The person as somebody who acts, in the roles held now."""
    return Actor(
        person.id,
        person.name,
        frozenset(Grant(Role.of(one.role), one.centre_id or one.office_id) for one in person.grants),
    )


@dataclass(frozen=True)
class Position:
    """A role as held: with the name of the centre or office, or of the national office."""

    role: Role
    unit: str


def positions(person: Person) -> list[Position]:
    """The roles of a person, with where they are held ("" for the national office)."""
    return [
        Position(Role.of(one.role), one.centre.name if one.centre else one.office.addressee if one.office else "")
        for one in sorted(person.grants, key=lambda one: one.id)
    ]


def create(
    session: Session,
    settings: Settings,
    *,
    login: str,
    name: str,
    password: str,
    actor: Actor,
    at: datetime,
    email: str = "",
    op: str = "",
) -> int:
    """A new person without any role; gives the id, the same again for the same `op`. Raises WrongPerson."""
    login, name = login.strip(), name.strip()
    earlier = created_by_op(session, op)
    if earlier is not None:
        return earlier
    if not login or not name:
        raise WrongPerson(Text("请填写登录名和姓名。", "Fill in a login and a name."))
    if max(len(login), len(name)) > LONGEST_NAME or len(email.strip()) > LONGEST_EMAIL:
        raise WrongPerson(
            Text(
                f"登录名和姓名最多 {LONGEST_NAME} 个字，邮箱最多 {LONGEST_EMAIL} 个字符。",
                f"A login and a name have at most {LONGEST_NAME} characters, an e-mail address {LONGEST_EMAIL}.",
            )
        )
    if stored.by_login(session, login) is not None:
        raise WrongPerson(
            Text(f"登录名“{login}”已有人使用，请换一个。", f"The login “{login}” is taken; choose another.")
        )
    made = stored.create(session, login, name, email.strip(), _hashed(settings, password))
    _record(session, made, "person.create", actor, at, {"login": login, "name": name}, op)
    return made


def created_by_op(session: Session, op: str) -> int | None:
    """The person that this form already created."""
    found = trail.by_op(session, [f"{op}:person.create"] if op else [])
    return next((int(event.stream.removeprefix("person/")) for event in found.values()), None)


def set_password(
    session: Session, settings: Settings, person_id: int, password: str, *, actor: Actor, at: datetime
) -> None:
    """A new password; it ends every session of that person. Raises WrongPerson when it is too short."""
    stored.set_password(session, person_id, _hashed(settings, password), end_sessions=True)
    _record(session, person_id, "person.set_password", actor, at, {})


def _hashed(settings: Settings, password: str) -> str:
    if len(password) < SHORTEST_PASSWORD:
        raise WrongPerson(
            Text(
                f"密码至少 {SHORTEST_PASSWORD} 位，请换一个长一些的。",
                f"A password has at least {SHORTEST_PASSWORD} characters; choose a longer one.",
            )
        )
    return _hasher(settings).hash(password)


def grant(session: Session, person_id: int, role: Role, unit: int | None = None, *, actor: Actor, at: datetime) -> None:
    """Give a role, at once effective. `unit`: the centre or office it is held at. Raises WrongPerson."""
    _check_unit(role, unit)
    if unit is not None and not stored.unit_exists(session, unit, centre=role.level is Level.CENTRE):
        raise WrongPerson(
            Text(
                f"登记中没有编号为 {unit} 的{role.level.label.zh}。",
                f"The register holds no {role.level.label.en.lower()} with the id {unit}.",
            )
        )
    stored.add_grant(session, person_id, Grant(role, unit), **_where(role))
    _record(session, person_id, "person.grant", actor, at, {"role": str(role), "unit": unit})


def revoke(
    session: Session, person_id: int, role: Role, unit: int | None = None, *, actor: Actor, at: datetime
) -> None:
    """Take a role away, at once effective. Raises WrongPerson for one's own role of administrator."""
    if role is Role.ADMINISTRATOR:
        _another(person_id, actor)
    stored.drop_grant(session, person_id, Grant(role, unit), **_where(role))
    _record(session, person_id, "person.revoke", actor, at, {"role": str(role), "unit": unit})


def _another(person_id: int, actor: Actor) -> None:
    if person_id == actor.id:
        raise WrongPerson(
            Text(
                "不能停用自己的账号，也不能收回自己的管理员职责。请由另一位管理员办理。",
                "You cannot disable yourself or take your own administration away; ask another administrator.",
            )
        )


def _where(role: Role) -> dict[str, bool]:
    return {"centre": role.level is Level.CENTRE, "office": role.level is Level.OFFICE}


def _check_unit(role: Role, unit: int | None) -> None:
    if (role.level in (Level.CENTRE, Level.OFFICE)) == (unit is not None):
        return
    need = role.level.label if role.level in (Level.CENTRE, Level.OFFICE) else None
    if need is None:
        raise WrongPerson(
            Text(
                f"“{role.label.zh}”是全国性的职责，不选单位。", f"“{role.label.en}” is a national role; choose no unit."
            )
        )
    raise WrongPerson(
        Text(f"“{role.label.zh}”须选定{need.zh}。", f"“{role.label.en}” needs a unit ({need.en.lower()}).")
    )


def disable(session: Session, person_id: int, *, actor: Actor, at: datetime) -> None:
    """The account can no longer be used, and its sessions end now; what the person did stays on record.

    Raises WrongPerson for one's own account: somebody must be left to let one in again.
    """
    _another(person_id, actor)
    stored.set_active(session, person_id, False)
    _record(session, person_id, "person.disable", actor, at, {})


def enable(session: Session, person_id: int, *, actor: Actor, at: datetime) -> None:
    stored.set_active(session, person_id, True)
    _record(session, person_id, "person.enable", actor, at, {})


def _record(
    session: Session, person_id: int, action: str, actor: Actor, at: datetime, data: dict[str, object], op: str = ""
) -> None:
    stored.lock(session, person_id)
    key = f"{op}:{action}" if op else None
    trail.append(session, [trail.Entry(f"person/{person_id}", action, "done", at, actor, data, op=key)])


def knocked(session: Session, path: str, said: Text, *, actor: Actor, at: datetime) -> None:
    """Record that a signed-in person tried what is another role's."""
    stored.lock(session, actor.id)
    data = {"path": path, "zh": said.zh, "en": said.en}
    trail.append(session, [trail.Entry(f"doors/{actor.id}", "door.closed", "refused", at, actor, data)])
