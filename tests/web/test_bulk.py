"""Many cases on screen: ticked, rehearsed, taken, looked at and undone, as a browser sends it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from states.case import CaseState
from tests.web.conftest import As, send_fields
from tests.worlds import World
from workflow import bulk
from workflow.store.models import BulkAct, Person


@pytest.fixture
def ids(world: World) -> list[int]:
    """Three submitted cases, and people of their centre with addresses."""
    made = [world.case(CaseState.PROVINCE_REVIEWED) for _ in range(3)]
    world.submit(*made)
    with world.database.transaction() as session:
        session.execute(update(Person).where(Person.login == "sealer").values(email="sealer@mail.example"))
    return made


def token(browser: FlaskClient) -> str:
    [found] = re.findall(r'name="csrf_token" value="([^"]+)"', browser.get("/cases").get_data(as_text=True))[:1]
    return found


def sent(browser: FlaskClient, url: str, **fields: Any) -> TestResponse:
    return send_fields(browser, url, {"csrf_token": token(browser), **fields})


def rehearsed(browser: FlaskClient, trigger: str, ids: Sequence[int], **fields: Any) -> str:
    answer = sent(browser, f"/bulk/{trigger}/rehearsal", case=[str(one) for one in ids], **fields)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def filled(page: str, **fields: Any) -> Mapping[str, Any]:
    """The rehearsal's form as it is sent with every case still ticked."""
    return {
        "csrf_token": re.findall(r'name="csrf_token" value="([^"]+)"', page)[-1],
        "form_key": re.findall(r'name="form_key" value="([^"]+)"', page)[-1],
        "case": re.findall(r'name="case" value="([^"]+)" checked', page),
        **fields,
    }


def test_a_list_has_boxes_for_those_who_may_act_on_many(world: World, ids: list[int], sign_in: As) -> None:
    desk, author = (sign_in(who).get("/cases").get_data(as_text=True) for who in ("desk", "author"))
    assert [int(one) for one in re.findall(r'form="bulk" name="case" value="(\d+)"', desk)] == ids[::-1]
    assert 'formaction="/bulk/shortlist/rehearsal"' in desk
    assert 'name="case"' not in author
    assert "bulk.js" not in author


def test_a_rehearsal_shows_what_comes_of_each_and_the_mail_and_does_nothing(
    world: World, ids: list[int], sign_in: As
) -> None:
    world.act(ids[0], "shortlist")
    page = rehearsed(sign_in("desk"), "shortlist", ids)
    assert re.findall(r"<b>(\d+)</b> (可以办理|不能办理|封通知邮件)", page) == [
        ("2", "可以办理"),
        ("1", "不能办理"),
        ("1", "封通知邮件"),
    ]
    assert "现在的状态是“已入选”，不能“入选”" in page
    assert "征集系统：2 个案例已入选" in page
    assert "sealer@mail.example" not in page
    assert [world.state(case) for case in ids] == ["shortlisted", "submitted", "submitted"]


def test_it_is_taken_as_rehearsed_and_its_page_says_what_came_of_each(
    world: World, ids: list[int], sign_in: As
) -> None:
    browser = sign_in("desk")
    page = rehearsed(browser, "pass_over", ids)
    answer = send_fields(browser, "/bulk/pass_over", dict(filled(page, remark="名额有限", hold="5")))
    assert (answer.status_code, answer.location) == (302, "/bulk/1")
    shown = browser.get("/bulk/1").get_data(as_text=True)
    assert [world.state(case) for case in ids] == ["not_selected"] * 3
    assert set(re.findall(r"/trail/receipt_of|number=case%2F\d+%23\d+|case/\d+#\d+", shown)) >= {
        f"case/{case}#{world.row(case).version}" for case in ids
    }
    assert "撤销…" in shown
    assert "名额有限" in shown
    assert "不入选" in browser.get("/bulk").get_data(as_text=True)
    with world.database.reading() as session:
        assert session.get_one(BulkAct, 1).held_until - session.get_one(BulkAct, 1).at > timedelta(0)


def test_the_same_form_twice_is_taken_once(world: World, ids: list[int], sign_in: As) -> None:
    browser = sign_in("desk")
    fields = filled(rehearsed(browser, "shortlist", ids))
    assert {send_fields(browser, "/bulk/shortlist", dict(fields)).location for _ in range(2)} == {"/bulk/1"}
    assert [len(world.events(case, "case.shortlist")) for case in ids] == [1] * 3


def test_what_changed_since_is_named_and_nothing_is_done_where_all_or_none_is_asked(
    world: World, ids: list[int], sign_in: As
) -> None:
    browser = sign_in("desk")
    page = rehearsed(browser, "shortlist", ids)
    world.act(ids[1], "shortlist", by="second_desk")
    answer = send_fields(browser, "/bulk/shortlist", dict(filled(page, how="whole")))
    again = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "一件也没有办理" in again
    assert "尤理已先办理：入选" in again
    assert [world.state(case) for case in ids] == ["submitted", "shortlisted", "submitted"]
    assert send_fields(browser, "/bulk/shortlist", dict(filled(again))).status_code == 302
    assert [world.state(case) for case in ids] == ["shortlisted"] * 3


