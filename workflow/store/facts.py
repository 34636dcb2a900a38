"""Rows → facts: everything that a rule may look at, gathered once per attempt, for all things at once."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    and_,
    bindparam,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy import case as when
from sqlalchemy.orm import Session, aliased

from rules.call import BEIJING, Call, Leg, Phase, Recommender, Window, midnight
from rules.facts import (
    GOOD,
    BatchFacts,
    CaseFacts,
    CentreCount,
    CentreFacts,
    EnglishFacts,
    LineFacts,
    Match,
    PushFacts,
    SealFacts,
    Tally,
)
from rules.names import same_name
from rules.roles import Level, Role
from states.batch import BATCH, BatchState
from states.case import CASE, COUNTED, CaseState
from states.objection import OPEN
from states.reach import Actor
from states.route import level_of, reporting
from workflow import content as contents
from workflow.audit.canonical import canonical
from workflow.store import prior
from workflow.store.among import among
from workflow.store.calls import call_of
from workflow.store.database import run
from workflow.store.models import (
    MAILED,
    AuditEvent,
    Batch,
    BatchLine,
    Case,
    CaseEnglish,
    CaseRevision,
    Centre,
    CentreDay,
    CentreRequest,
    Document,
    EffectCheck,
    EnglishCheck,
    EnglishParagraph,
    Extension,
    Objection,
    Office,
    PersonGrant,
    PublicNotice,
    PublicNoticeLine,
    Push,
    Seal,
    SignatureCheck,
    SignOff,
    Waiver,
)
from workflow.wipo.bilingual import CAPTION

_CENTRE_COLUMNS = (
    Centre.name.label("centre_name"),
    Centre.host_unit,
    Centre.kind.label("centre_kind"),
    Centre.eligible,
    Centre.preparing,
    Office.region,
)
# Statements are built once: on a small database building one costs more than running it.
_CASES = (
    select(*Case.__table__.columns, *_CENTRE_COLUMNS)
    .join(Centre, Centre.id == Case.centre_id)
    .join(Office, Office.id == Case.office_id)
    .where(among(Case.id, "ids"))
    .order_by(Case.id)
)
_LOCKED_CASES = _CASES.with_for_update(of=Case)
_TAKEN_IN = exists().where(
    CaseRevision.case_id == AuditEvent.case_id, CaseRevision.revision == 1, CaseRevision.how == MAILED
)
"""Whoever takes in what a centre sent has not acted for it (docs/decisions.md 58)."""
_HANDS: CompoundSelect[Any] = union_all(
    select(
        literal("signed").label("how"),
        SignOff.case_id,
        SignOff.by_id.label("person"),
        SignOff.content.label("what"),
        literal(0).label("absent"),
    ).where(among(SignOff.case_id, "ids"), SignOff.void_at.is_(None)),
    select(literal("wrote"), CaseRevision.case_id, CaseRevision.by_id, literal(""), literal(0))
    .where(among(CaseRevision.case_id, "ids"), CaseRevision.how != MAILED)
    .distinct(),
    select(
        literal("acted"),
        AuditEvent.case_id,
        AuditEvent.person_id,
        AuditEvent.action,
        func.coalesce(AuditEvent.absent_id, 0),
    )
    .where(among(AuditEvent.case_id, "ids"), AuditEvent.outcome == "done", AuditEvent.person_id.is_not(None))
    .where(or_(AuditEvent.action != "case.create", ~_TAKEN_IN))
    .distinct(),
    select(
        literal("holds"),
        PersonGrant.centre_id,
        PersonGrant.person_id,
        literal(""),
        func.coalesce(PersonGrant.office_id, 0),
    ).where(among(PersonGrant.person_id, "people")),
)
"""Whoever signed off a case, saved a revision of it, or acted on it; each with the content signed, or the action. And where those
who ask hold a role: their centre stands in the place of the case, their office in that of the absent person."""
_ACTED_ON_BATCH = select(AuditEvent.person_id, AuditEvent.absent_id).where(
    among(AuditEvent.stream, "streams"),
    AuditEvent.action.not_in([f"batch.{one.name}" for one in BATCH.transitions if Role.DESK in one.by]),
    AuditEvent.outcome == "done",
)
_OF_CENTRE = (
    "case.create",
    "case.edit",
    "case.seal",
    "case.consent",
    "case.consent_abroad",
    "case.allow_pictures",
    "case.ask_ruling",
)
_AT_LEVEL = {
    **{
        f"case.{step.name}": str(step.by[0].level)
        for step in CASE.transitions
        if step.by[0].level in (Level.CENTRE, Level.OFFICE)
    },
    **dict.fromkeys(_OF_CENTRE, str(Level.CENTRE)),
}
"""Action → "centre" or "office": for which unit somebody acted."""
TRANSLATE = "case.translate"
JUDGE_EFFECT = "case.judge_effect"


def _newest_of(model: type[Seal] | type[CaseEnglish]) -> Any:
    return model.id == select(func.max(model.id)).where(model.case_id == Case.id).correlate(Case).scalar_subquery()


_OF_SEAL = (
    Seal.unit,
    Seal.content,
    Seal.signed,
    SignatureCheck.outcome,
    SignatureCheck.unit.label("signer"),
    SignatureCheck.content.label("signed_content"),
)
"""A seal with what verifying the signature of its document came to."""
_PICTURES = (
    select(func.count())
    .where(Document.case_id == Case.id, Document.slot == "picture", Document.superseded_at.is_(None))
    .correlate(Case)
    .scalar_subquery()
)
_NOT_CLEARED = (
    select(func.count())
    .where(Document.case_id == Case.id, Document.slot == "picture", Document.superseded_at.is_(None))
    .where(Document.rights == "")
    .correlate(Case)
    .scalar_subquery()
)
_CHECKER = (
    select(when((EnglishCheck.passed, EnglishCheck.by_id), else_=null()))
    .where(EnglishCheck.english_id == CaseEnglish.id)
    .correlate(CaseEnglish)
    .order_by(EnglishCheck.id.desc())
    .limit(1)
    .scalar_subquery()
)
"""Who passed the English, by the newest word on it."""
_EFFECT_CONFIRMED_BY = (
    select(
        when(
            (
                and_(EffectCheck.passed, EffectCheck.effect == Case.effect, EffectCheck.content == Case.content),
                EffectCheck.by_id,
            ),
            else_=null(),
        )
    )
    .where(EffectCheck.case_id == Case.id)
    .correlate(Case)
    .order_by(EffectCheck.id.desc())
    .limit(1)
    .scalar_subquery()
)
"""Who confirmed why the effect is outstanding, by the newest word on it, while neither that nor the case has changed."""
_Picture, _Saved = aliased(Document), aliased(EnglishParagraph)
_CAPTIONS_OPEN = (
    select(func.count())
    .select_from(_Picture)
    .where(_Picture.case_id == Case.id, _Picture.slot == "picture", _Picture.superseded_at.is_(None))
    .where(_Picture.caption != "")
    .where(
        ~exists().where(
            EnglishParagraph.id
            == select(func.max(_Saved.id))
            .where(_Saved.case_id == _Picture.case_id, _Saved.place == CAPTION)
            .where(_Saved.zh == func.trim(_Picture.caption))
            .correlate(_Picture)
            .scalar_subquery(),
            EnglishParagraph.en != "",
        )
    )
    .correlate(Case)
    .scalar_subquery()
)
"""Captions whose very words were never translated, whose English was emptied, or that were changed since."""
_BESIDE = (
    select(
        Case.id,
        *_OF_SEAL,
        CaseEnglish.of,
        CaseEnglish.title,
        CaseEnglish.summary,
        CaseEnglish.text,
        CaseEnglish.open,
        _CAPTIONS_OPEN.label("captions_open"),
        _CHECKER.label("checker"),
        _EFFECT_CONFIRMED_BY.label("effect_confirmed_by"),
        _PICTURES.label("pictures"),
        _NOT_CLEARED.label("not_cleared"),
    )
    .outerjoin(Seal, _newest_of(Seal))
    .outerjoin(Document, Document.id == Seal.document_id)
    .outerjoin(SignatureCheck, SignatureCheck.digest == Document.digest)
    .outerjoin(CaseEnglish, _newest_of(CaseEnglish))
    .where(among(Case.id, "ids"))
)
"""The newest seal and the newest English of each case, and how many pictures came with its Word file."""
_SEAL_OF_BATCH = (
    select(*_OF_SEAL)
    .join(Document, Document.id == Seal.document_id)
    .outerjoin(SignatureCheck, SignatureCheck.digest == Document.digest)
    .where(Seal.batch_id == bindparam("batch"))
    .order_by(Seal.id.desc())
    .limit(1)
)


@dataclass(frozen=True)
class Inputs:
    """What the person who tries brings along."""

    actor: int
    at: datetime
    remark: str = ""
    confirmed: frozenset[str] = frozenset()
    reasons: Mapping[str, str] = field(default_factory=dict)
    new_day: date | None = None
    absent: int = 0
    """Whom they stand in for; 0 for nobody."""
    signers: tuple[int, ...] = ()
    """Who signed the decision that an announcement carries out."""

    @classmethod
    def of(
        cls,
        actor: Actor,
        at: datetime,
        remark: str = "",
        confirmed: frozenset[str] = frozenset(),
        reasons: Mapping[str, str] | None = None,
        new_day: date | None = None,
    ) -> Inputs:
        return cls(actor.id, at, remark, confirmed, reasons or {}, new_day, actor.absent_id or 0)

    @property
    def people(self) -> frozenset[int]:
        """Whoever acts, and whoever they stand in for."""
        return frozenset({self.actor, self.absent} - {0})


def case_rows(session: Session, ids: Sequence[int], *, lock: bool = False) -> list[Any]:
    """Cases with their centre and region, in the order asked for; locked against others where asked."""
    found = run(session, _LOCKED_CASES if lock else _CASES, {"ids": list(ids)}).all()
    place = {case_id: index for index, case_id in enumerate(ids)}
    return sorted(found, key=lambda row: place[row.id])


def case_facts(
    session: Session, rows: Sequence[Any], inputs: Inputs, own: Mapping[int, Inputs] | None = None
) -> list[CaseFacts]:
    """The facts of each case, in the order of the rows. Five queries, however many cases; seven where a call has public notices.

    `own`: case → what the person brings along for it alone, instead of `inputs`.
    """
    ids = [row.id for row in rows]
    if not ids:
        return []
    reviewed = all(row.state == CaseState.PROVINCE_REVIEWED for row in rows)  # and so perhaps sent in one batch
    matches = prior.find(session, rows, together=reviewed)
    beside = {row.id: row for row in run(session, _BESIDE, {"ids": ids}).all()}
    hands = _Hands(session, ids, inputs.people)
    days = Extensions(session, {row.call_number for row in rows})
    notices, objections = _notices(session, rows), _objections(session, rows)
    tallies = _reported_by_themselves(session, rows)
    return [
        _case(
            row,
            call_of(session, row.call_version_id),
            (own or {}).get(row.id, inputs),
            matches=tuple(one.match for one in matches.get(row.id, [])),
            beside=beside[row.id],
            signed=hands.signed.get(row.id, ()),
            hands={
                "author": hands.both(row.id, hands.wrote.get(row.id, set()) | {row.author_id}),
                "reviewer": hands.both(row.id, {row.reviewer_id}),
                "selector": hands.both(row.id, {row.selector_id}),
                **hands.units(row),
            },
            days=days,
            notice=notices.get(row.id),
            objections=objections.get(row.id, (0, 0)),
            tally=tallies.get(row.id, ()),
        )
        for row in rows
    ]


def _case(
    row: Any,
    call: Call,
    inputs: Inputs,
    *,
    matches: tuple[Match, ...],
    beside: Any,
    signed: Iterable[tuple[int, str]],
    hands: Mapping[str, frozenset[int]],
    days: Extensions,
    notice: Window | None,
    objections: tuple[int, int],
    tally: tuple[Tally, ...],
) -> CaseFacts:
    level = level_of(row.state, call.route)
    phase = call.phase(row.phase)
    written = content_of(row)
    return CaseFacts(
        call=call,
        at=inputs.at,
        window=days.window(call, phase, reporting(level, call.route), row.office_id, row.own_day, row.centre_id)
        if phase
        else None,
        level=level,
        phase=phase,
        title=row.title,
        theme=row.theme,
        theme_name=row.theme_name,
        sections=row.sections,
        length=row.length,
        least_length=row.least_length,
        recipient=row.recipient,
        service_from=row.service_from,
        service_to=row.service_to,
        form=contents.form_values(
            call,
            written,
            centre=row.centre_name,
            kind=row.centre_kind,
            host_unit=row.host_unit,
            region=row.region,
        ),
        centre=CentreFacts(
            row.centre_name, row.host_unit, row.centre_kind, row.eligible, row.preparing, str(row.centre_id)
        ),
        content=row.content,
        seal=_seal(beside),
        matches=matches,
        consent=row.consent,
        consent_abroad=row.consent_abroad,
        english=_english(beside),
        effect=row.effect,
        effect_confirmed_by=beside.effect_confirmed_by,
        sign_offs=tuple(person for person, of in signed if of == row.content),
        public_notice=notice,
        hands=hands,
        actor=inputs.actor,
        absent=inputs.absent,
        remark=inputs.remark,
        confirmed=inputs.confirmed,
        reasons=inputs.reasons,
        new_day=inputs.new_day,
        pictures=beside.pictures,
        open_objections=objections[0],
        upheld_objections=objections[1],
        decision_signers=inputs.signers,
        pictures_not_cleared=beside.not_cleared,
        attachments=written.attachments,
        tally=tally,
    )


def lock_counted(session: Session, rows: Sequence[Any]) -> None:
    """Lock the offices of cases, under whose rows is counted what their centres report, against others who count."""
    offices = sorted({row.office_id for row in rows})
    session.execute(select(Office.id).where(Office.id.in_(offices)).order_by(Office.id).with_for_update()).all()


def _reported_by_themselves(session: Session, rows: Sequence[Any]) -> dict[int, tuple[Tally, ...]]:
    """Case → what the centres of its office have reported, itself included, under calls that bound what centres send."""
    found: dict[tuple[str, int], list[Tally]] = {}
    tallies = {}
    for row in rows:
        call = call_of(session, row.call_version_id)
        if call.route.recommended_by is not Recommender.SELF or not any(one.maximum is not None for one in call.quotas):
            continue
        key = (row.call_number, row.office_id)
        if key not in found:
            found[key] = _tallied(session, *key, Case.state.in_([str(state) for state in COUNTED]))
        own = () if row.state in COUNTED else (Tally(row.phase, str(row.centre_id), row.centre_kind, row.theme, 1),)
        tallies[row.id] = (*found[key], *own)
    return tallies


def _seal(row: Any) -> SealFacts | None:
    return SealFacts(row.unit, row.content, signature(row)) if row.content is not None else None


def signature(row: Any) -> str:
    """Whether the signature of an electronic seal was verified, and is the unit's and of this content; "" on paper."""
    if not row.signed:
        return ""
    if row.outcome != GOOD:
        return row.outcome or "not_verified"
    return GOOD if row.signed_content == row.content and same_name(row.signer, row.unit) else "of_something_else"


