"""A whole call in Chromium: the 240 cases of `zhengji demo --size call`, from the plan of who judges what to the closing report."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import NARROW, WIDE, grave, overflow
from tests.faults.serving import Serving, running
from tests.faults.site import ROOT
from workflow.identity.passwords import DEMO_PASSWORD

pytestmark = pytest.mark.once
CHEAP = {"ZHENGJI_DEMO": "1", "ZHENGJI_ARGON2_TIME": "1", "ZHENGJI_ARGON2_MEMORY": "1024"}
SLOW = 60_000
"""Milliseconds for what the background does among so many cases."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """The demo of that size, filled and served by the commands that the README names."""
    environ = os.environ | CHEAP | {"ZHENGJI_HOME": str(tmp_path / "home")}
    subprocess.run([sys.executable, "-m", "web.cli", "demo", "--size", "call"], cwd=ROOT, env=environ, check=True)
    served = Serving([], environ, tmp_path / "log")
    with running(served):
        yield served.address


def signed_in(chromium: Browser, site: str, login: str, language: str, width: int) -> Page:
    page = chromium.new_context(viewport={"width": width, "height": 900}, base_url=site).new_page()
    page.goto(f"/sign-in?lang={language}")
    page.fill("#login", login)
    page.fill("#password", DEMO_PASSWORD)
    page.click("#sign-in button")
    expect(page).to_have_url(f"{site}/")
    return page


def sound(page: Page, address: str = "") -> None:
    """Answered, nothing serious for axe, and no wider than the window."""
    if address:
        answer = page.goto(address)
        assert (address, answer.status if answer else 0) == (address, 200)
    assert (page.url, grave(page), overflow(page)) == (page.url, [], 0)


def test_a_whole_call_is_judged_decided_and_reported_on(site: str, chromium: Browser) -> None:
    desk = signed_in(chromium, site, "desk", "zh", WIDE)
    sound(desk, "/cases")
    expect(desk.locator("main")).to_contain_text("240")
    _judges_are_invited(desk)
    _decided(desk)
    sound(desk, "/closing")
    expect(desk.locator("main")).to_contain_text("98")
    for address in ("/courts", "/batches", "/trail", "/judging/judges"):
        sound(desk, address)
    phone = signed_in(chromium, site, "desk", "en", NARROW)
    for address in ("/cases", "/judging", "/decisions/2021-205", "/closing"):
        sound(phone, address)
    judge = signed_in(chromium, site, "judge", "zh", NARROW)
    sound(judge, "/judging/mine")
    expect(judge.locator("main")).to_contain_text("号评审")


def _judges_are_invited(desk: Page) -> None:
    """By a plan that the solver works out while the page waits: three judges for each case, all of other provinces."""
    sound(desk, "/judging/plans")
    desk.click("text=计算方案")
    desk.goto("/judging/plans/1")
    expect(desk.locator("#send")).to_be_visible(timeout=SLOW)
    assert desk.locator(".figure-card .quota-number").first.inner_text() == "720"
    sound(desk)
    desk.click("text=确认：发出邀请")
    expect(desk.locator(".flash-done")).to_contain_text("邀请", timeout=SLOW)
    sound(desk, "/judging")


def _decided(desk: Page) -> None:
    """One case is chosen in the table, and the sums move."""
    sound(desk, "/decisions/2021-205")
    winners = desk.locator("#spread .bulk-figures li:first-child b")
    before = int(winners.inner_text())
    row = desk.locator("[id^=line-]").first
    with desk.expect_response("**/decisions/2021-205/cases/*"):
        row.locator("input[value=shortlist]").first.check()
    expect(winners).to_have_text(str(before + 1))
