"""What keeps cases from being read blind, in one list: words to be masked, and pictures to be looked at."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO

from flask import Blueprint, Response, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response as AnyResponse

from web.request import actor, files, form_key, now, number, reading, transaction
from web.tell import done
from web.words import t
from workflow.engine import Text
from workflow.selection import blinding, judging

bp = Blueprint("blinding", __name__, url_prefix="/judging/blind")


@bp.app_template_global()
def picture_verdicts() -> Mapping[str, Text]:
    """What may be found of a picture, with its words."""
    return blinding.VERDICTS


@bp.get("")
def index() -> str:
    """Cases that no judge may read yet, each with what stands in the way."""
    with reading() as session:
        judging.check_office(actor())
        known = judging.calls(session)
        call = judging.call_named(session, request.args.get("call", "")[:40]) if known else None
        page = blinding.waiting(session, call, actor(), request.args.get("after", "")[:60]) if call else None
        return render_template(
            "judging/blind.html",
            page=page,
            call=call,
            calls=known,
            organizes=judging.organizes(actor()),
        )


@bp.get("/<int:judged>/pictures/<int:position>.png")
def picture(judged: int, position: int) -> Response:
    """A picture as the desk looks at it."""
    with reading() as session:
        drawn = blinding.picture(session, files(), judged, position, actor())
    return send_file(BytesIO(drawn), "image/png", download_name=f"{position}.png")


@bp.post("/<int:judged>/pictures")
def look(judged: int) -> AnyResponse:
    """What was found of pictures; from the list one goes back to it, from the case's page to that."""
    found = {
        name.removeprefix("picture:"): value for name, value in request.form.items() if name.startswith("picture:")
    }
    with transaction() as session:
        receipt = blinding.look(session, judged, found, actor=actor(), at=now(), op=form_key())
    done(t("认定图片", "What was found of the pictures"), receipt)
    if number(request.form.get("back")):
        return redirect(url_for("judging.case", judged=judged) + "#blind")
    return redirect(url_for(".index", call=request.form.get("call", "")[:40] or None))
