"""Documents that the check lets through, made to be slow to read: read in bounded time and memory all the same."""

import json
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.make import call_2021
from tests.workflow.documents.hostile import compound, edited, picture, record, with_body
from workflow.documents.forms import read_vetted as read_form
from workflow.documents.problems import Unreadable
from workflow.documents.reading import MOST_PICTURES, read_vetted
from workflow.documents.vetting import judge

HEADING = '<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>{}</w:t></w:r></w:p>'
LINE = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>"
TABLE = f"<w:tbl><w:tr><w:tc>{LINE.format('一')}</w:tc></w:tr></w:tbl>"
SHAPES = {
    "lines": lambda: LINE.format("字。") * 49_000,
    "empty lines": lambda: "<w:p/>" * 150_000,
    "strange headings": lambda: HEADING.format("启示") + "".join(HEADING.format(f"附录{n}") for n in range(32_000)),
    "two headings in turn": lambda: "".join(HEADING.format(f"附录{n}") + HEADING.format("启示") for n in range(16_000)),
    "captions and tables": lambda: "".join(LINE.format(f"表{n}") + TABLE for n in range(18_000)),
    "a row of cells": lambda: "<w:tbl><w:tr>" + "<w:tc><w:p/></w:tc>" * 60_000 + "</w:tr></w:tbl>",
    "rows with a heading": lambda: (
        "<w:tbl>" + f"<w:tr><w:tc>{LINE.format('启示')}</w:tc><w:tc><w:p/></w:tc></w:tr>" * 20_000 + "</w:tbl>"
    ),
    "objects": lambda: "<w:p><w:r><w:object/></w:r></w:p>" * 60_000,
}
SECONDS, MIB = 10, 256
_RELATED = (
    '<Relationship Id="rX9" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"'
    ' Target="media/a.png"/></Relationships>'
)
_SHOWN = (
    '<w:p><w:r><w:drawing><a:blip xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" r:embed="rX9"/></w:drawing></w:r></w:p>'
)


def based_on_each_other(many: int) -> bytes:
    """A paragraph in each of so many styles, each based on the next."""
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="L{n}"><w:basedOn w:val="L{n + 1}"/></w:style>' for n in range(many)
    )
    lines = "".join(f'<w:p><w:pPr><w:pStyle w:val="L{n}"/></w:pPr></w:p>' for n in range(many))
    return edited(
        with_body(lines), {"word/styles.xml": lambda old: old.replace(b"</w:styles>", f"{styles}</w:styles>".encode())}
    )


def test_styles_based_on_each_other_are_looked_at_once_each():
    data = based_on_each_other(20_000)
    assert judge("case", "案例.docx", data).verdict == "accept"
    began = time.process_time()
    read_vetted(data, "案例.docx", "docx", call_2021())
    assert time.process_time() - began < SECONDS


def test_a_picture_shown_without_end_is_held_once_and_read_so_often():
    data = edited(
        with_body(_SHOWN * 10_000),
        {
            "word/_rels/document.xml.rels": lambda old: old.replace(b"</Relationships>", _RELATED.encode()),
            "word/media/a.png": picture(),
        },
    )
    found = read_vetted(judge("case", "案例.docx", data).taken.data, "案例.docx", "docx", call_2021())
    assert (len(found.pictures), len({id(one.data) for one in found.pictures})) == (MOST_PICTURES, 1)
    assert [one.code for one in found.problems].count("more_pictures") == 1


KILLING = {
    "rows that it does not have": record(0x200, struct.pack("<IIHHH", 0, 0xFFFFFFFF, 0, 0xFFFF, 0)),
    "a merge that ends before its end": record(0xE5, struct.pack("<HHHHH", 0xFFFF, 0, 0, 0, 0)),
    "a formula that is cut off": record(0x06, struct.pack("<HHHdHIH", 0, 0, 0, 1.0, 0, 0, 0x7FFF) + b"\x17\xff\1"),
}
"""Records over which the library that reads old workbooks ends its process, or throws what nobody catches."""


@pytest.mark.parametrize("what", KILLING)
def test_an_old_workbook_that_kills_whoever_reads_it_is_unreadable(what: str):
    begin = record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 6))
    named = record(0x85, struct.pack("<IBBBB", len(begin) + 17, 0, 0, 1, 0) + b"a")
    sheet = record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 6)) + KILLING[what] + record(0x0A)
    data = judge("form", "表.xls", compound({"Workbook": begin + named + record(0x0A) + sheet})).taken.data
    with pytest.raises(Unreadable) as caught:
        read_form(data, "表.xls", call_2021())
    assert caught.value.problem.code == "checker_died"


@pytest.mark.parametrize("shape", SHAPES)
def test_a_document_as_large_as_may_be_is_read_in_bounded_time(shape: str):
    data = with_body(SHAPES[shape]())
    assert judge("case", "案例.docx", data).verdict == "accept"
    began = time.process_time()
    found = read_vetted(data, "案例.docx", "docx", call_2021())
    loose = found.loose
    assert time.process_time() - began < SECONDS
    assert (len(loose) <= 201, len(found.problems) <= 201) == (True, True)
    whole = "\n".join([*found.placed(dict.fromkeys(range(len(loose)), "lessons")).values()])
    assert {one for section in found.sections for one in section.text.split("\n")} <= {*whole.split("\n"), ""}


def test_and_in_bounded_memory():
    """In a process of its own, whose peak is its own."""
    made = subprocess.run([sys.executable, "-m", __name__], check=True, capture_output=True, text=True).stdout
    grown = json.loads(made)
    assert grown.keys() == SHAPES.keys()
    assert max(grown.values()) < MIB, grown


def _peak() -> float:
    [line] = [one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    read_vetted(with_body(LINE.format("字。")), "案例.docx", "docx", call_2021())
    before, grown = _peak(), {}
    for name, body in SHAPES.items():
        read_vetted(with_body(body()), "案例.docx", "docx", call_2021())
        grown[name] = _peak() - before
    print(json.dumps(grown))
