"""Earlier reports that look like a case: found by shared bands, measured by signature, with what was ruled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from sqlalchemy import BindParameter, Select, and_, bindparam, delete, insert, or_, select
from sqlalchemy.orm import Session, aliased

from rules.call import BEIJING
from rules.facts import Match, Ruling
from rules.roles import Level
from workflow import similar
from workflow.store.calls import call_of
from workflow.store.database import run
from workflow.store.models import (
    Adjudication,
    Case,
    Centre,
    Fingerprint,
    FingerprintBand,
    PriorReport,
    RulingRequest,
)


class Compared(Protocol):
    """What the comparison needs to know of a case."""

    @property
    def id(self) -> int: ...
    @property
    def centre_id(self) -> int: ...
    @property
    def office_id(self) -> int: ...
    @property
    def title(self) -> str: ...
    @property
    def recipient(self) -> str: ...
    @property
    def first_submitted_at(self) -> datetime | None: ...
    @property
    def call_version_id(self) -> int: ...


@dataclass(frozen=True)
class Similar:
    """One earlier report that a case looks like. `score`: estimated share of common text, 0 to 1."""

    case_id: int
    other_id: int | None
    prior_id: int | None
    number: str
    title: str
    level: Level
    score: float
    why: str
    """"text", or "title" where title and served party are the same."""
    ruling: Ruling | None = None
    reason: str = ""
    ruled_by: str = ""
    ruled_at: datetime | None = None
    asked: bool = False
    """The centre asked its office to rule."""

    @property
    def key(self) -> str:
        """How pages name the pair: "c7" for a case, "p3" for an imported report."""
        return f"c{self.other_id}" if self.other_id else f"p{self.prior_id}"

    @property
    def match(self) -> Match:
        """What the rule looks at; another office's undecided report stays nameless."""
        hidden = self.level is Level.NATIONAL and self.ruling is None
        return Match("" if hidden else self.number, "" if hidden else self.title, self.level, self.ruling)


def remember(session: Session, *, text: str, case_id: int | None = None, prior_id: int | None = None) -> None:
    """Keep the signature of a case's or an imported report's present text."""
    owner = Fingerprint.case_id == case_id if case_id else Fingerprint.prior_id == prior_id
    old = select(Fingerprint.id).where(owner)
    session.execute(delete(FingerprintBand).where(FingerprintBand.fingerprint_id.in_(old)))
    session.execute(delete(Fingerprint).where(owner))
    signature = similar.signature(text)
    if not signature:
        return
    made = session.execute(
        insert(Fingerprint)
        .values(case_id=case_id, prior_id=prior_id, parameters=similar.PARAMETERS, signature=signature)
        .returning(Fingerprint.id)
    ).scalar_one()
    rows = [{"band": band, "fingerprint_id": made} for band in sorted(set(similar.bands(signature)))]
    session.execute(insert(FingerprintBand), rows)


def find(session: Session, cases: Sequence[Compared], *, together: bool = False) -> dict[int, list[Similar]]:
    """Per case, the earlier reports it looks like, the closest first. Three queries, however many cases.

    Earlier: once submitted before this case was, or imported; in either case since the eligible date of its call.
    `together`: the cases are about to be submitted in this order, so each is also earlier than those after it.
    """
    if not cases:
        return {}
    rank = {case.id: place for place, case in enumerate(cases)} if together else {}
    since = {case.id: _since(session, case) for case in cases}
    by_id = {case.id: case for case in cases}
    found: dict[int, dict[str, Similar]] = defaultdict(dict)
    for case_id, other, score, why in [*_by_text(session, by_id), *_by_title(session, by_id)]:
        case = by_id[case_id]
        if not _earlier(case, other, rank) or (other.day is not None and other.day < since[case_id]):
            continue
        one = Similar(
            case_id=case_id,
            other_id=other.case_id,
            prior_id=other.prior_id,
            number=other.number,
            title=other.title,
            level=_level(case, other),
            score=score,
            why=why,
        )
        if one.key not in found[case_id] or found[case_id][one.key].score < score:
            found[case_id][one.key] = one
    return _with_rulings(
        session, {key: sorted(many.values(), key=lambda one: -one.score) for key, many in found.items()}
    )


@dataclass(frozen=True)
class _Other:
    case_id: int | None
    prior_id: int | None
    number: str
    title: str
    recipient: str
    centre_id: int | None
    office_id: int | None
    submitted: datetime | None
    reported_on: date | None = None

    @property
    def day(self) -> date | None:
        """When it was reported, in Beijing, where that is known."""
        return self.submitted.astimezone(BEIJING).date() if self.submitted else self.reported_on


def _since(session: Session, case: Compared) -> date:
    return call_of(session, case.call_version_id).eligible.service_from


def _earlier(case: Compared, other: _Other, rank: dict[int, int]) -> bool:
    if other.prior_id is not None:
        return True
    if other.submitted is not None:
        if case.first_submitted_at is None:
            return True
        # Cases of one batch are submitted at one moment: the lower number is then the earlier one.
        return (other.submitted, other.case_id or 0) < (case.first_submitted_at, case.id)
    return other.case_id in rank and rank[other.case_id] < rank[case.id]


def _level(case: Compared, other: _Other) -> Level:
    if other.centre_id == case.centre_id:
        return Level.CENTRE
    return Level.OFFICE if other.office_id == case.office_id else Level.NATIONAL


