"""What a machine sees on scans: codes and seals, straight, askew, photographed and grey; and that it makes none up."""

from __future__ import annotations

import io
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFilter

from tests.make import call_2021
from tests.workflow.documents.papers import sample, scan, truth
from workflow.demo import scans
from workflow.documents import checker, limits, marks, sheets
from workflow.documents.marks import Mark
from workflow.documents.sighting import Place, Sighting, enlarged, look, place_of

MARK = Mark("form", "2021-205-SL-0001", 3, "0123456789abcdef" * 4)


def print_of(mark: Mark | None = MARK, unit: str = "示例大学") -> Image.Image:
    """A sealed form as it lies on the glass."""
    rows = {"案例名称": "一份检索报告让一条产线少走三年弯路", "机构名称": "示例大学知识产权信息服务中心"}
    page = Image.open(io.BytesIO(scans.form_scan("案例报送表", rows, unit))).convert("RGB")
    if mark:
        page.paste(Image.open(io.BytesIO(marks.code(mark))).convert("RGB").resize((150, 150)), (110, 420))
    return page


def saved(page: Image.Image, kind: str = "JPEG", **how: int) -> bytes:
    out = io.BytesIO()
    page.save(out, kind, **how)
    return out.getvalue()


def photographed(page: Image.Image) -> Image.Image:
    """On a wooden table, seen from one side, badly lit, a little out of focus and with noise."""
    width, height = page.size
    table = Image.new("RGB", (width + 300, height + 300), (142, 104, 70))
    table.paste(page, (150, 150))
    across, down = table.size
    seen = table.transform(
        table.size,
        Image.Transform.QUAD,
        (60, 20, 0, down, across, down - 60, across - 90, 50),
        Image.Resampling.BICUBIC,
    ).rotate(8, fillcolor=(142, 104, 70))
    shade = Image.linear_gradient("L").resize(seen.size).point([140 + level * 115 // 255 for level in range(256)])
    lit = Image.composite(seen, Image.new("RGB", seen.size, (60, 50, 40)), shade)
    chance = random.Random(7)
    noise = Image.frombytes("L", (200, 200), chance.randbytes(40_000)).resize(seen.size).convert("RGB")
    return Image.blend(lit.filter(ImageFilter.GaussianBlur(0.7)), noise, 0.04)


@pytest.mark.parametrize("one", truth()["scans"], ids=lambda one: str(one["file"]))
def test_seals_of_the_samples_are_found_and_none_where_there_is_none(one: dict[str, str]) -> None:
    seen = look(sample(one["file"]))
    assert (len(seen.seals), seen.marks, seen.grey) == (1 if one["seal_text"] else 0, (), False)


def test_the_seal_of_a_summary_table_is_found() -> None:
    assert len(look(sample("案例汇总表_示例省_第一阶段_盖章扫描件.pdf")).seals) == 1


@pytest.mark.parametrize("turned", [0, 4, 90, 180, 270, 37])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "PDF"])
def test_code_and_seal_are_found_however_the_paper_lay(turned: int, kind: str) -> None:
    page = print_of().rotate(turned, expand=True, fillcolor=(244, 243, 240), resample=Image.Resampling.BICUBIC)
    seen = look(saved(page, kind))
    assert (seen.marks, len(seen.seals)) == ((MARK,), 1)


def test_code_and_seal_are_found_on_a_bad_photo() -> None:
    seen = look(saved(photographed(print_of()), quality=55))
    assert (seen.marks, len(seen.seals)) == ((MARK,), 1)


def test_a_grey_scan_gives_its_code_and_says_that_red_cannot_be_told() -> None:
    seen = look(saved(print_of().convert("L"), quality=60))
    assert (seen.marks, seen.seals, seen.grey) == ((MARK,), (), True)


