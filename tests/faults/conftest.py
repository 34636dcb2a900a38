"""A country to break things in, a server of its own that keeps what was committed, and a mailbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.country import Country, country
from tests.faults.ledger import Ledger, last_event, problems, summary
from tests.faults.players import Player
from tests.postgres import Server, running
from tests.web.conftest import app, settings, sign_in  # noqa: F401
from tests.web.conftest import world as with_passwords  # noqa: F401
from tests.workflow.receivers import Mailbox, mail_server
from tests.workflow.test_backup import site  # noqa: F401
from tests.worlds import Databases

Start = Callable[..., Player]
Check = Callable[[], None]


@pytest.fixture
def here(databases: Databases, tmp_path: Path) -> Iterator[Country]:
    """The country, on the database that this run is about."""
    with country(databases, tmp_path) as made:
        yield made


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as made:
        yield made


@pytest.fixture
def kept(here: Country, tmp_path: Path) -> Iterator[Ledger]:
    """What people are told from now on."""
    made = Ledger(tmp_path / "ledger", last_event(here.world.database))
    yield made
    made.close()


@pytest.fixture
def all_is_well(here: Country, kept: Ledger, mailbox: Mailbox) -> Check:
    """Fails, saying where, when anything differs from what people were told."""

    def compare() -> None:
        found = problems(here.world.database, kept, mailbox, here.world.folder / "abroad")
        assert not found, summary(found)

    return compare


@pytest.fixture
def start(here: Country, mailbox: Mailbox) -> Iterator[Start]:
    """`start(words="act.before_row=kill", works=True)`: a process that serves this country."""
    made: list[Player] = []

    def player(**more: Any) -> Player:
        made.append(Player(here.url, here.world.folder, smtp=mailbox.url, **more))
        return made[-1]

    yield player
    for one in made:
        one.kill()


@pytest.fixture(scope="session")
def durable_server() -> Iterator[Server]:
    """A PostgreSQL that keeps what it said it had committed."""
    with running(
        "-c fsync=on -c synchronous_commit=on -c full_page_writes=on -c max_connections=100 -c listen_addresses="
    ) as server:
        yield server


@pytest.fixture(scope="session")
def durable_databases(durable_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Databases on that server."""
    made = Databases(durable_server.url, tmp_path_factory.mktemp("durable"))
    yield made
    made.close()
