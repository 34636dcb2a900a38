"""What the desk settles before a case that is judged blind is read: words that still tell whose it is, and its pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from rules.call import Call
from rules.words import Text
from states.case import CaseState
from states.reach import Actor
from workflow import downloads
from workflow.engine import Receipt
from workflow.selection import blind, judging
from workflow.selection.judging import NoSuchJudgement, WrongInvitation
from workflow.store import judging as stored
from workflow.store import trail
from workflow.store.calls import call_of
from workflow.store.files import Files

AT_ONCE = 100
"""Cases that are searched for one page."""
VERDICTS: Mapping[str, Text] = {
    stored.SHOW: Text("不泄露身份，给专家看", "It names nobody; judges see it"),
    stored.HIDE: Text("看得出是谁的，不给专家看", "It tells whose it is; judges do not see it"),
}
"""What the desk may find of a picture."""
_NOT_THERE = Text("没有这个案例，或者它不在评审。", "There is no such case in judging.")


@dataclass(frozen=True)
class Waiting:
    """A case that no judge may read yet."""

    case: stored.CaseSide
    reading: blind.Reading

    @property
    def unseen(self) -> Sequence[blind.Picture]:
        """Its pictures at which nobody has looked."""
        return [one for one in self.reading.pictures if not one.verdict]


@dataclass(frozen=True)
class Page:
    """What waits among some of a call's cases. `searched`: how many were; `last`: after which the next page begins, or None."""

    call: Call
    waiting: Sequence[Waiting]
    searched: int
    last: str | None


def waiting(session: Session, call: Call, actor: Actor, after: str = "") -> Page:
    """Cases being selected that no judge may read yet, searched a page at a time in the order of their numbers.

    Raises NoSuchJudgement for all but the desk, the director and the auditor. A call that does not judge blind has none.
    """
    judging.check_office(actor)
    if not judging.asked_by(call).blind:
        return Page(call, [], 0, None)
    numbers = stored.selected_after(session, call.number, after, AT_ONCE + 1)
    sides = stored.case_sides(session, [case for case, _ in numbers[:AT_ONCE]])
    read = [Waiting(one, blind.reading(one, call_of(session, one.call_version))) for one in sides.values()]
    held_back = [one for one in read if one.reading.found or one.unseen]
    more = len(numbers) > AT_ONCE
    return Page(call, held_back, len(sides), numbers[AT_ONCE - 1][1] if more else None)


def look(
    session: Session, case_id: int, verdicts: Mapping[str, str], *, actor: Actor, at: datetime, op: str = ""
) -> Receipt:
    """Write down what the desk found of pictures it has looked at: digest → SHOW or HIDE. It may be found otherwise later.

    A picture is known by its file, so another in its place is asked about again. Raises NotPermitted, NoSuchJudgement,
    WrongInvitation where nothing was said, or of a picture that is no longer the case's.
    """
    judging.check_desk(actor)
    case = stored.case_sides(session, [case_id]).get(case_id)
    if case is None or case.state != CaseState.SUBMITTED:
        raise NoSuchJudgement(_NOT_THERE)
    key = f"{op}:judging.picture"
    if op and (known := trail.by_op(session, [key]).get(key)):
        return Receipt(known.stream, known.seq, known.hash)
    if not verdicts or not set(verdicts.values()) <= set(VERDICTS):
        raise WrongInvitation(Text("请先逐幅看过图片并作出认定。", "Look at each picture, and say what you found."))
    if not set(verdicts) <= {one.digest for one in case.pictures}:
        raise WrongInvitation(
            Text("图片已经换过，请重新看过再认定。", "A picture was changed meanwhile; please look at it again.")
        )
    for digest, verdict in verdicts.items():
        stored.add_mask(session, case_id, verdict, digest, actor, at)
    found = {"case": case.number, "pictures": dict(sorted(verdicts.items()))}
    return judging.note(session, "judging.picture", found, actor, at, op)


def picture(session: Session, files: Files, case_id: int, position: int, actor: Actor) -> bytes:
    """PNG of one of a case's pictures, counted from 1, for whoever looks at them. Raises NoSuchJudgement, Lost."""
    judging.check_office(actor)
    found = stored.pictures(session, case_id)
    case = stored.case_sides(session, [case_id]).get(case_id)
    if case is None or case.state != CaseState.SUBMITTED or not 0 < position <= len(found):
        raise NoSuchJudgement(_NOT_THERE)
    return downloads.page(files, found[position - 1])
