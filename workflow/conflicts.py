"""Whether somebody must not judge a case: what is known of both sides, laid beside each other."""

from __future__ import annotations

from rules.facts import Conflict
from rules.names import squeezed
from workflow.store.judging import CaseSide, JudgeSide

_SHORTEST = 4
"""Characters of an institution's name that is looked for inside another's; shorter ones are in too many names."""


def detected(case: CaseSide, judge: JudgeSide) -> frozenset[Conflict]:
    """Every conflict of interest between the two; what a judge says themselves comes besides."""
    found = {
        Conflict.INSTITUTION: _same_institution(case, judge),
        Conflict.PROVINCE: case.office_id in judge.offices or same_region(case.region, judge.region),
        Conflict.HAND: judge.id in case.hands,
        Conflict.NAMED: judge.name not in case.kept and squeezed(judge.name) in case.plain,
    }
    return frozenset(conflict for conflict, met in found.items() if met)


def _same_institution(case: CaseSide, judge: JudgeSide) -> bool:
    if case.centre_id in judge.centres:
        return True
    own = squeezed(judge.institution)
    if not own:
        return False
    names = [squeezed(case.centre), squeezed(case.host_unit)]
    return any(
        own == name or (len(own) >= _SHORTEST and own in name) or (len(name) >= _SHORTEST and name in own)
        for name in names
    )


def same_region(one: str, other: str) -> bool:
    """Whether two names are of the same province: 四川 and 四川省 are."""
    short, long = sorted((squeezed(one), squeezed(other)), key=len)
    return len(short) > 1 and long.startswith(short)
