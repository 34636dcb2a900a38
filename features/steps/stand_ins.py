"""Who is away, and who stands in."""

from __future__ import annotations

from datetime import timedelta

from pytest_bdd import given, parsers, then, when

from features.steps.cases import step_of
from features.steps.outcomes import Result, tried
from features.steps.people import WHO, person
from states.reach import SYSTEM, Actor, standing_in
from tests.worlds import World
from workflow import cases
from workflow.engine import Attempt, CannotServe
from workflow.identity import stand_ins
from workflow.identity.stand_ins import NotNow
from workflow.store import trail

THREE = timedelta(days=2)
"""From the first day to the third."""


def named(world: World, absent: str, stand_in: str, by: str) -> int:
    """From today on, for three days."""
    today = stand_ins.day_of(world.at)
    with world.database.transaction() as session:
        return stand_ins.name(
            session,
            world.people[absent].id,
            world.people[stand_in].id,
            today,
            today + THREE,
            "出差",
            actor=world.people[by],
            at=world.at,
        )


def acting(world: World, number: int, stand_in: str) -> Actor:
    """The stand-in as they act now. Raises NotNow."""
    with world.database.reading() as session:
        mine = world.people[stand_in].id
        found = stand_ins.current(session, number, mine, stand_ins.day_of(world.at))
        if found is None:
            raise NotNow(stand_ins.OVER)
        return stand_ins.acting(found)


@when(parsers.re("(?P<by>.*)指定(?P<who>.*)代(?P<absent>.*)办理三天"), target_fixture="naming")
def _name(world: World, by: str, who: str, absent: str) -> bool:
    try:
        return bool(named(world, WHO[absent], WHO[who], WHO[by]))
    except CannotServe:
        return False


@then(parsers.re("(?P<words>已指定|没有指定)代办人"))
def _named(naming: bool, words: str) -> None:
    assert naming is (words == "已指定")


@given(parsers.re("(?P<absent>.*)不在岗三天，由(?P<who>.*)代办"), target_fixture="standing")
def _away(world: World, absent: str, who: str) -> int:
    return named(world, WHO[absent], WHO[who], WHO[absent])


@when(
    parsers.re("(?P<who>.*)在(?P<day>第一天|最后一天|期满次日|提前结束的当天)代.*办理“(?P<step>.*)”"),
    target_fixture="attempt",
)
def _acts_on(world: World, case: int, standing: int, who: str, day: str, step: str) -> Result:
    world.at += {"最后一天": THREE, "期满次日": THREE + timedelta(days=1)}.get(day, timedelta())
    if day == "提前结束的当天":
        with world.database.transaction() as session:
            stand_ins.end(session, standing, actor=person(world, who), at=world.at)

    def act() -> Attempt:
        world.people = {**world.people, "standing in": acting(world, standing, WHO[who])}
        return world.act(case, step_of(step), by="standing in")

    return tried(act)


@then("告知代办已经结束")
def _over(attempt: Result) -> None:
    assert isinstance(attempt, NotNow)


@then("留痕写明是谁代谁办理")
def _both_named(world: World, case: int) -> None:
    with world.database.reading() as session:
        newest = cases.find(session, case, seen_by=SYSTEM).stream
        body = trail.last(session, newest)
    assert body is not None
    own, absent = world.people["leader"], world.people["reviewer"]
    assert (body["actor"], body["absent"]) == (
        {"id": own.id, "name": f"{own.name} 代 {absent.name}"},
        {"id": absent.id, "name": absent.name},
    )


@given(parsers.re("案例由(?P<who>.*)改写后重新盖印"))
def _rewritten(world: World, case: int, who: str) -> None:
    for key in ("盖章人代撰稿兼盖章人", "撰稿人代撰稿兼盖章人"):
        stand_in, _, absent = key.partition("代")
        world.people = {
            **world.people,
            WHO[key]: standing_in(person(world, stand_in), person(world, absent)),
        }
    before = world.content_of(case)
    world.edit(case, before.changed(title=before.title + "字"), by=WHO[who])
    world.seal(case, by="sealer")
