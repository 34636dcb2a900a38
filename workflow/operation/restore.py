"""A backup put back into an empty place, after everything in it was held against its manifest and its own trail."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from rules.words import Text
from states.reach import SYSTEM
from workflow.audit import log, verification
from workflow.engine import CannotServe
from workflow.failpoints import reached
from workflow.operation import anchors
from workflow.operation.anchors import Lost
from workflow.operation.backup import MANIFEST, Tell, described, document, manifest_in, quietly
from workflow.settings import Settings
from workflow.store import copies, operations, schema, trail
from workflow.store.database import Database
from workflow.store.files import Absent, Damaged, Files
from workflow.store.trouble import Trouble, trouble


class CannotRestore(CannotServe):
    """Nothing was restored: the place is not empty, or not of the backup's kind."""


class BackupDamaged(CannotServe):
    """The backup is not what was backed up; `problems` names each thing."""

    def __init__(self, problems: Sequence[Text]) -> None:
        zh, en = ("\n".join(words) for words in zip(*problems, strict=True))
        super().__init__(
            Text(
                f"没有恢复，这个备份不能用（{len(problems)} 处问题）：\n{zh}",
                f"Nothing was restored; this backup cannot be used ({len(problems)} problems):\n{en}",
            )
        )
        self.problems = problems


@dataclass(frozen=True)
class Restored:
    """What was put back. `missing`: documents that were missing when the backup was made, with why.

    `lost`: checkpoints seen elsewhere that it does not live up to. `key_needed`: the log was signed, and the key is not
    here.
    """

    created: datetime
    manifest: str
    entries: int
    documents: int
    missing: Mapping[str, str]
    lost: Sequence[Lost]
    accepted: bool
    key_needed: bool
    unchecked: Sequence[tuple[str, str]]


def restore(
    settings: Settings,
    backup: Path,
    *,
    at: datetime,
    seen: Sequence[Path] = (),
    accept_older: str = "",
    manifest_digest: str = "",
    tell: Tell = quietly,
) -> Restored:
    """Restore a backup into the empty place that the settings name, and record it there.

    `seen`: files of checkpoints kept elsewhere, beside those the settings know. `accept_older`: the reason for which the
    database may be older than they say; without one it is restored, and not served until somebody gives the reason.
    `manifest_digest`: as it was told when the backup was made, where somebody kept it. Raises CannotRestore,
    BackupDamaged, NotCopied, ReasonNeeded, OSError.
    """
    manifest = _manifest(backup, manifest_digest)
    _whole(backup, manifest, tell)
    _fits(settings, manifest)
    with _alone(settings.home), _room():
        begun = _Begun(settings, described(backup / MANIFEST)["sha256"])
        files = _empty(settings, begun)
        begun.begin()
        _put_documents(backup, files, manifest, tell)
        reached("restore.documents_put")
        database, as_backed_up = _put_database(settings, backup, manifest, begun, tell)
        reached("restore.database_put")
        try:
            problems = [*(_differences(database, manifest) if as_backed_up else ()), *_undocumented(files, manifest)]
            if problems:
                raise BackupDamaged(problems)
            begun.held_against()
            unchecked = _checked(settings, database, manifest, tell)
            with database.reading() as session:
                found = anchors.lost(session, anchors.kept(settings, seen))
                key_needed = log.public_key(session) is not None
            _record(database, manifest, begun.digest, found, at)
            if found and accept_older:
                anchors.accept(settings, database, found, accept_older, at)
        finally:
            database.close()
        key_needed = key_needed and not _put_key(settings, backup)
        os.sync()
        reached("restore.before_rename")
        if database.embedded and _drafted(settings).exists():
            _drafted(settings).rename(_place(settings))
            os.sync()
        reached("restore.renamed")
        begun.end()
    return Restored(
        datetime.fromisoformat(manifest["created"]),
        begun.digest,
        manifest["log"]["size"],
        len(_documents(manifest)),
        manifest["missing"],
        found,
        bool(found and accept_older),
        key_needed,
        unchecked,
    )


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One restore at a time goes into a place; the lock goes with the process, however it ends."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = os.open(home, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            raise CannotRestore(
                Text(f"另一次恢复正在写入 {home}。", f"Another restore is writing to {home}.")
            ) from held
        yield
    finally:
        os.close(folder)