def content_of(row: Any) -> contents.Content:
    """The content columns of a case as one value."""
    return contents.Content(
        phase=row.phase,
        theme=row.theme,
        theme_name=row.theme_name,
        title=row.title,
        sections=row.sections,
        recipient=row.recipient,
        service_from=row.service_from,
        service_to=row.service_to,
        form=row.form,
        attachments=contents.attachments_of(row.attachments),
        salt=row.salt,
    )


def _english(row: Any) -> EnglishFacts | None:
    if row.of is None:
        return None
    parts = {"title": row.title, "summary": row.summary, "text": row.text}
    missing = tuple(name for name, text in parts.items() if not text.strip())
    return EnglishFacts(row.of, missing, row.open, row.captions_open, row.checker)


class _Hands:
    """Whose hands these cases went through. `signed`: case → (person, content signed off); `wrote`: case → everybody who
    saved a revision, as the text is all of theirs; `acted`: (case, "centre" or "office") → who acted on it there.

    `centres`, `offices`: unit → who of those who ask holds a role there now.

    Whoever stood in for another on a case counts there as both of them (docs/decisions.md 82)."""

    def __init__(self, session: Session, ids: Sequence[int], people: Iterable[int]) -> None:
        self.signed: dict[int, list[tuple[int, str]]] = defaultdict(list)
        self.wrote: dict[int, set[int]] = defaultdict(set)
        self.acted: dict[tuple[int, str], set[int]] = defaultdict(set)
        self._stood_in: dict[tuple[int, int], set[int]] = defaultdict(set)
        self.translated: dict[int, set[int]] = defaultdict(set)
        self.centres: dict[int, set[int]] = defaultdict(set)
        self.offices: dict[int, set[int]] = defaultdict(set)
        self.judged: dict[int, set[int]] = defaultdict(set)
        found = run(session, _HANDS, {"ids": list(ids), "people": sorted(people)}).all()
        for _, case_id, person, what, absent in found:
            if absent and what.startswith("case."):
                self._stood_in[case_id, person].add(absent)
        for how, case_id, person, what, absent in found:
            if how == "holds":
                self.centres[case_id or 0].add(person)
                self.offices[absent].add(person)
            elif how == "signed":
                self.signed[case_id].append((self._for(case_id, person), what))
            elif how == "wrote":
                self.wrote[case_id].add(person)
            elif what == TRANSLATE:
                self.translated[case_id].add(person)
            elif what == JUDGE_EFFECT:
                self.judged[case_id].add(person)
            elif what in _AT_LEVEL:
                self.acted[case_id, _AT_LEVEL[what]].add(person)

    def both(self, case_id: int, people: Iterable[int | None]) -> frozenset[int]:
        """These people, and whomever they stood in for on this case."""
        found = frozenset(one for one in people if one)
        if not self._stood_in:
            return found
        return found.union(*(self._stood_in.get((case_id, one), ()) for one in found))

    def units(self, row: Any) -> dict[str, frozenset[int]]:
        """Whose hands are those of a case's centre and of its office (docs/decisions.md 12), who translated it, and
        who found its effect outstanding.

        Whoever acted on it there, and of those who hold a role there now the one who asks.
        """
        none: set[int] = set()
        acted, case = self.acted, row.id
        return {
            "centre": self.both(case, acted.get((case, "centre"), none) | self.centres.get(row.centre_id, none)),
            "office": self.both(case, acted.get((case, "office"), none) | self.offices.get(row.office_id, none)),
            "translator": self.both(case, self.translated.get(case, none)),
            "effect": self.both(case, self.judged.get(case, none)),
        }

    def _for(self, case_id: int, person: int) -> int:
        """One sign-off for both: that of the absent person."""
        return min(self._stood_in.get((case_id, person), {person}))


