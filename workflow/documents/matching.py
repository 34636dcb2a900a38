"""Papers that arrived together, matched to each other by title, centre and number, and what is lacking of each case."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rules.call import Call
from rules.catalogue import CATALOGUE
from rules.names import same_name
from rules.words import Text
from workflow.documents import forms, reading
from workflow.documents.arriving import Arrival, Item
from workflow.documents.forms import FormRead
from workflow.documents.grids import grids
from workflow.documents.limits import SHEET_COLUMNS, SHEET_ROWS
from workflow.documents.problems import Unreadable
from workflow.documents.reading import CaseDocument, key
from workflow.finding.similar import same_title

__all__ = ["Known", "Lack", "Line", "Matched", "OneCase", "matched"]


@dataclass(frozen=True)
class Known:
    """A case that a paper names by its number, in the paper's name or in its code."""

    number: str
    title: str
    centre: str


@dataclass(frozen=True)
class Lack:
    """One thing to be mended. `rule`, `clause`: which demand it is and where the call makes it; "" for none of the call."""

    text: Text
    rule: str = ""
    clause: str = ""


@dataclass(frozen=True)
class Line:
    """A case as a summary table lists it."""

    number: str
    title: str
    centre: str


@dataclass
class OneCase:
    """The papers of one case. Each is there once; a second one is told as a lack."""

    title: str
    centre: str = ""
    document: Item | None = None
    form: Item | None = None
    scan: Item | None = None
    line: Line | None = None
    number: str = ""
    """Of a case that is known already and that a paper names."""
    read: CaseDocument | None = None
    filled: FormRead | None = None
    lacks: list[Lack] = field(default_factory=list)


@dataclass(frozen=True)
class Matched:
    """What arrived, in order. `lacks`: of the whole; `refused`: files with the reason; `aside`: files of no case."""

    cases: tuple[OneCase, ...]
    lacks: tuple[Lack, ...]
    refused: tuple[tuple[Item, Text], ...]
    aside: tuple[tuple[Item, Text], ...]
    summary: Item | None = None
    summary_scan: Item | None = None
    office: str = ""
    """As the summary table names it; "" where none is there."""

    @property
    def complete(self) -> bool:
        return not (self.lacks or self.refused or any(one.lacks for one in self.cases))


def matched(arrival: Arrival, call: Call, known: Mapping[str, Known] | None = None) -> Matched:
    """Read everything that arrived and match it. Never raises over what a file holds.

    `known`: SHA-256 of a paper → the case that it names.
    """
    return _Matching(call, known or {}).of(arrival)


_SUMMARY = re.compile("汇总")
_NUMBER = re.compile(r"(?<!\d)(\d{1,3})(?!\d)")
_NO_CASE = Text("附言或信中的图片，不是案例材料。", "A note or a picture of the letter, not a paper of a case.")
_TWICE = Text("同一份文件收到多次，只用一份。", "This file came more than once; one is used.")
_WHOSE = Text(
    "看不出属于哪个案例。请在文件名中写明案例名称或序号。",
    "It cannot be told which case this belongs to. Put the title or number of the case into its name.",
)


