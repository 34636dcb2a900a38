"""Administration on screen: people, offices, centres, lists, calls; nothing of it for others, and no case from it."""

from __future__ import annotations

import io
import re

import pytest
from docx import Document
from openpyxl import Workbook, load_workbook

from rules.roles import Role
from states.case import CaseState
from tests.web.conftest import As, hidden, post, send
from tests.worlds import CALL_2021, World
from workflow import register
from workflow.documents.word import SHARED
from workflow.identity import people
from workflow.store import calls as stored_calls
from workflow.store.models import AuditEvent, PriorReport

pytestmark = pytest.mark.database

SCREENS = ["/admin", "/admin/people/new", "/admin/offices", "/admin/centres", "/admin/import", "/admin/calls"]


def made(world: World, login: str):
    with world.database.reading() as session:
        return people.by_login(session, login)


def uploaded(text: str, name: str = "名单.csv"):
    return io.BytesIO(text.encode()), name


# ---- who may ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("screen", SCREENS)
def test_every_screen_opens_for_the_administrator(screen: str, language: str, world: World, sign_in: As):
    assert sign_in("administrator", language).get(screen).status_code == 200


@pytest.mark.parametrize("login", ["desk", "director", "auditor", "leader", "author"])
def test_nobody_else_opens_them_and_trying_is_on_record(login: str, world: World, sign_in: As):
    client = sign_in(login)
    statuses = {client.get(screen).status_code for screen in SCREENS}
    with world.database.reading() as session:
        knocks = session.query(AuditEvent).filter(AuditEvent.action == "door.closed").count()
    assert (statuses, knocks) == ({403}, len(SCREENS))


def test_the_administrator_reaches_no_case(world: World, sign_in: As):
    case = world.case(CaseState.PUBLISHED)
    client = sign_in("administrator")
    page = client.get("/trail").get_data(as_text=True)
    assert (client.get(f"/cases/{case}").status_code, world.row(case).title in page) == (404, False)


# ---- people ----------------------------------------------------------------------------------------------------------


def test_a_new_account_shows_its_password_once_and_works(world: World, sign_in: As):
    client = sign_in("administrator")
    page = send(client, "/admin/people/new", login="new.one", name="新人").get_data(as_text=True)
    [password] = re.findall(r'one-time"><code>([^<]+)<', page)
    entered = send(client.application.test_client(), "/sign-in", login="new.one", password=password)
    again = client.get(f"/admin/people/{made(world, 'new.one').id}").get_data(as_text=True)
    assert (entered.status_code, password in again) == (302, False)


def test_the_same_form_sent_twice_makes_one_account(world: World, sign_in: As):
    client = sign_in("administrator")
    shown = client.get("/admin/people/new").get_data(as_text=True)
    answers = [post(client, "/admin/people/new", shown, login="new.one", name="新人") for _ in range(2)]
    assert ([one.status_code for one in answers], "刚才已经建立" in answers[1].get_data(as_text=True)) == (
        [200, 200],
        True,
    )


@pytest.mark.parametrize(
    ("login", "name", "said"),
    [("", "新人", "请填写登录名和姓名"), ("author", "新人", "已有人使用"), ("x" * 81, "新人", "最多 80 个字")],
)
def test_a_wrong_account_is_told_back_with_what_was_typed(login: str, name: str, said: str, world: World, sign_in: As):
    answer = send(sign_in("administrator"), "/admin/people/new", login=login, name=name)
    page = answer.get_data(as_text=True)
    assert (answer.status_code, said in page, f'value="{login}"' in page) == (422, True, True)


@pytest.mark.parametrize(
    ("role", "where", "key"), [("sealer", "centres", "institute"), ("leader", "offices", "second"), ("checker", "", "")]
)
def test_roles_are_given_and_taken_away(role: str, where: str, key: str, world: World, sign_in: As):
    client, person = sign_in("administrator"), made(world, "author")
    page = f"/admin/people/{person.id}"
    unit = {"unit": getattr(world, where)[key]} if where else {}
    send(client, page, f"{page}/grant", role=role, **unit)
    given = people.actor_of(made(world, "author")).roles
    send(client, page, f"{page}/revoke", role=role, **unit)
    assert (given, people.actor_of(made(world, "author")).roles) == ({Role.AUTHOR, Role.of(role)}, {Role.AUTHOR})


