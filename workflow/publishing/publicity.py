"""宣传计划: which chosen case appears in which channel and when, what came of it, and reminders to the editor."""

from __future__ import annotations

import calendar
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from rules.call import BEIJING, Call, Channel
from rules.roles import Role
from rules.words import Labelled, Text
from states.case import CaseState
from states.reach import Actor
from workflow.cases import NoSuchCase
from workflow.engine import NotPermitted, WrongInput
from workflow.mailing import Mailer
from workflow.publishing import consent
from workflow.reminders import Each, hand_over
from workflow.store import calls as stored_calls
from workflow.store import personal as stored_personal
from workflow.store import publicity as stored
from workflow.store.database import Database
from workflow.store.models import Appearance, Case, Document

PLANS = frozenset({Role.EDITOR, Role.DESK, Role.DIRECTOR})
READS = PLANS | {Role.AUDITOR}
PLANNABLE = (CaseState.SHORTLISTED, CaseState.PUBLISHED, CaseState.WIPO_PUSHED)
MOST = 1000
LONGEST_PLACE, LONGEST_LINK, LONGEST_SAID = 120, 500, 2000
"""Characters."""
SUMMARY = 200
"""字 of the short text of a pack."""
BEFORE, AFTER = (3, 0), 3
"""Days before an appearance on which editors are reminded of it, and days after it on which they are reminded to record
what came of it, while that is not recorded; at nine in the morning."""


class WrongAppearance(WrongInput):
    """An appearance that makes no sense as written (422)."""


class Stage(Labelled):
    """How an appearance stands, computed from its day, its case and what was recorded."""

    PLANNED = "planned", "已安排", "Planned"
    UNPUBLISHED = "unpublished", "案例未公开，不能宣传", "Not published: it cannot appear"
    LATE = "late", "已过日期，未登记结果", "Its day is past, no result recorded"
    DONE = "done", "已宣传", "Done"


@dataclass(frozen=True)
class Occasion:
    """A day or a week that comes every year."""

    label: Text
    first: date
    last: date


def occasions(year: int) -> tuple[Occasion, ...]:
    """What every year brings for publicity: the national week of intellectual property, and the world's day."""
    return (
        Occasion(Text("全国知识产权宣传周", "National IP publicity week"), date(year, 4, 20), date(year, 4, 26)),
        Occasion(Text("世界知识产权日", "World Intellectual Property Day"), date(year, 4, 26), date(year, 4, 26)),
    )


@dataclass(frozen=True)
class Shown:
    """One appearance with its channel, its stage, and the pictures that may not be shown because nobody allowed it."""

    row: Appearance
    channel: Channel
    stage: Stage
    pictures: Sequence[Document]
    without_rights: Sequence[Document]


@dataclass(frozen=True)
class Day:
    """One square of the calendar. `inside`: of the month that is shown."""

    day: date
    inside: bool
    occasions: Sequence[Text]
    appearances: Sequence[Shown]


@dataclass(frozen=True)
class Plan:
    """The plan of a call in one month, and all of it as a list."""

    call: Call
    month: date
    weeks: Sequence[Sequence[Day]]
    listed: Sequence[Shown]
    channels: Sequence[Channel]
    candidates: Sequence[Case]

    @property
    def before(self) -> date:
        return (self.month - timedelta(days=1)).replace(day=1)

    @property
    def after(self) -> date:
        return (self.month + timedelta(days=31)).replace(day=1)

    @property
    def reach(self) -> int:
        return sum(one.row.reach or 0 for one in self.listed)


# ---- reading ---------------------------------------------------------------------------------------------------------


def check_reads(actor: Actor) -> None:
    """Raise NoSuchCase for whoever has nothing to do with publicity."""
    if not actor.roles & READS:
        raise NoSuchCase(
            Text(
                "没有这个页面，或者它不在您的职责范围内。请从上方菜单进入。",
                "There is no such page within your reach. Use the menu above.",
            )
        )


def check_plans(actor: Actor) -> None:
    """Raise NoSuchCase, or NotPermitted for whoever only reads."""
    check_reads(actor)
    if not actor.roles & PLANS:
        raise NotPermitted(
            Text(
                "宣传计划由国家局编辑、受理人和主管安排，您没有这个职责。",
                "Publicity is planned by the national office's editors, desk and director; you are none.",
            )
        )


def plan(session: Session, call: Call, month: date, *, actor: Actor, today: date) -> Plan:
    """The plan of a call. `month`: any day of it. Raises NoSuchCase."""
    check_reads(actor)
    shown = _shown(session, call, stored.of_call(session, call.number), today)
    first = month.replace(day=1)
    return Plan(
        call,
        first,
        [
            [_day(one, first, shown) for one in week]
            for week in calendar.Calendar().monthdatescalendar(first.year, first.month)
        ],
        shown,
        call.publicity,
        stored.candidates(session, actor, call.number, [str(one) for one in PLANNABLE], MOST)
        if actor.roles & PLANS
        else (),
    )


