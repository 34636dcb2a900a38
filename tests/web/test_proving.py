"""Running the scenarios from the screen: asked once, watched, ended between two, and told scenario by scenario."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.web.conftest import As, post
from tests.worlds import World
from workflow.calls import proofs
from workflow.jobs.kinds import KINDS
from workflow.jobs.running import Progress, Runner
from workflow.proof import prove
from workflow.proof.scenarios import ROOT, Run
from workflow.store import notices as rows
from workflow.store.models import CallProof, Job

pytestmark = pytest.mark.database


def address(world: World) -> str:
    with world.database.reading() as session:
        return f"/proofs/{rows.by_id(session, world.call_version).digest}"


def worked(world: World, work: Any) -> str:
    with world.database.reading() as session:
        job = session.scalars(select(Job).where(Job.name == "prove_call")).one()
    return Runner(world.database, "worker-1").run(KINDS["prove_call"], job.key, job.arguments, work)


def test_it_is_asked_once_watched_and_called_off_with_nothing_kept(world: World, sign_in: As) -> None:
    desk, where = sign_in("desk"), address(world)
    page = desk.get(where).get_data(as_text=True)
    assert "还没有用这份通知的数据运行例子" in page
    for _ in range(2):
        assert post(desk, where, page).status_code == 302
    assert "在排队" in desk.get(where).get_data(as_text=True)
    digest = where.rpartition("/")[2]

    def run(progress: Progress) -> str:
        """The real scenarios, until the first are through."""

        def watch(done: int, parts: int) -> None:
            progress.tell(done, parts)
            shown = desk.get(f"{where}/progress").get_data(as_text=True)
            assert f"{done} / {parts}" in shown
            cancel = shown.partition('action="/jobs/')[2].partition("/")[0]
            if cancel:
                assert post(desk, f"/jobs/{cancel}/cancel", shown, reason="不用了").status_code == 302

        return proofs.work_out(world.database, digest, world.people["desk"].id, watch, at=world.at)

    assert worked(world, run) == "cancelled"
    with world.database.reading() as session:
        assert session.scalars(select(CallProof)).all() == []
    assert desk.get(f"{where}/progress").headers["HX-Refresh"] == "true"


def test_each_scenario_is_told_and_where_it_failed(world: World, sign_in: As) -> None:
    where, failed = address(world), "case/seal.feature: 别的单位的印章不算"
    came = {failed: "failed", "case/seal.feature: 盖章": "passed", "push/push.feature: 推送": "not_asked"}
    failures = {failed: {"step": "那么 案例状态为“草稿”", "said": "assert 'x' == 'y'"}}
    with world.database.transaction() as session:
        version = rows.by_id(session, world.call_version)
        ran = Run(came, failures=failures)
        kept = {"actor": world.people["desk"], "at": world.at}
        proofs.keep(session, version.source, version.notice, prove(world.call), ran, **kept)
    page = sign_in("auditor").get(where).get_data(as_text=True)
    assert ("停在这一步" in page, "案例状态为“草稿”" in page, "本通知不要求，没有运行" in page) == (True, True, True)
    assert "再运行一次" not in page
    english = sign_in("director", "en").get(where).get_data(as_text=True)
    assert ("1 scenarios failed" in english, "Run them again" in english) == (True, True)
    rulebook = sign_in("director").get(f"/calls/{world.call.number}/rulebook").get_data(as_text=True)
    assert ("案例状态为“草稿”</p>" in rulebook, f'href="{where}"' in rulebook) == (True, True)


def test_others_and_texts_that_are_not_there(world: World, sign_in: As) -> None:
    where = address(world)
    assert [sign_in(who).get(where).status_code for who in ("author", "leader", "editor")] == [404] * 3
    assert sign_in("desk").get("/proofs/abc").status_code == 404


FEATURE = """# language: zh-CN
功能: 一
  场景大纲: 二
    那么 数是 <数>

    例子:
      | 数 |
      | 1  |
      | 2  |
"""
STEPS = """from pytest_bdd import parsers, scenarios, then

scenarios("one.feature")


@then(parsers.parse("数是 {number:d}"))
def is_one(number):
    assert number == 1
"""


@pytest.mark.once
def test_a_scenario_that_fails_says_at_which_step_and_how_far_the_run_was(tmp_path: Path) -> None:
    (tmp_path / "one.feature").write_text(FEATURE, "utf-8")
    (tmp_path / "test_one.py").write_text(STEPS, "utf-8")
    results = tmp_path / "results.json"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "features.results", "--results", str(results), str(tmp_path)]
    done = subprocess.run(
        [*command, "-c", "/dev/null", "--rootdir", str(tmp_path)], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 1, done.stdout
    found = json.loads(results.read_text("utf-8"))
    [(name, failure)] = found["failures"].items()
    assert (found["scenarios"][name], failure["step"]) == ("failed", "那么 数是 2")
    assert failure["said"].startswith("assert 2 == 1")
    assert results.with_suffix(".progress").read_text("utf-8") == "1 2"
