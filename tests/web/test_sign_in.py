"""The doors: lock-out, the second factor, passing by mail, and proving once more who one is."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from states.case import CaseState
from tests.web.conftest import HASHED, PASSWORD, As, carried, hidden, post, send
from tests.worlds import World
from web import again
from web.app import create_app
from workflow.identity import people
from workflow.identity.secret_key import NoSecretKey
from workflow.settings import Settings
from workflow.store import people as stored
from workflow.store.models import AuditEvent, Authenticator, FailedTries, PasswordReset, SignIn

pytestmark = pytest.mark.database


def text(answer) -> str:
    return answer.get_data(as_text=True)


def turn_codes_on(client: FlaskClient) -> tuple[pyotp.TOTP, list[str]]:
    """Turn codes on for whoever is signed in; gives the app and the recovery codes."""
    shown = text(send(client, "/account", "/account/authenticator"))
    app = pyotp.TOTP(re.findall(r'class="secret">([A-Z2-7 ]+)<', shown)[0].replace(" ", ""))
    done = text(post(client, "/account/authenticator/code", shown, code=app.at(datetime.now(UTC))))
    return app, re.findall(r"<li><code>([a-z0-9-]+)</code>", done)


def unused(world: World) -> None:
    """As if the app's present code had not been used to turn it on."""
    with world.database.transaction() as session:
        session.execute(update(Authenticator).values(last_step=0))


def half_way(app: Flask, login: str = "leader") -> FlaskClient:
    client = app.test_client()
    answer = send(client, "/sign-in", login=login, password=PASSWORD, next="/cases")
    assert answer.headers["Location"] == "/sign-in/second"
    return client


def actions(world: World, key: str) -> list[tuple[str, str]]:
    stream = f"person/{world.people[key].id}/sign-ins"
    with world.database.reading() as session:
        found = select(AuditEvent.action, AuditEvent.outcome).where(AuditEvent.stream == stream)
        return [(one, outcome) for one, outcome in session.execute(found.order_by(AuditEvent.seq))]


# ---- the first door --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["", "short", "k" * 31])
def test_outside_a_demo_a_missing_or_short_key_stops_the_program(key: str, world: World, settings: Settings):
    with pytest.raises(NoSecretKey):
        create_app(replace(settings, demo=False, secret_key=key), world.database)
    create_app(replace(settings, demo=False, secret_key="k" * 32), world.database)


def test_a_closed_account_says_until_when_and_so_does_one_that_is_not_there(app: Flask):
    told = []
    for login in ("author", "nobody"):
        client = app.test_client()
        answers = [send(client, "/sign-in", login=login, password="wrong") for _ in range(6)]
        until = re.findall(r"请在北京时间 (\S+(?: \d\d:\d\d)?) 之后再试", text(answers[5]))
        told.append(([one.status_code for one in answers], len(until), login in text(answers[5])))
    assert told == [([422] * 5 + [429], 1, False)] * 2


def test_a_closed_account_is_closed_in_every_process(app: Flask, world: World, settings: Settings):
    for _ in range(5):
        send(app.test_client(), "/sign-in", login="author", password="wrong")
    other = create_app(settings, world.database).test_client()
    assert send(other, "/sign-in", login="author", password=PASSWORD).status_code == 429


def test_the_administrator_sees_that_an_account_is_closed_and_opens_it(app: Flask, sign_in: As, world: World):
    for _ in range(5):
        send(app.test_client(), "/sign-in", login="author", password="wrong")
    client, page = sign_in("administrator"), f"/admin/people/{world.people['author'].id}"
    assert "暂停登录至" in text(client.get(page))
    send(client, page, f"{page}/unlock")
    assert "暂停登录至" not in text(client.get(page))
    assert send(app.test_client(), "/sign-in", login="author", password=PASSWORD).status_code == 302


def test_missed_failures_are_told_after_signing_in(app: Flask):
    client = app.test_client()
    for _ in range(3):
        send(client, "/sign-in", login="author", password="wrong")
    send(client, "/sign-in", login="author", password=PASSWORD)
    assert "有 3 次登录失败" in text(client.get("/"))


def test_signing_in_begins_a_session_of_its_own_and_signing_out_ends_it_on_the_server(app: Flask, world: World):
    client = app.test_client()
    client.get("/sign-in?lang=en")
    with client.session_transaction() as before:
        before["planted"] = "by somebody else"
    send(client, "/sign-in", login="author", password=PASSWORD)
    with client.session_transaction() as kept:
        assert ("planted" in kept, kept["language"], len(kept["_user_id"]) >= 43) == (False, "en", True)
    stolen = client.get_cookie("zhengji").value
    send(client, "/", "/sign-out")
    thief = app.test_client()
    thief.set_cookie("zhengji", stolen)
    assert thief.get("/").headers["Location"].startswith("/sign-in")
    assert actions(world, "author") == [("person.sign_in", "done"), ("person.sign_out", "done")]