def _day(day: date, month: date, shown: Sequence[Shown]) -> Day:
    labels = [one.label for one in occasions(day.year) if one.first <= day <= one.last]
    return Day(day, day.month == month.month, labels, [one for one in shown if one.row.day == day])


def first_month(session: Session, call: Call, today: date) -> date:
    """The month to begin with: of the next appearance that is not done, else of the next channel's days, else this one."""
    waiting = [one.day for one in stored.of_call(session, call.number) if one.done_at is None and one.day >= today]
    opening = [one.from_day for one in call.publicity if one.from_day and (one.to_day or one.from_day) >= today]
    return min(waiting or opening or [today])


def _shown(session: Session, call: Call, rows: Sequence[Appearance], today: date) -> list[Shown]:
    pictures = stored.pictures(session, [one.case_id for one in rows])
    return [
        Shown(
            one,
            _channel_of(call, one),
            stage(call, one, today),
            [picture for picture in pictures[one.case_id] if picture.rights],
            [picture for picture in pictures[one.case_id] if not picture.rights],
        )
        for one in rows
    ]


def _channel_of(call: Call, row: Appearance) -> Channel:
    """A channel by its id; one that a later version of the call dropped keeps its id for a name."""
    known = next((one for one in call.publicity if one.id == row.channel), None)
    return known or Channel(row.channel, Text(row.channel, row.channel))


def stage(call: Call, row: Appearance, today: date) -> Stage:
    if row.done_at is not None:
        return Stage.DONE
    if not consent.open_to_all(call, row.case):
        return Stage.UNPUBLISHED
    return Stage.LATE if row.day < today else Stage.PLANNED


def find(session: Session, appearance_id: int, *, actor: Actor, today: date) -> tuple[Call, Shown]:
    """One appearance. Raises NoSuchCase."""
    check_reads(actor)
    row = stored.one(session, appearance_id)
    if row is None or row.dropped_at is not None:
        raise _nothing()
    call = stored_calls.call_of(session, row.case.call_version_id)
    [shown] = _shown(session, call, [row], today)
    return call, shown


def _nothing() -> NoSuchCase:
    return NoSuchCase(
        Text("没有这项宣传安排，或者它已经取消。", "There is no such appearance, or it was dropped from the plan.")
    )


# ---- planning --------------------------------------------------------------------------------------------------------


def arrange(
    session: Session,
    call: Call,
    *,
    channel: str,
    case_id: int,
    day: date | None,
    place: str,
    actor: Actor,
    at: datetime,
    op: str = "",
) -> int:
    """Plan that a chosen case appears in a channel on a day; the number of the appearance. The same form gives the same.

    Raises NoSuchCase, NotPermitted, WrongAppearance.
    """
    check_plans(actor)
    earlier = stored.by_op(session, op)
    if earlier is not None:
        return earlier.id
    chosen = next((one for one in call.publicity if one.id == channel), None)
    case = stored.case_of(session, actor, call.number, case_id)
    if chosen is None or case is None or case.state not in PLANNABLE:
        raise WrongAppearance(
            Text(
                "请从列表中选择渠道，以及一个已入选或已发布的案例。",
                "Choose a channel and a shortlisted or published case of the lists.",
            )
        )
    day = _fits(chosen, day)
    if stored.standing(session, call.number, case_id, channel, day):
        raise WrongAppearance(
            Text(
                f"《{case.title}》这一天在“{chosen.label.zh}”已经安排过。",
                f"“{case.title}” is planned for “{chosen.label.en}” on that day already.",
            )
        )
    place = _short(place, LONGEST_PLACE, Text("地点", "The place"))
    made = stored.add(
        session,
        call_number=call.number,
        channel=channel,
        case_id=case_id,
        day=day,
        place=place,
        by_id=actor.id,
        at=at,
        op=op or None,
    )
    data = {"appearance": made, "channel": channel, "day": day.isoformat(), "place": place}
    _note(session, "publicity.plan", case, data, actor, at)
    return made


