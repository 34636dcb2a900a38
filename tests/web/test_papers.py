"""Papers on screen: what was understood, taking it over, seals, comparisons and downloads, with real files."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pytest
from docx import Document
from flask.testing import FlaskClient
from openpyxl import load_workbook
from PIL import Image
from sqlalchemy import select
from werkzeug.test import TestResponse

from rules.length import word_count
from states.case import CaseState
from tests.web.conftest import As, hidden, post, send_fields
from tests.web.test_cases import page, started
from tests.workflow.documents.papers import scan, whole_case, word
from tests.workflow.documents.test_preview import RGB, colour
from tests.workflow.documents.test_prints import words
from tests.workflow.documents.test_sighting import print_of, saved
from tests.worlds import World
from workflow import lists, papers
from workflow.documents import legacy, marks
from workflow.documents.sighting import look
from workflow.documents.writing import report_form
from workflow.incoming.sealing import mark_of
from workflow.settings import Settings
from workflow.store.files import Files
from workflow.store.models import Case
from workflow.store.models import Document as Paper
from workflow.store.papers import Kept

pytestmark = pytest.mark.database

SAMPLES = Path(__file__).parents[1] / "samples"
CASE = "案例01_一份检索报告让一条产线少走三.docx"
FORM = "报送表01_示例大学.xlsx"
SCAN = "报送表01_扫描件.pdf"


def upload(client: FlaskClient, address: str, shown: str = "", **files: str | tuple[str, bytes]) -> TestResponse:
    """Send files, field → name of a sample or (name, bytes), with the form of the page or of one `shown` earlier."""
    fields = hidden(shown or page(client, address), address)
    given = {
        field: (io.BytesIO((SAMPLES / one).read_bytes()), one) if isinstance(one, str) else (io.BytesIO(one[1]), one[0])
        for field, one in files.items()
    }
    return client.post(address, data={**fields, **given}, content_type="multipart/form-data")


def test_what_was_understood_is_shown_before_anything_changes(sign_in: As, world: World):
    client = sign_in("author")
    where = started(client, world, "upload")
    shown = upload(client, where, case=CASE, form=FORM).get_data(as_text=True)
    asked = ["一份检索报告", "1120", "按标题样式找到", "服务中小企业创新发展"]
    assert ([one in shown for one in asked], world.row(1).title) == ([True] * 4, "")


def test_one_click_takes_the_papers_over_with_their_files(sign_in: As, world: World):
    client = sign_in("author")
    where = started(client, world, "upload")
    shown = upload(client, where, case=CASE, form=FORM).get_data(as_text=True)
    answers = [post(client, "/cases/1/take-over", shown).status_code for _ in range(2)]
    row = world.row(1)
    listed = page(client, "/cases/1")
    assert (answers, row.length, row.revision, row.phase, CASE in listed, FORM in listed) == (
        [302, 302],
        1120,
        2,
        "first",
        True,
        True,
    )


def test_papers_that_were_shown_to_somebody_else_are_not_taken_over(sign_in: As, world: World):
    client = sign_in("author")
    where = started(client, world, "upload")
    shown = upload(client, where, case=CASE).get_data(as_text=True)
    ticket = hidden(shown, "/cases/1/take-over")["ticket"]
    other = sign_in("second_author")
    answer = post(other, "/cases/1/take-over", page(other, "/"), ticket=ticket)
    forged = post(client, "/cases/1/take-over", page(client, "/"), ticket=ticket[:-3] + "xyz")
    assert [answer.status_code, forged.status_code, world.row(1).title] == [409, 409, ""]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("name", "data"),
    [("空的.docx", b""), ("图片.docx", b"\x89PNG\r\n\x1a\n" + b"x" * 64), ("../../x.docx", b"plain words")],
)
def test_a_file_that_is_no_word_file_is_refused_with_a_sentence(
    name: str, data: bytes, language: str, sign_in: As, world: World
):
    client = sign_in("author", language)
    where = started(client, world, "upload")
    answer = upload(client, where, case=(name, data))
    title = {"zh": "这个文件读不了", "en": "This file cannot be read"}[language]
    assert (answer.status_code, title in answer.get_data(as_text=True)) == (422, True)


def test_an_upload_without_a_file_says_so(sign_in: As, world: World):
    client = sign_in("author")
    answer = upload(client, started(client, world, "upload"))
    assert (answer.status_code, "还没有选择文件" in answer.get_data(as_text=True)) == (422, True)


def test_what_is_wrong_with_a_paper_is_named(sign_in: As, world: World):
    client = sign_in("author")
    where = started(client, world, "upload")
    shown = upload(client, where, case="案例08_把知识产权课堂搬进夜市和乡村.docx").get_data(as_text=True)
    assert re.search(r'class="length over"><b>16\d\d</b>', shown) is not None


EXTRA = [
    *whole_case()[:3],
    "这一段话写在了所有小标题之前，不属于模板的任何一个部分。",
    *whole_case()[3:],
    ("附录", "Heading 1"),
    "多出来的话。",
]


def test_text_that_no_section_took_is_placed_with_a_click_and_never_dropped(sign_in: As, world: World):
    client = sign_in("author")
    where = started(client, world, "upload")
    shown = upload(client, where, case=("案例.docx", word(*EXTRA))).get_data(as_text=True)
    assert re.findall(r'<label for="place-\d" lang="zh-CN">([^<]*)<', shown) == [EXTRA[3], "附录", "多出来的话。"]
    halfway = post(client, "/cases/1/take-over", shown, **{"place:0": "recipient", "place:1": "nonsense"})
    again = halfway.get_data(as_text=True)
    assert (halfway.status_code, "有 2 段没有选" in again, world.row(1).revision) == (422, True, 1)
    chosen = {"place:0": "recipient", "place:1": "-", "place:2": "lessons"}
    assert post(client, "/cases/1/take-over", again, **chosen).status_code == 302
    with world.database.transaction() as session:
        sections = lists.content_of(session.get_one(Case, 1)).sections
    assert (sections["recipient"], sections["lessons"]) == (
        f"{EXTRA[3]}\n企业不知道往哪里走。",
        "先检索，后投产。\n多出来的话。",
    )


def test_a_missing_section_leads_to_its_field(sign_in: As, world: World):
    client = sign_in("author")
    where = started(client, world, "upload")
    shown = upload(client, where, case=("案例.docx", word(*whole_case()[:-2]))).get_data(as_text=True)
    assert ("没有读到这一部分" in shown, 'name="then" value="lessons"' in shown) == (True, True)
    answer = post(client, "/cases/1/take-over", shown, then="lessons")
    assert answer.headers["Location"].endswith("/cases/1/edit#section-lessons")


def test_what_is_beyond_the_limit_is_marked_where_it_stands(sign_in: As, world: World):
    client = sign_in("author")
    where = started(client, world, "upload")
    limit = world.call.length.maximum
    lines = [*whole_case()[:-1], "先" * limit + "尾。"]
    shown = upload(client, where, case=("案例.docx", word(*lines))).get_data(as_text=True)
    before = sum(word_count(one) for one in (lines[4], lines[6], lines[8]))
    assert f">{'先' * before}尾。</mark>" in shown
    post(client, "/cases/1/take-over", shown)
    assert f">{'先' * before}尾。</mark>" in page(client, "/cases/1")


# ---- seals -----------------------------------------------------------------------------------------------------------


def sealed(client: FlaskClient, case: int, file: str | tuple[str, bytes] = SCAN, **answer: str) -> TestResponse:
    """Upload a scan and answer what its seal reads."""
    shown = upload(client, f"/cases/{case}/seal", scan=file).get_data(as_text=True)
    return post(client, f"/cases/{case}/seal/confirm", shown, **answer)


@pytest.mark.parametrize(
    ("answer", "unit"),
    [({"reads": "host"}, "示例大学"), ({"reads": "other", "unit": "别的单位"}, "别的单位"), ({"reads": "none"}, "")],
)
def test_a_person_says_what_the_seal_reads(answer: dict[str, str], unit: str, sign_in: As, world: World):
    case = world.draft()
    client = sign_in("sealer")
    sealed(client, case, **answer)
    shown = page(client, f"/cases/{case}")
    assert (f'<b lang="zh-CN">{unit}</b>' if unit else "扫描件上没有印章") in shown


@pytest.mark.parametrize("answer", [{}, {"reads": "other", "unit": " "}, {"reads": "x"}])
def test_a_seal_is_not_confirmed_without_a_full_answer(answer: dict[str, str], sign_in: As, world: World):
    case = world.draft()
    answered = sealed(sign_in("sealer"), case, **answer)
    shown = answered.get_data(as_text=True)
    assert [answered.status_code, "还没有确认" in shown, "确认印章" in shown] == [422, True, True]


def test_the_scan_is_shown_large_to_the_person_who_uploaded_it_only(sign_in: As, world: World):
    case = world.draft()
    client = sign_in("sealer")
    shown = upload(client, f"/cases/{case}/seal", scan=SCAN).get_data(as_text=True)
    [picture] = pictures(shown)
    answers = [sign_in(login).get(picture) for login in ("sealer", "second_sealer")]
    assert [answers[0].data[:4], *(one.status_code for one in answers)] == [b"\x89PNG", 200, 409]


def pictures(shown: str) -> list[str]:
    """Addresses of all pages of the scan on a page, in their order."""
    return [unescape(one) for one in re.findall(r'<img src="(/[^"]+/pages/\d+\.png[^"]*)"', shown)]


def printed(world: World, case: int, unit: str = "示例大学") -> tuple[str, bytes]:
    """A scan of a case's form as it would be printed, and sealed, now."""
    return "扫描件.jpg", saved(print_of(mark_of(world.row(case)), unit))