def of_their_unit(session: Session, ids: Sequence[int], people: frozenset[int]) -> frozenset[int]:
    """Which of these cases are of a centre or office for which one of these people acted on them, or where one holds a
    role now: what they leave to others from above (docs/decisions.md 12)."""
    hands = _Hands(session, ids, people)
    units = {row.id: hands.units(row) for row in case_rows(session, ids)}
    return frozenset(one for one, by in units.items() if people & (by["centre"] | by["office"]))


_DAYS: CompoundSelect[Any] = union_all(
    *(
        select(
            literal(who).label("who"), model.id, model.call_number, model.phase, model.office_id, model.last_day
        ).where(among(model.call_number, "calls"))
        for who, model in (("granted", Extension), ("own", CentreDay))
    ),
    select(
        literal("centre"),
        CentreRequest.id,
        CentreRequest.call_number,
        CentreRequest.phase,
        CentreRequest.centre_id,
        CentreRequest.granted,
    ).where(among(CentreRequest.call_number, "calls"), CentreRequest.granted.is_not(None)),
)
"""Days other than the call's; for those granted to one centre, its id stands in the place of the office's."""


_NOTICES = (
    select(
        PublicNoticeLine.case_id,
        func.max(PublicNotice.put_up_at).label("put_up_at"),
        func.max(PublicNotice.last_day).label("last_day"),
    )
    .join(PublicNotice, PublicNotice.id == PublicNoticeLine.notice_id)
    .where(among(PublicNoticeLine.case_id, "ids"), PublicNoticeLine.void_at.is_(None))
    .group_by(PublicNoticeLine.case_id)
)


