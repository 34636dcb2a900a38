"""Files that come in through screens: each leaves one event, and none comes back as anything but a download."""

from __future__ import annotations

import hashlib
import html
import io
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule

from states.case import CaseState
from tests.web.conftest import As, hidden, post
from tests.web.test_cases import page
from tests.web.test_papers import CASE, upload
from tests.workflow.documents import hostile
from tests.worlds import World
from workflow.documents.limits import LIMITS
from workflow.store.files import Files
from workflow.store.models import AuditEvent

pytestmark = pytest.mark.database

SAMPLES = Path(__file__).parents[1] / "samples"
_ACTIONS = ("document.receive", "document.refuse")


def received(world: World) -> list[dict[str, Any]]:
    """What the trail says of files that came in, in order."""
    with world.database.reading() as session:
        found = session.scalars(select(AuditEvent).where(AuditEvent.action.in_(_ACTIONS)).order_by(AuditEvent.uid))
        return [json.loads(one.body) for one in found]


def said(body: dict[str, Any]) -> tuple[Any, ...]:
    return body["action"], body["outcome"], body["slot"], body["name"], body["size"], body["verdict"], body["code"]


def test_a_file_that_is_taken_leaves_one_event_with_both_digests(sign_in: As, world: World):
    case = world.draft()
    upload(sign_in("author"), f"/cases/{case}/upload", case=CASE)
    data = (SAMPLES / CASE).read_bytes()
    [body] = received(world)
    assert said(body) == ("document.receive", "done", "case", CASE, len(data), "accept", "")
    assert (body["sha256"], body["sm3"]) == (hashlib.sha256(data).hexdigest(), hashlib.new("sm3", data).hexdigest())
    assert body["stream"] == f"case/{case}/content"


def test_a_file_that_is_refused_leaves_one_event_and_is_kept_apart(sign_in: As, world: World):
    case = world.draft()
    data = hostile.with_field("DDE", "AUTO cmd")
    answer = upload(sign_in("author"), f"/cases/{case}/upload", case=("../案\u202e例.docx", data))
    [body] = received(world)
    expected = ("document.refuse", "refused", "case", "案例.docx", len(data), "reject", "has_active_field")
    assert (answer.status_code, said(body), body["sha256"]) == (422, expected, hashlib.sha256(data).hexdigest())
    assert "原件隔离保存到 2021-06-17，有异议可请审计员核对" in page(sign_in("author"), f"/cases/{case}")
    assert sign_in("author").get("/refused").status_code == 403
    assert sign_in("author").get("/refused/1").status_code == 403
    for login in ("auditor", "administrator"):
        client = sign_in(login)
        shown = client.get("/refused").get_data(as_text=True)
        assert ("案例.docx" in shown, body["zh"] in html.unescape(shown)) == (True, True)
        out = client.get("/refused/1")
        assert (out.data == data, out.mimetype) == (True, "application/octet-stream")
        assert out.headers["Content-Disposition"].startswith("attachment")
        assert ".docx.quarantined" in unquote(out.headers["Content-Disposition"])
        assert out.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    with world.database.reading() as session:
        actions = session.scalars(select(AuditEvent.action).where(AuditEvent.action == "document.open_refused")).all()
    assert len(actions) == 2


def test_of_a_cleaned_file_the_clean_bytes_are_kept_and_the_original_is_sealed(sign_in: As, world: World, app: Flask):
    case = world.draft()
    client = sign_in("author")
    data = hostile.with_chart()
    shown = upload(client, f"/cases/{case}/upload", case=("案例.docx", data)).get_data(as_text=True)
    left_out = dict.fromkeys(re.findall(r'name="(place:\d+)"', shown), "-")
    assert post(client, f"/cases/{case}/take-over", shown, **left_out).status_code == 302
    [body] = received(world)
    assert (body["verdict"], body["code"]) == ("sanitised", "chart_data_dropped")
    [attached] = [json.loads(one.body)["files"] for one in world.events(case, "document.attach")]
    [kept] = attached
    original = hashlib.sha256(data).hexdigest()
    assert (kept["received"], kept["sha256"] == original, kept["sm3"]) == (original, False, body["sm3"])
    files: Files = app.extensions["zhengji"].files
    assert b"embeddings" not in files.get(kept["sha256"])


def test_a_scan_of_a_batch_is_on_the_record_of_the_batch(sign_in: As, world: World):
    batch = world.batch([world.case(CaseState.PROVINCE_REVIEWED)])
    client = sign_in("leader")
    for name, data in (("扫描.pdf", hostile.pdf()), ("扫描.pdf", hostile.with_attachment())):
        upload(client, f"/batches/{batch}/seal-scan", scan=(name, data))
    assert [(one["stream"], one["outcome"], one["code"]) for one in received(world)] == [
        (f"batch/{batch}/content", "done", ""),
        (f"batch/{batch}/content", "refused", "has_attachment"),
    ]
    shown = page(client, f"/batches/{batch}")
    assert "提交文件" in shown
    assert "未办成" in shown


