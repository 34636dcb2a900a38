"""`zhengji database`: what moving prints, and its exit codes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.postgres import new_database
from tests.web.test_cli import told, zhengji
from tests.web.test_cli_backup import home  # noqa: F401
from tests.worlds import World
from workflow.store import calls, log

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("home")]


@pytest.fixture
def target(world: World, postgres_server: str) -> Iterator[str]:
    """An empty database; and nobody has the world's open."""
    world.database.close()
    name = f"moved_by_command_{os.getpid()}"
    yield new_database(postgres_server, name)
    log.forget()
    calls.forget()
    with psycopg.connect(postgres_server.replace("+psycopg", "", 1), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_a_move_tells_what_was_compared_and_what_to_set(target: str) -> None:
    code, said = told("database", "move", "--to", target)
    assert (code, said["settings"], said["copied_before"]) == (0, {"ZHENGJI_DATABASE_URL": target}, False)
    assert said["tables"]["cases"]["rows"] == 1
    assert said["rows"] == sum(one["rows"] for one in said["tables"].values())
    assert (said["checkpoints"], said["entries"] > 1) == (1, True)
    again = zhengji("database", "move", "--to", target)
    assert (again.exit_code, "database stay" in again.stderr) == (1, True)
    assert zhengji("database", "stay", "tried only").exit_code == 0
    assert "was not moved" in zhengji("database", "stay", "tried only").stderr


def test_a_move_says_in_both_languages_what_it_does(target: str) -> None:
    shown = zhengji("database", "move", "--to", target)
    assert shown.exit_code == 0
    for words in ("逐表核对无误", "the same in both", f"ZHENGJI_DATABASE_URL={target}"):
        assert words in shown.stdout
    assert "复制数据 cases" in shown.stderr


def test_a_wrong_target_is_refused(tmp_path: Path) -> None:
    refused = zhengji("database", "move", "--to", f"sqlite:///{tmp_path / 'x.db'}")
    assert (refused.exit_code, "postgresql+psycopg" in refused.stderr) == (1, True)


def test_a_database_in_use_is_not_moved(world: World, target: str) -> None:
    with world.database.reading() as session:
        session.connection()
        refused = zhengji("database", "move", "--to", target)
    assert (refused.exit_code, "Stop zhengji run first" in refused.stderr) == (1, True)
