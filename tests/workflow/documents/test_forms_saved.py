"""Forms and tables as LibreOffice saves them: read back from every format, and printed on the pages that they are meant for."""

from datetime import date
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from tests.make import call_2021, filled
from tests.workflow.documents.office import saved_again
from tests.workflow.documents.papers import sheet
from workflow.documents import marks
from workflow.documents.forms import choices_of, read_report_form
from workflow.documents.vetting import judge
from workflow.documents.writing import report_form, summary_table
from workflow.downloads import as_xls

KINDS = ("xlsx", "xls", "ods")


def values() -> dict[str, str]:
    """Every field filled in, choices by their labels."""
    found = {}
    for one in call_2021().report_form:
        choices = [label.zh for label in choices_of(one, call_2021()).values()]
        found[one.name] = choices[-1] if choices else filled(one)
    return {**found, "title": "=1+1 一份“检索”报告", "abstract": "第一行\n第二行 𠮷", "phone": "013800000000"}


MERGED = [
    ["某某案例报送表", "", "", ""],
    ["案例名称", "一份检索报告", "", ""],
    ["报送阶段", "第一阶段", "主题", "服务中小企业创新发展"],
    ["机构名称", "示例中心", "所在单位", "示例大学"],
    ["服务对象", "一家企业", "服务起止时间", "2020年3月至2021年1月"],
    ["联系人及电话", "张三 13800000000", "邮箱", "a@example.cn"],
    ["案例摘要", "摘要的话。", "", ""],
    ["", "", "", ""],
]
AREAS = ("A1:D1", "B2:D2", "A7:A8", "B7:D8")


@pytest.mark.parametrize("kind", KINDS)
def test_a_filled_form_is_read_back_from_what_was_saved(kind: str, tmp_path: Path):
    made = saved_again(
        kind,
        {"a.xlsx": report_form(call_2021(), values(), code=marks.code(MARK)), "b.xlsx": sheet(MERGED, AREAS)},
        tmp_path,
    )
    ours, theirs = (read_report_form(made[name], f"表.{kind}", call_2021()) for name in "ab")
    assert (ours.values, ours.problems) == (values(), ())
    wanted = {
        "title": ("一份检索报告", "B2"),
        "theme": ("服务中小企业创新发展", "D3"),
        "host_unit": ("示例大学", "D4"),
        "service_from": ("2020-03", "D5"),
        "service_to": ("2021-01", "D5"),
        "phone": ("13800000000", "B6"),
        "abstract": ("摘要的话。", "B7"),
    }
    assert {name: (theirs.values[name], theirs.cells[name]) for name in wanted} == wanted


MARK = marks.Mark("form", "2021-205-EX-0007", 3, "ab" * 32)


def test_a_form_for_old_programs_is_fit_to_be_uploaded_and_reads_the_same():
    name, data = as_xls("2021-205-EX-0007_报送表.xlsx", report_form(call_2021(), values(), code=marks.code(MARK)))
    verdict = judge("form", name, data)
    assert (name, verdict.verdict, verdict.taken.kind) == ("2021-205-EX-0007_报送表.xls", "accept", "xls")
    assert read_report_form(data, name, call_2021()).values == values()


# ---- on paper --------------------------------------------------------------------------------------------------------

A4 = (210 / 25.4, 297 / 25.4)


def printed(name: str, data: bytes, folder: Path) -> pypdfium2.PdfDocument:
    return pypdfium2.PdfDocument(saved_again("pdf", {name: data}, folder)[name.rpartition(".")[0]])


def words(pages: pypdfium2.PdfDocument) -> str:
    return "".join("".join(page.get_textpage().get_text_range().split()) for page in pages)


def margins(page: pypdfium2.PdfPage) -> list[float]:
    """Inches of white on the four sides."""
    drawn: Image.Image = page.render(scale=100 / 72).to_pil().convert("L").point(lambda one: 255 if one < 200 else 0)
    left, top, right, bottom = drawn.getbbox() or (0, 0, 0, 0)
    return [one / 100 for one in (left, top, drawn.width - right, drawn.height - bottom)]


LONG = "示例省" * 20
ROW = {
    "title": f"一份检索报告让一条产线少走三年弯路——{LONG}",
    "centre": f"示例大学{LONG}",
    "host_unit": LONG,
    "recipient": LONG,
    "contact": "张三",
    "phone": "13800000000",
    "theme": "服务中小企业创新发展",
    "centre_kind": "高校国家知识产权信息服务中心",
}


@pytest.mark.parametrize("ending", ["xlsx", "xls"])
def test_a_form_prints_whole_on_one_upright_page(ending: str, tmp_path: Path):
    full = {**values(), "title": "字" * 60, "abstract": "摘要的话。" * 40, "recipient": "对象" * 50}
    name, data = "表.xlsx", report_form(call_2021(), full, note="请核对后盖章。", code=marks.code(MARK), draft=True)
    if ending == "xls":
        name, data = as_xls(name, data)
    pages = printed(name, data, tmp_path)
    assert (len(pages), [round(one / 72, 1) for one in pages[0].get_size()]) == (1, [8.3, 11.7])
    shown = words(pages)
    missing = [one for one in full.values() if "".join(one.split()) not in shown]
    assert (missing, "所在单位盖章处" in shown, "第1页共1页" in shown) == ([], True, True)
    assert min(margins(pages[0])) > 0.25


def test_a_summary_table_prints_whole_lying_with_its_head_on_every_page(tmp_path: Path):
    rows = [{**ROW, "title": f"第{n}号{ROW['title']}"} for n in range(1, 31)]
    record = ("留痕检查点 9:abcd", marks.code(MARK))
    made = summary_table(
        call_2021(), "first", "示例省知识产权局", rows, date(2021, 3, 24), "示例-1", "ab" * 32, record, marks.code(MARK)
    )
    pages = printed("表.xlsx", made, tmp_path)
    assert {tuple(round(one / 72, 1) for one in page.get_size()) for page in pages} == {(11.7, 8.3)}
    shown = words(pages)
    assert [n for n in range(1, 31) if f"第{n}号{ROW['title']}" not in shown] == []
    assert shown.count("报送机构") == len(pages) > 1
    assert [one in shown for one in ("（公章）", "2021年3月24日", "校验值" + "ab" * 32, "留痕检查点9:abcd")] == [
        True
    ] * 4
    assert min(side for page in pages for side in margins(page)) > 0.25