def enlarged_seals(shown: str) -> list[str]:
    """Addresses of the enlarged seals on a page."""
    return [unescape(one) for one in re.findall(r'<img src="(/[^"]+/seal\.png[^"]*)"', shown)]


@pytest.mark.parametrize(("language", "words"), [("zh", "现在的内容一致"), ("en", "as it stands now")])
def test_a_scan_of_the_present_print_is_matched_and_its_seal_enlarged(
    language: str, words: str, sign_in: As, world: World
):
    case = world.draft()
    client = sign_in("sealer", language)
    shown = upload(client, f"/cases/{case}/seal", scan=printed(world, case)).get_data(as_text=True)
    [address] = enlarged_seals(shown)
    drawn = [client.get(address), sign_in("second_sealer").get(address)]
    elsewhere = [client.get(re.sub("at=[^&]*", f"at={at}", address)).status_code for at in ("", "1-2-3", "9-0-0-9-9")]
    answer = post(client, f"/cases/{case}/seal/confirm", shown, reads="host").status_code
    assert (words in shown, drawn[0].data[:4], [one.status_code for one in drawn]) == (True, b"\x89PNG", [200, 409])
    assert (elsewhere, answer) == ([404, 404, 404], 302)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("wrong", ["case", "version"])
def test_a_scan_of_another_case_or_an_earlier_version_is_refused_at_upload_and_at_confirming(
    wrong: str, language: str, sign_in: As, world: World
):
    case = world.draft()
    client = sign_in("sealer", language)
    other = printed(world, world.draft() if wrong == "case" else case)
    if wrong == "version":
        world.edit(case, world.content_of(case).changed(title="改过的名称"))
    answer = upload(client, f"/cases/{case}/seal", scan=other)
    shown = answer.get_data(as_text=True)
    words = {"case": ("而这里是", "this page is of"), "version": ("又有改动", "content changed after")}[wrong]
    assert (answer.status_code, words[language == "en"] in shown, "/seal/confirm" in shown) == (422, True, False)
    ticket = re.search(r"ticket=([^&\"]+)", shown)
    assert ticket is not None
    fields = hidden(page(client, f"/cases/{case}/seal"), f"/cases/{case}/seal")
    given = {**fields, "ticket": ticket[1], "reads": "host"}
    assert send_fields(client, f"/cases/{case}/seal/confirm", given).status_code == 422
    with world.database.reading() as session:
        assert papers.newest_seal(session, world.row(case)) is None


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: print_of(None), "没有找到二维码"),
        (lambda: print_of(None, ""), "没有任何颜色"),
        (lambda: print_of(None).convert("L"), "改用彩色"),
    ],
)
def test_what_a_machine_misses_on_a_scan_is_said_and_a_person_may_still_confirm_it(
    made: Callable[[], Image.Image], words: str, sign_in: As, world: World
):
    case = world.draft()
    client = sign_in("sealer")
    shown = upload(client, f"/cases/{case}/seal", scan=("扫描件.jpg", saved(made()))).get_data(as_text=True)
    answer = post(client, f"/cases/{case}/seal/confirm", shown, reads="host")
    assert (words in shown, answer.status_code) == (True, 302)


