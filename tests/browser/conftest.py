"""The application served on loopback, and Chromium looking at it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.web.conftest import HASHED, KEY, PASSWORD
from tests.worlds import World
from web.app import create_app
from workflow.settings import from_environment
from workflow.store import people as stored

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
AXE = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")
WIDE, NARROW = 1280, 390

Visit = Callable[..., Page]


class _Quiet(WSGIRequestHandler):
    def log(self, *_arguments: object, **_more: object) -> None:
        """Say nothing: a test tells what is wrong by itself."""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def site(world: World, tmp_path: Path) -> Iterator[str]:
    """The address of the application on this world, as a demo on a day of the first phase."""
    with world.database.transaction() as session:
        for person in world.people.values():
            stored.set_password(session, person.id, HASHED, end_sessions=False)
    plain = from_environment({"ZHENGJI_HOME": str(tmp_path)})
    settings = replace(
        plain, demo=True, clock="2021-03-19", secret_key=KEY, argon2_time=1, argon2_memory=8,
        documents_url=(world.folder / "documents").as_uri(),
    )  # fmt: skip

    app = create_app(settings, world.database)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    address = f"http://localhost:{server.port}"  # passkeys need a name
    installed = app.extensions["zhengji"]
    app.extensions["zhengji"] = replace(installed, settings=replace(settings, base_url=address))
    yield address
    server.shutdown()
    thread.join()


@pytest.fixture
def visit(site: str, chromium: Browser) -> Iterator[Visit]:
    """`visit("author")`: a page in a browser of its own in which that person is signed in."""
    contexts = []

    def as_person(login: str | None, language: str = "zh", width: int = WIDE) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": 900}, base_url=site)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(f"/sign-in?lang={language}")
        if login:
            page.fill("#login", login)
            page.fill("#password", PASSWORD)
            page.click("#sign-in button")
        return page

    yield as_person
    for context in contexts:
        context.close()


def confirm_again(page: Page, password: str = PASSWORD) -> None:
    """Say once more who one is, where the page asks for it."""
    if page.locator("#again-form").count():
        page.fill("#again", password)
        page.click("#again-form button")


def grave(page: Page) -> list[tuple[str, Any]]:
    """What axe finds serious or critical on a page: (rule, where)."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        (one["id"], [node["target"] for node in one["nodes"]])
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]


def overflow(page: Page) -> int:
    """By how many pixels a page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))