_OBJECTIONS = (
    select(Objection.case_id, Objection.state, func.count())
    .join(
        PublicNoticeLine,
        (PublicNoticeLine.notice_id == Objection.notice_id) & (PublicNoticeLine.case_id == Objection.case_id),
    )
    .where(among(Objection.case_id, "ids"), PublicNoticeLine.void_at.is_(None), Objection.kind == "objection")
    .where(or_(Objection.state.in_([str(one) for one in OPEN]), Objection.consequence == "take_off"))
    .group_by(Objection.case_id, Objection.state)
)


def _objections(session: Session, rows: Sequence[Any]) -> dict[int, tuple[int, int]]:
    """Case → how many objections to the list that holds it are open, and how many upheld so that it is to be taken off."""
    asked = [row.id for row in rows if Leg.PUBLIC_NOTICE in call_of(session, row.call_version_id).route.legs]
    found: dict[int, tuple[int, int]] = {}
    for case_id, state, many in run(session, _OBJECTIONS, {"ids": asked}).all() if asked else ():
        opened, upheld = found.get(case_id, (0, 0))
        found[case_id] = (opened + many, upheld) if state in OPEN else (opened, upheld + many)
    return found


def _notices(session: Session, rows: Sequence[Any]) -> dict[int, Window]:
    """Case → when the list that holds it stands in public; asked for only where a call has such lists."""
    asked = [row.id for row in rows if Leg.PUBLIC_NOTICE in call_of(session, row.call_version_id).route.legs]
    found = run(session, _NOTICES, {"ids": asked}).all() if asked else ()
    return {one.case_id: Window(one.put_up_at, midnight(one.last_day + timedelta(days=1))) for one in found}


