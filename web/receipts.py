"""Checking a receipt without signing in, and what it takes to check the whole log oneself."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urljoin

from flask import Blueprint, Response, abort, jsonify, render_template, request, url_for
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from werkzeug.exceptions import TooManyRequests

from web.errors import page
from web.request import number, reading, settings
from web.words import t
from workflow.audit import log, receipts

bp = Blueprint("receipts", __name__, url_prefix="/receipts")
limiter = Limiter(get_remote_address, headers_enabled=False, storage_uri="memory://")
PER_ADDRESS = "120 per minute"
"""Counted by each web process for itself: N of them let pass N times as many at most."""
limiter.limit(lambda: PER_ADDRESS)(bp)


@bp.errorhandler(TooManyRequests)
def too_many(_error: TooManyRequests) -> tuple[str, int]:
    return page(
        HTTPStatus.TOO_MANY_REQUESTS,
        t("核对得太快了", "Too many checks"),
        t("这台电脑一分钟内核对的次数太多。", "This computer checked too often within one minute."),
        t("请过一分钟再试；回执不会过期。", "Try again in a minute; a receipt does not expire."),
    )


@bp.get("")
def index() -> str:
    """The page; with `number` and `hash` (as the QR code has them) a receipt is checked, with `size` and `root` a state."""
    given = request.args
    with reading() as session:
        answer = state = None
        if "number" in given or "hash" in given:
            answer = receipts.check(session, given.get("number", ""), given.get("hash", ""))
        elif "size" in given:
            seen = receipts.seen(session, f"{given['size'][:20]} · {given.get('root', '')[:100]}")
            state = (seen, seen is not None and receipts.stands(session, seen))
        return _page(session, answer, state=state)


@bp.post("")
def check() -> tuple[str, int] | str:
    """A receipt's JSON, uploaded or pasted."""
    given = request.files.get("file")
    data = given.read(receipts.LONGEST + 1) if given and given.filename else b""
    text = data.decode("utf-8-sig", "replace") if data else request.form.get("text", "")
    with reading() as session:
        return _page(session, receipts.check_file(session, text), typed="" if data else text[: receipts.LONGEST])


def _page(session: Any, answer: receipts.Answer | None, *, state: Any = None, typed: str = "") -> str:
    key = log.public_key(session)
    return render_template(
        "receipts/index.html",
        answer=answer,
        state=state,
        newest=log.newest(session),
        key=key.text if key else "",
        head=receipts.head(session),
        number=request.args.get("number", answer.number if answer else "")[:120],
        hash=request.args.get("hash", "")[:120],
        typed=typed,
    )


def address(number: str, hashed: str) -> str:
    """Where a receipt is checked, for its QR code and whoever types it."""
    return urljoin(settings().base_url, f"/receipts?{urlencode({'number': number, 'hash': hashed})}")


# ---- for those who check by themselves -------------------------------------------------------------------------------


@bp.get("/checkpoint")
def checkpoint() -> Response:
    """The newest signed checkpoint, as text; 404 before the first."""
    with reading() as session:
        newest = log.newest(session)
    if newest is None:
        abort(404)
    return Response(newest.note, mimetype="text/plain")


@bp.get("/key")
def key() -> Response:
    """The log's public key in one line; 404 before the first checkpoint."""
    with reading() as session:
        known = log.public_key(session)
    if known is None:
        abort(404)
    return Response(f"{known.text}\n", mimetype="text/plain")


@bp.get("/consistency")
def consistency() -> tuple[Response, int] | Response:
    """The proof that the log of `to` events begins with the log of `from`, both signed for: JSON, hashes in hex."""
    old, new = number(request.args.get("from")), number(request.args.get("to"))
    with reading() as session:
        newest = log.newest(session)
        if old is None or new is None or newest is None or not 0 < old <= new <= newest.size:
            return jsonify(error=t("没有这样的两个检查点", "there are no such two sizes")), 400
        return jsonify(
            {
                "origin": receipts.head(session).origin,
                "algorithm": receipts.head(session).algorithm,
                "from": old,
                "to": new,
                "proof": log.consistency(session, old, new),
            }
        )


@bp.get("/verifier.zip")
def verifier() -> Response:
    """The stand-alone verifier with its instructions."""
    answer = Response(receipts.verifier(), mimetype="application/zip")
    answer.headers["Content-Disposition"] = "attachment; filename=zhengji_verify.zip"
    return answer


@bp.app_template_global()
def receipt_url(number: str) -> str:
    """The page of a receipt, for those within whose reach its event is."""
    return url_for("trail.receipt_of", number=number)
