"""What the trail, its verification and strict headers cost, each against the same work without them."""

from __future__ import annotations

import hashlib
import multiprocessing
import secrets
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import BrokenBarrierError
from typing import Any
from unittest import mock

from psycopg import sql
from sqlalchemy import event
from werkzeug.test import create_environ, run_wsgi_app

from states.case import CaseState
from states.reach import SYSTEM
from tests.bench.acting import CLIENTS, DURABLE, as_owner, prepared, stamp_and_unstamp
from tests.postgres import new_database, running
from tests.worlds import CALL_2021, RUNTIME, World, settle
from workflow.audit import log
from workflow.audit.export import export
from workflow.audit.verifier import zhengji_verify
from workflow.engine import Receipt
from workflow.store import schema, trail
from workflow.store.database import Database

_PATIENCE = 300
"""Seconds after which a client that died is noticed."""


def act_on_sqlite(folder: Path) -> tuple[Callable[[], int], Callable[[], int]]:
    """(with the trail, without it) on SQLite, synchronous=FULL."""
    whole = Database(f"sqlite:///{folder}/whole.db")
    schema.upgrade(whole)
    world, drafts = prepared(whole, folder)
    whole.close()
    shutil.copyfile(folder / "whole.db", folder / "bare.db")
    bare = Database(f"sqlite:///{folder}/bare.db")

    @event.listens_for(bare.engine, "connect")
    def _careless(connection: Any, _record: Any) -> None:
        connection.set_authorizer(None)
        connection.execute("PRAGMA foreign_keys=OFF")  # a state without its event is what is measured here

    return _acting(whole, world, drafts), _without_trail(_acting(bare, world, drafts))


@contextmanager
def act_on_postgresql(folder: Path) -> Iterator[dict[int, tuple[Callable[[], int], Callable[[], int]]]]:
    """Clients → (with the trail and its sequencer, without it) on a PostgreSQL that keeps what it commits."""
    with running(DURABLE) as server:
        as_owner(server.url, sql.SQL("create role {} login").format(sql.Identifier(RUNTIME)))
        owned = new_database(server.url, "whole")
        whole = Database(owned.replace("postgres@", f"{RUNTIME}@", 1), owned)
        schema.upgrade(whole)
        world, drafts = prepared(whole, folder)
        whole.close()
        bare = Database(new_database(server.url, "bare", "whole"))
        for table in ("cases", "batch", "push"):
            name = f"fk_{table}_stream_version_state_head"
            as_owner(
                bare.url,
                sql.SQL("alter table {} drop constraint {}").format(sql.Identifier(table), sql.Identifier(name)),
            )
        with _sequenced(whole):
            yield {
                1: (_acting(whole, world, drafts), _without_trail(_acting(bare, world, drafts))),
                CLIENTS: (_many(whole.url, world, drafts, True), _many(bare.url, world, drafts, False)),
            }
        whole.close()
        bare.close()


@contextmanager
def _sequenced(database: Database) -> Iterator[None]:
    """The sequencer beside it, as in an installation."""
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(0.2):
            log.sequence(database)

    thread = threading.Thread(target=run)
    thread.start()
    yield
    ended.set()
    thread.join()


def _acting(database: Database, world: World, drafts: Sequence[int]) -> Callable[[], int]:
    return stamp_and_unstamp(database, world.people["sealer"], world.at, drafts)


def _without_trail(work: Callable[[], int]) -> Callable[[], int]:
    def bare() -> int:
        with mock.patch.object(trail, "append", _nothing):
            return work()

    return bare


def _nothing(_session: Any, entries: Sequence[trail.Entry]) -> list[Receipt]:
    return [Receipt(one.stream, (one.previous or (0, ""))[0] + 1, secrets.token_hex(32)) for one in entries]


# ---- many clients ----------------------------------------------------------------------------------------------------


def _many(url: str, world: World, drafts: Sequence[int], whole: bool) -> Callable[[], int]:
    """The same by processes of their own, each with its share of the cases."""
    plain = (url, world.people["sealer"], world.at, whole)
    shares = [drafts[start::CLIENTS] for start in range(CLIENTS)]
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(
        CLIENTS + 1, timeout=_PATIENCE
    )  # held as long as they are: its memory is given away with it
    clients = [context.Process(target=_client, args=(*plain, share, together), daemon=True) for share in shares]
    for one in clients:
        one.start()
    together.wait()

    def work() -> int:
        together.wait()
        together.wait()
        return 2 * len(drafts)

    return work


def _client(
    url: str,
    sealer: Any,
    at: datetime,
    whole: bool,
    share: Sequence[int],
    together: Any,
) -> None:
    work = stamp_and_unstamp(Database(url), sealer, at, share)
    work = work if whole else _without_trail(work)
    work()
    together.wait()
    with suppress(BrokenBarrierError):  # nobody asks any more: the measuring is over
        while True:
            together.wait()
            work()
            together.wait()


# ---- verification ----------------------------------------------------------------------------------------------------


