"""Personal data: who sees it in full, who looked at it, and erasing it when it is asked for or its time is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.orm import Session

from rules.call import Call, Field, Route
from rules.roles import Level, Role
from rules.words import Text
from states.reach import SYSTEM, Actor
from states.route import level_of, lifecycle_of
from workflow.engine import NotPermitted, Receipt, WrongInput
from workflow.identity import administration
from workflow.personal import is_contact
from workflow.settings import Settings
from workflow.store import calls as stored_calls
from workflow.store import people as stored_people
from workflow.store import personal as stored
from workflow.store import trail
from workflow.store.calls import call_of
from workflow.store.database import Database
from workflow.store.files import Files
from workflow.store.models import Batch, Case, Document

WITH_CONTACTS = ("form", "scan", "summary")
"""Slots of files that bear telephone numbers and names of contacts."""


class NothingToErase(WrongInput):
    """There is no such case or account, it is still in use, or no reason was given (422)."""


# ---- who sees it -----------------------------------------------------------------------------------------------------


class Handled(Protocol):
    """What `handles` looks at."""

    @property
    def centre_id(self) -> int: ...
    @property
    def office_id(self) -> int: ...
    @property
    def state(self) -> str: ...
    @property
    def once_submitted(self) -> bool: ...


def handles(case: Handled, actor: Actor) -> bool:
    """Whether a person handles a case, and so may see its contacts in full.

    The centre's authors and sealers; the office's reviewers and leaders unless the case is with the centre; the
    national desk once it was submitted. Nobody else, whatever they reach.
    """
    with_centre = level_of(case.state, Route()) is Level.CENTRE
    return (
        case.centre_id in actor.units(Role.AUTHOR, Role.SEALER)
        or (not with_centre and case.office_id in actor.units(Role.REVIEWER, Role.LEADER))
        or (case.once_submitted and Role.DESK in actor.roles)
    )


def handles_batch(batch: Batch, actor: Actor) -> bool:
    """Whether a person handles a batch: its office, and the national desk once it was sent."""
    own = batch.office_id in actor.units(Role.REVIEWER, Role.LEADER)
    return own or (batch.sent_at is not None and Role.DESK in actor.roles)


_NOT_YOURS = Text(
    "里面有联系人的姓名和电话，只给办理本案的人员看：中心的撰稿人和盖章人，案例报送主管部门后的审核人和负责人，报送后的受理人。",
    "It holds a contact's name and telephone, shown to those who handle the case: the centre's authors and sealers, "
    "the office's reviewers and leaders once it is with them, the national desk once it is submitted.",
)


def may_open(case: Case, document: Document, actor: Actor) -> bool:
    """Whether this person may open a file of a case: what bears contacts is for those who handle it."""
    return document.erased_at is None and (document.slot not in WITH_CONTACTS or handles(case, actor))


def check_open(case: Case, document: Document, actor: Actor) -> None:
    """Raise NotPermitted where a file bears contacts and this person does not handle the case."""
    if document.slot in WITH_CONTACTS and not handles(case, actor):
        raise NotPermitted(_NOT_YOURS)


def check_batch(batch: Batch, actor: Actor) -> None:
    """Raise NotPermitted where this person does not handle the batch, whose papers bear contacts."""
    if not handles_batch(batch, actor):
        raise NotPermitted(_NOT_YOURS)


def sees_readers(case: Handled, actor: Actor) -> bool:
    """Whether this person may know who looked: the auditor, and the centre, whose people it is about."""
    return Role.AUDITOR in actor.roles or case.centre_id in actor.units(Role.AUTHOR, Role.SEALER)


def check_sees_readers(case: Handled, actor: Actor) -> None:
    """Raise NotPermitted for anybody else."""
    if not sees_readers(case, actor):
        raise NotPermitted(
            Text(
                "谁看过本案的个人信息，只给本中心和审计员查看。",
                "Who looked at what is personal is for the centre itself and for the auditor.",
            )
        )


words = stored.words
"""Event (uid) → what was masked in its open part, for those who handle what it is about."""


# ---- who looked ------------------------------------------------------------------------------------------------------


def show(session: Session, case: Case, *, actor: Actor, at: datetime) -> list[tuple[Field, str]]:
    """The contacts of a case in full, field by field; that they were shown goes on record. Raises NotPermitted."""
    if not handles(case, actor):
        raise NotPermitted(_NOT_YOURS)
    call = call_of(session, case.call_version_id)
    shown = [(one, case.form.get(one.name, "")) for one in call.report_form if is_contact(one.name)]
    fields = [one.name for one, value in shown if value]
    stored.note(
        session,
        "reading/contacts",
        "reading.contacts",
        {"number": case.number, "fields": fields, "roles": _roles(actor)},
        actor,
        at,
        case_id=case.id,
        office_id=case.office_id,
    )
    return shown


def _roles(actor: Actor) -> list[str]:
    return sorted(str(role) for role in actor.roles)


def opened(session: Session, document: Document, *, actor: Actor, at: datetime, case: Case | None = None) -> None:
    """Record that somebody opened a file of a case or batch."""
    data = {
        "document": document.id,
        "slot": document.slot,
        "name": document.name,
        "sha256": document.digest,
        "roles": _roles(actor),
    }
    stored.note(
        session,
        "reading/papers",
        "document.open",
        data,
        actor,
        at,
        case_id=case.id if case else None,
        office_id=case.office_id if case else None,
    )


def exported(
    session: Session,
    what: str,
    rows: int,
    *,
    actor: Actor,
    at: datetime,
    filters: Mapping[str, object] | None = None,
    case: Case | None = None,
    office: int | None = None,
) -> None:
    """Record that somebody took data away. `what`: a word of `search.EXPORTS`; `rows`: cases in it."""
    narrowed = {name: str(value) for name, value in (filters or {}).items()}
    data = {"what": what, "rows": rows, "filter": narrowed, "roles": _roles(actor)}
    stored.note(
        session,
        "exports",
        "export.take",
        data,
        actor,
        at,
        case_id=case.id if case else None,
        office_id=case.office_id if case else office,
    )


# ---- erasing ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Erased:
    """What an erasure came to. `revisions`, `events`: how many held something personal; `files`: thrown away."""

    revisions: int
    events: int
    files: int
    receipt: Receipt


def erase_case(
    session: Session, number: str, reason: str, *, papers: bool, actor: Actor, at: datetime, op: str = ""
) -> Erased:
    """Erase the contacts of a case: in its form, in every revision, in the personal parts of the trail; and who objected.

    Objections count once they are answered. `papers`: also the report form's files and scans, and what was refused for it,
    whose bytes `sweep` removes,
    and the files of objectors, whose bytes go with the next sweep of what nothing names. The trail stays whole and says who
    erased what and why. Raises NotPermitted, NothingToErase.
    """
    _may_erase(actor)
    reason = _given(reason)
    key = f"{op}:privacy.erase_case" if op else ""
    earlier = stored.noted(session, key)
    if earlier is not None:
        return Erased(0, 0, 0, earlier)
    case = stored.case_numbered(session, number.strip())
    if case is None:
        raise NothingToErase(
            Text(f"没有编号为“{number.strip()}”的案例。", f"There is no case with the number “{number.strip()}”.")
        )
    revisions = stored.erase_contacts(session, case)
    events = stored.erase_private(session, stored.of_case(case.id) | stored.of_objections(case.id))
    files = stored.erase_papers(session, case.id, ("form", "scan"), at) if papers else []
    files += stored.erase_objectors(session, case.id, papers=papers)
    data = {"number": case.number, "reason": reason, "revisions": revisions, "events": events, "files": files}
    receipt = stored.note(
        session,
        "erasures",
        "privacy.erase_case",
        data,
        actor,
        at,
        case_id=case.id,
        office_id=case.office_id,
        op=key,
    )
    return Erased(revisions, events, len(files), receipt)


def erase_person(session: Session, person_id: int, reason: str, *, actor: Actor, at: datetime, op: str = "") -> Erased:
    """Replace name, login and e-mail of somebody who left by a pseudonym, and throw away what they signed in with.

    What they did in office stays in the trail under their name. Raises NotPermitted, NothingToErase while the account
    is in use.
    """
    _may_erase(actor)
    reason = _given(reason)
    key = f"{op}:person.erase" if op else ""
    earlier = stored.noted(session, key)
    if earlier is not None:
        return Erased(0, 0, 0, earlier)
    stored_people.lock(session, person_id)
    person = stored_people.by_id(session, person_id)
    if person is None or person.active or person.erased_at is not None:
        raise NothingToErase(
            Text(
                "只有已停用、且还没有删除过个人信息的账号可以办理。请先停用账号。",
                "Only an account that is disabled, and not erased yet, can be erased. Disable it first.",
            )
        )
    events = stored.erase_private(session, stored.of_person(person_id))
    rows = stored.erase_person(session, person_id, f"已离岗人员 {person_id}", at)
    data = {"person": person_id, "reason": reason, "events": events, "rows": rows}
    entry = trail.Entry(f"person/{person_id}", "person.erase", "done", at, actor, data, op=key or None)
    [receipt] = trail.append(session, [entry])
    return Erased(0, events, 0, receipt)


def _may_erase(actor: Actor) -> None:
    if actor != SYSTEM:
        administration.check_administrator(actor)


def _given(reason: str) -> str:
    if not reason.strip():
        raise NothingToErase(
            Text("请写明删除的理由，例如当事人何时提出。", "Give the reason, such as when the person asked for it.")
        )
    return reason.strip()[:2000]


_AGAIN = timedelta(days=2)


def sweep(database: Database, files: Files, *, at: datetime) -> int:
    """Remove the bytes of files that were thrown away in the last two days; how many.

    Two days give a store that was away another night. What was thrown away before them is left to the sweep of what
    nothing names: the same paper may have been uploaded again, and not be named yet.
    """
    with database.reading() as session:
        digests = stored.unnamed(session, at - _AGAIN)
    return sum(files.drop(one) for one in digests)


# ---- when its time is over -------------------------------------------------------------------------------------------

_TIME_IS_OVER = "保存期满，按设置自动删除"


@dataclass(frozen=True)
class Kept:
    """What one daily round threw away."""

    cases: int
    events: int
    files: int


Each = Callable[[Sequence[str], Callable[[str], None]], None]


def _in_turn(numbers: Sequence[str], do: Callable[[str], None]) -> None:
    for one in numbers:
        do(one)


def keep_no_longer(
    database: Database, files: Files, settings: Settings, *, at: datetime, each: Each = _in_turn
) -> Kept | None:
    """Throw away what the settings say is kept no longer, and record it; None where nothing is set.

    `each`: how the cases are gone through, one after another.

    Contacts: so many days after the last day of the call, of cases that have rested as long; what came in, so long
    after it did. Personal parts of the trail: so many days after their event, of cases at rest. The trail itself is kept
    for ever.
    """
    if not (settings.keep_contacts_days or settings.keep_private_days):
        return None
    due = _due(database, settings, at)
    erased: list[int] = []

    def erase(number: str) -> None:
        with database.transaction() as session:
            erased.append(erase_case(session, number, _TIME_IS_OVER, papers=True, actor=SYSTEM, at=at).events)

    each(due, erase)
    events = sum(erased)
    with database.transaction() as session:
        came = _arrivals_due(session, settings, at)
        stored.erase_arrivals(session, came, at)
        if settings.keep_private_days:
            before = at - timedelta(days=settings.keep_private_days)
            events += stored.erase_private(session, stored.older(before, _resting(session)))
        data = {
            "keep_contacts_days": settings.keep_contacts_days,
            "keep_private_days": settings.keep_private_days,
            "cases": len(due),
            "events": events,
            "arrivals": len(came),
        }
        stored.note(session, "erasures", "privacy.keep_no_longer", data, SYSTEM, at)
    removed = sweep(database, files, at=at)
    return Kept(len(due), events, removed)


def _resting(session: Session) -> dict[int, list[str]]:
    """Version of a call → the states where its cases may stay for good."""
    every = stored_calls.every(session)
    return {version: [str(one) for one in lifecycle_of(call.route).resting] for version, call in every}


def _due(database: Database, settings: Settings, at: datetime) -> list[str]:
    """Numbers of the cases whose contacts have been kept long enough."""
    if not settings.keep_contacts_days:
        return []
    before = at - timedelta(days=settings.keep_contacts_days)
    with database.reading() as session:
        rested = stored.with_contacts(session, _resting(session), before)
        return [one.number for one in rested if _closed(call_of(session, one.call_version_id)) < before]


def _arrivals_due(session: Session, settings: Settings, at: datetime) -> list[int]:
    """What came in under a call that has been closed for long enough, with the contacts in its forms."""
    if not settings.keep_contacts_days:
        return []
    before = at - timedelta(days=settings.keep_contacts_days)
    return [
        number
        for number, version in stored.arrivals_before(session, before)
        if _closed(call_of(session, version)) < before
    ]


def _closed(call: Call) -> datetime:
    """When the last phase of a call closed by itself; an extension moves cases, and so the day on which they rest."""
    return max(phase.window(Level.NATIONAL, call.opened).closes for phase in call.phases)
