"""Second factors in Chromium: codes of an app, passkeys of a virtual authenticator, and one's own account page."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime

import pyotp
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from tests.browser.conftest import NARROW, WIDE, Visit, confirm_again, grave, overflow
from tests.web.conftest import PASSWORD
from tests.worlds import World
from workflow.store.models import Authenticator


def authenticator(page: Page, *, resident: bool = True, verified: bool = True) -> None:
    """Give the browser a virtual authenticator, as if it had a fingerprint reader."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": resident,
        "hasUserVerification": True,
        "isUserVerified": verified,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def add_passkey(page: Page, name: str) -> None:
    page.goto("/account")
    page.click("form[action$='/passkeys/new'] button")
    confirm_again(page)
    page.fill("#name", name)
    page.click("form[data-new-passkey] button")
    expect(page.locator(".codes li")).to_have_count(10)  # the first factor brings recovery codes


def sign_out(page: Page) -> None:
    page.goto("/account")
    page.click("details.who summary")
    page.click("form[action$='/sign-out'] button")
    expect(page.locator("#sign-in")).to_be_visible()


def test_codes_of_an_app_are_turned_on_asked_for_and_replaced_by_a_recovery_code(visit: Visit, world: World):
    page = visit("reviewer")
    page.goto("/account")
    page.click("form[action$='/account/authenticator'] button")
    page.fill("#again", "not my password")
    page.click("#again-form button")
    expect(page.locator(".flash-refused")).to_contain_text("没有通过")
    confirm_again(page)
    secret = page.locator(".secret").inner_text().replace(" ", "")
    expect(page.locator("img.qr")).to_be_visible()
    assert grave(page) == []
    page.fill("#code", "000000")
    page.click("form[action$='/code'] button")
    expect(page.locator(".flash-refused")).to_contain_text("动态码不对")
    page.fill("#code", pyotp.TOTP(secret).at(datetime.now(UTC)))
    page.click("form[action$='/code'] button")
    codes = page.locator(".codes code").all_inner_texts()
    assert (len(set(codes)), grave(page)) == (10, [])
    for answer in (codes[0], None):
        sign_out(page)
        page.fill("#login", "reviewer")
        page.fill("#password", PASSWORD)
        page.click("#sign-in button")
        assert grave(page) == []
        with world.database.transaction() as session:  # the app's present code was used up when it was turned on
            session.execute(update(Authenticator).values(last_step=0))
        page.fill("#code", answer or pyotp.TOTP(secret).at(datetime.now(UTC)))
        page.click("#second button")
        expect(page.locator("details.who")).to_be_visible()
    page.goto("/account")
    expect(page.locator("#factors")).to_contain_text("还剩 9 个")


def test_a_passkey_signs_in_without_a_password(visit: Visit):
    page = visit("leader")
    authenticator(page)
    add_passkey(page, "办公室电脑")
    sign_out(page)
    assert grave(page) == []
    page.click("form[data-passkey] button")
    expect(page.locator("details.who")).to_be_visible()
    page.goto("/account")
    expect(page.locator("#sessions .lines")).to_contain_text("通行密钥")
    expect(page.locator("#factors .lines")).to_contain_text("办公室电脑")


def test_a_passkey_that_knows_no_owner_is_a_second_factor(visit: Visit):
    page = visit("leader")
    authenticator(page, resident=False)
    add_passkey(page, "安全密钥")
    sign_out(page)
    page.fill("#login", "leader")
    page.fill("#password", PASSWORD)
    page.click("#sign-in button")
    page.click("form[data-passkey] button")
    expect(page.locator("details.who")).to_be_visible()


def test_a_passkey_confirms_a_grave_act_and_what_was_typed_is_kept(visit: Visit):
    page = visit("administrator")
    authenticator(page)
    add_passkey(page, "电脑")
    sign_out(page)
    page.click("form[data-passkey] button")
    expect(page.locator("details.who")).to_be_visible()
    page.goto("/admin/people/new")
    page.fill("#login", "newcomer")
    page.fill("#name", "新来的")
    page.locator("main form .btn-primary").first.click()
    expect(page.locator("h1")).to_have_text("本次操作需要再次确认是您本人")
    assert grave(page) == []
    page.click("form[data-passkey] button")
    expect(page.locator(".one-time")).to_be_visible()
    expect(page.locator(".notice-code")).to_have_text("newcomer")


def test_a_passkey_of_somebody_else_does_not_sign_in_as_me(visit: Visit):
    page = visit("leader")
    authenticator(page)
    add_passkey(page, "电脑")
    sign_out(page)
    page.fill("#login", "reviewer")
    page.fill("#password", PASSWORD)
    page.click("#sign-in button")
    expect(page.locator("details.who")).to_contain_text("王审")
    add_passkey(page, "同一台电脑")
    sign_out(page)
    page.fill("#login", "reviewer")
    page.fill("#password", PASSWORD)
    page.click("#sign-in button")
    page.click("form[data-passkey] button")
    expect(page.locator("details.who")).to_contain_text("王审")


def test_a_removed_passkey_opens_nothing(visit: Visit):
    page = visit("leader")
    authenticator(page)
    add_passkey(page, "旧电脑")
    page.goto("/account")
    page.click("form[action$='/remove'] button")
    expect(page.locator("#factors .lines")).to_have_count(0)
    sign_out(page)
    page.click("form[data-passkey] button")
    expect(page.locator(".flash-refused")).to_contain_text("不能登录")


@pytest.mark.parametrize(("language", "width"), [("zh", WIDE), ("en", NARROW)])
def test_the_pages_of_an_account_are_sound(language: str, width: int, visit: Visit):
    page = visit("reviewer", language, width)
    refused: list[str] = []
    page.on("console", lambda one: refused.append(one.text) if "Policy" in one.text else None)
    found = {}
    page.goto("/account")
    found["account"] = (grave(page), overflow(page))
    page.click("form[action$='/account/authenticator'] button")
    found["again"] = (grave(page), overflow(page))
    confirm_again(page)
    found["enrol"] = (grave(page), overflow(page))
    page.goto("/account")
    page.click("form[action$='/passkeys/new'] button")
    found["passkey"] = (grave(page), overflow(page))
    stranger = visit(None, language, width)
    for address in ("/sign-in", "/reset", "/reset/never-was"):
        stranger.goto(address)
        found[address] = (grave(stranger), overflow(stranger))
    assert (found, refused) == (dict.fromkeys(found, ([], 0)), [])


def test_the_qr_code_says_what_is_typed_by_hand(visit: Visit):
    page = visit("reviewer")
    page.goto("/account")
    page.click("form[action$='/account/authenticator'] button")
    confirm_again(page)
    picture = page.locator("img.qr").get_attribute("src") or ""
    secret = page.locator(".secret").inner_text()
    assert (base64.b64decode(picture.partition(",")[2])[:4], re.fullmatch(r"[A-Z2-7 ]{39}", secret) is not None) == (
        b"\x89PNG",
        True,
    )
