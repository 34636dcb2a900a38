"""Calls as people meet them: the notice's own text, its phases and days, and loading another version."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from rules.call import Call, Phase, Theme, Window
from rules.roles import Level, Role
from rules.words import Text
from states.reach import Actor
from workflow.calls import CallProblem, CallRefused, deadlines, mistaken, parse_call, proofs
from workflow.documents import writing
from workflow.engine import CannotServe, NoSuchThing, NotPermitted
from workflow.store import calls as stored
from workflow.store import notices as rows
from workflow.store.models import CallVersion


class NoSuchCall(NoSuchThing):
    """No call of that number, or no such version of it (404)."""


def find(session: Session, number: str, version: int | None = None) -> tuple[CallVersion, Call]:
    """A call in its newest version, or in one of them. Raises NoSuchCall."""
    found = rows.version(session, number, version)
    if found is None:
        raise NoSuchCall(
            Text("没有这个征集通知。请从“征集通知”列表进入。", "There is no such call. Open it from the list of calls.")
        )
    return found, stored.call_of(session, found.id)


def versions(session: Session, number: str) -> list[CallVersion]:
    """Every version of a call, the newest first."""
    return rows.versions(session, number)


# ---- phases ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PhaseShown:
    """A phase with its windows. `centres`: where centres close earlier than offices. `extended`: for every office.

    `asked`: the levels that are asked for reports by a day before they close, each with its window.
    """

    phase: Phase
    window: Window
    centres: Window | None
    extended: bool
    themes: Sequence[Theme]
    asked: Sequence[tuple[Level, Window]] = ()

    def asked_of(self, level: str) -> datetime | None:
        """Until when that level is asked for reports, where it is."""
        return next((window.asked for one, window in self.asked if one == level), None)

    def is_open(self, at: datetime) -> bool:
        return self.window.opens <= at < self.window.closes

    def is_ahead(self, at: datetime) -> bool:
        return at < self.window.opens


def phases(session: Session, call: Call) -> list[PhaseShown]:
    """The phases in order, with extensions that hold for every office."""
    last_day: dict[str, date] = {}
    for one in reversed(deadlines.extensions(session, call)):
        if one.office_id is None:
            last_day[one.phase] = one.last_day
    return [_phase(call, phase, last_day) for phase in call.phases]


def _phase(call: Call, phase: Phase, last_days: Mapping[str, date]) -> PhaseShown:
    extended = last_days.get(phase.id)
    day = extended if extended is None else max(phase.closes, extended)
    window = phase.window(Level.OFFICE, call.opened, day)
    centres = phase.window(Level.CENTRE, call.opened, day)
    return PhaseShown(
        phase,
        window,
        centres if centres.closes != window.closes else None,
        extended is not None,
        [call.themes[one] for one in call.themes_in(phase)],
        [(level, one) for level, one in ((Level.CENTRE, centres), (Level.OFFICE, window)) if one.asked is not None],
    )


def current(session: Session) -> list[tuple[CallVersion, Call, list[PhaseShown]]]:
    """Every call in its newest version, the newest call first."""
    shown = []
    for version, call in stored.open_calls(session):
        row = rows.by_id(session, version)
        shown.append((row, call, phases(session, call)))
    return shown


# ---- the notice's text -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """Words of the notice; `rules`: the rules that quote them."""

    words: str
    rules: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """One paragraph of the notice, or a heading of `level` 1 to 6 (0: no heading)."""

    pieces: tuple[Piece, ...]
    level: int = 0

    @property
    def quoted(self) -> frozenset[str]:
        return frozenset(rule for piece in self.pieces for rule in piece.rules)


def text(call: Call) -> list[Line]:
    """The notice paragraph by paragraph, with what rules quote of it set apart."""
    quotes = [(rule, said) for rule, asked in call.rules.items() for said in asked.says]
    lines = []
    for written in call.text.splitlines():
        plain = written.strip()
        if not plain:
            continue
        words = plain.lstrip("#")
        level = min(len(plain) - len(words), 6)
        lines.append(Line(_pieces(words.strip().replace("**", ""), quotes), level))
    return lines


def _pieces(words: str, quotes: Iterable[tuple[str, str]]) -> tuple[Piece, ...]:
    """A paragraph cut where quotations begin and end; quotations of several rules may overlap."""
    squeezed, places = _squeezed(words)
    quoting: list[tuple[str, ...]] = [()] * len(words)
    for rule, said in quotes:
        wanted, _ = _squeezed(said)
        start = squeezed.find(wanted) if wanted else -1
        if start < 0:
            continue
        for place in range(places[start], places[start + len(wanted) - 1] + 1):
            if rule not in quoting[place]:
                quoting[place] = (*quoting[place], rule)
    pieces: list[Piece] = []
    for sign, rules in zip(words, quoting, strict=True):
        if pieces and pieces[-1].rules == rules:
            pieces[-1] = Piece(pieces[-1].words + sign, rules)
        else:
            pieces.append(Piece(sign, rules))
    return tuple(pieces)


def _squeezed(words: str) -> tuple[str, list[int]]:
    """Without spaces and regardless of width, as loading compares; with the place that each sign had."""
    found = [
        (sign, place)
        for place, written in enumerate(words)
        for sign in unicodedata.normalize("NFKC", written)
        if not sign.isspace()
    ]
    return "".join(sign for sign, _ in found), [place for _, place in found]


# ---- loading ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Checked:
    """What a call's file would become: the call and its version, or every problem. `same`: it is loaded already."""

    call: Call | None
    version: int = 0
    same: bool = False
    problems: Sequence[CallProblem] = ()


