"""Backups taken while the installation serves: database, documents, and a manifest that says what must be there."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

from rules.words import Text
from states.reach import SYSTEM
from workflow.audit import log
from workflow.audit.canonical import canonical
from workflow.engine import CannotServe
from workflow.failpoints import reached
from workflow.identity.secret_key import secret_key
from workflow.settings import Settings
from workflow.store import copies, trail
from workflow.store.database import Database
from workflow.store.files import NO_ROOM, Absent, Damaged, Files

FORMAT = "zhengji-backup-1"
MANIFEST = "manifest.json"
DATABASES = {True: "database.sqlite3", False: "database.dump"}
"""Is it SQLite? → the database's file in a backup."""
ERASED = "erased"
"""Why a document may be missing that nobody misses: its bytes were thrown away while the backup was made."""
_PREFIX = "zhengji-"
UNFINISHED = ".unfinished-"
"""What is on its way in or out, and no backup; the next one clears it away."""


class CannotBackUp(CannotServe):
    """No backup was made, and nothing that looks like one was left."""


Tell = Callable[[Text, int, int], None]
"""What is being done, how much of it, of how much."""


def quietly(_what: Text, _done: int, _total: int) -> None:
    """Tells nobody."""


@dataclass(frozen=True)
class Made:
    """A backup. `manifest`: the digest of its manifest. `linked`: documents shared with an earlier backup.

    `missing`: digest → why ("absent", "damaged", "erased"), for documents that the store itself did not give. `size`:
    bytes of all its files.
    """

    folder: Path
    manifest: str
    documents: int
    linked: int
    missing: Mapping[str, str]
    size: int
    log_size: int
    with_keys: bool


def back_up(
    settings: Settings,
    database: Database,
    files: Files,
    target: Path,
    *,
    at: datetime,
    with_keys: bool = False,
    tell: Tell = quietly,
) -> Made:
    """Make a backup in a new folder inside `target`, and record it.

    The database is copied first, then every document that the copy names. The folder has a name that is no backup's
    until everything is in it and on the disk. Raises CannotBackUp.
    """
    _make_folder(target)
    if with_keys:
        _only_ours(target)
    with alone(target):
        for leftover in target.glob(f"{UNFINISHED}*"):
            shutil.rmtree(leftover)
        name = f"{_PREFIX}{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
        if (target / name).exists():
            raise CannotBackUp(Text(f"{target / name} 已经存在，请稍后再试。", f"{target / name} is there already."))
        draft = target / f"{UNFINISHED}{name}"
        try:
            draft.mkdir(mode=0o700)
            made = _fill(settings, database, files, draft, _newest(target), at, with_keys, tell)
            os.sync()
            reached("backup.before_rename")
            draft.rename(target / name)
        except OSError as problem:
            raise _no_room(target, problem) from problem
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        os.sync()
    done = Made(target / name, **made)
    _record(database, done, at)
    return done


def _make_folder(target: Path) -> None:
    try:
        target.mkdir(parents=True, mode=0o700, exist_ok=True)
    except OSError as problem:
        raise _no_room(target, problem) from problem


def _only_ours(target: Path) -> None:
    mode = stat.S_IMODE(target.stat().st_mode)
    if mode & 0o077:
        raise CannotBackUp(
            Text(
                f"{target} 别人也能进入（{mode:o}），密钥不能放进去。请先运行 chmod 700 {target}。",
                f"Others may enter {target} ({mode:o}), so keys are not put there. Run chmod 700 {target} first.",
            )
        )


def _no_room(target: Path, problem: OSError) -> CannotBackUp:
    if problem.errno in NO_ROOM:
        return CannotBackUp(
            Text(
                f"{target} 所在的磁盘已满，没有做成备份，也没有留下不完整的备份。请腾出空间或换一个位置（--to）。",
                f"The disk of {target} is full. No backup was made, and no part of one was left. Make room, or name"
                " another place (--to).",
            )
        )
    return CannotBackUp(
        Text(
            f"没有做成备份，也没有留下不完整的备份：{problem}。",
            f"No backup was made, and no part of one was left: {problem}.",
        )
    )


