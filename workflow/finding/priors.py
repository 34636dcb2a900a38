"""Lists of cases reported before this system was used, so that none is reported again (docs/decisions.md 6)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from rules.roles import Role
from rules.words import Text
from states.reach import Actor
from workflow.engine import NotPermitted
from workflow.register import Imported, Problem, lacking, named, rows_of
from workflow.store import priors as stored
from workflow.store import register as offices
from workflow.store.models import Office, PriorReport

COLUMNS = {
    "number": ("number", "编号", "案例编号", "序号"),
    "title": ("title", "案例名称", "案例题目", "案例标题", "标题", "名称"),
    "centre": ("centre", "机构名称", "中心名称", "报送机构", "报送单位"),
    "recipient": ("recipient", "服务对象", "服务对象名称"),
    "text": ("text", "正文", "案例正文", "案例内容", "内容"),
    "reported_on": ("reported_on", "报送日期", "报送时间", "日期"),
}
"""Our name of each column → the headings under which people's own lists carry it."""

LONGEST = {"number": 80, "title": 300, "centre": 160, "recipient": 300}
"""Characters that the register holds of one-line values."""

PER_PAGE = 50


@dataclass(frozen=True)
class Place:
    """A list that somebody may import: an office's own, or (None) the national office's."""

    office: Office | None


def places(session: Session, actor: Actor) -> list[Place]:
    """The lists that this person may import."""
    own = [Place(one) for one in offices.offices(session) if one.id in actor.units(Role.REVIEWER)]
    return [*own, *([Place(None)] if Role.DESK in actor.roles else [])]


def import_list(
    session: Session, name: str, data: bytes, *, office: int | None, actor: Actor, at: datetime
) -> Imported:
    """Take in a list of earlier reports (.csv or .xlsx); a number that is there already is brought up to date.

    `office`: whose list it is, None for the national office's. Raises NotPermitted, WrongList.
    """
    _check(actor, office)
    good, problems = _read(rows_of(name, data))
    added, changed, same = stored.put(session, good, office, name[-160:], actor, at)
    if added or changed:
        counts = {"file": name, "added": added, "changed": changed, "refused": len(problems)}
        stored.note(session, office, counts, actor, at)
    return Imported(added, changed, same, tuple(problems))


def imported(
    session: Session, *, office: int | None, actor: Actor, before: int | None = None
) -> tuple[Sequence[PriorReport], int | None]:
    """One page of a list, what was taken in last first, and the key of the next page. Raises NotPermitted."""
    _check(actor, office)
    found = stored.newest(session, office, before, PER_PAGE + 1)
    return found[:PER_PAGE], found[PER_PAGE - 1].id if len(found) > PER_PAGE else None


def _check(actor: Actor, office: int | None) -> None:
    if Role.DESK in actor.roles if office is None else office in actor.units(Role.REVIEWER):
        return
    raise NotPermitted(
        Text(
            "以往报送清单由主管部门的审核人导入，全国的由受理人导入；您没有这个职责。",
            "Earlier reports are imported by the office's reviewer, the national list by the desk; you are neither.",
        )
    )


def _read(rows: list[dict[str, str]]) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Lines that can be kept, and what is wrong with the others."""
    good: dict[str, dict[str, Any]] = {}
    lines: dict[str, int] = {}
    problems: list[Problem] = []
    for line, row in named(rows, COLUMNS, ("number", "title")):
        if not any(row.values()):
            continue
        wrong = _wrong(row, lines)
        if wrong is not None:
            problems.append(Problem(line, wrong))
            continue
        lines[row["number"]] = line
        good[row["number"]] = {
            "number": row["number"],
            "title": row["title"],
            "centre_name": row.get("centre", ""),
            "recipient": row.get("recipient", ""),
            "text": row.get("text", ""),
            "reported_on": _day(row.get("reported_on", "")),
        }
    return list(good.values()), problems


def _wrong(row: dict[str, str], lines: dict[str, int]) -> Text | None:
    missing = [name for name in ("number", "title") if not row[name]]
    if missing:
        return lacking(missing, COLUMNS)
    if row["number"] in lines:
        return Text(
            f"编号“{row['number']}”与第 {lines[row['number']]} 行重复。",
            f"The number “{row['number']}” stands in line {lines[row['number']]} already.",
        )
    for name, limit in LONGEST.items():
        if len(row.get(name, "")) > limit:
            return Text(
                f"“{COLUMNS[name][1]}”太长：最多 {limit} 个字，这里是 {len(row[name])} 个。",
                f"“{name}” is too long: at most {limit} characters; there are {len(row[name])}.",
            )
    if row.get("reported_on") and _day(row["reported_on"]) is None:
        return Text(
            f"报送日期“{row['reported_on']}”看不懂，请写成 2020-06-30。",
            f"Cannot read the day “{row['reported_on']}”; write it like 2020-06-30.",
        )
    return None


_DAY = re.compile(r"(\d{4})\s*[-年./]\s*(\d{1,2})(?:\s*[-月./]\s*(\d{1,2}))?\s*[日月]?(?:\s+[\d:.]+)?")


def _day(written: str) -> date | None:
    """A day as people write it; a month stands for its first day."""
    found = _DAY.fullmatch(written.strip())
    if found is None:
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3] or 1))
    except ValueError:
        return None
