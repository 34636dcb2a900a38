"""The register of offices and centres: what is shipped, and lists that an administrator imports."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import dropwhile
from pathlib import Path

from sqlalchemy.orm import Session

from rules.roles import Role
from rules.scope import CENTRE_KINDS
from rules.words import Text
from states.reach import Actor
from workflow.documents.grids import grids
from workflow.documents.limits import LIMITS, SHEET_COLUMNS, SHEET_ROWS
from workflow.documents.problems import Unreadable
from workflow.engine import NotPermitted, WrongInput
from workflow.store import register as stored
from workflow.store.models import Centre, Office

REFERENCE = Path(__file__).parent / "reference"


class WrongList(WrongInput):
    """A list that cannot be read as one of offices or centres (422)."""


@dataclass(frozen=True)
class Problem:
    """One line of a list that was not taken, and why. `line`: as the spreadsheet counts, the header being 1."""

    line: int
    text: Text


@dataclass(frozen=True)
class Imported:
    """What came of a list: how many are new, how many changed, how many stood there already, and what was not taken."""

    added: int
    changed: int
    same: int
    problems: tuple[Problem, ...]


_OFFICE_COLUMNS = {
    "code": ("code", "代码", "编码"),
    "region": ("region", "地区", "省份", "行政区"),
    "addressee": ("addressee", "主送", "收文单位", "省级主管部门"),
    "ip_office": ("ip_office", "知识产权局", "机构名称"),
    "seal_name": ("seal_name", "印章名称", "公章名称"),
    "name_verified": ("name_verified", "名称已核实"),
    "email": ("email", "邮箱"),
}
_CENTRE_COLUMNS = {
    "name": ("name", "中心名称", "机构名称", "institution"),
    "host_unit": ("host_unit", "所在单位", "依托单位"),
    "kind": ("kind", "机构类型", "类型"),
    "region": ("region", "省份", "地区"),
    "office": ("office", "省级主管部门", "主管部门"),
}


def shipped_offices() -> list[dict[str, str]]:
    """The 32 offices, as far as public pages name them."""
    return rows_of("offices.csv", (REFERENCE / "offices.csv").read_bytes())


def shipped_centres() -> list[dict[str, str]]:
    """Centres found on public pages; the full lists are the administrator's to import."""
    return rows_of("centres.csv", (REFERENCE / "centres.csv").read_bytes())


def import_offices(session: Session, name: str, data: bytes, *, actor: Actor, at: datetime) -> Imported:
    """Take in a list of offices (.csv or .xlsx); a code that is there already is brought up to date.

    Raises NotPermitted, WrongList.
    """
    _administrator(actor)
    return put_offices(session, rows_of(name, data), actor=actor, at=at)


def put_offices(session: Session, rows: Sequence[Mapping[str, str]], *, actor: Actor, at: datetime) -> Imported:
    """Offices from rows with the columns code, region, addressee, ip_office (seal_name, name_verified, email)."""
    found = list(named(rows, _OFFICE_COLUMNS, ("code", "region", "addressee")))
    good: list[dict[str, str]] = []
    problems: list[Problem] = []
    for line, row in found:
        missing = [name for name in ("code", "region", "addressee") if not row.get(name)]
        if missing:
            problems.append(Problem(line, lacking(missing, _OFFICE_COLUMNS)))
        else:
            good.append({**row, "ip_office": row.get("ip_office") or row["addressee"]})
    added, changed, same = stored.put_offices(session, good)
    stored.note(session, "register.offices", {"added": added, "changed": changed, "refused": len(problems)}, actor, at)
    return Imported(added, changed, same, tuple(problems))


def import_centres(session: Session, name: str, data: bytes, *, actor: Actor, at: datetime) -> Imported:
    """Take in a list of centres (.csv or .xlsx); a name that is there already is brought up to date.

    Raises NotPermitted, WrongList.
    """
    _administrator(actor)
    return put_centres(session, rows_of(name, data), actor=actor, at=at)


