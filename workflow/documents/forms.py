"""A report form read: labels and values as people lay them out, and what they mean for the case."""

from __future__ import annotations

import calendar
import itertools
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from rules.call import Call, Field, FieldType
from rules.scope import CENTRE_KINDS
from rules.words import Text
from workflow.characters import strange
from workflow.documents.grids import grids
from workflow.documents.problems import Problem, Unreadable
from workflow.documents.reading import key
from workflow.documents.vetting import vet

__all__ = ["CaseFields", "FormRead", "Unreadable", "choices_of", "form_to_case", "read_report_form"]


@dataclass(frozen=True)
class FormRead:
    """A form's values by the call's field names, "" where nothing is written: months as "2020-03", days as
    "2021-03-16", choices as written. `cells` says where each value stood ("C4"); one sheet is read."""

    values: dict[str, str]
    cells: dict[str, str]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class CaseFields:
    """What a form says about its case, in the call's own ids; None or "" where it says nothing usable."""

    title: str
    phase: str | None
    theme: str | None
    other_theme: str
    """The theme as written out, when it is none of the call's own."""
    recipient: str
    service_from: date | None
    service_to: date | None


def read_report_form(data: bytes, name: str, call: Call) -> FormRead:
    """An Excel file (.xlsx, .xls, .et, .ods) read against the call's report form.

    The label may stand left of its value or above it, alone or with a colon in the value's own cell. Raises
    `Unreadable` when the file cannot be opened or holds no form.
    """
    vetted = vet("form", name, data)
    return read_vetted(vetted.data, vetted.name, call)


def read_vetted(data: bytes, name: str, call: Call) -> FormRead:
    """The same of a file that was vetted for its slot when it came in."""
    sheets = [_Sheet(one.rows, one.merged) for one in grids(data, name, rows=MOST_ROWS, columns=MOST_COLUMNS)]
    readers = [_Reader(call, sheet) for sheet in sheets]
    for reader in readers:
        reader.read()
    best = max(readers, key=lambda one: one.labels_seen, default=None)
    if best is None or best.labels_seen < min(3, len(call.report_form)):
        raise Unreadable(
            Problem(
                "no_form_found",
                Text(
                    "“{name}”中没有找到报送表的栏目。请使用本系统下载的案例报送表填写。",
                    "“{name}” holds no fields of the report form. Fill in the form that can be downloaded here.",
                ).fill(name=name),
                name,
            )
        )
    return best.result()


MOST_ROWS, MOST_COLUMNS = 500, 60
"""A form is a page; a sheet that claims a million rows is read no further."""


@dataclass(frozen=True)
class _Cell:
    row: int
    column: int
    value: Any
    text: str
    last_row: int
    last_column: int

    @property
    def where(self) -> str:
        return f"{_letters(self.column)}{self.row + 1}"


def _letters(column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


class _Sheet:
    """A sheet in which a merged range is one cell."""

    def __init__(self, rows: list[list[Any]], merged: list[tuple[tuple[int, int], tuple[int, int]]]) -> None:
        ends = {start: end for start, end in merged if start[0] < MOST_ROWS and start[1] < MOST_COLUMNS}
        self.at: dict[tuple[int, int], _Cell] = {}
        for start, end in ends.items():
            value = rows[start[0]][start[1]] if start[0] < len(rows) and start[1] < len(rows[start[0]]) else ""
            cell = _Cell(*start, value, _text(value), min(end[0], MOST_ROWS), min(end[1], MOST_COLUMNS))
            for row in range(start[0], cell.last_row + 1):
                for column in range(start[1], cell.last_column + 1):
                    self.at[row, column] = cell
        for row, values in enumerate(rows):
            for column, value in enumerate(values):
                if (row, column) not in self.at:
                    self.at[row, column] = _Cell(row, column, value, _text(value), row, column)

    def cells(self) -> list[_Cell]:
        return sorted(set(self.at.values()), key=lambda one: (one.row, one.column))

    def right_of(self, cell: _Cell) -> _Cell | None:
        return self.at.get((cell.row, cell.last_column + 1))

    def left_of(self, cell: _Cell) -> _Cell | None:
        return self.at.get((cell.row, cell.column - 1))

    def below(self, cell: _Cell) -> _Cell | None:
        return self.at.get((cell.last_row + 1, cell.column))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, (datetime, date)):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, (time, timedelta)):
        return str(value)
    return str(value).replace("\r\n", "\n").replace("\r", "\n").strip()


# Reading

