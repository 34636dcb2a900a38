"""Every route that a call can ask for gives a lifecycle that can be lived, with its own words and its own ends."""

from itertools import product

import pytest

from rules.call import Leg, Recommender, Route
from rules.roles import Level, Role
from states.case import CASE, SEALED, CaseState
from states.lifecycle import Lifecycle
from states.route import level_of, lifecycle_of, reporting

S = CaseState
OPTIONAL = (Leg.CENTRE_SEAL, Leg.PUBLIC_NOTICE, Leg.PUBLICATION, Leg.PUSH)


def routes() -> list[Route]:
    """Every route that the loader lets pass: 3 recommenders × which of the optional legs it has."""
    made = []
    for who, asked in product(Recommender, product((True, False), repeat=len(OPTIONAL))):
        left_out = {leg for leg, there in zip(OPTIONAL, asked, strict=True) if not there}
        legs = tuple(leg for leg in Leg if leg not in left_out)
        if Leg.PUBLICATION in legs or not {Leg.PUSH, Leg.PUBLIC_NOTICE} & set(legs):
            made.append(Route(legs, who))
    return made


EACH = pytest.mark.parametrize("route", routes(), ids=lambda one: f"{one.recommended_by}-{len(one.legs)}")


def guards(lived: Lifecycle) -> set[str]:
    return {guard.id for step in lived.transitions for guard in step.guards}


@EACH
def test_every_route_can_be_lived_to_its_end(route: Route) -> None:
    lived = lifecycle_of(route)
    end = S.WIPO_PUSHED if Leg.PUSH in route.legs else S.PUBLISHED if Leg.PUBLICATION in route.legs else S.SHORTLISTED
    assert end in lived.resting
    assert [str(one) for one in lived.states] == [str(one) for one in CASE.states if one in lived.states]
    assert {one.name for one in lived.transitions} <= {one.name for one in CASE.transitions}


@EACH
def test_a_case_is_vouched_for_by_those_whom_the_route_names(route: Route) -> None:
    lived = lifecycle_of(route)
    itself = route.recommended_by is Recommender.SELF
    [into] = [one for one in lived.transitions if one.target == S.SUBMITTED and S.SUBMITTED not in one.sources][:1]
    assert (into.name, into.by) == (("apply", (Role.SEALER,)) if itself else ("submit", (Role.LEADER,)))
    assert (S.PROVINCE_REVIEWED in lived.states, "review" in {one.name for one in lived.transitions}) == (
        not itself,
        not itself,
    )


@EACH
def test_guards_of_a_leg_go_with_it(route: Route) -> None:
    asked = guards(lifecycle_of(route))
    assert ({one.id for one in SEALED} <= asked) == (Leg.CENTRE_SEAL in route.legs)
    assert ("public_notice_has_ended" in asked) == (Leg.PUBLIC_NOTICE in route.legs)


def test_a_ministry_is_called_one() -> None:
    lived = lifecycle_of(Route(recommended_by=Recommender.MINISTRY))
    reviewed = lived.state("province_reviewed")
    assert (reviewed, reviewed.label.zh, S.PROVINCE_REVIEWED.label.zh) == (
        S.PROVINCE_REVIEWED,
        "部门已审核",
        "省级已审核",
    )
    stamp = lived.named("stamp")
    assert stamp is not None
    assert (stamp.label.zh, stamp.target) == ("盖章报送部门", "centre_stamped")
    said = [one.label.zh for one in (*lived.states, *lived.transitions) if "省" in one.label.zh]
    assert said == []


def test_without_a_seal_nothing_is_called_stamped() -> None:
    for who in Recommender:
        lived = lifecycle_of(Route((Leg.REVIEW, Leg.SELECTION), who))
        assert [one.label.zh for one in (*lived.states, *lived.transitions) if "章" in one.label.zh] == []


def test_a_state_equals_its_renamed_self() -> None:
    lived = lifecycle_of(Route(recommended_by=Recommender.MINISTRY))
    assert {lived.find(S.PROVINCE_REVIEWED, "submit"), lived.find("province_reviewed", "submit")} == {
        lived.named("submit")
    }
    with pytest.raises(ValueError, match="no state of case"):
        lived.state("province")


def test_the_usual_route_is_the_whole_less_what_centres_do_themselves() -> None:
    names = {one.name for one in CASE.transitions} - {one.name for one in lifecycle_of(Route()).transitions}
    assert names == {"apply", "turn_back"}


def test_a_stamped_case_is_with_whoever_takes_it_further() -> None:
    assert level_of(S.CENTRE_STAMPED, Route()) is Level.OFFICE
    assert level_of(S.CENTRE_STAMPED, Route(recommended_by=Recommender.SELF)) is Level.CENTRE
    assert level_of(S.RETURNED, Route()) is Level.CENTRE
    assert level_of(S.SHORTLISTED, Route()) is Level.NATIONAL


def test_the_days_that_count_are_those_of_whoever_sends_again() -> None:
    assert [reporting(one, Route()) for one in (Level.CENTRE, Level.OFFICE, Level.NATIONAL)] == [
        Level.CENTRE,
        Level.OFFICE,
        Level.OFFICE,
    ]
    assert reporting(Level.NATIONAL, Route(recommended_by=Recommender.SELF)) is Level.CENTRE
