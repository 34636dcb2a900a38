"""What machines ask of the site: that it lives, that it can serve and what is missing, and its figures."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import REGISTRY
from sqlalchemy import event

from tests.web.conftest import As
from tests.worlds import World
from web.app import create_app
from workflow.operation import readiness
from workflow.operation.processes import LEAVING
from workflow.operation.readiness import Readiness
from workflow.settings import Settings
from workflow.store.database import Database
from workflow.store.files import Files

QUESTIONS = ("/healthz", "/readyz", "/metrics")


@pytest.fixture
def real(world: World, settings: Settings) -> Flask:
    """An installation with its own address, behind TLS and a proxy, where everybody needs a second factor."""
    own = replace(settings, demo=False, secure_cookies=True, base_url="https://zhengji.example", proxies=1)
    return create_app(replace(own, second_factor=frozenset({"author"})), world.database)


def asked(client: FlaskClient, path: str = "/metrics", **headers: str) -> int:
    return client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()}).status_code


# ---- it lives --------------------------------------------------------------------------------------------------------


def test_that_it_lives_is_told_without_looking_at_anything(sign_in: As, app: Flask, world: World):
    client = sign_in("author")
    looked: list[object] = []
    event.listen(world.database.engine, "checkout", lambda *_: looked.append(1))
    answer = client.get("/healthz")
    assert (answer.status_code, answer.get_data(as_text=True), looked) == (200, "ok\n", [])


@pytest.mark.parametrize("path", QUESTIONS)
def test_machines_ask_under_any_name_and_on_the_inside_of_tls(path: str, real: Flask):
    answer = real.test_client().get(path, base_url="http://10.1.2.3:8000")
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (200, False)


# ---- it can serve ----------------------------------------------------------------------------------------------------


def ready(client: FlaskClient) -> tuple[int, list[str]]:
    answer = client.get("/readyz")
    assert answer.json["ready"] is (answer.status_code == 200)
    return answer.status_code, answer.json["lacking"]


def test_it_can_serve(app: Flask):
    assert ready(app.test_client()) == (200, [])


def test_not_without_tables(settings: Settings, tmp_path: Path):
    client = create_app(settings, Database(f"sqlite:///{tmp_path / 'empty.db'}")).test_client()
    assert ready(client) == (503, ["database not migrated"])


def test_not_without_a_database(settings: Settings):
    away = Database("postgresql+psycopg://nobody:secret-word@/nothing?host=/nowhere")
    answer = create_app(settings, away).test_client().get("/readyz")
    assert (answer.status_code, answer.json["lacking"]) == (503, ["database not reached"])
    assert [word in answer.get_data(as_text=True) for word in ("secret-word", "nobody", "/nowhere")] == [False] * 3


def test_not_without_documents(world: World, settings: Settings, tmp_path: Path):
    folder = tmp_path / "documents"
    client = create_app(replace(settings, documents_url=folder.as_uri()), world.database).test_client()
    shutil.rmtree(folder)
    assert ready(client) == (503, ["documents not reached"])
    folder.mkdir()
    assert ready(client) == (200, [])


class Slow(Files):
    """A store that answers when it is told to."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.asked, self.answers = 0, threading.Event()

    def anything(self) -> str:
        self.asked += 1
        self.answers.wait()
        return super().anything()


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Slow]:
    made = Slow(tmp_path.as_uri())
    yield made
    made.answers.set()


def test_a_slow_document_store_holds_up_nobody_and_is_asked_once(
    slow: Slow, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(readiness, "PATIENCE", 0.05)
    asking = Readiness(world.database, slow, tmp_path.as_uri())
    assert [asking.lacking() for _ in range(3)] == [["documents not reached"]] * 3
    slow.answers.set()
    assert asking._asking is not None
    asking._asking.join()
    assert (asking.lacking(), slow.asked) == ([], 1)


def test_not_while_it_is_about_to_stop(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(LEAVING, str(tmp_path / "leaving"))
    client = app.test_client()
    before = ready(client)
    (tmp_path / "leaving").touch()
    assert (before, ready(client)) == ((200, []), (503, ["stopping"]))


# ---- figures ---------------------------------------------------------------------------------------------------------


def test_figures_are_for_this_machine_and_not_for_those_it_passes_on(app: Flask, real: Flask):
    for client in (app.test_client(), real.test_client()):
        far = client.get("/metrics", environ_overrides={"REMOTE_ADDR": "198.51.100.7"}).status_code
        nameless = client.get("/metrics", environ_overrides={"REMOTE_ADDR": ""}).status_code
        assert [asked(client), far, nameless] == [200, 404, 404]
        passed_on = (
            {"X_Forwarded_For": "127.0.0.1"},
            {"Forwarded": "for=127.0.0.1"},
            {"X_Real_IP": "::1"},
            {"Via": "1.1 x"},
        )
        assert [asked(client, **one) for one in passed_on] == [404] * 4


def test_with_a_token_figures_are_for_whoever_brings_it_from_wherever(world: World, settings: Settings):
    client = create_app(replace(settings, metrics_token="a token"), world.database).test_client()
    said = ({}, {"Authorization": "Bearer a toke"}, {"Authorization": "a token"}, {"Authorization": "Bearer "})
    assert [asked(client, **one) for one in said] == [404] * 4
    far = {"REMOTE_ADDR": "198.51.100.7"}
    brought = client.get("/metrics", headers={"Authorization": "Bearer a token"}, environ_overrides=far)
    assert brought.status_code == 200


def test_being_signed_in_shows_no_figures(sign_in: As):
    client = sign_in("administrator")
    assert asked(client, X_Forwarded_For="198.51.100.7") == 404


def requests_counted(route: str, status: int, method: str = "GET") -> float:
    labels = {"method": method, "route": route, "status": str(status)}
    return REGISTRY.get_sample_value("zhengji_requests_total", labels) or 0


def test_requests_are_counted_by_the_template_of_their_address(sign_in: As, world: World):
    client, route = sign_in("author"), "/cases/<int:case_id>"
    cases = [world.draft(), world.draft()]
    seen, missing, nowhere = requests_counted(route, 200), requests_counted(route, 404), requests_counted("", 404)
    odd = requests_counted("", 404, "other")
    for address in (*(f"/cases/{case}" for case in cases), "/cases/999", "/nowhere/at/all"):
        client.get(address)
    client.open("/nowhere", method="PROPFIND")
    assert requests_counted(route, 200) == seen + 2
    assert requests_counted(route, 404) == missing + 1
    assert requests_counted("", 404) == nowhere + 1
    assert requests_counted("", 404, "other") == odd + 1
    spent = {"method": "GET", "route": route}
    assert (REGISTRY.get_sample_value("zhengji_request_seconds_count", spent) or 0) >= 3


def test_our_own_mistakes_are_counted_as_such(app: Flask, sign_in: As):
    client, before = sign_in("author"), requests_counted("/", 500)

    def broken() -> str:
        raise RuntimeError("insides")

    app.view_functions["home.show"] = broken
    client.get("/")
    assert requests_counted("/", 500) == before + 1


def test_figures_name_nobody_and_nothing_that_people_wrote(sign_in: As, app: Flask, world: World):
    case = world.draft()
    client = sign_in("author")
    client.get(f"/cases/{case}?state=秘密")
    client.get("/cases/秘密")
    figures = app.test_client().get("/metrics").get_data(as_text=True)
    assert ["秘密" in figures, "author" in figures, f"/cases/{case}" in figures] == [False, False, False]