def test_the_print_bears_the_mark_of_its_content_and_a_watermark_until_it_is_complete(sign_in: As, world: World):
    client = sign_in("author")
    unfinished, finished = started(client, world).replace("/edit", "/form.xlsx"), f"/cases/{world.draft()}/form.xlsx"
    drawn = {}
    for address in (unfinished, finished):
        sheet = load_workbook(io.BytesIO(client.get(address).data))["案例报送表"]
        drawn[address] = [one._data() for one in sheet._images]
    codes = [marks.code(mark_of(world.row(int(address.split("/")[2])))) for address in (unfinished, finished)]
    assert [drawn[unfinished][0], drawn[finished]] == [codes[0], [codes[1]]]
    assert len(drawn[unfinished]) == 2


@pytest.mark.parametrize(("name", "kind"), [("扫描件.pdf", "PDF"), ("扫描件.tif", "TIFF")])
def test_the_sealer_sees_every_page_before_confirming(name: str, kind: str, sign_in: As, world: World):
    case = world.draft()
    client = sign_in("sealer")
    shown = upload(client, f"/cases/{case}/seal", scan=(name, scan("red", "lime", "blue", kind=kind)))
    text = shown.get_data(as_text=True)
    said = ["第 2 页，共 3 页" in text, "扫描件共 3 页，印章不一定在第一页" in text]
    addresses = pictures(text)
    drawn = [client.get(one) for one in addresses]
    beyond = [client.get(addresses[0].replace("/1.png", f"/{number}.png")).status_code for number in (0, 4, 2**70)]
    assert (said, [colour(one.data) for one in drawn], beyond) == ([True, True], RGB, [404, 404, 404])
    again = post(client, f"/cases/{case}/seal/confirm", text, reads="x").get_data(as_text=True)
    assert len(pictures(again)) == 3


