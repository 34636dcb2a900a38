"""Reads a call from its TOML file and the notice's text beside it; refuses it with everything that is wrong."""

from __future__ import annotations

import difflib
import hashlib
import itertools
import re
import string
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rules.call import (
    ATTACHMENT_FORMATS,
    LARGEST_ATTACHMENT,
    OWN_PAPERS,
    PACKAGE_PLACES,
    Call,
    Confirmation,
    Eligible,
    Field,
    FieldType,
    Judging,
    Leg,
    LengthLimits,
    Mail,
    Over,
    Paper,
    Per,
    Phase,
    PublicNotice,
    Push,
    Quota,
    Recommender,
    Route,
    RuleInForce,
    Theme,
    years_before,
)
from rules.catalogue import CATALOGUE
from rules.roles import Level
from rules.scope import CENTRE_KINDS
from rules.words import Text
from states.batch import BATCH
from states.case import CASE
from states.judgement import JUDGEMENT
from states.objection import OBJECTION
from states.push import PUSH
from states.route import lifecycle_of
from workflow.calls.tables import WRONG, CallProblem, Entry, Shape, Tables, lines_of
from workflow.calls.written import read_toml

OWN_CLAUSE = "系统"
"""The clause of a rule that is ours and not the notice's; it names its decision."""

STEPS = tuple(one.name for one in CASE.transitions if any(guard.id == "contents_confirmed" for guard in one.guards))
"""Steps at which somebody confirms what only a person can judge."""

MOST_SIGN_OFFS = 3

REPORTING = (Level.CENTRE, Level.OFFICE, Level.NATIONAL)
"""Levels that may have closing days of their own."""
_NAME = re.compile(r"[\w\-.]+")


class CallRefused(Exception):
    """A call's file cannot be read as a call; `problems` names everything that is wrong, by place."""

    def __init__(self, problems: list[CallProblem]) -> None:
        super().__init__("\n".join(f"{one.text.zh} / {one.text.en}" for one in problems))
        self.problems = problems


def read_call(path: Path) -> Call:
    """The call of one TOML file; the notice's text is in the file that `text` names, beside it.

    Raises CallRefused with all problems, a missing or unreadable file included.
    """
    toml = _content(path, path.name)
    name = _text_name(toml)
    return parse_call(toml, _content(path.parent / name, "text") if name else "")


def parse_call(toml: str, text: str) -> Call:
    """The call of a TOML document and the notice's own words (Markdown).

    Raises CallRefused with all problems: unknown keys and values, wrong types, what is missing, what contradicts
    itself, and words ascribed to the notice that it does not hold.
    """
    try:
        document = read_toml(toml)
    except tomllib.TOMLDecodeError as error:
        raise CallRefused([_unreadable(error)]) from error
    tables = Tables(lines_of(toml), SHAPE)
    parts = tables.parts(Call, "", document)
    if "route" not in document:
        parts["route"] = _usual_route(parts)
    for check in CHECKS:
        check(tables, parts, document, text)
    if tables.problems:
        raise CallRefused(sorted(tables.problems, key=lambda one: one.line or 0))
    return Call(**{**parts, "text": text})


def stored_call(toml: str, text: str) -> Call:
    """The call of a version that was loaded once, by whatever an earlier program asked of it.

    Cases live by it, so what is asked of new calls since then is not asked of it, and a key that nobody reads any more
    is passed over. Raises CallRefused only where a part that is needed cannot be read.
    """
    document = read_toml(toml)
    if isinstance(push := document.get("push"), dict) and push.get("enabled") is False:
        del document["push"]  # how a call said that it sends nothing abroad before it had a route
    tables = Tables(lines_of(toml), SHAPE)
    parts = tables.parts(Call, "", document)
    if "route" not in document:
        parts["route"] = _usual_route(parts)
    if any(_unread(one) for one in parts.values()):
        raise CallRefused(tables.problems)
    return Call(**{**parts, "text": text})


def _unread(value: object) -> bool:
    """Whether a value, or one that it holds, could not be read."""
    if isinstance(value, tuple):
        return any(one is WRONG for one in value)
    return value is WRONG or (isinstance(value, dict) and any(one is WRONG for one in value.values()))


def mistaken(toml: str, call: Call, known: Iterable[Call]) -> CallProblem | None:
    """What is wrong with a call beside those that there are: every version of one has its number and its document number,
    and no other call has either."""
    tables = Tables(lines_of(toml), SHAPE)
    for one in known:
        if one.number == call.number and one.document_number != call.document_number:
            tables.wrong(
                "number",
                f"编号“{call.number}”已是{one.document_number}《{one.title.zh}》的，这一份是{call.document_number}；请另取编号",
                f"the number “{call.number}” is that of {one.document_number}, “{one.title.en}”; this is "
                f"{call.document_number}, so give it another number",
            )
        if one.number != call.number and one.document_number == call.document_number:
            tables.wrong(
                "document_number",
                f"{one.document_number}已用编号“{one.number}”载入；要载入它的新版本，请沿用这个编号",
                f"{one.document_number} is loaded already under the number “{one.number}”; a new version keeps it",
            )
    return tables.problems[0] if tables.problems else None


