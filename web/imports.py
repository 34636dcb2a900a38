"""Uploading a list: read it, show what would change, then take it in."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, render_template, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from web.request import actor, files, installed, now, received, settings, transaction
from web.uploads import uploaded
from web.words import say, t
from workflow import imports, register
from workflow.documents.problems import Unreadable
from workflow.identity import accounts

Page = str | tuple[str, int]


def preview(kind: imports.Kind, office: int | None, template: str, /, **shown: Any) -> Page:
    """The uploaded list as it would be taken in, or what is wrong with it on the page of the upload.

    The bytes are kept under their digest; the form that confirms carries a signed note of which.
    """
    try:
        kept = uploaded("list", "list")
        if kept is None:
            return _again(t("请先选择文件。", "Choose a file first."), template, **shown)
        data = files().get(kept.digest)
        here = installed()
        rehearsed = imports.rehearse(
            here.database, here.settings, kind, kept.name, data, office=office, actor=actor(), at=now()
        )
    except Unreadable as refused:
        return _again(say(refused.problem.text), template, **shown)
    except register.WrongList as wrong:
        return _again(say(wrong.message), template, **shown)
    note = _notes().dumps([actor().id, str(kind), office, kept.name, kept.digest])
    return render_template(
        "admin/preview.html", kind=kind, name=kept.name, rehearsed=rehearsed, note=note, fields=imports.FIELDS
    )


def _again(wrong: str, template: str, /, **shown: Any) -> Page:
    return render_template(template, wrong=wrong, **shown), 422


def take() -> tuple[imports.Kind, tuple[accounts.Invitation, ...]]:
    """Take in the list that was just shown, and say what came of it; gives who is invited by it.

    Raises WrongList when it is none of ours.
    """
    person, kind, office, name, digest = _noted()
    if person != actor().id:
        raise register.WrongList(imports.LOST)
    chosen, data = imports.Kind.of(kind), files().get(digest)
    with transaction() as session:
        done, invited = imports.take(
            session, settings(), chosen, name, data, office=office, actor=actor(), at=now(), clock=received()
        )
    flash(
        t(
            "{what}已导入：新增 {added}，更新 {changed}，不变 {same}，未采用 {refused}。",
            "{what} imported: {added} new, {changed} changed, {same} the same, {refused} not taken.",
            what=chosen.label,
            added=done.added,
            changed=done.changed,
            same=done.same,
            refused=len(done.problems),
        ),
        "done",
    )
    return chosen, invited


def _noted() -> Any:
    """What `preview` noted: whose list of which kind, and where its bytes are."""
    try:
        return _notes().loads(request.form.get("note", ""), max_age=_HOURS * 3600)
    except BadSignature:
        raise register.WrongList(imports.LOST) from None


_HOURS = 12
"""As long as a sign-in; what a list held is swept from the document store a week later."""


def _notes() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.config["SECRET_KEY"]), salt="list")