@pytest.mark.parametrize(("language", "words"), [("zh", "第 2 页，共 2 页"), ("en", "Page 2 of 2")])
def test_a_sealed_scan_is_looked_through_page_by_page_which_goes_on_record_once(
    language: str, words: str, sign_in: As, world: World
):
    case = world.draft()
    sealed(sign_in("sealer"), case, ("扫描件.pdf", scan("red", "blue")), reads="host")
    client = sign_in("author", language)
    [address] = set(re.findall(r'href="(/cases/\d+/papers/\d+/pages)"', page(client, f"/cases/{case}")))
    before = len(world.events(case, "document.open"))
    shown = page(client, address)
    drawn = [client.get(one) for one in pictures(shown)]
    assert (words in shown, [colour(one.data) for one in drawn]) == (True, [RGB[0], RGB[2]])
    assert (before, len(world.events(case, "document.open"))) == (0, 1)


def test_pages_are_for_whoever_opened_the_paper_and_end_with_the_last(sign_in: As, world: World):
    case = world.draft()
    sealed(sign_in("sealer"), case, ("扫描件.pdf", scan("red", "blue")), reads="host")
    with world.database.reading() as session:
        [one] = session.scalars(select(Paper.id).where(Paper.slot == "scan"))
    author, address = sign_in("author"), f"/cases/{case}/papers/{one}/pages"
    first = pictures(page(author, address))[0]
    tried = {
        "with its ticket": author.get(first),
        "beyond the last": author.get(first.replace("/1.png", "/3.png")),
        "before the first": author.get(first.replace("/1.png", "/0.png")),
        "without a ticket": author.get(f"{address}/1.png"),
        "with another's ticket": sign_in("second_author").get(first),
        "out of reach": sign_in("neighbour_author").get(first),
    }
    assert {name: answer.status_code for name, answer in tried.items()} == {
        "with its ticket": 200,
        "beyond the last": 404,
        "before the first": 404,
        "without a ticket": 409,
        "with another's ticket": 409,
        "out of reach": 404,
    }


def test_the_small_picture_beside_a_seal_is_too_small_to_be_read(sign_in: As, world: World):
    case = world.draft()
    sealed(sign_in("sealer"), case, reads="host")
    client = sign_in("author")
    address = re.search(r'src="(/cases/\d+/papers/\d+/picture\.png)"', page(client, f"/cases/{case}"))
    assert address is not None
    with Image.open(io.BytesIO(client.get(address[1]).data)) as drawn:
        assert drawn.width <= 241