_FROM_TO = ("起止", (("起始", "结束"), ("开始", "结束"), ("起", "止")))
"""A label for two fields of which one begins and one ends, and the words that tell them apart."""
_JOINED = re.compile(r"[及和与、/／]")
_SEAL = re.compile(r"盖章|公章|印章|签章")
_FURNITURE = re.compile(r"意见|备注|^附件|填报|负责人|联系方式")


class _Reader:
    def __init__(self, call: Call, sheet: _Sheet) -> None:
        self.call = call
        self.sheet = sheet
        self.fields = {one.name: one for one in call.report_form}
        self.known: dict[str, str] = {}
        for one in call.report_form:
            for words in (one.label.zh, one.label.en, *one.headings):
                self.known.setdefault(key(words), one.name)
        self.values: dict[str, str] = {}
        self.cells: dict[str, str] = {}
        self.problems: list[Problem] = []
        self.seen: set[str] = set()
        self.own_labels: dict[str, list[_Cell]] = defaultdict(list)
        """Where each field has a label that stands right of no other label."""
        self.taken: set[str] = set()
        """Cells that are the value of a label with a cell of its own: what they say is no label."""
        self.unholdable: set[str] = set()
        """Fields whose cell has a character that no file can hold."""

    @property
    def labels_seen(self) -> int:
        return len(self.seen)

    def read(self) -> None:
        """Labels with cells of their own first, then labels inside a cell, then the date under the seal."""
        for cell in self.sheet.cells():
            left = self.sheet.left_of(cell)
            if left is None or not self._names(left.text):
                for name in self._names(cell.text):
                    self.own_labels[name].append(cell)
        for cell in self.sheet.cells():
            names = self._names(cell.text)
            if names and cell.where not in self.taken:
                self._take(names, cell)
        for cell in self.sheet.cells():
            if not self._is_value(cell):
                self._inside(cell)
        self._under_seal()

    def result(self) -> FormRead:
        for one in self.call.report_form:
            if one.name not in self.seen:
                if one.required:
                    self._tell(
                        "field_missing",
                        "表中没有找到“{field}”一栏。请使用本系统下载的案例报送表填写。",
                        "The form has no field “{field}”. Use the form that can be downloaded here.",
                        one.label.zh,
                        field=one.label,
                    )
            elif one.required and not self.values.get(one.name) and one.name not in self.unholdable:
                self._tell(
                    "field_empty",
                    "“{field}”没有填写。",
                    "“{field}” is not filled in.",
                    self.cells.get(one.name, one.label.zh),
                    field=one.label,
                )
            elif one.limit and len(self.values.get(one.name, "")) > one.limit:
                self._tell(
                    "field_too_long",
                    "“{field}”有 {length} 字，超过 {limit} 字。",
                    "“{field}” has {length} characters; the limit is {limit}.",
                    self.cells.get(one.name, ""),
                    field=one.label,
                    length=len(self.values[one.name]),
                    limit=one.limit,
                )
        values = {one.name: self.values.get(one.name, "") for one in self.call.report_form}
        return FormRead(values, self.cells, tuple(self.problems))

    # Labels

    def _names(self, text: str) -> tuple[str, ...]:
        """The fields that a cell's text is the label of: one, or two for "服务起止时间" and "联系人及电话"."""
        if not text or len(text) > 40 or re.search(r"[:：].", text.replace("\n", "")):
            return ()
        found = key(text)
        if name := self.known.get(found):
            return (name,)
        if _FROM_TO[0] in found:
            for first, last in _FROM_TO[1]:
                both = [self.known.get(found.replace(_FROM_TO[0], one)) for one in (first, last)]
                if both[0] and both[1]:
                    return both[0], both[1]
            pair = self._pair_of(found)
            if pair:
                return pair
        parts = [self.known.get(key(part)) for part in _JOINED.split("".join(text.split()))]
        if len(parts) > 1 and all(parts):
            return tuple(part for part in parts if part)
        return ()

    def _pair_of(self, found: str) -> tuple[str, str] | None:
        """Two month or date fields in a row whose labels share the words before 起止."""
        stem = found.split(_FROM_TO[0])[0]
        timed = [one for one in self.call.report_form if one.type in (FieldType.MONTH, FieldType.DATE)]
        for first, last in itertools.pairwise(timed):
            if stem and key(first.label.zh).startswith(stem) and key(last.label.zh).startswith(stem):
                return first.name, last.name
        return None

    def _take(self, names: tuple[str, ...], label: _Cell) -> None:
        cell = self._value_of(label)
        self.seen.update(names)
        if cell is None:
            return
        self.taken.add(cell.where)
        for name, text in zip(names, self._shares(names, cell), strict=True):
            self._set(name, text, cell)

    def _value_of(self, label: _Cell) -> _Cell | None:
        """Right of the label; below it where labels stand side by side above their values."""
        right = self.sheet.right_of(label)
        if right is not None and not self._is_label(right):
            return right
        below = self.sheet.below(label)
        if below is None or self._names(below.text) or _FURNITURE.search(below.text):
            return None
        return below

    def _is_label(self, right: _Cell) -> bool:
        """Whether a cell right of a label is a label too, and not a value that reads like one: then its field has
        its own label elsewhere."""
        names = self._names(right.text)
        return bool(names) and not all(any(cell != right for cell in self.own_labels[name]) for name in names)

    def _shares(self, names: tuple[str, ...], cell: _Cell) -> list[str]:
        if len(names) == 1:
            return [cell.text]
        kinds = [self.fields[name].type for name in names]
        if all(kind in (FieldType.MONTH, FieldType.DATE) for kind in kinds):
            found = list(_dates(cell.text))
            if len(found) == len(names):
                return [_written(*one) for one in found]
            if cell.text:
                self._tell(
                    "dates_unclear",
                    "“{text}”中没有读出起止两个时间。请写作“2020年3月至2021年1月”。",
                    "No two dates were found in “{text}”. Write it as “2020-03 to 2021-01”.",
                    cell.where,
                    text=cell.text[:40],
                )
            return [cell.text if len(found) != 1 else _written(*found[0]), *[""] * (len(names) - 1)]
        return _apart(cell.text, kinds)

    def _is_value(self, cell: _Cell) -> bool:
        return bool(cell.text) and cell.where in self.taken

    def _inside(self, cell: _Cell) -> None:
        """ "标签：值", several in a cell: only where no cell of its own gave the value."""
        found = list(re.finditer(r"(?:^|[\s\u3000；;])([^\s\u3000:：；;]{1,16})[:：]", cell.text))
        for at, one in enumerate(found):
            name = self.known.get(key(one[1]))
            end = found[at + 1].start() if at + 1 < len(found) else len(cell.text)
            if name and not self.values.get(name):
                self.seen.add(name)
                self._set(name, cell.text[one.end() : end].strip(), cell)

    def _under_seal(self) -> None:
        """The day written beside the place for the seal is the day of sealing, unless a labelled cell says it."""
        day = next((one.name for one in reversed(self.call.report_form) if one.type is FieldType.DATE), None)
        if day is None or (self.values.get(day) and self.cells[day] in self.taken):
            return
        for cell in self.sheet.cells():
            if not _SEAL.search(cell.text) or self._is_value(cell) or self._names(cell.text):
                continue
            for near in (cell, self.sheet.below(cell), self.sheet.right_of(cell)):
                dates = [one for one in _dates(near.text) if one[2]] if near is not None else []
                if near is not None and dates:
                    self.seen.add(day)
                    self.values[day] = _written(*dates[-1])
                    self.cells[day] = near.where
                    return

    # Values

    def _set(self, name: str, text: str, cell: _Cell) -> None:
        if (found := strange(text)) is not None:
            self.unholdable.add(name)
            self.cells.setdefault(name, cell.where)
            said = Text("“{field}”（{cell}）没有采用：{said}", "“{field}” ({cell}) was not taken: {said}")
            self._tell(
                "character_unholdable",
                said.zh,
                said.en,
                cell.where,
                field=self.fields[name].label,
                cell=cell.where,
                said=found.said,
            )
            return
        value = self._read_value(self.fields[name], text, cell)
        if self.values.get(name):
            if value and value != self.values[name]:
                self._tell(
                    "field_twice",
                    "“{field}”出现两次且内容不同，采用了前一处（{cell}）。请核对。",
                    "“{field}” stands twice with different values; the first ({cell}) was taken. Please check.",
                    cell.where,
                    field=self.fields[name].label,
                    cell=self.cells[name],
                )
            return
        self.values[name] = value
        self.cells[name] = cell.where

    def _read_value(self, one: Field, text: str, cell: _Cell) -> str:
        if one.type in (FieldType.CHOICE, FieldType.YES_NO):
            return self._chosen(one, text, cell)
        if one.type in (FieldType.MONTH, FieldType.DATE):
            return self._dated(one, text, cell)
        if one.type is FieldType.PHONE:
            return unicodedata.normalize("NFKC", text).strip()
        if one.type is FieldType.EMAIL:
            return "".join(unicodedata.normalize("NFKC", text).split())
        return text

    def _chosen(self, one: Field, text: str, cell: _Cell) -> str:
        ticked = _ticked(text)
        if ticked is None:
            return _full(one, self.call, "".join(text.split()) if _chinese(text) else text)
        if len(ticked) > 1:
            self._tell(
                "several_ticked",
                "“{field}”勾选了多项（{ticked}），只能选一项。请改正。",
                "“{field}” has several ticks ({ticked}); only one is allowed. Please correct it.",
                cell.where,
                field=one.label,
                ticked="、".join(ticked),
            )
            return ""
        return _full(one, self.call, ticked[0]) if ticked else ""

    def _dated(self, one: Field, text: str, cell: _Cell) -> str:
        found = list(_dates(text))
        if len(found) == 1 and (one.type is FieldType.MONTH or found[0][2]):
            year, month, day = found[0]
            return _written(year, month, day if one.type is FieldType.DATE else None)
        if text.strip() and re.search(r"\d", text):
            example = "2020-03" if one.type is FieldType.MONTH else "2021-03-16"
            self._tell(
                "date_unclear",
                "“{field}”的“{text}”不是可识别的日期。请写作 {example}。",
                "“{text}” in “{field}” is no date that can be read. Write it as {example}.",
                cell.where,
                field=one.label,
                text=text[:40],
                example=example,
            )
            return text
        return "" if re.fullmatch(r"[\s年月日]*", text) else text

    def _tell(self, code: str, zh: str, en: str, where: str, **values: object) -> None:
        self.problems.append(Problem(code, Text(zh, en).fill(**values), where))


