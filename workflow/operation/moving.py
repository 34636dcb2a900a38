"""Moving an installation from SQLite to PostgreSQL: every row, the queue and the whole trail, verified before it counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import make_url
from sqlalchemy.orm import Session

from rules.call import BEIJING
from rules.words import Text
from states.reach import SYSTEM
from workflow.audit import log, verification
from workflow.engine import CannotServe
from workflow.failpoints import reached
from workflow.operation import anchors
from workflow.operation.anchors import ReasonNeeded
from workflow.operation.backup import Tell, quietly
from workflow.settings import Settings
from workflow.store import copies, operations, schema, trail, transfer
from workflow.store import log as stored
from workflow.store.database import Database
from workflow.store.transfer import Held

MOVED, STAYED = "system.move", "system.stay"


class CannotMove(CannotServe):
    """Nothing was moved: the source is not one that moves, or the target not one that takes it."""


class MovedAway(CannotServe):
    """This SQLite database was moved to PostgreSQL, and must not go on beside it."""


class NotTheSame(CannotServe):
    """What was copied is not what the source holds; `problems` names each thing. The source is as it was."""

    def __init__(self, problems: Sequence[Text]) -> None:
        zh, en = ("\n".join(words) for words in zip(*problems, strict=True))
        super().__init__(
            Text(
                f"没有搬成，原数据库没有变化；目标数据库请删掉重建后再试（{len(problems)} 处不符）：\n{zh}",
                f"It was not moved, and the source is as it was. Drop and create the target before trying again"
                f" ({len(problems)} differences):\n{en}",
            )
        )
        self.problems = problems


@dataclass(frozen=True)
class Moved:
    """`tables`: what each holds in both. `entries`, `checkpoints`: of the trail. `settings`: to be changed now.

    `again`: an earlier run had copied everything and was cut off after that. `unchecked`: what could not be told.
    """

    tables: Mapping[str, Held]
    entries: int
    checkpoints: int
    settings: Mapping[str, str]
    again: bool
    unchecked: Sequence[tuple[str, str]]

    @property
    def rows(self) -> int:
        return sum(one.rows for one in self.tables.values())


def move(settings: Settings, to: str, owner: str = "", *, tell: Tell = quietly) -> Moved:
    """Move the installation of the settings to the PostgreSQL database `to`, whose tables `owner` makes and owns.

    Nobody else has the source open meanwhile. All rows are copied in one transaction, then compared by count and digest;
    the trail is verified where it now lies. Then an entry that it was moved is written there, and the very same into the
    source, which is not served any more. Cut off at any moment, it is begun again by the same call. Raises CannotMove,
    InUse, NotCarried, NotTheSame.
    """
    _check(settings, to)
    target = Database(to, owner)
    try:
        with transfer.alone(settings.database_url) as source:
            _prepare(target)
            with Session(source) as session:
                head, note, key = stored.head(session), stored.newest_checkpoint(session), log.public_key(session)
            there = _head_there(target)
            again = there[0] > 0
            if again and there[:2] != (head.size, head.root) and not _only_marked(target, head.size):
                raise _not_empty(f"audit_log ({there[0]})")
            tables = _copied(source, target, tell, marked=there[0] > head.size, again=again)
            anchor = [note.note] if note else []
            tell(Text("核对留痕", "Verifying the trail"), 0, 0)
            done = verification.verify(target, demo=settings.demo, key=key.text if key else "", anchors=anchor)
            if not done.holds:
                raise NotTheSame([Text(f"{one.where}：{one.zh}", f"{one.where}: {one.en}") for one in done.problems])
            if there[0] <= head.size:
                _mark(target, settings, to, tables)
            reached("move.marked_there")
            _mark_source(source, target, head.size)
        transfer.analyze(target.owner_url)
    finally:
        target.close()
    told = {"ZHENGJI_DATABASE_URL": to, **({"ZHENGJI_OWNER_DATABASE_URL": owner} if owner else {})}
    change = {name: make_url(url).render_as_string() if make_url(url).password else url for name, url in told.items()}
    return Moved(tables, head.size + 1, done.checkpoints, change, again, done.unchecked)


def check(database: Database) -> None:
    """Before anything is served from it: raise MovedAway for an SQLite database that was moved to PostgreSQL."""
    if not database.embedded:
        return
    with database.reading() as session:
        moves, stays = operations.said(session, MOVED), operations.said(session, STAYED)
    if len(moves) > len(stays):
        at = datetime.fromisoformat(moves[-1]["at"]).astimezone(BEIJING)
        raise MovedAway(
            Text(
                f"没有启动：这个数据库已于 {at:%Y-%m-%d %H:%M} 搬到 {moves[-1]['to']}。请设置 ZHENGJI_DATABASE_URL 指向那里。\n"
                "如果决定不搬了，请写明原因：\n  zhengji database stay '原因'",
                f"Not started: this database was moved to {moves[-1]['to']} at {at:%Y-%m-%d %H:%M} (Beijing time). Have"
                " ZHENGJI_DATABASE_URL point there.\nShould it not be moved after all, give the reason:\n"
                "  zhengji database stay 'REASON'",
            )
        )


def stay(database: Database, reason: str, *, at: datetime) -> bool:
    """Go on with the SQLite database that was moved; whether it was. Raises ReasonNeeded."""
    if not reason.strip():
        raise ReasonNeeded(Text("请写明原因。", "Please give the reason."))
    try:
        check(database)
    except MovedAway:
        with database.transaction() as session:
            stream = trail.daily(session, "system", at)
            said = {"reason": reason.strip()}
            trail.append(session, [trail.Entry(stream, STAYED, "done", at, SYSTEM, said)])
        return True
    return False


# ---- may it be moved, and there? -------------------------------------------------------------------------------------


def _check(settings: Settings, to: str) -> None:
    anchors.check_place(settings)
    if not settings.database_url.startswith("sqlite"):
        raise CannotMove(Text("设置的数据库已经是 PostgreSQL。", "The database of the settings is PostgreSQL already."))
    if not to.startswith("postgresql+psycopg://"):
        raise CannotMove(
            Text("目标应为 postgresql+psycopg://…", "The target must be postgresql+psycopg://…"),
        )
    source = Database(settings.database_url)
    try:
        if not schema.at_head(source):
            raise CannotMove(
                Text(
                    "数据库还不是这个版本的。请先运行 zhengji migrate。",
                    "The database is not of this version yet. Run zhengji migrate first.",
                )
            )
        anchors.check(settings, source)
        check(source)
    finally:
        source.close()


def _prepare(target: Database) -> None:
    """The target's tables, made by their owner. Raises CannotMove where something else lies."""
    there = copies.anything(target.owner_url)
    if there and not schema.standing(target).revision:
        raise _not_empty(there)
    schema.upgrade(target)
    if not schema.at_head(target):
        raise CannotMove(
            Text(
                "目标数据库不是这个版本的。请先在那里运行 zhengji migrate --contract。",
                "The target is not of this version. Run zhengji migrate --contract there first.",
            )
        )


