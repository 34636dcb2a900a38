"""Published cases, for everybody: the gallery, one case, its pictures."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from flask import Blueprint, Response, render_template, request, url_for

from web.request import files, language, number, reading, settings
from workflow import public
from workflow.public import Wanted

bp = Blueprint("public", __name__, url_prefix="/public")


@bp.get("")
def index() -> str:
    wanted, after = _wanted(), request.args.get("after", "")[:80]
    with reading() as session:
        return render_template(
            "public/index.html",
            found=public.gallery(session, wanted, after),
            choices=public.choices(session, wanted.office),
            wanted=wanted,
            here={name: value for name, value in vars(wanted).items() if value},
            after=after,
        )


def _wanted() -> Wanted:
    """What the address asks for; a number that is none counts as not given."""
    given = request.args
    return Wanted(
        given.get("theme", "")[:40],
        number(given.get("office")),
        number(given.get("centre")),
        given.get("text", "")[:80],
    )


@bp.get("/<number>")
def show(number: str) -> str | tuple[str, int]:
    """A published case; a retracted one leaves its notice (410)."""
    with reading() as session:
        case = public.find(session, number)
        if case.retracted:
            return render_template("public/retracted.html", case=case), 410
        return render_template("public/show.html", case=case, english=_in_english(case), address=_address(case.number))


def _in_english(case: Any) -> bool:
    """Whether the English text is shown: asked for by `?text=`, else as the page's language; only where it is current."""
    asked = request.args.get("text", "")
    wanted = asked if asked in ("zh", "en") else language()
    return wanted == "en" and case.english is not None


def _address(number: str) -> str:
    """Where the case stays, for citing it."""
    return urljoin(settings().base_url, url_for("public.show", number=number))


@bp.get("/<number>/pictures/<int:position>")
def picture(number: str, position: int) -> Response:
    with reading() as session:
        data, media_type = public.picture(session, files(), number, position)
    return Response(data, mimetype=media_type)
