"""The web application on a small country, and browsers signed in as its people."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from tests.web import kept
from tests.web.programs import Asks, Program, made
from tests.worlds import World
from web import receipts
from web.app import create_app
from workflow.settings import Settings, from_environment
from workflow.store import people as stored

PASSWORD = "right horse"
KEY = "a key for tests, long enough to start with"
HASHED = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)

As = Callable[..., FlaskClient]

kept.keep()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A demo in a folder of its own, on a day half-way through the first phase."""
    plain = from_environment({"ZHENGJI_HOME": str(tmp_path)})
    return replace(plain, demo=True, clock="2021-03-19", secret_key=KEY, argon2_time=1, argon2_memory=8)


@pytest.fixture
def world(world: World) -> World:
    """The same country; everybody has a password."""
    with world.database.transaction() as session:
        for person in world.people.values():
            stored.set_password(session, person.id, HASHED, end_sessions=False)
    return world


@pytest.fixture
def app(world: World, settings: Settings) -> Flask:
    made = create_app(settings, world.database)
    receipts.limiter.reset()  # one for the whole process, and everybody here has the number of somebody in another test
    return made


@pytest.fixture
def sign_in(app: Flask) -> As:
    """`sign_in("author")`: a browser in which that person is signed in, in Chinese or `language`."""

    def as_person(login: str, language: str = "zh") -> FlaskClient:
        client = app.test_client()
        send(client, f"/sign-in?lang={language}", login=login, password=PASSWORD)
        return client

    return as_person


@pytest.fixture
def program(app: Flask, world: World, settings: Settings) -> Asks:
    """`program("author")`: one with a token of theirs for everything, or for `scopes` alone."""

    def of(login: str, *scopes: str) -> Program:
        return Program.of(app, made(world, settings, login, scopes or ("read", "act", "grave")))

    return of


def send(client: FlaskClient, page: str, url: str = "", *, form: int = -1, **fields: object):
    """Open a page, fill in the form that posts to `url` (the page itself by default) and send it."""
    shown = client.get(page).get_data(as_text=True)
    return post(client, url or page.partition("?")[0], shown, **fields)


def post(client: FlaskClient, url: str, shown: str, **fields: object):
    """Send a form with the hidden fields of a page that was shown earlier; where it asks who one is, say so."""
    return send_fields(client, url, {**hidden(shown, url), **fields})


def send_fields(client: FlaskClient, url: str, fields: dict[str, object]):
    """Send these fields and no others; where it asks who one is, say so."""
    answer = client.post(url, data=fields, content_type="multipart/form-data")
    asked = answer.get_data(as_text=True) if answer.status_code == 422 else ""
    if 'id="again-form"' not in asked:
        return answer
    proved = {**carried(asked).to_dict(flat=False), "again": PASSWORD}
    return client.post(url, data=proved, content_type="multipart/form-data")


def carried(asked: str) -> MultiDict[str, str]:
    """What the page that asks once more carries along."""
    [form] = re.findall(r'<form[^>]*id="again-form">(.*?)</form>', asked, re.S)
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
    return MultiDict([(name, unescape(value)) for name, value in found])


def hidden(shown: str, url: str = "") -> dict[str, str]:
    """The hidden fields of the form that posts to `url`, or of the first form that has a token."""
    forms = re.findall(r"<form\b([^>]*)>(.*?)</form>", shown, re.S)
    fitting = [body for head, body in forms if f'action="{url}"' in head] or [
        body for head, body in forms if "action=" not in head
    ]
    found = [body for body in [*fitting, *(body for _, body in forms)] if "csrf_token" in body]
    if not found:
        return {}
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', found[0]))
