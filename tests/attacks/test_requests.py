"""Requests that no page of ours makes: extra fields, no token, another site's address, odd methods, huge or double."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.http import parse_options_header

from states.case import CaseState
from tests.attacks.forms import sent_as_shown
from tests.attacks.sent import BREAKING
from tests.web.conftest import PASSWORD, As, hidden, post, send, send_fields
from tests.web.test_cases import page, typed
from tests.web.test_foundation import _value
from tests.worlds import World
from workflow.identity import people
from workflow.store.models import Base, Batch, Case, Centre, Office, Person

pytestmark = pytest.mark.database


OF_THE_SESSION = {"sign_in", "failed_tries", "challenge", "access_token"}
"""Tables that say when somebody was last here."""


def everything(world: World) -> str:
    """A digest of all that the database holds, but for when somebody was last here."""
    digest = hashlib.sha256()
    with world.database.reading() as session:
        for table in Base.metadata.sorted_tables:
            if table.name not in OF_THE_SESSION:
                rows = sorted(repr(tuple(row)) for row in session.execute(select(table)))
                digest.update(repr((table.name, rows)).encode())
    return digest.hexdigest()


def posts(app: Flask) -> list[tuple[str, str]]:
    """(endpoint, an address of it) of everything that takes a form."""
    adapter = app.url_map.bind("localhost")
    return [
        (
            rule.endpoint,
            adapter.build(rule.endpoint, {name: _value(rule, name) for name in rule.arguments}, method="POST"),
        )
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ())
    ]


def refused(endpoint: str) -> int:
    """What a form without its token comes to; to programs, what a browser sends along opens nothing at all."""
    return 401 if endpoint.startswith("api.") else 400


# ---- tokens ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", ["author_and_sealer", "reviewer_and_leader", "desk_and_editor", "administrator"])
def test_no_form_is_taken_without_its_token(login: str, app: Flask, sign_in: As, world: World):
    world.case(CaseState.SHORTLISTED)
    client, stranger = sign_in(login), app.test_client()
    theirs = hidden(page(stranger, "/sign-in"))["csrf_token"]
    before = everything(world)
    tokens: list[dict[str, str]] = [{}, {"csrf_token": ""}, {"csrf_token": "x"}, {"csrf_token": theirs}]
    taken = [
        (endpoint, token)
        for endpoint, address in posts(app)
        for token in tokens
        if client.post(address, data={**token, "words": "x", "remark": "x"}).status_code != refused(endpoint)
    ]
    crossing = [
        endpoint
        for endpoint, address in posts(app)
        if client.post(
            address, headers={"Origin": "https://evil.example", "Referer": "https://evil.example/"}
        ).status_code
        != refused(endpoint)
    ]
    assert (taken, crossing, everything(world)) == ([], [], before)


# ---- extra fields ----------------------------------------------------------------------------------------------------

EXTRA = {
    "id": "999",
    "state": "published",
    "to_state": "published",
    "version": "77",
    "revision": "77",
    "head": "0" * 64,
    "content": "0" * 64,
    "centre_id": "3",
    "office_id": "2",
    "author_id": "1",
    "reviewer_id": "1",
    "selector_id": "1",
    "by_id": "1",
    "person_id": "1",
    "number": "2021-205-XX-9999",
    "stream": "case/999",
    "call_version_id": "999",
    "call_number": "x",
    "length": "1",
    "least_length": "1",
    "created_at": "2000-01-01",
    "changed_at": "2000-01-01",
    "moved_at": "2000-01-01",
    "first_stamped_at": "2000-01-01",
    "first_submitted_at": "2000-01-01",
    "published_at": "2000-01-01",
    "sent_at": "2000-01-01",
    "own_day": "2030-01-01",
    "role": "administrator",
    "roles": "administrator",
    "grants": "administrator",
    "unit_id": "1",
    "active": "0",
    "is_admin": "1",
    "session_epoch": "9",
    "position": "99",
    "example": "1",
    "code": "ZZ",
    "at": "2000-01-01",
    "op": "x",
    "actor": "1",
    "seen_by": "1",
    "__class__": "x",
    "case.state": "published",
    "case[state]": "published",
}
"""Names of our columns, and words with which other programs were bent."""

Change = Callable[[World, As, dict[str, str], int], dict[str, Any]]


def _columns(row: Any, *but: str) -> dict[str, Any]:
    """A row but for its identity and what it is called."""
    own = {
        "id",
        "number",
        "stream",
        "head",
        "salt",
        "title",
        "content",
        "sections",
        "form",
        "recipient",
        "login",
        "password",
        *but,
    }
    return {one.name: getattr(row, one.name) for one in row.__table__.columns if one.name not in own}


def _an_edit(world: World, sign_in: As, extra: dict[str, str], turn: int) -> dict[str, Any]:
    case = world.draft(world.content(title="题目"))
    send(sign_in("author"), f"/cases/{case}/edit", **{**extra, **typed(world.content())})
    return _columns(world.row(case))


def _a_new_case(world: World, sign_in: As, extra: dict[str, str], turn: int) -> dict[str, Any]:
    fields = {"call": world.call_version, "centre": world.centres["university"]}
    answer = send(sign_in("author"), "/cases/new", **{**extra, **fields})
    return _columns(world.row(int(re.findall(r"\d+", answer.headers["Location"])[0])))


def _a_step(world: World, sign_in: As, extra: dict[str, str], turn: int) -> dict[str, Any]:
    case = world.case(CaseState.DRAFT)
    client = sign_in("sealer")
    sent_as_shown(client, page(client, f"/cases/{case}"), f"/cases/{case}/stamp", **extra)
    return _columns(world.row(case))


def _a_consent(world: World, sign_in: As, extra: dict[str, str], turn: int) -> dict[str, Any]:
    case = world.draft()
    send(
        sign_in("author"), f"/cases/{case}/editorial", f"/cases/{case}/editorial/consent", **{**extra, "words": "同意"}
    )
    return _columns(world.row(case))


def _details_of_a_batch(world: World, sign_in: As, extra: dict[str, str], turn: int) -> dict[str, Any]:
    batch = world.batch()
    client = sign_in("leader")
    sent_as_shown(
        client, page(client, f"/batches/{batch}"), f"/batches/{batch}/details", **{**extra, "subject": "标题"}
    )
    with world.database.reading() as session:
        return _columns(session.get_one(Batch, batch), "position")


def _a_new_person(world: World, sign_in: As, extra: dict[str, str], turn: int) -> dict[str, Any]:
    fields = {"login": f"new{turn}", "name": "新人", "email": "new@centre.example"}
    sent_as_shown_on(sign_in("administrator"), "/admin/people/new", **{**extra, **fields})
    with world.database.reading() as session:
        made = session.scalars(select(Person).where(Person.login == f"new{turn}")).one()
        return {**_columns(made), "grants": [one.role for one in made.grants]}


def _an_office(world: World, sign_in: As, extra: dict[str, str], turn: int) -> dict[str, Any]:
    office = world.offices["first"]
    sent_as_shown_on(
        sign_in("administrator"), f"/admin/offices/{office}", **{**extra, "email": "office@province.example"}
    )
    with world.database.reading() as session:
        return _columns(session.get_one(Office, office), "code")


def _a_centre(world: World, sign_in: As, extra: dict[str, str], turn: int) -> dict[str, Any]:
    centre = world.centres["university"]
    sent_as_shown_on(sign_in("administrator"), f"/admin/centres/{centre}", **{**extra, "host_unit": "示例大学"})
    with world.database.reading() as session:
        return _columns(session.get_one(Centre, centre))


def sent_as_shown_on(client: FlaskClient, address: str, **changes: object) -> Any:
    return sent_as_shown(client, page(client, address), address, **changes)


CHANGES: list[Change] = [
    *(_an_edit, _a_new_case, _a_step, _a_consent, _details_of_a_batch, _a_new_person, _an_office, _a_centre),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.__name__.strip("_"))
def test_a_field_that_a_form_does_not_have_changes_nothing(change: Change, sign_in: As, world: World):
    plain = change(world, sign_in, {}, 1)
    with_more = change(world, sign_in, EXTRA, 2)
    times = {name for name, value in plain.items() if hasattr(value, "tzinfo")}
    assert {name: value for name, value in with_more.items() if name not in times} == {
        name: value for name, value in plain.items() if name not in times
    }
    assert [name for name in times if with_more[name] is not None and with_more[name].year < 2021] == []


# ---- another site's address ------------------------------------------------------------------------------------------

ELSEWHERE = (
    *(
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "////evil.example",
        "/\\evil.example",
        "\\\\evil.example",
    ),
    *("/\t/evil.example", "/\n/evil.example", "\t//evil.example", " //evil.example", "/%09/evil.example"),
    *("http:evil.example", "https:/evil.example", "javascript:alert(1)", "data:text/html,x", "vbscript:x"),
    *("//evil.example%2f..", "/..//evil.example", "//evil%E3%80%82example", "／／evil.example", "/／evil.example"),
    *("https://localhost@evil.example", "//localhost:80@evil.example", "/@evil.example", ".evil.example"),
    *("%2f%2fevil.example", "%5cevil.example", "/%2f/evil.example", "\u2028//evil.example", "/\u202e//evil.example"),
    *(
        "/;@evil.example",
        "//google.com/%2f..",
        "https:evil.example",
        "/\r\nLocation: //evil.example",
    ),
)


def leads_to(answer: Any, here: str = "http://localhost/sign-in") -> str:
    """The host at which a browser lands: it reads \\ as /, and drops tabs and line ends."""
    location = re.sub(r"[\t\r\n]", "", answer.headers.get("Location", "/")).strip().replace("\\", "/")
    return urlsplit(urljoin(here, location)).netloc


@pytest.mark.parametrize("target", ELSEWHERE, ids=ascii)
def test_signing_in_leads_nowhere_else(target: str, app: Flask):
    client = app.test_client()
    shown = page(client, "/sign-in?next=" + quote(target.encode("utf-8", "surrogatepass")))
    fields = {**hidden(shown, "/sign-in"), "login": "author", "password": PASSWORD, "next": target.replace("\0", "")}
    answer = client.post("/sign-in", data=fields)
    assert (answer.status_code, leads_to(answer)) == (302, "localhost")


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example"])
def test_no_page_or_form_leads_to_where_the_browser_says_it_comes_from(
    target: str, app: Flask, sign_in: As, world: World
):
    client = sign_in("author")
    headers = {"Referer": target, "Origin": "http://localhost"}
    token = hidden(page(client, "/"))["csrf_token"]
    query = {"next": target, "url": target, "return": target, "back": target, "redirect": target, "lang": target}
    answers = [client.post(address, data={"csrf_token": token, **query}, headers=headers) for _, address in posts(app)]
    client = sign_in("author")
    answers += [client.get(one, query_string=query, headers=headers) for one in ("/", "/cases", "/public", "/sign-in")]
    assert {leads_to(one) for one in answers} == {"localhost"}
    assert [one for one in answers if f'href="{target}' in one.get_data(as_text=True)] == []


# ---- sessions --------------------------------------------------------------------------------------------------------


def cookie(client: FlaskClient) -> str:
    found = client.get_cookie("zhengji")
    return found.value if found else ""


def signed_in_with(app: Flask, value: str) -> bool:
    client = app.test_client()
    client.set_cookie("zhengji", value)
    return client.get("/").status_code == 200


def test_a_cookie_from_before_signing_in_is_worth_nothing_after_it(app: Flask):
    client = app.test_client()
    page(client, "/sign-in")
    before = cookie(client)
    send(client, "/sign-in", login="author", password=PASSWORD)
    assert (cookie(client) != before, signed_in_with(app, before), signed_in_with(app, cookie(client))) == (
        True,
        False,
        True,
    )


def test_a_cookie_that_was_signed_out_stays_out(app: Flask, sign_in: As):
    client = sign_in("author")
    old = cookie(client)
    send(client, "/", "/sign-out")
    assert (signed_in_with(app, old), client.get("/").status_code) == (False, 302)


def _new_password(world: World, session: Any, settings: Any) -> None:
    given = {"actor": world.people["administrator"], "at": world.at}
    people.set_password(session, settings, world.people["author"].id, "another horse entirely", **given)


def _disabled(world: World, session: Any, settings: Any) -> None:
    people.disable(session, world.people["author"].id, actor=world.people["administrator"], at=world.at)


@pytest.mark.parametrize("what", [_new_password, _disabled], ids=lambda one: one.__name__.strip("_"))
def test_every_cookie_ends_with_the_password_or_the_account(
    what: Any, app: Flask, sign_in: As, world: World, settings: Any
):
    old = [cookie(sign_in("author")) for _ in range(2)]
    with world.database.transaction() as session:
        what(world, session, settings)
    assert [signed_in_with(app, one) for one in old] == [False, False]


def test_a_cookie_that_was_tampered_with_is_none(app: Flask, sign_in: As):
    value = cookie(sign_in("author"))
    signed, _, signature = value.rpartition(".")
    forged = [
        f"{signed}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}",  # of the last letter not every bit counts
        value.partition(".")[0],
        "." + value,
        value[::-1],
        "x" * 5000,
    ]
    assert [signed_in_with(app, one) for one in forged] == [False] * len(forged)


def told_apart(answer: Any, login: str) -> tuple[int, str]:
    """What an answer tells beside what was typed."""
    shown = re.sub(r'(name="(?:csrf_token|form_key)" value=")[^"]*', r"\1", answer.get_data(as_text=True))
    return answer.status_code, shown.replace(f'value="{login}"', 'value=""')


def test_nobody_learns_by_signing_in_which_logins_there_are(app: Flask, world: World):
    with world.database.transaction() as session:
        people.disable(session, world.people["translator"].id, actor=world.people["administrator"], at=world.at)
    tried = {"author": "wrong", "nobodyatall": "wrong", "translator": PASSWORD, "Translator ": "wrong"}
    answers = [
        told_apart(send(app.test_client(), "/sign-in", login=one, password=word), one) for one, word in tried.items()
    ]
    assert answers == [answers[0]] * len(answers)


# ---- paths and methods -----------------------------------------------------------------------------------------------

UP = (
    "../",
    "..%2f",
    "%2e%2e/",
    "%2e%2e%2f",
    "..\\",
    "..%5c",
    "....//",
    "%252e%252e%252f",
    "..%00/",
    "./../",
    "//../",
    "..;/",
)


@pytest.mark.parametrize("up", UP)
def test_no_path_leaves_the_folder_of_static_files(up: str, sign_in: As, world: World):
    case = world.draft()
    client = sign_in("author")
    starts = ["/static/", "/static/vendor/", f"/cases/{case}/papers/", "/public/", "/calls/", f"/cases/{case}/compare/"]
    ends = ["app.py", "../etc/passwd", "templates/base.html", "zhengji.db", "secret_key", "app.py%00.css"]
    answers = [client.get(f"{start}{up * 4}{end}") for start in starts for end in ends]
    found = [
        one
        for one in answers
        if one.status_code == 200 or any(sign in one.data for sign in (b"root:", b"import ", b"{% "))
    ]
    assert ({one.status_code for one in answers} <= {404, 400, 409}, found) == (True, [])


def test_no_method_is_another_method_in_disguise(app: Flask, sign_in: As, world: World):
    case = world.case(CaseState.DRAFT)
    client = sign_in("sealer")
    form = hidden(page(client, f"/cases/{case}"), f"/cases/{case}/stamp")
    before = everything(world)
    names = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
    for method in ("GET", "HEAD", "OPTIONS"):
        for name in names:
            client.open(f"/cases/{case}/stamp", method=method, query_string=form, headers={name: "POST"})
        client.open(f"/cases/{case}/stamp", method=method, query_string={**form, "_method": "POST"})
    codes = [
        client.open(f"/cases/{case}", method=one, data=form).status_code
        for one in ("PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "POST", "FOO")
    ]
    assert (everything(world), set(codes)) == (before, {405})


# ---- too much, twice, or in another shape ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "text=" + "x" * 200_000,
        "&".join(f"a{number}=1" for number in range(20_000)),
        "state[]=x&state[a][b]=c",
        "state=draft&state=published&sort=oldest&sort=newest",
        "=&&==&%&%zz=%zz&\ufffd",
        "after=" + "9" * 5000 + "~" + "9" * 5000,
    ],
    ids=["long", "many", "nested", "double", "odd", "numbers"],
)
def test_no_query_breaks_a_page(query: str, sign_in: As, world: World):
    world.draft()
    client = sign_in("author")
    codes = {
        client.get(f"{one}?{query}").status_code for one in ("/", "/cases", "/trail", "/public", "/calls", "/cases/1")
    }
    assert codes == {200}


def test_huge_headers_break_nothing(sign_in: As):
    client = sign_in("author")
    names = (
        "X-Filler",
        "User-Agent",
        "Accept-Language",
        "Referer",
        "Range",
        "If-None-Match",
        "If-Modified-Since",
        "Accept",
    )
    codes = {
        client.get(place, headers={one: "x, " * 20_000}).status_code for one in names for place in ("/", "/public")
    }
    assert codes == {200}


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/xml", "multipart/form-data", ""])
def test_a_body_that_is_no_form_changes_nothing(kind: str, app: Flask, sign_in: As, world: World):
    case = world.case(CaseState.DRAFT)
    client = sign_in("sealer")
    fields = hidden(page(client, f"/cases/{case}"), f"/cases/{case}/stamp")
    before = everything(world)
    answer = client.post(
        f"/cases/{case}/stamp",
        data=json.dumps(fields),
        content_type=kind,
        headers={"X-CSRFToken": fields["csrf_token"], "Referer": "http://localhost/"},
    )
    assert (answer.status_code < 500, answer.status_code != 302, world.state(case)) == (True, True, CaseState.DRAFT)
    assert everything(world) == before


def test_of_a_field_sent_twice_the_first_counts_and_no_second_thing_happens(sign_in: As, world: World):
    case, other = world.case(CaseState.DRAFT), world.case(CaseState.DRAFT)
    client = sign_in("sealer")
    fields = hidden(page(client, f"/cases/{case}"), f"/cases/{case}/stamp")
    twice = {name: [value, "x"] for name, value in fields.items()} | {"case_id": [str(case), str(other)]}
    answer = send_fields(client, f"/cases/{case}/stamp?case_id={other}&trigger=withdraw", twice)
    assert (answer.status_code, world.state(case), world.state(other)) == (
        302,
        CaseState.CENTRE_STAMPED,
        CaseState.DRAFT,
    )


def test_a_form_with_more_parts_than_any_of_ours_is_refused(sign_in: As, world: World):
    case = world.draft()
    client = sign_in("author")
    many = {f"field{number}": "x" for number in range(5000)}
    answer = post(client, f"/cases/{case}/edit", page(client, f"/cases/{case}/edit"), **many)
    assert (answer.status_code, world.row(case).revision) == (413, 1)


# ---- words that end up in headers and mails --------------------------------------------------------------------------


@pytest.mark.parametrize("words", BREAKING)
def test_no_subject_adds_a_header_to_a_mail(words: str, sign_in: As, world: World):
    from email import message_from_bytes, policy

    batch = world.batch()
    client = sign_in("leader")
    fields = {
        "subject": f"标题{words.encode('utf-8', 'replace').decode()}".replace("\0", "") + "\r\nBcc: evil@evil.example"
    }
    said = sent_as_shown(client, page(client, f"/batches/{batch}"), f"/batches/{batch}/details", **fields)
    answer = client.get(f"/batches/{batch}/mail.eml")
    mail = message_from_bytes(answer.data, policy=policy.default)
    assert (answer.status_code, sorted(mail.keys())) == (
        200,
        ["Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To"],
    )
    taken = said.status_code != 422  # what no document can hold is refused with the field's name, and the subject stays
    assert (str(mail["Subject"]).isprintable(), "Bcc: evil@evil.example" in str(mail["Subject"])) == (True, taken)


@pytest.mark.parametrize("words", BREAKING)
def test_no_title_splits_the_header_of_a_download(words: str, sign_in: As, world: World):
    case = world.draft()
    client = sign_in("author")
    title = words.encode("utf-8", "replace").decode()
    send(client, f"/cases/{case}/edit", **typed(world.content(title=f'{title}";filename="x.exe')))
    answers = [client.get(f"/cases/{case}/{one}") for one in ("document.docx", "form.xlsx")]
    named = [one.headers["Content-Disposition"] for one in answers]
    assert [one.isprintable() and one.startswith("attachment") for one in named] == [True, True]
    names = [parse_options_header(one)[1]["filename"] for one in named]
    assert [name.rpartition(".")[2] for name in names] == ["docx", "xlsx"]


def test_an_upload_without_a_name_or_with_ten_thousand_letters_in_it_breaks_nothing(sign_in: As, world: World):
    case = world.draft()
    client = sign_in("author")
    fields = hidden(page(client, f"/cases/{case}/upload"))
    codes = []
    for name in ("", " ", ".", "..", "x" * 10_000 + ".docx", "CON", "a" * 255, "..\\..\\x.docx", "/etc/passwd"):
        sent: dict[str, Any] = {**fields, "case": (io.BytesIO(b"PK"), name)}
        codes.append(client.post(f"/cases/{case}/upload", data=sent, content_type="multipart/form-data").status_code)
    assert set(codes) == {422}


def test_the_row_of_a_case_keeps_its_owner_whatever_is_sent(world: World, sign_in: As):
    case = world.draft()
    before = world.row(case)
    send(sign_in("author"), f"/cases/{case}/edit", **EXTRA)
    with world.database.reading() as session:
        after = session.get_one(Case, case)
        assert (after.centre_id, after.office_id, after.number, after.state, after.version) == (
            before.centre_id,
            before.office_id,
            before.number,
            before.state,
            before.version,
        )
