"""The board of cases on their way abroad: where each stands, whose move it is, and since when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from rules.facts import CaseFacts
from rules.roles import Role
from rules.selection import english_checked, english_is_current
from rules.words import Labelled, Text
from states.case import CaseState
from states.lifecycle import Standing
from states.push import PushState
from states.reach import Actor, Grant
from workflow import boards, cases
from workflow.store import abroad as stored
from workflow.store import facts as stored_facts
from workflow.store import pages
from workflow.store.models import Case, Push
from workflow.wipo import pushes


class Stage(Labelled):
    """A column of the board: what a push is in, or how far a case is that was found outstanding and is not pushed yet."""

    DRAFT = "draft", "待翻译", "To be translated"
    TRANSLATING = "translating", "翻译和校对中", "Being translated and read"
    CHECKED = "checked", "英文已校对，另有未办", "English passed, something else is missing"
    READY = "ready", "可以推送", "Ready to be pushed"
    SENT = "sent", "发送中，待对方确认", "On its way, not acknowledged yet"
    UNKNOWN = "unknown", "不知对方是否收到", "Unknown whether received"
    STAYED = "stayed", "对方已收，案例没有跟上", "Received, but the case could not follow"
    FAILED = "failed", "发送失败", "Failed"
    ACKNOWLEDGED = "acknowledged", "对方已确认", "Acknowledged"
    RECALLED = "recalled", "已撤回", "Recalled"


def stage_of(push: Push) -> Labelled:
    """The state of a push; or that nobody can tell whether it arrived, or that its case could not follow, which are no
    states but shown like them."""
    if pushes.stayed_behind(push):
        return Stage.STAYED
    return Stage.UNKNOWN if pushes.in_doubt(push) else PushState.of(push.state)


RECEIVER = Text("接收方", "the receiver")
SYSTEM = Text("系统", "the system")
_MOVES = {
    Stage.UNKNOWN: (Role.LIAISON.label,),
    Stage.STAYED: (Role.LIAISON.label,),
    Stage.FAILED: (Role.LIAISON.label,),
    Stage.READY: (Role.LIAISON.label,),
    Stage.SENT: (RECEIVER,),
}


@dataclass(frozen=True)
class Entry:
    """A case on the board. `movers`: whose move it is; `since`: from when it has stood there; `open`: what is to be settled."""

    stage: Stage
    case: Case
    push: Push | None
    movers: Sequence[Text]
    since: datetime
    open: int = 0


@dataclass(frozen=True)
class Board:
    """All of them by stage, each stage with those that have stood longest first."""

    lanes: Mapping[Stage, Sequence[Entry]]

    @property
    def total(self) -> int:
        return sum(map(len, self.lanes.values()))


MOST = 1_000
"""Cases of outstanding effect, and pushes, that a board shows at most."""


def board(session: Session, actor: Actor, at: datetime) -> Board:
    """Raises NoSuchPush for all but those who look after pushes."""
    boards.check_follows_pushes(actor)
    newest = stored.newest_pushes(session, MOST)
    came = stored.since(session, newest)
    entries = [_of_push(one, came.get(one.stream, one.started_at)) for one in newest]
    shown = {one.case_id for one in newest}
    entries += _of_cases(session, [one for one in pages.outstanding(session, actor, MOST) if one.id not in shown], at)
    entries.sort(key=lambda one: one.since)
    return Board({stage: [one for one in entries if one.stage is stage] for stage in Stage})


def _of_push(push: Push, since: datetime) -> Entry:
    stage = Stage.SENT if push.state == PushState.QUEUED else Stage.of(str(stage_of(push)))
    movers = (SYSTEM,) if push.state == PushState.QUEUED else _MOVES.get(stage, ())
    if push.recall_asked and stage is not Stage.RECALLED:
        movers = (RECEIVER,)
    return Entry(stage, push.case, push, movers, since)


def _of_cases(session: Session, found: Sequence[Case], at: datetime) -> list[Entry]:
    """Cases that were never pushed."""
    ids = [case.id for case in found]
    facts = stored_facts.case_facts(
        session, stored_facts.case_rows(session, ids), stored_facts.Inputs.of(_SOMEBODY, at)
    )
    written, moved = stored.english_since(session, ids), stored.moved(session, found)
    return [_of_case(case, fact, written.get(case.id), moved[case.id]) for case, fact in zip(found, facts, strict=True)]


_SOMEBODY = Actor(0, "", frozenset({Grant(Role.LIAISON)}))
"""Whoever is no hand of any case: what keeps one liaison from a case does not keep the case from going abroad."""


def _of_case(case: Case, fact: CaseFacts, written: datetime | None, moved: datetime) -> Entry:
    engine = cases.engine_of(fact.call)
    offers = engine.offers(Standing(case.state, case.centre_id, case.office_id), _SOMEBODY, fact)
    offer = next((one for one in offers if one.transition.name == "push"), None)
    obstacles = offer.obstacles if offer else []
    stage, movers = (
        _stage(fact),
        [role.label for role in dict.fromkeys(who for one in obstacles for who in one.lifted_by)],
    )
    if stage is Stage.CHECKED and offer and not obstacles:
        return Entry(Stage.READY, case, None, _MOVES[Stage.READY], written or moved)
    if case.state == CaseState.SHORTLISTED:
        movers = [*_of_english(stage), Role.EDITOR.label]
    return Entry(stage, case, None, movers, written or moved, len(obstacles))


def _stage(fact: CaseFacts) -> Stage:
    if fact.english is None:
        return Stage.DRAFT
    done = english_is_current.examine(fact) is None and english_checked.examine(fact) is None
    return Stage.CHECKED if done else Stage.TRANSLATING


def _of_english(stage: Stage) -> list[Text]:
    return {Stage.DRAFT: [Role.TRANSLATOR.label], Stage.TRANSLATING: [Role.TRANSLATOR.label, Role.CHECKER.label]}.get(
        stage, []
    )