def digest(toml: str, text: str) -> str:
    """SHA-256 (hex) over a call's file and the notice's text; the same for the same version of a call."""
    whole = hashlib.sha256()
    for part in (toml, text):
        content = part.encode()
        whole.update(len(content).to_bytes(8, "big") + content)
    return whole.hexdigest()


def shipped_calls() -> list[Path]:
    """The call files that come with the software, by name: the one in force, and invented ones of other kinds."""
    return sorted(Path(__file__).parent.glob("*.toml"))


def current_call() -> Path:
    """The shipped call that a new installation opens with; the others are there to be looked at, copied and loaded."""
    return Path(__file__).parent / "2021-205.toml"


@dataclass(frozen=True)
class _ThemeEntry:
    """`[themes]` writes a theme as its label: id = { zh, en, needs_name }."""

    zh: str
    en: str
    needs_name: bool = False


SHAPE = Shape(
    skip={Call: frozenset({"version", "look"})},
    defaults={
        Call: {"confirmations": (), "minimum_per_centre": 0, "push": None, "public_notice": None, "route": Route()}
    },
    entries={Theme: Entry(_ThemeEntry, lambda key, one: Theme(key, Text(one.zh, one.en), one.needs_name))},
    closed={
        (Call, "rules"): CATALOGUE,
        (Call, "centre_kinds"): CENTRE_KINDS,
        (Phase, "closes_for"): REPORTING,
        (Phase, "asks_for"): REPORTING,
        (Phase, "themes_for"): CENTRE_KINDS,
        (Quota, "kinds"): CENTRE_KINDS,
        (Quota, "exempt_kinds"): CENTRE_KINDS,
        (Paper, "owner"): (Level.CENTRE, Level.OFFICE),
        (Confirmation, "step"): STEPS,
    },
)
"""How `rules.call.Call` is written in a file: what the loader reads by, and what the JSON Schema is made of."""


def _content(path: Path, place: str) -> str:
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        said = Text(
            f"{place}：打不开文件“{path.name}”。请把它放在征集文件旁边。",
            f"{place}: the file “{path.name}” cannot be opened. Put it beside the call's file.",
        )
        raise CallRefused([CallProblem(place, said)]) from error
    except UnicodeDecodeError as error:
        said = Text(
            f"{place}：“{path.name}”不是 UTF-8 文字。请另存为 UTF-8 编码。",
            f"{place}: “{path.name}” is not UTF-8 text. Save it in UTF-8.",
        )
        raise CallRefused([CallProblem(place, said)]) from error


def _text_name(toml: str) -> str:
    """The name of the notice's file; empty where `parse_call` will say what is wrong with it."""
    try:
        name = read_toml(toml).get("text")
    except tomllib.TOMLDecodeError:
        return ""
    return name if isinstance(name, str) and _is_file_name(name) else ""


def _is_file_name(name: str) -> bool:
    return bool(name.strip()) and name == Path(name).name and name not in (".", "..") and "\\" not in name


def _unreadable(error: tomllib.TOMLDecodeError) -> CallProblem:
    found = re.search(r"line (\d+)", str(error))
    line = int(found[1]) if found else None
    where = Text(f"第 {line} 行", f"line {line}") if line else Text("文件", "the file")
    said = Text(
        f"{where.zh}不是合格的 TOML：{error}。请检查这一行和它上面的引号、括号。",
        f"{where.en} is not valid TOML: {error}. Check the quotes and brackets of this line and those above.",
    )
    return CallProblem(where.en, said, line)


Parts = dict[str, Any]


def _read(parts: Parts, name: str) -> list[tuple[int, Any]]:
    """The items of a list that could be read, with their positions."""
    items = parts[name]
    return [] if items is WRONG else [(at, one) for at, one in enumerate(items) if one is not WRONG]


def _words(items: Iterable[object]) -> list[str]:
    return [one for one in items if isinstance(one, str)]


def _names(tables: Tables, parts: Parts, document: Parts, text: str) -> None:
    number, notice = parts["number"], parts["text"]
    if number is not WRONG and not _NAME.fullmatch(number):
        tables.wrong(
            "number",
            f"“{number}”不能作编号；只用文字、数字和 - _ .",
            f"“{number}” cannot be a number; use letters, digits, - _ and . only",
        )
    if notice is not WRONG and not _is_file_name(notice):
        tables.wrong(
            "text",
            f"“{notice}”不是文件名；通知正文须放在本文件旁边",
            f"“{notice}” is not a file name; the notice's text must stand beside this file",
        )


def _unique(tables: Tables, parts: Parts, document: Parts, text: str) -> None:
    for name, key in (
        ("phases", "id"),
        ("sections", "id"),
        ("confirmations", "id"),
        ("report_form", "name"),
        ("summary_table", "name"),
        ("papers", "id"),
        ("quotas", "id"),
        ("publicity", "id"),
    ):
        items = _read(parts, name)
        seen = Counter[str]()
        for at, item in items:
            one = getattr(item, key)
            place = f"{name}[{at}].{key}"
            seen[one] += 1
            if not _NAME.fullmatch(one):
                tables.wrong(
                    place,
                    f"“{one}”不能作标识；只用文字、数字和 - _ .",
                    f"“{one}” cannot be an id; use letters, digits, - _ and . only",
                )
            elif seen[one] == 2:
                tables.wrong(place, f"“{one}”重复出现，须各不相同", f"“{one}” stands twice; each must differ")
    if parts["phases"] == ():
        tables.wrong("phases", "至少要有一个阶段", "at least one phase is needed")


