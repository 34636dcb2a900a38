"""What people are told when the database is lost in mid-transaction, or there is no room to write."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, text

from states.case import CaseState
from tests.postgres import Server
from tests.web.conftest import HASHED, KEY, PASSWORD, hidden, send
from tests.worlds import CALL_2021, Databases, World, world_under
from web.app import create_app
from workflow import failpoints
from workflow.settings import from_environment
from workflow.store import people as stored
from workflow.store.database import Database, Limits

SCAN = Path(__file__).parents[1] / "samples" / "报送表01_扫描件.pdf"


@pytest.fixture
def world(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """The small country; on PostgreSQL, on a server that a test may stop."""
    databases: Databases = request.getfixturevalue("databases" if database_kind == "sqlite" else "durable_databases")
    with world_under(databases, CALL_2021, tmp_path) as made:
        with made.database.transaction() as session:
            for person in made.people.values():
                stored.set_password(session, person.id, HASHED, end_sessions=False)
        yield made


@pytest.fixture
def sealer(world: World, tmp_path: Path) -> FlaskClient:
    """A browser in which the sealer is signed in."""
    return browser(world.database, tmp_path)


def browser(database: Database, folder: Path, language: str = "zh") -> FlaskClient:
    """A browser in which the sealer is signed in, at an application on this database."""
    plain = from_environment({"ZHENGJI_HOME": str(folder)})
    settings = replace(plain, demo=True, clock="2021-03-19", secret_key=KEY, argon2_time=1, argon2_memory=8)
    client = create_app(settings, database).test_client()
    send(client, f"/sign-in?lang={language}", login="sealer", password=PASSWORD)
    return client


@pytest.fixture
def case(world: World) -> int:
    return world.case()


def form(client: FlaskClient, case: int) -> dict[str, str]:
    """The form that stamps a case, as shown."""
    return hidden(client.get(f"/cases/{case}/stamp").get_data(as_text=True), f"/cases/{case}/stamp")


def stamp(client: FlaskClient, case: int, sent: dict[str, str]) -> tuple[int, str]:
    answer = client.post(f"/cases/{case}/stamp", data={**sent, "again": PASSWORD})
    return answer.status_code, answer.get_data(as_text=True)


def stamped(world: World, case: int) -> tuple[CaseState, int]:
    """Where the case stands, and how often it was stamped."""
    return world.state(case), len(world.events(case, "case.stamp"))


def test_an_answer_lost_after_the_commit_is_found_by_the_forms_key(
    world: World, sealer: FlaskClient, case: int
) -> None:
    def lose_it() -> None:
        if world.state(case) is CaseState.CENTRE_STAMPED:
            failpoints.fail()

    sent = form(sealer, case)
    with failpoints.armed("transaction.after_commit", lose_it, at=0):
        status, shown = stamp(sealer, case, sent)
    [recorded] = world.events(case, "case.stamp")
    assert (status, "已经记录在案" in shown, f"case/{case}#2" in shown, recorded.hash[:10] in shown) == (
        200,
        True,
        True,
        True,
    )
    assert stamp(sealer, case, sent)[0] == 302
    assert stamped(world, case) == (CaseState.CENTRE_STAMPED, 1)


def test_a_mistake_before_the_commit_says_that_nothing_was_done(world: World, sealer: FlaskClient, case: int) -> None:
    sent = form(sealer, case)
    with failpoints.armed("act.after_row", failpoints.fail):
        status, shown = stamp(sealer, case, sent)
    assert (status, "没有办理，也没有改动任何内容" in shown) == (500, True)
    assert stamped(world, case) == (CaseState.DRAFT, 0)
    assert stamp(sealer, case, sent)[0] == 302


# ---- the database is lost --------------------------------------------------------------------------------------------


@pytest.fixture
def server(database_kind: str, request: pytest.FixtureRequest) -> Server:
    if database_kind != "postgresql":
        pytest.skip("a database that is a process of its own")
    found: Server = request.getfixturevalue("durable_server")
    return found


def cut_off(server: Server, world: World) -> None:
    with psycopg.connect(server.url.replace("+psycopg", "", 1), autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s",
            [world.database.engine.url.database],
        )


@pytest.mark.parametrize("place", ["act.before_facts", "trail.appended", "act.after_row", "transaction.before_commit"])
def test_a_connection_lost_in_mid_transaction(
    place: str, server: Server, world: World, sealer: FlaskClient, case: int
) -> None:
    sent = form(sealer, case)
    strikes: list[str] = []

    def strike() -> None:
        if place != "transaction.before_commit" or _holds_the_stamp(world, case):
            strikes.append(place)
            cut_off(server, world)

    with failpoints.armed(place, strike, at=0 if place == "transaction.before_commit" else 1):
        status, shown = stamp(sealer, case, sent)
    assert strikes, "the place was not reached"
    assert (status, "没有查到这次提交的记录" in shown) == (503, True)
    assert stamped(world, case) == (CaseState.DRAFT, 0)
    assert stamp(sealer, case, sent)[0] == 302
    assert stamped(world, case) == (CaseState.CENTRE_STAMPED, 1)


def _holds_the_stamp(world: World, case: int) -> bool:
    """Whether some transaction holds the case's row, which only the one that stamps it does."""
    with world.database.engine.connect() as other:
        free = other.execute(text("select id from cases where id = :id for update skip locked"), {"id": case}).first()
        return free is None


