"""申请延期: an office asks, the director grants or refuses with a reason, and both see what became of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rules.roles import Level
from tests.web.conftest import As, post, send
from tests.worlds import World
from workflow.calls import deadlines
from workflow.store.facts import Extensions

pytestmark = pytest.mark.database


def ask(world: World, sign_in: As, who: str = "reviewer", days: int = 7, **changes: str):
    fields = {
        "call": str(world.call_version),
        "phase": world.phase.id,
        "office": str(world.offices["first"]),
        "wanted": (world.phase.closes + timedelta(days=days)).isoformat(),
        "reason": "汛期多所高校停课",
    }
    return send(sign_in(who), "/batches", "/batches/extension", **{**fields, **changes})


def answer(world: World, sign_in: As, how: str, who: str = "director", **fields: str):
    return send(sign_in(who), "/desk/grants", "/desk/extensions/1", answer=how, **fields)


def closes(world: World, office: str) -> str:
    with world.database.reading() as session:
        window = Extensions(session, {world.call.number}).window(
            world.call, world.phase, Level.OFFICE, world.offices[office]
        )
    return window.last_day.isoformat()


def test_what_an_office_asks_for_waits_for_the_director(world: World, sign_in: As) -> None:
    assert ask(world, sign_in).status_code == 302
    shown = sign_in("director").get("/desk/grants").get_data(as_text=True)
    assert ("待答复的延期申请（1）" in shown, "汛期多所高校停课" in shown, "示例省知识产权局" in shown) == (
        True,
        True,
        True,
    )
    assert "等候国家局主管答复" in sign_in("leader").get("/batches").get_data(as_text=True)
    assert "汛期" not in sign_in("neighbour_reviewer").get("/batches").get_data(as_text=True)
    assert closes(world, "first") == "2021-03-26"


def test_granting_it_moves_the_day_of_that_office_alone(world: World, sign_in: As) -> None:
    ask(world, sign_in)
    assert answer(world, sign_in, "grant", last_day="2021-03-30").status_code == 302
    assert (closes(world, "first"), closes(world, "second")) == ("2021-03-30", "2021-03-26")
    assert "已批准到" in sign_in("reviewer").get("/batches").get_data(as_text=True)
    granted = sign_in("director").get("/desk/grants").get_data(as_text=True)
    assert ("待答复" in granted, "汛期多所高校停课" in granted) == (False, True)


def test_refusing_it_needs_a_reason_that_the_office_reads(world: World, sign_in: As) -> None:
    ask(world, sign_in)
    assert answer(world, sign_in, "refuse", words=" ").status_code == 422
    assert answer(world, sign_in, "refuse", words="名额已满").status_code == 302
    shown = sign_in("reviewer").get("/batches").get_data(as_text=True)
    assert ("未批准" in shown, "名额已满" in shown) == (True, True)
    assert closes(world, "first") == "2021-03-26"


def test_it_is_asked_once_and_answered_once(world: World, sign_in: As) -> None:
    ask(world, sign_in)
    again = ask(world, sign_in, days=9)
    assert (again.status_code, "主管还没有答复" in again.get_data(as_text=True)) == (422, True)
    director = sign_in("director")
    shown = director.get("/desk/grants").get_data(as_text=True)
    both = [
        post(director, "/desk/extensions/1", shown, answer="grant", last_day="2021-03-30").status_code for _ in range(2)
    ]
    assert both == [302, 302]
    late = send(director, "/desk/grants", "/desk/extensions/1", answer="refuse", words="不行")
    assert (late.status_code, "已经答复过" in late.get_data(as_text=True)) == (422, True)
    with world.database.reading() as session:
        assert len(deadlines.extensions(session, world.call)) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"wanted": "2021-03-26"}, "不用申请"), ({"reason": " "}, "请写明理由"), ({"phase": "third"}, "没有阶段")],
)
def test_what_makes_no_sense_is_refused(world: World, sign_in: As, changes: dict[str, str], said: str) -> None:
    answered = ask(world, sign_in, **changes)
    assert (answered.status_code, said in answered.get_data(as_text=True)) == (422, True)


def test_nobody_asks_for_another_office_and_only_the_director_answers(world: World, sign_in: As) -> None:
    assert ask(world, sign_in, "neighbour_reviewer").status_code == 403
    assert ask(world, sign_in, "author").status_code == 403
    ask(world, sign_in)
    assert answer(world, sign_in, "grant", "desk", last_day="2021-03-30").status_code == 403
    assert answer(world, sign_in, "grant", "reviewer", last_day="2021-03-30").status_code == 404