def test_an_old_or_idle_session_is_over(sign_in: As, world: World):
    over = []
    for column, age in ((SignIn.created_at, timedelta(hours=12)), (SignIn.seen_at, timedelta(hours=2))):
        client = sign_in("author")
        with world.database.transaction() as session:
            session.execute(update(SignIn).values({column: datetime.now(UTC) - age}))
        over.append(client.get("/").headers.get("Location", ""))
    assert over == ["/sign-in?next=/"] * 2


# ---- the second door -------------------------------------------------------------------------------------------------


def test_a_code_is_asked_for_and_leads_to_where_one_was_going(app: Flask, sign_in: As, world: World):
    codes, _ = turn_codes_on(sign_in("leader"))
    unused(world)
    client = half_way(app)
    assert client.get("/cases").headers["Location"].startswith("/sign-in")
    wrong = send(client, "/sign-in/second", code="000000")
    entered = send(client, "/sign-in/second", code=codes.at(datetime.now(UTC)))
    assert (wrong.status_code, entered.headers["Location"], client.get("/cases").status_code) == (422, "/cases", 200)
    assert actions(world, "leader")[-2:] == [("person.sign_in", "refused"), ("person.sign_in", "done")]
    assert "密码、动态码" in text(client.get("/account"))


def test_a_code_is_not_taken_twice(app: Flask, sign_in: As, world: World):
    codes, _ = turn_codes_on(sign_in("leader"))
    unused(world)
    code = codes.at(datetime.now(UTC))
    came = [send(half_way(app), "/sign-in/second", code=code).status_code for _ in range(2)]
    assert came == [302, 422]


def test_a_recovery_code_lets_in_once_and_is_on_record(app: Flask, sign_in: As, world: World):
    _, recovery = turn_codes_on(sign_in("leader"))
    came = [send(half_way(app), "/sign-in/second", code=recovery[0]).status_code for _ in range(2)]
    assert (came, len(recovery), ("person.use_recovery_code", "done") in actions(world, "leader")) == (
        [302, 422],
        10,
        True,
    )


def test_guessing_codes_closes_the_account_though_the_password_was_right(app: Flask, sign_in: As):
    turn_codes_on(sign_in("leader"))
    client = half_way(app)
    came = [send(client, "/sign-in/second", code=f"00000{each}").status_code for each in range(6)]
    assert came == [422] * 5 + [429]
    assert send(app.test_client(), "/sign-in", login="leader", password=PASSWORD).status_code == 429


def test_a_right_password_alone_does_not_forgive_wrong_codes(app: Flask, sign_in: As):
    turn_codes_on(sign_in("leader"))
    came = []
    for each in range(5):
        came.append(send(half_way(app), "/sign-in/second", code=f"00000{each}").status_code)
    assert send(app.test_client(), "/sign-in", login="leader", password=PASSWORD).status_code == 429


def test_a_new_password_from_the_administrator_does_not_pass_by_the_second_factor(
    app: Flask, sign_in: As, world: World
):
    turn_codes_on(sign_in("leader"))
    with world.database.transaction() as session:
        stored.set_password(session, world.people["leader"].id, HASHED, end_sessions=True)
    half_way(app)


def test_without_a_right_password_nobody_is_asked_for_a_code(app: Flask):
    client = app.test_client()
    assert [
        client.get("/sign-in/second").status_code,
        send(client, "/sign-in", "/sign-in/second", code="1").status_code,
    ] == [
        302,
        302,
    ]


def test_a_role_that_must_have_a_second_factor_sets_one_up_before_anything_else(world: World, settings: Settings):
    app = create_app(replace(settings, second_factor=frozenset({"leader"})), world.database)
    client, other = app.test_client(), app.test_client()
    send(client, "/sign-in", login="leader", password=PASSWORD)
    send(other, "/sign-in", login="author", password=PASSWORD)
    told = [
        client.get("/").headers.get("Location"),
        send(client, "/account", "/demo/clock", day="2021-04-01").headers["Location"],
    ]
    assert (told, other.get("/").status_code) == (["/account#factors"] * 2, 200)
    turn_codes_on(client)
    assert client.get("/").status_code == 200


# ---- once more -------------------------------------------------------------------------------------------------------


def stamped(client: FlaskClient, case: int, **proof: object):
    """Send the stamp of a case with a proof or without."""
    fields = hidden(text(client.get(f"/cases/{case}")), f"/cases/{case}/stamp")
    return client.post(f"/cases/{case}/stamp", data={**fields, **proof}, content_type="multipart/form-data")


