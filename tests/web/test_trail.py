"""The trail on screen: everything within reach, in words, the refused tries with why."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook

from states.case import CaseState
from tests.web.conftest import As, post
from tests.worlds import World
from web import trail as screen
from workflow.audit import lists, log
from workflow.audit.log import Signed
from workflow.calls import call_standing, deadlines

pytestmark = pytest.mark.database


@pytest.fixture
def refused(world: World) -> int:
    """A draft without a seal that its sealer tried to stamp."""
    case = world.draft()
    world.act(case, "stamp")
    return case


def test_a_refused_try_shows_every_finding_with_its_clause(world: World, refused: int, sign_in: As):
    page = sign_in("sealer").get("/trail?outcome=refused").get_data(as_text=True)
    clause = world.call.rules["unit_seal_present"].clause
    assert ["未办成" in page, f'lang="zh-CN">{clause}<' in page, "孙印" in page] == [True, True, True]


@pytest.mark.parametrize(
    ("login", "reads"),
    [("author", True), ("auditor", True), ("reviewer", False), ("desk", False), ("neighbour_author", False)],
)
def test_the_trail_of_a_draft_is_for_its_centre_and_the_auditor(
    login: str, reads: bool, world: World, refused: int, sign_in: As
):
    assert (world.row(refused).title in sign_in(login).get("/trail").get_data(as_text=True)) is reads


@pytest.mark.parametrize(
    ("login", "status"), [("author", 200), ("auditor", 200), ("reviewer", 404), ("administrator", 404)]
)
def test_one_entry_is_there_for_those_who_reach_it(login: str, status: int, world: World, refused: int, sign_in: As):
    event = world.events(refused, "case.stamp")[0]
    assert sign_in(login).get(f"/trail/{event.uid}").status_code == status


def test_one_entry_shows_its_body_its_hash_and_that_it_is_intact(world: World, refused: int, sign_in: As):
    event = world.events(refused, "case.stamp")[0]
    page = sign_in("author").get(f"/trail/{event.uid}").get_data(as_text=True)
    assert [event.hash in page, "内容没有被改动" in page, "from_state" in page] == [True, True, True]


@pytest.mark.parametrize(
    "query", ["person=孙", "outcome=refused", "action=case.stamp", "action=case.", "receipt=case/1/tries%231"]
)
def test_the_trail_is_narrowed(query: str, world: World, refused: int, sign_in: As):
    page = sign_in("author").get(f"/trail?{query}").get_data(as_text=True)
    assert "孙印" in page


@pytest.mark.parametrize(
    "query", ["person=无此人", "number=none", "first=2021-04-01", "last=2021-01-01", "receipt=case/1%2399"]
)
def test_a_filter_that_fits_nothing_says_so(query: str, world: World, refused: int, sign_in: As):
    assert "没有符合条件的留痕" in sign_in("author").get(f"/trail?{query}").get_data(as_text=True)


@pytest.mark.parametrize("query", ["after=x", "first=2021-99-99", "action=nothing", "outcome=x", "last=0001-01-01"])
def test_what_makes_no_sense_counts_as_not_asked(query: str, world: World, refused: int, sign_in: As):
    page = sign_in("author").get(f"/trail?{query}")
    assert (page.status_code, "孙印" in page.get_data(as_text=True)) == (200, True)


@pytest.mark.parametrize("login", ["reviewer", "leader", "desk", "director", "editor", "liaison", "auditor", "author"])
def test_every_step_up_to_abroad_is_read_by_those_it_concerns(login: str, world: World, sign_in: As):
    row = world.row(world.case(CaseState.WIPO_PUSHED))
    page = sign_in(login, "en").get(f"/trail?number={row.number}").get_data(as_text=True)
    assert ["Stamp and send to the province" in page, "Pushed to WIPO" in page] == [True, True]


def test_who_is_not_signed_in_reads_nothing(world: World, refused: int, app):
    assert app.test_client().get("/trail").status_code == 302


# ---- the list --------------------------------------------------------------------------------------------------------


def test_the_list_says_how_many_fit(world: World, refused: int, sign_in: As, monkeypatch: pytest.MonkeyPatch):
    author = sign_in("author")
    assert "共 2 条" in author.get("/trail").get_data(as_text=True)
    assert "共 1 条" in author.get("/trail?outcome=refused").get_data(as_text=True)
    monkeypatch.setattr(screen, "MOST_COUNTED", 1)
    assert "超过 1 条" in author.get("/trail").get_data(as_text=True)


def test_usual_days_are_one_click_away_and_keep_the_other_filters(world: World, refused: int, sign_in: As):
    page = sign_in("author").get("/trail?person=孙&first=2021-03-15&last=2021-03-19").get_data(as_text=True)
    days = ("first=2021-03-19&amp;last=2021-03-19", "first=2021-03-15&amp;last=2021-03-19", "first=2021-03-01&amp;")
    assert [one in page for one in days] == [True, True, True]
    assert page.count('aria-current="true"') == 1
    assert page.count('class="preset" href="/trail?person=%E5%AD%99&amp;first=') == 4


@pytest.mark.parametrize("beginning", ["{hash}", "{hash:.6}", "{upper:.6}"])
def test_an_entry_is_found_by_how_its_hash_begins(beginning: str, world: World, refused: int, sign_in: As):
    event = world.events(refused, "case.stamp")[0]
    asked = beginning.format(hash=event.hash, upper=event.hash.upper())
    page = sign_in("author").get(f"/trail?receipt={asked}").get_data(as_text=True)
    assert ("共 1 条" in page, f"/trail/{event.uid}" in page) == (True, True)


@pytest.mark.parametrize("beginning", ["%", "_", "zz", "0x"])
def test_what_no_hash_begins_with_finds_nothing(beginning: str, world: World, refused: int, sign_in: As):
    page = sign_in("author").get("/trail", query_string={"receipt": beginning}).get_data(as_text=True)
    assert "没有符合条件的留痕" in page


# ---- to take away ----------------------------------------------------------------------------------------------------


def taken(sign_in: As, login: str, kind: str, **filters: str) -> bytes:
    client = sign_in(login)
    page = client.get("/trail", query_string=filters).get_data(as_text=True)
    return post(client, "/trail/export", page, **{"as": kind}, **filters).data


def test_the_list_is_taken_away_line_by_line_and_that_goes_on_record(world: World, refused: int, sign_in: As):
    head, *lines = [json.loads(one) for one in taken(sign_in, "author", "jsonl", outcome="refused").splitlines()]
    event = world.events(refused, "case.stamp")[0]
    assert (head["rows"], head["complete"], head["filter"]) == (1, True, {"outcome": "refused"})
    assert [(one["hash"], one["outcome"], bool(one["findings"])) for one in lines] == [(event.hash, "未办成", True)]
    page = sign_in("auditor").get("/trail?action=export.take").get_data(as_text=True)
    assert ["留痕清单，1 条" in page, "outcome=refused" in page] == [True, True]


def test_the_sheet_holds_texts_only(world: World, sign_in: As):
    case = world.case(CaseState.CENTRE_STAMPED)
    world.act(case, "return_to_centre", remark='=HYPERLINK("http://x","y")')
    book = load_workbook(io.BytesIO(taken(sign_in, "author", "xlsx")))
    cells = [cell for row in book["留痕"].iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert '=HYPERLINK("http://x","y")' in {cell.value for cell in cells}
    assert book["说明"]["B1"].value == str(book["留痕"].max_row - 1)


def test_a_list_that_is_cut_says_so(world: World, refused: int, sign_in: As, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lists, "MOST", 1)
    head, *lines = [json.loads(one) for one in taken(sign_in, "author", "jsonl").splitlines()]
    assert (head["rows"], head["complete"], len(lines)) == (1, False, 1)
    sheet = load_workbook(io.BytesIO(taken(sign_in, "author", "xlsx")))["说明"]
    assert "只含符合条件的最新 1 条" in sheet["B2"].value


@pytest.mark.parametrize(("kind", "mark"), [("xes", b"<event>"), ("ocel", b'"type": "case.')])
def test_the_list_is_taken_away_for_process_mining_and_that_goes_on_record(
    kind: str, mark: bytes, world: World, refused: int, sign_in: As
):
    data = taken(sign_in, "author", kind, action="case.")
    page = sign_in("auditor").get("/trail?action=export.take").get_data(as_text=True)
    assert (data.count(mark), "留痕清单，2 条" in page, f"as={kind}" in page) == (2, True, True)


def test_nobody_takes_away_what_they_may_not_read(world: World, refused: int, sign_in: As):
    head = json.loads(taken(sign_in, "neighbour_author", "jsonl").splitlines()[0])
    assert head["rows"] == 0


# ---- one case --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("login", "status"), [("author", 200), ("reviewer", 200), ("desk", 200), ("neighbour_author", 404), ("judge", 404)]
)
def test_the_course_of_a_case_is_for_those_who_reach_it(login: str, status: int, world: World, sign_in: As):
    case = world.case(CaseState.SUBMITTED)
    assert sign_in(login).get(f"/trail/cases/{case}").status_code == status


def test_the_course_of_a_case_has_its_tries_its_batch_and_its_push_in_order(world: World, sign_in: As):
    case = world.draft()
    world.act(case, "stamp")
    world.seal(case)
    world.walk(case, "stamp", "review", "submit", "shortlist", "publish", "push")
    page = sign_in("auditor").get(f"/trail/cases/{case}").get_data(as_text=True)
    steps = ("新建案例", "盖章报送省级", "确认印章", "审核通过", "增减批内案例", "报送国家局", "发起推送", "推送 WIPO")
    places = [page.find(f"<b>{one}</b>") for one in steps]
    assert (places == sorted(places), -1 in places) == (True, False)
    assert page.find('<b>盖章报送省级</b> <span class="refused"') == places[1]
    assert page.count('<svg class="dots"') == 7
    assert "怎样看本案例的留痕" in page


def test_the_course_tells_by_which_day_a_step_was_in_time_and_how_it_may_go_on(world: World, sign_in: As):
    """Refused as late, done after an extension, passed over: its author reads why, and that there is a way back."""
    case, closes = world.draft(), world.window(world.phase).closes
    world.seal(case)
    assert not world.act(case, "stamp", at=closes).done
    later = closes + timedelta(hours=1)
    with world.database.transaction() as session:
        day, director = closes.date() + timedelta(days=6), world.people["director"]
        deadlines.extend(session, world.call, "first", day, "停工", office=None, actor=director, at=later)
    world.walk(case, "stamp", "review", "submit", "pass_over", at=later)
    page = sign_in("author").get(f"/trail/cases/{case}").get_data(as_text=True)
    assert page.count(f"当时的截止日：{day.year}年{day.month}月{day.day}日") == 2  # the centre's and its office's step
    assert "第一阶段已于" in page
    assert "现在是“未入选”，可以怎样继续</h2>" in page
    assert '<li><b>重新遴选</b> <span class="quiet">受理人</span></li>' in page
    page = sign_in("author", "en").get(f"/trail/cases/{case}").get_data(as_text=True)
    assert "the last day then was" in page
    assert "Take up again</b>" in page


def test_under_a_call_that_is_closed_the_course_says_what_that_bars(world: World, sign_in: As):
    case = world.case(CaseState.RETURNED)
    with world.database.transaction() as session:
        call_standing.act(session, world.call.number, "close", actor=world.people["director"], at=world.at)
    page = sign_in("author").get(f"/trail/cases/{case}").get_data(as_text=True)
    assert ("已结束征集，中心不能再" in page, "<li><b>盖章报送省级" in page) == (True, False)


def test_the_course_tells_the_day_once_and_what_a_refused_try_left_as_it_was(world: World, refused: int, sign_in: As):
    page = sign_in("author").get(f"/trail/cases/{refused}").get_data(as_text=True).partition("<main")[2]
    assert (page.count("2021年3月"), '<span class="quiet">仍为</span><span class="state state-draft">草稿' in page) == (
        page.count('id="day-'),
        True,
    )


@pytest.mark.parametrize(("language", "words"), [("zh", "系统"), ("en", "The system")])
def test_the_system_has_a_name_in_both_languages_and_no_role_beside_it(
    language: str, words: str, world: World, sign_in: As
):
    case = world.case(CaseState.WIPO_PUSHED)
    client = sign_in("auditor", language)
    uid = world.events(case, "push.acknowledge")[0].uid
    role = {"zh": "（系统）", "en": "(System)"}[language]
    for address in (f"/trail/{uid}", f"/trail/{uid}/receipt", f"/trail/cases/{case}", f"/cases/{case}"):
        page = client.get(address).get_data(as_text=True)
        assert (words in page, role in page, 'lang="zh-CN">系统<' in page) == (True, False, False), address


def test_two_checkpoints_are_chosen_before_anybody_asks(two: tuple[Signed, Signed, int], sign_in: As):
    old, new, _ = two
    page = sign_in("leader").get("/trail/checkpoints").get_data(as_text=True)
    assert (f'<option value="{old.size}" selected>' in page, page.index(f'<option value="{new.size}"') > 0) == (
        True,
        True,
    )


def test_a_centre_sees_its_own_steps_and_not_the_offices_batch(world: World, sign_in: As):
    case = world.case(CaseState.SUBMITTED)
    page = sign_in("author").get(f"/trail/cases/{case}").get_data(as_text=True)
    assert ["报送国家局" in page, "增减批内案例" in page] == [True, False]


def test_a_long_course_goes_on_on_the_next_page(world: World, sign_in: As, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(screen.search, "AT_ONCE", 2)
    case, client = world.case(CaseState.CENTRE_STAMPED), sign_in("author")
    events = [one.uid for one in world.events(case)]
    first = client.get(f"/trail/cases/{case}").get_data(as_text=True)
    second = client.get(f"/trail/cases/{case}?after={events[1]}").get_data(as_text=True)
    assert [f'id="e{one}"' in first for one in events] == [True, True, False, False]
    assert [f'id="e{one}"' in second for one in events] == [False, False, True, True]
    assert f"after={events[1]}" in first


def test_the_page_of_a_case_leads_to_its_course_and_its_newest_receipt(world: World, refused: int, sign_in: As):
    page = sign_in("author").get(f"/cases/{refused}").get_data(as_text=True)
    event = world.events(refused)[-1]
    number = f"{event.stream}#{event.seq}".replace("#", "%23")
    assert [f"/trail/cases/{refused}" in page, f"/trail/receipt?number={number}" in page] == [True, True]


# ---- checkpoints -----------------------------------------------------------------------------------------------------


@pytest.fixture
def two(world: World, tmp_path: Path) -> tuple[Signed, Signed, int]:
    """Two checkpoints, and the case that was begun between them."""
    at = datetime(2021, 3, 20, 4, tzinfo=UTC)
    signer = log.signer(world.database, tmp_path / "audit.pem", at)
    world.case()
    signed, case = [], 0
    for minute in range(2):
        log.sequence(world.database)
        made = log.checkpoint(world.database, signer, at + timedelta(minutes=minute))
        assert made is not None
        signed.append(made)
        case = case or world.draft()
    return signed[0], signed[1], case


def test_two_checkpoints_are_compared_and_what_lies_between_is_listed_within_reach(
    two: tuple[Signed, Signed, int], world: World, sign_in: As
):
    old, new, case = two
    pages = {
        login: sign_in(login).get(f"/trail/checkpoints?old={old.size}&new={new.size}").get_data(as_text=True)
        for login in ("author", "reviewer", "auditor")
    }
    assert all("后一个由前一个增长而来" in page and "其后新增 1 条" in page for page in pages.values())
    title = world.row(case).title
    assert {login: title in page for login, page in pages.items()} == {
        "author": True,
        "reviewer": False,
        "auditor": True,
    }


def test_what_lies_between_two_checkpoints_is_narrowed_and_taken_away(
    two: tuple[Signed, Signed, int], world: World, sign_in: As
):
    old, new, _ = two
    auditor, between = sign_in("auditor"), f"{old.size}-{new.size}"
    page = auditor.get(f"/trail/checkpoints?old={old.size}&new={new.size}").get_data(as_text=True)
    assert f'href="/trail?between={between}"' in page
    page = auditor.get(f"/trail?between={between}").get_data(as_text=True)
    assert ("共 1 条" in page, f'<input type="hidden" name="between" value="{between}">' in page) == (True, True)
    head, *entries = map(json.loads, taken(sign_in, "auditor", "jsonl", between=between).splitlines())
    assert (head["filter"], [one["action"] for one in entries]) == ({"between": between}, ["case.create"])
    assert "只看两个检查点之间" not in auditor.get("/trail?between=2").get_data(as_text=True)


@pytest.mark.parametrize(
    ("pasted", "told"),
    [
        ("{old.note}", "后一个由前一个增长而来"),
        ("留痕检查点（条数:树根） {old.size}:{old.root}　2021-03-20 12:00", "后一个由前一个增长而来"),
        ("{new.size}:{new.root}", "两个检查点相同"),
        ("{old.size}:" + "ab" * 32, "不一致"),
        ("999999:" + "ab" * 32, "不一致"),
        ("{old.note}x", "不是本系统签署的"),
        ("nothing", "读不出检查点"),
    ],
)
def test_a_checkpoint_from_paper_is_held_against_the_newest(
    pasted: str, told: str, two: tuple[Signed, Signed, int], sign_in: As
):
    old, new, _ = two
    asked = {"pasted": pasted.format(old=old, new=new)}
    assert told in sign_in("leader").get("/trail/checkpoints", query_string=asked).get_data(as_text=True)


def test_before_the_first_checkpoint_the_page_says_so(world: World, sign_in: As):
    client = sign_in("leader")
    assert "还没有签署过检查点" in client.get("/trail/checkpoints").get_data(as_text=True)
    assert "还没有签署过检查点" in client.get("/trail/checkpoints?old=3&new=4").get_data(as_text=True)
