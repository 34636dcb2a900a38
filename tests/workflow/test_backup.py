"""Backups taken while others write, and put back; what was changed is refused, and an older database is noticed."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url, select, update

from states.reach import SYSTEM
from tests.faults.waiting import until
from tests.postgres import new_database
from tests.worlds import RUNTIME, World
from workflow import failpoints, papers
from workflow.audit import log, notes
from workflow.jobs.sequencing import Sequencer, last_seen
from workflow.operation import anchors, backup, installation
from workflow.operation.backup import CannotBackUp, Made, back_up, sealed
from workflow.operation.restore import BackupDamaged, CannotRestore, Restored, restore
from workflow.settings import Settings
from workflow.store import copies, operations, trail
from workflow.store import log as stored
from workflow.store.database import Database
from workflow.store.files import Files
from workflow.store.models import Document
from workflow.store.papers import Kept

pytestmark = pytest.mark.database


class Site:
    """An installation of the world, its signing key, and empty places to restore into. Time goes on with each step."""

    def __init__(self, world: World, folder: Path, server: str | None) -> None:
        self.world = world
        self.folder = folder
        self.server = server
        self.made: list[str] = []
        self.settings = Settings(
            home=folder / "home",
            database_url=world.database.url,
            owner_database_url=world.database.owner_url if server else "",
            documents_url=(world.folder / "documents").as_uri(),
            secret_key="k" * 40,
            audit_key=str(folder / "keys" / "audit.pem"),
            backups=str(folder / "backups"),
        )
        self.settings.home.mkdir()
        self.files = Files(self.settings.documents_url)
        self.signer = log.signer(world.database, Path(self.settings.audit_key), world.at)
        self._documents = 0

    def later(self) -> datetime:
        """A minute on."""
        self.world.at += timedelta(minutes=1)
        return self.world.at

    def sealed_case(self) -> int:
        """A case with a sealed scan in the document store."""
        self._documents += 1
        data = f"%PDF-1.7 {self._documents}".encode()
        case = self.world.draft()
        scan = Kept("扫描件.pdf", "application/pdf", self.files.put(data), len(data))
        with self.world.database.transaction() as session:
            papers.seal(session, case, scan, "示例大学", actor=self.world.people["sealer"], at=self.world.at)
        return case

    def sign(self) -> str:
        """A checkpoint over all there is, remembered as the sequencer does."""
        log.sequence(self.world.database)
        signed = log.checkpoint(self.world.database, self.signer, self.later())
        assert signed is not None
        self.later()
        log.remember(last_seen(self.settings), signed.note)
        return signed.note

    def back_up(self, target: Path | None = None, **more: Any) -> Made:
        target = target or Path(self.settings.backups)
        return back_up(self.settings, self.world.database, self.files, target, at=self.later(), **more)

    def put_back(self, settings: Settings, made: Made | Path, **more: Any) -> Restored:
        stored.forget()
        return restore(settings, made if isinstance(made, Path) else made.folder, at=self.later(), **more)

    def elsewhere(self, name: str = "new") -> Settings:
        """The settings of an empty place, with the key of the trail put there by hand."""
        home = self.folder / name
        url = f"sqlite:///{home / 'zhengji.db'}"
        owner = ""
        if self.server:
            made = f"restored_{os.getpid()}_{name}"
            self.made.append(made)
            owner = new_database(self.server, made)
            url = owner.replace("postgres@", f"{RUNTIME}@", 1)
        return replace(
            self.settings,
            home=home,
            database_url=url,
            owner_database_url=owner,
            documents_url=(home / "documents").as_uri(),
        )


@pytest.fixture
def site(world: World, tmp_path: Path, database_kind: str, request: pytest.FixtureRequest) -> Iterator[Site]:
    server = request.getfixturevalue("postgres_server") if database_kind == "postgresql" else None
    made = Site(world, tmp_path, server)
    made.sealed_case()
    made.sealed_case()
    made.sign()
    yield made
    for name in made.made:
        drop(server, name)


def drop(server: str | None, name: str) -> None:
    assert server
    with psycopg.connect(server.replace("+psycopg", "", 1), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def opened(settings: Settings) -> Database:
    return Database(settings.database_url, settings.owner_database_url)


def said(database: Database, action: str) -> list[dict[str, Any]]:
    with database.reading() as session:
        return operations.said(session, action)


# ---- taking and putting back ----


def test_a_backup_put_back_holds_all_that_was_there(site: Site) -> None:
    site.world.walk(site.sealed_case(), "stamp", "review")
    site.sign()
    before = copies.held(site.world.database.owner_url)
    made = site.back_up()
    settings = site.elsewhere()
    done = site.put_back(settings, made)
    assert (done.created, done.manifest, done.entries) == (
        site.world.at - timedelta(minutes=1),
        made.manifest,
        before.head.size,
    )
    assert (done.documents, done.missing, done.lost, done.key_needed) == (len(before.documents), {}, [], False)
    database = opened(settings)
    after = copies.held(database.owner_url)
    grown = {"audit_event", "audit_log"}
    assert {name: after.counts[name] - count for name, count in before.counts.items() if name not in grown} == {
        name: 0 for name in before.counts if name not in grown
    }
    assert {after.counts[name] - before.counts[name] for name in grown} == {1}  # that it was restored
    [event] = said(database, "system.restore")
    assert (event["manifest"], event["log_size"], event["behind"]) == (made.manifest, before.head.size, [])
    assert said(database, "system.backup") == []
    with database.reading() as session:
        assert {session.get_one(Document, 1).digest, session.get_one(Document, 2).digest} <= before.documents
        assert log.root_at(session, before.head.size) == before.head.root
    restored = Files(settings.documents_url)
    assert {restored.get(digest) for digest in after.documents} == {site.files.get(one) for one in before.documents}
    log.signer(database, Path(settings.audit_key), site.world.at)
    database.close()


def test_a_backup_is_put_on_record(site: Site) -> None:
    made = site.back_up()
    [event] = said(site.world.database, "system.backup")
    assert (event["folder"], event["manifest"], event["documents"]) == (str(made.folder), made.manifest, 2)
    assert backup.described(made.folder / backup.MANIFEST)["sha256"] == made.manifest


def test_a_backup_is_of_one_moment_while_others_write(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "PAGES", 8)
    wrote, ended = threading.Semaphore(0), threading.Event()

    def write() -> None:
        while not ended.is_set():
            site.sealed_case()
            wrote.release()

    def until_more_is_written() -> None:
        for _ in range(3):
            assert wrote.acquire(timeout=60)

    steps = []

    def tell(what: object, done: int, total: int) -> None:
        steps.append((done, total))
        if 3 < len(steps) < 8:
            until_more_is_written()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with failpoints.armed("backup.database_copied", until_more_is_written):
            made = site.back_up(tell=tell)
    finally:
        ended.set()
        writer.join()
    held = json.loads((made.folder / backup.MANIFEST).read_text())["database"]["counts"]
    assert made.documents >= 2
    assert held["document"] == held["seal"] == made.documents
    # The writer commits a case, then its seal: the moment may lie between the two.
    assert held["cases"] - held["seal"] in (0, 1)
    now = copies.held(site.world.database.owner_url)
    assert now.counts["cases"] > held["cases"]
    done = site.put_back(site.elsewhere(), made)
    assert done.documents == made.documents


def test_the_next_backup_shares_documents_that_are_whole_with_the_last(site: Site) -> None:
    first = site.back_up()
    site.sealed_case()
    places = sorted(one.relative_to(first.folder) for one in first.folder.glob("documents/*/*"))
    (first.folder / places[0]).write_bytes(b"damaged on the disk")
    second = site.back_up()
    assert (first.documents, first.linked, second.documents, second.linked) == (2, 0, 3, 1)
    assert (second.folder / places[1]).samefile(first.folder / places[1])
    assert not (second.folder / places[0]).samefile(first.folder / places[0])
    shutil.rmtree(first.folder)
    assert site.put_back(site.elsewhere(), second).documents == 3


def test_documents_that_the_store_lost_are_named_and_the_rest_is_kept(site: Site) -> None:
    digests = sorted(copies.held(site.world.database.owner_url).documents)
    (site.world.folder / "documents" / digests[0][:2] / digests[0]).unlink()
    (site.world.folder / "documents" / digests[1][:2] / digests[1]).write_bytes(b"other bytes")
    made = site.back_up()
    assert made.missing == {digests[0]: "absent", digests[1]: "damaged"}
    assert site.put_back(site.elsewhere(), made).missing == made.missing


def test_a_document_thrown_away_meanwhile_is_not_missed(site: Site) -> None:
    digest = min(copies.held(site.world.database.owner_url).documents)

    def erase() -> None:
        with site.world.database.transaction() as session:
            session.execute(update(Document).where(Document.digest == digest).values(erased_at=site.world.at))
        site.files.drop(digest)

    with failpoints.armed("backup.database_copied", erase):
        made = site.back_up()
    assert made.missing == {digest: backup.ERASED}
    assert site.put_back(site.elsewhere(), made).documents == 1


def test_nothing_in_a_backup_is_readable_by_others(site: Site) -> None:
    made = site.back_up()
    assert made.folder.stat().st_mode & 0o077 == 0
    assert Path(site.settings.backups).stat().st_mode & 0o077 == 0


def test_a_folder_of_any_name_will_do(site: Site) -> None:
    made = site.back_up(site.folder / "备份 #1 100% a?b")
    assert site.put_back(site.elsewhere(), made).documents == 2


def test_keys_stay_out_of_a_backup(site: Site) -> None:
    made = site.back_up()
    key = Path(site.settings.audit_key).read_bytes()
    for path in made.folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert key not in data, path
            assert site.settings.secret_key.encode() not in data, path


def test_keys_go_only_into_a_folder_of_ours_and_come_back(site: Site) -> None:
    target = site.folder / "open"
    target.mkdir()
    target.chmod(0o755)
    with pytest.raises(CannotBackUp, match="chmod 700"):
        site.back_up(target=target, with_keys=True)
    assert list(target.iterdir()) == []
    target.chmod(0o700)
    made = site.back_up(target=target, with_keys=True)
    assert {one.name: one.stat().st_mode & 0o777 for one in (made.folder / "keys").iterdir()} == {
        "secret_key": 0o600,
        "audit_key.pem": 0o600,
    }
    settings = replace(site.elsewhere(), audit_key=str(site.folder / "new" / "audit_key.pem"))
    assert not site.put_back(settings, made).key_needed
    assert Path(settings.audit_key).read_bytes() == Path(site.settings.audit_key).read_bytes()
    assert Path(settings.audit_key).stat().st_mode & 0o777 == 0o600


def test_that_the_key_is_needed_is_said(site: Site) -> None:
    made = site.back_up()
    settings = replace(site.elsewhere(), audit_key=str(site.folder / "nowhere.pem"))
    assert site.put_back(settings, made).key_needed


# ---- what goes wrong while it is taken ----


def left(target: Path) -> list[str]:
    return sorted(one.name for one in target.iterdir() if one.name != ".lock")


@pytest.mark.parametrize("place", ["backup.database_copied", "backup.document_copied", "backup.before_rename"])
def test_a_backup_that_fails_leaves_nothing(site: Site, place: str) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with failpoints.armed(place, full), pytest.raises(CannotBackUp, match=r"disk of .* is full"):
        site.back_up()
    assert left(Path(site.settings.backups)) == []
    assert said(site.world.database, "system.backup") == []


def test_what_a_killed_backup_left_is_no_backup_and_goes_with_the_next(site: Site) -> None:
    target = Path(site.settings.backups)
    half = target / ".unfinished-zhengji-20210301T000000Z"
    half.mkdir(parents=True)
    (half / "database.sqlite3").write_bytes(b"half")
    assert backup.backups(target) == []
    with pytest.raises(BackupDamaged, match=r"no whole backup"):
        site.put_back(site.elsewhere(), half)
    made = site.back_up()
    assert left(target) == [made.folder.name]
    assert backup.backups(target) == [made.folder]


def test_one_backup_at_a_time_goes_into_a_folder(site: Site) -> None:
    said_no: list[str] = []

    def another() -> None:
        with pytest.raises(CannotBackUp) as refused:
            site.back_up()
        said_no.append(refused.value.message.en)

    with failpoints.armed("backup.before_rename", another):
        made = site.back_up()
    assert "Another backup is being written" in said_no[0]
    assert left(Path(site.settings.backups)) == [made.folder.name]


def test_an_sqlite_copy_that_cannot_be_written_says_so(site: Site, database_kind: str) -> None:
    if database_kind != "sqlite":
        pytest.skip("about SQLite")
    with pytest.raises(copies.NotCopied, match="was not copied"):
        copies.take(site.world.database, site.folder / "no" / "such" / "folder", lambda done, total: None)


# ---- PostgreSQL's programs ----


def fake(folder: Path, version: str) -> None:
    folder.mkdir(parents=True)
    (folder / "pg_dump").write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {version}'\n")
    (folder / "pg_dump").chmod(0o755)


def test_the_newest_of_postgresqls_programs_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "DEBIAN", tmp_path / "debian")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(copies.NotCopied, match=r"pg_dump is not here.*postgresql-client-15"):
        copies.program("pg_dump", 15)
    fake(tmp_path / "bin", "13.9 (Debian 13.9-1)")
    with pytest.raises(copies.NotCopied, match=r"version 13, older than the server's 15"):
        copies.program("pg_dump", 15)
    fake(tmp_path / "debian" / "16" / "bin", "16.1")
    assert copies.program("pg_dump", 15) == tmp_path / "debian" / "16" / "bin" / "pg_dump"
    (tmp_path / "debian" / "16" / "bin" / "pg_dump").write_text("no program")
    with pytest.raises(copies.NotCopied, match="older"):
        copies.program("pg_dump", 15)


def test_a_dump_that_fails_says_what_the_program_said(site: Site, database_kind: str) -> None:
    if database_kind != "postgresql":
        pytest.skip("about PostgreSQL")
    with pytest.raises(copies.NotCopied, match=r"pg_dump did not finish: .*No such file"):
        copies.take(site.world.database, site.folder / "no" / "such" / "folder", lambda done, total: None)


def test_a_server_that_asks_for_a_password_gets_that_of_the_address(database: Database, tmp_path: Path) -> None:
    if database.embedded:
        pytest.skip("a database without passwords")
    owner, secret = make_url(database.owner_url), "let me@in/:"
    who_may = Path(str(owner.query["host"])) / "data" / "pg_hba.conf"
    before = who_may.read_text()
    with psycopg.connect(host=str(owner.query["host"]), dbname="postgres", user="postgres", autocommit=True) as server:
        named = sql.Identifier(str(owner.username))
        server.execute(sql.SQL("alter role {} password {}").format(named, sql.Literal(secret)))
        try:
            who_may.write_text(f"local {owner.database} all scram-sha-256\n{before}")
            server.execute("select pg_reload_conf()")
            until(lambda: _refused(database.owner_url))
            asked = Database(owner.set(password=secret).render_as_string(hide_password=False))
            held = copies.take(asked, tmp_path / "copy", lambda *_: None)
            asked.close()
        finally:
            who_may.write_text(before)
            server.execute("select pg_reload_conf()")
            server.execute(sql.SQL("alter role {} password null").format(named))
    assert held.revision
    assert (tmp_path / "copy").stat().st_size > 0


def _refused(url: str) -> bool:
    """Whether nobody comes in without a password."""
    try:
        psycopg.connect(url.replace("+psycopg", "", 1)).close()
    except psycopg.OperationalError:
        return True
    return False


# ---- what was changed ----

Change = Callable[[Path], str]
"""Does something to a backup; gives what must be named."""


def database_file(folder: Path) -> Path:
    return next(folder.glob("database.*"))


def byte_changed(folder: Path) -> str:
    path = database_file(folder)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    return f"{path.name} was changed"


def dump_cut(folder: Path) -> str:
    path = database_file(folder)
    os.truncate(path, path.stat().st_size // 2)
    return f"{path.name} should have"


def document_gone(folder: Path) -> str:
    path = min(folder.glob("documents/*/*"))
    path.unlink()
    return f"{path.name} is missing"


def document_changed(folder: Path) -> str:
    path = min(folder.glob("documents/*/*"))
    path.write_bytes(path.read_bytes().replace(b"PDF", b"PDX"))
    return f"{path.name} was changed"


def manifest_changed(folder: Path) -> str:
    path = folder / backup.MANIFEST
    path.write_text(path.read_text().replace('"audit_event": ', '"audit_event": 1'))
    return f"{backup.MANIFEST} was changed"


def manifest_cut(folder: Path) -> str:
    path = folder / backup.MANIFEST
    path.write_text(path.read_text()[:200])
    return f"{backup.MANIFEST} was changed"


def manifest_of_something_else(folder: Path) -> str:
    (folder / backup.MANIFEST).write_text("[]")
    return f"{backup.MANIFEST} was changed"


def manifest_gone(folder: Path) -> str:
    (folder / backup.MANIFEST).unlink()
    return f"{backup.MANIFEST} is not there"


def resealed(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = folder / backup.MANIFEST
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(sealed(manifest)))


def table_with_more_rows(folder: Path) -> str:
    resealed(folder, lambda manifest: manifest["database"]["counts"].update(cases=7))
    return "table cases should have 7 rows, and has 2"


def another_head(folder: Path) -> str:
    resealed(folder, lambda manifest: manifest["log"].update(root="ab" * 32))
    return "the log is not the one of the manifest"


def document_left_out(folder: Path) -> str:
    name = min(str(one.relative_to(folder)) for one in folder.glob("documents/*/*"))
    resealed(folder, lambda manifest: manifest["files"].pop(name))
    return f"lacks the document {name}"


@pytest.mark.parametrize(
    "change",
    [
        *(byte_changed, dump_cut, document_gone, document_changed, manifest_changed, manifest_cut, manifest_gone),
        *(manifest_of_something_else, table_with_more_rows, another_head, document_left_out),
    ],
)
def test_a_backup_that_was_changed_is_refused_by_name(site: Site, change: Change) -> None:
    made = site.back_up()
    named = change(made.folder)
    settings = site.elsewhere()
    with pytest.raises(BackupDamaged) as refused:
        site.put_back(settings, made)
    assert any(named in one.en for one in refused.value.problems), refused.value.message.en
    assert not (settings.home / "zhengji.db").exists()


def test_everything_that_is_wrong_is_named_at_once(site: Site) -> None:
    made = site.back_up()
    named = [byte_changed(made.folder), document_gone(made.folder)]
    with pytest.raises(BackupDamaged) as refused:
        site.put_back(site.elsewhere(), made)
    assert len(refused.value.problems) == len(named) == 2


def test_a_trail_changed_with_a_manifest_made_anew_is_refused(site: Site, database_kind: str) -> None:
    if database_kind != "sqlite":
        pytest.skip("a dump is not changed in place")
    made = site.back_up()
    path = database_file(made.folder)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TRIGGER audit_event_no_update")
        connection.execute("UPDATE audit_event SET body = replace(body, '示例大学', '邻省大学')")
    name = path.name
    resealed(made.folder, lambda manifest: manifest["files"].update({name: backup.described(path)}))
    settings = site.elsewhere()
    with pytest.raises(BackupDamaged) as refused:
        site.put_back(settings, made)
    words = " ".join(one.en for one in refused.value.problems)
    assert "audit_event_no_update" in words
    assert len(refused.value.problems) > 1
    with pytest.raises(anchors.RestoreUnfinished):
        installation.open_to_serve(settings)


def test_another_manifest_than_the_one_noted_is_refused(site: Site) -> None:
    made = site.back_up()
    resealed(made.folder, lambda manifest: manifest.update(created="2021-03-20T05:00:00+00:00"))
    with pytest.raises(BackupDamaged, match="not the one noted"):
        site.put_back(site.elsewhere(), made, manifest_digest=made.manifest)
    changed = backup.described(made.folder / backup.MANIFEST)["sha256"]
    assert site.put_back(site.elsewhere("other"), made, manifest_digest=changed.upper()).manifest == changed


# ---- where it goes ----


def test_a_place_that_is_not_empty_is_refused(site: Site) -> None:
    made = site.back_up()
    with pytest.raises(CannotRestore, match="there already"):
        site.put_back(replace(site.elsewhere(), documents_url=site.settings.documents_url), made)
    settings = site.elsewhere("twice")
    site.put_back(settings, made)
    shutil.rmtree(settings.home / "documents")
    with pytest.raises(CannotRestore, match="there already"):
        site.put_back(settings, made)


def test_a_backup_goes_into_a_database_of_its_kind(site: Site, database_kind: str) -> None:
    made = site.back_up()
    other = "sqlite:////nowhere/zhengji.db" if database_kind == "postgresql" else "postgresql+psycopg://nobody@/nowhere"
    with pytest.raises(CannotRestore, match="of the same kind"):
        site.put_back(replace(site.elsewhere(), database_url=other), made)


def test_a_backup_of_a_newer_version_is_refused(site: Site, database_kind: str) -> None:
    if database_kind != "sqlite":
        pytest.skip("a dump is not changed in place")
    made = site.back_up()
    path = database_file(made.folder)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    def newer(manifest: dict[str, Any]) -> None:
        manifest["database"]["revision"], manifest["version"] = "9999", "9.9"
        manifest["files"][path.name] = backup.described(path)

    resealed(made.folder, newer)
    with pytest.raises(CannotRestore, match=r"newer version \(9\.9\)"):
        site.put_back(site.elsewhere(), made)


@pytest.mark.parametrize(
    "place", ["restore.documents_put", "restore.database_put", "restore.before_rename", "restore.renamed"]
)
def test_a_restore_that_was_ended_half_way_serves_nothing_and_is_done_again(site: Site, place: str) -> None:
    made = site.back_up()
    settings = site.elsewhere()
    with failpoints.armed(place, failpoints.fail), pytest.raises(failpoints.Struck):
        site.put_back(settings, made)
    with pytest.raises(anchors.RestoreUnfinished):
        installation.open_to_serve(settings)
    site.put_back(settings, made)
    with closing(installation.open_to_serve(settings)) as database:
        assert len(said(database, "system.restore")) == 1


# ---- an older database ----


def older(site: Site) -> tuple[Settings, str]:
    """A place with a backup put back, and the checkpoint signed after it; 3 cases are missing there."""
    made = site.back_up()
    for _ in range(3):
        site.sealed_case()
    note = site.sign()
    settings = site.elsewhere()
    settings.home.mkdir()
    log.remember(last_seen(settings), note)
    site.put_back(settings, made)
    return settings, note


def missing_in(site: Site, note: str, made: Made) -> int:
    return notes.opened(note, site.signer.key).size - made.log_size


def test_what_a_restored_database_lacks_is_said(site: Site) -> None:
    made = site.back_up()
    for _ in range(3):
        site.sealed_case()
    note = site.sign()
    anchor = site.folder / "anchor"
    anchor.write_text(note)
    settings = site.elsewhere()
    done = site.put_back(settings, made, seen=[anchor])
    [lost] = done.lost
    assert lost.missing == missing_in(site, note, made) > 3
    assert f"之后的 {lost.missing} 条留痕" in lost.why.zh
    assert (lost.place, done.accepted) == (str(anchor), False)
    database = opened(settings)
    [event] = said(database, "system.restore")
    database.close()
    assert event["behind"] == [{"size": lost.missing, "anchor": note}]


def test_an_older_database_is_not_served_until_a_reason_is_given(site: Site) -> None:
    settings, note = older(site)
    with pytest.raises(anchors.OlderPutBack) as refused:
        installation.open_to_serve(settings)
    assert "--accept-older" in refused.value.message.zh
    assert "later entries" in refused.value.message.en
    database = opened(settings)
    with database.reading() as session:
        found = anchors.lost(session, anchors.kept(settings))
    with pytest.raises(anchors.ReasonNeeded):
        anchors.accept(settings, database, found, "  ", site.later())
    anchors.accept(settings, database, found, "硬盘损坏，恢复昨夜的备份", site.later())
    [event] = said(database, anchors.ACCEPTED)
    assert event["reason"] == "硬盘损坏，恢复昨夜的备份"
    assert (list(event["anchors"].values()), event["missing"]) == ([note], found[0].missing)
    database.close()
    installation.open_to_serve(settings).close()
    installation.open_to_serve(replace(settings, anchor=str(_kept_elsewhere(site, note)))).close()


def _kept_elsewhere(site: Site, note: str) -> Path:
    path = site.folder / "elsewhere"
    path.write_text(note)
    return path


def test_an_older_database_is_noticed_by_a_checkpoint_elsewhere_alone(site: Site) -> None:
    settings, note = older(site)
    last_seen(settings).unlink()
    installation.open_to_serve(settings).close()
    with pytest.raises(anchors.OlderPutBack):
        installation.open_to_serve(replace(settings, anchor=str(_kept_elsewhere(site, note))))


def test_a_restore_may_give_the_reason_at_once(site: Site) -> None:
    made = site.back_up()
    site.sealed_case()
    note = site.sign()
    settings = site.elsewhere()
    settings.home.mkdir()
    log.remember(last_seen(settings), note)
    done = site.put_back(settings, made, accept_older="演练")
    assert done.accepted
    installation.open_to_serve(settings).close()


def test_a_database_that_went_another_way_is_noticed(site: Site) -> None:
    settings, _ = older(site)
    database = opened(settings)
    with database.transaction() as session:
        for number in range(80):
            trail.append(session, [trail.Entry(f"other/{number}", "test.happen", "done", site.world.at, SYSTEM)])
    log.sequence(database)
    database.close()
    with pytest.raises(anchors.OlderPutBack, match="another database was put in its place, or it was changed"):
        installation.open_to_serve(settings)


def test_the_database_that_was_seen_is_served(site: Site) -> None:
    site.sealed_case()
    site.sign()
    site.sealed_case()
    database = installation.open_to_serve(site.settings)
    with database.reading() as session:
        assert anchors.lost(session, anchors.kept(site.settings)) == []
    database.close()


def test_an_older_database_put_back_under_the_running_program_is_not_signed(site: Site) -> None:
    settings, note = older(site)
    database = opened(settings)
    before = stored_checkpoints(database)
    sequencer = Sequencer(settings, database, every=0.01)
    sequencer.start()
    sequencer.stop()
    assert last_seen(settings).read_text() == note
    assert stored_checkpoints(database) == before
    last_seen(settings).unlink()
    sequencer = Sequencer(settings, database, every=0.01)
    sequencer.start()
    sequencer.stop()
    assert stored_checkpoints(database) != before
    database.close()


def stored_checkpoints(database: Database) -> list[str]:
    with database.reading() as session:
        return [one.note for one in log.checkpoints(session)]


def test_a_database_of_another_installation_is_noticed(site: Site) -> None:
    notes.make_key(site.folder / "strange.pem")
    strange = notes.signer(site.folder / "strange.pem", "zhengji/another")
    log.remember(
        last_seen(site.settings), strange.sign(notes.Checkpoint("zhengji/another", 4, "ab" * 32, site.world.at))
    )
    with pytest.raises(anchors.OlderPutBack, match="not of"):
        installation.open_to_serve(site.settings)


def test_a_database_file_that_is_gone_is_not_begun_anew(site: Site, database_kind: str) -> None:
    if database_kind != "sqlite":
        pytest.skip("about a file")
    settings = replace(site.settings, database_url=f"sqlite:///{site.folder / 'gone.db'}")
    with pytest.raises(anchors.DatabaseGone):
        installation.open_to_serve(settings)
    assert not (site.folder / "gone.db").exists()


# ---- what is copied ----


def test_every_digest_in_the_document_store_that_a_table_names_is_backed_up(site: Site) -> None:
    with site.world.database.reading() as session:
        named = set(session.scalars(select(Document.digest)))
        assert copies.documents(session) == named
