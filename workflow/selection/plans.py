"""分派方案: who would judge what, made by the solver, a sheet or by hand, looked at and changed before anybody is invited."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from rules.call import BEIJING, Call
from rules.words import Text
from states.case import CaseState
from states.reach import Actor
from workflow.documents import writing
from workflow.engine import NoSuchThing, Receipt, WrongInput
from workflow.failure import Failure
from workflow.jobs.queue import enqueue
from workflow.register import rows_of
from workflow.selection import judging, pairing
from workflow.selection.assigning import Assignment
from workflow.store import judging as stored
from workflow.store.database import Database
from workflow.store.models import JudgingPlan

MAKING, READY, FAILED, SENT, DROPPED = "making", "ready", "failed", "sent", "dropped"
STATES: Mapping[str, Text] = {
    MAKING: Text("正在计算", "Being worked out"),
    READY: Text("待发出", "Not sent yet"),
    FAILED: Text("没有算成", "Not worked out"),
    SENT: Text("已发出", "Sent"),
    DROPPED: Text("已作废", "Dropped"),
}
HOW: Mapping[str, Text] = {
    "solver": Text("系统建议", "Suggested"),
    "sheet": Text("表格导入", "From a sheet"),
    "hand": Text("手工", "By hand"),
}
_BY_HAND = Text("由受理人指定", "Chosen by the desk")
_MOST_JUDGES = 12
"""Columns of judges in a sheet."""


NO_FILE = Text("请先选择文件。", "Choose a file first.")


class NoSuchPlan(NoSuchThing):
    """There is no such plan (404)."""


class WrongPlan(WrongInput):
    """A plan that cannot be changed or sent as asked (422)."""


# ---- one plan --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One pair of a plan, as people read it. `conflict`: why it must not be, should that have come up since."""

    case: stored.ToJudge
    judge: stored.JudgeSide
    why: Text
    conflict: Text | None


@dataclass(frozen=True)
class Shown:
    """A plan with what it comes to. `lines`: those asked for, of `count`. `loads`: judge → besides by the plan; `short`: cases
    that lack judges; `instead_of`: the judge whose open cases it hands to others."""

    plan: JudgingPlan
    call: Call
    lines: Sequence[Line]
    count: int
    figures: pairing.Figures
    loads: Sequence[tuple[stored.JudgeSide, int]]
    short: Sequence[tuple[stored.ToJudge, int]]
    judges: Sequence[stored.JudgeSide]
    instead_of: stored.JudgeSide | None = None

    @property
    def bound(self) -> int | None:
        return self.plan.figures.get("bound")

    @property
    def problems(self) -> Sequence[Mapping[str, str]]:
        """What of a sheet was not taken: {"line", "zh", "en"}."""
        return list(self.plan.figures.get("problems", ()))


def every(session: Session, call: Call, actor: Actor) -> list[JudgingPlan]:
    """A call's plans, the newest first. Raises NoSuchJudgement."""
    judging.check_office(actor)
    return stored.plans(session, call.number)


def find(session: Session, number: int, actor: Actor, first: int = 0, most: int | None = None) -> Shown:
    """One plan, with so many of its lines. Raises NoSuchJudgement, NoSuchPlan."""
    judging.check_office(actor)
    plan = _there(session, number)
    call = judging.call_named(session, plan.call_number)
    asked = Assignment(session, call, plan.wanted.get("instead_of"))
    known = [one for one in plan.pairs if one["case"] in asked.listed and one["judge"] in asked.judges]
    pairs = [(one["case"], one["judge"]) for one in known]
    listed = known[first:] if most is None else known[first : first + most]
    asked.sides([one["case"] for one in listed])
    lines = [
        Line(
            asked.listed[one["case"]],
            asked.judges[one["judge"]],
            Text(one["zh"], one["en"]),
            asked.conflict(one["case"], one["judge"]),
        )
        for one in listed
    ]
    given = Counter(judge for _, judge in pairs)
    got = Counter(case for case, _ in pairs)
    problem = asked.light(plan.figures.get("foreign", ()))
    if plan.state == SENT:
        problem = replace(problem, cases=[])
    counted = {one.id for one in problem.cases}
    judges = [one for one in asked.judges.values() if one.id != asked.instead_of]
    return Shown(
        plan,
        call,
        lines,
        len(known),
        pairing.figures(problem, [pair for pair in pairs if pair[0] in counted]),
        [(one, given[one.id]) for one in judges],
        [(asked.listed[one.id], one.wanted - got[one.id]) for one in problem.cases if one.wanted > got[one.id]],
        judges,
        asked.judges.get(asked.instead_of) if asked.instead_of is not None else None,
    )


