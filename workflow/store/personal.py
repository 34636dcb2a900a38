"""Rows that hold something personal: who looked at it, and throwing it away."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, false, not_, or_, select, union, update
from sqlalchemy.orm import Session

from states.objection import OPEN
from states.reach import Actor
from workflow.engine import Receipt
from workflow.personal import ERASED, is_contact, masked_text
from workflow.store import trail
from workflow.store.models import (
    AccessToken,
    ApiAnswer,
    Arrival,
    ArrivalCase,
    ArrivalFile,
    ArrivalPaper,
    AuditEvent,
    AuditPrivate,
    Authenticator,
    Case,
    CaseContact,
    Challenge,
    DirectoryLink,
    Document,
    JudgeProfile,
    Letter,
    LetterLine,
    Objection,
    ObjectionFile,
    Passkey,
    PasswordReset,
    PendingDecision,
    Person,
    RecoveryCode,
    RefusedFile,
    SavedSearch,
    SignIn,
)
from workflow.store.papers import WITH_ORIGINALS, named


def note(
    session: Session,
    kind: str,
    action: str,
    data: dict[str, Any],
    actor: Actor,
    at: datetime,
    *,
    case_id: int | None = None,
    office_id: int | None = None,
    op: str = "",
) -> Receipt:
    """An event in the day's stream of its kind."""
    entry = trail.Entry(
        trail.daily(session, kind, at),
        action,
        "done",
        at,
        actor,
        data,
        case_id=case_id,
        office_id=office_id,
        op=op or None,
    )
    return trail.append(session, [entry])[0]


def noted(session: Session, op: str) -> Receipt | None:
    """The receipt of what was already recorded under this idempotency key."""
    found = trail.by_op(session, [op] if op else []).get(op)
    return Receipt(found.stream, found.seq, found.hash) if found else None


def words(session: Session, uids: Iterable[int]) -> dict[int, dict[str, str]]:
    """Event (uid) → what was masked in its open part, by place; nothing once that is erased."""
    wanted = set(uids)
    found = session.execute(select(AuditPrivate.uid, AuditPrivate.payload).where(AuditPrivate.uid.in_(wanted)))
    kept = {uid: json.loads(payload).get("words") for uid, payload in found}
    return {uid: one for uid, one in kept.items() if one}


def newest(session: Session, action: str) -> str | None:
    """The body of the last event of that name."""
    found = select(AuditEvent.body).where(AuditEvent.action == action).order_by(AuditEvent.uid.desc()).limit(1)
    return session.scalar(found)


# ---- throwing away ---------------------------------------------------------------------------------------------------


def case_numbered(session: Session, number: str) -> Case | None:
    """The case of that number, held against others, whoever asks."""
    return session.scalar(select(Case).where(Case.number == number).with_for_update(of=Case))


def erase_contacts(session: Session, case: Case) -> int:
    """Throw the contacts of a case away, from its form and all its revisions; how many revisions held any."""
    form = {name: ERASED if value and is_contact(name) else value for name, value in case.form.items()}
    session.execute(update(Case).where(Case.id == case.id).values(form=form, salt=""))
    _mask_letters(session, case.id)
    return _gone(session, delete(CaseContact).where(CaseContact.case_id == case.id))


def _mask_letters(session: Session, case_id: int) -> None:
    """Mask numbers and addresses in the reasons of mails about a case: they were kept in full only to be sent."""
    about = select(LetterLine.letter_id).where(LetterLine.case_id == case_id)
    for letter_id, remark in session.execute(select(Letter.id, Letter.remark).where(Letter.id.in_(about))).all():
        if masked_text(remark) != remark:
            session.execute(update(Letter).where(Letter.id == letter_id).values(remark=masked_text(remark)))
    of_line = LetterLine.case_id == case_id
    for remark in session.scalars(select(LetterLine.remark).where(of_line).distinct()).all():
        session.execute(
            update(LetterLine).where(of_line, LetterLine.remark == remark).values(remark=masked_text(remark))
        )
    decided = session.get(PendingDecision, case_id)
    if decided is not None:
        decided.reason, decided.feedback = masked_text(decided.reason), masked_text(decided.feedback)


