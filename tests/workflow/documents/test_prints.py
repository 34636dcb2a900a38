"""Prints to be sealed electronically: what they say, where the seal goes however long they are, and words that are no markup."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pypdfium2
import pytest

from tests.certificates import PASSWORD, authority, seal_of
from tests.make import call_2021
from tests.workflow.documents.papers import picture
from workflow.documents import limits, prints, signing
from workflow.documents.compiling.book import Chapter, Grid, Part, Plate
from workflow.documents.marks import Mark
from workflow.documents.sighting import look
from workflow.documents.signatures import Roots, looked_at

FORM = Mark("form", "2021-205-SL-0001", 3, "0123456789abcdef" * 4)
SUMMARY = Mark("summary", "2021-205-SL-P1-01", 0, "fedcba9876543210" * 4)
UNIT = "示例大学"


def words(data: bytes) -> str:
    with pypdfium2.PdfDocument(io.BytesIO(data)) as document:
        return "".join(page.get_textpage().get_text_bounded() for page in document)


def form(**values: str) -> bytes:
    return prints.form(call_2021(), {"host_unit": UNIT, **values}, mark=FORM, note="第 3 稿", draft=False)


def summary(rows: int) -> bytes:
    table = [{"position": str(at), "title": f"案例{at}", "centre": "示例中心"} for at in range(1, rows + 1)]
    day = date(2021, 3, 20)
    return prints.summary(call_2021(), "第一阶段", UNIT, table, dated=day, mark=SUMMARY, record="检查点 1:ab")


def test_a_form_says_every_field_and_who_it_is() -> None:
    said = words(form(title="一份检索报告", recipient="某企业"))
    assert all(one in said for one in ("案例报送表", "一份检索报告", "某企业", "第 3 稿", "案例名称", UNIT))
    assert "草稿" not in said


def test_a_draft_says_so() -> None:
    assert "草稿" in words(prints.form(call_2021(), {}, mark=FORM, note="", draft=True))


def test_the_same_print_is_the_same_bytes() -> None:
    assert form(title="一") == form(title="一")


def test_words_are_no_markup() -> None:
    hostile = '#panic("x") *b* _i_ $x$ \\ @a <l> #sys.inputs'
    assert "".join(hostile.split()) in "".join(words(form(title=hostile)).split())


@pytest.mark.parametrize(
    ("made", "mark", "pages"),
    [
        (lambda: form(title="一"), FORM, 1),
        (lambda: form(title="一", recipient="很长的内容，" * 700), FORM, 4),
        (lambda: summary(3), SUMMARY, 1),
        (lambda: summary(60), SUMMARY, 3),
    ],
    ids=["form", "long form", "summary", "long summary"],
)
def test_the_seal_stands_on_the_last_page_over_the_units_name(made: object, mark: Mark, pages: int) -> None:
    assert callable(made)
    paper = made()
    key = signing.Key(seal_of(UNIT).pkcs12(), PASSWORD)
    sealed = signing.sign(paper, mark.kind, key, UNIT, datetime.now(UTC)).data
    with pypdfium2.PdfDocument(io.BytesIO(sealed)) as document:
        assert len(document) == pages
        last = document[pages - 1].get_textpage()
        place = prints.PLACES[mark.kind]
        under = last.get_text_bounded(place.left - 60, place.bottom, place.right + 60, place.top)
    assert UNIT in under
    seen = look(sealed)
    assert ([one.page for one in seen.seals], seen.marks) == ([pages], (mark,))


def test_a_table_of_many_pages_is_known_by_each_of_them() -> None:
    """The code stands on the last page, beyond those that are looked through."""
    key = signing.Key(seal_of(UNIT).pkcs12(), PASSWORD)
    sealed = signing.sign(summary(300), "summary", key, UNIT, datetime.now(UTC)).data
    with pypdfium2.PdfDocument(io.BytesIO(sealed)) as document:
        assert len(document) > limits.SIGHTED_PAGES
    found = looked_at(sealed, True, Roots((authority().der,)), datetime.now(UTC))
    assert (found.valid, found.mark) == (True, SUMMARY)


# ---- the case document -----------------------------------------------------------------------------------------------

CASE = Mark("case", "2021-205-SL-0001", 3, "0123456789abcdef" * 4)


def printed(folder: Path, chapter: Chapter, *, draft: bool = False, said: Sequence[str] = ()) -> bytes:
    return prints.case(call_2021(), chapter, folder, mark=CASE, record="检查点 1:ab", said=said, draft=draft)


def chapter(title: str = "一份检索报告", *parts: Part) -> Chapter:
    return Chapter(CASE.number, title, "示例中心", "", "", "支撑产业发展", parts=parts)


def test_a_case_print_says_number_version_digest_and_its_code_is_read(tmp_path: Path) -> None:
    made = printed(tmp_path, chapter("一份检索报告", Part("一、服务做法", ("第一段。", "第二段。"))), said=["一句说明"])
    said = words(made)
    assert all(
        one in said for one in ("一份检索报告", "示例中心", "一、服务做法", "第二段。", "一句说明", "检查点 1:ab")
    )
    assert all(one in "".join(said.split()) for one in (CASE.number, "第3稿", CASE.digest, CASE.digest[:12], CASE.text))
    assert "草稿" not in said
    assert look(made).marks == (CASE,)


def test_a_case_print_of_a_draft_says_so_on_each_page(tmp_path: Path) -> None:
    made = printed(tmp_path, chapter("很长的案例", Part("一、服务做法", ("很长的内容，" * 40,) * 40)), draft=True)
    with pypdfium2.PdfDocument(io.BytesIO(made)) as document:
        pages = [page.get_textpage().get_text_bounded() for page in document]
    assert len(pages) > 3
    assert all("草稿" in one and CASE.text in "".join(one.split()) for one in pages)


def test_tables_and_pictures_stand_after_the_text_of_their_section(tmp_path: Path) -> None:
    (tmp_path / "plate1.png").write_bytes(picture(300, 200))
    part = Part(
        "一、服务做法", ("一段。",), (Grid((("甲", "乙"), ("一",)), "表1"),), (Plate("plate1.png", 300, 200, "图1"),)
    )
    made = printed(tmp_path, chapter("有图有表", part, Part("二、服务成效", ("末段。",))))
    said = "".join(words(made).split())
    places = [said.index(one) for one in ("一段。", "表1", "图1", "末段。")]
    assert places == sorted(places)
    with pypdfium2.PdfDocument(io.BytesIO(made)) as document:
        images = [one for one in document[0].get_objects() if one.type == pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]
    assert len(images) == 1


def test_words_of_a_case_are_no_markup_and_rare_characters_are_shown(tmp_path: Path) -> None:
    hostile = '#panic("x") *b* _i_ $x$ \\ @a <l> #sys.inputs'
    made = printed(tmp_path, chapter(hostile, Part(hostile, (hostile, "𠮷"))))
    assert "".join(words(made).split()).count("".join(hostile.split())) == 3
    assert printed(tmp_path, chapter("", Part("", ()))) == printed(tmp_path, chapter("", Part("", ())))
    assert "未命名案例" in words(printed(tmp_path, chapter("")))
