"""Worklists: what somebody can do, taken away as a sheet, filled in elsewhere, shown row by row, then done like a bulk act."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from rules.words import Labelled, Text
from states.lifecycle import Transition
from states.reach import Actor
from workflow import bulk, cases
from workflow.bulk import Form, Line
from workflow.cases import Answers
from workflow.clock import BEIJING
from workflow.documents import writing
from workflow.documents.problems import unreadable
from workflow.engine import NotPermitted
from workflow.lists import lifecycle
from workflow.store import bulk as stored
from workflow.store.calls import call_of
from workflow.store.pages import Filters

if TYPE_CHECKING:
    from workflow.documents.worklist import Given

STEPS = tuple(one for one in bulk.STEPS if one not in ("publish", "retract", "republish"))
"""What a sheet may ask for. What goes to the public asks who one is, and is done on screen."""
_ACTS = 200
"""Different steps and reasons in one sheet; each of them is an act of its own, with its own mails."""


class Came(Labelled):
    """What one row of a sheet comes to."""

    READY = "ready", "可以办理", "Ready"
    ASKED = "asked", "补填之后可以办理", "Ready once filled in"
    REFUSED = "refused", "不能办理", "Not possible"
    OVERTAKEN = "overtaken", "下载之后已有变动，不办", "Changed since it was downloaded"
    IMPOSSIBLE = "impossible", "现在的状态不能办理", "Not possible where it stands"
    ALREADY = "already", "已经这样办理过", "Done already"
    WRONG = "wrong", "没有看懂，不办", "Not understood"


@dataclass(frozen=True)
class Found:
    """One row and what it comes to. `said`: why, in sentences; `case` None where it is nobody's we know of."""

    given: Given
    came: Came
    said: tuple[Text, ...] = ()
    case: Any = None
    step: Transition | None = None

    @property
    def words(self) -> str:
        """What is written back into the sheet."""
        return "：".join([self.came.label.zh, *(["".join(one.zh for one in self.said)] if self.said else [])])


@dataclass(frozen=True)
class Preview:
    """A sheet, row by row."""

    rows: Sequence[Found]

    @property
    def ready(self) -> list[Found]:
        return [one for one in self.rows if one.came is Came.READY]

    @property
    def counts(self) -> list[tuple[Came, int]]:
        found = Counter(one.came for one in self.rows)
        return [(one, found[one]) for one in Came if found[one]]


def steps(actor: Actor) -> list[Transition]:
    """The steps that this person's sheet offers. Raises NotPermitted where there is none."""
    found = [one for one in bulk.steps(actor) if one.name in STEPS]
    if not found:
        raise NotPermitted(
            Text(
                "办理清单供主管部门的审核人和国家局受理人使用。",
                "Worklists are for offices' reviewers and the national desk.",
            )
        )
    return found


# ---- taken away ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sheet:
    """A list to take away. `left`: how many match as well and did not fit."""

    data: bytes
    rows: int
    left: int


def sheet(session: Session, filters: Filters, *, actor: Actor, at: datetime) -> Sheet:
    """The cases of a search on which this person can take a step, as a sheet. Raises NotPermitted."""
    offered = steps(actor)
    states = sorted({str(one) for step in offered for one in step.sources})
    found = stored.matching(session, actor, filters, states, bulk.MOST)
    looked = bulk.survey(session, offered, found.first, actor=actor, at=at)
    allowed, why = _allowed(looked)
    calls: dict[int, Any] = {}
    rows = []
    for case in [line.case for line in looked[0][1]]:
        call = calls.setdefault(case.call_version_id, call_of(session, case.call_version_id))
        rows.append(writing.Row(_words(case, call, why.get(case.id, "")), allowed[case.id]))
    day = at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M")
    data = writing.worklist(f"办理清单　{day}", rows, _notes(offered, list(calls.values())))
    return Sheet(data, len(rows), max(0, found.standing - len(rows)))


def _allowed(
    looked: Sequence[tuple[Transition, Sequence[Line]]],
) -> tuple[Mapping[int, list[str]], Mapping[int, str]]:
    """Case → steps that are possible now, and why others that leave its state are not."""
    allowed: dict[int, list[str]] = defaultdict(list)
    why: dict[int, list[str]] = defaultdict(list)
    for step, lines in looked:
        for line in lines:
            if line.verdict in (bulk.Verdict.READY, bulk.Verdict.ASKED):
                allowed[line.case.id].append(step.label.zh)
            elif line.verdict is bulk.Verdict.REFUSED:
                why[line.case.id].append(f"不能“{step.label.zh}”：{''.join(one.zh for one in line.why)}")
    return allowed, {case: "\n".join(lines) for case, lines in why.items()}


