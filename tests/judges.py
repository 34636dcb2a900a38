"""Judges of a world, invited to cases and walked through their judgements by the verbs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import insert

from rules.roles import Role
from states.reach import Actor
from tests.worlds import World, went
from workflow.engine import Attempt
from workflow.identity import people
from workflow.selection import blinding, judging
from workflow.selection.judging import Invited, Pair, Profile
from workflow.store import judging as stored
from workflow.store.models import Judgement, Person, PersonGrant

FAR = "远方省"
"""A province that no case of a world comes from."""


def judge(world: World, login: str = "", name: str = "", **profile: Any) -> Actor:
    """A judge with a profile: an account of their own, or the one of that login."""
    if login not in world.people:
        with world.database.transaction() as session:
            number = session.query(Person).count() + 1
            login = login or f"judge_{number}"
            made = session.execute(
                insert(Person).values(login=login, name=name or f"评委{number}", password="").returning(Person.id)
            ).scalar_one()
            session.execute(insert(PersonGrant).values(person_id=made, role=str(Role.JUDGE)))
        with world.database.reading() as session:
            world.people = {**world.people, login: people.actor_of(session.get_one(Person, made))}
    describe(world, world.people[login], **{"region": FAR, "institution": "远方研究院", **profile})
    return world.people[login]


def describe(world: World, who: Actor, **profile: Any) -> None:
    with world.database.transaction() as session:
        judging.set_profile(session, who.id, Profile(**profile), actor=world.people["desk"], at=world.at)


def try_to_invite(world: World, pairs: Mapping[int, Actor] | list[Pair], due_on: date | None = None) -> Invited:
    listed = pairs if isinstance(pairs, list) else [Pair(case, one.id) for case, one in pairs.items()]
    with world.database.transaction() as session:
        return judging.invite(session, world.call, listed, due_on=due_on, actor=world.people["desk"], at=world.at)


def invited(world: World, case: int, who: Actor | None = None, due_on: date | None = None) -> int:
    """A judge invited to a case; gives the judgement."""
    done = try_to_invite(world, {case: who or judge(world)}, due_on).done
    [(number, _)] = done
    return number


def hold_at(session: Any, person: int, centre: int) -> None:
    """Somebody holds a role at a centre besides."""
    session.execute(insert(PersonGrant).values(person_id=person, role=str(Role.AUTHOR), centre_id=centre))


def step(world: World, number: int, trigger: str, by: Actor | None = None, remark: str = "理由写在这里") -> Attempt:
    """One step of a judgement tried, by its judge unless somebody else is named."""
    with world.database.transaction() as session:
        return judging.act(session, number, trigger, actor=by or judge_of(world, number), at=world.at, remark=remark)


def write(
    world: World, number: int, points: int | str | None = None, changed: Mapping[str, tuple[str, str]] | None = None
) -> None:
    """Save points and a reason for each criterion; half of the scale where nothing is said."""
    asked = judging.asked_by(world.call)
    typed = str((asked.lowest + asked.highest) // 2 if points is None else points)
    scores = {one.id: (typed, f"{one.label.zh}有根据") for one in asked.criteria} | dict(changed or {})
    with world.database.transaction() as session:
        judging.save(session, number, scores, actor=judge_of(world, number), at=world.at)


def scored(world: World, case: int, who: Actor | None = None, points: int | None = None) -> int:
    """A judgement whose scores were handed in."""
    number = accepted(world, case, who)
    write(world, number, points)
    went(step(world, number, "score"))
    return number


def accepted(world: World, case: int, who: Actor | None = None) -> int:
    number = invited(world, case, who)
    went(step(world, number, "accept"))
    return number


def look_at_pictures(world: World, case: int, verdict: str = "show", number: int | None = None) -> None:
    """The desk looks at a case's pictures, or the first so many, and finds the same of each."""
    with world.database.transaction() as session:
        side = stored.case_sides(session, [case])[case]
        found = {one.digest: verdict for one in side.pictures[:number]}
        if found:
            blinding.look(session, case, found, actor=world.people["desk"], at=world.at)


def judge_of(world: World, number: int) -> Actor:
    with world.database.reading() as session:
        return people.actor_of(session.get_one(Judgement, number).judge)


def state(world: World, number: int) -> str:
    with world.database.reading() as session:
        return session.get_one(Judgement, number).state
