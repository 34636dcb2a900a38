"""Backups that lie in a folder: what each is worth, and dropping those that a rule no longer keeps.

Nothing is dropped but whole folders that this installation made, and never the newest one that is good.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from rules.call import BEIJING
from rules.words import Text
from states.reach import Actor
from workflow.audit import log
from workflow.engine import CannotServe
from workflow.operation.backup import ERASED, MANIFEST, UNFINISHED, alone, described, manifest_in
from workflow.store import operations, trail
from workflow.store.database import Database

_NAME = re.compile(r"zhengji-(\d{8}T\d{6})Z")
_OURS = re.compile(
    r"manifest\.json|database\.(?:sqlite3|dump)|documents/[0-9a-f]{2}/[0-9a-f]{64}|keys/(?:secret_key|audit_key\.pem)"
)
"""What may lie in a backup whose manifest cannot be read."""
_NAMED = 3
"""Of many files, how many are named."""


class CannotDrop(CannotServe):
    """Nothing was dropped, with the reason."""


class WrongRule(CannotServe):
    """What to keep cannot be said like this (422)."""


# ---- what lies there -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Listed:
    """One folder that is called like a backup. `ours`: this installation made it. `wrong`: why it is not good, if so.

    `size`: bytes of its files; `own`: of those that no other backup shares. `entries`: how far its trail goes, `root`:
    the root of its log; `manifest`: the digest of its manifest. `missing`: documents that the store had lost already.
    `strangers`: files in it that no backup put there.
    """

    folder: Path
    created: datetime
    ours: bool
    wrong: Text | None = None
    size: int = 0
    own: int = 0
    entries: int = 0
    root: str = ""
    manifest: str = ""
    missing: int = 0
    strangers: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def stands(self) -> bool:
        """Whether it is ours and nothing is known against it; whether each byte is right, restoring it tells."""
        return self.ours and self.wrong is None


def listed(session: Session, target: Path) -> list[Listed]:
    """What lies in a folder of backups, the newest first; nothing where there is no such folder. Raises CannotDrop.

    Manifests are held against their own seal and against the trail; files against what the manifest says of their size.
    """
    try:
        names = sorted((one for one in os.listdir(target) if _NAME.fullmatch(one)), reverse=True)
    except FileNotFoundError:
        return []
    except OSError as problem:
        raise CannotDrop(
            Text(
                f"读不了备份文件夹 {target}：{problem.strerror}。请检查 ZHENGJI_BACKUPS 和文件夹的权限。",
                f"The folder of backups, {target}, cannot be read: {problem.strerror}. Check ZHENGJI_BACKUPS and the"
                " folder's permissions.",
            )
        ) from problem
    origin, noted = log.origin(session), _noted(session)
    return [_look(target / one, origin, noted) for one in names]


def _noted(session: Session) -> dict[str, str]:
    """Name of a backup → digest of its manifest, as the trail has them."""
    return {Path(one["folder"]).name: str(one["manifest"]) for one in operations.said(session, "system.backup")}


def _look(folder: Path, origin: str, noted: Mapping[str, str]) -> Listed:
    made = _NAME.fullmatch(folder.name)
    assert made is not None
    created = datetime.strptime(made[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    if not stat.S_ISDIR(folder.lstat().st_mode):
        return Listed(
            folder, created, ours=False, wrong=Text("不是文件夹，或只是一个链接", "no folder, or only a link")
        )
    try:
        return _described(folder, created, origin, noted)
    except OSError as problem:
        said = Text(f"读不了：{problem.strerror}", f"cannot be read: {problem.strerror}")
        return Listed(folder, created, ours=False, wrong=said)


def _described(folder: Path, created: datetime, origin: str, noted: Mapping[str, str]) -> Listed:
    there = _files(folder)
    recorded = folder.name in noted
    manifest = manifest_in(folder) if stat.S_ISREG(_mode(there, MANIFEST)) else None
    said = _said(manifest) if manifest is not None else None
    held: dict[str, Any] = {"size": sum(one.st_size for one in there.values()), "own": _own(there.values())}
    if said is None:
        wrong = (
            Text("清单被改动过或已损坏", "its manifest was changed, or is damaged")
            if MANIFEST in there
            else Text("没有清单", "it has no manifest")
        )
        strangers = _strangers(there, lambda place: bool(_OURS.fullmatch(place)))
        return Listed(folder, created, recorded, wrong, **held, strangers=strangers)
    digest = described(folder / MANIFEST)["sha256"]
    return Listed(
        folder,
        created,
        said.origin == origin,
        _against(said, origin, there, noted.get(folder.name, digest) == digest),
        **held,
        entries=said.entries,
        root=said.root,
        manifest=digest,
        missing=said.missing,
        strangers=_strangers(there, lambda place: place == MANIFEST or place in said.sizes),
    )


@dataclass(frozen=True)
class _Said:
    origin: str
    entries: int
    root: str
    sizes: Mapping[str, int]
    missing: int


def _said(manifest: Mapping[str, Any]) -> _Said | None:
    """What of a manifest is looked at; None where it does not say it: its seal is anybody's to set."""
    try:
        told = manifest["log"]
        sizes = {str(place): int(one["size"]) for place, one in manifest["files"].items()}
        missing = sum(why != ERASED for why in manifest["missing"].values())
        return _Said(str(told["origin"]), int(told["size"]), str(told["root"]), sizes, missing)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _against(said: _Said, origin: str, there: Mapping[str, os.stat_result], as_noted: bool) -> Text | None:
    """Why a backup is not good, None where nothing is known against it."""
    if said.origin != origin:
        return Text("是另一个系统的备份", "a backup of another installation")
    if not as_noted:
        return Text(
            "清单与留痕所记的不同，被换过", "its manifest is not the one that the trail noted: it was exchanged"
        )
    bad = [
        place
        for place, size in said.sizes.items()
        if place not in there or not stat.S_ISREG(there[place].st_mode) or there[place].st_size != size
    ]
    if not bad:
        return None
    some = "、".join(_short(one) for one in bad[:_NAMED]) + ("……" if len(bad) > _NAMED else "")
    files = "1 file is" if len(bad) == 1 else f"{len(bad)} files are"
    return Text(f"{len(bad)} 个文件缺失或大小不对：{some}", f"{files} missing or of another size: {some}")


