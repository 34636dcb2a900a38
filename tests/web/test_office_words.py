"""What the unit between the centres and the national office is called, on screen and in sheets, under a call of ministries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook

from rules.roles import Level
from states.case import CaseState
from tests.make import call_2021
from tests.web.conftest import HASHED, As, send
from tests.worlds import Databases, World, world_under
from workflow.audit import actions, search
from workflow.calls import shipped_calls, what_if
from workflow.office_words import level_word, office_words
from workflow.settings import Settings
from workflow.store import people as stored
from workflow.store.models import WhatIf

pytestmark = pytest.mark.database

MINISTRIES = next(path for path in shipped_calls() if path.stem == "example-2024")
PROVINCE = re.compile("省")
PAGES = {
    "leader": ("/batches", "/courts", "/overdue", "/extensions", "/cases"),
    "sealer": ("/extensions",),
    "desk": ("/desk", "/desk/select", "/desk/received", "/courts", "/overdue", "/closing"),
    "director": ("/desk/grants",),
    "administrator": ("/admin/offices", "/admin/centres"),
}


@pytest.fixture
def world(databases: Databases, tmp_path: Path) -> Iterator[World]:
    with world_under(databases, MINISTRIES, tmp_path) as made:
        with made.database.transaction() as session:
            for person in made.people.values():
                stored.set_password(session, person.id, HASHED, end_sessions=False)
        yield made


@pytest.fixture
def settings(settings: Settings, world: World) -> Settings:
    return replace(settings, clock=f"{world.at:%Y-%m-%d}")


def test_no_page_speaks_of_provinces(world: World, sign_in: As) -> None:
    """What is left of them are names in the register of these tests."""
    case, batch = world.case(CaseState.SUBMITTED), world.batch([world.case(CaseState.PROVINCE_REVIEWED)])
    names = re.compile("[示邻]例?省[^<，。]*|示例省|邻省|省份|国家局|多省")
    wrong = []
    for login, pages in PAGES.items():
        client = sign_in(login)
        of_this = (
            ()
            if login == "administrator"
            else (
                f"/calls/{world.call.number}",
                f"/cases/{case}",
                f"/batches/{batch}",
                "/trail",
                f"/trail/cases/{case}",
            )
        )
        for page in (*pages, *of_this):
            answer = client.get(page, follow_redirects=True)
            told = names.sub("", answer.get_data(as_text=True))
            wrong += [(login, page, told[one.start() - 20 : one.end() + 20]) for one in PROVINCE.finditer(told)]
    assert not wrong, "\n".join(map(str, wrong))


def test_steps_are_called_as_their_call_calls_them_in_the_trail_and_in_what_if(world: World) -> None:
    case = world.walk(world.case(CaseState.CENTRE_STAMPED), "review")
    with world.database.reading() as session:
        [cases] = [one for one in search.groups(session, world.people["auditor"]) if one.id == "case."]
        [stamped] = search.page(session, world.people["auditor"], search.Filters(action="case.stamp")).entries
        reviewed = search.course(session, world.people["auditor"], case).days[-1].entries[-1]
    words = dict(cases.actions)
    assert (words["case.stamp"].zh, words["case.apply"].zh) == ("盖章报送部门", "自荐报送国家局")
    assert (stamped.what.zh, reviewed.target and reviewed.target.zh) == ("盖章报送部门", "部门已审核")
    run = what_if.Shown(WhatIf(counts={"case.stamp": {"done": 1}}), None, world.call)
    assert [one.step.zh for one in run.bars] == ["盖章报送部门"]
    assert actions.label_under("case.stamp", [call_2021(), world.call]).zh == "盖章报送省级／盖章报送部门"


def test_the_calls_own_word_stands_in_headings_and_sheets(world: World, sign_in: As) -> None:
    world.case(CaseState.CENTRE_STAMPED)
    leader = sign_in("leader")
    assert "现在由部门办理" in leader.get("/cases/1").get_data(as_text=True)
    assert "with the Ministry" in sign_in("leader", "en").get("/cases/1").get_data(as_text=True)
    sheet = load_workbook(BytesIO(send(leader, "/courts", "/courts/sheet").data)).worksheets[0]
    heads = [one.value for one in sheet[1]]
    assert ("部门" in heads, "部门（工作日）" in heads) == (True, True)


def test_provinces_are_called_so_where_they_recommend_and_by_a_word_for_all_elsewhere() -> None:
    assert level_word(Level.OFFICE, call_2021()).zh == "省级主管部门"
    assert (office_words(call_2021()).own.zh, office_words().name.zh) == ("本省", "主管部门")
    assert level_word(Level.CENTRE, call_2021()) == Level.CENTRE.label