def test_a_word_file_has_no_pages_to_turn(sign_in: As, world: World):
    client = sign_in("author")
    shown = upload(client, started(client, world, "upload"), case=CASE).get_data(as_text=True)
    post(client, "/cases/1/take-over", shown)
    address = re.search(r'href="(/cases/1/papers/\d+)"', page(client, "/cases/1"))
    assert address is not None
    answer = client.get(f"{address[1]}/pages")
    assert (answer.status_code, world.events(1, "document.open")) == (404, [])


def test_a_scan_that_cannot_be_drawn_says_so(sign_in: As, world: World, settings: Settings):
    case = world.draft()
    with world.database.transaction() as session:
        data = b"%PDF-1.4 of another world"
        kept = Kept("扫描件.pdf", "application/pdf", Files(settings.documents_url).put(data), len(data))
        papers.seal(session, case, kept, "示例大学", actor=world.people["sealer"], at=world.at)
        [one] = session.scalars(select(Paper.id).where(Paper.slot == "scan"))
    shown = page(sign_in("author"), f"/cases/{case}/papers/{one}/pages")
    assert ("这个文件在这里画不出来" in shown, pictures(shown)) == (True, [])


def test_a_seal_confirmed_while_the_content_changed_is_refused(sign_in: As, world: World):
    case = world.draft()
    client = sign_in("sealer")
    shown = upload(client, f"/cases/{case}/seal", scan=SCAN).get_data(as_text=True)
    world.edit(case, world.content())
    assert post(client, f"/cases/{case}/seal/confirm", shown, reads="host").status_code == 409


# ---- earlier reports -------------------------------------------------------------------------------------------------


def test_a_reviewer_compares_side_by_side_and_rules(sign_in: As, world: World):
    content = world.content()
    earlier = world.case(CaseState.SUBMITTED, content)
    case = world.draft(content.changed(title="换了名称的同一案例"))
    author, reviewer = sign_in("author"), sign_in("reviewer")
    address = f"/cases/{case}/compare/c{earlier}"
    post(author, f"{address}/ask", page(author, address), note="后来又有进展。")
    shown = page(reviewer, address)
    post(reviewer, address, shown, ruling="continuation", reason="确有新的进展。")
    after = page(reviewer, address)
    assert ["共同文字" in shown, "确有新的进展。" in after, "后续进展" in after] == [True, True, True]


def test_a_ruling_needs_its_reason(sign_in: As, world: World):
    content = world.content()
    earlier = world.case(CaseState.SUBMITTED, content)
    case = world.case(CaseState.DRAFT, content.changed(title="换了名称的同一案例"))
    address = f"/cases/{case}/compare/c{earlier}"
    author = sign_in("author")
    post(author, f"{address}/ask", page(author, address))
    reviewer = sign_in("reviewer")
    answers = [post(reviewer, address, page(reviewer, address), ruling=one, reason=" ") for one in ("different", "x")]
    assert [one.status_code for one in answers] == [422, 422]


def form_of(world: World, case: int) -> dict[str, str]:
    with world.database.reading() as session:
        return lists.form_values(world.call, session.get_one(Case, case))


@pytest.mark.parametrize(
    ("language", "taken", "kept"),
    [("zh", "以报送表为准", "不变，请核对"), ("en", "the form’s words", "unchanged: please check")],
)
def test_every_cell_of_a_form_that_says_otherwise_is_named(
    language: str, taken: str, kept: str, sign_in: As, world: World
):
    content = world.content(recipient="甲公司")
    case, client = world.draft(content), sign_in("author", language)
    values = {**form_of(world, case), "recipient": "乙公司", "host_unit": "另一所大学"}
    form = ("表.xlsx", report_form(world.call, values))
    shown = upload(client, f"/cases/{case}/upload", form=form).get_data(as_text=True)
    [table] = re.findall(r'<table class="table mismatches">.*?</table>', shown, re.S)
    rows = [re.sub(r"<[^>]+>", " ", row).split() for row in re.findall(r"<tr>.*?</tr>", table, re.S)[1:]]
    assert [(row[0], "另一所大学" in row, "甲公司" in row, "乙公司" in row) for row in rows] == [
        ("B8", True, False, False),
        ("B10", False, True, True),
    ]
    assert [kept in " ".join(rows[0]), taken in " ".join(rows[1])] == [True, True]
    assert post(client, f"/cases/{case}/take-over", shown).status_code == 302
    assert world.content_of(case).recipient == "乙公司"