@pytest.mark.parametrize(
    ("login", "address", "field", "name", "data", "code"),
    [
        (
            "administrator",
            "/admin/import",
            "list",
            "中心.xlsx",
            hostile.filled('<row><c r="XFD9"><v>1</v></c></row>'),
            "cell_outside",
        ),
        ("administrator", "/admin/import", "list", "中心.csv", b"\0\1", "text_encoding"),
        ("administrator", "/admin/calls", "source_file", "通知.toml", b"\x7fELF", "not_a_text"),
        ("reviewer", "/priors", "list", "清单.exe", b"MZ", "not_a_list"),
    ],
)
def test_a_bad_list_or_call_is_refused_on_its_page_and_on_record(
    login: str, address: str, field: str, name: str, data: bytes, code: str, sign_in: As, world: World
):
    client = sign_in(login)
    shown = client.get(address).get_data(as_text=True)
    to = {"/priors": "/priors/preview"}.get(address, address)
    fields = {**hidden(shown, to), field: (io.BytesIO(data), name)}
    answer = client.post(to, data=fields, content_type="multipart/form-data")
    [body] = received(world)
    assert (answer.status_code, body["zh"] in answer.get_data(as_text=True)) == (422, True)
    assert (body["code"], body["outcome"], body["stream"].partition("/")[0]) == (code, "refused", "files")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_each_upload_says_what_it_takes(language: str, sign_in: As, world: World):
    case = world.draft()
    batch = world.batch([world.case(CaseState.PROVINCE_REVIEWED)])
    for login, address, slots in (
        ("author", f"/cases/{case}/upload", ("case", "form")),
        ("sealer", f"/cases/{case}/seal", ("scan",)),
        ("leader", f"/batches/{batch}/seal-scan", ("scan",)),
        ("administrator", "/admin/import", ("list",)),
        ("administrator", "/admin/calls", ("call",)),
        ("reviewer", "/priors", ("list",)),
    ):
        shown = sign_in(login, language).get(address).get_data(as_text=True)
        for slot in slots:
            limit = LIMITS[slot]
            assert limit.said.inside(language) in shown
            assert f'accept="{limit.accept}"' in shown


FEEDS = ("application/atom+xml", "application/rss+xml", "application/xml")


def test_whatever_is_no_page_is_a_download_in_a_sandbox(sign_in: As, world: World, app: Flask):
    """Every route with a file behind it, found by asking all of them."""
    case = world.draft()
    batch = world.batch([])
    author = sign_in("author")
    shown = upload(author, f"/cases/{case}/upload", case=CASE).get_data(as_text=True)
    post(author, f"/cases/{case}/take-over", shown)
    known = {"case_id": case, "batch_id": batch, "document_id": 1, "call": 1}
    found = {}
    for login in ("author", "leader"):
        client = sign_in(login)
        for rule in app.url_map.iter_rules():
            if "GET" not in (rule.methods or ()) or rule.endpoint == "static":
                continue
            answer = client.get(_address(rule, known))
            if answer.status_code == 200 and answer.mimetype != "text/html":
                found[rule.endpoint] = answer
    assert {"papers.document", "papers.form", "papers.original", "papers.template", "batches.summary"} <= set(found)
    for endpoint, answer in found.items():
        headers = answer.headers
        assert (endpoint, headers["X-Content-Type-Options"]) == (endpoint, "nosniff")
        assert (endpoint, headers["Content-Security-Policy"]) == (endpoint, "sandbox; default-src 'none'")
        drawn = answer.mimetype == "image/png" and answer.data.startswith(b"\x89PNG")
        ours = answer.mimetype in ("application/json", "text/plain", "application/manifest+json", *FEEDS)
        attached = headers.get("Content-Disposition", "").startswith("attachment")
        assert (endpoint, attached or drawn or ours) == (endpoint, True)


def _address(rule: Rule, known: dict[str, int]) -> str:
    address = rule.rule
    for argument in rule.arguments:
        value = str(known.get(argument, 1))
        for converter in ("int:", "path:", ""):
            address = address.replace(f"<{converter}{argument}>", value)
    return address


def test_the_scan_as_shown_is_drawn_anew_without_what_the_camera_noted(sign_in: As, world: World):
    case = world.draft()
    client = sign_in("sealer")
    shown = upload(client, f"/cases/{case}/seal", scan=("照片.jpg", hostile.with_exif())).get_data(as_text=True)
    address = shown.partition('src="/cases/')[2].partition('"')[0]
    picture = client.get(f"/cases/{address}".replace("&amp;", "&"))
    assert (picture.mimetype, b"Camera 7" in picture.data) == ("image/png", False)
