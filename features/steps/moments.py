"""When something happens: moments named by the call's own windows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from pytest_bdd import given, parsers

from rules.call import Window, midnight
from rules.roles import Level
from tests.worlds import World, middle
from workflow.calls import centre_requests, deadlines

WEEK = timedelta(days=7)
_LEAST = timedelta(microseconds=1)
_MOMENTS: dict[str, Callable[[Window], datetime]] = {
    "征集期间": middle,
    "开始受理的那一刻": lambda window: window.opens,
    "开始受理的前一刻": lambda window: window.opens - _LEAST,
    "截止日前一天": lambda window: window.closes - timedelta(days=1),
    "截止日当天最后一刻": lambda window: window.closes - _LEAST,
    "截止日次日零点": lambda window: window.closes,
}


@given(parsers.re("现在是(?P<level>省级)?(?P<moment>征集期间|开始.*|截止.*)"))
def _now(world: World, level: str | None, moment: str) -> None:
    window = world.window(world.phase, Level.OFFICE if level else Level.CENTRE)
    world.at = _MOMENTS[moment](window)


@given(parsers.re("省级规定中心提前一周截止，又批准(?P<which>本中心|另一中心)延期三天"))
def _extended_for_one(world: World, which: str) -> None:
    first = world.window(world.phase).last_day - WEEK
    last, people = first + timedelta(days=3), world.people
    asking, centre = {"本中心": ("sealer", "university"), "另一中心": ("institute_author", "institute")}[which]
    with world.database.transaction() as session:
        deadlines.set_centre_day(
            session, world.call, world.phase.id, first, "留出审核时间",
            office=world.offices["first"], actor=people["leader"], at=world.at,
        )  # fmt: skip
        centre_requests.ask(
            session, world.call_version, world.phase.id, last, "单位盖章人出差",
            centre=world.centres[centre], actor=people[asking], at=world.at,
        )  # fmt: skip
        [asked] = centre_requests.listed(session, people["reviewer"])
        centre_requests.answer(session, asked.id, last, "", actor=people["reviewer"], at=world.at)
    world.granted = last


@given(parsers.re("现在是中心延期后截止日(?P<moment>当天最后一刻|次日零点)"))
def _after_extension_for_one(world: World, moment: str) -> None:
    assert world.granted is not None
    closes = midnight(world.granted + timedelta(days=1))
    world.at = closes if moment == "次日零点" else closes - _LEAST


@given(parsers.re("现在是希望的报送日(?P<moment>当天最后一刻|次日零点)"))
def _asked_for(world: World, moment: str) -> None:
    asked = world.window(world.phase).asked
    assert asked is not None, "the call names the rule and no day"
    world.at = asked if moment == "次日零点" else asked - _LEAST


@given("现在是最后一个阶段征集期间")
def _last_phase(world: World) -> None:
    world.in_phase(world.call.last_phase)


@given(parsers.re("现在是(?:延期后|限期)(?P<moment>截止日当天最后一刻|截止日次日零点|当天最后一刻|次日零点)"))
def _after_extension(world: World, moment: str) -> None:
    window = world.phase.window(Level.OFFICE, world.call.opened, world.phase.closes + WEEK)
    world.at = _MOMENTS[moment if moment.startswith("截止日") else f"截止日{moment}"](window)


@given(parsers.re("主管已为(?P<whom>本省|各省|邻省)批准延期一周"))
def _extended(world: World, whom: str) -> None:
    office = {"本省": world.offices["first"], "邻省": world.offices["second"], "各省": None}[whom]
    director = world.people["director"]
    with world.database.transaction() as session:
        day = world.phase.closes + WEEK
        deadlines.extend(
            session, world.call, world.phase.id, day, "因故顺延", office=office, actor=director, at=world.at
        )