@pytest.mark.parametrize(
    ("role", "unit", "said"),
    [
        ("sealer", "", "请为“盖章人”选择中心"),
        ("leader", "999999", "选择主管部门"),
        ("nobody", "1", "请选择要授予的职责"),
        ("system", "", "请选择要授予的职责"),
    ],
)
def test_a_role_that_cannot_be_given_is_explained(role: str, unit: str, said: str, world: World, sign_in: As):
    client, page = sign_in("administrator"), f"/admin/people/{made(world, 'author').id}"
    answer = send(client, page, f"{page}/grant", role=role, unit=unit)
    assert (answer.status_code, said in answer.get_data(as_text=True)) == (422, True)


def test_a_disabled_person_is_signed_out_at_once_and_can_be_let_in_again(world: World, sign_in: As):
    author, administrator = sign_in("author"), sign_in("administrator")
    page = f"/admin/people/{made(world, 'author').id}"
    send(administrator, f"{page}/disable")
    out = author.get("/").status_code
    send(administrator, page, f"{page}/enable")
    assert (out, sign_in("author").get("/").status_code) == (302, 200)


def test_a_new_password_ends_every_session(world: World, sign_in: As):
    author, administrator = sign_in("author"), sign_in("administrator")
    page = send(administrator, f"/admin/people/{made(world, 'author').id}/password").get_data(as_text=True)
    assert (author.get("/").status_code, len(re.findall(r'one-time"><code>', page))) == (302, 1)


@pytest.mark.parametrize(("what", "fields"), [("disable", {}), ("revoke", {"role": "administrator"})])
def test_an_administrator_cannot_lock_themselves_out(what: str, fields: dict, world: World, sign_in: As):
    client, page = sign_in("administrator"), f"/admin/people/{made(world, 'administrator').id}"
    answer = send(client, page, f"{page}/{what}", **fields)
    assert (answer.status_code, "请由另一位管理员办理" in answer.get_data(as_text=True)) == (422, True)


@pytest.mark.parametrize(
    ("login", "role", "said"),
    [
        ("administrator", "desk", "不能给自己授予职责"),
        ("administrator", "auditor", "不能给自己授予职责"),
        ("desk", "administrator", "“管理员”不能与其他职责兼任"),
        ("auditor", "editor", "“审计员”不能与其他职责兼任"),
    ],
)
def test_nobody_helps_themselves_to_a_role_and_who_keeps_accounts_or_supervises_does_nothing_else(
    login: str, role: str, said: str, world: World, sign_in: As
):
    client, page = sign_in("administrator"), f"/admin/people/{made(world, login).id}"
    before = people.actor_of(made(world, login)).grants
    answer = send(client, page, f"{page}/grant", role=role)
    assert (answer.status_code, said in answer.get_data(as_text=True)) == (422, True)
    assert people.actor_of(made(world, login)).grants == before


def test_a_list_gives_no_role_to_whoever_takes_it_in(world: World, sign_in: As):
    client, lists = (
        sign_in("administrator"),
        "登录名,姓名,职责\nadministrator,严管,受理人\nnewcomer,新人,审计员、编辑\n",
    )
    shown = send(client, "/admin/import", kind="people", list=uploaded(lists)).get_data(as_text=True)
    post(client, "/admin/import/take", shown)
    assert ["不能给自己授予职责" in shown, "“审计员”不能与其他职责兼任" in shown] == [True, True]
    assert people.actor_of(made(world, "administrator")).roles == {Role.ADMINISTRATOR}


def test_an_entry_of_the_register_is_not_changed_by_an_empty_form(app, world: World, sign_in: As):
    app.config["WTF_CSRF_ENABLED"] = False
    client = sign_in("administrator")
    pages = [f"/admin/centres/{world.centres['university']}", f"/admin/offices/{world.offices['first']}"]
    assert [client.post(page).status_code for page in pages] == [422, 422]


def test_what_was_done_with_an_account_is_shown_on_its_page(world: World, sign_in: As):
    client, page = sign_in("administrator"), f"/admin/people/{made(world, 'author').id}"
    send(client, page, f"{page}/grant", role="checker")
    shown = client.get(page).get_data(as_text=True)
    assert ["授予职责</b>" in shown, "严管" in shown, "校对" in shown] == [True, True, True]


