"""Somebody else for a judge: who is proposed and why, the exchange, and all that one still holds at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from rules.call import BEIJING
from states.case import CaseState
from tests import judges
from tests.worlds import Databases, World, went, world_under
from workflow.calls import shipped_calls
from workflow.engine import NotPermitted
from workflow.selection import judging, pairing, plans, replacing
from workflow.store.models import AuditEvent, Job, Judgement

pytestmark = pytest.mark.database
BLIND = next(path for path in shipped_calls() if path.stem == "example-2023")


@pytest.fixture
def world(databases: Databases, tmp_path: Path) -> Iterator[World]:
    """Three judges from three far provinces, one who knows the cases' theme, and one of the cases' own province."""
    with world_under(databases, BLIND, tmp_path) as made:
        theme = made.content().theme
        for number in range(1, 4):
            judges.judge(made, f"judge_{number}", f"远评{number}", region=f"远方{number}省", themes=("none",))
        judges.judge(made, "expert", "行家", region="远方4省", themes=(theme,))
        judges.judge(made, "near_judge", "近评", region="示例省", themes=(theme,))
        judges.describe(made, made.people["judge"], region="示例省")
        yield made


def needed(world: World, days: int = 0) -> list[replacing.Vacancy]:
    with world.database.reading() as session:
        at = world.at + timedelta(days=days)
        return list(replacing.page(session, world.call, world.people["desk"], at).vacancies)


def exchanged(world: World, number: int, who: str, remark: str = "逾期未评", op: str = "") -> judging.Invited:
    with world.database.transaction() as session:
        judge = world.people[who].id
        return replacing.exchange(
            session, number, judge, due_on=None, remark=remark, actor=world.people["desk"], at=world.at, op=op
        )


def jobs(world: World, name: str) -> list[list[int]]:
    with world.database.reading() as session:
        return list(session.scalars(select(Job.arguments).where(Job.name == name)))


@pytest.mark.parametrize(
    ("given", "today", "day"),
    [
        (date(2024, 1, 12), date(2024, 1, 5), date(2024, 1, 12)),  # five working days are left
        (date(2024, 1, 11), date(2024, 1, 5), date(2024, 1, 19)),
        (None, date(2024, 1, 5), date(2024, 1, 19)),
        (None, date(2024, 2, 5), date(2024, 2, 23)),  # over the Spring Festival, with one Sunday that is worked
        (None, date(2003, 1, 6), date(2003, 1, 20)),  # before any holidays that are known
        (date(2023, 12, 29), date(2024, 1, 5), date(2024, 1, 19)),  # the day is over
    ],
)
def test_a_last_day_is_proposed_that_leaves_time(given: date | None, today: date, day: date) -> None:
    now = datetime.combine(today, time(12), BEIJING)
    assert replacing.proposed_day(given, now) == day


def test_whoever_declined_is_replaced_by_the_one_who_fits_best(world: World) -> None:
    case = world.case(CaseState.SUBMITTED)
    number = judges.invited(world, case, world.people["judge_1"])
    assert needed(world) == []
    went(judges.step(world, number, "decline"))
    [vacancy] = needed(world)
    assert (vacancy.line.id, vacancy.held, vacancy.why.zh) == (number, False, "已谢绝")
    assert [one.judge.name for one in vacancy.candidates] == ["行家", "远评2", "远评3"]  # not who has a conflict
    assert "熟悉本主题" in vacancy.candidates[0].why.zh
    assert vacancy.candidates[1].cost - vacancy.candidates[0].cost == pairing.OTHER_THEME
    came = exchanged(world, number, "expert", remark="")
    assert (len(came.done), judges.state(world, number), jobs(world, "mail_released")) == (1, "declined", [])


def test_whoever_is_late_is_released_and_told_and_it_is_on_the_trail(world: World) -> None:
    case = world.case(CaseState.SUBMITTED)
    day = world.at.astimezone(BEIJING).date()
    number = judges.invited(world, case, world.people["judge_1"], day)
    assert needed(world) == []
    [vacancy] = needed(world, days=1)
    assert (vacancy.held, vacancy.why) == (True, replacing.LATE)
    with pytest.raises(judging.WrongInvitation):
        exchanged(world, number, "expert", remark=" ")
    for _ in range(2):  # a form that is sent twice comes to the same
        came = exchanged(world, number, "expert", op="7.once")
    [(new, _)] = came.done
    assert (judges.state(world, number), judges.state(world, new)) == ("released", "invited")
    assert jobs(world, "mail_released") == [[1, number]]
    with world.database.reading() as session:
        assert session.get_one(Judgement, new).why.startswith("接替远评1。")
        streams = [f"judgement/{number}", f"judgement/{new}"]
        kept = session.scalars(select(AuditEvent).where(AuditEvent.stream.in_(streams)).order_by(AuditEvent.uid)).all()
    assert [one.action for one in kept] == ["judgement.create", "judgement.create", "judgement.release"]
    assert f'"instead_of":{number}' in kept[1].body


def test_nobody_is_released_where_the_other_may_not_judge(world: World) -> None:
    number = judges.invited(world, world.case(CaseState.SUBMITTED), world.people["judge_1"])
    came = exchanged(world, number, "near_judge")
    assert (came.done, len(came.refused), judges.state(world, number)) == ((), 1, "invited")


def test_a_conflict_that_comes_up_later_and_a_province_there_already_are_seen(world: World) -> None:
    case = world.case(CaseState.SUBMITTED)
    number = judges.accepted(world, case, world.people["judge_1"])
    judges.invited(world, case, world.people["judge_2"])
    judges.describe(world, world.people["judge_1"], region="示例省")
    judges.describe(world, world.people["expert"], region="远方2省", themes=(world.content().theme,))
    judges.describe(world, world.people["judge_3"], region="远方3省", themes=(world.content().theme,))
    [vacancy] = needed(world)
    assert (vacancy.line.id, vacancy.why) == (number, replacing.CONFLICT)
    best, second = vacancy.candidates
    assert (best.judge.name, second.cost - best.cost) == ("远评3", pairing.SAME_PROVINCE)
    assert "与本案另一位专家同省" in second.why.zh


def test_a_judge_who_is_full_is_not_proposed(world: World) -> None:
    judges.invited(world, world.case(CaseState.SUBMITTED), world.people["expert"])
    judges.describe(world, world.people["expert"], region="远方4省", most=1)
    number = judges.invited(world, world.case(CaseState.SUBMITTED), world.people["judge_1"])
    went(judges.step(world, number, "decline"))
    [vacancy] = needed(world)
    assert "行家" not in {one.judge.name for one in vacancy.candidates}


def test_all_that_a_judge_still_holds_goes_to_others_by_a_plan(world: World) -> None:
    cases = [world.case(CaseState.SUBMITTED) for _ in range(3)]
    first, second = (judges.invited(world, case, world.people["judge_1"]) for case in cases[:2])
    done = judges.scored(world, cases[2], world.people["judge_1"])
    desk, gone = world.people["desk"], world.people["judge_1"].id
    with world.database.transaction() as session:
        number, _ = plans.suggest(session, world.call, instead_of=gone, actor=desk, at=world.at)
    plans.make(world.database, number)
    with world.database.reading() as session:
        found = plans.find(session, number, desk)
    assert sorted(one.case.id for one in found.lines) == sorted(cases[:2])
    assert {one.judge.name for one in found.lines} <= {"行家", "远评2", "远评3"}
    assert (found.instead_of.id if found.instead_of else 0, found.figures.cost) == (gone, found.bound)
    with pytest.raises(plans.WrongPlan), world.database.transaction() as session:
        plans.send(session, number, due_on=None, actor=desk, at=world.at)
    with world.database.transaction() as session:
        came = plans.send(session, number, due_on=None, actor=desk, at=world.at, remark="长期出差")
    assert (len(came.done), came.refused) == (2, ())
    assert [judges.state(world, one) for one in (first, second, done)] == ["released", "released", "scored"]
    assert jobs(world, "mail_released") == [[1, first, second]]  # one mail for both
    with pytest.raises(plans.WrongPlan), world.database.transaction() as session:
        plans.suggest(session, world.call, instead_of=gone, actor=desk, at=world.at)


def test_only_the_desk_replaces(world: World) -> None:
    number = judges.invited(world, world.case(CaseState.SUBMITTED), world.people["judge_1"])
    for who, refusal in (("director", NotPermitted), ("author", judging.NoSuchJudgement)):
        with pytest.raises(refusal), world.database.transaction() as session:
            replacing.exchange(
                session,
                number,
                world.people["expert"].id,
                due_on=None,
                remark="理由",
                actor=world.people[who],
                at=world.at,
            )
