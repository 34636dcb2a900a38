"""What leaves as a file: cells that a spreadsheet never takes for a formula, and user text that is never a template."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from docx import Document
from openpyxl import load_workbook

from states.case import CaseState
from tests.attacks.sent import FORMULAS, PAYLOADS
from tests.make import call_2021
from tests.web.conftest import As, send
from tests.web.test_cases import page
from tests.worlds import CALL_2021, World
from workflow import batches
from workflow.documents.sheets import report_form, summary_table, text_table
from workflow.documents.writing import CaseContent, case_document
from workflow.store.files import Files
from workflow.store.models import Batch

pytestmark = pytest.mark.once

TEMPLATES = (
    "{{7*7}}",
    "{{ config.items() }}",
    "{% for x in range(9) %}{{x}}{% endfor %}",
    "{# gone #}kept",
    "{%p if true %}",
    "{{r '<w:p/>' }}",
    "{0.__class__}",
    "{addressee}",
    "{addressee.__class__.__mro__}",
    "%(secret)s %s %n",
    "${7*7} #{7*7} <%= 7*7 %>",
    "&amp;&lt;w:p/&gt;<w:p/>",
)


def formulas(book: bytes) -> list[str]:
    """What in a workbook a spreadsheet would work out or follow."""
    found = []
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        for name in parts.namelist():
            text = parts.read(name).decode("utf-8", "replace")
            if name.startswith("xl/worksheets/") and re.search(r"<f[ >/]|t=\"(str|e)\"|<hyperlink", text):
                found.append(name)
            if "externalLink" in name or "vbaProject" in name:
                found.append(name)
    for sheet in load_workbook(io.BytesIO(book)):
        found += [
            f"{sheet.title}!{cell.coordinate} {cell.data_type} {cell.value!r}"
            for row in sheet.iter_rows()
            for cell in row
            if cell.value is not None and (cell.data_type != "s" or cell.number_format != "@")
        ]
    return found


def told(book: bytes) -> str:
    return "\n".join(
        str(cell.value) for sheet in load_workbook(io.BytesIO(book)) for row in sheet.iter_rows() for cell in row
    )


WORDS = (*FORMULAS, *PAYLOADS)


def test_no_cell_of_a_report_form_is_a_formula():
    call = call_2021()
    names = [one.name for one in call.report_form if not one.choices]
    found = []
    for start in range(0, len(WORDS), len(names)):
        values = dict(zip(names, [*WORDS, *WORDS][start:], strict=False))
        found += formulas(report_form(call, values, note=WORDS[start]))
    assert found == []


def test_no_cell_of_a_summary_table_is_a_formula():
    call = call_2021()
    rows = [{one.name: words for one in call.summary_table} for words in WORDS]
    for office in FORMULAS:
        book = summary_table(
            call, call.phases[0], office, rows, dated=call.opened, number="2021-205-SF-P1-01", digest="0"
        )
        assert formulas(book) == []


def test_no_cell_of_a_list_is_a_formula():
    assert formulas(text_table("表", WORDS, [WORDS, WORDS[::-1]], [(words, words) for words in WORDS])) == []


@pytest.mark.parametrize("words", TEMPLATES)
def test_nothing_written_is_a_template_for_a_word_or_excel_file(words: str):
    call = call_2021()
    content = CaseContent(words, words, words, {one.id: f"{words}\n{words}" for one in call.sections})
    lines = [one.text for one in Document(io.BytesIO(case_document(call, content))).paragraphs]
    sheet = told(report_form(call, {one.name: words for one in call.report_form if not one.choices}))
    assert (lines[:2], lines.count(words), words in sheet) == ([words, words], 2 + 2 * len(call.sections), True)


@pytest.mark.parametrize("words", TEMPLATES)
def test_nothing_written_is_a_template_for_a_mail(words: str, sign_in: As, world: World):
    batch = world.batch()
    world.describe(batch, subject=words)
    shown = page(sign_in("leader"), f"/batches/{batch}/mail")
    with world.database.reading() as session:
        files = Files((world.folder / "documents").as_uri())
        letter = batches.letter(session, files, session.get_one(Batch, batch))
    assert (letter.subject, "49" in shown.partition("<main")[2].partition(words[:4])[0], "__mro__" in letter.body) == (
        words,
        False,
        False,
    )


@pytest.mark.parametrize(
    "gap", ["{addressee.__class__}", "{0}", "{addressee!r}", "{addressee:>999999999}", "{}", "{x}"]
)
def test_a_call_whose_subject_asks_for_more_than_the_addressee_is_refused(gap: str, sign_in: As, world: World):
    source = CALL_2021.read_text("utf-8").replace("{addressee}", gap)
    notice = CALL_2021.with_suffix(".zh.md").read_text("utf-8")
    answer = send(sign_in("administrator"), "/admin/calls", source=source, notice=notice, then="load")
    assert (answer.status_code, "mail.subject" in answer.get_data(as_text=True)) == (422, True)


@pytest.mark.parametrize("words", FORMULAS)
def test_a_case_that_begins_like_a_formula_leaves_as_text(words: str, sign_in: As, world: World):
    content = world.content(title=words.strip() or words, recipient=words.strip())
    case = world.case(CaseState.PROVINCE_REVIEWED, content)
    batch = world.batch([case])
    books = [
        sign_in("author").get(f"/cases/{case}/form.xlsx").data,
        sign_in("leader").get(f"/batches/{batch}/summary.xlsx").data,
    ]
    assert ([formulas(one) for one in books], [words.strip() in told(one) for one in books]) == ([[], []], [True, True])