def _phases(tables: Tables, parts: Parts, document: Parts, text: str) -> None:
    declared = document.get("themes")
    themes = list(declared) if isinstance(declared, dict) else []
    for at, phase in _read(parts, "phases"):
        place = f"phases[{at}]"
        for position, theme in enumerate(phase.themes):
            if isinstance(theme, str) and theme not in themes:
                tables.not_among(f"{place}.themes[{position}]", theme, themes, Text("主题", "theme"))
        _themes_for(tables, place, phase, themes, parts)
        _themes_asked(tables, place, phase, parts)
        _days(tables, place, phase, parts["opened"])
    _in_turn(tables, parts)


def _themes_for(tables: Tables, place: str, phase: Phase, themes: list[str], parts: Parts) -> None:
    """The themes of one kind of centre: declared ones, and for kinds that the call addresses."""
    addressed = _words(one for _, one in _read(parts, "centre_kinds"))
    for kind, own in phase.themes_for.items():
        if kind not in addressed:
            tables.not_among(
                f"{place}.themes_for.{kind}", kind, addressed, Text("本次征集的中心类型", "kind of centre")
            )
        for position, theme in enumerate(own if isinstance(own, tuple) else ()):
            if isinstance(theme, str) and theme not in themes:
                tables.not_among(f"{place}.themes_for.{kind}[{position}]", theme, themes, Text("主题", "theme"))


def _themes_asked(tables: Tables, place: str, phase: Phase, parts: Parts) -> None:
    """Where themes are asked for there is one to choose, for every kind of centre; and no list beside “any”."""
    listed = bool(phase.themes or phase.themes_for)
    if phase.any_theme and listed:
        tables.wrong(
            f"{place}.any_theme",
            "any_theme = true 表示任一主题都可以，不能同时写 themes 或 themes_for",
            "any_theme = true takes any theme; themes and themes_for do not go with it",
        )
    rules = parts["rules"]
    if phase.any_theme or not isinstance(rules, dict) or "theme_belongs_to_phase" not in rules:
        return
    kinds = _words(one for _, one in _read(parts, "centre_kinds"))
    bare = [] if phase.themes else [kind for kind in kinds if not phase.themes_for.get(kind)]
    if bare:
        whose = Text(f"（{'、'.join(bare)} 没有）", f" ({', '.join(bare)} has none)") if listed else Text("", "")
        tables.wrong(
            f"{place}.themes",
            f"规则 theme_belongs_to_phase 生效时，每个阶段至少要有一个主题{whose.zh}",
            f"with the rule theme_belongs_to_phase in force, every phase needs at least one theme{whose.en}",
        )


def _in_turn(tables: Tables, parts: Parts) -> None:
    """Phases stand in the order in which they close. One that names its opening day opens after the one before has closed;
    phases that are open at once name none, and are open from the day on which the call opened."""
    phases = _read(parts, "phases")
    for (_, before), (at, phase) in itertools.pairwise(phases):
        if phase.closes < before.closes:
            tables.wrong(
                f"phases[{at}].closes",
                f"“{phase.label.zh}”{phase.closes} 截止，早于前一阶段“{before.label.zh}”的 {before.closes}；请按截止先后排列",
                f"“{phase.label.en}” closes on {phase.closes}, before “{before.label.en}” on {before.closes}; put them in order",
            )
        elif phase.opens is not None and phase.opens <= before.closes:
            tables.wrong(
                f"phases[{at}].opens",
                f"“{phase.label.zh}”{phase.opens} 开始时，前一阶段“{before.label.zh}”还没有截止（{before.closes}），两者重叠；"
                "同时征集的阶段不写 opens",
                f"“{phase.label.en}” opens on {phase.opens}, before “{before.label.en}” has closed ({before.closes}): they "
                "overlap; phases that are open at once have no `opens`",
            )


def _days(tables: Tables, place: str, phase: Phase, opened: Any) -> None:
    """The windows of a phase: every level's closes after it opens, and lower levels close first."""
    opens = phase.opens or opened
    if opens is not WRONG and opens > phase.closes:
        tables.wrong(
            f"{place}.closes",
            f"截止日 {phase.closes} 早于开始日 {opens}",
            f"the closing day {phase.closes} is before the opening day {opens}",
        )
    for level, day in phase.closes_for.items():
        if level not in REPORTING:
            tables.not_among(f"{place}.closes_for.{level}", level, REPORTING, Text("级别", "level"))
        elif isinstance(day, type(phase.closes)) and opens is not WRONG and opens > day:
            tables.wrong(
                f"{place}.closes_for.{level}",
                f"截止日 {day} 早于开始日 {opens}",
                f"the closing day {day} is before the opening day {opens}",
            )
    for level, day in phase.asks_for.items():
        if level not in REPORTING:
            tables.not_among(f"{place}.asks_for.{level}", level, REPORTING, Text("级别", "level"))
            continue
        closing = phase.closes_for.get(level, phase.closes)
        if WRONG in (day, closing):
            continue
        if day >= closing:
            tables.wrong(
                f"{place}.asks_for.{level}",
                f"希望的报送日 {day} 不早于截止日 {closing}；只有一个日期的，不写 asks_for",
                f"the day asked for, {day}, is not before the closing day {closing}; leave it out where there is one day only",
            )
        elif opens is not WRONG and opens > day:
            tables.wrong(
                f"{place}.asks_for.{level}",
                f"希望的报送日 {day} 早于开始日 {opens}",
                f"the day asked for, {day}, is before the opening day {opens}",
            )
    for lower, higher in itertools.pairwise(REPORTING):
        first, second = (phase.closes_for.get(level, phase.closes) for level in (lower, higher))
        if WRONG not in (first, second) and first > second:
            tables.wrong(
                f"{place}.closes_for",
                f"{lower.label.zh}的截止日 {first} 晚于{higher.label.zh}的截止日 {second}",
                f"{lower.label.en} closes on {first}, after {higher.label.en} on {second}",
            )


