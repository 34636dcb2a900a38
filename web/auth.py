"""Signing in and out, and which screens are open to everybody."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from werkzeug.wrappers import Response

from states.reach import Actor
from web.request import installed, now, reading, settings
from web.words import Words, t
from workflow import people
from workflow.store.models import Person

OPEN = {"static", "auth.sign_in", "auth.enter", "public.index", "public.show", "public.picture"}
"""Endpoints shown without signing in; every other asks."""

PER_ACCOUNT = "5 per 15 minutes"
PER_ADDRESS = "60 per 15 minutes"

bp = Blueprint("auth", __name__)
login_manager = LoginManager()
limiter = Limiter(get_remote_address, headers_enabled=False, storage_uri="memory://")


class SignedIn(UserMixin):  # type: ignore[misc]
    """The signed-in person as of this request: roles are read again each time, so a change is effective at once."""

    def __init__(self, person: Person) -> None:
        self.person_id, self.name, self.login, self.epoch = person.id, person.name, person.login, person.session_epoch
        self.actor: Actor = people.actor_of(person)
        self.positions = people.positions(person)

    def get_id(self) -> str:
        return f"{self.person_id}:{self.epoch}"


@login_manager.user_loader  # type: ignore[untyped-decorator]
def load(key: str) -> SignedIn | None:
    """The person of a session; None when the session was ended or the account is disabled."""
    number, _, epoch = key.partition(":")
    if not (number.isascii() and number.isdigit()):
        return None
    with reading() as opened:
        person = people.by_id(opened, int(number))
        if person is None or not person.active or str(person.session_epoch) != epoch:
            return None
        return SignedIn(person)


def ask_to_sign_in() -> Response | None:
    """Before every request: nothing but the open screens is shown to strangers."""
    if request.endpoint is None or request.endpoint in OPEN or current_user.is_authenticated:
        return None
    if request.method == "GET":
        return redirect(url_for("auth.sign_in", next=request.full_path.rstrip("?")))
    flash(t("登录已失效，请重新登录后再办理。", "You have been signed out. Sign in and try again."), "warning")
    return redirect(url_for("auth.sign_in"))


def _account() -> str:
    return f"account:{request.form.get('login', '').strip().casefold()[:80]}"


def _failed(response: Response) -> bool:
    return response.status_code == 422


@bp.get("/sign-in")
def sign_in() -> str | Response:
    if current_user.is_authenticated:
        return redirect(url_for("home.show"))
    return _form()


def _form(login: str = "", wrong: str = "") -> str:
    accounts: list[tuple[Words, list[SignedIn]]] = []
    if settings().demo:
        with reading() as opened:
            accounts = [(label, [SignedIn(one) for one in many]) for label, many in people.by_level(opened)]
    return render_template("sign_in.html", accounts=accounts, login=login, wrong=wrong, password=people.DEMO_PASSWORD)


@bp.post("/sign-in")
@limiter.limit(PER_ADDRESS, deduct_when=_failed)
@limiter.limit(PER_ACCOUNT, key_func=_account, deduct_when=_failed)
def enter() -> Response | tuple[str, int]:
    login, password = request.form.get("login", ""), request.form.get("password", "")
    at = installed()
    person = people.authenticate(at.database, at.settings, login, password, at=now())
    if person is None:
        wrong = t(
            "登录名或密码不对。请检查大小写和输入法；忘记密码请联系管理员重设。",
            "Wrong login or password. Check capitals and the input method; the administrator can set a new password.",
        )
        return _form(login, wrong), 422
    language = session.get("language")
    session.clear()
    if language:
        session["language"] = language
    login_user(load(f"{person.id}:{person.session_epoch}"))
    return redirect(_inside(request.form.get("next", "")) or url_for("home.show"))


def _inside(target: str) -> str:
    """A place of ours to go on to; "" for anything that leads elsewhere."""
    parts = urlsplit(target)
    ours = target.startswith("/") and not target.startswith(("//", "/\\")) and not (parts.scheme or parts.netloc)
    return target if ours and "\\" not in target and target.isprintable() else ""


@bp.post("/sign-out")
def sign_out() -> Response:
    logout_user()
    flash(t("已安全退出。", "You are signed out."), "done")
    return redirect(url_for("auth.sign_in"))
