"""Collections of cases: choosing what comes into one, having it made, watching that, and taking it away."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from web.request import actor, files, form_key, installed, language, now, number, reading, transaction
from web.tell import done
from web.words import say, t
from workflow import downloads, lists
from workflow.publishing import collection

bp = Blueprint("collection", __name__, url_prefix="/collection")
bp.before_request(lambda: collection.check_editor(actor()))

Page = str | tuple[str, int]


@bp.get("")
def index() -> str:
    with reading() as session:
        return render_template("collection/index.html", found=collection.listed(session, actor=actor()))


@bp.get("/new")
def new() -> str:
    """The cases to choose from, all of them ticked, and what the book is to be."""
    return _form()


def _form(wrong: str = "", typed: Any = None) -> str:
    narrowed = _narrowed(request.values)
    with reading() as session:
        return render_template(
            "collection/new.html",
            narrowed=narrowed,
            here={name: value for name, value in vars(narrowed).items() if value},
            choice=collection.choice(session, narrowed, actor=actor()),
            orders=list(collection.Order),
            states=[lists.lifecycle().state(str(one)) for one in collection.STATES],
            limits=collection,
            typed=typed,
            wrong=wrong,
        )


def _narrowed(given: Any) -> collection.Narrowed:
    return collection.Narrowed(given.get("theme", "")[:40], number(given.get("office")), given.get("state", "")[:30])


@bp.post("")
def order() -> Response | Page:
    """Have the collection made that the form describes."""
    given = request.form
    wanted = collection.Wanted(
        given.get("name", "")[: 4 * collection.LONGEST_TITLE],
        _by_hand(given),
        given.get("foreword", "")[: 2 * collection.LONGEST_FOREWORD],
        next((one for one in collection.Order if one == given.get("sort")), collection.Order.THEME),
        [one for one in collection.FORMATS if one in given.getlist("format")],
    )
    try:
        with transaction() as session:
            made, receipt = collection.order(session, wanted, actor=actor(), at=now(), op=form_key())
    except collection.WrongCollection as wrong:
        return _form(say(wrong.message), given), 422
    done(t("编印案例集", "Ordering the collection"), receipt)
    return redirect(url_for(".show", collection_id=made))


def _by_hand(given: Any) -> list[int]:
    """The cases that are ticked: those with a place first, in the order of their places, then as they stand."""
    ticked = [one for value in given.getlist("case") if (one := number(value)) is not None]
    places = {one: number(given.get(f"place:{one}")) for one in ticked}
    return sorted(ticked, key=lambda one: places[one] or 10**9)


@bp.get("/<int:collection_id>")
def show(collection_id: int) -> str:
    with reading() as session:
        shown = collection.find(session, collection_id, actor=actor())
        return render_template("collection/show.html", shown=shown, words=_words)


@bp.get("/<int:collection_id>/progress")
def progress(collection_id: int) -> Response:
    """How far it is, for the part of its page that looks again; the whole page once that has ended."""
    with reading() as session:
        shown = collection.find(session, collection_id, actor=actor())
        answer = make_response(render_template("collection/_progress.html", shown=shown))
    if not shown.going:
        answer.headers["HX-Refresh"] = "true"
    return answer


@bp.get("/<int:collection_id>/file/<kind>")
def download(collection_id: int, kind: str) -> Response:
    """The Word file or PDF; that it was taken away goes on record."""
    place = installed()
    name, data = collection.taken(place.database, files(), collection_id, kind, actor=actor(), at=now())
    kind_of = "application/pdf" if kind == "pdf" else downloads.WORD
    return send_file(data, kind_of, as_attachment=True, download_name=name)


def _words(said: Any) -> list[str]:
    """Sentences that were kept, in the reader's language."""
    return [one[language()] for one in said]
