"""What came of it: the state, the findings, the record."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from pytest_bdd import parsers, then

from features.steps.people import person
from rules.catalogue import CATALOGUE
from states.case import CASE
from tests.worlds import World
from workflow.cases import NoSuchCase
from workflow.engine import Attempt, CannotServe, NoSuchTransition, NotPermitted, Outcome
from workflow.store.living import Overtaken

Result = Attempt | CannotServe


def tried(act: Callable[[], Attempt]) -> Result:
    """What an act came to: an attempt, or the sentence with which it was not served."""
    try:
        return act()
    except CannotServe as refusal:
        return refusal


def blocking(result: Result) -> set[str]:
    """Rules that stood in the way."""
    assert isinstance(result, Attempt), result
    return {finding.rule for finding in result.findings if finding.blocks}


@then("办理结果为“办成”")
def _done(attempt: Result) -> None:
    assert blocking(attempt) == set()
    assert isinstance(attempt, Attempt)
    assert attempt.outcome is Outcome.DONE


@then("办理结果为“因本项未办成”")
def _refused(attempt: Result, request: pytest.FixtureRequest) -> None:
    asked = {mark.name for mark in request.node.iter_markers()} & CATALOGUE.keys()
    assert isinstance(attempt, Attempt)
    assert attempt.outcome is Outcome.REFUSED
    assert asked & blocking(attempt) == asked != set()


@then(parsers.re("案例状态为“(?P<state>.*)”"))
def _state(world: World, case: int, state: str) -> None:
    assert world.state(case).label.zh == state


@then("告知从开始受理的那一刻起可以办理")
def _from_when(world: World, attempt: Result) -> None:
    assert isinstance(attempt, Attempt)
    assert [one.holds_from for one in attempt.findings if one.blocks] == [world.window(world.phase).opens]


@then("告知现在的状态不能这样办理")
def _no_such_step(attempt: Result) -> None:
    assert isinstance(attempt, NoSuchTransition)


@then("告知没有这个案例")
def _nothing_there(attempt: Result) -> None:
    assert isinstance(attempt, NoSuchCase)


@then("告知这一步由别人办理")
def _not_yours(attempt: Result) -> None:
    assert isinstance(attempt, NotPermitted)
    assert "您没有这个职责" in attempt.message.zh


@then("同时指出不止一个原因")
def _several(attempt: Result) -> None:
    assert len(blocking(attempt)) > 1


@then(parsers.re("(?P<result>看得到|看不到)(?:这份案例|这个批次)"))
def _reach(found: bool, result: str) -> None:
    assert found is (result == "看得到")


@then("只看到有一项正在比对，看不到别省案例的编号和题目")
def _pending(likenesses: tuple[int, bool]) -> None:
    assert likenesses == (0, True)


# ---- the record ----


@then(parsers.re("留痕中记下了(?P<who>.*)办成“(?P<step>.*)”"))
def _recorded(world: World, case: int, who: str, step: str) -> None:
    last = world.events(case)[-1]
    assert (last.action, last.outcome, last.person_id) == (_action(step), "done", person(world, who).id)


@then(parsers.re("留痕中记下了(?P<who>.*)没有办成“(?P<step>.*)”，原因与当时看到的一致"))
def _refusal_recorded(world: World, case: int, attempt: Result, who: str, step: str) -> None:
    [event] = world.events(case, _action(step))
    assert (event.outcome, event.person_id) == ("refused", person(world, who).id)
    assert isinstance(attempt, Attempt)
    said = [finding["zh"] for finding in json.loads(event.body)["findings"]]
    assert said == [finding.message.zh for finding in attempt.findings] != []


@then(parsers.re("留痕中只有一条“(?P<step>.*)”的记录"))
def _once(world: World, case: int, step: str) -> None:
    assert len(world.events(case, _action(step))) == 1


def _action(label: str) -> str:
    return next(f"case.{one.name}" for one in CASE.transitions if one.label.zh == label)


@then("两遍得到同一份回执")
def _same_receipt(attempts: list[Result]) -> None:
    first, second = attempts
    assert isinstance(first, Attempt)
    assert isinstance(second, Attempt)
    assert first.receipt == second.receipt is not None
    assert first.outcome is second.outcome


@then(parsers.re("告知(?P<who>.*)已先(?:办理“(?P<step>.*)”|修改内容)"))
def _faster(world: World, attempt: Result, who: str, step: str | None) -> None:
    assert isinstance(attempt, Overtaken)
    assert f"{person(world, who).name}已先办理：{step or '修改内容'}" in attempt.message.zh
