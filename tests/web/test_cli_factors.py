"""`zhengji user clear-factors`: asks, voids every factor, ends every session, says so in the trail and by mail."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select, update

from tests.web.test_cli import told, zhengji
from tests.web.test_cli_backup import home
from tests.workflow.test_factors import author, enrolled
from tests.worlds import World
from workflow.audit import search
from workflow.identity import factors
from workflow.jobs.queue import client
from workflow.settings import from_environment
from workflow.store.models import AuditEvent, Person

pytestmark = pytest.mark.database
__all__ = ["home"]


@pytest.fixture
def armed(home: Path, world: World) -> World:
    """The author has an app, recovery codes and an address."""
    settings = from_environment()
    enrolled(world, settings)
    factors.new_recovery_codes(world.database, settings, author(world), at=world.at)
    with world.database.transaction() as session:
        session.execute(update(Person).where(Person.id == author(world).id).values(email="author@centre.example"))
    return world


def left(world: World) -> tuple[bool, int, int]:
    """Whether there is a factor, how many recovery codes, and the count that ends sessions when it moves."""
    with world.database.reading() as session:
        has = factors.of_person(session, author(world).id)
    return has.any, has.codes, author(world).session_epoch


def entries(world: World) -> list[AuditEvent]:
    with world.database.reading() as session:
        return list(session.scalars(select(AuditEvent).where(AuditEvent.action == "person.clear_factors")))


def test_it_asks_first_and_a_no_changes_nothing(armed: World) -> None:
    before = left(armed)
    for answer in ("n\n", "\n", ""):
        result = zhengji("user", "clear-factors", "author", input=answer)
        assert (result.exit_code, "备用码 10" in result.stderr, "recovery codes 10" in result.stderr) == (1, True, True)
    assert (left(armed), entries(armed)) == (before, [])


def test_a_yes_voids_every_factor_and_ends_every_session(armed: World) -> None:
    _, _, before = left(armed)
    result = zhengji("user", "clear-factors", "author", input="y\n")
    assert (result.exit_code, "已清除" in result.stdout, left(armed)) == (0, True, (False, 0, before + 1))


def test_the_trail_says_that_it_was_done_on_the_machine(armed: World) -> None:
    zhengji("user", "clear-factors", "author", "--yes")
    [event] = entries(armed)
    body = json.loads(event.body)
    detail = search._detail(event.action, body)
    assert (event.stream, event.person_id) == (f"person/{author(armed).id}", None)
    assert detail is not None
    assert (detail.zh, detail.en) == ("在服务器上用命令办理", "by a command on the server")


@pytest.mark.parametrize("mails", [True, False])
def test_the_person_is_told_by_mail_where_there_is_a_server(
    mails: bool, armed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    if mails:
        monkeypatch.setenv("ZHENGJI_SMTP_URL", "smtp://localhost:2525")
        monkeypatch.setenv("ZHENGJI_MAIL_FROM", "zhengji@office.example")
    zhengji("user", "clear-factors", "author", "--yes")
    queued = client(armed.database.engine).list_workflows(name="mail_notice")
    assert len(queued) == mails


def test_json_tells_what_there_was(armed: World) -> None:
    assert told("user", "clear-factors", "author", "--yes") == (
        0,
        {"login": "author", "cleared": True, "authenticator": 1, "passkeys": 0, "recovery_codes": 10},
    )


def test_an_account_without_a_factor_is_left_alone(home: Path, world: World) -> None:
    before = left(world)
    result = zhengji("user", "clear-factors", "author")
    assert (result.exit_code, "没有第二验证方式" in result.stdout) == (0, True)
    assert (told("user", "clear-factors", "author")[1]["cleared"], left(world), entries(world)) == (False, before, [])


def test_a_login_that_nobody_has_is_refused(home: Path) -> None:
    result = zhengji("user", "clear-factors", "nobody", "--yes")
    assert (result.exit_code, "没有登录名“nobody”" in result.stderr, "no login" in result.stderr) == (1, True, True)


def test_where_no_installation_is_none_is_made(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    monkeypatch.setenv("ZHENGJI_HOME", str(elsewhere))
    monkeypatch.setenv("ZHENGJI_DATABASE_URL", f"sqlite:///{elsewhere / 'zhengji.db'}")
    monkeypatch.setenv("ZHENGJI_OWNER_DATABASE_URL", "")
    result = zhengji("user", "clear-factors", "author", "--yes")
    assert (result.exit_code, "no database here" in result.stderr, elsewhere.exists()) == (1, True, False)