# ---- making ----------------------------------------------------------------------------------------------------------


def suggest(
    session: Session, call: Call, *, instead_of: int | None = None, actor: Actor, at: datetime, op: str = ""
) -> tuple[int, Receipt]:
    """Have the solver work a plan out, by background work; or one that hands a judge's open cases to others.

    Raises NotPermitted, NoSuchJudgement, WrongPlan where that judge has nothing left to score.
    """
    judging.check_desk(actor)
    wanted: dict[str, Any] = {}
    if instead_of is not None:
        asked = Assignment(session, call, instead_of)
        if not any(asked.wanted(case) for case in asked.selecting):
            raise WrongPlan(Text("这位专家手上没有还没评的案例。", "This judge has nothing left to score."))
        wanted = {"instead_of": instead_of}
    number = stored.add_plan(session, call.number, "solver", MAKING, [], {}, actor, at, wanted)
    data = {"plan": number, "call": call.number, "how": "solver", **wanted}
    receipt = judging.note(session, "judging.plan", data, actor, at, op)
    enqueue(session, "plan_judging", f"plan_judging/{number}", number)
    return number, receipt


def make(database: Database, number: int) -> str:
    """Work a plan out that was asked for; called by the worker. Raises Failure where the solver comes to nothing."""
    with database.reading() as session:
        plan = stored.plan(session, number)
        if plan is None or plan.state != MAKING:
            return "nothing to work out"
        call = judging.call_named(session, plan.call_number)
        problem = Assignment(session, call, plan.wanted.get("instead_of")).problem()
    try:
        found = pairing.apart(problem)
    except pairing.NotSolved as error:
        raise Failure("plan_unsolved", _UNSOLVED, str(error)) from error
    cases, judges = {one.id: one for one in problem.cases}, {one.id: one for one in problem.judges}
    beside: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for pair in found.pairs:
        beside[pair[0]].append(pair)
    total = Counter(judge for _, judge in found.pairs)
    pairs = []
    for case, judge in sorted(found.pairs):
        held = replace(judges[judge], load=judges[judge].load + total[judge] - 1)
        zh, en = pairing.why(
            problem, cases[case], held, [one for one in beside[case] if one[1] != judge] + [(case, judge)]
        )
        pairs.append({"case": case, "judge": judge, "zh": zh, "en": en})
    figures: dict[str, Any] = {"cost": found.cost, "bound": found.bound, "short": sum(found.short.values())}
    figures["foreign"] = [one.id for one in problem.cases if one.language != "zh"]
    with database.transaction() as session:
        stored.change_plan(session, number, state=READY, pairs=pairs, figures=figures)
    return f"{len(pairs)} pairs, cost {found.cost}, bound {found.bound}"


_UNSOLVED = Text(
    "分派方案没有算成，会再试；也可以用表格分派。",
    "The plan was not worked out and is tried again; a sheet can be used instead.",
)


