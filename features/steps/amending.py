"""A call that was changed, and its running cases moved to the new version."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pytest_bdd import given, parsers, then, when

from features.steps.people import named, person
from states.case import CaseState
from tests.worlds import World, went
from workflow.calls import amending
from workflow.calls.amending import Chosen, Moved, Preview, Verdict
from workflow.engine import CannotServe
from workflow.store.calls import call_of

DAY = timedelta(days=1)


@dataclass
class Seen:
    """What somebody saw, and what moving came to."""

    preview: Preview | None = None
    marks: dict[int, str] = field(default_factory=dict)
    moved: Moved | None = None


def _preview(world: World, case: int) -> Seen:
    with world.database.reading() as session:
        found = amending.preview(session, world.call.number, actor=world.people["director"], at=world.at)
    return Seen(found, {case: world.row(case).mark})


_ALL = Chosen()


def _move(world: World, who: str = "主管", chosen: Chosen = _ALL, **more: Any) -> Moved | None:
    try:
        with world.database.transaction() as session:
            return amending.migrate(
                session, world.call.number, chosen=chosen, actor=person(world, who), at=world.at, **more
            )
    except CannotServe:
        return None


# ---- what there is ---------------------------------------------------------------------------------------------------


@given("通知已修改，本阶段的截止日延后一天")
def _later(world: World) -> None:
    world.extend_by_amendment(DAY)


@given("通知已修改，字数上限放宽一百字")
def _longer(world: World) -> None:
    world.amend(lambda call: call["length"].update(maximum=call["length"]["maximum"] + 100))


@given("通知已修改，只改了英文标题")
def _retitled(world: World) -> None:
    world.amend(lambda call: call["title"].update(en="Another title"))


@given("一份比字数上限多一百字的案例", target_fixture="case")
def _long(world: World) -> int:
    assert world.call.length.maximum is not None
    case = world.draft(world.content(length=world.call.length.maximum + 100))
    world.seal(case)
    return case


@given("主管把在办案例转到了新的版本")
def _moved(world: World) -> None:
    moved = _move(world)
    assert moved is not None
    assert moved.moved == 1


@given("主管看过预览之后，受理人让它入选", target_fixture="seen")
def _faster(world: World, case: int) -> Seen:
    seen = _preview(world, case)
    went(world.act(case, "shortlist"))
    return seen


# ---- what is tried ---------------------------------------------------------------------------------------------------


@when("主管预览把在办案例转到新的版本", target_fixture="seen")
def _look(world: World, case: int) -> Seen:
    return _preview(world, case)


@when(parsers.re("(?P<who>主管|受理人|审核人|撰稿人)把在办案例转到新的版本"))
def _move_all(world: World, who: str) -> None:
    _move(world, who)


@when("主管把同一张转到新版本的表单提交两遍")
def _twice(world: World) -> None:
    first, second = (_move(world, op="one form") for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.receipt == second.receipt is not None


@when("主管按看过的预览把它转到新的版本")
def _as_seen(world: World, case: int, seen: Seen) -> None:
    seen.moved = _move(world, chosen=Chosen([case], seen=seen.marks))


@when(parsers.re("主管把它转回原来的版本，(?P<reason>.*)"))
def _back(world: World, reason: str) -> None:
    _move(world, to=1, remark="延期有误" if reason == "写明了理由" else "")


# ---- what came of it -------------------------------------------------------------------------------------------------


@then("预览说明这个案例的截止日的变化")
def _day_told(world: World, seen: Seen) -> None:
    assert seen.preview is not None
    days = [world.window(world.phase).last_day + DAY * n for n in (0, 1)]
    told = [change.zh for change, _ in seen.preview.unseen[0].changes]
    assert f"截止日：{days[0]} → {days[1]}" in told


@then("预览说这个案例没有变化")
def _nothing(seen: Seen) -> None:
    assert seen.preview is not None
    assert dict(seen.preview.unseen[0].counts) == {Verdict.SAME: 1}


@then(parsers.re("案例仍?按(?P<which>新|原来)的版本办理"))
def _under(world: World, case: int, which: str) -> None:
    with world.database.reading() as session:
        assert call_of(session, world.row(case).call_version_id).version == {"原来": 1, "新": 2}[which]


@then(parsers.re("案例仍处于“(?P<state>.*)”"))
def _still(world: World, case: int, state: str) -> None:
    assert world.state(case) is named(CaseState, state)


@then("留痕中有一条转到新版本的记录")
def _recorded(world: World, case: int) -> None:
    [event] = world.events(case, "case.migrate")
    assert (event.to_state, event.hash) == (world.row(case).state, world.row(case).head)


@then("没有转，并说明受理人已先办理“入选”")
def _not_moved(world: World, seen: Seen) -> None:
    assert seen.moved is not None
    [refused] = seen.moved.refused
    assert f"{person(world, '受理人').name}已先办理：入选" in refused.why.zh
    assert seen.moved.moved == 0