# Ticks, dates, choices

_ON = "☑☒■√✓✔✅●◉🗹🗷\uf052\uf0fe\uf0fd\uf0fc\uf053"
"""The last ones are Wingdings as Word and Excel store them."""
_OFF = "□☐◻▢○◯❏❑\uf0a8\uf0a3\uf06f\uf071"
_MARK = re.compile(rf"[(\[（【]\s*(?:([{_ON}vV✗xX])|([{_OFF}]|))\s*[)\]）】]|([{_ON}])|([{_OFF}])")


def _ticked(text: str) -> list[str] | None:
    """The ticked options of "☑甲 □乙", also "甲☑ 乙□" and "(√)甲 ( )乙"; None where there are no boxes."""
    marks = list(_MARK.finditer(text))
    if not marks:
        return None
    before = bool(text[: marks[0].start()].strip())
    options = []
    for at, mark in enumerate(marks):
        if before:
            words = text[marks[at - 1].end() if at else 0 : mark.start()]
        else:
            words = text[mark.end() : marks[at + 1].start() if at + 1 < len(marks) else len(text)]
        if mark[1] or mark[3]:
            options.append("".join(words.split()) if _chinese(words) else " ".join(words.split()))
    return [one.strip("，,；;、") for one in options if one]


def _chinese(text: str) -> bool:
    return bool(re.search(r"[\u4e00-\u9fff]", text))


