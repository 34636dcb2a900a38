"""The table of decisions as a sheet to be filled in elsewhere: written, and read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rules.words import Text
from workflow.documents import fill_in
from workflow.documents.fill_in import Filling, Layout

__all__ = ["DecisionRow", "GivenDecision", "annotated_decisions", "decision_table", "read_decisions"]

LAYOUT = Layout(
    name=Text("入选决定", "Decisions"),
    columns={
        "number": ("编号", 19.0),
        "title": ("题目", 34.0),
        "theme": ("主题", 16.0),
        "office": ("推荐单位", 18.0),
        "centre": ("中心", 22.0),
        "score": ("评审得分", 9.0),
        "state": ("现在的状态", 11.0),
        "mark": ("版本", 9.0),
        "decision": ("决定", 11.0),
        "reason": ("理由", 30.0),
        "feedback": ("给中心的反馈", 30.0),
        "signed": ("签发人数", 8.0),
        "by": ("选定人", 10.0),
        "said": ("提示", 30.0),
    },
    filled=("decision", "reason", "feedback"),
    needed=("number", "title", "mark"),
    known_by=(frozenset({"number", "decision"}), frozenset({"number", "mark", "title"})),
    most=10_000,
)


@dataclass(frozen=True)
class DecisionRow:
    """One case: column → words; `choices`: what can be chosen for it, none once it waits for no decision."""

    words: Mapping[str, str]
    choices: tuple[str, ...]


@dataclass(frozen=True)
class GivenDecision:
    """One row as it came back. `unclear`: why it could not be taken as it stands there, if it asks for anything."""

    line: int
    number: str
    title: str
    mark: str
    decision: str
    reason: str
    feedback: str
    unclear: Text | None = None


def decision_table(title: str, rows: Sequence[DecisionRow], notes: Sequence[tuple[Text, Text]]) -> bytes:
    """The table: a decision is chosen in a drop-down; `notes` on a second sheet."""
    filled = [Filling(row.words, {"decision": row.choices} if row.choices else {}) for row in rows]
    return fill_in.written(LAYOUT, title, filled, notes)


def read_decisions(data: bytes) -> list[GivenDecision]:
    """The rows of a vetted .xlsx. Raises Unreadable."""
    return [GivenDecision(one.line, **one.words, unclear=_unclear(one)) for one in fill_in.read(LAYOUT, data)]


def _unclear(row: fill_in.Filled) -> Text | None:
    if row.formula:
        return fill_in.reckoned(LAYOUT, row.formula)
    if row.hidden:
        return Text(
            "这一行被隐藏或被筛选掉了，没有采用。要采用请先取消隐藏。",
            "This row is hidden or filtered out, and was left. Unhide it if it is meant.",
        )
    if not row.words["number"] or not row.words["mark"]:
        return Text("缺编号或版本，不知道是哪个案例。", "Number or version is missing, so it is no known case.")
    return None


def annotated_decisions(data: bytes, said: Mapping[int, str]) -> bytes:
    """The sheet as it came, with what was found of each row (line → words) under 提示. Raises Unreadable."""
    return fill_in.annotated(LAYOUT, data, said)
