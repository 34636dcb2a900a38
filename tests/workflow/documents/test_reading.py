"""Case documents as people really write them, and the ways in which they go wrong."""

import io

import pytest

from tests.make import call_2021
from tests.workflow.documents.papers import (
    Document,
    counted,
    picture,
    sample,
    saved,
    slack,
    truth,
    whole_case,
    with_xml,
    word,
)
from workflow.documents.reading import CaseDocument, read_case_document


def read(data: bytes, name: str = "案例.docx") -> CaseDocument:
    return read_case_document(data, name, call_2021())


def codes(document: CaseDocument) -> list[str]:
    return [one.code for one in document.problems]


def texts(document: CaseDocument) -> dict[str, str]:
    return {one.name: one.text for one in document.sections}


@pytest.fixture(scope="module", params=truth()["cases"], ids=lambda case: case["id"])
def sampled(request):
    """A sample's truth, and the sample as read."""
    return request.param, read(sample(request.param["file"]), request.param["file"])


def test_a_sample_gives_its_title_centre_and_theme(sampled):
    case, document = sampled
    assert (document.title, document.centre_line, document.theme_line) == (case["title"], case["centre"], case["theme"])


def test_a_sample_gives_its_sections_with_headings_and_text(sampled):
    case, document = sampled
    labels = {one.id: one.label.zh for one in call_2021().sections}
    found = [{"heading": one.heading, "section": labels[one.name]} for one in document.sections]
    assert found == case["sections_found"]
    assert "\n".join(one.text for one in document.sections) == case["body_text"]


def test_a_sample_says_how_its_headings_were_found(sampled):
    case, document = sampled
    how = {"styles": "heading style", "bold paragraphs": "bold paragraph"}[case["headings"]]
    assert {one.found_by for one in document.sections} == {how}


def test_a_sample_has_as_many_characters_as_the_word_processor_counted(sampled):
    case, document = sampled
    spare = slack(case["body_text"])
    assert abs(document.body_length - case["body_words"]) <= spare
    assert document.least_length <= min(document.body_length, case["body_words"])
    assert abs(document.whole_length - case["whole_document_words"]) <= spare + 3  # dashes beside page numbers


def test_a_sample_gives_its_pictures_tables_and_notes(sampled):
    case, document = sampled
    assert (len(document.pictures), len(document.tables), len(document.footnotes)) == (
        case["pictures"],
        case["tables"],
        case["footnotes"],
    )


def test_a_sample_has_exactly_the_problems_it_was_made_with(sampled):
    case, document = sampled
    missing = [one.split(":")[1] for one in case["faults"] if one.startswith("section_missing")]
    assert [(one.code, one.where) for one in document.problems] == [("section_missing", one) for one in missing]


def test_every_problem_speaks_both_languages():
    document = read(word("没有任何小标题的一段话，只是一段话而已。"))
    assert document.problems
    assert all(one.text.zh and one.text.en and one.text.zh != one.text.en for one in document.problems)


def test_captions_stand_with_their_pictures_and_tables_and_count_for_nothing():
    document = Document()
    for one in whole_case():
        text, style = one if isinstance(one, tuple) else (one, "Normal")
        document.add_paragraph(text, style=style)
        if text == "中心做了检索。":
            document.add_picture(io.BytesIO(picture()))
            document.add_paragraph("图1　检索流程")
            document.add_paragraph("表1　主要指标")
            document.add_table(1, 2).rows[0].cells[0].text = "专利申请"
    found = read(saved(document))
    assert [(one.caption, one.section, one.media_type) for one in found.pictures] == [
        ("图1　检索流程", "service", "image/png")
    ]
    assert [(one.caption, one.rows) for one in found.tables] == [("表1　主要指标", (("专利申请", ""),))]
    assert texts(found)["service"] == "中心做了检索。"
    assert codes(found) == []


@pytest.mark.parametrize(
    ("headings", "found_by"),
    [
        (("1. 服务对象及需求", "2. 主要做法", "3. 取得成效", "4. 经验启示"), "numbered heading"),
        (("（一）基本情况", "（二）服务过程", "（三）服务效果", "（四）体会"), "numbered heading"),
        (("【服务对象】", "【做法】", "【成效】", "【启示】"), "bracketed heading"),
        (("第一部分 案例背景", "第二部分 服务内容", "第三部分 工作成效", "第四部分 启发"), "numbered heading"),
        (("服务对象与需求：", "服务做法：", "服务成效：", "启示："), "plain line"),
        (("一、服务对象和需求（300字左右）", "二、具体做法", "三、主要成效", "四、启示与思考"), "numbered heading"),
    ],
)
def test_headings_are_known_however_they_are_numbered(headings, found_by):
    lines = ["一份检索报告", "示例中心", "案例主题：支撑产业发展"]
    for heading, text in zip(headings, ("甲。", "乙。", "丙。", "丁。"), strict=True):
        lines += [heading, text]
    document = read(word(*lines))
    assert texts(document) == {"recipient": "甲。", "service": "乙。", "effect": "丙。", "lessons": "丁。"}
    assert {one.found_by for one in document.sections} == {found_by}
    assert (document.title, codes(document)) == ("一份检索报告", [])


def test_a_heading_at_the_head_of_its_own_paragraph_is_known():
    document = read(
        word("标题", "示例中心", "【服务对象与需求】甲。", "【服务做法】乙。", "【服务成效】丙。", "【启示】丁。")
    )
    assert texts(document) == {"recipient": "甲。", "service": "乙。", "effect": "丙。", "lessons": "丁。"}
    assert {one.found_by for one in document.sections} == {"run-in heading"}