@contextmanager
def alone(target: Path) -> Iterator[None]:
    """One at a time writes to a folder of backups; the lock goes with the process, however it ends."""
    with (target / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            raise CannotBackUp(
                Text(f"另一个备份正在写入 {target}。", f"Another backup is being written to {target}.")
            ) from held
        yield


def backups(target: Path) -> list[Path]:
    """Whole backups in a folder, the oldest first."""
    return sorted(one.parent for one in target.glob(f"{_PREFIX}*/{MANIFEST}"))


def manifest_in(folder: Path) -> dict[str, Any] | None:
    """The manifest of a backup; None where it was changed, is damaged, or is of another format.

    Raises FileNotFoundError, NotADirectoryError.
    """
    raw = (folder / MANIFEST).read_bytes()
    try:
        manifest = json.loads(raw)
        known = manifest["format"] == FORMAT and manifest["seal"] == sealed(manifest)["seal"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return dict(manifest) if known else None


def _newest(target: Path) -> Path | None:
    return next(reversed(backups(target)), None)


# ---- what goes in ----------------------------------------------------------------------------------------------------


def _fill(
    settings: Settings,
    database: Database,
    files: Files,
    draft: Path,
    earlier: Path | None,
    at: datetime,
    with_keys: bool,
    tell: Tell,
) -> dict[str, Any]:
    listed: dict[str, dict[str, Any]] = {}
    copying = Text("复制数据库", "Copying the database")
    tell(copying, 0, 0)
    name = DATABASES[database.embedded]
    (draft / name).touch(mode=0o600)
    held = copies.take(database, draft / name, lambda done, total: tell(copying, done, total))
    listed[name] = described(draft / name)
    reached("backup.database_copied")
    linked, missing = 0, {}
    for number, digest in enumerate(sorted(held.documents)):
        tell(Text("复制材料", "Copying documents"), number, len(held.documents))
        place = document(digest)
        try:
            linked += _take_document(files, digest, draft / place, earlier and earlier / place)
        except (Absent, Damaged) as problem:
            missing[digest] = _why(database, digest, problem)
            continue
        listed[place] = {"sha256": digest, "size": (draft / place).stat().st_size}
    if with_keys:
        listed |= _take_keys(settings, draft)
    with database.reading() as session:
        key = log.public_key(session)
    manifest = sealed(
        {
            "format": FORMAT,
            "version": version("zhengji"),
            "created": at.astimezone(UTC).isoformat(),
            "demo": settings.demo,
            "database": {
                "kind": "sqlite" if database.embedded else "postgresql",
                "file": name,
                "revision": held.revision,
                "counts": dict(held.counts),
            },
            "log": {
                "origin": held.head.origin,
                "algorithm": held.head.algorithm,
                "size": held.head.size,
                "root": held.head.root,
                "checkpoint": held.checkpoint,
                "key": key.text if key else "",
            },
            "files": listed,
            "missing": missing,
        }
    )
    (draft / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return {
        "manifest": described(draft / MANIFEST)["sha256"],
        "documents": len(held.documents) - len(missing),
        "linked": linked,
        "missing": missing,
        "size": sum(one["size"] for one in listed.values()),
        "log_size": held.head.size,
        "with_keys": with_keys,
    }


def _why(database: Database, digest: str, problem: Exception) -> str:
    with database.reading() as session:
        if digest not in copies.documents(session):
            return ERASED
    return "damaged" if isinstance(problem, Damaged) else "absent"


def document(digest: str) -> str:
    """Where a document lies in a backup."""
    return f"documents/{digest[:2]}/{digest}"


def described(path: Path) -> dict[str, Any]:
    """Digest and size of a file."""
    with path.open("rb") as file:
        return {"sha256": hashlib.file_digest(file, "sha256").hexdigest(), "size": path.stat().st_size}


def sealed(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest with the digest over the rest of it as its `seal`."""
    rest = {name: value for name, value in manifest.items() if name != "seal"}
    return {**rest, "seal": hashlib.sha256(canonical(rest).encode()).hexdigest()}


def _take_document(files: Files, digest: str, to: Path, earlier: Path | None) -> bool:
    """Put one document into the backup; whether an earlier backup had it, whole, and the bytes are shared with that.

    Raises Absent, Damaged, OSError.
    """
    to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if earlier is not None and earlier.is_file() and described(earlier)["sha256"] == digest:
        with suppress(OSError):  # not every file system has links
            to.hardlink_to(earlier)
            return True
    with files.fetch(digest) as source, _new(to) as copy:
        shutil.copyfileobj(source, copy)
    if described(to)["sha256"] != digest:
        raise OSError(errno.EIO, "written differently than read", str(to))
    reached("backup.document_copied")
    return False


def _write(to: Path, data: bytes) -> None:
    with _new(to) as file:
        file.write(data)


def _new(to: Path) -> IO[bytes]:
    return os.fdopen(os.open(to, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")


def _take_keys(settings: Settings, draft: Path) -> dict[str, dict[str, Any]]:
    (draft / "keys").mkdir(mode=0o700)
    given = {"keys/secret_key": secret_key(settings).encode()}
    with suppress(FileNotFoundError):  # nothing was signed yet
        given["keys/audit_key.pem"] = Path(settings.audit_key).read_bytes()
    for place, data in given.items():
        _write(draft / place, data)
    return {place: described(draft / place) for place in given}


def _record(database: Database, made: Made, at: datetime) -> None:
    said = {
        "folder": str(made.folder),
        "manifest": made.manifest,
        "documents": made.documents,
        "missing": len(made.missing),
        "bytes": made.size,
        "log_size": made.log_size,
        "with_keys": made.with_keys,
    }
    with database.transaction() as session:
        stream = trail.daily(session, "system", at)
        trail.append(session, [trail.Entry(stream, "system.backup", "done", at, SYSTEM, said)])
