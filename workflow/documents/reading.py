"""A case document read: its title, the sections of the call's template, and whatever could not be placed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from rules.call import Call, Section
from rules.length import least_word_count, word_count
from rules.words import Text
from workflow.documents import legacy, template
from workflow.documents.blocks import Block, Grid, Line, NoWordFile, Paper, read_blocks
from workflow.documents.marks import Mark
from workflow.documents.problems import Problem, Unreadable
from workflow.documents.vetting import damaged, vet

__all__ = [
    "CaseDocument",
    "Loose",
    "Picture",
    "Problem",
    "SectionRead",
    "TableRead",
    "Unreadable",
    "read_case_document",
]


@dataclass(frozen=True)
class SectionRead:
    """One section as found. `name` is the call's section id, "" for text that belongs to none of them.

    `found_by`: "heading style", "left column", "bold paragraph", "bracketed heading", "numbered heading",
    "run-in heading", "plain line", or "before the first heading".
    """

    name: str
    heading: str
    text: str
    """Paragraphs joined by line feeds, without their indents."""
    found_by: str


@dataclass(frozen=True)
class Picture:
    name: str
    media_type: str
    data: bytes
    caption: str
    section: str
    """The call's section id, or ""."""


@dataclass(frozen=True)
class TableRead:
    rows: tuple[tuple[str, ...], ...]
    caption: str
    section: str


@dataclass(frozen=True)
class Loose:
    """Text that no section of the template took; its author says where it belongs."""

    text: str
    heading: str = ""
    """The heading that it stands under, "" where there is none."""


_APART = 60
"""So many paragraphs under one strange heading are placed one by one; more of them as one."""
_MOST_LOOSE = 200
"""So many pieces of a document are placed one by one; more of them as one."""
MOST_PICTURES = 200
"""Of one case document; each is drawn anew and kept."""
_MOST_PROBLEMS = 200


@dataclass(frozen=True)
class CaseDocument:
    """What a case document holds. Lengths are 字: `body_length` over the texts of the sections, without title,
    centre line, theme line, headings, tables, captions and notes; `least_length` the lowest that a common program
    would give for it; `whole_length` over all that is printed, headers and footers too."""

    kind: str
    title: str
    centre_line: str
    """Without any label before it, as `theme_line`."""
    theme_line: str
    sections: tuple[SectionRead, ...]
    body_length: int
    least_length: int
    whole_length: int
    language: str
    """Of the body: "zh", "en", or "" where it is in neither, or there is none."""
    pictures: tuple[Picture, ...]
    tables: tuple[TableRead, ...]
    footnotes: tuple[str, ...]
    problems: tuple[Problem, ...]
    set_aside: tuple[str, ...] = ()
    """Lines before the first heading and rows of a table that are part of nothing."""
    origin: Mark | None = None
    """The case and revision that the file was taken from, where it was taken away here."""

    @property
    def loose(self) -> tuple[Loose, ...]:
        """All text that belongs to no section, in the document's order; strange headings are text themselves."""
        return tuple(one for pieces, _ in self._in_order for one in pieces)

    def placed(self, places: Mapping[int, str]) -> dict[str, str]:
        """Section id → text, with loose text where `places` (its number in `loose` → section id) puts it: in the
        document's order, before or behind what the section holds. What is put nowhere is left out."""
        texts: dict[str, list[str]] = {}
        number = 0
        for pieces, section in self._in_order:
            for one in pieces:
                if place := places.get(number):
                    texts.setdefault(place, []).append(one.text)
                number += 1
            if section is not None:
                texts.setdefault(section.name, []).append(section.text)
        return {name: "\n".join(part for part in parts if part) for name, parts in texts.items()}

    @cached_property
    def _in_order(self) -> list[tuple[list[Loose], SectionRead | None]]:
        """Loose text, and the section of the template that follows it."""
        found: list[tuple[list[Loose], SectionRead | None]] = [([Loose(one) for one in self.set_aside], None)]
        for section in self.sections:
            found.append(([], section) if section.name else (_loose(section), None))
        if sum(len(pieces) for pieces, _ in found) <= _MOST_LOOSE:
            return found
        whole = Loose("\n".join(one.text for pieces, _ in found for one in pieces))
        return [([whole], None), *((([], section)) for _, section in found if section is not None)]


