"""Judging in a browser: the desk's boards and a judge's form, wide and narrow, in both languages."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from rules.call import Criterion
from states.case import CaseState
from tests import judges
from tests.browser.conftest import NARROW, WIDE, Visit, grave, overflow
from tests.worlds import Databases, World, world_under
from workflow.calls import shipped_calls
from workflow.selection import judging, plans
from workflow.store.models import Judgement

pytestmark = pytest.mark.once
BLIND = next(path for path in shipped_calls() if path.stem == "example-2023")


@pytest.fixture
def world(databases: Databases, tmp_path: Path) -> Iterator[World]:
    """Three cases scored by three judges each, and one that still lacks judges, under a call that judges blind."""
    with world_under(databases, BLIND, tmp_path) as made:
        known = [judges.judge(made, f"judge_{n}", f"评审{n}", region=f"远方{n}省") for n in range(1, 4)]
        known.append(judges.judge(made, "judge"))
        cases = [made.case(CaseState.SUBMITTED) for _ in range(4)]
        for at, case in enumerate(cases[:3]):
            for beside, who in enumerate(known[:3]):
                judges.scored(made, case, who, 60 + 7 * at + 5 * beside)
        judges.accepted(made, cases[3], made.people["judge"])
        with made.database.transaction() as session:
            plans.suggest(session, made.call, actor=made.people["desk"], at=made.at)
        plans.make(made.database, 1)
        yield made


def test_the_screens_of_judging_are_sound_in_both_languages_and_widths(world: World, visit: Visit) -> None:
    own = 10  # the tenth judgement, after nine that were scored
    for login, language, width, addresses in (
        (
            "desk",
            "zh",
            WIDE,
            (
                "/judging",
                "/judging/plans",
                "/judging/plans/1",
                "/judging/judges",
                "/judging/blind",
                "/judging/replacements",
                "/judging/cases/1",
                "/judging/results",
            ),
        ),
        (
            "desk",
            "en",
            NARROW,
            ("/judging", "/judging/plans/1", "/judging/replacements", "/judging/blind", "/judging/results"),
        ),
        ("judge", "zh", NARROW, ("/judging/mine", f"/judging/{own}")),
        ("judge", "en", WIDE, (f"/judging/{own}",)),
    ):
        page = visit(login, language, width)
        for address in addresses:
            page.goto(address)
            if folder := os.environ.get("ZHENGJI_PICTURES"):
                page.screenshot(
                    path=f"{folder}/{login}-{language}-{width}{address.replace('/', '_')}.png", full_page=True
                )
            assert (address, grave(page), overflow(page)) == (address, [], 0)


def test_a_judge_declares_a_conflict_reads_scores_and_discusses(world: World, visit: Visit) -> None:
    """The whole path of a judge on a phone's screen: one case refused for a conflict, another judged and discussed."""
    first, second = world.case(CaseState.SUBMITTED), world.case(CaseState.SUBMITTED)
    own = judges.invited(world, first, world.people["judge"])
    other = judges.invited(world, second, world.people["judge"])
    page = visit("judge", "zh", NARROW)
    page.goto("/judging/mine")
    page.click(f"text=第 {own} 号评审")
    page.click("text=申请回避…")
    page.fill("form[action$='/declare_conflict'] [name=remark]", "曾与该中心合作")
    page.click("form[action$='/declare_conflict'] button")
    expect(page.locator(".case-facts")).to_contain_text("已回避")
    sound(page)
    page.goto(f"/judging/{other}")
    page.click("form[action$='/accept'] button")
    expect(page.locator("article")).to_contain_text(world.row(second).title)
    for one in asked(world):
        page.fill(f"#points-{one.id}", "80")
    page.click("#scores button[value=score]")
    expect(page.locator("#scores")).to_contain_text("还缺")  # what is missing stands above the buttons
    sound(page)
    for one in asked(world):
        page.fill(f"#reason-{one.id}", f"{one.label.zh}有根据")
    page.click("#scores button[value=score]")
    expect(page.locator(".case-facts")).to_contain_text("已评分")
    desk = visit("desk")
    desk.goto("/judging")
    desk.click("text=开始合议")
    expect(desk.locator("main")).to_contain_text("合议已经开始")
    page.reload()
    page.click("aside a[href$='/discussion']")
    page.fill("#words", "建议入选")
    page.click("text=发表")
    expect(page.locator(".notes")).to_contain_text("建议入选")
    desk.goto(f"/judging/cases/{second}/discussion")
    desk.fill("#words", "只给国家局的话")
    desk.check("[name=seen_by][value=office]")
    desk.click("text=发表")
    for words in ("建议入选", "看得到的人：只有国家局", f"看过：{world.people['judge'].name}"):
        expect(desk.locator(".notes")).to_contain_text(words)
    page.reload()
    expect(page.locator(".notes")).to_contain_text(world.people["desk"].name)  # who has read it is named
    expect(page.locator(".notes")).not_to_contain_text("只给国家局的话")
    sound(page)
    sound(desk)


def test_the_desk_looks_at_pictures_assigns_and_replaces(world: World, visit: Visit) -> None:
    """From the list of what keeps cases from being read, over a plan that is sent, to somebody who takes over."""
    case = world.case(CaseState.SUBMITTED)
    world.put_pictures(case, 1)
    desk = visit("desk")
    desk.goto("/judging/blind")
    desk.check(f"#case-{case} input[value=show]")
    sound(desk)
    desk.click(f"#case-{case} button.btn-primary")
    expect(desk.locator(f"#case-{case}")).to_have_count(0)
    desk.goto("/judging/plans/1")
    desk.click("text=确认：发出邀请")
    expect(desk.locator(".flash-done")).to_contain_text("邀请")
    with world.database.reading() as session:
        who = world.people["judge"].id
        number = session.scalars(
            select(Judgement.id).where(Judgement.judge_id == who, Judgement.state == "invited")
        ).first()
    judge = visit("judge")
    judge.goto(f"/judging/{number}")
    judge.click("text=谢绝评审…")
    judge.fill("form[action$='/decline'] [name=remark]", "出差")
    judge.click("form[action$='/decline'] button")
    expect(judge.locator(".case-facts")).to_contain_text("已谢绝")
    judges.judge(world, "fresh_judge", "后备", region="远方9省")
    desk.goto("/judging/replacements")
    sound(desk)
    desk.click(f"#judgement-{number} >> text=看所有人选")
    sound(desk)
    desk.go_back()
    desk.click(f"#judgement-{number} button.btn-primary")
    expect(desk.locator(f"#judgement-{number}")).to_have_count(0)


def asked(world: World) -> Sequence[Criterion]:
    return judging.asked_by(world.call).criteria


def sound(page: Page) -> None:
    assert (page.url, grave(page), overflow(page)) == (page.url, [], 0)