class Extensions:
    """Last days other than the call's, read once for all cases of an attempt."""

    def __init__(self, session: Session, calls: Iterable[str]) -> None:
        numbers = set(calls)
        self._days: dict[tuple[str, str], list[tuple[int | None, date]]] = defaultdict(list)
        self._of_centre: dict[tuple[str, str, int | None], date] = {}
        self._centre_days: dict[tuple[str, str, int | None], date] = {}
        for who, _, call, phase, office, day in sorted(run(session, _DAYS, {"calls": sorted(numbers)}).all()):
            if who == "granted":
                self._days[call, phase].append((office, day))
            elif who == "centre":
                self._of_centre[call, phase, office] = day
            else:
                self._centre_days[call, phase, office] = day
        self._known: dict[tuple[Any, ...], Window] = {}

    def window(
        self,
        call: Call,
        phase: Phase,
        level: Level,
        office: int,
        own_day: date | None = None,
        centre: int | None = None,
    ) -> Window:
        """The window of one level and office: the latest of the call's own day, extensions, and a line's own day.

        A centre's window ends earlier where its office says so, but not before a line's own day; and later where the
        office granted that to this centre, within the office's own time.
        """
        given = self._of_centre.get((call.number, phase.id, centre)) if level is Level.CENTRE else None
        key = (id(call), phase.id, level, office, own_day, given)
        if key not in self._known:
            usual = self._window(call, phase, level, office, own_day)
            if given is not None and own_day is None:
                most = self.window(call, phase, Level.OFFICE, office)
                until = min(given, most.last_day)
                usual = phase.window(level, call.opened, until) if until > usual.last_day else usual
            self._known[key] = usual
        return self._known[key]

    def _window(self, call: Call, phase: Phase, level: Level, office: int, own_day: date | None) -> Window:
        granted = [day for unit, day in self._days[call.number, phase.id] if unit is None or unit == office]
        usual = phase.closes_for.get(level, phase.closes)
        later = [day for day in (*granted, own_day) if day is not None and day > usual]
        latest = max(later) if later else None
        set_by_office = self._centre_days.get((call.number, phase.id, office)) if level is Level.CENTRE else None
        if set_by_office is not None and set_by_office < (latest or usual) and own_day is None:
            return replace(phase.window(level, call.opened, set_by_office), by_office=True)
        window = phase.window(level, call.opened, latest)
        return replace(window, asked=None) if own_day is not None else window


