"""Attachments on screen: what the call asks for, put, replaced and removed; all of it content, and on record."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.films import movie
from tests.web.conftest import HASHED, As, hidden
from tests.web.test_cases import page, told
from tests.workflow.documents import hostile
from tests.worlds import Databases, World, world_under
from workflow.calls.schema import EXAMPLE
from workflow.documents.limits import MIB
from workflow.settings import Settings
from workflow.store import people as stored

pytestmark = pytest.mark.database

STATEMENT, VIDEO = "statement", "video"


@pytest.fixture
def world(databases: Databases, tmp_path: Path) -> Iterator[World]:
    """Under a call that asks for a statement, which is a must, and for a film."""
    with world_under(databases, EXAMPLE, tmp_path) as made:
        with made.database.transaction() as session:
            for person in made.people.values():
                stored.set_password(session, person.id, HASHED, end_sessions=False)
        yield made


@pytest.fixture
def settings(settings: Settings, world: World) -> Settings:
    return replace(settings, clock=f"{world.at:%Y-%m-%d}")


@pytest.fixture
def case(world: World) -> int:
    """A draft that lacks nothing but its attachments."""
    return world.draft(world.content(attachments=()))


def put(client: FlaskClient, case: int, paper: str, name: str, data: bytes, **more: Any) -> TestResponse:
    where = f"/cases/{case}/attachments"
    shown = hidden(page(client, where), f"{where}/{paper}")
    shown.pop("replaces", None)  # where that form comes first
    fields = {**shown, "file": (io.BytesIO(data), name), **more}
    return client.post(f"{where}/{paper}", data=fields, content_type="multipart/form-data")


def remove(client: FlaskClient, case: int, document: int) -> TestResponse:
    where = f"/cases/{case}/attachments"
    action = f"{where}/{document}/remove"
    return client.post(action, data=hidden(page(client, where), action))


def files(world: World, case: int) -> list[tuple[str, str]]:
    return [(one.paper, one.name) for one in world.content_of(case).attachments]


def numbers(client: FlaskClient, case: int) -> list[int]:
    """The documents that can be removed, as the page has them."""
    shown = page(client, f"/cases/{case}/attachments")
    return [
        int(one.partition("/remove")[0]) for one in shown.split(f"/cases/{case}/attachments/") if "/remove" in one[:20]
    ]


def test_a_missing_one_is_a_finding_that_leads_to_where_it_is_put(sign_in: As, world: World, case: int):
    author = sign_in("author")
    shown = page(author, f"/cases/{case}")
    assert "附件还有 1 项要改：服务对象意见没有交。" in shown
    assert f'href="/cases/{case}/attachments#attachment-statement"' in shown
    assert "第二条" in shown
    asked = page(author, f"/cases/{case}/attachments")
    assert "最大 20 MB，.pdf、.jpg" in asked
    assert put(author, case, STATEMENT, "意见.pdf", hostile.pdf()).status_code == 302
    assert files(world, case) == [("statement", "意见.pdf")]
    shown = page(author, f"/cases/{case}")
    assert "附件还有" not in shown
    assert "意见.pdf" in shown


def test_all_of_it_is_on_record_and_makes_a_revision(sign_in: As, world: World, case: int):
    author = sign_in("author")
    put(author, case, VIDEO, "视频.mp4", movie())
    put(author, case, STATEMENT, "意见.pdf", hostile.pdf())
    [_, first] = numbers(author, case)
    put(author, case, VIDEO, "新视频.mp4", movie(media=b"others"), replaces=first)
    assert files(world, case) == [("video", "新视频.mp4"), ("statement", "意见.pdf")]
    assert remove(author, case, numbers(author, case)[0]).status_code == 302
    assert files(world, case) == [("video", "新视频.mp4")]
    assert world.row(case).revision == 5
    actions = ("document.receive", "document.attach", "document.detach", "case.edit")
    events = [(one.action, json.loads(one.body)) for one in world.events(case, *actions)]
    putting = ["document.receive", "case.edit", "document.attach"]
    assert [action for action, _ in events] == [*putting, *putting, *putting, "case.edit", "document.detach"]
    [*_, (_, replaced), _, (_, removed)] = events
    assert [one["name"] for one in (*replaced["files"], *replaced["gone"])] == ["新视频.mp4", "视频.mp4"]
    assert (removed["files"], [one["name"] for one in removed["gone"]]) == ([], ["意见.pdf"])
    history = page(author, f"/cases/{case}")
    assert "移除附件" in history
    assert "以前的材料（2）" in history
    difference = page(author, f"/cases/{case}/revisions/5")
    assert "意见.pdf" in difference


def test_a_change_voids_the_seal_and_says_what_voided_it(sign_in: As, world: World, case: int):
    world.attach(case, STATEMENT, "意见.pdf")
    world.seal(case)
    author = sign_in("author")
    assert "附件一有变动，印章就失效" in page(author, f"/cases/{case}/attachments")
    put(author, case, VIDEO, "视频.mp4", movie())
    shown = page(author, f"/cases/{case}")
    assert "盖章之后内容有改动，印章已失效。" in shown
    assert "视频：视频.mp4" in shown
    assert [one.rule for one in world.act(case, "stamp").findings] == ["seal_unbroken"]


@pytest.mark.parametrize(
    ("paper", "name", "data", "said"),
    [
        (STATEMENT, "意见.pdf", movie(), "的内容是MP4 视频，而服务对象意见应为 PDF、JPG。"),
        (VIDEO, "视频.mp4", b"MZ" + bytes(99), "而视频应为 MP4、MOV、WEBM。"),
        (VIDEO, "视频.mp4", movie()[:-1], "已损坏或不完整"),
        (STATEMENT, "意见.pdf", hostile.pdf() + bytes(21 * MIB), "超过 20 MB 上限"),
        (VIDEO, "", b"", "还没有选择文件。"),
    ],
)
def test_what_the_call_does_not_ask_for_is_refused_with_the_reason(
    paper: str, name: str, data: bytes, said: str, sign_in: As, world: World, case: int
):
    answer = put(sign_in("author"), case, paper, name, data)
    assert (answer.status_code, said in answer.get_data(as_text=True)) == (422, True)
    assert files(world, case) == []


def test_there_are_no_more_than_asked_and_none_twice(sign_in: As, world: World, case: int):
    author = sign_in("author")
    same = hostile.pdf()
    put(author, case, STATEMENT, "甲.pdf", same)
    twice = put(author, case, STATEMENT, "乙.pdf", same)
    assert (twice.status_code, "与已交的文件内容完全相同" in twice.get_data(as_text=True)) == (422, True)
    put(author, case, STATEMENT, "丙.pdf", hostile.pdf(pages=2))
    third = put(author, case, STATEMENT, "丁.pdf", hostile.pdf(pages=3))
    assert (third.status_code, "最多 2 个文件，已经交满" in third.get_data(as_text=True)) == (422, True)
    assert [name for _, name in files(world, case)] == ["甲.pdf", "丙.pdf"]


def test_the_same_form_twice_has_one_effect(sign_in: As, world: World, case: int):
    author = sign_in("author")
    where = f"/cases/{case}/attachments/{VIDEO}"
    fields = hidden(page(author, f"/cases/{case}/attachments"), where)
    for _ in range(2):
        sent = {**fields, "file": (io.BytesIO(movie()), "视频.mp4")}
        assert author.post(where, data=sent, content_type="multipart/form-data").status_code == 302
    assert (files(world, case), world.row(case).revision) == ([("video", "视频.mp4")], 2)


def test_only_the_centres_authors_change_it_while_it_is_with_them(sign_in: As, world: World, case: int):
    author = sign_in("author")
    put(author, case, STATEMENT, "意见.pdf", hostile.pdf())
    [document] = numbers(author, case)
    fields = hidden(page(author, f"/cases/{case}/attachments"))
    for login, status in (("sealer", 403), ("neighbour_author", 404), ("reviewer", 404)):
        other = sign_in(login)
        token = hidden(page(other, "/account"))["csrf_token"]
        for where in (STATEMENT, f"{document}/remove"):
            sent = {**fields, "csrf_token": token, "file": (io.BytesIO(movie()), "视频.mp4")}
            answer = other.post(f"/cases/{case}/attachments/{where}", data=sent, content_type="multipart/form-data")
            assert (login, answer.status_code) == (login, status)
    assert put(author, case, "no such", "视频.mp4", movie()).status_code == 404
    world.seal(case)
    world.act(case, "stamp")
    assert author.get(f"/cases/{case}/attachments").status_code == 409
    assert files(world, case) == [("statement", "意见.pdf")]


def test_whoever_reads_the_case_opens_them_and_that_is_on_record(sign_in: As, world: World, case: int):
    film = movie(media=bytes(9 * MIB))
    author = sign_in("author")
    put(author, case, STATEMENT, "意见.pdf", hostile.pdf())
    put(author, case, VIDEO, "视频.mp4", film)
    world.seal(case)
    world.act(case, "stamp")
    reviewer = sign_in("reviewer")
    shown = page(reviewer, f"/cases/{case}")
    link = next(
        one.partition('"')[0] for one in shown.split('href="') if "视频.mp4" in one[:200] and "/papers/" in one[:40]
    )
    answer = reviewer.get(link)
    assert (answer.status_code, answer.data == film) == (200, True)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    [opened] = world.events(case, "document.open")
    assert json.loads(opened.body)["slot"] == "attachment"
    assert told(reviewer, "refused") == []
