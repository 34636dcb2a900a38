"""The table of decisions as a sheet: taken away, filled in elsewhere, shown row by row, then kept as if it were clicked."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from rules.call import Call
from rules.words import Labelled, Text
from states.case import CaseState
from states.reach import Actor
from workflow.clock import BEIJING
from workflow.documents import writing
from workflow.selection import decisions
from workflow.selection.decisions import Choice, Decision, Line, Spread, WrongDecision
from workflow.store import decisions as stored
from workflow.store import facts as stored_facts
from workflow.store.living import Overtaken

if TYPE_CHECKING:
    from workflow.documents.decision_table import GivenDecision


class Came(Labelled):
    """What one row of a sheet comes to."""

    READY = "ready", "可以采用", "To be kept"
    UNCHANGED = "unchanged", "与现在相同", "As it is now"
    OVERTAKEN = "overtaken", "下载之后已有变动，不采用", "Changed since it was downloaded"
    APART = "apart", "须由别人决定", "For somebody else to choose"
    IMPOSSIBLE = "impossible", "不再等待决定", "Waits for no decision"
    WRONG = "wrong", "没有看懂，不采用", "Not understood"


@dataclass(frozen=True)
class Found:
    """One row and what it comes to. `said`: why; `line` None where it is no case of the table."""

    given: GivenDecision
    came: Came
    said: Text | None = None
    line: Line | None = None
    choice: Choice | None = None

    @property
    def words(self) -> str:
        """What is written back into the sheet."""
        return f"{self.came.label.zh}：{self.said.zh}" if self.said else self.came.label.zh


@dataclass(frozen=True)
class Preview:
    """A sheet, row by row. `after`: how the decisions would add up once it is kept."""

    rows: Sequence[Found]
    after: Spread

    @property
    def ready(self) -> list[Choice]:
        return [one.choice for one in self.rows if one.came is Came.READY and one.choice]

    @property
    def told(self) -> list[Found]:
        """The rows that are looked at: all but those that change nothing; first what is not kept."""
        asking = [one for one in self.rows if one.came is not Came.UNCHANGED]
        return sorted(asking, key=lambda one: one.came is Came.READY)

    @property
    def counts(self) -> list[tuple[Came, int]]:
        found = Counter(one.came for one in self.rows)
        return [(one, found[one]) for one in Came if found[one]]


# ---- taken away ------------------------------------------------------------------------------------------------------


def sheet(session: Session, number: str, *, actor: Actor, at: datetime) -> tuple[bytes, int]:
    """The whole table as a sheet, every cell text, and how many cases it holds. Raises NoSuchTable."""
    call = decisions.call_numbered(session, number, actor)
    lines = stored.every(session, number)
    signed = decisions.counted(session, lines)
    scores = decisions.scores(session, call)
    chosen = tuple(one.label.zh for one in Decision) if decisions.chooses(actor) else ()
    rows = []
    for one in lines:
        score = scores.get(one.id)
        words = {
            "number": one.number,
            "title": one.title,
            "theme": _theme(call, one),
            "office": one.office,
            "centre": one.centre,
            "score": "" if score is None or score.mean is None else f"{score.mean:.2f}",
            "state": CaseState.of(one.state).label.zh,
            "mark": mark_of(one),
            "decision": Decision.of(one.decision).label.zh if one.pending else "",
            "reason": one.reason if one.pending else "",
            "feedback": one.feedback if one.pending else "",
            "signed": str(signed.get(one.id, 0)) if one.pending and one.decision else "",
            "by": one.by_name if one.pending else "",
        }
        rows.append(writing.DecisionRow(words, chosen if one.pending else ()))
    day = at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M")
    return writing.decision_table(f"入选决定　{day}", rows, [(Text("征集", "Call"), call.title), *_HOW]), len(rows)


def mark_of(line: Line) -> str:
    """What a row is known by when it comes back: the version of its decision, and the mark of its case."""
    return f"{line.version}/{line.mark}"


def _theme(call: Call, line: Line) -> str:
    known = call.themes.get(line.theme)
    return line.theme_name or (known.label.zh if known else line.theme)


_HOW = (
    (
        Text("只给谁看", "For whom"),
        Text(
            "待定的决定在公布之前只给受理人、主管和审计员看。",
            "Decisions that are pending are for the desk, the director and the auditor alone.",
        ),
    ),
    (
        Text("怎样填", "How to fill it in"),
        Text(
            "在“决定”格中选择，写理由和给中心的反馈，各最多 1000 字。只填黄色的格；清空“决定”即为待定。",
            "Choose under 决定, and write reason and feedback, 1,000 characters each at most. Fill yellow cells only; an"
            " empty 决定 is undecided.",
        ),
    ),
    (
        Text("上传", "Upload"),
        Text(
            "保存为 .xlsx，在“入选决定”页面上传。先逐行预览，确认之后才保存；没有改动的行不动。同一份表上传两次，第二次什么也不做。",
            "Save as .xlsx and upload it on the page of decisions. It is shown row by row before anything is kept; rows"
            " without a change are left. The same sheet twice does nothing.",
        ),
    ),
    (
        Text("版本", "Version"),
        Text(
            "下载之后决定或案例有变动的，这一行不采用，并说明谁已先定。隐藏或筛选掉的行不采用。",
            "A row whose decision or case changed since is left, and it is said who was faster. Hidden and filtered rows"
            " are left.",
        ),
    ),
)


# ---- brought back ----------------------------------------------------------------------------------------------------


def preview(session: Session, number: str, data: bytes, *, actor: Actor) -> Preview:
    """What each row of a sheet that came back would come to; nothing is written.

    Raises NoSuchTable, NotPermitted, Unreadable.
    """
    decisions.check_chooses(actor)
    call = decisions.call_numbered(session, number, actor)
    return _looked(session, call, writing.read_decisions(data), actor)


def take(session: Session, number: str, data: bytes, *, actor: Actor, at: datetime) -> int:
    """Keep what can be kept of a sheet, in the caller's transaction; how many rows. The same sheet again is nothing.

    Raises NoSuchTable, NotPermitted, Unreadable.
    """
    decisions.check_chooses(actor)
    call = decisions.call_numbered(session, number, actor)
    given = writing.read_decisions(data)
    ids = [one.line.id for one in _looked(session, call, given, actor).ready]
    stored_facts.case_rows(session, sorted(ids), lock=True)
    ready = _looked(session, call, given, actor).ready  # as it is now that nobody moves them
    whole = {one.id: one for one in stored.lines(session, [one.line.id for one in ready])}
    choices = [Choice(whole[one.line.id], one.decision, one.reason, one.feedback) for one in ready]
    digest = hashlib.sha256(data).hexdigest()
    return len(decisions.keep(session, number, choices, actor=actor, at=at, sheet=digest)) if choices else 0


def _looked(session: Session, call: Call, given: Sequence[GivenDecision], actor: Actor) -> Preview:
    lines = stored.every(session, call.number)
    known = {one.number: one for one in lines}
    often = Counter(one.number for one in given)
    others = decisions.left_to_others(session, call, lines, actor)
    rows = [_apart(_found(one, known.get(one.number), often), others) for one in given]
    return Preview(rows, _after(call, lines, {one.line.id: one for row in rows if (one := row.choice)}))


_WORDS = {"": Decision.UNDECIDED} | {words: one for one in Decision for words in (one.label.zh, one.label.en)}


def _found(given: GivenDecision, line: Line | None, often: Mapping[str, int]) -> Found:
    chosen = _WORDS.get(given.decision)
    if line is not None and chosen is not None and _same(line, chosen, given):
        return Found(given, Came.UNCHANGED, None, line)
    if line is not None and not line.pending:
        return Found(given, Came.IMPOSSIBLE, decisions.not_pending(line), line)
    wrong = given.unclear or _wrong(given, line, chosen, often)
    if wrong is not None or line is None or chosen is None:
        return Found(given, Came.WRONG, wrong, line)
    version, _, mark = given.mark.partition("/")
    try:
        decisions.check_seen(line, int(version) if version.isascii() and version.isdigit() else -1, mark)
        choice = Choice(line, *decisions.checked(str(chosen), given.reason, given.feedback))
    except Overtaken as faster:
        return Found(given, Came.OVERTAKEN, faster.message, line)
    except WrongDecision as wrongly:
        return Found(given, Came.WRONG, wrongly.message, line)
    return Found(given, Came.READY, None, line, choice)


def _apart(found: Found, others: Collection[int]) -> Found:
    """A row that could be kept, were it not for somebody else to choose."""
    if found.came is Came.READY and found.line is not None and found.line.id in others:
        return Found(found.given, Came.APART, _OF_YOURS, found.line)
    return found


_OF_YOURS = Text(
    "这是您本单位的案例，请由另一位受理人决定。", "The case is of your own unit; somebody else at the desk must choose."
)


def _same(line: Line, chosen: Decision, given: GivenDecision) -> bool:
    """Whether the row asks for nothing: what it says is so, or its case waits for no decision and it says none."""
    said = (str(chosen), given.reason, given.feedback)
    kept = (line.decision, line.reason, line.feedback) if line.pending else ("", "", "")
    return said == (kept[0], writing.tidy(kept[1]), writing.tidy(kept[2]))


def _wrong(given: GivenDecision, line: Line | None, chosen: Decision | None, often: Mapping[str, int]) -> Text | None:
    if line is None:
        return Text(
            f"决定表里没有编号为“{given.number[:60]}”的案例。", f"There is no case “{given.number[:60]}” in the table."
        )
    if chosen is None:
        return Text(
            f"“决定”里写的是“{given.decision[:40]}”，应为待定、拟入选或拟不入选。",
            f"“{given.decision[:40]}” under 决定 is none of 待定, 拟入选 and 拟不入选.",
        )
    if often[given.number] > 1:
        return Text("同一案例在表中出现不止一次，都不采用。", "The case stands in more than one row; none is kept.")
    if given.mark.endswith(f"/{line.mark}") and _bare(line.title) != _bare(given.title):
        return Text(
            "题目与编号对不上，行可能错位了（如只对部分列排序）。请重新下载。",
            "Title and number do not belong together; columns may have been sorted apart. Download the sheet anew.",
        )
    return None


def _bare(title: str) -> str:
    return "".join(writing.tidy(title).split())


def _after(call: Call, lines: Sequence[Line], chosen: Mapping[int, Choice]) -> Spread:
    def standing(line: Line) -> str:
        if not line.pending:
            return "won" if line.state in stored.WON else "lost"
        return str(chosen[line.id].decision) if line.id in chosen else line.decision

    return decisions.spread_of(call, [(one.office, one.theme, one.centre, standing(one), 1) for one in lines])


def annotated(data: bytes, found: Preview) -> bytes:
    """The sheet as it came with what was found of each row. Raises Unreadable."""
    return writing.annotated_decisions(data, {one.given.line: one.words for one in found.rows})
