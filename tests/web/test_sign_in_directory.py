"""Signing in through an office's own directory, against a real provider in a process of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from threading import Event
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.web.conftest import As, hidden, post, send
from tests.worlds import World
from web.app import create_app
from workflow.identity import directory, people
from workflow.identity.directory import WrongDirectory
from workflow.settings import Settings
from workflow.store.models import AuditEvent, DirectoryLink

pytestmark = pytest.mark.database

OURS = "https://zhengji.example"
USERS = (
    {"sub": "u-100", "email": "chen@office.example", "email_verified": True},
    {"sub": "u-200", "email": "chen@office.example", "email_verified": True},
    {"sub": "u-300", "email": "wang@office.example", "email_verified": False},
    {"sub": "u-400", "email": "wang@office.example"},
)


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """An OpenID provider on loopback; gives its issuer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    claims = [word for one in USERS for word in ("--user-claims", json.dumps(one))]
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port), "-n", "true", *claims]
    running = subprocess.Popen(command, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with socket.socket() as asking:
                if asking.connect_ex(("127.0.0.1", port)) == 0:
                    break
            Event().wait(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait(10)


@pytest.fixture
def settings(settings: Settings, provider: str) -> Settings:
    """The same demo, whose office has a directory."""
    return replace(
        settings,
        base_url=OURS,
        oidc_issuer=provider,
        oidc_client_id="zhengji",
        oidc_client_secret="kept between us",
        oidc_name="省局统一认证",
    )


def enter(world: World, settings: Settings, login: str, subject: str = "", email: str = "") -> None:
    with world.database.transaction() as session:
        directory.enter(
            session,
            settings,
            world.people[login].id,
            subject,
            email,
            actor=world.people["administrator"],
            at=world.at,
        )


def go(client: FlaskClient) -> str:
    """Out to the directory; gives the address at which a person signs in there."""
    return client.get("/sign-in/directory").headers["Location"]


def sign_in_there(address: str, subject: str) -> str:
    """Sign in at the directory; gives where it sends the browser back to."""
    answered = requests.post(address, data={"sub": subject}, allow_redirects=False, timeout=10)
    return answered.headers["Location"]


def come_back(client: FlaskClient, address: str):
    parts = urlsplit(address)
    return client.get(f"{parts.path}?{parts.query}")


def through(app: Flask, subject: str) -> tuple[FlaskClient, object]:
    client = app.test_client()
    return client, come_back(client, sign_in_there(go(client), subject))


def test_the_way_out_names_our_own_address_and_brings_state_nonce_and_a_challenge(app: Flask):
    client = app.test_client()
    asked = client.get("/sign-in/directory", headers={"Host": "elsewhere.example"}).headers["Location"]
    said = {name: values[0] for name, values in parse_qs(urlsplit(asked).query).items()}
    assert said["redirect_uri"] == f"{OURS}/sign-in/directory/back"
    assert (said["code_challenge_method"], said["response_type"]) == ("S256", "code")
    assert [len(said[name]) >= 20 for name in ("state", "nonce", "code_challenge")] == [True] * 3


def test_the_sign_in_page_offers_the_directory_by_its_name(app: Flask):
    assert "用“省局统一认证”登录" in app.test_client().get("/sign-in").get_data(as_text=True)


def test_a_person_entered_by_subject_signs_in(app: Flask, world: World, settings: Settings):
    enter(world, settings, "leader", subject="u-100")
    client, answer = through(app, "u-100")
    assert (answer.status_code, "陈领" in client.get("/account").get_data(as_text=True)) == (302, True)
    assert "单位统一认证" in client.get("/account").get_data(as_text=True)


def test_an_entry_by_verified_email_is_bound_to_the_first_subject_that_comes(
    app: Flask, world: World, settings: Settings
):
    enter(world, settings, "leader", email="Chen@office.example")
    first = through(app, "u-100")[1].status_code
    again, another = through(app, "u-100")[1].status_code, through(app, "u-200")[1].status_code
    with world.database.reading() as session:
        [link] = session.scalars(select(DirectoryLink))
        done = list(session.scalars(select(AuditEvent.action).where(AuditEvent.action == "person.join_directory")))
    assert [first, again, another, link.subject, len(done)] == [302, 302, 403, "u-100", 1]


@pytest.mark.parametrize("subject", ["u-300", "u-400"])
def test_an_email_that_the_directory_has_not_verified_signs_nobody_in(
    subject: str, app: Flask, world: World, settings: Settings
):
    enter(world, settings, "reviewer", email="wang@office.example")
    client, answer = through(app, subject)
    assert (answer.status_code, client.get("/account").status_code) == (403, 302)
    assert "请联系管理员" in answer.get_data(as_text=True)


def test_whoever_was_not_entered_is_told_whom_to_ask_and_no_account_is_made(app: Flask, world: World):
    client, answer = through(app, "somebody@else.example")
    page = answer.get_data(as_text=True)
    assert (answer.status_code, "请联系管理员" in page, client.get("/").status_code) == (403, True, 302)


def test_an_answer_that_was_used_once_is_not_taken_again(app: Flask, world: World, settings: Settings):
    enter(world, settings, "leader", subject="u-100")
    client = app.test_client()
    back = sign_in_there(go(client), "u-100")
    kept = client.get_cookie("zhengji")
    first = come_back(client, back)
    replaying = app.test_client()
    replaying.set_cookie("zhengji", kept.value)
    again = come_back(replaying, back)
    assert [first.status_code, again.status_code, replaying.get("/").status_code] == [302, 400, 302]


def test_an_answer_to_another_browser_is_not_taken(app: Flask, world: World, settings: Settings):
    enter(world, settings, "leader", subject="u-100")
    theirs, victim = app.test_client(), app.test_client()
    go(victim)
    back = sign_in_there(go(theirs), "u-100")
    assert come_back(victim, back).status_code == 400


def test_a_wrong_state_or_code_is_not_taken(app: Flask, world: World, settings: Settings):
    enter(world, settings, "leader", subject="u-100")
    codes = []
    for name in ("state", "code"):
        client = app.test_client()
        parts = urlsplit(sign_in_there(go(client), "u-100"))
        said = {key: values[0] for key, values in parse_qs(parts.query).items()}
        said[name] = "x" * 30
        codes.append(client.get(parts.path, query_string=said).status_code)
    client = app.test_client()
    go(client)
    codes.append(client.get("/sign-in/directory/back").status_code)
    codes.append(client.get("/sign-in/directory/back?error=access_denied").status_code)
    assert codes == [400] * 4


def test_an_answer_with_another_nonce_is_not_taken(app: Flask, world: World, settings: Settings):
    enter(world, settings, "leader", subject="u-100")
    client = app.test_client()
    asked = go(client)
    nonce = parse_qs(urlsplit(asked).query)["nonce"][0]
    back = sign_in_there(asked.replace(f"nonce={nonce}", "nonce=somebody-elses"), "u-100")
    assert come_back(client, back).status_code == 400


def test_a_directory_that_calls_itself_otherwise_is_not_believed(world: World, settings: Settings):
    other = settings.oidc_issuer.replace("127.0.0.1", "localhost") + "/"
    app = create_app(replace(settings, oidc_issuer=other), world.database)
    assert app.test_client().get("/sign-in/directory").status_code == 400


def test_a_directory_that_does_not_answer_is_told(world: World, settings: Settings):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    app = create_app(replace(settings, oidc_issuer=nobody), world.database)
    answer = app.test_client().get("/sign-in/directory")
    assert (answer.status_code, "请用密码登录" in answer.get_data(as_text=True)) == (400, True)


@pytest.mark.parametrize("wrong", [{"oidc_issuer": "http://directory.example"}, {"oidc_client_secret": ""}])
def test_the_program_does_not_start_with_a_directory_it_cannot_trust(
    wrong: dict[str, str], world: World, settings: Settings
):
    with pytest.raises(WrongDirectory):
        create_app(replace(settings, **wrong), world.database)


def test_without_a_directory_there_is_no_way_out_to_one(world: World, settings: Settings):
    app = create_app(replace(settings, oidc_issuer=""), world.database)
    assert app.test_client().get("/sign-in/directory").status_code == 404


def test_a_disabled_account_does_not_come_in_through_the_directory(app: Flask, world: World, settings: Settings):
    enter(world, settings, "leader", subject="u-100")
    with world.database.transaction() as session:
        people.disable(session, world.people["leader"].id, actor=world.people["administrator"], at=world.at)
    assert through(app, "u-100")[1].status_code == 403


def test_the_administrator_enters_who_somebody_is_there(sign_in: As, world: World):
    client = sign_in("administrator")
    page = f"/admin/people/{world.people['leader'].id}"
    send(client, page, f"{page}/directory", email="chen@office.example")
    taken = send(client, page, f"{page}/directory", subject="u-100")
    other = f"/admin/people/{world.people['reviewer'].id}"
    shown = client.get(other).get_data(as_text=True)
    twice = post(client, f"{other}/directory", shown, subject="u-100")
    with world.database.reading() as session:
        [link] = session.scalars(select(DirectoryLink))
    assert (taken.status_code, twice.status_code, link.subject) == (302, 422, "u-100")
    assert hidden(shown, f"{other}/directory") != {}
