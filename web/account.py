"""My account: password, second factors, passkeys, where one is signed in, and what happened lately."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from web.auth import visitor
from web.request import installed, of_api, reading, received, settings, transaction
from web.words import say, t
from workflow.audit import search
from workflow.engine import NotPermitted, Text
from workflow.identity import directory, factors, passwords, people, sign_in, tokens
from workflow.incoming import bounces
from workflow.store import models

bp = Blueprint("account", __name__, url_prefix="/account")

Page = str | tuple[str, int]
LATELY = 10
"""How many recent events the page shows."""


def _me() -> models.Person:
    person: models.Person = current_user.person
    return person


@bp.get("")
def show() -> str:
    return _show()


def _show(wrong: str = "") -> str:
    with reading() as session:
        return render_template(
            "account/show.html",
            me=_me(),
            has=factors.of_person(session, _me().id),
            required=must_have_second(),
            passkeys=factors.passkeys_possible(settings()),
            link=directory.link_of(session, settings(), _me().id),
            directory=settings().oidc_name or settings().oidc_issuer,
            sign_ins=sign_in.everywhere(session, settings(), _me(), at=received()),
            here=current_user.sign_in_id,
            lately=search.of_stream(session, sign_in.stream(_me().id))[:LATELY],
            tokens=len(tokens.of_person(session, _me(), at=received())),
            shortest=passwords.SHORTEST,
            back=bounces.of_addresses(session, received(), _me().email).get(_me().email) if _me().email else None,
            wrong=wrong,
        )


@bp.app_template_global()
def means_named(said: str) -> str:
    """By what somebody signed in, in words: 密码、动态码."""
    return t("、", " and ").join(say(sign_in.Means.of(one).label) for one in said.split("+"))


# ---- who must have a second factor -----------------------------------------------------------------------------------


def must_have_second() -> bool:
    """Whether one of the person's roles asks for a second factor."""
    return bool(settings().second_factor & {str(one) for one in current_user.actor.roles})


SECOND_FIRST = Text(
    "您的职责要求第二验证方式。请先在“我的账号”登记动态码应用或通行密钥。",
    "Your role asks for a second factor. Set up an app that shows codes, or a passkey, under “My account” first.",
)


def enrol_first() -> Response | None:
    """Before every request: who must have a second factor and has none sets one up before anything else."""
    if (
        request.blueprint in (None, "account", "stand_ins", "public", "public_en", "site", "running")
    ) or request.endpoint == "auth.sign_out":
        return None
    if not settings().second_factor or not current_user.is_authenticated:
        return None
    if not must_have_second():
        return None
    with reading() as session:
        if sign_in.needs_second(session, _me()):
            return None
    if of_api():
        raise NotPermitted(SECOND_FIRST)
    flash(say(SECOND_FIRST), "warning")
    return redirect(url_for("account.show") + "#factors")


# ---- the password ----------------------------------------------------------------------------------------------------


@bp.post("/password")
def change_password() -> Response | Page:
    wanted = request.form.get("wanted", "")
    if wanted != request.form.get("wanted_again", ""):
        return _show(t("两次填写的新密码不一样。", "The two new passwords differ.")), 422
    at = installed()
    try:
        changed = people.change_own_password(
            at.database,
            at.settings,
            _me(),
            current_user.sign_in_id,
            request.form.get("present", ""),
            wanted,
            at=received(),
            visitor=visitor(),
        )
    except passwords.WrongPassword as wrong:
        return _show(say(wrong.message)), 422
    if not changed:
        return _show(t("现在的密码不对，密码没有更改。", "The present password is wrong; nothing was changed.")), 422
    return _done(t("密码已更改，其他地方的登录已全部结束。", "The password is changed; all other sessions have ended."))


def _done(words: str) -> Response:
    flash(words, "done")
    return redirect(url_for(".show"))


# ---- codes of an app -------------------------------------------------------------------------------------------------


@bp.post("/authenticator")
def enrol() -> str:
    with transaction() as session:
        return _enrolling(factors.enrol(session, settings(), _me(), at=received()))


