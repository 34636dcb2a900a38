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
    NUMBER = "number", "数字", "Number"


class Counted(Labelled):
    """How a length is counted (docs/decisions.md 4)."""

    WORDS = "words", "字数（同 Word）", "字, as Word counts them"
    CHARACTERS = "characters", "字符数（不计空格）", "Characters without spaces"
    ALL_CHARACTERS = "all_characters", "字符数（计空格）", "Characters with spaces"


class SealOf(Labelled):
    """Whose seal a paper bears."""

    NOBODY = "nobody", "不盖章", "No seal"
    HOST_UNIT = "host_unit", "所在单位公章", "Seal of the host unit"
    CENTRE = "centre", "中心公章", "Seal of the centre"
    OFFICE = "office", "汇总报送单位公章", "Seal of the office that sends"


class SentAs(Labelled):
    """In which shape a paper is sent."""

    EDITABLE = "editable", "可编辑的电子件", "An editable file"
    SCAN = "scan", "扫描件", "A scan"
    BOTH = "both", "可编辑的电子件和扫描件", "An editable file and a scan"


class Packing(Labelled):
    LOOSE = "loose", "各文件单独附上", "Each file by itself"
    ZIP = "zip", "打成一个 zip 压缩包", "All in one zip"


class Per(Labelled):
    """For whom a quota is counted."""

    OFFICE = "office", "每个汇总报送单位", "Each office"
    CENTRE = "centre", "每家中心", "Each centre"


class Over(Labelled):
    """Over what a quota is counted."""

    PHASE = "phase", "每个阶段", "in each phase"
    CALL = "call", "各阶段累计", "over all phases"


class TwoRoles(Labelled):
    """How an institution counts that is both TISC and university centre (docs/decisions.md 8)."""

    ONCE = "once", "算一家", "As one centre"
    EACH = "each", "两种身份分别计算", "Once for each of its roles"


@dataclass(frozen=True)
class Window:
    """When something is possible: from `opens` on, and before `closes` (the closing day's midnight)."""

    opens: datetime
    closes: datetime
    by_office: bool = False
    """The office set this earlier day for its centres; it, and not the director, can move it."""
    asked: datetime | None = None
    """Until when it is asked for, where that is earlier: late is possible then, and explained."""

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
    """One of these; a single one is fixed, and one that needs a name leaves the list open."""
    closes_for: Mapping[Level, date] = field(default_factory=dict)
    """An earlier closing day of one level, such as the centres'."""
    asks_for: Mapping[Level, date] = field(default_factory=dict)
    """A day before the closing day by which one level is asked to report; whoever is later explains it."""
    minimum_per_office: int = 0
    themes_for: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Kind of centre → its own themes, in the place of `themes`."""
    any_theme: bool = False
    """Any theme of the call."""

    def window(self, level: Level, opened: date, last_day: date | None = None) -> Window:
        """[opening day 00:00, day after closing 00:00) in Beijing; the closing day's own day still counts.

        `opened`: the day the call opened, where the phase names none. `last_day`: an extension that replaces the
        phase's closing day.
        """
        closing = last_day or self.closes_for.get(level, self.closes)
        soft = self.asks_for.get(level)
        asked = midnight(soft + timedelta(days=1)) if soft is not None and soft < closing else None
        return Window(midnight(self.opens or opened), midnight(closing + timedelta(days=1)), asked=asked)


def roles_of(kind: str, two_roles: TwoRoles) -> int:
    """As how many centres an institution of that kind counts."""
    return 2 if kind == "both" and two_roles is TwoRoles.EACH else 1


def years_before(day: date, years: int) -> date:
    """The same day so many years before; of 29 February, the 28th where that year has none."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def midnight(day: date) -> datetime:
    """The first instant of a day in Beijing."""
    return datetime.combine(day, time(), BEIJING)


@dataclass(frozen=True)
class Section:
    """One part of the case document's template; `headings` are other ways in which people write its name."""

    id: str
    label: Text
    headings: tuple[str, ...] = ()
    required: bool = True
    hint: Text = Text("", "")
    minimum: int | None = None
    maximum: int | None = None
    """Both counted as the whole text is."""


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
    """Over the body of the case."""

    maximum: int | None = None
    minimum: int | None = None
    counted: Counted = Counted.WORDS