@contextmanager
def _room() -> Iterator[None]:
    """Says what to do where there is no room. What was put there so far stays for the next try, and is not served."""
    try:
        yield
    except Exception as problem:
        if trouble(problem) is not Trouble.FULL:
            raise
        raise CannotRestore(
            Text(
                "磁盘已满，没有恢复完，也不会启动。请腾出空间，再运行一次同样的命令。",
                "The disk is full. The restore did not come to its end, and nothing is served. Make room, and run the same"
                " command again.",
            )
        ) from problem


class _Begun:
    """The mark in the home folder that a restore was begun here: of which backup, into which database, and how far it is.

    Nothing is served while it is there (`anchors.check_place`).
    """

    def __init__(self, settings: Settings, digest: str) -> None:
        self.digest = digest
        self._marker = settings.home / anchors.RESTORING
        self._said = [digest, copies.address(settings.owner_database_url or settings.database_url)]
        there = self._marker.read_text(encoding="utf-8").splitlines() if self._marker.exists() else []
        self.again = there[:2] == self._said
        """Was it begun before, and did not come to its end?"""
        self.held = self.again and _HELD in there[2:]
        """Had the database been held against the manifest, and so may have gone on since?"""

    def begin(self) -> None:
        if not self.again:
            self._marker.write_text("\n".join(self._said), encoding="utf-8")

    def held_against(self) -> None:
        if not self.held:
            with self._marker.open("a", encoding="utf-8") as file:
                file.write(f"\n{_HELD}\n")

    def end(self) -> None:
        self._marker.unlink()


_HELD = "held against its manifest"


# ---- is it what was backed up? ---------------------------------------------------------------------------------------


def _manifest(backup: Path, expected: str) -> dict[str, Any]:
    path = backup / MANIFEST
    try:
        manifest = manifest_in(backup)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise BackupDamaged(
            [Text(f"{path} 不在：这不是一个完整的备份。", f"{path} is not there: this is no whole backup.")]
        ) from None
    if expected and described(path)["sha256"] != expected.lower():
        raise BackupDamaged(
            [
                Text(
                    f"{path} 的摘要与备份时记下的不同：清单被换过，或是另一个备份。",
                    f"The digest of {path} is not the one noted then: it was changed, or is another backup's.",
                )
            ]
        )
    if manifest is None:
        raise BackupDamaged([Text(f"{path} 被改动过或已损坏。", f"{path} was changed, or is damaged.")])
    return manifest


def _whole(backup: Path, manifest: Mapping[str, Any], tell: Tell) -> None:
    """Every file that the manifest names is there with its digest. Raises BackupDamaged, naming all that are not."""
    listed = manifest["files"]
    problems = []
    for number, (place, said) in enumerate(listed.items()):
        tell(Text("核对备份", "Checking the backup"), number, len(listed))
        path = backup / place
        if not path.is_file():
            problems.append(Text(f"{place} 不在备份里", f"{place} is missing"))
        elif path.stat().st_size != said["size"]:
            have, want = path.stat().st_size, said["size"]
            problems.append(
                Text(f"{place} 应有 {want} 字节，实有 {have}", f"{place} should have {want} bytes, and has {have}")
            )
        elif described(path)["sha256"] != said["sha256"]:
            problems.append(Text(f"{place} 的内容被改动过或已损坏", f"{place} was changed, or is damaged"))
    if problems:
        raise BackupDamaged(problems)


