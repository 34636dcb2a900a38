"""Refusals as programs read them: RFC 9457 problem details, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Flask, current_app, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from web import broken, errors
from web.again import ProofNeeded
from web.api.plain import written
from web.request import LANGUAGES, of_api, received, speaking
from workflow import downloads
from workflow.engine import CannotServe, NoSuchTransition, Text
from workflow.identity import throttle, tokens
from workflow.operation import logs
from workflow.store import files, living

TYPE = "application/problem+json"

CODES: Mapping[str, Text] = {
    "not-let-in": Text("没有令牌，或令牌不能用", "No token, or one that opens nothing"),
    "not-permitted": Text("属于其他职责", "Another role's"),
    "scope-missing": Text("令牌没有这项权限", "The token was not made for this"),
    "proof-needed": Text("须再次确认身份", "Asks once more who you are"),
    "not-found": Text("没有，或不在职责范围内", "Not there, or out of reach"),
    "wrong-method": Text("这个地址不接受这种请求", "The address takes no such request"),
    "overtaken": Text("他人已先办理", "Somebody else was faster"),
    "unmarked": Text("没有写明看到的是哪一稿", "It does not say what was looked at"),
    "no-such-step": Text("现在的状态没有这个步骤", "No such step from where it stands"),
    "conflict": Text("情况已有变化", "Things have changed"),
    "gone": Text("已经删除", "Erased"),
    "wrong-request": Text("请求有误", "The request is wrong"),
    "wrong-body": Text("请求内容不合格", "The body of the request is wrong"),
    "other-request": Text("键已用于另一个请求", "The key belongs to another request"),
    "refused": Text("不符合要求，未办成", "Refused by rules"),
    "too-large": Text("请求太大", "The request is too large"),
    "too-many": Text("请求太多", "Too many requests"),
    "our-mistake": Text("系统出了问题", "Something went wrong here"),
    "unavailable": Text("暂时不能服务", "Cannot serve for the moment"),
}
"""The last part of a problem's type → what it means. A code is never renamed."""

_OF_STATUS = {
    400: "wrong-request",
    401: "not-let-in",
    403: "not-permitted",
    404: "not-found",
    405: "wrong-method",
    409: "conflict",
    410: "gone",
    413: "too-large",
    415: "wrong-body",
    422: "wrong-body",
    429: "too-many",
    500: "our-mistake",
    503: "unavailable",
}


LOOKS: set[str] = set()
"""Endpoints that only look, some by POST: what they cannot serve is nothing that happened to a case."""


class WrongQuery(CannotServe):
    """What stands behind the address does not have the form that is declared (400)."""


class WrongBody(CannotServe):
    """What was sent does not have the form that is declared (422)."""


def _code_of(error: CannotServe) -> str:
    """Its own code, where it says more than its status."""
    kinds: tuple[tuple[type[CannotServe], str], ...] = (
        (tokens.ScopeMissing, "scope-missing"),
        (ProofNeeded, "proof-needed"),
        (tokens.OtherRequest, "other-request"),
        (living.Overtaken, "overtaken"),
        (living.Unmarked, "unmarked"),
        (NoSuchTransition, "no-such-step"),
    )
    return next((code for kind, code in kinds if isinstance(error, kind)), "")


def problem(status: int, said: Text, code: str = "", **more: Any) -> Response:
    """A refusal. `more`: further members, such as the findings of an attempt."""
    code = code or _OF_STATUS.get(status, "wrong-request")
    told = {
        "type": f"/api#{code}",
        "title": CODES[code].zh,
        "title_en": CODES[code].en,
        "status": int(status),
        "detail": said.zh,
        "detail_en": said.en,
        "request": logs.request_id.get(),
    }
    answer = Response(written(told | more), int(status), mimetype=TYPE)
    if status == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="zhengji"'
    return answer


def answer_on(bp: Blueprint) -> None:
    """Answer programs in their own way."""
    bp.register_error_handler(CannotServe, _cannot_serve)
    bp.register_error_handler(throttle.LockedOut, _locked_out)
    bp.register_error_handler(files.Absent, _lost)
    bp.register_error_handler(files.Damaged, _lost)
    bp.register_error_handler(HTTPException, http)
    bp.register_error_handler(Exception, _ours)


def install(app: Flask) -> None:
    """The same at addresses that there are not."""
    for code in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        app.register_error_handler(code, lambda error: http(error) if of_api() else errors.http(error))


def _cannot_serve(error: CannotServe) -> Response:
    if isinstance(error, WrongBody):
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, error.message)
    if isinstance(error, WrongQuery):
        return problem(HTTPStatus.BAD_REQUEST, error.message)
    status = errors.noted(error, with_case=request.endpoint not in LOOKS)
    return problem(status, error.message, _code_of(error))


def _lost(found: files.Absent | files.Damaged) -> Response:
    return _cannot_serve(downloads.Lost(found))


def _locked_out(error: throttle.LockedOut) -> Response:
    answer = problem(HTTPStatus.TOO_MANY_REQUESTS, error.message)
    answer.headers["Retry-After"] = str(max(1, int((error.until - received()).total_seconds())))
    return answer


_OF_HTTP = {
    404: Text(
        "没有这个地址。全部地址见 /api/v1/openapi.json。", "There is no such address; /api/v1/openapi.json lists them."
    ),
    405: Text("这个地址不接受这种请求方法。", "This address takes no such method."),
    413: Text("请求内容超过 1 MiB，没有接收。", "The body is larger than 1 MiB and was not taken."),
    415: Text("请求内容须是 JSON（application/json）。", "The body must be JSON (application/json)."),
    429: Text("一分钟内的请求太多，请稍后再试。", "Too many requests within a minute; try again later."),
}


def http(error: HTTPException) -> Response:
    code = error.code or 500
    wrong = Text("请求不完整或不合格，没有办理。", "The request was incomplete or wrong; nothing was done.")
    answer = problem(code, _OF_HTTP.get(code, wrong))
    if code == HTTPStatus.TOO_MANY_REQUESTS:
        answer.headers["Retry-After"] = "60"
    for name, value in error.get_headers():
        if name == "Allow":
            answer.headers[name] = value
    return answer


def _ours(error: Exception) -> Response:
    current_app.logger.exception("unhandled", exc_info=error)
    told = [_told(error, one) for one in LANGUAGES]
    zh, en = told
    if zh is None or en is None:
        return problem(
            500,
            Text(
                f"没有办理，也没有改动任何内容。请把这个编号告知管理员：{logs.request_id.get()}",
                f"Nothing was done. Tell the administrator this number: {logs.request_id.get()}",
            ),
        )
    # What is on record although its answer got lost is answered when the same request is sent again under its key.
    status = zh.status if zh.status >= HTTPStatus.BAD_REQUEST else HTTPStatus.SERVICE_UNAVAILABLE
    answer = problem(status, Text(zh.message, en.message))
    if zh.again_in:
        answer.headers["Retry-After"] = str(zh.again_in)
    return answer


def _told(error: Exception, language: str) -> broken.Told | None:
    with speaking(language):
        return broken.told(error)
