"""What a web process costs: its start, its memory, and the page of a case, each against the bare parts it is made of."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Flask, send_file, template_rendered
from flask.testing import FlaskClient
from werkzeug.test import create_environ, run_wsgi_app

from states.case import CaseState
from tests.bench import trust
from tests.web.conftest import HASHED, KEY, PASSWORD, send
from tests.worlds import CALL_2021, World, settle
from workflow.settings import Settings, from_environment
from workflow.store import people as stored
from workflow.store import schema
from workflow.store.database import Database

ROOT = Path(__file__).parents[2]
VIEWS = 40


def measured(ratio: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """All of it, as entries of benchmarks/latest.json."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        case = _settled(folder)
        page, told = _page(folder, case)
        public, said = _public(folder, case)
        ours, bare = (min(_memory(kind, folder, case) for _ in range(2)) for kind in ("ours", "bare"))
        return {
            "case_page_vs_bare_page": ratio(page, 0.25, "min", told),
            "public_page_vs_flask_file": ratio(public, 0.8, "min", said),
            "web_import": ratio(_imports(), 3.0, "max", "processor time of importing web against flask and sqlalchemy"),
            "web_memory": ratio(
                ours / bare,
                1.6,
                "max",
                f"{ours:.0f} MiB after {VIEWS} pages; Flask, SQLAlchemy, Babel and DBOS's client, a row and a page each: {bare:.0f} MiB",
            ),
        }


def _settings(folder: Path) -> Settings:
    plain = from_environment({"ZHENGJI_HOME": str(folder)})
    return replace(plain, demo=True, clock="2021-03-19", secret_key=KEY, argon2_time=1, argon2_memory=8)


def _settled(folder: Path) -> int:
    """A submitted case, and people who can sign in."""
    database = Database(f"sqlite:///{folder}/serving.db")
    schema.upgrade(database)
    settle(database, CALL_2021)
    world = World.of(database, folder)
    case = world.case(CaseState.SUBMITTED)
    with database.transaction() as session:
        for person in world.people.values():
            stored.set_password(session, person.id, HASHED, end_sessions=False)
    database.close()
    return case


def _ours(folder: Path) -> tuple[Flask, FlaskClient]:
    """The site, and a browser in which the desk is signed in."""
    from web.app import create_app

    app = create_app(_settings(folder), Database(f"sqlite:///{folder}/serving.db"))
    client = app.test_client()
    send(client, "/sign-in?lang=zh", login="desk", password=PASSWORD)
    return app, client


def _page(folder: Path, case: int) -> tuple[float, str]:
    """Our rate of the page of a case / that of a bare Flask application which renders the same template with the same
    values, made once: the same page, without sign-in, reach, queries, offers and headers."""
    app, client = _ours(folder)
    seen: list[tuple[Any, dict[str, Any]]] = []

    def kept(_app: Flask, template: Any, context: dict[str, Any], **_more: Any) -> None:
        seen.append((template, context))

    with client:
        with template_rendered.connected_to(kept, app):
            length = len(client.get(f"/cases/{case}").data)
        template, context = seen[-1]
        ours, bare = [], []
        for _ in range(5):
            ours.append(_seconds(lambda: client.get(f"/cases/{case}")))
            with app.test_request_context(f"/cases/{case}"):
                bare.append(_seconds(lambda: template.render(context)) + _nothing())
    rates = [one / other for one, other in zip(bare, ours, strict=True)]
    return statistics.median(
        rates
    ), f"of a bare page of the same template and {length:,} bytes; processor time, 1 process"


def _public(folder: Path, case: int) -> tuple[float, str]:
    """Our rate of a published case's page, made before / Flask's of sending the same bytes as a file; in turn."""
    from web.app import create_app

    database = Database(f"sqlite:///{folder}/serving.db")
    world = World.of(database, folder)
    number = world.row(world.walk(case, "shortlist", "publish")).number
    ours = create_app(_settings(folder), database)
    address = f"/public/{number}"
    file = folder / "page.html"
    file.write_bytes(ours.test_client().get(address).data)
    peer = Flask("peer", static_folder=None)
    peer.add_url_rule(address, view_func=lambda: send_file(file))

    def asked(app: Flask) -> Callable[[], None]:
        environ = create_environ(address, base_url="http://127.0.0.1:8000")

        def work() -> None:
            body, status, _ = run_wsgi_app(app, dict(environ), buffered=True)
            if status != "200 OK" or len(b"".join(body)) != file.stat().st_size:
                raise AssertionError("the page is not shown")

        return work

    value = 1 / trust.times_as_long(asked(ours), asked(peer))
    database.close()
    return value, f"{file.stat().st_size:,} bytes from memory, with all our headers; processor time, 1 process"


def _nothing() -> float:
    """Processor seconds of a bare Flask page that says nothing."""
    bare = Flask("bare")
    bare.add_url_rule("/", view_func=lambda: "")
    client = bare.test_client()
    return _seconds(lambda: client.get("/"))


def _seconds(work: Callable[[], Any]) -> float:
    """Processor seconds of one, the first not counted."""
    work()
    began = time.process_time()
    for _ in range(VIEWS):
        work()
    return (time.process_time() - began) / VIEWS


# ---- start -----------------------------------------------------------------------------------------------------------


def _imports() -> float:
    """Processor time of `import web.app` / that of `import flask, sqlalchemy`, a bare Python's taken off both."""
    nothing = _spent("pass")
    return (_spent("import web.app") - nothing) / (_spent("import flask, sqlalchemy") - nothing)


def _spent(code: str) -> float:
    """The least processor seconds of five runs in processes of their own."""
    found = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=_compiling(), check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(found)


# ---- memory ----------------------------------------------------------------------------------------------------------


def _compiling() -> dict[str, str]:
    """The environment of a process that finds its modules compiled, as an installation does, or else keeps them so for the
    next: compiling a library anew each time would count as importing it, and its memory as ours."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _memory(kind: str, folder: Path, case: int) -> float:
    """MiB that a process of its own holds after serving; the first of an installation compiles its templates besides."""
    made = subprocess.run(
        [sys.executable, "-m", "tests.bench.one_site", kind, str(folder), str(case), str(VIEWS), PASSWORD],
        cwd=ROOT,
        env=_compiling(),
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return float(made.stdout.splitlines()[-1])
