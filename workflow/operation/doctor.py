"""What is dangerous, doubtful or better done otherwise in how an installation is set up and kept."""

from __future__ import annotations

import ipaddress
import os
import secrets
import shutil
import stat
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlparse

from sqlalchemy.exc import DatabaseError

from rules.roles import Role
from rules.words import Labelled, Text
from workflow import electronic, register
from workflow.audit import log
from workflow.audit.notes import WrongNote, signer
from workflow.documents import legacy, receipt, signatures
from workflow.identity import passwords
from workflow.identity.secret_key import SHORTEST
from workflow.operation import anchors
from workflow.settings import BASE_URL, Settings
from workflow.store import condition, copies, schema
from workflow.store import log as stored
from workflow.store.condition import Rows
from workflow.store.database import Database
from workflow.store.files import Absent, Damaged, Files, StoreAway

SIGNED_WITHIN = timedelta(minutes=10)
"""An entry waits for its checkpoint no longer than this while the installation runs (it is signed each minute)."""
BEGUN_WITHIN = timedelta(minutes=15)
"""Work that is due is begun within this, even where many mails wait."""
BACKED_UP_WITHIN = timedelta(days=7)
CLOCKS_WITHIN = timedelta(seconds=5)
LEAST_ROOM = 1 << 30
"""Bytes free on the disk below which there is danger."""
SMALL_SHARE = 0.1
"""Of the disk, free, below which it is nearly full."""
SAMPLE = 20
"""Documents that are read back."""
NAMED = 5
"""Of a long list, how many are named."""


class Severity(Labelled):
    """How much it matters, the worst first."""

    DANGER = "danger", "危险", "Danger"
    WARNING = "warning", "警告", "Warning"
    ADVICE = "advice", "建议", "Advice"


# ---- what is looked at -----------------------------------------------------------------------------------------------


class NotSeen(Exception):
    """This could not be looked at: the database does not open, or its tables are not of this version."""


@dataclass(frozen=True)
class Key:
    """The file of the trail's key. `mode`: its permissions, None where there is none. `wrong`: why it cannot sign."""

    mode: int | None
    wrong: str = ""


@dataclass(frozen=True)
class Issuers:
    """Of electronic seals. `named`: whether it is set who may issue them; `wrong`: why that, or what they revoked, cannot be
    read; `listed`: there are revocation lists; `outdated`: those after which newer ones should have come."""

    named: bool
    listed: bool = False
    wrong: str = ""
    outdated: Sequence[str] = ()


@dataclass(frozen=True)
class Condition:
    """Everything that checks look at. `unopened`: why the database does not open, "" when it does. `seen`: its rows, where
    its tables are of this version. `lost`: checkpoints seen before that it does not live up to. `unwritable`: why a
    document cannot be kept; `bad`: digests of documents that did not read back. `home_mode`: who may enter the home
    folder, as its permission bits; `free`, `total`: bytes of its disk. `same_disk`: backups lie on it too."""

    settings: Settings
    at: datetime
    unopened: str
    current: bool
    restoring: bool
    lost: Sequence[anchors.Lost]
    key: Key
    issuers: Issuers
    unwritable: str
    bad: Sequence[str]
    home_mode: int
    free: int
    total: int
    same_disk: bool
    office: bool
    face: bool
    demo_passwords: Sequence[str]
    strangers: Sequence[str]
    seen: Rows | None

    @property
    def rows(self) -> Rows:
        if self.seen is None:
            raise NotSeen
        return self.seen

    @property
    def served_elsewhere(self) -> bool:
        """Whether the address is one that other machines reach."""
        host = urlparse(self.settings.base_url).hostname or ""
        if host == "localhost":
            return False
        try:
            return not ipaddress.ip_address(host).is_loopback
        except ValueError:
            return True


def condition_of(settings: Settings, at: datetime) -> Condition:
    """Look at everything; nothing is changed but for one document that is written and removed again."""
    unopened, seen, lost, current = "", None, [], False
    database = None
    try:
        database, unopened = _opened(settings)
        if database is not None:
            current = schema.standing(database).serves
            if current:
                seen = condition.rows(database)
                with database.reading() as session:
                    lost = anchors.lost(session, anchors.kept(settings))
        key = _key(settings, database if current else None)
    except DatabaseError as problem:
        unopened, key = str(problem.orig), _key(settings, None)
    finally:
        if database is not None:
            database.close()
    unwritable, bad = _documents(settings, seen.documents if seen else ())
    disk = shutil.disk_usage(_there(settings.home))
    logins = seen.logins if seen else {}
    cast = tomllib.loads((register.REFERENCE / "demo.toml").read_text("utf-8"))["people"]
    return Condition(
        settings=settings,
        at=at,
        unopened=unopened,
        current=current,
        restoring=(settings.home / anchors.RESTORING).exists(),
        lost=lost,
        key=key,
        issuers=_issuers(settings, at),
        unwritable=unwritable,
        bad=bad,
        home_mode=stat.S_IMODE(settings.home.stat().st_mode) if settings.home.exists() else 0o700,
        free=disk.free,
        total=disk.total,
        same_disk=_there(settings.home).stat().st_dev == _there(Path(settings.backups)).stat().st_dev,
        office=legacy.office() is not None,
        face=bool(set(receipt.FACES) & set(receipt.fonts().families())),
        demo_passwords=[
            one for one in cast if one in logins and passwords.matches(settings, logins[one], passwords.DEMO_PASSWORD)
        ],
        strangers=sorted(
            login
            for login, address in (seen.addresses if seen else {}).items()
            if login not in cast and address != f"{login}@{passwords.DEMO_DOMAIN}"  # the demo of a whole call has more
        ),
        seen=seen,
    )


