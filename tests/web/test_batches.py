"""An office's board, and a batch on screen from its list to the sent mail."""

from __future__ import annotations

import email
import json
import re
from email.policy import default
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook
from PIL import Image
from sqlalchemy import select

from states.batch import BatchState
from states.case import CaseState
from tests.web.conftest import As, hidden, post, send, send_fields
from tests.web.test_papers import pictures
from tests.workflow.documents.papers import scan as pages_of_scan
from tests.workflow.documents.test_preview import RGB, colour
from tests.workflow.documents.test_sighting import print_of, saved
from tests.worlds import World
from workflow import batches
from workflow.incoming.sealing import mark_of_batch
from workflow.store.models import AuditEvent, Batch, BatchLine

pytestmark = pytest.mark.database


def scan() -> tuple[BytesIO, str]:
    """A picture, as a scanner makes it."""
    made = BytesIO()
    Image.new("RGB", (400, 560), "white").save(made, "PNG")
    return BytesIO(made.getvalue()), "汇总表.png"


def seal(client: FlaskClient, batch: int, unit: str) -> None:
    """Upload the sealed summary table and say what its seal reads."""
    page = send(client, f"/batches/{batch}/seal-scan", scan=scan()).get_data(as_text=True)
    post(client, f"/batches/{batch}/seal-scan/confirm", page, reads="unit", unit=unit)


def only_batch(world: World) -> Batch:
    with world.database.reading() as session:
        return session.scalars(select(Batch)).one()


def reviewed(world: World, number: int) -> list[int]:
    return [world.case(CaseState.PROVINCE_REVIEWED) for _ in range(number)]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_board_shows_every_phase_of_the_own_office(language: str, world: World, sign_in: As):
    world.case(CaseState.SUBMITTED)
    shown = sign_in("reviewer", language).get("/batches").get_data(as_text=True)
    labels = [phase.label.inside(language) for phase in world.call.phases]
    assert [label in shown for label in labels] == [True] * len(labels)
    assert "示例研究院技术与创新支持中心" in shown
    assert "邻省大学知识产权信息服务中心" not in shown


def test_each_step_of_a_batch_stands_on_the_first_page_of_the_person_who_takes_it(world: World, sign_in: As):
    reviewed(world, 2)
    said = "2 个还没有列入批次"
    assert [said in sign_in(one).get("/").get_data(as_text=True) for one in ("reviewer", "leader")] == [True, False]
    batch = world.batch(reviewed(world, 2))
    link = f'class="task-line" href="/batches/{batch}"'
    assert [link in sign_in(one).get("/").get_data(as_text=True) for one in ("desk", "leader")] == [False, True]
    world.submit(*reviewed(world, 2))
    assert "接收：" in sign_in("desk").get("/").get_data(as_text=True)


def test_the_board_of_somebody_at_no_office_says_whose_it_is(sign_in: As):
    assert "汇总报送由推荐单位的审核人和负责人办理" in sign_in("author").get("/batches").get_data(as_text=True)


def test_an_office_carries_a_batch_from_its_list_to_the_national_office(world: World, sign_in: As):
    first, second = reviewed(world, 2)
    reviewer, leader = sign_in("reviewer"), sign_in("leader")
    board = {"call": world.call_version, "phase": world.phase.id, "office": world.offices["first"]}
    send(reviewer, "/batches", "/batches/new", **board)
    batch = only_batch(world).id
    page = f"/batches/{batch}"
    lines = {"case": [first, second], f"place:{first}": 2, f"place:{second}": 1}
    send(reviewer, page, f"{page}/lines", **lines)
    seal(leader, batch, "示例省知识产权局")
    send(leader, page, f"{page}/seal")
    send(leader, page, f"{page}/send")
    assert only_batch(world).state == BatchState.SENT
    assert [world.state(case) for case in (first, second)] == [CaseState.SUBMITTED] * 2
    with world.database.reading() as session:
        order = session.scalars(select(BatchLine.case_id).order_by(BatchLine.position)).all()
    assert order == [second, first]


