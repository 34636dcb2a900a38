"""Rows of judging: judges, judgements, masks, plans and what is discussed; and both sides of a pairing, gathered for many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from sqlalchemy import and_, func, insert, or_, select, update
from sqlalchemy.orm import Session, joinedload

from rules.names import squeezed
from rules.roles import Role
from states.case import CaseState
from states.judgement import JUDGEMENT, JudgementState
from states.reach import Actor
from workflow.engine import Receipt
from workflow.personal import is_contact
from workflow.store import archive, trail
from workflow.store.among import among
from workflow.store.calls import call_of
from workflow.store.database import next_id
from workflow.store.models import (
    AuditEvent,
    Case,
    CaseMask,
    CaseRevision,
    Centre,
    Document,
    Judgement,
    JudgeProfile,
    JudgingDiscussion,
    JudgingNote,
    JudgingNoteReader,
    JudgingPlan,
    Office,
    Person,
    PersonGrant,
)

MASK, KEEP = "mask", "keep"
"""What the desk says of words: not shown, or shown as they tell nothing."""
SHOW, HIDE = "show", "hide"
"""The same of a picture."""

# ---- both sides of a pairing -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Looked:
    """A picture by the digest of its file, and what the desk found: SHOW, HIDE, or "" where nobody has looked at it."""

    digest: str
    verdict: str = ""


@dataclass(frozen=True)
class CaseSide:
    """What conflicts and the blind reading look at of one case. `hands`: who wrote, sealed, reviewed or sent it."""

    id: int
    number: str
    state: str
    call_version: int
    title: str
    theme: str
    sections: Mapping[str, str]
    recipient: str
    centre_id: int
    office_id: int
    centre: str
    host_unit: str
    region: str
    office_names: tuple[str, ...]
    people: tuple[str, ...]
    """Names of those who wrote it, hold a role at its centre, or are its contacts."""
    hands: frozenset[int] = frozenset()
    captions: tuple[tuple[int, str], ...] = ()
    """(document, caption) of its pictures, in order."""
    masked: tuple[str, ...] = ()
    kept: frozenset[str] = frozenset()
    """Words that the desk found to tell nothing."""
    pictures: tuple[Looked, ...] = ()
    """Its pictures, in the order of their captions."""

    @property
    def unseen(self) -> int:
        """How many pictures nobody has looked at."""
        return sum(not one.verdict for one in self.pictures)

    @cached_property
    def plain(self) -> str:
        """All that a judge could read of it, squeezed."""
        captions = (caption for _, caption in self.captions)
        return squeezed("\n".join((self.title, *self.sections.values(), self.recipient, *captions)))


@dataclass(frozen=True)
class JudgeSide:
    """What conflicts and assigning look at of one judge. `load`: judgements at work now."""

    id: int
    name: str
    institution: str = ""
    region: str = ""
    themes: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    most: int | None = None
    centres: frozenset[int] = frozenset()
    offices: frozenset[int] = frozenset()
    load: int = 0


_CASES = (
    select(
        Case.id,
        Case.number,
        Case.state,
        Case.call_version_id,
        Case.title,
        Case.theme,
        Case.sections,
        Case.recipient,
        Case.form,
        Case.centre_id,
        Case.office_id,
        Centre.name.label("centre"),
        Centre.host_unit,
        Office.region,
        Office.addressee,
        Office.ip_office,
        Office.seal_name,
    )
    .join(Centre, Centre.id == Case.centre_id)
    .join(Office, Office.id == Case.office_id)
    .where(among(Case.id, "ids"))
)


def case_sides(session: Session, ids: Iterable[int]) -> dict[int, CaseSide]:
    """The case's side of each, by id. Six queries, however many cases."""
    wanted = {"ids": sorted(set(ids))}
    found = session.execute(_CASES, wanted).all()
    hands, wrote = _hands(session, wanted)
    staff = _staff(session, {one.centre_id for one in found})
    captions, masks = _captions(session, wanted), _masks(session, wanted)
    return {
        one.id: CaseSide(
            one.id,
            one.number,
            one.state,
            one.call_version_id,
            one.title,
            one.theme,
            one.sections,
            one.recipient,
            one.centre_id,
            one.office_id,
            one.centre,
            one.host_unit,
            one.region,
            tuple(dict.fromkeys(name for name in (one.addressee, one.ip_office, one.seal_name) if name)),
            tuple(
                dict.fromkeys(
                    name for name in (*wrote[one.id], *staff[one.centre_id], *_contacts(session, one)) if name.strip()
                )
            ),
            frozenset(hands[one.id]),
            tuple((document, caption) for document, caption, _ in captions[one.id]),
            tuple(words for kind, words in masks[one.id] if kind == MASK),
            frozenset(words for kind, words in masks[one.id] if kind == KEEP),
            tuple(_looked(digest, masks[one.id]) for _, _, digest in captions[one.id]),
        )
        for one in found
    }