def _limits(tables: Tables, parts: Parts, document: Parts, text: str) -> None:
    limits, eligible, sign_offs = parts["length"], parts["eligible"], parts["sign_offs"]
    if isinstance(limits, LengthLimits) and limits.maximum is not None:
        if limits.maximum == 0:
            tables.wrong(
                "length.maximum", "上限不能为 0；没有上限时请删去这一项", "0 is no limit; leave it out instead"
            )
        elif (limits.minimum or 0) > limits.maximum:
            tables.wrong(
                "length.minimum",
                f"下限 {limits.minimum} 大于上限 {limits.maximum}",
                f"the minimum {limits.minimum} is above the maximum {limits.maximum}",
            )
    if isinstance(eligible, Eligible):
        _eligible(tables, eligible, parts)
    if sign_offs is not WRONG and sign_offs > MOST_SIGN_OFFS:
        tables.wrong(
            "sign_offs", f"写的是 {sign_offs}，应为 0 至 {MOST_SIGN_OFFS}", f"{sign_offs} is not 0 to {MOST_SIGN_OFFS}"
        )
    announced = parts["decision_sign_offs"]
    if announced is not WRONG and announced > MOST_SIGN_OFFS:
        tables.wrong(
            "decision_sign_offs",
            f"写的是 {announced}，应为 0 至 {MOST_SIGN_OFFS}",
            f"{announced} is not 0 to {MOST_SIGN_OFFS}",
        )
    rules = parts["rules"]
    if announced is not WRONG and isinstance(rules, dict) and (announced > 0) is not ("decision_signed_off" in rules):
        tables.wrong(
            "decision_sign_offs",
            "decision_sign_offs 与规则 decision_signed_off 要么都写，要么都不写",
            "decision_sign_offs and the rule decision_signed_off go together: write both or neither",
        )


def _eligible(tables: Tables, eligible: Eligible, parts: Parts) -> None:
    """One beginning, an end after it, and a field of the form wherever honours are asked for."""
    opened = parts["opened"]
    ways = {"service_from": eligible.service_from, "last_years": eligible.last_years, "since": eligible.since}
    chosen = [name for name, value in ways.items() if value is not None]
    if len(chosen) != 1:
        tables.wrong(
            f"eligible.{chosen[1]}" if chosen else "eligible",
            f"起始时间只写一项：{'、'.join(ways)}" + (f"；这里写了 {'、'.join(chosen)}" if chosen else "；这里没有写"),
            f"exactly one of {', '.join(ways)} says when it begins"
            + (f"; here are {', '.join(chosen)}" if chosen else ""),
        )
        return
    begins = eligible.service_from or (eligible.since and eligible.since.day)
    if begins is None and opened is not WRONG:
        if not 0 < (eligible.last_years or 0) <= MOST_YEARS:
            tables.wrong(
                "eligible.last_years",
                f"写的是 {eligible.last_years}，应为 1 至 {MOST_YEARS}",
                f"{eligible.last_years} is not 1 to {MOST_YEARS}",
            )
            return
        begins = years_before(opened, eligible.last_years or 0)
    if eligible.service_to and begins and eligible.service_to < begins:
        tables.wrong(
            "eligible.service_to",
            f"终止日 {eligible.service_to} 早于起始日 {begins}",
            f"{eligible.service_to} is before the first day {begins}",
        )
    if eligible.honours_field:
        names = [one.name for _, one in _read(parts, "report_form")]
        if eligible.honours_field not in names:
            tables.not_among(
                "eligible.honours_field", eligible.honours_field, names, Text("报送表栏目", "field of the report form")
            )
    elif eligible.excluded_honours:
        tables.wrong(
            "eligible.excluded_honours",
            "排除某项荣誉时，须用 honours_field 指明报送表哪一栏填写荣誉",
            "where honours are excluded, honours_field names the field of the report form in which they are written",
        )


MOST_YEARS = 50
_ENDING = re.compile(r"[a-z0-9]{1,5}")


def _bounds(tables: Tables, place: str, minimum: object, maximum: object) -> None:
    """A lower bound is not above the upper one, and an upper one of 0 is none."""
    if maximum == 0:
        tables.wrong(f"{place}.maximum", "上限不能为 0；没有上限时请删去这一项", "0 is no limit; leave it out instead")
    elif isinstance(minimum, int) and isinstance(maximum, int) and minimum > maximum:
        tables.wrong(
            f"{place}.minimum",
            f"下限 {minimum} 大于上限 {maximum}",
            f"the minimum {minimum} is above the maximum {maximum}",
        )


