"""The trail: who did what, when, and why it was refused, within everybody's reach; receipts and checkpoints."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from io import BytesIO
from tempfile import TemporaryFile
from typing import Any

from flask import Blueprint, redirect, render_template, request, send_file, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from states.call import bars
from states.lifecycle import Lifecycle
from states.onward import main_line
from states.reach import SYSTEM
from web.receipts import address
from web.request import actor, language, now, number, reading, today, transaction
from web.words import moment, say, t
from workflow import cases, downloads, histories, lists
from workflow.audit import lists as taking
from workflow.audit import log, notes, receipts, search
from workflow.calls import call_standing
from workflow.clock import day_written
from workflow.documents import receipt as paper
from workflow.interchange import taking as taken_for_mining

bp = Blueprint("trail", __name__, url_prefix="/trail")

MOST_COUNTED = 1000
"""Entries are counted up to here; beyond, the page says “more than”."""


@bp.get("")
def index() -> str:
    filters, after = _filters(request.args), request.args.get("after", "")[:20]
    with reading() as session:
        return render_template(
            "trail/index.html",
            found=search.page(session, actor(), filters, after),
            total=search.count(session, actor(), filters, MOST_COUNTED),
            most=MOST_COUNTED,
            most_taken=taking.MOST,
            groups=search.groups(session, actor()),
            filters=filters,
            here=_narrowed_by(filters),
            presets=_presets(filters),
            after=after,
        )


def _filters(given: MultiDict[str, str]) -> search.Filters:
    """What an address or a form asks for; what is no day, or no two sizes, counts as not given."""

    def words(name: str, longest: int) -> str:
        return given.get(name, "").strip()[:longest]

    return search.Filters(
        words("person", 80),
        words("number", 60),
        given.get("action", "")[:60],
        given.get("outcome", "")[:10],
        day_written(given.get("first", "")),
        day_written(given.get("last", "")),
        words("receipt", 120),
        words("between", 40) if search.places(words("between", 40)) else "",
    )


def _narrowed_by(filters: search.Filters) -> dict[str, Any]:
    return {name: str(value) for name, value in vars(filters).items() if value}


def _presets(filters: search.Filters) -> list[tuple[str, dict[str, Any], bool]]:
    """Ranges of days that people ask for: (label, the address's arguments, whether it is chosen now)."""
    last, rest = today(), _narrowed_by(filters)
    return [
        (label, {**rest, "first": first, "last": last}, (filters.first, filters.last) == (first, last))
        for label, first in (
            (t("今天", "Today"), last),
            (t("本周", "This week"), last - timedelta(days=last.weekday())),
            (t("本月", "This month"), last.replace(day=1)),
            (t("今年", "This year"), date(last.year, 1, 1)),
        )
    ]


@bp.post("/export")
def export() -> Response:
    """The filtered list as a file (`as`: xlsx, jsonl, xes or ocel); that it was taken away goes on record."""
    filters = _filters(request.form)
    if request.form.get("as") in taken_for_mining.FORMATS:
        return _event_log(request.form["as"], filters)
    with transaction() as session:
        taken = taking.take(session, filters, _narrowed_by(filters), actor=actor(), at=now())
    name = f"{t('留痕', 'trail')}_{today()}"
    if request.form.get("as") == "jsonl":
        return send_file(
            BytesIO(taken.jsonl()), "application/x-ndjson", as_attachment=True, download_name=f"{name}.jsonl"
        )
    return send_file(BytesIO(taken.xlsx()), downloads.EXCEL, as_attachment=True, download_name=f"{name}.xlsx")


def _event_log(form: str, filters: search.Filters) -> Response:
    """The same for process mining, written to disk as it is read; recorded before it is sent."""
    narrowed = _narrowed_by(filters)
    out = TemporaryFile()  # noqa: SIM115 (closed with the answer)
    with reading() as session:
        rows = taken_for_mining.write(session, form, out, filters, narrowed, actor=actor(), at=now(), most=taking.MOST)
    with transaction() as session:
        taken_for_mining.record(session, form, rows, narrowed, actor=actor(), at=now())
    out.seek(0)
    name = f"{t('留痕', 'trail')}_{today()}.{'xes' if form == 'xes' else 'ocel.json'}"
    return send_file(out, taken_for_mining.FORMATS[form][1], as_attachment=True, download_name=name)


@bp.get("/<int:uid>")
def show(uid: int) -> str:
    with reading() as session:
        return render_template("trail/show.html", whole=search.one(session, actor(), uid))


# ---- one case --------------------------------------------------------------------------------------------------------


@bp.get("/cases/<int:case_id>")
def course(case_id: int) -> str:
    """Everything about one case, day by day."""
    after = request.args.get("after", "")[:20]
    with reading() as session:
        case = cases.find(session, case_id, seen_by=actor())
        lived = lists.lifecycle(lists.call_of(session, case))
        standing = call_standing.state_of(session, case.call_number)
        return render_template(
            "trail/course.html",
            case=case,
            state=lists.state_of(case),
            ways=[
                one for one in lived.transitions if case.state in one.sources and not bars(standing, one.by[0].level)
            ],
            barred=call_standing.closed(session, case.call_number),
            course=search.course(session, actor(), case.id, after),
            after=after,
            track=partial(track, lived),
        )


def track(lived: Lifecycle, entry: search.Entry) -> list[tuple[str, str]]:
    """The stations of a case's way, as small dots, for one step of it: (kind, label); nothing for other entries."""
    main = main_line(lived)
    if not entry.action.startswith("case.") or not entry.done or entry.to_state not in main:
        return []
    here = main.index(entry.to_state)
    back = entry.from_state in main and main.index(entry.from_state) > here
    return [
        ("here" if at == here else "passed" if at < here else "undone" if back and value == entry.from_state else "ahead",
         say(lived.state(value).label))
        for at, value in enumerate(main)
    ]  # fmt: skip


# ---- receipts --------------------------------------------------------------------------------------------------------


@bp.get("/receipt")
def receipt_of() -> Response:
    """From a receipt's number to its page."""
    with reading() as session:
        uid = search.numbered(session, actor(), request.args.get("number", "")[:120])
    return redirect(url_for(".receipt", uid=uid))


def _held(session: Any, uid: int) -> tuple[search.Whole, dict[str, Any]]:
    """An entry within reach and its receipt as it stands now."""
    whole = search.one(session, actor(), uid)
    stream, _, seq = whole.entry.number.rpartition("#")
    return whole, log.receipt(session, stream, int(seq), whole.entry.hash)


@bp.get("/<int:uid>/receipt")
def receipt(uid: int) -> str:
    with reading() as session:
        whole, held = _held(session, uid)
        where = address(whole.entry.number, whole.entry.hash)
        return render_template(
            "trail/receipt.html",
            whole=whole,
            held=held,
            answer=receipts.check(session, whole.entry.number, whole.entry.hash),
            address=where,
            qr=paper.qr_uri(where),
        )


@bp.get("/<int:uid>/receipt.json")
def receipt_json(uid: int) -> Response:
    with reading() as session:
        whole, held = _held(session, uid)
    return send_file(
        BytesIO(receipts.written(held)), "application/json", as_attachment=True, download_name=_named(whole, "json")
    )


@bp.get("/<int:uid>/receipt.pdf")
def receipt_pdf(uid: int) -> Response:
    with reading() as session:
        whole, held = _held(session, uid)
        checked = receipts.check(session, whole.entry.number, whole.entry.hash)
    made = paper.page(_page(whole.entry, held, checked))
    return send_file(BytesIO(made), "application/pdf", as_attachment=True, download_name=_named(whole, "pdf"))


def _named(whole: search.Whole, ending: str) -> str:
    plain = whole.entry.number.replace("/", "-").replace("#", "-")
    return f"{t('回执', 'receipt')}_{plain}.{ending}"


def _who(one: search.Entry) -> str:
    if by_itself(one):
        return t("系统", "The system")
    return one.who + (t("（{role}）", " ({role})", role=one.role.label) if one.role else "")


@bp.app_template_global()
def by_itself(one: search.Entry | histories.Happened) -> bool:
    """Whether nobody did it: the system, or its operator on the machine."""
    return one.who == SYSTEM.name


def _page(one: search.Entry, held: dict[str, Any], checked: receipts.Answer) -> paper.Page:
    about = f"{one.case.number}　{one.case.title}" if one.case else one.batch_number
    facts = [
        (t("事项", "What"), say(one.what) + ("" if one.done else t("（未办成）", " (not done)"))),
        (t("办理人", "Who"), _who(one)),
        (t("时间", "When"), t("{at}（北京时间）", "{at} (Beijing)", at=moment(one.at))),
        *([(t("关于", "About"), about[:160])] if about else []),
        *(
            [(t("状态", "State"), " → ".join(say(each) for each in (one.source, one.target) if each))]
            if one.target
            else []
        ),
    ]
    return paper.Page(
        title=t("办理回执", "Receipt"),
        lead=t("知识产权信息公共服务优秀案例征集", "Call for excellent cases of IP information public services"),
        facts=facts,
        number=(t("回执号", "Number"), one.number),
        hash=(t("校验码", "Hash"), one.hash),
        proved=proved(checked),
        checkpoint=(t("检查点（签名原文）", "The signed checkpoint"), held["checkpoint"] or ""),
        proof=(
            t("证明：从这一步到树根，共 {n} 行", "Proof: from this step up to the root, {n} lines", n=len(held["proof"] or ())),
            held["proof"] or (),
        ),
        address=address(one.number, one.hash),
        scan=t("扫码，或打开下面的地址，不用登录即可核对：", "Scan the code or open this address to check it, without signing in:"),
        notes=[
            t(
                "核对页只核对回执号和校验码，不显示办理内容和办理人；本页的文字由有权查看的人下载时生成。",
                "The page behind the code checks number and hash only and shows neither what was done nor who did it; "
                "the words above are those that whoever downloaded this page may read.",
            )
        ],
        language="en" if language() == "en" else "zh",
    )  # fmt: skip


@bp.app_template_global()
def proved(checked: receipts.Answer) -> str:
    """What a receipt proves so far, in one sentence."""
    if checked.checkpoint is not None:
        return t(
            "已签署：这一步是全部 {n} 条记录中的第 {i} 条；{at}（北京时间）签署的检查点涵盖了它。",
            "Signed: this step is entry {i} of {n}; the checkpoint signed at {at} (Beijing) covers it.",
            n=checked.checkpoint.size,
            i=checked.held["index"] + 1,
            at=moment(checked.checkpoint.at),
        )
    if checked.holds:
        return t(
            "检查点还没有签署，通常一分钟内会有；回执号和校验码现在就可以保存。",
            "No checkpoint has been signed yet; there usually is one within a minute. Number and hash can be kept now.",
        )
    return " ".join(say(one) for one in checked.why)


# ---- checkpoints -----------------------------------------------------------------------------------------------------

SHOWN = 200
"""Checkpoints in the lists to choose from."""


@bp.get("/checkpoints")
def checkpoints() -> str:
    """Two checkpoints, chosen or typed from paper: whether the later grew out of the earlier, and what lies between."""
    given = request.args
    with reading() as session:
        known = log.checkpoints(session, SHOWN)
        sides, problem = _two(session)
        compared = receipts.compare(session, *sides) if sides and not problem else None
        page, between = None, ""
        if compared and compared.grew and compared.between:
            between = f"{compared.old.size}-{compared.new.size}"
            page = search.page(session, actor(), search.Filters(between=between), given.get("after", "")[:20])
        return render_template(
            "trail/checkpoints.html",
            known=known,
            compared=compared,
            problem=problem,
            page=page,
            between=between,
            given=given,
            key=log.public_key(session),
            here={name: given[name] for name in ("old", "new", "pasted") if given.get(name)},
            after=given.get("after", ""),
        )


def _two(session: Any) -> tuple[tuple[receipts.Seen, receipts.Seen] | None, str]:
    """The two that the address names, and what is wrong with them."""
    given = request.args
    if not given.get("old") and not given.get("pasted", "").strip():
        return None, ""
    later = log.of_size(session, number(given.get("new")) or 0) or log.newest(session)
    if later is None:
        return None, t("还没有签署过检查点。", "No checkpoint has been signed yet.")
    pasted = given.get("pasted", "")[:2000]
    if not pasted.strip():
        earlier = log.of_size(session, number(given.get("old")) or 0)
        if earlier is None:
            return None, t("没有这个检查点，请从列表里选。", "There is no such checkpoint; choose one from the list.")
        return (receipts.of(earlier), receipts.of(later)), ""
    try:
        seen = receipts.seen(session, pasted)
    except notes.WrongNote:
        return None, t(
            "粘贴的检查点不是本系统签署的，或者抄写时有改动。请对照原文再粘贴一次。",
            "What was pasted was not signed by this system, or was changed in copying. Compare it and paste it again.",
        )
    if seen is None:
        return None, t(
            "读不出检查点。请粘贴签名原文，或“条数:树根”，如 1234:3f9a…（64 位）。",
            "No checkpoint to be read. Paste the signed text, or SIZE:ROOT such as 1234:3f9a… (64 digits).",
        )
    return (seen, receipts.of(later)), ""
