"""In whose court things lay, and for how long: a bar for each, a board for offices and the national office, a sheet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO

from flask import Blueprint, render_template, request, send_file
from werkzeug.wrappers import Response

from states.lifecycle import Lifecycle
from web.request import actor, now, reading, today, transaction
from web.words import t
from workflow import boards, courts, downloads, histories, lists, privacy, stranded

bp = Blueprint("courts", __name__, url_prefix="/courts")


@dataclass(frozen=True)
class Part:
    """One party's share of a bar that is 100 wide."""

    party: courts.Party
    days: courts.Days
    x: float
    width: float


@dataclass(frozen=True)
class Bar:
    parts: Sequence[Part]
    whole: courts.Days


def bar(times: Mapping[courts.Party, courts.Time], among: int = 1) -> Bar:
    """Times as a bar, divided among so many cases."""
    days, whole = courts.in_days(times, among)
    parts, x = [], 0.0
    for party, one in days.items():
        width = round(100 * one.calendar / whole.calendar, 2) if whole.calendar else 0.0
        parts.append(Part(party, one, round(x, 2), width))
        x += width
    return Bar(parts, whole)


@dataclass(frozen=True)
class Told:
    """In whose court one thing is, and how long it lay with whom."""

    course: courts.Course
    bar: Bar


def told(lived: Lifecycle, history: Iterable[lists.Happened | histories.Happened]) -> Told | None:
    """The same of a case or a batch, from its history, the newest first; None for what has none within reach."""
    moves = [(one.at, str(one.target)) for one in history if one.done and one.target and one.of == lived.name]
    found = courts.course(lived, moves[::-1], now())
    return Told(found, bar(found.by_party)) if found else None


@bp.get("")
def index() -> str:
    courts.check(actor())
    with reading() as session:
        calls = [one for _, one in lists.calls(session)]
        call = courts.chosen(calls, request.args.get("call", ""))
        return render_template(
            "courts/index.html",
            board=courts.board(session, actor(), call, now()) if call else None,
            calls=calls,
            without=stranded.every(session, actor(), now()),
            bar=bar,
            reads_desk=bool(actor().roles & boards.NATIONAL),
            parties=tuple(courts.Party),
        )


@bp.post("/sheet")
def sheet() -> Response:
    """Case by case as a sheet; that it was taken away goes on record."""
    courts.check(actor())
    with reading() as session:
        call = courts.needed([one for _, one in lists.calls(session)], request.form.get("call", ""))
        data, rows = courts.sheet(session, actor(), call, now())
    with transaction() as session:
        privacy.exported(session, "courts", rows, actor=actor(), at=now(), filters={"call": call.number})
    return send_file(
        BytesIO(data),
        downloads.EXCEL,
        as_attachment=True,
        download_name=f"{t('各方用时', 'time-taken')}_{today()}.xlsx",
    )
