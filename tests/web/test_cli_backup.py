"""`zhengji backup`, `restore`, `doctor`: what they print, their exit codes, and what a kill or a full disk leaves."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from psycopg import connect, sql
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tests.postgres import new_database
from tests.web.test_cli import told, zhengji
from tests.worlds import RUNTIME, World
from workflow import papers
from workflow.audit import log
from workflow.jobs.sequencing import last_seen
from workflow.operation import installation
from workflow.settings import from_environment
from workflow.store import copies, operations
from workflow.store.database import Database
from workflow.store.files import Files
from workflow.store.papers import Kept

pytestmark = pytest.mark.database
ROOT = Path(__file__).parents[2]
SCAN = b"%PDF-1.7" + b"x" * 300_000


@pytest.fixture
def home(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The world as an installation that the command finds, with one sealed case and a checkpoint."""
    for name in [one for one in os.environ if one.startswith("ZHENGJI_") and one != "ZHENGJI_TEST_DATABASE"]:
        monkeypatch.delenv(name)
    for name, value in {
        "HOME": str(tmp_path / "home"),
        "DATABASE_URL": world.database.url,
        "OWNER_DATABASE_URL": "" if world.database.embedded else world.database.owner_url,
        "DOCUMENTS_URL": (world.folder / "documents").as_uri(),
        "AUDIT_KEY": str(tmp_path / "keys" / "audit.pem"),
        "BACKUPS": str(tmp_path / "backups"),
        "SECRET_KEY": "k" * 40,
        "DEMO": "1",
    }.items():
        monkeypatch.setenv(f"ZHENGJI_{name}", value)
    (tmp_path / "home").mkdir()
    sealed_case(world)
    sign(world)
    return tmp_path / "home"


def sealed_case(world: World) -> None:
    case = world.draft()
    digest = Files((world.folder / "documents").as_uri()).put(SCAN)
    with world.database.transaction() as session:
        scan = Kept("扫描件.pdf", "application/pdf", digest, len(SCAN))
        papers.seal(session, case, scan, "示例大学", actor=world.people["sealer"], at=world.at)


def sign(world: World) -> None:
    settings = from_environment()
    signed_by = log.signer(world.database, Path(settings.audit_key), world.at)
    log.sequence(world.database)
    signed = log.checkpoint(world.database, signed_by, world.at)
    assert signed is not None
    log.remember(last_seen(settings), signed.note)