def _papers(tables: Tables, parts: Parts, document: Parts, text: str) -> None:
    """Limits of sections and pictures, who owns a paper, and its formats."""
    for at, section in _read(parts, "sections"):
        _bounds(tables, f"sections[{at}]", section.minimum, section.maximum)
    for at, one in _read(parts, "papers"):
        place = f"papers[{at}]"
        if one.owner not in (Level.CENTRE, Level.OFFICE):
            tables.not_among(f"{place}.owner", one.owner, (Level.CENTRE, Level.OFFICE), Text("级别", "level"))
        if one.pictures is not None:
            _bounds(tables, f"{place}.pictures", one.pictures.minimum, one.pictures.maximum)
            if one.id != "case":
                tables.wrong(
                    f"{place}.pictures",
                    f'只有案例正文（id = "case"）数图片，这里是“{one.id}”',
                    f'pictures are counted in the case document alone (id = "case"); this is “{one.id}”',
                )
        for position, ending in enumerate(one.formats):
            if isinstance(ending, str) and not _ENDING.fullmatch(ending):
                tables.wrong(
                    f"{place}.formats[{position}]",
                    f"“{ending}”不是文件的扩展名；写作 docx、pdf，小写，不带点",
                    f"“{ending}” is no ending of a file; write docx or pdf, in small letters and without the dot",
                )
        if one.id not in OWN_PAPERS and one.owner is Level.CENTRE:
            _attachment(tables, place, one)


def _attachment(tables: Tables, place: str, one: Paper) -> None:
    """What a centre attaches can be told by its content, is one file at least, and not larger than what is taken."""
    for position, ending in enumerate(one.formats):
        if isinstance(ending, str) and _ENDING.fullmatch(ending) and ending not in ATTACHMENT_FORMATS:
            what = Text("附件能收的格式", "format of an attachment")
            tables.not_among(f"{place}.formats[{position}]", ending, ATTACHMENT_FORMATS, what)
    if one.most < 1:
        tables.wrong(
            f"{place}.most", "至少 1 个文件；不收时请删去这份材料", "at least 1 file; else leave the paper out"
        )
    if one.largest is not None and not 0 < one.largest <= LARGEST_ATTACHMENT:
        tables.wrong(
            f"{place}.largest",
            f"写的是 {one.largest}，附件每个 1 至 {LARGEST_ATTACHMENT} MiB",
            f"{one.largest} is not 1 to {LARGEST_ATTACHMENT} MiB, which is what is taken of an attachment",
        )


def _quotas(tables: Tables, parts: Parts, document: Parts, text: str) -> None:
    """A bound or two, in order, over phases, kinds and themes that there are."""
    declared = document.get("themes")
    known = {
        "phases": ([one.id for _, one in _read(parts, "phases")], Text("阶段", "phase")),
        "kinds": (list(CENTRE_KINDS), Text("中心类型", "kind of centre")),
        "themes": (list(declared) if isinstance(declared, dict) else [], Text("主题", "theme")),
    }
    for at, one in _read(parts, "quotas"):
        place = f"quotas[{at}]"
        if one.minimum is None and one.maximum is None:
            tables.wrong(place, "缺少 minimum 或 maximum", "a minimum or a maximum is missing")
        _bounds(tables, place, one.minimum, one.maximum)
        if one.minimum is not None and one.per is Per.CENTRE and one.over is Over.PHASE:
            tables.wrong(
                f"{place}.over",
                '每家中心的最少数只在末批核对，应写 over = "call"',
                'a minimum per centre is asked of the last batch alone; write over = "call"',
            )
        for name in ("phases", "kinds", "themes", "exempt_kinds", "exempt_themes"):
            allowed, what = known[name.removeprefix("exempt_")]
            for position, word in enumerate(getattr(one, name)):
                if isinstance(word, str) and word not in allowed:
                    tables.not_among(f"{place}.{name}[{position}]", word, allowed, what)
        _against_phases(tables, place, one, parts)


def _against_phases(tables: Tables, place: str, quota: Quota, parts: Parts) -> None:
    """A phase's own minimum per office, or the call's per centre, is not above what a plain quota allows."""
    if quota.maximum is None or quota.kinds or quota.themes or quota.exempt_kinds or quota.exempt_themes:
        return
    if quota.per is Per.OFFICE:
        for at, phase in _read(parts, "phases"):
            if (not quota.phases or phase.id in quota.phases) and phase.minimum_per_office > quota.maximum:
                tables.wrong(
                    f"phases[{at}].minimum_per_office",
                    f"下限 {phase.minimum_per_office} 大于“{quota.id}”的上限 {quota.maximum}",
                    f"the minimum {phase.minimum_per_office} is above the maximum {quota.maximum} of “{quota.id}”",
                )
    elif quota.over is Over.CALL and not quota.phases:
        least = parts["minimum_per_centre"]
        if least is not WRONG and least > quota.maximum:
            tables.wrong(
                "minimum_per_centre",
                f"下限 {least} 大于“{quota.id}”的上限 {quota.maximum}",
                f"the minimum {least} is above the maximum {quota.maximum} of “{quota.id}”",
            )


