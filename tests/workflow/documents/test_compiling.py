"""A collection as a Word file and as a PDF/A: what stands in them, in which order, and that other programs read them."""

from __future__ import annotations

import io
import json
import random
import re
import subprocess
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from docx import Document
from pikepdf import Dictionary, Name
from PIL import Image

from tests.workflow.documents import archival, office
from tests.workflow.documents.papers import picture
from tests.workflow.documents.test_variants import VARIANTS
from workflow.calls import shipped_calls
from workflow.documents import checker, legacy, preview
from workflow.documents.compiling import paging
from workflow.documents.compiling.book import Book, Chapter, Grid, Order, Part, Plate, Ranks, as_data, bound
from workflow.documents.compiling.pressing import press
from workflow.documents.compiling.typesetting import FACES
from workflow.failure import Failure

THEMES = ("服务中小企业", "支撑产业发展")
REGIONS = ("北京", "浙江", "云南")
CENTRES = ("浙江大学", "北京大学", "安徽大学")
SOME = "知识产权信息公共服务围绕企业创新开展检索导航分析预警"


def text(of: random.Random, length: int) -> str:
    return "".join(of.choices(SOME, k=length)) + "。"


def chapter(number: int, **changes: Any) -> Chapter:
    of = random.Random(number)
    parts = (
        Part("一、服务对象与需求", (text(of, 80), text(of, 120))),
        Part("二、服务做法", (text(of, 300),), plates=(Plate("plate.png", 900, 500, f"图{number} 流程"),)),
        Part("三、服务成效", (text(of, 100),), tables=(Grid((("项目", "数量"), ("检索", "12")), "表1 成效"),)),
    )
    made = Chapter(
        f"2021-205-XX-{number:04d}",
        f"第{number}件案例怎样少走弯路",
        CENTRES[number % 3],
        REGIONS[number % 3],
        THEMES[number % 2],
        THEMES[number % 2],
        "某公司",
        parts,
    )
    return replace(made, **changes)


def book(chapters: Sequence[Chapter], order: Order = Order.THEME, **changes: Any) -> Book:
    told: dict[str, Any] = {
        "title": "优秀案例集",
        "subtitle": "国知办函服字〔2021〕205号",
        "issuer": "国家知识产权局",
        "day": "2021 年 7 月",
        "foreword": ["前言第一段。", "前言第二段。"],
        **changes,
    }
    return bound(chapters, order, Ranks(THEMES, REGIONS), **told)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plate.png").write_bytes(picture(900, 500))
    return tmp_path


def laid(folder: Path, made: Book) -> Path:
    (folder / "book.json").write_text(json.dumps(as_data(made, 1_625_000_000), ensure_ascii=False), "utf-8")
    return folder


def pages_of(pdf: Path) -> list[str]:
    """What each page says, line by line and without spaces, as poppler reads it."""
    said = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], check=True, capture_output=True).stdout.decode()
    return [
        "\n".join("".join(line.split()) for line in one.splitlines() if line.strip()) for one in said.split("\f")[:-1]
    ]


def beginning(pages: Sequence[str], number: int, since: int = 3) -> int:
    """On which page (from 0) a case begins: past the lists, where title and centre stand together."""
    words = f"第{number}件案例怎样少走弯路"
    return next(at for at, one in enumerate(pages) if at >= since and words in one and "·" in one)


# ---- in which order --------------------------------------------------------------------------------------------------


def test_cases_stand_by_theme_then_province_or_the_other_way_round_or_as_they_were_given() -> None:
    chapters = [chapter(number) for number in (5, 4, 3, 2, 1, 0)]

    def order(how: Order) -> list[tuple[str, str]]:
        return [(one.theme, one.region) for one in book(chapters, how).chapters]

    by_theme = [(theme, region) for theme in THEMES for region in REGIONS]
    assert order(Order.THEME) == by_theme
    assert order(Order.PROVINCE) == [(theme, region) for region in REGIONS for theme in THEMES]
    assert [one.number[-1] for one in book(chapters, Order.HAND).chapters] == list("543210")


def test_each_book_lists_its_cases_under_the_aspects_that_it_is_not_ordered_by_and_centres_by_sound() -> None:
    chapters = [chapter(number) for number in range(6)]
    titles = {how: [one.title for one in book(chapters, how).listings] for how in Order}
    assert titles == {
        Order.THEME: ["目录（按省份）"],
        Order.PROVINCE: ["目录（按主题）"],
        Order.HAND: ["目录（按主题）", "目录（按省份）"],
    }
    made = book(chapters)
    assert [one.name for one in made.centres] == ["安徽大学", "北京大学", "浙江大学"]
    for groups in (made.groups, made.centres, made.listings[0].groups):
        assert sorted(place for one in groups for place in one.chapters) == list(range(6))
    assert all(made.chapters[place].centre == one.name for one in made.centres for place in one.chapters)