def from_sheet(
    session: Session, call: Call, name: str, data: bytes, *, actor: Actor, at: datetime, op: str = ""
) -> int:
    """A plan from a sheet as `sheet` writes it: case numbers and the judges' names or logins. Nothing is sent yet.

    Raises WrongList where it is none, NotPermitted, NoSuchJudgement.
    """
    judging.check_desk(actor)
    asked = Assignment(session, call)
    asked.sides(asked.listed)
    by_number = {one.number: one for one in asked.listed.values()}
    named: dict[str, list[int]] = defaultdict(list)
    for one in asked.judges.values():
        named[one.name].append(one.id)
        named[str(one.id)].append(one.id)
    pairs: dict[tuple[int, int], dict[str, Any]] = {}
    problems: list[dict[str, str]] = []
    for at_line, row in enumerate(rows_of(name, data), 2):
        case = by_number.get(row.get(_NUMBER, "").strip())
        if case is None:
            if any(row.values()):
                problems.append(_told(at_line, "没有这个案例编号", "no such case number"))
            continue
        for column in _columns():
            wanted = row.get(column, "").strip()
            if not wanted:
                continue
            why_not = _not_taken(asked, case, wanted, named)
            if why_not is not None:
                problems.append(_told(at_line, f"{wanted}：{why_not.zh}", f"{wanted}: {why_not.en}"))
                continue
            [judge] = named[wanted]
            pairs[case.id, judge] = {"case": case.id, "judge": judge, "zh": _BY_HAND.zh, "en": _BY_HAND.en}
    figures = {"problems": problems, "foreign": asked.foreign(asked.selecting)}
    number = stored.add_plan(session, call.number, "sheet", READY, list(pairs.values()), figures, actor, at)
    judging.note(
        session,
        "judging.plan",
        {"plan": number, "call": call.number, "how": "sheet", "pairs": len(pairs)},
        actor,
        at,
        op,
    )
    return number


def _told(line: int, zh: str, en: str) -> dict[str, str]:
    return {"line": str(line), "zh": zh, "en": en}


def _not_taken(asked: Assignment, case: stored.ToJudge, wanted: str, named: Mapping[str, Sequence[int]]) -> Text | None:
    found = named.get(wanted, ())
    if not found:
        return Text("没有这位评审专家", "no such judge")
    if len(found) > 1:
        return Text("有几位同名专家，请写编号", "several judges of that name; write the number")
    conflict = asked.conflict(case.id, found[0])
    if conflict is not None:
        return Text(f"应当回避：{conflict.zh}", f"conflict: {conflict.en}")
    if asked.invited_before(case.id, found[0]):
        return Text("已经邀请过", "invited already")
    return None


_NUMBER = "案例编号"


def _columns() -> list[str]:
    return [f"专家{n}" for n in range(1, _MOST_JUDGES + 1)]


def sheet(session: Session, call: Call, plan: int | None, *, actor: Actor, at: datetime) -> tuple[bytes, int]:
    """A plan, or the judges there are without one, as a sheet to be changed and brought back; and how many cases it holds."""
    judging.check_office(actor)
    asked = Assignment(session, call)
    judges: dict[int, list[str]] = defaultdict(list)
    for pair in _there(session, plan).pairs if plan is not None else ():
        if pair["judge"] in asked.judges:
            judges[pair["case"]].append(asked.judges[pair["judge"]].name)
    rows = [
        [case.number, case.title, case.centre, case.region, *_padded(judges[case.id])]
        for case in asked.listed.values()
        if case.state == CaseState.SUBMITTED
    ]
    notes = [
        ("怎样填写", "“专家1”到“专家12”写专家姓名；有同名的写专家编号。导入后先预览，确认后才发出邀请。"),
        *(
            (f"专家编号 {one.id}", f"{one.name}，{one.institution or '单位未登记'}，手上 {one.load} 件")
            for one in asked.judges.values()
        ),
        ("导出人", actor.name),
        ("导出时间（北京）", f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M}"),
    ]
    return writing.text_table("评审分派", [_NUMBER, "案例名称", "中心", "省份", *_columns()], rows, notes), len(rows)


def _padded(names: Sequence[str]) -> list[str]:
    return [*names[:_MOST_JUDGES], *[""] * (_MOST_JUDGES - len(names))]


# ---- what if, and sending --------------------------------------------------------------------------------------------