@pytest.fixture
def elsewhere(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, database_kind: str
) -> Iterator[Path]:
    """After this the command finds an empty place."""
    made = tmp_path / "elsewhere"
    monkeypatch.setenv("ZHENGJI_DOCUMENTS_URL", "")
    monkeypatch.setenv("ZHENGJI_DATABASE_URL", "")
    if database_kind == "sqlite":
        yield made
        return
    server, name = request.getfixturevalue("postgres_server"), f"elsewhere_{os.getpid()}"
    owner = new_database(server, name)
    monkeypatch.setenv("ZHENGJI_OWNER_DATABASE_URL", owner)
    monkeypatch.setenv("ZHENGJI_DATABASE_URL", owner.replace("postgres@", f"{RUNTIME}@", 1))
    yield made
    with connect(server.replace("+psycopg", "", 1), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def left(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir() if one.name != ".lock") if folder.exists() else []


def apart(*words: str, more: Mapping[str, str] | None = None, limit: int = 0) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own; `limit`: bytes that a file of it may have."""
    return subprocess.run(
        [sys.executable, "-m", "web.cli", *words],
        cwd=ROOT,
        env={**os.environ, **(more or {})},
        capture_output=True,
        text=True,
        timeout=300,
        preexec_fn=(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))) if limit else None,
    )


# ---- backup ----


def test_a_backup_says_where_it_is_and_that_keys_are_kept_apart(home: Path, tmp_path: Path) -> None:
    result = zhengji("backup")
    [name] = left(tmp_path / "backups")
    assert result.exit_code == 0
    for words in (name, "ZHENGJI_SECRET_KEY", str(tmp_path / "keys" / "audit.pem"), "Keys are not in the backup"):
        assert words in result.stdout
    assert "复制数据库" in result.stderr


def test_a_backup_tells_its_digest_as_json(home: Path, tmp_path: Path) -> None:
    code, said = told("backup", "--to", tmp_path / "there")
    assert code == 0
    assert Path(said["backup"]).parent == tmp_path / "there"
    assert {name: said[name] for name in ("documents", "shared_with_earlier", "missing", "with_keys")} == {
        "documents": 1,
        "shared_with_earlier": 0,
        "missing": {},
        "with_keys": False,
    }
    assert len(said["manifest"]) == 64


def test_a_place_without_a_database_is_not_backed_up(home: Path, elsewhere: Path, tmp_path: Path) -> None:
    ended = apart("backup", more={"ZHENGJI_HOME": str(elsewhere)})
    assert ended.returncode == 1
    assert "There is no database here" in ended.stderr
    assert left(elsewhere) == left(tmp_path / "backups") == []


def test_a_backup_leaves_the_tables_as_they_are(home: Path, world: World) -> None:
    set_revision(world.database, "0004a")
    assert zhengji("backup").exit_code == 0
    with world.database.reading() as session:
        assert copies.revision(session) == "0004a"


def set_revision(database: Database, revision: str) -> None:
    engine = create_engine(database.owner_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = :revision"), {"revision": revision})


def test_keys_do_not_go_into_a_folder_that_others_enter(home: Path, tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    (tmp_path / "open").chmod(0o755)
    result = zhengji("backup", "--with-keys", "--to", tmp_path / "open")
    assert result.exit_code == 1
    assert "chmod 700" in result.stderr
    (tmp_path / "open").chmod(0o700)
    result = zhengji("backup", "--with-keys", "--to", tmp_path / "open")
    assert result.exit_code == 0
    assert "Keys are not in the backup" not in result.stdout


def test_a_lost_document_is_told_and_the_backup_is_made(home: Path, tmp_path: Path, world: World) -> None:
    [document] = (one for one in (world.folder / "documents").rglob("*") if one.is_file())
    document.unlink()
    result = zhengji("backup")
    assert result.exit_code == 1
    assert document.name in result.stderr
    assert len(left(tmp_path / "backups")) == 1


def test_a_killed_backup_is_none_and_the_next_cleans_up(home: Path, tmp_path: Path) -> None:
    ended = apart("backup", more={"ZHENGJI_TESTING": "1", "ZHENGJI_FAILPOINTS": "backup.before_rename=kill"})
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    [half] = left(tmp_path / "backups")
    assert half.startswith(".unfinished-")
    assert zhengji("restore", tmp_path / "backups" / half, "--into", tmp_path / "new").exit_code == 1
    assert zhengji("backup").exit_code == 0
    [whole] = left(tmp_path / "backups")
    assert whole.startswith("zhengji-")


def test_a_backup_that_finds_no_room_says_so_and_leaves_nothing(home: Path, tmp_path: Path) -> None:
    ended = apart("backup", limit=100_000)
    assert ended.returncode == 1
    assert left(tmp_path / "backups") == []
    assert "Traceback" not in ended.stderr
    assert any(words in ended.stderr for words in ("was not copied", "did not finish", "No backup was made"))


# ---- backup list, backup prune ----


def aged(folder: Path, *days_ago: int) -> list[str]:
    """Backups that are so many days old, by their names; what they hold is of now."""
    names = []
    for days in days_ago:
        code, said = told("backup")
        assert code == 0
        made = Path(said["backup"])
        name = f"zhengji-{datetime.now(UTC) - timedelta(days=days):%Y%m%dT%H%M%SZ}"
        made.rename(folder / name)
        names.append(name)
    return names


def test_backups_are_listed_with_whether_each_is_good(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    assert told("backup", "list") == (0, [])
    assert "还没有备份" in zhengji("backup", "list").stdout
    old, new = aged(folder, 2, 1)
    code, said = told("backup", "list")
    assert (code, [(Path(one["backup"]).name, one["ours"], one["stands"], one["wrong"]) for one in said]) == (
        0,
        [(new, True, True, None), (old, True, True, None)],
    )
    assert {"created", "bytes", "bytes_of_its_own", "entries", "checkpoint", "manifest"} <= set(said[0])
    os.truncate(next((folder / new).glob("database.*")), 10)
    code, said = told("backup", "list")
    assert (code, said[0]["stands"], bool(said[0]["wrong"]["en"])) == (1, False, True)
    shown = zhengji("backup", "list").stdout
    assert (old in shown, "完好 good" in shown, "1 file is missing" in shown) == (True, True, True)


def test_a_rule_is_tried_before_it_is_carried_out(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    old, older, new = aged(folder, 3, 4, 1)
    code, said = told("backup", "prune", "--keep", "2d", "--dry-run")
    gone = [Path(one["backup"]).name for one in said["dropped"]]
    assert (code, gone, said["kept"], said["dry_run"], said["keep"]) == (0, [old, older], [new], True, "2d,0m")
    assert left(folder) == sorted([old, older, new])
    result = zhengji("backup", "prune", "--keep", "2d")
    assert (result.exit_code, "已删去 dropped" in result.stdout, left(folder)) == (0, True, [new])
    assert zhengji("backup", "prune", "--keep", "2d").exit_code == 0
    assert left(folder) == [new]


def test_pruning_is_on_record_as_done_on_the_machine(home: Path, tmp_path: Path, world: World) -> None:
    old, _ = aged(tmp_path / "backups", 3, 1)
    zhengji("backup", "prune", "--keep", "2d,0m")
    with world.database.reading() as session:
        [said] = operations.said(session, "system.drop_backups")
    assert ([one["name"] for one in said["backups"]], said["rule"], said["by_command"]) == ([old], "2d,0m", True)


def test_what_is_no_rule_is_wrong_use(home: Path, tmp_path: Path) -> None:
    for words in (["--keep", "0d"], ["--keep", "everything"], []):
        result = zhengji("backup", "prune", *words)
        assert (result.exit_code, "--keep" in result.stderr) == (2, True), words


@pytest.mark.parametrize("place", ["before", "behind"])
def test_another_folder_may_be_named(place: str, home: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    assert zhengji("backup", "--to", there).exit_code == 0
    words = ("backup", "--to", there, "list") if place == "before" else ("backup", "list", "--to", there)
    code, said = told(*words)
    assert (code, len(said), told("backup", "list")) == (0, 1, (0, []))


# ---- restore ----


def test_a_backup_is_restored_and_serves(home: Path, elsewhere: Path, tmp_path: Path, world: World) -> None:
    backup = taken(home, world)
    code, said = told("restore", backup, "--into", elsewhere)
    assert code == 0, said
    assert (said["documents"], said["behind"], said["key_needed"], said["home"]) == (1, [], False, str(elsewhere))
    settings = from_environment({**os.environ, "ZHENGJI_HOME": str(elsewhere)})
    with closing(installation.open_to_serve(settings)) as database, database.reading() as session:
        assert len(operations.said(session, "system.restore")) == 1
    again = zhengji("restore", backup, "--into", elsewhere)
    assert again.exit_code == 1
    assert "there already" in again.stderr


def taken(home: Path, world: World) -> Path:
    """A backup of the world, whatever place the command is to find later."""
    where = {
        "ZHENGJI_DATABASE_URL": world.database.url,
        "ZHENGJI_OWNER_DATABASE_URL": "" if world.database.embedded else world.database.owner_url,
        "ZHENGJI_DOCUMENTS_URL": (world.folder / "documents").as_uri(),
    }
    ended = apart("backup", "--json", more=where)
    assert ended.returncode == 0, ended.stderr
    return Path(json.loads(ended.stdout)["backup"])


def test_a_changed_backup_is_refused_by_name(home: Path, elsewhere: Path, world: World) -> None:
    backup = taken(home, world)
    [document] = (one for one in (backup / "documents").rglob("*") if one.is_file())
    document.write_bytes(b"another")
    result = zhengji("restore", backup, "--into", elsewhere)
    assert result.exit_code == 1
    assert document.name in result.stderr
    assert "应有" in result.stderr


def test_an_older_database_does_not_start_until_a_reason_is_given(
    home: Path, elsewhere: Path, tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = taken(home, world)
    sealed_case(world)
    sign(world)
    anchor = tmp_path / "anchor"
    anchor.write_text(last_seen(from_environment()).read_text())
    result = zhengji("restore", backup, "--into", elsewhere, "--anchor", anchor)
    assert result.exit_code == 0
    assert "不在其中" in result.stdout
    assert "--accept-older" in result.stdout
    monkeypatch.setenv("ZHENGJI_HOME", str(elsewhere))
    monkeypatch.setenv("ZHENGJI_ANCHOR", str(anchor))
    for command in ("run", "worker"):
        refused = apart(command)
        assert refused.returncode == 1
        assert "没有启动" in refused.stderr
        assert "Not started" in refused.stderr
    code, said = told("doctor")
    assert code == 1
    assert "database_is_the_one_seen" in [one["check"] for one in said["findings"]]
    assert zhengji("doctor", "--accept-older", " ").exit_code == 1
    accepted = zhengji("doctor", "--json", "--accept-older", "演练")
    assert "database_is_the_one_seen" not in [one["check"] for one in json.loads(accepted.stdout)["findings"]]
    assert "不在其中" in accepted.stderr
    settings = from_environment()
    database = installation.open_to_serve(settings)
    with closing(database), database.reading() as session:
        [event] = operations.said(session, "system.accept_older")
    assert event["reason"] == "演练"


def test_what_is_no_backup_is_refused_or_wrong_use(home: Path, tmp_path: Path) -> None:
    assert zhengji("restore", tmp_path / "nowhere").exit_code == 2
    assert zhengji("restore", home).exit_code == 1


# ---- doctor ----


def test_doctor_tells_dangers_with_exit_code_1_in_both_languages(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENGJI_DEMO", "0")
    monkeypatch.setenv("ZHENGJI_SECRET_KEY", "short")
    code, said = told("doctor")
    first = said["findings"][0]
    assert code == 1
    assert first["level"] == "danger"
    assert set(first) == {"check", "level", "what", "why", "mend"}
    assert set(first["mend"]) == {"zh", "en"}
    shown = zhengji("doctor")
    assert shown.exit_code == 1
    assert f"【危险】{first['what']['zh']}" in shown.stdout
    assert f"[Danger] {first['what']['en']}" in shown.stdout


def test_doctor_says_which_setting_cannot_be_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENGJI_KEEP_PRIVATE_DAYS", "30")
    result = zhengji("doctor")
    assert result.exit_code == 1
    assert "ZHENGJI_KEEP_PRIVATE_DAYS" in result.stderr
    assert "184" in result.stderr


def test_doctor_ends_well_where_there_is_no_danger(
    home: Path, database_kind: str, monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    if database_kind != "sqlite":
        pytest.skip("the tests' PostgreSQL forgets for speed, which is a danger")
    monkeypatch.setenv("ZHENGJI_DEMO", "0")
    monkeypatch.setenv("ZHENGJI_BASE_URL", "https://cases.example")
    monkeypatch.setenv("ZHENGJI_SECURE_COOKIES", "1")
    home.chmod(0o700)
    code, said = told("doctor")
    assert [one["check"] for one in said["findings"] if one["level"] == "danger"] in ([], ["disk_has_room"])
    assert code == (1 if any(one["level"] == "danger" for one in said["findings"]) else 0)
    assert said["not_checked"] == []


def test_doctor_has_nothing_to_accept_of_the_database_that_was_seen(home: Path, world: World) -> None:
    result = zhengji("doctor", "--accept-older", "演练")
    assert "Nothing to accept" in result.stderr
    with closing(Database(world.database.url)) as database, database.reading() as session:
        assert operations.said(session, "system.accept_older") == []