def _short(place: str) -> str:
    """A place as people tell it apart: digests are long."""
    return place if len(place) <= 32 else f"{place[:30]}…"


def _files(folder: Path) -> dict[str, os.stat_result]:
    """Every file and link in a folder by its place, never following one. Raises OSError."""
    found = {}
    for at, folders, names in os.walk(folder, onerror=_raise):
        links = [one for one in folders if os.path.islink(os.path.join(at, one))]
        for name in (*names, *links):
            path = Path(at, name)
            found[path.relative_to(folder).as_posix()] = path.lstat()
    return found


def _raise(problem: OSError) -> None:
    raise problem


def _mode(there: Mapping[str, os.stat_result], place: str) -> int:
    return there[place].st_mode if place in there else 0


def _own(files: Iterable[os.stat_result]) -> int:
    return sum(one.st_size for one in files if one.st_nlink == 1)


def _strangers(there: Mapping[str, os.stat_result], known: Callable[[str], bool]) -> tuple[str, ...]:
    return tuple(sorted(place for place, one in there.items() if not known(place) or not stat.S_ISREG(one.st_mode)))


def newest_good(many: Sequence[Listed]) -> Listed | None:
    """The backup that is never dropped."""
    return max((one for one in many if one.stands), key=lambda one: one.created, default=None)


# ---- what a rule keeps -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Keep:
    """Everything of the last `days`; of each of the `months` before, its last good one."""

    days: int
    months: int

    @property
    def text(self) -> str:
        """As it is written: 30d,12m."""
        return f"{self.days}d,{self.months}m"

    @property
    def said(self) -> Text:
        if not self.months:
            return Text(f"保留最近 {self.days} 天的", f"keep those of the last {self.days} days")
        return Text(
            f"保留最近 {self.days} 天的，再往前每月留最后一份，留 {self.months} 个月",
            f"keep those of the last {self.days} days, and before that the last of each month for {self.months} months",
        )


USUAL, LONGEST = Keep(30, 12), Keep(9999, 999)
_RULE = re.compile(r"(\d{1,4})d(?:,(\d{1,3})m)?")


def keep(written: str) -> Keep:
    """A rule as it is written: "30d" or "30d,12m". Raises WrongRule."""
    rule = _RULE.fullmatch(written.replace(" ", ""))
    if rule is None or int(rule[1]) < 1:
        raise WrongRule(
            Text(
                f"看不懂“{written}”。请写成 30d,12m：保留最近 30 天的，再往前每月一份、留 12 个月；天数至少是 1。",
                f"“{written}” is no rule. Write 30d,12m: all of the last 30 days, and before that one a month for 12"
                " months; at least one day.",
            )
        )
    return Keep(int(rule[1]), int(rule[2] or 0))


def outlived(many: Sequence[Listed], rule: Keep, at: datetime) -> list[Listed]:
    """The backups of ours that a rule no longer keeps at a moment, the newest first; nothing while none is good."""
    newest = newest_good(many)
    if newest is None:
        return []
    last_of_month: dict[int, Listed] = {}
    for one in sorted((one for one in many if one.stands), key=lambda one: one.created):
        last_of_month[_month(one.created)] = one

    def kept(one: Listed) -> bool:
        young = one.created > at - timedelta(days=rule.days)
        monthly = last_of_month.get(_month(one.created)) is one and _month(at) - _month(one.created) <= rule.months
        return young or one is newest or (rule.months > 0 and monthly)

    return [one for one in many if one.ours and not one.strangers and not kept(one)]