def _judging(tables: Tables, parts: Parts, document: Parts, text: str) -> None:
    judging = parts["judging"]
    if not isinstance(judging, Judging):
        return
    listed: tuple[Any, ...] = judging.criteria
    criteria = [one for one in listed if one is not WRONG]
    if judging.judges == 0:
        tables.wrong("judging.judges", "至少要有一名评审专家", "at least one judge is needed")
    if judging.lowest >= judging.highest:
        tables.wrong(
            "judging.highest",
            f"最高分 {judging.highest} 应大于最低分 {judging.lowest}",
            f"the highest score {judging.highest} must be above the lowest {judging.lowest}",
        )
    total = sum(one.weight for one in criteria)
    if len(criteria) == len(listed) and total != 100:
        tables.wrong(
            "judging.criteria", f"各项权重合计 {total}，应为 100", f"the weights come to {total}; they must come to 100"
        )
    if (judging.winners is None) is (judging.winners_percent is None):
        tables.wrong(
            "judging.winners_percent" if judging.winners is not None else "judging",
            "入选数量只写一项：winners（个数）或 winners_percent（百分比）",
            "exactly one of winners (a number) and winners_percent (a share) says how many win",
        )
    if judging.winners_percent is not None and not 0 < judging.winners_percent <= 100:
        tables.wrong(
            "judging.winners_percent",
            f"写的是 {judging.winners_percent}，应为 1 至 100",
            f"{judging.winners_percent} is not 1 to 100",
        )
    _check_ids(tables, "judging.criteria", listed)


def _check_ids(tables: Tables, place: str, listed: tuple[Any, ...]) -> None:
    ids = Counter(one.id for one in listed if one is not WRONG)
    for at, one in enumerate(listed):
        if one is not WRONG and ids[one.id] > 1:
            tables.wrong(
                f"{place}[{at}].id",
                f"“{one.id}”重复出现，须各不相同",
                f"“{one.id}” stands twice; each must differ",
            )


def _afterwards(tables: Tables, parts: Parts, document: Parts, text: str) -> None:
    """Push, public notice and publicity: no criterion twice, at least a day, and no end before its beginning."""
    if isinstance(push := parts["push"], Push):
        _check_ids(tables, "push.criteria", push.criteria)
    notice = parts["public_notice"]
    if isinstance(notice, PublicNotice) and notice.days == 0:
        tables.wrong(
            "public_notice.days",
            "公示至少 1 天；不公示时请删去 [public_notice]",
            "a notice takes a day or more; else leave it out",
        )
    if isinstance(notice, PublicNotice) and (twice := set(notice.days_off) & set(notice.days_worked)):
        day = min(twice)
        tables.wrong("public_notice.days_off", f"{day} 不能既放假又上班", f"{day} cannot be both off and worked")
    for at, one in _read(parts, "publicity"):
        if one.from_day and one.to_day and one.to_day < one.from_day:
            tables.wrong(
                f"publicity[{at}].to_day",
                f"结束日 {one.to_day} 早于开始日 {one.from_day}",
                f"{one.to_day} is before {one.from_day}",
            )


CARRIED_OUT: Mapping[str, tuple[Callable[[Parts], bool], Text]] = {
    "no_excluded_honour": (
        lambda parts: bool(getattr(parts["eligible"], "excluded_honours", ())),
        Text("eligible.excluded_honours", "eligible.excluded_honours"),
    ),
    "sections_within_limits": (
        lambda parts: any(one.minimum or one.maximum for _, one in _read(parts, "sections")),
        Text("[[sections]] 的 minimum 或 maximum", "minimum or maximum of [[sections]]"),
    ),
    "pictures_within_limits": (
        lambda parts: any(one.pictures for _, one in _read(parts, "papers")),
        Text("[papers.pictures]", "[papers.pictures]"),
    ),
    "attachments_complete": (
        lambda parts: any(one.id not in OWN_PAPERS and one.owner is Level.CENTRE for _, one in _read(parts, "papers")),
        Text("[[papers]] 的附件", "an attachment of [[papers]]"),
    ),
    "quotas_reached": (
        lambda parts: any(one.minimum is not None for _, one in _read(parts, "quotas")),
        Text("[[quotas]] 的 minimum", "minimum of [[quotas]]"),
    ),
    "quotas_not_exceeded": (
        lambda parts: any(one.maximum is not None for _, one in _read(parts, "quotas")),
        Text("[[quotas]] 的 maximum", "maximum of [[quotas]]"),
    ),
}
"""Rule → whether the call has what it examines. A number that no rule asks for would be read and never acted on; a rule
without its number would never say anything."""


def _carried_out(tables: Tables, parts: Parts, document: Parts, text: str) -> None:
    rules = parts["rules"]
    if not isinstance(rules, dict):
        return
    for rule, (has, what) in CARRIED_OUT.items():
        if has(parts) and rule not in rules:
            tables.wrong(
                "rules",
                f"写了 {what.zh}，但没有 [rules.{rule}]，不会有人核对",
                f"there is {what.en} and no [rules.{rule}], so nobody would examine it",
            )
        elif rule in rules and not has(parts):
            tables.wrong(
                f"rules.{rule}",
                f"这条规则生效，但没有写 {what.zh}",
                f"this rule is in force, and there is no {what.en}",
            )


