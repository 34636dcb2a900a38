"""The headers of every answer: pages, errors, redirects, files and pictures, signed in or not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from states.case import CaseState
from tests.attacks.forms import form_to
from tests.attacks.sent import BREAKING
from tests.web.conftest import PASSWORD, As, hidden, send
from tests.web.test_cases import page
from tests.web.test_foundation import addresses
from tests.web.test_papers import CASE, SCAN, upload
from tests.worlds import World
from web.app import create_app
from workflow.settings import Settings

pytestmark = pytest.mark.once

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
}
STRICT = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


def policy(answer: TestResponse) -> dict[str, str]:
    return dict(one.strip().partition(" ")[::2] for one in answer.headers["Content-Security-Policy"].split(";"))


def lacking(answer: TestResponse) -> list[str]:
    """What the headers of an answer leave open."""
    found = [name for name, value in ALWAYS.items() if answer.headers.get(name) != value]
    page = answer.mimetype == "text/html" or answer.request.path.startswith("/static/")
    if policy(answer) != (STRICT if page else {"sandbox": "", "default-src": "'none'"}):
        found.append("Content-Security-Policy")
    if not {"camera=()", "microphone=()", "geolocation=()"} <= set(answer.headers["Permissions-Policy"].split(", ")):
        found.append("Permissions-Policy")
    found += [] if answer.headers.get("X-Request-Id") else ["X-Request-Id"]
    named = Counter(name.lower() for name in answer.headers.keys())  # noqa: SIM118
    found += [f"{name} twice" for name, times in named.items() if times > 1 and name != "set-cookie"]
    return found


@pytest.fixture
def peopled(world: World) -> World:
    """Something behind the addresses with number 1, in most states."""
    world.case(CaseState.PUBLISHED)
    world.case(CaseState.WIPO_PUSHED)
    return world


@pytest.mark.parametrize("login", [None, "author_and_sealer", "liaison", "administrator"])
def test_every_address_answers_with_every_header(login: str | None, app: Flask, sign_in: As, peopled: World):
    client = sign_in(login) if login else app.test_client()
    app.config["WTF_CSRF_ENABLED"] = False
    answers = {f"GET {address}": client.get(address) for _, address in addresses(app) if "static" not in address}
    answers |= {f"POST {address}": client.post(address) for _, address in addresses(app) if "sign-out" not in address}
    statuses = {one.status_code for one in answers.values()}
    assert {name: bad for name, answer in answers.items() if (bad := lacking(answer))} == {}
    assert statuses >= ({200, 302, 404} if login else {200, 302})


def test_errors_of_every_kind_carry_them_too(app: Flask, sign_in: As, world: World):
    client = sign_in("author")
    app.config["MAX_CONTENT_LENGTH"] = 1000
    case = world.draft()
    answers = {
        404: client.get("/nowhere"),
        400: client.post("/cases/new"),
        405: client.delete("/cases"),
        413: client.post(f"/cases/{case}/edit", data={"title": "x" * 2000}),
    }

    def broken() -> str:
        raise RuntimeError("insides")

    app.view_functions["home.show"] = broken
    answers |= {500: client.get("/")}
    lost = client.get("/static/none.css")
    found = {status: (answer.status_code, lacking(answer), kept(answer)) for status, answer in answers.items()}
    assert found == {status: (status, [], "no-store") for status in answers}
    assert (lost.status_code, [one for one in lacking(lost) if one != "Content-Security-Policy"]) == (404, [])
    assert (policy(lost), kept(lost)) == (STRICT, "no-store")


def kept(answer: TestResponse) -> str:
    return answer.headers.get("Cache-Control", "")


def test_a_fault_of_ours_gives_the_number_under_which_it_is_in_the_log(
    app: Flask, sign_in: As, caplog: pytest.LogCaptureFixture
):
    client = sign_in("author")

    def broken() -> str:
        raise RuntimeError("insides")

    app.view_functions["home.show"] = broken
    first, second = client.get("/"), client.get("/", headers={"X-Request-Id": "theirs"})
    numbers = [one.headers["X-Request-Id"] for one in (first, second)]
    assert [number in one.get_data(as_text=True) for number, one in zip(numbers, (first, second), strict=True)] == [
        True,
        True,
    ]
    assert (len(set(numbers)), "theirs" in numbers) == (2, False)


def test_files_and_pictures_are_attachments_or_do_nothing_by_themselves(sign_in: As, peopled: World):
    author, sealer = sign_in("author"), sign_in("sealer")
    case = peopled.draft()
    upload(author, f"/cases/{case}/upload", case=CASE)
    shown = upload(sealer, f"/cases/{case}/seal", scan=SCAN).get_data(as_text=True)
    picture = shown.partition("/seal/pages/1.png?ticket=")[2].partition('"')[0]
    answers = {
        "document": author.get(f"/cases/{case}/document.docx"),
        "print": author.get(f"/cases/{case}/document.pdf"),
        "form": author.get(f"/cases/{case}/form.xlsx"),
        "template": author.get(f"/cases/template/{peopled.call_version}.docx"),
        "picture": sealer.get(f"/cases/{case}/seal/pages/1.png?ticket={picture}"),
    }
    assert {name: (one.status_code, lacking(one), kept(one)) for name, one in answers.items()} == dict.fromkeys(
        answers, (200, [], "no-store")
    )
    named = {name: one.headers.get("Content-Disposition", "").partition(";")[0] for name, one in answers.items()}
    assert named == {**dict.fromkeys(answers, "attachment"), "picture": named["picture"]}


def test_public_pages_are_asked_for_again_and_shown_unchanged_only_while_they_stand(app: Flask, peopled: World):
    client = app.test_client()
    address = f"/public/{peopled.row(1).number}"
    first = client.get(address)
    tag = {"If-None-Match": first.headers["ETag"]}
    same = client.get(address, headers=tag)
    assert (kept(first), "Cookie" in first.headers.get("Vary", ""), same.status_code, lacking(same)) == (
        "public, no-cache",
        False,
        304,
        [] if same.mimetype == "text/html" else ["Content-Security-Policy"],
    )
    peopled.act(1, "retract")
    gone = client.get(address, headers=tag)
    assert (gone.status_code, kept(gone)) == (410, "no-store")


def test_what_is_shown_to_somebody_signed_in_is_never_kept(sign_in: As, peopled: World):
    client = sign_in("author")
    places = ["/", "/cases/1", "/cases", "/sign-in", "/collection"]
    assert {kept(client.get(one)) for one in places} == {"no-store"}


def test_choosing_a_language_on_a_public_page_is_kept_by_nobody(app: Flask):
    client = app.test_client()
    answers = [client.get("/public?lang=en"), client.get("/public")]
    assert [kept(one) for one in answers] == ["no-store", "public, no-cache"]
    assert [("Set-Cookie" in one.headers, "Cookie" in one.headers.get("Vary", "")) for one in answers] == [
        (False,) * 2
    ] * 2


# ---- encrypted lines and the name of the site ------------------------------------------------------------------------


@pytest.fixture
def real(world: World, settings: Settings) -> Flask:
    """An installation with its own address, behind TLS."""
    return create_app(
        replace(settings, demo=False, secure_cookies=True, base_url="https://zhengji.example"), world.database
    )


HERE = "https://zhengji.example"


def test_behind_tls_browsers_are_told_to_stay_there(real: Flask, app: Flask):
    client = real.test_client()
    plain = client.get("/sign-in", base_url="http://zhengji.example")
    answers = [client.get(one, base_url=HERE) for one in ("/sign-in", "/nowhere", "/static/zhengji.css", "/")]
    assert (plain.status_code, plain.headers["Location"]) == (302, f"{HERE}/sign-in")
    assert {one.headers["Strict-Transport-Security"] for one in answers} == {"max-age=31556926; includeSubDomains"}
    in_clear = (plain, app.test_client().get("/sign-in"))
    assert ["Strict-Transport-Security" in one.headers for one in in_clear] == [False, False]


def test_a_server_in_front_may_be_the_one_that_speaks_tls(real: Flask):
    said = {"X-Forwarded-Proto": "https"}
    answer = real.test_client().get("/sign-in", base_url="http://zhengji.example", headers=said)
    cookie = answer.headers["Set-Cookie"]
    assert (answer.status_code, "Strict-Transport-Security" in answer.headers) == (200, True)
    assert ["HttpOnly" in cookie, "SameSite=Lax" in cookie, "Secure" in cookie] == [True, True, True]


@pytest.mark.parametrize(
    "host", ["evil.example", "zhengji.example.evil.example", "zhengji.example@evil.example", "127.0.0.1"]
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_another_name_than_the_installation_s_own_is_refused(scheme: str, host: str, real: Flask):
    answer = real.test_client().get("/sign-in", base_url=f"{scheme}://zhengji.example", headers={"Host": host})
    assert (answer.status_code, host in str(answer.headers), host in answer.get_data(as_text=True)) == (
        400,
        False,
        False,
    )


@pytest.mark.parametrize("host", ["zhengji.example", "ZHENGJI.example", "zhengji.example:443"])
def test_its_own_name_is_served_however_it_is_written(host: str, real: Flask):
    answer = real.test_client().get("/sign-in", base_url=HERE, headers={"Host": host})
    assert answer.status_code == 200


FORGED = {
    "Host": "evil.example",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Server": "evil.example",
    "X-Host": "evil.example",
    "Forwarded": "host=evil.example",
    "X-Original-URL": "/evil.example",
    "X-Rewrite-URL": "/evil.example",
}


def elsewhere(app: Flask, client: FlaskClient) -> Callable[..., TestResponse]:
    """How a browser asks that is signed in here and says it were elsewhere."""
    cookie = client.get_cookie("zhengji")
    headers = {**FORGED, "Cookie": f"zhengji={cookie.value if cookie else ''}"}
    return partial(app.test_client(use_cookies=False).open, headers=headers)


def test_no_page_redirect_or_file_follows_a_forged_host(app: Flask, sign_in: As, peopled: World):
    ask = elsewhere(app, sign_in("liaison"))
    places = [address for _, address in addresses(app)] + ["//cases", "/cases//1", "/cases?after=x", "/public"]
    assert ask("/pushes").status_code == 200
    followed = []
    for place in places:
        answer = ask(place)
        if "evil.example" in str(answer.headers) or b"evil.example" in answer.data:
            followed.append(place)
    assert followed == []


def test_a_forged_host_does_not_get_into_a_mail(app: Flask, sign_in: As, peopled: World):
    batch = peopled.batch([peopled.case(CaseState.PROVINCE_REVIEWED)])
    answer = elsewhere(app, sign_in("leader"))(f"/batches/{batch}")
    assert (answer.status_code, "evil.example" in answer.get_data(as_text=True)) == (200, False)


def test_a_forged_host_does_not_get_into_a_redirect_after_a_form(app: Flask, sign_in: As, world: World):
    client = sign_in("author")
    shown = page(client, "/cases/new")
    token = shown.partition('name="csrf_token" value="')[2].partition('"')[0]
    fields = {"csrf_token": token, "call": world.call_version, "centre": world.centres["university"]}
    answer = elsewhere(app, client)("/cases/new", method="POST", data=fields)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/cases/1/edit")


# ---- what is sent comes back in no header ----------------------------------------------------------------------------


@pytest.mark.parametrize("words", BREAKING)
def test_no_query_path_or_field_splits_a_header(words: str, app: Flask, sign_in: As, world: World):
    client = sign_in("author")
    raw = words.encode("utf-8", "surrogatepass")
    signed_out = app.test_client()
    answers = [
        signed_out.get("/cases", query_string={"state": raw, "lang": raw}),
        signed_out.get("/x" + "".join(f"%{one:02x}" for one in raw)),
        client.get("/cases", query_string={"text": raw, "after": raw}),
        client.get("/cases/1/seal/pages/1.png", query_string={"ticket": raw}),
        send(
            app.test_client(),
            "/sign-in",
            login="author",
            password=PASSWORD,
            next="/" + words.encode("utf-8", "replace").decode(),
        ),
    ]
    assert [one.status_code for one in answers if one.status_code >= 500] == []
    assert [one for one in answers for name, value in one.headers if not value.isprintable() or name == "X-Evil"] == []


def by_hand(fields: dict[str, str], slot: str, name: str, data: bytes) -> dict[str, Any]:
    """A form with one file whose name holds what no browser would send."""
    parts = [f'Content-Disposition: form-data; name="{one}"\r\n\r\n{value}'.encode() for one, value in fields.items()]
    named = quote(name.encode("utf-8", "surrogatepass"))
    head = f"Content-Disposition: form-data; name=\"{slot}\"; filename*=UTF-8''{named}\r\n\r\n"
    body = b"".join(b"--x\r\n" + one + b"\r\n" for one in [*parts, head.encode() + data]) + b"--x--\r\n"
    return {"data": body, "content_type": "multipart/form-data; boundary=x"}


@pytest.mark.parametrize("words", BREAKING)
def test_no_file_name_splits_a_header(words: str, sign_in: As, world: World):
    client = sign_in("author")
    case = world.draft()
    word = client.get(f"/cases/{case}/document.docx").data
    fields = hidden(page(client, f"/cases/{case}/upload"))
    answer = client.post(f"/cases/{case}/upload", **by_hand(fields, "case", f'案{words}";x=".docx', word))
    shown = answer.get_data(as_text=True)
    client.post(f"/cases/{case}/take-over", data=form_to(shown, f"/cases/{case}/take-over").fields)
    listed = page(client, f"/cases/{case}")
    [place] = set(re.findall(rf'href="(/cases/{case}/papers/\d+)"', listed))
    got = client.get(place)
    sent = got.headers["Content-Disposition"]
    assert (got.status_code, sent.isprintable(), sent.startswith("attachment"), "X-Evil" in got.headers) == (
        200,
        True,
        True,
        False,
    )