def test_a_case_in_a_two_column_table_is_read_from_it():
    document = Document()
    rows = [
        ("案例名称", "一份检索报告"),
        ("机构名称", "示例中心"),
        ("案例主题", "支撑产业发展"),
        ("服务对象与需求", "甲。\n又甲。"),
        ("服务做法", "乙。"),
        ("服务成效", "丙。"),
        ("启示", "丁。"),
        ("联系人", "某某"),
    ]
    table = document.add_table(0, 2)
    for label, text in rows:
        cells = table.add_row().cells
        cells[0].text, cells[1].text = label, text
    found = read(saved(document))
    assert (found.title, found.centre_line, found.theme_line) == ("一份检索报告", "示例中心", "支撑产业发展")
    assert texts(found) == {"recipient": "甲。\n又甲。", "service": "乙。", "effect": "丙。", "lessons": "丁。"}
    assert {one.found_by for one in found.sections} == {"left column"}
    assert [(one.code, one.where) for one in found.problems] == [("row_not_used", "联系人")]
    assert found.tables == ()


def test_a_frame_around_the_whole_text_changes_nothing():
    document = Document()
    cell = document.add_table(1, 1).rows[0].cells[0]
    for one in whole_case():
        text, style = one if isinstance(one, tuple) else (one, "Normal")
        cell.add_paragraph(text, style=style)
    assert texts(read(saved(document))) == texts(read(word(*whole_case())))


def test_deleted_changes_are_not_read_and_inserted_ones_are():
    def edited(xml: str) -> str:
        run = "<w:r><w:{0}>{1}</w:{0}></w:r>"
        change = '<w:{0} w:id="1" w:author="a" w:date="2021-03-01T00:00:00Z">{1}</w:{0}>'
        gone = change.format("del", run.format("delText", "旧的。"))
        new = change.format("ins", run.format("t", "新的。"))
        return xml.replace("<w:r><w:t>中心做了检索。</w:t></w:r>", gone + new)

    found = read(with_xml(word(*whole_case()), "word/document.xml", edited))
    assert texts(found)["service"] == "新的。"


def test_a_text_box_is_read_after_the_paragraph_it_hangs_on():
    box = (
        '<w:r><mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><mc:Choice '
        'Requires="wps"><w:drawing><wps:txbx xmlns:wps="urn:x"><w:txbxContent><w:p><w:r><w:t>框里的话。</w:t></w:r></w:p>'
        "</w:txbxContent></wps:txbx></w:drawing></mc:Choice><mc:Fallback><w:pict><w:txbxContent><w:p><w:r><w:t>框里的话。"
        "</w:t></w:r></w:p></w:txbxContent></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )
    data = with_xml(
        word(*whole_case()),
        "word/document.xml",
        lambda xml: xml.replace("<w:t>中心做了检索。</w:t></w:r>", f"<w:t>中心做了检索。</w:t></w:r>{box}"),
    )
    assert texts(read(data))["service"] == "中心做了检索。\n框里的话。"


def test_hidden_text_is_reported_and_not_counted():
    data = with_xml(
        word(*whole_case()),
        "word/document.xml",
        lambda xml: xml.replace("<w:t>中心做了检索。", "<w:rPr><w:vanish/></w:rPr><w:t>中心做了检索。"),
    )
    found = read(data)
    assert texts(found)["service"] == ""
    assert codes(found) == ["section_empty", "hidden_text"]


def test_an_extra_heading_is_reported_and_its_text_kept():
    lines = [*whole_case(), ("附录", "Heading 1"), "多出来的话。"]
    found = read(word(*lines))
    assert [(one.code, one.where) for one in found.problems] == [("section_unknown", "附录")]
    assert texts(found)[""] == "多出来的话。"
    assert found.body_length == counted(*texts(found).values())


def test_a_repeated_section_is_joined_and_reported():
    lines = [*whole_case(), ("启示", "Heading 1"), "又一条。"]
    found = read(word(*lines))
    assert codes(found) == ["section_repeated"]
    assert texts(found)["lessons"] == "先检索，后投产。\n又一条。"


def test_text_before_the_first_heading_is_reported_and_counted():
    lines = list(whole_case())
    lines.insert(3, "这一段话写在了所有小标题之前，不属于模板的任何一个部分，但不会丢。")
    found = read(word(*lines))
    assert codes(found) == ["text_before_sections"]
    assert texts(found)[""] == lines[3]


def test_a_document_without_title_says_so():
    lines = [("服务对象与需求", "Heading 1"), "甲。", ("服务做法", "Heading 1"), "乙。"]
    lines += [("服务成效", "Heading 1"), "丙。", ("启示", "Heading 1"), "丁。"]
    assert codes(read(word(*lines))) == ["title_missing"]


def test_an_empty_document_misses_everything():
    assert codes(read(word())) == ["title_missing", *["section_missing"] * len(call_2021().sections)]


def test_a_line_that_opens_a_section_only_by_chance_stays_text():
    lines = list(whole_case(between="启示"))
    found = read(word(*lines))
    assert texts(found)["service"] == "中心做了检索。\n启示"
    assert codes(found) == []


def test_a_sentence_that_names_a_figure_is_no_caption():
    found = read(word(*whole_case(between="图1 显示了变化。")))
    assert texts(found)["service"] == "中心做了检索。\n图1 显示了变化。"
