"""The package of a case for abroad: what it holds, that its digests are right, and that it is the same bytes again."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import replace
from datetime import date

import jsonschema_rs
import pypdfium2
from docx import Document

from tests.make import call_2021, other_call
from tests.workflow.documents.papers import picture
from workflow.content import Content
from workflow.interchange.package import English, Paired, Picture, Published, build, without_personal

PNG = picture()
CONTENT = Content(
    phase="first",
    theme="smes",
    title="一份检索报告",
    sections={one.id: f"{one.label.zh}的正文。" for one in call_2021().sections},
    recipient="示例新材料有限公司",
    service_from=date(2020, 6, 1),
    service_to=date(2020, 12, 1),
    form={"contact": "张三", "phone": "13912345678", "email": "zhang@private.example", "abstract": "摘要"},
)
CASE = Published(
    number="2021-205-SF-0001",
    centre="示例大学知识产权信息服务中心",
    host_unit="示例大学",
    region="示例省",
    content=CONTENT,
    english=English("A search report", "In short.", "First.\n\nSecond.", [Paired("service", "甲。", "First.")]),
    effect="带动一条产业链",
    pictures=(
        Picture("图1.png", "image/png", "设备", PNG, "A device", "自有"),
        Picture("图1.png", "image/png", "", b"broken"),
    ),
    consent="李文静 2021-03-01 来函同意",
    proof={"format": "zhengji-receipt-1"},
)


def packed(case: Published = CASE, key: str = "key-1") -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(build(call_2021(), case, key)))


def manifest(case: Published = CASE) -> dict[str, object]:
    read: dict[str, object] = json.loads(packed(case).read("manifest.json"))
    return read


def test_it_holds_the_manifest_both_documents_and_the_pictures() -> None:
    assert packed().namelist() == [
        "manifest.json",
        "manifest.schema.json",
        "case.zh.html",
        "case.en.html",
        "case.zh.docx",
        "case.en.docx",
        "case.zh.pdf",
        "case.en.pdf",
        "proof.json",
        "pictures/01_图1.png",
        "pictures/02_图1.png",
    ]
    assert packed().read("pictures/01_图1.png") == PNG
    assert packed().testzip() is None


def test_the_same_case_gives_the_same_bytes() -> None:
    assert build(call_2021(), CASE, "key-1") == build(call_2021(), CASE, "key-1")
    assert build(call_2021(), CASE, "key-1") != build(call_2021(), CASE, "key-2")


def test_the_manifest_names_every_file_with_its_digest_and_size() -> None:
    opened = packed()
    files = {name: opened.read(name) for name in opened.namelist() if name != "manifest.json"}
    assert manifest()["files"] == {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for name, data in files.items()
    }


def test_the_manifest_says_what_the_case_is_in_both_languages() -> None:
    read = manifest()
    assert (read["format"], read["key"], read["why_outstanding"]) == ("zhengji-push/2", "key-1", "带动一条产业链")
    assert read["case"] == {
        "number": "2021-205-SF-0001",
        "call": call_2021().document_number,
        "centre": "示例大学知识产权信息服务中心",
        "host_unit": "示例大学",
        "region": "示例省",
        "recipient": "示例新材料有限公司",
        "theme": {"zh": "服务中小企业创新发展", "en": "Innovation by small and medium-sized enterprises"},
        "content_sha256": CONTENT.digest,
    }
    assert read["zh"] == {
        "title": "一份检索报告",
        "sections": [{"heading": one.label.zh, "text": CONTENT.sections[one.id]} for one in call_2021().sections],
    }
    assert read["en"] == {"title": "A search report", "summary": "In short.", "text": "First.\n\nSecond."}


def test_the_documents_can_be_read_and_hold_title_and_text() -> None:
    chinese = Document(io.BytesIO(packed().read("case.zh.docx")))
    english = Document(io.BytesIO(packed().read("case.en.docx")))
    assert chinese.paragraphs[0].text == "一份检索报告"
    assert {"服务做法的正文。"} <= {one.text for one in chinese.paragraphs}
    assert [one.text for one in english.paragraphs if one.text] == [
        "A search report",
        "2021-205-SF-0001",
        "Innovation by small and medium-sized enterprises",
        "Summary",
        "In short.",
        call_2021().section("service").label.en,  # type: ignore[union-attr]
        "First.",
        "A device",
    ]


def test_the_manifest_is_what_its_schema_says() -> None:
    jsonschema_rs.Draft202012Validator(json.loads(packed().read("manifest.schema.json"))).validate(manifest())
    told = manifest()
    assert told["pictures"][0]["rights"] == "自有"  # type: ignore[index]
    assert "on record" in str(told["consent"])
    assert not any("李文静".encode() in packed().read(name) for name in packed().namelist())
    assert "words_of_consent" in told["left_out"]  # type: ignore[operator]
    assert told["paragraphs"] == [{"section": "service", "zh": "甲。", "en": "First."}]
    assert json.loads(packed().read("proof.json")) == CASE.proof


def test_both_languages_are_there_as_pages_and_as_pdf_with_nothing_read_as_markup() -> None:
    odd = replace(CASE, english=replace(CASE.english, title='<b>#panic()[x] & "y"</b>'))
    opened = packed(odd)
    assert "&lt;b&gt;#panic()[x] &amp;" in opened.read("case.en.html").decode()
    for name, words in (("case.en.pdf", "#panic()[x]"), ("case.zh.pdf", "一份检索报告")):
        read = pypdfium2.PdfDocument(opened.read(name))
        assert words in "".join(page.get_textpage().get_text_range() for page in read)
    assert (opened.read("case.zh.html").count(b"<img "), b"pictures/01_" in opened.read("case.zh.html")) == (2, True)


def test_numbers_and_addresses_in_the_texts_are_masked_and_where_is_told() -> None:
    said = CONTENT.changed(sections={**CONTENT.sections, "effect": "好。\n请致电 13912345678。"})
    case = replace(CASE, content=said, english=replace(CASE.english, text="Write to zhang@private.example."))
    _, removed = without_personal(case)
    assert [(one.where, one.after) for one in removed] == [
        ("zh.effect", "请致电 139****5678。"),
        ("en.text", "Write to z***@private.example."),
    ]
    told = manifest(case)
    assert told["masked"] == [{"where": one.where, "now": one.after} for one in removed]
    assert told["case"]["content_sha256"] == said.digest  # type: ignore[index]
    opened = packed(case)
    everything = b"".join(opened.read(name) for name in opened.namelist() if name.endswith((".json", ".html")))
    assert b"13912345678" not in everything
    assert b"zhang@private" not in everything


def test_nothing_of_the_report_form_is_in_it() -> None:
    everything = b"".join(
        data
        for name in packed().namelist()
        for data in (
            [packed().read(name)]
            if not name.endswith(".docx")
            else [inner.read(one) for inner in [zipfile.ZipFile(packed().open(name))] for one in inner.namelist()]
        )
    )
    assert [value for value in CONTENT.form.values() if value.encode() in everything] == []


def test_a_pictures_name_leads_nowhere_outside_the_package() -> None:
    hostile = replace(CASE, pictures=(Picture("../../evil\u202egnp.exe", "image/png", "", PNG),))
    assert packed(hostile).namelist()[-1] == "pictures/01_evilgnp.exe"


def test_another_calls_theme_that_the_case_writes_out_itself_is_no_obstacle() -> None:
    call = other_call()
    odd = replace(CASE, content=CONTENT.changed(theme="of no call", theme_name="自拟主题", sections={}))
    read = json.loads(zipfile.ZipFile(io.BytesIO(build(call, odd, "key-1"))).read("manifest.json"))
    assert read["case"]["theme"] is None
    assert [one["text"] for one in read["zh"]["sections"]] == [""] * len(call.sections)
