"""截止前提醒: a mail before a deadline to those whose court the ball is in, with what waits for them; to nobody else."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy.orm import Session

from rules.call import BEIJING, Call, Window
from rules.roles import Level, Role
from rules.words import Text
from states.case import EDITABLE, CaseState
from states.lifecycle import Lifecycle
from states.onward import court
from states.route import lifecycle_of
from workflow.documents.mail import compose
from workflow.identity.stand_ins import Presence
from workflow.letters import INSTEAD
from workflow.mailing import Mailer
from workflow.store import calls as stored_calls
from workflow.store import reminders as stored
from workflow.store.database import Database
from workflow.store.facts import Extensions

Each = Callable[[Sequence[Any], Callable[[Any], None]], None]

_MORNING = timedelta(hours=9)
MARKS: dict[str, timedelta] = {
    "7d": timedelta(days=7) - _MORNING,
    "3d": timedelta(days=3) - _MORNING,
    "1d": timedelta(days=1) - _MORNING,
    "3h": timedelta(hours=3),
}
"""Name → how long before the end; those of days at nine in the morning, as a window ends at midnight."""

LATEST = timedelta(hours=12)
"""A reminder that could not leave for so long is left to the next one."""

BEFORE = frozenset({*EDITABLE, CaseState.CENTRE_STAMPED, CaseState.PROVINCE_REVIEWED})
"""States from which a deadline can still be missed."""


@dataclass(frozen=True)
class Waiting:
    """One case, and the step that is waited for."""

    id: int
    number: str
    title: str
    state: Text
    step: Text


@dataclass(frozen=True)
class Reminder:
    """One mail to one person about one deadline. `mark`: which of `MARKS` has come; `absent`: for whom they stand in."""

    person_id: int
    name: str
    address: str
    call: Call
    phase: Text
    window: Window
    mark: str
    cases: tuple[Waiting, ...]
    absent: str = ""
    final: date | None = None
    """The last day of all, where this is about the day asked for."""

    @property
    def message_id(self) -> str:
        """The same for the same person, deadline and mark: handed over once, however often it is asked for."""
        of = f"{self.call.number}|{self.phase.zh}|{self.window.closes.isoformat()}|{self.mark}|{self.person_id}"
        of += f"|{self.absent}" if self.absent else ""
        return f"<remind-{hashlib.sha256(of.encode()).hexdigest()[:32]}@zhengji>"

    @property
    def subject(self) -> str:
        instead = f"代{self.absent}办理，" if self.absent else ""
        return f"征集系统：{instead}{len(self.cases)} 个案例{_left(self.mark).zh}{'到希望的报送日' if self.final else '截止'}"

    def body(self, site: str) -> str:
        """The words, in Chinese and then in English. `site`: the address under which the system is reached."""
        last, left, number = self.window.last_day, _left(self.mark), len(self.cases)
        listed = [
            f"{place}. {one.number} 《{one.title}》 现在：{one.state.zh}，待“{one.step.zh}” {site.rstrip('/')}/cases/{one.id}"
            for place, one in enumerate(self.cases, 1)
        ]
        return "\n".join(
            [
                f"{self.name}，您好！",
                "",
                f"《{self.call.title.zh}》{self.phase.zh}{'希望的报送时间' if self.final else '的截止时间'}是 {last.year} 年 {last.month} 月 {last.day} 日 24:00"
                f"（北京时间），{left.zh}{'到期' if self.final else '截止'}。{self._at_the_latest.zh}下列 {number} 个案例还等您办理：",
                "",
                *listed,
                "",
                *self._instead,
                "还差什么，登录后在案例页面的“为什么不能”中逐项列出。需要延期的，请尽早联系上一级。本邮件由系统发出，不必回复。",
                "",
                f"“{self.call.title.en}”, {self.phase.en}, {'asks for reports by' if self.final else 'closes on'}"
                f" {last.isoformat()} at 24:00 Beijing time, {left.en}.{self._at_the_latest.en}"
                f" The {number} case{'' if number == 1 else 's'} listed above wait{'s' if number == 1 else ''} for you.",
                "What is still lacking is listed on the page of each case, once signed in. Sent by the system; no reply is"
                " needed.",
                "",
            ]
        )

    @property
    def _at_the_latest(self) -> Text:
        if self.final is None:
            return Text("", "")
        day = self.final
        return Text(
            f"晚报须说明原因，最迟 {day.year} 年 {day.month} 月 {day.day} 日 24:00。",
            f" Whoever is later says why, at the latest by {day.isoformat()} at 24:00.",
        )

    @property
    def _instead(self) -> list[str]:
        if not self.absent:
            return []
        return [
            INSTEAD.zh.format(absent=self.absent),
            INSTEAD.en.format(absent=self.absent),
            "",
        ]


def _left(mark: str) -> Text:
    number = int(mark[:-1])
    if mark.endswith("h"):
        return Text(f"还有 {number} 小时", f"in {number} hours")
    return (
        Text(f"还有 {number} 天", f"in {number} day{'' if number == 1 else 's'}")
        if number > 1
        else Text("今天", "today")
    )


def mark_of(closes: datetime, at: datetime) -> str | None:
    """Which reminder is due at an instant; None before the first, between them, and once it is over."""
    if at >= closes:
        return None
    past = [mark for mark, before in MARKS.items() if at >= closes - before]
    return past[-1] if past and at < closes - MARKS[past[-1]] + LATEST else None


def due(session: Session, at: datetime) -> list[Reminder]:
    """Every reminder that should have left by now, one for each person and deadline."""
    rows = stored.cases(session, [str(one) for one in BEFORE])
    days = Extensions(session, {row.call_number for row in rows})
    known = _Holders(session, at)
    found: dict[tuple[Any, ...], tuple[_Holder, Call, Text, Window, str, date | None, list[Waiting]]] = {}
    for row in rows:
        call = stored_calls.call_of(session, row.call_version_id)
        phase, lived = call.phase(row.phase), lifecycle_of(call.route)
        level = court(lived, row.state)
        if phase is None or level is None:
            continue
        window = days.window(call, phase, level, row.office_id, row.own_day, row.centre_id)
        if at < window.opens:
            continue
        found_due = next_due(window, at)
        if found_due is None:
            continue
        mark, window, final = found_due
        waiting = _waiting(lived, row)
        for person in known.of(lived, row):
            key = (person.id, person.absent, call.number, phase.id, window.closes)
            found.setdefault(key, (person, call, phase.label, window, mark, final, []))[-1].append(waiting)
    return [
        Reminder(person.id, person.name, person.email, call, phase, window, mark, tuple(cases), person.absent, final)
        for person, call, phase, window, mark, final, cases in found.values()
    ]


def next_due(window: Window, at: datetime) -> tuple[str, Window, date | None] | None:
    """The mark that has come, until when it is, and the last day of all where only the day asked for comes up."""
    if window.asked is not None and at < window.asked:
        mark = mark_of(window.asked, at)
        if mark is not None:
            return mark, replace(window, closes=window.asked, asked=None), window.last_day
    mark = mark_of(window.closes, at)
    return None if mark is None else (mark, window, None)


def _waiting(lived: Lifecycle, row: Any) -> Waiting:
    step = next(one for one in lived.leaving(row.state) if not one.backward)
    return Waiting(row.id, row.number, row.title or "（未命名）", lived.state(row.state).label, step.label)


@dataclass(frozen=True)
class _Holder:
    """Somebody who can take a step. `absent`: the name of whom they stand in for; `holds_for`: that person."""

    id: int
    name: str
    email: str
    absent: str = ""
    holds_for: int = 0

    @property
    def role_of(self) -> int:
        """Whose role it is."""
        return self.holds_for or self.id


class _Holders:
    """Who takes which step where, of those with an address, and whoever stands in for those who are away."""

    def __init__(self, session: Session, at: datetime) -> None:
        self._at: dict[tuple[str, int], list[_Holder]] = defaultdict(list)
        presence = Presence(session, at)
        roles = (Role.AUTHOR, Role.SEALER, Role.REVIEWER, Role.LEADER)
        for row in stored.holders(session, [str(role) for role in roles]):
            self._at[row.role, row.centre_id or row.office_id].append(_Holder(row.id, row.name, row.email))
        for one, grant in presence.lent():
            if grant.role in roles and grant.unit is not None and one.person.email:
                holder = _Holder(one.person_id, one.person.name, one.person.email, one.absent.name, one.absent_id)
                self._at[str(grant.role), grant.unit].append(holder)

    def of(self, lived: Lifecycle, row: Any) -> list[_Holder]:
        """Whoever takes the step that is waited for; while a case is written, whoever writes it too."""
        step = next(one for one in lived.leaving(row.state) if not one.backward)
        found: dict[tuple[int, int], _Holder] = {}
        for role in step.by:
            unit = row.centre_id if role.level is Level.CENTRE else row.office_id
            found |= {(one.id, one.holds_for): one for one in self._at[str(role), unit]}
        if row.state in EDITABLE:
            written_by = [one for one in self._at[str(Role.AUTHOR), row.centre_id] if one.role_of == row.author_id]
            found |= {(one.id, one.holds_for): one for one in written_by}
        if row.state == CaseState.PROVINCE_REVIEWED:  # it is the reviewers who put it into a batch
            found |= {(one.id, one.holds_for): one for one in self._at[str(Role.REVIEWER), row.office_id]}
        own = {one.id for one in found.values() if not one.absent}
        return [one for one in found.values() if not one.absent or one.id not in own]


def send(database: Database, mailer: Mailer, site: str, each: Each, *, at: datetime) -> str:
    """Send what is due, each once. Raises MailRefused."""
    with database.reading() as session:
        reminders = due(session, at)
    hand_over(reminders, mailer, site, each, at)
    return f"{len(reminders)} reminders"


class Due(Protocol):
    """A mail that is due."""

    @property
    def address(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def message_id(self) -> str: ...
    def body(self, site: str) -> str: ...


def hand_over(reminders: Sequence[Due], mailer: Mailer, site: str, each: Each, at: datetime) -> None:
    """Send each of these once, by its Message-ID. Raises MailRefused."""

    def one_by_one(reminder: Reminder) -> None:
        mailer.send(
            compose(
                sender=mailer.sender,
                to=reminder.address,
                subject=reminder.subject,
                body=reminder.body(site),
                attachments=[],
                message_id=reminder.message_id,
                at=at.astimezone(BEIJING),
            )
        )

    if reminders:
        each(reminders, one_by_one)
