"""The closing report of a call as a Word file, with charts."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rules.call import BEIJING
from workflow.documents import charts
from workflow.documents.packing import settled
from workflow.office_words import level_word, office_words

if TYPE_CHECKING:
    from workflow.closing import Line, Report

_HEADS = ("", "报送", "入选", "公开发布")


def document(report: Report, at: datetime) -> bytes:
    """The .docx, in Chinese; `at`: as of when."""
    from docx import Document as WordDocument  # loaded where it is needed, as in `documents.writing`

    call = report.call
    made = WordDocument()
    made.add_heading(f"{call.title.zh}总结报告", level=0)
    made.add_paragraph(f"{call.document_number}　截至 {at.astimezone(BEIJING):%Y年%m月%d日}")
    made.add_heading("一、总体情况", level=1)
    sent = report.totals
    offices = len(report.offices) - report.silent
    made.add_paragraph(
        f"共有 {offices} 个{office_words(call).name.zh}、{report.centres} 家中心报送案例 {sent.sent} 个，入选 {sent.chosen} 个，公开发布 {sent.published} 个。"
    )
    if report.before is not None:
        made.add_paragraph(f"与上一次征集（{report.before.document_number}）相比：")
        rows = [[one.name.zh, str(one.now), str(one.before), f"{one.now - one.before:+d}"] for one in report.changes]
        _table(made, ("", "本次", "上次", "增减"), rows)
    for heading, lines in (
        ("二、各阶段", report.phases),
        ("三、各主题", report.themes),
        (f"四、各{office_words(call).name.zh}", report.offices),
    ):
        made.add_heading(heading, level=1)
        _chart(made, [(one.name.zh, one.sent) for one in lines])
        _table(made, _HEADS, [_cells(one) for one in lines])
    made.add_heading("五、各中心", level=1)
    _table(made, _HEADS, [_cells(one) for one in report.of_centres]) if report.of_centres else made.add_paragraph(
        "没有。"
    )
    made.add_heading("六、数量不足及理由", level=1)
    short = [[one.who, one.what.zh, str(one.missing), one.reason or "没有说明"] for one in report.short]
    _table(made, ("单位", "阶段", "差", "理由"), short) if short else made.add_paragraph("没有。")
    made.add_heading("七、各方用时", level=1)
    _times(made, report)
    made.add_heading("八、被规则拦下的次数", level=1)
    if report.refused:
        _chart(made, [(one.demand.zh, one.tries) for one in report.refused])
        _table(made, ("规则", "次数"), [[one.demand.zh, str(one.tries)] for one in report.refused])
    else:
        made.add_paragraph("没有。")
    out = io.BytesIO()
    made.save(out)
    return settled(out.getvalue())


def _times(made: Any, report: Report) -> None:
    if not report.timed:
        made.add_paragraph("没有。")
        return
    days = [
        (level_word(party, report.call).zh, time.calendar.total_seconds() / 86400 / report.timed)
        for party, time in report.times.items()
    ]
    rounded = [(name, round(value, 1)) for name, value in days]
    made.add_paragraph(f"平均每个案例在各方手里的天数（自然日，{report.timed} 个案例）：")
    _chart(made, rounded)
    _table(made, ("", "天"), [[name, f"{value:.1f}"] for name, value in rounded])


def _cells(line: Line) -> list[str]:
    return [line.name.zh, str(line.sent), str(line.chosen), str(line.published)]


def _chart(made: Any, rows: Sequence[tuple[str, float]]) -> None:
    from docx.shared import Cm

    if any(value for _, value in rows):
        made.add_picture(io.BytesIO(charts.bars(rows)), width=Cm(16))


def _table(made: Any, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = made.add_table(rows=1, cols=len(heads), style="Table Grid")
    for cell, words in zip(table.rows[0].cells, heads, strict=True):
        cell.text = words
    for row in rows:
        for cell, words in zip(table.add_row().cells, row, strict=True):
            cell.text = words