def check(session: Session, source: str, notice: str) -> Checked:
    """Read a call's file, and prove it, without keeping anything."""
    try:
        call = parse_call(source, notice)
    except CallRefused as refused:
        return Checked(None, problems=refused.problems)
    if problem := mistaken(source, call, (one for _, one in stored.open_calls(session))):
        return Checked(None, problems=[problem])
    known = rows.same(session, call.number, source, notice)
    if known is not None:
        return Checked(call, known.version, same=True)
    if broken := proofs.problems(session, source, notice, call):
        return Checked(None, problems=broken)
    newest = rows.version(session, call.number, None)
    return Checked(call, (newest.version if newest else 0) + 1)


def load(session: Session, source: str, notice: str, *, actor: Actor, at: datetime) -> tuple[CallVersion, bool]:
    """Keep a call as its next version, on record; (version, whether it is new). The same text is kept once.

    Raises NotPermitted (the administrator loads calls), CallRefused with every problem.
    """
    _check_loads(actor)
    checked = check(session, source, notice)
    if checked.problems:
        raise CallRefused(list(checked.problems))
    if not checked.same:
        made = stored.load(session, source, notice, at)
        rows.note(session, made, actor, at)
        return made, True
    return stored.load(session, source, notice, at), False


class WrongLook(CannotServe):
    """A Word document in which no case of the call can be written (422)."""


def fit_look(call: Call, look: bytes) -> bytes:
    """The Word document, when cases of the call can be written in it. Raises WrongLook."""
    try:
        writing.check_look(replace(call, look=look))
    except writing.UnfitLook as unfit:
        raise WrongLook(unfit.why) from unfit
    return look


def put_look(session: Session, number: str, look: bytes, *, actor: Actor, at: datetime) -> tuple[CallVersion, bool]:
    """Keep the newest text of a call as its next version with this Word document; (version, whether it is new).

    Raises NotPermitted, NoSuchCall, WrongLook.
    """
    _check_loads(actor)
    newest, call = find(session, number)
    made = stored.load(session, newest.source, newest.notice, at, fit_look(call, look))
    if made.id == newest.id:
        return made, False
    rows.note(session, made, actor, at)
    return made, True


def _check_loads(actor: Actor) -> None:
    if Role.ADMINISTRATOR not in actor.roles:
        raise NotPermitted(
            Text("征集通知由管理员载入，您没有这个职责。", "Calls are loaded by the administrator; you are none.")
        )
