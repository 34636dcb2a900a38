"""Where programs come in: whose token, for what it was made, what a body must be, and that the same twice is once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar

from flask import Blueprint, abort, request
from flask_login import current_user
from werkzeug.wrappers import Response

from web import again, receipts
from web.api import problems
from web.api.plain import Plain, written
from web.api.problems import WrongBody, WrongQuery, problem
from web.request import LARGEST, actor, form_key, number, reading, received, transaction
from workflow import characters
from workflow.engine import Text
from workflow.identity import tokens
from workflow.identity.scopes import Scope

bp = Blueprint("api", __name__, url_prefix="/api/v1")
problems.answer_on(bp)

PER_PERSON = "600 per minute"
"""Counted by each web process for itself: N of them let pass N times as many at most."""
receipts.limiter.shared_limit(lambda: PER_PERSON, "api", key_func=lambda: f"api/{actor().id}")(bp)

KEY = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"


@dataclass(frozen=True)
class Refused:
    """An outcome that is on record and yet a refusal: its status, its words and what else to say."""

    said: Text
    more: Plain = field(default_factory=dict)
    status: int = 422
    code: str = "refused"


View = Callable[..., Plain | Refused]
V = TypeVar("V", bound=View)


@dataclass(frozen=True)
class Operation:
    """One thing that a program can ask. `takes`, `gives`: shapes of the bodies (web/api/shapes.py), "" for none.

    `query`: what the address may say besides → its schema. `writes`: whether anything comes of it, so that it needs a
    key. `scope` None: open to everybody.
    """

    method: str
    path: str
    name: str
    words: Text
    scope: Scope | None
    takes: str
    gives: str
    query: Mapping[str, Plain]
    writes: bool

    @property
    def noun(self) -> str:
        return self.path.split("/")[1]


OPERATIONS: dict[str, Operation] = {}
"""Everything that can be asked, by name: what routes, the OpenAPI document and the page for people are made from."""


def operation(
    method: str,
    path: str,
    zh: str,
    en: str,
    *,
    scope: Scope | None = Scope.READ,
    takes: str = "",
    gives: str,
    query: Mapping[str, Plain] | None = None,
    writes: bool = False,
    first: Callable[..., None] | None = None,
) -> Callable[[V], V]:
    """Make a function an operation of the API, under its own name.

    It is given `session`, the parts of the path, and `given` where it takes a body; `first` is called before the
    transaction opens, with the same.
    """

    def enter(view: V) -> V:
        name = view.__name__
        one = Operation(method, path, name, Text(zh, en), scope, takes, gives, query or {}, writes)
        OPERATIONS[name] = one
        if not writes:
            problems.LOOKS.add(f"{bp.name}.{name}")
        bp.add_url_rule(path, name, _served(one, view, first), methods=[method])
        return view

    return enter


def _served(one: Operation, view: View, first: Callable[..., None] | None) -> Callable[..., Response]:
    @wraps(view)
    def serve(**asked: Any) -> Response:
        if one.scope is not None:
            tokens.check(current_user.scopes, one.scope)
        _check_query(one.query)
        if one.takes:
            asked["given"] = _body(one.takes)
        if one.writes:
            return _once(one, view, first, asked)
        if first is not None:
            first(**asked)
        with reading() as session:
            return _answer(view(session=session, **asked))

    return serve


def _answer(made: Plain | Refused) -> Response:
    if isinstance(made, Refused):
        return problem(made.status, made.said, made.code, **made.more)
    return Response(written(made), mimetype="application/json")


def _once(one: Operation, view: View, first: Callable[..., None] | None, asked: dict[str, Any]) -> Response:
    """Do what is asked in one transaction, or give the answer that the same request got before.

    That is looked for before anything is asked or spent: a proof can be a code, which is taken once.
    """
    if not form_key():
        raise _no_key()
    key, person = request.headers[KEY], actor().id
    whole = b"\0".join((one.method.encode(), request.full_path.encode(), request.get_data()))
    with reading() as session:
        earlier = tokens.answered(session, person, key, whole, at=received())
    if earlier is not None:
        return _replayed(earlier)
    again.ask_program()
    if first is not None:
        first(**asked)
    with transaction() as session:
        earlier = tokens.earlier(session, person, key, whole, at=received())
        if earlier is not None:
            return _replayed(earlier)
        answer = _answer(view(session=session, **asked))
        tokens.remember(session, person, key, tokens.Answered(answer.status_code, answer.get_data(as_text=True)))
    return answer


def _replayed(earlier: tokens.Answered) -> Response:
    answer = Response(earlier.answer, earlier.status)
    answer.mimetype = "application/json" if earlier.status < 400 else problems.TYPE
    answer.headers[REPLAYED] = "true"
    return answer


def _no_key() -> WrongBody:
    return WrongBody(
        Text(
            f"请求头 {KEY} 没有写，或不合格（1 至 40 个字母、数字、连字符）。每件事用一个新的键，重发时用原来的键。",
            f"The header {KEY} is missing or wrong (1 to 40 letters, digits, hyphens). Use a new key for each thing to "
            "be done, and the same key when you send it again.",
        )
    )


# ---- addresses -------------------------------------------------------------------------------------------------------


def _check_query(declared: Mapping[str, Plain]) -> None:
    """Hold what stands behind the address against what is declared; what nobody declared changes nothing.

    Raises WrongQuery.
    """
    for name, schema in declared.items():
        for value in request.args.getlist(name):
            if not _fits(value, schema):
                wrong = Text("地址里的 {name} 不合格，请看接口说明。", "{name} in the address is not as declared.")
                raise WrongQuery(wrong.fill(name=name))


def _fits(value: str, schema: Plain) -> bool:
    if schema["type"] == "integer":
        sent = number(value)
        return sent is not None and schema["minimum"] <= sent <= schema.get("maximum", LARGEST)
    return len(value) <= schema.get("maxLength", len(value)) and value in schema.get("enum", [value])


# ---- bodies ----------------------------------------------------------------------------------------------------------


def _body(shape: str) -> Plain:
    """What was sent, of the form that is declared. Raises WrongBody, Unholdable."""
    if not request.is_json:
        abort(415)
    from web.api import checked  # with a library and all shapes, which most processes never need

    given = checked.parsed(request.get_data())
    told = checked.problem(shape, given)
    if told:
        raise WrongBody(Text(f"请求内容不合格：{told.zh}。", f"The body is wrong: {told.en}."))
    _check_holdable(given)
    return given or {}


def _check_holdable(value: Any) -> None:
    if isinstance(value, str):
        characters.check(value)
    elif isinstance(value, dict):
        for name, one in value.items():
            _check_holdable(name)
            _check_holdable(one)
    elif isinstance(value, list):
        for one in value:
            _check_holdable(one)
