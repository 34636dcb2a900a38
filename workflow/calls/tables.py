"""Reads TOML tables into dataclasses: the dataclass is the schema, and whatever does not fit is noted by its place."""

from __future__ import annotations

import dataclasses
import difflib
import re
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from rules.words import Labelled, Text


@dataclass(frozen=True)
class CallProblem:
    """One thing wrong in a call's file. `text` is complete by itself: place, line, value, what is allowed."""

    place: str
    text: Text
    line: int | None = None


class Wrong:
    """Stands where a value could not be read; never leaves this package, because a call with problems is refused."""


WRONG: Final = Wrong()


@dataclass(frozen=True)
class Entry:
    """How a dataclass is written in the file where its own fields are not the file's keys."""

    schema: type
    build: Callable[[str, Any], object]
    """(key of the entry, schema's instance) → the value."""


@dataclass(frozen=True)
class Shape:
    """How dataclasses are written in a file, where that differs from the dataclasses themselves.

    `skip`: fields that the file does not hold. `defaults`: of fields for which the dataclass has none.
    `entries`: dataclasses that are written in another shape than their own. `closed`: (dataclass, field) of a table → the
    keys that there may be.
    """

    skip: Mapping[type, frozenset[str]] = field(default_factory=dict)
    defaults: Mapping[type, Mapping[str, object]] = field(default_factory=dict)
    entries: Mapping[type, Entry] = field(default_factory=dict)
    closed: Mapping[tuple[type, str], Iterable[str]] = field(default_factory=dict)

    def keys(self, schema: type) -> list[tuple[dataclasses.Field[Any], Any]]:
        """Every key of a table, with the type of its value."""
        hints = get_type_hints(schema)
        skipped = self.skip.get(schema, ())
        return [(one, hints[one.name]) for one in dataclasses.fields(schema) if one.name not in skipped]

    def default(self, schema: type, one: dataclasses.Field[Any], kind: Any) -> Any:
        """What stands for a key that a file leaves out; WRONG where it must be there."""
        given = self.defaults.get(schema, {})
        if one.name in given:
            return given[one.name]
        if one.default is not dataclasses.MISSING:
            return one.default
        if one.default_factory is not dataclasses.MISSING:
            return one.default_factory()
        if isinstance(kind, type) and dataclasses.is_dataclass(kind):
            asked = [each for each, inner in self.keys(kind) if self.default(kind, each, inner) is WRONG]
            return WRONG if asked else kind()
        return WRONG


