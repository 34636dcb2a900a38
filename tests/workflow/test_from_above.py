"""Nobody decides on, signs, answers or grants what is their own unit's one level up, roles changed or not (decision 12)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rules.roles import Role
from states.case import CaseState
from states.reach import Actor
from tests.worlds import Databases, World, went, world_under
from workflow.calls import centre_requests, deadlines, shipped_calls
from workflow.engine import NotPermitted
from workflow.identity import people
from workflow.objecting import objections
from workflow.selection import decisions
from workflow.store.models import ExtensionRequest
from workflow.store.papers import Kept

[HEARS] = [path for path in shipped_calls() if path.stem == "example-2024"]


@pytest.fixture
def world(databases: Databases, tmp_path: Path) -> Iterator[World]:
    """Under a call that hears objections."""
    with world_under(databases, HEARS, tmp_path) as made:
        yield made


def moved(world: World, key: str, role: Role, unit: int | None = None, *, keeps: bool = False) -> Actor:
    """Somebody in another role, who gave up those held before or `keeps` them."""
    administrator = {"actor": world.people["administrator"], "at": world.at}
    with world.database.transaction() as session:
        for held in () if keeps else world.people[key].grants:
            people.revoke(session, world.people[key].id, held.role, held.unit, **administrator)
        people.grant(session, world.people[key].id, role, unit, **administrator)
        person = people.by_id(session, world.people[key].id)
        assert person is not None
        return people.actor_of(person)


def refused(world: World, act: Callable[[Any], Any]) -> bool:
    try:
        with world.database.transaction() as session:
            act(session)
    except NotPermitted:
        return True
    return False


def choose(world: World, case: int, actor: Actor) -> bool:
    looked = world.decision(case)
    given = {"seen": looked.version, "mark": looked.mark, "actor": actor, "at": world.at}
    return refused(world, lambda one: decisions.choose(one, world.call.number, case, "shortlist", "理由", "", **given))


@pytest.mark.another_person_acts
@pytest.mark.parametrize("keeps", [False, True])
def test_who_wrote_a_case_does_not_choose_what_becomes_of_it(world: World, keeps: bool) -> None:
    own, theirs = world.case(CaseState.SUBMITTED), world.case(CaseState.SUBMITTED, centre="neighbour")
    actor = moved(world, "author", Role.DESK, keeps=keeps)
    assert (choose(world, own, actor), choose(world, theirs, actor)) == (True, False)
    with world.database.reading() as session:
        lines = decisions.table(session, world.call.number, decisions.Asked(), actor=actor).lines
        assert decisions.left_to_others(session, world.call, lines, actor) == {own}


@pytest.mark.another_person_acts
def test_who_reviewed_a_case_does_not_sign_its_decision(world: World) -> None:
    own, theirs = world.case(CaseState.SUBMITTED), world.case(CaseState.SUBMITTED, centre="neighbour")
    for case in (own, theirs):
        world.decide(case, "shortlist")
    actor = moved(world, "reviewer", Role.DIRECTOR)
    with world.database.transaction() as session:
        shown = decisions.to_sign(session, world.call, actor=actor)
        decisions.sign(session, world.call.number, seen=shown.seen, actor=actor, at=world.at)
    with world.database.reading() as session:
        signed = decisions.signed_by(session, decisions.to_sign(session, world.call, actor=actor).lines)
        assert (shown.mine_to_sign, {case: set(by) for case, by in signed.items() if by}) == (1, {theirs: {actor.id}})


@pytest.mark.another_person_acts
@pytest.mark.parametrize(("key", "right"), [("author", True), ("neighbour_author", False)])
def test_an_objection_is_looked_into_and_answered_by_nobody_of_the_case_s_unit(
    world: World, key: str, right: bool
) -> None:
    case = world.case(CaseState.SUBMITTED)
    went(world.act(case, "shortlist"))
    said = objections.Said("郑直言", "", "zheng@mail.example", "数据不符")
    notice = world.put_up_notice(case)
    with world.database.transaction() as session:
        scan = Kept("证据.png", "image/png", "0" * 64, 1)
        objections.receive(session, notice, case, said, [("evidence", scan)], at=world.at)
    for role, step in ((Role.DESK, "not_accept"), (Role.DIRECTOR, "dismiss")):
        actor = moved(world, key, role, keeps=True)
        given = {"actor": actor, "at": world.at, "remark": "理由"}
        with world.database.reading() as session:
            one = objections.find(session, 1, actor)
            offers = {each.transition.name: each for each in objections.offers(session, one, actor=actor, at=world.at)}
            assert any(each.rule == "another_person_acts" for each in offers[step].findings) is right
        assert refused(world, lambda one, step=step, given=given: objections.act(one, 1, step, **given)) is right
        if role is Role.DESK:
            with world.database.transaction() as session:
                desk = {"actor": world.people["desk"], "at": world.at, "remark": "理由"}
                if not right:
                    went(objections.act(session, 1, "reconsider", **desk))
                went(objections.act(session, 1, "accept", **desk))


def test_days_and_waivers_are_granted_by_nobody_of_the_office_or_who_asked(world: World) -> None:
    phase, office = world.phase, world.offices["first"]
    later = phase.closes + timedelta(days=5)
    with world.database.transaction() as session:
        asked = {"office": office, "actor": world.people["leader"], "at": world.at}
        deadlines.ask(session, world.call_version, world.call, phase.id, later, "理由", **asked)
        number = session.query(ExtensionRequest).one().id
    asker, holder = moved(world, "leader", Role.DIRECTOR), moved(world, "reviewer", Role.DIRECTOR, keeps=True)
    for actor in (asker, holder, world.people["director"]):
        given = {"actor": actor, "at": world.at}
        assert refused(world, lambda one, given=given: deadlines.answer(one, number, later, "", **given)) is (
            actor is not world.people["director"]
        )
    waive = {"office": office, "actor": holder, "at": world.at}
    assert refused(world, lambda one: deadlines.waive(one, world.call, phase.id, "理由", **waive))
    assert refused(world, lambda one: deadlines.extend(one, world.call, phase.id, later, "理由", **waive))


def test_a_centre_s_request_is_answered_by_nobody_who_asked(world: World) -> None:
    with world.database.transaction() as session:
        asked = {"centre": world.centres["university"], "actor": world.people["author"], "at": world.at}
        centre_requests.ask(session, world.call_version, world.phase.id, world.phase.closes, "理由", **asked)
    asker = moved(world, "author", Role.REVIEWER, world.offices["first"])
    for actor in (asker, world.people["reviewer"]):
        given = {"actor": actor, "at": world.at}
        assert refused(world, lambda one, given=given: centre_requests.answer(one, 1, None, "不行", **given)) is (
            actor is asker
        )
