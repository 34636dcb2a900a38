"""Worklists on screen: downloaded, uploaded, looked at row by row, done; each on record."""

from __future__ import annotations

from io import BytesIO

import pytest

from states.case import CaseState
from tests.sheets import filled, table
from tests.web.conftest import As, hidden, send, send_fields
from tests.worlds import World


@pytest.fixture
def ids(world: World) -> list[int]:
    made = [world.case(CaseState.PROVINCE_REVIEWED) for _ in range(2)]
    world.submit(*made)
    return made


def test_a_list_is_taken_away_filled_in_brought_back_and_done(world: World, ids: list[int], sign_in: As) -> None:
    browser = sign_in("desk")
    assert "/worklists" in browser.get("/cases").get_data(as_text=True)
    taken = send(browser, "/worklists", "/worklists/sheet", form=0)
    assert taken.status_code == 200
    first, second = [world.row(case).number for case in ids]
    data = filled(taken.data, {first: {"办理": "入选"}, second: {"办理": "不入选"}})
    seen = send(browser, "/worklists", "/worklists/preview", worklist=(BytesIO(data), "清单.xlsx"))
    page = seen.get_data(as_text=True)
    assert seen.status_code == 200
    assert "办理可以办的 1 件" in page
    assert "补填之后可以办理" in page
    back = send_fields(browser, "/worklists/findings", hidden(page, "/worklists/findings"))
    assert {row["编号"]: row["提示"][:4] for row in table(back.data)} == {first: "可以办理", second: "补填之后"}
    answer = send_fields(browser, "/worklists/take", hidden(page, "/worklists/take"))
    assert answer.location == "/bulk/1"
    assert "办理清单“清单.xlsx”" in browser.get("/bulk/1").get_data(as_text=True)
    assert [world.state(case) for case in ids] == ["shortlisted", "submitted"]
    again = send_fields(browser, "/worklists/take", hidden(page, "/worklists/take"))
    assert again.location == "/worklists"
    assert "什么也没有改变" in browser.get("/worklists").get_data(as_text=True)


def test_a_note_of_somebody_else_is_no_note(world: World, ids: list[int], sign_in: As) -> None:
    browser = sign_in("desk")
    taken = send(browser, "/worklists", "/worklists/sheet", form=0)
    page = send(browser, "/worklists", "/worklists/preview", worklist=(BytesIO(taken.data), "清单.xlsx"))
    assert page.status_code == 200
    assert "没有要办的行" in page.get_data(as_text=True)
    other = sign_in("second_desk")
    asked = hidden(other.get("/worklists").get_data(as_text=True), "/worklists/preview")
    answer = send_fields(other, "/worklists/take", {**asked, "note": "x"})
    assert answer.status_code == 422


def test_what_is_no_worklist_is_said_where_it_was_chosen(world: World, sign_in: As) -> None:
    browser = sign_in("reviewer")
    answer = send(browser, "/worklists", "/worklists/preview", worklist=(BytesIO(b"hello"), "清单.xlsx"))
    assert answer.status_code == 422
    assert "flash-refused" in answer.get_data(as_text=True)
    assert sign_in("author").get("/worklists").status_code == 403