@pytest.mark.parametrize("page", ["/admin/people/999999", "/admin/offices/999999", "/admin/centres/999999"])
def test_what_is_not_there_is_not_found(page: str, world: World, sign_in: As):
    assert sign_in("administrator").get(page).status_code == 404


# ---- offices and centres ---------------------------------------------------------------------------------------------


def test_an_office_is_corrected_and_marked_verified(world: World, sign_in: As):
    office = world.offices["first"]
    page = f"/admin/offices/{office}"
    fields = {
        "addressee": "示例省知识产权局",
        "ip_office": "示例省局",
        "seal_name": "示例省知识产权局",
        "name_verified": "yes",
    }
    send(sign_in("administrator"), page, **fields)
    with world.database.reading() as session:
        found = register.office(session, office)
        assert (found.ip_office, found.name_verified) == ("示例省局", "yes")


@pytest.mark.parametrize(
    ("addressee", "said"),
    [("", "请填写主送名称"), ("邻省知识产权局", "已经有“邻省知识产权局”"), ("长" * 121, "最多 120 个字")],
)
def test_a_wrong_name_of_an_office_is_told_back(addressee: str, said: str, world: World, sign_in: As):
    page = f"/admin/offices/{world.offices['first']}"
    answer = send(sign_in("administrator"), page, addressee=addressee, ip_office="局", name_verified="no")
    assert (answer.status_code, said in answer.get_data(as_text=True)) == (422, True)


def test_a_centre_is_corrected(world: World, sign_in: As):
    centre = world.centres["institute"]
    fields = {"name": "新名称中心", "host_unit": "新单位", "kind": "both", "name_verified": "partly"}
    send(sign_in("administrator"), f"/admin/centres/{centre}", **fields)
    with world.database.reading() as session:
        found = register.centre(session, centre)
        assert {name: getattr(found, name) for name in fields} == fields


# ---- lists -----------------------------------------------------------------------------------------------------------

CENTRES = "中心名称,类型,省级主管部门\n第二大学信息中心,高校,示例省知识产权局\n无主中心,TISC,别省知识产权局\n"


def counted(world: World) -> int:
    with world.database.reading() as session:
        return len(register.centres(session))


def test_a_list_is_shown_before_anything_changes_and_taken_when_confirmed(world: World, sign_in: As):
    client, before = sign_in("administrator"), counted(world)
    shown = send(client, "/admin/import", kind="centres", list=uploaded(CENTRES)).get_data(as_text=True)
    between = counted(world)
    post(client, "/admin/import/take", shown)
    said = ["第二大学信息中心" in shown, "第 3 行" in shown, "别省知识产权局" in shown]
    assert (said, between - before, counted(world) - before) == ([True, True, True], 0, 1)


def test_taking_the_same_list_twice_adds_nothing(world: World, sign_in: As):
    client, before = sign_in("administrator"), counted(world)
    shown = send(client, "/admin/import", kind="centres", list=uploaded(CENTRES)).get_data(as_text=True)
    for _ in range(2):
        post(client, "/admin/import/take", shown)
    assert counted(world) - before == 1


def test_accounts_from_a_list_show_their_links_once_and_not_in_a_second_answer(world: World, sign_in: As):
    client = sign_in("administrator")
    text = "登录名,姓名,邮箱,职责,单位\nzhang,张受理,,受理人,\nli,李某,,国王,\n"
    shown = send(client, "/admin/import", kind="people", list=uploaded(text)).get_data(as_text=True)
    assert (made(world, "zhang"), "没有“国王”这个职责" in shown) == (None, True)
    answers = [post(client, "/admin/import/take", shown) for _ in range(2)]
    [link] = re.findall(r"(/reset/[\w-]+)<", answers[0].get_data(as_text=True))
    assert (answers[1].status_code, made(world, "zhang").name) == (302, "张受理")
    chosen = {"wanted": "several unrelated words", "wanted_again": "several unrelated words"}
    stranger = client.application.test_client()
    send(stranger, link, **chosen)
    entered = send(stranger, "/sign-in", login="zhang", password="several unrelated words")
    assert (entered.status_code, stranger.get("/").status_code) == (302, 200)


