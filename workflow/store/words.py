"""The index that finds cases by what they say. It is kept in the transaction that changes a case, on both databases.

What it holds of a case is made of terms (`workflow.finding.bigrams`): in a table of FTS5's on SQLite, as a `tsvector` with a GIN
index on PostgreSQL. Beside them stand marks of whose the case is and how far it ever came, so that what is out of
somebody's reach is not even counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    Select,
    SmallInteger,
    Table,
    Text,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
)
from sqlalchemy import case as when
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.orm import Session

from workflow.finding.bigrams import Phrase, terms
from workflow.finding.queries import Field, Query
from workflow.store.among import among
from workflow.store.models import Case, Centre
from workflow.store.reach import Way

LONGEST = 12_000
"""Terms of a case's text that are kept; PostgreSQL tells no places apart beyond 16,383."""
NAME = "case_words"
"""The table; on SQLite FTS5 has more of its own, whose names begin like this one."""
AT_ONCE = 500
"""Cases whose terms are made in one go."""

ON_SQLITE = (
    "create virtual table case_words using fts5(title, number, centre, recipient, text, whose,"
    " revision unindexed, stage unindexed, tokenize='unicode61 remove_diacritics 0', columnsize=0)",
)
ON_POSTGRESQL = (
    "create table case_words (case_id bigint constraint pk_case_words primary key"
    " constraint fk_case_words_case_id references cases (id),"
    " revision integer not null, stage smallint not null, words tsvector not null)",
    "create index ix_case_words_words on case_words using gin (words)",
)

_FTS = Table(
    NAME,
    MetaData(),
    *(Column(name, Integer) for name in ("rowid", "revision", "stage")),
    *(Column(name, Text) for name in ("title", "number", "centre", "recipient", "text", "whose")),
)
_VECTORS = Table(
    NAME,
    MetaData(),
    Column("case_id", BigInteger),
    Column("revision", Integer),
    Column("stage", SmallInteger),
    Column("words", TSVECTOR),
)

# ---- keeping it ------------------------------------------------------------------------------------------------------

STAGE = when((Case.first_submitted_at.is_not(None), 2), (Case.first_stamped_at.is_not(None), 1), else_=0)
"""How far a case ever came: 0 with its centre, 1 stamped, 2 submitted."""
_SAID = (
    select(
        Case.id,
        Case.revision,
        STAGE.label("stage"),
        Case.title,
        Case.number,
        Case.recipient,
        Case.sections,
        Case.centre_id,
        Case.office_id,
        Centre.name.label("centre"),
    )
    .join(Centre, Centre.id == Case.centre_id)
    .where(among(Case.id, "ids"))
    .order_by(Case.id)
    .with_for_update(of=Case)
)


def keep(session: Session, ids: Sequence[int]) -> None:
    """Make the entries of these cases anew, from what their rows say in this transaction; others who change them wait."""
    keep_by(session.connection(), ids)


def keep_by(connection: Connection, ids: Sequence[int]) -> None:
    """The same for a migration."""
    for start in range(0, len(ids), AT_ONCE):
        rows = connection.execute(_SAID, {"ids": list(ids[start : start + AT_ONCE])}).all()
        if rows and connection.dialect.name == "sqlite":
            _keep_by_fts(connection, rows)
        elif rows:
            _keep_by_vectors(connection, rows)


_FORGET_FTS = delete(_FTS).where(among(_FTS.c.rowid, "ids"))
_KEEP_FTS = insert(_FTS)


def _keep_by_fts(connection: Connection, rows: Sequence[Any]) -> None:
    connection.execute(_FORGET_FTS, {"ids": [row.id for row in rows]})
    connection.execute(
        _KEEP_FTS,
        [
            {
                "rowid": row.id,
                "revision": row.revision,
                "stage": row.stage,
                "whose": " ".join(_marks(row)),
                **{str(field): " ".join(_kept(row, field)) for field in Field},
            }
            for row in rows
        ],
    )


def _kept(row: Any, field: Field) -> list[str]:
    if field is Field.TEXT:
        return [term for text in row.sections.values() for term in terms(text)][:LONGEST]
    return terms(getattr(row, str(field)))


