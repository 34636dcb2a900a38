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
    assert [(one["title"], [lack["rule"] for lack in one["lacks"]]) for one in told["cases"]] == [
        ("伴随科研全程的“第四位导师”", []),
        ("为一项产业政策装上“专利罗盘”", ["every_form_attached"]),
    ]
    assert told["letters"][0]["from"] == "联系人子 <zi@ip-office.example>"
    assert told["complete"] is False


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