def _loose(section: SectionRead) -> list[Loose]:
    heading = [Loose(section.heading)] if section.heading else []
    lines = section.text.split("\n") if section.text else []
    apart = lines if len(lines) <= _APART else [section.text]
    return heading + [Loose(one, section.heading) for one in apart]


def read_case_document(data: bytes, name: str, call: Call) -> CaseDocument:
    """A Word file (.docx, .doc, .wps, .rtf, .odt) read against the call's template.

    Raises `Unreadable` when it cannot be opened. What can be opened is read; what is missing, extra or unplaced
    stands in `problems`.
    """
    vetted = vet("case", name, data)
    return read_vetted(vetted.data, vetted.name, vetted.kind, call)


def read_vetted(data: bytes, name: str, kind: str, call: Call) -> CaseDocument:
    """The same of a file that was vetted for its slot when it came in; `kind` is its kind by content."""
    content = data if kind == "docx" else legacy.convert(name, data, kind, "docx")
    try:
        paper = read_blocks(content)
    except NoWordFile as error:
        raise damaged(name) from error
    return read_paper(paper, kind, call)


def read_paper(paper: Paper, kind: str, call: Call) -> CaseDocument:
    """The same of a file whose blocks are read already."""
    return _Reader(call).read(paper, kind)


# Wording of headings

_NUMBERING = re.compile(
    r"^(?:第[一二三四五六七八九十百\d]+[章节部分条]+[、.．:：\s]*"
    r"|[（(【\[][一二三四五六七八九十百\d]+[）)】\]][、.．\s]*"
    r"|[一二三四五六七八九十百]+[、.．:：\s]\s*"
    r"|\d+(?:\.\d+)*[、.．)）\s]\s*"
    r"|[①-⑳❶-❿⑴-⒇]\s*|[◆■●▲★※▶►•·\-]\s*)"
)
_BRACKETED = re.compile(r"^\s*[【\[〖]([^】\]〗\n]{1,30})[】\]〗]\s*")
_CAPTION = re.compile(
    r"^(图表|图|表|[Ff]igure|[Ff]ig\.?|[Tt]able)\s*[\d一二三四五六七八九十]+(?:[-—－.．]\d+)*(?=$|[\s:：、.．（(])"
)
_HEADING_LENGTH = 30
_CAPTION_LENGTH = 80
_ENDS_SENTENCE = "。；;！!？?，,"


@lru_cache(maxsize=2048)
def key(words: str) -> str:
    """Words of a heading or label for comparison: no numbering, punctuation, bracketed remark or small particle."""
    plain = unicodedata.normalize("NFKC", words).strip()
    bracketed = _BRACKETED.match(plain)
    if bracketed and not re.fullmatch(r"[一二三四五六七八九十百\d]+", bracketed[1]):
        plain = bracketed[1] + plain[bracketed.end() :]
    while (shorter := _NUMBERING.sub("", plain, count=1)) != plain:
        plain = shorter
    bare = re.sub(r"[(\[〔][^)\]〕]*[)\]〕]", "", plain) or plain
    return "".join(one for one in bare if one.isalnum() and one not in "与和及").casefold()


@dataclass(eq=False)
class _Gathered:
    """A section while it fills."""

    name: str
    heading: str
    found_by: str
    paragraphs: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Found:
    """A paragraph that may be a section's heading; the lower the rank, the stronger the sign."""

    section: str
    heading: str
    rest: str
    found_by: str
    rank: int


_RANKS = {
    "left column": 0,
    "heading style": 0,
    "bold paragraph": 1,
    "bracketed heading": 1,
    "numbered heading": 2,
    "run-in heading": 3,
    "plain line": 4,
}


@dataclass(frozen=True)
class _Item:
    """A block in reading order; `label` is the left cell when it stands right of one."""

    block: Block
    label: str = ""


