"""A real Word file and report form on their way from an author's desk to the province's review, as each person sees it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from states.case import CaseState
from tests.browser.conftest import Visit, confirm_again, grave
from tests.worlds import World

SAMPLES = Path(__file__).parents[1] / "samples"
WORDS = {
    "zh": {
        "seal_missing": "还没有所在单位“示例大学”的盖章扫描件",
        "stamped": "盖章报送省级：已办理",
        "passed": "审核通过：已办理",
    },
    "en": {
        "seal_missing": "There is no scan of the form with the seal of “示例大学”",
        "stamped": "Stamp and send to the province: done",
        "passed": "Pass the review: done",
    },
}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_word_file_reaches_the_province(language: str, visit: Visit, world: World):
    words = WORDS[language]
    author = visit("author", language)
    author.goto("/cases/new")
    author.click("button[value=upload]")
    author.set_input_files("#file-case", SAMPLES / "案例01_一份检索报告让一条产线少走三.docx")
    author.set_input_files("#file-form", SAMPLES / "报送表01_示例大学.xlsx")
    author.click("form .btn-primary")
    expect(author.locator(".length b")).to_have_text("1120")
    assert grave(author) == []
    author.click(".page-head .btn-primary")
    expect(author.locator(".flash-done")).to_be_visible()
    case = int(author.url.rpartition("/")[2])

    sealer = visit("sealer", language)
    sealer.goto(f"/cases/{case}")
    expect(sealer.locator(".offer-blocked")).to_contain_text(words["seal_missing"])
    sealer.click(".offer-blocked .finding-who a")
    sealer.set_input_files("#file-scan", SAMPLES / "报送表01_扫描件.pdf")
    sealer.click("form .btn-primary")
    expect(sealer.locator(".leaves")).to_be_visible()
    assert grave(sealer) == []
    sealer.check("[value=host]")
    sealer.click("form .btn-primary")
    assert grave(sealer) == []
    confirm_again(sealer)
    sealer.click(".offer-ready .btn-primary")
    expect(sealer.locator(".flash-done")).to_contain_text(words["stamped"])

    reviewer = visit("reviewer", language)
    reviewer.goto("/")
    reviewer.click(f".tasks a[href='/cases/{case}']")
    reviewer.click("[data-dialog=step-review]")
    dialog = reviewer.locator("#step-review")
    for box in dialog.locator("[name=confirmed]").all():
        box.check()
    assert grave(reviewer) == []
    dialog.locator(".btn-primary").click()
    expect(reviewer.locator(".flash-done")).to_contain_text(words["passed"])
    assert world.state(case) == CaseState.PROVINCE_REVIEWED