_DATE = re.compile(
    r"(?<!\d)((?:19|20)\d{2})\s*(?:年|[-./—－．／])\s*(1[0-2]|0?[1-9])(?!\d)"
    r"(?:\s*(?:月|[-./—－．／])\s*(3[01]|[12]\d|0?[1-9])(?!\d)\s*日?)?"
    r"|(?<!\d)((?:19|20)\d{2})(1[0-2]|0[1-9])(3[01]|[12]\d|0[1-9])?(?!\d)"
)


def _dates(text: str) -> Iterator[tuple[int, int, int | None]]:
    """Dates and months in a text, as year, month, day or None; impossible days are left out."""
    for found in _DATE.finditer(unicodedata.normalize("NFKC", text)):
        year, month = int(found[1] or found[4]), int(found[2] or found[5])
        day = int(found[3] or found[6] or 0) or None
        if day is None or day <= calendar.monthrange(year, month)[1]:
            yield year, month, day


def _written(year: int, month: int, day: int | None) -> str:
    return f"{year:04}-{month:02}" if day is None else f"{year:04}-{month:02}-{day:02}"


def _apart(text: str, kinds: list[FieldType]) -> list[str]:
    """The shares of one cell for fields of different types: what looks like a telephone or address goes there."""
    words = [one for one in re.split(r"[\s\u3000/／，,、；;]+", text) if one]
    shares: list[list[str]] = [[] for _ in kinds]
    free = [at for at, kind in enumerate(kinds) if kind not in (FieldType.PHONE, FieldType.EMAIL)]
    for word in words:
        wanted = (
            FieldType.EMAIL if "@" in word else FieldType.PHONE if re.fullmatch(r"[+\d()（）\-—]{5,}", word) else None
        )
        at = kinds.index(wanted) if wanted in kinds else free[0] if free else 0
        shares[at].append(word)
    return [" ".join(one) for one in shares]