@dataclass(frozen=True)
class Milestone:
    """A day that a call names by what happened on it."""

    day: date
    label: Text


@dataclass(frozen=True)
class Eligible:
    """When the service must have happened; an overlap counts. One of `service_from`, `last_years` and `since` says when
    that time begins, and `Call.service_from` is the day."""

    service_from: date | None = None
    service_to: date | None = None
    last_years: int | None = None
    """So many years before the day on which the call opened (近三年)."""
    since: Milestone | None = None
    excluded_honours: tuple[Text, ...] = ()
    """Earlier honours that keep a case out."""
    honours_field: str = ""
    """The field of the report form in which earlier honours are written."""


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
    attachment: str = "附件{position}_{title}_{label}"
    """Where a paper may be several files, `_1`, `_2` … is added."""
    packing: Packing = Packing.LOOSE


_OF_BATCH = ("addressee", "region", "phase", "number", "date")
_OF_CASE = (*_OF_BATCH, "position", "title", "centre", "case_number")
PACKAGE_PLACES = {
    "folder": _OF_BATCH,
    "summary": _OF_BATCH,
    "case": _OF_CASE,
    "form": _OF_CASE,
    "attachment": (*_OF_CASE, "label"),
}
"""What a name may hold in braces: `position` is the place in the batch (01, 02 …), `date` the day of sending (20210324),
`label` what the call calls an attachment."""


@dataclass(frozen=True)
class EffectCriterion:
    """One thing that makes an effect outstanding; whoever chooses a case says why it holds."""

    id: str
    label: Text
    hint: Text = Text("", "")


@dataclass(frozen=True)
class Push:
    """Sending outstanding cases abroad. `criteria`: by what an effect is outstanding; none: in free words. `fields`: what the receiver wants to know beside title, summary and text; the call's
    page shows them, and what fills them in comes with the judging of effects."""

    destination: Text
    fields: tuple[Field, ...] = ()
    criteria: tuple[EffectCriterion, ...] = ()


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
class Pictures:
    """How many pictures a paper holds, and how small they may be. The number is what `pictures_within_limits` examines; the
    width is shown to whoever writes."""

    minimum: int = 0
    maximum: int | None = None
    least_width: int | None = None
    """In pixels."""


OWN_PAPERS = ("case", "form", "summary")
"""Papers that the system itself reads, prints and has sealed; every other one is an attachment."""
ATTACHMENT_FORMATS = ("mp4", "mov", "webm", "mp3", "pdf", "jpg", "png")
"""What an attachment may be, as the ending that we write; it is told by content (`workflow/documents/inspection/films.py`)."""
LARGEST_ATTACHMENT = 300
"""MiB of one file, where a call says nothing."""


@dataclass(frozen=True)
class Paper:
    """A paper that the call asks for. Those of this system are `OWN_PAPERS`; any other is an attachment: a centre's comes with
    the case (docs/decisions.md 95), an office's is shown on the call's page and comes beside the papers."""

    id: str
    label: Text
    owner: Level
    seal: SealOf = SealOf.NOBODY
    sent_as: SentAs = SentAs.EDITABLE
    formats: tuple[str, ...] = ()
    """Endings of file names, such as docx; none: whatever the system takes."""
    required: bool = True
    most: int = 1
    """How many files."""
    largest: int | None = None
    """In MiB, each."""
    pictures: Pictures | None = None


@dataclass(frozen=True)
class Quota:
    """How many cases there may or must be. `kinds`, `themes`: only cases of these count; `exempt_…`: cases of these do not.

    A minimum over all phases is asked of an office's last batch alone (docs/decisions.md 9), whichever phases count.
    """

    id: str
    per: Per
    over: Over = Over.PHASE
    minimum: int | None = None
    maximum: int | None = None
    phases: tuple[str, ...] = ()
    """In these alone it is asked, and cases of these alone count; none: in each."""
    kinds: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    exempt_kinds: tuple[str, ...] = ()
    exempt_themes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Criterion:
    """What judges look at. `weight`: in percent."""

    id: str
    label: Text
    weight: int
    hint: Text = Text("", "")