# ---- PDF/A -----------------------------------------------------------------------------------------------------------


def test_the_pdf_is_tagged_as_pdf_a_with_all_faces_embedded_bookmarks_and_numbers(folder: Path) -> None:
    made, said = press("pdf", laid(folder, book([chapter(number) for number in range(6)])))
    assert said == {"lacking": {}}
    assert archival.faults(made) == []
    with pikepdf.open(made) as document, document.open_outline() as outline:
        bookmarks = [(one.title, [child.title for child in one.children]) for one in outline.root]
    assert [title for title, _ in bookmarks if title in THEMES] == list(THEMES)
    assert [child[:5] for title, inside in bookmarks if title in THEMES for child in inside] == [
        f"第{number}件案例" for number in (0, 4, 2, 3, 1, 5)
    ]
    faces = subprocess.run(["pdffonts", str(made)], check=True, capture_output=True, text=True).stdout.splitlines()[2:]
    assert {one.split()[0].split("+")[1] for one in faces} <= {path.stem for path in FACES.glob("*.ttf")}
    assert faces != []
    assert all(re.search(r"Identity-H\s+yes yes yes", one) for one in faces)


@pytest.mark.parametrize("space", ["RGB", "L"])
def test_photographs_and_line_drawings_stand_in_the_pdf_as_its_standard_allows(folder: Path, space: str) -> None:
    Image.effect_noise((800, 600), 60).convert(space).save(folder / "photo.jpeg", quality=80)
    Image.effect_noise((300, 200), 60).convert("LA" if space == "L" else "RGBA").save(folder / "see-through.png")
    plates = (Plate("photo.jpeg", 800, 600, "照片"), Plate("see-through.png", 300, 200))
    made, _ = press("pdf", laid(folder, book([chapter(0, parts=(Part("一、做法", ("见图。",), plates=plates),))])))
    assert archival.faults(made) == []
    with pikepdf.open(made) as document:
        assert sum(len(page.get_images()) for page in document.pages) == 2


def test_a_pdf_that_is_no_pdf_a_is_told_by_its_clauses(folder: Path) -> None:
    made, _ = press("pdf", laid(folder, book([chapter(0)])))
    with pikepdf.open(made) as document:
        del document.Root.OutputIntents
        document.Root.AA = Dictionary(DS=Dictionary(Type=Name.Action, S=Name.JavaScript, JS="app.alert(1)"))
        document.Root.Linked = document.make_indirect(Dictionary(Type=Name.Action, S=Name.Launch))
        for one in document.objects:
            if isinstance(one, Dictionary) and "/FontFile2" in one:
                del one["/FontFile2"]
            if isinstance(one, Dictionary) and str(one.get("/Subtype")) == "/Link":
                one.F = 2
        with document.open_metadata() as metadata:
            metadata["pdfaid:part"] = "1"
        document.save(folder / "spoilt.pdf")
    clauses = {one.split(": ")[-1].split()[0] for one in archival.faults(folder / "spoilt.pdf")}
    assert clauses >= {"6", "6.2.3", "6.2.11.4", "6.3.2", "6.5.1", "6.6.4"}


def test_contents_and_index_say_the_page_on_which_each_case_begins(folder: Path) -> None:
    chapters = [chapter(number) for number in range(6)]
    made = book(chapters)
    pages = pages_of(press("pdf", laid(folder, made))[0])
    assert (pages[0][:5], pages[1].count("前言第"), pages[-1].count("中心索引") >= 1) == ("优秀案例集", 2, True)
    first = beginning(pages, 0)
    for place, one in enumerate(made.chapters):
        number = int(one.number[-4:])
        printed = beginning(pages, number) - first + 1
        assert re.search(rf"^{place + 1}第{number}件案例怎样少走弯路\.+{printed}$", pages[2], re.M), (number, pages[2])
        assert f"第{number}件案例怎样少走弯路" in pages[first + printed - 1][:60]
    for group in made.centres:
        printed = [beginning(pages, int(made.chapters[one].number[-4:])) - first + 1 for one in group.chapters]
        assert f"{group.name}{'、'.join(map(str, printed))}" in pages[-1]
    assert all(f"图{number}流程" in "".join(pages) and "表1成效" in "".join(pages) for number in range(6))


