"""Our tables through SQLAlchemy's ORM, as people write it: reflected classes, a query for each kind of thing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, create_engine, event, select
from sqlalchemy.ext.automap import automap_base
from sqlalchemy.orm import Session


def opened(path: str) -> Engine:
    """An engine on a SQLite file that keeps what it commits."""
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


TABLES = (
    *("cases", "centre", "office", "seal", "case_english", "sign_off", "case_revision", "audit_event", "person_grant"),
    *("extension", "centre_day", "fingerprint", "fingerprint_band", "prior_report"),
)


def reflected(engine: Engine) -> Any:
    """A class for each table that the work is about."""
    mapped = automap_base()
    mapped.metadata.reflect(engine, only=TABLES)
    mapped.prepare()
    return mapped.classes


def gathered(known: Any, session: Session, case_id: int) -> dict[str, Any]:
    """What the demands are about, and what else is recorded."""
    case = session.get_one(known.cases, case_id)
    centre, office = session.get_one(known.centre, case.centre_id), session.get_one(known.office, case.office_id)
    seal = session.scalars(
        select(known.seal).where(known.seal.case_id == case_id).order_by(known.seal.id.desc()).limit(1)
    ).first()
    english = session.scalars(
        select(known.case_english).where(known.case_english.case_id == case_id).order_by(known.case_english.id.desc())
    ).first()
    signed = session.scalars(
        select(known.sign_off).where(known.sign_off.case_id == case_id, known.sign_off.void_at.is_(None))
    ).all()
    wrote = session.scalars(select(known.case_revision.by_id).where(known.case_revision.case_id == case_id)).all()
    acted = session.execute(
        select(known.audit_event.action, known.audit_event.person_id)
        .where(known.audit_event.case_id == case_id, known.audit_event.outcome == "done")
        .distinct()
    ).all()
    held = session.scalars(select(known.person_grant).where(known.person_grant.person_id == 1)).all()
    granted = session.scalars(select(known.extension).where(known.extension.call_number == case.call_number)).all()
    days = session.scalars(select(known.centre_day).where(known.centre_day.call_number == case.call_number)).all()
    mine = select(known.fingerprint_band.band).join(known.fingerprint).where(known.fingerprint.case_id == case_id)
    alike = session.scalars(
        select(known.fingerprint)
        .join(known.fingerprint_band)
        .where(known.fingerprint_band.band.in_(mine), known.fingerprint.case_id != case_id)
    ).all()
    nearby = session.scalars(
        select(known.cases).where(known.cases.centre_id == case.centre_id, known.cases.first_submitted_at.is_not(None))
    ).all()
    imported = session.scalars(select(known.prior_report).where(known.prior_report.centre_name == centre.name)).all()
    return {
        "opens": "2021-03-12",
        "last_day": max((str(one.last_day) for one in [*granted, *days]), default=""),
        "title": case.title,
        "theme": case.theme,
        "length": case.length,
        "sections": case.sections,
        "recipient": case.recipient,
        "service_to": case.service_to,
        "form": case.form,
        "content": case.content,
        "eligible": centre.eligible,
        "host_unit": centre.host_unit,
        "region": office.region,
        "seal_unit": seal.unit if seal else "",
        "seal_content": seal.content if seal else "",
        "english": english.of if english else "",
        "signed": [one.by_id for one in signed],
        "authors": sorted(set(wrote)),
        "acted": sorted({(one.action, one.person_id or 0) for one in acted}),
        "held": [one.id for one in held],
        "similar": [one.id for one in alike]
        + [one.id for one in (*nearby, *imported) if one.title == case.title and one.id != case_id],
    }
