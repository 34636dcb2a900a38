"""Objections in Chromium: sent by anybody with the keyboard, accepted and answered, until publishing is open again; wide and narrow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from states.case import CaseState
from tests.browser.conftest import NARROW, WIDE, Visit, grave, overflow
from tests.worlds import Databases, World, world_under
from workflow.calls import shipped_calls

[CALL] = [path for path in shipped_calls() if path.stem == "example-2024"]
SCAN = next((Path(__file__).parent.parent / "samples").glob("报送表02_扫描件.jpg"))


@pytest.fixture
def world(databases: Databases, tmp_path: Path) -> Iterator[World]:
    """Under a call that hears objections; a list stands in public while the site's clock shows a day of its term."""
    with world_under(databases, CALL, tmp_path) as made:
        case = made.case(CaseState.SUBMITTED)
        made.act(case, "shortlist")
        made.put_up_notice(case, at=made.at.replace(year=2021, month=3, day=18))
        yield made


def sound(page, name: str) -> None:
    """Nothing serious for axe and nothing too wide."""
    assert (name, grave(page), overflow(page)) == (name, [], 0)


def test_an_objection_goes_from_the_public_form_to_its_answer_and_publishing_is_open_again(
    world: World, visit: Visit
) -> None:
    stranger = visit(None)
    stranger.goto("/notices/1")
    sound(stranger, "the list")
    stranger.click("text=在线提出异议")
    sound(stranger, "the form")
    stranger.select_option("#case", index=1)
    stranger.fill("#name", "郑直言")
    stranger.fill("#contact", "zheng@mail.example")
    stranger.fill("#grounds", "案例所述数据与公开资料不符。")
    stranger.set_input_files("#evidence", SCAN)
    stranger.focus("main form button.btn-primary")
    stranger.keyboard.press("Enter")
    stranger.wait_for_selector("text=已收到您的异议")
    sound(stranger, "received")
    code = stranger.locator("dl.letter code").inner_text()
    stranger.click("text=查询办理情况")
    stranger.fill("#code", code.replace("-", ""))
    stranger.press("#code", "Enter")
    expect(stranger.locator("[role=status]")).to_contain_text("正在看是否符合公示的要求")
    sound(stranger, "how it stands")

    editor = visit("editor")
    editor.goto("/cases/1")
    assert "1 件异议还没有答复" in editor.locator("main").inner_text()

    desk = visit("desk", "en", NARROW)
    desk.goto("/objections")
    sound(desk, "the list of the desk")
    desk.click("a.case-title")
    sound(desk, "one objection")
    desk.locator("section[aria-labelledby=step-accept] button").press("Enter")
    desk.wait_for_selector("text=Under inquiry")

    director = visit("director")
    director.goto("/objections/1")
    director.fill("#remark-dismiss", "经核对原始凭证，数据属实。")
    director.click("section[aria-labelledby=step-dismiss] button")
    director.wait_for_selector("text=答复（可打印寄送）")
    assert "数据属实" in director.locator("[aria-labelledby=letter]").inner_text()
    sound(director, "answered")

    editor.goto("/cases/1")
    assert "异议还没有答复" not in editor.locator("main").inner_text()


@pytest.mark.parametrize(("language", "width"), [("zh", NARROW), ("en", WIDE)])
def test_the_pages_of_strangers_are_sound_in_both_languages(
    language: str, width: int, world: World, visit: Visit
) -> None:
    stranger = visit(None, language, width)
    for address in ("/notices", "/notices/1", "/notices/1/objection", "/objection"):
        stranger.goto(address)
        sound(stranger, address)