# ---- out to Word and back --------------------------------------------------------------------------------------------


def taken_away(client: FlaskClient, case: int, **lines: str) -> bytes:
    """The case as its Word file, with lines changed in it: a section's first words → others."""
    opened = Document(io.BytesIO(client.get(f"/cases/{case}/document.docx").data))
    for old, new in lines.items():
        [found] = [one for one in opened.paragraphs if one.text == old]
        found.text = new
    made = io.BytesIO()
    opened.save(made)
    return made.getvalue()


SECTIONS = {"recipient": "甲。", "service": "乙。", "effect": "丙。", "lessons": "丁。"}


def written(world: World, **sections: str) -> int:
    return world.draft(world.content(sections={**SECTIONS, **sections}))


def changed_on_screen(world: World, case: int, **sections: str) -> None:
    content = world.content_of(case)
    world.edit(case, content.changed(sections={**content.sections, **sections}), by="second_author")


def texts(world: World, case: int) -> list[str]:
    return [world.content_of(case).sections[name] for name in SECTIONS]


def test_a_file_that_comes_back_changes_only_what_was_changed_in_it(sign_in: As, world: World):
    case, client = written(world), sign_in("author")
    data = taken_away(client, case, **{"乙。": "乙二。"})
    changed_on_screen(world, case, lessons="丁一。")
    where = f"/cases/{case}/upload"
    shown = upload(client, where, case=("案例.docx", data)).get_data(as_text=True)
    assert ["这期间案例又改过" in shown, "“启示”在系统里改过" in shown, "两边都改过</legend>" in shown] == [
        True,
        True,
        False,
    ]
    assert post(client, f"/cases/{case}/take-over", shown).status_code == 302
    assert (texts(world, case), world.row(case).revision) == (["甲。", "乙二。", "丙。", "丁一。"], 3)


@pytest.mark.parametrize(("choice", "text"), [("mine", "乙二。"), ("theirs", "乙一。")])
def test_what_both_changed_is_shown_three_ways_and_chosen(choice: str, text: str, sign_in: As, world: World):
    case, client = written(world), sign_in("author")
    data = taken_away(client, case, **{"乙。": "乙二。", "丙。": "丙二。"})
    changed_on_screen(world, case, service="乙一。")
    shown = upload(client, f"/cases/{case}/upload", case=("案例.docx", data)).get_data(as_text=True)
    [fieldset] = re.findall(r'<fieldset class="three-ways.*?</fieldset>', shown, re.S)
    assert ["“服务做法”两边都改过" in fieldset, ">乙。<" in fieldset, "一" in fieldset, "二" in fieldset] == [True] * 4
    address = f"/cases/{case}/take-over"
    again = post(client, address, shown)
    asked = again.get_data(as_text=True)
    assert (again.status_code, "有 1 处两边都改过" in asked, texts(world, case)[1]) == (422, True, "乙一。")
    assert post(client, address, asked, **{"part:service": choice}).status_code == 302
    assert texts(world, case) == ["甲。", text, "丙二。", "丁。"]


def test_a_file_on_which_nobody_worked_meanwhile_is_taken_as_ever(sign_in: As, world: World):
    case, client = written(world, recipient="　　甲。\n\n　　又甲。"), sign_in("author")
    data = taken_away(client, case, **{"丁。": "丁二。"})
    shown = upload(client, f"/cases/{case}/upload", case=("案例.docx", data)).get_data(as_text=True)
    assert "这期间案例又改过" not in shown
    assert post(client, f"/cases/{case}/take-over", shown).status_code == 302
    assert texts(world, case) == ["　　甲。\n\n　　又甲。", "乙。", "丙。", "丁二。"]