def erase_objectors(session: Session, case_id: int, *, papers: bool) -> list[str]:
    """Of answered objections to a case throw away who objected and how they are reached; digests of their files, if these go too.

    Why they objected stays, with numbers and addresses in it masked; a unit is not a person.
    """
    answered = select(Objection.id, Objection.name, Objection.contact, Objection.grounds).where(_answered(case_id))
    found = session.execute(answered).all()
    for number, name, contact, grounds in found:
        values = {"name": name and ERASED, "contact": contact and ERASED, "grounds": masked_text(grounds)}
        session.execute(update(Objection).where(Objection.id == number).values(values))
    if not papers:
        return []
    theirs = ObjectionFile.objection_id.in_([one.id for one in found])
    digests = list(session.scalars(select(ObjectionFile.digest).where(theirs).order_by(ObjectionFile.id)))
    session.execute(delete(ObjectionFile).where(theirs))
    return digests


def _answered(case_id: Any) -> ColumnElement[bool]:
    """Objections to a case that wait for nothing; until then the answer needs to know whom to reach."""
    return and_(Objection.case_id == case_id, Objection.state.not_in([str(state) for state in OPEN]))


def of_objections(case_id: int) -> ColumnElement[bool]:
    """What was done with the answered objections to a case, which is not among the events of the case."""
    answered = select(Objection.stream).where(_answered(case_id))
    more = select(Objection.stream + "/files").where(_answered(case_id))
    return or_(AuditEvent.stream.in_(answered), AuditEvent.stream.in_(more))


def erase_private(session: Session, of: ColumnElement[bool]) -> int:
    """Throw away the personal parts of the events that fit; how many. The trail keeps their hashes."""
    uids = select(AuditEvent.uid).where(AuditEvent.priv.is_not(None), of)
    return _gone(session, delete(AuditPrivate).where(AuditPrivate.uid.in_(uids)))


def of_case(case_id: int) -> ColumnElement[bool]:
    return AuditEvent.case_id == case_id


def of_person(person_id: int) -> ColumnElement[bool]:
    """What was done with an account."""
    stream = f"person/{person_id}"
    return or_(AuditEvent.stream == stream, AuditEvent.stream.startswith(f"{stream}/", autoescape=True))


def older(than: datetime, resting: Mapping[int, Sequence[str]]) -> ColumnElement[bool]:
    """Events of before that moment, but not about a case that is still being worked on.

    `resting`: version of a call → states where its cases may stay for good.
    """
    busy = select(Case.id).where(not_(_rests(resting)))
    return (AuditEvent.at < than) & or_(AuditEvent.case_id.is_(None), AuditEvent.case_id.not_in(busy))


def erase_papers(session: Session, case_id: int, slots: Sequence[str], at: datetime) -> list[str]:
    """Mark the files of a case in these slots as thrown away; their digests."""
    which = (Document.case_id == case_id) & Document.slot.in_(slots) & Document.erased_at.is_(None)
    digests = list(session.scalars(select(Document.digest).where(which).order_by(Document.id)))
    session.execute(update(Document).where(which).values(erased_at=at))
    return digests + _erase_refused(session, case_id, at) + _erase_came(session, case_id, at)


def _erase_refused(session: Session, case_id: int, at: datetime) -> list[str]:
    """Whatever was refused for a case: nobody has looked into it, so it may hold anything."""
    which = (RefusedFile.case_id == case_id) & RefusedFile.erased_at.is_(None)
    digests = list(session.scalars(select(RefusedFile.digest).where(which).order_by(RefusedFile.id)))
    session.execute(update(RefusedFile).where(which).values(erased_at=at))
    return digests


def _erase_came(session: Session, case_id: int, at: datetime) -> list[str]:
    """Of what came in with papers of a case: the originals, its own papers, and the lists that name it."""
    came = select(ArrivalCase.arrival_id, ArrivalCase.position).where(ArrivalCase.case_id == case_id)
    places = [(one.arrival_id, one.position) for one in session.execute(came)]
    ids = [arrival for arrival, _ in places]
    own = [and_(ArrivalPaper.arrival_id == one, ArrivalPaper.case_position == at_) for one, at_ in places]
    lists = ArrivalPaper.arrival_id.in_(ids) & ArrivalPaper.came_to.in_(("summary", "sealed_list"))
    return _mark(session, ArrivalFile, ArrivalFile.arrival_id.in_(ids), at) + _mark(
        session, ArrivalPaper, or_(lists, *own), at
    )


