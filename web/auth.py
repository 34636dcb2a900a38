"""Signing in and out, by password, passkey or an office's directory, and which screens are open to everybody."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Blueprint, Request, flash, jsonify, redirect, render_template, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from werkzeug.wrappers import Response

from states.reach import Actor
from web.broken import without_database
from web.request import installed, of_api, reading, received, settings, today, token_id, transaction
from web.words import Words, moment, say, t
from workflow.identity import account_mail, factors, passwords, people, resets, sign_in, stand_ins, tokens
from workflow.store import models

_PUBLISHED = (
    "index",
    "browse",
    "collections",
    "collection",
    "cover",
    "show",
    "picture",
    "share",
    "bibtex",
    "ris",
    "atom",
    "rss",
)
OPEN = {
    *("static", "auth.sign_in", "auth.enter", "auth.second", "auth.answer", "auth.passkey", "auth.enter_by_passkey"),
    *("auth.forgotten", "auth.ask_reset", "auth.reset", "auth.use_reset", "directory.go", "directory.back"),
    *(f"{tongue}.{page}" for tongue in ("public", "public_en") for page in _PUBLISHED),
    *(
        "site.sitemap",
        "site.robots",
        "public_notices.index",
        "public_notices.show",
        "public_notices.paper",
        "objections.ask",
        "objections.send",
        "objections.standing",
        "objections.look_up",
    ),
    *("receipts.index", "receipts.check", "receipts.checkpoint", "receipts.key", "receipts.consistency"),
    *("receipts.verifier", "running.healthz", "running.readyz", "running.figures", "api.openapi"),
}
"""Endpoints shown without signing in; every other asks."""

HALF_WAY = "half_way"
"""Where the browser keeps the token of a right first factor, until the second one is there."""

bp = Blueprint("auth", __name__)
login_manager = LoginManager()


class SignedIn(UserMixin):  # type: ignore[misc]
    """The signed-in person as of this request: roles are read again each time, so a change is effective at once."""

    def __init__(self, person: models.Person, token: str = "", row: models.SignIn | None = None) -> None:
        self.person_id, self.name, self.login = person.id, person.name, person.login
        self.person, self.row, self._token = person, row, token
        self.actor: Actor = people.actor_of(person)
        self.positions = people.positions(person)
        self.standing: models.StandIn | None = None
        """The absence for which this person stands in now, in this browser."""
        self.lapsed = False
        """Whether they stood in a moment ago, and may not any more."""

    def stand_in(self, found: models.StandIn | None) -> None:
        """Act for an absent person alone, or (None) be one's own person because that is over."""
        if found is None:
            self.lapsed = True
            return
        self.standing, self.actor = found, stand_ins.acting(found)
        self.name = self.actor.name
        self.positions = people.positions(found.absent, only=self.actor.grants)

    def get_id(self) -> str:
        """What the browser keeps: a random token that says nothing by itself."""
        return self._token

    @property
    def sign_in_id(self) -> int:
        return self.row.id if self.row else 0

    @property
    def confirmed(self) -> bool:
        """Whether this person proved a short while ago, once more, to be who they are."""
        return self.row is not None and sign_in.confirmed(self.row, received())


@login_manager.user_loader  # type: ignore[untyped-decorator]
def load(token: str) -> SignedIn | None:
    """The person of a session; None when the session is over, the account is disabled, or nobody can tell now."""
    if without_database() or of_api():  # what a browser keeps opens nothing to programs, nor to pages of other sites
        return None
    at = installed()
    found = sign_in.current(at.database, at.settings, token, at=received())
    if found is None:
        return None
    signed = SignedIn(found[1], token, found[0])
    if found[0].stand_in_id:
        with reading() as opened:
            signed.stand_in(stand_ins.current(opened, found[0].stand_in_id, signed.person_id, today()))
    return signed


class Program(SignedIn):
    """The person for whom a program asks, as of this request, and what its token was made for."""

    def __init__(self, person: models.Person, row: models.AccessToken) -> None:
        super().__init__(person)
        self.token_id, self.scopes = row.id, tuple(row.scopes)


def _token(asked: Request) -> str:
    kind, _, token = asked.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


@login_manager.request_loader  # type: ignore[untyped-decorator]
def load_by_token(asked: Request) -> Program | None:
    """The person of an access token; tokens open the API and nothing else."""
    token = _token(asked)
    if not token or not of_api() or without_database():
        return None
    found = tokens.current(installed().database, token, at=received())
    return Program(found[1], found[0]) if found else None


def visitor() -> sign_in.Visitor:
    """Where this request comes from."""
    return sign_in.Visitor(request.remote_addr or "", browser_named(request.user_agent.string), token_id())