@dataclass
class Tables:
    """One reading of one file: converts values by type and collects every problem on the way."""

    lines: Mapping[str, int]
    shape: Shape
    problems: list[CallProblem] = field(default_factory=list)

    def wrong(self, place: str, zh: str, en: str) -> Wrong:
        """Note a problem; the words follow the place and end without a full stop."""
        line = self._line(place)
        where = Text(place, place) if line is None else Text(f"第 {line} 行 {place}", f"line {line}, {place}")
        self.problems.append(CallProblem(place, Text(f"{where.zh}：{zh}。", f"{where.en}: {en}."), line))
        return WRONG

    def not_among(self, place: str, value: object, allowed: Iterable[str], what: Text) -> Wrong:
        """Note a value that is none of those allowed, with the nearest of them."""
        words = list(allowed)
        hint = nearest(str(value), words)
        return self.wrong(
            place,
            f"{what.zh}“{value}”不存在{hint.zh}；可用：{'、'.join(words) or '（无）'}",
            f"there is no {what.en} “{value}”{hint.en}; allowed: {', '.join(words) or '(none)'}",
        )

    def parts(self, schema: type, place: str, value: object) -> dict[str, Any]:
        """Every field of a dataclass from one table; a field that could not be read is WRONG."""
        if not isinstance(value, dict):
            self._not_a(place, value, Text("一个表", "a table"))
            return {one.name: WRONG for one in dataclasses.fields(schema)}
        known = self.shape.keys(schema)
        meant = self._unknown_keys(place, value, [one.name for one, _ in known])
        read: dict[str, Any] = {}
        for one, kind in known:
            inside = f"{place}.{one.name}" if place else one.name
            if one.name in value:
                read[one.name] = self.value(kind, inside, value[one.name])
            elif (default := self.shape.default(schema, one, kind)) is not WRONG:
                read[one.name] = default
            else:
                read[one.name] = WRONG
                if one.name not in meant:
                    what = _expected(kind)
                    self.wrong(inside, f"缺少这一项（{what.zh}）", f"this is missing ({what.en})")
        return read

    def value(self, kind: Any, place: str, value: object) -> Any:
        """One value of the file as `kind`, or WRONG with the problem noted."""
        origin, arguments = get_origin(kind), get_args(kind)
        if origin in (Union, types.UnionType):
            return self.value(next(one for one in arguments if one is not type(None)), place, value)
        if origin is tuple:
            return self._list(arguments[0], place, value)
        if origin is not None:
            return self._mapping(arguments[0], arguments[1], place, value)
        if kind is Text:
            return self._text(place, value)
        if dataclasses.is_dataclass(kind) and isinstance(kind, type):
            read = self.parts(kind, place, value)
            return WRONG if any(one is WRONG for one in read.values()) else kind(**read)
        return self._plain(kind, place, value)

    def _plain(self, kind: type, place: str, value: object) -> Any:
        if issubclass(kind, Labelled):
            allowed = {str(one): one for one in kind}
            found = allowed.get(value) if isinstance(value, str) else None
            return found or self.not_among(place, value, allowed, Text("值", "value"))
        fits = isinstance(value, kind)
        if kind is int:
            fits = fits and not isinstance(value, bool) and value >= 0  # type: ignore[operator]
        if kind is date:
            fits = fits and not isinstance(value, datetime)
        if kind is str:
            fits = fits and bool(str(value).strip())
        return value if fits else self._not_a(place, value, _expected(kind))

    def _list(self, kind: Any, place: str, value: object) -> Any:
        if kind is str and isinstance(value, str):
            value = [value]
        if not isinstance(value, list):
            return self._not_a(place, value, Text("一个列表", "a list"))
        return tuple(self.value(kind, f"{place}[{at}]", one) for at, one in enumerate(value))

    def _mapping(self, keys: Any, kind: Any, place: str, value: object) -> Any:
        if not isinstance(value, dict):
            return self._not_a(place, value, Text("一个表", "a table"))
        read = {}
        for key, one in value.items():
            known = key if keys is str else self.value(keys, f"{place}.{key}", key)
            entry = self.shape.entries.get(kind) if isinstance(kind, type) else None
            inside = self.value(entry.schema if entry else kind, f"{place}.{key}", one)
            if known is not WRONG:
                read[known] = entry.build(key, inside) if entry and inside is not WRONG else inside
        return read

    def _text(self, place: str, value: object) -> Any:
        if not isinstance(value, dict):
            return self._not_a(place, value, _expected(Text))
        meant = self._unknown_keys(place, value, list(Text._fields))
        read = []
        for language in Text._fields:
            if language in value:
                read.append(self.value(str, f"{place}.{language}", value[language]))
            elif language not in meant:
                self.wrong(f"{place}.{language}", "缺少这一种语言的文字", "the words in this language are missing")
        return Text(*read) if len(read) == len(Text._fields) and WRONG not in read else WRONG

    def _unknown_keys(self, place: str, value: Mapping[str, object], names: list[str]) -> set[str]:
        """Note the keys that nobody asks for; return those that they were probably meant to be."""
        unknown = [key for key in value if key not in names]
        for key in unknown:
            self.not_among(f"{place}.{key}" if place else key, key, names, Text("键", "key"))
        return {near for key in unknown for near in _closest(key, names)}

    def _not_a(self, place: str, value: object, what: Text) -> Wrong:
        return self.wrong(
            place, f"写的是 {_shown(value)}，应为{what.zh}", f"{_shown(value)} stands here; it must be {what.en}"
        )

    def _line(self, place: str) -> int | None:
        """The line of the place itself, of the first thing in it, or of what it stands in."""
        while place:
            if (line := line_of(self.lines, place)) is not None:
                return line
            place = re.sub(r"(\.[^.\[]+|\[\d+\]|^[^.\[]+)$", "", place)
        return None


