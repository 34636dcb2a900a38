"""What consent covers: a case is read by everybody only while somebody is on record as agreeing to that."""

from __future__ import annotations

from rules.call import Call
from states.case import CaseState
from workflow.store.models import Case

PUBLIC = (CaseState.PUBLISHED, CaseState.WIPO_PUSHED)


def covers(call: Call, case: Case) -> bool:
    """Whether consent to publication stands, where its call asks for one (`consent_given`)."""
    return "consent_given" not in call.rules or bool(case.consent.strip())


def asked_of(call: Call, case: Case) -> bool:
    """Whether it is published, and so shown only while consent stands."""
    return case.state in PUBLIC and "consent_given" in call.rules


def open_to_all(call: Call, case: Case) -> bool:
    """Whether everybody may read the case now."""
    return case.state in PUBLIC and covers(call, case)


def taken_back(call: Call, case: Case) -> bool:
    """Whether it was published, and only the missing consent keeps it from everybody."""
    return case.state in PUBLIC and not covers(call, case)
