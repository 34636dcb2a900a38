"""Checkpoints seen before, kept outside the database: an older or another database put back is noticed by them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from rules.call import BEIJING
from rules.words import Text
from states.reach import SYSTEM
from workflow.audit import log, notes
from workflow.engine import CannotServe
from workflow.jobs.sequencing import last_seen
from workflow.settings import Settings
from workflow.store import copies, operations, trail
from workflow.store import log as stored
from workflow.store.database import Database

ACCEPTED = "system.accept_older"
RESTORING = ".restoring"
"""In the home folder while a restore is not at its end."""


class OlderPutBack(CannotServe):
    """The database is not what was seen before, so nothing is served from it until a person has looked."""


class RestoreUnfinished(CannotServe):
    """A restore was begun here and did not come to its end."""


class DatabaseGone(CannotServe):
    """A database was here and its file is not: an empty one must not quietly take its place."""


class ReasonNeeded(CannotServe):
    """An older database is accepted with a reason only."""


@dataclass(frozen=True)
class Lost:
    """A checkpoint that the database does not live up to.

    `place`: where it is kept. `missing`: entries that are known to be gone; None where the log is another one.
    """

    place: str
    note: str
    missing: int | None
    why: Text

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.note.encode()).hexdigest()


def kept(settings: Settings, more: Sequence[Path] = ()) -> dict[str, str]:
    """Place → checkpoint, for those kept here, in the file of ZHENGJI_ANCHOR and in the files named; those that are there."""
    places = [last_seen(settings), *([Path(settings.anchor)] if settings.anchor else []), *more]
    return {str(one): one.read_text(encoding="utf-8") for one in places if one.is_file()}


def lost(session: Session, anchors: Mapping[str, str]) -> list[Lost]:
    """Which of the checkpoints the database does not live up to; without those accepted already."""
    accepted = {digest for event in operations.said(session, ACCEPTED) for digest in event["anchors"]}
    found = (_held_against(session, place, note) for place, note in anchors.items())
    return [one for one in found if one is not None and one.digest not in accepted]


def _held_against(session: Session, place: str, note: str) -> Lost | None:
    key, head = log.public_key(session), stored.head(session)
    try:
        log.check_seen(session, note)
    except log.OlderDatabase as older:
        seen = notes.opened(note, key) if key else None
        if seen is None or seen.size <= head.size:
            return Lost(place, note, None, _another(place, str(older)))
        return Lost(place, note, seen.size - head.size, _shorter(place, seen, head.size, operations.last_at(session)))
    except log.WrongNote as wrong:
        return Lost(place, note, None, _another(place, str(wrong)))
    return None


def _shorter(place: str, seen: notes.Checkpoint, held: int, newest: datetime | None) -> Text:
    missing = seen.size - held
    upto = f"{newest.astimezone(BEIJING):%Y-%m-%d %H:%M}" if newest else "—"
    signed = f"{seen.at.astimezone(BEIJING):%Y-%m-%d %H:%M}"
    return Text(
        f"{place} 记着：到 {signed} 已有 {seen.size} 条留痕；这个数据库只有 {held} 条，最后一条在 {upto}。"
        f"之后的 {missing} 条留痕（第 {held + 1} 至 {seen.size} 条）不在其中，那段时间里做过的事也不在其中。",
        f"{place} has seen {seen.size} entries by {signed} (Beijing time); this database has {held}, the last of {upto}. "
        f"{missing} later entries (numbers {held + 1} to {seen.size}) are not in it, nor is what was done then.",
    )


def _another(place: str, reason: str) -> Text:
    return Text(
        f"这个数据库的留痕与 {place} 里见过的检查点对不上：数据库被换成了另一个，或者被改动过（{reason}）。",
        f"The trail of this database does not fit the checkpoint seen in {place}: another database was put in its place,"
        f" or it was changed ({reason}).",
    )


def check_place(settings: Settings) -> None:
    """Before a database is opened, and so made where there is none. Raises RestoreUnfinished, DatabaseGone."""
    if (settings.home / RESTORING).exists():
        raise RestoreUnfinished(
            Text(
                f"{settings.home} 里有一次没有完成的恢复，所以没有启动。请再运行一次 zhengji restore。",
                f"A restore into {settings.home} did not come to its end, so nothing was started. Run zhengji restore again.",
            )
        )
    seen = last_seen(settings)
    if (
        settings.database_url.startswith("sqlite")
        and seen.exists()
        and not copies.file_of(settings.database_url).exists()
    ):
        raise DatabaseGone(
            Text(
                f"没有启动：{seen} 说明这里有过数据库，而数据库文件 {copies.file_of(settings.database_url)} 不在了。\n"
                f"请找回它，或恢复备份（zhengji restore）。若确实要从头开始，请把 {seen} 移走。",
                f"Not started: {seen} shows that there was a database, and {copies.file_of(settings.database_url)} is not"
                f" there.\nFind it, or restore a backup (zhengji restore). To begin anew on purpose, move {seen} away.",
            )
        )


def check(settings: Settings, database: Database) -> None:
    """Before anything is served: raise OlderPutBack for a database that is not the one seen."""
    with database.reading() as session:
        found = lost(session, kept(settings))
    if found:
        zh, en = ("\n".join(words) for words in zip(*(one.why for one in found), strict=True))
        raise OlderPutBack(
            Text(
                f"没有启动：数据库比见过的旧，或不是原来那一个。\n{zh}\n"
                "如果不是有人有意恢复了备份，请先查明原因，并原样保留现在的文件。\n"
                "如果是有意的，请写明原因后再启动，原因会记入留痕：\n  zhengji doctor --accept-older '原因'",
                f"Not started: the database is older than one seen before, or another.\n{en}\n"
                "Unless somebody restored a backup on purpose, find out first why, and keep the files as they are.\n"
                "If it is meant, give the reason, which goes into the trail, and start again:\n"
                "  zhengji doctor --accept-older 'REASON'",
            )
        )


def accept(settings: Settings, database: Database, found: Sequence[Lost], reason: str, at: datetime) -> None:
    """Go on with the database as it is: the reason and what is missing go into its trail. Raises ReasonNeeded."""
    if not reason.strip():
        raise ReasonNeeded(Text("请写明原因。", "Please give the reason."))
    said = {
        "reason": reason.strip(),
        "anchors": {one.digest: one.note for one in found},
        "missing": max((one.missing or 0 for one in found), default=0),
    }
    with database.transaction() as session:
        stream = trail.daily(session, "system", at)
        trail.append(session, [trail.Entry(stream, ACCEPTED, "done", at, SYSTEM, said)])
    remember(settings, database)


def accept_all(settings: Settings, database: Database, reason: str, at: datetime) -> list[Lost]:
    """Accept whatever the database lacks now, and give it. Raises ReasonNeeded."""
    with database.reading() as session:
        found = lost(session, kept(settings))
    if found:
        accept(settings, database, found, reason, at)
    return found


def remember(settings: Settings, database: Database) -> None:
    """From now on, the newest checkpoint of this database is the one seen last."""
    with database.reading() as session:
        newest = log.newest(session)
    if newest is None:
        last_seen(settings).unlink(missing_ok=True)
    else:
        log.remember(last_seen(settings), newest.note)