def test_stamping_asks_once_more_and_nothing_is_lost_by_a_wrong_answer(sign_in: As, world: World):
    case, client = world.case(CaseState.DRAFT), sign_in("sealer")
    asked = stamped(client, case, remark="写好的备注，两行\n都在", confirmed=["one", "two"])
    fields = carried(text(asked))
    assert (asked.status_code, "本次操作需要再次确认是您本人" in text(asked), world.state(case)) == (422, True, "draft")
    wrong = client.post(f"/cases/{case}/stamp", data={**fields.to_dict(flat=False), "again": "not it at all"})
    kept = carried(text(wrong))
    assert (kept["remark"].replace("\r\n", "\n"), kept.getlist("confirmed")) == (
        "写好的备注，两行\n都在",
        ["one", "two"],
    )
    assert "not it at all" not in text(wrong)
    right = client.post(f"/cases/{case}/stamp", data={**kept.to_dict(flat=False), "again": PASSWORD})
    assert (wrong.status_code, right.status_code, world.state(case)) == (422, 302, "centre_stamped")
    assert actions(world, "sealer")[-2:] == [("person.confirm", "refused"), ("person.confirm", "done")]


def test_a_proof_holds_for_the_next_act_and_not_after_five_minutes(sign_in: As, world: World):
    first, second, third = (world.case(CaseState.DRAFT) for _ in range(3))
    client = sign_in("sealer")
    came = [stamped(client, first, again=PASSWORD).status_code, stamped(client, second).status_code]
    with world.database.transaction() as session:
        session.execute(update(SignIn).values(confirmed_at=datetime.now(UTC) - timedelta(minutes=5)))
    assert [*came, stamped(client, third).status_code] == [302, 302, 422]


def test_a_proof_in_one_browser_is_none_in_another(sign_in: As, world: World):
    first, second = world.case(CaseState.DRAFT), world.case(CaseState.DRAFT)
    here, there = sign_in("sealer"), sign_in("sealer")
    assert [stamped(here, first, again=PASSWORD).status_code, stamped(there, second).status_code] == [302, 422]


def test_guessing_at_an_unlocked_computer_is_slow_too_and_keeps_what_was_typed(sign_in: As, world: World):
    case, client = world.case(CaseState.DRAFT), sign_in("sealer")
    came = [stamped(client, case, again="guess", remark="备注") for _ in range(6)]
    assert [one.status_code for one in came] == [422] * 5 + [429]
    assert ("之后再试" in text(came[5]), carried(text(came[5]))["remark"]) == (True, "备注")
    assert stamped(client, case, again=PASSWORD).status_code == 429


def test_a_code_of_the_app_proves_it_too_and_once(sign_in: As, world: World):
    case, client = world.case(CaseState.DRAFT), sign_in("sealer")
    codes, _ = turn_codes_on(client)
    unused(world)
    with world.database.transaction() as session:
        session.execute(update(SignIn).values(confirmed_at=None))
    code = codes.at(datetime.now(UTC))
    came = stamped(client, case, again=code).status_code
    with world.database.transaction() as session:
        session.execute(update(SignIn).values(confirmed_at=None))
    other = world.case(CaseState.DRAFT)
    assert [came, stamped(client, other, again=code).status_code] == [302, 422]


ASKING = {
    "a case is stamped": ("sealer", "draft", "/cases/{case}/stamp"),
    "a case is published": ("editor", "shortlisted", "/cases/{case}/publish"),
    "a case is published again": ("editor", "retracted", "/cases/{case}/republish"),
    "a seal is confirmed": ("sealer", "draft", "/cases/{case}/seal/confirm"),
    "a push is started": ("liaison", "published", "/cases/{case}/push"),
    "an account is made": ("administrator", None, "/admin/people/new"),
    "a password is set": ("administrator", None, "/admin/people/{person}/password"),
    "a role is given": ("administrator", None, "/admin/people/{person}/grant"),
    "a role is taken away": ("administrator", None, "/admin/people/{person}/revoke"),
    "an account is disabled": ("administrator", None, "/admin/people/{person}/disable"),
    "an account is enabled": ("administrator", None, "/admin/people/{person}/enable"),
    "factors are cleared": ("administrator", None, "/admin/people/{person}/factors"),
    "an app is added": ("author", None, "/account/authenticator"),
    "an app is removed": ("author", None, "/account/authenticator/remove"),
    "a passkey is wanted": ("author", None, "/account/passkeys/new"),
    "a passkey is added": ("author", None, "/account/passkeys"),
    "a passkey is removed": ("author", None, "/account/passkeys/1/remove"),
    "recovery codes are made": ("author", None, "/account/codes"),
    "a summary is sealed": ("leader", None, "/batches/1/seal"),
    "a batch is sent": ("leader", None, "/batches/1/send"),
    "a seal on a summary is confirmed": ("leader", None, "/batches/1/seal-scan/confirm"),
    "many are published": ("editor", None, "/bulk/publish"),
    "a recall is asked for": ("liaison", None, "/pushes/1/recall"),
    "a web edition is released": ("editor", None, "/collection/1/proof/release"),
    "a list is put up in public": ("desk", None, "/notices"),
    "a list of accounts is taken in": ("administrator", None, "/admin/import/take"),
    "a stand-in is named": ("author", None, "/account/stand-ins"),
    "a token is made": ("author", None, "/account/tokens"),
}


