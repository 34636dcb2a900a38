"""Pushes on screen: from the case to the acknowledgement, and back."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from states.case import CaseState
from states.push import PushState
from tests.web.conftest import As, post, send
from tests.worlds import World, went
from workflow import failpoints
from workflow.settings import Settings
from workflow.store.models import Push

pytestmark = pytest.mark.database


@pytest.fixture
def settings(settings: Settings, world: World) -> Settings:
    """Documents and destination where the world has its own."""
    return replace(settings, push_url=world.destination, documents_url=(world.folder / "documents").as_uri())


@pytest.fixture
def ready(world: World) -> int:
    """A published case that can be pushed."""
    case = world.case(CaseState.PUBLISHED)
    world.ready_to_push(case)
    return case


def pushed(world: World) -> list[Push]:
    with world.database.reading() as session:
        return list(session.scalars(select(Push)))


def test_the_liaison_starts_a_push_that_ends_with_the_acknowledgement(world: World, ready: int, sign_in: As):
    liaison = sign_in("liaison")
    answer = send(liaison, f"/cases/{ready}/push")
    [push] = pushed(world)
    assert answer.headers["Location"] == f"/pushes/{push.id}"
    assert "正在打包发送" in liaison.get(f"/pushes/{push.id}").get_data(as_text=True)
    world.deliver(push.id)
    shown = liaison.get(f"/pushes/{push.id}").get_data(as_text=True)
    assert ("接收方已确认" in shown, world.state(ready)) == (True, CaseState.WIPO_PUSHED)


def test_a_double_click_starts_one_push(world: World, ready: int, sign_in: As):
    liaison = sign_in("liaison")
    shown = liaison.get(f"/cases/{ready}/push").get_data(as_text=True)
    answers = [post(liaison, f"/cases/{ready}/push", shown).status_code for _ in range(2)]
    assert (answers, len(pushed(world))) == ([302, 302], 1)


def test_a_second_push_waits_for_the_first(world: World, ready: int, sign_in: As):
    liaison = sign_in("liaison")
    shown = liaison.get(f"/cases/{ready}/push").get_data(as_text=True)
    world.push(ready)
    answer = post(liaison, f"/cases/{ready}/push", shown)
    assert answer.status_code == 409
    assert "已经在推送途中" in answer.get_data(as_text=True)


def test_what_a_push_still_needs_is_said_before_and_after_trying(world: World, sign_in: As):
    case = world.case(CaseState.PUBLISHED)
    liaison = sign_in("liaison")
    before = liaison.get(f"/cases/{case}/push").get_data(as_text=True)
    answer = post(liaison, f"/cases/{case}/push", liaison.get(f"/cases/{case}").get_data(as_text=True))
    assert ("还没有认定服务成效显著" in before, answer.status_code) == (True, 422)
    assert (pushed(world), world.state(case)) == ([], CaseState.PUBLISHED)


@pytest.mark.parametrize("login", ["author", "desk", "auditor"])
def test_nobody_else_starts_a_push(login: str, world: World, ready: int, sign_in: As):
    client = sign_in(login)
    shown = client.get(f"/cases/{ready}/push").get_data(as_text=True)
    assert post(client, f"/cases/{ready}/push", shown).status_code == 403


def test_the_package_can_be_taken_as_it_was_sent(world: World, ready: int, sign_in: As):
    push = world.push(ready)
    world.deliver(push)
    answer = sign_in("liaison").get(f"/pushes/{push}/package.zip")
    assert any(name.endswith(".json") for name in ZipFile(BytesIO(answer.data)).namelist())


def test_the_centre_sees_its_push_but_not_where_it_lies(world: World, ready: int, sign_in: As):
    push = world.push(ready)
    world.deliver(push)
    author = sign_in("author")
    shown = author.get(f"/pushes/{push}").get_data(as_text=True)
    assert ("对方已确认" in shown, world.destination in shown) == (True, False)
    assert author.get(f"/pushes/{push}/package.zip").status_code == 404


def test_a_package_that_is_not_made_yet_is_said(world: World, ready: int, sign_in: As):
    answer = sign_in("liaison").get(f"/pushes/{world.push(ready)}/package.zip")
    assert answer.status_code == 404
    assert "还没有推送包" in answer.get_data(as_text=True)


def test_progress_looks_again_until_something_changed(world: World, ready: int, sign_in: As):
    push = world.push(ready)
    [row] = pushed(world)
    liaison = sign_in("liaison")
    same = liaison.get(f"/pushes/{push}/progress?seen={row.version}")
    world.deliver(push)
    changed = liaison.get(f"/pushes/{push}/progress?seen={row.version}")
    assert [one.headers.get("HX-Refresh") for one in (same, changed)] == [None, "true"]
    assert ["hx-get" in one.get_data(as_text=True) for one in (same, changed)] == [True, False]


def test_a_push_is_recalled_with_a_reason(world: World, ready: int, sign_in: As):
    push = world.push(ready)
    world.deliver(push)
    liaison = sign_in("liaison")
    assert liaison.get(f"/cases/{ready}/recall_push").headers["Location"] == f"/pushes/{push}#recall"
    send(liaison, f"/pushes/{push}", f"/pushes/{push}/recall", reason="数据有误")
    [row] = pushed(world)
    assert (row.recall_asked, row.state) == ("数据有误", PushState.ACKNOWLEDGED)
    assert "等待确认" in liaison.get(f"/pushes/{push}").get_data(as_text=True)


def test_a_recall_without_a_reason_is_refused_in_words(world: World, ready: int, sign_in: As):
    push = world.push(ready)
    answer = send(sign_in("liaison"), f"/pushes/{push}", f"/pushes/{push}/recall", reason=" ")
    assert answer.status_code == 422
    assert "请写明撤回的理由" in answer.get_data(as_text=True)


def lane(page: str, stage: str) -> str:
    """One column of the board."""
    return page.split(f'aria-labelledby="lane-{stage}"')[1].split("</section>")[0]


def test_the_board_has_a_column_for_each_stage_and_says_whose_move_it_is(world: World, ready: int, sign_in: As):
    liaison = sign_in("liaison", "en")
    chosen = world.case(CaseState.PUBLISHED)
    world.judge_effect(chosen)
    world.confirm_effect(chosen)
    page = liaison.get("/pushes").get_data(as_text=True)
    assert [f"/cases/{ready}/push" in lane(page, "ready"), "WIPO liaison" in lane(page, "ready")] == [True, True]
    assert f"/cases/{chosen}/push" in lane(page, "draft")
    assert "Translator" in lane(page, "draft")
    push = world.push(ready)
    world.translate(chosen)
    page = liaison.get("/pushes").get_data(as_text=True)
    assert [f"/pushes/{push}" in lane(page, "sent"), "Checker" in lane(page, "translating")] == [True, True]
    assert "<ul>" not in lane(page, "ready")
    world.check_english(chosen)
    world.deliver(push)
    page = liaison.get("/pushes").get_data(as_text=True)
    assert [f"/pushes/{push}" in lane(page, "acknowledged"), f"/cases/{chosen}/push" in lane(page, "checked")] == [
        *(True, True)
    ]
    assert f"/pushes/{push}" in liaison.get("/pushes?stage=acknowledged").get_data(as_text=True)


def test_a_push_in_doubt_is_said_everywhere_and_settled_on_its_page(world: World, ready: int, sign_in: As):
    liaison, author = sign_in("liaison"), sign_in("author")
    push = world.push(ready)
    with failpoints.armed("push.handed_over", failpoints.fail), pytest.raises(failpoints.Struck):
        world.deliver(push)
    world.redirect(push, "nowhere://closed.example")
    world.deliver(push)
    world.redirect(push, world.destination)
    said = "不知道对方是否收到"
    page = liaison.get(f"/pushes/{push}").get_data(as_text=True)
    assert (said in page, "hx-get" in page, "三者选一" in page) == (True, False, True)
    assert said in author.get(f"/pushes/{push}").get_data(as_text=True)
    assert f"/pushes/{push}" in lane(liaison.get("/pushes").get_data(as_text=True), "unknown")
    send(liaison, f"/pushes/{push}", f"/pushes/{push}/ask")
    assert said in liaison.get(f"/pushes/{push}").get_data(as_text=True)  # until the worker has asked
    send(liaison, f"/pushes/{push}", f"/pushes/{push}/resend")
    assert "正在打包发送" in liaison.get(f"/pushes/{push}").get_data(as_text=True)
    world.deliver(push)
    assert world.state(ready) is CaseState.WIPO_PUSHED


def test_what_the_receiver_has_of_a_retracted_case_is_said_and_settled_on_its_page(
    world: World, ready: int, sign_in: As
):
    liaison, author = sign_in("liaison"), sign_in("author")
    push = world.push(ready)
    with failpoints.armed("push.handed_over", lambda: went(world.act(ready, "retract"))):
        world.deliver(push)
    said = "接收方已收到，案例没有跟上"
    page = liaison.get(f"/pushes/{push}").get_data(as_text=True)
    steps = page[page.index('class="do"') :]
    assert (said in page, "hx-get" in page, "二者选一" in page) == (True, False, True)
    assert "案例现在是“已撤下”" in page[page.index('id="history"') :]
    assert steps.index('id="recall"') < steps.index("办结推送")
    assert ("/resend" in page, "/retry" in page, f"/pushes/{push}/ask" in page) == (False, False, False)
    assert said in author.get(f"/pushes/{push}").get_data(as_text=True)
    assert f"/pushes/{push}" in lane(liaison.get("/pushes").get_data(as_text=True), "stayed")
    send(liaison, f"/pushes/{push}", f"/pushes/{push}/acknowledge", words="来函 2021-5 号")
    page = liaison.get(f"/pushes/{push}").get_data(as_text=True)
    assert ("登记接收方的确认" in page, said in page, "来函 2021-5 号" in page) == (True, True, True)
    send(liaison, f"/pushes/{push}", f"/pushes/{push}/recall", reason="案例已撤下")
    assert "等待确认" in liaison.get(f"/pushes/{push}").get_data(as_text=True)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_of_a_push_opens_when_recalled(language: str, world: World, ready: int, sign_in: As):
    push = world.push(ready)
    world.deliver(push)
    world.recall(push)
    words = PushState.RECALLED.label.inside(language)
    assert words in sign_in("liaison", language).get(f"/pushes/{push}").get_data(as_text=True)


def test_a_failed_push_can_be_sent_again(world: World, ready: int, sign_in: As):
    push = world.push(ready)
    (world.folder / "abroad").write_text("in the way")
    world.deliver(push)
    assert pushed(world)[0].state == PushState.FAILED
    send(sign_in("liaison"), f"/pushes/{push}", f"/pushes/{push}/retry")
    assert pushed(world)[0].state == PushState.QUEUED


@pytest.mark.parametrize("login", ["author", "reviewer", "editor"])
def test_the_board_is_for_those_who_follow_pushes(login: str, sign_in: As):
    assert sign_in(login).get("/pushes").status_code == 404


def test_a_push_of_a_case_out_of_reach_does_not_exist(world: World, ready: int, sign_in: As):
    push = world.push(ready)
    assert sign_in("neighbour_author").get(f"/pushes/{push}").status_code == 404