class _Matching:
    def __init__(self, call: Call, known: Mapping[str, Known]) -> None:
        self.call, self.known = call, known
        self.cases: list[OneCase] = []
        self.lines: list[Line] = []
        self.refused: list[tuple[Item, Text]] = []
        self.aside: list[tuple[Item, Text]] = []
        self.summary: Item | None = None
        self.summary_scan: Item | None = None
        self.office = ""

    def of(self, arrival: Arrival) -> Matched:
        scans: list[Item] = []
        sheets: list[Item] = []
        seen: set[str] = set()
        for item in arrival.items:
            verdict = item.verdict
            if verdict.vetted is None:
                self.refused.append((item, verdict.text))
            elif verdict.slot in ("note", "drawing", "list"):
                self.aside.append((item, _NO_CASE))
            elif verdict.received.sha256 in seen:
                self.aside.append((item, _TWICE))
            elif verdict.slot == "case":
                self._document(item)
            elif verdict.slot == "form":
                sheets.append(item)
            else:
                scans.append(item)
            seen.add(verdict.received.sha256)
        for item in sheets:
            self._sheet(item)
        self._lines_to_cases()
        for item in scans:
            self._scan(item)
        for case in self.cases:
            case.lacks.extend(self._lacks_of(case))
        return Matched(
            tuple(self.cases),
            tuple(dict.fromkeys(self._lacks_of_all(arrival))),  # a mail that came twice is told of once
            tuple(self.refused),
            tuple(self.aside),
            self.summary,
            self.summary_scan,
            self.office,
        )

    # ---- reading -----------------------------------------------------------------------------------------------------

    def _document(self, item: Item) -> None:
        vetted = item.verdict.taken
        try:
            read = reading.read_vetted(vetted.data, vetted.name, vetted.kind, self.call)
        except Unreadable as problem:
            self.refused.append((item, problem.problem.text))
            return
        case = self._told(item) or self._named(read.title, read.centre_line)
        if case is not None and case.document is not None:
            self.aside.append((item, _second(case.document)))
            return
        if case is None:
            case = OneCase(read.title, read.centre_line)
            self.cases.append(case)
        case.document, case.read = item, read

    def _sheet(self, item: Item) -> None:
        """A report form, or the summary table: what it holds decides, its name only when it is neither."""
        vetted = item.verdict.taken
        if table := _table(vetted.data, self.call):
            self.summary, self.lines, self.office = item, table[0], table[1]
            return
        try:
            filled = forms.read_vetted(vetted.data, vetted.name, self.call)
        except Unreadable as problem:
            self.refused.append((item, problem.problem.text))
            return
        title, centre = filled.values.get("title", ""), filled.values.get("centre", "")
        case = self._told(item) or self._named(title, centre)
        if case is not None and case.form is not None:
            self.aside.append((item, _second(case.form)))
            return
        if case is None:
            case = OneCase(title, centre)
            self.cases.append(case)
        case.form, case.filled = item, filled
        case.centre = case.centre or centre

    def _scan(self, item: Item) -> None:
        if _SUMMARY.search(item.name):
            if self.summary_scan is not None:
                self.aside.append((item, _second(self.summary_scan)))
            self.summary_scan = self.summary_scan or item
            return
        case = self._told(item) or self._by_name(item.name)
        if case is None:
            self.aside.append((item, _WHOSE))
        elif case.scan is not None:
            self.aside.append((item, _second(case.scan)))
        else:
            case.scan = item

    # ---- matching ----------------------------------------------------------------------------------------------------

    def _told(self, item: Item) -> OneCase | None:
        """The case that a paper names by its number or code; that says more than any title."""
        known = self.known.get(item.verdict.received.sha256)
        if known is None:
            return None
        case = next((one for one in self.cases if one.number == known.number), None)
        case = case or self._named(known.title, known.centre)
        if case is None or case.number not in ("", known.number):
            case = OneCase(known.title, known.centre)
            self.cases.append(case)
        case.number = known.number
        return case

    def _named(self, title: str, centre: str) -> OneCase | None:
        """The case of this title; of several near-equal ones that of this centre, and none when that cannot be told."""
        if not title:
            return None
        exact = [one for one in self.cases if key(one.title) == key(title)]
        near = exact or [one for one in self.cases if one.title and same_title(one.title, title)]
        if len(near) > 1:
            near = [one for one in near if centre and same_name(one.centre, centre)]
        return near[0] if len(near) == 1 else None

    def _by_name(self, name: str) -> OneCase | None:
        """The case whose title or number a file's name bears."""
        plain = key(name.rpartition(".")[0])
        titled = [one for one in self.cases if len(key(one.title)) >= 4 and key(one.title) in plain]
        if len(titled) == 1:
            return titled[0]
        number = _NUMBER.search(name)
        if number is None:
            return None
        same = [one for one in self.cases if int(number[1]) in _numbers(one)]
        return same[0] if len(same) == 1 else None

    def _lines_to_cases(self) -> None:
        for line in self.lines:
            case = self._named(line.title, line.centre)
            if case is None or case.line is not None:
                case = OneCase(line.title, line.centre)
                self.cases.append(case)
            case.line = line
            case.centre = case.centre or line.centre

    # ---- what is lacking ---------------------------------------------------------------------------------------------

    def _lack(self, rule: str, text: Text) -> Iterator[Lack]:
        """A lack of what the call demands; where it does not demand it, none."""
        if (asked := self.call.rules.get(rule)) is not None:
            yield Lack(text, rule, asked.clause)

    def _lacks_of(self, case: OneCase) -> Iterator[Lack]:
        if case.document is None:
            yield from self._lack(
                "every_case_document_attached",
                Text(
                    "没有收到案例正文（WORD版）。请补送。",
                    "The case document (Word) has not come. Send it.",
                ),
            )
        if case.form is None and case.scan is None:
            yield from self._lack(
                "every_form_attached",
                Text(
                    "没有收到《案例报送表》及其盖章扫描件。请补送。",
                    "Neither the report form nor its sealed scan has come. Send them.",
                ),
            )
        elif case.scan is None:
            yield from self._lack(
                "unit_seal_present",
                Text(
                    "没有收到《案例报送表》的盖章扫描件。请打印报送表，由所在单位盖章后扫描补送。",
                    "The sealed scan of the report form has not come. Print the form, have the host unit seal it, and send the scan.",
                ),
            )
        if self.summary is not None and case.line is None:
            yield Lack(
                Text(
                    "《案例汇总表》中没有这个案例。请核对。", "The summary table does not list this case. Please check."
                )
            )
        if case.read is not None:
            yield from self._of_the_text(case.read)
        if case.filled is not None:
            yield from self._of_the_form(case.filled)
        yield from _differences(case)

    def _of_the_text(self, read: CaseDocument) -> Iterator[Lack]:
        written = {one.name: one.text for one in read.sections}
        missing = [one.label for one in self.call.sections if one.required and not written.get(one.id, "").strip()]
        names = ([] if read.title.strip() else [Text("案例名称", "Title")]) + missing
        if names:
            listed = Text("”“".join(one.zh for one in names), ", ".join(one.en for one in names))
            yield from self._lack("template_complete", CATALOGUE["template_complete"].words.fill(names=listed))
        limit, length = self.call.length.maximum, read.least_length
        if limit is not None and length > limit:
            words = CATALOGUE["length_within_limit"].words.fill(length=length, limit=limit, over=length - limit)
            yield from self._lack("length_within_limit", words)

    def _of_the_form(self, filled: FormRead) -> Iterator[Lack]:
        empty = [
            one.label for one in self.call.report_form if one.required and not filled.values.get(one.name, "").strip()
        ]
        if empty:
            listed = Text("；".join(f"{one.zh}未填" for one in empty), "; ".join(f"{one.en} is empty" for one in empty))
            yield from self._lack(
                "form_complete", CATALOGUE["form_complete"].words.fill(count=len(empty), problems=listed)
            )

    def _lacks_of_all(self, arrival: Arrival) -> Iterator[Lack]:
        for one in arrival.left_out:
            yield Lack(one)
        for letter in arrival.letters:
            yield from self._of_the_subject(letter.subject)
        if self.cases and self.summary_scan is None and (arrival.letters or self.summary is not None):
            yield from self._lack(
                "summary_sealed",
                Text(
                    "没有收到盖章的《案例汇总表》扫描件。请补送。",
                    "The sealed scan of the summary table has not come. Send it.",
                ),
            )
        if not self.cases:
            yield Lack(
                Text(
                    "没有收到可以读出的案例正文、报送表或汇总表。",
                    "No case document, report form or summary table that can be read has come.",
                )
            )

    def _of_the_subject(self, subject: str) -> Iterator[Lack]:
        mail = self.call.mail
        addressee = self.office
        wanted = [one.format(addressee=addressee) for one in mail.must_hold if addressee or "{" not in one]
        missing = [one for one in wanted if one not in subject]
        if missing:
            pattern = mail.subject.format(addressee=addressee or "单位名称")
            words = CATALOGUE["subject_names_call_and_office"].words
            yield from self._lack(
                "subject_names_call_and_office",
                words.fill(subject=subject, missing="”“".join(missing), pattern=pattern),
            )