@pytest.mark.parametrize(("language", "words"), [("zh", "请确认没有传错"), ("en", "Make sure that it belongs here")])
def test_a_file_of_another_case_is_told_and_taken_as_any_other(language: str, words: str, sign_in: As, world: World):
    other, case, client = written(world), written(world, effect="戊。"), sign_in("author", language)
    data = taken_away(client, other, **{"乙。": "乙二。"})
    shown = upload(client, f"/cases/{case}/upload", case=("案例.docx", data)).get_data(as_text=True)
    assert [words in shown, world.row(other).number in shown] == [True, True]
    assert post(client, f"/cases/{case}/take-over", shown).status_code == 302
    assert texts(world, case) == ["甲。", "乙二。", "丙。", "丁。"]


@pytest.mark.parametrize(("language", "words"), [("zh", "您上传的文件还在"), ("en", "Your files are still here")])
def test_whoever_was_overtaken_while_looking_sees_the_same_file_beside_the_newer_text(
    language: str, words: str, sign_in: As, world: World
):
    case, client = written(world), sign_in("author", language)
    own = [*whole_case()[:3]]
    for heading, text in zip(
        ("服务对象与需求", "服务做法", "服务成效", "启示"), ("甲。", "乙二。", "丙。", "丁。"), strict=True
    ):
        own += [(heading, "Heading 1"), text]
    shown = upload(client, f"/cases/{case}/upload", case=("案例.docx", word(*own))).get_data(as_text=True)
    changed_on_screen(world, case, service="乙一。", lessons="丁一。")
    address = f"/cases/{case}/take-over"
    answer = post(client, address, shown)
    again = answer.get_data(as_text=True)
    assert (answer.status_code, words in again, texts(world, case)[1]) == (409, True, "乙一。")
    assert post(client, address, again).status_code == 422
    assert post(client, address, again, **{"part:service": "mine"}).status_code == 302
    assert texts(world, case) == ["甲。", "乙二。", "丙。", "丁一。"]


def test_an_author_gets_back_the_own_file_with_its_tables_until_the_text_is_another(sign_in: As, world: World):
    client = sign_in("author")
    where = started(client, world, "upload")
    opened = Document(io.BytesIO(word(*whole_case())))
    opened.add_table(1, 2).cell(0, 0).text = "一张表"
    made = io.BytesIO()
    opened.save(made)
    shown = upload(client, where, case=("案例.docx", made.getvalue()), form=FORM).get_data(as_text=True)
    assert post(client, "/cases/1/take-over", shown).status_code == 302
    tables = [len(Document(io.BytesIO(client.get("/cases/1/document.docx").data)).tables)]
    world.edit(1, world.content_of(1).changed(recipient="另一家"))
    tables.append(len(Document(io.BytesIO(client.get("/cases/1/document.docx").data)).tables))
    changed_on_screen(world, 1, lessons="改了。")
    tables.append(len(Document(io.BytesIO(client.get("/cases/1/document.docx").data)).tables))
    assert tables == [1, 1, 0]


def test_a_print_of_a_case_shows_the_tables_of_its_authors_own_file_and_its_mark(sign_in: As, world: World):
    client = sign_in("author")
    where = started(client, world, "upload")
    opened = Document(io.BytesIO(word(*whole_case())))
    opened.add_table(1, 2).cell(0, 0).text = "表中的字"
    made = io.BytesIO()
    opened.save(made)
    shown = upload(client, where, case=("案例.docx", made.getvalue()), form=FORM).get_data(as_text=True)
    assert post(client, "/cases/1/take-over", shown).status_code == 302
    printed = client.get("/cases/1/document.pdf")
    assert quote(f"{world.row(1).number}_案例正文.pdf") in printed.headers["Content-Disposition"]
    assert "表中的字" in words(printed.data)
    [mark] = look(printed.data).marks
    row = world.row(1)
    assert (mark.kind, mark.number, mark.revision, mark.digest) == ("case", row.number, row.revision, row.content)
    [taken] = world.events(1, "export.take")
    assert '"what":"document"' in taken.body
    changed_on_screen(world, 1, lessons="改了，还在打印。")
    later = words(client.get("/cases/1/document.pdf").data)
    assert "改了，还在打印。" in "".join(later.split())
    assert "表中的字" not in later


def test_a_print_of_a_case_is_a_draft_until_its_content_is_what_the_call_demands(sign_in: As, world: World):
    case, unfinished = world.draft(), world.draft(world.content(recipient=""))
    client = sign_in("author")
    drafts = ["草稿" in words(client.get(f"/cases/{one}/document.pdf").data) for one in (case, unfinished)]
    assert drafts == [False, True]