def _contacts(session: Session, row: Any) -> Iterable[str]:
    """What its form says of contacts: names, numbers, addresses."""
    call = call_of(session, row.call_version_id)
    return [str(row.form.get(one.name, "")) for one in call.report_form if is_contact(one.name)]


def _hands(session: Session, wanted: Mapping[str, Any]) -> tuple[dict[int, set[int]], dict[int, list[str]]]:
    """Case → whoever acted on it or wrote it, and the names of those who wrote it."""
    hands: dict[int, set[int]] = defaultdict(set)
    wrote: dict[int, list[str]] = defaultdict(list)
    acted = (
        select(AuditEvent.case_id, AuditEvent.person_id)
        .where(among(AuditEvent.case_id, "ids"), AuditEvent.person_id.is_not(None), AuditEvent.outcome == "done")
        .where(or_(AuditEvent.action.like("case.%"), AuditEvent.action == "document.attach"))
        .distinct()
    )
    for acted_on, person in session.execute(acted, wanted):
        if acted_on and person:
            hands[acted_on].add(person)
    written = (
        select(CaseRevision.case_id, CaseRevision.by_id, Person.name)
        .join(Person, Person.id == CaseRevision.by_id)
        .where(among(CaseRevision.case_id, "ids"))
        .distinct()
    )
    for author_of, person, name in session.execute(written, wanted):
        hands[author_of].add(person)
        wrote[author_of].append(name)
    return hands, wrote


def _staff(session: Session, centres: Iterable[int]) -> dict[int, list[str]]:
    """Centre → names of those who hold a role there."""
    held = (
        select(PersonGrant.centre_id, Person.name)
        .join(Person, Person.id == PersonGrant.person_id)
        .where(among(PersonGrant.centre_id, "centres"))
        .distinct()
        .order_by(Person.name)
    )
    names: dict[int, list[str]] = defaultdict(list)
    for centre, name in session.execute(held, {"centres": sorted(centres)}):
        if centre is not None:
            names[centre].append(name)
    return names


def _looked(digest: str, masks: Iterable[tuple[str, str]]) -> Looked:
    """By the digest: another file in its place was looked at by nobody."""
    return Looked(digest, next((kind for kind, words in masks if words == digest and kind in (SHOW, HIDE)), ""))


def _captions(session: Session, wanted: Mapping[str, Any]) -> dict[int, list[tuple[int, str, str]]]:
    """Case → (document, caption, digest) of its pictures that count now, in order."""
    pictures = (
        select(Document.case_id, Document.id, Document.caption, Document.digest)
        .where(among(Document.case_id, "ids"), Document.slot == "picture")
        .where(Document.superseded_at.is_(None), Document.erased_at.is_(None))
        .order_by(Document.id)
    )
    found: dict[int, list[tuple[int, str, str]]] = defaultdict(list)
    for case, document, caption, digest in session.execute(pictures, wanted):
        found[case or 0].append((document, caption, digest))
    return found


def pictures(session: Session, case: int) -> list[Document]:
    """The pictures of a case that count now, in order."""
    found = select(Document).where(Document.case_id == case, Document.slot == "picture")
    found = found.where(Document.superseded_at.is_(None), Document.erased_at.is_(None)).order_by(Document.id)
    return list(session.scalars(found))


def _masks(session: Session, wanted: Mapping[str, Any]) -> dict[int, list[tuple[str, str]]]:
    """Case → (kind, words), the newest of the same words alone."""
    rows = select(CaseMask.case_id, CaseMask.kind, CaseMask.words).where(among(CaseMask.case_id, "ids"))
    newest: dict[int, dict[str, str]] = defaultdict(dict)
    for case, kind, words in session.execute(rows.order_by(CaseMask.id), wanted):
        newest[case][words] = kind
    return defaultdict(list, {case: [(kind, words) for words, kind in kinds.items()] for case, kinds in newest.items()})


