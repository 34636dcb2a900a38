"""How Lighthouse judges the public pages, in a real browser: the page of a case with pictures, and the list of cases.

Lighthouse does not time a phone: it takes how long the server was over each answer (the median over all answers of a site),
and works out from that what a phone would see. On the list most answers are pictures, so that pictures which are drawn for the
first time, or a machine that is busy with other work, make a page slow that is not: the list was once given 51 of 100 for
that, and gets 56 where each picture takes three seconds. So what a page needs is asked for once before it is judged, as it
was by whoever read it before; and of the runs those count that the machine was least busy beside.
"""

from __future__ import annotations

import io
import json
import os
import random
import re
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from PIL import Image
from sqlalchemy import insert
from werkzeug.serving import WSGIRequestHandler, make_server

from states.case import CaseState
from tests.web.conftest import KEY
from tests.worlds import CALL_2021, World, settle
from web.app import create_app
from workflow.settings import from_environment
from workflow.store import schema
from workflow.store.database import Database
from workflow.store.files import Files
from workflow.store.models import Document

NODE = Path(__file__).parent / "node"
RUNS, MOST_RUNS = 5, 12
"""Runs that count, and how many are made at most until so many were quiet."""
QUIET = 0.8
"""Share of a processor that a run must find free just before and after it to be quiet."""
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
CASES = 9
CHROMIUM = "/usr/bin/chromium"
FLAGS = "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-background-networking"


def measured(ratio: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """The least of the four medians for each page, as entries of benchmarks/latest.json."""
    with tempfile.TemporaryDirectory() as name:
        database, number = _settled(Path(name))
        app = create_app(_settings(Path(name)), database)
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        at = f"http://localhost:{server.port}"
        installed = app.extensions["zhengji"]
        app.extensions["zhengji"] = replace(installed, settings=replace(installed.settings, base_url=at))
        try:
            pages = {"case": f"{at}/public/{number}", "list": f"{at}/public"}
            return {f"lighthouse_{page}": _judged(ratio, address) for page, address in pages.items()}
        finally:
            server.shutdown()
            serving.join()
            database.close()


class _Quiet(WSGIRequestHandler):
    def log(self, *_arguments: object, **_more: object) -> None:
        """Say nothing."""


def _settings(folder: Path) -> Any:
    plain = from_environment({"ZHENGJI_HOME": str(folder)})
    return replace(plain, demo=True, clock="2021-03-19", secret_key=KEY, documents_url=(folder / "documents").as_uri())


def _settled(folder: Path) -> tuple[Database, str]:
    """Published cases, each with two photographs that may be shown; and the number of one."""
    database = Database(f"sqlite:///{folder}/site.db")
    schema.upgrade(database)
    settle(database, CALL_2021)
    world, files = World.of(database, folder), Files((folder / "documents").as_uri())
    for _ in range(CASES):
        case = world.case(CaseState.PUBLISHED)
        _photographed(world, files, case)
    return database, world.row(case).number


def _photographed(world: World, files: Files, case: int) -> None:
    for place in range(2):
        photograph = _photograph(1000 * case + place)
        digest = files.put(photograph)
        values = {"name": "图.jpg", "media_type": "image/jpeg", "size": len(photograph), "digest": digest}
        with world.database.transaction() as session:
            by = world.people["author"].id
            session.execute(insert(Document).values(case_id=case, slot="picture", by_id=by, at=world.at, **values))
    world.allow_pictures(case)


def _photograph(seed: int) -> bytes:
    """Soft spots of all colours, as heavy as a photograph: about 30 kB on a card."""
    some = random.Random(seed)
    spots = Image.frombytes("RGB", (200, 133), some.randbytes(200 * 133 * 3))
    made = io.BytesIO()
    spots.resize((1600, 1067), Image.Resampling.BICUBIC).save(made, "JPEG", quality=80)
    return made.getvalue()


TRIES = 4
"""Recordings of one run; Lighthouse asks for another where the browser gave it no trace."""
FAILED_TO_RECORD = ("NO_NAVSTART", "NO_TRACING_STARTED", "INVALID_SPEEDLINE", "NO_SCREENSHOTS", "NO_FCP", "NO_LCP")


def _judged(ratio: Callable[..., dict[str, Any]], address: str) -> dict[str, Any]:
    _visit(address)
    runs: list[tuple[float, dict[str, float]]] = []
    before = _free()
    while len(runs) < MOST_RUNS and sum(free >= QUIET for free, _ in runs) < RUNS:
        scores = next(filter(None, (_run(address) for _ in range(TRIES))))
        after = _free()
        runs.append((min(before, after), scores))
        before = after
    counted = sorted(runs, key=lambda run: run[0], reverse=True)[:RUNS]
    medians = {name: statistics.median(scores[name] for _, scores in counted) for name in CATEGORIES}
    told = ", ".join(f"{name} {score:.0f}" for name, score in medians.items())
    said = f"median of the {RUNS} quietest of {len(runs)} runs, {counted[-1][0]:.0%} of a processor free or more"
    return ratio(min(medians.values()), 95, "min", f"{told}; {said}, as on a phone")


def _visit(address: str) -> None:
    """Ask once for a page and for what it names."""
    page = _asked(address).decode()
    named = re.findall(r'(?:src|href)="(/(?:static|public)/[^"]+)"', page)
    for each in re.findall(r'srcset="([^"]+)"', page):
        named += [one.split()[0] for one in each.split(",")]
    for one in dict.fromkeys(named):
        _asked(urljoin(address, one.replace("&amp;", "&")))


def _asked(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=120) as answer:
        said: bytes = answer.read()
        return said


def _free() -> float:
    """The share of one processor that is there for whoever wants all of it, 0 to 1."""
    began, spent = time.perf_counter(), time.thread_time()
    while time.thread_time() - spent < 0.3:
        sum(range(10_000))
    return (time.thread_time() - spent) / (time.perf_counter() - began)


def _run(address: str) -> dict[str, float] | None:
    """Lighthouse's scores of a page, 0 to 100; None where it says itself that its recording failed and is to be made again."""
    with tempfile.TemporaryDirectory() as name:
        report = Path(name) / "report.json"  # it ends before a pipe has taken all that it says
        done = subprocess.run(
            [
                *("node", "node_modules/lighthouse/cli/index.js", address, "--quiet", "--output=json"),
                *(f"--output-path={report}", f"--only-categories={','.join(CATEGORIES)}"),
                *(f"--chrome-flags={FLAGS}", "--no-enable-error-reporting"),
            ],
            cwd=NODE,
            env={**os.environ, "CHROME_PATH": CHROMIUM},
            timeout=180,
        )
        said = json.loads(report.read_bytes()) if report.exists() else {}
    if done.returncode and said.get("runtimeError", {}).get("code") in FAILED_TO_RECORD:
        return None
    done.check_returncode()
    return {name: 100 * (said["categories"][name]["score"] or 0) for name in CATEGORIES}
