"""A Word file that was taken away is known when it comes back, whatever saved it meanwhile."""

import io
from pathlib import Path

import pytest
from docx import Document

from tests.make import call_2021
from tests.workflow.documents.hostile import edited
from tests.workflow.documents.office import saved_again
from tests.workflow.documents.papers import whole_case, word
from workflow.documents.marks import Mark
from workflow.documents.origin import PROPERTY, stamped
from workflow.documents.reading import read_case_document
from workflow.documents.writing import CaseContent, case_document

MARK = Mark("case", "2021-205-EX-0007", 3, "ab" * 32)
CONTENT = CaseContent("标题", "示例中心", "主题", {one.id: "一句话。" for one in call_2021().sections})


def read(data: bytes, kind: str = "docx"):
    return read_case_document(data, f"案例.{kind}", call_2021())


def test_a_file_that_was_written_here_says_what_it_was_taken_from():
    assert read(case_document(call_2021(), CONTENT, MARK)).origin == MARK
    assert read(case_document(call_2021(), CONTENT)).origin is None


@pytest.mark.parametrize("kind", ["docx", "odt", "doc", "rtf"])
def test_the_mark_stays_when_another_program_saves(kind: str, tmp_path: Path):
    made = {"a.docx": case_document(call_2021(), CONTENT, MARK), "b.docx": stamped(word(*whole_case()), MARK)}
    saved = saved_again(kind, made, tmp_path)
    found = {name: read(data, kind) for name, data in saved.items()}
    assert {name: one.origin for name, one in found.items()} == {"a": MARK, "b": MARK}
    assert {one.name: one.text for one in found["a"].sections} == CONTENT.sections


def test_a_second_mark_takes_the_place_of_the_first_and_leaves_what_else_is_there():
    once = stamped(word(*whole_case()), Mark("case", "2021-205-EX-0001", 1, "cd" * 32))
    line = (
        '<property fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}" pid="9" name="部门">'
        '<vt:lpwstr xmlns:vt="http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes">信息部</vt:lpwstr>'
        "</property></Properties>"
    )
    other = edited(once, {"docProps/custom.xml": lambda old: old.replace(b"</Properties>", line.encode())})
    twice = stamped(other, MARK)
    [part] = [
        one for one in Document(io.BytesIO(twice)).part.package.iter_parts() if one.partname == "/docProps/custom.xml"
    ]
    words = part.blob.decode()
    assert (read(twice).origin, words.count(PROPERTY), "信息部" in words) == (MARK, 1, True)
    assert read(twice).sections == read(word(*whole_case())).sections


@pytest.mark.parametrize(
    "text", ["", "ZHENGJI:1:FORM:A:1:" + "A" * 64, "ZHENGJI:1:CASE:A:1:" + "X" * 64, "ZHENGJI:1:CASE:A:1", "x" * 9999]
)
def test_what_is_no_mark_of_a_case_is_none(text: str):
    changed = edited(
        stamped(word(*whole_case()), MARK),
        {"docProps/custom.xml": lambda old: old.replace(MARK.text.encode(), text.encode())},
    )
    assert read(changed).origin is None