def verification(folder: Path) -> tuple[Callable[[], int], Callable[[], int], int]:
    """(verifying an export, hashing the same lines as leaves, tree and file, number of entries)."""
    database = Database(f"sqlite:///{folder}/trail.db")
    schema.upgrade(database)
    settle(database, CALL_2021)
    world = World.of(database, folder)
    world.case(CaseState.WIPO_PUSHED)
    signer = log.signer(database, folder / "key.pem", datetime.now(UTC))
    for turn in range(40):
        with database.transaction() as session:
            trail.append(session, [_entry(turn, one) for one in range(1000)])
        log.checkpoint(database, signer, datetime.now(UTC))
    path = folder / "trail.jsonl"
    with database.reading() as session, path.open("wb") as file:
        entries = export(session, file, demo=False)
        key = log.public_key(session)
    database.close()
    assert key is not None

    def ours() -> int:
        zhengji_verify.READER = zhengji_verify.Reader()  # nothing learned before
        done = zhengji_verify.Verification(zhengji_verify.Key(key.text)).file(str(path))
        if done.findings:
            raise AssertionError(done.findings[0].en)
        return entries

    def peer() -> int:
        whole, leaves, tree = hashlib.sha256(), [], zhengji_verify.Tree(zhengji_verify.sha256)
        with path.open("rb") as file:
            for line in file:
                whole.update(line)
                leaves.append(hashlib.sha256(line).digest())
        tree.add(leaves)
        tree.root()
        return entries

    return ours, peer, entries


def _entry(turn: int, one: int) -> trail.Entry:
    """Entries of 1000 streams: two ways of writing for each action, and words that JSON must escape in each twentieth."""
    facts = {
        "title": f"案例 {turn}",
        "lengths": {f"section{number}": 100 + number for number in range(8)},
        "confirmed": ["a", "b", "c"][: one % 3],
        "english": None if one % 8 < 4 else {"title": "A case", "length": turn},
    }
    remark = "说明" * 40 if one % 20 else '“原文”写作 "说明"\n' * 10
    action = ("case.edit", "case.judge", "document.attach", "register.change")[one % 4]
    return trail.Entry(f"bench/{one}", action, "done", datetime.now(UTC), SYSTEM, {"facts": facts, "remark": remark})


# ---- screens ---------------------------------------------------------------------------------------------------------


def screens(folder: Path) -> tuple[Callable[[], None], Callable[[], None]]:
    """(ask once for a page with its strict headers, for the same without them).

    The page is the lightest that anybody may read, of an installation behind TLS, so that no header is left out and
    each counts most. The other application is put together alike, but without `web.headers`: it gives its requests no
    number, looks at no host and no scheme, and says nothing of who may keep its answers either.
    """
    from web import headers
    from web.app import create_app
    from workflow.settings import from_environment

    database = Database(f"sqlite:///{folder}/screens.db")
    schema.upgrade(database)
    settle(database, CALL_2021)
    settings = replace(
        from_environment({"ZHENGJI_HOME": str(folder)}), demo=True, secret_key="s" * 40, secure_cookies=True
    )
    strict = create_app(settings, database)
    with mock.patch.object(headers, "install", return_value=None):
        plain = create_app(settings, database)
    page = create_environ("/notices", base_url="https://localhost")

    def asked(app: Any) -> Callable[[], None]:
        def work() -> None:
            _, status, _ = run_wsgi_app(app, page, buffered=True)
            if status != "200 OK":
                raise AssertionError("the page is not shown")

        return work

    return asked(strict), asked(plain)


def times_as_long(ours: Callable[[], None], peer: Callable[[], None], turns: int = 1500) -> float:
    """Ratio of the medians of their processor time, asked in turn, so that whatever else runs here befalls both alike."""
    spent: dict[Callable[[], None], list[int]] = {ours: [], peer: []}
    for turn in range(turns):
        for work in (ours, peer) if turn % 2 else (peer, ours):
            began = time.thread_time_ns()
            work()
            spent[work].append(time.thread_time_ns() - began)
    return statistics.median(spent[ours]) / statistics.median(spent[peer])


def measured(side_by_side: Callable[..., float], ratio: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """All of it, as entries of benchmarks/latest.json."""
    found = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found["act_with_trail_sqlite"] = ratio(
            side_by_side(*act_on_sqlite(folder)),
            0.5,
            "min",
            "of the rate without it; guards and facts in both; 1 client",
        )
        with act_on_postgresql(folder) as clients:
            for number, pair in clients.items():
                found[f"act_with_trail_postgresql_{number}"] = ratio(
                    side_by_side(*pair),
                    0.5,
                    "min",
                    f"of the rate without it; durable; {number} client(s), sequencer beside",
                )
        ours, peer, entries = verification(folder)
        found["verify_vs_hashing"] = ratio(
            side_by_side(ours, peer),
            0.25,
            "min",
            f"{entries} entries; against hashing the same lines as leaves, tree and file",
        )
        found["strict_headers"] = ratio(
            times_as_long(*screens(folder)), 1.05, "max", "times the processor time of the same page without headers"
        )
    return found
