"""What of the trail is shown, to take away: a table of texts, or one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from rules.call import BEIJING
from rules.words import Text
from states.reach import Actor
from workflow import privacy
from workflow.audit import search
from workflow.audit.search import Entry, Filters
from workflow.documents import writing

MOST = 5000
"""Entries in one file, the newest of those that fit; the file says so where there are more."""
FORMAT = "zhengji-trail-list-1"

COLUMNS: Mapping[str, Text] = {
    "number": Text("回执号", "Receipt"),
    "hash": Text("校验码", "Hash"),
    "at": Text("时间（北京）", "When (Beijing)"),
    "what": Text("事项", "What"),
    "outcome": Text("结果", "Outcome"),
    "who": Text("办理人", "Who"),
    "role": Text("职责", "Role"),
    "about": Text("案例或批次", "Case or batch"),
    "from_state": Text("原状态", "From"),
    "to_state": Text("新状态", "To"),
    "detail": Text("内容", "What it says"),
    "remark": Text("理由或备注", "Reason or remark"),
    "findings": Text("当时提示的问题", "Findings shown then"),
}


@dataclass(frozen=True)
class Taken:
    """A list to take away. `complete`: nothing that fits is left out."""

    entries: Sequence[Entry]
    complete: bool
    filters: Mapping[str, str]
    by: str
    at: datetime

    def jsonl(self) -> bytes:
        """One JSON object a line; the first says what the list holds, and whether that is all."""
        head = {
            "format": FORMAT,
            "rows": len(self.entries),
            "complete": self.complete,
            "filter": dict(self.filters),
            "by": self.by,
            "at": self.at.isoformat(),
        }
        lines = [head, *({"action": one.action, **_row(one)} for one in self.entries)]
        return "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines).encode()

    def xlsx(self) -> bytes:
        """A sheet with a row for each entry, every cell a text; a second one says what the list holds."""
        rows = [
            [str(value) if isinstance(value, str) else "\n".join(value) for value in _row(one).values()]
            for one in self.entries
        ]
        narrowed = "；".join(f"{name}={value}" for name, value in self.filters.items()) or "无"
        notes = [
            ("条数", str(len(self.entries))),
            (
                "是否完整",
                "完整" if self.complete else f"只含符合条件的最新 {MOST} 条，更早的没有列入；请按日期分几次导出",
            ),
            ("筛选条件", narrowed),
            ("导出人", self.by),
            ("导出时间（北京）", _moment(self.at)),
        ]
        return writing.text_table("留痕", [one.zh for one in COLUMNS.values()], rows, notes)


def take(session: Session, filters: Filters, narrowed: Mapping[str, str], *, actor: Actor, at: datetime) -> Taken:
    """What fits within reach, the newest `MOST`; that it was taken away goes on record with rows and filter."""
    found = search.page(session, actor, filters, limit=MOST)
    privacy.exported(session, "trail", len(found.entries), actor=actor, at=at, filters=narrowed)
    return Taken(found.entries, not found.after, narrowed, actor.name, at)


def _row(one: Entry) -> dict[str, Any]:
    about = one.case.number if one.case else one.batch_number
    return {
        "number": one.number,
        "hash": one.hash,
        "at": _moment(one.at),
        "what": one.what.zh,
        "outcome": "已办理" if one.done else "未办成",
        "who": one.who,
        "role": one.role.label.zh if one.role else "",
        "about": about,
        "from_state": one.source.zh if one.source else "",
        "to_state": one.target.zh if one.target else "",
        "detail": one.detail.zh if one.detail else "",
        "remark": one.remark,
        "findings": [finding.message.zh for finding in one.findings],
    }


def _moment(at: datetime) -> str:
    return f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"