def _columns(*, case: bool = True, prior: bool = True) -> list[Any]:
    cases = [
        Case.id.label("other_id"),
        Case.number,
        Case.title,
        Case.recipient,
        Case.centre_id,
        Case.office_id,
        Case.first_submitted_at,
    ]
    priors = [
        PriorReport.id.label("prior_id"),
        PriorReport.number.label("prior_number"),
        PriorReport.title.label("prior_title"),
        PriorReport.recipient.label("prior_recipient"),
        Centre.id.label("prior_centre_id"),
        PriorReport.office_id.label("prior_office_id"),
        PriorReport.reported_on,
    ]
    return (cases if case else []) + (priors if prior else [])


def _sharing_bands() -> Select[Any]:
    mine, other = aliased(Fingerprint), aliased(Fingerprint)
    my_band, other_band = aliased(FingerprintBand), aliased(FingerprintBand)
    return (
        select(mine.case_id, mine.signature, other.signature.label("others"), *_columns())
        .select_from(mine)
        .join(my_band, my_band.fingerprint_id == mine.id)
        .join(other_band, and_(other_band.band == my_band.band, other_band.fingerprint_id != mine.id))
        .join(other, other.id == other_band.fingerprint_id)
        .outerjoin(Case, Case.id == other.case_id)
        .outerjoin(PriorReport, PriorReport.id == other.prior_id)
        .outerjoin(Centre, Centre.name == PriorReport.centre_name)
        .where(mine.case_id.in_(_IDS), other.parameters == mine.parameters)
        .where(or_(other.prior_id.is_not(None), Case.first_submitted_at.is_not(None), Case.id.in_(_IDS)))
        .distinct()
    )


# Statements are built once: on a small database building one costs more than running it.
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_CENTRES: BindParameter[Any] = bindparam("centres", expanding=True)
_SHARING_BANDS = _sharing_bands()
_OF_CENTRES = (
    select(*_columns(prior=False))
    .where(Case.centre_id.in_(_CENTRES))
    .where(or_(Case.first_submitted_at.is_not(None), Case.id.in_(_IDS)))
)
_IMPORTED_OF_CENTRES = (
    select(*_columns(case=False))
    .select_from(PriorReport)
    .join(Centre, Centre.name == PriorReport.centre_name)
    .where(Centre.id.in_(_CENTRES))
)


def _by_text(session: Session, by_id: dict[int, Any]) -> list[tuple[int, _Other, float, str]]:
    found = []
    for row in run(session, _SHARING_BANDS, {"ids": list(by_id)}):
        score = similar.resemblance(row.signature, row.others)
        if similar.likeness(score) is not similar.Likeness.NONE:
            found.append((row.case_id, _other(row), score, "text"))
    return found


def _by_title(session: Session, by_id: dict[int, Any]) -> list[tuple[int, _Other, float, str]]:
    """Same centre, near-equal title and served party, though the text was written anew."""
    wanted = {"centres": sorted({case.centre_id for case in by_id.values()}), "ids": list(by_id)}
    rows = (*run(session, _OF_CENTRES, wanted), *run(session, _IMPORTED_OF_CENTRES, wanted))
    of_centre: dict[int | None, list[_Other]] = defaultdict(list)
    for other in map(_other, rows):
        of_centre[other.centre_id].append(other)
    named = {
        centre: similar.Named([(one.title, one.recipient) for one in others]) for centre, others in of_centre.items()
    }
    return [
        (case.id, other, 0.0, "title")
        for case in by_id.values()
        if case.centre_id in named
        for place in named[case.centre_id].same(case.title, case.recipient)
        if (other := of_centre[case.centre_id][place]).case_id != case.id
    ]


def _other(row: Any) -> _Other:
    got = row._mapping
    if got.get("prior_id") is not None:
        return _Other(
            None,
            got["prior_id"],
            got["prior_number"],
            got["prior_title"],
            got["prior_recipient"],
            got["prior_centre_id"],
            got["prior_office_id"],
            None,
            got["reported_on"],
        )
    return _Other(
        got["other_id"],
        None,
        got["number"],
        got["title"],
        got["recipient"],
        got["centre_id"],
        got["office_id"],
        got["first_submitted_at"],
    )


def _with_rulings(session: Session, found: dict[int, list[Similar]]) -> dict[int, list[Similar]]:
    if not found:
        return {}
    settled: dict[tuple[int, str], Adjudication] = {}
    ruled = select(Adjudication).where(or_(Adjudication.case_id.in_(found), Adjudication.other_id.in_(found)))
    for one in session.scalars(ruled.order_by(Adjudication.id)):
        settled[one.case_id, f"c{one.other_id}" if one.other_id else f"p{one.prior_id}"] = one
        if one.other_id:
            settled[one.other_id, f"c{one.case_id}"] = one
    asked = {
        (one.case_id, f"c{one.other_id}" if one.other_id else f"p{one.prior_id}")
        for one in session.scalars(select(RulingRequest).where(RulingRequest.case_id.in_(found)))
    }
    return {
        case_id: [_ruled(one, settled.get((case_id, one.key)), (case_id, one.key) in asked) for one in many]
        for case_id, many in found.items()
    }


def _ruled(one: Similar, ruling: Adjudication | None, asked: bool) -> Similar:
    kept = dict(one.__dict__)
    kept["asked"] = asked
    if ruling is not None:
        kept |= {
            "ruling": Ruling.of(ruling.ruling),
            "reason": ruling.reason,
            "ruled_by": ruling.by.name,
            "ruled_at": ruling.at,
        }
    return Similar(**kept)
