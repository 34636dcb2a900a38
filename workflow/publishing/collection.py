"""案例集: chosen cases compiled into one Word file and one PDF/A, by the editor in the background or by a command."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy.orm import Session

from rules.call import Theme
from rules.roles import Role
from rules.words import Text
from states.reach import SYSTEM, Actor
from workflow import privacy
from workflow.documents import limits, template
from workflow.documents.compiling.book import Order
from workflow.downloads import Lost
from workflow.engine import NoSuchThing, NotPermitted, Receipt, WrongInput
from workflow.identity import stand_ins
from workflow.jobs.kinds import JobState
from workflow.jobs.queue import enqueue
from workflow.jobs.reasons import reason
from workflow.publishing.collecting import (
    FORMATS,
    OPEN_TO_ALL,
    STATES,
    Gathered,
    LeftOut,
    Made,
    Wanted,
    Workshop,
    theme_line,
    workshop,
)
from workflow.store import collection as stored
from workflow.store import personal as stored_personal
from workflow.store import proofing as stored_proofing
from workflow.store.calls import call_of
from workflow.store.collection import Narrowed
from workflow.store.database import Database
from workflow.store.files import Absent, Damaged, Files
from workflow.store.models import Case, Collection, CollectionLine, Job, Office

__all__ = ["FORMATS", "STATES", "Narrowed", "Order", "Wanted"]

_log = logging.getLogger(__name__)

MOST = limits.COLLECTED_CASES
LONGEST_TITLE, LONGEST_FOREWORD = 60, 20_000
"""Characters."""
SHOWN = 100
"""Collections that the list shows."""


class NoSuchCollection(NoSuchThing):
    """There is no such collection for this person, or no such file of it (404)."""


class WrongCollection(WrongInput):
    """It cannot be compiled as asked for; nothing was queued (422)."""


NONE = NoSuchCollection(
    Text("没有这本案例集。请从“案例集”列表进入。", "There is no such collection; open one from the list.")
)


def check_editor(actor: Actor) -> None:
    """Raise NotPermitted for anybody but an editor."""
    if Role.EDITOR not in actor.roles:
        raise NotPermitted(
            Text("案例集由国家局编辑编印，您没有这个职责。", "Collections are compiled by the editor; you are none.")
        )


# ---- choosing --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """What can be chosen from. `more`: there are others beyond these; `withheld`: case → its pictures that stay out of a
    book, because nobody is on record as allowing them."""

    cases: Sequence[Case]
    more: bool
    themes: Sequence[Theme]
    offices: Sequence[Office]
    theme_of: Callable[[Case], Text]
    withheld: Mapping[int, Sequence[str]]


def choice(session: Session, narrowed: Narrowed, *, actor: Actor) -> Choice:
    """The cases that this editor can put into a collection. Raises NotPermitted."""
    check_editor(actor)
    found = stored.candidates(session, actor, STATES, narrowed, MOST + 1)
    used = stored.themes(session, actor, STATES)
    calls = {version: call_of(session, version) for version, _ in used}
    names = {theme for _, theme in used}
    themes = {one.id: one for call in calls.values() for one in call.themes.values() if one.id in names}
    return Choice(
        found[:MOST],
        len(found) > MOST,
        list(themes.values()),
        stored.offices(session, actor, STATES),
        lambda case: theme_line(call_of(session, case.call_version_id), case),
        stored.not_allowed(session, [one.id for one in found[:MOST]]),
    )


# ---- ordering --------------------------------------------------------------------------------------------------------


def order(session: Session, wanted: Wanted, *, actor: Actor, at: datetime, op: str = "") -> tuple[int, Receipt]:
    """Have a collection made in the background; its number. The same form again gives the same one.

    Raises NotPermitted, WrongCollection.
    """
    check_editor(actor)
    earlier = stored.by_op(session, op)
    if earlier is not None:
        receipt = stored_personal.noted(session, f"{op}:collection.order")
        if receipt is not None:
            return earlier.id, receipt
    wanted = _sound(session, wanted, actor)
    made = stored.add(
        session,
        wanted.cases,
        op=op or None,
        title=wanted.title,
        foreword=wanted.foreword,
        sort=str(wanted.order),
        formats=" ".join(wanted.formats),
        by_id=actor.id,
        absent_id=actor.absent_id,
        at=at,
    )
    data = {
        "collection": made,
        "title": wanted.title,
        "cases": len(wanted.cases),
        "sort": str(wanted.order),
        "formats": list(wanted.formats),
    }
    receipt = stored_personal.note(
        session, "collections", "collection.order", data, actor, at, op=f"{op}:collection.order" if op else ""
    )
    enqueue(session, "compile_collection", key_of(made), made)
    return made, receipt


def key_of(collection_id: int, version: int = 1) -> str:
    """Of the work that makes a version of a collection."""
    return f"collection/{collection_id}" + (f"/{version}" if version > 1 else "")


def _sound(session: Session, wanted: Wanted, actor: Actor) -> Wanted:
    """What was asked for, tidied. Raises WrongCollection."""
    title = template.one_line(wanted.title)
    foreword = template.tidy(wanted.foreword)
    chosen = list(dict.fromkeys(wanted.cases))
    wrong = next((words for bad, words in _faults(title, foreword, chosen, wanted.formats) if bad), None)
    if wrong is not None:
        raise WrongCollection(wrong)
    there = stored.within(session, actor, chosen, STATES)
    if missing := [one for one in chosen if one not in there]:
        raise WrongCollection(
            Text(
                f"所选的案例中有 {len(missing)} 件已不能编印（状态有变，或不在可见范围）。请刷新后重新选择。",
                f"{len(missing)} of the cases chosen cannot be compiled any more; reload and choose again.",
            )
        )
    return replace(wanted, title=title, foreword=foreword, cases=chosen)


def _faults(title: str, foreword: str, chosen: Sequence[int], formats: Sequence[str]) -> Iterator[tuple[bool, Text]]:
    yield not title, Text("请填写书名。", "Give the title.")
    yield (
        len(title) > LONGEST_TITLE,
        Text(f"书名最多 {LONGEST_TITLE} 个字。", f"The title has at most {LONGEST_TITLE} characters."),
    )
    yield (
        len(foreword) > LONGEST_FOREWORD,
        Text(f"前言最多 {LONGEST_FOREWORD} 个字。", f"The foreword has at most {LONGEST_FOREWORD:,} characters."),
    )
    yield not chosen, Text("请至少选择一件案例。", "Choose at least one case.")
    yield len(chosen) > MOST, Text(f"一本最多编入 {MOST} 件。", f"A collection holds at most {MOST} cases.")
    yield (
        not formats or not set(formats) <= set(FORMATS),
        Text("请选择 Word、PDF 或两者。", "Choose Word, PDF or both."),
    )


# ---- looking ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """A collection and how its making stands. `job` None: it was made long ago, or that work is not known any more."""

    row: Collection
    job: Job | None

    @property
    def made(self) -> bool:
        return self.row.made_at is not None

    @property
    def going(self) -> bool:
        """Whether it is still being made, or about to be."""
        return not self.made and self.job is not None and self.job.state in _GOING

    @property
    def state(self) -> JobState | None:
        return JobState.of(self.job.state) if self.job else None

    @property
    def compiled(self) -> int:
        """How many cases stand in it."""
        return sum(1 for one in self.row.lines if one.content)

    @property
    def left_out(self) -> list[CollectionLine]:
        return [one for one in self.row.lines if self.made and not one.content]


_GOING = (JobState.QUEUED, JobState.RUNNING, JobState.WAITING)


def listed(session: Session, *, actor: Actor) -> list[Shown]:
    """The newest collections. Raises NotPermitted."""
    check_editor(actor)
    found = stored.newest(session, SHOWN)
    jobs = stored.jobs(session, [key_of(one.id, one.version) for one in found])
    return [Shown(one, jobs.get(key_of(one.id, one.version))) for one in found]


def find(session: Session, collection_id: int, *, actor: Actor) -> Shown:
    """One collection. Raises NotPermitted, NoSuchCollection."""
    check_editor(actor)
    row = stored.one(session, collection_id)
    if row is None:
        raise NONE
    key = key_of(row.id, row.version)
    return Shown(row, stored.jobs(session, [key]).get(key))


def file_of(session: Session, collection_id: int, kind: str, *, actor: Actor) -> tuple[str, str]:
    """Digest and name of a collection's file. Raises NotPermitted, NoSuchCollection."""
    row = find(session, collection_id, actor=actor).row
    digest = {"docx": row.word_digest, "pdf": row.pdf_digest}.get(kind, "")
    if not digest:
        raise NONE
    return digest, f"{file_name(row.title)}_{row.id}.{kind}"


