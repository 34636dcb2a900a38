"""People: accounts, and giving and taking roles, all on record."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from rules.roles import Level, Role
from rules.words import Text
from states.reach import ALONE, Actor, Grant
from workflow.engine import WrongInput
from workflow.identity import account_mail, factors, passwords, sign_in, throttle
from workflow.settings import Settings
from workflow.store import factors as stored_factors
from workflow.store import people as stored
from workflow.store import sign_in as stored_sign_in
from workflow.store import trail
from workflow.store.database import Database
from workflow.store.models import Person

LONGEST_NAME, LONGEST_EMAIL = 80, 200
"""Characters that the register holds."""


class WrongPerson(WrongInput):
    """What was written about a person cannot be: a taken login, a role without its unit (422)."""


def by_id(session: Session, person_id: int) -> Person | None:
    """One person with the roles held now."""
    return stored.by_id(session, person_id)


def by_login(session: Session, login: str) -> Person | None:
    return stored.by_login(session, login)


def everybody(session: Session) -> list[Person]:
    return stored.everybody(session)


def by_level(session: Session, most: int) -> list[tuple[Text, list[Person]]]:
    """Active people with a role, by where they sit (centre, office, national office), in the order of their roles.

    `most`: so many of each role, the first ones.
    """
    order = list(Role)

    def first(person: Person) -> Role:
        return min((Role.of(one.role) for one in person.grants), key=order.index)

    held = sorted((one for one in stored.everybody(session) if one.active and one.grants), key=lambda one: one.id)
    many = {role: [one for one in held if first(one) is role][:most] for role in order}
    levels = [(level.label, [one for role in order if role.level is level for one in many[role]]) for level in Level]
    return [(label, found) for label, found in levels if found]


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


def positions(person: Person, only: Collection[Grant] | None = None) -> list[Position]:
    """The roles of a person, or some of them, with where they are held ("" for the national office)."""
    return [
        Position(Role.of(one.role), one.centre.name if one.centre else one.office.addressee if one.office else "")
        for one in sorted(person.grants, key=lambda one: one.id)
        if only is None or Grant(Role.of(one.role), one.centre_id or one.office_id) in only
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
    """A new person without any role; gives the id, the same again for the same `op`.

    Raises WrongPerson, WrongPassword.
    """
    login, name = login.strip(), name.strip()
    earlier = created_by_op(session, op)
    if earlier is not None:
        return earlier
    check_new(session, login, name, email)
    passwords.check(password, login=login, name=name)
    return add(
        session, login, name, email.strip(), kept=passwords.hashed(settings, password), actor=actor, at=at, op=op
    )


def check_new(session: Session, login: str, name: str, email: str) -> None:
    """Raise WrongPerson where no account can be made of these."""
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


def add(
    session: Session, login: str, name: str, email: str, *, kept: str, actor: Actor, at: datetime, op: str = ""
) -> int:
    """An account that was checked. `kept`: what is kept of its password; "" until somebody invited chooses one."""
    made = stored.create(session, login, name, email, kept)
    apart = {"login": login, **({"email": email} if email else {})}
    _record(session, made, "person.create", actor, at, {"name": name}, op, private=apart)
    return made


def created_by_op(session: Session, op: str) -> int | None:
    """The person that this form already created."""
    found = trail.by_op(session, [f"{op}:person.create"] if op else [])
    return next((int(event.stream.removeprefix("person/")) for event in found.values()), None)


def set_password(
    session: Session, settings: Settings, person_id: int, password: str, *, actor: Actor, at: datetime
) -> None:
    """A new password; it ends every session of that person, and opens a locked account. Raises WrongPassword."""
    person = session.get_one(Person, person_id)
    passwords.check(password, login=person.login, name=person.name)
    throttle.lift(session, throttle.account(person.login))
    stored.set_password(session, person_id, passwords.hashed(settings, password), end_sessions=True)
    stored_factors.end_resets(session, person_id, at)
    _record(session, person_id, "person.set_password", actor, at, {})
    account_mail.tell(session, settings, person, account_mail.Kind.PASSWORD, at=at)


def grant(session: Session, person_id: int, role: Role, unit: int | None = None, *, actor: Actor, at: datetime) -> None:
    """Give a role, at once effective. `unit`: the centre or office it is held at. Raises WrongPerson."""
    _check_unit(role, unit)
    check_roles(session, person_id, [role], actor=actor)
    if unit is not None and not stored.unit_exists(session, unit, centre=role.level is Level.CENTRE):
        raise WrongPerson(
            Text(
                f"登记中没有编号为 {unit} 的{role.level.label.zh}。",
                f"The register holds no {role.level.label.en.lower()} with the id {unit}.",
            )
        )
    stored.add_grant(session, person_id, Grant(role, unit), **_where(role))
    _record(session, person_id, "person.grant", actor, at, {"role": str(role), "unit": unit})


def check_roles(session: Session, person_id: int, wanted: Collection[Role], *, actor: Actor) -> None:
    """Raise WrongPerson where these roles are none to give: to oneself, or beside one that is held alone. `person_id`: 0
    for somebody who holds none yet."""
    if person_id and person_id == actor.id:
        raise WrongPerson(
            Text(
                "不能给自己授予职责。请由另一位管理员办理。",
                "Nobody gives a role to themselves; ask another administrator.",
            )
        )
    held = {Role.of(one.role) for one in stored.grants_of(session, person_id)} if person_id else set()
    alone = [one for one in ALONE if one in held | set(wanted)]
    if alone and len(held | set(wanted)) > 1:
        raise WrongPerson(
            Text(
                f"“{alone[0].label.zh}”不能与其他职责兼任。请为这项工作另设一个账号，或先收回原来的职责。",
                f"“{alone[0].label.en}” is held beside no other role. Give it to another account, or take the others away "
                "first.",
            )
        )


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
    """The account can be used again. Raises WrongPerson where what it said of a person was erased."""
    person = stored.by_id(session, person_id)
    if person is not None and person.erased_at is not None:
        raise WrongPerson(
            Text(
                "这个账号的个人信息已删除，不能再启用。请新建账号。",
                "What this account said of a person was erased; create a new account instead.",
            )
        )
    stored.set_active(session, person_id, True)
    _record(session, person_id, "person.enable", actor, at, {})


def unlock(session: Session, person_id: int, *, actor: Actor, at: datetime) -> None:
    """Let somebody sign in again who failed too often."""
    throttle.lift(session, throttle.account(session.get_one(Person, person_id).login))
    _record(session, person_id, "person.unlock", actor, at, {})


def clear_factors(
    session: Session, settings: Settings, person_id: int, *, actor: Actor, at: datetime, by_command: bool = False
) -> None:
    """Take away the second factors of somebody who lost them; the password alone opens the account again.

    `by_command`: the machine's operator did it there, for whom the trail knows no account.
    """
    factors.clear(session, person_id)
    _record(session, person_id, "person.clear_factors", actor, at, {"by_command": True} if by_command else {})
    person = session.get_one(Person, person_id)
    account_mail.tell(session, settings, person, account_mail.Kind.FACTOR_REMOVED, at=at)


def change_own_password(
    database: Database,
    settings: Settings,
    person: Person,
    sign_in_id: int,
    present: str,
    wanted: str,
    *,
    at: datetime,
    visitor: sign_in.Visitor,
) -> bool:
    """A new password by whoever knows the present one; every other session ends. False when the present one is wrong.

    Raises WrongPassword, LockedOut.
    """
    if not sign_in.confirm_by_password(database, settings, person, sign_in_id, present, at=at, visitor=visitor):
        return False
    passwords.check(wanted, login=person.login, name=person.name)
    kept = passwords.hashed(settings, wanted)
    with database.transaction() as session:
        stored.set_password(session, person.id, kept, end_sessions=True)
        stored_sign_in.follow(session, sign_in_id, stored.epoch(session, person.id))
        stored_factors.end_resets(session, person.id, at)
        sign_in.record(session, settings, person, "person.change_password", {}, at=at, visitor=visitor)
        account_mail.tell(session, settings, person, account_mail.Kind.PASSWORD, at=at)
    return True


def _record(
    session: Session,
    person_id: int,
    action: str,
    actor: Actor,
    at: datetime,
    data: dict[str, object],
    op: str = "",
    *,
    private: dict[str, str] | None = None,
) -> None:
    stored.lock(session, person_id)
    key = f"{op}:{action}" if op else None
    entry = trail.Entry(f"person/{person_id}", action, "done", at, actor, data, private, op=key)
    trail.append(session, [entry])


def knocked(session: Session, path: str, said: Text, *, actor: Actor, at: datetime) -> None:
    """Record that a signed-in person tried what is another role's."""
    stored.lock(session, actor.id)
    data = {"path": path, "zh": said.zh, "en": said.en}
    trail.append(session, [trail.Entry(f"doors/{actor.id}", "door.closed", "refused", at, actor, data)])
