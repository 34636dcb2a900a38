"""Arrivals on screen: uploaded, read by a job, looked at, made into drafts, taken over by the centre, answered."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pytest
from flask import Flask
from sqlalchemy import select

from states.case import CaseState
from tests.web.conftest import As, hidden, send, send_fields
from tests.workflow.test_arrivals import FAULTY, FORM, MAIL, SCAN, WORD, a_mail, sample
from tests.worlds import World
from workflow.incoming import arrivals, taking
from workflow.store.files import Files
from workflow.store.models import Arrival, ArrivalCase, Batch, Case, Document, Job, Seal

TITLE = "一份检索报告，让一条产线少走三年弯路"
TABLE, SEALED_TABLE = "案例汇总表_示例省_第一阶段.xlsx", "案例汇总表_示例省_第一阶段_盖章扫描件.pdf"


@pytest.fixture
def files(app: Flask) -> Files:
    kept: Files = app.extensions["zhengji"].files
    return kept


def upload(browser, *names: str):
    return send(browser, "/arrivals", papers=[(BytesIO(sample(name)), name) for name in names])


def read(world: World, files: Files, number: int = 1) -> None:
    """What the job does."""
    arrivals.read(world.database, files, number, at=world.at)


def take(world: World, files: Files, number: int = 1) -> None:
    with world.database.reading() as session:
        asked = select(Job).where(Job.name == "take_arrival").order_by(Job.id.desc())
        _, person = session.scalars(asked).first().arguments
    taking.take(world.database, files, number, person, at=world.at)


def test_a_mail_is_uploaded_read_looked_at_and_made_into_a_draft(world: World, files: Files, sign_in: As) -> None:
    browser = sign_in("reviewer")
    answer = upload(browser, MAIL)
    assert (answer.status_code, answer.location) == (302, "/arrivals/1")
    page = browser.get("/arrivals/1").get_data(as_text=True)
    assert "正在办理，页面会自动更新" in page
    assert "核对前不能取出" in page
    read(world, files)
    assert "HX-Refresh" not in browser.get("/arrivals/1/progress").headers  # the job's row is still there to be done
    page = browser.get("/arrivals/1").get_data(as_text=True)
    assert TITLE in page
    assert "将转给中心" in page
    assert "登记中没有这个机构" in page
    answer = send(browser, "/arrivals/1", "/arrivals/1/take")
    assert answer.location == "/arrivals/1"
    take(world, files)
    assert "已转给中心，由中心核对、盖章后报送。" in browser.get("/arrivals/1").get_data(as_text=True)
    listed = browser.get("/arrivals").get_data(as_text=True)
    assert "已转中心" in listed
    author = sign_in("author")
    with world.database.reading() as session:
        case = session.scalars(select(Case.id)).one()
    assert TITLE in author.get(f"/cases/{case}").get_data(as_text=True)
    assert "来自来件中的材料" in author.get(f"/cases/{case}/revisions/1").get_data(as_text=True)


def test_the_same_again_leads_to_the_first(world: World, sign_in: As) -> None:
    browser = sign_in("reviewer")
    upload(browser, MAIL)
    assert upload(browser, MAIL).location == "/arrivals/1"
    assert "以前来过，没有重复登记" in browser.get("/arrivals/1").get_data(as_text=True)


def test_several_files_are_one_arrival_and_none_is_told(world: World, files: Files, sign_in: As) -> None:
    browser = sign_in("leader", "en")
    upload(browser, WORD, FORM, SCAN)
    read(world, files)
    page = browser.get("/arrivals/1").get_data(as_text=True)
    assert "Complete; nothing needs mending." in page
    empty = send(browser, "/arrivals", papers=[])
    assert empty.status_code == 422
    assert "Choose a file first." in empty.get_data(as_text=True)


def test_the_centre_takes_over_what_came_for_a_case_that_it_has(world: World, files: Files, sign_in: As) -> None:
    case = world.draft(world.content(title=TITLE))
    browser = sign_in("reviewer")
    upload(browser, WORD, FORM, SCAN)
    read(world, files)
    send(browser, "/arrivals/1", "/arrivals/1/take")
    take(world, files)
    author = sign_in("author")
    page = author.get(f"/cases/{case}").get_data(as_text=True)
    assert "来件中有本案例的材料" in page
    fields = {**hidden(page, f"/cases/{case}/upload"), "from": "arrival"}
    shown = send_fields(author, f"/cases/{case}/upload", fields).get_data(as_text=True)
    assert "采用这些内容" in shown
    taken = send_fields(author, f"/cases/{case}/take-over", hidden(shown, f"/cases/{case}/take-over"))
    assert taken.status_code == 302
    assert world.row(case).revision == 2
    sealer = sign_in("sealer")
    page = sealer.get(f"/cases/{case}").get_data(as_text=True)
    looked = send_fields(sealer, f"/cases/{case}/seal", {**hidden(page, f"/cases/{case}/seal"), "from": "arrival"})
    assert "印章上是哪个单位" in looked.get_data(as_text=True)
    assert SCAN in looked.get_data(as_text=True)


def test_the_centre_alone_sees_what_lies_ready(world: World, files: Files, sign_in: As) -> None:
    case = world.draft(world.content(title=TITLE))
    upload(sign_in("reviewer"), WORD)
    read(world, files)
    with world.database.transaction() as session:
        session.get_one(ArrivalCase, (1, 1)).case_id = case
    assert "来件中有本案例的材料" in sign_in("author").get(f"/cases/{case}").get_data(as_text=True)
    assert "来件中有本案例的材料" not in sign_in("auditor").get(f"/cases/{case}").get_data(as_text=True)


def test_what_is_refused_is_named_and_its_original_is_the_administrators(
    world: World, files: Files, sign_in: As
) -> None:
    browser = sign_in("reviewer")
    mail = a_mail((WORD, sample(WORD)), ("不认识.exe", b"MZ"))
    send(browser, "/arrivals", papers=[(BytesIO(mail), "来件.eml")])
    read(world, files)
    page = browser.get("/arrivals/1").get_data(as_text=True)
    assert "已隔离，请联系管理员" in page
    assert "来件.eml › " in page
    assert browser.get("/arrivals/1/originals/1").status_code == 404
    assert browser.get("/arrivals/1/papers/1").data == sample(WORD)
    assert browser.get("/arrivals/quarantine").status_code == 403
    administrator = sign_in("administrator")
    assert "来件.eml" in administrator.get("/arrivals/quarantine").get_data(as_text=True)
    out = administrator.get("/arrivals/quarantine/1/1")
    assert out.data == mail
    assert out.headers["Content-Type"] == "application/octet-stream"
    assert out.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in out.headers["Content-Security-Policy"]


def test_the_answer_is_seen_before_it_leaves_and_leaves_as_it_was_seen(
    world: World, app: Flask, files: Files, sign_in: As
) -> None:
    browser = sign_in("desk")
    upload(browser, FAULTY)
    read(world, files)
    page = browser.get("/arrivals/1/answer").get_data(as_text=True)
    assert "【案例2】《为一项产业政策装上“专利罗盘”》" in page
    assert "没有设置邮件服务器" in page
    assert browser.post("/arrivals/1/answer", data=hidden(page)).status_code == 409
    installed = app.extensions["zhengji"]
    configured = replace(installed.settings, smtp_url="smtp://127.0.0.1:1", mail_from="征集 <cases@cnipa.example>")
    app.extensions["zhengji"] = replace(installed, settings=configured)
    seen = browser.get("/arrivals/1/answer.eml").data
    sent = send(browser, "/arrivals/1/answer", "/arrivals/1/answer")
    assert sent.status_code == 302
    with world.database.reading() as session:
        assert arrivals.answer(session.scalars(select(Arrival)).one(), configured.mail_from) == seen
        assert session.scalars(select(Job.name).order_by(Job.id)).all() == ["read_arrival", "mail_answer"]
    assert "已交办，正在寄送" in browser.get("/arrivals/1/answer").get_data(as_text=True)


def test_a_sealed_summary_table_that_came_is_offered_to_the_leader_who_seals_the_batch(
    world: World, files: Files, sign_in: As
) -> None:
    world.case(CaseState.PROVINCE_REVIEWED, world.content(title=TITLE))
    browser = sign_in("reviewer")
    upload(browser, MAIL, TABLE, SEALED_TABLE)
    read(world, files)
    send(browser, "/arrivals/1", "/arrivals/1/take")
    take(world, files)
    with world.database.reading() as session:
        batch = session.scalars(select(Batch.id)).one()
    where, offered = f"/batches/{batch}/seal-scan", "来件中有盖章的汇总表"
    assert offered not in browser.get(f"/batches/{batch}").get_data(as_text=True)
    leader = sign_in("leader")
    assert offered in leader.get(f"/batches/{batch}").get_data(as_text=True)
    page = leader.get(where).get_data(as_text=True)
    assert offered in page
    assert SEALED_TABLE in page
    fields = {name: value for name, value in hidden(page, where).items() if name != "from"}
    assert send_fields(leader, where, fields).status_code == 422  # neither chosen nor asked for
    looked = send_fields(leader, where, {**fields, "from": "arrival"}).get_data(as_text=True)
    assert "本单位印章登记为" in looked
    confirm = f"{where}/confirm"
    given = {**hidden(looked, confirm), "reads": "unit", "unit": "示例省知识产权局"}
    assert send_fields(leader, confirm, given).status_code == 302
    with world.database.reading() as session:
        seal = session.scalars(select(Seal).where(Seal.batch_id == batch)).one()
        kept = session.get_one(Document, seal.document_id)
        assert (seal.unit, kept.name, kept.slot) == ("示例省知识产权局", SEALED_TABLE, "summary")
    for address in (where, f"/batches/{batch}"):
        assert offered not in leader.get(address).get_data(as_text=True)