def put_centres(session: Session, rows: Sequence[Mapping[str, str]], *, actor: Actor, at: datetime) -> Imported:
    """Centres from rows with the columns name (or institution), kind, and region or office."""
    offices = stored.offices(session)
    good: list[dict[str, object]] = []
    problems: list[Problem] = []
    for line, row in named(rows, _CENTRE_COLUMNS, ("name",)):
        office = _office_of(row, offices)
        kind, preparing = _kind(row.get("kind", ""))
        if not row.get("name"):
            problems.append(Problem(line, lacking(["name"], _CENTRE_COLUMNS)))
        elif office is None:
            where = row.get("office") or row.get("region") or ""
            problems.append(
                Problem(
                    line,
                    Text(
                        f"“{row['name']}”的主管部门“{where}”不在登记中，或该地区有多个主管部门，请写明主管部门全称。",
                        f"“{row['name']}”: the office “{where}” is not registered, or its region has several; name it in full.",
                    ),
                )
            )
        elif not kind:
            problems.append(
                Problem(
                    line,
                    Text(
                        f"“{row['name']}”的类型“{row.get('kind', '')}”不认识；请写“TISC”“高校”或“TISC 兼高校”。",
                        f"“{row['name']}”: unknown kind “{row.get('kind', '')}”; write TISC, university or both.",
                    ),
                )
            )
        else:
            good.append(
                {
                    "name": row["name"],
                    "host_unit": row.get("host_unit") or row["name"],
                    "kind": kind,
                    "preparing": preparing,
                    "office_id": office.id,
                }
            )
    added, changed, same = stored.put_centres(session, good)
    stored.note(session, "register.centres", {"added": added, "changed": changed, "refused": len(problems)}, actor, at)
    return Imported(added, changed, same, tuple(problems))


def _office_of(row: Mapping[str, str], offices: Sequence[Office]) -> Office | None:
    """The office a centre belongs to: by its name, else by a region that has just one."""
    named = row.get("office", "")
    if named:
        return next((one for one in offices if named in (one.addressee, one.ip_office, one.code)), None)
    region = row.get("region", "")
    here = [one for one in offices if region and (one.region == region or one.region.startswith(region))]
    return here[0] if len(here) == 1 else None


def _kind(written: str) -> tuple[str, bool]:
    plain = written.lower()
    tisc = "tisc" in plain or "技术与创新支持" in written
    university = "universit" in plain or "高校" in written
    preparing = "筹建" in written
    if "both" in plain or (tisc and university):
        return "both", preparing
    if tisc:
        return "tisc", preparing
    return ("university", preparing) if university else ("other" if "其他" in written else "", preparing)


def rows_of(name: str, data: bytes) -> list[dict[str, str]]:
    """The lines of a list (.csv, .xlsx, .xls, .ods) under the names of its first line. Raises WrongList."""
    ending = name.rpartition(".")[2].lower()
    if ending == "csv":
        return [dict(row) for row in csv.DictReader(io.StringIO(_decoded(data)))]
    if ending in LIMITS["list"].endings:
        return _sheet(name, data)
    raise WrongList(
        Text(f"“{name}”不是名单：请上传 .csv 或 .xlsx 文件。", f"“{name}” is no list: upload a .csv or .xlsx file.")
    )


def _decoded(data: bytes) -> str:
    """UTF-8, or what Excel writes on a Chinese machine."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise WrongList(
        Text("名单的文字编码不认识，请另存为 UTF-8 的 CSV。", "Unknown text encoding; save the list as UTF-8.")
    )


def _sheet(name: str, data: bytes) -> list[dict[str, str]]:
    try:
        [sheet] = grids(data, name, rows=SHEET_ROWS, columns=SHEET_COLUMNS, sheets=1)
    except (Unreadable, ValueError) as problem:
        raise WrongList(
            Text(
                f"“{name}”打不开，可能已损坏。请用 Excel 另存后再试。",
                f"“{name}” cannot be opened; save it again from Excel.",
            )
        ) from problem
    cells = list(dropwhile(lambda row: all(cell == "" for cell in row), sheet.rows))
    header = [str(cell).strip() for cell in cells[0]] if cells else []
    return [dict(zip(header, (str(cell).strip() for cell in row), strict=False)) for row in cells[1:]]


def named(
    rows: Sequence[Mapping[str, str]], columns: Mapping[str, tuple[str, ...]], needed: tuple[str, ...]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows under our own names of the columns, with their line in the sheet. Raises WrongList."""
    heads = {head.strip(): head for head in (rows[0] if rows else {}) if head}
    known = {ours: heads[one] for ours, names in columns.items() for one in names if one in heads}
    missing = [name for name in needed if name not in known]
    if missing:
        raise WrongList(_no_columns(missing, columns))
    for line, row in enumerate(rows, 2):
        yield line, {ours: (row.get(theirs) or "").strip() for ours, theirs in known.items()}


def _no_columns(names: Sequence[str], columns: Mapping[str, tuple[str, ...]]) -> Text:
    zh = "、".join(columns[name][1] for name in names)
    return Text(
        f"名单第一行应是列名，现在缺少：{zh}。请核对是不是这种名单，补上后再传。",
        f"The first line must name the columns and lacks: {', '.join(names)}. See whether it is this kind of list, "
        "add them and upload it again.",
    )


def lacking(names: Sequence[str], columns: Mapping[str, tuple[str, ...]]) -> Text:
    """The sentence for values that are not there. In Chinese a column is called by its second name."""
    zh = "、".join(columns[name][1] for name in names)
    return Text(f"缺少：{zh}。", f"Missing: {', '.join(names)}.")


