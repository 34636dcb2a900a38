"""What people add to a case on its way to the public: consent, sign-off, English, the judgement of its effect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy.orm import Session

from rules import effect
from rules.roles import Level, Role
from rules.words import Text
from states.case import CaseState
from states.reach import Actor
from workflow import letters
from workflow.cases import NotEditable, check_apart, check_marked, check_seen
from workflow.engine import NotPermitted, Receipt, WrongInput
from workflow.papers import owner_of
from workflow.publishing import consent as consents
from workflow.store import editorial as stored
from workflow.store import facts as stored_facts
from workflow.store import living
from workflow.store import papers as stored_papers
from workflow.store import proofing as stored_proofing
from workflow.store.calls import call_of
from workflow.store.models import Case, CaseEnglish, Document, EffectCheck, Honour, SignOff

SELECTED = frozenset({CaseState.SHORTLISTED, CaseState.PUBLISHED, CaseState.RETRACTED, CaseState.WIPO_PUSHED})


def consent(session: Session, case_id: int, words: str, *, actor: Actor, at: datetime, op: str = "") -> Receipt:
    """Record who agreed in writing to publication; empty words take the consent back.

    Where that hides a published case from everybody, or shows it again, editors are told by mail (docs/decisions.md 97).
    """
    said = words.strip()
    turned: list[Any] = []

    def save(row: Any) -> dict[str, Any]:
        stored.set_columns(session, case_id, consent=said)
        if bool(said) != bool(row.consent) and consents.asked_of(call_of(session, row.call_version_id), row):
            turned.append(row)
        return {"consent": said, "before": row.consent}

    receipt = note(session, case_id, "case.consent", (Role.AUTHOR, Role.SEALER), save, actor, at, op)
    if turned:
        step = "consent_given_again" if said else "consent_taken_back"
        letters.tell(session, turned, step, actor, at=at, remark="", key=receipt.number)
    return receipt


def consent_abroad(session: Session, case_id: int, words: str, *, actor: Actor, at: datetime, op: str = "") -> Receipt:
    """Record who agreed in writing that the case is sent abroad; empty words take it back."""

    def save(row: Any) -> dict[str, Any]:
        stored.set_columns(session, case_id, consent_abroad=words.strip())
        return {"consent": words.strip(), "before": row.consent_abroad}

    return note(session, case_id, "case.consent_abroad", (Role.AUTHOR, Role.SEALER), save, actor, at, op)


class TooLong(WrongInput):
    """A text longer than can be kept (422)."""


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

    return note(session, case_id, "case.allow_pictures", (Role.AUTHOR, Role.SEALER), save, actor, at, op)


LONGEST_HONOUR = 120
"""Characters of an honour's name."""


def give_honour(
    session: Session, case_id: int, name: str, given_on: date | None, *, actor: Actor, at: datetime, op: str = ""
) -> Receipt:
    """Record an honour of a case; it may have several. Raises TooLong."""

    def save(_row: Any) -> dict[str, Any]:
        said = name.strip()
        if not said or len(said) > LONGEST_HONOUR:
            raise TooLong(
                Text(
                    f"请写明荣誉名称，最多 {LONGEST_HONOUR} 个字。",
                    f"Name the honour, in at most {LONGEST_HONOUR} characters.",
                )
            )
        stored_proofing.give_honour(session, case_id, said, given_on, actor, at)
        return {"honour": said, "given_on": given_on.isoformat() if given_on else None}

    return note(session, case_id, "case.give_honour", (Role.EDITOR,), save, actor, at, op, SELECTED)


def end_honour(session: Session, case_id: int, honour_id: int, *, actor: Actor, at: datetime, op: str = "") -> Receipt:
    """Take an honour back; one that is not there is taken back already."""

    def save(_row: Any) -> dict[str, Any]:
        names = [one.name for one in honours(session, case_id) if one.id == honour_id]
        if names:
            stored_proofing.end_honour(session, honour_id, at)
        return {"honour": "".join(names)}

    return note(session, case_id, "case.end_honour", (Role.EDITOR,), save, actor, at, op, SELECTED)


def honours(session: Session, case_id: int) -> list[Honour]:
    """Those that a case holds now."""
    return stored_proofing.honours(session, case_id)