def judge_sides(session: Session, ids: Iterable[int] | None = None) -> dict[int, JudgeSide]:
    """The judge's side of each, by id; of all who hold the role now where none are named. Three queries."""
    people = select(Person.id, Person.name, JudgeProfile).outerjoin(JudgeProfile, JudgeProfile.person_id == Person.id)
    if ids is None:
        judges = select(PersonGrant.person_id).where(PersonGrant.role == str(Role.JUDGE))
        people, values = people.where(Person.id.in_(judges), Person.active.is_(True)), {}
    else:
        people, values = people.where(among(Person.id, "ids")), {"ids": sorted(set(ids))}
    found = session.execute(people.order_by(Person.name, Person.id), values).all()
    who = {"ids": [one.id for one in found]}
    centres: dict[int, set[int]] = defaultdict(set)
    offices: dict[int, set[int]] = defaultdict(set)
    grants = select(PersonGrant.person_id, PersonGrant.centre_id, PersonGrant.office_id)
    for person, centre, office in session.execute(grants.where(among(PersonGrant.person_id, "ids")), who):
        centres[person] |= {centre} if centre else set()
        offices[person] |= {office} if office else set()
    loads = dict(
        session.execute(
            select(Judgement.judge_id, func.count())
            .where(among(Judgement.judge_id, "ids"), Judgement.state.in_(_AT_WORK))
            .group_by(Judgement.judge_id),
            who,
        ).all()
    )
    return {
        one.id: _judge_side(one, frozenset(centres[one.id]), frozenset(offices[one.id]), loads.get(one.id, 0))
        for one in found
    }


_AT_WORK = ("invited", "accepted", "scored", "locked")


def _judge_side(row: Any, centres: frozenset[int], offices: frozenset[int], load: int) -> JudgeSide:
    profile: JudgeProfile | None = row.JudgeProfile
    if profile is None:
        return JudgeSide(row.id, row.name, centres=centres, offices=offices, load=load)
    return JudgeSide(
        row.id,
        row.name,
        profile.institution,
        profile.region,
        frozenset(profile.themes),
        frozenset(profile.languages),
        profile.most,
        centres,
        offices,
        load,
    )


def set_profile(session: Session, person: int, values: Mapping[str, Any], at: datetime) -> None:
    """What is known of a judge, written over what was."""
    known = session.get(JudgeProfile, person)
    if known is None:
        session.execute(insert(JudgeProfile).values(person_id=person, changed_at=at, **values))
    else:
        session.execute(update(JudgeProfile).where(JudgeProfile.person_id == person).values(changed_at=at, **values))


def add_mask(session: Session, case: int, kind: str, words: str, actor: Actor, at: datetime) -> None:
    session.execute(insert(CaseMask).values(case_id=case, kind=kind, words=words, by_id=actor.id, at=at))


# ---- judgements ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """One judgement to be begun."""

    case: CaseSide
    judge: JudgeSide
    call_number: str
    why: str = ""
    due_on: date | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


def insert_judgements(
    session: Session, wanted: Sequence[Wanted], actor: Actor, at: datetime, op: str
) -> list[tuple[int, Receipt]]:
    """New judgements, invited; each with its event. No case stands at the event: whoever reaches the case must not learn
    who judges it."""
    if not wanted:
        return []
    archive.check_calls(session, {one.call_number for one in wanted})
    ids = [next_id(session, "judgement")]
    while len(ids) < len(wanted):
        ids.append(ids[-1] + 1 if _embedded(session) else next_id(session, "judgement"))
    entries = [
        trail.Entry(
            stream=f"judgement/{number}",
            action="judgement.create",
            outcome="done",
            at=at,
            actor=actor,
            to_state=str(JUDGEMENT.initial),
            op=f"{op}:judgement/{one.case.id}/{one.judge.id}" if op else None,
            previous=(0, ""),
            data={
                "case": one.case.number,
                "judge": {"id": one.judge.id, "name": one.judge.name},
                "why": one.why,
                "due_on": one.due_on.isoformat() if one.due_on else None,
                **one.extra,
            },
        )
        for number, one in zip(ids, wanted, strict=True)
    ]
    receipts = trail.append(session, entries)
    session.execute(
        insert(Judgement),
        [
            {
                "id": number,
                "stream": receipt.stream,
                "version": receipt.seq,
                "state": str(JUDGEMENT.initial),
                "head": receipt.hash,
                "case_id": one.case.id,
                "judge_id": one.judge.id,
                "call_number": one.call_number,
                "why": one.why,
                "due_on": one.due_on,
                "scores": {},
                "invited_at": at,
                "invited_by_id": actor.id,
                "moved_at": at,
            }
            for number, one, receipt in zip(ids, wanted, receipts, strict=True)
        ],
    )
    return list(zip(ids, receipts, strict=True))


