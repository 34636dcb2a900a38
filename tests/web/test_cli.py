"""The `zhengji` command: what it prints, in which shape, and with which exit code."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from states.case import CaseState
from tests.films import movie, recording
from tests.make import CALLS
from tests.worlds import CALL_2021, Databases, World, settle
from web.cli import main
from web.commands import vet
from workflow.calls import shipped_calls
from workflow.calls.schema import EXAMPLE, json_schema
from workflow.documents.limits import LIMITS
from workflow.store.database import Database

SAMPLES = Path(__file__).parents[1] / "samples"
WORD = SAMPLES / "案例01_一份检索报告让一条产线少走三.docx"
FORM = SAMPLES / "报送表01_示例大学.xlsx"
TRUTH: dict[str, Any] = json.loads((SAMPLES / "truth.json").read_text("utf-8"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that the command takes as its installation."""
    for name in ("DATABASE_URL", "DOCUMENTS_URL", "PUSH_URL", "SMTP_URL", "MAIL_FROM", "DEMO", "CLOCK"):
        monkeypatch.delenv(f"ZHENGJI_{name}", raising=False)
    monkeypatch.setenv("ZHENGJI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ZHENGJI_ARGON2_TIME", "1")
    monkeypatch.setenv("ZHENGJI_ARGON2_MEMORY", "8")
    return tmp_path / "home"