def _centre_kinds(tables: Tables, parts: Parts, document: Parts, text: str) -> None:
    if parts["centre_kinds"] == ():
        tables.wrong("centre_kinds", "至少要有一种中心类型", "at least one kind of centre is needed")
    for at, kind in _read(parts, "centre_kinds"):
        if kind not in CENTRE_KINDS:
            tables.not_among(f"centre_kinds[{at}]", kind, CENTRE_KINDS, Text("中心类型", "kind of centre"))


def _confirmations(tables: Tables, parts: Parts, document: Parts, text: str) -> None:
    for at, one in _read(parts, "confirmations"):
        if isinstance(one, Confirmation) and one.step not in STEPS:
            tables.not_among(f"confirmations[{at}].step", one.step, STEPS, Text("步骤", "step"))


def _fields(tables: Tables, parts: Parts, document: Parts, text: str) -> None:
    for name in ("report_form", "summary_table"):
        for at, one in _read(parts, name):
            if isinstance(one, Field) and one.choices and one.type is not FieldType.CHOICE:
                tables.wrong(
                    f"{name}[{at}].choices",
                    f'只有 type = "choice" 的栏目才有选项，这里是 {one.type}',
                    f'only type = "choice" has choices; this field is {one.type}',
                )


def _mail(tables: Tables, parts: Parts, document: Parts, text: str) -> None:
    mail = parts["mail"]
    if not isinstance(mail, Mail):
        return
    patterns = [("mail.subject", mail.subject)]
    patterns += [(f"mail.must_hold[{at}]", one) for at, one in enumerate(mail.must_hold) if isinstance(one, str)]
    for place, pattern in patterns:
        _gaps(tables, place, pattern, ["addressee"])


def _package(tables: Tables, parts: Parts, document: Parts, text: str) -> None:
    """Names of files: only what can be filled in, and what tells the papers of one case from those of another."""
    package = parts["package"]
    for key, places in PACKAGE_PLACES.items():
        pattern = getattr(package, key, WRONG)
        if not isinstance(pattern, str):
            continue
        place = f"package.{key}"
        found = _gaps(tables, place, pattern, places)
        last = pattern.rpartition("/")[2]
        if not last.strip() or pattern.startswith("/") or "\\" in pattern or ".." in pattern.split("/"):
            tables.wrong(
                place,
                f"“{pattern}”不能作文件名；文件夹用 / 隔开",
                f"“{pattern}” is no name of a file; folders end in /",
            )
        elif found and "position" in places and "{position}" not in last:
            tables.wrong(
                place,
                f"“{last}”里须有 {{position}}，否则各案例的文件会重名",
                f"“{last}” must hold {{position}}, or files of different cases have one name",
            )
        elif found and "label" in places and "{label}" not in last:
            tables.wrong(
                place,
                f"“{last}”里须有 {{label}}，否则一个案例的各种附件会重名",
                f"“{last}” must hold {{label}}, or different attachments of a case have one name",
            )


def _gaps(tables: Tables, place: str, pattern: str, allowed: Iterable[str]) -> bool:
    """Whether all that stands in braces can be filled in; what cannot is told."""
    allowed = list(allowed)
    try:
        gaps = [one[1:] for one in string.Formatter().parse(pattern) if one[1] is not None]
    except ValueError:
        tables.wrong(place, f"“{pattern}”的花括号不成对", f"the braces of “{pattern}” do not match")
        return False
    wrong = [gap for gap in gaps if gap[0] not in allowed or gap[1:] != ("", None)]
    for gap, form, turn in wrong:  # a width such as :>999999999 would fill the memory
        written = (gap or "") + (f"!{turn}" if turn else "") + (f":{form}" if form else "")
        tables.not_among(place, f"{{{written}}}", [f"{{{one}}}" for one in allowed], Text("填空", "placeholder"))
    return not wrong


def _rules(tables: Tables, parts: Parts, document: Parts, text: str) -> None:
    rules = parts["rules"]
    if rules is WRONG:
        return
    notice = _squeezed(text)
    for rule, asked in rules.items():
        place = f"rules.{rule}"
        if rule not in CATALOGUE:
            tables.not_among(place, rule, CATALOGUE, Text("规则", "rule"))
        if isinstance(asked, RuleInForce):
            _source(tables, place, asked)
            _quoted(tables, place, asked, text, notice)


def _source(tables: Tables, place: str, asked: RuleInForce) -> None:
    """Each rule quotes its notice, or names the numbered decision that it carries out."""
    ours = asked.clause == OWN_CLAUSE
    if ours and asked.decision is None:
        tables.wrong(
            f"{place}.decision",
            f"clause 为“{OWN_CLAUSE}”的规则须写明所依据的决定编号（整数）",
            f"a rule with clause “{OWN_CLAUSE}” must name its numbered decision (a whole number)",
        )
    if not ours and asked.decision is not None:
        tables.wrong(
            f"{place}.decision",
            f"只有 clause 为“{OWN_CLAUSE}”的规则才写决定编号，这里是“{asked.clause}”",
            f"only a rule with clause “{OWN_CLAUSE}” names a decision; this one has “{asked.clause}”",
        )
    if not ours and not asked.says:
        tables.wrong(
            f"{place}.says", "缺少通知的原话", "the notice's own words are missing; every demand of a notice quotes it"
        )