def _administrator(actor: Actor) -> None:
    if Role.ADMINISTRATOR not in actor.roles:
        raise NotPermitted(
            Text("登记由管理员维护，您没有这个职责。", "The register is the administrator's to keep; you are none.")
        )


# ---- looking and changing --------------------------------------------------------------------------------------------


def offices(session: Session) -> list[Office]:
    return stored.offices(session)


def office(session: Session, office_id: int) -> Office | None:
    return session.get(Office, office_id)


def centres(session: Session, office_id: int | None = None) -> list[Centre]:
    return stored.centres(session, office_id)


def centre(session: Session, centre_id: int) -> Centre | None:
    return session.get(Centre, centre_id)


def change_office(session: Session, office_id: int, fields: Mapping[str, str], *, actor: Actor, at: datetime) -> None:
    """Correct an office: addressee, ip_office, seal_name, name_verified, email. By the administrator."""
    _administrator(actor)
    allowed = _something(_fitting(fields, _EDITABLE_OFFICE, ("addressee", "ip_office")))
    _not_taken("addressee", allowed, [one for one in stored.offices(session) if one.id != office_id])
    stored.change_office(session, office_id, allowed)
    stored.note(session, "register.change_office", {"office": office_id, **allowed}, actor, at)


def change_centre(session: Session, centre_id: int, fields: Mapping[str, str], *, actor: Actor, at: datetime) -> None:
    """Correct a centre: name, host_unit, kind, name_verified. By the administrator."""
    _administrator(actor)
    allowed = _something(_fitting(fields, _EDITABLE_CENTRE, ("name", "host_unit")))
    _not_taken("name", allowed, [one for one in stored.centres(session) if one.id != centre_id])
    stored.change_centre(session, centre_id, allowed)
    stored.note(session, "register.change_centre", {"centre": centre_id, **allowed}, actor, at)


def _something(allowed: dict[str, str]) -> dict[str, str]:
    """Raise WrongEntry where a form brought nothing to change."""
    if not allowed:
        raise WrongEntry(Text("没有写要改什么，登记没有变动。", "It does not say what to change; nothing was changed."))
    return allowed


_EDITABLE_OFFICE = {"addressee": 120, "ip_office": 160, "seal_name": 160, "name_verified": 10, "email": 200}
_EDITABLE_CENTRE = {"name": 160, "host_unit": 160, "kind": 12, "name_verified": 10}
"""Field → characters that the register holds of it."""

_LABELS = {
    "addressee": Text("主送名称", "addressee"),
    "ip_office": Text("知识产权局名称", "IP office"),
    "seal_name": Text("印章名称", "name in the seal"),
    "email": Text("邮箱", "e-mail"),
    "name": Text("中心名称", "name of the centre"),
    "host_unit": Text("所在单位", "host unit"),
}


class WrongEntry(WrongInput):
    """What was written about an office or centre cannot be: an empty, too long or taken name (422)."""


def _fitting(fields: Mapping[str, str], limits: Mapping[str, int], needed: tuple[str, ...]) -> dict[str, str]:
    """The fields that may be changed, as they are kept. Raises WrongEntry."""
    allowed = {name: " ".join(value.split()) for name, value in fields.items() if name in limits}
    for name, value in allowed.items():
        label = _LABELS.get(name, Text(name, name))
        if name in needed and not value:
            raise WrongEntry(Text(f"请填写{label.zh}。", f"Fill in the {label.en}."))
        if len(value) > limits[name]:
            raise WrongEntry(
                Text(
                    f"{label.zh}太长：最多 {limits[name]} 个字，现在是 {len(value)} 个。",
                    f"The {label.en} is too long: at most {limits[name]} characters; there are {len(value)}.",
                )
            )
    if allowed.get("name_verified", "yes") not in VERIFIED or allowed.get("kind", "other") not in KINDS:
        raise WrongEntry(Text("请从列表中选择。", "Choose from the list."))
    return allowed


def _not_taken(name: str, allowed: Mapping[str, str], others: Sequence[Office] | Sequence[Centre]) -> None:
    if any(getattr(one, name) == allowed.get(name) for one in others):
        raise WrongEntry(
            Text(
                f"已经有“{allowed[name]}”，请换一个名称。", f"“{allowed[name]}” is there already; choose another name."
            )
        )


VERIFIED: Mapping[str, Text] = {
    "yes": Text("已核实", "verified"),
    "partly": Text("部分核实", "partly verified"),
    "no": Text("未核实", "not verified"),
}
"""How sure somebody is of a name in the register."""

KINDS: Mapping[str, Text] = CENTRE_KINDS
"""Kinds of centres that the register holds."""
