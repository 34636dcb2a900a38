"""Access tokens: made once more asked who one is, shown once, kept as a digest, and over as soon as they should be."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from rules.roles import Role
from states.case import CaseState
from tests.web.conftest import As, hidden, send
from tests.web.programs import Asks, Program, made
from tests.worlds import World
from web import receipts
from web.api import gate
from web.app import create_app
from workflow.identity import passwords, people, throttle, tokens
from workflow.jobs import worker
from workflow.jobs.queue import prepare
from workflow.jobs.running import Progress
from workflow.settings import Settings
from workflow.store.models import AccessToken, ApiAnswer, AuditEvent, Base, FailedTries, Job, Person
from workflow.store.people import set_active

pytestmark = pytest.mark.database

PAGE = "/account/tokens"


def shown(answer: TestResponse) -> str:
    found = re.search(r"<code[^>]*data-token>([^<]+)</code>", answer.get_data(as_text=True))
    assert found, answer.get_data(as_text=True)
    return found[1]


# ---- on the page -----------------------------------------------------------------------------------------------------


def test_a_token_is_shown_once_and_opens_the_api(sign_in: As, app: Flask, world: World):
    case = world.case(CaseState.DRAFT)
    browser = sign_in("author")
    token = shown(send(browser, PAGE, name="案例管理系统", scope=["act"], days=30))
    again = browser.get(PAGE).get_data(as_text=True)
    assert Program.of(app, token).get(f"/cases/{case}").status_code == 200
    used = browser.get(PAGE).get_data(as_text=True)
    assert [token in again, "案例管理系统" in again, "还没有用过" in again, "最近使用" in used] == [
        False,
        True,
        True,
        True,
    ]


def test_making_one_asks_once_more_who_one_is(sign_in: As, world: World):
    browser = sign_in("author")
    fields = hidden(browser.get(PAGE).get_data(as_text=True), PAGE)
    answer = browser.post(PAGE, data={**fields, "name": "x", "days": "30"})
    assert (answer.status_code, "again-form" in answer.get_data(as_text=True)) == (422, True)
    with world.database.reading() as session:
        assert session.scalars(select(AccessToken.id)).all() == []


def test_no_table_holds_a_token(sign_in: As, world: World):
    token = shown(send(sign_in("author"), PAGE, name="x", days=7))
    with world.database.reading() as session:
        for table in Base.metadata.sorted_tables:
            assert token not in repr(session.execute(select(table)).all()), table.name


def test_making_and_ending_stand_on_the_trail_and_on_the_page(sign_in: As, app: Flask, world: World):
    browser = sign_in("author")
    token = shown(send(browser, PAGE, name="x", days=7))
    with world.database.reading() as session:
        row = session.scalars(select(AccessToken.id)).one()
    send(browser, PAGE, f"{PAGE}/{row}/end")
    with world.database.reading() as session:
        found = session.scalars(select(AuditEvent.action).where(AuditEvent.action.like("person.%_token"))).all()
    assert sorted(found) == ["person.end_token", "person.make_token"]
    assert Program.of(app, token).get("/calls").status_code == 401
    assert "停用访问令牌" in browser.get("/account").get_data(as_text=True)


@pytest.mark.parametrize("mails", [True, False])
def test_the_person_is_told_by_mail_where_there_is_a_server(mails: bool, world: World, settings: Settings):
    with world.database.transaction() as session:
        session.execute(update(Person).where(Person.login == "author").values(email="author@example.cn"))
    server = {"smtp_url": "smtp://localhost:2525", "mail_from": "zhengji@office.example"} if mails else {}
    made(world, replace(settings, **server), "author")
    with world.database.reading() as session:
        queued = session.scalars(select(Job.arguments).where(Job.name == "mail_notice")).all()
    assert [each[:2] for each in queued] == [[world.people["author"].id, "token"]] * mails


def test_somebody_elses_token_is_not_mine_to_end(sign_in: As, program: Asks, world: World):
    theirs = program("sealer")
    with world.database.reading() as session:
        row = session.scalars(select(AccessToken.id)).one()
    send(sign_in("author"), PAGE, f"{PAGE}/{row}/end")
    assert theirs.get("/calls").status_code == 200


@pytest.mark.parametrize("fields", [{"name": "", "days": 30}, {"name": "x", "days": 31}, {"name": "x" * 41, "days": 7}])
def test_what_cannot_be_is_told(fields: dict[str, object], sign_in: As, world: World):
    answer = send(sign_in("author"), PAGE, **fields)
    assert (answer.status_code, "flash-refused" in answer.get_data(as_text=True)) == (422, True)
    with world.database.reading() as session:
        assert session.scalars(select(AccessToken.id)).all() == []


def test_nobody_has_more_than_twenty(sign_in: As, program: Asks):
    for _ in range(20):
        program("author")
    answer = send(sign_in("author"), PAGE, name="x", days=7)
    assert (answer.status_code, "最多同时有 20 个" in answer.get_data(as_text=True)) == (422, True)


# ---- what it opens ---------------------------------------------------------------------------------------------------


def test_without_one_nothing_opens_and_it_is_said_how(app: Flask):
    answer = app.test_client().get("/api/v1/cases")
    told = answer.get_json()
    assert (answer.status_code, answer.mimetype, answer.headers["WWW-Authenticate"].split(" ")[0]) == (
        401,
        "application/problem+json",
        "Bearer",
    )
    assert (told["type"], "访问令牌" in told["detail"], "access token" in told["detail_en"]) == (
        "/api#not-let-in",
        True,
        True,
    )


def test_what_a_browser_keeps_opens_nothing_to_programs(sign_in: As):
    assert sign_in("author").get("/api/v1/cases").status_code == 401


def test_a_token_opens_no_screen(app: Flask, program: Asks):
    token = program("author").token
    answer = app.test_client().get("/cases", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/sign-in")


def test_no_answer_sets_a_cookie(program: Asks):
    answers = [program("author").get("/calls", lang="en"), program("author").get("/cases/999")]
    assert [one.headers.getlist("Set-Cookie") for one in answers] == [[], []]


def test_a_token_does_no_more_than_it_was_made_for(program: Asks, world: World):
    case = world.case(CaseState.CENTRE_STAMPED)
    reader, other = program("reviewer", "read"), program("reviewer", "read", "act")
    body = {"remark": "请补充", "mark": world.row(case).mark}
    answers = [one.post(f"/cases/{case}/return_to_centre", body) for one in (reader, other)]
    assert [(one.status_code, one.get_json().get("type")) for one in answers] == [
        (403, "/api#scope-missing"),
        (200, None),
    ]


def test_grave_steps_need_a_token_made_for_them(program: Asks, world: World):
    case = world.draft()
    answer = program("sealer", "read", "act").post(f"/cases/{case}/stamp", {"mark": world.row(case).mark})
    assert (answer.status_code, answer.get_json()["type"]) == (403, "/api#scope-missing")


# ---- when it is over -------------------------------------------------------------------------------------------------


def _disabled(world: World) -> None:
    with world.database.transaction() as session:
        people.disable(session, world.people["reviewer"].id, actor=world.people["administrator"], at=world.at)


def _enabled_again(world: World) -> None:
    _disabled(world)
    with world.database.transaction() as session:
        set_active(session, world.people["reviewer"].id, True)


def _expired(world: World) -> None:
    with world.database.transaction() as session:
        session.execute(update(AccessToken).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))


@pytest.mark.parametrize("end", [_disabled, _enabled_again, _expired])
def test_it_is_over_with_the_next_request(end: Callable[[World], None], program: Asks, world: World):
    one = program("reviewer")
    before = one.get("/cases").status_code
    end(world)
    assert (before, one.get("/cases").status_code) == (200, 401)


@pytest.mark.parametrize(("days", "left"), [(29, 1), (31, 0)])
@pytest.mark.parametrize("column", ["ended_at", "expires_at"])
def test_rows_of_tokens_that_are_long_over_go_by_night(column: str, days: int, left: int, program: Asks, world: World):
    program("author")
    now = datetime.now(UTC)
    with world.database.transaction() as session:
        session.execute(update(AccessToken).values({column: now - timedelta(days=days)}))
    tokens.forget(world.database, at=now)
    with world.database.reading() as session:
        assert len(session.scalars(select(AccessToken.id)).all()) == left


def test_the_work_of_the_night_empties_answers_and_drops_old_tokens(program: Asks, world: World, settings: Settings):
    """The work itself, as its worker does it."""
    prepare(world.database.url)
    case = world.case(CaseState.CENTRE_STAMPED)
    program("reviewer").post(f"/cases/{case}/return_to_centre", {"remark": "请补充", "mark": world.row(case).mark})
    long_ago = datetime.now(UTC) - timedelta(days=31)
    with world.database.transaction() as session:
        session.execute(update(ApiAnswer).values(at=long_ago))
        session.execute(update(AccessToken).values(expires_at=long_ago))
    progress = Progress(world.database, "", 1, "", threading.Event())
    told = worker._clear_work(worker.workshop(settings, world.database), progress)
    with world.database.reading() as session:
        left = session.scalars(select(ApiAnswer.answer)).all(), session.scalars(select(AccessToken.id)).all()
    assert (told.split(", ")[2:4], left) == (["1 answers", "1 tokens"], ([""], []))


def test_a_new_password_ends_it(program: Asks, world: World, settings: Settings):
    one = program("reviewer")
    with world.database.transaction() as session:
        people.set_password(
            session,
            settings,
            world.people["reviewer"].id,
            "four unrelated words here",
            actor=world.people["administrator"],
            at=world.at,
        )
    assert one.get("/cases").status_code == 401


def test_a_role_taken_away_takes_what_it_reached(program: Asks, world: World):
    case = world.case(CaseState.CENTRE_STAMPED)
    one = program("reviewer")
    before = one.get(f"/cases/{case}").status_code
    with world.database.transaction() as session:
        reviewer = world.people["reviewer"].id
        office = world.offices["first"]
        people.revoke(session, reviewer, Role.REVIEWER, office, actor=world.people["administrator"], at=world.at)
    assert (before, one.get(f"/cases/{case}").status_code) == (200, 404)


def _by_program(_app: Flask, one: Program, case: int) -> int:
    return one.post(f"/cases/{case}/stamp", {"mark": "1.1"}).status_code


def _by_form(app: Flask, _one: Program, _case: int) -> int:
    return send(app.test_client(), "/sign-in", login="sealer", password="wrong").status_code


def test_guessing_is_slowed_and_keeps_nobody_with_a_token_out(app: Flask, program: Asks):
    right = program("author")
    wrong = Program.of(app, "zj_guessed")
    came = [wrong.get("/calls").status_code for _ in range(throttle.PER_ADDRESS + 1)]
    answer = wrong.get("/calls")
    assert (came[0], answer.status_code, int(answer.headers["Retry-After"]) > 0) == (401, 429, True)
    assert right.get("/calls").status_code == 200


def test_a_program_with_an_old_token_keeps_nobody_from_signing_in(app: Flask, sign_in: As):
    stale = Program.of(app, "zj_forgotten")
    came = [stale.get("/calls").status_code for _ in range(throttle.PER_ADDRESS + 1)]
    assert (came[-1], sign_in("author").get("/cases").status_code) == (429, 200)


def test_signing_in_that_failed_too_often_keeps_no_program_out(app: Flask, world: World, settings: Settings):
    with world.database.transaction() as session:
        for _ in range(throttle.PER_ADDRESS):
            throttle.failed(session, throttle.address("127.0.0.1"), datetime.now(UTC), throttle.PER_ADDRESS)
    assert Program.of(app, "zj_forgotten").get("/calls").status_code == 401


def test_who_asks_too_often_spends_no_proof(program: Asks, world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gate, "PER_PERSON", "1 per minute")
    one, case = program("sealer"), world.draft()
    one.proof = "wrong"
    one.get("/calls")
    answer = one.post(f"/cases/{case}/stamp", {"mark": world.row(case).mark})
    receipts.limiter.reset()
    with world.database.reading() as session:
        tried = session.get(FailedTries, throttle.account("sealer"))
    assert (answer.status_code, tried) == (429, None)


@pytest.mark.parametrize("by", [_by_program, _by_form], ids=["proof of a program", "sign-in"])
def test_a_closed_account_costs_no_hash(
    by: Callable[[Flask, Program, int], int], app: Flask, program: Asks, world: World, monkeypatch: pytest.MonkeyPatch
):
    one, case = program("sealer"), world.draft()
    one.proof = "wrong"
    came = [by(app, one, case) for _ in range(throttle.PER_ACCOUNT)]
    hashed = []
    matches = passwords.matches
    monkeypatch.setattr(passwords, "matches", lambda *said: hashed.append(said) or matches(*said))
    assert (came[0] in (403, 422), by(app, one, case), hashed) == (True, 429, [])


def test_who_asks_too_often_waits(program: Asks):
    one, other = program("author"), program("sealer")
    came = {one.get("/openapi.json").status_code for _ in range(601)} | {one.get("/calls").status_code}
    others = other.get("/calls").status_code
    receipts.limiter.reset()
    assert (came, others) == ({200, 429}, 200)


def test_a_second_factor_that_a_role_asks_for_is_asked_of_programs_too(world: World, settings: Settings):
    strict = create_app(replace(settings, second_factor=frozenset({"reviewer"})), world.database)
    answer = Program.of(strict, made(world, settings, "reviewer")).get("/cases")
    assert (answer.status_code, "第二验证方式" in answer.get_json()["detail"]) == (403, True)


def test_each_act_says_with_which_token_it_was_done(program: Asks, world: World):
    case = world.case(CaseState.CENTRE_STAMPED)
    one = program("reviewer")
    one.post(f"/cases/{case}/return_to_centre", {"remark": "请补充", "mark": world.row(case).mark})
    with world.database.reading() as session:
        token = session.scalars(select(AccessToken.id)).one()
    assert f'"token":{token}' in world.events(case, "case.return_to_centre")[0].body


def test_what_was_refused_says_too_by_which_token_it_came(program: Asks, world: World):
    case = world.case(CaseState.CENTRE_STAMPED)
    draft = world.draft()
    world.seal(draft)
    one, sealer = program("reviewer"), program("sealer")
    refused = [
        one.post(f"/cases/{case}/submit", {"mark": world.row(case).mark}),
        one.post(f"/cases/{case}/publish", {"mark": world.row(case).mark}),
        sealer.post(f"/cases/{draft}/stamp", {"mark": "9.9"}),
    ]
    sealer.proof = "wrong"
    refused.append(sealer.post(f"/cases/{draft}/stamp", {"mark": world.row(draft).mark}))
    with world.database.reading() as session:
        rows = dict(session.execute(select(AccessToken.person_id, AccessToken.id)).all())
        events = session.scalars(select(AuditEvent).where(AuditEvent.action.in_(REFUSED))).all()
    assert [one.status_code for one in refused] == [409, 403, 409, 403]
    assert sorted((one.action, one.outcome) for one in events) == [
        ("case.turn_away", "refused"),
        ("case.turn_away", "refused"),
        ("door.closed", "refused"),
        ("person.confirm", "done"),
        ("person.confirm", "refused"),
    ]
    assert [one.action for one in events if f'"token":{rows[one.person_id]}' not in one.body] == []


REFUSED = ("case.turn_away", "door.closed", "person.confirm")