_EXPECTED = {
    int: Text("不小于 0 的整数", "a whole number, 0 or more"),
    bool: Text("true 或 false", "true or false"),
    date: Text("不加引号的日期，如 2021-03-26", "a date without quotes, such as 2021-03-26"),
    str: Text("加引号的文字，不能为空", "words in quotes, not empty"),
    Text: Text('两种语言的文字 { zh = "…", en = "…" }', 'words in both languages { zh = "…", en = "…" }'),
}


def _expected(kind: Any) -> Text:
    if get_origin(kind) in (Union, types.UnionType):
        kind = next(one for one in get_args(kind) if one is not type(None))
    if get_origin(kind) is tuple:
        return Text("一个列表", "a list")
    if isinstance(kind, type) and issubclass(kind, Labelled):
        words = [str(one) for one in kind]
        return Text("、".join(words), ", ".join(words))
    return _EXPECTED.get(kind, Text("一个表", "a table"))


def _shown(value: object) -> str:
    """A value as it stands in a TOML file, cut where it is long."""
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 40 else f'"{value[:40]}…"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return f"{{ {', '.join(value)} }}"
    return str(value)


def _closest(word: str, words: Iterable[str]) -> list[str]:
    return difflib.get_close_matches(word, list(words), 1, 0.6)


def nearest(word: str, words: Iterable[str]) -> Text:
    """The hint that names the nearest right word, or nothing where none is near."""
    near = _closest(word, words)
    return Text(f"，是否要写“{near[0]}”", f" (did you mean “{near[0]}”?)") if near else Text("", "")


def _within(table: str, counts: Mapping[str, int]) -> str:
    """A table's place: what stands under `[[phases]]` belongs to the newest of them, phases[1].closes_for."""
    *outer, last = table.split(".")
    place = ""
    for one in outer:
        place = f"{place}.{one}" if place else one
        place = f"{place}[{counts[place]}]" if place in counts else place
    return f"{place}.{last}" if place else last


def line_of(lines: Mapping[str, int], place: str) -> int | None:
    """The line of a key; of a list of tables, or a table of tables, that of its first."""
    if place in lines:
        return lines[place]
    return min((line for one, line in lines.items() if one.startswith((f"{place}[", f"{place}."))), default=None)


_HEADER = re.compile(r"\s*(\[\[?)\s*([\w\-]+(?:\s*\.\s*[\w\-]+)*)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([\w\-]+(?:\s*\.\s*[\w\-]+)*)\s*=")


def lines_of(toml: str) -> dict[str, int]:
    """Place → line number (from 1) of every table and key of a TOML text that stands at the start of a line."""
    found: dict[str, int] = {}
    counts: dict[str, int] = {}
    table, quoted = "", ""
    for number, line in enumerate(toml.splitlines(), start=1):
        if quoted:
            quoted = "" if line.count(quoted) % 2 else quoted
            continue
        quoted = next((mark for mark in ('"""', "'''") if line.count(mark) % 2), "")
        if header := _HEADER.match(line):
            table = _within(re.sub(r"\s", "", header[2]), counts)
            if header[1] == "[[":
                at = counts[table] = counts.get(table, -1) + 1
                table = f"{table}[{at}]"
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            name = re.sub(r"\s", "", key[1])
            found.setdefault(f"{table}.{name}" if table else name, number)
    return found
