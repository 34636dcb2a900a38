"""Documents that the check lets through, made to be slow to read: read in bounded time and memory all the same."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.make import call_2021
from tests.workflow.documents.hostile import with_body
from workflow.documents.reading import read_vetted
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