def _not_empty(there: str) -> CannotMove:
    return CannotMove(
        Text(
            f"目标数据库不是空的，已经有：{there}。请另建一个空的数据库。",
            f"The target is not empty; this is there already: {there}. Create another database.",
        )
    )


def _head_there(target: Database) -> tuple[int, str]:
    with target.reading() as session:
        head = stored.head(session)
        return head.size, head.root


def _only_marked(target: Database, size: int) -> bool:
    """Whether the target holds what this source holds and, behind it, the entry that it was moved."""
    with target.reading() as session:
        behind = transfer.entries_from(session, size)
        return len(behind) == 1 and behind[0][0]["action"] == MOVED


# ---- doing it --------------------------------------------------------------------------------------------------------


def _copied(source: Any, target: Database, tell: Tell, *, marked: bool, again: bool) -> Mapping[str, Held]:
    """Every table with what it holds, once both hold the same; `marked`: that was found before, by a run cut off later."""
    copying, comparing = Text("复制数据", "Copying rows"), Text("核对数据", "Comparing rows")

    def told(what: Text) -> transfer.Tell:
        return lambda table, done, total: tell(Text(f"{what.zh} {table}", f"{what.en} {table}"), done, total)

    with source.connect() as here, transfer.as_owner(target.owner_url) as there:
        tables = transfer.pairs(here, there)
        if not again:
            if used := transfer.used(there):
                raise _not_empty(used)
            found = transfer.carry(here, there, tables, told(copying))
        else:
            found = {one.name: transfer.held(here, one, there=False) for one in tables}
        if not marked:
            problems = [*transfer.differences(there, tables, found, told(comparing))]
            if problems:
                raise NotTheSame(problems)
        reached("move.before_commit")
    reached("move.copied")
    return found


def _mark(target: Database, settings: Settings, to: str, tables: Mapping[str, Held]) -> None:
    """The entry that it was moved, with what each table held then."""
    at = datetime.now(UTC)
    said = {
        "from": copies.file_of(settings.database_url).name,
        "to": _place(to),
        "tables": {name: {"rows": one.rows, "sha256": one.digest} for name, one in tables.items()},
    }
    with target.transaction() as session:
        stream = trail.daily(session, "system", at)
        trail.append(session, [trail.Entry(stream, MOVED, "done", at, SYSTEM, said)])
    log.sequence(target)


def _place(url: str) -> str:
    """Server and database, without who signs in."""
    parts = make_url(url)
    host = parts.host or str(parts.query.get("host", ""))
    return f"{host}{f':{parts.port}' if parts.port else ''}/{parts.database}"


def _mark_source(source: Any, target: Database, size: int) -> None:
    """The very same entry in the source, whose log so stays the beginning of the other."""
    with target.reading() as session:
        [(entry, personal), *more] = transfer.entries_from(session, size)
        wanted = stored.head(session)
    with Session(source) as session, session.begin():
        transfer.put_entry(session, entry, personal)
        if more or stored.head(session) != wanted:
            raise NotTheSame([Text("两边的留痕不再相同", "the two logs are not the same any more")])