def test_all_that_match_a_search_are_rehearsed_and_the_search_is_on_record(
    world: World, ids: list[int], sign_in: As
) -> None:
    world.act(ids[0], "shortlist")
    browser = sign_in("desk")
    found = sent(browser, "/bulk/shortlist/rehearsal", which="matching", text="示例大学").get_data(as_text=True)
    assert "符合筛选的共 3 件；其中 1 件现在的状态不能这样办理，没有列入；列入 2 件。" in found
    send_fields(browser, "/bulk/shortlist", dict(filled(found, found_by="search", text="示例大学")))
    assert "按筛选条件选出：示例大学" in browser.get("/bulk/1").get_data(as_text=True)


def test_reasons_and_confirmations_are_given_for_all_or_for_one(world: World, sign_in: As) -> None:
    first, second = world.case(CaseState.CENTRE_STAMPED), world.case(CaseState.CENTRE_STAMPED)
    points = [one.id for one in world.call.confirmations if one.step == "review"]
    browser = sign_in("reviewer")
    page = rehearsed(browser, "review", [first, second], **{f"own.{first}.confirmed": points})
    assert re.findall(r"<b>(\d+)</b> (可以办理|填写之后可以办理)", page) == [
        ("1", "可以办理"),
        ("1", "填写之后可以办理"),
    ]
    send_fields(browser, "/bulk/review", dict(filled(page, **{f"own.{first}.confirmed": points})))
    assert [world.state(case) for case in (first, second)] == ["province_reviewed", "centre_stamped"]


def test_publishing_many_asks_once_more_who_one_is_and_carries_the_cases(world: World, sign_in: As) -> None:
    ids = [world.case(CaseState.SHORTLISTED) for _ in range(2)]
    for case in ids:
        world.ready_to_publish(case)
    browser = sign_in("editor")
    fields = dict(filled(rehearsed(browser, "publish", ids)))
    asked = browser.post("/bulk/publish", data=fields)
    assert 'id="again-form"' in asked.get_data(as_text=True)
    assert world.state(ids[0]) is CaseState.SHORTLISTED
    assert send_fields(browser, "/bulk/publish", fields).status_code == 302
    assert [world.state(case) for case in ids] == ["published"] * 2


def test_an_undo_says_what_goes_back_and_takes_it_back(world: World, ids: list[int], sign_in: As) -> None:
    browser = sign_in("desk")
    send_fields(browser, "/bulk/shortlist", dict(filled(rehearsed(browser, "shortlist", ids))))
    world.ready_to_publish(ids[2])
    world.act(ids[2], "publish")
    asked = browser.get("/bulk/1/undo").get_data(as_text=True)
    assert re.findall(r"<b>(\d+)</b> (可以办理|不能办理)", asked) == [("2", "可以办理"), ("1", "不能办理")]
    assert send_fields(browser, "/bulk/1/undo", dict(filled(asked, remark=""))).status_code == 422
    again = browser.get("/bulk/1/undo").get_data(as_text=True)
    answer = send_fields(browser, "/bulk/1/undo", dict(filled(again, remark="点错了")))
    assert answer.status_code == 302
    assert [world.state(case) for case in ids] == ["submitted", "submitted", "published"]
    assert "已撤销" in browser.get("/bulk/1").get_data(as_text=True)
    assert "他人已先办理" in browser.get(answer.location).get_data(as_text=True)


def test_without_a_mail_server_a_mail_is_fetched_by_whoever_took_the_step(
    world: World, ids: list[int], sign_in: As
) -> None:
    browser = sign_in("desk")
    send_fields(browser, "/bulk/shortlist", dict(filled(rehearsed(browser, "shortlist", ids))))
    fetched = browser.get("/bulk/mails/1")
    assert (fetched.status_code, fetched.mimetype) == (200, "message/rfc822")
    assert b"sealer@mail.example" in fetched.data
    assert sign_in("second_desk").get("/bulk/mails/1").status_code == 404


def test_the_auditor_looks_and_reads_no_number_in_a_reason(world: World, ids: list[int], sign_in: As) -> None:
    browser = sign_in("desk")
    page = rehearsed(browser, "pass_over", ids)
    send_fields(browser, "/bulk/pass_over", dict(filled(page, remark="请电 13800000000")))
    assert "请电 13800000000" in browser.get("/bulk/1").get_data(as_text=True)
    looked = sign_in("auditor").get("/bulk/1").get_data(as_text=True)
    assert "请电 138****0000" in looked
    assert "13800000000" not in looked


def test_too_many_or_none_are_told(world: World, ids: list[int], sign_in: As, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MOST", 2)
    browser = sign_in("desk")
    for chosen, said in (([], "还没有选中案例"), (ids, "一次最多办理 2 件")):
        answer = sent(browser, "/bulk/shortlist/rehearsal", case=[str(one) for one in chosen])
        assert answer.status_code == 422
        assert [words in answer.get_data(as_text=True) for words in (said, "回到案例列表")] == [True, True]


def test_the_page_of_a_case_names_who_is_told(world: World, ids: list[int], sign_in: As) -> None:
    world.act(ids[0], "shortlist")
    assert "孙印" in sign_in("desk").get(f"/cases/{ids[0]}").get_data(as_text=True).partition('id="letters"')[2]


def test_every_page_reads_in_english(world: World, ids: list[int], sign_in: As) -> None:
    browser = sign_in("desk", "en")
    page = rehearsed(browser, "shortlist", ids)
    assert "can be done" in page
    send_fields(browser, "/bulk/shortlist", dict(filled(page)))
    for path in ("/cases", "/bulk", "/bulk/1", "/bulk/1/undo"):
        assert browser.get(path).status_code == 200