def move(session: Session, appearance_id: int, day: date | None, *, actor: Actor, at: datetime) -> None:
    """Another day for an appearance that is not done. Raises NoSuchCase, NotPermitted, WrongAppearance."""
    row, call = _open(session, appearance_id, actor)
    day = _fits(_channel_of(call, row), day)
    if day == row.day:
        return
    if stored.standing(session, row.call_number, row.case_id, row.channel, day):
        raise WrongAppearance(Text("这一天已经安排过。", "It is planned for that day already."))
    before = row.day.isoformat()
    stored.change(session, appearance_id, day=day)
    data = {"appearance": appearance_id, "day": day.isoformat(), "before": before}
    _note(session, "publicity.move", row.case, data, actor, at)


def drop(session: Session, appearance_id: int, reason: str, *, actor: Actor, at: datetime) -> None:
    """Take an appearance that is not done off the plan, with a reason. Raises NoSuchCase, NotPermitted, WrongAppearance."""
    row, _ = _open(session, appearance_id, actor)
    reason = _short(reason, LONGEST_SAID, Text("理由", "The reason"))
    if not reason:
        raise WrongAppearance(Text("请写明取消的理由。", "Write why it is dropped."))
    stored.change(session, appearance_id, dropped_at=at, said=reason)
    data = {"appearance": appearance_id, "reason": reason}
    _note(session, "publicity.drop", row.case, data, actor, at)


def record(
    session: Session, appearance_id: int, *, link: str, reach: str, said: str, actor: Actor, at: datetime
) -> None:
    """What was done: where it can be seen, how many it reached, in words. It may be recorded again, for later numbers.

    Raises NoSuchCase, NotPermitted, WrongAppearance: of a case that is not public nothing can have been shown.
    """
    row, call = _open(session, appearance_id, actor, done_too=True)
    if not consent.open_to_all(call, row.case) and row.done_at is None:
        raise WrongAppearance(
            Text(
                "这个案例现在没有公开发布，不能登记为已宣传。请先发布，或取消这项安排。",
                "The case is not published now, so it cannot have appeared. Publish it first, or drop this from the plan.",
            )
        )
    link = _link(link)
    number = _reach(reach)
    said = _short(said, LONGEST_SAID, Text("说明", "The note"))
    if not (link or said):
        raise WrongAppearance(Text("请写上链接，或说明做了什么。", "Give a link, or say what was done."))
    stored.change(session, appearance_id, done_at=row.done_at or at, link=link, reach=number, said=said)
    data = {"appearance": appearance_id, "link": link, "reach": number, "said": said}
    _note(session, "publicity.record", row.case, data, actor, at)


def _open(session: Session, appearance_id: int, actor: Actor, *, done_too: bool = False) -> tuple[Appearance, Call]:
    check_plans(actor)
    row = stored.one(session, appearance_id, lock=True)
    if row is None or row.dropped_at is not None:
        raise _nothing()
    if row.done_at is not None and not done_too:
        raise WrongAppearance(
            Text("已经登记为宣传过，不能再改期或取消。", "It is recorded as done, and cannot be moved or dropped.")
        )
    return row, stored_calls.call_of(session, row.case.call_version_id)


def _fits(channel: Channel, day: date | None) -> date:
    """A day on which a channel is open. Raises WrongAppearance."""
    if day is None:
        raise WrongAppearance(Text("请选择一个日期，如 2021-04-26。", "Choose a day, such as 2021-04-26."))
    first, last = channel.from_day, channel.to_day
    if (first and day < first) or (last and day > last):
        since, until = first.isoformat() if first else "", last.isoformat() if last else ""
        raise WrongAppearance(
            Text(
                f"“{channel.label.zh}”的日期是 {since} 至 {until}，{day.isoformat()} 不在其中。",
                f"“{channel.label.en}” runs from {since} to {until}; {day.isoformat()} is not within.",
            )
        )
    return day


def _short(words: str, most: int, what: Text) -> str:
    words = words.strip()
    if len(words) > most:
        raise WrongAppearance(
            Text(
                f"{what.zh}有 {len(words)} 字，最多 {most} 字，请改短。",
                f"{what.en} has {len(words)} characters; the most is {most}. Shorten it.",
            )
        )
    return words


def _link(words: str) -> str:
    link = _short(words, LONGEST_LINK, Text("链接", "The link"))
    if link and not (urlsplit(link).scheme in ("http", "https") and urlsplit(link).netloc):
        raise WrongAppearance(Text("链接应以 http:// 或 https:// 开头。", "A link begins with http:// or https://."))
    return link


def _reach(words: str) -> int | None:
    plain = re.sub(r"[\s,，]", "", words)
    if not plain:
        return None
    if not re.fullmatch(r"[0-9]{1,12}", plain):
        raise WrongAppearance(Text("触达人数应为数字，如 12000。", "The reach is a number, such as 12000."))
    return int(plain)


