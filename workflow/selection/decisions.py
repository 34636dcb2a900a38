"""入选决定: what is to become of the submitted cases of a call, chosen in a table, signed, and told to nobody outside
until it is announced (`workflow.selection.announcing`)."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from rules.call import Call
from rules.roles import Role
from rules.selection import another_person_acts
from rules.words import Labelled, Text
from states.case import CaseState
from states.reach import Actor
from workflow.audit.canonical import canonical
from workflow.cases import NoSuchCase, check_apart
from workflow.clock import BEIJING
from workflow.engine import CannotServe, NoSuchThing, NotPermitted, Receipt, WrongInput
from workflow.selection import judging
from workflow.store import calls as stored_calls
from workflow.store import decisions as stored
from workflow.store import facts as stored_facts
from workflow.store import trail
from workflow.store.decisions import SORTS, Asked, Line
from workflow.store.living import Overtaken

__all__ = ["SORTS", "Asked", "Line"]

PAGE = 100
"""Lines of one page of the table."""
LONGEST = 1000
"""Characters of a reason, and of what the centre is told."""


class NoSuchTable(NoSuchThing):
    """There is no such call, or its decisions are not for this person, which is the same (404)."""


class NotPending(CannotServe):
    """The case waits for no decision any more (409)."""


class WrongDecision(WrongInput):
    """What was chosen cannot be kept (422)."""


class Decision(Labelled):
    """What is to become of a case."""

    UNDECIDED = "", "待定", "Undecided"
    SHORTLIST = "shortlist", "拟入选", "To be shortlisted"
    PASS_OVER = "pass_over", "拟不入选", "To be passed over"


class Standing(Labelled):
    """Where a case of the table stands, for narrowing it."""

    UNDECIDED = "undecided", "待定", "Undecided"
    SHORTLIST = "shortlist", "拟入选", "To be shortlisted"
    PASS_OVER = "pass_over", "拟不入选", "To be passed over"
    WON = "won", "已入选", "Shortlisted already"
    LOST = "lost", "未入选", "Not selected"


# ---- who -------------------------------------------------------------------------------------------------------------


_LOOK = frozenset({Role.DESK, Role.DIRECTOR, Role.AUDITOR})


def looks(actor: Actor) -> bool:
    """Whether this person may know of decisions that are pending."""
    return bool(actor.roles & _LOOK)


def chooses(actor: Actor) -> bool:
    return Role.DESK in actor.roles


def signs(actor: Actor) -> bool:
    return Role.DIRECTOR in actor.roles


def check_looks(actor: Actor) -> None:
    """Raise NoSuchTable for all but the desk, the director and the auditor: to the others it is not there."""
    if not looks(actor):
        raise _nothing()


def check_chooses(actor: Actor) -> None:
    """Raise NoSuchTable, or NotPermitted for those who only look."""
    check_looks(actor)
    if not chooses(actor):
        raise NotPermitted(Text("入选决定由国家局受理人办理。", "Decisions are the national desk's to make."))


def _nothing() -> NoSuchTable:
    return NoSuchTable(
        Text(
            "没有这份决定表，或者它不在您的职责范围内。请从“入选决定”进入。",
            "There is no such table of decisions for you. Start from the list of calls.",
        )
    )


def calls(session: Session, actor: Actor) -> list[Call]:
    """The newest version of each call. Raises NoSuchTable."""
    check_looks(actor)
    return [call for _, call in stored_calls.open_calls(session)]


def call_numbered(session: Session, number: str, actor: Actor) -> Call:
    """The newest version of a call. Raises NoSuchTable."""
    found = next((one for one in calls(session, actor) if one.number == number), None)
    if found is None:
        raise _nothing()
    return found


# ---- the table -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """One page of the table. `after`: what the next page is asked for with, None at the end. `signed`: case → how many.

    `scores`: case → what judges said of it; none where the call asks for no judging, or nothing is scored yet.
    """

    call: Call
    lines: Sequence[Line]
    number: int
    after: int | None
    signed: Mapping[int, int]
    scores: Mapping[int, judging.CaseScore]


def table(
    session: Session, number: str, asked: Asked, *, actor: Actor, after: int | None = None, limit: int = PAGE
) -> Table:
    """Every submitted case of a call, narrowed and in order. Raises NoSuchTable."""
    call = call_numbered(session, number, actor)
    known = scores(session, call)
    found = (
        _by_score(session, number, asked, known, after, limit + 1)
        if asked.sort == "score"
        else stored.page(session, number, asked, after, limit + 1)
    )
    shown = found[:limit]
    more = shown[-1].id if len(found) > limit else None
    return Table(call, shown, stored.count(session, number, asked), more, counted(session, shown), known)


def scores(session: Session, call: Call) -> Mapping[int, judging.CaseScore]:
    """Case → what judges said of it, as far as they have."""
    if call.judging is None:
        return {}
    return {case: one for case, one in judging.standings(session, call).items() if one.mean is not None}


def _by_score(
    session: Session,
    number: str,
    asked: Asked,
    scores: Mapping[int, judging.CaseScore],
    after: int | None,
    limit: int,
) -> list[Line]:
    """A page with the highest calibrated score first; what nobody scored comes last."""

    def place(case: int) -> tuple[float, int]:
        one = scores.get(case)
        value = None if one is None else one.mean if one.calibrated is None else one.calibrated
        return (float("inf") if value is None else -value, case)

    ids = sorted(stored.ids(session, number, asked), key=place)
    first = ids.index(after) + 1 if after in ids else 0
    wanted = ids[first : first + limit]
    known = {one.id: one for one in stored.pending_lines(session, wanted)}
    return [known[one] for one in wanted if one in known]


def counted(session: Session, lines: Sequence[Line]) -> Mapping[int, int]:
    """Case → how many people other than the one who chose have signed its decision as it is now."""
    return {case_id: len(people) for case_id, people in signed_by(session, lines).items()}


def signed_by(session: Session, lines: Sequence[Line]) -> Mapping[int, frozenset[int]]:
    """Case → who other than the one who chose has signed its decision as it is now, with the text as it is now."""
    known = stored.signers(session, [one.id for one in lines])
    return {
        one.id: known.get((one.id, one.digest), frozenset()) - {one.by}
        for one in lines
        if one.decision and one.digest == digest_of(one)
    }


def digest_of(line: Line) -> str:
    """What a decision as it stands is signed under: a change of the text changes it too."""
    return _digest(line.content, line.decision, line.reason, line.feedback)


def _digest(content: str, decision: str, reason: str, feedback: str) -> str:
    signed = {"content": content, "decision": decision, "feedback": feedback, "reason": reason}
    return hashlib.sha256(canonical(signed).encode()).hexdigest()


def find(session: Session, number: str, case_id: int, *, actor: Actor) -> Line:
    """One line. Raises NoSuchTable, NoSuchCase."""
    call_numbered(session, number, actor)
    found = stored.line(session, case_id)
    if found is None or found.call != number or found.state not in stored.SHOWN:
        raise NoSuchCase(Text("决定表里没有这个案例。", "There is no such case in the table."))
    return found


def units(session: Session, number: str) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """Offices and centres by which the table is narrowed: (id, name)."""
    return stored.units(session, number)


# ---- how it adds up --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Share:
    """One theme, office or centre. `winners`: shortlisted already, or to be."""

    name: str
    winners: int
    undecided: int
    total: int


@dataclass(frozen=True)
class Spread:
    """How the decisions of a call add up. `wanted`: how many winners the call says, None where it does not.

    `over`: centres with more winners than the call allows from one. `cap`: how many that is.
    """

    winners: int
    pending: int
    passed: int
    undecided: int
    total: int
    wanted: int | None
    percent: int | None
    cap: int | None
    over: Sequence[Share]
    by_theme: Sequence[Share]
    by_office: Sequence[Share]

    @property
    def left(self) -> int | None:
        """How many more winners the call has room for; less than none where there are too many."""
        return None if self.wanted is None else self.wanted - self.winners


def spread(session: Session, call: Call) -> Spread:
    """Winners, shares and centres over their number, as they would be after an announcement now; one query."""
    return spread_of(call, stored.sums(session, call.number))


def spread_of(call: Call, rows: Sequence[Sequence[Any]]) -> Spread:
    """The same of rows: office, theme, centre, standing ("", a decision, "won" or "lost"), and how many."""
    names = {one.id: one.label.zh for one in call.themes.values()}
    by_office, by_theme, by_centre = (_shares(rows, place) for place in range(3))
    standing = Counter[str]()
    for row in rows:
        standing[row[3]] += row[4]
    total = sum(standing.values())
    judging = call.judging
    cap = judging.per_centre if judging else None
    return Spread(
        winners=standing["won"] + standing["shortlist"],
        pending=standing["shortlist"],
        passed=standing["lost"] + standing["pass_over"],
        undecided=standing[""],
        total=total,
        wanted=_wanted(call, total),
        percent=judging.winners_percent if judging else None,
        cap=cap,
        over=[one for one in by_centre if cap is not None and one.winners > cap],
        by_theme=[Share(names.get(one.name, one.name), one.winners, one.undecided, one.total) for one in by_theme],
        by_office=by_office,
    )


def _wanted(call: Call, total: int) -> int | None:
    """How many winners the call says; a share of the cases is rounded down, so that it is never exceeded."""
    if call.judging is None:
        return None
    if call.judging.winners is not None:
        return call.judging.winners
    return None if call.judging.winners_percent is None else total * call.judging.winners_percent // 100


def _shares(rows: Sequence[Sequence[object]], place: int) -> list[Share]:
    winners, undecided, total = Counter[str](), Counter[str](), Counter[str]()
    for row in rows:
        name, standing, many = str(row[place]), row[3], int(str(row[4]))
        total[name] += many
        winners[name] += many if standing in ("won", "shortlist") else 0
        undecided[name] += many if standing == "" else 0
    return [Share(name, winners[name], undecided[name], total[name]) for name in total]


# ---- chosen ----------------------------------------------------------------------------------------------------------


def left_to_others(session: Session, call: Call, lines: Sequence[Line], actor: Actor) -> frozenset[int]:
    """Cases of these that this person neither chooses for nor signs, as they are of their own centre or office: what
    holds for shortlisting holds for what comes before it (docs/decisions.md 12)."""
    if another_person_acts.id not in call.rules:
        return frozenset()
    return stored_facts.of_their_unit(session, [one.id for one in lines], frozenset(actor.both))


def choose(
    session: Session,
    number: str,
    case_id: int,
    decision: str,
    reason: str,
    feedback: str,
    *,
    seen: int,
    mark: str,
    actor: Actor,
    at: datetime,
    op: str = "",
) -> Receipt | None:
    """Keep what is to become of a submitted case; None when nothing changed.

    `seen`: the version of the decision that was looked at; `mark`: that of the case. Another one raises Overtaken, so
    nobody writes over what somebody else chose meanwhile. Raises NoSuchTable, NotPermitted (also for whoever is of the
    case's own centre or office), NoSuchCase, NotPending, WrongDecision.
    """
    check_chooses(actor)
    stored_facts.case_rows(session, [case_id], lock=True)
    line = find(session, number, case_id, actor=actor)
    earlier = _earlier(session, op)
    if earlier is not None:
        return earlier
    if not line.pending:
        raise NotPending(not_pending(line))
    check_seen(line, seen, mark)
    chosen, reason, feedback = checked(decision, reason, feedback)
    check_apart(session, case_id, "shortlist", actor=actor, at=at)
    same = (line.decision, line.reason, line.feedback) == (str(chosen), reason, feedback)
    if same and line.announced_in is None and line.mark == line.seen:
        return None
    [receipt] = keep(session, number, [Choice(line, chosen, reason, feedback)], actor=actor, at=at, op=op)
    return receipt


@dataclass(frozen=True)
class Choice:
    """What is chosen of one line."""

    line: Line
    decision: Decision
    reason: str
    feedback: str


def keep(
    session: Session,
    number: str,
    choices: Sequence[Choice],
    *,
    actor: Actor,
    at: datetime,
    op: str = "",
    sheet: str = "",
) -> list[Receipt]:
    """Write down what was chosen of lines that were examined and whose cases are locked. `sheet`: the digest of a
    file that they came in."""
    entries = []
    for one in choices:
        line = one.line
        digest = _digest(line.content, str(one.decision), one.reason, one.feedback)
        stored.keep(
            session,
            line.id,
            call_number=number,
            decision=str(one.decision),
            reason=one.reason,
            feedback=one.feedback,
            version=line.version + 1,
            digest=digest,
            mark=line.mark,
            by_id=actor.id,
            at=at,
        )
        data = {
            "case": line.number,
            "decision": str(one.decision),
            "zh": one.decision.label.zh,
            "en": one.decision.label.en,
            "reason": one.reason,
            "feedback": one.feedback,
            "before": "" if line.announced_in is not None else line.decision,
            "digest": digest,
            **({"sheet": sheet} if sheet else {}),
        }
        entries.append(_entry(f"decision/{line.id}", "decision.choose", data, actor, at, op))
    return trail.append(session, entries)


def not_pending(line: Line) -> Text:
    """What is said of a case that waits for no decision any more."""
    here = CaseState.of(line.state).label
    return Text(
        f"{line.number}现在是“{here.zh}”，不再等待决定。请刷新决定表。",
        f"{line.number} is “{here.en}” and waits for no decision. Reload the table.",
    )


def check_seen(line: Line, seen: int, mark: str) -> None:
    """Raise Overtaken where the decision or its case is another one than was looked at."""
    if seen != line.version and not (
        seen == 0 and line.announced_in is not None
    ):  # the table shows an announced one as none
        day = line.at.astimezone(BEIJING) if line.at else None
        said = Decision.of(line.decision).label
        when = f"{day:%Y-%m-%d %H:%M}" if day else ""
        raise Overtaken(
            Text(
                f"您查看之后，{line.by_name}已于 {when} 把 {line.number} 定为“{said.zh}”。您的选择没有保存，请看过再定。",
                f"Since you looked, {line.by_name} set {line.number} to “{said.en}” at {when}. Your choice was not kept.",
            )
        )
    if mark != line.mark:
        raise Overtaken(
            Text(
                f"您查看之后，{line.number} 已有变动。您的选择没有保存，请看过再定。",
                f"{line.number} has changed since you looked. Your choice was not kept; look again and decide.",
            )
        )


def checked(decision: str, reason: str, feedback: str) -> tuple[Decision, str, str]:
    """A choice as it is kept. Raises WrongDecision."""
    if decision not in {str(one) for one in Decision}:
        raise WrongDecision(Text("请选择待定、拟入选或拟不入选。", "Choose undecided, shortlist or pass over."))
    for words, zh, en in ((reason, "理由", "reason"), (feedback, "反馈", "feedback")):
        if len(words.strip()) > LONGEST:
            raise WrongDecision(
                Text(
                    f"{zh}有 {len(words.strip())} 字，最多 {LONGEST} 字，请写短。",
                    f"The {en} has {len(words.strip())} characters; the most is {LONGEST}. Shorten it.",
                )
            )
    return Decision.of(decision), reason.strip(), feedback.strip()


def _earlier(session: Session, op: str) -> Receipt | None:
    """The receipt of what this form already came to."""
    event = trail.by_op(session, [f"{op}:decision"]).get(f"{op}:decision") if op else None
    return Receipt(event.stream, event.seq, event.hash) if event else None


def note(
    session: Session,
    stream: str,
    action: str,
    data: Mapping[str, object],
    actor: Actor,
    at: datetime,
    op: str,
    outcome: str = "done",
) -> Receipt:
    """One entry that is about no case as the others know it: the desk, the director and the auditor read it."""
    [receipt] = trail.append(session, [_entry(stream, action, data, actor, at, op, outcome)])
    return receipt


def _entry(
    stream: str,
    action: str,
    data: Mapping[str, object],
    actor: Actor,
    at: datetime,
    op: str,
    outcome: str = "done",
) -> trail.Entry:
    return trail.Entry(
        stream=stream,
        action=action,
        outcome=outcome,
        at=at,
        actor=actor,
        data=dict(data),
        op=f"{op}:decision" if op else None,
    )


# ---- signed ----------------------------------------------------------------------------------------------------------


def fingerprint(lines: Sequence[Line]) -> str:
    """What somebody looks at who signs a whole list."""
    return hashlib.sha256(canonical([[one.id, one.digest] for one in lines]).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class ToSign:
    """What is decided and not announced, for whoever signs it. `mine`: how many this person has signed."""

    lines: Sequence[Line]
    seen: str
    needed: int
    complete: int
    mine: int
    mine_to_sign: int


def to_sign(session: Session, call: Call, *, actor: Actor) -> ToSign:
    """The decisions of a call and how far they are signed."""
    lines = stored.decided(session, call.number)
    signed = signed_by(session, lines)
    needed = call.decision_sign_offs
    mine = [one for one in lines if actor.id in signed.get(one.id, ())]
    others = left_to_others(session, call, lines, actor)
    return ToSign(
        lines,
        fingerprint(lines),
        needed,
        sum(len(signed.get(one.id, ())) >= needed for one in lines),
        len(mine),
        sum(one.by != actor.id and one.id not in others for one in lines) - len(mine),
    )


def sign(session: Session, number: str, *, seen: str, actor: Actor, at: datetime, op: str = "") -> Receipt:
    """Sign every decision that is pending, as it stood when it was looked at; whoever chose one, and whoever is of the
    centre or office that a case comes from, does not sign it.

    Raises NoSuchTable, NotPermitted, Overtaken when the list is another one now, WrongDecision when nothing is left to sign.
    """
    call = call_numbered(session, number, actor)
    if not signs(actor):
        raise NotPermitted(Text("入选决定由主管签发。", "Decisions are signed by a director."))
    stored_facts.case_rows(session, [one.id for one in stored.decided(session, number)], lock=True)
    earlier = _earlier(session, op)
    if earlier is not None:
        return earlier
    lines = stored.decided(session, call.number)
    if fingerprint(lines) != seen:
        raise Overtaken(
            Text(
                "您查看之后，决定表已有变动，没有签发。请看过现在的决定再签发。",
                "The decisions have changed since you looked, so nothing was signed. Look again, and then sign.",
            )
        )
    known = stored.signers(session, [one.id for one in lines])
    others = left_to_others(session, call, lines, actor)
    left = [
        one
        for one in lines
        if one.by != actor.id
        and one.id not in others
        and one.digest == digest_of(one)
        and actor.id not in known.get((one.id, one.digest), frozenset())
    ]
    if not left:
        raise WrongDecision(
            Text(
                "没有要您签发的决定：您都签过了，或者是您自己选定的、本单位的案例，须由别人签发。",
                "There is nothing for you to sign: you have signed all, or others must, as you chose them or they are of"
                " your own unit.",
            )
        )
    stored.sign(session, [(one.id, one.digest) for one in left], actor.id, at)
    data = {"call": number, "signed": len(left), "cases": [one.number for one in left], "list": seen}
    return note(session, trail.daily(session, "decisions", at), "decision.sign_off", data, actor, at, op)
