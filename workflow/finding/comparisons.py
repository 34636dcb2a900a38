"""Prior submissions: the match side by side, to those who may decide, and the ruling that is remembered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from rules.facts import Ruling
from rules.roles import Level, Role
from rules.words import Text
from states.reach import Actor, reaches
from workflow import papers
from workflow.cases import NoSuchCase, check_apart
from workflow.content import Content
from workflow.engine import NotPermitted, Receipt, WrongInput
from workflow.finding import similar
from workflow.store import comparisons as stored
from workflow.store import facts as stored_facts
from workflow.store import papers as stored_papers
from workflow.store import prior
from workflow.store.models import Case


class ReasonMissing(WrongInput):
    """A ruling without its reason (422)."""


def known(session: Session, case: Case, seen_by: Actor) -> tuple[list[prior.Similar], bool]:
    """The earlier reports that a case looks like, as far as this person may know of them; and whether a comparison is
    pending of which they may know no more than that (比对中).

    Another office's undecided report is left out for all but the national office (docs/decisions.md 6).
    """
    found = _found(session, case)
    pending = case.once_submitted and any(one.ruling is None and not _may_know(one, seen_by) for one in found)
    return [one for one in found if _may_know(one, seen_by)], pending


def _found(session: Session, case: Case) -> list[prior.Similar]:
    """What a case looks like, those included that stand before it in the same unsent batch."""
    together = [*stored.before_in_batch(session, case.id), case]
    return prior.find(session, together, together=True).get(case.id, [])


def of_case(session: Session, case: Case, seen_by: Actor) -> list[prior.Similar]:
    """The earlier reports that a case looks like, as far as this person may know of them."""
    return known(session, case, seen_by)[0]


def _may_know(one: prior.Similar, actor: Actor) -> bool:
    if one.level is not Level.NATIONAL:
        return True
    if one.ruling is Ruling.DUPLICATE:
        return True
    return any(role.level is Level.NATIONAL for role in actor.roles - {Role.ADMINISTRATOR, Role.JUDGE})


def may_rule(case: Case, one: prior.Similar, actor: Actor) -> bool:
    """The office rules on its own centres' reports, the desk on those of different offices."""
    if one.level is Level.NATIONAL:
        return Role.DESK in actor.roles
    return case.office_id in actor.units(Role.REVIEWER)


def may_compare(case: Case, one: prior.Similar, actor: Actor) -> bool:
    """Whether somebody may see the two texts side by side."""
    if one.level is Level.CENTRE and case.centre_id in actor.units(Role.AUTHOR, Role.SEALER):
        return True
    return may_rule(case, one, actor) or Role.AUDITOR in actor.roles


@dataclass(frozen=True)
class Side:
    """One of two texts, cut where they agree: (text, number of the common passage or None)."""

    number: str
    title: str
    centre: str
    recipient: str
    pieces: tuple[tuple[str, int | None], ...]


@dataclass(frozen=True)
class Comparison:
    """A pair, ready to show."""

    similar: prior.Similar
    mine: Side
    other: Side
    common: int
    """Characters in common passages."""


def compare(session: Session, case_id: int, key: str, *, actor: Actor) -> tuple[Case, Comparison]:
    """The two texts side by side, passages marked. Raises NoSuchCase when there is no such pair or it is not theirs."""
    case, one = _pair(session, case_id, key, actor)
    if not may_compare(case, one, actor):
        raise _NONE
    other = _other_side(session, one)
    mine = stored_facts.content_of(case)
    passages = similar.passages(mine.body, other.text)
    left = _cut(mine.body, [(one.start_a, one.end_a) for one in passages])
    right = _cut(other.text, [(one.start_b, one.end_b) for one in passages])
    return case, Comparison(
        one,
        Side(case.number, case.title, case.centre.name, case.recipient, left),
        Side(other.number, other.title, other.centre, other.recipient, right),
        sum(one.end_a - one.start_a for one in passages),
    )


_NONE = NoSuchCase(Text("没有这项比对，或者它不在您的职责范围内。", "There is no such comparison within your reach."))


def _pair(session: Session, case_id: int, key: str, actor: Actor) -> tuple[Case, prior.Similar]:
    """A pair within reach: by the case's own reach, or because its centre asked this office to rule."""
    case = stored.case(session, case_id)
    if case is None:
        raise _NONE
    found = _found(session, case)
    one = next((candidate for candidate in found if candidate.key == key), None)
    if one is None or not _may_know(one, actor):
        raise _NONE
    asked = one.asked and case.office_id in actor.units(Role.REVIEWER)
    if not (reaches(actor, case) or asked):
        raise _NONE
    return case, one


@dataclass(frozen=True)
class _OtherText:
    number: str
    title: str
    centre: str
    recipient: str
    text: str


