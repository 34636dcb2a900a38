"""`zhengji migrate`: what is pending, and that it is done once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.web.test_cli import told, zhengji
from tests.web.test_cli_backup import home  # noqa: F401
from tests.workflow.test_migrations import EXPAND, HEAD, Later, later  # noqa: F401
from tests.worlds import World
from workflow.store import operations

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("home")]


def test_nothing_is_pending_in_a_database_of_this_version() -> None:
    code, said = told("migrate", "--check")
    assert (code, said["pending"], said["needed"], said["serves"]) == (0, [], [], True)
    assert "0 pending" in zhengji("migrate", "--check").stdout


def test_what_is_pending_is_told_and_taken_once(world: World, later: Later) -> None:  # noqa: F811
    later(("EXPAND", EXPAND))
    new = f"{int(HEAD) + 1:04}"
    code, said = told("migrate", "--check")
    assert (code, said["revision"], said["serves"]) == (1, HEAD, False)
    assert (said["pending"][0]["revision"], said["pending"][0]["kind"]) == (new, "expand")
    shown = zhengji("migrate", "--check").stdout
    assert ("旧版本可以照常运行" in shown, "this version cannot serve yet" in shown) == (True, True)
    code, said = told("migrate")
    assert (code, said["taken"][0]["revision"], said["pending"], said["serves"]) == (0, new, [], True)
    assert told("migrate")[1]["taken"] == []
    with world.database.reading() as session:
        [event] = operations.said(session, "system.migrate")
    assert (event["from"], event["steps"][0]) == (HEAD, {"revision": new, "kind": "expand"})


def test_setting_up_again_changes_nothing_and_shows_no_password(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    if world.database.embedded:
        pytest.skip("a database without passwords")
    monkeypatch.setenv("ZHENGJI_DATABASE_URL", world.database.url.replace("@", ":letmein@", 1))
    shown = zhengji("init")
    assert (shown.exit_code, ":***@" in shown.stdout, "letmein" in shown.output) == (0, True, False)


def test_where_there_is_no_database_none_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENGJI_DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")
    monkeypatch.delenv("ZHENGJI_OWNER_DATABASE_URL")
    refused = zhengji("migrate")
    assert (refused.exit_code, "There is no database here" in refused.stderr) == (1, True)
    assert not (tmp_path / "none.db").exists()
