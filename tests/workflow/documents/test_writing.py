"""Papers that we write: they read back as what was put into them, and nothing in them can run."""

import io
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.make import call_2021, filled, other_call
from tests.workflow.documents.papers import picture
from workflow.characters import strange
from workflow.documents.forms import choices_of, read_report_form
from workflow.documents.reading import Picture, read_case_document
from workflow.documents.writing import (
    CaseContent,
    UnfitLook,
    case_document,
    case_template,
    check_look,
    one_line,
    report_form,
    summary_table,
    tidy,
)

CALLS = [call_2021, other_call]
_AWKWARD = [
    "{{ title }}",
    "{%p endif %}",
    "{_{",
    "%_}",
    "{#",
    "_x0008_",
    "&lt;<w:p/>",
    "]]>",
    "\t",
    "\u2028",
    "\x85",
    "\x7f",
    "𪚥",
]


def xml_text(most: int) -> st.SearchStrategy[str]:
    """Any text that XML 1.0 can hold; often with what a template, a sheet or a document means something by."""
    holdable = st.characters(exclude_categories=("Cs",)).filter(lambda one: strange(one) is None)
    return st.one_of(
        st.text(holdable, max_size=most),
        st.lists(st.one_of(st.sampled_from(_AWKWARD), st.text(holdable, max_size=9)), max_size=9).map("".join),
    )


@pytest.mark.parametrize("call", CALLS)
def test_the_blank_template_has_every_section_and_no_text(call):
    found = read_case_document(case_template(call()), "模板.docx", call())
    assert [one.name for one in found.sections] == [one.id for one in call().sections]
    assert (found.title, found.centre_line, found.theme_line, found.body_length) == ("", "", "", 0)
    empty = ["section_empty" for one in call().sections if one.required]
    assert [one.code for one in found.problems] == ["title_missing", *empty]


@settings(max_examples=60)
@given(xml_text(80), xml_text(80), st.lists(xml_text(200), min_size=4, max_size=4))
def test_a_case_reads_back_as_it_was_written(title, centre, texts):
    call = call_2021()
    sections = dict(zip((one.id for one in call.sections), texts, strict=True))
    content = CaseContent(title, centre, "支撑产业发展", sections)
    found = read_case_document(case_document(call, content), "案例.docx", call)
    assert (found.title, found.centre_line) == (one_line(title), one_line(centre))
    assert {one.name: one.text for one in found.sections} == {name: tidy(text) for name, text in sections.items()}


# ---- another look ----------------------------------------------------------------------------------------------------


def own_look(path: Path) -> None:
    """A call's own Word document: words at the head of each page, centre and theme in a table."""
    made = Document()
    for style in ("案例机构", "案例主题", "案例正文", "填写提示", "图片"):
        made.styles.add_style(style, WD_STYLE_TYPE.PARAGRAPH)
    made.sections[0].header.paragraphs[0].text = "数据案例"
    made.add_paragraph("{{ title }}", style="Title")
    box = made.add_table(2, 1)
    for row, (words, style) in zip(box.rows, (("{{ centre }}", "案例机构"), ("{{ theme }}", "案例主题")), strict=True):
        row.cells[0].paragraphs[0].text = words
        row.cells[0].paragraphs[0].style = style
    for words, style in (
        ("{%p if hint %}", "Normal"),
        ("{{ hint }}", "填写提示"),
        ("{%p endif %}", "Normal"),
        ("{%p for section in sections %}", "Normal"),
        ("{{ section.heading }}", "Heading 1"),
        ("{%p for line in section.lines %}", "Normal"),
        ("{{ line }}", "案例正文"),
        ("{%p endfor %}", "Normal"),
        ("{%p for picture in section.pictures %}", "Normal"),
        ("{{ picture.image }}", "图片"),
        ("{{ picture.caption }}", "Caption"),
        ("{%p endfor %}", "Normal"),
        ("{%p endfor %}", "Normal"),
    ):
        made.add_paragraph(words, style=style)
    made.save(path)