def _words(case: Any, call: Any, said: str) -> dict[str, str]:
    theme = call.themes.get(case.theme)
    return {
        "number": case.number,
        "title": case.title,
        "centre": case.centre_name,
        "theme": theme.label.zh if theme else "",
        "length": str(case.length),
        "state": lifecycle().state(case.state).label.zh,
        "mark": cases.mark_of(case),
        "said": said,
    }


def _notes(offered: Sequence[Transition], calls: Sequence[Any]) -> list[tuple[Text, Text]]:
    """The sheet of instructions."""
    points: dict[str, list[Text]] = defaultdict(list)
    for one in (point for call in calls for point in call.confirmations):
        if one.text not in points[one.step]:
            points[one.step].append(one.text)
    return [
        *_HOW,
        *(
            (
                Text(f"“{step.label.zh}”须核对", step.label.en),
                Text("；".join(one.zh for one in points[step.name]), "; ".join(one.en for one in points[step.name])),
            )
            for step in offered
            if points[step.name]
        ),
    ]


_HOW = (
    (
        Text("怎样填", "How to fill it in"),
        Text(
            "在“办理”格的下拉列表中选择要办的事，列表中只有现在可以办的；不办的留空。只填黄色的格。",
            "Choose under 办理; the list holds only what is possible now. Leave empty what is not meant. Fill yellow cells only.",
        ),
    ),
    (
        Text("理由", "Reason"),
        Text(
            "退回、不入选等须写理由，对方看得到。写法相同的理由并作一次办理，最多 200 种。",
            "Returns and the like need a reason, which the others read. Rows with the same reason are one act; at most 200.",
        ),
    ),
    (
        Text("已逐项核对", "Checked"),
        Text(
            "需要核对的步骤，逐项核对下列各点之后选“是”。",
            "Where a step asks for confirmations, check each point below, then choose 是.",
        ),
    ),
    (
        Text("重新报送截止日", "New last day"),
        Text(
            "阶段已截止而退回重报的，写明日期，如 2021-03-28。",
            "Where the phase is over and a case returns to its office: a day, such as 2021-03-28.",
        ),
    ),
    (
        Text("上传", "Upload"),
        Text(
            "保存为 .xlsx，在“案例”页面上传。先逐行预览，确认之后才办理。同一份表上传两次，第二次什么也不做。",
            "Save as .xlsx and upload it on the page of cases. It is shown row by row first. The same sheet twice does nothing.",
        ),
    ),
    (
        Text("版本", "Version"),
        Text(
            "下载之后案例有变动的，这一行不办，并说明谁已先办理。隐藏或筛选掉的行不办。",
            "A case that changed since is left, and it is said who was faster. Hidden and filtered rows are left.",
        ),
    ),
)


# ---- brought back ----------------------------------------------------------------------------------------------------


def preview(session: Session, data: bytes, *, actor: Actor, at: datetime) -> Preview:
    """What each row of a sheet that came back would come to; nothing is written. Raises NotPermitted, Unreadable."""
    offered = {words: one for one in steps(actor) for words in (one.label.zh, one.label.en)}
    given = writing.read_worklist(data)
    known = stored.numbered(session, actor, {one.number for one in given})
    often = Counter(one.number for one in given if one.action)
    rows = {one.line: _understood(one, known, often, offered) for one in given}
    acts = _acts(one for one in rows.values() if one.came is Came.READY)
    if len(acts) > _ACTS:
        raise unreadable(
            "too_many_reasons",
            "这份表有 {many} 种不同的办理和理由，一次最多 {most} 种。请分成几份上传。",
            "This sheet has {many} different steps and reasons; at most {most} at once. Split it.",
            many=len(acts),
            most=_ACTS,
        )
    for key, some in acts.items():
        rows |= {one.given.line: one for one in _examined(session, key, some, actor, at)}
    return Preview(list(rows.values()))


_Key = tuple[str, str, date | None]


def _acts(rows: Any) -> dict[_Key, list[Found]]:
    """Rows that are done together: the same step for the same reason."""
    found: dict[_Key, list[Found]] = defaultdict(list)
    for one in rows:
        found[one.step.name, one.given.reason, one.given.day].append(one)
    return found


def _understood(
    given: Given, known: Mapping[str, Any], often: Mapping[str, int], offered: Mapping[str, Transition]
) -> Found:
    """READY where case and step are clear; whether it can be done is looked at afterwards."""
    case, step = known.get(given.number), offered.get(given.action)
    wrong = given.wrong or _wrong(given, case, step, often)
    if wrong is not None or case is None or step is None:
        return Found(given, Came.WRONG, (wrong,) if wrong else (), case, step)
    version, _, revision = given.mark.partition(".")
    if case.state == step.target and cases.mark_of(case) == f"{_next(version)}.{revision}":
        return Found(given, Came.ALREADY, (), case, step)
    return Found(given, Came.READY, (), case, step)


def _next(version: str) -> int:
    return int(version) + 1 if version.isascii() and version.isdigit() and len(version) < 13 else 0