def _note(session: Session, action: str, case: Case, data: dict[str, Any], actor: Actor, at: datetime) -> None:
    stored_personal.note(
        session,
        "publicity",
        action,
        {"number": case.number, **data},
        actor,
        at,
        case_id=case.id,
        office_id=case.office_id,
    )


# ---- texts of a pack -------------------------------------------------------------------------------------------------


def summary(case: Case, call: Call) -> str:
    """The case in at most 200 字: its own abstract, else the beginning of its text, ended where a sentence ends."""
    own = case.form.get("abstract", "").strip()
    text = own or "".join(case.sections.get(one.id, "") for one in call.sections)
    return cut("".join(text.split()))


def cut(text: str) -> str:
    """At most 200 字 of a text, up to the end of a sentence where there is one."""
    if len(text) <= SUMMARY:
        return text
    last = max(text.rfind(sign, 0, SUMMARY) for sign in "。！？")
    return text[: last + 1] if last >= SUMMARY // 3 else f"{text[: SUMMARY - 1]}…"


# ---- reminders -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reminder:
    """One mail to one editor about what appears on one day, or should have. `left`: days until then; below 0: it is past."""

    name: str
    address: str
    day: date
    left: int
    lines: tuple[str, ...]

    @property
    def message_id(self) -> str:
        of = f"{self.address}|{self.day.isoformat()}|{self.left}"
        return f"<publicity-{hashlib.sha256(of.encode()).hexdigest()[:32]}@zhengji>"

    @property
    def subject(self) -> str:
        return f"征集系统：{len(self.lines)} 项宣传{self._when}"

    @property
    def _when(self) -> str:
        if self.left < 0:
            return f"已过 {-self.left} 天，还没有登记结果"
        return f"还有 {self.left} 天" if self.left else "今天进行"

    def body(self, site: str) -> str:
        return "\n".join(
            [
                f"{self.name}，您好！",
                "",
                f"{self.day:%Y-%m-%d} 安排了下列宣传，{self._when}：",
                "",
                *self.lines,
                "",
                f"材料和登记结果：{site.rstrip('/')}/publicity?month={self.day:%Y-%m}",
                "",
                f"The appearances listed above {'were' if self.left < 0 else 'are'} planned for {self.day.isoformat()}."
                f"{' What came of them is not recorded yet.' if self.left < 0 else ''} Packs and results: see the address above.",
                "",
            ]
        )


def due(session: Session, at: datetime) -> list[Reminder]:
    """The reminders that should leave at this hour, from nine in the morning until noon: before, on and after the day."""
    now = at.astimezone(BEIJING)
    if not 9 <= now.hour < 12:
        return []
    today = now.date()
    rows = stored.undone(session, today + timedelta(days=max(BEFORE)))
    found = []
    for left in (*BEFORE, -AFTER):
        lines = tuple(_told(session, rows, today + timedelta(days=left)))
        if lines:
            day = today + timedelta(days=left)
            people = stored.editors(session, str(Role.EDITOR))
            found += [Reminder(one.name, one.email, day, left, lines) for one in people]
    return found


def _told(session: Session, rows: Sequence[Appearance], day: date) -> Iterator[str]:
    for row in rows:
        if row.day == day:
            call = stored_calls.call_of(session, row.case.call_version_id)
            channel = _channel_of(call, row)
            state = "" if consent.open_to_all(call, row.case) else "（案例未公开，不能宣传）"
            where = f"{channel.label.zh}（{row.place}）" if row.place else channel.label.zh
            yield f"- {where}：《{row.case.title}》 {row.case.number}{state}"


@dataclass(frozen=True)
class AtHand:
    """What an editor has to see to: appearances in the next days, and those that are past without a result.

    `first`: the earliest of them.
    """

    soon: int
    late: int
    first: Appearance


def at_hand(session: Session, actor: Actor, today: date) -> AtHand | None:
    """None for whoever is no editor, and where there is nothing."""
    rows = stored.undone(session, today + timedelta(days=max(BEFORE))) if Role.EDITOR in actor.roles else []
    late = sum(one.day < today for one in rows)
    return AtHand(len(rows) - late, late, rows[0]) if rows else None


def remind(database: Database, mailer: Mailer, site: str, each: Each, *, at: datetime) -> int:
    """Send what is due, each once; how many. Raises MailRefused."""
    with database.reading() as session:
        reminders = due(session, at)
    hand_over(reminders, mailer, site, each, at)
    return len(reminders)


TEXTS: Mapping[str, Text] = {
    "poster": Text("海报文字", "Text of a poster"),
    "summary": Text("200 字简介", "Summary of 200 characters"),
    "slides": Text("幻灯片", "Slides"),
    "pictures": Text("有权公开的图片", "Pictures with rights"),
}
"""What a pack holds."""
