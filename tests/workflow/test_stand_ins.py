"""Stand-ins: what is lent and to whom, under which names, whose hands count, who is reminded, and when it is over."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, update

from rules.call import BEIJING
from rules.roles import Role
from states.case import CaseState
from states.reach import Absent, Actor, Grant, lent, standing_in
from tests.worlds import World, went
from workflow import cases, histories, letters, reminders, stranded
from workflow.audit import log, verification
from workflow.engine import CannotServe, NotPermitted
from workflow.identity import people, stand_ins
from workflow.identity.stand_ins import NoSuchStandIn, Presence, WrongStandIn
from workflow.store import facts as stored_facts
from workflow.store.facts import case_rows
from workflow.store.models import AuditEvent, Person

pytestmark = pytest.mark.database

DAYS = timedelta(days=2)


def name(world: World, absent: str, stand_in: str, by: str = "", *, first: date | None = None) -> int:
    first = first or stand_ins.day_of(world.at)
    with world.database.transaction() as session:
        return stand_ins.name(
            session,
            world.people[absent].id,
            world.people[stand_in].id,
            first,
            first + DAYS,
            "出差",
            actor=world.people[by or absent],
            at=world.at,
        )


def acting(world: World, stand_in: str, absent: str) -> str:
    """The key of a person who stands in."""
    key = f"{stand_in} for {absent}"
    world.people = {**world.people, key: standing_in(world.people[stand_in], world.people[absent])}
    return key


# ---- what is lent ----------------------------------------------------------------------------------------------------


def test_only_roles_at_a_place_where_the_stand_in_works_are_lent() -> None:
    away = [Grant(Role.REVIEWER, 1), Grant(Role.SEALER, 1), Grant(Role.DESK), Grant(Role.AUDITOR)]
    assert lent(away, [Grant(Role.LEADER, 1)]) == {Grant(Role.REVIEWER, 1)}
    assert lent(away, [Grant(Role.AUTHOR, 1)]) == {Grant(Role.SEALER, 1)}
    assert lent(away, [Grant(Role.EDITOR)]) == {Grant(Role.DESK)}
    assert lent(away, [Grant(Role.LEADER, 2), Grant(Role.AUDITOR), Grant(Role.ADMINISTRATOR)]) == set()


def test_administration_supervision_and_judgements_are_never_lent() -> None:
    held = [Grant(Role.ADMINISTRATOR), Grant(Role.AUDITOR), Grant(Role.JUDGE)]
    assert lent(held, [*held, Grant(Role.DESK)]) == set()


def test_what_is_lent_is_not_lent_on() -> None:
    first = Actor(1, "甲", frozenset({Grant(Role.DESK)}))
    second = Actor(2, "乙", frozenset({Grant(Role.EDITOR)}), Absent(3, "丙"))
    for own, absent in ((first, second), (second, first)):
        with pytest.raises(ValueError, match="not lent on"):
            standing_in(own, absent)


# ---- who names whom --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("absent", "stand_in", "by", "named"),
    [
        ("author", "sealer", "leader", True),
        ("reviewer", "second_reviewer", "leader", True),
        ("desk", "editor", "director", True),
        ("director", "desk", "director", True),
        ("author", "institute_author", "author", False),
        ("author", "sealer", "neighbour_leader", False),
        ("author", "sealer", "sealer", False),
        ("reviewer", "leader", "administrator", False),
        ("reviewer", "leader", "director", False),
        ("desk", "auditor", "desk", False),
        ("auditor", "desk", "auditor", False),
        ("desk", "desk", "desk", False),
    ],
)
def test_the_absent_person_or_their_leader_names_a_colleague(
    world: World, absent: str, stand_in: str, by: str, named: bool
) -> None:
    if named:
        assert name(world, absent, stand_in, by) > 0
    else:
        with pytest.raises(CannotServe):
            name(world, absent, stand_in, by)


def test_nobody_names_anybody_while_standing_in(world: World) -> None:
    key = acting(world, "leader", "reviewer")
    with pytest.raises(NotPermitted):
        name(world, "reviewer", "second_reviewer", key)


def test_disabled_accounts_neither_stand_in_nor_are_stood_in_for(world: World) -> None:
    number = name(world, "reviewer", "leader")
    day = stand_ins.day_of(world.at)
    for away in ("reviewer", "leader"):
        with world.database.transaction() as session:
            people.disable(session, world.people[away].id, actor=world.people["administrator"], at=world.at)
            assert stand_ins.current(session, number, world.people["leader"].id, day) is None
            people.enable(session, world.people[away].id, actor=world.people["administrator"], at=world.at)
    with world.database.transaction() as session:
        people.disable(session, world.people["editor"].id, actor=world.people["administrator"], at=world.at)
    with pytest.raises(WrongStandIn):
        name(world, "desk", "editor")


def test_nobody_has_two_stand_ins_at_a_time_and_nobody_who_is_away_stands_in(world: World) -> None:
    name(world, "reviewer", "leader")
    for absent, stand_in in (("reviewer", "second_reviewer"), ("leader", "reviewer")):
        with pytest.raises(WrongStandIn):
            name(world, absent, stand_in)
    assert name(world, "reviewer", "second_reviewer", first=stand_ins.day_of(world.at) + DAYS + timedelta(days=1)) > 1


@pytest.mark.parametrize(("by", "ends"), [("reviewer", 1), ("second_reviewer", 1), ("leader", 1), ("administrator", 1)])
def test_it_is_ended_by_either_the_leader_or_the_administrator_on_record(world: World, by: str, ends: int) -> None:
    number = name(world, "reviewer", "second_reviewer")
    with world.database.transaction() as session:
        stand_ins.end(session, number, actor=world.people[by], at=world.at)
    with world.database.reading() as session:
        mine = world.people["second_reviewer"].id
        assert stand_ins.current(session, number, mine, stand_ins.day_of(world.at)) is None
        said = select(func.count()).where(AuditEvent.action == "person.end_stand_in")
        assert session.scalar(said) == ends


def test_to_others_it_is_not_there(world: World) -> None:
    number = name(world, "reviewer", "second_reviewer")
    for other in ("author", "neighbour_leader", "desk", "auditor"):
        with world.database.transaction() as session, pytest.raises(NoSuchStandIn):
            stand_ins.end(session, number, actor=world.people[other], at=world.at)


def test_leaders_and_administrators_see_those_that_are_theirs(world: World) -> None:
    name(world, "author", "sealer")
    name(world, "neighbour_reviewer", "neighbour_leader")

    def seen(who: str) -> int:
        with world.database.reading() as session:
            return len(stand_ins.listed(session, world.people[who]))

    assert [seen(who) for who in ("leader", "administrator", "auditor", "sealer", "reviewer", "desk")] == [
        *(1, 2, 2, 1, 0, 0)
    ]


# ---- both count ------------------------------------------------------------------------------------------------------


def test_a_step_is_taken_with_the_absent_persons_reach_alone(world: World) -> None:
    draft, stamped = world.case(), world.case(CaseState.CENTRE_STAMPED)
    key = acting(world, "sealer", "author")
    assert not world.people[key].roles & {Role.SEALER}
    with pytest.raises(NotPermitted):
        world.act(draft, "stamp", by=key)
    with pytest.raises(cases.NoSuchCase):
        world.act(draft, "review", by=acting(world, "leader", "reviewer"))
    assert world.act(stamped, "review", by="leader for reviewer").done


def test_neither_sends_what_either_reviewed(world: World) -> None:
    reviewed = world.case(CaseState.PROVINCE_REVIEWED)
    by_stand_in = world.case(CaseState.CENTRE_STAMPED)
    went(world.act(by_stand_in, "review", by=acting(world, "second_reviewer", "reviewer_and_leader")))

    def hands(case: int, who: str) -> bool:
        actor = world.people[who]
        with world.database.reading() as session:
            [facts] = stored_facts.case_facts(
                session, stored_facts.case_rows(session, [case]), stored_facts.Inputs.of(actor, world.at)
            )
        return bool({facts.actor, facts.absent} & facts.hands["reviewer"])

    assert [hands(by_stand_in, who) for who in ("second_reviewer", "reviewer_and_leader", "leader")] == [
        *(True, True, False)
    ]
    assert hands(reviewed, acting(world, "leader", "reviewer"))


def test_two_sign_offs_in_one_name_are_one(world: World) -> None:
    case = world.case(CaseState.SHORTLISTED)
    world.sign_off(case, by="director")
    world.sign_off(case, by=acting(world, "desk", "director"))
    with world.database.reading() as session:
        rows = stored_facts.case_rows(session, [case])
        [facts] = stored_facts.case_facts(session, rows, stored_facts.Inputs(0, world.at))
    assert len(facts.sign_offs) == 2
    assert len(set(facts.sign_offs)) == 1


def test_the_trail_names_both_and_still_verifies(world: World) -> None:
    case = world.case(CaseState.CENTRE_STAMPED)
    went(world.act(case, "review", by=acting(world, "leader", "reviewer")))
    own, absent = world.people["leader"], world.people["reviewer"]
    with world.database.reading() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "case.review")).one()
        assert (event.person_id, event.absent_id) == (own.id, absent.id)
        assert f"{own.name} 代 {absent.name}" in event.body
    log.sequence(world.database)
    assert verification.verify(world.database, demo=True).problems == []


# ---- who is there ----------------------------------------------------------------------------------------------------


def test_the_next_step_names_the_stand_in_and_not_who_is_away(world: World) -> None:
    case = world.case(CaseState.CENTRE_STAMPED)
    name(world, "reviewer", "leader")
    actor = world.people["author"]
    with world.database.reading() as session:
        row = cases.find(session, case, seen_by=actor)
        offers = cases.offers(session, row, actor=actor, at=world.at)
        onward = histories.who_is_next(session, offers, row.office_id, row.centre_id, at=world.at)
        [review] = [one for one in onward if one.step.name == "review"]
    leader, away = world.people["leader"].name, world.people["reviewer"].name
    assert f"{leader} 代 {away}" in review.names
    assert away not in review.names


def test_a_step_is_stranded_when_everybody_is_away_and_the_stand_in_gone(world: World) -> None:
    world.case(CaseState.CENTRE_STAMPED)
    with world.database.transaction() as session:
        session.execute(
            update(Person).where(Person.login.in_(["second_reviewer", "reviewer_and_leader"])).values(active=False)
        )
    name(world, "reviewer", "leader")

    def told() -> list[str]:
        with world.database.reading() as session:
            return [one.step.zh for one in stranded.every(session, world.people["administrator"], world.at)]

    assert told() == []
    with world.database.transaction() as session:
        people.disable(session, world.people["leader"].id, actor=world.people["administrator"], at=world.at)
    assert told() == ["审核通过"]


def test_reminders_go_to_the_stand_in_beside_the_absent_person(world: World) -> None:
    world.case(CaseState.CENTRE_STAMPED)
    with world.database.transaction() as session:
        session.execute(update(Person).values(email=Person.login + "@mail.example"))
    closes = world.phase.closes
    world.at = world.at.astimezone(BEIJING).replace(
        year=closes.year, month=closes.month, day=closes.day, hour=9, minute=5
    )
    name(world, "reviewer", "leader")
    with world.database.reading() as session:
        due = {one.address.partition("@")[0]: one for one in reminders.due(session, world.at)}
    assert due.keys() == {"reviewer", "second_reviewer", "reviewer_and_leader", "leader"}
    assert due["reviewer"].absent == ""
    absent = world.people["reviewer"].name
    assert f"代{absent}办理" in due["leader"].subject
    assert f"您代{absent}办理" in due["leader"].body("https://site.example")


def test_mails_of_a_step_go_to_the_stand_in_beside_the_absent_person_while_the_absence_lasts(world: World) -> None:
    case = world.case(CaseState.SUBMITTED)
    with world.database.transaction() as session:
        session.execute(update(Person).values(email=Person.login + "@mail.example"))
    name(world, "author", "sealer")  # who is told anyway, and once
    name(world, "reviewer", "leader")

    def due() -> dict[str, letters.Mail]:
        with world.database.reading() as session:
            rows = case_rows(session, [case])
            made = letters.due_for(session, rows, "shortlist", world.people["desk"], at=world.at)
        assert len({one.address for one in made}) == len(made)
        return {one.address.partition("@")[0]: one for one in made}

    told, absent = due(), world.people["reviewer"].name
    assert {"author", "sealer", "reviewer", "leader"} <= told.keys()
    assert (told["sealer"].absent, told["reviewer"].absent, told["leader"].absent) == ("", "", absent)
    assert told["leader"].whom == f"{world.people['leader'].name} 代 {absent}"
    assert f"代{absent}办理" in told["leader"].subject
    assert f"您代{absent}办理" in told["leader"].body("https://site.example")
    with world.database.transaction() as session:
        session.execute(update(Person).where(Person.login == "reviewer").values(email=""))
    assert "leader" in due()  # the absent person's own address does not matter
    world.at += DAYS + timedelta(days=1)
    assert "leader" not in due()


def test_presence_knows_nobody_away_after_the_last_day(world: World) -> None:
    name(world, "reviewer", "leader")
    with world.database.reading() as session:
        assert Presence(session, world.at + DAYS).away == {world.people["reviewer"].id}
        assert Presence(session, world.at + DAYS + timedelta(days=1)).away == frozenset()
