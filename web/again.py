"""Asking once more who one is, before what cannot simply be taken back; what was typed is carried along."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from flask import render_template, request
from flask_login import current_user

from states.batch import BATCH
from states.call import CALL
from states.case import CASE
from states.lifecycle import Lifecycle
from web.auth import visitor
from web.request import installed, of_api, received, settings, transaction
from web.words import moment, say, t
from workflow.engine import CannotServe, Text
from workflow.identity import factors, passwords, sign_in, throttle, tokens
from workflow.identity.scopes import Scope

Page = tuple[str, int]


@dataclass(frozen=True)
class Grave:
    """What asks once more: as people call it, and of whom. Whoever may not do it anyway is refused without being asked."""

    words: Text
    by: Collection[str] | None = None


_Asked = Callable[[Mapping[str, Any]], Grave | None]


def _always(zh: str, en: str, *by: str) -> _Asked:
    return lambda _: Grave(Text(zh, en), by or None)


def _among(lifecycle: Lifecycle, argument: str, *names: str) -> _Asked:
    """Only for some steps of a lifecycle, called as the lifecycle calls them."""

    def asked(view_args: Mapping[str, Any]) -> Grave | None:
        step = next((one for one in lifecycle.transitions if one.name == view_args.get(argument)), None)
        return Grave(step.label, step.by) if step and step.name in names else None

    return asked


def _to_load(_: Mapping[str, Any]) -> Grave | None:
    """A call that is only checked is no grave matter; one that is loaded is in force at once."""
    return _LOAD if request.form.get("then") == "load" else None


_ADMINISTRATOR = "administrator"
_LOAD = Grave(Text("载入征集通知", "Load a call"), (_ADMINISTRATOR,))

ASKS: Mapping[str, _Asked] = {
    # sealing, and sending what was sealed
    "cases.act": _among(CASE, "trigger", "stamp", "apply", "publish", "republish"),
    "bulk.act": _among(CASE, "trigger", "publish", "republish"),
    "bulk.undo": _always("撤销批量办理", "Undo", "editor"),  # of a retraction it is publishing again
    "papers.confirm_seal": _always("确认印章", "Confirm the seal", "sealer"),
    "papers.seal_electronically": _always("电子盖章", "Seal electronically", "sealer"),
    "batches.seal_electronically": _always("汇总表电子盖章", "Seal the summary table electronically", "leader"),
    "batches.act": _among(BATCH, "trigger", "seal", "send"),
    "batches.confirm_scan": _always("确认汇总表印章", "Confirm the seal of the summary table", "leader"),
    "drafting.open_": _always("开放征集通知", "Open a call", "director"),
    "call_standing.act": _among(CALL, "trigger", "archive"),
    "amending.move": _always("把案例转到一个版本", "Move cases to a version", "director"),
    "admin.load": _to_load,
    "public_notices.put_up": _always("公示名单", "Put the list up", "desk"),
    "proofing.release": _always("公开网络版", "Release the web edition", "editor"),
    "proofing.withdraw": _always("撤下网络版", "Withdraw the web edition", "editor"),
    # what leaves the country
    "pushes.start": _always("发起推送", "Start the push", "liaison"),
    "pushes.recall": _always("请接收方撤回", "Ask for the recall", "liaison"),
    # who may do what, and what is gone for good
    "admin.create": _always("新建账号", "Create an account", _ADMINISTRATOR),
    "admin.set_password": _always("重设密码", "Set a password", _ADMINISTRATOR),
    "admin.change_role": _always("授予或收回职责", "Give a role or take it away", _ADMINISTRATOR),
    "admin.take": _always("导入清单", "Take a list in", _ADMINISTRATOR),  # a list of accounts gives roles
    "stand_ins.name": _always("指定代办人", "Name a stand-in"),
    "admin.switch": _always("停用或启用账号", "Disable or enable the account", _ADMINISTRATOR),
    "admin.clear_factors": _always("清除第二验证方式", "Clear the second factors", _ADMINISTRATOR),
    "admin.enter_directory": _always("登记统一认证身份", "Enter the directory identity", _ADMINISTRATOR),
    "backups.drop": _always("删去旧备份", "Drop old backups", _ADMINISTRATOR),
    "privacy.erase_case": _always("删除联系方式", "Erase the contacts", _ADMINISTRATOR),
    "privacy.erase_person": _always("删除个人信息", "Erase what is personal", _ADMINISTRATOR),
    # how one signs in
    "account.enrol": _always("启用动态码", "Turn codes on"),
    "account.finish_enrolment": _always("启用动态码", "Turn codes on"),
    "account.remove_authenticator": _always("停用动态码", "Turn codes off"),
    "account.new_passkey": _always("登记通行密钥", "Add a passkey"),
    "account.add_passkey": _always("登记通行密钥", "Add a passkey"),
    "account.remove_passkey": _always("删除通行密钥", "Remove a passkey"),
    "account.new_codes": _always("生成备用码", "Make recovery codes"),
    "tokens.make": _always("生成访问令牌", "Make an access token"),
    # the same by programs
    "api.act_on_case": _among(CASE, "trigger", "stamp", "apply", "publish", "republish"),
    "api.act_on_many": _among(CASE, "trigger", "publish", "republish"),
    "api.undo_many": _always("撤销批量办理", "Undo", "editor"),
    "api.act_on_batch": _among(BATCH, "trigger", "seal", "send"),
    "api.act_on_call": _among(CALL, "trigger", "archive"),
    "api.migrate_cases": _always("把案例转到一个版本", "Move cases to a version", "director"),
}
"""What asks once more (POST only), by endpoint; None where that step of it does not ask."""

FIELDS = ("again", "again_passkey", "again_login", "key_password")
"""The fields of a proof, and the password of a seal's key; never carried along, never shown."""


