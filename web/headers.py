"""What every answer says besides its content: what it may load, who may frame or keep it, and for whom it was asked."""

from __future__ import annotations

from secrets import token_hex
from urllib.parse import urlsplit

from flask import Flask, abort, redirect, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response

from web.running import asked_by_machines
from workflow.operation import logs
from workflow.settings import BASE_URL, Settings

PAGES = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
"""No script and no style but our own files. `data:` pictures are the small drawings inside Tabler's style sheet."""

FILES = "sandbox; default-src 'none'"
"""The policy of whatever is no page of ours, such as a file that somebody sent: shown by itself, it may do nothing."""

_NOT_USED = (
    *("accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "encrypted-media", "fullscreen"),
    *("geolocation", "gyroscope", "magnetometer", "microphone", "midi", "payment", "picture-in-picture"),
    *("screen-wake-lock", "usb", "xr-spatial-tracking"),
)

_ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),
    ("Permissions-Policy", ", ".join(f"{one}=()" for one in _NOT_USED)),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("X-Permitted-Cross-Domain-Policies", "none"),
)
_OF_PAGES = (("Content-Security-Policy", PAGES), *_ALWAYS)
_OF_FILES = (("Content-Security-Policy", FILES), *_ALWAYS)
_STAY_ENCRYPTED = ("Strict-Transport-Security", "max-age=31556926; includeSubDomains")
"""For a year."""

OPEN_TO_ALL = {"public", "public_en", "site"}
"""The blueprints of what everybody may read and nobody reads differently: whoever keeps it asks each time whether it
still stands, so that what is retracted is gone at once."""


class _Sessions(SecureCookieSessionInterface):
    """Sessions as everywhere, but public pages set no cookie and vary with none: nothing of one shows on them."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if request.blueprint not in OPEN_TO_ALL:
            super().save_session(app, session, response)  # type: ignore[arg-type]


def install(app: Flask, settings: Settings) -> None:
    """Put the headers on every answer of an application, errors, redirects and files included."""
    app.session_interface = _Sessions()
    hosts, behind_tls = _ours(settings), settings.secure_cookies
    app.config.update(SESSION_COOKIE_SECURE=behind_tls, SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Lax")

    def come_in() -> Response | None:
        logs.request_id.set(token_hex(8))  # ours, whatever the browser says; every line of the log names it
        if asked_by_machines():
            return None
        if hosts and request.host.lower() not in hosts:
            abort(400)
        if isinstance(request.routing_exception, RequestRedirect):  # it would name the host that the browser said
            abort(404)
        if behind_tls and not _encrypted():
            return redirect(request.url.replace("http://", "https://", 1))
        return None

    def end(_failed: BaseException | None) -> None:
        logs.request_id.set("")  # what this thread does next belongs to no request

    def go_out(response: Response) -> Response:
        ours = response.mimetype == "text/html" or request.endpoint == "static"
        response = _keep(response)
        # Added, not set: each of a dozen headers that are set looks through all that are there, and shows in the time
        # of a page. Nothing else sets them; a test sees to it that none comes twice.
        response.headers.extend(_OF_PAGES if ours else _OF_FILES)
        response.headers.add("X-Request-Id", logs.request_id.get())
        if behind_tls and _encrypted():
            response.headers.add(*_STAY_ENCRYPTED)
        return response

    app.before_request(come_in)
    app.after_request(go_out)
    app.teardown_request(end)


def _ours(settings: Settings) -> frozenset[str]:
    """The names under which an installation answers; none are checked in a demo, or where no address was set."""
    if settings.demo or settings.base_url == BASE_URL:
        return frozenset()
    address = urlsplit(settings.base_url)
    port = {"http": 80, "https": 443}.get(address.scheme)
    return frozenset({address.netloc.lower()} | (set() if address.port else {f"{address.hostname}:{port}"}))


def _encrypted() -> bool:
    """Did the browser ask through TLS, as seen from here or from the server that stands before us?"""
    return request.is_secure or request.headers.get("X-Forwarded-Proto") == "https"


def _keep(response: Response) -> Response:
    """Who may keep an answer: nobody what is for one person; our own files and public pages are asked for by their tag."""
    if request.endpoint == "static" and response.status_code < 400:
        return response
    if request.blueprint not in OPEN_TO_ALL or response.status_code not in (200, 304):
        response.headers["Cache-Control"] = "no-store"
        return response
    response.headers["Cache-Control"] = "public, no-cache"
    response.add_etag()
    return response.make_conditional(request) if request.if_none_match else response
