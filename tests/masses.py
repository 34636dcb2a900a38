"""Many cases at once, by statements about sets, from seeded text: for lists, which must not slow down, and their tests.

The rows are as the verbs write them, but each case has only its first event, which stands for all that brought it to where
it is, and nothing is sequenced. The text is of words that some use often and others hardly ever, and of sentences that
cases of a centre share, as they do where people start from the same template.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

from sqlalchemy import Connection, insert, select

from states.case import CaseState
from workflow.audit.canonical import canonical
from workflow.finding import similar
from workflow.store import words
from workflow.store.calls import call_of
from workflow.store.database import Database
from workflow.store.models import (
    AuditEvent,
    Case,
    CaseRevision,
    Centre,
    Fingerprint,
    FingerprintBand,
    Office,
    Person,
)

AT_ONCE = 2000
BEGAN = datetime(2021, 3, 12, tzinfo=UTC)
_SHARES = {
    CaseState.DRAFT: 14,
    CaseState.CENTRE_STAMPED: 8,
    CaseState.PROVINCE_REVIEWED: 8,
    CaseState.SUBMITTED: 30,
    CaseState.SHORTLISTED: 6,
    CaseState.PUBLISHED: 12,
    CaseState.WIPO_PUSHED: 6,
    CaseState.RETURNED: 3,
    CaseState.WITHDRAWN: 2,
    CaseState.NOT_RECOMMENDED: 3,
    CaseState.NOT_SELECTED: 7,
    CaseState.RETRACTED: 1,
}
_UNSTAMPED = {CaseState.DRAFT, CaseState.WITHDRAWN}
_UNSUBMITTED = {*_UNSTAMPED, CaseState.CENTRE_STAMPED, CaseState.PROVINCE_REVIEWED, CaseState.RETURNED}
_UNSUBMITTED.add(CaseState.NOT_RECOMMENDED)


@dataclass
class Vocabulary:
    """Words by how often they are used: the first ones are in nearly every text, the last in hardly any."""

    some: random.Random = field(default_factory=lambda: random.Random(205))
    words: list[str] = field(init=False)

    def __post_init__(self) -> None:
        signs = [chr(0x4E00 + (number * 37) % 20000) for number in range(2400)]
        self.words = ["".join(self.some.choices(signs, k=self.some.choice((2, 2, 2, 3, 4)))) for _ in range(20_000)]
        self._weights = list(accumulate(1 / (number + 3) for number in range(len(self.words))))

    def sentence(self, some: random.Random, length: int = 10) -> str:
        return "".join(some.choices(self.words, cum_weights=self._weights, k=length)) + "。"

    def word(self, rank: int) -> str:
        """The word that is used so often: 0 the most. Its characters are met in other words too."""
        return self.words[rank]


@dataclass(frozen=True)
class Mass:
    """How many cases, of how many centres; `sentences` of each are its own, and two shared within its centre."""

    cases: int
    centres: int
    sentences: int = 7
    seed: int = 205


def fill(database: Database, mass: Mass, *, alike: bool = True) -> None:
    """Put the cases into a database with a call, offices and people. `alike`: with what comparing texts needs."""
    vocabulary = Vocabulary()
    with database.reading() as session:
        author = session.scalars(select(Person.id).order_by(Person.id)).first()
        offices = list(session.scalars(select(Office.id).order_by(Office.id)))
        call = call_of(session, 1)
    assert author is not None
    with database.engine.connect() as connection:
        centres = _centres(connection, mass, offices)
        phases = [(phase.id, theme) for phase in call.phases for theme in phase.themes]
        shared = {centre: [_template(vocabulary, mass, centre, one) for one in range(6)] for centre, _, _ in centres}
        for start in range(0, mass.cases, AT_ONCE):
            some = random.Random(f"{mass.seed}/{start}")
            rows = [
                _case(mass, vocabulary, some, start + one + 1, centres, phases, shared, author, call.number)
                for one in range(min(AT_ONCE, mass.cases - start))
            ]
            _write(connection, rows, alike)
            connection.commit()


def _centres(connection: Connection, mass: Mass, offices: Sequence[int]) -> list[tuple[int, int, str]]:
    """(id, office, name) of the first so many centres, made where there are not enough."""
    there = connection.execute(select(Centre.id).order_by(Centre.id)).scalars().all()
    missing = [
        {
            "name": f"示例{number}号知识产权信息服务中心",
            "host_unit": f"示例{number}号大学",
            "kind": "university",
            "office_id": offices[number % len(offices)],
        }
        for number in range(len(there), mass.centres)
    ]
    if missing:
        connection.execute(insert(Centre), missing)
    found = connection.execute(select(Centre.id, Centre.office_id, Centre.name).order_by(Centre.id).limit(mass.centres))
    return [(row.id, row.office_id, row.name) for row in found]


def _template(vocabulary: Vocabulary, mass: Mass, centre: int, number: int) -> str:
    return vocabulary.sentence(random.Random(f"{mass.seed}/template/{centre}/{number}"))


def _case(
    mass: Mass,
    vocabulary: Vocabulary,
    some: random.Random,
    case_id: int,
    centres: Sequence[tuple[int, int, str]],
    phases: Sequence[tuple[str, str]],
    shared: dict[int, list[str]],
    author: int,
    call: str,
) -> dict[str, Any]:
    centre, office, _ = centres[some.randrange(len(centres))]
    state = some.choices(list(_SHARES), weights=list(_SHARES.values()))[0]
    created = BEGAN + timedelta(seconds=60 * (case_id // 3))  # several in the same minute
    moved = created + timedelta(minutes=some.randrange(40_000))
    phase, theme = some.choice(phases)
    own = [vocabulary.sentence(some) for _ in range(mass.sentences)]
    body = [*own, *some.sample(shared[centre], 2)]
    some.shuffle(body)
    title = vocabulary.sentence(some, 4)[:-1]
    stream = f"case/{case_id}"
    event = canonical(
        {
            "stream": stream,
            "seq": 1,
            "at": moved.isoformat(),
            "actor": {"id": author, "name": "赵文"},
            "action": "case.create",
            "outcome": "done",
            "to_state": str(state),
            "number": f"{call}-B{case_id:07}",
        }
    )
    return {
        "id": case_id,
        "stream": stream,
        "version": 1,
        "state": str(state),
        "head": hashlib.sha256(event.encode()).hexdigest(),
        "number": f"{call}-B{case_id:07}",
        "call_version_id": 1,
        "call_number": call,
        "centre_id": centre,
        "office_id": office,
        "phase": phase,
        "theme": theme,
        "title": title,
        "sections": {"recipient": body[0], "service": "".join(body[1:-1]), "effect": body[-1]},
        "recipient": f"{vocabulary.sentence(some, 2)[:-1]}有限公司",
        "form": {},
        "content": hashlib.sha256(f"{case_id}/{title}".encode()).hexdigest(),
        "length": sum(map(len, body)),
        "least_length": sum(map(len, body)),
        "effect": "突出" if state is CaseState.PUBLISHED and case_id % 10 == 0 else "",
        "author_id": author,
        "created_at": created,
        "changed_at": created + timedelta(minutes=some.randrange(20_000)),
        "moved_at": moved,
        "first_stamped_at": None if state in _UNSTAMPED else moved,
        "first_submitted_at": None if state in _UNSUBMITTED else moved,
        "consent": "书面同意",
        "published_at": moved if state in (CaseState.PUBLISHED, CaseState.WIPO_PUSHED) else None,
        "event": event,
    }


def _write(connection: Connection, rows: Sequence[dict[str, Any]], alike: bool) -> None:
    connection.execute(insert(AuditEvent.__table__), [_event(row) for row in rows])  # type: ignore[arg-type]
    connection.execute(insert(Case.__table__), [{k: v for k, v in row.items() if k != "event"} for row in rows])  # type: ignore[arg-type]
    connection.execute(insert(CaseRevision.__table__), [_revision(row) for row in rows])  # type: ignore[arg-type]
    words.keep_by(connection, [row["id"] for row in rows])
    if alike:
        _fingerprints(connection, rows)


def _fingerprints(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    made = {row["id"]: similar.signature("\n".join(row["sections"].values())) for row in rows}
    kept = [{"case_id": one, "parameters": similar.PARAMETERS, "signature": of} for one, of in made.items()]
    connection.execute(insert(Fingerprint.__table__), kept)  # type: ignore[arg-type]
    ids = connection.execute(
        select(Fingerprint.case_id, Fingerprint.id).where(Fingerprint.case_id.between(min(made), max(made)))
    )
    bands = [
        {"band": band, "fingerprint_id": key}
        for case_id, key in ids
        for band in sorted(set(similar.bands(made[case_id])))
    ]
    connection.execute(insert(FingerprintBand.__table__), bands)  # type: ignore[arg-type]


def _event(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "stream": row["stream"],
        "seq": 1,
        "hash": row["head"],
        "to_state": row["state"],
        "body": row["event"],
        "at": row["moved_at"],
        "action": "case.create",
        "outcome": "done",
        "person_id": row["author_id"],
        "case_id": row["id"],
        "office_id": row["office_id"],
    }


def _revision(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "case_id": row["id"],
        "revision": 1,
        "content": row["content"],
        "snapshot": {"title": row["title"], "sections": row["sections"]},
        "how": "screen",
        "by_id": row["author_id"],
        "at": row["created_at"],
    }
