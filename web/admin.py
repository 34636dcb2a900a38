"""Administration: people and their roles, offices, centres, lists, and calls. No case is reached from here."""

from __future__ import annotations

import io
import secrets
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from web import imports
from web.request import actor, files, form_key, now, number, reading, received, settings, transaction
from web.uploads import uploaded
from web.words import say, t
from workflow import calls as call_files
from workflow import imports as lists_of
from workflow import register, stranded
from workflow.calls import notices
from workflow.documents.problems import Unreadable
from workflow.identity import accounts, administration, directory, factors, people, throttle
from workflow.incoming import bounces
from workflow.settings import BASE_URL

bp = Blueprint("admin", __name__, url_prefix="/admin")
bp.before_request(lambda: administration.check_administrator(actor()))

Page = str | tuple[str, int]


# ---- people ----------------------------------------------------------------------------------------------------------


@bp.get("")
def index() -> str:
    text = request.args.get("text", "").strip()[:80]
    with reading() as session:
        found = [(one, people.positions(one)) for one in administration.people_named(session, text)]
        back = bounces.of_addresses(session, received())
        return render_template(
            "admin/people.html", found=found, text=text, back=back, without=stranded.every(session, actor(), now())
        )


@bp.get("/people/new")
def new() -> str:
    return render_template("admin/new_person.html", typed={})


@bp.post("/people/new")
def create() -> Page:
    """A new account; its password is shown once, on the answer itself."""
    password, typed = _password(), request.form
    try:
        with transaction() as session:
            before = people.created_by_op(session, form_key())
            made = people.create(
                session,
                settings(),
                login=typed.get("login", ""),
                name=typed.get("name", ""),
                email=typed.get("email", ""),
                password=password,
                actor=actor(),
                at=now(),
                op=form_key(),
            )
    except people.WrongPerson as wrong:
        return render_template("admin/new_person.html", typed=typed, wrong=say(wrong.message)), 422
    with reading() as session:
        person = people.by_id(session, made)
        return render_template("admin/password.html", one=person, password="" if before else password, created=True)


def _password() -> str:
    """Sixteen signs that nobody mistakes for one another, in groups to read aloud."""
    signs = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(signs) for _ in range(4)) for _ in range(4))


@bp.get("/people/<int:person_id>")
def person(person_id: int) -> str:
    return _person(person_id)


def _person(person_id: int, wrong: str = "") -> str:
    with reading() as session:
        found = people.by_id(session, person_id) or abort(404)
        return render_template(
            "admin/person.html",
            one=found,
            grants=administration.grants(found),
            roles=administration.ROLES,
            offices=register.offices(session),
            centres=register.centres(session),
            history=administration.history(session, person_id),
            locked_until=throttle.locked_until(session, throttle.account(found.login), received()),
            has=factors.of_person(session, person_id),
            link=directory.link_of(session, settings(), person_id),
            directory=settings().oidc_issuer and (settings().oidc_name or settings().oidc_issuer),
            back=bounces.of_addresses(session, received(), found.email).get(found.email) if found.email else None,
            wrong=wrong,
        )


@bp.get("/people/<int:person_id>/<any(password, disable, factors):what>")
def confirm(person_id: int, what: str) -> str:
    """Asks before what cannot be taken back: sessions end, an old password is gone."""
    with reading() as session:
        found = people.by_id(session, person_id) or abort(404)
        return render_template("admin/confirm.html", one=found, what=what)


@bp.post("/people/<int:person_id>/password")
def set_password(person_id: int) -> str:
    password = _password()
    with transaction() as session:
        found = people.by_id(session, person_id) or abort(404)
        people.set_password(session, settings(), person_id, password, actor=actor(), at=now())
        return render_template("admin/password.html", one=found, password=password, created=False)


@bp.post("/people/<int:person_id>/unlock")
def unlock(person_id: int) -> Response:
    """Let somebody sign in again who failed too often."""
    with transaction() as session:
        if people.by_id(session, person_id) is None:
            abort(404)
        people.unlock(session, person_id, actor=actor(), at=now())
    flash(t("已解除暂停，现在可以登录。", "The account is open again."), "done")
    return redirect(url_for(".person", person_id=person_id))


@bp.post("/people/<int:person_id>/factors")
def clear_factors(person_id: int) -> Response:
    with transaction() as session:
        if people.by_id(session, person_id) is None:
            abort(404)
        people.clear_factors(session, settings(), person_id, actor=actor(), at=now())
    flash(t("第二验证方式已清除，登录已全部结束。", "The second factors are cleared; every session has ended."), "done")
    return redirect(url_for(".person", person_id=person_id))