def _marks(row: Any) -> Iterator[str]:
    """Whose a case is, and how far it came."""
    yield f"c{row.centre_id}"
    yield f"o{row.office_id}"
    yield from ("stamped", "submitted")[: row.stage]


_FORGET_VECTORS = delete(_VECTORS).where(among(_VECTORS.c.case_id, "ids"))
_KEEP_VECTORS = insert(_VECTORS).values(words=cast(bindparam("words", type_=Text), TSVECTOR))
_WEIGHTS = {Field.TITLE: "A", Field.RECIPIENT: "B", Field.CENTRE: "C", Field.TEXT: ""}
"""By which PostgreSQL tells fields apart; it has four. Terms of the number are written #2021."""
_APART = 10
"""Places between two fields, so that no phrase goes from one into the next."""


def _keep_by_vectors(connection: Connection, rows: Sequence[Any]) -> None:
    connection.execute(_FORGET_VECTORS, {"ids": [row.id for row in rows]})
    connection.execute(
        _KEEP_VECTORS,
        [{"case_id": row.id, "revision": row.revision, "stage": row.stage, "words": _vector(row)} for row in rows],
    )


def _vector(row: Any) -> str:
    """A `tsvector` as it is written: every term with its places, and marks without."""
    places: dict[str, list[str]] = {}
    start = 1
    for field in Field:
        sign, weight = ("#", "") if field is Field.NUMBER else ("", _WEIGHTS[field])
        kept = _kept(row, field)
        for place, term in enumerate(kept, start):
            places.setdefault(sign + term, []).append(f"{place}{weight}")
        start += len(kept) + _APART
    said = [f"'{term}':{','.join(many)}" for term, many in places.items()]
    return " ".join([*said, *(f"'={mark}'" for mark in _marks(row)), f"'=b{row.id // BLOCK}'"])


def catch_up(connection: Connection, limit: int) -> int:
    """Make the entries of some cases that lack theirs; how many, 0 when all are there.

    They were written by the version before, while this one was being installed, or moved here from another database.
    """
    kept: Any = _FTS if connection.dialect.name == "sqlite" else _VECTORS
    key = kept.c.rowid if connection.dialect.name == "sqlite" else kept.c.case_id
    last = connection.scalar(select(key).order_by(key.desc()).limit(1)) or 0
    ids = list(connection.scalars(select(Case.id).where(Case.id > last).order_by(Case.id).limit(limit)))
    if not ids:
        late = or_(key.is_(None), kept.c.revision != Case.revision, kept.c.stage != STAGE)
        behind = select(Case.id).outerjoin(kept, key == Case.id).where(late).order_by(Case.id).limit(limit)
        ids = list(connection.scalars(behind))
    keep_by(connection, ids)
    return len(ids)


# ---- asking it -------------------------------------------------------------------------------------------------------


Hit = Any
"""A row: the id of a case, and the columns of it that were asked for besides."""


def hits(
    session: Session,
    match: str,
    *besides: Any,
    newest: bool = True,
    beyond: int | None = None,
    since: int | None = None,
    limit: int,
) -> list[Hit]:
    """Cases that meet a condition (`matching`), the newest or the oldest first, beyond an id; `besides`: columns of theirs.

    `since`: of no lower id, for what is asked with the newest first.
    """
    if session.get_bind().dialect.name == "sqlite":
        key = _FTS.c.rowid
        matches = literal_column(NAME).op("match")(bindparam("match"))
        return _asked(session, key, matches, match, besides, newest, beyond, since, limit)
    return _by_vectors(session, match, besides, newest, beyond, since, limit)


BLOCK = 8192
"""Ids that share a mark on PostgreSQL."""