_BROWSERS = {
    "Edg": "Edge",
    "MicroMessenger": "微信 WeChat",
    "OPR": "Opera",
    "Firefox": "Firefox",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
_SYSTEMS = {
    "Windows": "Windows",
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Mac OS": "Mac",
    "Linux": "Linux",
}
"""What stands in the line that a browser says of itself, the more telling first → how people call it."""


def browser_named(said: str) -> str:
    """A browser as people call it: Chrome · Windows; "" for one that does not say."""
    named = [next((name for sign, name in signs.items() if sign in said), "") for signs in (_BROWSERS, _SYSTEMS)]
    return " · ".join(one for one in named if one)


def ask_to_sign_in() -> Response | None:
    """Before every request: nothing but the open screens is shown to strangers."""
    if request.endpoint is None or request.endpoint in OPEN or current_user.is_authenticated:
        return None
    if of_api():
        raise tokens.refuse(installed().database, _token(request), at=received(), visitor=visitor())
    if request.method == "GET":
        return redirect(url_for("auth.sign_in", next=request.full_path.rstrip("?")))
    flash(t("登录已失效，请重新登录后再办理。", "You have been signed out. Sign in and try again."), "warning")
    return redirect(url_for("auth.sign_in"))


# ---- the password ----------------------------------------------------------------------------------------------------


@bp.get("/sign-in", endpoint="sign_in")
def show() -> str | Response:
    if current_user.is_authenticated:
        return redirect(url_for("home.show"))
    return _form()


OF_A_ROLE = 6
"""Demo accounts of one role that the page lists; a call of real size has hundreds."""


def _form(login: str = "", wrong: str = "") -> str:
    accounts: list[tuple[Words, list[SignedIn]]] = []
    if settings().demo:
        with reading() as opened:
            accounts = [(label, [SignedIn(one) for one in many]) for label, many in people.by_level(opened, OF_A_ROLE)]
    return render_template(
        "sign_in.html",
        accounts=accounts,
        login=login,
        wrong=wrong,
        password=passwords.DEMO_PASSWORD,
        passkeys=factors.passkeys_possible(settings()),
        mail=account_mail.possible(settings()),
        directory=settings().oidc_issuer and (settings().oidc_name or t("单位统一认证", "the office's directory")),
    )


@bp.post("/sign-in")
def enter() -> Response | tuple[str, int]:
    login, password = request.form.get("login", ""), request.form.get("password", "")
    at = installed()
    person = sign_in.authenticate(at.database, at.settings, login, password, at=received(), visitor=visitor())
    if person is None:
        wrong = t(
            "登录名或密码不对。请检查大小写和输入法；忘记密码请联系管理员重设。",
            "Wrong login or password. Check capitals and the input method; the administrator can set a new password.",
        )
        return _form(login, wrong), 422
    return first_is_right(person, sign_in.Means.PASSWORD, request.form.get("next", ""))


def first_is_right(person: models.Person, means: sign_in.Means, going_to: str) -> Response:
    """Go on to the second factor, or in where the person has none."""
    with transaction() as opened:
        if sign_in.needs_second(opened, person):
            session[HALF_WAY] = sign_in.half_way(opened, person, means, _inside(going_to), at=received())
            return redirect(url_for("auth.second"))
    return welcome(person, [means], going_to)


def welcome(person: models.Person, means: Sequence[sign_in.Means], going_to: str) -> Response:
    """Begin a session of its own, whatever the browser held before, and tell what was missed."""
    with transaction() as opened:
        begun = sign_in.begin(opened, settings(), person, means, at=received(), visitor=visitor())
    language = session.get("language")
    session.clear()
    if language:
        session["language"] = language
    login_user(load(begun.token))
    if begun.missed:
        flash(
            t(
                "您的账号自 {since} 以来有 {n} 次登录失败。如果不是您本人，请到“我的账号”更改密码。",
                "Since {since} there were {n} failed attempts to sign in as you. If it was not you, change your password.",
                since=moment(begun.missed.since),
                n=begun.missed.count,
            ),
            "warning",
        )
    return redirect(_inside(going_to) or url_for("home.show"))


def _inside(target: str) -> str:
    """A place of ours to go on to; "" for anything that leads elsewhere."""
    parts = urlsplit(target)
    ours = target.startswith("/") and not target.startswith(("//", "/\\")) and not (parts.scheme or parts.netloc)
    return target if ours and "\\" not in target and target.isprintable() else ""


@bp.post("/sign-out")
def sign_out() -> Response:
    with transaction() as opened:
        sign_in.sign_out(opened, settings(), current_user.person, current_user.sign_in_id, at=received())
    language = session.get("language")
    logout_user()
    session.clear()
    if language:
        session["language"] = language
    flash(t("已安全退出。", "You are signed out."), "done")
    return redirect(url_for("auth.sign_in"))


# ---- the second factor -----------------------------------------------------------------------------------------------


def _waiting() -> sign_in.Waiting | None:
    with reading() as opened:
        return sign_in.waiting(opened, session.get(HALF_WAY, ""), at=received())


@bp.get("/sign-in/second")
def second() -> str | Response:
    waiting = _waiting()
    return _second(waiting) if waiting else _again()


def _second(waiting: sign_in.Waiting, wrong: str = "") -> str:
    with reading() as opened:
        has = factors.of_person(opened, waiting.person.id)
    return render_template("sign_in_second.html", has=has, passkeys=factors.passkeys_possible(settings()), wrong=wrong)


def _again() -> Response:
    session.pop(HALF_WAY, None)
    flash(t("等候太久，请重新登录。", "That took too long; sign in again."), "warning")
    return redirect(url_for("auth.sign_in"))


@bp.post("/sign-in/second")
def answer() -> Response | tuple[str, int]:
    """The second factor: a code of the app, a passkey, or a recovery code."""
    waiting = _waiting()
    if waiting is None:
        return _again()
    at, person = installed(), waiting.person
    credential = request.form.get("passkey", "")
    answered = ("", None) if credential else factors.answer(at.database, at.settings, person, _typed("code"))
    with transaction() as opened:
        sign_in.check_open(opened, person.login, visitor(), received())
        if credential:
            right = factors.passkey_right(opened, at.settings, credential, at=received(), person=person)
            means = sign_in.Means.PASSKEY if right else None
        else:
            means = factors.answer_right(opened, at.settings, person, answered, at=received())
        if means is None:
            by = sign_in.Means.PASSKEY if credential else sign_in.Means.CODE
            sign_in.failed(opened, at.settings, person.login, person, by, at=received(), visitor=visitor())
        else:
            sign_in.arrived(opened, session.get(HALF_WAY, ""), at=received())
    if means is None:
        wrong = t("没有通过，请再试一次；动态码每 30 秒换一个。", "That was not right; codes change every 30 seconds.")
        return _second(waiting, wrong), 422
    return welcome(person, [waiting.means, means], waiting.next)


def _typed(name: str) -> str:
    return request.form.get(name, "")[:200]


# ---- passkeys --------------------------------------------------------------------------------------------------------


@bp.post("/passkey")
def passkey() -> Response:
    """What a browser needs to answer with a passkey: of whoever is half-way in or signed in, else of anybody."""
    waiting = _waiting()
    person = waiting.person if waiting else current_user.person if current_user.is_authenticated else None
    with transaction() as opened:
        return jsonify(factors.passkey_asked(opened, settings(), person, at=received()))


@bp.post("/sign-in/passkey")
def enter_by_passkey() -> Response | tuple[str, int]:
    """A passkey that knows its owner, unlocked by finger, face or PIN, is two factors at once.

    A passkey cannot be guessed, so it lets in whoever is kept out by somebody else's guesses.
    """
    with transaction() as opened:
        number = factors.passkey_right(opened, settings(), request.form.get("passkey", ""), at=received())
        person = people.by_id(opened, number) if number else None
    if person is None or not person.active:
        wrong = t(
            "这个通行密钥不能登录。请用密码登录，再到“我的账号”登记。",
            "This passkey does not sign in. Use your password, and register it under “My account”.",
        )
        return _form(wrong=wrong), 422
    return welcome(person, [sign_in.Means.PASSKEY], request.form.get("next", ""))


# ---- a forgotten password --------------------------------------------------------------------------------------------


@bp.get("/reset")
def forgotten() -> str:
    return render_template("account/forgotten.html", mail=account_mail.possible(settings()), sent=False)


@bp.post("/reset")
def ask_reset() -> str | tuple[str, int]:
    """The same answer whether or not anybody is meant."""
    if not account_mail.possible(settings()):
        return render_template("account/forgotten.html", mail=False, sent=False), 422
    with transaction() as opened:
        resets.ask(opened, settings(), _typed("who"), at=received(), visitor=visitor())
    return render_template("account/forgotten.html", mail=True, sent=True)


@bp.get("/reset/<token>")
def reset(token: str) -> str | tuple[str, int]:
    return _reset(token)


def _reset(token: str, wrong: str = "") -> str | tuple[str, int]:
    try:
        with reading() as opened:
            _, person = resets.meant(opened, token, at=received())
    except resets.NoSuchReset as gone:
        return render_template("account/reset.html", reset_of=None, wrong=say(gone.message)), 422
    shown = render_template("account/reset.html", reset_of=person, wrong=wrong, shortest=passwords.SHORTEST)
    return (shown, 422) if wrong else shown


@bp.post("/reset/<token>")
def use_reset(token: str) -> Response | str | tuple[str, int]:
    at = installed()
    wanted = request.form.get("wanted", "")
    if wanted != request.form.get("wanted_again", ""):
        return _reset(token, t("两次填写的密码不一样。", "The two passwords differ."))
    try:
        resets.use(at.database, at.settings, token, wanted, at=received())
    except (passwords.WrongPassword, resets.NoSuchReset) as wrong:
        return _reset(token, say(wrong.message))
    flash(t("密码已设置，请用它登录。", "The password is set; sign in with it."), "done")
    return redirect(url_for("auth.sign_in"))
