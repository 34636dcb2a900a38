"""A call as plain values: what one notice asks for. Files are read into it by `workflow.calls`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone

from rules.roles import Level
from rules.words import Labelled, Text

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has kept one time without summer time since 1992; no call is older."""


class Strength(Labelled):
    MUST = "must", "必须", "Must"
    IN_PRINCIPLE = "in_principle", "原则上（须说明理由）", "In principle (comply or explain)"


class FieldType(Labelled):
    TEXT = "text", "文字", "Text"
    LONG_TEXT = "long_text", "长文字", "Long text"
    MONTH = "month", "年月", "Month"
    DATE = "date", "日期", "Date"
    CHOICE = "choice", "单选", "One of several"
    YES_NO = "yes_no", "是否", "Yes or no"
    PHONE = "phone", "电话", "Telephone"
    EMAIL = "email", "邮箱", "E-mail"


@dataclass(frozen=True)
class Window:
    """When something is possible: from `opens` on, and before `closes` (the closing day's midnight)."""

    opens: datetime
    closes: datetime
    by_office: bool = False
    """The office set this earlier day for its centres; it, and not the director, can move it."""

    @property
    def last_day(self) -> date:
        """The deadline as people write it: the last day that still counts."""
        return (self.closes - timedelta(microseconds=1)).astimezone(BEIJING).date()


@dataclass(frozen=True)
class Theme:
    id: str
    label: Text
    needs_name: bool = False
    """The open end of a list (等): the case writes its own theme out."""


@dataclass(frozen=True)
class Phase:
    id: str
    label: Text
    closes: date
    opens: date | None = None
    themes: tuple[str, ...] = ()
    closes_for: Mapping[Level, date] = field(default_factory=dict)
    """An earlier closing day of one level, such as the centres'."""
    minimum_per_office: int = 0

    def window(self, level: Level, opened: date, last_day: date | None = None) -> Window:
        """[opening day 00:00, day after closing 00:00) in Beijing; the closing day's own day still counts.

        `opened`: the day the call opened, where the phase names none. `last_day`: an extension that replaces the
        phase's closing day.
        """
        closing = last_day or self.closes_for.get(level, self.closes)
        return Window(_midnight(self.opens or opened), _midnight(closing + timedelta(days=1)))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), BEIJING)


@dataclass(frozen=True)
class Section:
    """One part of the case document's template; `headings` are other ways in which people write its name."""

    id: str
    label: Text
    headings: tuple[str, ...] = ()
    required: bool = True
    hint: Text = Text("", "")


@dataclass(frozen=True)
class Field:
    """One field of a form; `headings` are other labels under which people's own forms carry it."""

    name: str
    label: Text
    type: FieldType = FieldType.TEXT
    required: bool = True
    limit: int | None = None
    choices: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    hint: Text = Text("", "")


@dataclass(frozen=True)
class RuleInForce:
    """A rule as this call asks for it: the clause, the call's own words, how binding it is."""

    clause: str
    says: tuple[str, ...] = ()
    strength: Strength = Strength.MUST
    decision: int | None = None
    """For a rule of our own (clause 系统): the numbered decision of docs/decisions.md that it carries out."""


@dataclass(frozen=True)
class Confirmation:
    """What only a person can judge, ticked by the one who takes the step."""

    id: str
    step: str
    text: Text
    clause: str


@dataclass(frozen=True)
class LengthLimits:
    """In 字 as Word counts them, over the body of the case."""

    maximum: int | None = None
    minimum: int | None = None


@dataclass(frozen=True)
class Eligible:
    """When the service must have happened; an overlap counts."""

    service_from: date
    service_to: date | None = None


@dataclass(frozen=True)
class Mail:
    """The prescribed channel: address, subject pattern, and what a subject must hold ({addressee} is filled in)."""

    to: str
    subject: str
    must_hold: tuple[str, ...] = ()


@dataclass(frozen=True)
class Package:
    """How the files of a batch are called, without their endings. Words in braces are filled in (PACKAGE_PLACES); a “/”
    makes a folder, which a mail leaves out."""

    folder: str = "{region}_{phase}_{number}_{date}"
    """What all of it lies in, where it is no mail."""
    summary: str = "案例汇总表_{region}_{phase}_盖章扫描件"
    case: str = "案例{position}_{title}"
    form: str = "报送表{position}_{title}_扫描件"


_OF_BATCH = ("addressee", "region", "phase", "number", "date")
_OF_CASE = (*_OF_BATCH, "position", "title", "centre", "case_number")
PACKAGE_PLACES = {"folder": _OF_BATCH, "summary": _OF_BATCH, "case": _OF_CASE, "form": _OF_CASE}
"""What a name may hold in braces: `position` is the place in the batch (01, 02 …), `date` the day of sending (20210324)."""


@dataclass(frozen=True)
class Push:
    """Sending outstanding cases abroad."""

    destination: Text


class Recommender(Labelled):
    """Who vouches for a case before the national office sees it."""

    OFFICE = "office", "省级主管部门", "Provincial office"
    MINISTRY = "ministry", "部门", "Ministry"
    SELF = "self", "中心自荐", "The centre itself"


class Leg(Labelled):
    """One part of the way of a case that a call may ask for; the order is that of the way."""

    CENTRE_SEAL = "centre_seal", "中心盖章", "Seal of the host unit"
    REVIEW = "review", "审核推荐", "Review and recommendation"
    SELECTION = "selection", "遴选", "Selection"
    PUBLIC_NOTICE = "public_notice", "公示", "Public notice"
    PUBLICATION = "publication", "公开发布", "Publication"
    PUSH = "push", "对外推送", "Push abroad"


@dataclass(frozen=True)
class Route:
    """Which way cases take: the legs asked for, and who recommends. `states.route` derives the lifecycle from it."""

    legs: tuple[Leg, ...] = (Leg.CENTRE_SEAL, Leg.REVIEW, Leg.SELECTION, Leg.PUBLICATION, Leg.PUSH)
    recommended_by: Recommender = Recommender.OFFICE


class DayKind(Labelled):
    """Which days a term counts. Working days: without weekends and public holidays, with the days worked for them."""

    CALENDAR = "calendar", "自然日", "Calendar days"
    WORKING = "working", "工作日", "Working days"


@dataclass(frozen=True)
class PublicNotice:
    """公示: how long the list of chosen cases stands in public before anything is published.

    The first day is the one after the list was put up. `objections`: whether anybody may object meanwhile.
    """

    days: int
    counted: DayKind = DayKind.CALENDAR
    objections: bool = True


@dataclass(frozen=True)
class Call:
    number: str
    document_number: str
    title: Text
    issuer: Text
    opened: date
    eligible: Eligible
    phases: tuple[Phase, ...]
    themes: Mapping[str, Theme]
    sections: tuple[Section, ...]
    report_form: tuple[Field, ...]
    summary_table: tuple[Field, ...]
    length: LengthLimits
    minimum_per_centre: int
    mail: Mail
    route: Route
    push: Push | None
    public_notice: PublicNotice | None
    confirmations: tuple[Confirmation, ...]
    sign_offs: int
    centre_kinds: tuple[str, ...]
    rules: Mapping[str, RuleInForce]
    text: str
    """The notice itself, Markdown."""
    package: Package = Package()
    version: int = 1

    def phase(self, phase_id: str) -> Phase | None:
        return next((phase for phase in self.phases if phase.id == phase_id), None)

    def section(self, section_id: str) -> Section | None:
        return next((section for section in self.sections if section.id == section_id), None)

    @property
    def last_phase(self) -> Phase:
        return self.phases[-1]