@pytest.fixture
def ready(home: Path, databases: Databases, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """An installation with the test world in it and one published case that can be pushed."""

    def publish(database: Database) -> None:
        settle(database, CALL_2021)
        made = World.of(database, home)
        made.ready_to_push(made.case(CaseState.PUBLISHED))

    with databases.copy("a published case", publish) as database:
        url = database.engine.url.render_as_string(hide_password=False)
        monkeypatch.setenv("ZHENGJI_DATABASE_URL", url)
        yield World.of(database, home)


def zhengji(*words: str | Path | int, **more: Any) -> Result:
    result = CliRunner().invoke(main, [str(word) for word in words], **more)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def told(*words: str | Path) -> tuple[int, Any]:
    """Exit code and what was printed as JSON."""
    result = zhengji(*words, "--json")
    return result.exit_code, json.loads(result.stdout)


# ---- every command ---------------------------------------------------------------------------------------------------


def commands(group: click.Group = main, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, one in sorted(group.commands.items()):
        if isinstance(one, click.Group):
            yield from commands(one, (*before, name))
        else:
            yield (*before, name)


def test_the_commands_promised_so_far_are_there() -> None:
    promised = {
        *(("run",), ("worker",), ("init",), ("demo",), ("read",), ("similar",), ("push",)),
        *(("user", "add"), ("user", "list"), ("user", "units"), ("call", "check"), ("call", "load")),
    }
    assert promised <= set(commands())


@pytest.mark.parametrize("command", list(commands()), ids=" ".join)
def test_every_commands_help_has_both_languages_and_an_example_of_itself(command: tuple[str, ...]) -> None:
    result = zhengji(*command, "--help")
    assert result.exit_code == 0
    assert "例 Example:" in result.stdout
    assert f"zhengji {' '.join(command)}" in result.stdout.partition("例 Example:")[2]
    assert any("\u4e00" <= sign <= "\u9fff" for sign in result.stdout)


def test_an_unknown_command_or_option_is_wrong_use() -> None:
    for words in (["fly"], ["read"], ["read", "--fly", str(WORD)], ["call", "check", "nowhere.toml"], ["push", "1"]):
        assert zhengji(*words).exit_code == 2, words


# ---- reading ---------------------------------------------------------------------------------------------------------


def test_read_prints_each_file_in_the_promised_shape() -> None:
    code, [case, form] = told("read", WORD, FORM)
    truth = next(one for one in TRUTH["cases"] if WORD.name in json.dumps(one, ensure_ascii=False))
    assert code == 0
    keys = {"file", "kind", "title", "sections", "length", "pictures", "tables", "problems"}
    assert keys <= set(case) & set(form)
    assert (case["file"], case["kind"], form["kind"], case["problems"]) == (str(WORD), "case", "form", [])
    assert case["title"] == truth["title"]
    assert [one["name"] for one in case["sections"]] == ["recipient", "service", "effect", "lessons"]
    assert {"name", "heading", "text", "found_by"} <= set(case["sections"][0])
    assert {"body", "whole"} <= set(case["length"])
    assert case["length"]["body"] <= case["length"]["whole"]


def test_read_of_a_file_that_is_no_paper_is_refused_with_its_problem(tmp_path: Path) -> None:
    empty = tmp_path / "空.docx"
    empty.write_bytes(b"")
    code, [one] = told("read", empty)
    assert (code, one["kind"], [set(problem) for problem in one["problems"]]) == (
        1,
        "",
        [{"code", "zh", "en", "where"}],
    )
    assert one["problems"][0]["code"] == "empty_file"


def test_read_says_to_people_what_it_found(tmp_path: Path) -> None:
    shown = zhengji("read", WORD)
    assert (shown.exit_code, "服务成效" in shown.stdout) == (0, True)
    empty = tmp_path / "空.docx"
    empty.write_bytes(b"")
    refused = zhengji("read", empty)
    assert (refused.exit_code, "空文件" in refused.stdout, "is empty" in refused.stdout) == (1, True, True)


def test_read_and_similar_of_nothing_or_a_folder_is_wrong_use(tmp_path: Path) -> None:
    for command in ("read", "similar"):
        assert zhengji(command, tmp_path / "nowhere.docx").exit_code == 2
        assert zhengji(command, tmp_path).exit_code == 2


def test_read_under_a_call_that_is_wrong_names_what_is_wrong(tmp_path: Path) -> None:
    result = zhengji("read", WORD, "--call", misspelt(tmp_path))
    assert (result.exit_code, "eligable" in result.stderr) == (1, True)


def test_similar_prints_matches_in_the_promised_shape(tmp_path: Path) -> None:
    copy = tmp_path / "改名.docx"
    shutil.copy(WORD, copy)
    other = next(path for path in SAMPLES.glob("案例02_*.docx"))
    code, [one] = told("similar", WORD, "--against", tmp_path)
    assert (code, one["file"]) == (0, str(WORD))
    [match] = one["matches"]
    assert {"score", "likeness", "passages"} <= set(match)
    assert (match["file"], match["score"], match["likeness"]) == (str(copy), 1.0, "same")
    code, among = told("similar", WORD, other, copy)
    assert [[match["likeness"] for match in one["matches"]] for one in among] == [
        ["same", "none"],
        ["none", "none"],
        ["same", "none"],
    ]


def test_similar_does_not_compare_a_file_with_itself_however_it_is_named(tmp_path: Path) -> None:
    for path in (WORD, next(SAMPLES.glob("案例02_*.docx"))):
        shutil.copy(path, tmp_path)
    mine = tmp_path / "." / ".." / tmp_path.name / WORD.name
    _, [one] = told("similar", mine, "--against", tmp_path)
    assert [Path(match["file"]).name[:4] for match in one["matches"]] == ["案例02"]


def test_similar_skips_what_it_cannot_read_in_a_folder_but_not_what_it_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "no.docx").write_bytes(b"no Word file")
    assert zhengji("similar", WORD, "--against", tmp_path).exit_code == 1
    shutil.copy(WORD, tmp_path / "copy.docx")
    skipped = zhengji("similar", WORD, "--against", tmp_path)
    assert (skipped.exit_code, "no.docx" in skipped.stderr) == (0, True)
    assert zhengji("similar", tmp_path / "no.docx", "--against", tmp_path).exit_code == 1


# ---- calls -----------------------------------------------------------------------------------------------------------


def misspelt(folder: Path) -> Path:
    """Another call's file, with one key written wrong."""
    for path in CALLS.glob("other-call.*"):
        shutil.copy(path, folder)
    file = folder / "other-call.toml"
    file.write_text(file.read_text("utf-8").replace("[eligible]", "[eligable]"), "utf-8")
    return file


def test_call_check_of_a_good_file_finds_nothing() -> None:
    for file in (*shipped_calls(), CALLS / "other-call.toml"):
        assert told("call", "check", file) == (0, {"file": str(file), "problems": []})


def test_call_check_and_load_of_a_misspelt_key_name_place_line_and_the_right_word(home: Path, tmp_path: Path) -> None:
    file = misspelt(tmp_path)
    line = file.read_text("utf-8").splitlines().index("[eligable]") + 1
    for command in ("check", "load"):
        code, said = told("call", command, file)
        found = {one["place"]: one for one in said["problems"]}
        assert (code, found["eligable"]["line"], "eligible" in found["eligable"]["en"]) == (1, line, True)
    shown = zhengji("call", "check", file)
    assert (shown.exit_code, f"eligable（第 {line} 行）" in shown.stdout) == (1, True)
    assert zhengji("call", "load", file).exit_code == 1
    assert not home.exists()


def test_call_load_stores_a_file_once_per_text(home: Path) -> None:
    file = CALLS / "other-call.toml"
    for _ in range(2):
        code, said = told("call", "load", file)
        assert (code, said["version"], said["problems"]) == (0, 1, [])
    assert said["call"] in zhengji("call", "load", file).stdout


def test_a_number_that_another_notice_has_is_refused_before_anything_is_stored(home: Path, tmp_path: Path) -> None:
    for path in CALLS.glob("other-call.*"):
        shutil.copy(path, tmp_path)
    file = tmp_path / "other-call.toml"
    source = file.read_text("utf-8")
    assert told("call", "load", file)[0] == 0
    for old, new, place in (
        ("示例函〔2023〕18号", "示例函〔2024〕1号", "number"),
        ('number = "other-call"', 'number = "other-call-2"', "document_number"),
    ):
        file.write_text(source.replace(old, new, 1), "utf-8")
        code, said = told("call", "load", file)
        [problem] = said["problems"]
        assert (code, problem["place"], problem["line"] is not None) == (1, place, True)
        assert "示例函〔2023〕18号" in problem["zh"]
    assert told("call", "diff", "other-call@1", CALLS / "other-call.toml")[1]["changes"] == []
    assert zhengji("call", "diff", "other-call@2", CALLS / "other-call.toml").exit_code == 1


def test_call_schema_prints_the_schema_and_the_example_that_shows_every_key() -> None:
    assert json.loads(zhengji("call", "schema").stdout) == json_schema()
    assert zhengji("call", "schema", "--example").stdout == EXAMPLE.read_text("utf-8")


def test_call_diff_tells_what_changed_between_files_and_stored_versions(home: Path, tmp_path: Path) -> None:
    for path in CALLS.glob("other-call.*"):
        shutil.copy(path, tmp_path)
    file = tmp_path / "other-call.toml"
    assert told("call", "load", file)[0] == 0
    file.write_text(file.read_text("utf-8").replace("closes = 2023-04-30", "closes = 2023-05-05"), "utf-8")
    assert told("call", "load", file)[1]["version"] == 2
    for before, after in (("other-call@1", "other-call"), (CALLS / "other-call.toml", file)):
        code, said = told("call", "diff", before, after)
        [change] = said["changes"]
        assert (code, change["place"]) == (0, "phases[spring].closes")
        assert "2023年5月5日" in zhengji("call", "diff", before, after).stdout
    assert "没有不同" in zhengji("call", "diff", file, file).stdout
    for wrong in ("other-call@x", "nothing"):
        assert zhengji("call", "diff", wrong, file).exit_code == 1


# ---- an installation -------------------------------------------------------------------------------------------------


def test_the_hash_of_the_trail_is_chosen_at_the_beginning_and_never_again(home: Path) -> None:
    assert zhengji("init", "--hash", "sm3").exit_code == 0
    assert zhengji("init", "--hash", "sm3").exit_code == 0
    refused = zhengji("init", "--hash", "sha256")
    assert (refused.exit_code, "SM3" in refused.stderr, "空库" in refused.stderr) == (1, True, True)
    out = home / "trail.jsonl"
    assert zhengji("audit", "export", "--out", str(out)).exit_code == 0
    assert json.loads(out.read_text(encoding="utf-8").partition("\n")[0])["algorithm"] == "sm3"
    code, said = told("audit", "verify", str(out))
    assert (code, said["findings"], said["checkpoints"]) == (0, [], 1)
    assert told("audit", "verify")[0] == 0


def test_init_of_an_empty_folder_and_accounts_in_it(home: Path) -> None:
    assert zhengji("init").exit_code == 0
    assert (home / "zhengji.db").is_file()
    assert zhengji("init").exit_code == 0
    assert told("user", "list") == (0, [])
    code, units = told("user", "units")
    assert (code, len(units), {"office", "name", "centres"} <= set(units[0])) == (0, 32, True)
    unit = str(units[0]["office"])
    password = ("--password", "long enough here")
    added = zhengji("user", "add", "wang", "--name", "王审", "--role", "reviewer", "--unit", unit, *password)
    assert (added.exit_code, "wang" in added.stdout) == (0, True)
    assert told("user", "list") == (
        0,
        [{"login": "wang", "name": "王审", "active": True, "roles": [{"role": "reviewer", "unit": int(unit)}]}],
    )
    assert "reviewer@" in zhengji("user", "list").stdout
    assert units[0]["name"] in zhengji("user", "units").stdout


@pytest.mark.parametrize("words", [("init",), ("migrate",), ("worker",)])
def test_a_database_that_is_not_reached_is_told_in_a_sentence(
    words: tuple[str, ...], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DATABASE_URL", "OWNER_DATABASE_URL"):
        monkeypatch.setenv(f"ZHENGJI_{name}", "postgresql+psycopg://zhengji:letmein@/zhengji?host=/nowhere")
    refused = zhengji(*words)
    assert (refused.exit_code, "the database cannot be reached" in refused.stderr) == (1, True)
    assert "letmein" not in refused.output


def test_a_setting_that_is_no_number_is_told_and_one_left_blank_is_none(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PROXIES", "HOLD_MINUTES", "LOCK_SECONDS", "MAIL_LIMIT", "KEEP_PRIVATE_DAYS"):
        monkeypatch.setenv(f"ZHENGJI_{name}", "")
    assert zhengji("init").exit_code == 0
    monkeypatch.setenv("ZHENGJI_PROXIES", "one")
    refused = zhengji("worker")
    assert (refused.exit_code, "ZHENGJI_PROXIES" in refused.stderr, "“one”" in refused.stderr) == (1, True, True)


def test_the_site_does_not_begin_what_it_could_not_serve(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = zhengji("run", "--port", "1")
    assert (refused.exit_code, "ZHENGJI_SECRET_KEY" in refused.stderr) == (1, True)
    monkeypatch.setenv("ZHENGJI_SECRET_KEY", "k" * 32)
    monkeypatch.setenv("ZHENGJI_OIDC_ISSUER", "http://elsewhere.example")
    refused = zhengji("run", "--port", "1")
    assert (refused.exit_code, "ZHENGJI_OIDC_ISSUER" in refused.stderr) == (1, True)
    assert not home.exists()


def test_an_address_that_another_program_serves_is_not_shared_with_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHENGJI_SECRET_KEY", "k" * 32)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # as a web server that shares it with its own
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = zhengji("run", "--port", port)
    assert refused.exit_code == 1
    assert f"127.0.0.1:{port} 已有程序在用" in refused.stderr
    assert "--port" in refused.stderr
    elsewhere = zhengji("run", "--host", "192.0.2.1")
    assert (elsewhere.exit_code, "不能在 192.0.2.1:8000" in elsewhere.stderr) == (1, True)
    assert not home.exists()


def test_an_account_that_cannot_be_is_refused_in_both_languages(home: Path) -> None:
    for words, said in (
        (("--role", "king", "--password", "long enough here"), "no role “king”"),
        (("--role", "author", "--unit", "4711", "--password", "long enough here"), "no centre with the id 4711"),
        (("--password", "short"), "at least 12"),
    ):
        result = zhengji("user", "add", "wang", "--name", "王审", *words)
        assert (result.exit_code, said in result.stderr) == (1, True), result.stderr
        assert any("\u4e00" <= sign <= "\u9fff" for sign in result.stderr)
    assert told("user", "list") == (0, [])


def test_a_password_is_asked_for_twice(home: Path) -> None:
    result = zhengji("user", "add", "admin", "--name", "管理员", input="long enough here\nlong enough here\n")
    assert (result.exit_code, "long enough here" in result.stdout) == (0, False)


def test_the_demo_fills_only_an_empty_database(home: Path) -> None:
    zhengji("user", "add", "admin", "--name", "管理员", "--password", "long enough here")
    result = zhengji("demo")
    assert (result.exit_code, "not empty" in result.stderr) == (1, True)


# ---- pushing ---------------------------------------------------------------------------------------------------------


def test_push_delivers_now_and_says_so(ready: World) -> None:
    number = ready.row(1).number
    code, said = told("push", number, "--as", "liaison")
    assert (code, said["case"], said["done"], said["push"], said["findings"]) == (0, number, True, "acknowledged", [])
    assert ready.state(1) is CaseState.WIPO_PUSHED
    assert [one.suffix for one in (ready.folder / "outbox" / "wipo").iterdir()] == [".zip"]
    again = zhengji("push", number, "--as", "liaison")
    assert (again.exit_code, "不能" in again.stderr) == (1, True)


def test_push_without_waiting_leaves_it_to_the_worker(ready: World) -> None:
    code, said = told("push", ready.row(1).number, "--as", "liaison", "--no-wait")
    assert (code, said["push"], ready.state(1)) == (0, "queued", CaseState.PUBLISHED)


def test_a_push_that_a_rule_stops_prints_its_findings(ready: World) -> None:
    ready.consent(1, "")
    code, said = told("push", ready.row(1).number, "--as", "liaison")
    assert (code, said["done"], [one["rule"] for one in said["findings"]]) == (1, False, ["consent_given"])
    shown = zhengji("push", ready.row(1).number, "--as", "liaison")
    assert (shown.exit_code, "! " in shown.stdout) == (1, True)


def test_a_push_that_the_receiver_does_not_take_is_refused(ready: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENGJI_PUSH_URL", "gopher://receiver.example")
    code, said = told("push", ready.row(1).number, "--as", "liaison")
    assert (code, said["push"], said["note"]) == (1, "failed", "unknown destination gopher://receiver.example")


def test_push_of_no_case_or_by_nobody_or_by_somebody_else_is_refused(ready: World) -> None:
    number = ready.row(1).number
    for words in (("nowhere", "--as", "liaison"), (number, "--as", "nobody"), (number, "--as", "editor")):
        result = zhengji("push", *words)
        assert (result.exit_code, result.stderr != "") == (1, True)
    assert ready.state(1) is CaseState.PUBLISHED


# ---- as a program ----------------------------------------------------------------------------------------------------


def program(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "web.cli", *(str(word) for word in words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])


def test_a_shell_sees_the_exit_codes(tmp_path: Path) -> None:
    file = CALLS / "other-call.toml"
    assert (program("call", "check", file).returncode, program("call", "fly").returncode) == (0, 2)
    refused = program("call", "check", misspelt(tmp_path), "--json")
    assert (refused.returncode, json.loads(refused.stdout)["problems"] != []) == (1, True)


def test_the_console_script_is_this_command() -> None:
    script = Path(sys.executable).with_name("zhengji")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.startswith("zhengji ")) == (0, True)


def test_vet_knows_every_slot_to_which_somebody_uploads():
    assert set(vet._SLOTS) == set(LIMITS) - {"note", "drawing"}  # those two come inside mails only


def test_vet_judges_attachments_as_their_call_declares_them(tmp_path: Path):
    film, recorded = tmp_path / "讲解.mp4", tmp_path / "录音.mp3"
    film.write_bytes(movie())
    recorded.write_bytes(recording())

    def run(*words: object) -> Result:
        return CliRunner().invoke(vet.vet, [str(one) for one in words])

    said = run("--json", film, recorded)
    assert (said.exit_code, [one["verdict"] for one in json.loads(said.stdout)]) == (0, ["accept", "accept"])
    [call] = [one for one in shipped_calls() if 'id = "video"' in one.read_text("utf-8")]
    asked = ("--json", "--call", call, "--paper", "video")
    assert run(*asked, film).exit_code == 0
    other = run(*asked, recorded)
    assert (other.exit_code, json.loads(other.stdout)["code"]) == (1, "not_such_an_attachment")
    assert run("--slot", "attachment", recorded).exit_code == 0
    unknown = run("--paper", "video", film)  # 2021-205 asks for none
    assert (unknown.exit_code, "no such attachment" in unknown.stderr) == (2, True)
    assert run("--paper", "video", "--slot", "case", film).exit_code == 2
