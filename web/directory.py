"""Signing in through an office's own directory (OpenID Connect): out to it, and back with its answer."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, abort, current_app, render_template, request, session, url_for
from werkzeug.wrappers import Response

from web.auth import first_is_right, visitor
from web.request import installed, received, settings, transaction
from web.words import t
from workflow.identity import directory, sign_in
from workflow.settings import Settings

bp = Blueprint("directory", __name__)

TIMEOUT = 10
"""Seconds to wait for the directory."""


class _Kept:
    """Where state, nonce and verifier of a sign-in wait for the directory's answer: here, and taken once."""

    def get(self, key: str) -> str | None:
        with installed().database.reading() as opened:
            return directory.kept(opened, key, at=received())

    def set(self, key: str, value: str, _expires: int | None = None) -> None:
        with transaction() as opened:
            directory.keep(opened, key, value, at=received())

    def delete(self, key: str) -> None:
        with transaction() as opened:
            directory.taken(opened, key, at=received())


def install(app: Flask, to: Settings) -> None:
    """Make the directory known to the application, where one is set. Raises WrongDirectory."""
    if not directory.configured(to):
        return
    from authlib.integrations.flask_client import OAuth  # loaded where a directory is set

    known = OAuth(app, cache=_Kept())
    known.register(
        "directory",
        client_id=to.oidc_client_id,
        client_secret=to.oidc_client_secret,
        server_metadata_url=f"{to.oidc_issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid email", "code_challenge_method": "S256", "default_timeout": TIMEOUT},
    )
    app.extensions["zhengji.directory"] = known.directory


def _amiss() -> tuple[type[Exception], ...]:
    """Whatever a directory that is away, misconfigured or hostile may raise."""
    from authlib.integrations.base_client import OAuthError
    from joserfc.errors import JoseError

    return OSError, OAuthError, JoseError, ValueError, RuntimeError, KeyError


def _client() -> Any:
    return current_app.extensions.get("zhengji.directory") or abort(404)


@bp.get("/sign-in/directory")
def go() -> Response | tuple[str, int]:
    """Out to the directory, which sends people back to our own address, whatever name they came by."""
    client = _client()
    session["directory_next"] = request.args.get("next", "")
    try:
        _check_issuer(client)
        answer: Response = client.authorize_redirect(_back())
        return answer
    except _amiss() as wrong:
        return _failed(wrong)


def _back() -> str:
    return f"{settings().base_url.rstrip('/')}{url_for('directory.back')}"


def _check_issuer(client: Any) -> None:
    """The directory must call itself what we were told it is called."""
    said = client.load_server_metadata().get("issuer")
    if said != settings().oidc_issuer:
        raise ValueError(f"the directory calls itself {said!r}")


@bp.get("/sign-in/directory/back")
def back() -> Response | tuple[str, int]:
    """The directory's answer: who is there, checked by state, nonce, signature, issuer and audience."""
    client = _client()
    wanted = {
        "iss": {"essential": True, "value": settings().oidc_issuer},
        "aud": {"essential": True, "value": settings().oidc_client_id},
    }
    try:
        _check_issuer(client)
        token = client.authorize_access_token(claims_options=wanted)
    except _amiss() as wrong:
        return _failed(wrong)
    claims = token.get("userinfo")
    if not claims:
        return _failed(ValueError("no identity in the answer"))
    with transaction() as opened:
        person = directory.person_of(opened, settings(), claims, at=received(), visitor=visitor())
    if person is None:
        return _told(
            t("单位统一认证通过，但系统里没有登记您的账号。", "The directory knows you, but no account here is yours."),
            t(
                "请联系管理员，在您的账号上登记单位统一认证身份；有登录名和密码的，可以用密码登录。",
                "Ask the administrator to enter your directory identity on your account; a password works too.",
            ),
            403,
        )
    return first_is_right(person, sign_in.Means.DIRECTORY, session.pop("directory_next", ""))


def _failed(wrong: Exception) -> tuple[str, int]:
    """What went wrong is for the log, by its kind: the words of it may hold what others sent."""
    current_app.logger.warning("the directory's answer was not taken: %s", type(wrong).__name__)
    return _told(
        t("单位统一认证没有完成。", "Signing in through the directory did not work."),
        t(
            "请从登录页重新开始；如果仍不行，请用密码登录，并告知管理员大致的时间。",
            "Begin again on the sign-in page. If it still fails, use your password and tell the administrator when.",
        ),
        400,
    )


def _told(message: str, advice: str, status: int) -> tuple[str, int]:
    return render_template("account/not_known.html", message=message, advice=advice), status
