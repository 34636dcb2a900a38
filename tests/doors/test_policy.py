"""Every cell of the policy, through the real doors: what is allowed is served, what is refused leaves nothing behind."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from rules.roles import Role
from states.batch import BATCH
from states.lifecycle import Lifecycle
from states.reach import Actor
from states.route import lifecycle_of
from tests.doors import policy
from tests.doors.cells import Cell, address, body, cells, first_of_a_kind, form
from tests.doors.country import Country, login_of
from tests.doors.policy import DOORS, SERVED, SIGN_IN, Principal
from tests.make import call_2021
from web import desk, errors
from workflow import cases as app_cases
from workflow.identity import people
from workflow.store import cases as stored_cases
from workflow.store import people as stored_people

pytestmark = pytest.mark.once

# ---- the table is whole ----------------------------------------------------------------------------------------------


def test_every_route_has_a_row_and_every_row_a_route(land: Country) -> None:
    routes = {
        f"{method} {rule.endpoint}"
        for rule in land.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    rows = {" ".join(key.split(" ")[:2]) for key in DOORS}
    missing = sorted(routes - rows)
    assert missing == [], f"Say in tests/doors/policy.py, DOORS, who may use: {', '.join(missing)}"
    surplus = sorted(rows - routes)
    assert surplus == [], f"Take out of tests/doors/policy.py, DOORS: there is no such route as {', '.join(surplus)}"


@pytest.mark.parametrize(
    ("lifecycle", "door"), [(lifecycle_of(call_2021().route), "cases"), (BATCH, "batches")], ids=["case", "batch"]
)
def test_every_step_has_a_row(lifecycle: Lifecycle, door: str) -> None:
    steps = {step.name for step in lifecycle.transitions} - {"push"}  # started by a door of its own: pushes.start
    rows = {key.split(" ")[2] for key in DOORS if key.startswith(f"POST {door}.act ")} - {"no_such_step"}
    assert steps == rows


def test_every_role_stands_at_every_door() -> None:
    assert {who.role for who in policy.PRINCIPALS.values()} == {
        "",
        *(str(role) for role in Role if role != Role.SYSTEM),
    }


@pytest.fixture(autouse=True)
def _plain_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here refusals are counted by the ten thousand and only their status is looked at; canaries read their words."""
    monkeypatch.setattr(errors, "render_template", lambda *_, **__: "")


# ---- every cell ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", DOORS)
def test_a_door_opens_to_those_whose_it_is_and_to_nobody_else(land: Country, key: str) -> None:
    assert wrong_at(land, key) == []


def wrong_at(land: Country, key: str) -> list[str]:
    """What is not as the policy says at one door, a line for each cell."""
    wrong, kinds = [], first_of_a_kind(key, DOORS[key])
    for cell in cells(key, DOORS[key]):
        wrong += _wrong(land, cell, filled(land, cell))
        # Whose it is comes before what is missing; what a program sends is held against its declared form before either.
        if cell.standing in kinds and cell.method == "POST" and cell.expected == (403,) and not cell.of_program:
            wrong += _wrong(land, cell, {})
    return wrong


def filled(land: Country, cell: Cell) -> Any:
    """What is sent there, filled in."""
    if cell.method == "GET":
        return {}
    return body(land, cell) if cell.of_program else form(land, cell)


def _wrong(land: Country, cell: Cell, data: Any) -> list[str]:
    answer = send(land, cell, data)
    came, touched = came_to(answer, cell), land.witness.touched()
    if cell.of_program:
        touched -= {"failed_tries"}  # the password that it brings for what asks once more was looked at
    land.witness.put_back()
    expected = cell.expected
    right = came == SIGN_IN if expected == SIGN_IN else came in expected
    said = f"{cell.name} at {cell.key} ({cell.standing or 'nothing'}{'' if data else ', empty form'})"
    found = [] if right else [f"{said}: {came}, should be {expected}"]
    if cell.refused and touched:
        found.append(f"{said}: refused, and yet it changed {', '.join(sorted(touched))}")
    return found


def send(land: Country, cell: Cell, data: Any) -> TestResponse:
    url = address(land, cell)
    if cell.of_program:
        return land.ask(cell.name, cell.method, url, data if cell.method == "POST" else None)
    client = land.browser(cell.name)
    if cell.method == "GET":
        return client.get(url)
    return client.post(url, data=data, content_type="multipart/form-data")