def taken(
    database: Database, files: Files, collection_id: int, kind: str, *, actor: Actor, at: datetime
) -> tuple[str, IO[bytes]]:
    """Name of a collection's file, and the file open, which whoever asked closes; that it was taken away goes on record.

    Raises NotPermitted, NoSuchCollection, Lost.
    """
    with database.reading() as session:
        digest, name = file_of(session, collection_id, kind, actor=actor)
        rows = find(session, collection_id, actor=actor).compiled
    try:
        data = files.fetch(digest)
    except (Absent, Damaged) as wrong:
        raise Lost(wrong, name) from wrong
    with database.transaction() as session:
        filters = {"collection": collection_id, "format": kind, "sha256": digest}
        privacy.exported(session, "collection", rows, actor=actor, at=at, filters=filters)
    return name, data


def file_name(title: str) -> str:
    """A title as the name of a file."""
    return re.sub(r'[\\/:*?"<>|\s]+', "", title)[:60] or "案例集"


# ---- in the background -----------------------------------------------------------------------------------------------

Each = Callable[[Sequence[Any], Callable[[Any], object]], None]
"""Does parts one after another; see `workflow.jobs.running.Progress.each`."""


def compile_ordered(database: Database, files: Files, collection_id: int, each: Each, *, at: datetime) -> str:
    """Make a collection that was ordered: its cases one by one, then the files. Done once, however often it is tried.

    It holds what whoever ordered it may see now. Raises Failure.
    """
    with database.reading() as session:
        row = stored.one(session, collection_id)
        if row is None or row.made_at is not None:
            return "nothing to be made"
        actor = stand_ins.restored(session, row.by_id, row.absent_id) or Actor(0, "")
        lines = [(one.position, one.case_id) for one in row.lines]
        imprint = [f"{name} {said}" for name, said in (("ISBN", row.isbn), ("CIP 核字", row.cip)) if said]
        wanted = Wanted(
            row.title, [case for _, case in lines], row.foreword, Order.of(row.sort), row.formats.split(), imprint
        )
        version = row.version
        errata = [one.words for one in stored_proofing.notes(session, collection_id, "erratum")]
        if errata:
            lines_of = [wanted.foreword, "勘误", *errata] if wanted.foreword else ["勘误", *errata]
            wanted = replace(wanted, foreword="\n".join(lines_of))
        regions = stored.regions(session)
    results: dict[int, Gathered | Text] = {}
    with workshop(database, files, wanted.cases, actor) as shop:

        def part(line: tuple[int, int] | None) -> None:
            if line is None:
                _finish(database, files, (collection_id, version), shop, results, wanted, regions, at)
                return
            try:
                results[line[0]] = shop.gather(line[1])
            except LeftOut as left:
                results[line[0]] = left.why
            except Exception as problem:  # whatever it is about this case: it is named, and the others go on
                failure = reason(problem)
                if failure.general:
                    raise
                _log.warning("case %s was not compiled", line[1], exc_info=problem)
                results[line[0]] = failure.why

        each([*lines, None], part)
    return f"{sum(isinstance(one, Gathered) for one in results.values())} of {len(lines)} cases"