@bp.post("/people/<int:person_id>/directory")
def enter_directory(person_id: int) -> Response | Page:
    """Whom an account is in the office's own directory."""
    subject, email = request.form.get("subject", ""), request.form.get("email", "")
    try:
        with transaction() as session:
            if people.by_id(session, person_id) is None or not settings().oidc_issuer:
                abort(404)
            directory.enter(session, settings(), person_id, subject, email, actor=actor(), at=now())
    except people.WrongPerson as wrong:
        return _person(person_id, say(wrong.message)), 422
    flash(t("已保存。", "Saved."), "done")
    return redirect(url_for(".person", person_id=person_id))


@bp.post("/people/<int:person_id>/<any(grant, revoke):what>")
def change_role(person_id: int, what: str) -> Response | Page:
    change = people.grant if what == "grant" else people.revoke
    try:
        with transaction() as session:
            role = administration.role(request.form.get("role", ""))
            unit = administration.unit(session, role, number(request.form.get("unit")))
            if people.by_id(session, person_id) is None:
                abort(404)
            change(session, person_id, role, unit, actor=actor(), at=now())
    except people.WrongPerson as wrong:
        return _person(person_id, say(wrong.message)), 422
    done = t("已授予“{role}”，立即生效。", "“{role}” is given, at once effective.", role=role.label)
    taken = t("已收回“{role}”，立即生效。", "“{role}” is taken away, at once effective.", role=role.label)
    flash(done if what == "grant" else taken, "done")
    return redirect(url_for(".person", person_id=person_id))


@bp.post("/people/<int:person_id>/<any(disable, enable):what>")
def switch(person_id: int, what: str) -> Response | Page:
    change = people.disable if what == "disable" else people.enable
    try:
        with transaction() as session:
            if people.by_id(session, person_id) is None:
                abort(404)
            change(session, person_id, actor=actor(), at=now())
    except people.WrongPerson as wrong:
        return _person(person_id, say(wrong.message)), 422
    flash(
        t("账号已停用，登录已全部结束。", "The account is disabled and all its sessions have ended.")
        if what == "disable"
        else t("账号已启用。", "The account is enabled."),
        "done",
    )
    return redirect(url_for(".person", person_id=person_id))


# ---- offices and centres ---------------------------------------------------------------------------------------------


@bp.get("/offices")
def offices() -> str:
    with reading() as session:
        return render_template("admin/offices.html", offices=register.offices(session), verified=register.VERIFIED)


@bp.get("/offices/<int:office_id>")
def office(office_id: int) -> str:
    return _office(office_id)


def _office(office_id: int, typed: Any = None, wrong: str = "") -> str:
    with reading() as session:
        found = register.office(session, office_id) or abort(404)
        shown = {"one": found, "typed": typed or vars(found), "verified": register.VERIFIED, "wrong": wrong}
        return render_template("admin/office.html", **shown)


@bp.post("/offices/<int:office_id>")
def change_office(office_id: int) -> Response | Page:
    try:
        with transaction() as session:
            if register.office(session, office_id) is None:
                abort(404)
            register.change_office(session, office_id, request.form, actor=actor(), at=now())
    except register.WrongEntry as wrong:
        return _office(office_id, request.form, say(wrong.message)), 422
    flash(t("已保存。", "Saved."), "done")
    return redirect(url_for(".offices"))


@bp.get("/centres")
def centres() -> str:
    chosen = number(request.args.get("office"))
    with reading() as session:
        return render_template(
            "admin/centres.html",
            offices=register.offices(session),
            chosen=chosen,
            centres=register.centres(session, chosen),
            **_centre_words(),
        )


def _centre_words() -> dict[str, Any]:
    return {"kinds": register.KINDS, "verified": register.VERIFIED}


@bp.get("/centres/<int:centre_id>")
def centre(centre_id: int) -> str:
    return _centre(centre_id)


def _centre(centre_id: int, typed: Any = None, wrong: str = "") -> str:
    with reading() as session:
        found = register.centre(session, centre_id) or abort(404)
        shown = {"one": found, "typed": typed or vars(found), "wrong": wrong, **_centre_words()}
        return render_template("admin/centre.html", **shown)


@bp.post("/centres/<int:centre_id>")
def change_centre(centre_id: int) -> Response | Page:
    try:
        with transaction() as session:
            found = register.centre(session, centre_id) or abort(404)
            register.change_centre(session, centre_id, request.form, actor=actor(), at=now())
    except register.WrongEntry as wrong:
        return _centre(centre_id, request.form, say(wrong.message)), 422
    flash(t("已保存。", "Saved."), "done")
    return redirect(url_for(".centres", office=found.office_id))