# ---- batches ---------------------------------------------------------------------------------------------------------


def batch_row(session: Session, batch_id: int, *, lock: bool = False) -> Any:
    """One batch, locked where asked, together with its office: the office's row is what counts are taken under."""
    statement = select(*Batch.__table__.columns).where(Batch.id == batch_id)
    row = session.execute(statement.with_for_update() if lock else statement).one()
    if lock:
        session.execute(select(Office.id).where(Office.id == row.office_id).with_for_update())
    return row


def lines_of(session: Session, batch_id: int) -> list[int]:
    """Case ids of a batch, in order."""
    statement = select(BatchLine.case_id).where(BatchLine.batch_id == batch_id, BatchLine.dropped_at.is_(None))
    return list(session.scalars(statement.order_by(BatchLine.position, BatchLine.id)))


def batch_facts(session: Session, row: Any, cases: Sequence[Any], inputs: Inputs) -> BatchFacts:
    """The facts of one batch. `cases`: its lines, in order."""
    call = call_of(session, row.call_version_id)
    phase = call.phase(row.phase)
    if phase is None:
        raise LookupError(f"batch {row.id} names phase {row.phase}, which {call.number} has not")
    office = session.execute(select(Office.addressee, Office.seal_name).where(Office.id == row.office_id)).one()
    ids = [case.id for case in cases]
    scans = set(_with_document(session, ids, "scan"))
    seal = run(session, _SEAL_OF_BATCH, {"batch": row.id}).first()
    return BatchFacts(
        call=call,
        at=inputs.at,
        window=Extensions(session, {call.number}).window(
            call, phase, Level.OFFICE, row.office_id, _own_day(row, cases)
        ),
        phase=phase,
        addressee=office.addressee,
        seal_name=office.seal_name or office.addressee,
        lines=tuple(
            LineFacts(case.number, case.title, case.centre_name, case.id in scans, bool(any(case.sections.values())))
            for case in cases
        ),
        submitted_before=_submitted(session, row, ids),
        waived=_waived(session, row),
        final=row.final,
        centres=tuple(_counts(session, row, ids)),
        subject=row.subject,
        content=batch_content(row, cases),
        seal=_seal(seal) if seal else None,
        hands=_hands_on_batch(session, row, cases, inputs.people),
        actor=inputs.actor,
        absent=inputs.absent,
        remark=inputs.remark,
        confirmed=inputs.confirmed,
        reasons={**row.reasons, **inputs.reasons},
        new_day=inputs.new_day,
        tally=tuple(_tally(session, row, ids)) if call.quotas else (),
    )