def _embedded(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def row(session: Session, number: int, *, lock: bool = False) -> Any:
    """One judgement as it stands; locked against others where asked."""
    statement = select(*Judgement.__table__.columns).where(Judgement.id == number)
    return session.execute(statement.with_for_update() if lock else statement).one()


def one(session: Session, number: int) -> Judgement | None:
    return session.get(Judgement, number, options=[joinedload(Judgement.judge)], populate_existing=True)


def of_judge(session: Session, judge: int) -> list[Judgement]:
    """A judge's judgements, those with the nearest day first."""
    statement = select(Judgement).where(Judgement.judge_id == judge).options(joinedload(Judgement.case))
    return list(session.scalars(statement.order_by(Judgement.due_on, Judgement.id)))


def of_case(session: Session, case: int) -> list[Judgement]:
    statement = select(Judgement).where(Judgement.case_id == case).options(joinedload(Judgement.judge))
    return list(session.scalars(statement.order_by(Judgement.id)))


@dataclass(frozen=True)
class Line:
    """One judgement, as boards and figures read it."""

    id: int
    case_id: int
    judge_id: int
    judge: str
    state: str
    due_on: date | None
    scores: Mapping[str, Any]
    moved_at: datetime
    why: str
    version: int
    revision: int
    invited_at: datetime

    @property
    def mark(self) -> str:
        """As that of the judgement."""
        return f"{self.version}.{self.revision}"


def of_call(session: Session, call: str) -> list[Line]:
    """Every judgement of a call, in the order of its invitations."""
    columns = (
        Judgement.id,
        Judgement.case_id,
        Judgement.judge_id,
        Person.name,
        Judgement.state,
        Judgement.due_on,
        Judgement.scores,
        Judgement.moved_at,
        Judgement.why,
        Judgement.version,
        Judgement.revision,
        Judgement.invited_at,
    )
    found = session.execute(
        select(*columns)
        .join(Person, Person.id == Judgement.judge_id)
        .where(Judgement.call_number == call)
        .order_by(Judgement.id)
    )
    return [Line(*one) for one in found]


@dataclass(frozen=True)
class ToJudge:
    """A case of a call that is being selected, or was judged."""

    id: int
    number: str
    title: str
    state: str
    theme: str
    phase: str
    centre_id: int
    centre: str
    office_id: int
    region: str


def cases_of_call(session: Session, call: str) -> list[ToJudge]:
    """Cases that are being selected, and those of which there is a judgement, in the order of their numbers."""
    judged = select(Judgement.case_id).where(Judgement.call_number == call)
    selecting = and_(Case.call_number == call, Case.state == str(CaseState.SUBMITTED))
    columns = (
        Case.id,
        Case.number,
        Case.title,
        Case.state,
        Case.theme,
        Case.phase,
        Case.centre_id,
        Centre.name,
        Case.office_id,
        Office.region,
    )
    found = session.execute(
        select(*columns)
        .join(Centre, Centre.id == Case.centre_id)
        .join(Office, Office.id == Case.office_id)
        .where(or_(selecting, Case.id.in_(judged)))
        .order_by(Case.number)
    )
    return [ToJudge(*tuple(one)) for one in found]


def selected_after(session: Session, call: str, number: str, most: int) -> list[tuple[int, str]]:
    """(id, number) of the cases of a call that are being selected, in the order of their numbers, after one of them."""
    found = select(Case.id, Case.number).where(Case.call_number == call, Case.state == str(CaseState.SUBMITTED))
    rows = session.execute(found.where(Case.number > number).order_by(Case.number).limit(most))
    return [(one.id, one.number) for one in rows]


@dataclass(frozen=True)
class ToTell:
    """A judgement with its judge's address, for mails."""

    judge_id: int
    name: str
    email: str
    state: str
    due_on: date | None


def _with_address() -> Any:
    columns = (Judgement.judge_id, Person.name, Person.email, Judgement.state, Judgement.due_on)
    return select(*columns).join(Person, Person.id == Judgement.judge_id).where(Person.active.is_(True))


def to_tell(session: Session, first: int, last: int) -> list[ToTell]:
    """Judgements from one number to another, in the order of their days."""
    found = session.execute(_with_address().where(Judgement.id.between(first, last)).order_by(Judgement.due_on))
    return [ToTell(*one) for one in found]


def to_tell_of(session: Session, numbers: Iterable[int]) -> list[ToTell]:
    """These judgements."""
    found = session.execute(_with_address().where(among(Judgement.id, "ids")), {"ids": sorted(set(numbers))})
    return [ToTell(*one) for one in found]


def open_with_day(session: Session) -> list[ToTell]:
    """Judgements that are not scored and have a last day, while their case is being selected."""
    open_ = Judgement.state.in_(("invited", "accepted"))
    statement = _with_address().join(Case, Case.id == Judgement.case_id)
    statement = statement.where(open_, Judgement.due_on.is_not(None), Case.state == str(CaseState.SUBMITTED))
    return [ToTell(*one) for one in session.execute(statement.order_by(Judgement.due_on))]


def add_note(session: Session, case: int, seen_by: str, words: str, actor: Actor, at: datetime) -> int:
    values = {"case_id": case, "seen_by": seen_by, "words": words, "by_id": actor.id, "at": at}
    number = int(session.execute(insert(JudgingNote).values(**values).returning(JudgingNote.id)).scalar_one())
    session.execute(insert(JudgingNoteReader).values(note_id=number, person_id=actor.id, at=at))
    return number


def notes(session: Session, case: int) -> list[JudgingNote]:
    found = select(JudgingNote).where(JudgingNote.case_id == case).options(joinedload(JudgingNote.by))
    return list(session.scalars(found.order_by(JudgingNote.id)))


def readers(session: Session, case: int) -> dict[int, list[tuple[int, str, datetime]]]:
    """Note → who has read it and when first, in that order."""
    found = session.execute(
        select(JudgingNoteReader.note_id, Person.id, Person.name, JudgingNoteReader.at)
        .join(Person, Person.id == JudgingNoteReader.person_id)
        .join(JudgingNote, JudgingNote.id == JudgingNoteReader.note_id)
        .where(JudgingNote.case_id == case)
        .order_by(JudgingNoteReader.at)
    )
    read: dict[int, list[tuple[int, str, datetime]]] = defaultdict(list)
    for note, person, name, at in found:
        read[note].append((person, name, at))
    return read


def add_readers(session: Session, notes: Iterable[int], person: int, at: datetime) -> None:
    session.execute(insert(JudgingNoteReader), [{"note_id": one, "person_id": person, "at": at} for one in notes])


def open_discussion(session: Session, call: str, actor: Actor, at: datetime) -> None:
    session.execute(insert(JudgingDiscussion).values(call_number=call, opened_at=at, opened_by_id=actor.id))


def close_discussion(session: Session, call: str, at: datetime) -> None:
    still = (JudgingDiscussion.call_number == call, JudgingDiscussion.closed_at.is_(None))
    session.execute(update(JudgingDiscussion).where(*still).values(closed_at=at))


def standing(session: Session, pairs: Iterable[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """(case, judge) → the state of their judgement, where there is one."""
    wanted = set(pairs)
    found = session.execute(
        select(Judgement.case_id, Judgement.judge_id, Judgement.state).where(among(Judgement.case_id, "ids")),
        {"ids": sorted({case for case, _ in wanted})},
    )
    return {(case, judge): state for case, judge, state in found if (case, judge) in wanted}


def change(session: Session, number: int, **columns: Any) -> None:
    session.execute(update(Judgement).where(Judgement.id == number).values(**columns))


def add_plan(
    session: Session,
    call: str,
    how: str,
    state: str,
    pairs: list[Any],
    figures: dict[str, Any],
    actor: Actor,
    at: datetime,
    wanted: Mapping[str, Any] | None = None,
) -> int:
    values = {"call_number": call, "how": how, "state": state, "pairs": pairs, "figures": figures}
    values["wanted"] = dict(wanted or {})
    made = session.execute(insert(JudgingPlan).values(**values, by_id=actor.id, at=at).returning(JudgingPlan.id))
    return int(made.scalar_one())


def plan(session: Session, number: int) -> JudgingPlan | None:
    return session.get(JudgingPlan, number, options=[joinedload(JudgingPlan.by)], populate_existing=True)


def plans(session: Session, call: str) -> list[JudgingPlan]:
    """The newest first."""
    found = select(JudgingPlan).where(JudgingPlan.call_number == call).options(joinedload(JudgingPlan.by))
    return list(session.scalars(found.order_by(JudgingPlan.id.desc()).limit(50)))


def change_plan(session: Session, number: int, **columns: Any) -> None:
    session.execute(update(JudgingPlan).where(JudgingPlan.id == number).values(**columns))


def discussion(session: Session, call: str) -> JudgingDiscussion | None:
    """The discussion that is open now."""
    return session.scalars(
        select(JudgingDiscussion)
        .where(JudgingDiscussion.call_number == call, JudgingDiscussion.closed_at.is_(None))
        .order_by(JudgingDiscussion.id.desc())
        .limit(1)
    ).first()


def state_of(line: Line | Judgement) -> JudgementState:
    return JudgementState.of(line.state)
