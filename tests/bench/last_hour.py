"""The last hour of a phase, sixty times as fast: 200 people submit on PostgreSQL with two web processes, until midnight.

Of all submissions of a phase two in five fall into its last hour and one in ten into its last five minutes; some come too
late. The programs live at 23:59 of the closing day (Debian's `faketime` sets their clock), the ledger of what people
were told is kept here.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from psycopg import sql
from sqlalchemy import insert, select

from rules.roles import Level, Role
from states.case import CaseState
from states.reach import Actor, Grant
from tests.attacks.forms import forms
from tests.bench.acting import DURABLE, as_owner
from tests.faults.country import Country, files
from tests.faults.site import Browser, Site, leads_to, receipts
from tests.postgres import new_database, running
from tests.web.conftest import HASHED
from tests.workflow.receivers import Mailbox, mail_server
from tests.worlds import CALL_2021, RUNTIME, World, settle
from workflow import cases, papers
from workflow.store import schema
from workflow.store.database import Database
from workflow.store.models import Case, Centre, Person, PersonGrant
from workflow.store.papers import Kept

USERS = 200
HOUR = 60.0
"""Seconds that the last hour takes here."""
LATE = 30
"""Submissions that come within two seconds after midnight."""
_SCAN = b"%PDF-1.7"


@dataclass
class Sent:
    """One submission: when it was begun and answered (seconds before midnight), and what was said."""

    case: int
    began: float
    ended: float
    accepted: bool
    receipts: tuple[tuple[str, int, str], ...] = ()
    wrong: str = ""


@dataclass
class Evening:
    """Who submits what when: seconds before midnight, below 0 for after it."""

    plan: list[tuple[str, int, float]]
    sent: list[Sent] = field(default_factory=list)


def measured(ratio: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """All of it, as entries of benchmarks/latest.json. Raises RuntimeError without `faketime`."""
    if shutil.which("faketime") is None:
        raise RuntimeError("the last hour needs Debian's package faketime")
    with tempfile.TemporaryDirectory() as name, mail_server() as mailbox, running(DURABLE) as server:
        folder = Path(name)
        as_owner(server.url, sql.SQL("create role {} login").format(sql.Identifier(RUNTIME)))
        owned = new_database(server.url, "evening")
        database = Database(owned.replace("postgres@", f"{RUNTIME}@", 1), owned)
        schema.upgrade(database)
        settle(database, CALL_2021)
        world = World.of(database, folder)
        evening = _furnished(world, random.Random(26))
        midnight = _lived(world, mailbox, evening)
        wrong = _wrong(database, evening)
        database.close()
    took = sorted(one.ended - one.began for one in evening.sent)
    said = (
        f"of {len(evening.sent)} submissions by {USERS} people, {len([one for one in evening.sent if one.accepted])} accepted;"
        f" p50 {took[len(took) // 2]:.2f} s, p95 {took[len(took) * 95 // 100]:.2f} s"
    )
    return {
        "last_hour_wrong": ratio(float(len(wrong)), 0, "max", f"{said}{': ' if wrong else ''}{'; '.join(wrong[:3])}")
        | {"midnight": midnight}
    }


def _furnished(world: World, some: random.Random) -> Evening:
    """A centre and a sealer for each of 200, each with two sealed drafts or three."""
    files(world.folder).put(_SCAN)
    scan = Kept("扫描件.pdf", "application/pdf", files(world.folder).put(_SCAN), len(_SCAN))
    plan: list[tuple[str, int, float]] = []
    for number in range(USERS):
        login, sealer, author = _people_of(world, number)
        drafts = [_sealed(world, author, sealer, scan) for _ in range(2 + (number < LATE))]
        plan.append((login, drafts[0], HOUR - some.random() * HOUR / 3))
        in_last_minutes = number % 4 == 0
        plan.append((login, drafts[1], some.random() * 5 if in_last_minutes else 5 + some.random() * HOUR / 2))
        plan += [(login, late, -2 * some.random()) for late in drafts[2:]]
    return Evening(sorted(plan, key=lambda one: -one[2]))


def _people_of(world: World, number: int) -> tuple[str, Actor, Actor]:
    name, login = f"第{number}大学知识产权信息服务中心", f"sealer{number}"
    with world.database.transaction() as session:
        kind = session.scalars(select(Centre.kind)).first()
        office = world.offices["first" if number % 2 else "second"]
        values = {"name": name, "host_unit": f"第{number}大学", "kind": kind, "office_id": office}
        centre = session.execute(insert(Centre).values(**values).returning(Centre.id)).scalar_one()
        person = session.execute(
            insert(Person).values(login=login, name=f"印{number}", password=HASHED).returning(Person.id)
        ).scalar_one()
        session.execute(insert(PersonGrant).values(person_id=person, role=str(Role.SEALER), centre_id=centre))
    sealer = Actor(person, f"印{number}", frozenset({Grant(Role.SEALER, centre)}))
    author = Actor(world.people["author"].id, "赵文", frozenset({Grant(Role.AUTHOR, centre)}))
    return login, sealer, author


def _sealed(world: World, author: Actor, sealer: Actor, scan: Kept) -> int:
    [grant] = author.grants
    with world.database.transaction() as session:
        case = cases.create(
            session,
            call_version=world.call_version,
            centre=grant.unit or 0,
            actor=author,
            at=world.at,
            content=world.content(),
        )
        unit = session.get_one(Case, case).centre.host_unit
        papers.seal(session, case, scan, unit, actor=sealer, at=world.at)
    return case


# ---- the evening -----------------------------------------------------------------------------------------------------


class _Evening(Site):
    """The site at another time than ours; no demo, so that midnight comes."""

    def __init__(self, here: Country, mailbox: Mailbox, shift: float) -> None:
        super().__init__(here, mailbox)
        self._shift = shift
        for name in ("ZHENGJI_DEMO", "ZHENGJI_CLOCK"):
            self.environ.pop(name)
        self.environ |= {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}

    def _started(self, *words: str) -> subprocess.Popen[bytes]:
        if (
            words[0] != "run"
        ):  # nothing of the worker's depends on the hour, and its libraries sleep in ways that faketime spoils
            return super()._started(*words)
        with self._log.open("ab") as log:
            return subprocess.Popen(
                ["faketime", "-f", f"{self._shift:+.3f}s", sys.executable, "-m", "web.cli", *words],
                cwd=Path(__file__).parents[2],
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


def _lived(world: World, mailbox: Mailbox, evening: Evening) -> str:
    """Everybody signs in, looks and submits at their time; gives the moment that ended the phase."""
    closes = world.window(world.phase, Level.CENTRE).closes
    signing_in = 60.0
    midnight = time.time() + signing_in + HOUR
    site = _Evening(Country(world, [], [], []), mailbox, closes.timestamp() - midnight)
    site.start()
    lock = threading.Lock()
    byperson: dict[str, list[tuple[int, float]]] = {}
    for login, case, before in evening.plan:
        byperson.setdefault(login, []).append((case, before))

    def live(login: str, mine: list[tuple[int, float]]) -> None:
        browser = Browser(site.address, login)
        browser.sign_in()
        for case, before in mine:
            shown = [one for one in forms(browser.open(f"/cases/{case}/stamp").text) if "stamp" in one.action]
            if shown:
                time.sleep(max(0.0, midnight - before - time.time()))
                made = _submit(browser, case, shown[0].fields, midnight)
            else:  # the page itself says that it is too late
                made = Sent(case, time.time() - midnight, time.time() - midnight, False)
            with lock:
                evening.sent.append(made)

    threads = [threading.Thread(target=live, args=one) for one in byperson.items()]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    site.kill()  # an operator's way to end it is tested elsewhere, by real clocks
    return datetime.fromtimestamp(closes.timestamp(), UTC).isoformat()


def _submit(browser: Browser, case: int, fields: dict[str, str], midnight: float) -> Sent:
    began = time.time()
    try:
        answer = browser.send(f"/cases/{case}/stamp", fields)
        ended = time.time()
        if answer.status_code == 302:
            told = receipts(browser.open(leads_to(answer)).text)
            return Sent(case, began - midnight, ended - midnight, True, told, "" if told else "no receipt")
        wrong = "" if answer.status_code == 422 else f"case {case}: {answer.status_code}"
        return Sent(case, began - midnight, ended - midnight, False, (), wrong)
    except Exception as problem:
        return Sent(case, began - midnight, time.time() - midnight, False, (), f"case {case}: {type(problem).__name__}")


def _wrong(database: Database, evening: Evening) -> list[str]:
    """What should not be: errors, what was lost, who was refused in time or accepted late."""
    found = [one.wrong for one in evening.sent if one.wrong]
    found += [
        f"case {one.case} accepted {one.began:.3f} s late" for one in evening.sent if one.accepted and one.began >= 0
    ]
    refused = [one for one in evening.sent if not one.accepted and not one.wrong]
    found += [f"case {one.case} refused {-one.ended:.3f} s early" for one in refused if one.ended < 0]
    with database.reading() as session:
        stamped = set(session.scalars(select(Case.id).where(Case.state == CaseState.CENTRE_STAMPED)))
    told = {one.case for one in evening.sent if one.accepted}
    found += [f"case {case} was accepted and is lost" for case in sorted(told - stamped)]
    found += [f"case {case} is stamped and nobody was told" for case in sorted(stamped - told)]
    if len(evening.sent) != len(evening.plan):
        found.append(f"{len(evening.plan) - len(evening.sent)} submissions were never sent")
    return found
