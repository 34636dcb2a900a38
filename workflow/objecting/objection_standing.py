"""查询异议: how an objection stands, told to whoever has its number and the code that was handed over with its receipt.

The code opens nothing but this, so it stands beside what it is about and is compared in constant time.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from rules.words import Text
from states.lifecycle import State
from states.objection import OBJECTION, OPEN, ObjectionState
from workflow.engine import TooOften, WrongInput
from workflow.objecting.objection_words import ANSWERED, Consequence, Kind
from workflow.store import objections as stored
from workflow.store.models import Objection

LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""None that is taken for another when it is read from paper."""
_LONG, _GROUP = 12, 4
"""Twelve of 31 letters are 59 bits."""
PER_ADDRESS = 10
"""Wrong codes from one address in a quarter of an hour."""
_BEFORE = {
    ObjectionState.NOT_ACCEPTED: ObjectionState.RECEIVED,
    ObjectionState.UPHELD: ObjectionState.UNDER_INQUIRY,
    ObjectionState.DISMISSED: ObjectionState.UNDER_INQUIRY,
}
"""What an answer that may still be taken back looks like from outside."""


class WrongCode(WrongInput):
    """No objection has this number and this code (422)."""


class TooManyCodes(TooOften):
    """Wrong codes from one address in a short while (429)."""


NONE_SUCH = Text(
    "没有查到：编号或查询码不对。请照回执或邮件再填一次；遗失查询码的，请与受理人联系。",
    "Nothing was found: number or code is wrong. Copy both from the receipt or the mail; who lost the code asks the desk.",
)
WAIT = Text(
    "这台电脑连续多次没有查到。请一刻钟之后再查。",
    "This computer asked in vain several times. Try again after a quarter of an hour.",
)


@dataclass(frozen=True)
class Standing:
    """What an objector is told; of what they wrote nothing. `answer`: the reasons, "" while there is none."""

    number: int
    kind: Kind
    title: str
    case: str
    received_at: datetime
    state: State
    due_on: date | None
    answered_at: datetime | None = None
    answer: str = ""
    consequence: Text | None = None

    @property
    def open(self) -> bool:
        return str(self.state) in {str(one) for one in OPEN}


def new_code() -> str:
    """One that nobody guesses."""
    return "".join(secrets.choice(LETTERS) for _ in range(_LONG))


def shown(code: str) -> str:
    """A code as it is written down, in groups."""
    return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))


def code_of(session: Session, number: int) -> str:
    """The code of an objection, as it is written down; for whoever it was just received from."""
    one = stored.one(session, number)
    return shown(one.code) if one else ""


def plain(typed: str) -> str:
    """A code as it was typed, without what only groups it."""
    return "".join(one for one in typed.upper() if one.isalnum())


def lines(one: Objection, site: str) -> Sequence[Text]:
    """Where and with what it is looked up, for mails and letters; nothing where no code was handed over."""
    if not one.code:
        return ()
    page = f"{site.rstrip('/')}/objection"
    return (
        Text(
            f"凭编号 {one.id} 和查询码 {shown(one.code)} 可以查询办理情况：{page}",
            f"How it stands can be looked up with number {one.id} and code {shown(one.code)}: {page}?lang=en",
        ),
    )


def look(session: Session, number: int, typed: str, *, at: datetime, hold: timedelta) -> Standing:
    """How it stands. An answer is told once it cannot be taken back silently any more, which is after `hold`.

    Raises WrongCode, the same for a number that is not there and for one whose code is another.
    """
    one = stored.one(session, number)
    same = hmac.compare_digest((one.code if one else "").encode(), plain(typed).encode())
    if one is None or not one.code or not same:
        raise WrongCode(NONE_SUCH)
    state = ObjectionState.of(one.state)
    told = Standing(
        number=one.id,
        kind=Kind.of(one.kind),
        title=one.case.title,
        case=one.case.number,
        received_at=one.received_at,
        state=OBJECTION.state(state),
        due_on=one.due_on,
    )
    if state not in ANSWERED:
        return told
    answered_at = stored.stepped_at(session, one)
    if at < answered_at + hold:
        return replace(told, state=OBJECTION.state(_BEFORE[state]))
    means = Consequence.of(one.consequence).label if one.consequence else None
    return replace(told, answered_at=answered_at, answer=one.answer, consequence=means)
