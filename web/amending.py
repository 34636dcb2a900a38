"""案例转到新版本: what moving running cases to a version of their call would change for each, and moving them."""

from __future__ import annotations

import re

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.request import actor, form_key, now, reading, transaction
from web.request import number as row_number
from web.tell import done
from web.words import say, t
from workflow.calls import amending

bp = Blueprint("amending", __name__, url_prefix="/calls")

_SEEN = re.compile(r"([0-9]{1,18})\.([0-9]{1,12}\.[0-9]{1,12})")
_TOLD = 5


@bp.get("/<number>/move")
def show(number: str) -> str:
    """For each case what would change, which cannot be moved and why; nothing is done yet."""
    with reading() as session:
        found = amending.preview(session, number, to=row_number(request.args.get("to")), actor=actor(), at=now())
        return render_template(
            "amending/show.html", made=found, number=number, moves=amending.moves(actor()), most=amending.MOST
        )


@bp.post("/<number>/move")
def move(number: str) -> Response:
    """Move all cases that are worked on, or those that were ticked."""
    to = row_number(request.form.get("to"))
    with transaction() as session:
        moved = amending.migrate(
            session,
            number,
            to=to,
            chosen=_chosen(),
            actor=actor(),
            at=now(),
            op=form_key(),
            remark=request.form.get("remark", ""),
        )
    _tell(moved)
    return redirect(url_for(".show", number=number, to=to))


def _chosen() -> amending.Chosen:
    seen = dict(_marks("seen"))
    if request.form.get("which") != "chosen":
        return amending.Chosen(seen=seen)
    ticked = dict(_marks("case"))
    offices = [one for one in map(row_number, request.form.getlist("office")) if one is not None]
    return amending.Chosen(list(ticked), offices, {**seen, **ticked})


def _marks(field: str) -> list[tuple[int, str]]:
    """What stands in a page's fields of cases: their ids, and what was seen of each."""
    found = (_SEEN.fullmatch(value) for value in request.form.getlist(field))
    return [(int(one[1]), one[2]) for one in found if one is not None]


def _tell(moved: amending.Moved) -> None:
    if moved.receipt is not None:
        what = t(
            "转到第 {n} 版：{cases} 个案例，{batches} 个批次",
            "Moving to version {n}: {cases} cases, {batches} batches",
            n=moved.version,
            cases=moved.moved,
            batches=moved.batches,
        )
        done(what, moved.receipt)
    for one in moved.refused[:_TOLD]:
        flash(
            t(
                "{number} 没有转：{why}",
                "{number} was not moved: {why}",
                number=one.number,
                why=f"{say(one.why)} {say(one.do)}",
            ),
            "refused",
        )
    if len(moved.refused) > _TOLD:
        flash(
            t("另有 {n} 件没有转，原因见下。", "{n} more were not moved; see below why.", n=len(moved.refused) - _TOLD),
            "refused",
        )
