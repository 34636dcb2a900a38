"""A real installation killed at random while people use its pages: what they were told is there, and nothing twice."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.faults import ledger
from tests.faults.country import Country
from tests.faults.ledger import Ledger
from tests.faults.visitors import Siege
from tests.faults.waiting import until
from tests.postgres import new_database
from tests.workflow.receivers import Mailbox
from workflow.store.database import Database

SECONDS = float(os.environ.get("ZHENGJI_SOAK_SECONDS", "0"))
"""How long it lasts at least."""
ROUNDS = 4
"""How many rounds there are at least, however slow the machine is."""
SEED = int(os.environ.get("ZHENGJI_SOAK_SEED", "205")) + 10


def test_the_installation_killed_at_random(
    here: Country, tmp_path: Path, mailbox: Mailbox, capsys: pytest.CaptureFixture[str]
) -> None:
    siege = Siege(here, tmp_path, mailbox, SEED)
    ends = time.monotonic() + SECONDS
    with siege.under_way():
        while (sum(siege.broken.values()) < ROUNDS or time.monotonic() < ends) and not siege.surprises:
            siege.moment()
            siege.strike()
        siege.moment()
        with siege.dead():
            earlier, before = set_aside(here, tmp_path), siege.kept.read()
        siege.moment()
    found = siege.settle()
    with capsys.disabled():
        print(f"\n  seed {siege.seed}: {dict(siege.broken)}")
    assert not found, ledger.summary(found)
    the_harness_would_notice(siege, earlier, before)


# ---- controls --------------------------------------------------------------------------------------------------------


def the_harness_would_notice(siege: Siege, earlier: Database, before: ledger.Told) -> None:
    """A database that has lost what came after a moment is found out act by act; so is an act that nobody asked for."""
    told = siege.kept.read()
    since = told.led_on - before.asked
    missed = {one.split()[1] for one in siege.problems(earlier) if one.startswith("lost: ")}
    earlier.close()
    assert since
    assert since <= missed, f"told since then {sorted(since)}, missed {sorted(missed)}"
    done = sorted(told.led_on)[0]
    forgetful = siege.folder / "forgetful"
    lines = siege.kept.path.read_text(encoding="utf-8").splitlines()
    forgetful.write_text("\n".join(one for one in lines if f'"asked": "{done}"' not in one), encoding="utf-8")
    found = siege.problems(siege.here.world.database, Ledger(forgetful, siege.kept.since))
    assert [one for one in found if one.startswith("nobody asked for") and done in one]


def set_aside(here: Country, folder: Path) -> Database:
    """A copy of the database as it is now; nothing of ours is connected to it."""
    database = here.world.database
    database.close()
    if database.embedded:
        name = Path(str(database.engine.url.database))
        for path in name.parent.glob(f"{name.name}*"):
            shutil.copyfile(path, folder / path.name)
        return Database(f"sqlite:///{folder / name.name}")
    name = str(database.engine.url.database)
    server = database.owner_url.replace(f"@/{name}?", "@/postgres?", 1)
    with psycopg.connect(server.replace("+psycopg", "", 1), autocommit=True) as connection:
        # The processes are gone; what served them there notices a moment later.
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
        idle = "select not exists (select from pg_stat_activity where datname = %s)"
        until(lambda: connection.execute(idle, [name]).fetchone() == (True,))
        connection.execute(sql.SQL("drop database if exists {}").format(sql.Identifier(f"{name}_aside")))
    return Database(new_database(server, f"{name}_aside", name))