class _Reader:
    def __init__(self, call: Call) -> None:
        self.call = call
        self.known: dict[str, str] = {}
        for section in call.sections:
            for words in (section.label.zh, section.label.en, *section.headings):
                self.known.setdefault(key(words), section.id)
        self.labels = {one.name: {key(words) for words in (one.label.zh, *one.headings)} for one in call.report_form}
        self.not_written = template.own_lines(call)
        self.problems: dict[Problem, None] = {}
        self.meta: dict[str, str] = {}
        self.sections: dict[_Gathered, None] = {}
        """In their order; a dictionary, so that one is moved to the end at once however many there are."""
        self.named: dict[str, _Gathered] = {}
        self.open: _Gathered | None = None
        """The last one, which is filling."""
        self.pictures: list[Picture] = []
        self.tables: list[TableRead] = []
        self.set_aside: list[str] = []

    def read(self, paper: Paper, kind: str) -> CaseDocument:
        items = list(self._flow(paper.blocks))
        captions = _captions(items)
        captioned = set(captions.values())
        headings = self._headings(items, captioned)
        first = min(headings, default=len(items))
        opening = self._opening(items[:first])
        for at, item in enumerate(items):
            if at in headings:
                self._begin(headings[at])
            elif at in opening or at in captioned:
                pass
            elif isinstance(item.block, Line):
                self._text(item.block.text, at < first)
            self._features(item, captions.get(at), items)
        self._missing()
        self._order()
        for hidden in paper.hidden:
            self._tell(
                "hidden_text",
                "文中有隐藏文字，未计入正文。请删除或取消隐藏。",
                "There is hidden text; it was not read. Delete it or unhide it.",
                hidden[:40],
            )
        sections = tuple(
            SectionRead(one.name, one.heading, "\n".join(one.paragraphs), one.found_by) for one in self.sections
        )
        return CaseDocument(
            kind=kind,
            title=self.meta.get("title", ""),
            centre_line=self.meta.get("centre", ""),
            theme_line=self.meta.get("theme", ""),
            sections=sections,
            body_length=sum(word_count(one.text) for one in sections),
            least_length=sum(least_word_count(one.text) for one in sections),
            language=language_of("\n".join(one.text for one in sections)),
            whole_length=sum(map(word_count, (*_all_text(paper.blocks), *paper.footnotes, *paper.margins))),
            pictures=tuple(self.pictures),
            tables=tuple(self.tables),
            footnotes=paper.footnotes,
            problems=tuple(self.problems),
            set_aside=tuple(self.set_aside),
            origin=paper.origin,
        )

    # Reading order

    def _flow(self, blocks: Iterable[Block]) -> Iterator[_Item]:
        """Blocks with frames and two-column layouts taken apart; tables of figures stay whole."""
        for block in blocks:
            if isinstance(block, Line):
                yield _Item(block)
            elif all(len(row) <= 1 for row in block.rows):
                for row in block.rows:
                    for cell in row:
                        yield from self._flow(cell)
            elif self._is_layout(block):
                yield from self._layout(block)
            else:
                yield _Item(block)

    def _is_layout(self, grid: Grid) -> bool:
        return any(
            len(row) > 1
            and (self.known.get(key(_plain(row[0]))) or key(_plain(row[0])) in self.labels.get("title", ()))
            for row in grid.rows
        ) and not any(len(row) > 3 and self.known.get(key(_plain(row[0]))) for row in grid.rows)

    def _layout(self, grid: Grid) -> Iterator[_Item]:
        for row in grid.rows:
            label = _plain(row[0]) if len(row) > 1 else ""
            section = self.known.get(key(label))
            if section:
                yield _Item(Line(label), label=label)
                for cell in row[1:]:
                    yield from self._flow(cell)
            elif label and (name := self._labelled(label)):
                value = " ".join(_plain(cell) for cell in row[1:]).strip()
                if name in ("title", "centre", "theme"):
                    self.meta.setdefault(name, value)
                else:
                    self.set_aside.append(f"{label}：{value}")
                    self._tell(
                        "row_not_used",
                        "表格中的“{label}：{value}”不属于案例正文，未读入。请在报送表中填写。",
                        "The row “{label}: {value}” is no part of the case and was not read. It belongs in the report form.",
                        label,
                        label=label,
                        value=value[:40],
                    )
            elif label and len(label) <= _HEADING_LENGTH:
                yield _Item(Line(label, level=1), label=label)
                for cell in row[1:]:
                    yield from self._flow(cell)
            else:
                for cell in row:
                    yield from self._flow(cell)

    def _labelled(self, words: str) -> str | None:
        found = key(words)
        return next((name for name, keys in self.labels.items() if found in keys), None)

    # Headings

    def _headings(self, items: list[_Item], captioned: set[int]) -> dict[int, _Found]:
        """Which items begin a section: for each section the strongest sign wins, and only that kind counts for it."""
        candidates = {
            at: found
            for at, item in enumerate(items)
            if isinstance(item.block, Line) and at not in captioned and (found := self._candidate(item))
        }
        best: dict[str, int] = {}
        for found in candidates.values():
            best[found.section] = min(found.rank, best.get(found.section, 9))
        chosen = {at: found for at, found in candidates.items() if found.rank == best[found.section]}
        chosen |= self._strangers(items, chosen)
        return dict(sorted(chosen.items()))

    def _candidate(self, item: _Item) -> _Found | None:
        line = item.block
        assert isinstance(line, Line)
        text = line.text.strip()
        if not text or line.level == 0:
            return None
        if section := self.known.get(key(text)) if len(text) <= _HEADING_LENGTH else None:
            how = _sign(item, line, text)
            return _Found(section, text, "", how, _RANKS[how])
        if line.level is not None and len(text) <= _HEADING_LENGTH and (section := self._close(text)):
            return _Found(section, text, "", "heading style", 0)
        for lead in (line.bold_lead if not line.bold else "", (_BRACKETED.match(text) or [""])[0], _up_to_colon(text)):
            heading = lead.strip()
            if 0 < len(heading) <= _HEADING_LENGTH and (section := self.known.get(key(heading))):
                if heading == lead.strip() == _up_to_colon(text) and not _NUMBERING.match(text) and not line.bold_lead:
                    continue  # "成效：" may open any sentence; alone it is too weak a sign
                rest = text.removeprefix(heading).lstrip(" \t\u3000:：。—-")
                return _Found(section, heading.rstrip(":："), rest, "run-in heading", _RANKS["run-in heading"])
        return None

    def _close(self, text: str) -> str | None:
        """The one section whose label or other heading stands within the words of a styled heading."""
        found = key(text)
        within = {section for words, section in self.known.items() if len(words) >= 2 and words in found}
        return within.pop() if len(within) == 1 else None

    def _strangers(self, items: list[_Item], chosen: dict[int, _Found]) -> dict[int, _Found]:
        """Headings that look like those of the sections and name none of them."""
        if not chosen:
            return {}
        first = min(chosen)
        lines = {at: item.block for at, item in enumerate(items) if isinstance(item.block, Line)}
        levels = {lines[at].level for at in chosen if lines[at].level is not None and not items[at].label}
        shapes = {_shape(lines[at]) for at, found in chosen.items() if found.rank in (1, 2)}
        strangers = {}
        for at, line in lines.items():
            text = line.text.strip()
            if at in chosen or at < first or not text or len(text) > _HEADING_LENGTH:
                continue
            if items[at].label or (line.level is not None and line.level in levels):
                strangers[at] = _Found("", text, "", "left column" if items[at].label else "heading style", 0)
            elif (shape := _shape(line)) and (
                shape in shapes
                and text[-1] not in _ENDS_SENTENCE
                and (line.bold or not any(one and one[1] for one in shapes))
            ):
                strangers[at] = _Found("", text, "", "bold paragraph" if line.bold else "numbered heading", 1)
        return strangers

    # What stands before the first section

    def _opening(self, items: list[_Item]) -> set[int]:
        """Takes title, centre line and theme line from the opening; says which items it used or reported."""
        used: set[int] = set()
        lines = {
            at: one.block for at, one in enumerate(items) if isinstance(one.block, Line) and one.block.text.strip()
        }
        used |= {at for at, line in lines.items() if line.text.strip() in self.not_written}
        titles = [at for at, line in lines.items() if line.level == 0]
        if titles and "title" not in self.meta:
            self.meta["title"] = "".join(lines[at].text.strip() for at in titles if at not in used)
        used.update(titles)
        for at, line in lines.items():
            if at not in used and (
                name := {template.CENTRE_STYLE: "centre", template.THEME_STYLE: "theme"}.get(line.style)
            ):
                label = f"{template.theme_label(self.call)}：" if name == "theme" else ""
                self.meta.setdefault(name, line.text.strip().removeprefix(label).strip())
                used.add(at)
        for at, line in lines.items():
            label, _, value = _split_label(line.text)
            name = self._labelled(label) if label and at not in used else None
            if name in ("title", "centre", "theme") and name not in self.meta:
                self.meta[name] = value
                used.add(at)
        if "title" not in self.meta:
            self._guess_title(lines, used)
        if "centre" not in self.meta:
            rest = [at for at, line in lines.items() if at not in used and not _is_furniture(line.text)]
            if (
                rest
                and len(lines[rest[0]].text.strip()) <= 60
                and lines[rest[0]].text.strip()[-1] not in _ENDS_SENTENCE
            ):
                self.meta["centre"] = lines[rest[0]].text.strip().strip("（）()")
                used.add(rest[0])
        for at, line in lines.items():
            if at in used or (not line.centred and not _is_furniture(line.text)):
                continue
            self.set_aside.append(line.text.strip())
            self._tell(
                "line_unplaced",
                "“{line}”不属于模板的任何部分，未读入。如无需要请删除。",
                "“{line}” belongs to no part of the template and was not read. Delete it if it is not needed.",
                line.text.strip()[:40],
                line=line.text.strip()[:60],
            )
            used.add(at)
        return used

    def _guess_title(self, lines: dict[int, Line], used: set[int]) -> None:
        """A styled heading, else the first short line that is neither furniture nor a sentence."""
        open_lines = [
            at
            for at, line in lines.items()
            if at not in used
            and not _is_furniture(line.text)
            and len(line.text.strip()) <= 80
            and line.text.strip()[-1] not in "。；;，,"
        ]
        styled = [at for at in open_lines if lines[at].level == 1] or [at for at in open_lines if lines[at].bold]
        at = next(iter(styled or open_lines), None)
        if at is not None:
            self.meta["title"] = lines[at].text.strip()
            used.add(at)
            following = next((later for later in lines if later > at and later not in used), None)
            if following is not None and lines[following].text.strip().startswith("——"):
                self.meta["title"] += lines[following].text.strip()
                used.add(following)

    # Filling the sections

    def _begin(self, found: _Found) -> None:
        before = self.named.get(found.section) if found.section else None
        if before:
            self._tell(
                "section_repeated",
                "“{heading}”部分出现了不止一次，内容已合并。请核对。",
                "The section “{heading}” appears more than once; its texts were joined. Please check.",
                found.heading,
                heading=found.heading,
            )
            self.sections.pop(before)
            self._add(before)
        else:
            if not found.section:
                self._tell(
                    "section_unknown",
                    "“{heading}”不是模板中的部分（{wanted}）。请并入相应部分或删除。",
                    "“{heading}” is no section of the template ({wanted}). Move its text into one of them or delete it.",
                    found.heading,
                    heading=found.heading,
                    wanted=_listed(self.call.sections),
                )
            before = self._add(_Gathered(found.section, found.heading, found.found_by))
        if found.rest:
            before.paragraphs.append(found.rest)

    def _add(self, section: _Gathered) -> _Gathered:
        self.sections[section] = None
        self.open = section
        if section.name:
            self.named[section.name] = section
        return section

    def _text(self, text: str, before_first: bool) -> None:
        paragraphs = [line for one in text.split("\n") if (line := one.strip()) and line not in self.not_written]
        if not paragraphs:
            return
        section = self.open
        if section is None:
            section = self._add(_Gathered("", "", "before the first heading"))
            if before_first:
                self._tell(
                    "text_before_sections",
                    "第一个小标题之前有正文，未归入任何部分。请移到相应部分。",
                    "There is text before the first heading; it is in no section. Move it into one.",
                    paragraphs[0][:40],
                )
        section.paragraphs.extend(paragraphs)

    def _features(self, item: _Item, caption_at: int | None, items: list[_Item]) -> None:
        """Pictures and tables of an item, with the caption found for it."""
        section = self.open.name if self.open else ""
        beside = items[caption_at].block if caption_at is not None else None
        caption = beside.text.strip() if isinstance(beside, Line) else ""
        if isinstance(item.block, Line):
            self._images(item.block, caption, section)
            return
        if any(text for row in _rows(item.block) for text in row):
            self.tables.append(TableRead(_rows(item.block), caption, section))
        for row_at, row in enumerate(item.block.rows):
            for column, cell in enumerate(row):
                below = item.block.rows[row_at + 1] if row_at + 1 < len(item.block.rows) else ()
                near = (_plain(cell), _plain(below[column]) if column < len(below) else "", caption)
                words = next((one for one in near if _CAPTION.match(one)), caption)
                for line in _lines(cell):
                    self._images(line, words, section)

    def _images(self, line: Line, caption: str, section: str) -> None:
        if not line.images and not line.unread:
            return
        own = line.text.strip()
        caption = own if _CAPTION.match(own) and len(own) <= _CAPTION_LENGTH else caption
        for image in line.images:
            if len(self.pictures) == MOST_PICTURES:
                self._tell(
                    "more_pictures",
                    "图片超过 {most} 张，后面的没有读取。请只保留需要的图片。",
                    "There are more than {most} pictures; those after them were not read. Keep those that are needed.",
                    "",
                    most=MOST_PICTURES,
                )
                break
            self.pictures.append(Picture(image.name, image.media_type, image.data, caption, section))
        for what in line.unread:
            self._tell(
                "drawing_not_read",
                "文中有无法读取的图形（{what}）。请改为插入 JPG 或 PNG 图片。",
                "A drawing ({what}) cannot be read. Insert it as a JPG or PNG picture instead.",
                caption or section,
                what=what,
            )

    def _missing(self) -> None:
        if not self.meta.get("title"):
            self._tell(
                "title_missing",
                "没有找到案例标题。请在正文最前面单独一行写明标题。",
                "No title was found. Write it on a line of its own at the very beginning.",
                "",
            )
        texts = {one.name: "".join(one.paragraphs) for one in self.sections}
        for section in self.call.sections:
            if section.id not in texts and section.required:
                self._tell(
                    "section_missing",
                    "缺少“{section}”部分。请按模板补上这一小标题及内容。",
                    "The section “{section}” is missing. Add its heading and text as in the template.",
                    section.label.zh,
                    section=section.label,
                )
            elif section.required and not texts.get(section.id):
                self._tell(
                    "section_empty",
                    "“{section}”部分没有内容。请补充。",
                    "The section “{section}” has no text. Write it.",
                    section.label.zh,
                    section=section.label,
                )

    def _order(self) -> None:
        """Tell of each section that stands later than the template has it: behind one that ought to follow it."""
        place = {section.id: at for at, section in enumerate(self.call.sections)}
        furthest = -1
        for one in self.sections:
            at = place.get(one.name, furthest)
            if at < furthest:
                self._tell(
                    "section_out_of_order",
                    "“{heading}”部分的位置与模板不同（模板顺序：{wanted}）。采用后按模板的顺序排列。",
                    "The section “{heading}” stands elsewhere than in the template ({wanted}). Once taken over, it stands"
                    " where the template has it.",
                    one.heading,
                    heading=one.heading,
                    wanted=_listed(self.call.sections),
                )
            furthest = max(furthest, at)

    def _tell(self, code: str, zh: str, en: str, where: str, **values: object) -> None:
        if len(self.problems) >= _MOST_PROBLEMS:
            code, where, values = "more_problems", "", {}
            zh, en = (
                "问题太多，其余的没有列出。请先改好上面这些。",
                "There are too many problems to list the rest. Mend these first.",
            )
        problem = Problem(code, Text(zh, en).fill(**values) if values else Text(zh, en), where)
        self.problems.setdefault(problem)


