"""The OpenAPI 3.1 document, made from what is declared, and the page on which people read it."""

from __future__ import annotations

import re

from flask import Blueprint, Response, current_app, render_template, url_for

from web.again import ASKS, PROOF
from web.api.gate import KEY, OPERATIONS, PER_PERSON, REPLAYED, Operation, bp
from web.api.plain import Plain, written
from web.api.problems import CODES, TYPE
from web.request import settings
from workflow.engine import Text
from workflow.identity import tokens
from workflow.identity.scopes import Scope

guide = Blueprint("api_guide", __name__, url_prefix="/api")

NOUNS = {
    "calls": Text("征集通知", "Calls"),
    "cases": Text("案例", "Cases"),
    "bulk": Text("批量办理", "Many at once"),
    "batches": Text("汇总报送", "Batches"),
    "receipts": Text("回执", "Receipts"),
    "jobs": Text("后台任务", "Background jobs"),
}

_ABOUT = (
    "知识产权信息公共服务优秀案例征集的接口：页面上能看的、能办的，程序用同样的规则看和办。"
    "The same verbs and rules as the screens, for programs. Words come in Chinese and English."
)


@bp.get("/openapi.json")
def openapi() -> Response:
    """For everybody: it says nothing that the source does not."""
    if "zhengji_openapi" not in current_app.extensions:
        current_app.extensions["zhengji_openapi"] = written(document())
    return Response(current_app.extensions["zhengji_openapi"], mimetype="application/json")


@guide.get("")
def show() -> str:
    """How programs ask, and all that they can ask, for people."""
    nouns = [(NOUNS[noun], [one for one in OPERATIONS.values() if one.noun == noun]) for noun in NOUNS]
    return render_template(
        "api/show.html",
        nouns=[(label, many) for label, many in nouns if many],
        codes=CODES,
        scopes=tuple(Scope),
        remembered=tokens.REMEMBERED.days,
        most=PER_PERSON.partition(" ")[0],
        proof=PROOF,
        key=KEY,
        grave=_grave,
        shown_path=_path,
        document=url_for("api.openapi"),
        site=settings().base_url.rstrip("/"),
    )


def document() -> Plain:
    """All of it. Shapes are read here alone, so that a process that nobody asks keeps none."""
    from web.api.shapes import SENT, SHAPES

    paths: dict[str, Plain] = {}
    for one in OPERATIONS.values():
        paths.setdefault(f"/api/v1{_path(one)}", {})[one.method.lower()] = _described(one)
    return {
        "openapi": "3.1.0",
        "info": {"title": "征集 Zhengji", "version": "1", "description": _ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": f"{words.zh} {words.en}"} for name, words in NOUNS.items()],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {**SHAPES, **SENT},
        },
    }


_PLACE = re.compile(r"<(?:(\w+):)?(\w+)>")


def _path(one: Operation) -> str:
    """/cases/<int:case_id> as OpenAPI writes it: /cases/{case_id}."""
    return _PLACE.sub(r"{\2}", one.path)


def _described(one: Operation) -> Plain:
    made: Plain = {
        "operationId": one.name,
        "tags": [one.noun],
        "summary": one.words.zh,
        "description": one.words.en + (f" Scope: {one.scope}." if one.scope else ""),
        "parameters": [*_places(one), *_query(one), *_headers(one)],
        "responses": _responses(one),
    }
    if one.takes:
        shape = {"$ref": f"#/components/schemas/{one.takes}"}
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": shape}}}
    return made


def _places(one: Operation) -> list[Plain]:
    number = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": number if kind == "int" else {"type": "string", "minLength": 1, "maxLength": 80},
        }
        for kind, name in _PLACE.findall(one.path)
    ]


def _query(one: Operation) -> list[Plain]:
    return [{"name": name, "in": "query", "schema": schema} for name, schema in one.query.items()]


def _headers(one: Operation) -> list[Plain]:
    key = {"type": "string", "pattern": "^[A-Za-z0-9-]{1,40}$"}
    found: list[Plain] = []
    if one.writes:
        found.append({"name": KEY, "in": "header", "required": True, "schema": key})
    if _grave(one):
        found.append({"name": PROOF, "in": "header", "schema": {"type": "string", "maxLength": 200}})
    return found


def _grave(one: Operation) -> bool:
    """Whether some of its steps ask once more who one is."""
    return f"api.{one.name}" in ASKS


def _responses(one: Operation) -> Plain:
    good: Plain = {"schema": {"$ref": f"#/components/schemas/{one.gives}"}}
    told = {TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    codes = {"401": "not-let-in", "403": "not-permitted", "404": "not-found", "405": "wrong-method", "410": "gone"}
    codes |= {"429": "too-many", "500": "our-mistake"}
    if one.takes or one.writes:
        codes |= {"409": "conflict", "413": "too-large", "415": "wrong-body", "422": "wrong-body"}
    codes |= {"400": "wrong-request", "503": "unavailable"}
    made: Plain = {
        "200": {"description": "OK", "content": {"application/json": good}},
        **{code: {"description": CODES[name].en, "content": told} for code, name in sorted(codes.items())},
    }
    for code in ("429", "503"):
        made[code]["headers"] = {"Retry-After": _RETRY_AFTER}
    for code in ("200", "422") if one.writes else ():
        made[code]["headers"] = {REPLAYED: _REPLAYED}
    return made


_RETRY_AFTER: Plain = {
    "description": "Seconds after which to send the same again, where that is known",
    "schema": {"type": "integer", "minimum": 1},
}
_REPLAYED: Plain = {
    "description": "There when this is the answer that the same request got before",
    "schema": {"type": "string", "enum": ["true"]},
}
