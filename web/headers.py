"""What every answer says besides its content: what it may load, who may frame or keep it, and for whom it was asked."""

from __future__ import annotations

from urllib.parse import urlsplit
from uuid import uuid4

from flask import Flask, abort, request, session
from flask_login import current_user
from flask_talisman import Talisman
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response

from workflow import logs
from workflow.settings import BASE_URL, Settings

PAGES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
"""No script and no style but our own files. `data:` pictures are the small drawings inside Tabler's style sheet."""

FILES = "sandbox; default-src 'none'"
"""The policy of whatever is no page of ours, such as a file that somebody sent: shown by itself, it may do nothing."""

_NOT_USED = (
    *("accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "encrypted-media", "fullscreen"),
    *("geolocation", "gyroscope", "magnetometer", "microphone", "midi", "payment", "picture-in-picture"),
    *("screen-wake-lock", "usb", "xr-spatial-tracking"),
)

OPEN_TO_ALL = {"public.index", "public.show", "public.picture"}
"""What everybody may read; browsers may keep it, and ask each time whether it still stands."""


def install(app: Flask, settings: Settings) -> None:
    """Put the headers on every answer of an application, errors, redirects and files included."""
    hosts = _ours(settings)

    def stay_here() -> None:
        if hosts and request.host.lower() not in hosts:
            abort(400)
        if isinstance(request.routing_exception, RequestRedirect):  # it would name the host that the browser said
            abort(404)

    app.before_request(_number)
    app.teardown_request(_no_number)
    app.before_request(stay_here)
    app.after_request(_complete)
    Talisman(
        app,
        force_https=settings.secure_cookies,
        strict_transport_security=settings.secure_cookies,
        session_cookie_secure=settings.secure_cookies,
        session_cookie_http_only=True,
        session_cookie_samesite="Lax",
        content_security_policy=PAGES,
        frame_options="DENY",
        permissions_policy=dict.fromkeys(_NOT_USED, "()"),
        referrer_policy="same-origin",
    )


def _ours(settings: Settings) -> frozenset[str]:
    """The names under which an installation answers; none are checked in a demo, or where no address was set."""
    if settings.demo or settings.base_url == BASE_URL:
        return frozenset()
    address = urlsplit(settings.base_url)
    port = {"http": 80, "https": 443}.get(address.scheme)
    return frozenset({address.netloc.lower()} | (set() if address.port else {f"{address.hostname}:{port}"}))


def _number() -> None:
    """A number of our own for each request; every line of the log that it causes names it."""
    logs.request_id.set(uuid4().hex[:16])


def _no_number(_failed: BaseException | None) -> None:
    """What this thread does next belongs to no request."""
    logs.request_id.set("")


def _complete(response: Response) -> Response:
    if response.mimetype != "text/html" and request.endpoint != "static":
        response.headers["Content-Security-Policy"] = FILES
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["X-Permitted-Cross-Domain-Policies"] = "none"
    response.headers["X-Request-Id"] = logs.request_id.get()
    return _keep(response)


def _keep(response: Response) -> Response:
    """Who may keep an answer: nobody what is for one person; our own files and public pages are asked for by their tag."""
    if request.endpoint == "static" and response.status_code < 400:
        return response
    public = request.endpoint in OPEN_TO_ALL and response.status_code == 200
    if not public or current_user.is_authenticated or session.modified:
        response.headers["Cache-Control"] = "no-store"
        return response
    response.headers["Cache-Control"] = "no-cache"
    response.vary.add("Cookie")
    response.add_etag()
    return response.make_conditional(request)