def test_sending_twice_sends_once(world: World, sign_in: As):
    batch = world.batch(reviewed(world, 2))
    world.seal_summary(batch)
    world.act_on_batch(batch, "seal")
    leader = sign_in("leader")
    shown = leader.get(f"/batches/{batch}").get_data(as_text=True)
    answers = [post(leader, f"/batches/{batch}/send", shown) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert only_batch(world).state == BatchState.SENT


def test_whoever_looked_before_somebody_else_acted_is_told_so(world: World, sign_in: As):
    batch = world.batch(reviewed(world, 2))
    world.seal_summary(batch)
    leader = sign_in("leader")
    shown = leader.get(f"/batches/{batch}").get_data(as_text=True)
    world.act_on_batch(batch, "seal")
    world.act_on_batch(batch, "reopen")
    answer = post(leader, f"/batches/{batch}/seal", shown)
    assert answer.status_code == 409
    assert "已有人先办理" in answer.get_data(as_text=True)


def test_a_refused_sending_says_everything_that_stands_in_its_way(world: World, sign_in: As):
    batch = world.batch(reviewed(world, 1))
    world.seal_summary(batch)
    world.act_on_batch(batch, "seal")
    leader = sign_in("leader")
    send(leader, f"/batches/{batch}", f"/batches/{batch}/details", subject="你好")
    shown = leader.get(f"/batches/{batch}").get_data(as_text=True)
    answer = post(leader, f"/batches/{batch}/send", shown)
    words = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert ["还差 1 个" in words, "没有注明" in words] == [True, True]
    assert only_batch(world).state == BatchState.SEALED


def test_a_case_that_leaves_is_shown_as_taken_out(world: World, sign_in: As):
    first, second = reviewed(world, 2)
    batch = world.batch([first, second])
    reviewer = sign_in("reviewer")
    send(reviewer, f"/batches/{batch}", f"/batches/{batch}/lines", case=[second])
    shown = reviewer.get(f"/batches/{batch}").get_data(as_text=True)
    assert "已移出或单独退回（1）" in shown


def test_a_seal_of_another_unit_is_shown_beside_the_right_one(world: World, sign_in: As):
    batch = world.batch(reviewed(world, 2))
    leader = sign_in("leader")
    seal(leader, batch, "另一家单位")
    shown = leader.get(f"/batches/{batch}").get_data(as_text=True)
    assert "汇总表上的印章是“另一家单位”，应为“示例省知识产权局”。" in shown


def test_only_the_leader_uploads_the_sealed_summary(world: World, sign_in: As):
    batch = world.batch(reviewed(world, 1))
    answer = sign_in("reviewer").get(f"/batches/{batch}/seal-scan")
    assert answer.status_code == 403
    assert "由本单位负责人上传" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("upload", "words"), [((BytesIO(b""), "空.png"), "空文件"), ((BytesIO(b"hello"), "a.pdf"), "无法识别")]
)
def test_a_file_that_is_no_scan_is_refused_in_words(upload: object, words: str, world: World, sign_in: As):
    batch = world.batch(reviewed(world, 1))
    answer = send(sign_in("leader"), f"/batches/{batch}/seal-scan", scan=upload)
    assert answer.status_code == 422
    assert words in answer.get_data(as_text=True)


def test_sending_no_scan_at_all_is_said(world: World, sign_in: As):
    batch = world.batch(reviewed(world, 1))
    answer = send(sign_in("leader"), f"/batches/{batch}/seal-scan")
    assert answer.status_code == 422
    assert "还没有选择文件" in answer.get_data(as_text=True)


def test_the_leader_sees_every_page_of_the_sealed_table_and_others_look_through_it_later(world: World, sign_in: As):
    batch = world.batch(reviewed(world, 1))
    leader, reviewer = sign_in("leader"), sign_in("reviewer")
    upload = (BytesIO(pages_of_scan("red", "lime", "blue")), "汇总表.pdf")
    shown = send(leader, f"/batches/{batch}/seal-scan", scan=upload).get_data(as_text=True)
    before = [leader.get(one) for one in pictures(shown)]
    beyond = leader.get(pictures(shown)[0].replace("/1.png", "/4.png"))
    post(leader, f"/batches/{batch}/seal-scan/confirm", shown, reads="unit", unit="示例省知识产权局")
    listed = reviewer.get(f"/batches/{batch}").get_data(as_text=True)
    [address] = set(re.findall(rf'href="(/batches/{batch}/papers/\d+/pages)"', listed))
    later = pictures(reviewer.get(address).get_data(as_text=True))
    after = [reviewer.get(one) for one in later]
    assert [[colour(one.data) for one in drawn] for drawn in (before, after)] == [RGB, RGB]
    assert [beyond.status_code, leader.get(later[0]).status_code, reviewer.get(f"{address}/1.png").status_code] == [
        404,
        409,
        409,
    ]


def test_nobody_confirms_a_scan_that_he_was_not_shown(world: World, sign_in: As):
    batch = world.batch(reviewed(world, 1))
    leader = sign_in("leader")
    shown = leader.get(f"/batches/{batch}").get_data(as_text=True)
    answer = post(leader, f"/batches/{batch}/seal-scan/confirm", shown, ticket="made-up", reads="unit", unit="x")
    assert answer.status_code == 409


def test_the_summary_table_lists_the_cases_in_order(world: World, sign_in: As):
    first, second = reviewed(world, 2)
    batch = world.batch([second, first])
    answer = sign_in("reviewer").get(f"/batches/{batch}/summary.xlsx")
    sheet = load_workbook(BytesIO(answer.data)).active
    titles = [world.row(case).title for case in (second, first)]
    cells = [cell.value for row in sheet.iter_rows() for cell in row if cell.value in titles]
    assert cells == titles