def change(
    session: Session,
    number: int,
    *,
    drop: Iterable[tuple[int, int]] = (),
    add: Iterable[tuple[int, int]] = (),
    actor: Actor,
    at: datetime,
    op: str = "",
) -> Receipt:
    """Take pairs out of a plan and put others in; what that would come to is on its page before anything is sent.

    Raises WrongPlan where it is not ready, or a pair has a conflict; NotPermitted, NoSuchPlan.
    """
    judging.check_desk(actor)
    plan = _ready(session, number)
    gone, new = set(drop), list(add)
    asked = Assignment(session, judging.call_named(session, plan.call_number), plan.wanted.get("instead_of"))
    for case, judge in new:
        if case not in asked.listed or judge not in asked.judges:
            raise WrongPlan(Text("请选择案例和专家。", "Choose a case and a judge."))
        conflict = asked.conflict(case, judge)
        if conflict is not None:
            raise WrongPlan(Text(f"应当回避：{conflict.zh}。", f"There is a conflict: {conflict.en}."))
    pairs = [one for one in plan.pairs if (one["case"], one["judge"]) not in gone | set(new)]
    pairs += [{"case": case, "judge": judge, "zh": _BY_HAND.zh, "en": _BY_HAND.en} for case, judge in new]
    stored.change_plan(session, number, pairs=pairs)
    dropped = [list(one) for one in sorted(gone)]
    data = {"plan": number, "call": plan.call_number, "dropped": dropped, "added": [list(one) for one in new]}
    return judging.note(session, "judging.change_plan", data, actor, at, op)


def send(
    session: Session,
    number: int,
    *,
    due_on: date | None,
    actor: Actor,
    at: datetime,
    op: str = "",
    remark: str = "",
) -> judging.Invited:
    """Invite everybody whom a plan names, each with the reason of their pairing; a judge who is replaced is released, with the
    remark as reason, from the cases for which somebody else was invited.

    Raises WrongPlan, also where such a reason is missing, and what inviting raises.
    """
    judging.check_desk(actor)
    plan = stored.plan(session, number)
    if plan is not None and plan.state == SENT and op and plan.figures.get("op") == op:
        return judging.Invited((), ())
    plan = _ready(session, number)
    call = judging.call_named(session, plan.call_number)
    asked = Assignment(session, call, plan.wanted.get("instead_of"))
    if asked.instead_of is not None and not remark.strip():
        raise WrongPlan(Text("请写明为什么改派。", "Say why somebody else is to judge."))
    given_up = {case: one.id for case in asked.selecting if (one := asked.given_up(case))}
    pairs = [
        judging.Pair(one["case"], one["judge"], one["zh"], given_up.get(one["case"], 0))
        for one in plan.pairs
        if asked.instead_of is None or one["case"] in given_up
    ]
    came = judging.invite(session, call, pairs, due_on=due_on, actor=actor, at=at, op=op)
    missed = {one.case.id for one in came.refused}
    judging.release(
        session,
        [given_up[one.case] for one in pairs if one.instead_of and one.case not in missed],
        remark,
        actor=actor,
        at=at,
        op=op,
    )
    stored.change_plan(session, number, state=SENT, figures={**plan.figures, "op": op})
    judging.note(
        session,
        "judging.send_plan",
        {"plan": number, "call": call.number, "invited": len(came.done), "refused": len(came.refused)},
        actor,
        at,
        op,
    )
    return came


def drop(session: Session, number: int, *, actor: Actor, at: datetime, op: str = "") -> Receipt:
    """Throw a plan away. Raises WrongPlan where it was sent."""
    judging.check_desk(actor)
    plan = _there(session, number)
    if plan.state in (SENT, DROPPED):
        raise WrongPlan(Text("这份方案已经发出或作废。", "The plan was sent or dropped already."))
    stored.change_plan(session, number, state=DROPPED)
    return judging.note(session, "judging.drop_plan", {"plan": number, "call": plan.call_number}, actor, at, op)


def _ready(session: Session, number: int) -> JudgingPlan:
    plan = _there(session, number)
    if plan.state != READY:
        said = STATES[plan.state]
        raise WrongPlan(
            Text(f"方案现在是“{said.zh}”，不能这样办理。", f"The plan is “{said.en}”, so this is not possible.")
        )
    return plan


def _there(session: Session, number: int) -> JudgingPlan:
    plan = stored.plan(session, number)
    if plan is None:
        raise NoSuchPlan(Text("没有这份分派方案。", "There is no such plan."))
    return plan