def _opened(settings: Settings) -> tuple[Database | None, str]:
    if settings.database_url.startswith("sqlite"):
        place = copies.file_of(settings.database_url)
        if not place.exists():
            return None, f"{place} 不存在 / is not there"
    return Database(settings.database_url, settings.owner_database_url), ""


def _key(settings: Settings, database: Database | None) -> Key:
    path = Path(settings.audit_key)
    if not path.exists():
        return Key(None)
    mode = stat.S_IMODE(path.stat().st_mode)
    if database is None:
        return Key(mode)
    with database.reading() as session:
        known, origin = log.public_key(session), stored.head(session).origin
    try:
        found = signer(path, origin)
    except (WrongNote, OSError) as wrong:
        return Key(mode, str(wrong))
    return Key(mode, "" if known in (None, found.key) else "另一个留痕的密钥 / the key of another trail")


def _issuers(settings: Settings, at: datetime) -> Issuers:
    named = bool(settings.seal_roots)
    try:
        roots = electronic.issuers(settings)
    except signatures.NoRoots as wrong:
        return Issuers(named, wrong=str(wrong))
    return Issuers(named, bool(roots.lists), outdated=signatures.outdated(roots, at))


def _documents(settings: Settings, digests: Sequence[str]) -> tuple[str, list[str]]:
    """Why a document cannot be kept, and which of a sample do not read back."""
    for folder in _folder_of(settings.documents_url):
        if not folder.exists():  # it is made with the first document
            return "" if os.access(_there(folder), os.W_OK) else str(folder), []
    try:
        files = Files(settings.documents_url, settings.documents_endpoint)
        files.drop(files.put(secrets.token_bytes(32)))
    except Exception as problem:  # a folder, or any kind of bucket, has its own ways to refuse
        return str(problem) or type(problem).__name__, []
    bad = []
    for digest in digests[:: max(1, len(digests) // SAMPLE)]:
        try:
            files.get(digest)
        except (Absent, Damaged):
            bad.append(digest)
        except StoreAway as problem:
            return str(problem), bad
    return "", bad


def _there(path: Path) -> Path:
    """The path, or the nearest folder above it that exists."""
    return next(one for one in (path, *path.parents) if one.exists())


# ---- the checks ------------------------------------------------------------------------------------------------------


class Off:
    """A check that does not hold: the values for its sentences."""

    def __init__(self, **values: object) -> None:
        self.values = values


Look = Callable[[Condition], Off | None]


@dataclass(frozen=True)
class Check:
    """A sentence that should be true. `what` is wrong when it is not, `why` that matters, how to `mend` it."""

    name: str
    severity: Severity
    what: Text
    why: Text
    mend: Text
    look: Look


@dataclass(frozen=True)
class Finding:
    """A check that does not hold, in words."""

    name: str
    severity: Severity
    what: Text
    why: Text
    mend: Text


CHECKS: list[Check] = []
"""In order of danger."""


def check(severity: Severity, *, what: Text, why: Text, mend: Text) -> Callable[[Look], Look]:
    def declare(look: Look) -> Look:
        CHECKS.append(Check(look.__name__, severity, what, why, mend, look))
        return look

    return declare


def examine(seen: Condition) -> tuple[list[Finding], list[str]]:
    """What is wrong, the worst first, and the names of checks that could not be made."""
    findings, unseen = [], []
    for one in CHECKS:
        try:
            off = one.look(seen)
        except NotSeen:
            unseen.append(one.name)
            continue
        if off is not None:
            words = (text.fill(**off.values) for text in (one.what, one.why, one.mend))
            findings.append(Finding(one.name, one.severity, *words))
    order = list(Severity)
    return sorted(findings, key=lambda found: order.index(found.severity)), unseen


def _some(names: Sequence[str]) -> Text:
    """Some of a list, and how many more there are."""
    more = len(names) - NAMED
    shown = list(names[:NAMED])
    return Text(
        "、".join(shown) + (f" 等 {len(names)} 个" if more > 0 else ""),
        ", ".join(shown) + (f" and {more} more" if more > 0 else ""),
    )


@check(
    Severity.DANGER,
    what=Text("数据库打不开：{reason}", "The database does not open: {reason}"),
    why=Text("系统无法运行，下面有些检查也没法做。", "Nothing can be served, and some checks below cannot be made."),
    mend=Text(
        "查看 ZHENGJI_HOME、ZHENGJI_DATABASE_URL 和数据库服务；全新安装请运行 zhengji init；丢失则用 zhengji restore 恢复备份。",
        "Look at ZHENGJI_HOME, ZHENGJI_DATABASE_URL and the database server; a new installation needs zhengji init; what"
        " is lost is restored by zhengji restore.",
    ),
)
def database_opens(seen: Condition) -> Off | None:
    return Off(reason=seen.unopened) if seen.unopened else None


@check(
    Severity.DANGER,
    what=Text("有一次恢复没有完成。", "A restore did not come to its end."),
    why=Text("现在的数据可能不全，系统拒绝启动。", "What is here may not be all, and nothing is served."),
    mend=Text("再运行一次 zhengji restore。", "Run zhengji restore again."),
)
def restore_is_finished(seen: Condition) -> Off | None:
    return Off() if seen.restoring else None


@check(
    Severity.DANGER,
    what=Text(
        "数据库比见过的旧，或不是原来那一个：{reason}",
        "The database is older than one seen before, or another: {reason}",
    ),
    why=Text(
        "有人换回了旧数据库，或恢复了较早的备份；后来的留痕不在其中。系统拒绝启动。",
        "An older copy was put back, so later entries are not in it. Nothing is served.",
    ),
    mend=Text(
        "先查明原因。若是有意的：zhengji doctor --accept-older '原因'。",
        "Find out why first. If it is meant: zhengji doctor --accept-older 'REASON'.",
    ),
)
def database_is_the_one_seen(seen: Condition) -> Off | None:
    if not seen.lost:
        return None
    reason = Text("".join(one.why.zh for one in seen.lost), " ".join(one.why.en for one in seen.lost))
    return Off(reason=reason)


@check(
    Severity.DANGER,
    what=Text("数据表不是本版本的。", "The tables are not of this version."),
    why=Text("系统不能用它们运行，有些检查没有做。", "Nothing can be served from them, and some checks were not made."),
    mend=Text(
        "先备份，再运行 zhengji init（PostgreSQL 需设 ZHENGJI_OWNER_DATABASE_URL）。",
        "Back up, then run zhengji init (on PostgreSQL with ZHENGJI_OWNER_DATABASE_URL).",
    ),
)
def tables_are_of_this_version(seen: Condition) -> Off | None:
    return None if seen.current or seen.unopened else Off()


@check(
    Severity.DANGER,
    what=Text("缺少触发器或触发器被停用：{names}", "Triggers are missing or disabled: {names}"),
    why=Text("没有它们，留痕可以被修改或删除。", "Without them the trail can be changed or deleted."),
    mend=Text(
        "查明是谁停用的；运行 zhengji audit verify 核对留痕；从备份恢复，或由数据库所有者重新启用。",
        "Find out who did it, run zhengji audit verify, then restore a backup or have the owner enable them again.",
    ),
)
def triggers_stand(seen: Condition) -> Off | None:
    return Off(names=_some(seen.rows.unguarded)) if seen.rows.unguarded else None


@check(
    Severity.DANGER,
    what=Text("运行账号权限过大：{names}", "The program's own connection may do too much: {names}"),
    why=Text(
        "留痕靠“程序自己也不能改”来取信；有这些权限，程序（或攻破它的人）就能改写留痕。",
        "The trail is trusted because the program itself cannot change it; with these rights it, or whoever breaks into"
        " it, can.",
    ),
    mend=Text(
        "PostgreSQL：用两个账号，ZHENGJI_OWNER_DATABASE_URL 只给 zhengji init，ZHENGJI_DATABASE_URL 用不拥有任何表的账号。",
        "PostgreSQL: use two roles; ZHENGJI_OWNER_DATABASE_URL only for zhengji init, ZHENGJI_DATABASE_URL with a role that"
        " owns nothing.",
    ),
)
def program_may_not_change_the_trail(seen: Condition) -> Off | None:
    return Off(names=_some(seen.rows.allowed)) if seen.rows.allowed else None


@check(
    Severity.DANGER,
    what=Text("没有密钥，或密钥太短（{length} 位）。", "No secret key is set, or a short one ({length} characters)."),
    why=Text("会话可以被伪造，谁都能冒充别人登录。", "Sessions could be forged, and anybody sign in as anybody."),
    mend=Text(
        "把 ZHENGJI_SECRET_KEY 设为至少 {least} 位的随机字符。",
        "Set ZHENGJI_SECRET_KEY to at least {least} random characters.",
    ),
)
def secret_key_is_long(seen: Condition) -> Off | None:
    length = len(seen.settings.secret_key)
    short = length < SHORTEST and not (seen.settings.demo and not seen.settings.secret_key)
    return Off(length=length, least=SHORTEST) if short else None


@check(
    Severity.DANGER,
    what=Text("演示模式开着，而{reason}。", "Demo mode is on, and {reason}."),
    why=Text(
        "演示账号的密码是公开的，日期可以任意更改：谁都能进来。",
        "The demo's passwords are public and its date can be moved: anybody can come in.",
    ),
    mend=Text(
        "正式使用请去掉 ZHENGJI_DEMO，换一个新的 ZHENGJI_HOME 和数据库。",
        "For real use drop ZHENGJI_DEMO and take a new ZHENGJI_HOME and database.",
    ),
)
def demo_is_a_demo(seen: Condition) -> Off | None:
    if not seen.settings.demo:
        return None
    if seen.served_elsewhere:
        address = seen.settings.base_url
        return Off(reason=Text(f"别的机器能访问（{address}）", f"other machines reach it ({address})"))
    if seen.strangers:
        some = _some(seen.strangers)
        reason = Text(f"里面有不属于演示的账号：{some.zh}", f"accounts that are not the demo's are in it: {some.en}")
        return Off(reason=reason)
    return None


@check(
    Severity.DANGER,
    what=Text("这些账号还用着演示密码：{names}", "These accounts still have the demo's password: {names}"),
    why=Text("演示密码人人知道。", "Everybody knows the demo's password."),
    mend=Text(
        "由管理员重设密码，或停用这些账号。", "Have an administrator set new passwords, or disable the accounts."
    ),
)
def no_demo_passwords(seen: Condition) -> Off | None:
    if seen.settings.demo or not seen.demo_passwords:
        return None
    return Off(names=_some(seen.demo_passwords))


@check(
    Severity.DANGER,
    what=Text("数据库不保证已提交的内容：{names}", "The database does not keep what it said it had committed: {names}"),
    why=Text(
        "断电后，已告诉用户“办成了”的事可能消失；外键关闭时，留痕的链条也不再由数据库检查。",
        "After a power cut what users were told is done may be gone; with foreign keys off the chain is not checked.",
    ),
    mend=Text(
        "PostgreSQL：fsync、full_page_writes、synchronous_commit 设为 on。SQLite：检查是否有别的程序改了连接设置。",
        "PostgreSQL: set fsync, full_page_writes and synchronous_commit to on. SQLite: see what changes the connection.",
    ),
)
def committed_is_kept(seen: Condition) -> Off | None:
    found = [f"{name}={value}" for name, value in seen.rows.settings.items() if not _durable(name, value)]
    return Off(names=", ".join(found)) if found else None


def _durable(name: str, value: str) -> bool:
    good = {
        "foreign_keys": ("1",),
        "synchronous": ("2", "3"),
        "synchronous_commit": ("on", "remote_apply", "remote_write", "local"),
        "session_replication_role": ("origin",),
    }
    return value in good.get(name, ("on",))


@check(
    Severity.DANGER,
    what=Text("留痕的签名密钥不可用：{path} {reason}", "The trail's key cannot be used: {path} {reason}"),
    why=Text(
        "没有它就不再签发检查点，外人无法核对后来的留痕。",
        "Without it no checkpoints are signed, and outsiders cannot check later entries.",
    ),
    mend=Text(
        "把另外保存的密钥文件放回原处，权限 600；或用 ZHENGJI_AUDIT_KEY 指向它。",
        "Put the key's file back from where it is kept, with mode 600; or point ZHENGJI_AUDIT_KEY to it.",
    ),
)
def trail_key_is_usable(seen: Condition) -> Off | None:
    if seen.key.mode is None:
        missing = Text("不在", "is not there")
        return Off(path=seen.settings.audit_key, reason=missing) if seen.rows.signed else None
    return Off(path=seen.settings.audit_key, reason=seen.key.wrong) if seen.key.wrong else None


@check(
    Severity.DANGER,
    what=Text("别人能读留痕的签名密钥：{path}（{mode}）", "Others can read the trail's key: {path} ({mode})"),
    why=Text("谁读到它，谁就能伪造检查点。", "Whoever reads it can forge checkpoints."),
    mend=Text(
        "运行 chmod 600 {path}；若可能已被读走，请与各主管部门核对检查点。",
        "Run chmod 600 {path}; if it may have been read, compare checkpoints with the offices.",
    ),
)
def trail_key_is_ours_only(seen: Condition) -> Off | None:
    mode = seen.key.mode
    return Off(path=seen.settings.audit_key, mode=f"{mode:o}") if mode is not None and mode & 0o077 else None


@check(
    Severity.DANGER,
    what=Text("别人能进入数据文件夹：{path}（{mode}）", "Others may enter the folder of the data: {path} ({mode})"),
    why=Text(
        "这台机器上的其他用户能直接读数据库和材料：个人信息、还没有公布的结果。",
        "Other users of this machine can read the database and documents: personal data, results not yet announced.",
    ),
    mend=Text("运行 chmod 700 {path}。", "Run chmod 700 {path}."),
)
def home_is_ours_only(seen: Condition) -> Off | None:
    mode = seen.home_mode
    return Off(path=seen.settings.home, mode=f"{mode:o}") if mode & 0o077 else None


@check(
    Severity.DANGER,
    what=Text("材料库不能写入：{reason}", "Documents cannot be written: {reason}"),
    why=Text("上传、推送都会失败。", "Uploads and pushes will fail."),
    mend=Text(
        "检查 ZHENGJI_DOCUMENTS_URL 的位置、权限和空间。",
        "Look at the place, rights and room of ZHENGJI_DOCUMENTS_URL.",
    ),
)
def documents_can_be_written(seen: Condition) -> Off | None:
    return Off(reason=seen.unwritable) if seen.unwritable else None


@check(
    Severity.DANGER,
    what=Text("抽查的材料缺失或已损坏：{names}", "Documents looked at are missing or damaged: {names}"),
    why=Text("盖章件等原件读不出来了；可能还有别的。", "Originals cannot be read any more; there may be others."),
    mend=Text(
        "从备份里取回这些文件（同名），并检查磁盘。",
        "Fetch the files of these names from a backup, and look at the disk.",
    ),
)
def documents_read_back(seen: Condition) -> Off | None:
    return Off(names=_some(seen.bad)) if seen.bad else None


@check(
    Severity.DANGER,
    what=Text("磁盘只剩 {free} MB。", "The disk has {free} MB left."),
    why=Text("写满后，任何操作都办不成。", "When it is full, nothing can be done any more."),
    mend=Text("腾出空间，或把 ZHENGJI_HOME 移到大一些的磁盘。", "Make room, or move ZHENGJI_HOME to a larger disk."),
)
def disk_has_room(seen: Condition) -> Off | None:
    return Off(free=seen.free >> 20) if seen.free < LEAST_ROOM else None


@check(
    Severity.DANGER,
    what=Text(
        "电子印章的颁发机构或吊销名单读不出来：{wrong}",
        "The issuers of electronic seals, or what they revoked, cannot be read: {wrong}",
    ),
    why=Text(
        "没有一个电子印章能通过验证，已盖的也不能再往下办理。",
        "No electronic seal verifies, and cases sealed with one go no further.",
    ),
    mend=Text(
        "改正 ZHENGJI_SEAL_ROOTS（一个 PEM 文件，装着认可的根证书）和 ZHENGJI_SEAL_CRLS（吊销名单的文件或文件夹）。",
        "Mend ZHENGJI_SEAL_ROOTS, a PEM file of the root certificates that count, and ZHENGJI_SEAL_CRLS, a file or folder"
        " of revocation lists.",
    ),
)
def seal_issuers_can_be_read(seen: Condition) -> Off | None:
    return Off(wrong=seen.issuers.wrong) if seen.issuers.wrong else None


@check(
    Severity.DANGER,
    what=Text("没有在用的管理员。", "There is no active administrator."),
    why=Text("账号和单位都没有人能管，被盗的账号也停用不了。", "Nobody can keep accounts, nor disable a stolen one."),
    mend=Text(
        "运行 zhengji user add 登录名 --name 姓名 --role administrator。",
        "Run zhengji user add LOGIN --name NAME --role administrator.",
    ),
)
def somebody_administers(seen: Condition) -> Off | None:
    return None if seen.rows.administrators else Off()


@check(
    Severity.DANGER,
    what=Text(
        "网站地址是 {address}，登录会话却可能经明文传送。",
        "The address is {address}, and sessions may go in the clear.",
    ),
    why=Text(
        "路上的人能看到密码和会话，冒充登录的人。",
        "Whoever listens sees passwords and sessions, and can act as others.",
    ),
    mend=Text(
        "网站放在 TLS 之后，ZHENGJI_BASE_URL 用 https://，并设 ZHENGJI_SECURE_COOKIES=1。",
        "Serve behind TLS, with https:// in ZHENGJI_BASE_URL, and set ZHENGJI_SECURE_COOKIES=1.",
    ),
)
def sessions_travel_encrypted(seen: Condition) -> Off | None:
    https = seen.settings.base_url.startswith("https://")
    exposed = (https and not seen.settings.secure_cookies) or (not https and seen.served_elsewhere)
    return Off(address=seen.settings.base_url) if exposed else None


@check(
    Severity.WARNING,
    what=Text(
        "{count} 条留痕超过 {minutes} 分钟没有签入检查点。",
        "{count} entries wait for a checkpoint for over {minutes} minutes.",
    ),
    why=Text(
        "没有签入检查点的留痕，外人还不能核对；数据库若被换回，也看不出来。",
        "Outsiders cannot check them yet, and an older database put back would not be noticed.",
    ),
    mend=Text(
        "确认网站（SQLite）或 zhengji worker（PostgreSQL）在运行，并看它的日志。",
        "See that the site (SQLite) or zhengji worker (PostgreSQL) runs, and look at its log.",
    ),
)
def entries_are_signed_soon(seen: Condition) -> Off | None:
    since = seen.rows.unsigned_at
    if seen.settings.demo or since is None or seen.at - since <= SIGNED_WITHIN:
        return None
    return Off(count=seen.rows.unsigned, minutes=SIGNED_WITHIN.seconds // 60)


@check(
    Severity.WARNING,
    what=Text(
        "排队的后台任务已有 {minutes} 分钟没有人办（正在运行的后台进程：{workers} 个）。",
        "Background work has been due for {minutes} minutes and nobody has begun it (workers alive: {workers}).",
    ),
    why=Text(
        "邮件不寄，推送不走，提醒不发。",
        "Mails do not leave, pushes do not go out, reminders are not sent.",
    ),
    mend=Text(
        "确认网站（SQLite）或 zhengji worker（PostgreSQL）在运行；在运行而忙不过来，就再加一个后台进程。",
        "See that the site (SQLite) or zhengji worker (PostgreSQL) runs; where it runs and cannot keep up, start another worker.",
    ),
)
def work_is_begun_soon(seen: Condition) -> Off | None:
    since = seen.rows.due_since
    if seen.settings.demo or since is None or seen.at - since <= BEGUN_WITHIN:
        return None
    return Off(minutes=int((seen.at - since).total_seconds() // 60), workers=seen.rows.workers)


@check(
    Severity.WARNING,
    what=Text(
        "有 {count} 项后台任务没有办成，还没有人处理。",
        "{count} pieces of background work were given up and nobody has looked after them.",
    ),
    why=Text("它们不会再自己重试。", "They are not tried again by themselves."),
    mend=Text(
        "管理员登录后打开“后台任务”，看原因，重试，或写明理由后不再办理。",
        "Sign in as an administrator, open “Background work”, read why, and retry or dismiss each with a reason.",
    ),
)
def nothing_is_given_up(seen: Condition) -> Off | None:
    return Off(count=seen.rows.given_up) if seen.rows.given_up and not seen.settings.demo else None


@check(
    Severity.WARNING,
    what=Text("{when}。", "{when}."),
    why=Text("磁盘坏了，就只剩那时的数据。", "If the disk fails, that is all there will be."),
    mend=Text(
        "每天定时运行 zhengji backup，并把结果放到另一台机器。",
        "Run zhengji backup every day, and keep backups on another machine.",
    ),
)
def backed_up_lately(seen: Condition) -> Off | None:
    last = seen.rows.backed_up_at
    if seen.settings.demo or (last and seen.at - last <= BACKED_UP_WITHIN):
        return None
    if last is None:
        return Off(when=Text("还没有备份过", "Nothing was ever backed up"))
    days = (seen.at - last).days
    return Off(when=Text(f"已经 {days} 天没有备份", f"The last backup is {days} days old"))


@check(
    Severity.WARNING,
    what=Text("签名密钥和数据放在同一个文件夹：{path}", "The trail's key lies in the same folder as the data: {path}"),
    why=Text(
        "谁复制这个文件夹，谁就同时拿到数据和伪造检查点的密钥。",
        "Whoever copies the folder has both the data and the key to forge checkpoints.",
    ),
    mend=Text(
        "把它移到别处（权限 600），用 ZHENGJI_AUDIT_KEY 指向它，并另外保存一份。",
        "Move it elsewhere (mode 600), point ZHENGJI_AUDIT_KEY to it, and keep a copy apart.",
    ),
)
def trail_key_lies_apart(seen: Condition) -> Off | None:
    path = Path(seen.settings.audit_key).absolute()
    folders = [seen.settings.home, Path(seen.settings.backups), *_folder_of(seen.settings.documents_url)]
    if seen.settings.demo or seen.key.mode is None or not any(path.is_relative_to(one.absolute()) for one in folders):
        return None
    return Off(path=path)


def _folder_of(url: str) -> Iterator[Path]:
    if url.startswith("file:"):
        yield Path(unquote(urlparse(url).path))


@check(
    Severity.WARNING,
    what=Text("没有登记谁可以颁发电子印章的证书。", "It is not set who may issue certificates for electronic seals."),
    why=Text(
        "网站收电子印章，而谁都可以自己做一张写着任何单位名称的证书：有这个名称就算盖了章。",
        "The site takes electronic seals, and anybody can make a certificate with any unit's name: bearing that name, it seals.",
    ),
    mend=Text(
        "把认可的根证书放进一个 PEM 文件，用 ZHENGJI_SEAL_ROOTS 指向它。",
        "Put the root certificates that count into a PEM file, and point ZHENGJI_SEAL_ROOTS to it.",
    ),
)
def seal_issuers_are_named(seen: Condition) -> Off | None:
    return None if seen.issuers.named or seen.settings.demo else Off()


@check(
    Severity.WARNING,
    what=Text("电子印章的吊销名单过期了：{names}", "Revocation lists for electronic seals are out of date: {names}"),
    why=Text(
        "此后吊销的证书，仍会被当作有效。",
        "Certificates that were revoked since still count.",
    ),
    mend=Text(
        "从颁发机构取得新的吊销名单，放到 ZHENGJI_SEAL_CRLS 处；最好每天自动更新。",
        "Fetch the issuers' newest lists to where ZHENGJI_SEAL_CRLS points; best do so by itself, each day.",
    ),
)
def seal_lists_are_of_today(seen: Condition) -> Off | None:
    return Off(names=_some(seen.issuers.outdated)) if seen.issuers.outdated else None


@check(
    Severity.WARNING,
    what=Text("管理员不必用第二个因素登录。", "Administrators need no second factor to sign in."),
    why=Text(
        "管理员的密码一旦泄露，所有账号都危险。", "Should an administrator's password leak, every account is in danger."
    ),
    mend=Text(
        "设 ZHENGJI_REQUIRE_SECOND_FACTOR=administrator（可加其他职责）。",
        "Set ZHENGJI_REQUIRE_SECOND_FACTOR=administrator, with other roles if you like.",
    ),
)
def administrators_have_a_second_factor(seen: Condition) -> Off | None:
    asked = seen.settings.demo or str(Role.ADMINISTRATOR) in seen.settings.second_factor
    return None if asked else Off()


@check(
    Severity.WARNING,
    what=Text(
        "这些账号兼任管理员或审计员与其他职责：{names}",
        "These accounts are administrator or auditor beside something else: {names}",
    ),
    why=Text(
        "管账号的人能替自己开门，监督的人在监督自己。",
        "Who keeps the accounts can open doors for themselves, and who supervises would supervise themselves.",
    ),
    mend=Text(
        "由另一位管理员收回其中一种职责，或为这项工作另设账号。",
        "Have another administrator take one of the roles away, or make a second account for it.",
    ),
)
def roles_are_apart(seen: Condition) -> Off | None:
    names = seen.rows.mixed
    return Off(names=_some(names)) if names else None


@check(
    Severity.WARNING,
    what=Text("时钟不准：{reason}", "A clock is wrong: {reason}"),
    why=Text("截止时间按时钟判断，留痕也按它记时间。", "Deadlines are judged by it, and entries are dated by it."),
    mend=Text(
        "让每台机器与时间服务器同步（chrony、systemd-timesyncd）。",
        "Have every machine follow a time server (chrony, systemd-timesyncd).",
    ),
)
def clocks_agree(seen: Condition) -> Off | None:
    apart = abs((seen.rows.clock - seen.at).total_seconds())
    if apart > CLOCKS_WITHIN.total_seconds():
        return Off(
            reason=Text(f"与数据库相差 {apart:.0f} 秒", f"it differs from the database's by {apart:.0f} seconds")
        )
    newest = seen.rows.newest
    if newest is not None and newest - seen.at > CLOCKS_WITHIN and not seen.settings.demo:
        return Off(
            reason=Text(
                f"最后一条留痕的时间（{newest:%Y-%m-%d %H:%M} UTC）还没有到",
                f"the last entry is of {newest:%Y-%m-%d %H:%M} UTC, which is yet to come",
            )
        )
    return None


@check(
    Severity.WARNING,
    what=Text("磁盘快满了，还剩 {share}%。", "The disk is nearly full: {share}% are left."),
    why=Text("写满后，任何操作都办不成。", "When it is full, nothing can be done any more."),
    mend=Text(
        "腾出空间，用 zhengji backup prune 删去旧备份，或换大一些的磁盘。",
        "Make room, drop old backups (zhengji backup prune), or take a larger disk.",
    ),
)
def disk_is_not_nearly_full(seen: Condition) -> Off | None:
    share = seen.free / seen.total
    return Off(share=int(share * 100)) if share < SMALL_SHARE and seen.free >= LEAST_ROOM else None


@check(
    Severity.WARNING,
    what=Text(
        "网站地址没有设置，邮件里的链接只在本机打得开。",
        "The address is not set, so links in mails open on this machine only.",
    ),
    why=Text(
        "收件人打不开链接；网站也会在任何名字下应答。",
        "Recipients cannot follow them, and the site answers under any name.",
    ),
    mend=Text("把 ZHENGJI_BASE_URL 设为用户用的地址。", "Set ZHENGJI_BASE_URL to the address that people use."),
)
def address_is_set(seen: Condition) -> Off | None:
    return Off() if seen.settings.base_url == BASE_URL and not seen.settings.demo else None


@check(
    Severity.WARNING,
    what=Text(
        "网站在代理之后，却没有设 ZHENGJI_PROXIES。", "The site stands behind a proxy, and ZHENGJI_PROXIES is not set."
    ),
    why=Text(
        "所有人看起来都来自代理的地址：一人多次输错密码，别人也要等；登录记录里分不清是谁的电脑。",
        "All visitors seem to come from the proxy: one who mistypes makes others wait, and sign-ins cannot be told apart.",
    ),
    mend=Text(
        "设 ZHENGJI_PROXIES=1（前面有几层代理就填几），并让代理设置 X-Forwarded-For。",
        "Set ZHENGJI_PROXIES=1 (as many as stand in front), and have them set X-Forwarded-For.",
    ),
)
def visitors_are_told_apart(seen: Condition) -> Off | None:
    behind_tls = seen.settings.base_url.startswith("https://") and not seen.settings.demo
    return Off() if behind_tls and not seen.settings.proxies else None


@check(
    Severity.WARNING,
    what=Text("备份和数据在同一块磁盘上：{path}", "Backups lie on the same disk as the data: {path}"),
    why=Text("磁盘坏了，两样一起丢。", "If it fails, both are lost."),
    mend=Text(
        "用 ZHENGJI_BACKUPS 或 --to 放到另一块磁盘，再复制到另一台机器。",
        "Name another disk by ZHENGJI_BACKUPS or --to, and copy backups to another machine.",
    ),
)
def backups_lie_elsewhere(seen: Condition) -> Off | None:
    return Off(path=seen.settings.backups) if seen.same_disk and not seen.settings.demo else None


@check(
    Severity.ADVICE,
    what=Text("没有另存的检查点。", "No checkpoint is kept elsewhere."),
    why=Text(
        "只有本机记得最后的检查点；连同它一起换回旧数据，就看不出来。",
        "Only this machine remembers the last checkpoint; were it put back with an older database, nobody would notice.",
    ),
    mend=Text(
        "定时把 {path} 复制到别人管的机器，再用 ZHENGJI_ANCHOR 指向那一份。",
        "Copy {path} regularly to a machine that somebody else keeps, and point ZHENGJI_ANCHOR to that copy.",
    ),
)
def checkpoint_is_kept_elsewhere(seen: Condition) -> Off | None:
    anchor = seen.settings.anchor
    if seen.settings.demo or (anchor and Path(anchor).is_file()):
        return None
    return Off(path=seen.settings.home / "last_checkpoint")


@check(
    Severity.ADVICE,
    what=Text("邮件发不出去：没有设 {name}。", "No mail can be sent: {name} is not set."),
    why=Text(
        "报送邮件要人下载后自己发，重设密码的链接也送不到。",
        "Batches are sent by hand, and links for new passwords reach nobody.",
    ),
    mend=Text("设 ZHENGJI_SMTP_URL 和 ZHENGJI_MAIL_FROM。", "Set ZHENGJI_SMTP_URL and ZHENGJI_MAIL_FROM."),
)
def mail_can_be_sent(seen: Condition) -> Off | None:
    if seen.settings.smtp_url and seen.settings.mail_from:
        return None
    return Off(name="ZHENGJI_MAIL_FROM" if seen.settings.smtp_url else "ZHENGJI_SMTP_URL")


@check(
    Severity.ADVICE,
    what=Text("没有电子印章的吊销名单。", "There is no revocation list for electronic seals."),
    why=Text(
        "证书丢失或被盗后即使已被吊销，用它盖的章仍会被采信。",
        "A seal made with a certificate that was lost or stolen counts even after the certificate was revoked.",
    ),
    mend=Text(
        "定时从颁发机构取得吊销名单（CRL），用 ZHENGJI_SEAL_CRLS 指向它所在的文件或文件夹。",
        "Fetch the issuers' revocation lists (CRL) regularly, and point ZHENGJI_SEAL_CRLS to their file or folder.",
    ),
)
def seal_revocations_are_known(seen: Condition) -> Off | None:
    known = not seen.issuers.named or seen.issuers.listed or seen.issuers.wrong
    return None if known or seen.settings.demo else Off()


@check(
    Severity.ADVICE,
    what=Text("只有一个管理员：{name}。", "There is one administrator only: {name}."),
    why=Text(
        "这个人不在，或账号出了问题，就没有人能管。",
        "When that person is away, or the account is lost, nobody can keep accounts.",
    ),
    mend=Text("再给一个人管理员职责。", "Give the role to a second person."),
)
def two_people_administer(seen: Condition) -> Off | None:
    found = seen.rows.administrators
    return Off(name=found[0]) if len(found) == 1 else None


@check(
    Severity.ADVICE,
    what=Text("这些主管部门没有审核人：{names}", "These offices have no reviewer: {names}"),
    why=Text("它们的中心报上去的案例没有人审核。", "What their centres send is reviewed by nobody."),
    mend=Text("由管理员给有关人员审核人职责。", "Have an administrator give somebody there the role."),
)
def offices_have_a_reviewer(seen: Condition) -> Off | None:
    names = seen.rows.without[Role.REVIEWER]
    return Off(names=_some(names)) if names else None


@check(
    Severity.ADVICE,
    what=Text("这些主管部门没有负责人：{names}", "These offices have no leader: {names}"),
    why=Text("没有人能为它们的汇总表盖章报送。", "Nobody can seal and send their batches."),
    mend=Text("由管理员给有关人员负责人职责。", "Have an administrator give somebody there the role."),
)
def offices_have_a_leader(seen: Condition) -> Off | None:
    names = seen.rows.without[Role.LEADER]
    return Off(names=_some(names)) if names else None


@check(
    Severity.ADVICE,
    what=Text("没有安装 LibreOffice。", "LibreOffice is not installed."),
    why=Text(".doc、.wps、.xls 等旧格式读不了。", "Old formats such as .doc, .wps and .xls cannot be read."),
    mend=Text(
        "安装 LibreOffice（Debian：apt-get install libreoffice-writer libreoffice-calc）。",
        "Install LibreOffice (Debian: apt-get install libreoffice-writer libreoffice-calc).",
    ),
)
def old_formats_can_be_read(seen: Condition) -> Off | None:
    return None if seen.office else Off()


@check(
    Severity.ADVICE,
    what=Text("没有中文字体。", "There is no Chinese font."),
    why=Text(
        "回执等 PDF 做不出来，材料的页面图也会缺字。",
        "Receipts cannot be made as PDF, and pictures of pages lack characters.",
    ),
    mend=Text(
        "安装 Noto CJK 字体（Debian：apt-get install fonts-noto-cjk）。",
        "Install the Noto CJK fonts (Debian: apt-get install fonts-noto-cjk).",
    ),
)
def chinese_can_be_set(seen: Condition) -> Off | None:
    return None if seen.face else Off()