def erase_arrivals(session: Session, ids: Sequence[int], at: datetime) -> list[str]:
    """Mark what came in as thrown away, the originals and every paper of it; the digests."""
    return [
        one for model in (ArrivalFile, ArrivalPaper) for one in _mark(session, model, model.arrival_id.in_(ids), at)
    ]


def _mark(
    session: Session, model: type[ArrivalFile] | type[ArrivalPaper], which: ColumnElement[bool], at: datetime
) -> list[str]:
    still = which & (model.digest != "") & model.erased_at.is_(None)
    digests = list(session.scalars(select(model.digest).where(still).order_by(model.arrival_id, model.position)))
    session.execute(update(model).where(still).values(erased_at=at))
    return digests


def arrivals_before(session: Session, before: datetime) -> list[tuple[int, int]]:
    """(arrival, version of its call) of what came in before that moment and is still kept."""
    still = [
        exists().where(one.arrival_id == Arrival.id, one.digest != "", one.erased_at.is_(None))
        for one in (ArrivalFile, ArrivalPaper)
    ]
    found = select(Arrival.id, Arrival.call_version_id).where(Arrival.at < before, or_(*still)).order_by(Arrival.id)
    return [(number, version) for number, version in session.execute(found)]


def unnamed(session: Session, since: datetime) -> list[str]:
    """Digests of files that were thrown away since then and that nothing else names."""
    gone = [select(one.digest).where(one.erased_at >= since, one.digest != "") for one in (Document, *WITH_ORIGINALS)]
    found = list(session.scalars(union(*gone)))
    still: set[str] = set()
    for at in range(0, len(found), _AT_ONCE):
        still |= named(session, found[at : at + _AT_ONCE])
    return sorted(set(found) - still)


_AT_ONCE = 1000


_OF_A_PERSON = (
    *(SignIn, Authenticator, Passkey, RecoveryCode, PasswordReset, DirectoryLink, Challenge, SavedSearch),
    *(AccessToken, ApiAnswer, JudgeProfile),
)


def erase_person(session: Session, person_id: int, name: str, at: datetime) -> int:
    """Put a pseudonym in the place of a person, and throw away what they signed in with and what they saved; how many rows."""
    session.execute(
        update(Person)
        .where(Person.id == person_id)
        .values(
            name=name,
            login=f"erased-{person_id}",
            email="",
            password="",
            active=False,
            session_epoch=Person.session_epoch + 1,
            erased_at=at,
        )
    )
    return sum(_gone(session, delete(one).where(one.person_id == person_id)) for one in _OF_A_PERSON)


def _gone(session: Session, statement: Any) -> int:
    return int(session.connection().execute(statement).rowcount)


# ---- what is due -----------------------------------------------------------------------------------------------------


def _rests(resting: Mapping[int, Sequence[str]]) -> ColumnElement[bool]:
    """Cases that stand where they may stay for good; calls of one way are asked for together."""
    alike: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for version, states in resting.items():
        alike[tuple(sorted(states))].append(version)
    ways = [Case.call_version_id.in_(versions) & Case.state.in_(states) for states, versions in alike.items()]
    return or_(false(), *ways)


def with_contacts(session: Session, resting: Mapping[int, Sequence[str]], before: datetime) -> list[Case]:
    """Cases that have rested since before that moment and still hold contacts or papers with contacts, or objectors do.

    `resting`: as in `older`.
    """
    papers = exists().where(
        Document.case_id == Case.id, Document.slot.in_(("form", "scan")), Document.erased_at.is_(None)
    )
    contacts = exists().where(CaseContact.case_id == Case.id)
    private = exists().where(AuditEvent.case_id == Case.id, AuditPrivate.uid == AuditEvent.uid)
    of_objectors = or_(
        Objection.name.not_in(("", ERASED)),
        Objection.contact.not_in(("", ERASED)),
        exists().where(ObjectionFile.objection_id == Objection.id),
    )
    objectors = exists().where(_answered(Case.id), of_objectors)
    rested = _rests(resting) & (Case.moved_at < before)
    held = or_(papers, contacts, private, objectors)
    return list(session.scalars(select(Case).where(rested, held).order_by(Case.id)))
