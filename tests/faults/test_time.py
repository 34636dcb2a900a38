"""Deadlines to the microsecond wherever the server stands, and a clock that steps back."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from states.case import CaseState
from tests.faults.conftest import Check, Start
from tests.faults.country import Country
from tests.faults.ledger import Ledger
from tests.faults.players import Wish, grant
from tests.worlds import World

ROOT = Path(__file__).parents[2]
ZONES = ("Asia/Shanghai", "America/Los_Angeles", "Pacific/Kiritimati")

AROUND = """
import json, sys
from datetime import datetime, timedelta
from pathlib import Path
from tests.worlds import World
from workflow.engine import CannotServe
from workflow.store.database import Database
database = Database(sys.argv[1])
world = World.of(database, Path(sys.argv[2]))
closes = world.window(world.phase).closes
said = {}
for step, case in zip((-1, 0, 1), json.loads(sys.argv[3])):
    local = (closes + timedelta(microseconds=step)).astimezone()  # as this server's zone has it
    attempt = world.act(case, "stamp", at=local)
    said[step] = [attempt.done, str(world.row(case).moved_at) if attempt.done else "", local.utcoffset().total_seconds()]
print(json.dumps(said))
"""


@pytest.mark.parametrize("zone", ZONES)
def test_a_deadline_falls_in_the_same_microsecond_whatever_the_servers_zone(zone: str, world: World) -> None:
    cases = [world.case() for _ in range(3)]
    world.database.close()
    url = world.database.engine.url.render_as_string(hide_password=False)
    said = subprocess.run(
        [sys.executable, "-c", AROUND, url, str(world.folder), json.dumps(cases)],
        cwd=ROOT,
        env={"TZ": zone, "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(said.stdout)
    last = world.window(world.phase).closes - timedelta(microseconds=1)
    assert {step: done for step, (done, _, _) in found.items()} == {"-1": True, "0": False, "1": False}
    assert found["-1"][1] == str(last.astimezone(world.row(cases[0]).moved_at.tzinfo))
    offsets = {"Asia/Shanghai": 8, "America/Los_Angeles": -7, "Pacific/Kiritimati": 14}
    assert found["0"][2] == offsets[zone] * 3600


def test_a_clock_that_steps_back_breaks_no_chain(here: Country, start: Start, kept: Ledger, all_is_well: Check) -> None:
    """Order is by number, never by time: events keep the time that the clock said, and their places."""
    world, case = here.world, here.drafts[0]
    steps = [("stamp", "sealer"), ("unstamp", "sealer"), ("stamp", "sealer"), ("return_to_centre", "reviewer")]
    for number, (trigger, who) in enumerate(steps):
        world.at -= timedelta(hours=1)
        wish = Wish(f"1.{number}", "act", who, case, {"trigger": trigger})
        kept.asked(wish)
        kept.answered(wish, grant(world, wish))
    assert world.state(case) is CaseState.RETURNED
    times = [one.at for one in world.events(case) if one.stream == f"case/{case}"][1:]
    assert times == sorted(times, reverse=True)
    player = start(works=True)
    player.leave()
    all_is_well()
