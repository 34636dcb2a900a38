"""`python -m tests.bench books [FOLDER]`: collections of cases with photographs made by a worker, how long, how large, and called off.

The largest is laid into the folder, to be looked at.

Not part of `make bench`: it takes minutes. Each case has its author's own Word file with two photographs of its own.
"""

from __future__ import annotations

import io
import os
import random
import resource
import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image
from sqlalchemy import insert, select

from states.reach import SYSTEM, Actor
from tests import masses
from tests.make import call_2021
from tests.masses import Mass
from tests.worlds import CALL_2021, settle
from workflow.documents.reading import Picture
from workflow.documents.writing import CaseContent, case_document
from workflow.downloads import WORD
from workflow.identity import people
from workflow.jobs import board, queue, worker
from workflow.publishing import collection
from workflow.publishing.collecting import Wanted
from workflow.settings import Settings, from_environment
from workflow.store import facts, schema
from workflow.store import people as stored_people
from workflow.store.database import Database
from workflow.store.files import Files
from workflow.store.models import Case, Collection, Document, Job, Person, PersonGrant

FEW, MANY = 100, 300
PHOTOGRAPHS = 2
"""Of each case, 1,600 × 1,200 pixels, about 250 KB."""
AT = datetime(2021, 7, 1, tzinfo=UTC)


def main(keep: Path | None = None) -> None:
    """Make a collection of few, one of many, and call a third off; print what each took. `keep`: where the files of the second go."""
    with tempfile.TemporaryDirectory(prefix="zhengji-books-") as folder:
        settings = from_environment({"ZHENGJI_HOME": folder, "ZHENGJI_EXECUTOR": "books"})
        database = Database(settings.database_url)
        schema.upgrade(database)
        queue.prepare(settings.database_url)
        settle(database, CALL_2021)
        masses.fill(database, Mass(5 * MANY, 60, sentences=38), alike=False)
        ids, editor = _illustrated(database, settings), _editor(database)
        worker.launch(settings, database, poll=0.05)
        try:
            few, _ = _made(database, editor, ids[:FEW])
            many, number = _made(database, editor, ids)
            print(f"growth from {FEW} to {MANY} cases: {many / few:.2f} times")
            if keep is not None:
                _kept(database, Files(settings.documents_url), number, keep)
            _called_off(database, editor, ids)
        finally:
            worker.stop()
            database.close()


def _illustrated(database: Database, settings: Settings) -> list[int]:
    """The cases that can be compiled, each with its author's own file."""
    files, call, began = Files(settings.documents_url), call_2021(), time.perf_counter()
    with database.reading() as session:
        states = [str(one) for one in collection.STATES]
        cases = list(session.scalars(select(Case).where(Case.state.in_(states)).order_by(Case.id).limit(MANY)))
        rows = []
        for case in cases:
            content, some = facts.content_of(case), random.Random(case.id)
            pictures = tuple(
                Picture(f"图{at}.jpg", "image/jpeg", _photograph(some), f"图{at} 服务现场", "service")
                for at in range(1, PHOTOGRAPHS + 1)
            )
            data = case_document(call, CaseContent(content.title, "示例中心", "主题", content.sections, pictures))
            paper = {"slot": "case", "name": "案例.docx", "media_type": WORD, "digest": files.put(data)}
            common = {"case_id": case.id, "by_id": case.author_id, "at": AT, "rights": "自有"}
            rows.append({**paper, **common, "size": len(data)})
            rows += [  # as they are kept when an author's file is taken over
                {"slot": "picture", "name": one.name, "media_type": one.media_type, "digest": files.put(one.data)}
                | {**common, "size": len(one.data)}
                for one in pictures
            ]
    with database.transaction() as session:
        session.execute(insert(Document), rows)
    size = sum(one["size"] for one in rows if one["slot"] == "case")
    print(f"{len(cases)} authors' files, {size >> 20} MiB, written in {time.perf_counter() - began:.0f} s")
    return [case.id for case in cases]