def test_the_mail_is_shown_before_it_leaves_and_can_be_taken_whole(world: World, sign_in: As):
    batch = world.batch(reviewed(world, 1))
    leader = sign_in("leader")
    seal(leader, batch, "示例省知识产权局")
    shown = leader.get(f"/batches/{batch}/mail").get_data(as_text=True)
    assert [world.call.mail.to in shown, "优秀案例征集-示例省知识产权局" in shown] == [True, True]
    assert "盖章扫描件.png" in shown


def test_the_mail_of_a_batch_reads_back_with_its_subject(world: World, sign_in: As):
    batch = world.batch()
    answer = sign_in("leader").get(f"/batches/{batch}/mail.eml")
    message = email.message_from_bytes(answer.data, policy=default)
    assert message["Subject"] == "优秀案例征集-示例省知识产权局"


def test_where_no_mail_server_is_set_a_sent_batch_says_to_send_the_file_by_hand(world: World, sign_in: As):
    batch = world.submit(*reviewed(world, 1))
    shown = sign_in("leader").get(f"/batches/{batch}").get_data(as_text=True)
    assert ["没有设置邮件服务器" in shown, world.call.mail.to in shown] == [True, True]


def test_the_last_batch_keeps_a_reason_for_each_centre_that_is_short(world: World, sign_in: As):
    world.in_phase(world.call.last_phase)
    batch = world.batch()
    page = f"/batches/{batch}"
    key = f"reason:centre_reports_enough:{world.centres['institute']}"
    leader = sign_in("leader")
    send(leader, page, f"{page}/details", subject="优秀案例征集", final="yes", **{key: "今年新设"})
    kept = only_batch(world)
    assert (kept.final, kept.reasons) == (True, {key.removeprefix("reason:"): "今年新设"})
    assert "今年新设" in leader.get(page).get_data(as_text=True)


def test_an_office_sets_an_earlier_day_for_its_centres(world: World, sign_in: As):
    values = {"call": world.call_version, "phase": world.phase.id, "office": world.offices["first"]}
    reviewer = sign_in("reviewer")
    earlier = world.phase.closes.replace(day=world.phase.closes.day - 2)
    send(reviewer, "/batches", "/batches/centre-day", last_day=earlier.isoformat(), reason="留出审核时间", **values)
    assert f"{earlier.month}月{earlier.day}日" in reviewer.get("/batches").get_data(as_text=True)


@pytest.mark.parametrize("day", ["", "明天", "2021-13-01"])
def test_a_day_that_is_none_is_said(day: str, world: World, sign_in: As):
    values = {"call": world.call_version, "phase": world.phase.id, "office": world.offices["first"]}
    answer = send(sign_in("reviewer"), "/batches", "/batches/centre-day", last_day=day, reason="理由", **values)
    assert answer.status_code == 422
    assert "请选择一个日期" in answer.get_data(as_text=True)


def test_another_office_s_batch_does_not_exist(world: World, sign_in: As):
    batch = world.batch(reviewed(world, 1))
    pages = [f"/batches/{batch}{rest}" for rest in ("", "/mail", "/mail.eml", "/summary.xlsx", "/send", "/seal-scan")]
    client = sign_in("neighbour_leader")
    assert [client.get(page).status_code for page in pages] == [404] * len(pages)


def test_the_national_office_reaches_a_batch_once_it_was_sent(world: World, sign_in: As):
    batch = world.batch(reviewed(world, 1))
    desk = sign_in("desk")
    before = desk.get(f"/batches/{batch}").status_code
    world.waive(world.phase)
    world.seal_summary(batch)
    world.act_on_batch(batch, "seal")
    world.act_on_batch(batch, "send")
    assert (before, desk.get(f"/batches/{batch}").status_code) == (404, 200)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("state", list(BatchState))
def test_the_page_of_a_batch_opens_in_every_state(state: BatchState, language: str, world: World, sign_in: As):
    world.waive(world.phase)
    batch = world.batch(reviewed(world, 1))
    world.seal_summary(batch)
    steps = {"collecting": (), "sealed": ("seal",), "sent": ("seal", "send"), "received": ("seal", "send", "receive")}
    for step in steps[state]:
        world.act_on_batch(batch, step)
    pages = [sign_in(login, language).get(f"/batches/{batch}") for login in ("reviewer", "leader", "auditor")]
    assert [page.status_code for page in pages] == [200, 200, 200]
    words = state.label.inside(language)
    assert [words in page.get_data(as_text=True) for page in pages] == [True, True, True]