def test_a_centre_of_many_cases_keeps_its_name_in_one_line_of_the_index(folder: Path) -> None:
    name = "示例省知识产权公共信息服务中心"
    chapters = [chapter(number, centre=name, parts=(Part("一、做法", ("做了。",)),)) for number in range(24)]
    index = pages_of(press("pdf", laid(folder, book(chapters)))[0])[-1]
    assert name in index
    assert re.search(r"18、19、20、21、22、23、24", "".join(index.split()))


def test_the_same_book_is_the_same_bytes(folder: Path) -> None:
    laid(folder, book([chapter(1), chapter(2)]))
    first = press("pdf", folder)[0].read_bytes()
    assert press("pdf", folder)[0].read_bytes() == first
    word = press("docx", folder)[0]
    paging.numbered(word, folder / "one.docx", {0: 1, 1: 3})
    paging.numbered(press("docx", folder)[0], folder / "two.docx", {0: 1, 1: 3})
    assert (folder / "one.docx").read_bytes() == (folder / "two.docx").read_bytes()


def test_a_character_without_a_shape_stands_by_its_code_and_is_named(folder: Path) -> None:
    rare = chapter(1, title="𠮷野家的案例", parts=(Part("一、做法", ("龘、〇、𬌗 和 😀 都在。",)),))
    made, said = press("pdf", laid(folder, book([chapter(0), rare, chapter(2)], Order.HAND, title="𠀋集")))
    assert said["lacking"] == {"1": ["😀", "𠮷"], "": ["𠀋"]}
    words = "".join("".join(pages_of(made)).split())
    assert "〔U+20BB7〕野家的案例" in words
    assert "龘、〇、𬌗和〔U+1F600〕都在。" in words
    assert "〔U+2000B〕集" in words


@pytest.mark.parametrize(
    "words", ["#panic()", "*粗* _斜_ `码` $x$ <label> @引用", "= 标题\n- 项", '"); #import "x"', "\\ // /* {} []"]
)
def test_what_somebody_wrote_is_never_markup(folder: Path, words: str) -> None:
    named = chapter(0, title=words, centre=words, parts=(Part(words, (words,), (Grid(((words,),), words),)),))
    made, said = press("pdf", laid(folder, book([named], title=words, foreword=[words])))
    assert said == {"lacking": {}}
    assert "".join("".join(pages_of(made)).split()).count("".join(words.split())[:5]) >= 6


def test_what_cannot_be_made_is_a_failure_with_words(folder: Path) -> None:
    (folder / "plate.png").write_bytes(b"\x89PNG\r\n\x1a\nno picture")
    with pytest.raises(Failure) as failed:
        press("pdf", laid(folder, book([chapter(0)])))
    assert (failed.value.code, failed.value.lasting) == ("press_died", True)


# ---- Word ------------------------------------------------------------------------------------------------------------


def printed(word: Path) -> Path:
    """The Word file as LibreOffice prints it."""
    program = legacy.office()
    assert program is not None
    assert legacy.run(program, word, "pdf", word.parent / "printed", seconds=120)
    return word.parent / "printed" / f"{word.stem}.pdf"


@pytest.fixture
def compiled(folder: Path) -> tuple[Book, Path, paging.Layout]:
    made = book([chapter(number) for number in range(6)], note="送审稿：含尚未公开发布的案例 2 件")
    word, said = press("docx", laid(folder, made))
    assert said == {"unused": {}}
    layout = paging.layout(word)
    assert layout is not None
    paging.numbered(word, folder / "book.docx", layout.pages)
    return made, folder / "book.docx", layout


def test_libreoffice_prints_the_word_file_with_every_number_right(compiled: tuple[Book, Path, paging.Layout]) -> None:
    made, word, layout = compiled
    pages = pages_of(printed(word))
    assert len(pages) == layout.total
    first = beginning(pages, 0)
    for place, one in enumerate(made.chapters):
        number = int(one.number[-4:])
        at = beginning(pages, number) - first + 1
        assert layout.pages[place] == at
        assert re.search(rf"^{place + 1}第{number}件案例怎样少走弯路\.+{at}$", pages[2], re.M), (number, pages[2])
        assert pages[beginning(pages, number)].startswith(
            f"优秀案例集第{number}件案例怎样少走弯路"
        )  # the running title
    assert "送审稿" in pages[0]
    assert "中心索引" in pages[-1]
    text_of_all = "".join(pages)
    assert all(f"图{number}流程" in text_of_all for number in range(6))