def _photograph(some: random.Random) -> bytes:
    """Something of the size of a photograph: large shapes with a grain on them."""
    coarse = Image.frombytes("RGB", (32, 24), some.randbytes(32 * 24 * 3)).resize(
        (1600, 1200), Image.Resampling.BICUBIC
    )
    grain = Image.frombytes("L", (400, 300), some.randbytes(400 * 300)).resize((1600, 1200))
    made = io.BytesIO()
    Image.blend(coarse, grain.convert("RGB"), 0.15).save(made, "JPEG", quality=80)
    return made.getvalue()


def _editor(database: Database) -> Actor:
    with database.reading() as session:
        held = select(PersonGrant.person_id).where(PersonGrant.role == "editor")
        found = session.scalars(select(Person.id).where(Person.id.in_(held)).order_by(Person.id)).first()
        person = stored_people.by_id(session, found) if found else None
        return people.actor_of(person) if person is not None else SYSTEM


def _ordered(database: Database, editor: Actor, ids: Sequence[int]) -> int:
    with database.transaction() as session:
        return collection.order(session, Wanted("优秀案例集", ids, "前言。"), actor=editor, at=AT)[0]


def _made(database: Database, editor: Actor, ids: Sequence[int]) -> tuple[float, int]:
    """Seconds from the order to the kept files; and the collection's number."""
    peak = _Peak()
    began, busy = time.perf_counter(), _busy()
    number = _ordered(database, editor, ids)
    shown = set()
    while (job := _job(database, number)).state in ("queued", "running", "waiting"):
        shown.add((job.part, job.parts))
        time.sleep(0.1)
    took, own = time.perf_counter() - began, peak.stop()
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
    with database.reading() as session:
        made = session.get_one(Collection, number)
        lines = [(one.position, one.said) for one in made.lines]
        words = {one["zh"] for _, said in lines for one in said} | {one["zh"] for one in made.said}
        print(
            f"{len(ids)} cases with {PHOTOGRAPHS * len(ids)} photographs: {job.state} in {took:.0f} s, {_busy() - busy:.0f} s of processor time; Word {made.word_size >> 20}"
            f" MiB, {made.word_pages} pages; PDF {made.pdf_size >> 20} MiB, {made.pdf_pages} pages; worker at most {own} MiB, a"
            f" child at most {children} MiB so far; {len(shown)} steps of progress seen; said: {sorted(words) or 'nothing'}"
        )
    return took, number


def _busy() -> float:
    """Seconds of processor time of this process and of its children so far."""
    return sum(os.times()[:4])


def _kept(database: Database, files: Files, number: int, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with database.reading() as session:
        made = session.get_one(Collection, number)
        for kind, digest in (("docx", made.word_digest), ("pdf", made.pdf_digest)):
            (folder / f"book.{kind}").write_bytes(files.get(digest))


def _called_off(database: Database, editor: Actor, ids: Sequence[int]) -> None:
    """How long a collection goes on after it is called off; nothing of it may stay."""
    number = _ordered(database, editor, ids)
    while (job := _job(database, number)).part < 20:
        time.sleep(0.05)
    began = time.perf_counter()
    with database.transaction() as session:
        board.cancel(session, job.id, "不需要了", actor=editor, at=AT)
    while (job := _job(database, number)).state in ("queued", "running", "waiting"):
        time.sleep(0.02)
    with database.reading() as session:
        made = session.get_one(Collection, number)
        print(
            f"called off at case {job.part} of {job.parts}: {job.state} after {time.perf_counter() - began:.1f} s; "
            f"kept: {made.word_digest or made.pdf_digest or 'nothing'}"
        )


def _job(database: Database, number: int) -> Job:
    with database.reading() as session:
        return session.scalars(select(Job).where(Job.key == f"collection/{number}")).one()


class _Peak:
    """The most memory (MiB) that this process has while something is made, looked at ten times a second."""

    def __init__(self) -> None:
        self._most, self._ended = 0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._ended.wait(0.1):
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            self._most = max(self._most, pages * resource.getpagesize() >> 20)

    def stop(self) -> int:
        self._ended.set()
        self._thread.join()
        return self._most
