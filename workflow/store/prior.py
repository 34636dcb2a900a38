"""Earlier reports that look like a case: found by shared bands, measured by signature, with what was ruled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from sqlalchemy import CompoundSelect, and_, delete, func, insert, null, or_, select, union_all
from sqlalchemy.orm import Session

from rules.call import BEIJING
from rules.facts import Match, Ruling
from rules.roles import Level
from workflow.finding import similar
from workflow.store.among import among
from workflow.store.calls import call_of
from workflow.store.database import only_reads, run
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
    """Per case, the earlier reports it looks like, the closest first. A few queries, however many cases.

    Earlier: once submitted before this case was, or imported; in either case since the eligible date of its call.
    `together`: the cases are about to be submitted in this order, so each is also earlier than those after it.
    """
    if not cases:
        return {}
    key = (tuple(case.id for case in cases), together and len(cases) > 1)
    known: dict[Any, dict[int, list[Similar]]] = session.info.setdefault(_KNOWN, {}) if only_reads(session) else {}
    if key not in known:
        known[key] = _found(session, cases, key[1])
    return known[key]


_KNOWN = "zhengji_similar"
"""What was found in a session that only reads: a page asks several times for the same."""


def _found(session: Session, cases: Sequence[Compared], together: bool) -> dict[int, list[Similar]]:
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
    return call_of(session, case.call_version_id).service_from


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


CANDIDATES = 500
"""Texts that one text is measured against: those that share the most bands with it. One that is near shares several, and
among a million some thousand share one by chance."""


def _sharing_bands() -> Any:
    """(case, its signature, whose the other text is, its signature), by nothing but bands and signatures."""
    bands, prints = FingerprintBand.__table__, Fingerprint.__table__
    my_band, other_band = bands.alias().c, bands.alias()
    mine, other = prints.alias(), prints.alias()
    pair = my_band.fingerprint_id, other_band.c.fingerprint_id
    shared = (
        select(
            pair[0].label("mine"),
            pair[1].label("other"),
            func.row_number().over(partition_by=pair[0], order_by=(func.count().desc(), pair[1])).label("place"),
        )
        .join(other_band, and_(other_band.c.band == my_band.band, pair[1] != pair[0]))
        .where(pair[0].in_(select(Fingerprint.id).where(among(Fingerprint.case_id, "ids"))))
        .group_by(*pair)
        .subquery()
    )
    return (
        select(
            mine.c.case_id,
            mine.c.signature,
            other.c.case_id.label("other_id"),
            other.c.prior_id,
            other.c.signature.label("others"),
        )
        .join_from(shared, mine, mine.c.id == shared.c.mine)
        .join(other, other.c.id == shared.c.other)
        .where(shared.c.place <= CANDIDATES, other.c.parameters == mine.c.parameters)
    )


# Statements are built once: on a small database building one costs more than running it.
_SHARING_BANDS = _sharing_bands()
_THESE = (
    select(*_columns(prior=False))
    .where(among(Case.id, "others"))
    .where(or_(Case.first_submitted_at.is_not(None), among(Case.id, "ids")))
)
_THESE_IMPORTED = (
    select(*_columns(case=False))
    .select_from(PriorReport)
    .outerjoin(Centre, Centre.name == PriorReport.centre_name)
    .where(among(PriorReport.id, "others"))
)
_TITLES: CompoundSelect[Any] = union_all(
    select(Case.centre_id, Case.title, Case.id, null().label("prior_id")).where(among(Case.centre_id, "centres")),
    select(Centre.id, PriorReport.title, null(), PriorReport.id)
    .join(Centre, Centre.name == PriorReport.centre_name)
    .where(among(Centre.id, "centres")),
)
"""All that a centre's reports are first looked at for: it stands in front of their texts, which are not read for it."""


def _by_text(session: Session, by_id: dict[int, Any]) -> list[tuple[int, _Other, float, str]]:
    """What these resemble: measured by signatures alone, and only what is near is then read."""
    near = []
    for case_id, signature, other_id, prior_id, others in run(session, _SHARING_BANDS, {"ids": list(by_id)}):
        score = similar.resemblance(signature, others)
        if similar.likeness(score) is not similar.Likeness.NONE:
            near.append((case_id, (other_id, prior_id), score))
    known = _read(session, by_id, {key for _, key, _ in near})
    return [(case_id, known[key], score, "text") for case_id, key, score in near if key in known]


_Key = tuple[int | None, int | None]
"""A case's id, or an imported report's."""


def _read(session: Session, by_id: dict[int, Any], keys: Collection[_Key]) -> dict[_Key, _Other]:
    """These reports, where they count as earlier ones at all."""
    cases, imported = ([one for key in keys if (one := key[place]) is not None] for place in (0, 1))
    rows = [
        *(run(session, _THESE, {"others": cases, "ids": list(by_id)}) if cases else ()),
        *(run(session, _THESE_IMPORTED, {"others": imported}) if imported else ()),
    ]
    return {(other.case_id, other.prior_id): other for other in map(_other, rows)}


def _by_title(session: Session, by_id: dict[int, Any]) -> list[tuple[int, _Other, float, str]]:
    """Same centre, near-equal title and served party, though the text was written anew."""
    wanted = {"centres": sorted({case.centre_id for case in by_id.values()})}
    near = _titled(by_id, run(session, _TITLES, wanted).all())
    known = _read(session, by_id, {key for _, key in near})
    return [
        (case_id, known[key], 0.0, "title")
        for case_id, key in near
        if key in known and similar.same_party(by_id[case_id].recipient, known[key].recipient)
    ]


def _titled(by_id: dict[int, Any], reports: Sequence[Any]) -> list[tuple[int, _Key]]:
    """Each case with those reports of its centre, itself aside, whose title is the same, or nearly so."""
    of_centre: dict[int, list[tuple[str, _Key]]] = defaultdict(list)
    for centre, title, case_id, prior_id in reports:
        of_centre[centre].append((title, (case_id, prior_id)))
    titles = {centre: similar.Titles([title for title, _ in many]) for centre, many in of_centre.items()}
    return [
        (case.id, key)
        for case in by_id.values()
        if case.centre_id in titles
        for place in titles[case.centre_id].same(case.title)
        if (key := of_centre[case.centre_id][place][1]) != (case.id, None)
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
            "ruled_by": ruling.hand,
            "ruled_at": ruling.at,
        }
    return Similar(**kept)