def _month(at: datetime) -> int:
    """Months since year 0, in Beijing."""
    local = at.astimezone(BEIJING)
    return local.year * 12 + local.month


# ---- dropping --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Dropped:
    """What went. `own`: bytes of it that no other backup shared, so at least so many are free now."""

    names: tuple[str, ...]
    own: int


def drop(
    database: Database,
    target: Path,
    names: Collection[str],
    *,
    actor: Actor,
    at: datetime,
    rule: Keep | None = None,
    by_command: bool = False,
) -> Dropped:
    """Drop these backups, all or none, and record it. `rule`: by which they were chosen at this moment.

    Raises CannotDrop for one that is not there, not ours, the newest good one or holds what is not ours, and where no
    good one would be left; CannotBackUp while a backup is being made.
    """
    if not names:
        raise CannotDrop(Text("没有选择要删去的备份。", "No backup was chosen."))
    _check_writable(target)
    with alone(target):
        with database.reading() as session:
            there = listed(session, target)
        going = chosen(there, names)
        if rule is not None and not {*names} <= {one.name for one in outlived(there, rule, at)}:
            raise CannotDrop(
                Text(
                    "备份有了变化，没有删去任何一份。请重新查看会删去哪些。",
                    "The backups have changed meanwhile, and none was dropped. See once more which would go.",
                )
            )
        for one in going:
            for folder, _, _ in os.walk(one.folder):
                _check_writable(Path(folder))
        aside = _set_aside(target, going)
        try:
            _record(database, going, rule, by_command, actor, at)
        except BaseException:
            for one, to in aside:
                to.rename(one.folder)
            raise
        for _, to in aside:
            _remove(to)
    return Dropped(tuple(one.name for one in going), sum(one.own for one in going))


def _check_writable(folder: Path) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        raise CannotDrop(
            Text(
                f"不能改动文件夹 {folder}：不在，或没有权限。没有删去任何备份。",
                f"The folder {folder} cannot be changed: it is not there, or not open to this account. Nothing was dropped.",
            )
        )


def chosen(many: Sequence[Listed], names: Collection[str]) -> list[Listed]:
    """The backups of these names, all of which may go. Raises CannotDrop for the first that may not."""
    known, newest = {one.name: one for one in many}, newest_good(many)
    for name in names:
        _check(name, known.get(name), newest)
    return [one for one in many if one.name in names]


def _check(name: str, one: Listed | None, newest: Listed | None) -> None:
    if one is None:
        raise CannotDrop(Text(f"没有“{name}”这个备份。", f"There is no backup “{name}”."))
    if not one.ours:
        raise CannotDrop(
            Text(f"“{name}”不是本系统的备份，不删。", f"“{name}” is no backup of this installation and stays.")
        )
    if newest is None:
        raise CannotDrop(
            Text(
                "现在没有一份完好的备份。请先做一份新的，再清理。",
                "There is no good backup now. Make a new one before dropping any.",
            )
        )
    if one is newest:
        raise CannotDrop(
            Text(
                f"“{name}”是最新的一份完好备份，不能删。",
                f"“{name}” is the newest good backup and is not dropped.",
            )
        )
    if one.strangers:
        some = "、".join(one.strangers[:_NAMED])
        raise CannotDrop(
            Text(
                f"“{name}”里有不是备份的东西，整个文件夹都不动：{some}。请先在服务器上查看。",
                f"“{name}” holds what is not the backup's, so nothing of it is touched: {some}. Look at it on the server.",
            )
        )


def _set_aside(target: Path, going: Sequence[Listed]) -> list[tuple[Listed, Path]]:
    """Take away their names, so that none is half a backup at any moment."""
    aside: list[tuple[Listed, Path]] = []
    try:
        for one in going:
            to = target / f"{UNFINISHED}{one.name}"
            one.folder.rename(to)
            aside.append((one, to))
    except OSError as problem:
        for one, to in aside:
            to.rename(one.folder)
        raise _not_removed(problem) from problem
    return aside


def _remove(folder: Path) -> None:
    """Delete one; what a fault leaves of it goes with the next backup, and is no backup until then."""
    with suppress(OSError):
        shutil.rmtree(folder)


def _not_removed(problem: OSError) -> CannotDrop:
    return CannotDrop(
        Text(
            f"没有删去任何备份：{problem.filename}：{problem.strerror}。",
            f"No backup was dropped: {problem.filename}: {problem.strerror}.",
        )
    )


def _record(
    database: Database, going: Sequence[Listed], rule: Keep | None, by_command: bool, actor: Actor, at: datetime
) -> None:
    said: dict[str, Any] = {
        "backups": [{"name": one.name, "manifest": one.manifest} for one in going],
        "rule": rule.text if rule else "",
        "bytes": sum(one.own for one in going),
        **({"by_command": True} if by_command else {}),
    }
    with database.transaction() as session:
        stream = trail.daily(session, "system", at)
        trail.append(session, [trail.Entry(stream, "system.drop_backups", "done", at, actor, said)])
