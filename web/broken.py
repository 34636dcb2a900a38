"""What is said when the database or the disk fails: whether the form took effect all the same, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from flask import g, request

from web.request import form_key, reading
from web.words import say, t
from workflow.engine import Outcome, Receipt
from workflow.store import living, trail
from workflow.store.trouble import Trouble, trouble


@dataclass(frozen=True)
class Told:
    """A page's worth of words. `again_in`: seconds after which trying again makes sense, 0 where time does not help."""

    status: HTTPStatus
    title: str
    message: str
    advice: str = ""
    back: str = ""
    again_in: int = 0


SOON, LATER = 5, 60
"""Seconds: until others have done what they are at; until a database is back."""


def told(error: Exception) -> Told | None:
    """What to say about an error; None for a mistake of ours that came to nothing.

    Where an answer got lost, nobody knows whether the form took effect. That is settled by looking up its key in the
    trail, never by doing it again.
    """
    kind = trouble(error)
    try:
        found = _recorded()
    except Exception as again:
        if trouble(again) is None:
            raise
        g.without_database = True
        return _away(certain=request.method != "POST")
    if found or kind is None:
        return found
    return _WORDS[kind]()


def without_database() -> bool:
    """Whether this page is shown without anything that the database would have to tell."""
    return bool(g.get("without_database"))


def _recorded() -> Told | None:
    """What the form came to, if it came to anything; the database is asked in any case, which shows whether it is there."""
    with reading() as session:
        receipts = trail.by_form(session, form_key())
    if not receipts:
        return None
    listed = "；".join(f"{one.number} · {one.hash[:10]}（{say(Outcome.of(word).label)}）" for one, word in receipts)
    return Told(
        HTTPStatus.OK,
        t("已经记录在案", "It is on record"),
        t(
            "答复在途中断了，但您提交的内容已经处理，不必重做。回执：{receipts}",
            "The answer got lost on its way, but what you sent was dealt with; do not do it again. Receipts: {receipts}",
            receipts=listed,
        ),
        back=next((f"/{place}" for place in map(_place, receipts) if place), ""),
    )


def _place(receipt: tuple[Receipt, str]) -> str:
    """Where the case is shown that a receipt is about; "" where it is about none."""
    kind, _, number = receipt[0].stream.partition("/")
    return f"cases/{number.partition('/')[0]}" if kind == "case" else ""


def _interrupted() -> Told:
    if request.method != "POST":
        return _away(certain=True)
    return Told(
        HTTPStatus.SERVICE_UNAVAILABLE,
        t("数据库刚才中断", "The database was interrupted"),
        t(
            "没有查到这次提交的记录，应当没有办成。",
            "There is no record of what you sent; it most likely had no effect.",
        ),
        t(
            "请返回上一页，把同一张表再提交一次；万一已经办成，也不会办两次。",
            "Go back and send the same form again; should it have taken effect, it will not do so twice.",
        ),
        again_in=SOON,
    )


def _away(*, certain: bool) -> Told:
    if certain:
        return Told(
            HTTPStatus.SERVICE_UNAVAILABLE,
            t("暂时连不上数据库", "The database cannot be reached"),
            t("现在看不到内容；已经办理的都还在。", "Nothing can be shown now; whatever was done is still there."),
            t("请过几分钟再打开。", "Open the page again in a few minutes."),
            again_in=LATER,
        )
    return Told(
        HTTPStatus.SERVICE_UNAVAILABLE,
        t("暂时连不上数据库", "The database cannot be reached"),
        t("现在不能确定刚才的提交是否办成。", "Whether what you sent took effect cannot be told now."),
        t(
            "请过几分钟返回上一页，把同一张表再提交一次：办成了的会给出原来的回执，不会办两次。",
            "In a few minutes, go back and send the same form again: what took effect gives the same receipt, and nothing"
            " is done twice.",
        ),
        again_in=LATER,
    )


def _store_away() -> Told:
    title = t("文件库没有应答", "The document store does not answer")
    if request.method != "POST":
        return Told(
            HTTPStatus.SERVICE_UNAVAILABLE,
            title,
            t("这个文件现在取不出来，文件没有丢。", "This file cannot be fetched now; it is not lost."),
            t("请过几分钟再打开；其他页面不受影响。", "Open it again in a few minutes; other pages are unharmed."),
        )
    return Told(
        HTTPStatus.SERVICE_UNAVAILABLE,
        title,
        t(
            "文件没有存下来，所以这次提交没有办理，案例没有变化。",
            "The file could not be kept, so what you sent was not done; the case is unchanged.",
        ),
        t(
            "请过几分钟返回上一页，重新选择文件再提交一次。如果一直这样，请告知管理员。",
            "In a few minutes, go back, choose the file again and send it once more. Should this go on, tell the"
            " administrator.",
        ),
    )


def _full() -> Told:
    return Told(
        HTTPStatus.INSUFFICIENT_STORAGE,
        t("存储空间已满", "There is no room left"),
        t(
            "没有地方写下这次办理的记录，所以没有办理，内容没有变化。查看不受影响。",
            "There was no room to record what you did, so it was not done and nothing changed. Reading goes on.",
        ),
        t(
            "请告知管理员腾出空间，然后返回上一页再提交一次。",
            "Ask the administrator to make room, then go back and send it again.",
        ),
    )


def _clash() -> Told:
    return Told(
        HTTPStatus.CONFLICT,
        t("情况已有变化", "Things have changed"),
        say(living.FASTER),
    )


def _busy() -> Told:
    about_a_case = "case_id" in (request.view_args or {})
    return Told(
        HTTPStatus.SERVICE_UNAVAILABLE,
        t("别人正在办理", "Others are working on this"),
        t(
            "别人正在办理这个案例，一时没有轮到您。您的操作没有办理，内容没有变化。",
            "Others are working on this case, and your turn did not come. Nothing was done and nothing changed.",
        )
        if about_a_case
        else t(
            "现在办理的人多，一时没有轮到您。您的操作没有办理，内容没有变化。",
            "Many are at work just now, and your turn did not come. Nothing was done and nothing changed.",
        ),
        _again_soon(),
        again_in=SOON,
    )


def _slow() -> Told:
    return Told(
        HTTPStatus.SERVICE_UNAVAILABLE,
        t("用时太长，已经停下", "It took too long and was stopped"),
        t(
            "数据库在规定时间内没有答复。您的操作没有办理，内容没有变化。",
            "The database did not answer within the time allowed. Nothing was done and nothing changed.",
        ),
        _again_soon(),
        again_in=SOON,
    )


def _again_soon() -> str:
    if request.method != "POST":
        return t("请过几秒再打开。", "Open the page again in a few seconds.")
    return t(
        "请过几秒返回上一页，把同一张表再提交一次，不会办两次。",
        "In a few seconds, go back and send the same form again; nothing is done twice.",
    )


_WORDS = {
    Trouble.AWAY: _interrupted,
    Trouble.STORE: _store_away,
    Trouble.FULL: _full,
    Trouble.CLASH: _clash,
    Trouble.BUSY: _busy,
    Trouble.SLOW: _slow,
}