# ---- lists -----------------------------------------------------------------------------------------------------------


@bp.get("/import")
def upload() -> str:
    return render_template("admin/upload.html", chosen=request.args.get("kind", ""))


@bp.post("/import")
def preview() -> imports.Page:
    kinds = {str(one): one for one in lists_of.Kind if one is not lists_of.Kind.PRIORS}
    return imports.preview(kinds.get(request.form.get("kind", ""), lists_of.Kind.OFFICES), None, "admin/upload.html")


@bp.post("/import/take")
def take() -> Response | str:
    """Links that are handed over are shown once, on the answer itself: only their digests are kept."""
    kind, invited = imports.take()
    if invited:
        by_hand = [one for one in invited if one.token]
        mailed = len(invited) - len(by_hand)
        own = settings().base_url
        site = request.host_url if own == BASE_URL else own
        return render_template(
            "admin/invited.html", by_hand=by_hand, mailed=mailed, days=accounts.VALID.days, site=site.rstrip("/")
        )
    pages = {lists_of.Kind.CENTRES: ".centres", lists_of.Kind.PEOPLE: ".index"}
    return redirect(url_for(pages.get(kind, ".offices")))


@bp.get("/import/accounts.xlsx")
def blank_accounts() -> Response:
    with reading() as session:
        data = accounts.blank(session, actor())
    return send_file(io.BytesIO(data), as_attachment=True, download_name="账号名单.xlsx")


# ---- calls -----------------------------------------------------------------------------------------------------------


@bp.get("/calls")
def calls() -> str:
    return _calls()


def _calls(**shown: Any) -> str:
    with reading() as session:
        current = list(notices.current(session))
        versions = [one for row, call, _ in current for one in notices.versions(session, call.number)]
        return render_template(
            "admin/calls.html", **{"current": current, "versions": versions, "source": "", "notice": "", **shown}
        )


@bp.post("/calls")
def load() -> Response | Page:
    """Check a call's file, or load it: everything that is wrong is told at once, by place and line."""
    try:
        source, notice = _sent("source"), _sent("notice")
    except Unreadable as refused:
        return _calls(wrong=say(refused.problem.text)), 422
    typed = {"source": source, "notice": notice}
    if not source.strip():
        return _calls(**typed, wrong=t("请上传或粘贴通知的 TOML 文件。", "Upload or paste the call's TOML file.")), 422
    with reading() as session:
        checked = notices.check(session, source, notice)
    if checked.problems or request.form.get("then") != "load":
        return _calls(**typed, checked=checked), 422 if checked.problems else 200
    try:
        with transaction() as session:
            made, new = notices.load(session, source, notice, actor=actor(), at=now())
    except call_files.CallRefused as refused:
        return _calls(**typed, checked=notices.Checked(None, problems=refused.problems)), 422
    flash(
        t("“{number}”第 {n} 版已载入。", "“{number}”, version {n}, is loaded.", number=made.number, n=made.version)
        if new
        else t(
            "内容与第 {n} 版相同，没有新建版本。",
            "It is the same as version {n}; nothing new was made.",
            n=made.version,
        ),
        "done",
    )
    return redirect(url_for("calls.show", number=made.number))


@bp.post("/calls/<number>/look")
def put_look(number: str) -> Response | Page:
    """Another Word document for the cases of a call: its next version."""
    try:
        kept = uploaded("look", "case")
        if kept is None:
            return _calls(wrong=t("请选择一个 Word 文件（.docx）。", "Choose a Word file (.docx).")), 422
        with transaction() as session:
            look = files().get(kept.digest)
            made, new = notices.put_look(session, number, look, actor=actor(), at=now())
    except Unreadable as refused:
        return _calls(wrong=say(refused.problem.text)), 422
    except notices.WrongLook as refused:
        return _calls(wrong=say(refused.message)), 422
    flash(
        t("Word 模板已存为第 {n} 版。", "The Word template is kept with version {n}.", n=made.version)
        if new
        else t("与第 {n} 版的 Word 模板相同。", "It is the Word template of version {n} already.", n=made.version),
        "done",
    )
    return redirect(url_for(".calls"))


def _sent(name: str) -> str:
    """A text that was uploaded as a file or, failing that, pasted."""
    kept = uploaded(f"{name}_file", "call")
    if kept is not None:
        return administration.decoded(files().get(kept.digest))
    return request.form.get(name, "").replace("\r\n", "\n")