def _hands_on_batch(
    session: Session, row: Any, cases: Sequence[Any], people: frozenset[int]
) -> dict[str, frozenset[int]]:
    """Who reviewed its cases, who acted on them for their centres, who made and sent it for its office."""
    hands = _Hands(session, [case.id for case in cases], people)
    units = {case.id: hands.units(case) for case in cases}
    streams = [row.stream, f"{row.stream}/content"]
    made = {one for both in session.execute(_ACTED_ON_BATCH, {"streams": streams}) for one in both if one}
    return {
        "reviewer": frozenset(one for case in cases for one in hands.both(case.id, {case.reviewer_id})),
        "centre": frozenset(person for one in units.values() for person in one["centre"]),
        "office": frozenset(made | hands.offices.get(row.office_id, set())),
    }


def _own_day(row: Any, cases: Sequence[Any]) -> date | None:
    """The day that returned lines were given, when the batch holds nothing else.

    To be sent, the latest, as each line answers for its own; once sent, the earliest of those that would go back with it.
    """
    is_sent = row.state in (BatchState.SENT, BatchState.RECEIVED)
    lines = [case for case in cases if not is_sent or case.state == CaseState.SUBMITTED]
    days: list[date] = [case.own_day for case in lines if case.own_day]
    if not days or len(days) < len(lines):
        return None
    return min(days) if is_sent else max(days)


def batch_content(row: Any, cases: Sequence[Any]) -> str:
    """Digest of what the summary table says: which cases, in which order, with which content."""
    return hashlib.sha256(_as_listed(row, cases)).hexdigest()


def batch_content_sm3(row: Any, cases: Sequence[Any]) -> str:
    """SM3 (GB/T 32905) over the same."""
    return hashlib.new("sm3", _as_listed(row, cases)).hexdigest()


def _as_listed(row: Any, cases: Sequence[Any]) -> bytes:
    listed = [[case.number, case.content] for case in cases]
    return canonical({"batch": row.number, "lines": listed}).encode()


def _with_document(session: Session, ids: Sequence[int], slot: str) -> Iterable[int | None]:
    return session.scalars(
        select(Document.case_id).where(
            Document.case_id.in_(ids), Document.slot == slot, Document.superseded_at.is_(None)
        )
    )


def _submitted(session: Session, row: Any, here: Sequence[int]) -> int:
    return (
        session.scalar(
            select(func.count())
            .select_from(Case)
            .where(Case.call_number == row.call_number, Case.phase == row.phase, Case.office_id == row.office_id)
            .where(Case.state.in_([str(state) for state in COUNTED]), Case.id.not_in(here))
        )
        or 0
    )


def _waived(session: Session, row: Any) -> bool:
    return (
        session.scalar(
            select(Waiver.id).where(
                Waiver.call_number == row.call_number, Waiver.phase == row.phase, Waiver.office_id == row.office_id
            )
        )
        is not None
    )


def _counts(session: Session, row: Any, here: Sequence[int]) -> list[CentreCount]:
    """Per centre of the office, its cases over all phases: submitted ones, and those of this batch.

    An institution that is both TISC and university centre is one centre, and counts once (decision 8).
    """
    counted = (
        select(Case.centre_id, func.count().label("count"))
        .where(Case.call_number == row.call_number, Case.office_id == row.office_id)
        .where(Case.state.in_([str(state) for state in COUNTED]) | Case.id.in_(here))
        .group_by(Case.centre_id)
        .subquery()
    )
    found = session.execute(
        select(Centre.id, Centre.name, func.coalesce(counted.c.count, 0).label("count"), Centre.kind)
        .outerjoin(counted, counted.c.centre_id == Centre.id)
        .where(Centre.office_id == row.office_id, Centre.eligible)
        .order_by(Centre.id)
    )
    return [CentreCount(str(centre), name, number, kind) for centre, name, number, kind in found]


