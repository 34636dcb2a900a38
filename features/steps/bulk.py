"""Many cases at once: rehearsed, taken, undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pytest_bdd import given, parsers, then, when
from sqlalchemy import update

from features.steps.cases import step_of
from features.steps.people import person
from states.case import CaseState
from tests.worlds import World, went
from workflow import bulk, letters
from workflow.bulk import Done, Form, Outcome, Rehearsal, Verdict
from workflow.store import copies
from workflow.store.models import Person

HELD = timedelta(minutes=10)
CAME_TO = {Verdict.READY: Outcome.DONE, Verdict.REFUSED: Outcome.REFUSED}


@dataclass
class Many:
    """Cases, what was seen and foreseen of them, and what came of it."""

    ids: list[int]
    seen: Mapping[int, str] = field(default_factory=dict)
    rehearsed: Rehearsal | None = None
    first: int = 0
    done: int = 0
    who: str = "受理人"
    contents: Any = None
    listed: Any = None
    now: datetime = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
    told: bulk.NotUndone | None = None


def _form(world: World, many: Many, step: str) -> Form:
    """A reason, what the call has confirmed with the step, and that what is announced is signed, where it asks for that."""
    confirmed = frozenset(one.id for one in world.call.confirmations if one.step == step)
    return Form(remark="理由", confirmed=confirmed, own={case: world.signed() for case in many.ids})


def _seen(world: World, many: Many) -> dict[int, str]:
    return {case: world.row(case).mark for case in many.ids}


def _rehearse(world: World, many: Many, step: str) -> None:
    many.seen = _seen(world, many)
    with world.database.reading() as session:
        many.rehearsed = bulk.rehearse(
            session,
            step_of(step),
            many.ids,
            actor=person(world, many.who),
            at=world.at,
            form=_form(world, many, step_of(step)),
            seen=many.seen,
        )


def _take(world: World, many: Many, step: str, *, whole: bool = False, op: str = "") -> Done:
    with world.database.transaction() as session:
        done = bulk.act(
            session,
            step_of(step),
            many.seen or _seen(world, many),
            actor=person(world, many.who),
            at=world.at,
            real=many.now,
            op=op,
            form=_form(world, many, step_of(step)),
            whole=whole,
            hold=HELD,
        )
    many.done = done.id
    return done


def _outcomes(world: World, many: Many) -> dict[int, Outcome]:
    with world.database.reading() as session:
        lines = bulk.find(session, many.done, person(world, many.who)).lines
        return {line.case_id: Outcome.of(line.outcome) for line in lines}


# ---- what there is ---------------------------------------------------------------------------------------------------


@given("三份已报送的案例", target_fixture="many")
def _submitted(world: World) -> Many:
    made = [world.case(CaseState.PROVINCE_REVIEWED) for _ in range(3)]
    world.submit(*made)
    with world.database.transaction() as session:
        session.execute(update(Person).where(Person.login == "sealer").values(email="sealer@mail.example"))
    return Many(made)


@given("三份已入选的案例，只有前两份备齐发布所需", target_fixture="many")
def _shortlisted(world: World) -> Many:
    made = [world.case(CaseState.SHORTLISTED) for _ in range(3)]
    for case in made[:2]:
        world.ready_to_publish(case)
    world.sign_offs(made[2], world.call.sign_offs)
    return Many(made, who="编辑")


@given("受理人预演之后，另一位受理人已先让第二份入选")
def _faster(world: World, many: Many) -> None:
    _rehearse(world, many, "不入选")
    went(world.act(many.ids[1], "shortlist", by="second_desk"))


@given(parsers.re("受理人已批量办理“(?P<step>.*)”"))
def _taken(world: World, many: Many, step: str) -> None:
    many.first = _take(world, many, step).id


@given("第二份已经发布")
def _published(world: World, many: Many) -> None:
    world.ready_to_publish(many.ids[1])
    went(world.act(many.ids[1], "publish"))


@given("保留时间已过")
def _later(many: Many) -> None:
    many.now += HELD


# ---- what is tried ---------------------------------------------------------------------------------------------------


@when(parsers.re("受理人预演批量“(?P<step>.*)”"))
def _look(world: World, many: Many, step: str) -> None:
    with world.database.reading() as session:
        many.contents = copies.contents(session)
    _rehearse(world, many, step)


@when(parsers.re("(?P<who>受理人|编辑)预演后批量办理“(?P<step>.*)”"))
def _look_and_take(world: World, many: Many, who: str, step: str) -> None:
    _rehearse(world, many, step)
    _take(world, many, step)


@when(parsers.re("受理人按预演批量办理“(?P<step>.*)”，(?P<how>只办能办的|全部办成才办)"))
def _as_rehearsed(world: World, many: Many, step: str, how: str) -> None:
    _take(world, many, step, whole=how == "全部办成才办")


@when(parsers.re("受理人把同一次批量“(?P<step>.*)”提交两遍"))
def _twice(world: World, many: Many, step: str) -> None:
    many.seen = _seen(world, many)
    assert len({_take(world, many, step, op="one form").id for _ in range(2)}) == 1


@when("受理人撤销这次批量办理")
def _undo(world: World, many: Many) -> None:
    try:
        with world.database.transaction() as session:
            actor = person(world, many.who)
            done = bulk.undo(
                session, many.first, actor=actor, at=world.at, real=many.now, op="", form=_form(world, many, "")
            )
    except bulk.NotUndone as told:
        many.told = told
        return
    many.done = done.id


# ---- what came of it -------------------------------------------------------------------------------------------------


@then("预演说三件都可以办理")
def _all_ready(many: Many) -> None:
    assert many.rehearsed is not None
    assert [line.verdict for line in many.rehearsed.lines] == [Verdict.READY] * 3


@then("系统里什么也没有改变")
def _unchanged(world: World, many: Many) -> None:
    with world.database.reading() as session:
        assert copies.contents(session) == many.contents


@then("每件的结果都与预演相同")
def _as_foreseen(world: World, many: Many) -> None:
    assert many.rehearsed is not None
    foreseen = {line.case.id: CAME_TO[line.verdict] for line in many.rehearsed.lines}
    assert _outcomes(world, many) == foreseen


@then(parsers.re("三份案例的状态依次为“(?P<states>.*)”"))
def _states(world: World, many: Many, states: str) -> None:
    assert [world.state(case).label.zh for case in many.ids] == states.split("、")


@then("第二份的结果说明谁已先办理")
def _named(world: World, many: Many) -> None:
    with world.database.reading() as session:
        lines = bulk.find(session, many.done, person(world, many.who)).lines
        [line] = [one for one in lines if one.case_id == many.ids[1]]
    assert line.outcome == Outcome.OVERTAKEN
    assert "已先办理" in line.said[0][0]


@then(parsers.re("三份案例各有一条“(?P<step>.*)”的记录"))
def _recorded(world: World, many: Many, step: str) -> None:
    assert [len(world.events(case, f"case.{step_of(step)}")) for case in many.ids] == [1, 1, 1]


@then("没有人收到邮件")
def _nobody_told(world: World, many: Many) -> None:
    with world.database.reading() as session:
        kept = letters.of_posting(session, f"bulk/{many.first}", configured=True)
    assert [one.where for one in kept] == [letters.Where.DROPPED]


@then("告知不能再撤销")
def _too_late(many: Many) -> None:
    assert many.told is not None
    assert "保留时间已过" in many.told.message.zh
