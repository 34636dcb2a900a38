"""Each check tells a good installation from a bad one: by what is given to it, and by what is really there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, event, insert, text, update
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from rules.roles import Role
from rules.words import Text
from states.reach import SYSTEM
from tests.certificates import authority, revoked_list, roots_file
from tests.worlds import World
from workflow.audit import log, notes
from workflow.identity import passwords
from workflow.jobs.kinds import JobState
from workflow.jobs.sequencing import last_seen
from workflow.operation import anchors, doctor
from workflow.operation.doctor import CHECKS, Condition, Issuers, Key, Severity, condition_of, examine
from workflow.settings import BASE_URL, Settings
from workflow.store import condition, trail
from workflow.store.condition import Rows
from workflow.store.database import Database
from workflow.store.files import Files
from workflow.store.models import Job, Person, PersonGrant

AT = datetime(2021, 3, 20, 4, 0, 7, tzinfo=UTC)

# ---- by what is given to it ------------------------------------------------------------------------------------------

SETTINGS = Settings(
    home=Path("/srv/zhengji"),
    database_url="sqlite:////srv/zhengji/zhengji.db",
    documents_url="file:///srv/zhengji/documents",
    secret_key="k" * 32,
    audit_key="/etc/zhengji/audit.pem",
    anchor=__file__,
    backups="/mnt/backups",
    smtp_url="smtp://mail.example",
    mail_from="office@example.com",
    base_url="https://cases.example",
    secure_cookies=True,
    second_factor=frozenset({"administrator"}),
    proxies=1,
)
ROWS = Rows(
    allowed=[],
    unguarded=[],
    settings={"foreign_keys": "1", "synchronous": "2", "fsync": "on", "synchronous_commit": "on"},
    unsigned=1,
    unsigned_at=AT - timedelta(minutes=10),
    signed=True,
    clock=AT + timedelta(seconds=5),
    newest=AT,
    backed_up_at=AT - timedelta(days=7),
    logins={},
    addresses={},
    administrators=["one", "two"],
    mixed=[],
    without={Role.REVIEWER: [], Role.LEADER: []},
    documents=[],
    due_since=AT - timedelta(minutes=15),
    given_up=0,
    workers=1,
)
HEALTHY = Condition(
    settings=SETTINGS,
    at=AT,
    unopened="",
    current=True,
    restoring=False,
    lost=[],
    key=Key(0o600),
    issuers=Issuers(named=True, listed=True),
    unwritable="",
    bad=[],
    home_mode=0o700,
    free=10 << 30,
    total=100 << 30,
    same_disk=False,
    office=True,
    face=True,
    demo_passwords=[],
    strangers=["librarian"],
    seen=ROWS,
)


def having(rows: dict[str, Any] | None = None, settings: dict[str, Any] | None = None, **more: Any) -> Condition:
    """The healthy installation but for this."""
    seen = replace(ROWS, **rows) if rows else ROWS
    return replace(HEALTHY, **{"seen": seen, "settings": replace(SETTINGS, **(settings or {})), **more})


DEMO = {"demo": True, "base_url": BASE_URL, "secure_cookies": False}

BAD: dict[str, list[Condition]] = {
    "database_opens": [having(unopened="no such server")],
    "restore_is_finished": [having(restoring=True)],
    "database_is_the_one_seen": [having(lost=[anchors.Lost("last_checkpoint", "note", 3, Text("旧", "old"))])],
    "tables_are_of_this_version": [having(current=False)],
    "triggers_stand": [having({"unguarded": ["audit_event_no_update"]})],
    "program_may_not_change_the_trail": [having({"allowed": ["superuser"]})],
    "secret_key_is_long": [
        having(settings={"secret_key": ""}),
        having(settings={"secret_key": "k" * 31}),
        having(settings={**DEMO, "secret_key": "short"}, strangers=[]),
    ],
    "demo_is_a_demo": [
        having(settings={"demo": True}, strangers=[]),
        having(settings={**DEMO, "base_url": "https://192.168.1.7", "secure_cookies": True}, strangers=[]),
        having(settings=DEMO),
    ],
    "no_demo_passwords": [having(demo_passwords=["desk"])],
    "committed_is_kept": [
        having({"settings": {name: value}})
        for name, value in (
            *(("foreign_keys", "0"), ("synchronous", "1"), ("fsync", "off"), ("full_page_writes", "off")),
            *(("synchronous_commit", "off"), ("session_replication_role", "replica")),
        )
    ],
    "trail_key_is_usable": [having(key=Key(None)), having(key=Key(0o600, "holds no private key"))],
    "trail_key_is_ours_only": [having(key=Key(0o640)), having(key=Key(0o604))],
    "home_is_ours_only": [having(home_mode=0o755), having(home_mode=0o710)],
    "documents_can_be_written": [having(unwritable="Permission denied")],
    "documents_read_back": [having(bad=["ab" * 32])],
    "disk_has_room": [having(free=(1 << 30) - 1)],
    "seal_issuers_can_be_read": [having(issuers=Issuers(named=True, wrong="/no/such/file.pem"))],
    "somebody_administers": [having({"administrators": []})],
    "sessions_travel_encrypted": [
        having(settings={"secure_cookies": False}),
        having(settings={"base_url": "http://cases.example"}),
    ],
    "entries_are_signed_soon": [having({"unsigned_at": AT - timedelta(minutes=10, seconds=1)})],
    "work_is_begun_soon": [having({"due_since": AT - timedelta(minutes=15, seconds=1), "workers": 0})],
    "nothing_is_given_up": [having({"given_up": 1})],
    "backed_up_lately": [having({"backed_up_at": None}), having({"backed_up_at": AT - timedelta(days=7, seconds=1)})],
    "trail_key_lies_apart": [
        having(settings={"audit_key": "/srv/zhengji/audit_key.pem"}),
        having(settings={"audit_key": "/mnt/backups/audit_key.pem"}),
        having(settings={"audit_key": "/docs/key.pem", "documents_url": "file:///docs"}),
    ],
    "seal_issuers_are_named": [having(issuers=Issuers(named=False))],
    "seal_lists_are_of_today": [having(issuers=Issuers(named=True, listed=True, outdated=["CN=某机构 (2021-03-01)"]))],
    "administrators_have_a_second_factor": [having(settings={"second_factor": frozenset({"leader"})})],
    "roles_are_apart": [having({"mixed": ["one"]})],
    "clocks_agree": [
        having({"clock": AT - timedelta(seconds=6)}),
        having({"clock": AT + timedelta(seconds=6)}),
        having({"newest": AT + timedelta(seconds=6)}),
    ],
    "disk_is_not_nearly_full": [having(free=10 << 30, total=101 << 30)],
    "address_is_set": [having(settings={"base_url": BASE_URL, "secure_cookies": False})],
    "visitors_are_told_apart": [having(settings={"proxies": 0})],
    "backups_lie_elsewhere": [having(same_disk=True)],
    "checkpoint_is_kept_elsewhere": [having(settings={"anchor": ""}), having(settings={"anchor": "/no/such/file"})],
    "mail_can_be_sent": [having(settings={"smtp_url": ""}), having(settings={"mail_from": ""})],
    "seal_revocations_are_known": [having(issuers=Issuers(named=True))],
    "two_people_administer": [having({"administrators": ["one"]})],
    "offices_have_a_reviewer": [having({"without": {Role.REVIEWER: ["示例省知识产权局"], Role.LEADER: []}})],
    "offices_have_a_leader": [having({"without": {Role.REVIEWER: [], Role.LEADER: ["示例省知识产权局"]}})],
    "old_formats_can_be_read": [having(office=False)],
    "chinese_can_be_set": [having(face=False)],
}
"""Check → installations that are bad in this one way."""


def test_every_check_has_a_bad_installation() -> None:
    assert [one.name for one in CHECKS] == list(BAD)


def test_nothing_is_said_of_a_good_installation() -> None:
    assert examine(HEALTHY) == ([], [])


@pytest.mark.parametrize(
    ("name", "bad"), [(name, bad) for name, some in BAD.items() for bad in some], ids=lambda value: str(value)[:40]
)
def test_a_bad_installation_is_told_by_that_check_alone(name: str, bad: Condition) -> None:
    findings, unseen = examine(bad)
    assert ([one.name for one in findings], unseen) == ([name], [])
    for words in (findings[0].what, findings[0].why, findings[0].mend):
        assert "{" not in words.zh + words.en
        assert any("\u4e00" <= sign <= "\u9fff" for sign in words.zh)
        assert words.en.endswith(".") or words is findings[0].what


def test_the_worst_comes_first() -> None:
    assert [one.severity for one in CHECKS] == sorted((one.severity for one in CHECKS), key=list(Severity).index)
    bad = having({"administrators": []}, office=False, same_disk=True)
    found = [one.severity for one in examine(bad)[0]]
    assert found == [Severity.DANGER, Severity.WARNING, Severity.ADVICE]


def test_what_could_not_be_looked_at_is_said() -> None:
    findings, unseen = examine(having(unopened="gone", seen=None, current=False))
    assert [one.name for one in findings] == ["database_opens"]
    assert {"triggers_stand", "backed_up_lately", "somebody_administers"} <= set(unseen)


def test_a_demo_on_this_machine_is_no_danger() -> None:
    demo = having(
        {"unsigned_at": AT - timedelta(days=9), "backed_up_at": None, "newest": AT + timedelta(days=3)},
        {**DEMO, "secret_key": "", "audit_key": "/srv/zhengji/k", "anchor": "", "second_factor": frozenset()},
        issuers=Issuers(named=False),
        strangers=[],
        demo_passwords=["desk"],
        same_disk=True,
    )
    assert examine(demo) == ([], [])


@pytest.mark.parametrize(
    ("address", "elsewhere"),
    [
        *(
            (BASE_URL, False),
            ("http://localhost:8000", False),
            ("http://[::1]:8000", False),
            ("http://127.9.9.9", False),
        ),
        *(("https://cases.example", True), ("http://10.0.0.7", True), ("", True)),
    ],
)
def test_an_address_is_this_machines_or_not(address: str, elsewhere: bool) -> None:
    assert having(settings={"base_url": address}).served_elsewhere is elsewhere


def test_a_long_list_is_cut() -> None:
    names = [f"第{number}局" for number in range(8)]
    [found] = examine(having({"without": {Role.REVIEWER: names, Role.LEADER: []}}))[0]
    assert "第4局 等 8 个" in found.what.zh
    assert "第5局" not in found.what.zh
    assert found.what.en.endswith("and 3 more")


# ---- by what is really there -----------------------------------------------------------------------------------------


@pytest.fixture
def settings(world: World, tmp_path: Path) -> Settings:
    """A healthy installation of the world, as far as a test's machine can be one."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    listed, past = tmp_path / "issuer.crl", (world.at - datetime.now(UTC)).days
    listed.write_bytes(revoked_list(days=(past - 1, past + 30)))
    made = replace(
        SETTINGS,
        home=home,
        database_url=world.database.url,
        documents_url=(tmp_path / "documents").as_uri(),
        audit_key=str(tmp_path / "keys" / "audit.pem"),
        anchor=str(tmp_path / "elsewhere"),
        seal_roots=str(roots_file(tmp_path, authority())),
        seal_crls=str(listed),
        backups=str(tmp_path / "backups"),
        argon2_time=1,
        argon2_memory=8,
    )
    signed_by = log.signer(world.database, Path(made.audit_key), world.at)
    log.sequence(world.database)
    signed = log.checkpoint(world.database, signed_by, world.at)
    assert signed is not None
    for place in (last_seen(made), Path(made.anchor)):
        log.remember(place, signed.note)
    return made