def choices_of(one: Field, call: Call) -> dict[str, Text]:
    """What a choice field offers, id → label: the call's phases, themes and kinds of centre for the fields of those
    names, 是 and 否 for a yes-or-no field, else the field's own choices."""
    if one.type is FieldType.YES_NO:
        return {"yes": Text("是", "Yes"), "no": Text("否", "No")}
    if one.choices:
        return {choice: Text(choice, choice) for choice in one.choices}
    if one.name == "phase":
        return {phase.id: phase.label for phase in call.phases}
    if one.name == "theme":
        return {theme.id: theme.label for theme in call.themes.values()}
    if one.name == "centre_kind":
        return {kind: CENTRE_KINDS[kind] for kind in call.centre_kinds if kind in CENTRE_KINDS}
    return {}


def _full(one: Field, call: Call, written: str) -> str:
    """A choice as written, or the full label where it is that label but for spaces, or plainly a short form of it."""
    labels = choices_of(one, call)
    for label in labels.values():
        for words in label:
            if key(words) == key(written):
                return words
    found = closest(written, labels)
    if found is None or len(key(written)) >= len(key(labels[found].zh)):
        return written
    return labels[found].zh


def closest(written: str, labels: Mapping[str, Text]) -> str | None:
    """The id of the label meant: equal but for punctuation, else a part of it, else a short form of it whose
    characters stand in it in order, else words that hold it. Where several fit, the one that all of them extend
    (高校中心 is the university's, not the double one's); None when there is no such."""
    wanted = key(written)
    if not wanted:
        return None
    keys = {one: (key(label.zh), key(label.en)) for one, label in labels.items()}
    for fits in (_equal, _short_of, _letters_of, _longer_than):
        found = [one for one, both in keys.items() if any(known and fits(wanted, known) for known in both)]
        if len(found) == 1:
            return found[0]
        plainest = min(found, key=lambda one: len(keys[one][0]), default=None)
        if plainest and all(_in_order(keys[plainest][0], keys[one][0]) for one in found):
            return plainest
    return None


def _equal(wanted: str, known: str) -> bool:
    return wanted == known


def _short_of(wanted: str, known: str) -> bool:
    return len(wanted) >= 3 and wanted in known


def _letters_of(wanted: str, known: str) -> bool:
    return len(wanted) >= 4 and _in_order(wanted, known)


def _longer_than(wanted: str, known: str) -> bool:
    return len(known) >= 3 and known in wanted


def _in_order(short: str, whole: str) -> bool:
    rest = iter(whole)
    return all(one in rest for one in short)


# What a form says about the case


def form_to_case(call: Call, values: Mapping[str, str]) -> CaseFields:
    """A form's values in the call's ids: a service from the first day of its first month to the last of its last.

    A theme that is none of the call's goes to its open end, where it has one, with the words as written.
    """
    theme, other = _theme(call, values.get("theme", "").strip())
    began, ended = (next(_dates(values.get(name, "")), None) for name in ("service_from", "service_to"))
    return CaseFields(
        title=" ".join(values.get("title", "").split()),
        phase=closest(values.get("phase", ""), {one.id: one.label for one in call.phases}),
        theme=theme,
        other_theme=other,
        recipient=" ".join(values.get("recipient", "").split()),
        service_from=date(began[0], began[1], began[2] or 1) if began else None,
        service_to=date(ended[0], ended[1], ended[2] or calendar.monthrange(ended[0], ended[1])[1]) if ended else None,
    )


def _theme(call: Call, written: str) -> tuple[str | None, str]:
    named = {one.id: one.label for one in call.themes.values() if not one.needs_name}
    found = closest(written, named)
    if found or not written:
        return found, ""
    open_end = next((one for one in call.themes.values() if one.needs_name), None)
    if open_end is None:
        return None, written
    own = re.split(r"[:：（(]", written, maxsplit=1)
    if closest(own[0], {open_end.id: open_end.label}):
        return open_end.id, own[1].strip(" )）") if len(own) > 1 else ""
    return open_end.id, written
