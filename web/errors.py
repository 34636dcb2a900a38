"""What cannot be served: each situation has its status, its sentence, and what to do next."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from http import HTTPStatus

from flask import Flask, current_app, render_template, request
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from web import broken
from web.again import ProofNeeded
from web.request import actor, installed, now, received, transaction
from web.words import moment, say, t
from workflow import batches, cases, downloads
from workflow.clock import BEIJING
from workflow.documents.limits import MIB, REQUEST
from workflow.documents.problems import Unreadable
from workflow.engine import (
    CannotServe,
    NoLonger,
    NoSuchThing,
    NotKnown,
    NotPermitted,
    OurLoss,
    Text,
    TooOften,
    WrongInput,
)
from workflow.identity import people, throttle, tokens
from workflow.incoming import reception
from workflow.operation import logs
from workflow.store import files

STATUS: dict[type[CannotServe], HTTPStatus] = {
    NoSuchThing: HTTPStatus.NOT_FOUND,
    WrongInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotPermitted: HTTPStatus.FORBIDDEN,
    ProofNeeded: HTTPStatus.FORBIDDEN,
    NotKnown: HTTPStatus.UNAUTHORIZED,
    TooOften: HTTPStatus.TOO_MANY_REQUESTS,
    NoLonger: HTTPStatus.GONE,
    OurLoss: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""Kind of situation → status; one of no kind is a conflict (409)."""

TOO_LARGE = Text(
    "上传的内容超过 {size} MB，没有接收。",
    "What was uploaded is larger than {size} MB and was not taken.",
)

PUBLIC_PAGES = ("public", "public_en")
"""Whose frame is their own."""
Page = tuple[str, int]
PageAndHeaders = tuple[str, int, dict[str, str]]

_OURS = frozenset(
    {"csrf_token", "form_key", "mark", "ticket", "next", "login", "password", "present", "wanted", "wanted_again"}
    | {"again", "again_passkey", "again_login", "key_password", "passkey", "code", "token", "who"}
)
_SENTENCES = ("remark", "reason", "words", "note")


def _worth_keeping(name: str, value: str) -> bool:
    """Whether somebody wrote this and would have to write it again: it is shown once more, so that nothing is lost."""
    return name not in _OURS and bool(value.strip()) and (name in _SENTENCES or len(value) >= 20)


def install(app: Flask) -> None:
    """Give every refusal its page."""
    app.register_error_handler(CannotServe, _cannot_serve)
    app.register_error_handler(files.Absent, _lost)
    app.register_error_handler(files.Damaged, _lost)
    app.register_error_handler(Unreadable, _unreadable)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(throttle.LockedOut, _locked_out)
    app.register_error_handler(HTTPException, http)
    app.register_error_handler(Exception, _ours)


def status_of(error: CannotServe) -> HTTPStatus:
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), HTTPStatus.CONFLICT)


def page(status: HTTPStatus, title: str, message: str, advice: str = "", *, back: str = "") -> Page:
    """A page in the usual frame. `advice`: what to do next. `back`: where a link leads."""
    kept = status is not HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    typed = [value for name, value in request.form.items(multi=True) if _worth_keeping(name, value)] if kept else []
    template = "public/error.html" if request.blueprint in PUBLIC_PAGES else "error.html"
    shown = render_template(
        template, status=int(status), title=title, message=message, advice=advice, back=back, typed=typed
    )
    return shown, int(status)


def on_record(said: Text) -> None:
    """Record, where a form about a case or a batch could not be served, what its sender was told."""
    view = request.view_args or {}
    if request.method != "POST" or not current_user.is_authenticated:
        return
    if isinstance(case_id := view.get("case_id"), int):
        with suppress(cases.NoSuchCase), transaction() as session:
            cases.turned_away(session, case_id, said, actor=actor(), at=now())
    elif isinstance(batch_id := view.get("batch_id"), int):
        with suppress(batches.NoSuchBatch), transaction() as session:
            batches.turned_away(session, batch_id, said, actor=actor(), at=now())


TITLES = {
    HTTPStatus.UNAUTHORIZED: Text("没有认出您", "Not let in"),
    HTTPStatus.NOT_FOUND: Text("找不到", "Not found"),
    HTTPStatus.FORBIDDEN: Text("不在您的职责内", "Not among your duties"),
    HTTPStatus.TOO_MANY_REQUESTS: Text("请稍后再试", "Please wait"),
    HTTPStatus.GONE: Text("已经删除", "Erased"),
    HTTPStatus.CONFLICT: Text("情况已有变化", "Things have changed"),
    HTTPStatus.UNPROCESSABLE_ENTITY: Text("还差一步", "Something is missing"),
    HTTPStatus.INTERNAL_SERVER_ERROR: Text("系统出了问题", "Something went wrong here"),
}