def _documents(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Digest → place, for the documents in the backup."""
    return {said["sha256"]: place for place, said in manifest["files"].items() if place.startswith("documents/")}


# ---- is there room for it? -------------------------------------------------------------------------------------------


def _fits(settings: Settings, manifest: Mapping[str, Any]) -> None:
    kind = "sqlite" if settings.database_url.startswith("sqlite") else "postgresql"
    if manifest["database"]["kind"] != kind:
        raise CannotRestore(
            Text(
                f"备份来自 {manifest['database']['kind']}，设置的数据库是 {kind}。请先把 ZHENGJI_DATABASE_URL 设为同一种。",
                f"The backup is of {manifest['database']['kind']}, the settings name {kind}: set ZHENGJI_DATABASE_URL to"
                " a database of the same kind first.",
            )
        )


def _empty(settings: Settings, begun: _Begun) -> Files:
    """The document store of an empty place, or of one where this same backup was being restored. Raises CannotRestore."""
    files = Files(settings.documents_url, settings.documents_endpoint)
    there = _database_there(settings, begun) or ("" if begun.again else files.anything())
    if there:
        raise CannotRestore(
            Text(
                f"只能恢复到空的位置，而这里已经有：{there}。请换一个位置（--into，或另一个空的数据库），"
                "或先把现有的整个移走保存。",
                f"A backup is restored into an empty place only, and this is there already: {there}. Name another place"
                " (--into, or another empty database), or first move all that is here away and keep it.",
            )
        )
    return files


def _database_there(settings: Settings, begun: _Begun) -> str:
    if settings.database_url.startswith("sqlite"):
        place = _place(settings)
        if begun.again and _came_from(place, begun.digest):
            return ""
        return next((str(one) for one in sorted(place.parent.glob(f"{place.name}*"))), "")
    owner = settings.owner_database_url or settings.database_url
    if copies.being_put_back(owner):
        raise CannotRestore(
            Text(
                "上一次被中断的恢复，其 pg_restore 还在往这个数据库里写。请等它停下再试。",
                "The pg_restore of a restore that was cut off still writes into this database. Try again when it has ended.",
            )
        )
    return "" if begun.again else copies.anything(owner)


def _came_from(place: Path, digest: str) -> bool:
    """Whether an embedded database is one that was put there from this backup, with nothing but the mark left to remove."""
    if not place.exists():
        return False
    with closing(Database(f"sqlite:///{place}")) as database, database.reading() as session:
        return _recorded(session, digest)


def _place(settings: Settings) -> Path:
    """The file of the embedded database."""
    return copies.file_of(settings.database_url)


def _drafted(settings: Settings) -> Path:
    """Where the embedded database is restored to before it is found good."""
    return _place(settings).with_suffix(".restoring")


# ---- putting it there ------------------------------------------------------------------------------------------------


def _put_documents(backup: Path, files: Files, manifest: Mapping[str, Any], tell: Tell) -> None:
    documents = _documents(manifest)
    for number, place in enumerate(documents.values()):
        tell(Text("放回材料", "Putting documents back"), number, len(documents))
        with (backup / place).open("rb") as source:
            files.put_file(source)


def _put_database(
    settings: Settings, backup: Path, manifest: Mapping[str, Any], begun: _Begun, tell: Tell
) -> tuple[Database, bool]:
    """The database, and whether it is still as it was backed up: one that an earlier try held good has gone on since."""
    tell(Text("放回数据库", "Putting the database back"), 0, 0)
    copy = backup / manifest["database"]["file"]
    if settings.database_url.startswith("sqlite"):
        if _place(settings).exists():
            return Database(settings.database_url), False
        draft = _drafted(settings)
        for old in draft.parent.glob(f"{draft.name}*"):  # of a restore that was killed
            old.unlink()
        draft.parent.mkdir(parents=True, exist_ok=True)
        copies.put_back_sqlite(copy, draft)
        return Database(f"sqlite:///{draft}"), True
    owner = settings.owner_database_url or settings.database_url
    there = copies.anything(owner)  # put back whole, by a restore that was killed later
    if not there:
        copies.put_back_postgresql(copy, owner)
    return Database(settings.database_url, settings.owner_database_url), not (there and begun.held)


# ---- is it whole and true? -------------------------------------------------------------------------------------------


def _differences(database: Database, manifest: Mapping[str, Any]) -> Iterator[Text]:
    """What the restored database holds otherwise than the manifest says; before anything of this version touches it."""
    held, said = copies.held(database.owner_url), manifest["database"]
    for name in sorted(held.counts.keys() | said["counts"].keys()):
        have, want = held.counts.get(name), said["counts"].get(name)
        if have != want:
            yield Text(
                f"数据表 {name} 应有 {want} 行，实有 {have}", f"table {name} should have {want} rows, and has {have}"
            )
    if held.revision != said["revision"]:
        yield Text(
            f"数据表是 {held.revision} 版，清单上是 {said['revision']}",
            f"tables are of version {held.revision}, the manifest says {said['revision']}",
        )
    head = manifest["log"]
    if (held.head.origin, held.head.size, held.head.root) != (head["origin"], head["size"], head["root"]):
        yield Text("留痕的总账与清单不符", "the log is not the one of the manifest")
    if held.checkpoint != head["checkpoint"]:
        yield Text("最新的检查点与清单不符", "the newest checkpoint is not the one of the manifest")
    for digest in sorted(held.documents - _documents(manifest).keys() - manifest["missing"].keys()):
        yield Text(f"备份里没有材料 {document(digest)}", f"the backup lacks the document {document(digest)}")


def _undocumented(files: Files, manifest: Mapping[str, Any]) -> Iterator[Text]:
    for digest in _documents(manifest):
        try:
            files.fetch(digest).close()
        except (Absent, Damaged):
            yield Text(f"放回后的材料 {digest} 读不出原样", f"the document {digest}, put back, does not read as it was")


def _checked(
    settings: Settings, database: Database, manifest: Mapping[str, Any], tell: Tell
) -> Sequence[tuple[str, str]]:
    """Bring it to this version and verify tables, triggers and the whole trail; gives what could not be checked."""
    tell(Text("核对留痕", "Verifying the trail"), 0, 0)
    try:
        schema.upgrade(database)
    except schema.NewerDatabase as unknown:
        raise CannotRestore(
            Text(
                f"备份由更新的版本（{manifest['version']}）做成，请用那个版本恢复。",
                f"The backup was made by a newer version ({manifest['version']}); restore it with that one.",
            )
        ) from unknown
    log.sequence(database)
    demo = settings.demo or manifest["demo"]
    note = manifest["log"]["checkpoint"]
    done = verification.verify(
        database, demo=demo, key=manifest["log"]["key"] if note else "", anchors=[note] if note else []
    )
    if not done.holds:
        raise BackupDamaged([Text(f"{one.where}：{one.zh}", f"{one.where}: {one.en}") for one in done.problems])
    return done.unchecked


def _record(database: Database, manifest: Mapping[str, Any], digest: str, found: Sequence[Lost], at: datetime) -> None:
    said = {
        "created": manifest["created"],
        "manifest": digest,
        "log_size": manifest["log"]["size"],
        "missing_documents": len(manifest["missing"]),
        "behind": [{"size": one.missing, "anchor": one.note} for one in found],
    }
    with database.transaction() as session:
        if _recorded(session, digest):  # by a restore that was killed later
            return
        stream = trail.daily(session, "system", at)
        trail.append(session, [trail.Entry(stream, "system.restore", "done", at, SYSTEM, said)])
    log.sequence(database)


def _recorded(session: Session, digest: str) -> bool:
    """Whether the trail says that this database was restored from the backup whose manifest has that digest."""
    return any(one["manifest"] == digest for one in operations.said(session, "system.restore"))


def _put_key(settings: Settings, backup: Path) -> bool:
    """Whether the trail's key is in place; one that is in the backup is put there, whole, where there is none."""
    place, kept = Path(settings.audit_key), backup / "keys" / "audit_key.pem"
    if not place.exists() and kept.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = place.with_suffix(".restoring")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(kept.read_bytes())
        draft.rename(place)
    return place.exists()
