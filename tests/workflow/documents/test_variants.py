"""Case documents in the variants that people write, saved by LibreOffice in the formats that people send."""

from __future__ import annotations

import pytest

from tests.make import call_2021
from tests.workflow.documents import office
from tests.workflow.documents.office import NUMERALS, SECTIONS, case, paragraph
from workflow.documents.reading import CaseDocument, language_of, read_case_document

BEYOND = "𠮷野家𪚥，Café，ＷＩＰＯ与 WIPO，2021年。"
VARIANTS = {
    "heading style": case(),
    "bold numbered": case(lambda words, at: paragraph(f"{NUMERALS[at]}、{words}", "Bold")),
    "bold run": case(
        lambda words, at: paragraph(f'<text:span text:style-name="Strong">（{NUMERALS[at]}）{words}</text:span>')
    ),
    "numbered": case(lambda words, at: paragraph(f"{NUMERALS[at]}、{words}")),
    "bracketed number": case(lambda words, at: paragraph(f"（{NUMERALS[at]}）{words}")),
    "lenticular": case(lambda words, _: paragraph(f"【{words}】")),
    "indented": case(lambda words, at: paragraph(f"\u3000\u3000{at + 1}.\u3000{words}")),
    "bare": case(lambda words, _: paragraph(words)),
    "two columns": office.in_two_columns(),
    "text box": case(second=paragraph(office.box("框里的话。") + "乙。")),
    "drawn shape": case(second=paragraph(office.shape("图形里的话。") + "乙。")),
    "footnote": case(second=paragraph("乙" + office.footnote("脚注的话。") + "。")),
    "comment": case(second=paragraph("乙" + office.comment("批注的话。") + "。")),
    "tracked": case(second=office.changed("新的。", "乙。"), before=office.changes("旧的。")),
    "breaks": case(second=paragraph("乙。<text:line-break/>又乙。") + paragraph("再乙。", "Page")),
    "beyond": case(second=paragraph(BEYOND)),
    "extra": case() + office.heading("附录") + paragraph("多出来的话。"),
    "reordered": case(sections=(SECTIONS[0], SECTIONS[2], SECTIONS[1], SECTIONS[3])),
}
FOUND_BY = {
    "bold numbered": "bold paragraph",
    "bold run": "bold paragraph",
    "numbered": "numbered heading",
    "bracketed number": "numbered heading",
    "lenticular": "bracketed heading",
    "indented": "numbered heading",
    "bare": "plain line",
    "two columns": "left column",
}
SECOND = {
    "text box": "乙。\n框里的话。",
    "drawn shape": "乙。\n图形里的话。",
    "tracked": "新的。乙。",
    "breaks": "乙。\n又乙。\n再乙。",
    "beyond": BEYOND,
    "reordered": "丙。",
}
TOLD = {"extra": [("section_unknown", "附录")], "reordered": [("section_out_of_order", SECTIONS[1])]}
OLD_KINDS = ("odt", "rtf", "doc")
IN_OLD_KINDS = ("bold numbered", "two columns", "text box", "footnote", "tracked", "comment", "beyond")
"""Each is converted for itself, which takes a second: those whose signs a format may lose."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    """Kind → variant → file."""
    folder = tmp_path_factory.mktemp("variants")
    few = {name: VARIANTS[name] for name in IN_OLD_KINDS}
    return {
        "docx": office.saved_as("docx", VARIANTS, folder),
        **{kind: office.saved_as(kind, few, folder) for kind in OLD_KINDS},
    }


def read(written: dict[str, dict[str, bytes]], kind: str, variant: str) -> CaseDocument:
    return read_case_document(written[kind][variant], f"案例.{kind}", call_2021())


BOTH = [("docx", one) for one in VARIANTS] + [(kind, one) for kind in OLD_KINDS for one in IN_OLD_KINDS]


@pytest.mark.parametrize(("kind", "variant"), BOTH)
def test_a_variant_is_read_whole_however_it_is_written_and_saved(written, kind, variant):
    document = read(written, kind, variant)
    assert (document.kind, document.title, document.centre_line, document.theme_line, document.language) == (
        kind,
        "一份检索报告",
        "示例中心",
        "支撑产业发展",
        "zh",
    )
    named = [one for one in document.sections if one.name]
    assert {one.found_by for one in named} == {FOUND_BY.get(variant, "heading style")}
    texts = {one.name: one.text for one in named}
    effect = "乙。" if variant == "reordered" else "丙。"
    assert texts == {"recipient": "甲。", "service": SECOND.get(variant, "乙。"), "effect": effect, "lessons": "丁。"}
    assert document.footnotes == (("脚注的话。",) if variant == "footnote" else ())
    assert [(one.code, one.where) for one in document.problems] == TOLD.get(variant, [])


def test_what_stands_under_a_strange_heading_is_kept(written):
    assert [(one.heading, one.text) for one in read(written, "docx", "extra").sections if not one.name] == [
        ("附录", "多出来的话。")
    ]


@pytest.mark.parametrize(
    ("text", "language"),
    [("中心为 WIPO 做检索。", "zh"), ("The centre (中心) searched patents.", "en"), ("2021", ""), ("", "")],
)
def test_the_language_is_that_of_most_words(text, language):
    assert language_of(text) == language
