"""An office's list of what it can do, as a sheet to be filled in elsewhere: written, and read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from rules.words import Text
from workflow import clock
from workflow.documents import fill_in
from workflow.documents.fill_in import Filled, Filling, Layout

__all__ = ["LAYOUT", "YES", "Given", "Row", "annotated", "read_worklist", "worklist"]

LAYOUT = Layout(
    name=Text("办理清单", "Worklist"),
    columns={
        "number": ("编号", 19.0),
        "title": ("案例名称", 34.0),
        "centre": ("中心", 22.0),
        "theme": ("主题", 16.0),
        "length": ("字数", 7.0),
        "state": ("状态", 11.0),
        "mark": ("版本", 7.0),
        "action": ("办理", 14.0),
        "reason": ("理由", 30.0),
        "confirmed": ("已逐项核对", 8.0),
        "new_day": ("重新报送截止日", 13.0),
        "said": ("提示", 34.0),
    },
    filled=("action", "reason", "confirmed", "new_day"),
    needed=("number", "title", "mark"),
    known_by=(frozenset({"number", "action"}), frozenset({"number", "mark", "title"})),
    most=1_000,
)
YES = "是"
_LONGEST = 2_000
"""Characters of a reason, as on screen."""


@dataclass(frozen=True)
class Row:
    """One case in the list: column → words; `actions`: what can be chosen for it."""

    words: Mapping[str, str]
    actions: Sequence[str]


@dataclass(frozen=True)
class Given:
    """One row as it came back. `wrong`: why nothing can be made of it."""

    line: int
    number: str
    title: str
    mark: str
    action: str
    reason: str
    confirmed: str
    new_day: str
    wrong: Text | None = None

    @property
    def day(self) -> date | None:
        return clock.day_written(self.new_day)


def worklist(title: str, rows: Sequence[Row], notes: Sequence[tuple[Text, Text]]) -> bytes:
    """The list: what each row allows is chosen in a drop-down; `notes` on a second sheet."""
    lists = [{"action": tuple(row.actions), "confirmed": (YES,)} if row.actions else {} for row in rows]
    filled = [Filling(row.words, some) for row, some in zip(rows, lists, strict=True)]
    return fill_in.written(LAYOUT, title, filled, notes)


def read_worklist(data: bytes) -> list[Given]:
    """The rows of a vetted .xlsx that ask for something, each with what is wrong with it. Raises Unreadable."""
    return [
        Given(one.line, **one.words, wrong=_wrong(one))
        for one in fill_in.read(LAYOUT, data)
        if any(one.words[name] for name in LAYOUT.filled)
    ]


def _wrong(row: Filled) -> Text | None:
    words = row.words
    if row.formula:
        return fill_in.reckoned(LAYOUT, row.formula)
    if row.hidden:
        return Text(
            "这一行被隐藏或被筛选掉了，没有采用。要办理请先取消隐藏；不办请清空“办理”。",
            "This row is hidden or filtered out, and was left. Unhide it, or clear 办理 if it is not meant.",
        )
    if not words["number"] or not words["mark"]:
        return Text("缺编号或版本，不知道是哪个案例。", "Number or version is missing, so it is no known case.")
    if not words["action"]:
        return Text("没有选“办理”，这一行不办。", "Nothing is chosen under 办理, so nothing is done.")
    if words["confirmed"] not in ("", YES):
        return Text("“已逐项核对”只能填“是”或者留空。", "已逐项核对 is 是 or empty.")
    if len(words["reason"]) > _LONGEST:
        return Text(f"理由超过 {_LONGEST} 字。", f"The reason is longer than {_LONGEST} characters.")
    if words["new_day"] and clock.day_written(words["new_day"]) is None:
        return Text("截止日不是日期，请写作 2021-03-28。", "The last day is no date; write it as 2021-03-28.")
    return None


def annotated(data: bytes, said: Mapping[int, str]) -> bytes:
    """The sheet as it came, with what was found of each row (line → words) under 提示. Raises Unreadable."""
    return fill_in.annotated(LAYOUT, data, said)
