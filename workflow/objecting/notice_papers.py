"""公示文件: a list in public as a paper to be posted, filed or sent, in the words of its call."""

from __future__ import annotations

from datetime import date, datetime

from rules.call import BEIJING, Call
from rules.words import Text
from workflow.documents import notice_paper
from workflow.documents.notice_paper import NoticePaper
from workflow.objecting import objections
from workflow.objecting.public_notices import Shown

_HEADS = (
    Text("序号", "No."),
    Text("案例名称（编号）", "Title (number)"),
    Text("报送中心", "Centre"),
    Text("所在单位", "Host unit"),
    Text("推荐单位", "Recommended by"),
)


def paper(shown: Shown, site: str) -> NoticePaper:
    """What stands in the paper of a list as it is now. `site`: where its page is."""
    call, notice = shown.call, shown.notice
    rows = [
        [
            str(position),
            f"{line.title}（{line.case.number}）{'（已移出名单）' if line.void_at else ''}",
            line.centre,
            line.host_unit,
            line.recommended_by or "中心自荐",
        ]
        for position, line in enumerate(shown.lines, 1)
    ]
    return NoticePaper(
        title=Text(f"{call.title.zh}入选案例公示", f"Public notice of shortlisted cases: {call.title.en}"),
        number=f"{call.document_number} · 公示 {notice.id}",
        lead=tuple(_lead(shown)),
        heads=_HEADS,
        rows=notice_paper.cells(rows),
        how_title=Text("怎样提出异议", "How to object"),
        how=tuple(_how(shown, site)),
        issuer=call.issuer,
        day=_day(notice.put_up_at),
    )


def _lead(shown: Shown) -> list[Text]:
    call, notice, asked = shown.call, shown.notice, shown.call.public_notice
    if notice.taken_down_at is not None:
        down = _day(notice.taken_down_at)
        return [
            Text(
                f"本公示已于{down.zh}撤下。理由：{notice.remark}",
                f"This notice was taken down on {down.en}. Reason: {notice.remark}",
            )
        ]
    if asked is None:
        raise LookupError(call.number)
    first, last = _day(notice.put_up_at), _written(notice.last_day)
    return [
        Text(
            f"根据《{call.title.zh}》（{call.document_number}），下列案例拟公开发布，现予公示。公示期{asked.days}个"
            f"{asked.counted.label.zh}：{first.zh}至{last.zh}24:00。",
            f"Under the call “{call.title.en}” ({call.document_number}) these cases are to be published. The notice stands for"
            f" {asked.days} {asked.counted.label.en.lower()}: from {first.en} until {last.en}, 24:00.",
        ),
        *_said(call, "public_notice_has_ended"),
    ]


def _said(call: Call, rule: str) -> list[Text]:
    """The call's own words that a rule quotes."""
    asked = call.rules.get(rule)
    if asked is None or not asked.says:
        return []
    words = "”“".join(asked.says)
    return [Text(f"通知{asked.clause}：“{words}”。", f"The call ({asked.clause}): “{words}”.")]


def _how(shown: Shown, site: str) -> list[Text]:
    call, asked = shown.call, shown.call.public_notice
    if asked is None or not asked.objections or shown.notice.taken_down_at is not None:
        return []
    to = asked.objections_to if asked.objections_to.zh else Text(call.mail.to, call.mail.to)
    page = f"{site.rstrip('/')}/notices/{shown.notice.id}"
    lines = [
        Text(
            f"对名单有异议的，请在公示期内写明理由，寄至：{to.zh}；或在公示页面提出：{page}",
            f"Objections with their reasons are sent within that time to: {to.en}; or made on the page of the notice: {page}",
        )
    ]
    for words, rule in objections.demands(call):
        said = "”“".join(rule.says)
        lines.append(
            Text(
                f"须{words.zh}（通知{rule.clause}：“{said}”）。",
                f"It asks for: {words.en} ({rule.clause}).",
            )
        )
    if asked.answer_days is not None:
        counted = asked.answer_counted.label
        lines.append(
            Text(
                f"自收到之日起{asked.answer_days}个{counted.zh}内答复并说明理由。异议答复之前，所涉案例不发布。",
                f"It is answered with reasons within {asked.answer_days} {counted.en.lower()}; until then the case is not published.",
            )
        )
    return lines


def _day(at: datetime) -> Text:
    return _written(at.astimezone(BEIJING).date())


def _written(day: date) -> Text:
    return Text(f"{day.year}年{day.month}月{day.day}日", f"{day:%-d %B %Y}")


def name(shown: Shown) -> str:
    """What the file is called, without its ending."""
    return f"{shown.call.number}_公示{shown.notice.id}"


word, pdf = notice_paper.word, notice_paper.pdf
