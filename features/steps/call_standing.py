"""A call that was closed to its centres or archived, and what is refused then."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_bdd import given, parsers, then, when

from features.steps.outcomes import Result, tried
from tests.worlds import World, went
from workflow.calls import call_standing
from workflow.engine import CannotServe


def _take(world: World, *steps: str) -> None:
    for step in steps:
        with world.database.transaction() as session:
            number, actor = world.call.number, world.people["director"]
            went(call_standing.act(session, number, step, actor=actor, at=world.at, remark="理由"))


_STEPS: dict[str, Sequence[str]] = {
    "结束征集": ("close",),
    "重新开放征集": ("reopen",),
    "归档": ("close", "archive"),
    "撤销归档": ("unarchive",),
}


@given(parsers.re("主管已(?P<what>结束征集|重新开放征集|归档|撤销归档)"))
def _taken(world: World, what: str) -> None:
    _take(world, *_STEPS[what])


@when("撰稿人修改案例的标题", target_fixture="attempt")
def _edited(world: World, case: int) -> Result:
    content = world.content_of(case)
    return tried(lambda: world.edit(case, content.changed(title=content.title + "字")))  # type: ignore[arg-type, return-value]


@then(parsers.re("不能办理，并说明“(?P<words>.*)”"))
def _refused(attempt: Result, words: str) -> None:
    assert isinstance(attempt, CannotServe)
    assert words in attempt.message.zh
    assert "国家局主管" in attempt.message.zh