def _enrolling(enrolment: factors.Enrolment, wrong: str = "") -> str:
    return render_template("account/enrol.html", enrolment=enrolment, wrong=wrong)


@bp.post("/authenticator/code")
def finish_enrolment() -> Response | Page:
    token, code = request.form.get("token", ""), request.form.get("code", "")[:20]
    try:
        with transaction() as session:
            if not factors.finish_enrolment(session, settings(), _me(), token, code, at=received()):
                wrong = t(
                    "这个动态码不对。请看手机时间是否准确，再输入新的动态码。",
                    "This code is wrong. See that the phone's clock is right, and type the next code.",
                )
                again = factors.still_enrolling(session, settings(), _me(), token, at=received())
                return _enrolling(again, wrong), 422
    except factors.WrongFactor as wrong_factor:
        return _show(say(wrong_factor.message)), 422
    return _with_codes(t("动态码已启用，下次登录时会问。", "Codes are on; they are asked for at the next sign-in."))


def _with_codes(words: str) -> Response | str:
    """After the first factor: recovery codes, shown once."""
    with reading() as session:
        has = factors.of_person(session, _me().id)
    if has.codes:
        return _done(words)
    return _codes(words)


def _codes(words: str) -> str:
    at = installed()
    codes = factors.new_recovery_codes(at.database, at.settings, _me(), at=received())
    return render_template("account/codes.html", codes=codes, words=words)


@bp.post("/authenticator/remove")
def remove_authenticator() -> Response:
    with transaction() as session:
        factors.remove_authenticator(session, settings(), _me(), at=received())
    return _done(t("动态码已停用。", "Codes are off."))


@bp.post("/codes")
def new_codes() -> Response | str:
    with reading() as session:
        if not factors.of_person(session, _me().id).any:
            return redirect(url_for(".show"))
    return _codes(t("新的备用码已生成，原来的全部作废。", "New codes are made; the old ones no longer count."))


# ---- passkeys --------------------------------------------------------------------------------------------------------


@bp.post("/passkeys/new")
def new_passkey() -> str:
    """The page on which the browser makes a passkey."""
    return _making_passkey()


def _making_passkey(wrong: str = "") -> str:
    with transaction() as session:
        wanted: dict[str, Any] = factors.passkey_wanted(session, settings(), _me(), at=received())
    name = request.form.get("name", "") or visitor().browser
    return render_template("account/passkey.html", wanted=wanted, name=name, wrong=wrong)


@bp.post("/passkeys")
def add_passkey() -> Response | Page:
    answered, name = request.form.get("passkey", ""), request.form.get("name", "")
    try:
        with transaction() as session:
            factors.add_passkey(session, settings(), _me(), answered, name, at=received())
    except factors.WrongFactor as wrong:
        return _making_passkey(say(wrong.message)), 422
    return _with_codes(t("通行密钥已登记。", "The passkey is registered."))


@bp.post("/passkeys/<int:passkey_id>/remove")
def remove_passkey(passkey_id: int) -> Response:
    with transaction() as session:
        factors.remove_passkey(session, settings(), _me(), passkey_id, at=received())
    return _done(t("通行密钥已删除。", "The passkey is removed."))


# ---- where one is signed in ------------------------------------------------------------------------------------------


@bp.post("/sessions/<int:sign_in_id>/end")
def end_session(sign_in_id: int) -> Response:
    with transaction() as session:
        sign_in.end(session, settings(), _me(), [sign_in_id], at=received())
    return _done(t("那里的登录已结束。", "That session has ended."))


@bp.post("/sessions/end-others")
def end_others() -> Response:
    with transaction() as session:
        others = [one.id for one in sign_in.everywhere(session, settings(), _me(), at=received())]
        ended = sign_in.end(
            session, settings(), _me(), [one for one in others if one != current_user.sign_in_id], at=received()
        )
    return _done(t("已结束其他 {n} 处登录。", "{n} other sessions have ended.", n=ended))
