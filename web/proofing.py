"""The proof of a collection: changed, commented on and signed by editors; then its web edition and errata."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.request import actor, form_key, now, number, reading, transaction
from web.tell import done
from web.words import say, t
from workflow.publishing import collection, proofing
from workflow.store import living

bp = Blueprint("proofing", __name__, url_prefix="/collection/<int:collection_id>/proof")
bp.before_request(lambda: collection.check_editor(actor()))

Page = str | tuple[str, int]


@bp.get("")
def show(collection_id: int) -> str:
    return _page(collection_id)


def _page(collection_id: int, wrong: str = "", typed: proofing.Edit | None = None, *, faster: bool = False) -> str:
    """`faster`: somebody else changed the proof before this could be saved."""
    with reading() as session:
        proof = proofing.find(session, collection_id, actor=actor())
        now = proofing.edit_of(proof.shown.row)
        edit = typed.over(now, _marks()) if typed else now
        return render_template(
            "proofing/show.html",
            proof=proof,
            row=proof.shown.row,
            edit=edit,
            present=now,
            faster=faster,
            signed=proof.signed_by(actor()),
            wrong=wrong,
            limits=collection,
            longest=proofing.LONGEST,
            needed=proofing.NEEDED,
        )


@bp.post("/change")
def change(collection_id: int) -> Response | Page:
    """Save the proof as it was typed; where somebody was faster, what was typed stays in the fields."""
    given = request.form
    edit = proofing.Edit(
        given.get("name", "")[: 4 * collection.LONGEST_TITLE],
        given.get("foreword", "").replace("\r\n", "\n")[: 2 * collection.LONGEST_FOREWORD],
        given.get("isbn", "")[:20],
        given.get("cip", "")[:60],
    )
    try:
        with transaction() as session:
            receipt = proofing.change(session, collection_id, edit, _seen(), actor=actor(), at=now(), op=form_key())
    except living.Overtaken as faster:
        return _page(collection_id, say(faster.message), edit, faster=True), 409
    except proofing.WrongProof as wrong:
        return _page(collection_id, say(wrong.message), edit), 422
    done(t("改校样", "Changing the proof"), receipt)
    return redirect(url_for(".show", collection_id=collection_id))


def _marks() -> dict[str, str]:
    """What tells the words with which the form was opened."""
    return {name.removeprefix("was:"): mark for name, mark in request.form.items() if name.startswith("was:")}


def _seen() -> int:
    """The version that the form was about; 0 where it does not say, and then it changes and signs nothing."""
    return number(request.form.get("version")) or 0


def _taken(collection_id: int, words: str, act: Callable[[Any], Any]) -> Response | Page:
    try:
        with transaction() as session:
            receipt = act(session)
    except proofing.WrongProof as wrong:
        return _page(collection_id, say(wrong.message)), 422
    done(words, receipt)
    return redirect(url_for(".show", collection_id=collection_id))


def _words() -> str:
    return request.form.get("words", "").replace("\r\n", "\n")[: 2 * proofing.LONGEST]


def _how() -> dict[str, Any]:
    return {"actor": actor(), "at": now(), "op": form_key()}


@bp.post("/comments")
def comment(collection_id: int) -> Response | Page:
    about = request.form.get("case", "")
    return _taken(
        collection_id,
        t("提意见", "Commenting"),
        lambda session: proofing.comment(
            session, collection_id, _words(), number(about), on_foreword=about == "foreword", **_how()
        ),
    )


@bp.post("/comments/<int:note_id>/settle")
def settle(collection_id: int, note_id: int) -> Response | Page:
    return _taken(
        collection_id,
        t("处理意见", "Settling a comment"),
        lambda session: proofing.settle(session, collection_id, note_id, _words(), **_how()),
    )


@bp.post("/sign-off")
def sign_off(collection_id: int) -> Response | Page:
    return _taken(
        collection_id,
        t("签样", "Signing the proof"),
        lambda session: proofing.sign_off(session, collection_id, _seen(), **_how()),
    )


@bp.post("/release")
def release(collection_id: int) -> Response | Page:
    return _taken(
        collection_id,
        t("公开网络版", "Releasing the web edition"),
        lambda session: proofing.release(session, collection_id, **_how()),
    )


@bp.post("/withdraw")
def withdraw(collection_id: int) -> Response | Page:
    return _taken(
        collection_id,
        t("撤下网络版", "Withdrawing the web edition"),
        lambda session: proofing.withdraw(session, collection_id, _words(), **_how()),
    )


@bp.post("/errata")
def correct(collection_id: int) -> Response | Page:
    case = number(request.form.get("case"))
    return _taken(
        collection_id,
        t("登勘误", "Entering an erratum"),
        lambda session: proofing.correct(session, collection_id, _words(), case, **_how()),
    )


@bp.post("/reprint")
def reprint(collection_id: int) -> Response | Page:
    return _taken(
        collection_id,
        t("重印", "Reprinting"),
        lambda session: proofing.reprint(session, collection_id, **_how()),
    )