def test_the_empty_list_of_accounts_is_taken_away(world: World, sign_in: As):
    answer = sign_in("administrator").get("/admin/import/accounts.xlsx")
    assert [cell.value for cell in load_workbook(io.BytesIO(answer.data)).worksheets[0][1]] == [
        *("登录名", "姓名", "邮箱", "职责", "单位")
    ]


def test_a_changed_office_shows_both_names_before_it_is_taken(world: World, sign_in: As):
    text = "code,region,addressee,ip_office\nSF,示例省,示例省知识产权局,示例省市场监督管理局\n"
    shown = send(sign_in("administrator"), "/admin/import", kind="offices", list=uploaded(text)).get_data(as_text=True)
    assert "<del>示例省知识产权局</del> <ins>示例省市场监督管理局</ins>" in shown


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (uploaded("x", "名单.pdf"), "名单应为 Excel 工作簿或 CSV 文件"),
        (uploaded("not a zip", "名单.xlsx"), "名单应为 Excel 工作簿或 CSV 文件"),
        (uploaded("a,b\n1,2\n"), "缺少"),
        (uploaded("", ""), "请先选择文件"),
    ],
)
def test_what_is_no_list_is_told_back(file, said: str, world: World, sign_in: As):
    content, name = file
    sent = (io.BytesIO(content.getvalue()), name)
    answer = send(sign_in("administrator"), "/admin/import", kind="centres", list=sent)
    assert (answer.status_code, said in answer.get_data(as_text=True)) == (422, True)


def test_a_note_that_somebody_made_up_takes_nothing(world: World, sign_in: As):
    client = sign_in("administrator")
    shown = client.get("/admin/import").get_data(as_text=True)
    assert post(client, "/admin/import/take", shown, note="made.up").status_code == 422


# ---- earlier reports -------------------------------------------------------------------------------------------------

PRIORS = (
    "编号,案例名称,机构名称,服务对象,正文,报送日期\nQ-1,早先的案例,示例大学知识产权信息服务中心,某厂,正文一段,2020-06\n"
)


def priors_in(world: World) -> list[tuple[str, int | None, str]]:
    with world.database.reading() as session:
        return [(one.number, one.office_id, str(one.reported_on)) for one in session.query(PriorReport)]


@pytest.mark.parametrize(("login", "office"), [("reviewer", "first"), ("desk", None)])
def test_earlier_reports_are_imported_by_reviewer_and_desk_for_their_own_list(
    login: str, office: str | None, world: World, sign_in: As
):
    client = sign_in(login)
    shown = send(client, "/priors", "/priors/preview", list=uploaded(PRIORS)).get_data(as_text=True)
    before = priors_in(world)
    post(client, "/priors/take", shown)
    page = client.get("/priors").get_data(as_text=True)
    own = world.offices[office] if office else None
    assert (before, priors_in(world), "早先的案例" in page) == ([], [("Q-1", own, "2020-06-01")], True)


@pytest.mark.parametrize("login", ["author", "leader", "director", "administrator", "auditor"])
def test_others_import_no_earlier_reports(login: str, world: World, sign_in: As):
    assert sign_in(login).get("/priors").status_code == 404


def test_a_reviewer_cannot_import_for_another_office(world: World, sign_in: As):
    client = sign_in("reviewer")
    other = world.offices["second"]
    shown = send(client, "/priors", "/priors/preview", list=uploaded(PRIORS), office=str(other)).get_data(as_text=True)
    post(client, "/priors/take", shown)
    assert {office for _, office, _ in priors_in(world)} == {world.offices["first"]}


def test_a_case_like_an_imported_report_is_found(world: World, sign_in: As):
    book, content = Workbook(), world.content()
    for row in (
        ["编号", "案例名称", "机构名称", "服务对象", "正文"],
        ["Q-7", content.title, "示例大学知识产权信息服务中心", content.recipient, content.body],
    ):
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    file.seek(0)
    client = sign_in("reviewer")
    shown = send(client, "/priors", "/priors/preview", list=(file, "清单.xlsx")).get_data(as_text=True)
    post(client, "/priors/take", shown)
    case = world.draft(content)
    world.seal(case)
    refused = world.act(case, "stamp")
    assert [one.rule for one in refused.findings] == ["not_reported_before"]


