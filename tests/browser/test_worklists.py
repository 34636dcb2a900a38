"""The worklist in a browser: downloaded, filled in, uploaded and done, on a phone as well."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from states.case import CaseState
from tests.browser.conftest import NARROW, WIDE, Visit
from tests.sheets import filled
from tests.worlds import World


@pytest.mark.parametrize("width", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_list_goes_out_and_comes_back(world: World, visit: Visit, tmp_path: Path, width: int) -> None:
    ids = [world.case(CaseState.PROVINCE_REVIEWED) for _ in range(3)]
    world.submit(*ids)
    first, second, _ = [world.row(case).number for case in ids]
    page = visit("desk", width=width)
    page.goto("/worklists")
    with page.expect_download() as taken:
        page.get_by_role("button", name="下载清单").click()
    asked = {first: {"办理": "入选"}, second: {"办理": "不入选"}}
    sheet = tmp_path / "清单.xlsx"
    sheet.write_bytes(filled(Path(taken.value.path()).read_bytes(), asked))
    page.set_input_files("#worklist", sheet)
    page.get_by_role("button", name="先逐行预览").click()
    assert "补填之后可以办理" in page.inner_text("main")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="办理可以办的 1 件").click()
    page.wait_for_url("**/bulk/*")
    assert [world.state(case) for case in ids] == ["shortlisted", "submitted", "submitted"]


def test_many_are_acted_on_once_a_case_is_ticked(visit: Visit, world: World) -> None:
    world.case(CaseState.CENTRE_STAMPED)
    page = visit("reviewer")
    page.goto("/cases")
    page.click("#bulk button:has-text('审核通过')")
    expect(page.locator("[data-ticked]")).to_have_text("还没有选中案例，请先勾选")
    expect(page.locator("[data-tick]")).to_be_focused()
    page.check("[data-tick]")
    page.click("#bulk button:has-text('审核通过')")
    expect(page.locator("h1")).to_contain_text("审核通过")