def test_the_word_file_has_fields_of_its_own_and_its_pictures(compiled: tuple[Book, Path, paging.Layout]) -> None:
    _, word, _ = compiled
    with zipfile.ZipFile(word) as parts:
        xml = parts.read("word/document.xml").decode()
        assert parts.testzip() is None
        assert len([name for name in parts.namelist() if name.startswith("word/media/")]) == 6
    assert re.search(r'TOC \\h \\z \\t "集·分组,1,集·篇名,2"', xml)
    assert xml.count('fldCharType="begin"') == xml.count('fldCharType="separate"') == xml.count('fldCharType="end"')
    marks = re.findall(r'<w:bookmarkStart [^>]*w:name="(case\d+)"', xml)
    assert marks == [f"case{place:04d}" for place in range(6)]
    assert set(re.findall(r"PAGEREF (case\d+)", xml)) == set(marks)
    assert paging.UNKNOWN not in "".join(re.findall(r'<w:r w:rsidR="5A4A\w+"><w:t>([^<]*)', xml))
    assert len(Document(str(word)).sections) == 1 + 1 + 6 + 1


def test_without_libreoffice_the_numbers_are_left_to_word(folder: Path) -> None:
    word, _ = press("docx", laid(folder, book([chapter(0)])))
    paging.numbered(word, folder / "book.docx", {})
    shown = [one.text for one in Document(str(folder / "book.docx")).paragraphs if "少走弯路" in one.text]
    assert f"1　第0件案例怎样少走弯路\t{paging.UNKNOWN}" in shown


# ---- authors' own files, as LibreOffice writes them ------------------------------------------------------------------


def tidied(data: bytes) -> tuple[dict[str, Any], bytes]:
    """What the child makes of an author's file."""
    path = next(one for one in shipped_calls() if one.stem == "2021-205")
    pieces = [path.read_bytes(), path.with_suffix(".zh.md").read_bytes(), data]
    sizes = [len(one) for one in pieces[:2]]
    task = {"do": "chapter", "sizes": sizes, "width": 800, "allowed": None, "kept_width": preview.COPY_WIDTH}
    with checker.held(b"".join(pieces)) as opened:
        answer = checker.ask(task, opened)
    assert answer.refused == ""
    size = answer.said["told"]
    return json.loads(answer.payload[:size]), answer.payload[len(answer.payload) - answer.said["word"] :]


def test_every_variant_comes_into_one_word_file_with_what_is_seen_and_nothing_that_is_not(folder: Path) -> None:
    files = office.saved_as("docx", VARIANTS, folder)
    chapters = []
    for number, (name, data) in enumerate(files.items()):
        told, word = tidied(data)
        (folder / f"{number}.docx").write_bytes(word)
        chapters.append(chapter(number, word=f"{number}.docx", parts=()))
        assert "".join(one["text"] for one in told["sections"]) != "", name
        for gone in ("批注的话。", "旧的。"):
            assert gone not in told["text"], name
    made = book(chapters, Order.HAND)
    word_file, said = press("docx", laid(folder, made))
    assert said == {"unused": {}}
    with zipfile.ZipFile(word_file) as parts:
        xml = parts.read("word/document.xml").decode()
        assert [name for name in parts.namelist() if "comment" in name] == []
    for gone in ("批注的话。", "旧的。", "w:comment", "<w:ins ", "<w:del "):
        assert gone not in xml
    marks = re.findall(r'w:bookmarkStart [^>]*w:name="([^"]*)"', xml)
    assert marks == [f"case{place:04d}" for place in range(len(files))]  # none of the authors' own
    layout = paging.layout(word_file)
    assert layout is not None
    assert len(layout.pages) == len(files)
    words = "".join("".join(pages_of(printed(word_file))).split())
    for seen in (*office.TEXTS[2:], "脚注的话。", "新的。", "又乙。", "多出来的话。", "𠮷野家"):
        assert seen in words, seen
    assert "框里的话。" in xml  # boxes break their words where they are narrow
    assert "图形里的话。" in xml
    # our page says title and centre; of the authors' own lines only those stay that stand in a table beside the text
    assert words.count("示例中心") == words.count("一份检索报告") == 1


@pytest.mark.parametrize("kind", ["notes", "empty"])
def test_a_file_that_holds_no_case_is_told_and_harms_nothing(kind: str) -> None:
    document = Document()
    if kind == "notes":
        document.add_paragraph("会议记录")
    out = io.BytesIO()
    document.save(out)
    told, word = tidied(out.getvalue())
    assert [one["text"] for one in told["sections"] if one["name"]] == []
    assert Document(io.BytesIO(word)).element.body is not None
