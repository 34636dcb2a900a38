"""Whether somebody must not judge a case: what is known of both sides, laid beside each other."""

from __future__ import annotations

from functools import lru_cache

from rules.facts import Conflict
from rules.names import squeezed as _squeezed
from workflow.store.judging import CaseSide, JudgeSide

squeezed = lru_cache(maxsize=16_384)(_squeezed)
"""Of a large call each name is looked at some hundred thousand times."""
_SHORTEST = 4
"""Characters of an institution's name that is looked for inside another's; shorter ones are in too many names."""


def detected(case: CaseSide, judge: JudgeSide) -> frozenset[Conflict]:
    """Every conflict of interest between the two; what a judge says themselves comes besides."""
    found = []
    if _same_institution(case, judge):
        found.append(Conflict.INSTITUTION)
    if case.office_id in judge.offices or same_region(case.region, judge.region):
        found.append(Conflict.PROVINCE)
    if judge.id in case.hands:
        found.append(Conflict.HAND)
    if judge.name not in case.kept and squeezed(judge.name) in case.plain:
        found.append(Conflict.NAMED)
    return frozenset(found)


def _same_institution(case: CaseSide, judge: JudgeSide) -> bool:
    if case.centre_id in judge.centres:
        return True
    own = squeezed(judge.institution)
    if not own:
        return False
    return _one_institution(own, squeezed(case.centre)) or _one_institution(own, squeezed(case.host_unit))


@lru_cache(maxsize=65_536)
def _one_institution(own: str, name: str) -> bool:
    return own == name or (len(own) >= _SHORTEST and own in name) or (len(name) >= _SHORTEST and name in own)


@lru_cache(maxsize=16_384)
def same_region(one: str, other: str) -> bool:
    """Whether two names are of the same province: 四川 and 四川省 are."""
    short, long = sorted((squeezed(one), squeezed(other)), key=len)
    return len(short) > 1 and long.startswith(short)
