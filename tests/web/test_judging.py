"""Judging on screen, under a call that judges blind: who sees what, and that nobody sees more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select

from states.case import CaseState
from tests import judges
from tests.web.conftest import HASHED, KEY, As, post, send
from tests.worlds import Databases, World, went, world_under
from workflow.calls import shipped_calls
from workflow.selection import plans
from workflow.settings import Settings, from_environment
from workflow.store import people as stored
from workflow.store.files import Files
from workflow.store.judging import case_sides
from workflow.store.models import AuditEvent, Case, Document

pytestmark = pytest.mark.once
BLIND = next(path for path in shipped_calls() if path.stem == "example-2023")
CANARY = "金丝雀的评语"


@pytest.fixture
def world(databases: Databases, tmp_path: Path) -> Iterator[World]:
    """A country under a call that judges blind; everybody has a password."""
    with world_under(databases, BLIND, tmp_path) as made:
        judges.judge(made, "judge")
        judges.judge(made, "second_judge", "罗评")
        with made.database.transaction() as session:
            for person in made.people.values():
                stored.set_password(session, person.id, HASHED, end_sessions=False)
        yield made


@pytest.fixture
def settings(tmp_path: Path, world: World) -> Settings:
    plain = from_environment({"ZHENGJI_HOME": str(tmp_path)})
    day = f"{world.at:%Y-%m-%d}"
    return replace(plain, demo=True, clock=day, secret_key=KEY, argon2_time=1, argon2_memory=8)


def page(client: FlaskClient, where: str) -> str:
    return client.get(where).get_data(as_text=True)


def judged(world: World) -> tuple[int, int]:
    """A case, and its judgement by `judge` with a canary in it."""
    case = world.case(CaseState.SUBMITTED)
    number = judges.accepted(world, case, world.people["judge"])
    judges.write(world, number, 77, {world.call.judging.criteria[0].id: ("77", CANARY)} if world.call.judging else {})
    assert judges.step(world, number, "score").done
    return case, number


# ---- from the desk to the score ----


def test_a_case_goes_from_the_desk_to_its_judge_and_back(world: World, sign_in: As) -> None:
    case = world.case(CaseState.SUBMITTED)
    desk, judge = sign_in("desk"), sign_in("judge")
    shown = page(desk, "/judging")
    assert world.row(case).title in shown
    sent = post(desk, "/judging/invite", shown, case=case, judge=world.people["judge"].id, due_on="2023-12-31")
    assert sent.status_code == 302
    assert "第 1 号评审" in page(judge, "/judging/mine")
    assert world.row(case).title not in page(judge, "/judging/1")  # not before it is accepted
    send(judge, "/judging/1", "/judging/1/accept")
    assert world.row(case).title in page(judge, "/judging/1")
    given: dict[str, Any] = {"then": "score"}
    for one in world.call.judging.criteria if world.call.judging else ():
        given |= {f"points:{one.id}": "80", f"reason:{one.id}": "有数字"}
    send(judge, "/judging/1", "/judging/1/scores", **given)
    assert judges.state(world, 1) == "scored"
    assert "80.0" in page(desk, f"/judging/cases/{case}")
    send(desk, f"/judging/cases/{case}", "/judging/1/lock")
    assert judges.state(world, 1) == "locked"


def test_what_is_no_number_is_told_with_what_was_written_still_there(world: World, sign_in: As) -> None:
    number = judges.accepted(world, world.case(CaseState.SUBMITTED), world.people["judge"])
    first = world.call.judging.criteria[0].id if world.call.judging else ""
    answer = send(
        sign_in("judge"),
        f"/judging/{number}",
        f"/judging/{number}/scores",
        **{f"points:{first}": "八十", f"reason:{first}": "写了很久的理由"},
    )
    assert (answer.status_code, "写了很久的理由" in answer.get_data(as_text=True)) == (422, True)


def test_a_conflict_is_told_to_the_desk_and_nobody_is_invited(world: World, sign_in: As) -> None:
    case = world.case(CaseState.SUBMITTED)
    who = judges.judge(world, "neighbour_judge", region="示例省")
    desk = sign_in("desk")
    post(desk, "/judging/invite", page(desk, "/judging"), case=case, judge=who.id)
    assert "应当回避的情形：同一省份" in page(desk, "/judging")


# ---- who sees what ----

OUTSIDE = (
    "author",
    "sealer",
    "reviewer",
    "leader",
    "neighbour_reviewer",
    "editor",
    "translator",
    "liaison",
    "administrator",
)


def addresses(case: int, number: int) -> list[str]:
    """Every page on which something of a judgement could stand."""
    ends = ("", "/editorial", "/readers", "/push")
    return [
        *(f"/cases/{case}{end}" for end in ends),
        *(
            "/",
            "/cases",
            "/trail",
            f"/trail/cases/{case}",
            "/judging",
            "/judging/judges",
            "/judging/results",
            "/judging/mine",
            "/batches",
        ),
        *(f"/judging/{number}", f"/judging/cases/{case}", f"/judging/{number}/pictures/1.png"),
        f"/api/v1/cases/{case}/history",
    ]


def entries(world: World) -> list[int]:
    with world.database.reading() as session:
        return list(session.scalars(select(AuditEvent.uid).where(AuditEvent.stream.like("judg%"))))


def test_no_author_and_no_office_sees_scores(world: World, sign_in: As) -> None:
    case, number = judged(world)
    for login in OUTSIDE:
        client = sign_in(login)
        heard = [where for where in addresses(case, number) if tells(client, where, CANARY, "第 1 号评审")]
        heard += [str(uid) for uid in entries(world) if client.get(f"/trail/{uid}").status_code != 404]
        assert (login, heard, client.get(f"/judging/{number}").status_code) == (login, [], 404)


def tells(client: FlaskClient, where: str, *words: str) -> bool:
    said = client.get(where, follow_redirects=True).get_data(as_text=True)
    return any(word in said for word in words)


def test_no_judge_sees_another_judges_scores(world: World, sign_in: As) -> None:
    case, number = judged(world)
    own = judges.accepted(world, case, world.people["second_judge"])
    client = sign_in("second_judge")
    assert tells(client, f"/judging/{own}", world.row(case).title)
    heard = [where for where in [*addresses(case, number), f"/judging/{own}"] if tells(client, where, CANARY)]
    heard += [str(uid) for uid in entries(world) if client.get(f"/trail/{uid}").status_code != 404]
    assert heard == []
    answers = [client.post(f"/judging/{number}/{end}").status_code for end in ("scores", "lock", "revise", "accept")]
    assert set(answers) == {404} or set(answers) == {400}  # 400: a form without its own token comes no further


def test_in_the_discussion_judges_see_one_another_and_every_reader_is_named(world: World, sign_in: As) -> None:
    case, number = judged(world)
    own = judges.scored(world, case, world.people["second_judge"])
    client, desk = sign_in("second_judge"), sign_in("desk")
    assert client.get(f"/judging/{own}/discussion").status_code == 404  # until it is opened
    post(desk, "/judging/discussion", page(desk, "/judging"), call=world.call.number, then="open")
    assert CANARY in page(client, f"/judging/{own}/discussion")
    assert CANARY not in page(client, f"/judging/{own}")
    assert client.get(f"/judging/{number}/discussion").status_code == 404
    where = f"/judging/cases/{case}/discussion"
    for words, seen_by in (("只给国家局的话", "office"), ("给大家的话", "judges")):
        send(desk, where, where, words=words, seen_by=seen_by)
    shown = page(client, f"/judging/{own}/discussion")
    assert ("给大家的话" in shown, "只给国家局的话" in shown) == (True, False)
    answer = send(
        client, f"/judging/{own}/discussion", f"/judging/{own}/discussion", words="评委的话", seen_by="office"
    )
    assert (answer.status_code, "评委的话" in page(desk, where)) == (
        422,
        False,
    )  # a judge's note is for all who discuss
    read = page(desk, where).partition("给大家的话")[2]
    assert ("杨理" in read, "罗评" in read) == (True, True)
    with world.database.reading() as session:
        kept = session.scalars(select(AuditEvent.person_id).where(AuditEvent.action == "reading.judgement")).all()
    assert world.people["second_judge"].id in kept
    heard = [who for who in OUTSIDE if sign_in(who).get(where).status_code != 404]
    assert heard == []
    post(desk, "/judging/discussion", page(desk, "/judging"), call=world.call.number, then="close")
    assert client.get(f"/judging/{own}/discussion").status_code == 404


def test_a_judge_who_has_not_scored_takes_no_part(world: World, sign_in: As) -> None:
    case, _number = judged(world)
    own = judges.accepted(world, case, world.people["second_judge"])
    desk = sign_in("desk")
    post(desk, "/judging/discussion", page(desk, "/judging"), call=world.call.number, then="open")
    assert sign_in("second_judge").get(f"/judging/{own}/discussion").status_code == 404


def test_a_judge_sees_neither_centre_nor_office_nor_names(world: World, sign_in: As) -> None:
    plain = world.content()
    name = next(iter(plain.sections))
    told = "示例大学（示 例 大 学）赵文"
    text = told + plain.sections[name][len(told) :]
    case = world.case(CaseState.SUBMITTED, plain.changed(sections={**plain.sections, name: text}))
    number = judges.accepted(world, case, world.people["judge"])
    client = sign_in("judge")
    shown = page(client, f"/judging/{number}")
    assert "■■■（■■■）■■■" in shown
    assert [
        word for word in ("示例大学", "示 例 大 学", "赵文", "示例省", world.row(case).number) if word in shown
    ] == []
    assert client.get(f"/cases/{case}").status_code == 404


def test_what_still_tells_whose_case_it_is_is_shown_to_the_desk_and_not_to_the_judge(world: World, sign_in: As) -> None:
    case = world.case(CaseState.SUBMITTED)
    number = judges.accepted(world, case, world.people["judge"])
    with world.database.transaction() as session:
        row = session.get_one(Case, case)
        name = next(iter(row.sections))
        row.sections = {**row.sections, name: f"联系 me@unit.example。{row.sections[name]}"}
    shown = page(sign_in("judge"), f"/judging/{number}")
    assert "还看得出是谁的案例" in shown
    assert world.row(case).title not in shown
    desk = sign_in("desk")
    assert "me@unit.example" in page(desk, f"/judging/cases/{case}")
    send(desk, f"/judging/cases/{case}", f"/judging/cases/{case}/mask", words="me@unit.example", kind="mask")
    shown = page(sign_in("judge"), f"/judging/{number}")
    assert ("■■■" in shown, "me@unit.example" in shown) == (True, False)


def test_pictures_are_hidden_from_judges_until_the_desk_has_looked_at_each(
    world: World, sign_in: As, settings: Settings
) -> None:
    case = world.case(CaseState.SUBMITTED)
    paint(world, settings, case, "red", "blue")
    number = judges.invited(world, case, world.people["judge"])
    desk, judge = sign_in("desk"), sign_in("judge")
    shown = page(desk, "/judging/blind")
    assert ("没有看过的图片" in shown, desk.get(f"/judging/blind/{case}/pictures/2.png").status_code) == (True, 200)
    assert judge.get(f"/judging/blind/{case}/pictures/1.png").status_code == 404
    send(judge, f"/judging/{number}", f"/judging/{number}/accept")
    assert judges.state(world, number) == "invited"
    assert "2 幅图片还没有看过" in page(judge, f"/judging/{number}")
    red, blue = digests(world, case)
    send(desk, "/judging/blind", f"/judging/blind/{case}/pictures", **{f"picture:{red}": "show"})
    assert "没有看过的图片" in page(desk, "/judging/blind")  # the other one still waits
    send(desk, "/judging/blind", f"/judging/blind/{case}/pictures", **{f"picture:{blue}": "hide"})
    assert "没有看过的图片" not in page(desk, "/judging/blind")
    send(judge, f"/judging/{number}", f"/judging/{number}/accept")
    assert judges.state(world, number) == "accepted"
    answers = [judge.get(f"/judging/{number}/pictures/{at}.png").status_code for at in (1, 2)]
    assert (answers, "图 2看得出是谁的案例" in page(judge, f"/judging/{number}")) == ([200, 404], True)
    with world.database.reading() as session:
        kept = session.scalars(select(AuditEvent).where(AuditEvent.action == "judging.picture")).all()
    assert [list(json.loads(one.body)["pictures"].values()) for one in kept] == [["show"], ["hide"]]


def test_a_picture_that_was_changed_meanwhile_is_not_taken_for_looked_at(world: World, sign_in: As) -> None:
    case = world.case(CaseState.SUBMITTED)
    world.put_pictures(case, 1)
    answer = send(sign_in("desk"), "/judging/blind", f"/judging/blind/{case}/pictures", **{f"picture:{7:064x}": "show"})
    assert (answer.status_code, "图片已经换过" in answer.get_data(as_text=True)) == (422, True)


def paint(world: World, settings: Settings, case: int, *colours: str) -> None:
    """Pictures of one colour each, kept as the case's."""
    world.put_pictures(case, len(colours))
    kept = Files(settings.documents_url)
    with world.database.transaction() as session:
        rows = session.scalars(select(Document).where(Document.case_id == case, Document.slot == "picture"))
        for row, colour in zip(rows, colours, strict=True):
            drawn = BytesIO()
            Image.new("RGB", (40, 30), colour).save(drawn, "png")
            row.digest = kept.put(drawn.getvalue())