def test_a_call_is_written_in_the_document_that_came_with_it(tmp_path):
    own_look(tmp_path / "own.docx")
    own = replace(other_call(), look=(tmp_path / "own.docx").read_bytes())
    check_look(own)
    for call, is_own in ((own, True), (call_2021(), False)):
        sections = {one.id: f"{one.label.zh}的第一段。\n{{{{ title }}}} 第二段。" for one in call.sections}
        some = next(iter(sections))
        pictures = (Picture("a.png", "image/png", picture(), "图1　流程", some),)
        made = case_document(call, CaseContent("标题", "示例中心", "主题一", sections, pictures))
        found = read_case_document(made, "案例.docx", call)
        assert (found.title, found.centre_line) == ("标题", "示例中心")
        assert {one.name: one.text for one in found.sections} == sections
        assert [(one.caption, one.section) for one in found.pictures] == [("图1　流程", some)]
        head = Document(io.BytesIO(made)).sections[0].header
        assert ("数据案例" in [one.text for one in head.paragraphs]) is is_own
        blank = read_case_document(case_template(call), "模板.docx", call)
        assert ([one.name for one in blank.sections], blank.body_length) == (list(sections), 0)


@pytest.mark.parametrize(
    ("placeholder", "why"),
    [
        ("{{ sections.__class__ }}", ""),
        ("{{ title.upper() }}", ""),
        ("{{ 'a' * 1000000000 }}", ""),
        ("{{ range(9) }}", ""),
        ("{{ title|upper }}", ""),
        ("{% for", ""),
        ("{{ title }}", "一、"),
    ],
)
def test_a_look_that_reckons_calls_or_shows_no_section_is_refused(placeholder, why):
    document, out = Document(), io.BytesIO()
    document.add_paragraph(placeholder)
    document.save(out)
    with pytest.raises(UnfitLook) as refused:
        check_look(replace(call_2021(), look=out.getvalue()))
    assert why in refused.value.why.zh


def test_what_no_file_can_hold_is_left_out_of_papers_made_from_what_was_stored_before_it_was_refused():
    call, text = call_2021(), "甲\x00乙\x08丙\ufffe丁\ud800戊"
    content = CaseContent(text, text, text, {one.id: text for one in call.sections})
    found = read_case_document(case_document(call, content), "案例.docx", call)
    assert {found.title, *(one.text for one in found.sections)} == {"甲乙丙丁戊"}
    assert read_report_form(report_form(call, {"title": text}), "表.xlsx", call).values["title"] == "甲乙丙丁戊"


@pytest.mark.parametrize(
    "awkward", ["启示", "一、服务成效", "图1 流程", "案例主题：支撑产业发展", "【服务做法】好", "附件1"]
)
def test_text_that_looks_like_furniture_stays_text(awkward):
    call = call_2021()
    sections = {one.id: f"前。\n{awkward}\n后。" for one in call.sections}
    found = read_case_document(case_document(call, CaseContent(awkward, "示例中心", "", sections)), "案例.docx", call)
    assert found.title == awkward
    assert {one.name: one.text for one in found.sections} == sections
    assert found.problems == ()


def test_pictures_come_back_with_section_and_caption():
    call = call_2021()
    pictures = (
        Picture("a.png", "image/png", picture(), "图1　流程", "service"),
        Picture("b.jpg", "image/jpeg", picture(kind="JPEG"), "图2　结果", "effect"),
        Picture("c.tif", "image/tiff", picture(3000, 4000, "TIFF"), "图3　扫描", "effect"),
    )
    sections = {one.id: "一句话。" for one in call.sections}
    found = read_case_document(
        case_document(call, CaseContent("标题", "示例中心", "主题", sections, pictures)), "案例.docx", call
    )
    assert [(one.caption, one.section) for one in found.pictures] == [(one.caption, one.section) for one in pictures]
    assert [one.data for one in found.pictures][:2] == [pictures[0].data, pictures[1].data]
    assert {one.text for one in found.sections} == {"一句话。"}


def test_a_picture_that_cannot_be_drawn_leaves_its_name():
    call = call_2021()
    bad = Picture("x.emf", "image/emf", b"no picture", "", "service")
    found = read_case_document(case_document(call, CaseContent("标题", "", "", {}, (bad,))), "案例.docx", call)
    assert "x.emf" in "".join(one.text for one in found.sections)


@pytest.mark.parametrize("call", CALLS)
def test_a_blank_form_reads_back_blank(call):
    found = read_report_form(report_form(call(), {}), "表.xlsx", call())
    assert set(found.values.values()) == {""}
    assert {one.code for one in found.problems} <= {"field_empty"}