_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]+(?:['’-][A-Za-z\u00c0-\u024f]+)*")


def language_of(text: str) -> str:
    """ "zh" or "en" by what there is more of, Chinese characters or words in Latin letters; "" for a text of neither."""
    chinese, latin = _HAN.subn("", text)[1], _LATIN.subn("", text)[1]
    if not chinese and not latin:
        return ""
    return "zh" if chinese >= latin else "en"


# Looks of lines


def _sign(item: _Item, line: Line, text: str) -> str:
    if item.label:
        return "left column"
    if line.level is not None:
        return "heading style"
    bracketed = _BRACKETED.match(text)
    if bracketed and bracketed.end() >= len(text):
        return "bracketed heading"
    if line.bold:
        return "bold paragraph"
    return "numbered heading" if _NUMBERING.match(text) else "plain line"


def _shape(line: Line) -> tuple[str, bool] | None:
    """How a line is numbered, and whether it is bold; None for one that is not numbered."""
    found = _NUMBERING.match(line.text.strip()) or _BRACKETED.match(line.text)
    if not found:
        return None
    return re.sub(r"\d+", "1", re.sub(r"[一二三四五六七八九十百]+", "一", found[0].strip()))[:3], line.bold


def _up_to_colon(text: str) -> str:
    found = re.match(r"[^:：\n]{1,30}[:：](?=.)", text)
    return found[0] if found else ""


def _split_label(text: str) -> tuple[str, str, str]:
    found = re.match(r"\s*([^:：\n]{1,20})([:：])\s*(.*\S)\s*$", text)
    return (found[1].strip(), found[2], found[3]) if found else ("", "", text)


def _is_furniture(text: str) -> bool:
    return bool(re.fullmatch(r"[(（【]?附件\s*\d*[)）】]?[:：]?", text.strip()))


def _captions(items: list[_Item]) -> dict[int, int]:
    """For each picture or table the line that is its caption: the neighbour that looks like one, blank lines aside."""
    blank = {
        at
        for at, one in enumerate(items)
        if isinstance(one.block, Line) and not (one.block.text.strip() or one.block.images or one.block.unread)
    }
    found: dict[int, int] = {}
    taken: set[int] = set()
    for at, item in enumerate(items):
        table = isinstance(item.block, Grid)
        if not table and not (isinstance(item.block, Line) and (item.block.images or item.block.unread)):
            continue
        before = next((one for one in range(at - 1, -1, -1) if one not in blank), None)
        after = next((one for one in range(at + 1, len(items)) if one not in blank), None)
        for near in (before, after) if table else (after, before):
            if near is not None and near not in taken and _is_caption(items[near].block, table):
                found[at] = near
                taken.add(near)
                break
    return found


def _is_caption(block: Block, table: bool) -> bool:
    if not isinstance(block, Line) or block.images or not 0 < len(text := block.text.strip()) <= _CAPTION_LENGTH:
        return False
    if block.style in ("caption", "题注"):
        return True
    named = _CAPTION.match(text)
    return (
        bool(named)
        and named is not None
        and (named[1][0] in "表Tt图")
        and (table or named[1][0] not in "表Tt" or named[1] == "图表")
    )


def _lines(blocks: Iterable[Block]) -> Iterator[Line]:
    for block in blocks:
        if isinstance(block, Line):
            yield block
        else:
            for row in block.rows:
                for cell in row:
                    yield from _lines(cell)


def _plain(cell: Iterable[Block]) -> str:
    return "\n".join(line.text for line in _lines(cell)).strip()


def _rows(grid: Grid) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(_plain(cell) for cell in row) for row in grid.rows)


def _all_text(blocks: Iterable[Block]) -> Iterator[str]:
    return (line.text for line in _lines(blocks))


def _listed(sections: tuple[Section, ...]) -> Text:
    return Text("、".join(one.label.zh for one in sections), ", ".join(one.label.en for one in sections))
