"""Lists that people upload: rehearsed first, so that what would change is seen, then taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from rules.words import Labelled, Text
from states.reach import Actor
from workflow import register
from workflow.finding import priors
from workflow.identity import accounts
from workflow.identity.accounts import Invitation
from workflow.register import Imported
from workflow.settings import Settings
from workflow.store import priors as stored_priors
from workflow.store.database import Database


class Kind(Labelled):
    OFFICES = "offices", "主管部门", "Offices"
    CENTRES = "centres", "中心", "Centres"
    PRIORS = "priors", "以往报送案例", "Earlier reports"
    PEOPLE = "people", "人员账号", "Accounts"


@dataclass(frozen=True)
class Change:
    """One line that is new (`before` empty) or differs: field → value."""

    name: str
    before: Mapping[str, str]
    after: Mapping[str, str]

    @property
    def new(self) -> bool:
        return not self.before

    @property
    def differs(self) -> dict[str, tuple[str, str]]:
        """Field → what it says now and would say, of those that change."""
        return {
            name: (self.before.get(name, ""), value)
            for name, value in self.after.items()
            if self.before.get(name, "") != value
        }


@dataclass(frozen=True)
class Rehearsed:
    """What a list would come to."""

    imported: Imported
    changes: tuple[Change, ...]


def take(
    session: Session,
    settings: Settings,
    kind: Kind,
    name: str,
    data: bytes,
    *,
    office: int | None,
    actor: Actor,
    at: datetime,
    clock: datetime,
) -> tuple[Imported, tuple[Invitation, ...]]:
    """Take a list in; gives what came of it, and who is invited. `office`: whose earlier reports they are; `clock`: the true time.

    Raises NotPermitted, WrongList.
    """
    if kind is Kind.PEOPLE:
        return accounts.take(session, settings, name, data, actor=actor, at=at, clock=clock)
    return _rows(session, kind, name, data, office, actor, at), ()


def _rows(
    session: Session, kind: Kind, name: str, data: bytes, office: int | None, actor: Actor, at: datetime
) -> Imported:
    if kind is Kind.OFFICES:
        return register.import_offices(session, name, data, actor=actor, at=at)
    if kind is Kind.CENTRES:
        return register.import_centres(session, name, data, actor=actor, at=at)
    return priors.import_list(session, name, data, office=office, actor=actor, at=at)


class _TakenBack(Exception):
    """Ends a rehearsal: nothing of it is kept."""


def rehearse(
    database: Database,
    settings: Settings,
    kind: Kind,
    name: str,
    data: bytes,
    *,
    office: int | None,
    actor: Actor,
    at: datetime,
) -> Rehearsed:
    """What taking a list in would change, with nothing kept. Raises NotPermitted, WrongList."""
    found: list[Rehearsed] = []
    try:
        with database.transaction() as session:
            before = _SNAPSHOTS[kind](session, office)
            imported, _ = take(session, settings, kind, name, data, office=office, actor=actor, at=at, clock=at)
            session.expire_all()
            after = _SNAPSHOTS[kind](session, office)
            changes = (Change(key, before.get(key, {}), row) for key, row in after.items() if before.get(key) != row)
            found.append(Rehearsed(imported, tuple(changes)))
            raise _TakenBack
    except _TakenBack:
        return found[0]


Snapshot = dict[str, dict[str, str]]


def _offices(session: Session, _office: int | None) -> Snapshot:
    fields = ("code", "region", "addressee", "ip_office", "seal_name", "name_verified", "email")
    return {one.code: {name: getattr(one, name) for name in fields} for one in register.offices(session)}


def _centres(session: Session, _office: int | None) -> Snapshot:
    return {
        one.name: {
            "name": one.name,
            "host_unit": one.host_unit,
            "kind": register.KINDS[one.kind].zh,
            "preparing": "筹建" if one.preparing else "",
            "office": one.office.addressee,
        }
        for one in register.centres(session)
    }


def _priors(session: Session, office: int | None) -> Snapshot:
    return {
        one.number: {
            "number": one.number,
            "title": one.title,
            "centre": one.centre_name,
            "recipient": one.recipient,
            "text": f"{len(one.text)} 字" if one.text else "",
            "reported_on": one.reported_on.isoformat() if one.reported_on else "",
        }
        for one in stored_priors.newest(session, office, None, 100_000)
    }


def _people(session: Session, _office: int | None) -> Snapshot:
    return dict(accounts.snapshot(session))


_SNAPSHOTS: Mapping[Kind, Callable[[Session, int | None], Snapshot]] = {
    Kind.OFFICES: _offices,
    Kind.CENTRES: _centres,
    Kind.PRIORS: _priors,
    Kind.PEOPLE: _people,
}

FIELDS: Mapping[str, Text] = {
    "code": Text("代码", "Code"),
    "region": Text("地区", "Region"),
    "addressee": Text("主送名称", "Addressee"),
    "ip_office": Text("知识产权局", "IP office"),
    "seal_name": Text("印章名称", "Name in the seal"),
    "name_verified": Text("名称核实", "Verified"),
    "email": Text("邮箱", "E-mail"),
    "name": Text("中心名称", "Name"),
    "host_unit": Text("所在单位", "Host unit"),
    "kind": Text("类型", "Kind"),
    "preparing": Text("筹建", "Being set up"),
    "office": Text("主管部门", "Office"),
    "number": Text("编号", "Number"),
    "title": Text("案例名称", "Title"),
    "centre": Text("机构名称", "Centre"),
    "recipient": Text("服务对象", "Served party"),
    "text": Text("正文", "Text"),
    "reported_on": Text("报送日期", "Reported on"),
    "login": Text("登录名", "Login"),
    "person": Text("姓名", "Name"),
    "roles": Text("职责", "Roles"),
}
"""What the columns of the lists are called on screen."""

LOST = Text("找不到刚才预览的名单，请重新上传。", "The list that was shown is not there any more; upload it again.")
