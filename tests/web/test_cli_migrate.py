"""`zhengji migrate`: what is pending, and that it is done once."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tests.web.test_cli import told, zhengji
from tests.web.test_cli_backup import home  # noqa: F401
from tests.worlds import World
from workflow.store import operations
from workflow.store.database import Database

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("home")]


def one_step_back(database: Database) -> None:
    """As the version before 0008 left it."""
    engine = create_engine(database.owner_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("drop index ix_push_package"))
        connection.execute(text("delete from schema_step where revision >= '0008'"))
        connection.execute(text("update alembic_version set version_num = '0007'"))
    engine.dispose()


def test_nothing_is_pending_in_a_database_of_this_version() -> None:
    code, said = told("migrate", "--check")
    assert (code, said["pending"], said["needed"], said["serves"]) == (0, [], [], True)
    assert "0 pending" in zhengji("migrate", "--check").stdout


def test_what_is_pending_is_told_and_taken_once(world: World) -> None:
    one_step_back(world.database)
    code, said = told("migrate", "--check")
    assert (code, said["revision"], said["serves"]) == (1, "0007", False)
    assert (said["pending"][0]["revision"], said["pending"][0]["kind"]) == ("0008", "expand")
    shown = zhengji("migrate", "--check").stdout
    assert ("旧版本可以照常运行" in shown, "this version cannot serve yet" in shown) == (True, True)
    code, said = told("migrate")
    assert (code, said["taken"][0]["revision"], said["pending"], said["serves"]) == (0, "0008", [], True)
    assert told("migrate")[1]["taken"] == []
    with world.database.reading() as session:
        [event] = operations.said(session, "system.migrate")
    assert (event["from"], event["steps"][0]) == ("0007", {"revision": "0008", "kind": "expand"})


def test_where_there_is_no_database_none_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENGJI_DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")
    monkeypatch.delenv("ZHENGJI_OWNER_DATABASE_URL")
    refused = zhengji("migrate")
    assert (refused.exit_code, "There is no database here" in refused.stderr) == (1, True)
    assert not (tmp_path / "none.db").exists()