def test_red_lines_letters_and_square_stamps_are_no_round_seal() -> None:
    page = print_of(unit="")
    draw = ImageDraw.Draw(page)
    draw.line((80, 60, 740, 60), fill=scans.RED, width=6)
    draw.rectangle((500, 700, 680, 880), outline=scans.RED, width=6)
    draw.rectangle((100, 900, 250, 1050), fill=scans.RED)
    draw.text((300, 640), "URGENT " * 6, fill=scans.RED)
    assert look(saved(page)).seals == ()


def test_the_mark_survives_the_print_of_the_form(tmp_path: Path) -> None:
    """The very form, printed by LibreOffice, at the resolution of a cheap scanner; with its watermark too."""
    program = shutil.which("soffice")
    assert program is not None
    for draft in (False, True):
        made = tmp_path / f"{draft}.xlsx"
        made.write_bytes(sheets.report_form(call_2021(), {"title": "一份检索报告"}, code=marks.code(MARK), draft=draft))
        home = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
        convert = [program, home, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), str(made)]
        subprocess.run(convert, check=True, capture_output=True, timeout=120)
        paper = made.with_suffix(".pdf")
        subprocess.run(["pdftoppm", "-r", "120", "-jpeg", str(paper), str(paper.with_suffix(""))], check=True)
        pages = sorted(tmp_path.glob(f"{draft}-*.jpg"))
        assert [look(one.read_bytes()).marks for one in pages] == [(MARK,)]


def test_only_the_first_pages_are_looked_through() -> None:
    out = io.BytesIO()
    blank = Image.new("RGB", print_of().size, "white")
    blank.save(out, "TIFF", save_all=True, append_images=[blank] * (limits.SIGHTED_PAGES - 1) + [print_of()])
    assert look(out.getvalue()).marks == ()


def test_a_seal_is_shown_enlarged() -> None:
    data = sample("报送表01_扫描件.pdf")
    [found] = look(data).seals
    drawn = enlarged(data, found)
    assert drawn is not None
    with Image.open(io.BytesIO(drawn)) as picture:
        colours = picture.convert("RGB").resize((9, 9)).getcolors() or []
    assert (picture.width, any(red - max(green, blue) > 40 for _, (red, green, blue) in colours)) == (720, True)


def test_nothing_is_seen_on_what_cannot_be_drawn() -> None:
    assert (look(b"%PDF broken"), enlarged(b"%PDF broken", Place(1, 0, 0, 9, 9))) == (Sighting(looked=False), None)
    assert enlarged(scan("red"), Place(2, 0, 0, 9, 9)) is None


@pytest.mark.parametrize(
    "told",
    [
        {"codes": 7, "seals": "x", "grey": "yes"},
        {"codes": [1, {"page": 1}], "seals": [{"page": 1, "left": "0"}, {"page": 0}, None], "grey": 1},
        {"seals": [{"page": 1, "left": 5, "top": 5, "right": 5, "bottom": 9}]},
    ],
)
def test_what_the_child_makes_up_is_not_believed(told: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checker, "ask", lambda *_: checker.Answer("", {}, told))
    seen = look(b"x")
    assert (seen.marks, seen.seals, seen.grey) == ((), (), False)


@pytest.mark.parametrize("numbers", [[], [1, 2, 3, 4], [0, 0, 0, 9, 9], [301, 0, 0, 9, 9], [1, 0, 0, 1001, 9]])
def test_a_place_off_the_page_is_none(numbers: list[int]) -> None:
    assert place_of(numbers) is None


@pytest.mark.parametrize("kind", ["form", "summary"])
def test_a_mark_reads_back(kind: str) -> None:
    mark = Mark(kind, MARK.number, 12, MARK.digest)
    assert marks.understood(mark.text) == mark


@pytest.mark.parametrize(
    "words", ["", "https://example.org", MARK.text[:-1], MARK.text + "A", MARK.text.replace("FORM", "X"), "９" * 90]
)
def test_a_code_of_somebody_else_is_no_mark(words: str) -> None:
    assert marks.understood(words) is None
