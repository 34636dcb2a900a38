"""公示异议 on screen: sent by anybody with files, a few at a time; entered, looked into and answered by the national office."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from docx import Document as WordDocument
from flask.testing import FlaskClient
from pypdfium2 import PdfDocument

from states.case import CaseState
from tests.web.conftest import HASHED, As, hidden, send
from tests.worlds import Databases, World, world_under
from workflow import privacy
from workflow.calls import call_standing, shipped_calls
from workflow.objecting import objection_standing, objections
from workflow.settings import Settings
from workflow.store import people as stored
from workflow.store import personal
from workflow.store.archive import CallBarred
from workflow.store.models import AuditEvent, AuditPrivate, Document
from workflow.store.papers import Kept

pytestmark = pytest.mark.database
[CALL] = [path for path in shipped_calls() if path.stem == "example-2024"]
SCAN = next((Path(__file__).parent.parent / "samples").glob("报送表02_扫描件.jpg")).read_bytes()


@pytest.fixture
def world(databases: Databases, tmp_path: Path) -> Iterator[World]:
    """Under a call that hears objections; everybody has a password."""
    with world_under(databases, CALL, tmp_path) as made:
        with made.database.transaction() as session:
            for person in made.people.values():
                stored.set_password(session, person.id, HASHED, end_sessions=False)
        yield made


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, clock="2024-06-17")


@pytest.fixture
def case(world: World) -> int:
    """A shortlisted case in a list that stands since a few days."""
    made = world.case(CaseState.SUBMITTED)
    world.act(made, "shortlist")
    world.put_up_notice(made, at=world.at.replace(year=2024, month=6, day=14))
    return made


def sent(browser: FlaskClient, case: int, *, scan: bytes = SCAN, **fields: str):
    page = browser.get("/notices/1/objection").get_data(as_text=True)
    given = {"case": str(case), "name": "郑直言", "contact": "zheng@mail.example", "grounds": "数据不符", **fields}
    data = {**hidden(page, "/notices/1/objection"), **given, "evidence": (BytesIO(scan), "证据.jpg")}
    return browser.post("/notices/1/objection", data=data, content_type="multipart/form-data")


def test_anybody_objects_and_the_office_answers(world: World, app, sign_in: As, case: int) -> None:
    stranger = app.test_client()
    assert "在线提出异议" in stranger.get("/notices/1").get_data(as_text=True)
    page = stranger.get("/notices/1/objection").get_data(as_text=True)
    assert ("署真实姓名或单位名称" in page, "第四条" in page) == (True, True)
    answer = sent(stranger, case)
    assert (answer.status_code, "已收到您的异议" in answer.get_data(as_text=True)) == (200, True)
    assert [stranger.get(one).status_code for one in ("/objections", "/objections/1")] == [302, 302]
    for who in ("author", "reviewer", "editor", "administrator"):
        browser = sign_in(who)
        assert [browser.get(one).status_code for one in ("/objections", "/objections/1")] == [404, 404]
        assert browser.post("/objections/1/accept").status_code == 400
    desk, director = sign_in("desk"), sign_in("director")
    shown = desk.get("/objections/1").get_data(as_text=True)
    assert ("郑直言" in shown, "2024年7月" in shown, "受理异议" in shown) == (True, True, True)
    assert desk.get("/objections/1/files/1").data[:2] == b"\xff\xd8"
    assert "没有答复" in desk.get("/notices/1").get_data(as_text=True)
    refused = send(desk, "/notices/1", "/notices/1/take-down", remark="不再公示")
    assert (refused.status_code, "还有异议没有答复" in refused.get_data(as_text=True)) == (422, True)
    assert send(desk, "/objections/1", "/objections/1/accept").status_code == 302
    assert "1 件异议还没有答复" in sign_in("editor").get(f"/cases/{case}").get_data(as_text=True)
    without = send(director, "/objections/1", "/objections/1/uphold", remark="属实")
    assert without.status_code == 422  # what it means for the case is not said
    send(director, "/objections/1", "/objections/1/uphold", remark="属实", consequence="take_off")
    told = director.get("/objections/1").get_data(as_text=True)
    assert ("异议成立" in told, "应当撤销入选" in told, "答复（可打印寄送）" in told) == (True, True, True)
    assert "决定撤销入选" in sign_in("editor").get(f"/cases/{case}").get_data(as_text=True)


def asked(browser: FlaskClient, number: str, code: str) -> tuple[int, str]:
    """What the page says to whoever asks with a number and a code."""
    page = browser.get("/objection").get_data(as_text=True)
    answer = browser.post("/objection", data={**hidden(page, "/objection"), "number": number, "code": code})
    return answer.status_code, answer.get_data(as_text=True).partition("<main")[2]


def test_who_objected_looks_up_how_it_stands_and_reads_an_answer_once_it_is_told(world: World, app, case: int) -> None:
    number, stranger = received(world, case, "a" * 64), app.test_client()
    with world.database.reading() as session:
        code = objection_standing.code_of(session, number)
    status, told = asked(stranger, str(number), code.lower().replace("-", " "))
    assert (status, "已收到" in told, "2024年7月" in told) == (200, True, True)
    assert [words for words in ("郑直言", "13912345678", "数据不符") if words in told] == []
    step(world, number, "accept")
    assert "正在核查" in asked(stranger, "1", code)[1]
    step(world, number, "dismiss")
    with world.database.reading() as session:
        early, late = (
            objection_standing.look(session, 1, code, at=during(world) + later, hold=timedelta(minutes=10))
            for later in (timedelta(minutes=9), timedelta(minutes=10))
        )
    assert [(str(one.state), one.answer) for one in (early, late)] == [("under_inquiry", ""), ("dismissed", "经查不实")]
    step(world, number, "reopen")
    assert ("正在核查" in asked(stranger, "1", code)[1], "经查不实" in asked(stranger, "1", code)[1]) == (True, False)


def test_a_wrong_code_tells_nothing_and_guessing_has_to_wait(world: World, app, case: int) -> None:
    received(world, case)
    stranger = app.test_client()
    answers = [
        asked(stranger, number, code)
        for number, code in (("1", "AAAA-AAAA-AAAA"), ("99", "AAAA"), ("1", ""), ("x", "编号"))
    ]
    assert [(status, "编号或查询码不对" in told) for status, told in answers] == [(422, True)] * 4
    assert [case_number for case_number in (world.row(case).number,) if case_number in answers[0][1]] == []
    codes = [asked(stranger, "1", f"wrong {at}")[0] for at in range(7)]
    with world.database.reading() as session:
        right = objection_standing.code_of(session, 1)
    assert (codes, asked(stranger, "1", right)[0]) == ([422] * 6 + [429], 429)


def test_a_bad_file_keeps_nothing_and_many_from_one_address_wait(world: World, app, sign_in: As, case: int) -> None:
    stranger = app.test_client()
    refused = sent(stranger, case, scan=b"MZ not a picture")
    assert refused.status_code == 422
    with world.database.reading() as session:
        assert objections.every(session, world.people["desk"]) == []
    codes = [sent(stranger, case, grounds=f"理由{at}").status_code for at in range(6)]
    assert codes == [200] * 5 + [429]
    desk = sign_in("desk")  # whoever enters what came by mail does not wait
    assert sent(desk, case, how="mail", came="2024-06-16").status_code == 302
    assert len(desk.get("/objections").get_data(as_text=True).split('class="case-title"')) == 7


def test_the_same_form_twice_is_one_objection(world: World, app, case: int) -> None:
    stranger = app.test_client()
    page = stranger.get("/notices/1/objection").get_data(as_text=True)
    fields = {**hidden(page, "/notices/1/objection"), "case": str(case), "grounds": "理由"}
    for _ in range(2):
        assert stranger.post("/notices/1/objection", data=fields, content_type="multipart/form-data").status_code == 200
    with world.database.reading() as session:
        assert len(objections.every(session, world.people["desk"])) == 1


def during(world: World) -> datetime:
    """A moment while the list stands."""
    return world.at.replace(year=2024, month=6, day=17)


def received(world: World, case: int, digest: str = "") -> int:
    """An objection that came in on the page, with a file of that digest; its number."""
    said = objections.Said("郑直言", "", "13912345678", "数据不符，请回电 13912345678")
    files = [("evidence", Kept("证据.jpg", "image/jpeg", digest, 1))] if digest else []
    with world.database.transaction() as session:
        return objections.receive(session, 1, case, said, files, at=during(world))[0]


def step(world: World, number: int, trigger: str) -> None:
    who = "desk" if trigger == "accept" else "director"
    reasons = dict.fromkeys(("objection_is_sealed", "evidence_is_attached"), "仍予受理")
    with world.database.transaction() as session:
        objections.act(
            session, number, trigger, actor=world.people[who], at=during(world), remark="经查不实", reasons=reasons
        )


def answered(world: World, number: int, *triggers: str) -> None:
    for trigger in triggers:
        step(world, number, trigger)


def test_a_call_is_archived_once_its_objections_are_answered_and_hears_none_then(world: World, app, case: int) -> None:
    number = received(world, case, world.post.files.put(b"evidence"))

    def step(trigger: str) -> None:
        with world.database.transaction() as session:
            call_standing.act(session, world.call.number, trigger, actor=world.people["director"], at=during(world))

    step("close")
    with pytest.raises(call_standing.NotArchived, match="1 objections are not answered"):
        step("archive")
    answered(world, number, "accept", "dismiss")
    step("archive")
    with pytest.raises(CallBarred):
        answered(world, number, "reopen")
    with pytest.raises(CallBarred):
        received(world, case)
    page = app.test_client().get("/notices/1/objection")
    assert (page.status_code, "已归档，只供查看" in page.get_data(as_text=True)) == (409, True)
    with world.database.transaction() as session:
        [file] = objections.find(session, number, world.people["desk"]).files
        assert (
            objections.open_file(session, number, file.id, actor=world.people["desk"], at=during(world)).id == file.id
        )


def sealed(world: World, case: int) -> str:
    """The digest of a sealed form that lies with a case."""
    with world.database.transaction() as session:
        scan = {"slot": "scan", "name": "扫描件.jpg", "media_type": "image/jpeg", "digest": "b" * 64, "size": 1}
        session.add(Document(case_id=case, at=world.at, by_id=world.people["sealer"].id, **scan))
    return "b" * 64


def test_who_objected_is_erased_with_the_case_once_it_is_answered(world: World, case: int) -> None:
    scan = sealed(world, case)  # which the second objection brings as evidence, too
    numbers = [received(world, case, digest) for digest in ("a" * 64, scan)]
    answered(world, numbers[0], "accept", "dismiss")

    def erased() -> privacy.Erased:
        with world.database.transaction() as session:
            who, number = world.people["administrator"], world.row(case).number
            return privacy.erase_case(session, number, "异议人来函", papers=True, actor=who, at=during(world))

    erased()
    with world.database.reading() as session:
        assert scan not in personal.unnamed(session, during(world))
        first, second = (objections.find(session, one, world.people["desk"]) for one in numbers)
        assert (first.name, first.contact, first.grounds) == ("已删除", "已删除", "数据不符，请回电 139****5678")
        assert (len(first.files), len(second.files)) == (0, 1)
        assert (second.name, second.contact) == ("郑直言", "13912345678")  # who waits for an answer is still reached
        kept = [one.payload for one in session.query(AuditPrivate) if "郑直言" in one.payload]
        assert len(kept) == 1
        assert not [one.uid for one in session.query(AuditEvent) if "证据.jpg" in one.body]  # nor what a file is called
    answered(world, numbers[1], "accept", "dismiss")
    assert erased().events >= 1
    with world.database.reading() as session:
        assert scan in personal.unnamed(session, during(world))
        assert [one.payload for one in session.query(AuditPrivate) if "郑直言" in one.payload] == []


def test_what_lacks_something_is_not_accepted_in_the_calls_words_and_mailed(
    world: World, app, sign_in: As, case: int
) -> None:
    sent(app.test_client(), case, **{"as": "unit", "unit": "示例公司"})
    desk = sign_in("desk")
    shown = desk.get("/objections/1").get_data(as_text=True)
    assert "单位提出的异议没有加盖公章。（通知第四条）</textarea>" in shown
    send(desk, "/objections/1", "/objections/1/not_accept", remark="单位提出的异议没有加盖公章。")
    told = desk.get("/objections/1").get_data(as_text=True)
    assert ("示例公司：" in told, "未设邮件服务器，请下载后寄出" in told) == (True, True)
    assert desk.get("/objections/1/mails/2").data.startswith(b"Content-Type: multipart/mixed")
    assert "给异议人的邮件" in sign_in("auditor").get("/trail?action=export.take").get_data(as_text=True)


def test_what_came_later_is_put_to_it_and_it_can_be_accepted(world: World, app, sign_in: As, case: int) -> None:
    sent(app.test_client(), case, **{"as": "unit", "unit": "示例公司", "name": ""})
    desk, where = sign_in("desk"), "/objections/1/complete"
    assert "没有加盖公章" in desk.get("/objections/1").get_data(as_text=True)
    fields = {"as": "unit", "unit": "示例公司", "name": "郑直言"}
    assert send(desk, "/objections/1", where, **fields, seal=(BytesIO(SCAN), "异议书.jpg")).status_code == 302
    shown = desk.get("/objections/1").get_data(as_text=True)
    assert ("示例公司（郑直言）" in shown, "异议书.jpg" in shown, "补充异议材料" in shown) == (True, True, True)
    assert send(desk, "/objections/1", where, **fields).status_code == 422  # nothing new
    assert send(desk, "/objections/1", "/objections/1/accept").status_code == 302
    assert "核查中" in desk.get("/objections/1").get_data(as_text=True)
    director = sign_in("director")
    assert "补充身份和材料" not in director.get("/objections/1").get_data(as_text=True)
    answered(world, 1, "dismiss")
    with world.database.transaction() as session:
        assert [one.payload for one in session.query(AuditPrivate) if "郑直言" in one.payload] != []
        who, number = world.people["administrator"], world.row(case).number
        privacy.erase_case(session, number, "来函", papers=False, actor=who, at=during(world))
        assert [one.payload for one in session.query(AuditPrivate) if "郑直言" in one.payload] == []


def test_the_list_is_a_paper_in_word_and_pdf_for_everybody(world: World, app, sign_in: As, case: int) -> None:
    stranger = app.test_client()
    assert "/notices/1/paper.docx" in stranger.get("/notices/1").get_data(as_text=True)
    word = WordDocument(BytesIO(stranger.get("/notices/1/paper.docx").data))
    rows = [[cell.text for cell in row.cells] for row in word.tables[0].rows]
    row = world.row(case)
    unit = ["示例大学知识产权信息服务中心", "示例大学", "示例省知识产权局"]
    assert rows[1:] == [["1", f"{row.title}（{row.number}）", *unit]]
    printed = PdfDocument(stranger.get("/notices/1/paper.pdf").data)
    read = "".join("".join(page.get_textpage().get_text_bounded().split()) for page in printed)
    written = "".join("".join(one.text.split()) for one in word.paragraphs)
    for words in (
        "公示期7个工作日：2024年6月14日至",
        "公示7个工作日，公示期间可以提出异议",  # in the call's own words
        "示例局机关纪委，notice-2024@office.example",
        "附证明材料",
        "自收到之日起30个工作日内答复",
    ):
        assert (words, words in read, words in written) == (words, True, True)
    assert stranger.get("/notices/1/paper.pdf").data == stranger.get("/notices/1/paper.pdf").data
    assert [stranger.get(one).status_code for one in ("/notices/1/paper.xlsx", "/notices/9/paper.pdf")] == [404, 404]


def test_a_list_that_was_taken_down_says_so_in_its_paper(world: World, app, sign_in: As, case: int) -> None:
    send(sign_in("desk"), "/notices/1", "/notices/1/take-down", remark="名单漏了一家")
    word = WordDocument(BytesIO(app.test_client().get("/notices/1/paper.docx").data))
    assert "名单漏了一家" in word.paragraphs[3].text
    assert [one.text for one in word.paragraphs if "怎样提出异议" in one.text] == []