def digests(world: World, case: int) -> list[str]:
    with world.database.reading() as session:
        return [one.digest for one in case_sides(session, [case])[case].pictures]


def test_somebody_who_declined_is_replaced_with_one_confirmation(world: World, sign_in: As) -> None:
    case = world.case(CaseState.SUBMITTED)
    number = judges.invited(world, case, world.people["judge"])
    assert judges.step(world, number, "decline").done
    desk = sign_in("desk")
    shown = page(desk, "/judging/replacements")
    assert ("共 1 项需要接替" in shown, "罗评" in shown, "没有查到回避情形" in shown) == (True, True, True)
    judge = world.people["second_judge"].id
    send(desk, "/judging/replacements", f"/judging/replacements/{number}", judge=judge, due_on="2023-12-31")
    assert judges.state(world, number + 1) == "invited"
    assert "没有需要接替的评审" in page(desk, "/judging/replacements")
    assert f"接替{world.people['judge'].name}" in page(desk, f"/judging/cases/{case}")


def test_what_a_judge_has_not_scored_is_handed_over_by_a_plan(world: World, sign_in: As) -> None:
    number = judges.invited(world, world.case(CaseState.SUBMITTED), world.people["judge"])
    desk = sign_in("desk")
    where = f"/judging/replacements/judges/{world.people['judge'].id}"
    assert post(desk, where, page(desk, "/judging"), call=world.call.number).status_code == 302
    plans.make(world.database, 1)
    assert "还没评的案例改派给别的专家" in page(desk, "/judging/plans/1")
    send(desk, "/judging/plans/1", "/judging/plans/1/send", remark="长期出差")
    assert "长期出差" in page(sign_in("judge"), f"/judging/{number}")  # whoever is released reads why
    assert (judges.state(world, number), judges.state(world, number + 1)) == ("released", "invited")