def _finish(
    database: Database,
    files: Files,
    made_of: tuple[int, int],
    shop: Workshop,
    results: dict[int, Gathered | Text],
    wanted: Wanted,
    regions: Sequence[str],
    at: datetime,
) -> None:
    """Keep what was made of a version of a collection, unless that was made already, or changed meanwhile."""
    collection_id, version = made_of
    gathered = {place: one for place, one in results.items() if isinstance(one, Gathered)}
    kept: dict[str, tuple[str, int]] = {}
    made = Made({}, {}, {}, [_EMPTY])
    if gathered:
        made, places = shop.press(list(gathered.values()), wanted, regions, at=at)
        told = list(gathered.values())
        for chapter, said in made.said.items():
            told[places[chapter]].said.extend(said)
        for kind, path in made.files.items():
            with path.open("rb") as book:
                kept[kind] = (files.put_file(book), path.stat().st_size)
    word, pdf = kept.get("docx", ("", 0)), kept.get("pdf", ("", 0))
    with database.transaction() as session:
        row = stored.one(session, collection_id)
        if row is None or row.made_at is not None or row.version != version:
            return
        for place, result in results.items():
            content, said = (result.content, result.said) if isinstance(result, Gathered) else ("", [result])
            stored.finish_line(session, collection_id, place, content, [_pair(one) for one in said])
        stored.finish(
            session,
            collection_id,
            made_at=at,
            word_digest=word[0],
            word_size=word[1],
            word_pages=made.pages.get("docx", 0),
            pdf_digest=pdf[0],
            pdf_size=pdf[1],
            pdf_pages=made.pages.get("pdf", 0),
            said=[_pair(one) for one in made.whole],
        )
        data = {
            "collection": collection_id,
            "title": wanted.title,
            "cases": len(gathered),
            "left_out": len(results) - len(gathered),
            "docx": word[0],
            "pdf": pdf[0],
        }
        stored_personal.note(session, "collections", "collection.make", data, SYSTEM, at)


