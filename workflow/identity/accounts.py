"""Accounts from a list: who is new is invited to choose a password, by mail or by a link that is handed over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from rules.roles import Level, Role
from rules.words import Text
from states.reach import Actor, Grant
from workflow import register
from workflow.documents import account_list
from workflow.identity import account_mail, people
from workflow.identity.administration import check_administrator
from workflow.identity.people import WrongPerson
from workflow.jobs.queue import enqueue
from workflow.register import Imported, Problem, WrongList
from workflow.settings import Settings
from workflow.store import factors as stored_factors
from workflow.store import people as stored
from workflow.store import sign_in as stored_sign_in
from workflow.store.models import Centre, Office, Person

VALID = timedelta(days=14)
"""How long an invitation can be followed; offices hand links on, and people are away."""

COLUMNS = {
    "login": ("login", "登录名", "账号"),
    "name": ("name", "姓名"),
    "email": ("email", "邮箱", "电子邮箱"),
    "roles": ("roles", "职责", "role"),
    "unit": ("unit", "单位", "中心", "主管部门", "省级主管部门"),
}
GIVEN = tuple(role for role in Role if role not in (Role.SYSTEM, Role.ADMINISTRATOR))
"""Roles that a list may give. Administrators are named one by one, with thought."""

MOST = 2000
"""Lines of one list: some 200 centres and 32 offices have a quarter of that, and each new account is mailed."""

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_BETWEEN = re.compile(r"[、,，;；/\s]+")


@dataclass(frozen=True)
class Invitation:
    """Somebody who is to choose a password. `token`: of the link that is handed over; "" where it goes by mail."""

    login: str
    name: str
    unit: str
    email: str
    token: str


@dataclass(frozen=True)
class _Line:
    """One line that can be taken: whose account, and what it gives them where."""

    login: str
    name: str
    email: str
    grants: tuple[Grant, ...]
    unit: str


def take(
    session: Session, settings: Settings, name: str, data: bytes, *, actor: Actor, at: datetime, clock: datetime
) -> tuple[Imported, tuple[Invitation, ...]]:
    """Take in a list of accounts (.csv, .xlsx), one line for each role or several in one; who is there already is given
    the roles that they lack, and nothing is taken away. `clock`: the true time, by which links end, whatever day a demo has.

    Raises NotPermitted, WrongList.
    """
    check_administrator(actor)
    units = _Units(session)
    written = register.rows_of(name, data)
    if len(written) > MOST:
        raise WrongList(
            Text(
                f"名单有 {len(written)} 行，一次最多 {MOST} 行。请分成几份导入。",
                f"The list has {len(written)} lines; one takes {MOST} at most. Divide it.",
            )
        )
    rows = register.named(written, COLUMNS, ("login", "name", "roles"))
    counts, problems, invited = {"added": 0, "changed": 0, "same": 0}, [], []
    new: set[str] = set()
    for number, row in rows:
        if not any(row.values()):
            continue
        try:
            line = _line(row, units)
            person = _there(session, line)
            _check(session, person, line.grants, actor)
        except WrongPerson as wrong:
            problems.append(Problem(number, wrong.message))
            continue
        if person is None:
            made = people.add(session, line.login, line.name, line.email, kept="", actor=actor, at=at)
            person = session.get_one(Person, made)
            invited.append(_invite(session, settings, person, line.unit, clock))
            new.add(line.login)
            counts["added"] += 1
            _give(session, person, line.grants, actor, at)
        elif _give(session, person, line.grants, actor, at):
            counts["changed"] += line.login not in new
        else:
            counts["same"] += line.login not in new
    return Imported(counts["added"], counts["changed"], counts["same"], tuple(problems)), tuple(invited)


# ---- what a line says ------------------------------------------------------------------------------------------------


class _Units:
    """The register, by each name under which a list may mean a centre or an office."""

    def __init__(self, session: Session) -> None:
        self.centres: dict[str, list[Centre]] = {}
        self.offices: dict[str, list[Office]] = {}
        for centre in register.centres(session):
            for name in {centre.name, centre.host_unit}:
                self.centres.setdefault(name, []).append(centre)
        for office in register.offices(session):
            for name in {office.addressee, office.ip_office, office.code}:
                self.offices.setdefault(name, []).append(office)

    def of(self, role: Role, said: str) -> int | None:
        """The unit at which a role is to be held. Raises WrongPerson."""
        if role.level not in (Level.CENTRE, Level.OFFICE):
            if said in self.centres or said in self.offices:
                raise WrongPerson(
                    Text(
                        f"“{role.label.zh}”是国家局的职责，不属于“{said}”。请把单位留空，或改正职责。",
                        f"“{role.label.en}” belongs to the national office, not to “{said}”. Leave the unit empty, or mend "
                        "the role.",
                    )
                )
            return None
        found = self.centres.get(said, []) if role.level is Level.CENTRE else self.offices.get(said, [])
        if len(found) == 1:
            return found[0].id
        level = role.level.label
        if found:
            names = "、".join(one.name for one in found if isinstance(one, Centre))
            raise WrongPerson(
                Text(
                    f"“{said}”有几个中心：{names}。请写明是哪一个。",
                    f"“{said}” has several centres: {names}. Say which.",
                )
            )
        raise WrongPerson(
            Text(
                f"“{role.label.zh}”须写明{level.zh}；登记中没有叫“{said}”的{level.zh}。",
                f"“{role.label.en}” needs its {level.en.lower()}; the register holds none called “{said}”.",
            )
        )


def _line(row: Mapping[str, str], units: _Units) -> _Line:
    """Raises WrongPerson, saying what is missing or cannot be."""
    missing = [one for one in ("login", "name", "roles") if not row.get(one)]
    if missing:
        raise WrongPerson(register.lacking(missing, COLUMNS))
    email, unit = row.get("email", ""), row.get("unit", "")
    if email and not _ADDRESS.fullmatch(email):
        raise WrongPerson(Text(f"“{email}”不是邮箱地址。", f"“{email}” is no e-mail address."))
    roles = [_role(one) for one in _BETWEEN.split(row["roles"]) if one]
    return _Line(row["login"], row["name"], email, tuple(Grant(one, units.of(one, unit)) for one in roles), unit)


def _role(said: str) -> Role:
    for role in GIVEN:
        if said.casefold() in (str(role), role.label.zh, role.label.en.casefold()):
            return role
    if said.casefold() in (str(Role.ADMINISTRATOR), Role.ADMINISTRATOR.label.zh):
        raise WrongPerson(
            Text(
                "管理员不能用名单设，请在“人员”里单独授予。",
                "Administrators are not named by a list; give the role by hand.",
            )
        )
    zh, en = "、".join(one.label.zh for one in GIVEN), ", ".join(one.label.en for one in GIVEN)
    raise WrongPerson(Text(f"没有“{said}”这个职责；可以写：{zh}。", f"There is no role “{said}”; there are: {en}."))


def _there(session: Session, line: _Line) -> Person | None:
    """The account of that login, if it is theirs. Raises WrongPerson."""
    person = stored.by_login(session, line.login)
    if person is None:
        people.check_new(session, line.login, line.name, line.email)
        return None
    if person.name != line.name:
        raise WrongPerson(
            Text(
                f"登录名“{line.login}”已是“{person.name}”的账号，请换一个。",
                f"The login “{line.login}” is the account of {person.name}; choose another.",
            )
        )
    if not person.active:
        raise WrongPerson(
            Text(
                f"“{line.login}”的账号已停用，请先在“人员”里启用。",
                f"The account “{line.login}” is disabled; enable it first.",
            )
        )
    return person


# ---- what is done with it --------------------------------------------------------------------------------------------


def _check(session: Session, person: Person | None, grants: Sequence[Grant], actor: Actor) -> None:
    """Raises WrongPerson where a role that is lacking is none to give."""
    lacking = _lacking(session, person, grants)
    if lacking:
        people.check_roles(session, person.id if person else 0, [one.role for one in lacking], actor=actor)


def _lacking(session: Session, person: Person | None, grants: Sequence[Grant]) -> list[Grant]:
    kept = stored.grants_of(session, person.id) if person else []
    held = {Grant(Role.of(one.role), one.centre_id or one.office_id) for one in kept}
    return [one for one in dict.fromkeys(grants) if one not in held]


def _give(session: Session, person: Person, grants: Sequence[Grant], actor: Actor, at: datetime) -> int:
    """Give the roles that are not held yet; how many that were."""
    lacking = _lacking(session, person, grants)
    for one in lacking:
        people.grant(session, person.id, one.role, one.unit, actor=actor, at=at)
    return len(lacking)


def _invite(session: Session, settings: Settings, person: Person, unit: str, clock: datetime) -> Invitation:
    """An invitation to choose a password; the link is made where it is mailed, else now, and its digest is kept."""
    made = stored_factors.ask_reset(session, person.id, clock, clock + VALID)
    if person.email and account_mail.possible(settings):
        enqueue(session, "mail_invitation", f"mail-invitation-{made}", made)
        return Invitation(person.login, person.name, unit, person.email, "")
    token = stored_sign_in.new_token()
    stored_factors.name_reset(session, made, stored_sign_in.digest(token))
    return Invitation(person.login, person.name, unit, person.email, token)


def blank(session: Session, actor: Actor) -> bytes:
    """The list to fill in, as .xlsx, with the register's names on a sheet of its own. Raises NotPermitted."""
    check_administrator(actor)
    units = [(Level.CENTRE.label.zh, one.name) for one in register.centres(session)]
    units += [(Level.OFFICE.label.zh, one.addressee) for one in register.offices(session)]
    return account_list.blank([zh for _, zh, *_ in COLUMNS.values()], [one.label.zh for one in GIVEN], units)


def snapshot(session: Session) -> Iterator[tuple[str, dict[str, str]]]:
    """Each account by its login, in the words of a list."""
    for person in stored.everybody(session):
        held = (
            f"{one.role.label.zh}（{one.unit}）" if one.unit else one.role.label.zh for one in people.positions(person)
        )
        yield (
            person.login,
            {"login": person.login, "person": person.name, "email": person.email, "roles": "、".join(held)},
        )
