"""The screen of background work: what is late or given up, retried, dismissed and called off by a click."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from tests.web.conftest import As, post, send
from tests.workflow.jobs.test_board import REFUSED, SILENT, make, row
from tests.workflow.jobs.test_running import failing
from tests.workflow.test_jobs import mail_key, sealed_batch
from tests.worlds import World, went
from workflow.jobs.kinds import KINDS
from workflow.jobs.running import Runner
from workflow.store.models import Job

pytestmark = pytest.mark.database


def test_the_desk_retries_what_was_given_up(world: World, sign_in: As) -> None:
    job = make(world, "mail_batch", 3, REFUSED)
    desk = sign_in("desk")
    assert "后台任务有 1 项没有办成" in desk.get("/").get_data(as_text=True)
    shown = desk.get("/jobs").get_data(as_text=True)
    assert "没有后台进程在运行" in shown
    assert ("寄送汇总报送材料" in shown, "拒收。" in shown, "550 no such mailbox" in shown) == (True, True, False)
    for _ in range(2):  # a double click
        answer = post(desk, f"/jobs/{job}/retry", shown)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/jobs")
    assert "重新办理：已办理。回执" in desk.get("/jobs").get_data(as_text=True)
    assert (row(world, job).state, row(world, job).number) == ("queued", 2)


def test_the_administrator_dismisses_with_a_reason_and_the_auditor_reads_it(world: World, sign_in: As) -> None:
    job = make(world, "mail_notice", world.people["author"].id, REFUSED)
    boss = sign_in("administrator")
    answer = send(boss, "/jobs", f"/jobs/{job}/dismiss", reason=" ")
    assert (answer.status_code, "请写明理由" in answer.get_data(as_text=True)) == (422, True)
    send(boss, "/jobs", f"/jobs/{job}/dismiss", reason="该人员已离岗")
    assert "该人员已离岗" in boss.get("/jobs").get_data(as_text=True)
    told = sign_in("auditor").get("/trail").get_data(as_text=True)
    assert ("不再办理后台任务" in told, "账号变动提醒邮件" in told, "该人员已离岗" in told) == (True, True, True)


def test_everything_of_a_kind_is_retried_by_one_click(world: World, sign_in: As) -> None:
    jobs = [make(world, "mail_batch", number, REFUSED) for number in (1, 2)]
    assert send(sign_in("desk"), "/jobs", "/jobs/mail_batch/retry").status_code == 302
    assert [row(world, job).state for job in jobs] == ["queued", "queued"]


def test_what_waits_is_called_off_and_what_was_settled_meanwhile_is_said(world: World, sign_in: As) -> None:
    job = make(world, "mail_notice", world.people["author"].id, SILENT)
    boss = sign_in("administrator", "en")
    shown = boss.get("/jobs").get_data(as_text=True)
    assert ("Waiting for the next try" in shown, "tried 1 of 180 times" in shown) == (True, True)
    post(boss, f"/jobs/{job}/cancel", shown, reason="no longer needed")
    assert row(world, job).state == "cancelled"
    again = boss.get("/jobs").get_data(as_text=True)
    assert post(boss, f"/jobs/{job}/cancel", again, reason="once more").status_code == 409


def test_what_goes_on_is_asked_for_by_itself(world: World, sign_in: As) -> None:
    with world.database.transaction() as session:
        began = datetime.now(UTC) - timedelta(minutes=1)
        running = {"key": "k", "name": "mail_checkpoints", "arguments": [9], "state": "running", "worker": "worker-1"}
        session.execute(insert(Job).values(**running, queued_at=began, started_at=began, part=12, parts=34))
    part = sign_in("administrator").get("/jobs/going").get_data(as_text=True)
    assert ("12 / 34" in part, "worker-1" in part, "<html" in part) == (True, True, False)


def test_others_find_nothing_there(world: World, sign_in: As) -> None:
    author = sign_in("author")
    assert [author.get(page).status_code for page in ("/jobs", "/jobs/going")] == [404, 404]
    assert "/jobs" not in author.get("/").get_data(as_text=True)
    with world.database.reading() as session:
        assert session.scalars(select(Job)).all() == []


def test_an_office_reads_on_its_batch_why_the_mail_has_not_left(world: World, sign_in: As) -> None:
    batch = sealed_batch(world)
    went(world.act_on_batch(batch, "send"))
    leader = sign_in("leader")

    def told() -> str:
        return leader.get(f"/batches/{batch}").get_data(as_text=True)

    assert "邮件还没有寄出" not in told()
    key = mail_key(world, batch)
    runner = Runner(world.database, "worker-1")
    runner.run(KINDS["mail_batch"], key, (batch,), failing(SILENT))
    assert ("邮件还没有寄出：连接不上。" in told(), "再试。" in told()) == (True, True)
    runner.run(KINDS["mail_batch"], f"{key}~2", (batch,), failing(REFUSED))
    assert ("邮件还没有寄出：拒收。" in told(), "下载 .eml" in told()) == (True, True)