def newest_begin(session: Session) -> int:
    """The lowest id of the two newest blocks: hits from there on cost little to find, however often a word is said."""
    highest = session.connection().scalar(select(func.max(Case.id))) or 0
    return max(1, (highest // BLOCK - 1) * BLOCK)


def _by_vectors(
    session: Session,
    match: str,
    besides: Sequence[Any],
    newest: bool,
    beyond: int | None,
    since: int | None,
    limit: int,
) -> list[Hit]:
    """First among the two nearest blocks of ids, which is enough for whatever is said often; then among all.

    GIN gives no order: without the marks of blocks, the newest thirty of half a million would be sorted out of them all.
    """
    key = _VECTORS.c.case_id
    matches = _VECTORS.c.words.op("@@")(cast(bindparam("match", type_=Text), TSQUERY))
    edge = beyond
    if edge is None:
        edge = session.connection().scalar(select(func.max(key) if newest else func.min(key)))
        if edge is None:
            return []
    near = (edge // BLOCK, edge // BLOCK - 1) if newest else (edge // BLOCK, edge // BLOCK + 1)
    here = f"({match}) & ('=b{near[0]}' | '=b{near[1]}')"
    found = _asked(session, key, matches, here, besides, newest, beyond, since, limit)
    rest = near[1] * BLOCK if newest else (near[1] + 1) * BLOCK - 1
    if len(found) == limit or (since is not None and since >= rest):
        return found
    return found + _asked(session, key, matches, match, besides, newest, rest, since, limit - len(found))


def _asked(
    session: Session,
    key: Any,
    matches: Any,
    match: str,
    besides: Sequence[Any],
    newest: bool,
    beyond: int | None,
    since: int | None,
    limit: int,
) -> list[Hit]:
    statement = select(key.label("id")).where(matches)
    if since is not None:
        statement = statement.where(key >= since)
    if beyond is not None:
        statement = statement.where(key < beyond if newest else key > beyond)
    statement = statement.order_by(key.desc() if newest else key).limit(bindparam("limit", type_=Integer))
    if besides:
        found = statement.subquery()
        statement = select(found.c.id, *besides).join_from(found, Case, Case.id == found.c.id)
    rows = session.connection().execute(statement, {"match": match, "limit": limit}).all()
    return sorted(rows, key=lambda row: row.id, reverse=newest) if besides else list(rows)


def meeting(session: Session, match: str) -> Select[Any]:
    """The ids of cases that meet a condition, to be asked within another statement."""
    if session.get_bind().dialect.name == "sqlite":
        return select(_FTS.c.rowid).where(literal_column(NAME).op("match")(match))
    return select(_VECTORS.c.case_id).where(_VECTORS.c.words.op("@@")(cast(match, TSQUERY)))


def matching(session: Session, query: Query, ways: Sequence[Way]) -> str:
    """A query as the database's own condition, within these ways of reaching a case."""
    sqlite = session.get_bind().dialect.name == "sqlite"
    said = [(_fts_term if sqlite else _vector_term)(one.phrase, one.field) for one in query.terms]
    joined = (" AND " if sqlite else " & ").join(said)
    if any(not list(_needed(way)) for way in ways):
        return joined
    if sqlite:
        whose = " OR ".join("(" + " AND ".join(_needed(way)) + ")" for way in ways)
        return f"({joined}) AND whose : ({whose})"
    whose = " | ".join("(" + " & ".join(f"'={mark}'" for mark in _needed(way)) + ")" for way in ways)
    return f"({joined}) & ({whose})"


def _needed(way: Way) -> Iterator[str]:
    """The marks that a case reached by a way bears."""
    if way.centre is not None:
        yield f"c{way.centre}"
    if way.office is not None:
        yield f"o{way.office}"
    if way.stamped:
        yield "stamped"
    if way.submitted:
        yield "submitted"


def _fts_term(phrase: Phrase, field: Field | None) -> str:
    columns = str(field) if field else "{" + " ".join(map(str, Field)) + "}"
    return f'{columns} : "' + " ".join(phrase.terms) + ('" *' if phrase.open else '"')


def _vector_term(phrase: Phrase, field: Field | None) -> str:
    plain = _lexemes(phrase, "", _WEIGHTS[field] or "D" if field in _WEIGHTS else "")
    numbered = _lexemes(phrase, "#", "")
    if field is Field.NUMBER:
        return numbered
    return f"({plain} | {numbered})" if field is None and all(map(str.isascii, phrase.terms)) else plain


def _lexemes(phrase: Phrase, sign: str, weight: str) -> str:
    last = len(phrase.terms) - 1
    written = []
    for place, term in enumerate(phrase.terms):
        kind = ("*" if phrase.open and place == last else "") + weight
        written.append(f"'{sign}{term}'{':' if kind else ''}{kind}")
    return f"({' <-> '.join(written)})"
