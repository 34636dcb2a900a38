"""What whoever runs the site asks of it: whether it lives, whether it can serve, and its figures for Prometheus."""

from __future__ import annotations

import hmac
import ipaddress
import time
from typing import cast

from flask import Blueprint, Flask, Response, abort, current_app, g, jsonify, request

from web.request import Installed, installed
from web.request import settings as set_here
from workflow.operation import exposition, logs, metrics, readiness, telemetry
from workflow.settings import Settings
from workflow.store.database import Database
from workflow.store.files import Files

bp = Blueprint("running", __name__)


def install(app: Flask) -> None:
    """Before anything else of the application, so that all of a request's time is counted."""
    at = app.extensions["zhengji"]
    app.extensions["zhengji_readiness"] = readiness.Readiness(at.database, at.files, at.settings.documents_url)
    app.before_request(_begin)
    app.after_request(_count)
    app.teardown_request(_end)


def alone(settings: Settings, database: Database, files: Files) -> Flask:
    """An application that answers these questions and nothing else: for processes that serve no pages."""
    app = Flask("zhengji_running", static_folder=None, template_folder=None)
    app.extensions["zhengji"] = Installed(database, files, settings)
    install(app)
    app.register_blueprint(bp)
    return app


def asked_by_machines() -> bool:
    """Whether this is one of these questions: they come under any name, and over plain HTTP on the inside."""
    return request.blueprint == bp.name


_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})


def _begin() -> None:
    g.begun = time.perf_counter()
    if telemetry.on():
        g.span = telemetry.Served()


def _count(response: Response) -> Response:
    route = request.url_rule.rule if request.url_rule else ""
    method = request.method if request.method in _METHODS else "other"
    metrics.answered(method, route, response.status_code, time.perf_counter() - g.begun)
    if "span" in g:
        g.span.answered(method, route, response.status_code, logs.request_id.get())
    return response


def _end(_failed: BaseException | None) -> None:
    if "span" in g:
        g.pop("span").end()


@bp.get("/healthz")
def healthz() -> Response:
    """The process answers; nothing is looked at."""
    return Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
def readyz() -> Response:
    """200 when this process can serve; 503 with what is missing."""
    lacking = cast(readiness.Readiness, current_app.extensions["zhengji_readiness"]).lacking()
    answer = jsonify(ready=not lacking, lacking=lacking)
    answer.status_code = 503 if lacking else 200
    return answer


@bp.get("/metrics")
def figures() -> Response:
    """For whoever brings the token, or without one for this machine; to others it is not there."""
    if not _may_see_figures():
        abort(404)
    return Response(exposition.exposition(installed().database), content_type=exposition.TYPE)


_PASSED_ON = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via")


def _may_see_figures() -> bool:
    token = set_here().metrics_token
    if token:
        said = request.headers.get("Authorization", "")
        return hmac.compare_digest(said.encode(), f"Bearer {token}".encode())
    return _from_this_machine()


def _from_this_machine() -> bool:
    """Not passed on by a proxy on this machine, which asks for somebody else."""
    before = request.environ.get("werkzeug.proxy_fix.orig", request.environ)
    try:
        near = ipaddress.ip_address(before.get("REMOTE_ADDR") or "").is_loopback
    except ValueError:
        return False
    return near and not any(name in request.headers for name in _PASSED_ON)
