"""Cases on screen: lists, steps, writing, and what happens when two people are at it."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import unquote

import pytest
from flask.testing import FlaskClient

from states.case import CaseState
from tests.web.conftest import As, hidden, post, send
from tests.worlds import World
from workflow.content import Content

pytestmark = pytest.mark.database


def page(client: FlaskClient, address: str) -> str:
    return client.get(address).get_data(as_text=True)


def told(client: FlaskClient, kind: str, address: str = "/") -> list[str]:
    """What the next page says at its top."""
    found = re.findall(rf'<p class="flash flash-{kind}">.*?<span>(.*?)</span>', page(client, address), re.S)
    return [re.sub(r"<[^>]*>", "", words).strip() for words in found]


def titles(shown: str) -> list[str]:
    return re.findall(r'class="case-title"[^>]*>([^<]+)<', shown)


# ---- lists -----------------------------------------------------------------------------------------------------------


def test_a_list_shows_what_is_within_reach_and_counts_drafts_of_an_office_only(sign_in: As, world: World):
    world.draft()
    stamped = world.case(CaseState.CENTRE_STAMPED)
    shown = page(sign_in("reviewer"), "/cases")
    assert (titles(shown), "另有 1 件尚未盖章的草稿" in shown) == ([world.row(stamped).title], True)


def test_a_list_is_narrowed_by_state_text_phase_and_theme(sign_in: As, world: World):
    first, second = world.draft(), world.draft(world.content(world.call.phases[1]))
    client = sign_in("author")
    asked = {
        "/cases?state=draft": {first, second},
        "/cases?state=published": set(),
        f"/cases?text={world.row(first).title}": {first},
        f"/cases?phase={world.call.phases[1].id}": {second},
        f"/cases?theme={world.row(second).theme}&phase={world.call.phases[1].id}": {second},
    }
    shown = {
        address: {int(one) for one in re.findall(r'href="/cases/(\d+)"', page(client, address))} for address in asked
    }
    assert shown == asked


def test_a_list_says_when_nothing_fits_and_how_to_go_on(sign_in: As, world: World):
    world.draft()
    client = sign_in("author")
    narrowed = page(client, "/cases?state=published")
    assert ["没有符合条件的案例" in narrowed, "清除筛选" in narrowed] == [True, True]
    shown = page(client, "/cases?text=标题:没有这样+检索&state=published")
    ways = [unescape(one) for one in re.findall(r'<li><a href="(/cases\?text[^"]+)">', shown)]
    assert ["没有找到" in shown, "换个说法" in shown] == [True, True]
    assert [unquote(one) for one in ways] == [
        "/cases?text=标题:没有这样+检索",
        "/cases?text=标题:没有这样",
        "/cases?text=检索",
        "/cases?text=没有这样",
    ]


def test_a_long_list_goes_on_where_the_page_before_ended(sign_in: As, world: World):
    made = [world.draft() for _ in range(33)]
    client = sign_in("author")
    first = page(client, "/cases")
    after = re.search(r'href="(/cases\?after=[^"]+)"', first)
    second = page(client, after[1]) if after else ""
    assert (len(titles(first)), sorted(titles(first) + titles(second))) == (
        30,
        sorted(world.row(case).title for case in made),
    )


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/cases?office=x&centre=99999&after=nonsense&sort=none", 200),
        (f"/cases?office={'9' * 40}&centre=-1", 200),
        (f"/cases/{'9' * 20}", 404),
        ("/cases?state=\x00", 400),
    ],
)
def test_a_made_up_address_does_no_harm(address: str, status: int, sign_in: As, world: World):
    assert sign_in("author").get(address).status_code == status


def test_a_case_is_only_started_under_a_call_that_there_is(sign_in: As, world: World):
    client = sign_in("author")
    centre = world.centres["university"]
    answer = post(client, "/cases/new", page(client, "/cases/new"), call=world.call_version + 7, centre=centre)
    assert answer.status_code == 404


# ---- my work ---------------------------------------------------------------------------------------------------------


def test_my_work_piles_up_cases_by_the_step_that_waits(sign_in: As, world: World):
    case = world.case(CaseState.CENTRE_STAMPED)
    shown = page(sign_in("reviewer"), "/")
    assert ["审核通过" in shown, f"/cases/{case}" in shown, "还有 7 天" in shown] == [True, True, True]


def test_my_work_shows_what_is_with_somebody_else(sign_in: As, world: World):
    world.case(CaseState.CENTRE_STAMPED)
    shown = page(sign_in("author"), "/")
    assert ["我在等" in shown, "待审核人办理" in re.sub(r"<[^>]+>|\s", "", shown)] == [True, True]


def test_empty_work_says_what_to_do(sign_in: As):
    shown = [page(sign_in(login), "/") for login in ("author", "judge")]
    assert ["现在没有等您办理的事项" in one for one in shown] == [True, True]


# ---- steps -----------------------------------------------------------------------------------------------------------


def test_a_step_that_is_done_gives_a_receipt(sign_in: As, world: World):
    case = world.case(CaseState.DRAFT)
    client = sign_in("sealer")
    send(client, f"/cases/{case}", f"/cases/{case}/stamp")
    words = told(client, "done")
    assert (world.state(case), [one.startswith(f"盖章报送省级：已办理。回执 case/{case}#2 · ") for one in words]) == (
        CaseState.CENTRE_STAMPED,
        [True],
    )


def test_the_same_form_twice_has_one_effect_and_one_receipt(sign_in: As, world: World):
    case = world.case(CaseState.DRAFT)
    client = sign_in("sealer")
    shown = page(client, f"/cases/{case}")
    words = []
    for _ in range(2):
        post(client, f"/cases/{case}/stamp", shown)
        words += told(client, "done")
    assert (words[0] == words[1], world.row(case).version) == (True, 2)


def test_a_step_that_a_rule_forbids_is_explained_and_keeps_what_was_typed(sign_in: As, world: World):
    case = world.case(CaseState.CENTRE_STAMPED)
    client = sign_in("reviewer")
    fields = {"remark": "我写的备注", "confirmed": "relevant"}
    answer = send(client, f"/cases/{case}/review", f"/cases/{case}/review", **fields)
    shown = answer.get_data(as_text=True)
    kept = re.search(r"<textarea[^>]*name=\"remark\"[^>]*>([^<]*)<", shown)
    ticked = re.findall(r'name="confirmed" value="(\w+)" checked', shown)
    assert (answer.status_code, world.state(case), kept and kept[1], ticked) == (
        422,
        CaseState.CENTRE_STAMPED,
        "我写的备注",
        ["relevant"],
    )


def test_a_step_back_says_what_it_undoes_before_it_is_confirmed(sign_in: As, world: World):
    case = world.case(CaseState.CENTRE_STAMPED)
    shown = page(sign_in("reviewer"), f"/cases/{case}/return_to_centre")
    assert "改动后原盖章失效" in shown


def test_the_author_of_a_returned_case_reads_who_returned_it_and_why(sign_in: As, world: World):
    case = world.case(CaseState.CENTRE_STAMPED)
    client = sign_in("reviewer")
    send(client, f"/cases/{case}/return_to_centre", remark="请补充服务成效的数字。")
    shown = page(sign_in("author"), f"/cases/{case}")
    top = shown[: shown.index('class="split')]
    assert ["请补充服务成效的数字。" in top, "王审" in top] == [True, True]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_second_of_two_is_told_who_was_faster_and_gets_the_words_back(language: str, sign_in: As, world: World):
    case = world.case(CaseState.CENTRE_STAMPED)
    second = sign_in("second_reviewer", language)
    shown = page(second, f"/cases/{case}/return_to_centre")
    world.act(case, "review")
    answer = post(second, f"/cases/{case}/return_to_centre", shown, remark="写了很久的理由")
    words = answer.get_data(as_text=True)
    assert (answer.status_code, "王审" in words, "写了很久的理由" in words) == (409, True, True)


def test_a_step_that_belongs_to_a_batch_is_not_taken_alone(sign_in: As, world: World):
    case = world.case(CaseState.PROVINCE_REVIEWED)
    client = sign_in("leader")
    answer = post(client, f"/cases/{case}/submit", page(client, "/"))
    assert (answer.status_code, world.state(case)) == (409, CaseState.PROVINCE_REVIEWED)


@pytest.mark.parametrize("state", list(CaseState))
def test_every_step_that_a_page_offers_can_be_asked_for(state: CaseState, sign_in: As, world: World):
    case = world.case(state)
    codes = set()
    for login in ("sealer", "reviewer", "desk", "editor"):
        client = sign_in(login)
        codes |= {
            client.get(address).status_code
            for address in re.findall(rf'href="(/cases/{case}/[a-z_]+)" data-dialog', page(client, f"/cases/{case}"))
        }
    assert codes <= {200}


def test_each_finding_quotes_the_notice_and_leads_to_where_it_is_mended(sign_in: As, world: World):
    case = world.draft(world.content(recipient="", length=1600))
    shown = page(sign_in("author_and_sealer"), f"/cases/{case}")
    asked = ["篇幅控制在1500字以内", "超过 1500 字的上限 100 字", f'href="/cases/{case}/edit#recipient"']
    assert [one in shown for one in asked] == [True] * 3


def test_that_the_reader_wrote_the_text_is_no_obstacle_to_somebody_elses_step(sign_in: As, world: World):
    case = world.case(CaseState.DRAFT)
    shown = page(sign_in("author"), f"/cases/{case}")
    assert ["等待" in shown, "这份案例由您撰写" in shown, "still in its way" in shown, "目前还差" in shown] == [
        True,
        False,
        False,
        False,
    ]


# ---- writing ---------------------------------------------------------------------------------------------------------


def started(client: FlaskClient, world: World, then: str = "edit") -> str:
    """Start a case on screen and give where that leads."""
    fields = {"call": world.call_version, "centre": world.centres["university"], "then": then}
    return send(client, "/cases/new", **fields).headers["Location"]


@pytest.mark.parametrize("then", ["edit", "upload"])
def test_an_author_starts_a_case_and_goes_on_writing_or_uploading(then: str, sign_in: As, world: World):
    assert re.fullmatch(rf"/cases/\d+/{then}", started(sign_in("author"), world, then)) is not None


def test_only_authors_start_cases(sign_in: As, world: World):
    shown = page(sign_in("sealer"), "/cases/new")
    client = sign_in("sealer")
    answer = post(client, "/cases/new", page(client, "/"), call=world.call_version, centre=1)
    assert ("新建案例由中心的撰稿人办理" in shown, answer.status_code) == (True, 403)


def typed(content: Content) -> dict[str, str]:
    """Content as the form sends it."""
    return {
        "title": content.title,
        "phase": content.phase,
        "theme": content.theme,
        "theme_name": content.theme_name,
        "recipient": content.recipient,
        "service_from": f"{content.service_from:%Y-%m}" if content.service_from else "",
        "service_to": f"{content.service_to:%Y-%m}" if content.service_to else "",
        **{f"section:{name}": text.replace("\n", "\r\n") for name, text in content.sections.items()},
        **{f"form:{name}": value for name, value in content.form.items()},
    }


def test_what_is_typed_is_what_is_kept(sign_in: As, world: World):
    client = sign_in("author")
    where = started(client, world)
    content = world.content(sections={one.id: f"第一段。\n第二段：{one.id}" for one in world.call.sections})
    send(client, where, **typed(content))
    row = world.row(int(where.split("/")[2]))
    assert (row.title, row.sections, row.form, f"{row.service_from:%Y-%m-%d}") == (
        content.title,
        content.sections,
        content.form,
        "2020-01-01",
    )


def test_a_wrong_month_is_told_at_its_field_and_nothing_typed_is_lost(sign_in: As, world: World):
    case = world.draft()
    client = sign_in("author")
    answer = send(client, f"/cases/{case}/edit", **{**typed(world.content(title="新名称")), "service_to": "二〇二〇年"})
    shown = answer.get_data(as_text=True)
    assert [answer.status_code, "请写年月，如 2020-06" in shown, 'value="二〇二〇年"' in shown, "新名称" in shown] == [
        422,
        True,
        True,
        True,
    ]


def test_a_title_too_long_for_the_register_is_told_and_not_cut(sign_in: As, world: World):
    case = world.draft()
    answer = send(sign_in("author"), f"/cases/{case}/edit", **typed(world.content(title="长" * 301)))
    assert (answer.status_code, "最多 300 个字符" in answer.get_data(as_text=True)) == (422, True)


@pytest.mark.parametrize(("language", "words"), [("zh", "第 3 个字符（U+0008）"), ("en", "Character 3 (U+0008)")])
def test_a_character_that_no_file_can_hold_is_told_beside_its_field_and_nothing_typed_is_lost(
    language: str, words: str, sign_in: As, world: World
):
    case, client = world.draft(), sign_in("author", language)
    before = world.content_of(case)
    given = {**typed(before), "title": "名称\x08一", "section:effect": "成\r\n果\x0c\x00。"}
    answer = send(client, f"/cases/{case}/edit", **given)
    shown = answer.get_data(as_text=True)
    told = re.findall(r'<p class="field-error" id="([^"]*)">', shown)
    assert (answer.status_code, told, words in shown) == (422, ["title-error", "section-effect-error"], True)
    assert ['value="名称\x08一"' in shown, ">成\n果\x0c\x00。</textarea>" in shown] == [True, True]
    assert (world.row(case).revision, world.content_of(case)) == (1, before)


@pytest.mark.parametrize(("language", "words"), [("zh", "“说明”：第 2 个字符"), ("en", "“Remark”: Character 2")])
def test_such_a_character_in_any_other_form_is_refused_with_what_was_written(
    language: str, words: str, sign_in: As, world: World
):
    case = world.case(CaseState.CENTRE_STAMPED)
    answer = send(sign_in("reviewer", language), f"/cases/{case}/return_to_centre", remark="请\x0b补充数字。")
    shown = answer.get_data(as_text=True)
    assert (answer.status_code, words in shown, "补充数字。" in shown) == (422, True, True)
    assert world.row(case).state == CaseState.CENTRE_STAMPED


def test_saving_over_a_newer_text_shows_both_and_loses_nothing(sign_in: As, world: World):
    case = world.draft(world.content(title="原来的名称"))
    client = sign_in("author")
    shown = page(client, f"/cases/{case}/edit")
    world.edit(case, world.content(title="别人改的名称"), by="second_author")
    answer = post(client, f"/cases/{case}/edit", shown, **typed(world.content(title="我改的名称")))
    both = answer.get_data(as_text=True)
    plain = re.sub(r"<[^>]+>", "", both)
    assert (answer.status_code, "钱文已先办理" in plain, 'value="我改的名称"' in both, "<del>别人" in both) == (
        409,
        True,
        True,
        True,
    )


def test_after_comparing_the_same_words_can_be_saved(sign_in: As, world: World):
    case = world.draft()
    client = sign_in("author")
    shown = page(client, f"/cases/{case}/edit")
    world.edit(case, world.content(), by="second_author")
    mine = typed(world.content(title="我改的名称"))
    again = post(client, f"/cases/{case}/edit", shown, **mine).get_data(as_text=True)
    answer = post(client, f"/cases/{case}/edit", again, **mine)
    assert (answer.status_code, world.row(case).title) == (302, "我改的名称")


@pytest.mark.parametrize(
    ("login", "state", "status"), [("author", CaseState.SUBMITTED, 409), ("desk", CaseState.SUBMITTED, 403)]
)
def test_sealed_content_cannot_be_edited_and_the_page_says_who_could_help(
    login: str, state: CaseState, status: int, sign_in: As, world: World
):
    assert sign_in(login).get(f"/cases/{world.case(state)}/edit").status_code == status


def test_earlier_revisions_are_kept_and_their_differences_shown(sign_in: As, world: World):
    content = world.content(title="原来的名称")
    case = world.draft(content)
    world.edit(case, content.changed(title="后来的名称"))
    shown = page(sign_in("author"), f"/cases/{case}/revisions/2")
    assert "<del>原</del><ins>后</ins>来的名称" in shown


def test_any_two_revisions_are_compared_with_who_wrote_each_and_when(sign_in: As, world: World):
    content = world.content(title="原来的名称")
    case = world.draft(content)
    world.edit(case, content.changed(title="后来的名称"))
    world.edit(case, content.changed(title="最后的名称"), by="second_author")
    client, where = sign_in("author"), f"/cases/{case}/revisions"
    far, back = page(client, f"{where}/3?before=1"), page(client, f"{where}/1?before=3")
    assert ("<del>原来</del><ins>最后</ins>的名称" in far, "<del>最后</del><ins>原来</ins>的名称" in back) == (
        True,
        True,
    )
    listed = re.findall(r"第 (\d) 稿</a> <span class=\"quiet\"><span lang=\"zh-CN\">([^<]+)</span>", far)
    names = [world.people[one].name for one in ("second_author", "author", "author")]
    assert listed == list(zip("321", names, strict=True))
    assert "两稿的内容完全相同" in page(client, f"{where}/2?before=2")
    assert [client.get(f"{where}/{one}").status_code for one in ("3?before=9", "3?before=x", "9?before=1")] == [
        404,
        200,
        404,
    ]


def test_a_revision_lists_the_files_that_came_with_it(sign_in: As, world: World):
    case = world.draft()
    world.seal(case)
    assert f"扫描件{case}.png" in page(sign_in("author"), f"/cases/{case}/revisions/1")


def test_text_is_shown_as_text_whatever_it_holds(sign_in: As, world: World):
    case = world.draft(world.content(title="<script>alert(1)</script>"))
    shown = page(sign_in("author"), f"/cases/{case}")
    assert ["<script>alert" in shown, "&lt;script&gt;alert" in shown] == [False, True]


def test_each_form_carries_a_key_of_its_own(sign_in: As, world: World):
    case = world.case(CaseState.CENTRE_STAMPED)
    client = sign_in("reviewer")
    keys = {hidden(page(client, f"/cases/{case}/review"), f"/cases/{case}/review")["form_key"] for _ in range(2)}
    assert len(keys) == 2


def test_what_a_case_waits_for_stands_on_the_first_page_of_those_who_settle_it(world: World, sign_in: As):
    world.case(CaseState.SHORTLISTED)
    asked = {one: "请补齐" in sign_in(one).get("/").get_data(as_text=True) for one in ("sealer", "director", "desk")}
    assert asked == {"sealer": True, "director": True, "desk": False}


def test_a_case_names_those_who_are_next(world: World, sign_in: As):
    case = world.case(CaseState.CENTRE_STAMPED)
    shown = sign_in("author").get(f"/cases/{case}").get_data(as_text=True)
    assert f'<b>审核人</b> <span lang="zh-CN">{world.people["reviewer"].name}' in " ".join(shown.split())
