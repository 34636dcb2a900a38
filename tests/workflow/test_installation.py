"""An installation put in place: tables, register, calls and first accounts, and that doing it again harms nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from docx import Document
from sqlalchemy import update

from rules.roles import Role
from tests.make import CALLS
from tests.worlds import Databases
from workflow import register
from workflow.calls import CallRefused
from workflow.documents.word import SHARED
from workflow.identity import people, sign_in
from workflow.identity.passwords import WrongPassword
from workflow.identity.people import WrongPerson
from workflow.operation import configuration, installation
from workflow.operation.installation import NoSuchRole
from workflow.settings import Settings, from_environment
from workflow.store import calls as stored_calls
from workflow.store import schema
from workflow.store.database import Database
from workflow.store.models import CallVersion, Office, Person

CHEAP = {"argon2_time": 1, "argon2_memory": 8}


def settings_in(folder: Path, database_url: str = "") -> Settings:
    return Settings(
        home=folder,
        database_url=database_url or f"sqlite:///{folder / 'zhengji.db'}",
        documents_url=(folder / "documents").as_uri(),
        secret_key="",
        **CHEAP,
    )


@pytest.fixture
def settled(databases: Databases) -> Iterator[Database]:
    """What `init` puts into an empty database."""
    with databases.copy("furnished", installation.furnish) as database:
        yield database


def add(database: Database, folder: Path, login: str = "admin", **more: object) -> int:
    values = {"name": "管理员", "password": "long enough here", **more}
    return installation.add_person(database, settings_in(folder), login=login, **values)  # type: ignore[arg-type]


def test_a_folder_that_is_not_there_is_made_with_tables_and_nobody_in_them(tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "new" / "home")
    database = installation.open_database(settings)
    try:
        assert schema.at_head(database)
        assert installation.empty(database)
        assert (settings.home / "zhengji.db").is_file()
        assert settings.home.stat().st_mode & 0o077 == 0
    finally:
        database.close()
    again = installation.open_database(settings)
    again.close()


def test_the_register_and_the_shipped_calls_are_put_in_once(settled: Database) -> None:
    def counts() -> tuple[int, int]:
        with settled.reading() as session:
            return session.query(Office).count(), session.query(CallVersion).count()

    assert counts() == (len(register.shipped_offices()), 1) == (32, 1)
    installation.furnish(settled)
    assert counts() == (32, 1)


def test_putting_it_in_again_leaves_what_an_administrator_changed(settled: Database) -> None:
    with settled.transaction() as session:
        first = session.query(Office).order_by(Office.id).first()
        assert first is not None
        mended = {"addressee": "改名后的局", "ip_office": "改名后的局", "name_verified": "yes", "seal_name": "印"}
        session.execute(update(Office).where(Office.id == first.id).values(**mended))
    installation.furnish(settled)
    with settled.reading() as session:
        kept = session.get_one(Office, first.id)
        assert {name: getattr(kept, name) for name in mended} == mended


def test_a_version_that_ships_other_words_for_a_call_leaves_the_one_that_is_there(settled: Database) -> None:
    with settled.transaction() as session:
        session.execute(update(CallVersion).values(digest="of the words that an earlier version shipped"))
    installation.furnish(settled)
    with settled.reading() as session:
        assert session.query(CallVersion.version).all() == [(1,)]


def test_an_account_has_its_role_at_once(settled: Database, tmp_path: Path) -> None:
    assert installation.empty(settled)
    made = add(settled, tmp_path, role="administrator")
    assert not installation.empty(settled)
    with settled.reading() as session:
        person = session.get_one(Person, made)
        assert people.actor_of(person).roles == {Role.ADMINISTRATOR}
    assert (
        sign_in.authenticate(settled, settings_in(tmp_path), "admin", "long enough here", at=datetime.now(UTC))
        is not None
    )


def test_an_account_with_a_wrong_role_or_unit_is_not_made_at_all(settled: Database, tmp_path: Path) -> None:
    for wrong, refusal, said in (
        ({"role": "king"}, NoSuchRole, "no role “king”"),
        ({"role": "reviewer"}, WrongPerson, "needs a unit"),
        ({"role": "reviewer", "unit": 4711}, WrongPerson, "holds no office with the id 4711"),
        ({"role": "desk", "unit": 1}, WrongPerson, "national role"),
        ({"password": "short"}, WrongPassword, "at least 12"),
        ({"name": " "}, WrongPerson, "a name"),
    ):
        with pytest.raises(refusal, match=said):
            add(settled, tmp_path, **wrong)  # type: ignore[arg-type]
    assert installation.empty(settled)


def test_a_login_is_given_once(settled: Database, tmp_path: Path) -> None:
    add(settled, tmp_path)
    with pytest.raises(WrongPerson, match="is taken"):
        add(settled, tmp_path, login=" admin ")


def test_a_call_becomes_the_next_version_and_the_same_text_none(settled: Database, tmp_path: Path) -> None:
    for path in CALLS.glob("other-call.*"):
        shutil.copy(path, tmp_path)
    file = tmp_path / "other-call.toml"

    def load() -> tuple[str, int]:
        with settled.transaction() as session:
            made = installation.load_call(session, file, datetime.now(UTC))
            return made.number, made.version

    number, first = load()
    assert (first, load()) == (1, (number, 1))
    file.write_text(file.read_text("utf-8").replace("sign_offs = ", "sign_offs = 1 #"), "utf-8")
    assert load() == (number, 2)
    with settled.reading() as session:
        newest = {call.number: call.version for _, call in stored_calls.open_calls(session)}
    assert newest[number] == 2


def test_a_call_brings_the_word_document_beside_it_and_later_versions_keep_it(
    settled: Database, tmp_path: Path
) -> None:
    for path in CALLS.glob("other-call.*"):
        shutil.copy(path, tmp_path)
    file = tmp_path / "other-call.toml"
    looks: list[bytes] = []
    for change in range(4):
        if change == 1:
            own = Document(str(SHARED))
            own.sections[0].header.paragraphs[0].text = "本通知专用"
            own.save(str(tmp_path / "other-call.docx"))
        if change == 3:
            (tmp_path / "other-call.docx").unlink()
            file.write_text(file.read_text("utf-8") + "\n", "utf-8")
        with settled.transaction() as session:
            made = installation.load_call(session, file, datetime.now(UTC))
            looks.append(stored_calls.call_of(session, made.id).look)
            assert made.version == (1, 2, 2, 3)[change]
    assert looks[0] == b""
    assert looks[1] == looks[2] == looks[3] != b""


def test_a_wrong_call_is_refused_before_anything_is_stored(settled: Database, tmp_path: Path) -> None:
    for path in CALLS.glob("other-call.*"):
        shutil.copy(path, tmp_path)
    file = tmp_path / "other-call.toml"
    file.write_text(file.read_text("utf-8").replace("[eligible]", "[eligable]"), "utf-8")
    with pytest.raises(CallRefused), settled.transaction() as session:
        installation.load_call(session, file, datetime.now(UTC))
    with settled.reading() as session:
        assert session.query(CallVersion).count() == 1


def test_settings_come_from_the_environment_and_stand_in_the_home_folder(tmp_path: Path) -> None:
    bare = from_environment({"ZHENGJI_HOME": str(tmp_path)})
    assert (bare.database_url, bare.documents_url, bare.push_url) == (
        f"sqlite:///{tmp_path / 'zhengji.db'}",
        (tmp_path / "documents").as_uri(),
        (tmp_path / "outbox" / "wipo").as_uri(),
    )
    assert (bare.demo, bare.secure_cookies, bare.argon2_time, bare.argon2_memory) == (False, False, 3, 65536)
    told = from_environment(
        {
            "ZHENGJI_DEMO": "1",
            "ZHENGJI_SECURE_COOKIES": "0",
            "ZHENGJI_PUSH_URL": "https://x",
            "ZHENGJI_CLOCK": "2021-03-20",
        }
    )
    assert (told.demo, told.secure_cookies, told.push_url, told.clock) == (True, False, "https://x", "2021-03-20")


def test_a_password_in_the_address_of_pushes_is_refused_and_the_secret_is_described_as_set_only(tmp_path: Path) -> None:
    given = {"ZHENGJI_HOME": str(tmp_path), "ZHENGJI_PUSH_URL": "sftp://liaison:word@host.example/in"}
    with pytest.raises(ValueError, match="ZHENGJI_PUSH_SECRET") as refused:
        from_environment(given)
    assert "word" not in str(refused.value).replace("password", "")
    given |= {"ZHENGJI_PUSH_URL": "sftp://liaison@host.example/in", "ZHENGJI_PUSH_SECRET": "word"}
    told = configuration.described(from_environment(given))
    assert (told["push_secret"], told["push_url"]) == ("***", "sftp://host.example/in")