_EMPTY = Text("所选案例都没有编入，没有生成文件。", "None of the cases chosen could be taken in, so no file was made.")


def _pair(words: Text) -> dict[str, str]:
    return {"zh": words.zh, "en": words.en}


# ---- by a command ----------------------------------------------------------------------------------------------------


_COMPILING = Text("读取案例", "Reading cases")
_PRESSING = Text("排版", "Setting the book")


@dataclass(frozen=True)
class Built:
    """What a command built: how many cases, pages, and what is to be said of each by its number, or of the whole ("")."""

    cases: int
    pages: int
    sha256: str
    said: Sequence[tuple[str, Text]]


def build(
    database: Database,
    files: Files,
    narrowed: Narrowed,
    wanted: Wanted,
    to: Path,
    *,
    shortlisted: bool,
    actor: Actor,
    at: datetime,
    tell: Callable[[Text, int, int], object] = lambda what, done, total: None,
) -> Built:
    """Compile the published cases of a search into a file, in one format. On record as taken away.

    `wanted`: its cases are not looked at. `shortlisted`: those not yet published too. Raises WrongCollection, Failure,
    OSError.
    """
    states = STATES if shortlisted else OPEN_TO_ALL
    with database.reading() as session:
        ids = [one.id for one in stored.candidates(session, actor, states, narrowed, MOST + 1)]
        regions = stored.regions(session)
        wanted = _sound(session, replace(wanted, cases=ids), actor)
    said: list[tuple[str, Text]] = []
    with workshop(database, files, ids, actor) as shop:
        gathered = []
        for done, case_id in enumerate(ids):
            tell(_COMPILING, done, len(ids) + 1)
            try:
                gathered.append(shop.gather(case_id))
            except LeftOut as left:
                said.append((str(case_id), left.why))
        tell(_PRESSING, 0, 1)
        made, places = shop.press(gathered, wanted, regions, at=at)
        tell(_PRESSING, 1, 1)
        for chapter, words in made.said.items():
            gathered[places[chapter]].said.extend(words)
        kind = wanted.formats[0]
        book = made.files[kind].read_bytes()
    to.write_bytes(book)
    said += [(one.chapter.number, words) for one in gathered for words in one.said]
    said += [("", words) for words in made.whole]
    sha256 = hashlib.sha256(book).hexdigest()
    with database.transaction() as session:
        noted = {"collection": 0, "title": wanted.title, "cases": len(gathered), "left_out": len(ids) - len(gathered)}
        stored_personal.note(session, "collections", "collection.make", {**noted, kind: sha256}, actor, at)
    return Built(len(gathered), made.pages.get(kind, 0), sha256, said)