def test_a_database_that_is_away_is_said_so_and_the_same_form_works_when_it_is_back(
    server: Server, world: World, sealer: FlaskClient, case: int
) -> None:
    sent = form(sealer, case)
    server.stop()
    try:
        status, shown = stamp(sealer, case, sent)
        read = sealer.get(f"/cases/{case}")
    finally:
        server.start()
    assert (status, "不能确定刚才的提交是否办成" in shown) == (503, True)
    assert (read.status_code, "暂时连不上数据库" in read.get_data(as_text=True)) == (503, True)
    assert stamp(sealer, case, sent)[0] == 302
    assert stamped(world, case) == (CaseState.CENTRE_STAMPED, 1)


# ---- others at work --------------------------------------------------------------------------------------------------

IMPATIENT = Limits(lock=0.2)
TURN = {"zh": "别人正在办理这个案例", "en": "Others are working on this case"}
NOTHING = {"zh": "您的操作没有办理，内容没有变化", "en": "Nothing was done and nothing changed"}


@contextmanager
def limited(world: World, limits: Limits) -> Iterator[Database]:
    """The same database, for a process that waits no longer than that."""
    database = Database(world.database.engine.url.render_as_string(hide_password=False), limits=limits)
    yield database
    database.close()


@contextmanager
def at_work(world: World, case: int) -> Iterator[None]:
    """Somebody else is working on the case, and does not come to an end."""
    if world.database.embedded:
        other = sqlite3.connect(str(world.database.engine.url.database), isolation_level=None)
        other.execute("begin immediate")
        yield
        other.close()
        return
    with world.database.engine.connect() as held:
        held.execute(text("select id from cases where id = :id for update"), {"id": case})
        yield


@pytest.mark.parametrize("language", ["zh", "en"])
def test_while_others_work_on_a_case_one_is_told_so_and_the_same_form_works_afterwards(
    language: str, world: World, case: int, tmp_path: Path
) -> None:
    with limited(world, IMPATIENT) as database:
        client = browser(database, tmp_path, language)
        sent = form(client, case)
        with at_work(world, case):
            answer = client.post(f"/cases/{case}/stamp", data={**sent, "again": PASSWORD})
            read = client.get(f"/cases/{case}")
        shown = answer.get_data(as_text=True)
        assert (answer.status_code, answer.headers["Retry-After"], read.status_code) == (503, "5", 200)
        assert [TURN[language] in shown, NOTHING[language] in shown] == [True, True]
        assert stamped(world, case) == (CaseState.DRAFT, 0)
        assert stamp(client, case, sent)[0] == 302
        assert stamped(world, case) == (CaseState.CENTRE_STAMPED, 1)


def test_what_was_typed_while_others_work_on_a_case_is_shown_again(world: World, case: int, tmp_path: Path) -> None:
    written = "写了一个上午的理由，共有好几句，不能就这样丢了。"
    with limited(world, IMPATIENT) as database:
        client = browser(database, tmp_path)
        address = f"/cases/{case}/withdraw"
        sent = hidden(client.get(address).get_data(as_text=True), address)
        with at_work(world, case):
            answer = client.post(address, data={**sent, "remark": written})
    assert (answer.status_code, written in answer.get_data(as_text=True)) == (503, True)


