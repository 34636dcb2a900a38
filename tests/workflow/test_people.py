"""People: what is kept of a password, what is on record of a sign-in, and which roles need a unit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from rules.roles import Role
from states.reach import Grant
from tests.worlds import World
from workflow.identity import people, sign_in
from workflow.identity.people import WrongPerson
from workflow.settings import Settings, from_environment
from workflow.store.models import AuditEvent

pytestmark = pytest.mark.database


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(from_environment({"ZHENGJI_HOME": str(tmp_path)}), argon2_time=1, argon2_memory=8)


@pytest.fixture
def newcomer(world: World, settings: Settings) -> int:
    """Somebody with the login "new" and the password "long enough here", without any role."""
    with world.database.transaction() as session:
        return people.create(
            session,
            settings,
            login=" new ",
            name="新人",
            password="long enough here",
            actor=world.people["administrator"],
            at=world.at,
        )


def recorded(world: World, stream: str) -> list[tuple[str, str]]:
    with world.database.reading() as session:
        statement = select(AuditEvent.action, AuditEvent.outcome).where(AuditEvent.stream == stream)
        return [(action, outcome) for action, outcome in session.execute(statement.order_by(AuditEvent.seq))]


def test_the_cost_of_a_password_is_the_recommended_one_unless_set_otherwise():
    plain = from_environment({})
    assert (plain.argon2_time, plain.argon2_memory) == (3, 65536)


def test_a_password_is_kept_only_as_its_argon2_hash(world: World, newcomer: int):
    with world.database.reading() as session:
        person = people.by_id(session, newcomer)
    assert person is not None
    assert (person.login, person.password.startswith("$argon2id$v=19$m=8,t=1,p=1$")) == ("new", True)


@pytest.mark.parametrize(("login", "password", "welcome"), [
    ("new", "long enough here", True),
    ("new", "wrong", False),
    ("nobody", "long enough here", False),
    ("", "", False),
    ("judge", "", False),
])  # fmt: skip
def test_only_the_right_password_of_a_known_login_signs_in(
    login: str, password: str, welcome: bool, world: World, settings: Settings, newcomer: int
):
    person = sign_in.authenticate(world.database, settings, login, password, at=world.at)
    assert (person.id if person else None) == (newcomer if welcome else None)


def test_a_disabled_person_does_not_sign_in_and_an_enabled_one_does(world: World, settings: Settings, newcomer: int):
    welcome = []
    for change in (people.disable, people.enable):
        with world.database.transaction() as session:
            change(session, newcomer, actor=world.people["administrator"], at=world.at)
        welcome.append(
            sign_in.authenticate(world.database, settings, "new", "long enough here", at=world.at) is not None
        )
    assert welcome == [False, True]


def test_a_password_made_at_a_lower_cost_is_made_anew_when_it_is_next_typed(
    world: World, settings: Settings, newcomer: int
):
    sign_in.authenticate(world.database, replace(settings, argon2_memory=16), "new", "long enough here", at=world.at)
    with world.database.reading() as session:
        person = people.by_id(session, newcomer)
    assert person is not None
    assert (person.password.split("$")[3], person.session_epoch) == ("m=16,t=1,p=1", 1)


@pytest.mark.parametrize(("role", "unit", "zh"), [
    (Role.AUTHOR, None, "须选定中心"),
    (Role.LEADER, None, "须选定主管部门"),
    (Role.DESK, 1, "不选单位"),
])  # fmt: skip
def test_a_role_is_given_where_it_belongs(role: Role, unit: int | None, zh: str, world: World, newcomer: int):
    with pytest.raises(WrongPerson) as refused, world.database.transaction() as session:
        people.grant(session, newcomer, role, unit, actor=world.people["administrator"], at=world.at)
    assert zh in refused.value.message.zh


def test_roles_are_held_at_their_units_and_given_once(world: World, newcomer: int):
    centre, office = world.centres["university"], world.offices["first"]
    given = [(Role.AUTHOR, centre), (Role.REVIEWER, office), (Role.DESK, None), (Role.DESK, None)]
    with world.database.transaction() as session:
        for role, unit in given:
            people.grant(session, newcomer, role, unit, actor=world.people["administrator"], at=world.at)
    with world.database.reading() as session:
        person = people.by_id(session, newcomer)
        assert person is not None
        assert (people.actor_of(person).grants, [one.unit for one in people.positions(person)]) == (
            {Grant(Role.AUTHOR, centre), Grant(Role.REVIEWER, office), Grant(Role.DESK)},
            ["示例大学知识产权信息服务中心", "示例省知识产权局", ""],
        )


@pytest.mark.parametrize(("login", "name"), [("judge", "某人"), (" ", "某人"), ("x", " ")])
def test_a_taken_login_and_an_empty_name_are_refused(login: str, name: str, world: World, settings: Settings):
    with pytest.raises(WrongPerson), world.database.transaction() as session:
        people.create(
            session,
            settings,
            login=login,
            name=name,
            password="long enough here",
            actor=world.people["judge"],
            at=world.at,
        )