def _wrong(given: Given, case: Any, step: Transition | None, often: Mapping[str, int]) -> Text | None:
    if case is None:
        return Text(
            f"没有编号为“{given.number[:60]}”的案例，或者不在您的职责范围内。",
            f"There is no case “{given.number[:60]}”, or not within your reach.",
        )
    if step is None:
        return Text(
            f"“办理”里写的是“{given.action[:40]}”，不是清单所列的办理事项。",
            f"“{given.action[:40]}” under 办理 is none of the steps of the list.",
        )
    if often[given.number] > 1:
        return Text("同一案例在表中出现不止一次，都不办。", "The case stands in more than one row; none is done.")
    if cases.mark_of(case) == given.mark and _bare(case.title) != _bare(given.title):
        return Text(
            "案例名称与编号对不上，行可能错位了（如只对部分列排序）。请重新下载。",
            "Title and number do not belong together; columns may have been sorted apart. Download the list anew.",
        )
    return None


def _bare(title: str) -> str:
    return "".join(writing.tidy(title).split())


def _examined(session: Session, key: _Key, rows: Sequence[Found], actor: Actor, at: datetime) -> list[Found]:
    trigger, reason, day = key
    form = Form(remark=reason, new_day=day)
    seen = {one.case.id: one.given.mark for one in rows}

    def look(form: Form) -> dict[int, Line]:
        found = bulk.look(session, trigger, list(seen), actor=actor, at=at, form=form, seen=seen)
        return {line.case.id: line for line in found}

    lines = look(form)
    own = _own(session, trigger, rows, lines)
    lines = look(replace(form, own=own)) if own else lines
    return [_came(one, lines[one.case.id]) for one in rows]


def _own(session: Session, trigger: str, rows: Sequence[Found], lines: Mapping[int, Line]) -> dict[int, Answers]:
    """What a row confirms; and its reason where the call asks for one in principle."""
    own = {}
    for row in rows:
        points: frozenset[str] = frozenset()
        if row.given.confirmed:
            call = call_of(session, row.case.call_version_id)
            points = frozenset(one.id for one in call.confirmations if one.step == trigger)
        asked = [one for one in lines[row.case.id].questions if one.blocks and one.asked != "confirmed"]
        reasons = {key: row.given.reason for one in asked for key in one.reason_keys if row.given.reason}
        if points or reasons:
            own[row.case.id] = Answers(points, reasons)
    return own


def _came(row: Found, line: Line) -> Found:
    if line.verdict is not bulk.Verdict.READY:
        said = line.why or tuple(one.message for one in line.questions if one.blocks)
        return replace(row, came=Came.of(str(line.verdict)), said=said)
    missing = tuple(one.message for one in line.findings if one.blocks)  # a reason, a day
    return replace(row, came=Came.ASKED, said=missing) if missing else row


def annotated(data: bytes, found: Preview) -> bytes:
    """The sheet as it came with what was found of each row. Raises Unreadable."""
    return writing.annotated(data, {one.given.line: one.words for one in found.rows})


@dataclass(frozen=True)
class Taken:
    """What came of a sheet: bulk acts, in the order of its rows. `done`: cases."""

    acts: Sequence[int]
    done: int


def take(
    session: Session, name: str, data: bytes, *, actor: Actor, at: datetime, real: datetime, hold: timedelta
) -> Taken:
    """Do what can be done of a sheet, each step and reason as a bulk act; all in the caller's transaction.

    The same rows again come to the same acts and change nothing. Raises NotPermitted, Unreadable.
    """
    found = preview(session, data, actor=actor, at=at)
    acts, done = [], 0
    for (trigger, reason, day), rows in _acts(found.ready).items():
        ids = [one.case.id for one in rows]
        lines = {
            one.case.id: one
            for one in bulk.look(session, trigger, ids, actor=actor, at=at, form=Form(remark=reason, new_day=day))
        }
        form = Form(remark=reason, new_day=day, own=_own(session, trigger, rows, lines))
        made = bulk.act(
            session,
            trigger,
            {one.case.id: one.given.mark for one in rows},
            actor=actor,
            at=at,
            real=real,
            op=_key(actor, trigger, reason, day, rows),
            form=form,
            hold=hold,
            search={"found_by": "worklist", "file": name},
        )
        acts.append(made.id)
        done += 0 if made.refused or made.again else len(rows)
    return Taken(acts, done)


def _key(actor: Actor, trigger: str, reason: str, day: date | None, rows: Sequence[Found]) -> str:
    """The idempotency key of an act: who, what, on which cases as they were seen."""
    said = [trigger, reason, str(day), *sorted(f"{one.case.id}.{one.given.mark}" for one in rows)]
    return f"worklist.{actor.id}.{hashlib.sha256(chr(0).join(said).encode()).hexdigest()}"