def _quoted(tables: Tables, place: str, asked: RuleInForce, text: str, notice: str) -> None:
    for said in _words(asked.says):
        if _squeezed(said) in notice:
            continue
        passages = [one.strip() for one in re.split(r"[。；;\n]", text) if one.strip()]
        near = difflib.get_close_matches(said, [*passages, *re.split(r"[。；;，\n]", text)], 1, 0.5)
        hint = Text(f"；最相近的原文是“{near[0]}”", f"; the nearest passage is “{near[0]}”") if near else Text("", "")
        tables.wrong(
            f"{place}.says",
            f"通知正文里没有“{said}”{hint.zh}",
            f"the notice's text does not hold “{said}”{hint.en}",
        )


def _squeezed(words: str) -> str:
    return "".join(unicodedata.normalize("NFKC", words).split())


def _usual_route(parts: Parts) -> Route:
    """The route of a call that says nothing of it: by seal and office, to what the call's tables speak of."""
    spoken_of = {Leg.PUSH: parts["push"], Leg.PUBLIC_NOTICE: parts["public_notice"]}
    return Route(tuple(leg for leg in Leg if spoken_of.get(leg, leg) is not None))


_NEEDED = {
    Leg.REVIEW: Text("没有审核，就没有人为案例负责", "without a review nobody vouches for a case"),
    Leg.SELECTION: Text(
        "没有遴选，报送之后就没有终点，案例会一直停在“已报送”", "without a selection a case stays “submitted” for ever"
    ),
}
"""What no route can be without, and why."""


def _route(tables: Tables, parts: Parts, document: Parts, text: str) -> None:
    """A way that begins, is vouched for and ends; told apart from tables and rules that speak of another way."""
    route = parts["route"]
    if not isinstance(route, Route) or not all(isinstance(leg, Leg) for leg in route.legs):
        return
    place, legs, before = "route.legs", route.legs, len(tables.problems)
    for leg, why in _NEEDED.items():
        if leg not in legs:
            tables.wrong(place, f"缺少 {leg}（{leg.label.zh}）：{why.zh}", f"{leg} is missing: {why.en}")
    if list(legs) != [leg for leg in Leg if leg in legs]:
        usual = ", ".join(leg for leg in Leg if leg in legs)
        tables.wrong(
            place, f"各环节只写一次，并按先后写：{usual}", f"each leg stands once, in the order of the way: {usual}"
        )
    for leg in (Leg.PUBLIC_NOTICE, Leg.PUSH):
        if leg in legs and Leg.PUBLICATION not in legs:
            tables.wrong(
                place,
                f"有 {leg}（{leg.label.zh}）就要有 publication（公开发布）",
                f"{leg} is for what is published; publication is missing",
            )
        if (leg in legs) is (parts[str(leg)] is None):
            tables.wrong(
                place,
                f"环节里的 {leg} 与 [{leg}] 一节要么都写，要么都不写",
                f"the leg {leg} and the table [{leg}] go together: write both or neither",
            )
    if len(tables.problems) > before:
        return
    _confirmed_on(tables, route, parts)
    if isinstance(parts["rules"], dict):
        _examined_on(tables, route, parts["rules"], judged=parts["judging"] is not None)


def _confirmed_on(tables: Tables, route: Route, parts: Parts) -> None:
    lived = lifecycle_of(route)
    steps = [step for step in STEPS if lived.named(step) is not None]
    for at, one in _read(parts, "confirmations"):
        if isinstance(one, Confirmation) and one.step in STEPS and one.step not in steps:
            tables.not_among(f"confirmations[{at}].step", one.step, steps, Text("步骤", "step"))


def _examined_on(tables: Tables, route: Route, rules: Parts, *, judged: bool) -> None:
    """Every rule in force is examined somewhere on the way, and a public notice is waited for."""
    lived = [lifecycle_of(route)]
    lived += [BATCH] if route.recommended_by is not Recommender.SELF else []
    lived += [PUSH] if Leg.PUSH in route.legs else []
    lived += [JUDGEMENT] if judged else []
    lived += [OBJECTION] if Leg.PUBLIC_NOTICE in route.legs else []
    examined = {guard.id for one in lived for step in one.transitions for guard in step.guards}
    for rule in rules:
        if rule in CATALOGUE and rule not in examined:
            tables.wrong(
                f"rules.{rule}",
                f"按 [route] 的环节，没有一步会查规则“{rule}”；请删去这条规则，或改写环节",
                f"no step of this [route] examines the rule “{rule}”; drop the rule, or change the route",
            )
    if Leg.PUBLIC_NOTICE in route.legs and "public_notice_has_ended" not in rules:
        tables.wrong(
            "rules",
            "有公示就要有规则 public_notice_has_ended，否则没有人等公示结束",
            "with a public notice the rule public_notice_has_ended must be in force, or nobody waits for its end",
        )


CHECKS = (
    _names,
    _unique,
    _phases,
    _limits,
    _centre_kinds,
    _confirmations,
    _fields,
    _papers,
    _quotas,
    _judging,
    _afterwards,
    _mail,
    _package,
    _rules,
    _route,
    _carried_out,
)
"""What a call must be beyond its shape; each looks at whatever could be read, so that all is told at once."""
