"""In whose court cases lay, on screen and in a sheet: within reach, and on record when it is taken away."""

from __future__ import annotations

import io
import re
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook

from states.case import CaseState
from tests.web.conftest import As, post
from tests.worlds import World
from workflow.audit import search
from workflow.audit.search import Filters

pytestmark = pytest.mark.database


def page(client: FlaskClient, address: str = "/courts") -> str:
    shown = client.get(address)
    assert shown.status_code == 200
    return shown.get_data(as_text=True)


def text(shown: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", shown.partition("<main")[2]).split())


@pytest.fixture
def walked(world: World) -> World:
    """Monday to Wednesday: one case a day with the centre, a day with the office, then submitted; one next door; a draft."""
    monday = datetime.fromisoformat("2021-03-15T09:00:00+08:00")
    day = timedelta(days=1)
    case = world.draft(at=monday)
    world.seal(case, at=monday)
    world.walk(case, "stamp", at=monday + day)
    world.walk(case, "review", "submit", at=monday + 2 * day)
    world.case(CaseState.CENTRE_STAMPED, centre="neighbour", at=monday)
    world.draft(at=monday)
    return world


def test_a_case_says_with_whom_it_is_and_who_took_how_long(walked: World, sign_in: As) -> None:
    said = text(page(sign_in("auditor"), "/cases/1"))
    assert "现在由国家局办理，自 2021年3月17日 09:00。" in said
    assert re.search(r"中心 1\.0 天 （工作日 1\.0） 省级主管部门 1\.0 天 （工作日 1\.0） 国家局", said)


def test_a_batch_says_the_same_of_itself(walked: World, sign_in: As) -> None:
    assert "现在由国家局办理" in text(page(sign_in("leader"), "/batches/1"))


@pytest.mark.parametrize(
    ("login", "offices"),
    [
        ("reviewer", ["示例省知识产权局"]),
        ("neighbour_leader", ["邻省知识产权局"]),
        ("desk", ["示例省知识产权局"]),
        ("auditor", ["示例省知识产权局", "邻省知识产权局"]),
    ],
)
def test_the_board_holds_offices_within_reach(login: str, offices: list[str], walked: World, sign_in: As) -> None:
    rows = re.findall(r'<th scope="row"><span lang="zh-CN">([^<]*)</span>', page(sign_in(login)))
    assert [one for one in rows if one != "全部"] == offices


def test_an_office_sees_no_draft_in_it(walked: World, sign_in: As) -> None:
    assert re.search(r'data-label="案例">(\d+)<', page(sign_in("reviewer"))).group(1) == "1"  # type: ignore[union-attr]
    assert re.search(r'data-label="案例">(\d+)<', page(sign_in("auditor"))).group(1) == "2"  # type: ignore[union-attr]


@pytest.mark.parametrize("login", ["author", "judge", "administrator"])
def test_to_others_it_does_not_exist(login: str, walked: World, sign_in: As) -> None:
    assert sign_in(login).get("/courts").status_code == 404


def test_an_empty_board_says_so(world: World, sign_in: As) -> None:
    assert "还没有案例" in text(page(sign_in("desk")))


def test_the_sheet_has_a_line_for_each_case_and_goes_on_record(walked: World, sign_in: As) -> None:
    client = sign_in("desk")
    made = post(client, "/courts/sheet", page(client))
    book = load_workbook(io.BytesIO(made.data))
    heads, row = list(book["各方用时"].iter_rows(values_only=True))
    said = dict(zip(heads, row, strict=True))
    assert said["编号"] == walked.row(1).number
    assert (said["中心（自然日）"], said["省级主管部门（工作日）"], said["现由谁办理"]) == ("1.0", "1.0", "国家局")
    parts = [name for name in heads if "（自然日）" in name and "合计" not in name]
    assert float(said["合计（自然日）"]) == pytest.approx(sum(float(said[name]) for name in parts))
    with walked.database.reading() as session:
        newest = search.page(session, walked.people["auditor"], Filters(), limit=1).entries[0]
    assert (newest.action, newest.who) == ("export.take", "杨理")
    assert newest.detail is not None
    assert newest.detail.zh == "各方用时，1 个案例，call=2021-205"


def test_it_speaks_english(walked: World, sign_in: As) -> None:
    said = text(page(sign_in("auditor", "en")))
    assert "with the National office since" in said
