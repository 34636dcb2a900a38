"""Whether lists, searches, the page of a case and the check for prior submissions slow down as cases become many.

The same requests, by the same kinds of people, to a small data set and to a large one, in this process and in turn. Of each
the processor time counts, and of that the best of some tries, so that whatever else the machine does befalls neither; of all
requests of a kind the 95th percentile is compared. The data sets are warm: what is read has been read before.
"""

from __future__ import annotations

import hashlib
import os
import random
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from states.reach import Actor
from tests import masses
from tests.masses import Mass, Vocabulary
from tests.web.conftest import HASHED, KEY, PASSWORD, send
from tests.worlds import CALL_2021, settle
from workflow.identity.people import actor_of
from workflow.settings import from_environment
from workflow.store import facts as stored_facts
from workflow.store import people, prior, register, schema, steps
from workflow.store.database import Database
from workflow.store.models import Case, Person
from workflow.store.reach import reachable

SETS = Path(os.environ.get("ZHENGJI_BENCH_SETS") or Path(__file__).parents[2] / "var" / "bench")
"""Where data sets lie; they are made where they are missing."""
SMALL, MIDDLE, LARGE = Mass(1_000, 40), Mass(30_000, 300), Mass(1_000_000, 2_000)
OFFICES = 32
TRIES = 3
PEOPLE = ("author", "reviewer", "desk", "auditor")
CASES_EACH = 12
CHECKED = 120


# ---- data sets -------------------------------------------------------------------------------------------------------