def ask_once_more() -> Page | None:
    """Before every request: what is listed goes on only when the person proved a short while ago to be who they are.

    A program is asked later, once it is known that its request is new and well-formed (`ask_program`).
    """
    words = None if of_api() else _asked_about()
    if words is None or current_user.confirmed:
        return None
    typed, credential = request.form.get("again", ""), request.form.get("again_passkey", "")
    if not typed and not credential:
        return _page(words)
    try:
        if _proved(typed, credential):
            return None
    except throttle.LockedOut as locked:
        return _page(words, t("{why}请在北京时间 {until} 之后再试。", "{why} Try again after {until} Beijing time.", why=locked.message, until=moment(locked.until)), 429)  # fmt: skip
    return _page(words, t("没有通过，请再试一次。", "That was not right; try once more."))


def _asked_about() -> Text | None:
    """What this request is, where it asks once more who one is."""
    asks = ASKS.get(request.endpoint or "") if request.method == "POST" else None
    grave = asks(request.view_args or {}) if asks else None
    if grave is None or not current_user.is_authenticated:
        return None
    if grave.by is not None and not current_user.actor.roles & frozenset(grave.by):
        return None
    return grave.words


PROOF = "Zhengji-Proof"
"""The header in which a program brings its person's password, or a code of their app, for what asks once more."""


class ProofNeeded(CannotServe):
    """A step that asks once more who one is came without a proof, or with a wrong one (403)."""


def ask_program() -> None:
    """A program proves it with each such request; a code is spent with it. Raises ScopeMissing, ProofNeeded, LockedOut."""
    words = _asked_about()
    if words is None:
        return
    tokens.check(current_user.scopes, Scope.GRAVE)
    typed = request.headers.get(PROOF, "").encode("latin-1").decode("utf-8", "replace")
    if not typed:
        needed = Text(
            "“{what}”要再次确认身份：请在请求头 Zhengji-Proof 写明密码或六位动态码。",
            "“{what}” asks once more who you are: send the password, or a code of six digits, in Zhengji-Proof.",
        )
        raise ProofNeeded(needed.fill(what=words))
    if not _proved(typed, ""):
        raise ProofNeeded(
            Text("密码或动态码不对，没有办理。", "The password or code is wrong; nothing was done."),
        )


def _proved(typed: str, credential: str) -> bool:
    """Whether the proof is right; a wrong one is counted. Raises LockedOut."""
    at, person, row = installed(), current_user.person, current_user.sign_in_id
    if not credential and not _is_code(typed):
        return sign_in.confirm_by_password(
            at.database, at.settings, person, row, typed, at=received(), visitor=visitor()
        )
    with transaction() as session:
        sign_in.check_open(session, person.login, visitor(), received())
        if credential:
            means = sign_in.Means.PASSKEY
            right = factors.passkey_right(session, at.settings, credential, at=received(), person=person) is not None
        else:
            means, right = sign_in.Means.CODE, factors.code_right(session, at.settings, person.id, typed, at=received())
        sign_in.confirm(session, at.settings, person, row, means, right, at=received(), visitor=visitor())
    return right


def _is_code(typed: str) -> bool:
    """Six digits are a code: no password is that short."""
    plain = typed.replace(" ", "")
    return len(plain) == 6 and plain.isascii() and plain.isdigit()


def _page(words: Text, wrong: str = "", status: int = 422) -> Page:
    carried = [
        (name, value) for name, value in request.form.items(multi=True) if name != "csrf_token" and name not in FIELDS
    ]
    with installed().database.reading() as session:
        has = factors.of_person(session, current_user.person_id)
    shown = render_template(
        "account/again.html",
        what=say(words),
        carried=carried,
        action=request.full_path.rstrip("?"),
        has=has,
        passkeys=factors.passkeys_possible(settings()) and has.passkeys,
        demo_password=passwords.DEMO_PASSWORD if settings().demo else "",
        minutes=int(sign_in.CONFIRMED_FOR.total_seconds() // 60),
        wrong=wrong,
    )
    return shown, status