def came_to(answer: TestResponse, cell: Cell) -> int | str:
    """The status, or SIGN_IN for being sent there; from signing in and out one gets there by right."""
    by_right = cell.endpoint.startswith("auth.") and cell.expected != SIGN_IN
    sent = answer.status_code == 302 and answer.headers["Location"].startswith("/sign-in")
    return SIGN_IN if sent and not by_right else answer.status_code


# ---- what follows from the table -------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [key for key in DOORS if key.startswith("POST ")])
def test_the_auditor_has_no_door_that_changes_anything(land: Country, key: str) -> None:
    if key.split(" ")[1] in policy.NOT_THE_AUDITORS:
        return
    for standing in first_of_a_kind(key, DOORS[key]):
        cell = Cell(key, "auditor", standing, DOORS[key])
        answer = send(land, cell, filled(land, cell))
        assert (answer.status_code in (403, 404, 409), land.witness.touched()) == (True, set()), (key, standing)


def test_no_case_batch_or_push_is_there_for_the_administrator() -> None:
    things = (policy.CASE, policy.BATCH, policy.PUSH, policy.PAIR)
    met = {
        (cell.key, cell.expected)
        for key, door in DOORS.items()
        if door.to in things
        for cell in cells(key, door)
        if cell.name == "administrator" and cell.expected != (404,)
    }
    assert met == set()


# ---- roles that end while somebody is signed in ----------------------------------------------------------------------

ROLES = [name for name, who in policy.PRINCIPALS.items() if who.role]


def a_page_of(name: str) -> Cell | None:
    """A page that is this principal's for the role, and not for somebody without any."""
    for key, door in DOORS.items():
        if key.startswith("GET "):
            for standing in first_of_a_kind(key, door):
                cell = Cell(key, name, standing, door)
                without = policy.expected(key, door, Principal(), cell.thing)
                if cell.expected == SERVED["GET"] and without in ((403,), (404,)):
                    return cell
    return None


PAGES = {name: cell for name in ROLES if (cell := a_page_of(name)) is not None}


def test_every_role_has_a_page_of_its_own() -> None:
    assert [name for name in ROLES if name not in PAGES] == []


@pytest.mark.parametrize("name", PAGES)
def test_a_role_taken_away_ends_with_the_next_request(land: Country, name: str) -> None:
    cell = PAGES[name]
    before = came_to(send(land, cell, {}), cell)
    _take_away(land, name)
    after = came_to(send(land, cell, {}), cell)
    assert (before in SERVED["GET"], (after,)) == (True, policy.expected(cell.key, cell.door, Principal(), cell.thing))


def _take_away(land: Country, name: str) -> None:
    world = land.world
    actor = world.people[login_of(name)]
    with world.database.transaction() as session:
        for held in actor.grants:
            people.revoke(session, actor.id, held.role, held.unit, actor=_another(land, name), at=world.at)


def _another(land: Country, name: str) -> Actor:
    return land.world.people["director" if name == "administrator" else "administrator"]


@pytest.mark.parametrize("name", ROLES)
def test_a_disabled_account_is_a_stranger_at_the_next_request(land: Country, name: str) -> None:
    world, page = land.world, Cell("GET home.show", name, "", DOORS["GET home.show"])
    assert send(land, page, {}).status_code == 200
    with world.database.transaction() as session:
        person = world.people[login_of(name)].id
        people.disable(session, person, actor=_another(land, name), at=world.at)
    assert came_to(send(land, page, {}), page) == SIGN_IN


# ---- that all this would notice --------------------------------------------------------------------------------------


def test_a_missing_check_of_the_role_is_noticed(land: Country, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_cases, "check_author", lambda row, actor: None)
    assert "sealer at POST cases.save (draft): 302, should be (403,)" in wrong_at(land, "POST cases.save")


def test_a_missing_check_of_the_desk_is_noticed(land: Country, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.boards, "check_national", lambda actor: None)
    found = wrong_at(land, "GET desk.grants")
    assert "author at GET desk.grants (nothing, empty form): 200, should be (404,)" in found


def test_a_reach_that_is_too_wide_is_noticed(land: Country, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_cases, "reachable", lambda actor: stored_cases.Case.id.is_not(None))
    found = wrong_at(land, "GET cases.show")
    assert "reviewer elsewhere at GET cases.show (published, empty form): 200, should be (404,)" in found


def test_a_refusal_that_leaves_something_behind_is_noticed(land: Country, monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(session: Any, path: str, said: Any, *, actor: Any, at: Any) -> None:
        stored_people.set_active(session, actor.id, True)

    monkeypatch.setattr(people, "knocked", careless)
    found = wrong_at(land, "POST desk.waive")
    assert "desk at POST desk.waive (nothing): refused, and yet it changed person" in found
