"""The closing report of a call as a Word file, with charts."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rules.call import BEIJING
from workflow.documents import charts, plain
from workflow.office_words import level_word, office_words

if TYPE_CHECKING:
    from workflow.calls.closing import Change, Line, Report

_COUNTED = ("报送", "入选", "公开发布")
_OF_COUNTS, _OF_FIGURES = (95, 25, 25, 25), (135, 35)
"""Widths of columns, in millimetres."""


def document(report: Report, at: datetime) -> bytes:
    """The .docx, in Chinese; `at`: as of when."""
    call = report.call
    made = plain.blank(f"{call.title.zh}总结报告")
    made.add_heading(f"{call.title.zh}总结报告", level=0)
    made.add_paragraph(f"{call.document_number}　截至 {at.astimezone(BEIJING):%Y年%-m月%-d日}")
    made.add_heading("一、总体情况", level=1)
    sent = report.totals
    offices = len(report.offices) - report.silent
    made.add_paragraph(
        f"共有 {offices} 个{office_words(call).name.zh}、{report.centres} 家中心报送案例 {sent.sent} 个，入选 {sent.chosen} 个，公开发布 {sent.published} 个。"
    )
    if report.before is not None:
        made.add_paragraph(f"与上一次征集（{report.before.document_number}）相比：")
        _changes(made, "项目", report.changes)
        if report.moved:
            made.add_paragraph().paragraph_format.space_after = 0
            made.add_paragraph(f"报送数量有增减的{office_words(call).name.zh}：")
            _changes(made, office_words(call).name.zh, report.moved)
    for heading, what, lines in (
        ("二、各阶段", "阶段", report.phases),
        ("三、各主题", "主题", report.themes),
        (f"四、各{office_words(call).name.zh}", office_words(call).name.zh, report.offices),
    ):
        made.add_heading(heading, level=1)
        _chart(made, [(one.name.zh, one.sent) for one in lines])
        _counts(made, what, lines)
    made.add_heading("五、各中心", level=1)
    _counts(made, "中心", report.of_centres) if report.of_centres else made.add_paragraph("没有。")
    made.add_heading("六、数量不足及理由", level=1)
    short = [[one.who, one.what.zh, str(one.missing), one.reason or "没有说明"] for one in report.short]
    if short:
        plain.table(made, ("单位", "阶段", "差", "理由"), short, (65, 30, 12, 63), (2,))
    else:
        made.add_paragraph("没有。")
    made.add_heading("七、各方用时", level=1)
    _times(made, report)
    made.add_heading("八、被规则拦下的次数", level=1)
    if report.refused:
        _chart(made, [(one.demand.zh, one.tries) for one in report.refused])
        plain.table(
            made, ("规则", "次数"), [[one.demand.zh, str(one.tries)] for one in report.refused], _OF_FIGURES, (1,)
        )
    else:
        made.add_paragraph("没有。")
    return plain.saved(made)


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
    plain.table(made, ("在谁手里", "天"), [[name, f"{value:.1f}"] for name, value in rounded], _OF_FIGURES, (1,))


def _changes(made: Any, what: str, changes: Sequence[Change]) -> None:
    rows = [[one.name.zh, str(one.now), str(one.before), one.difference] for one in changes]
    plain.table(made, (what, "本次", "上次", "增减"), rows, _OF_COUNTS, (1, 2, 3))


def _counts(made: Any, what: str, lines: Sequence[Line]) -> None:
    rows = [[one.name.zh, str(one.sent), str(one.chosen), str(one.published)] for one in lines]
    plain.table(made, (what, *_COUNTED), rows, _OF_COUNTS, (1, 2, 3))


def _chart(made: Any, rows: Sequence[tuple[str, float]]) -> None:
    from docx.shared import Mm

    if any(value for _, value in rows):
        picture = made.add_picture(io.BytesIO(charts.bars(rows)), width=Mm(plain.WIDTH))
        picture._inline.docPr.set("descr", "条形图，数字见下表")