def noted(error: CannotServe, *, with_case: bool = True) -> HTTPStatus:
    """The status of what cannot be served, put on record where it concerns somebody's work.

    `with_case`: whether it was to be done with a case or a batch, so that it stands in its history. That a program's
    token is not made for something, or brings no proof, is no knock at a door of others.
    """
    status = status_of(error)
    if isinstance(error, downloads.Lost):
        downloads.on_record(installed().database, error, actor=actor(), at=now())
    if with_case and status in (HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY):
        on_record(error.message)
    own = isinstance(error, tokens.ScopeMissing | ProofNeeded)
    if status is HTTPStatus.FORBIDDEN and current_user.is_authenticated and not own:
        with transaction() as session:
            people.knocked(session, request.path, error.message, actor=actor(), at=now())
    return status


def _cannot_serve(error: CannotServe) -> Page:
    status = noted(error)
    return page(status, say(TITLES[status]), say(error.message), back=_case_page())


def _lost(problem: files.Absent | files.Damaged) -> Page:
    """A file of which only its digest is known here."""
    return _cannot_serve(downloads.Lost(problem))


def _case_page() -> str:
    """The page of the case that the request was about, to look at it again."""
    case_id = (request.view_args or {}).get("case_id")
    return f"/cases/{case_id}" if isinstance(case_id, int) else ""


def _unreadable(error: Unreadable) -> Page:
    if not isinstance(error, reception.Refused):
        on_record(error.problem.text)
    return page(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        t("这个文件读不了", "This file cannot be read"),
        say(error.problem.text),
        t(
            "案例没有变化。请换一个文件再上传。",
            "The case is unchanged. Choose another file and upload it.",
        ),
        back=_case_page(),
    )


def _stale_form(_error: CSRFError) -> Page:
    return page(
        HTTPStatus.BAD_REQUEST,
        t("页面打开得太久了", "This page was open for too long"),
        t("为了安全，这次提交没有办理。", "For safety, what you sent was not carried out."),
        t("请返回上一页，刷新后再提交。", "Go back, reload the page and send it again."),
    )


def _locked_out(error: throttle.LockedOut) -> Page:
    until = error.until.astimezone(BEIJING) + timedelta(minutes=1)
    today = until.date() == received().astimezone(BEIJING).date()
    return page(
        HTTPStatus.TOO_MANY_REQUESTS,
        t("尝试次数太多", "Too many attempts"),
        say(error.message),
        t(
            "请在北京时间 {until} 之后再试；忘记密码请联系管理员重设。",
            "Try again after {until} Beijing time, or ask the administrator for a new password.",
            until=f"{until:%H:%M}" if today else moment(until),
        ),
    )


def _ways_on() -> str:
    """Where to go from an address that leads nowhere: only those who are signed in have a menu."""
    if current_user.is_authenticated:
        return t("请从上方菜单进入。", "Use the menu above.")
    return t("可以登录，或浏览公开案例。", "Sign in, or read the published cases.")


def http(error: HTTPException) -> Page:
    """The page of a request that no screen of ours makes."""
    code = error.code or 500
    if code == HTTPStatus.NOT_FOUND:
        return page(
            HTTPStatus.NOT_FOUND,
            t("没有这个页面", "There is no such page"),
            t("地址可能写错了，或者页面已经移走。", "The address may be wrong, or the page has moved."),
            _ways_on(),
        )
    if code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        said = TOO_LARGE.fill(size=(request.max_content_length or REQUEST) // MIB)
        on_record(said)
        return page(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            t("文件太大", "The file is too large"),
            say(said),
            t(
                "请压缩图片或分开上传；Word 文件可用“压缩图片”功能变小。",
                "Compress its pictures, or upload files one by one.",
            ),
            back=_case_page(),
        )
    if code == HTTPStatus.METHOD_NOT_ALLOWED:
        return page(
            HTTPStatus.METHOD_NOT_ALLOWED,
            t("不能这样打开", "It cannot be opened like this"),
            t("这个地址只接受表单提交。", "This address only takes forms."),
            _ways_on(),
        )
    return page(
        HTTPStatus(code) if code in HTTPStatus._value2member_map_ else HTTPStatus.BAD_REQUEST,
        t("请求有误", "The request is wrong"),
        t("浏览器发来的内容不完整或不合格，没有办理。", "What the browser sent was incomplete, so nothing was done."),
        t("请返回上一页重试。", "Go back and try again."),
    )


def _ours(error: Exception) -> Page | PageAndHeaders:
    current_app.logger.exception("unhandled", exc_info=error)
    told = broken.told(error)
    if told is not None:
        later = {"Retry-After": str(told.again_in)} if told.again_in else {}
        return *page(told.status, told.title, told.message, told.advice, back=told.back), later
    return page(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        t("系统出了问题", "Something went wrong here"),
        t(
            "这次操作没有办理，也没有改动任何内容。问题已记入日志。",
            "Nothing was done and nothing was changed. The problem is in the log.",
        ),
        t(
            "请稍后再试；如果仍不行，请把这个编号告知管理员：{number}",
            "Try again later, or tell the administrator this number: {number}",
            number=logs.request_id.get(),
        ),
    )
