"""Plans of who judges what: worked out, brought by sheet, changed, and sent only when that is said."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from states.case import CaseState
from tests import judges
from tests.worlds import Databases, World, world_under
from workflow.calls import shipped_calls
from workflow.engine import NotPermitted
from workflow.selection import judging, plans, results
from workflow.store.models import Job, Judgement

pytestmark = pytest.mark.database
BLIND = next(path for path in shipped_calls() if path.stem == "example-2023")


@pytest.fixture
def world(databases: Databases, tmp_path: Path) -> Iterator[World]:
    """Under a call that wants five judges of each case: six there are, one of them of the cases' own province."""
    with world_under(databases, BLIND, tmp_path) as made:
        for number in range(1, 6):
            judges.judge(made, f"judge_{number}", f"远评{number}", region=f"远方{number}省", languages=("zh",))
        judges.judge(made, "near_judge", "近评", region="示例省")
        judges.describe(made, made.people["judge"], region="示例省")
        yield made


def suggested(world: World) -> int:
    desk = world.people["desk"]
    with world.database.transaction() as session:
        number, _ = plans.suggest(session, world.call, actor=desk, at=world.at)
    with world.database.reading() as session:
        assert session.scalars(select(Job.name).where(Job.key == f"plan_judging/{number}")).all() == ["plan_judging"]
    plans.make(world.database, number)
    return number


def shown(world: World, number: int) -> plans.Shown:
    with world.database.reading() as session:
        return plans.find(session, number, world.people["desk"])


def invited(world: World) -> int:
    with world.database.reading() as session:
        return session.query(Judgement).count()


def test_a_plan_is_worked_out_changed_and_sent_with_its_reasons(world: World) -> None:
    cases = [world.case(CaseState.SUBMITTED) for _ in range(2)]
    number, desk = suggested(world), world.people["desk"]
    made = shown(world, number)
    assert {(one.case.id, one.judge.name) for one in made.lines} == {
        (case, f"远评{n}") for case in cases for n in range(1, 6)
    }
    assert (made.figures.cost, made.figures.short, invited(world)) == (made.bound, 0, 0)
    first = made.lines[0]
    with world.database.transaction() as session:
        plans.change(session, number, drop=[(first.case.id, first.judge.id)], actor=desk, at=world.at)
    assert shown(world, number).figures.short == 1
    with world.database.transaction() as session:
        came = plans.send(session, number, due_on=None, actor=desk, at=world.at, op="7.once")
    assert (len(came.done), came.refused, invited(world)) == (9, (), 9)
    with world.database.transaction() as session:
        plans.send(session, number, due_on=None, actor=desk, at=world.at, op="7.once")
        assert "没有查到回避情形" in session.query(Judgement).first().why
    assert invited(world) == 9


def test_a_conflict_cannot_be_planned_by_hand(world: World) -> None:
    case, number = world.case(CaseState.SUBMITTED), suggested(world)
    near = world.people["near_judge"].id
    with pytest.raises(plans.WrongPlan, match="conflict"), world.database.transaction() as session:
        plans.change(session, number, add=[(case, near)], actor=world.people["desk"], at=world.at)


def test_a_plan_that_was_sent_is_changed_no_more(world: World) -> None:
    world.case(CaseState.SUBMITTED)
    number, desk = suggested(world), world.people["desk"]
    with world.database.transaction() as session:
        plans.send(session, number, due_on=None, actor=desk, at=world.at)
    with pytest.raises(plans.WrongPlan), world.database.transaction() as session:
        plans.drop(session, number, actor=desk, at=world.at)


def test_a_sheet_goes_out_and_comes_back_as_a_plan(world: World) -> None:
    cases, desk = [world.case(CaseState.SUBMITTED) for _ in range(2)], world.people["desk"]
    with world.database.reading() as session:
        data, rows = plans.sheet(session, world.call, None, actor=desk, at=world.at)
    book = load_workbook(BytesIO(data))
    sheet = book.worksheets[0]
    [head] = [row for row in sheet.iter_rows() if any(cell.value == "案例编号" for cell in row)]
    first = {cell.value: cell.column for cell in head}["专家1"]
    for offset, name in enumerate(["远评1", "近评"]):
        sheet.cell(head[0].row + 1, first + offset, name)
    sheet.cell(head[0].row + 2, first, "没有这个人")
    changed = BytesIO()
    book.save(changed)
    with world.database.transaction() as session:
        number = plans.from_sheet(session, world.call, "分派.xlsx", changed.getvalue(), actor=desk, at=world.at)
    made = shown(world, number)
    assert (rows, [(one.case.id, one.judge.name) for one in made.lines]) == (2, [(cases[0], "远评1")])
    assert [one["zh"] for one in made.problems] == ["近评：应当回避：同一省份", "没有这个人：没有这位评审专家"]
    assert invited(world) == 0


def test_only_the_desk_has_plans_made(world: World) -> None:
    with pytest.raises(NotPermitted), world.database.transaction() as session:
        plans.suggest(session, world.call, actor=world.people["director"], at=world.at)
    with pytest.raises(judging.NoSuchJudgement), world.database.transaction() as session:
        plans.suggest(session, world.call, actor=world.people["author"], at=world.at)


def test_what_scores_come_to_and_what_if_a_judge_is_left_out(world: World) -> None:
    """A harsh judge sees one case alone, so its mean is low and its calibrated score is not."""
    fair, harsh, lenient = (world.people[f"judge_{n}"] for n in (1, 2, 3))
    first, second, third = (world.case(CaseState.SUBMITTED) for _ in range(3))
    for case, points in (
        (first, {fair: 80, harsh: 60}),
        (second, {fair: 70, lenient: 80}),
        (third, {fair: 60, lenient: 70}),
    ):
        for who, given in points.items():
            judges.scored(world, case, who, given)
    with world.database.reading() as session:
        found = results.of_call(session, world.call, world.people["director"])
        standing = judging.standings(session, world.call)
        data, rows = results.sheet(session, world.call, world.people["desk"], world.at)
        left_out = results.of_call(session, world.call, world.people["desk"], without=harsh.id)
    assert [one.case.id for one in found.ranked] == [first, second, third]
    assert [one.plain_place for one in found.ranked] == [2, 1, 3]
    assert [one.name for one in found.judges] == ["远评3", "远评1", "远评2"]
    assert standing[first].calibrated == pytest.approx(found.ranked[0].calibrated)
    assert (standing[first].mean, standing[first].scored, standing[first].done) == (70.0, 2, False)
    assert (rows, len(load_workbook(BytesIO(data)).worksheets)) == (3, 2)
    assert (left_out.scored, [len(one.scores) for one in left_out.ranked]) == (5, [1, 2, 2])
    with pytest.raises(judging.NoSuchJudgement), world.database.reading() as session:
        results.of_call(session, world.call, fair)