def test_lines_of_an_earlier_list_that_cannot_be_kept_are_named(world: World, sign_in: As):
    text = "编号,案例名称,报送日期\nQ-1,甲,2020-06\nQ-1,乙,2020-06\n,丙,\nQ-4,丁,去年\n"
    shown = send(sign_in("reviewer"), "/priors", "/priors/preview", list=uploaded(text)).get_data(as_text=True)
    assert [said in shown for said in ("与第 2 行重复", "缺少", "“去年”看不懂")] == [True, True, True]


# ---- calls -----------------------------------------------------------------------------------------------------------

SOURCE = CALL_2021.read_text("utf-8")
NOTICE = CALL_2021.with_suffix(".zh.md").read_text("utf-8")


def versions(world: World) -> int:
    with world.database.reading() as session:
        return stored_calls.open_calls(session)[0][1].version


def test_a_call_is_checked_first_and_then_loaded_as_the_next_version(world: World, sign_in: As):
    client = sign_in("administrator")
    changed = SOURCE.replace("maximum = 1500", "maximum = 1600")
    checked = send(client, "/admin/calls", source=changed, notice=NOTICE, then="check").get_data(as_text=True)
    between = versions(world)
    send(client, "/admin/calls", source=changed, notice=NOTICE, then="load")
    assert ("载入为第 2 版" in checked, between, versions(world)) == (True, 1, 2)


def test_the_same_call_again_makes_no_version(world: World, sign_in: As):
    client = sign_in("administrator")
    for _ in range(2):
        send(
            client,
            "/admin/calls",
            source_file=uploaded(SOURCE, "a.toml"),
            notice_file=uploaded(NOTICE, "a.md"),
            then="load",
        )
    assert versions(world) == 1


def test_everything_wrong_in_a_call_is_told_by_place_and_line(world: World, sign_in: As):
    wrong = SOURCE.replace("maximum = 1500", "maximun = 1500").replace('themes = ["smes"]', 'themes = ["smess"]')
    answer = send(sign_in("administrator"), "/admin/calls", source=wrong, notice=NOTICE, then="load")
    page = answer.get_data(as_text=True)
    line = wrong.splitlines().index("maximun = 1500") + 1
    said = [f"第 {line} 行" in page, "maximun" in page, "smess" in page, versions(world) == 1]
    assert (answer.status_code, said) == (422, [True] * 4)


def test_an_empty_call_asks_for_the_file(world: World, sign_in: As):
    answer = send(sign_in("administrator"), "/admin/calls", source="", notice="")
    assert (answer.status_code, "请上传或粘贴" in answer.get_data(as_text=True)) == (422, True)


def test_the_page_after_checking_keeps_a_token_for_loading(world: World, sign_in: As):
    page = send(sign_in("administrator"), "/admin/calls", source=SOURCE + "\n# 注\n", notice=NOTICE, then="check")
    assert "form_key" in hidden(page.get_data(as_text=True), "/admin/calls")


def test_a_call_gets_a_word_document_of_its_own_on_screen(world: World, sign_in: As):
    client = sign_in("administrator")
    document, own = Document(str(SHARED)), io.BytesIO()
    document.sections[0].header.paragraphs[0].text = "本通知专用"
    document.save(own)
    for look in (own.getvalue(), own.getvalue()):
        send(client, "/admin/calls/2021-205/look", look=(io.BytesIO(look), "own.docx"))
    blank, bare = Document(), io.BytesIO()
    blank.save(bare)
    refused = send(client, "/admin/calls/2021-205/look", look=(io.BytesIO(bare.getvalue()), "bare.docx"))
    nothing = send(client, "/admin/calls/2021-205/look")
    with world.database.reading() as session:
        newest, call = stored_calls.open_calls(session)[0]
    template = client.get(f"/cases/template/{newest}.docx").data
    shown = Document(io.BytesIO(template)).sections[0].header.paragraphs[0].text
    assert (refused.status_code, nothing.status_code, call.version, shown) == (422, 422, 2, "本通知专用")
    assert "一、" in refused.get_data(as_text=True)