def _other_side(session: Session, one: prior.Similar) -> _OtherText:
    if one.prior_id is not None:
        kept = stored.imported(session, one.prior_id)
        if kept is None:
            raise _NONE
        return _OtherText(kept.number, kept.title, kept.centre_name, kept.recipient, kept.text)
    other = stored.case(session, one.other_id or 0)
    if other is None:
        raise _NONE
    content: Content = stored_facts.content_of(other)
    return _OtherText(other.number, other.title, other.centre.name, other.recipient, content.body)


def _cut(text: str, spans: Sequence[tuple[int, int]]) -> tuple[tuple[str, int | None], ...]:
    """A text cut at the given spans; each span keeps its number, counted from 1 by rank, so that both sides agree."""
    pieces: list[tuple[str, int | None]] = []
    at = 0
    for start, end, number in sorted((start, end, rank) for rank, (start, end) in enumerate(spans, 1)):
        if start > at:
            pieces.append((text[at:start], None))
        pieces.append((text[start:end], number))
        at = end
    pieces.append((text[at:], None))
    return tuple(piece for piece in pieces if piece[0])


def check_ruler(session: Session, case_id: int, key: str, actor: Actor) -> None:
    """Raise NoSuchCase or NotPermitted when this person does not rule on the pair, whatever the form holds."""
    _check_rules(*_pair(session, case_id, key, actor), actor)


def _check_rules(case: Case, one: prior.Similar, actor: Actor) -> None:
    if may_rule(case, one, actor):
        return
    who = Role.DESK if one.level is Level.NATIONAL else Role.REVIEWER
    raise NotPermitted(
        Text(
            f"这项比对由{who.label.zh}裁定，您没有这个职责。",
            f"A {who.label.en.lower()} rules on this pair; you are none.",
        )
    )


def rule(
    session: Session,
    case_id: int,
    key: str,
    ruling: Ruling,
    reason: str,
    *,
    actor: Actor,
    at: datetime,
    op: str = "",
) -> Receipt:
    """Decide about a pair, with a reason; the newest ruling counts and is not asked again.

    Raises NoSuchCase, NotPermitted, ReasonMissing.
    """
    stored.lock(session, case_id)
    case, one = _pair(session, case_id, key, actor)
    owner = papers.owner_of(case)
    earlier = stored_papers.noted(session, owner, "case.adjudicate", op)
    if earlier is not None:
        return earlier
    _check_rules(case, one, actor)
    step = "rule_nationally" if one.level is Level.NATIONAL else "rule_in_office"
    check_apart(session, case.id, step, actor=actor, at=at)
    if not reason.strip():
        raise ReasonMissing(
            Text(
                "请写明裁定理由；理由会留在记录里，双方都能看到。",
                "Write the reason of the ruling; it stays on record and both sides read it.",
            )
        )
    stored.rule(session, one, ruling, reason.strip(), actor, at)
    data = {
        "other": one.number,
        "ruling": str(ruling),
        "reason": reason.strip(),
        "score": f"{one.score:.3f}",
        "why": one.why,
    }
    return stored_papers.note(session, owner, "case.adjudicate", data, actor, at, op)


def ask(session: Session, case_id: int, key: str, note: str, *, actor: Actor, at: datetime, op: str = "") -> Receipt:
    """A centre asks its office to rule before the case is stamped; this opens the pair to the office's reviewers."""
    stored.lock(session, case_id)
    case, one = _pair(session, case_id, key, actor)
    owner = papers.owner_of(case)
    earlier = stored_papers.noted(session, owner, "case.ask_ruling", op)
    if earlier is not None:
        return earlier
    if case.centre_id not in actor.units(Role.AUTHOR, Role.SEALER):
        raise NotPermitted(Text("提请裁定由报送中心办理。", "The reporting centre asks for a ruling."))
    stored.ask(session, one, note.strip(), actor, at)
    return stored_papers.note(session, owner, "case.ask_ruling", {"other": one.number, "note": note}, actor, at, op)


def waiting(session: Session, actor: Actor) -> list[tuple[Case, prior.Similar]]:
    """Pairs that centres asked this reviewer's office to rule on, still open."""
    cases = stored.asked_of(session, actor.units(Role.REVIEWER))
    found = prior.find(session, cases)
    return [(case, one) for case in cases for one in found.get(case.id, []) if one.asked and one.ruling is None]


def to_rule(session: Session, actor: Actor) -> list[tuple[Case, prior.Similar]]:
    """Pairs that wait for this person's ruling, and can be seen with a case within reach, the oldest first.

    For reviewers: pairs of their own office's cases; for the desk: pairs across offices.
    """
    found = []
    cases = stored.undecided(session, actor)
    for case_id, many in prior.find(session, cases).items():
        case = next(one for one in cases if one.id == case_id)
        found += [(case, one) for one in many if one.ruling is None and _waits(case, one, actor)]
    return found


def _waits(case: Case, one: prior.Similar, actor: Actor) -> bool:
    if one.level is Level.NATIONAL:
        return case.once_submitted and Role.DESK in actor.roles
    return case.once_stamped and case.office_id in actor.units(Role.REVIEWER)
