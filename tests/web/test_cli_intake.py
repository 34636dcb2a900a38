"""`zhengji intake` as a person runs it: what came, what is lacking, and the answer as a file."""

import email
import json
from email import policy
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from web.cli import main

SAMPLES = Path(__file__).parents[1] / "samples"
COMPLETE = SAMPLES / "邮件01_优秀案例征集-示例省知识产权局.eml"
FAULTY = SAMPLES / "邮件02_报送材料.eml"


def intake(*words: str | Path) -> Result:
    result = CliRunner().invoke(main, ["intake", *(str(word) for word in words)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_a_complete_mail_ends_with_0_and_a_faulty_one_with_1() -> None:
    assert intake(COMPLETE).exit_code == 0
    faulty = intake(FAULTY)
    assert faulty.exit_code == 1
    assert "没有收到《案例报送表》及其盖章扫描件。请补送。（四）" in faulty.stdout


def test_a_script_reads_what_is_lacking_of_each_case() -> None:
    told: dict[str, Any] = json.loads(intake("--json", FAULTY).stdout)
    assert [(one["title"], [lack["rule"] for lack in one["findings"]]) for one in told["cases"]] == [
        ("伴随科研全程的“第四位导师”", []),
        ("为一项产业政策装上“专利罗盘”", ["every_form_attached"]),
    ]
    assert told["letters"][0]["from"] == "联系人子 <zi@ip-office.example>"
    assert told["complete"] is False
    assert [(one["case"], one["rule"]) for one in told["deficiencies"]] == [
        ("", "subject_names_call_and_office"),
        ("为一项产业政策装上“专利罗盘”", "every_form_attached"),
    ]
    assert json.loads(intake("--dry-run", "--json", FAULTY).stdout) == told


def test_a_dry_run_names_what_was_promised() -> None:
    told = json.loads(intake("--dry-run", "--json", COMPLETE).stdout)
    assert {"cases", "summary", "unmatched", "deficiencies"} <= told.keys()
    assert {"title", "centre", "document", "form", "scan", "findings"} <= told["cases"][0].keys()


def test_it_is_entered_in_the_ledger_in_somebodys_name_and_twice_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHENGJI_HOME", str(tmp_path / "home"))
    for words in (
        ["init"],
        ["user", "add", "desk", "--name", "杨理", "--role", "desk", "--password", "a long one for tests"],
        ["user", "add", "editor", "--name", "秦编", "--role", "editor", "--password", "a long one for tests"],
    ):
        assert CliRunner().invoke(main, words).exit_code == 0, words
    first = intake("--keep", "--as", "desk", "--json", FAULTY)
    assert (first.exit_code, json.loads(first.stdout)["new"]) == (1, True)
    again = json.loads(intake("--keep", "--as", "desk", "--json", FAULTY).stdout)
    assert (again["arrival"], again["new"], len(again["cases"])) == (1, False, 2)
    assert "以前来过（来件 1" in intake("--keep", "--as", "desk", FAULTY).stdout
    assert intake("--keep", "--as", "editor", FAULTY).exit_code == 1
    assert intake("--keep", "--as", "nobody", FAULTY).exit_code == 1
    assert intake("--keep", "--as", "desk", "--office", "??", FAULTY).exit_code == 1
    assert [intake("--keep", FAULTY).exit_code, intake("--keep", "--dry-run", "--as", "desk", FAULTY).exit_code] == [
        2,
        2,
    ]


def test_what_is_refused_is_named_with_where_it_lay(tmp_path: Path) -> None:
    (tmp_path / "案例.docx").write_bytes(b"MZ")
    told = json.loads(intake("--json", tmp_path).stdout)
    assert [(one["name"], one["code"]) for one in told["refused"]] == [("案例.docx", "not_a_word_file")]


def test_the_answer_is_written_as_a_text_or_as_a_mail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text, mail = tmp_path / "答复.txt", tmp_path / "答复.eml"
    intake("--reply", text, FAULTY)
    assert "【案例2】《为一项产业政策装上“专利罗盘”》" in text.read_text("utf-8")
    monkeypatch.delenv("ZHENGJI_MAIL_FROM", raising=False)
    assert intake("--reply", mail, FAULTY).exit_code == 2
    assert not mail.exists()
    monkeypatch.setenv("ZHENGJI_MAIL_FROM", "征集工作组 <cases@cnipa.example>")
    assert intake("--reply", mail, FAULTY).exit_code == 1
    read = email.message_from_bytes(mail.read_bytes(), policy=policy.default)
    assert (read["from"], read["subject"]) == ("征集工作组 <cases@cnipa.example>", "Re: 报送材料")
