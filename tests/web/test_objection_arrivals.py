"""Objections that come by mail: filed by the desk from the ledger with text and attachments, whatever they lack, nothing lost."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask

from states.case import CaseState
from tests.web.conftest import HASHED, As, hidden
from tests.worlds import Databases, World, world_under
from workflow.calls import shipped_calls
from workflow.incoming import arrivals
from workflow.objecting import objections
from workflow.settings import Settings
from workflow.store import people as stored
from workflow.store.files import Files

pytestmark = pytest.mark.database
[CALL] = [path for path in shipped_calls() if path.stem == "example-2024"]
SAMPLES = Path(__file__).parent.parent / "samples"
SCAN = next(SAMPLES.glob("报送表02_扫描件.jpg")).read_bytes()
PAPER = next(SAMPLES.glob("案例01_*.docx")).read_bytes()
FORM = "/notices/1/objection"


@pytest.fixture
def world(databases: Databases, tmp_path: Path) -> Iterator[World]:
    """Under a call that hears objections, with a list in public; everybody has a password."""
    with world_under(databases, CALL, tmp_path) as made:
        with made.database.transaction() as session:
            for person in made.people.values():
                stored.set_password(session, person.id, HASHED, end_sessions=False)
        case = made.case(CaseState.SUBMITTED)
        made.act(case, "shortlist")
        made.put_up_notice(case, at=made.at.replace(year=2024, month=6, day=14))
        yield made


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, clock="2024-06-19")


@pytest.fixture
def files(app: Flask) -> Files:
    kept: Files = app.extensions["zhengji"].files
    return kept


def letter(world: World, *, subject: str = "关于公示名单的异议", sender: str = "郑直言 <zheng@mail.example>") -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, "notice-2024@office.example", subject
    made.set_content(f"受理人：\n\n    “{world.row(1).title}”中的数据与公开资料不符。\x0c\n")
    made.add_alternative("<p>不读这一份</p>", subtype="html")
    made.add_attachment(SCAN, maintype="image", subtype="jpeg", filename="证据.jpg")
    made.add_attachment(PAPER, maintype="application", subtype="octet-stream", filename="异议书.docx")
    made.add_attachment(b"MZ", maintype="application", subtype="octet-stream", filename="程序.exe")
    return made.as_bytes()


def came(world: World, files: Files, mail: bytes) -> None:
    """A mail that the mailbox took in on the list's third day, and that was read."""
    at = world.at.replace(year=2024, month=6, day=17)
    given = [("来信.eml", io.BytesIO(mail))]
    made = arrivals.receive(
        world.database, files, given, office=None, call_version=world.call_version, actor=world.people["desk"], at=at
    )
    arrivals.read(world.database, files, made.id, at=at)


def test_a_mail_that_objects_is_filed_with_its_text_and_attachments_by_one_look(
    world: World, files: Files, sign_in: As
) -> None:
    came(world, files, letter(world))
    desk = sign_in("desk")
    assert "来件已核对，请办理：1 份" in desk.get("/").get_data(as_text=True)
    assert "来件里可能有异议" in desk.get("/objections").get_data(as_text=True)
    shown = desk.get("/arrivals/1").get_data(as_text=True)
    assert ("这份来件像是异议" in shown, f'href="{FORM}?arrival=1"' in shown) == (True, True)
    page = desk.get(f"{FORM}?arrival=1").get_data(as_text=True)
    for words in (
        'value="郑直言"',
        'value="zheng@mail.example"',
        "中的数据与公开资料不符。</textarea>",
        f'<option value="1" lang="zh-CN" selected>{world.row(1).title}',
        "证据.jpg",
        "异议书.docx",
        "程序.exe",
    ):
        assert (words, words in page) == (words, True)
    assert "不读这一份" not in page
    fields = {"case": "1", "name": "郑直言", "contact": "zheng@mail.example", "grounds": "数据不符", "as": "person"}
    uses = {"use-0": "evidence", "use-1": "seal", "use-2": "evidence"}
    answer = desk.post(FORM, data={**hidden(page, FORM), **fields, "use-0": "evidence", "use-1": "seal"})
    assert (answer.status_code, answer.location) == (302, "/objections/1")
    with world.database.reading() as session:
        one = objections.find(session, 1, world.people["desk"])
        assert [(each.slot, each.name) for each in one.files] == [("evidence", "证据.jpg"), ("seal", "异议书.docx")]
        assert (one.how, one.arrival_id, one.received_at) == ("mail", 1, world.at.replace(year=2024, month=6, day=17))
    assert "受理异议" in desk.get("/objections/1").get_data(as_text=True)
    assert "来件 1" in sign_in("auditor").get("/objections/1").get_data(as_text=True)
    assert "来件 1" not in sign_in("director").get("/objections/1").get_data(as_text=True)  # who reads no ledger
    filed = desk.get("/arrivals/1").get_data(as_text=True)
    assert ("异议 1" in filed, "像是异议" in filed) == (True, False)
    assert "请办理" not in desk.get("/").get_data(as_text=True).partition("piles")[0]
    refused = desk.post(FORM, data={**hidden(page, FORM), "form_key": "another", **fields, **uses})
    assert refused.status_code == 422  # a file that was refused is nobody's evidence


def test_what_is_anonymous_or_late_is_filed_too_and_the_desk_is_told_what_it_lacks(
    world: World, files: Files, sign_in: As, app: Flask
) -> None:
    came(world, files, letter(world, sender="", subject="投诉"))
    desk = sign_in("desk")
    page = desk.get(f"{FORM}?arrival=1").get_data(as_text=True)
    answer = desk.post(FORM, data={**hidden(page, FORM), "case": "1", "grounds": "数据不符", "use-0": "evidence"})
    assert answer.location == "/objections/1"
    told = desk.get("/objections/1").get_data(as_text=True)
    assert ("异议没有署真实姓名（或单位名称）和联系方式。" in told, "没有附证明材料" in told) == (True, False)


def test_nobody_but_the_desk_files_what_came(world: World, files: Files, sign_in: As, app: Flask) -> None:
    came(world, files, letter(world))
    for who in ("director", "reviewer", "author"):
        assert (who, sign_in(who).get(f"{FORM}?arrival=1").status_code) == (who, 404)
    assert sign_in("auditor").get(f"{FORM}?arrival=1").status_code == 403
    assert app.test_client().get(f"{FORM}?arrival=1").status_code == 404


def test_the_time_of_a_paper_is_a_day_and_the_lists_first_day_is_in_time(world: World) -> None:
    stood = datetime.combine(world.at.replace(year=2024, month=6, day=14).date(), datetime.min.time(), world.at.tzinfo)
    said = objections.Said("郑直言", "", "zheng@mail.example", "数据不符")
    with world.database.transaction() as session:
        made, _ = objections.receive(
            session,
            1,
            1,
            said,
            actor=world.people["desk"],
            how=objections.Way.PAPER,
            received_at=stood,
            at=world.at.replace(year=2024, month=6, day=17),
        )
        offers = objections.offers(
            session, objections.find(session, made, world.people["desk"]), actor=world.people["desk"], at=world.at
        )
    [accept] = [one for one in offers if one.transition.name == "accept"]
    assert "objection_in_time" not in [finding.rule for finding in (*accept.obstacles, *accept.questions)]
