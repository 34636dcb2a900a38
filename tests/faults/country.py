"""A country half-way through its call: drafts to stamp, sealed batches to send, published cases to push."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from states.case import CaseState
from tests.faults.waiting import until
from tests.workflow.receivers import mail_server
from tests.worlds import CALL_2021, Databases, World, settle, went
from workflow import batches, papers
from workflow.jobs import worker
from workflow.jobs.queue import client
from workflow.settings import Settings
from workflow.store import log
from workflow.store.database import Database
from workflow.store.files import Files
from workflow.store.models import Batch, Case
from workflow.store.papers import Kept

SCAN = b"%PDF-1.7"
DRAFTS, BATCHES, PUBLISHED = 6, 4, 6
_KEYS: dict[str, bytes] = {}
"""Origin of a trail → the key that signs it, as long as this run: there is a country on each server."""


@dataclass(frozen=True)
class Country:
    """A world, and what there is to do in it: ids of cases and batches."""

    world: World
    drafts: list[int]
    batches: list[int]
    published: list[int]

    @property
    def url(self) -> str:
        return self.world.database.engine.url.render_as_string(hide_password=False)


@contextmanager
def country(databases: Databases, folder: Path) -> Iterator[Country]:
    """A fresh copy of the country; its documents and what it sends abroad lie in the folder."""
    with databases.copy("country", _furnish) as database:
        files(folder).put(SCAN)
        with database.reading() as session:
            (folder / "audit.key").write_bytes(_KEYS[log.head(session).origin])
            drafts = session.scalars(select(Case.id).where(Case.state == CaseState.DRAFT).order_by(Case.id)).all()
            sealed = session.scalars(select(Batch.id).where(Batch.state == "sealed").order_by(Batch.id)).all()
            out = session.scalars(select(Case.id).where(Case.state == CaseState.PUBLISHED).order_by(Case.id)).all()
        yield Country(World.of(database, folder), list(drafts), list(sealed), list(out))


def files(folder: Path) -> Files:
    """The document store of a world that lies in a folder."""
    return Files((folder / "documents").as_uri())


def _furnish(database: Database) -> None:
    with tempfile.TemporaryDirectory() as folder:
        settle(database, CALL_2021)
        world = World.of(database, Path(folder))
        scan = Kept("扫描件.pdf", "application/pdf", files(world.folder).put(SCAN), len(SCAN))
        for _ in range(DRAFTS):
            _sealed_case(world, scan)
        for _ in range(BATCHES):
            _sealed_batch(world, scan, [_sealed_case(world, scan) for _ in range(2)])
        for _ in range(PUBLISHED // 2):
            cases = [_sealed_case(world, scan) for _ in range(2)]
            went(world.act_on_batch(_sealed_batch(world, scan, cases), "send"))
            for case in cases:
                world.walk(case, "shortlist", "publish")
                world.ready_to_push(case)
        _work_off(database, world.folder)
        with database.reading() as session:
            _KEYS[log.head(session).origin] = (world.folder / "audit.key").read_bytes()


def _work_off(database: Database, folder: Path) -> None:
    """Have what was queued so far done, so that a test sees only its own."""
    with mail_server() as mailbox:
        url = database.engine.url.render_as_string(hide_password=False)
        worker.launch(settings(url, folder, mailbox.url), database, poll=0.02)
        until(lambda: not busy(database))
        worker.stop()


def settings(url: str, folder: Path, smtp: str = "") -> Settings:
    """The settings of an installation that lies in the folder."""
    return Settings(
        home=folder,
        database_url=url,
        documents_url=(folder / "documents").as_uri(),
        secret_key="",
        smtp_url=smtp,
        mail_from="office@province.example" if smtp else "",
        executor="player",
        audit_key=str(folder / "audit.key"),
    )


JOBS = ("deliver_push", "mail_batch", "recall_push")


def busy(database: Database) -> list[str]:
    """Jobs that are not at their end."""
    listed = client(database.engine).list_workflows(status=["ENQUEUED", "PENDING", "DELAYED"])
    return [one.workflow_id for one in listed if one.workflow_id.partition("/")[0] in JOBS]


def _sealed_case(world: World, scan: Kept) -> int:
    case = world.draft()
    with world.database.transaction() as session:
        papers.seal(session, case, scan, "示例大学", actor=world.people["sealer"], at=world.at)
    return case


def _sealed_batch(world: World, scan: Kept, cases: list[int]) -> int:
    for case in cases:
        world.walk(case, "stamp", "review")
    batch = world.batch(cases)
    with world.database.transaction() as session:
        batches.seal_summary(session, batch, scan, "示例省知识产权局", actor=world.people["leader"], at=world.at)
    went(world.act_on_batch(batch, "seal"))
    return batch