def told(settings: Settings, world: World) -> set[str]:
    """Names of the checks that do not hold, a minute after the world's time."""
    findings, unseen = examine(condition_of(settings, world.at + timedelta(minutes=1)))
    assert unseen == []
    return {one.name for one in findings}


MACHINES = {
    *("backups_lie_elsewhere", "backed_up_lately", "two_people_administer", "committed_is_kept"),
    *("disk_has_room", "disk_is_not_nearly_full", "old_formats_can_be_read", "chinese_can_be_set"),
}
"""What a test's machine need not be: with two disks, room, every program, and a server that does not forget for speed."""


@pytest.fixture
def same_clock(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """The database's clock is the world's."""
    monkeypatch.setattr(condition, "_clock", lambda session: world.at + timedelta(minutes=1))


@pytest.mark.database
@pytest.mark.usefixtures("same_clock")
class TestReally:
    def test_a_healthy_installation(self, settings: Settings, world: World) -> None:
        assert told(settings, world) <= MACHINES

    def test_sqlite_keeps_what_is_committed(self, settings: Settings, world: World, database_kind: str) -> None:
        if database_kind != "sqlite":
            pytest.skip("the tests' PostgreSQL forgets for speed, and is found out")
        assert "committed_is_kept" not in told(settings, world)

    def test_a_server_that_forgets_is_found_out(self, settings: Settings, world: World, database_kind: str) -> None:
        if database_kind != "postgresql":
            pytest.skip("about PostgreSQL")
        seen = condition_of(settings, world.at)
        found = next(one for one in examine(seen)[0] if one.name == "committed_is_kept")
        assert "fsync=off" in found.what.en
        assert "synchronous_commit=off" in found.what.en

    def test_work_that_nobody_does_is_found(self, settings: Settings, world: World) -> None:
        due = {"name": "mail_notice", "arguments": [1], "queued_at": world.at - timedelta(hours=1)}
        with world.database.transaction() as session:
            session.execute(insert(Job).values(key="lies", state=str(JobState.QUEUED), **due))
            session.execute(insert(Job).values(key="gone", state=str(JobState.GAVE_UP), ended_at=world.at, **due))
        found = {one.name: one.what.en for one in examine(condition_of(settings, world.at))[0]}
        assert "for 60 minutes" in found["work_is_begun_soon"]
        assert "workers alive: 0" in found["work_is_begun_soon"]
        assert found["nothing_is_given_up"].startswith("1 pieces")

    def test_who_may_issue_seals_is_looked_at(self, settings: Settings, world: World, tmp_path: Path) -> None:
        assert "seal_issuers_are_named" in told(replace(settings, seal_roots=""), world)
        assert "seal_issuers_can_be_read" in told(replace(settings, seal_roots="/no/such/file.pem"), world)
        assert "seal_revocations_are_known" in told(replace(settings, seal_crls=""), world)
        listed = tmp_path / "old.crl"
        listed.write_bytes(b"nothing")
        lists = replace(settings, seal_crls=str(listed))
        assert "seal_issuers_can_be_read" in told(lists, world)
        past = (world.at - datetime.now(UTC)).days
        listed.write_bytes(revoked_list(days=(past - 9, past - 2)))
        found = {one.name: one.what.zh for one in examine(condition_of(lists, world.at))[0]}
        assert "测试签章颁发机构" in found["seal_lists_are_of_today"]

    def test_a_backup_on_record_is_known(self, settings: Settings, world: World) -> None:
        assert "backed_up_lately" in told(settings, world)
        with world.database.transaction() as session:
            trail.append(session, [trail.Entry("system/1", "system.backup", "done", world.at, SYSTEM)])
        assert "backed_up_lately" not in told(settings, world)

    def test_a_trigger_that_is_gone(self, settings: Settings, world: World) -> None:
        with owner(world.database) as connection:
            if world.database.embedded:
                connection.execute(text("drop trigger audit_event_no_delete"))
            else:
                connection.execute(text("alter table audit_event disable trigger audit_event_no_delete"))
        assert "triggers_stand" in told(settings, world)

    def test_a_program_that_may_change_the_trail(
        self, settings: Settings, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if world.database.embedded:

            def without(url: str, *_: object) -> Any:
                engine = create_engine(url)
                event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys=OFF"))
                return engine

            monkeypatch.setattr("workflow.store.database.make_engine", without)
            found = told(settings, world)
            assert "committed_is_kept" in found
        else:
            found = told(replace(settings, database_url=world.database.owner_url), world)
        assert "program_may_not_change_the_trail" in found

    def test_entries_that_nobody_signs(self, settings: Settings, world: World) -> None:
        with world.database.transaction() as session:
            early = world.at - timedelta(minutes=20)
            trail.append(session, [trail.Entry("test/1", "test.happen", "done", early, SYSTEM)])
        assert "entries_are_signed_soon" in told(settings, world)
        log.sequence(world.database)
        assert "entries_are_signed_soon" in told(settings, world)
        log.checkpoint(world.database, log.signer(world.database, Path(settings.audit_key), world.at), world.at)
        assert "entries_are_signed_soon" not in told(settings, world)

    def test_a_folder_that_others_enter(self, settings: Settings, world: World) -> None:
        settings.home.chmod(0o755)
        assert "home_is_ours_only" in told(settings, world)

    def test_a_key_that_is_gone_strange_or_open(self, settings: Settings, world: World, tmp_path: Path) -> None:
        key = Path(settings.audit_key)
        key.chmod(0o644)
        assert "trail_key_is_ours_only" in told(settings, world)
        key.rename(tmp_path / "hidden")
        assert "trail_key_is_usable" in told(settings, world)
        notes.make_key(key)
        assert "trail_key_is_usable" in told(settings, world)
        key.write_text("no key")
        assert "trail_key_is_usable" in told(settings, world)
        home = settings.home / "audit_key.pem"
        shutil.copy(tmp_path / "hidden", home)
        found = told(replace(settings, audit_key=str(home)), world)
        assert "trail_key_is_usable" not in found
        assert "trail_key_lies_apart" in found

    def test_another_database_than_the_one_seen(self, settings: Settings, world: World) -> None:
        with world.database.reading() as session:
            newest = log.newest(session)
        assert newest is not None
        signed_by = notes.signer(Path(settings.audit_key), notes.read_key(_key(world)).origin)
        later = notes.Checkpoint(signed_by.origin, newest.size + 5, "ab" * 32, world.at)
        last_seen(settings).write_text(signed_by.sign(later))
        assert "database_is_the_one_seen" in told(settings, world)

    def test_a_restore_half_way(self, settings: Settings, world: World) -> None:
        (settings.home / anchors.RESTORING).touch()
        assert "restore_is_finished" in told(settings, world)

    def test_documents_that_cannot_be_written_or_read(self, settings: Settings, world: World, tmp_path: Path) -> None:
        files = Files(settings.documents_url)
        with world.database.transaction() as session:
            _attach(session, world, files.put(b"%PDF-1.7 whole"))
        assert not {"documents_read_back", "documents_can_be_written"} & told(settings, world)
        [path] = (one for one in (tmp_path / "documents").rglob("*") if one.is_file())
        path.write_bytes(b"other bytes")
        assert "documents_read_back" in told(settings, world)
        path.unlink()
        assert "documents_read_back" in told(settings, world)
        (tmp_path / "a file").touch()
        assert "documents_can_be_written" in told(
            replace(settings, documents_url=(tmp_path / "a file").as_uri()), world
        )

    def test_looking_leaves_no_document_behind(self, settings: Settings, world: World, tmp_path: Path) -> None:
        (tmp_path / "documents").mkdir()
        told(settings, world)
        assert [one for one in (tmp_path / "documents").rglob("*") if one.is_file()] == []

    def test_demo_accounts_outside_a_demo(self, settings: Settings, world: World) -> None:
        assert "no_demo_passwords" not in told(settings, world)
        hashed = passwords.hashed(settings, passwords.DEMO_PASSWORD)
        with world.database.transaction() as session:
            session.execute(update(Person).where(Person.login == "desk").values(password=hashed))
        assert "no_demo_passwords" in told(settings, world)
        with world.database.transaction() as session:
            session.execute(update(Person).where(Person.login == "desk").values(active=False))
        assert "no_demo_passwords" not in told(settings, world)

    def test_a_demo_with_accounts_of_its_own(self, settings: Settings, world: World) -> None:
        demo = replace(settings, **DEMO)
        assert "demo_is_a_demo" in told(demo, world)
        cast = ("author", "sealer", "reviewer", "leader", "desk", "director", "editor", "administrator", "auditor")
        with world.database.transaction() as session:
            session.execute(update(Person).where(Person.login.not_in(cast)).values(email=Person.login + "@example.com"))
        assert "demo_is_a_demo" not in told(demo, world)
        with world.database.transaction() as session:
            session.execute(update(Person).where(Person.login == "neighbour_reviewer").values(email="a@b.example"))
        assert "demo_is_a_demo" in told(demo, world)

    def test_offices_and_administrators(self, settings: Settings, world: World) -> None:
        found = told(settings, world)
        assert "two_people_administer" in found
        assert not {"somebody_administers", "offices_have_a_reviewer", "offices_have_a_leader"} & found
        with world.database.transaction() as session:
            gone = ("neighbour_reviewer", "leader", "reviewer_and_leader", "administrator")
            session.execute(update(Person).where(Person.login.in_(gone)).values(active=False))
        seen = condition_of(settings, world.at)
        assert seen.rows.without == {Role.REVIEWER: ["邻省知识产权局"], Role.LEADER: ["示例省知识产权局"]}
        assert seen.rows.administrators == []

    def test_an_auditor_who_also_works_with_cases(self, settings: Settings, world: World) -> None:
        assert "roles_are_apart" not in told(settings, world)
        with world.database.transaction() as session:
            grant = {"person_id": world.people["auditor"].id, "role": str(Role.DESK)}
            session.execute(insert(PersonGrant).values(**grant))
        assert condition_of(settings, world.at).rows.mixed == ["auditor"]

    def test_an_entry_from_the_future(self, settings: Settings, world: World) -> None:
        assert "clocks_agree" not in told(settings, world)
        with world.database.transaction() as session:
            late = world.at + timedelta(hours=1)
            trail.append(session, [trail.Entry("test/1", "test.happen", "done", late, SYSTEM)])
        assert "clocks_agree" in told(settings, world)

    def test_tables_of_an_older_version(self, settings: Settings, world: World) -> None:
        with owner(world.database) as connection:
            connection.execute(text("update alembic_version set version_num = '0001'"))
        findings, unseen = examine(condition_of(settings, world.at))
        assert "tables_are_of_this_version" in {one.name for one in findings}
        assert "triggers_stand" in unseen

    def test_disks_and_programs(
        self, settings: Settings, world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        usage = type(shutil.disk_usage("/"))
        for total, free, names in (
            (100 << 30, 50 << 30, set()),
            (100 << 30, 5 << 30, {"disk_is_not_nearly_full"}),
            (100 << 30, 1 << 20, {"disk_has_room"}),
        ):
            with monkeypatch.context() as patched:
                patched.setattr(shutil, "disk_usage", lambda _, t=total, f=free: usage(t, t - f, f))
                assert told(settings, world) & {"disk_is_not_nearly_full", "disk_has_room"} == names
        monkeypatch.setenv("PATH", str(tmp_path))
        assert "old_formats_can_be_read" in told(settings, world)
        monkeypatch.setattr(doctor.receipt, "FACES", ())
        assert "chinese_can_be_set" in told(settings, world)


def _key(world: World) -> str:
    with world.database.reading() as session:
        known = log.public_key(session)
    assert known is not None
    return known.text


def _attach(session: Session, world: World, digest: str) -> None:
    from workflow import papers
    from workflow.store.papers import Kept

    case = world.draft()
    scan = Kept("扫描件.pdf", "application/pdf", digest, 14)
    papers.seal(session, case, scan, "示例大学", actor=world.people["sealer"], at=world.at)


@contextmanager
def owner(database: Database) -> Iterator[Any]:
    """A connection that nothing guards."""
    engine = create_engine(database.owner_url, poolclass=NullPool)
    with engine.begin() as connection:
        yield connection


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    settings = replace(
        SETTINGS, home=tmp_path, database_url=f"sqlite:///{tmp_path / 'zhengji.db'}", documents_url=tmp_path.as_uri()
    )
    findings, unseen = examine(condition_of(settings, AT))
    assert findings[0].name == "database_opens"
    assert "triggers_stand" in unseen
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == []


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "zhengji.db").write_bytes(b"no database at all" * 100)
    settings = replace(SETTINGS, home=tmp_path, database_url=f"sqlite:///{tmp_path / 'zhengji.db'}")
    findings, _ = examine(condition_of(settings, AT))
    assert "not a database" in findings[0].what.en


def test_a_server_that_does_not_answer(tmp_path: Path) -> None:
    settings = replace(SETTINGS, home=tmp_path, database_url=f"postgresql+psycopg://nobody@/nowhere?host={tmp_path}")
    findings, _ = examine(condition_of(settings, AT))
    assert findings[0].name == "database_opens"