@pytest.mark.parametrize("name", ASKING)
def test_nothing_grave_is_done_without_a_second_proof(name: str, app: Flask, sign_in: As, world: World):
    app.config["WTF_CSRF_ENABLED"] = False
    login, state, address = ASKING[name]
    case = world.case(CaseState.of(state)) if state else 0
    answer = sign_in(login).post(address.format(case=case, person=world.people["judge"].id))
    assert (answer.status_code, 'id="again-form"' in text(answer)) == (422, True)


def test_a_call_is_checked_at_once_and_loaded_by_whoever_says_once_more_who_they_are(
    app: Flask, sign_in: As, world: World
):
    app.config["WTF_CSRF_ENABLED"] = False
    client = sign_in("administrator")
    asked = ['id="again-form"' in text(client.post("/admin/calls", data={"then": then})) for then in ("check", "load")]
    assert asked == [False, True]


def test_what_only_looks_and_what_is_no_grave_step_does_not_ask(sign_in: As, world: World):
    case, client = world.case(CaseState.CENTRE_STAMPED), sign_in("reviewer")
    shown = text(client.get(f"/cases/{case}/return_to_centre"))
    fields = {**hidden(shown, f"/cases/{case}/return_to_centre"), "remark": "请补充"}
    assert client.post(f"/cases/{case}/return_to_centre", data=fields).status_code == 302


def test_every_endpoint_that_asks_once_more_is_there(app: Flask):
    assert set(again.ASKS) - set(app.view_functions) == set()


# ---- a forgotten password --------------------------------------------------------------------------------------------


def test_without_a_mail_server_the_page_says_whom_to_ask(app: Flask):
    client = app.test_client()
    assert "请联系管理员重设密码" in text(client.get("/reset"))
    assert "忘记密码，请联系管理员" in text(client.get("/sign-in"))


def test_the_answer_is_the_same_whether_or_not_anybody_is_meant(world: World, settings: Settings):
    app = create_app(replace(settings, smtp_url="smtp://127.0.0.1:1", mail_from="a@office.example"), world.database)
    with world.database.transaction() as session:
        session.execute(
            update(people.Person).where(people.Person.login == "author").values(email="zhao@centre.example")
        )
    pages = []
    for who in ("author", "nobody"):
        answer = send(app.test_client(), "/reset", who=who)
        pages.append((answer.status_code, re.sub(r'name="csrf_token" value="[^"]*"', "", text(answer))))
    with world.database.reading() as session:
        asked = list(session.scalars(select(PasswordReset.person_id)))
    assert (pages[0] == pages[1], pages[0][0], asked) == (True, 200, [world.people["author"].id])


def test_a_link_that_never_was_is_told(app: Flask):
    answer = app.test_client().get("/reset/never-was")
    assert (answer.status_code, "已经失效" in text(answer)) == (422, True)


# ---- what pages show -------------------------------------------------------------------------------------------------


def test_no_password_is_ever_shown_again(app: Flask, sign_in: As):
    client = sign_in("author")
    secret = "a secret that is long enough to be kept"
    pages = [
        send(client, "/account", "/account/password", present=secret, wanted=secret, wanted_again="other"),
        send(client, "/account", "/account/password", present=secret, wanted=secret, wanted_again=secret),
        send(app.test_client(), "/sign-in", login="author", password=secret),
        client.post("/account/password", data={"present": secret, "wanted": secret}),
    ]
    assert [secret in text(one) for one in pages] == [False] * 4


def test_keys_of_failures_name_nobody(app: Flask, world: World):
    send(app.test_client(), "/sign-in", login="my password by mistake", password="x")
    with world.database.reading() as session:
        keys = list(session.scalars(select(FailedTries.key)))
    assert [re.fullmatch("[0-9a-f]{64}", key) is not None for key in keys] == [True] * 2