def made(mass: Mass) -> Path:
    """The data set of that size, in the tables and the text of this version; made where it is not there yet.

    One of an earlier version's tables is brought up to this one's, as an installation is: a million cases take long to make.
    """
    version = hashlib.sha256(Path(masses.__file__).read_bytes()).hexdigest()[:8]
    alike = f"{mass.cases}-{mass.centres}-{version}"
    path = SETS / f"{alike}-{steps.steps()[-1].revision}.db"
    if path.exists():
        return path
    SETS.mkdir(parents=True, exist_ok=True)
    for earlier in sorted(SETS.glob(f"{alike}-????.db"), reverse=True)[:1]:
        database = Database(f"sqlite:///{earlier}")
        schema.upgrade(database)
        database.close()
        return earlier.rename(path)
    half = path.with_suffix(".half")
    for left in SETS.glob(f"{half.name}*"):
        left.unlink()
    database = Database(f"sqlite:///{half}")
    schema.upgrade(database)
    settle(database, CALL_2021)
    with database.transaction() as session:
        more = [
            {
                "code": f"X{number}",
                "region": f"第{number}省",
                "addressee": f"第{number}省知识产权局",
                "ip_office": f"第{number}省",
            }
            for number in range(3, OFFICES + 1)
        ]
        register.put_offices(session, more)
        for person in session.scalars(select(Person.id)):
            people.set_password(session, person, HASHED, end_sessions=False)
    database.close()
    with _nothing_sequenced(half):
        masses.fill(database, mass)
    database.close()
    with closing(sqlite3.connect(half)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    half.rename(path)
    return path


class _nothing_sequenced:
    """The trail's events of the cases get no places in the log: nothing here reads those, and a million take long."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)

    def __enter__(self) -> None:
        [(self._trigger,)] = self._connection.execute(
            "select sql from sqlite_master where name = 'audit_event_pending'"
        )
        self._connection.execute("drop trigger audit_event_pending")

    def __exit__(self, *_problem: object) -> None:
        self._connection.execute(self._trigger)
        self._connection.close()


# ---- who asks for what -----------------------------------------------------------------------------------------------


@dataclass
class Site:
    """The application on one data set, and browsers in which people are signed in."""

    path: Path

    def __post_init__(self) -> None:
        from web.app import create_app

        self.database = Database(f"sqlite:///{self.path}")
        plain = from_environment({"ZHENGJI_HOME": str(self.path.parent)})
        settings = replace(plain, demo=True, clock="2021-03-19", secret_key=KEY, argon2_time=1, argon2_memory=8)
        app = create_app(settings, self.database)
        self.clients: dict[str, FlaskClient] = {}
        for login in PEOPLE:
            self.clients[login] = app.test_client()
            send(self.clients[login], "/sign-in?lang=zh", login=login, password=PASSWORD)
        with self.database.reading() as session:
            found = session.scalars(select(Person).where(Person.login.in_(PEOPLE)))
            self.actors: Mapping[str, Actor] = {one.login: actor_of(one) for one in found}

    def cases(self, login: str, many: int) -> list[int]:
        """Some cases that a person reaches, spread over all of them."""
        with self.database.reading() as session:
            highest = session.scalar(select(func.max(Case.id))) or 0
            some = random.Random(f"{login}/{highest}")
            found: list[int] = []
            while len(found) < many:
                start = some.randrange(1, highest + 1)
                reached = (
                    select(Case.id).where(Case.id >= start, reachable(self.actors[login])).order_by(Case.id).limit(1)
                )
                found += session.scalars(reached)
            return found

    def ask(self, login: str, address: str) -> None:
        answer = self.clients[login].get(address)
        if answer.status_code != 200:
            raise AssertionError(f"{login} {address}: {answer.status_code}")


LISTS = [
    {},
    *({"sort": sort} for sort in ("oldest", "moved", "changed")),
    *({"state": state} for state in ("draft", "submitted", "published", "not_selected", "retracted")),
    {"phase": "second"},
    {"theme": "public"},
    {"state": "submitted", "phase": "first"},
    {"state": "published", "theme": "industry", "sort": "moved"},
    {"state": "submitted", "sort": "changed"},
    {"office": "1"},
    {"office": "2", "state": "submitted"},
    {"centre": "1"},
]
"""How lists are narrowed; each page, and the one after it."""
_WORDS = Vocabulary()
SEARCHES = [
    *({"text": _WORDS.word(rank)} for rank in (0, 1, 5, 30, 200, 1500, 12_000)),
    {"text": f"{_WORDS.word(0)} {_WORDS.word(2)}"},
    {"text": f"{_WORDS.word(3)} {_WORDS.word(400)}"},
    {"text": f"标题:{_WORDS.word(1)}"},
    {"text": f"正文:{_WORDS.word(8)} 服务对象:{_WORDS.word(2)}"},
    {"text": "中心:知识产权信息服务中心"},
    {"text": "“没有这样的话”"},
    {"text": _WORDS.word(1), "state": "submitted"},
    {"text": _WORDS.word(40), "phase": "second"},
    {"text": _WORDS.word(4), "sort": "oldest"},
]


def requests(site: Site) -> Iterator[tuple[str, str, str]]:
    """(kind, who, address) of everything that is asked, alike on every data set."""
    for login in PEOPLE:
        for kind, many in (("list", LISTS), ("search", SEARCHES)):
            for asked in many:
                address = f"/cases?{urlencode(asked)}"
                yield kind, login, address
                shown = site.clients[login].get(address).get_data(as_text=True)
                if 'rel="next" href="' in shown:
                    further = shown.partition('rel="next" href="')[2].partition('"')[0]
                    yield kind, login, further.replace("&amp;", "&")
        for case in site.cases(login, CASES_EACH):
            yield "case", login, f"/cases/{case}"


def checks(site: Site) -> Iterator[tuple[str, Callable[[], object]]]:
    """(what is checked, the check for prior submissions) of some cases."""
    with site.database.reading() as session:
        for case in site.cases("auditor", CHECKED):
            [row] = stored_facts.case_rows(session, [case])
            yield f"case {case}", partial(_found_anew, session, row)


def _found_anew(session: Session, row: Any) -> None:
    """As the first time in a session: what was found is known to a page that asks again."""
    session.info.clear()
    prior.find(session, [row])


Work = tuple[str, str, Callable[[], object]]
"""Its kind, what it is, how it is done."""


def works(site: Site) -> Iterator[Work]:
    for kind, login, address in requests(site):
        yield kind, f"{login} {address}", partial(site.ask, login, address)
    for what, check in checks(site):
        yield "prior", what, check


# ---- compared --------------------------------------------------------------------------------------------------------


def _seconds(works: Sequence[Work | None]) -> list[float]:
    """Processor time of the same work on each data set, in turn: the best of some tries."""
    best = [float("inf")] * len(works)
    for _ in range(TRIES):
        for place, work in enumerate(works):
            if work is not None:
                began = time.thread_time()
                work[2]()
                best[place] = min(best[place], time.thread_time() - began)
    return best


def _p95(times: Sequence[tuple[float, str]]) -> float:
    return statistics.quantiles([one for one, _ in times], n=20, method="inclusive")[18]


def compared(many: Mass) -> dict[str, tuple[float, str]]:
    """What is measured → (p95 at many cases / p95 at a thousand, both in milliseconds)."""
    sites = [Site(made(mass)) for mass in (SMALL, many)]
    times: list[dict[str, list[tuple[float, str]]]] = [{kind: [] for kind in BOUNDS} for _ in sites]
    for pair in zip_longest(*map(works, sites)):
        for place, (took, work) in enumerate(zip(_seconds(pair), pair, strict=True)):
            if work is not None:
                times[place][work[0]].append((took, work[1]))
    found = {}
    for kind in BOUNDS:
        small, large = (_p95(one[kind]) for one in times)
        found[kind] = (
            large / small,
            f"{small * 1000:.1f} ms at {SMALL.cases:,}, {large * 1000:.1f} ms at {many.cases:,}",
        )
        if "-v" in sys.argv:
            for took, what in sorted(times[1][kind], reverse=True)[:12]:
                print(f"    {kind} {took * 1000:.1f} ms {what}")
    for site in sites:
        site.database.close()
    return found


BOUNDS = {"list": 1.5, "search": 1.5, "case": 1.5, "prior": 3.0}


def measured(ratio: Callable[..., dict[str, Any]], many: Mass = MIDDLE) -> dict[str, Any]:
    """All of it, as entries of benchmarks/latest.json."""
    return {
        f"{kind}_{many.cases}_vs_{SMALL.cases}": ratio(value, BOUNDS[kind], "max", f"p95: {told}")
        for kind, (value, told) in compared(many).items()
    }