@pytest.mark.parametrize("call", CALLS)
def test_a_filled_form_reads_back_as_it_was_filled(call):
    values = {}
    for one in call().report_form:
        choices = [label.zh for label in choices_of(one, call()).values()]
        values[one.name] = choices[-1] if choices else filled(one)
    found = read_report_form(report_form(call(), values, note="请核对后盖章。"), "表.xlsx", call())
    assert found.values == values
    assert found.problems == ()


FREE = ("title", "centre", "host_unit", "region", "recipient", "abstract", "contact")


@settings(max_examples=60)
@given(st.fixed_dictionaries(dict.fromkeys(FREE, xml_text(80))))
def test_any_text_in_a_form_reads_back(values):
    found = read_report_form(report_form(call_2021(), values), "表.xlsx", call_2021())
    assert {name: found.values[name] for name in values} == {name: tidy(text) for name, text in values.items()}


RUNNING = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    '=HYPERLINK("http://x","y")',
    "#N/A",
    "#REF!",
    "1e5",
    "007",
    "TRUE",
    "_x0041_",
]


@pytest.mark.parametrize("text", RUNNING)
def test_no_value_becomes_a_formula_a_number_or_an_error(text):
    data = report_form(call_2021(), {"title": text})
    cell = openpyxl.load_workbook(io.BytesIO(data)).active["B3"]
    assert cell.data_type == "s"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert all(
            b"<f>" not in archive.read(name) for name in archive.namelist() if name.startswith("xl/worksheets/s")
        )
    assert read_report_form(data, "表.xlsx", call_2021()).values["title"] == text


def test_a_form_prints_on_one_upright_page_with_locked_labels_and_choices_to_pick():
    book = openpyxl.load_workbook(io.BytesIO(report_form(call_2021(), {})))
    page = book["案例报送表"]
    assert (page.page_setup.orientation, page.page_setup.paperSize, page.page_setup.fitToHeight) == ("portrait", 9, 1)
    assert page.protection.sheet
    assert (page["A3"].protection.locked, page["B3"].protection.locked) == (True, False)
    assert "（所在单位盖章处）" in {cell.value for row in page.iter_rows() for cell in row}
    offered = {cell.value for row in book["选项"].iter_rows() for cell in row}
    assert {one.label.zh for one in call_2021().phases} <= offered
    assert {one.label.zh for one in call_2021().themes.values()} <= offered


ROWS = [{"title": "=1+1", "centre": "示例中心", "phone": "13800000000"}, {"title": "乙", "position": "9"}]


@pytest.mark.parametrize("phase", ["first", call_2021().phases[0]])
def test_a_summary_table_holds_its_rows_its_day_and_its_digest(phase):
    data = summary_table(call_2021(), phase, "示例省知识产权局", ROWS, date(2021, 3, 24), "示例-1", "ab12")
    page = openpyxl.load_workbook(io.BytesIO(data)).active
    seen = [cell.value for row in page.iter_rows() for cell in row if cell.value]
    assert (page.page_setup.orientation, page.page_setup.paperSize) == ("landscape", 9)
    assert [cell.value for cell in page[4]] == [one.label.zh for one in call_2021().summary_table]
    assert [page["A5"].value, page["B5"].value, page["A6"].value, page["B6"].value] == ["1", "=1+1", "9", "乙"]
    assert page["B5"].data_type == "s"
    assert {"（公章）", "2021年3月24日", "校验值 ab12", "填报单位（盖章）：示例省知识产权局"} <= set(seen)


def test_a_summary_table_of_another_call_has_its_columns():
    call = other_call()
    page = openpyxl.load_workbook(
        io.BytesIO(summary_table(call, call.phases[0], "某局", [], date(2030, 1, 2), "1", "ab"))
    ).active
    assert [cell.value for cell in page[4] if cell.value] == [one.label.zh for one in call.summary_table]


def test_a_case_written_again_is_the_same_bytes_whenever_that_is():
    made = case_document(call_2021(), CaseContent("标题", "示例中心", "主题", {}))
    with zipfile.ZipFile(io.BytesIO(made)) as opened:
        assert {one.date_time for one in opened.infolist()} == {(2020, 1, 1, 0, 0, 0)}
