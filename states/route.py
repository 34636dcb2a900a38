"""The lifecycle that the cases of one call live by: the whole one, less the steps that the call's route leaves out."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace
from functools import cache

from rules.call import Leg, Recommender, Route
from rules.roles import Level
from rules.words import Text
from states.case import CASE, SEALED, CaseState
from states.lifecycle import Lifecycle, Renamed, State, Transition

S = CaseState

_OF_REVIEWERS = {"review", "return_to_centre", "decline", "reopen", "reconsider", "submit", "return_to_office"}
_OF_CENTRES_THEMSELVES = {"apply", "turn_back"}
_OF_LEG: Mapping[Leg, Set[str]] = {
    Leg.PUBLICATION: {"publish", "retract", "republish", "push", "recall_push"},
    Leg.PUSH: {"push", "recall_push"},
}
"""Steps that go with a leg of the route."""

_GUARDS_OF_LEG: Mapping[Leg, Set[str]] = {
    Leg.CENTRE_SEAL: {guard.id for guard in SEALED},
    Leg.PUBLIC_NOTICE: {"public_notice_has_ended", "no_open_objection"},
}
"""Guards that go with a leg."""

_WORDS_OF_MINISTRIES: Mapping[str, Text] = {
    "province_reviewed": Text("部门已审核", "Reviewed by the ministry"),
    "stamp": Text("盖章报送部门", "Stamp and send to the ministry"),
    "return_to_office": Text("退回部门", "Return to the ministry"),
}
_WORDS_WITHOUT_SEAL: Mapping[str, Text] = {
    "centre_stamped": Text("中心已报送", "Sent by the centre"),
    "stamp": Text("报送省级", "Send to the province"),
    "unstamp": Text("撤销报送", "Take it back"),
}
_WORDS_OF_MINISTRIES_WITHOUT_SEAL: Mapping[str, Text] = {"stamp": Text("报送部门", "Send to the ministry")}
_WORDS_OF_CENTRES_THEMSELVES: Mapping[str, Text] = {
    "stamp": Text("盖章定稿", "Stamp as final"),
    "turn_back": Text("退回中心修改", "Return to the centre"),
}
_WORDS_OF_CENTRES_THEMSELVES_WITHOUT_SEAL: Mapping[str, Text] = {
    "centre_stamped": Text("中心已定稿", "Made final by the centre"),
    "stamp": Text("定稿", "Make final"),
    "unstamp": Text("撤销定稿", "Take it back"),
}


@cache
def lifecycle_of(route: Route) -> Lifecycle:
    """The lifecycle of cases under a call with this route. Raises WrongLifecycle where nobody could live it."""
    kept = [_without_guards(one, route) for one in CASE.transitions if one.name not in _left_out(route)]
    lived = {CASE.initial, *(one.target for one in kept)}
    words = _words(route)
    states = {one: _named(one, words) for one in CASE.states if one in lived}
    return replace(
        CASE,
        states=tuple(states.values()),
        resting={states[one] for one in _resting(route) if one in lived},
        transitions=tuple(
            replace(
                one,
                label=words.get(one.name, one.label),
                sources=tuple(states[source] for source in one.sources if source in lived),
                target=states[one.target],
            )
            for one in kept
        ),
    )


def level_of(state: str, route: Route) -> Level:
    """Whose court a case is in: the level of whoever takes it further, or took it where it rests."""
    if state in _AT_CENTRE or (state == S.CENTRE_STAMPED and route.recommended_by is Recommender.SELF):
        return Level.CENTRE
    return Level.OFFICE if state in _AT_OFFICE else Level.NATIONAL


def reporting(level: Level, route: Route) -> Level:
    """The level whose days count: the one that reports from there; from the national office, whoever would send again
    what it returns."""
    if level is Level.NATIONAL:
        return Level.CENTRE if route.recommended_by is Recommender.SELF else Level.OFFICE
    return level


_AT_CENTRE = {S.DRAFT, S.RETURNED, S.WITHDRAWN}
_AT_OFFICE = {S.CENTRE_STAMPED, S.PROVINCE_REVIEWED, S.NOT_RECOMMENDED}


def _left_out(route: Route) -> Set[str]:
    of_legs = {name for leg, names in _OF_LEG.items() if leg not in route.legs for name in names}
    itself = route.recommended_by is Recommender.SELF
    return of_legs | (_OF_REVIEWERS if itself else _OF_CENTRES_THEMSELVES)


def _without_guards(one: Transition, route: Route) -> Transition:
    dropped = {guard for leg, guards in _GUARDS_OF_LEG.items() if leg not in route.legs for guard in guards}
    return replace(one, guards=tuple(guard for guard in one.guards if guard.id not in dropped))


def _resting(route: Route) -> Set[State]:
    ends = set(CASE.resting)
    return ends if Leg.PUBLICATION in route.legs else ends | {S.SHORTLISTED}


def _words(route: Route) -> Mapping[str, Text]:
    sealed = Leg.CENTRE_SEAL in route.legs
    without_seal = {} if sealed else _WORDS_WITHOUT_SEAL
    if route.recommended_by is Recommender.MINISTRY:
        return {**without_seal, **_WORDS_OF_MINISTRIES, **({} if sealed else _WORDS_OF_MINISTRIES_WITHOUT_SEAL)}
    if route.recommended_by is Recommender.SELF:
        extra = {} if sealed else _WORDS_OF_CENTRES_THEMSELVES_WITHOUT_SEAL
        return {**without_seal, **_WORDS_OF_CENTRES_THEMSELVES, **extra}
    return without_seal


def _named(state: State, words: Mapping[str, Text]) -> State:
    return Renamed(str(state), words[state]) if state in words else state