def judge_effect(session: Session, case_id: int, words: str, *, actor: Actor, at: datetime, op: str = "") -> Receipt:
    """Record why the effect is outstanding; empty words take the judgement back."""

    def save(row: Any) -> dict[str, Any]:
        stored.set_columns(session, case_id, effect=words.strip())
        return {"effect": words.strip(), "before": row.effect}

    return note(session, case_id, stored_facts.JUDGE_EFFECT, (Role.LIAISON,), save, actor, at, op, SELECTED)


class NotConfirmable(WrongInput):
    """Nothing that can be confirmed, or sent back without saying why (422)."""


def effect_mark(case: Case) -> str:
    """What somebody was looking at who looks at why the effect of a case is outstanding."""
    return sha256(f"{case.content}\n{case.effect}".encode()).hexdigest()


def confirm_effect(
    session: Session,
    case_id: int,
    *,
    seen: str,
    passed: bool,
    words: str = "",
    actor: Actor,
    at: datetime,
    op: str = "",
) -> Receipt:
    """Record that a second person agrees that the effect is outstanding, or sends that back with words.

    It holds for exactly these reasons of exactly this content. `seen`: the `effect_mark` of what was read. Raises
    NotPermitted (also for whoever found it outstanding), NotConfirmable, Overtaken.
    """

    def save(row: Any) -> dict[str, Any]:
        check_apart(session, case_id, "confirm_effect", actor=actor, at=at)
        if not row.effect:
            raise NotConfirmable(
                Text(
                    "还没有认定成效显著，没有可以复核的。",
                    "No effect was found outstanding, so there is nothing to confirm.",
                )
            )
        if effect_mark(row) != seen:
            raise living.Overtaken(
                Text(
                    "您看过之后，认定的理由或案例又有改动，没有登记。请看过改动再办理。",
                    "The reasons or the case were changed after you had read them; nothing was recorded. Look again first.",
                )
            )
        if not passed and not words.strip():
            raise NotConfirmable(Text("退回时，请写明为什么。", "Say why you send it back."))
        stored.check_effect(session, row, passed, words.strip(), actor, at)
        return {"passed": passed, "words": words.strip(), "effect": row.effect, "of": row.content}

    return note(session, case_id, "case.confirm_effect", (Role.DIRECTOR,), save, actor, at, op, SELECTED)


def effect_check(session: Session, case: Case) -> EffectCheck | None:
    """The newest word of a second person on the effect as it is judged now; None where there is none on these words."""
    found = stored.effect_check(session, case.id)
    return found if found and (found.effect, found.content) == (case.effect, case.content) else None


def effect_words(session: Session, case: Case, reasons: Mapping[str, str]) -> str:
    """Reasons by the ids of the call's criteria, as the one text that is kept and goes abroad."""
    push = call_of(session, case.call_version_id).push
    return effect.written(push.criteria, reasons) if push else ""


def effect_reasons(session: Session, case: Case) -> dict[str, str]:
    """What is said for each criterion of the call."""
    push = call_of(session, case.call_version_id).push
    return effect.reasons(push.criteria, case.effect) if push else {}


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

    return note(session, case_id, "case.sign_off", (Role.DIRECTOR,), save, actor, at, op, SELECTED)


def may(case: Case, what: str, actor: Actor) -> bool:
    """Whether this person may now "translate", "consent", "judge_effect" or "sign_off" this case, or "allow_pictures"."""
    roles, states = _MAY[what]
    return _holds(case, roles, actor) and (states is None or case.state in states)


_MAY: dict[str, tuple[tuple[Role, ...], frozenset[CaseState] | None]] = {
    "translate": ((Role.TRANSLATOR,), SELECTED),
    "check_english": ((Role.CHECKER,), SELECTED),
    "consent": ((Role.AUTHOR, Role.SEALER), None),
    "allow_pictures": ((Role.AUTHOR, Role.SEALER), None),
    "honour": ((Role.EDITOR,), SELECTED),
    "consent_abroad": ((Role.AUTHOR, Role.SEALER), None),
    "judge_effect": ((Role.LIAISON,), SELECTED),
    "confirm_effect": ((Role.DIRECTOR,), SELECTED),
    "sign_off": ((Role.DIRECTOR,), SELECTED),
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


def note(
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
    """Do something to a case that is no transition, on record; a form that did it before gets the same receipt.

    `save` writes, and gives what the record holds. Raises NotPermitted, NotEditable.
    """
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