def _tally(session: Session, row: Any, here: Sequence[int]) -> Iterable[Tally]:
    """How many cases of each phase, centre and theme the office has reported: submitted ones, and those of this batch."""
    counted = Case.state.in_([str(state) for state in COUNTED]) | Case.id.in_(here)
    return _tallied(session, row.call_number, row.office_id, counted)


def outlook(session: Session, call: str, office: int) -> tuple[list[CentreCount], list[Tally], list[Tally]]:
    """The centres of an office, what it has reported under a call, and what is on its way to being reported."""
    centres = session.execute(
        select(Centre.id, Centre.name, Centre.kind)
        .where(Centre.office_id == office, Centre.eligible)
        .order_by(Centre.id)
    )
    reported, coming = (
        _tallied(session, call, office, Case.state.in_([str(state) for state in states]))
        for states in (COUNTED, (CaseState.CENTRE_STAMPED, CaseState.PROVINCE_REVIEWED))
    )
    return [CentreCount(str(centre), name, 0, kind) for centre, name, kind in centres], reported, coming


def _tallied(session: Session, call: str, office: int, counted: ColumnElement[bool]) -> list[Tally]:
    found = session.execute(
        select(Case.phase, Case.centre_id, Centre.kind, Case.theme, func.count())
        .join(Centre, Centre.id == Case.centre_id)
        .where(Case.call_number == call, Case.office_id == office)
        .where(counted)
        .group_by(Case.phase, Case.centre_id, Centre.kind, Case.theme)
        .order_by(Case.phase, Case.centre_id, Case.theme)
    )
    return [Tally(phase, str(centre), kind, theme, number) for phase, centre, kind, theme, number in found]


# ---- pushes ----------------------------------------------------------------------------------------------------------


def push_row(session: Session, push_id: int, *, lock: bool = False) -> Any:
    statement = select(*Push.__table__.columns).where(Push.id == push_id)
    return session.execute(statement.with_for_update() if lock else statement).one()


def push_facts(call: Call, inputs: Inputs, *, recall_confirmed: bool) -> PushFacts:
    return PushFacts(
        call=call,
        at=inputs.at,
        recall_confirmed=recall_confirmed,
        actor=inputs.actor,
        remark=inputs.remark,
        confirmed=inputs.confirmed,
        reasons=inputs.reasons,
    )


# ---- for the trail ---------------------------------------------------------------------------------------------------

_LEFT_OUT = {"call", "at", "sections", "form", "remark", "actor", "absent", "step"}
"""Said elsewhere in the event, kept in the revision, or personal."""


def as_recorded(facts: Any) -> dict[str, Any]:
    """The facts that the guards saw, as plain values for the event's body."""
    return {name: _plain(getattr(facts, name)) for name in _fields(type(facts)) if name not in _LEFT_OUT}


_NAMES: dict[type[Any], tuple[str, ...]] = {}


def _fields(kind: type[Any]) -> tuple[str, ...]:
    """The fields of a kind of facts, asked for once: that costs as much as reading them."""
    if kind not in _NAMES:
        _NAMES[kind] = tuple(one.name for one in fields(kind))
    return _NAMES[kind]


_AS_IT_IS = frozenset({str, int, float, bool, type(None)})
"""Types whose values stand in JSON as they are; looked at first, because most values are of them."""


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind in _AS_IT_IS:
        return value
    if kind is dict:
        return {str(key): _plain(item) for key, item in value.items()}
    if kind is tuple or kind is list:
        return [_plain(item) for item in value]
    if kind is frozenset or kind is set:
        return sorted(_plain(item) for item in value)
    return _of_ours(value)


def _of_ours(value: Any) -> Any:
    if isinstance(value, Phase):
        return value.id
    if isinstance(value, Window):
        asked = [value.asked.isoformat()] if value.asked else []
        return [value.opens.isoformat(), value.closes.isoformat(), *asked]
    if isinstance(value, Enum):
        return str(value)
    if isinstance(value, datetime | date):
        return value.astimezone(BEIJING).isoformat() if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in _fields(type(value))}
    return value
