"""What holds on every screen: signing in, tokens, headers, cookies, languages, and pages for what cannot be served."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from states.case import CaseState
from tests.web.conftest import PASSWORD, As, hidden, post, send
from tests.worlds import World
from web import auth
from web.app import create_app
from web.menu import ENTRIES
from workflow.identity import people
from workflow.identity.secret_key import NoSecretKey
from workflow.settings import Settings
from workflow.store.models import AuditEvent
from workflow.store.people import count_unknown

pytestmark = pytest.mark.database


def addresses(app: Flask) -> list[tuple[str, str]]:
    """(endpoint, an address of it) of every screen that can be opened."""
    with app.test_request_context():
        adapter = app.url_map.bind("localhost")
        return [
            (rule.endpoint, adapter.build(rule.endpoint, {name: _value(rule, name) for name in rule.arguments}))
            for rule in app.url_map.iter_rules()
            if "GET" in (rule.methods or ())
        ]


def _value(rule, name: str) -> object:
    converter = rule._converters[name]
    kind = type(converter).__name__
    if kind == "AnyConverter":
        return sorted(converter.items)[0]
    return 1 if kind == "IntegerConverter" else "2021-03-20" if "day" in name else "x"


def asks_to_sign_in(endpoint: str, answer: TestResponse) -> bool:
    """Whether a browser is sent to the sign-in, and a program told that it needs a token."""
    if endpoint.startswith("api."):
        return (answer.status_code, answer.headers.get("WWW-Authenticate", "")[:6]) == (401, "Bearer")
    return answer.headers.get("Location", "").startswith("/sign-in")


def test_every_screen_asks_to_sign_in_unless_it_is_listed_as_open(app: Flask):
    client = app.test_client()
    shown = {endpoint for endpoint, address in addresses(app) if not asks_to_sign_in(endpoint, client.get(address))}
    assert shown - auth.OPEN == set()


def test_nothing_can_be_sent_without_signing_in(app: Flask):
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    adapter = app.url_map.bind("localhost")
    taken = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ())
        and not asks_to_sign_in(
            rule.endpoint,
            client.post(
                adapter.build(rule.endpoint, {name: _value(rule, name) for name in rule.arguments}, method="POST")
            ),
        )
    }
    assert taken - auth.OPEN == set()


def test_every_form_that_is_sent_without_its_token_is_refused_with_advice(sign_in: As):
    answer = sign_in("author").post("/cases/new", data={"centre": 1})
    assert (answer.status_code, "页面打开得太久了" in answer.get_data(as_text=True)) == (400, True)


def test_the_session_cookie_is_kept_from_scripts_and_from_other_sites(app: Flask):
    cookie = app.test_client().get("/sign-in").headers["Set-Cookie"]
    assert ["HttpOnly" in cookie, "SameSite=Lax" in cookie, "Secure" in cookie] == [True, True, False]


def test_the_session_cookie_stays_on_encrypted_lines_where_the_setting_says_so(world: World, settings: Settings):
    app = create_app(replace(settings, secure_cookies=True), world.database)
    assert "Secure" in app.test_client().get("/sign-in", base_url="https://localhost").headers["Set-Cookie"]


def test_pages_run_no_script_and_no_style_but_our_own_files(sign_in: As):
    policy = sign_in("author").get("/").headers["Content-Security-Policy"]
    rules = dict(one.strip().split(" ", 1) for one in policy.split(";"))
    assert [rules["script-src"], rules["style-src"], rules["object-src"], rules["frame-ancestors"]] == [
        "'self'",
        "'self'",
        "'none'",
        "'none'",
    ]


def test_pages_are_not_kept_by_browsers_and_static_files_are_asked_for_by_their_tag(sign_in: As):
    client = sign_in("author")
    style = client.get("/static/zhengji.css")
    again = client.get("/static/zhengji.css", headers={"If-None-Match": style.headers["ETag"]})
    assert [client.get("/").headers["Cache-Control"], again.status_code] == ["no-store", 304]


def test_no_template_holds_inline_script_or_style():
    templates = (Path(__file__).parents[2] / "web" / "templates").rglob("*.html")
    found = [
        (path.name, bad)
        for path in templates
        for bad in (" style=", "<style", "onclick=", "onsubmit=", "<script>", "javascript:")
        if bad in path.read_text(encoding="utf-8")
    ]
    assert found == []


def test_outside_a_demo_the_program_does_not_start_without_a_key(world: World, settings: Settings):
    with pytest.raises(NoSecretKey):
        create_app(replace(settings, demo=False, secret_key=""), world.database)


def test_a_demo_makes_its_key_once(world: World, settings: Settings):
    keys = {create_app(replace(settings, secret_key=""), world.database).config["SECRET_KEY"] for _ in range(2)}
    assert [len(key) for key in keys] == [64]


# ---- signing in ------------------------------------------------------------------------------------------------------


def test_the_right_password_leads_to_where_one_was_going(app: Flask):
    client = app.test_client()
    asked = client.get("/cases?state=draft").headers["Location"]
    answer = send(client, asked, "/sign-in", login="author", password=PASSWORD)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/cases?state=draft")


@pytest.mark.parametrize("target", ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example", "x"])
def test_signing_in_never_leads_to_another_site(target: str, app: Flask):
    client = app.test_client()
    shown = client.get("/sign-in").get_data(as_text=True)
    fields = {**hidden(shown), "login": "author", "password": PASSWORD, "next": target}
    assert client.post("/sign-in", data=fields).headers["Location"] == "/"


def test_an_unknown_login_and_a_wrong_password_are_told_the_same(app: Flask):
    client = app.test_client()
    answers = [send(client, "/sign-in", login=login, password="wrong") for login in ("author", "nobody")]
    words = [
        "登录名或密码不对" in answer.get_data(as_text=True).replace(login, "")
        for answer, login in zip(answers, ("author", "nobody"), strict=True)
    ]
    assert ([answer.status_code for answer in answers], words) == ([422, 422], [True, True])


def test_after_five_failures_an_account_has_to_wait_even_with_the_right_password(app: Flask):
    client = app.test_client()
    for _ in range(5):
        send(client, "/sign-in", login="author", password="wrong")
    answer = send(client, "/sign-in", login="author", password=PASSWORD)
    other = send(client, "/sign-in", login="sealer", password=PASSWORD)
    told = re.search(r"请在北京时间 (\S+ )?\d\d:\d\d 之后再试", answer.get_data(as_text=True))
    assert (answer.status_code, told is not None, other.status_code) == (429, True, 302)


def test_successful_sign_ins_do_not_count_as_failures(app: Flask):
    codes = [send(app.test_client(), "/sign-in", login="author", password=PASSWORD).status_code for _ in range(7)]
    assert codes == [302] * 7


def test_signing_out_ends_the_session(sign_in: As):
    client = sign_in("author")
    send(client, "/", "/sign-out")
    assert client.get("/").headers["Location"] == "/sign-in?next=/"


def test_a_raised_epoch_ends_every_session_at_once(sign_in: As, world: World, settings: Settings):
    client = sign_in("author")
    with world.database.transaction() as session:
        person = world.people["author"].id
        administrator = world.people["administrator"]
        people.set_password(session, settings, person, "another horse", actor=administrator, at=world.at)
    assert client.get("/").headers["Location"] == "/sign-in?next=/"


def test_a_disabled_account_is_out_at_once(sign_in: As, world: World):
    client = sign_in("author")
    with world.database.transaction() as session:
        people.disable(session, world.people["author"].id, actor=world.people["administrator"], at=world.at)
    assert client.get("/").headers["Location"] == "/sign-in?next=/"


def test_a_role_given_or_taken_is_effective_with_the_next_request(sign_in: As, world: World):
    client = sign_in("judge")
    case = world.case(CaseState.SUBMITTED)
    before = client.get(f"/cases/{case}").status_code
    with world.database.transaction() as session:
        person, administrator = world.people["judge"].id, world.people["administrator"]
        role = people.Role.DESK
        people.grant(session, person, role, actor=administrator, at=world.at)
    given = client.get(f"/cases/{case}").status_code
    with world.database.transaction() as session:
        people.revoke(session, person, role, actor=administrator, at=world.at)
    assert [before, given, client.get(f"/cases/{case}").status_code] == [404, 200, 404]


def test_the_demo_shows_its_accounts_and_a_real_installation_shows_none(app: Flask, world: World, settings: Settings):
    real = create_app(replace(settings, demo=False), world.database)
    shown = [one.test_client().get("/sign-in").get_data(as_text=True) for one in (app, real)]
    assert ['data-login="author"' in page for page in shown] == [True, False]


def test_guesses_at_logins_that_nobody_has_are_only_counted(app: Flask, world: World):
    send(app.test_client(), "/sign-in", login="nobody", password="guess")
    with world.database.transaction() as session:
        assert count_unknown(session, "2021-03-19") == 2


def test_words_sent_after_the_session_ended_are_shown_again(sign_in: As, world: World):
    case = world.draft()
    client = sign_in("author")
    shown = client.get(f"/cases/{case}/edit").get_data(as_text=True)
    client.delete_cookie("zhengji")
    written = "写了一个上午的正文，共有好几段，不能就这样丢了。"
    fields = {f"section:{world.call.sections[0].id}": written}
    assert written in post(client, f"/cases/{case}/edit", shown, **fields).get_data(as_text=True)


# ---- languages and pages for what cannot be served -------------------------------------------------------------------


def test_the_language_is_chosen_once_and_kept(sign_in: As):
    client = sign_in("author", "en")
    page = client.get("/cases").get_data(as_text=True)
    assert ['<html lang="en">' in page, "Cases" in page, "案例</h1>" in page] == [True, True, False]


@pytest.mark.parametrize(
    ("login", "path", "here"),
    [
        ("desk", "/", "我的工作"),
        ("desk", "/judging", "评审"),
        ("desk", "/judging/replacements", "评审"),
        ("desk", "/cases", "案例"),
        ("desk", "/overdue", "受理台"),
        ("desk", "/notices", "受理台"),
        ("author", "/overdue", "我的工作"),
        ("reviewer", "/courts", "汇总报送"),
        ("reviewer", "/worklists", "案例"),
        ("desk", "/drafts", "征集通知"),
        ("administrator", "/mails", "后台任务"),
        ("administrator", "/arrivals/quarantine", "管理"),
        ("administrator", "/admin/backups", "管理"),
        ("administrator", "/admin", "管理"),
    ],
)
def test_the_menu_tells_in_which_part_one_is(login: str, path: str, here: str, sign_in: As):
    menu, _, _ = sign_in(login).get(path).get_data(as_text=True).partition("<main")
    [said] = re.findall(r'<li><a href="[^"]*" aria-current="page">.*?</svg> ([^<]+)</a>', menu)
    assert said == here


@pytest.mark.parametrize(
    ("login", "sections"),
    [("desk", ["受理", "遴选", "发布", "记录与后台"]), ("author", []), ("reviewer", []), ("editor", [])],
)
def test_a_long_menu_stands_in_sections_and_loses_nothing(login: str, sections: list[str], sign_in: As, world: World):
    frame, _, _ = sign_in(login).get("/").get_data(as_text=True).partition("<main")
    assert re.findall(r"<summary>.*?</svg> (\S+)", frame.partition('class="menu"')[2]) == sections
    menu = re.findall(r'<li><a href="[^"]*"[^>]*>.*?</svg> ([^<]+)</a>', frame)
    roles = {str(one) for one in world.people[login].roles}
    assert sorted(menu) == sorted(one.zh for one in ENTRIES if not one.roles or one.roles & roles)


def test_the_other_language_is_one_click_away_on_the_same_page(sign_in: As):
    page = sign_in("author").get("/cases?state=draft").get_data(as_text=True)
    assert 'href="/cases?state=draft&amp;lang=en"' in page


MISSING = {"zh": "没有这个案例", "en": "There is no such case within your reach"}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_out_of_reach_does_not_exist(language: str, sign_in: As, world: World):
    case = world.case(CaseState.CENTRE_STAMPED)
    answer = sign_in("neighbour_reviewer", language).get(f"/cases/{case}")
    assert (answer.status_code, MISSING[language] in answer.get_data(as_text=True)) == (404, True)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_anothers_step_is_refused_and_the_knock_is_on_record(language: str, sign_in: As, world: World):
    case = world.case(CaseState.CENTRE_STAMPED)
    answer = sign_in("leader", language).get(f"/cases/{case}/edit")
    leader = world.people["leader"]
    kept = [(event.action, event.person_id) for event in events(world, f"doors/{leader.id}")]
    assert (answer.status_code, kept) == (403, [("door.closed", leader.id)])


@pytest.mark.parametrize(("language", "title"), [("zh", "没有这个页面"), ("en", "There is no such page")])
def test_a_wrong_address_is_told_in_the_usual_frame(language: str, title: str, sign_in: As):
    answer = sign_in("author", language).get("/nowhere")
    page = answer.get_data(as_text=True)
    assert (answer.status_code, title in page, 'class="masthead"' in page) == (404, True, True)


@pytest.mark.parametrize(
    ("language", "advice"), [("zh", "可以登录，或浏览公开案例。"), ("en", "Sign in, or read the published cases.")]
)
def test_who_is_not_signed_in_is_not_sent_to_a_menu(language: str, advice: str, app: Flask):
    page = app.test_client().get(f"/nowhere?lang={language}").get_data(as_text=True)
    assert (advice in page, '<nav class="menu' in page, 'href="/sign-in"' in page) == (True, False, True)


@pytest.mark.parametrize(("language", "title"), [("zh", "文件太大"), ("en", "The file is too large")])
def test_what_is_too_large_is_told_with_the_limit(language: str, title: str, app: Flask, sign_in: As, world: World):
    case = world.case(CaseState.DRAFT)
    client = sign_in("author", language)
    app.config["MAX_CONTENT_LENGTH"] = 1000
    answer = client.post(f"/cases/{case}/upload", data={"case": "x" * 2000})
    assert (answer.status_code, title in answer.get_data(as_text=True)) == (413, True)


@pytest.mark.parametrize(("language", "title"), [("zh", "系统出了问题"), ("en", "Something went wrong here")])
def test_our_own_mistakes_are_told_without_their_insides(language: str, title: str, app: Flask, sign_in: As):
    client = sign_in("author", language)

    def broken() -> str:
        raise RuntimeError("insides")

    app.view_functions["home.show"] = broken
    answer = client.get("/")
    page = answer.get_data(as_text=True)
    assert (answer.status_code, title in page, "insides" in page) == (500, True, False)


def test_the_day_of_the_demo_can_be_moved_and_is_on_record(sign_in: As, world: World):
    client = sign_in("author")
    send(client, "/", "/demo/clock", day="2021-06-20")
    page = client.get("/").get_data(as_text=True)
    assert ("2021年6月20日" in page, [event.action for event in events(world, "demo/clock/2021-03-19")]) == (
        True,
        ["demo.move_clock"],
    )


def test_a_real_installation_has_no_clock_to_move(world: World, settings: Settings):
    client = create_app(replace(settings, demo=False), world.database).test_client()
    send(client, "/sign-in", login="author", password=PASSWORD)
    shown = client.get("/").get_data(as_text=True)
    assert post(client, "/demo/clock", shown, day="2021-06-20").status_code == 404


def events(world: World, stream: str):

    with world.database.reading() as session:
        return list(session.scalars(select(AuditEvent).where(AuditEvent.stream == stream).order_by(AuditEvent.seq)))
