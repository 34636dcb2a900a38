"""Planning where chosen cases appear, and what came of it."""

from __future__ import annotations

from datetime import date, timedelta

from pytest_bdd import given, parsers, then, when

from rules.call import BEIJING
from tests.worlds import World
from workflow.publishing import publicity
from workflow.publishing.publicity import Stage, WrongAppearance


def _today(world: World) -> date:
    return world.at.astimezone(BEIJING).date()


def _arranged(world: World, case: int) -> int | None:
    channel = world.call.publicity[0]
    day = channel.from_day or channel.to_day or _today(world) + timedelta(days=1)
    with world.database.transaction() as session:
        try:
            return publicity.arrange(
                session,
                world.call,
                channel=channel.id,
                case_id=case,
                day=day,
                place="",
                actor=world.people["editor"],
                at=world.at,
            )
        except WrongAppearance:
            return None


@given("编辑把它安排在征集通知的第一个渠道宣传", target_fixture="appearance")
@when("编辑把它安排在征集通知的第一个渠道宣传", target_fixture="appearance")
def _arrange(world: World, case: int) -> int | None:
    return _arranged(world, case)


@then(parsers.re("(?P<what>没有列入宣传计划|列入了宣传计划)"))
def _planned(appearance: int | None, what: str) -> None:
    assert (appearance is not None) is (what == "列入了宣传计划")


@when("编辑登记宣传的链接")
def _record(world: World, appearance: int) -> None:
    with world.database.transaction() as session:
        try:
            publicity.record(
                session,
                appearance,
                link="https://example.org/case",
                reach="1200",
                said="",
                actor=world.people["editor"],
                at=world.at,
            )
        except WrongAppearance:
            return


@then(parsers.re("这项宣传(?P<what>因未公开受阻|已完成)"))
def _stands(world: World, appearance: int, what: str) -> None:
    with world.database.reading() as session:
        _, shown = publicity.find(session, appearance, actor=world.people["editor"], today=_today(world))
    assert shown.stage is {"因未公开受阻": Stage.UNPUBLISHED, "已完成": Stage.DONE}[what]


@then(parsers.re("宣传材料(?P<what>放入这张图|不放这张图)(?P<why>，并说明它没有登记权利)?"))
def _pictures(world: World, appearance: int, what: str, why: str | None) -> None:
    with world.database.reading() as session:
        _, shown = publicity.find(session, appearance, actor=world.people["editor"], today=_today(world))
    assert (len(shown.pictures), len(shown.without_rights)) == ((1, 0) if what == "放入这张图" else (0, 1))
    assert bool(why) is bool(shown.without_rights)