def test_a_statement_that_takes_too_long_is_stopped_and_told(
    server: Server, world: World, case: int, tmp_path: Path
) -> None:
    with limited(world, Limits(lock=60, statement=0.2)) as database:
        client = browser(database, tmp_path)
        sent = form(client, case)
        with at_work(world, case):
            status, shown = stamp(client, case, sent)
        assert (status, "数据库在规定时间内没有答复" in shown, NOTHING["zh"] in shown) == (503, True, True)
        assert stamped(world, case) == (CaseState.DRAFT, 0)
        assert stamp(client, case, sent)[0] == 302


def test_a_process_that_has_used_up_its_connections_says_so(
    world: World, case: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflow.store.database.POOL_WAIT", 0.1)
    with limited(world, Limits(connections=2)) as database:
        client = browser(database, tmp_path)
        with database.reading() as one, database.reading() as other:
            one.connection(), other.connection()
            answer = client.get(f"/cases/{case}")
        assert (answer.status_code, "暂时连不上数据库" in answer.get_data(as_text=True)) == (503, True)
        assert client.get(f"/cases/{case}").status_code == 200


# ---- no room ---------------------------------------------------------------------------------------------------------


def _as_owner(world: World) -> psycopg.Connection[Any]:
    url = world.database.engine.url
    return psycopg.connect(host=str(url.query["host"]), dbname=url.database, user="postgres", autocommit=True)


@contextmanager
def no_room(world: World) -> Iterator[None]:
    """The database takes no more."""
    database = world.database
    if not database.embedded:  # as the server answers when its disk is full
        refuse = "begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end"
        with _as_owner(world) as connection:
            connection.execute(f"create function full_disk() returns trigger language plpgsql as $$ {refuse} $$")
            connection.execute("create trigger full_disk before insert on audit_event execute function full_disk()")
        yield
        with _as_owner(world) as connection:
            connection.execute("drop trigger full_disk on audit_event")
            connection.execute("drop function full_disk")
        return

    def connected(connection: Any, _record: Any) -> None:
        [(pages,)] = connection.execute("PRAGMA page_count").fetchall()
        connection.execute(f"PRAGMA max_page_count={pages}")

    event.listen(database.engine, "connect", connected, insert=True)
    database.close()
    try:
        yield
    finally:
        event.remove(database.engine, "connect", connected)
        database.close()


def test_without_room_for_the_event_nothing_is_done_and_reading_goes_on(world: World, sealer: FlaskClient) -> None:
    forms = {case: form(sealer, case) for case in [world.case() for _ in range(20)]}
    with no_room(world):
        for case, sent in forms.items():  # SQLite fills its last pages first
            status, shown = stamp(sealer, case, sent)
            if status != 302:
                break
        read = sealer.get(f"/cases/{case}")
        listed = sealer.get("/cases")
        assert (status, "没有地方写下这次办理的记录" in shown) == (507, True)
        assert (read.status_code, listed.status_code) == (200, 200)
        assert stamped(world, case) == (CaseState.DRAFT, 0)
    assert stamp(sealer, case, sent)[0] == 302
    assert stamped(world, case) == (CaseState.CENTRE_STAMPED, 1)


def test_without_room_for_a_file_the_case_is_unchanged(world: World, sealer: FlaskClient, case: int) -> None:
    before = len(world.events(case))

    def no_space() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    address = f"/cases/{case}/seal"
    fields = hidden(sealer.get(address).get_data(as_text=True), address)
    with failpoints.armed("files.before_put", no_space), SCAN.open("rb") as file:
        answer = sealer.post(address, data={**fields, "scan": (file, SCAN.name)}, content_type="multipart/form-data")
    assert (answer.status_code, "存储空间已满" in answer.get_data(as_text=True)) == (507, True)
    assert len(world.events(case)) == before


STORE = """
import resource, sys
from workflow.store.files import Files
from workflow.store.trouble import trouble
files = Files(sys.argv[1])
kept = files.put(b"small")
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    files.put(b"x" * 1_000_000)
except Exception as problem:
    print(trouble(problem).name, files.get(kept).decode())
"""


def test_a_document_store_without_room_says_so_and_holds_no_half_file(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-c", STORE, tmp_path.as_uri()],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "FULL small\n"
    assert [path.stat().st_size for path in tmp_path.rglob("*") if path.is_file() and "#" not in path.name] == [5]