@dataclass(frozen=True)
class Judging:
    """How cases are judged, and how many win."""

    judges: int
    """Of each case."""
    criteria: tuple[Criterion, ...]
    blind: bool = False
    """Judges see neither centre nor office, and no name in the text."""
    winners: int | None = None
    winners_percent: int | None = None
    """Of the cases that were judged."""
    per_centre: int | None = None
    """So many winners from one centre at most."""
    lowest: int = 0
    highest: int = 100
    """Of the scale of each criterion, in whole points."""


@dataclass(frozen=True)
class PublicNotice:
    """公示: how long the list of chosen cases stands in public before anything is published.

    The first day is the one after the list was put up. `objections`: whether anybody may object meanwhile.
    """

    days: int
    counted: DayKind = DayKind.CALENDAR
    objections: bool = True
    objections_to: Text = Text("", "")
    """Where objections are sent."""
    answer_days: int | None = None
    """Within so many days after its receipt an objection is answered; None: as soon as can be."""
    answer_counted: DayKind = DayKind.WORKING
    days_off: tuple[date, ...] = ()
    """Days off that the system does not know of, as those of a year whose holidays were announced lately."""
    days_worked: tuple[date, ...] = ()
    """Days at weekends that are worked for them."""


@dataclass(frozen=True)
class Channel:
    """Where and when chosen cases are made known. Shown on the call's page, and what the publicity plan chooses from."""

    id: str
    label: Text
    from_day: date | None = None
    to_day: date | None = None


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
    addressees: tuple[Text, ...] = ()
    """As the notice names them."""
    two_roles: TwoRoles = TwoRoles.ONCE
    papers: tuple[Paper, ...] = ()
    quotas: tuple[Quota, ...] = ()
    judging: Judging | None = None
    publicity: tuple[Channel, ...] = ()
    decision_sign_offs: int = 0
    """Distinct people who sign which cases are chosen before that is announced."""
    version: int = 1
    look: bytes = b""
    """The Word document in which its cases are written, as loaded with this version; empty: the one for all calls."""

    @property
    def service_from(self) -> date:
        """The first day on which a service counts. Raises ValueError where the call says none, which loading refuses."""
        eligible = self.eligible
        if eligible.service_from:
            return eligible.service_from
        if eligible.since:
            return eligible.since.day
        if eligible.last_years is None:
            raise ValueError(f"{self.number} has no eligible time")
        return years_before(self.opened, eligible.last_years)

    def themes_of(self, phase: Phase, kind: str = "") -> tuple[str, ...]:
        """The themes that a centre of that kind may choose in a phase."""
        return tuple(self.themes) if phase.any_theme else phase.themes_for.get(kind, phase.themes)

    def themes_in(self, phase: Phase) -> tuple[str, ...]:
        """The themes of a phase, whoever reports."""
        own = (theme for themes in phase.themes_for.values() for theme in themes)
        return tuple(dict.fromkeys((*self.themes_of(phase), *own)))

    def addresses(self, kind: str) -> bool:
        """Whether the call asks anything of a centre of that kind; "" in records older than kinds, which stay as they are."""
        return not kind or kind in self.centre_kinds

    @property
    def asks_of_the_last_batch(self) -> bool:
        """Whether something is asked over all phases, and so of an office's last batch (末批) alone."""
        over_all = any(one.minimum is not None and one.over is Over.CALL for one in self.quotas)
        return "centre_reports_enough" in self.rules or ("quotas_reached" in self.rules and over_all)

    def paper(self, paper_id: str) -> Paper | None:
        return next((paper for paper in self.papers if paper.id == paper_id), None)

    @property
    def attachments(self) -> tuple[Paper, ...]:
        """The papers that a centre attaches to its case."""
        return tuple(one for one in self.papers if one.id not in OWN_PAPERS and one.owner is Level.CENTRE)

    def phase(self, phase_id: str) -> Phase | None:
        return next((phase for phase in self.phases if phase.id == phase_id), None)

    def section(self, section_id: str) -> Section | None:
        return next((section for section in self.sections if section.id == section_id), None)

    @property
    def last_phase(self) -> Phase:
        return self.phases[-1]
