"""How Lighthouse judges the public pages, in a real browser: the page of a case with pictures, and the list of cases."""

from __future__ import annotations

import io
import json
import os
import statistics
import subprocess
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

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
RUNS = 5
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
        made = io.BytesIO()
        noise = Image.effect_noise((1600, 1067), 40 + place).convert("RGB")
        noise.save(made, "JPEG", quality=80)
        digest = files.put(made.getvalue())
        values = {"name": "图.jpg", "media_type": "image/jpeg", "size": len(made.getvalue()), "digest": digest}
        with world.database.transaction() as session:
            by = world.people["author"].id
            session.execute(insert(Document).values(case_id=case, slot="picture", by_id=by, at=world.at, **values))
    world.allow_pictures(case)


def _judged(ratio: Callable[..., dict[str, Any]], address: str) -> dict[str, Any]:
    scores: dict[str, list[float]] = {one: [] for one in CATEGORIES}
    for _ in range(RUNS):
        for name, score in _run(address).items():
            scores[name].append(score)
    medians = {name: statistics.median(many) for name, many in scores.items()}
    told = ", ".join(f"{name} {score:.0f}" for name, score in medians.items())
    return ratio(min(medians.values()), 95, "min", f"{told}; median of {RUNS}, as on a phone")


def _run(address: str) -> dict[str, float]:
    """Lighthouse's scores of a page, 0 to 100."""
    done = subprocess.run(
        [
            *("node", "node_modules/lighthouse/cli/index.js", address, "--quiet", "--output=json"),
            *(f"--only-categories={','.join(CATEGORIES)}", f"--chrome-flags={FLAGS}", "--no-enable-error-reporting"),
        ],
        cwd=NODE,
        env={**os.environ, "CHROME_PATH": CHROMIUM},
        stdout=subprocess.PIPE,
        check=True,
        timeout=180,
    )
    said = json.loads(done.stdout)
    return {name: 100 * (said["categories"][name]["score"] or 0) for name in CATEGORIES}
