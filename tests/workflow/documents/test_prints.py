"""Prints to be sealed electronically: what they say, where the seal goes however long they are, and words that are no markup."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime

import pypdfium2
import pytest

from tests.certificates import PASSWORD, authority, seal_of
from tests.make import call_2021
from workflow.documents import limits, prints, signing
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
