"""What people add to a case on its way to the public: consent, sign-off, English, the judgement of its effect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from rules.roles import Level, Role
from rules.words import Text
from states.case import CaseState
from states.reach import Actor
from workflow.cases import NotEditable, check_apart, check_marked, check_seen
from workflow.engine import CannotServe, NotPermitted, Receipt
from workflow.papers import owner_of
from workflow.store import editorial as stored
from workflow.store import facts as stored_facts
from workflow.store import papers as stored_papers
from workflow.store.models import Case, CaseEnglish, Document, SignOff

_SELECTED = frozenset({CaseState.SHORTLISTED, CaseState.PUBLISHED, CaseState.RETRACTED, CaseState.WIPO_PUSHED})


LONGEST_TITLE = 300
"""Characters of an English title."""


class TooLong(CannotServe):
    """A text longer than can be kept (422)."""


def translate(
    session: Session,
    case_id: int,
    *,
    title: str,
    summary: str,
    text: str,
    actor: Actor,
    at: datetime,
    seen: str | None = None,
    op: str = "",
) -> Receipt:
    """Save an English version of the present Chinese content; earlier versions are kept. Raises TooLong."""
    title = title.strip()
    if len(title) > LONGEST_TITLE:
        raise TooLong(
            Text(
                f"英文题目有 {len(title)} 个字符，最多 {LONGEST_TITLE} 个，请改短。",
                f"The English title has {len(title)} characters; the most is {LONGEST_TITLE}. Shorten it.",
            )
        )

    def save(row: Any) -> dict[str, Any]:
        check_seen(session, row, seen)
        check_marked(None, seen)
        stored.translate(session, row, title, summary.strip(), text.strip(), actor, at)
        return {"of": row.content, "title": title, "length": len(text)}

    return _note(session, case_id, "case.translate", (Role.TRANSLATOR,), save, actor, at, op, _SELECTED)


def consent(session: Session, case_id: int, words: str, *, actor: Actor, at: datetime, op: str = "") -> Receipt:
    """Record who agreed in writing to publication; empty words take the consent back."""

    def save(row: Any) -> dict[str, Any]:
        stored.set_columns(session, case_id, consent=words.strip())
        return {"consent": words.strip(), "before": row.consent}

    return _note(session, case_id, "case.consent", (Role.AUTHOR, Role.SEALER), save, actor, at, op)


LONGEST_RIGHTS = 300
"""Characters that say who allows a picture to be published."""


def allow_pictures(
    session: Session, case_id: int, rights: Mapping[int, str], *, actor: Actor, at: datetime, op: str = ""
) -> Receipt:
    """Record who allows pictures of a case to be published, by their documents; empty words take it back.

    A picture of which nobody says so is shown to nobody outside. Raises TooLong.
    """
    said = {document: words.strip() for document, words in rights.items()}
    if any(len(words) > LONGEST_RIGHTS for words in said.values()):
        raise TooLong(
            Text(
                f"每张图片的权利说明最多 {LONGEST_RIGHTS} 个字，请改短。",
                f"What is said of a picture's rights has at most {LONGEST_RIGHTS} characters. Shorten it.",
            )
        )

    def save(_row: Any) -> dict[str, Any]:
        changed = []
        for one in stored.pictures(session, case_id):
            if (words := said.get(one.id, one.rights)) != one.rights:
                stored.allow_picture(session, one.id, words)
                changed.append({"sha256": one.digest, "caption": one.caption, "rights": words, "before": one.rights})
        return {"pictures": changed}

    return _note(session, case_id, "case.allow_pictures", (Role.AUTHOR, Role.SEALER), save, actor, at, op)


def judge_effect(session: Session, case_id: int, words: str, *, actor: Actor, at: datetime, op: str = "") -> Receipt:
    """Record why the effect is outstanding; empty words take the judgement back."""

    def save(row: Any) -> dict[str, Any]:
        stored.set_columns(session, case_id, effect=words.strip())
        return {"effect": words.strip(), "before": row.effect}

    return _note(session, case_id, "case.judge_effect", (Role.LIAISON,), save, actor, at, op, _SELECTED)


def sign_off(
    session: Session, case_id: int, *, actor: Actor, at: datetime, seen: str | None = None, op: str = ""
) -> Receipt:
    """Sign the present content off for publication; another content needs signing again."""

    def save(row: Any) -> dict[str, Any]:
        check_seen(session, row, seen)
        check_marked(None, seen)
        check_apart(session, case_id, "sign_off", actor=actor, at=at)
        stored.sign_off(session, row, actor, at)
        return {"content": row.content}

    return _note(session, case_id, "case.sign_off", (Role.DIRECTOR,), save, actor, at, op, _SELECTED)


def may(case: Case, what: str, actor: Actor) -> bool:
    """Whether this person may now "translate", "consent", "judge_effect" or "sign_off" this case, or "allow_pictures"."""
    roles, states = _MAY[what]
    return _holds(case, roles, actor) and (states is None or case.state in states)


_MAY: dict[str, tuple[tuple[Role, ...], frozenset[CaseState] | None]] = {
    "translate": ((Role.TRANSLATOR,), _SELECTED),
    "consent": ((Role.AUTHOR, Role.SEALER), None),
    "allow_pictures": ((Role.AUTHOR, Role.SEALER), None),
    "judge_effect": ((Role.LIAISON,), _SELECTED),
    "sign_off": ((Role.DIRECTOR,), _SELECTED),
}


def english(session: Session, case: Case) -> CaseEnglish | None:
    return stored.english(session, case.id)


def pictures(session: Session, case: Case) -> list[Document]:
    return stored.pictures(session, case.id)


def sign_offs(session: Session, case: Case) -> list[SignOff]:
    return stored.sign_offs(session, case.id)


def _holds(case: Any, roles: tuple[Role, ...], actor: Actor) -> bool:
    return any(
        role in actor.roles and (role.level is not Level.CENTRE or case.centre_id in actor.units(role))
        for role in roles
    )


def _note(
    session: Session,
    case_id: int,
    action: str,
    roles: tuple[Role, ...],
    save: Callable[[Any], dict[str, Any]],
    actor: Actor,
    at: datetime,
    op: str,
    states: frozenset[CaseState] | None = None,
) -> Receipt:
    [row] = stored_facts.case_rows(session, [case_id], lock=True)
    if not _holds(row, roles, actor):
        who = "、".join(role.label.zh for role in roles)
        raise NotPermitted(
            Text(
                f"这一步由{who}办理，您没有这个职责。",
                f"Taken by: {', '.join(role.label.en for role in roles)}. You are none.",
            )
        )
    owner = owner_of(row)
    earlier = stored_papers.noted(session, owner, action, op)
    if earlier is not None:
        return earlier
    if states is not None and row.state not in states:
        here = CaseState.of(row.state).label
        raise NotEditable(
            Text(
                f"案例现在是“{here.zh}”，入选之后才办理这一步。",
                f"The case is “{here.en}”; this comes after it is shortlisted.",
            )
        )
    return stored_papers.note(session, owner, action, save(row), actor, at, op)
