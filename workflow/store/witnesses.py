"""Who outside keeps checkpoints: the offices, and the auditors."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from rules.roles import Role
from workflow.store.models import Office, Person, PersonGrant


def addresses(session: Session) -> list[str]:
    """E-mail addresses of all offices that have one, and of active auditors, each once, in order."""
    offices = session.scalars(select(Office.email).where(Office.email != ""))
    auditors = session.scalars(
        select(Person.email)
        .join(PersonGrant, PersonGrant.person_id == Person.id)
        .where(PersonGrant.role == str(Role.AUDITOR), Person.active, Person.email != "")
    )
    return sorted({*offices, *auditors})