# ---- downloads -------------------------------------------------------------------------------------------------------


def test_blank_papers_come_from_the_call(sign_in: As, world: World):
    client = sign_in("author")
    word = client.get(f"/cases/template/{world.call_version}.docx")
    sheet = client.get(f"/cases/template/{world.call_version}.xlsx")
    headings = [one.text for one in Document(io.BytesIO(word.data)).paragraphs if one.style.name == "Heading 1"]
    assert (len(headings), load_workbook(io.BytesIO(sheet.data)).sheetnames[0]) == (4, "案例报送表")


def test_a_case_is_taken_away_as_word_and_as_a_filled_form(sign_in: As, world: World):
    case = world.draft()
    client = sign_in("author")
    word, sheet = (client.get(f"/cases/{case}/{name}") for name in ("document.docx", "form.xlsx"))
    title = world.row(case).title
    texts = [one.text for one in Document(io.BytesIO(word.data)).paragraphs]
    cells = [str(cell.value) for row in load_workbook(io.BytesIO(sheet.data)).active.iter_rows() for cell in row]
    assert [title in texts, title in cells] == [True, True]


def test_a_form_is_taken_away_for_old_programs_on_request(sign_in: As, world: World, monkeypatch: pytest.MonkeyPatch):
    case, client = world.draft(), sign_in("author")
    got = client.get(f"/cases/{case}/form.xlsx?as=xls")
    assert (got.status_code, got.mimetype, got.data[:4]) == (200, "application/vnd.ms-excel", b"\xd0\xcf\x11\xe0")
    assert quote(f"{world.row(case).number}_报送表.xls") in got.headers["Content-Disposition"]
    monkeypatch.setattr(legacy, "office", lambda: None)
    refused = client.get(f"/cases/{case}/form.xlsx?as=xls")
    assert (refused.status_code, "在 Excel 或 WPS 里另存为 .xls" in refused.get_data(as_text=True)) == (409, True)


def test_an_original_comes_back_byte_by_byte_and_its_opening_is_on_record(sign_in: As, world: World):
    client = sign_in("author")
    where = started(client, world, "upload")
    shown = upload(client, where, case=CASE).get_data(as_text=True)
    post(client, "/cases/1/take-over", shown)
    address = re.search(r'href="(/cases/1/papers/\d+)"', page(client, "/cases/1"))
    assert address is not None
    got = client.get(address[1])
    assert (got.data == (SAMPLES / CASE).read_bytes(), "attachment" in got.headers["Content-Disposition"]) == (
        True,
        True,
    )


def test_files_of_a_case_out_of_reach_do_not_exist(sign_in: As, world: World):
    case = world.case(CaseState.CENTRE_STAMPED)
    names = ("papers/1", "papers/1/picture.png", "papers/1/pages", "papers/1/pages/1.png", "document.docx", "form.xlsx")
    answers = [sign_in("neighbour_author").get(f"/cases/{case}/{name}").status_code for name in names]
    assert answers == [404] * 6


def test_a_file_that_the_store_lost_is_told_with_what_to_do(sign_in: As, world: World):
    case = world.draft()
    world.seal(case)  # its scan is only named, and lies in no store
    answer = sign_in("author").get(f"/cases/{case}/papers/1")
    assert (answer.status_code, "在文件库里找不到" in answer.get_data(as_text=True)) == (500, True)


def test_the_page_tells_what_voided_the_seal_by_whom_and_since_when(sign_in: As, world: World):
    case = world.draft()
    world.seal(case)
    sealed_at, title = world.row(case).revision, world.content_of(case).title
    client = sign_in("sealer")
    assert "是什么使印章失效" not in page(client, f"/cases/{case}")
    world.edit(case, world.content_of(case).changed(title=title + "续"))
    world.edit(case, world.content_of(case).changed(title=title + "续篇", recipient="另一家企业"))
    shown = page(client, f"/cases/{case}").partition("是什么使印章失效")[2].partition("</section>")[0]
    assert "<ins>续篇</ins>" in shown
    assert "案例名称" in shown
    assert "服务对象" in shown
    assert world.people["author"].name in shown
    assert f"/cases/{case}/revisions/{sealed_at + 2}?before={sealed_at}" in shown