def test_a_step_that_the_batch_does_not_have_is_said(world: World, sign_in: As):
    batch = world.batch()
    answer = sign_in("leader").get(f"/batches/{batch}/send")
    assert answer.status_code == 409
    assert "现在的状态是“组批中”" in answer.get_data(as_text=True)


# ---- what bars a scan, and what voids a seal -------------------------------------------------------------------------


def printed(world: World, batch: int) -> tuple[BytesIO, str]:
    """A scan of the summary table as it would be printed, and sealed, now."""
    with world.database.reading() as session:
        row = session.get_one(Batch, batch)
        own = mark_of_batch(row, batches.content(session, row))
    return BytesIO(saved(print_of(own, "示例省知识产权局"))), "汇总表.jpg"


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("wrong", ["batch", "version"])
def test_a_scan_of_another_batch_or_list_is_refused_at_upload_and_at_confirming_and_is_on_record(
    wrong: str, language: str, world: World, sign_in: As
):
    first, second, third = reviewed(world, 3)
    batch, client = world.batch([first]), sign_in("leader", language)
    other = printed(world, world.batch([third]) if wrong == "batch" else batch)
    if wrong == "version":
        world.collect(batch, [first, second])
    answer = send(client, f"/batches/{batch}/seal-scan", scan=other)
    shown = answer.get_data(as_text=True)
    words = {"batch": ("而这里是", "this page is of"), "version": ("又有改动", "content changed after")}[wrong]
    assert (answer.status_code, words[language == "en"] in shown, "/seal-scan/confirm" in shown) == (422, True, False)
    ticket = re.search(r"ticket=([^&\"]+)", shown)
    assert ticket is not None
    fields = hidden(client.get(f"/batches/{batch}/seal-scan").get_data(as_text=True), f"/batches/{batch}/seal-scan")
    with world.database.reading() as session:
        seen = batches.content(session, session.get_one(Batch, batch))
    given = {**fields, "ticket": ticket[1], "reads": "unit", "unit": "示例省知识产权局", "seen": seen}
    assert send_fields(client, f"/batches/{batch}/seal-scan/confirm", given).status_code == 422
    with world.database.reading() as session:
        assert batches.newest_seal(session, session.get_one(Batch, batch)) is None
        found = session.scalars(select(AuditEvent).where(AuditEvent.action == "batch.turn_away"))
        told = [(one.stream, one.outcome, words[0] in json.loads(one.body)["zh"]) for one in found]
    assert told == [(f"batch/{batch}/content", "refused", True)] * 2
    listed = client.get(f"/batches/{batch}").get_data(as_text=True)
    assert words[language == "en"] in listed


def test_a_scan_of_the_present_list_is_matched(world: World, sign_in: As):
    batch, client = world.batch(reviewed(world, 1)), sign_in("leader")
    shown = send(client, f"/batches/{batch}/seal-scan", scan=printed(world, batch)).get_data(as_text=True)
    assert "二维码与" in shown
    answer = post(client, f"/batches/{batch}/seal-scan/confirm", shown, reads="unit", unit="示例省知识产权局")
    assert answer.status_code == 302


def test_the_page_tells_which_lines_voided_the_seal_by_whom_and_since_when(world: World, sign_in: As):
    first, second, third = reviewed(world, 3)
    batch, client = world.batch([first, second]), sign_in("reviewer")
    world.seal_summary(batch)
    assert "是什么使印章失效" not in client.get(f"/batches/{batch}").get_data(as_text=True)
    world.collect(batch, [third, first])
    shown = client.get(f"/batches/{batch}").get_data(as_text=True)
    lines = re.findall(r"<li><b>([^<]+)</b> <span class=\"number\">([^<]+)</span>", shown)
    number = {one: world.row(one).number for one in (first, second, third)}
    assert lines == [("已移出", number[second]), ("新列入", number[third])]
    assert world.people["reviewer"].name in shown.partition("是什么使印章失效")[2].partition("</section>")[0]


def test_a_changed_case_of_a_sealed_list_leads_to_what_changed_and_a_mere_order_is_told(world: World, sign_in: As):
    first, second = reviewed(world, 2)
    batch, client = world.batch([first, second]), sign_in("reviewer")
    world.seal_summary(batch)
    world.collect(batch, [second, first])
    assert "顺序变动" in client.get(f"/batches/{batch}").get_data(as_text=True)
    world.walk(first, "return_to_centre")
    before = world.row(first).revision
    world.edit(first, world.content_of(first).changed(title="改过的名称"))
    world.seal(first)
    world.walk(first, "stamp", "review")
    world.collect(batch, [first, second])
    shown = client.get(f"/batches/{batch}").get_data(as_text=True)
    assert "内容有改动" in shown
    assert f"/cases/{first}/revisions/{before + 1}?before={before}" in shown