def _second(first: Item) -> Text:
    return Text(f"已有“{first.name}”，这一份没有采用。", f"“{first.name}” is there already; this one was not used.")


def _numbers(case: OneCase) -> set[int]:
    """Numbers that the papers of a case bear: in their names, or in the table where no name has one."""
    names = [one.name for one in (case.document, case.form) if one is not None]
    found = {int(one[1]) for name in names if (one := _NUMBER.search(name))}
    if not found and case.line is not None and case.line.number.isdigit():
        found.add(int(case.line.number))
    return found


def _differences(case: OneCase) -> Iterator[Lack]:
    if case.filled is None or case.read is None:
        return
    for name, label, other in (
        ("title", Text("案例名称", "Title"), case.read.title),
        ("centre", Text("机构名称", "Centre"), case.read.centre_line),
    ):
        value = case.filled.values.get(name, "")
        if value and other and not same_name(value, other):
            yield Lack(
                Text(
                    f"{label.zh}：报送表写“{value}”，案例正文写“{other}”。请改为一致。",
                    f"{label.en}: the form says “{value}”, the case document “{other}”. Make them the same.",
                )
            )


# ---- the summary table -----------------------------------------------------------------------------------------------


def _table(data: bytes, call: Call) -> tuple[list[Line], str] | None:
    """The lines of a summary table and the office that it names; None when there is none in the workbook."""
    columns = {one.name: {key(name) for name in (one.label.zh, *one.headings)} for one in call.summary_table}
    try:
        sheets = grids(data, "", rows=SHEET_ROWS, columns=SHEET_COLUMNS)
    except Unreadable:
        return None
    for sheet in sheets:
        texts = [[_plain(cell) for cell in row] for row in sheet.rows]
        for at, row in enumerate(texts[:30]):
            heads = {name: place for name, keys in columns.items() if (place := _place(row, keys)) is not None}
            if {"position", "title", "centre"} <= heads.keys():
                return list(_lines(texts[at + 1 :], heads)), _office(texts[:at])
    return None


def _place(row: Sequence[str], keys: set[str]) -> int | None:
    return next((at for at, cell in enumerate(row) if cell and key(cell) in keys), None)


def _lines(rows: Sequence[Sequence[str]], heads: Mapping[str, int]) -> Iterator[Line]:
    for row in rows:
        number, title, centre = (
            row[heads[name]] if heads[name] < len(row) else "" for name in ("position", "title", "centre")
        )
        if not title and not number:
            return
        if title:
            yield Line(number, title, centre)


def _office(rows: Sequence[Sequence[str]]) -> str:
    for cell in (cell for row in rows for cell in row):
        if found := re.match(r"填报单位(?:[（(]盖章[）)])?[:：]\s*(\S.*)", cell):
            return found[1].strip()
    return ""


def _plain(cell: object) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else " ".join(str(cell).split())