def test_a_case_that_leaves_the_selection_is_neither_late_nor_missing_and_its_judge_is_told(
    world: World, sign_in: As
) -> None:
    case = world.case(CaseState.SUBMITTED)
    judges.invited(world, case, world.people["judge"], due_on=world.at.date())
    went(world.act(case, "return_to_office", by="desk"))
    desk = sign_in("desk")
    shown = page(desk, "/judging")
    assert ("已经不在遴选之中" in shown, "只看这些" in shown) == (True, False)
    assert "没有这样的案例" in page(desk, "/judging?show=short")
    assert "不用再评" in page(sign_in("judge"), "/judging/mine")


def test_every_page_of_judging_opens(world: World, sign_in: As) -> None:
    case, number = judged(world)
    desk = sign_in("desk")
    assert post(desk, "/judging/plans", page(desk, "/judging/plans"), call=world.call.number).status_code == 302
    assert "正在计算" in page(desk, "/judging/plans/1")
    plans.make(world.database, 1)
    for login, language in (("desk", "zh"), ("director", "en"), ("auditor", "en")):
        client = sign_in(login, language)
        for where in (
            "/judging",
            "/judging?show=late",
            "/judging/judges",
            "/judging/blind",
            "/judging/replacements",
            f"/judging/replacements/{number}",
            "/judging/plans",
            "/judging/plans/1",
            "/judging/results",
            f"/judging/results?without={world.people['judge'].id}",
            f"/judging/cases/{case}",
            f"/judging/{number}",
        ):
            assert (login, where, client.get(where).status_code) == (login, where, 200)
    judge = sign_in("judge", "en")
    assert [judge.get(where).status_code for where in ("/judging/mine", f"/judging/{number}", "/judging")] == [
        200,
        200,
        404,
    ]


def test_who_decides_sees_the_scores_and_puts_the_highest_first(world: World, sign_in: As) -> None:
    desk = sign_in("desk")
    where = f"/decisions/{world.call.number}"
    low, high, none = (world.case(CaseState.SUBMITTED) for _ in range(3))
    assert "得分" not in page(desk, where)  # nothing is scored yet
    judges.scored(world, low, world.people["judge"], 60)
    judges.scored(world, high, world.people["judge"], 90)
    shown = page(desk, f"{where}?sort=score")
    assert ("得分 90.00" in shown, "得分 60.00" in shown) == (True, True)
    places = [shown.index(f'id="line-{case}"') for case in (high, low, none)]
    assert places == sorted(places)
