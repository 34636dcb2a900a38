"""`zhengji call prove` and `zhengji states`: what they print, and what they end with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.make import CALLS
from web.cli import main
from workflow.proof.promises import PROMISES

pytestmark = pytest.mark.once


def zhengji(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def own_call(tmp_path: Path) -> Path:
    for path in CALLS.glob("other-call.*"):
        shutil.copy(path, tmp_path)
    return tmp_path / "other-call.toml"


def without(file: Path, rule: str) -> Path:
    """The file without one rule."""
    head, _, tail = file.read_text("utf-8").partition(f"[rules.{rule}]")
    file.write_text(head + tail[tail.find("[rules.") :], "utf-8")
    return file


def test_prove_lists_each_promise_as_kept_with_what_was_explored(own_call: Path) -> None:
    done = zhengji("call", "prove", own_call, "--promises-only", "--json")
    found = json.loads(done.stdout)
    assert done.exit_code == 0
    assert [(one["promise"], one["kept"], one["stories"]) for one in found["promises"]] == [
        (name, True, []) for name in PROMISES
    ]
    assert found["explored"]["combinations"] > 1_000_000
    assert "effect_outstanding" in found["not_asked"]


def test_prove_tells_a_broken_promise_as_a_story_and_ends_with_1(own_call: Path) -> None:
    done = zhengji("call", "prove", without(own_call, "seal_unbroken"), "--promises-only")
    assert done.exit_code == 1
    assert "✗ 未做到 broken  没有经过审核推荐、没有有效盖章的案例，不会公开发布" in done.stdout
    assert "编辑办理“公开发布”：盖章之后内容有改动，印章已失效，案例却已公开发布。" in done.stdout
    assert "The sealer takes" not in done.stdout
    assert "the content changed after it was sealed, so the seal is void, and yet the case is public." in done.stdout


def test_prove_of_a_file_that_is_no_call_names_what_is_wrong_with_it(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('number = "2022-1"\n', "utf-8")
    assert zhengji("call", "prove", wrong, "--promises-only").exit_code == 1
    assert zhengji("call", "prove", tmp_path / "none.toml").exit_code == 2


def test_states_prints_a_lifecycle_and_what_is_never_met() -> None:
    done = zhengji("states", "batch", "--no-scenarios", "--json")
    found = json.loads(done.stdout)
    assert (done.exit_code, found["lifecycle"], found["initial"]) == (0, "batch", "collecting")
    assert [one["state"] for one in found["states"] if one["resting"]] == ["received"]
    send = next(one for one in found["transitions"] if one["step"] == "send")
    assert (send["from"], send["to"], send["by"], send["undone_by"]) == (["sealed"], "sent", ["leader"], "return_batch")
    assert "before_phase_deadline" in send["guards"]
    assert ("sent", "2021-03-11T23:59:59.999999+08:00") in {(one["what"], one["with"]) for one in found["unreachable"]}
    told = zhengji("states", "batch", "--no-scenarios").stdout
    assert "报送国家局 Send to the national office（send）：已盖章 → 已报送" in told


def test_states_of_a_lifecycle_that_is_not_there_is_wrong_use() -> None:
    assert zhengji("states", "train").exit_code == 2


def test_replay_lists_what_changes_and_refuses_a_change_that_names_no_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHENGJI_HOME", str(tmp_path))
    assert zhengji("call", "replay", "2021-205", "--change", "sign_offs=2").exit_code == 1
    assert zhengji("init").exit_code == 0
    done = zhengji("call", "replay", "2021-205", "--change", "phases.first.closes=2021-03-29", "--json")
    assert (done.exit_code, json.loads(done.stdout)["outcomes"]) == (0, [])
    wrong = zhengji("call", "replay", "2021-205", "--change", "phases.frist.closes=2021-03-29")
    assert (wrong.exit_code, "可用：first" in wrong.output) == (1, True)
    assert zhengji("call", "replay", "2021-205").exit_code == 2
